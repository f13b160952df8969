package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// register writes what concerns people and what they order, each write a transaction of its own, whoever owns the ledger.
type register struct{ books }

// Enter stores a value under a key; "" takes it out.
func (r register) Enter(ctx context.Context, key, value string) error {
	query, args := "INSERT INTO register (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", []any{[]byte(key), []byte(value)}
	if value == "" {
		query, args = "DELETE FROM register WHERE key = $1", args[:1]
	}
	_, err := r.pool.Exec(ctx, query, args...)
	return r.explained(err)
}

// Entry returns the value of a key.
func (r register) Entry(ctx context.Context, key string) (string, error) {
	return r.value(ctx, "SELECT value FROM register WHERE key = $1", key)
}

// Entries gives all values whose keys begin with prefix.
func (r register) Entries(ctx context.Context, prefix string) (map[string]string, error) {
	return r.pairs(ctx, "SELECT key, value FROM register WHERE substr(key, 1, length($1::bytea)) = $1::bytea AND key >= $1::bytea", []byte(prefix))
}

// Act adds a line to the list of who did what.
func (r register) Act(ctx context.Context, a ledger.Act) error {
	var order *int64
	if a.Order > 0 {
		order = &a.Order
	}
	_, err := r.pool.Exec(ctx, "INSERT INTO acts (ord, who, verb, file, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ord) DO NOTHING",
		order, []byte(a.By), []byte(a.Verb), a.File, ledger.EncodeFacts(a))
	return r.explained(err)
}

// Acts gives lines of that list, newest first.
func (r register) Acts(ctx context.Context, q ledger.ActQuery) ([]ledger.Act, error) {
	where := filter.Acts("$", q, func(s string) any { return []byte(s) })
	return listed(ctx, r.books, func(row pgx.CollectableRow) (a ledger.Act, err error) {
		var n, order int64
		var body []byte
		err = row.Scan(&n, &order, &body)
		if err == nil {
			err = json.Unmarshal(body, &a)
		}
		a.N, a.Order = n, order
		return a, err
	}, "SELECT n, coalesce(ord, 0), body FROM acts WHERE "+where.String()+" ORDER BY n DESC"+filter.Limit(q.Limit), where.Args...)
}
