package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// kept is a connection with the statements that it prepared, each of them once. It is one goroutine's.
type kept struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
}

// mostPrepared is how many are kept: more than there are texts of statements with arguments.
const mostPrepared = 100

// frames are the statements without arguments that come often. Others, which may be several in one text, are not kept.
var frames = []string{"BEGIN IMMEDIATE", "COMMIT", "SAVEPOINT step", "RELEASE step"}

// statement is the prepared one; nil where it is not kept, or is wrong: who runs it then is told.
func (k *kept) statement(ctx context.Context, query string, args []any) *sql.Stmt {
	s := k.prepared[query]
	if s != nil || len(k.prepared) >= mostPrepared || len(args) == 0 && !slices.Contains(frames, query) {
		return s
	}
	s, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	k.prepared[query] = s
	return s
}

// ExecContext is sql.Conn's.
func (k *kept) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := k.statement(ctx, query, args); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return k.Conn.ExecContext(ctx, query, args...)
}

// QueryRowContext is sql.Conn's.
func (k *kept) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := k.statement(ctx, query, args); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return k.Conn.QueryRowContext(ctx, query, args...)
}

// listed is QueryContext of a statement that is kept: its rows are closed before it is asked again. QueryContext itself keeps none.
func (k *kept) listed(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := k.statement(ctx, query, args); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return k.QueryContext(ctx, query, args...)
}

func (k *kept) close() (err error) {
	for _, s := range k.prepared {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, k.Close())
}

// asking are connections to read with. What is asked again is prepared once on each.
type asking struct {
	*sql.DB
	mu    sync.Mutex
	often map[string]*sql.Stmt // nil: was asked once
}

// mostAsked is how many texts are known: each takes some kilobytes on each connection.
const mostAsked = 16

// statement is the prepared one; nil where it is not kept.
func (a *asking) statement(ctx context.Context, query string) *sql.Stmt {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, known := a.often[query]
	switch {
	case s == nil && known:
		if made, err := a.PrepareContext(context.WithoutCancel(ctx), query); err == nil {
			s, a.often[query] = made, made
		}
	case !known && len(a.often) < mostAsked:
		a.often[query] = nil
	}
	return s
}

// QueryContext is sql.DB's.
func (a *asking) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := a.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return a.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is sql.DB's.
func (a *asking) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := a.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return a.DB.QueryRowContext(ctx, query, args...)
}

// Close is sql.DB's.
func (a *asking) Close() (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.often {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return errors.Join(err, a.DB.Close())
}
