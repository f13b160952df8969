package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// register writes what concerns people, each write a step of its own, whoever owns the ledger.
type register struct {
	books
	exec func(ctx context.Context, query string, args ...any) error
}

// Enter stores a value under a key; "" takes it out.
func (r register) Enter(ctx context.Context, key, value string) error {
	query, args := "INSERT INTO register (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum", []any{key, value, lineSum(key, value)}
	if value == "" {
		query, args = "DELETE FROM register WHERE key = ?", args[:1]
	}
	return r.explained(r.exec(ctx, query, args...))
}

// Entry returns the value of a key.
func (r register) Entry(ctx context.Context, key string) (string, error) {
	found, err := pairs(ctx, r.reader, "entry", "SELECT key, value, sum FROM register WHERE key = ?", key)
	return found[key], r.explained(err)
}

// Entries gives all values whose keys begin with prefix.
func (r register) Entries(ctx context.Context, prefix string) (map[string]string, error) {
	found, err := pairs(ctx, r.reader, "entry", "SELECT key, value, sum FROM register WHERE substr(key, 1, length(?1)) = ?1 AND key >= ?1", prefix)
	return found, r.explained(err)
}

// Act adds a line to the list of who did what.
func (r register) Act(ctx context.Context, a ledger.Act) error {
	order := sql.NullInt64{Int64: a.Order, Valid: a.Order > 0}
	err := r.exec(ctx, "INSERT INTO acts (ord, who, verb, file, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (ord) DO NOTHING",
		order, a.By, a.Verb, a.File, ledger.EncodeFacts(a))
	return r.explained(err)
}

// Acts gives lines of that list, newest first.
func (r register) Acts(ctx context.Context, q ledger.ActQuery) ([]ledger.Act, error) {
	where := filter.Acts("?", q, func(s string) any { return s })
	var found []ledger.Act
	var n, order int64
	var body []byte
	rows, err := r.reader.QueryContext(ctx, "SELECT n, coalesce(ord, 0), body FROM acts WHERE "+where.String()+" ORDER BY n DESC"+filter.Limit(q.Limit), where.Args...)
	err = eachRow(rows, err, []any{&n, &order, &body}, func() error {
		var a ledger.Act
		err := json.Unmarshal(body, &a)
		a.N, a.Order = n, order
		found = append(found, a)
		return err
	})
	return found, r.explained(err)
}
