package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// fileColumns are a file's line.
const fileColumns = `n, facts, state, paused, rested, cancelled, revision, items, open,
	read, delivered, rejected, invalid, failed, unknown, skipped, started, finished, changed`

// scanFile reads a line of fileColumns: ledger.ErrNotFound when there is none.
func scanFile(row pgx.Row) (f ledger.File, n int64, err error) {
	var facts, paused []byte
	var state string
	var rested, cancelled bool
	var revision, items, open int
	var c batch.Counts
	var started, finished, changed int64
	err = row.Scan(&n, &facts, &state, &paused, &rested, &cancelled, &revision, &items, &open,
		&c.Read, &c.Delivered, &c.Rejected, &c.Invalid, &c.Failed, &c.Unknown, &c.Skipped, &started, &finished, &changed)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, 0, ledger.ErrNotFound
	}
	if err != nil {
		return f, 0, err
	}
	if err := json.Unmarshal(facts, &f); err != nil {
		return f, 0, err
	}
	f.State, f.Paused, f.Rested, f.Cancelled, f.Revision = ledger.State(state), string(paused), rested, cancelled, revision
	f.Items, f.Open, f.Counts, f.Started, f.Finished, f.Change = items, open, c, ledger.FromMillis(started), ledger.FromMillis(finished), changed
	return f, n, nil
}

// touched is what every change of a file's line sets.
const touched = "changed = nextval('changes')"

// Line is ledger.Pen's.
func (w *writing) Line(id string) (ledger.File, int64, error) {
	return scanFile(w.tx.QueryRow(w.ctx, "SELECT "+fileColumns+" FROM files WHERE id = $1 FOR UPDATE", id))
}

// Write is ledger.Pen's.
func (w *writing) Write(n int64, f ledger.File) error {
	if f.State == ledger.Reported {
		w.l.keys.Delete(f.ID)
	}
	c := f.Counts
	return w.exec(`UPDATE files SET `+touched+`, hash = $1, account = $2, root = $3, state = $4, paused = $5, rested = $6, cancelled = $7, revision = $8, items = $9, open = $10,
		read = $11, delivered = $12, rejected = $13, invalid = $14, failed = $15, unknown = $16, skipped = $17, facts = $18 WHERE n = $19`,
		f.Hash, f.Account, f.Ancestor(), string(f.State), []byte(f.Paused), f.Rested, f.Cancelled, f.Revision, f.Items, f.Open,
		c.Read, c.Delivered, c.Rejected, c.Invalid, c.Failed, c.Unknown, c.Skipped, ledger.EncodeFacts(f), n)
}

// Begin writes the intent to claim a file.
func (l *Ledger) Begin(ctx context.Context, f ledger.File) error {
	f.State = ledger.Claiming
	day := l.today()
	if err := l.partitions(ctx, day); err != nil {
		return err
	}
	return l.do(ctx, func(w *writing) error {
		err := w.exec("INSERT INTO files (n, id, route, account, state, facts, session, changed) VALUES ($1 + nextval('file_numbers'), $2, $3, $4, $5, $6, $7, nextval('changes'))",
			day<<dayBits, f.ID, f.Route, f.Account, string(f.State), ledger.EncodeFacts(f), l.lease.epoch)
		if code(err) == uniqueViolation {
			return ledger.ErrExists
		}
		return err
	})
}

// Forget removes a claim that came to nothing.
func (l *Ledger) Forget(ctx context.Context, id string) error {
	return l.do(ctx, func(w *writing) error {
		return w.exec("DELETE FROM files WHERE id = $1 AND state = $2", id, string(ledger.Claiming))
	})
}

// Same is ledger.Pen's.
func (w *writing) Same(f ledger.File, hash string) (ledger.File, error) {
	before, _, err := scanFile(w.tx.QueryRow(w.ctx, "SELECT "+fileColumns+` FROM files
		WHERE hash = $1 AND hash <> '' AND route = $2 AND id <> $3 AND state NOT IN ('quarantined', 'duplicate') ORDER BY n LIMIT 1`, hash, f.Route, f.ID))
	return before, err
}

// Unstage is ledger.Pen's.
func (w *writing) Unstage(f ledger.File, n int64) error {
	delete(w.l.torn, f.ID)
	clear(w.l.tallies)
	b := &pgx.Batch{}
	for _, table := range []string{"chunks", "tallies", "prints"} {
		b.Queue("DELETE FROM "+in(table, n)+" WHERE file = $1", n)
	}
	return w.all(b)
}

// Begun is ledger.Pen's.
func (w *writing) Begun(_ ledger.File, n int64) error {
	return w.exec("UPDATE files SET began = "+accepts+" WHERE n = $1", n)
}

// Publish is ledger.Pen's.
func (w *writing) Publish(_ ledger.File, n int64) error {
	return w.exec("UPDATE files SET accepted = "+accepts+" + 1 WHERE n = $1", n)
}

// accepts is how many files were accepted until now.
const accepts = "(SELECT coalesce(max(accepted), 0) FROM files)"

// staged is a chunk as it is stored.
type staged struct {
	file        string
	seq         int
	body, tally []byte
	prints      []printed
	failed      error
}

// Stage adds a chunk to a Taken file.
func (l *Ledger) Stage(c ledger.Chunk) ledger.Receipt {
	body, err := ledger.SealItems(c)
	if err != nil {
		return l.queue.Add(op{step: func(*writing) error { return err }}, 1)
	}
	s := &staged{file: c.File, seq: c.Seq, body: body,
		tally: ledger.Seal(ledger.OfTally, c.File, c.Seq, ledger.NewTally(c.Items).Encode()), prints: printsOf(&c)}
	return l.queue.Add(op{chunk: s}, chunkWeight)
}

// stage writes chunks, those of a table by one COPY.
func (w *writing) stage(chunks []*staged) error {
	var at []string // partitions, in the order in which they are written
	rows := map[string]*tuples{}
	of := func(table string, n int64, columns string) *tuples {
		name := in(table, n)
		if rows[name] == nil {
			at, rows[name] = append(at, name), tuplesOf(columns)
		}
		return rows[name]
	}
	keys, prints := map[string]int64{}, map[string][]printed{}
	for _, c := range chunks {
		n, known := keys[c.file]
		if !known {
			var err error
			if n, err = w.taken(c.file); err != nil {
				return err
			}
			keys[c.file] = n
		}
		of("chunks", n, "file, seq, body").row(3).int8(n).int4(c.seq).bytes(c.body)
		of("tallies", n, "file, seq, body").row(3).int8(n).int4(c.seq).bytes(c.tally)
		for i := range c.prints {
			c.prints[i].File = n
		}
		prints[in("prints", n)] = append(prints[in("prints", n)], c.prints...)
	}
	for _, table := range at {
		if err := w.copy(table, rows[table]); err != nil {
			return err
		}
	}
	for table, all := range prints {
		if err := w.copyPrints(table, all); err != nil {
			return err
		}
	}
	return nil
}

// taken finds a Taken file's key.
func (w *writing) taken(id string) (int64, error) {
	n, err := w.key(id)
	if err != nil {
		return 0, err
	}
	var taken bool
	err = w.tx.QueryRow(w.ctx, "SELECT EXISTS (SELECT FROM files WHERE n = $1 AND state = 'taken')", n).Scan(&taken)
	if err == nil && !taken {
		err = fmt.Errorf("%w: %s takes no more rows", ledger.ErrState, id)
	}
	return n, err
}

// key finds a file's key.
func (w *writing) key(id string) (int64, error) {
	if n, known := w.l.keys.Load(id); known {
		return n.(int64), nil
	}
	var n int64
	err := w.tx.QueryRow(w.ctx, "SELECT n FROM files WHERE id = $1", id).Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ledger.ErrNotFound
	}
	if err == nil {
		w.l.keys.Store(id, n)
	}
	return n, err
}

// Counted is ledger.Pen's.
func (w *writing) Counted(f ledger.File, n int64, rows, items int) error {
	if err := w.l.torn[f.ID]; err != nil {
		return fmt.Errorf("rows of %s are not on disk: %w", f.ID, err)
	}
	chunks := in("chunks", n)
	found, err := w.tx.Query(w.ctx, "SELECT c.seq, t.body, CASE WHEN c.seq = (SELECT max(seq) FROM "+chunks+" WHERE file = $1) THEN c.body END FROM "+chunks+" c LEFT JOIN "+
		in("tallies", n)+" t ON t.file = c.file AND t.seq = c.seq WHERE c.file = $1 ORDER BY c.seq", n)
	if err != nil {
		return err
	}
	census := ledger.Census{File: f.ID}
	var seq int
	var tally, last []byte
	_, err = pgx.ForEachRow(found, []any{&seq, &tally, &last}, func() error { return census.Add(seq, tally, last) })
	return cmp.Or(err, census.Holds(rows, items))
}

// Family is ledger.Pen's.
func (w *writing) Family(root string) ([]ledger.File, error) {
	return files(w.ctx, w.tx, ledger.Query{Family: root, States: ledger.FamilyStates()})
}

// File returns one file.
func (b books) File(ctx context.Context, id string) (ledger.File, error) {
	return asked(ctx, b, func(q querier) (ledger.File, error) {
		f, _, err := scanFile(q.QueryRow(ctx, "SELECT "+fileColumns+" FROM files WHERE id = $1", id))
		return f, err
	})
}

// Files lists files, oldest first.
func (b books) Files(ctx context.Context, q ledger.Query) ([]ledger.File, error) {
	return asked(ctx, b, func(from querier) ([]ledger.File, error) { return files(ctx, from, q) })
}

func files(ctx context.Context, from querier, q ledger.Query) ([]ledger.File, error) {
	where, err := filter.Files("$", q)
	if err != nil {
		return nil, err
	}
	if q.ID != "" {
		where.Add("starts_with(id, #)", q.ID)
	}
	if q.Family != "" {
		where.Add("(id = # OR root = #)", q.Family)
	}
	if q.Unrested {
		where.Also("NOT rested")
	}
	if len(q.Outcomes) > 0 {
		where.Also(filter.Any(q.Outcomes))
	}
	if part := ledger.Spelt(q.Text); part != "" { // what is left is looked at closely
		where.Add("n IN (SELECT n FROM files WHERE find ~ #)", part)
	}
	if !q.Since.IsZero() {
		where.Add("id >= #", filter.Moment(q))
	}
	limit, order := filter.Bounds(q)
	if q.Text != "" { // lines are passed over afterwards
		limit = 0
	}
	rows, err := from.Query(ctx, "SELECT "+fileColumns+" FROM files WHERE "+where.String()+" ORDER BY n "+order+filter.Limit(limit), where.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return filter.Gather(q, func() (f ledger.File, more bool, err error) {
		if !rows.Next() {
			return f, false, rows.Err()
		}
		f, _, err = scanFile(rows)
		return f, true, err
	})
}

// ForgetPrints drops the partitions whose prints all are of files that were accepted before: those are staged a day earlier at most.
func (l *Ledger) ForgetPrints(ctx context.Context, before time.Time) error {
	day := l.lease.slower(before).Unix()/(24*60*60) - 1
	return l.do(ctx, func(w *writing) error {
		rows, err := w.tx.Query(w.ctx, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'prints'::regclass")
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range all {
			var of int64
			if _, err := fmt.Sscanf(table[strings.LastIndexByte(table, '_')+1:], "%d", &of); err != nil || of >= day {
				continue
			}
			if err := w.exec("TRUNCATE " + table); err != nil {
				return err
			}
		}
		return nil
	})
}
