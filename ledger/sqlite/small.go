package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/rowferry/rowferry/ledger"
)

// Lanes, orders, facts and the register are small, and each line has a checksum of its own beside it.

// lineSum is the checksum of a line.
func lineSum(parts ...string) int64 {
	var line []byte
	for _, p := range parts {
		line = append(binary.AppendUvarint(line, uint64(len(p))), p...)
	}
	return int64(crc32.Checksum(line, castagnoli))
}

// as is ledger.ErrAltered when a line is not as it was written.
func as(sum sql.NullInt64, what string, parts ...string) error {
	if sum.Valid && sum.Int64 != lineSum(parts...) {
		return fmt.Errorf("%s %s: %w", what, parts[0], ledger.ErrAltered)
	}
	return nil
}

// eachRow scans the rows of a query, as asking for them gave it, into the same values, and calls do after each; its error ends the reading. A
// sql.RawBytes among them is valid until do returns.
func eachRow(rows *sql.Rows, err error, into []any, do func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := do(); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// pairs are the lines of a query that gives a key, a value and the checksum of both.
func pairs(ctx context.Context, q querier, what, query string, args ...any) (map[string]string, error) {
	out := map[string]string{}
	var k, v string
	var sum sql.NullInt64
	rows, err := q.QueryContext(ctx, query, args...)
	return out, eachRow(rows, err, []any{&k, &v, &sum}, func() error {
		out[k] = v
		return as(sum, what, k, v)
	})
}

// small is ledger.ErrAltered when a lane, an order, a fact or an entry is not as it was written: one whose name changed would be missing.
func (b books) small(ctx context.Context) error {
	_, lanes := pairs(ctx, b.reader, "lane", "SELECT account, reason, sum FROM lanes")
	_, facts := pairs(ctx, b.reader, "fact", "SELECT key, value, sum FROM facts")
	_, orders := b.ordered(ctx)
	_, entries := pairs(ctx, b.reader, "entry", "SELECT key, value, sum FROM register")
	return errors.Join(lanes, facts, orders, entries)
}

// keep stores a fact.
func (w *writing) keep(key, value string) error {
	return w.exec(keeping, key, value, lineSum(key, value))
}

// keeping stores a fact: its key, its value, their sum.
const keeping = "INSERT INTO facts (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum"
