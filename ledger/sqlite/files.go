package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/filter"
)

// fileColumns are a file's line, its checksum last.
const fileColumns = `n, id, route, account, hash, root, state, rested, paused, cancelled, revision, items, open,
	read, delivered, rejected, invalid, failed, unknown, skipped, started, finished, changed, facts, sum`

// stored is a file's line as it lies there.
type stored struct {
	texts   [7]string // id, route, account, hash, root, state, paused
	numbers [16]int64 // n, rested, cancelled, revision, items, open, seven counts, started, finished, changed
	facts   []byte
	sum     sql.NullInt64
}

// columns are where the line is scanned into.
func (s *stored) columns() []any {
	t, n := &s.texts, &s.numbers
	return []any{&n[0], &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &n[1], &t[6], &n[2], &n[3], &n[4], &n[5],
		&n[6], &n[7], &n[8], &n[9], &n[10], &n[11], &n[12], &n[13], &n[14], &n[15], &s.facts, &s.sum}
}

// checksum is over everything but itself.
func (s *stored) checksum() int64 {
	var line []byte
	for _, t := range s.texts {
		line = append(binary.AppendUvarint(line, uint64(len(t))), t...)
	}
	for _, n := range s.numbers {
		line = binary.AppendVarint(line, n)
	}
	return int64(crc32.Update(crc32.Checksum(line, castagnoli), castagnoli, s.facts))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// touched is what every change of a file's line sets.
const touched = "sum = NULL, changed = " + next

// next is the Change of the next change: greater than any there was, also of files that were forgotten.
const next = "(" + greatest + " + 1)"

const greatest = `max((SELECT coalesce(max(changed), 0) FROM files), coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE key = '` + forgottenKey + `'), 0))`

// forgottenKey is where the greatest Change of a file is kept that was forgotten.
const forgottenKey = ledger.Own + "forgotten"

// scanFile reads a line of fileColumns: ledger.ErrNotFound when there is none, ledger.ErrAltered when it is not as it was written.
func scanFile(row interface{ Scan(...any) error }) (f ledger.File, n int64, err error) {
	var s stored
	err = row.Scan(s.columns()...)
	if errors.Is(err, sql.ErrNoRows) {
		return f, 0, ledger.ErrNotFound
	}
	if err != nil {
		return f, 0, err
	}
	if s.sum.Valid && s.sum.Int64 != s.checksum() {
		return f, 0, fmt.Errorf("the line of file %s: %w", s.texts[0], ledger.ErrAltered)
	}
	if err := json.Unmarshal(s.facts, &f); err != nil {
		return f, 0, err
	}
	x := s.numbers
	f.State, f.Paused, f.Rested, f.Cancelled, f.Revision = ledger.State(s.texts[5]), s.texts[6], x[1] != 0, x[2] != 0, int(x[3])
	f.Items, f.Open = int(x[4]), int(x[5])
	f.Counts = batch.Counts{Read: int(x[6]), Delivered: int(x[7]), Rejected: int(x[8]), Invalid: int(x[9]), Failed: int(x[10]), Unknown: int(x[11]), Skipped: int(x[12])}
	f.Started, f.Finished, f.Change = ledger.FromMillis(x[13]), ledger.FromMillis(x[14]), x[15]
	return f, x[0], nil
}

// sum writes the checksums of the lines that the transaction changed, and notes how far it reaches.
func (w *writing) sum() error {
	w.reached = w.l.mark.value
	var s stored
	sums := map[int64]int64{}
	rows, err := w.conn.listed(w.ctx, "SELECT "+fileColumns+" FROM files WHERE changed > ?", w.reached)
	err = eachRow(rows, err, s.columns(), func() error {
		sums[s.numbers[0]], w.reached = s.checksum(), max(w.reached, s.numbers[15])
		return nil
	})
	if err != nil {
		return err
	}
	for n, sum := range sums {
		if err := w.exec("UPDATE files SET sum = ? WHERE n = ?", sum, n); err != nil {
			return err
		}
	}
	return nil
}

// Line is ledger.Pen's.
func (w *writing) Line(id string) (ledger.File, int64, error) {
	return scanFile(w.conn.QueryRowContext(w.ctx, "SELECT "+fileColumns+" FROM files WHERE id = ?", id))
}

// Write is ledger.Pen's.
func (w *writing) Write(n int64, f ledger.File) error {
	if f.State == ledger.Reported {
		w.l.keys.Delete(f.ID)
	}
	c := f.Counts
	return w.exec(`UPDATE files SET `+touched+`, hash = ?, account = ?, root = ?, state = ?, paused = ?, rested = ?, cancelled = ?, revision = ?, items = ?, open = ?,
		read = ?, delivered = ?, rejected = ?, invalid = ?, failed = ?, unknown = ?, skipped = ?, facts = ? WHERE n = ?`,
		f.Hash, f.Account, f.Ancestor(), string(f.State), f.Paused, f.Rested, f.Cancelled, f.Revision, f.Items, f.Open,
		c.Read, c.Delivered, c.Rejected, c.Invalid, c.Failed, c.Unknown, c.Skipped, ledger.EncodeFacts(f), n)
}

// Begin writes the intent to claim a file.
func (l *Ledger) Begin(ctx context.Context, f ledger.File) error {
	f.State = ledger.Claiming
	return l.do(ctx, func(w *writing) error {
		err := w.exec("INSERT INTO files (id, route, account, state, facts, changed) VALUES (?, ?, ?, ?, ?, "+next+")",
			f.ID, f.Route, f.Account, string(f.State), ledger.EncodeFacts(f))
		if isConstraint(err) {
			return ledger.ErrExists
		}
		return err
	})
}

// Forget removes a claim that came to nothing.
func (l *Ledger) Forget(ctx context.Context, id string) error {
	return l.do(ctx, func(w *writing) error {
		var last int64
		err := w.conn.QueryRowContext(w.ctx, "SELECT "+greatest).Scan(&last)
		if err == nil {
			err = w.keep(forgottenKey, strconv.FormatInt(last, 10))
		}
		if err != nil {
			return err
		}
		return w.exec("DELETE FROM files WHERE id = ? AND state = ?", id, string(ledger.Claiming))
	})
}

// Same is ledger.Pen's.
func (w *writing) Same(f ledger.File, hash string) (ledger.File, error) {
	before, _, err := scanFile(w.conn.QueryRowContext(w.ctx, "SELECT "+fileColumns+` FROM files
		WHERE hash = ? AND hash <> '' AND route = ? AND id <> ? AND state NOT IN (?, ?) ORDER BY n LIMIT 1`, // "hash <> ''" makes the partial index fit
		hash, f.Route, f.ID, string(ledger.Quarantined), string(ledger.Duplicate)))
	return before, err
}

// Unstage is ledger.Pen's.
func (w *writing) Unstage(f ledger.File, n int64) error {
	delete(w.l.torn, f.ID)
	clear(w.l.tallies)
	delete(w.l.began, f.ID)
	for _, table := range []string{"chunks", "tallies", "prints"} {
		if err := w.exec("DELETE FROM "+table+" WHERE file = ?", n); err != nil {
			return err
		}
	}
	return nil
}

// Stage adds a chunk to a Taken file.
func (l *Ledger) Stage(c ledger.Chunk) ledger.Receipt {
	s := &staged{ChunkID: ledger.ChunkID{File: c.File, Seq: c.Seq}, tally: ledger.Seal(ledger.OfTally, c.File, c.Seq, ledger.NewTally(c.Items).Encode())}
	s.body, s.failed = ledger.SealItems(c)
	if prints := encodePrints(c.Items); prints != nil {
		s.prints = ledger.Seal(ledger.OfPrints, c.File, c.Seq, prints)
	}
	return l.queue.Add(op{stage: s}, chunkWeight)
}

// staged is a chunk as it is stored.
type staged struct {
	ledger.ChunkID
	body, tally, prints []byte // prints: nil where it leaves none
	failed              error
}

func (w *writing) stage(s *staged) error {
	if s.failed != nil {
		return s.failed
	}
	n, err := w.key(s.File)
	if err != nil {
		return err
	}
	done, err := w.conn.ExecContext(w.ctx, "INSERT INTO chunks (file, seq, form, body) SELECT n, ?2, ?3, ?4 FROM files WHERE n = ?1 AND state = 'taken'", n, s.Seq, sealed, s.body)
	if err != nil {
		return err
	}
	if added, err := done.RowsAffected(); err != nil || added == 0 {
		return cmp.Or(err, fmt.Errorf("%w: %s takes no more rows", ledger.ErrState, s.File))
	}
	if err := w.exec("INSERT INTO tallies (file, seq, body) VALUES (?, ?, ?)", n, s.Seq, s.tally); err != nil || s.prints == nil {
		return err
	}
	return w.exec("INSERT INTO prints (file, seq, body) VALUES (?, ?, ?)", n, s.Seq, s.prints)
}

// key finds a file's integer key.
func (w *writing) key(id string) (int64, error) {
	if n, known := w.l.keys.Load(id); known {
		return n.(int64), nil
	}
	var n int64
	err := w.conn.QueryRowContext(w.ctx, "SELECT n FROM files WHERE id = ?", id).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
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
	census := ledger.Census{File: f.ID}
	var seq int
	var tally, last sql.RawBytes
	found, err := w.conn.QueryContext(w.ctx, `SELECT c.seq, t.body, CASE WHEN c.seq = (SELECT max(seq) FROM chunks WHERE file = ?1) THEN c.body END
		FROM chunks c LEFT JOIN tallies t ON t.file = c.file AND t.seq = c.seq WHERE c.file = ?1 ORDER BY c.seq`, n)
	err = eachRow(found, err, []any{&seq, &tally, &last}, func() error { return census.Add(seq, tally, last) })
	return cmp.Or(err, census.Holds(rows, items))
}

// Family is ledger.Pen's.
func (w *writing) Family(root string) ([]ledger.File, error) {
	return files(w.ctx, w.conn, ledger.Query{Family: root, States: ledger.FamilyStates()})
}

// File returns one file.
func (b books) File(ctx context.Context, id string) (ledger.File, error) {
	f, _, err := scanFile(b.reader.QueryRowContext(ctx, "SELECT "+fileColumns+" FROM files WHERE id = ?", id))
	return f, b.explained(err)
}

// Files lists files, oldest first.
func (b books) Files(ctx context.Context, q ledger.Query) ([]ledger.File, error) {
	found, err := files(ctx, b.reader, q)
	return found, b.explained(err)
}

func files(ctx context.Context, from querier, q ledger.Query) ([]ledger.File, error) {
	where, err := filter.Files("?", q)
	if err != nil {
		return nil, err
	}
	if len(q.States) > 0 && !slices.ContainsFunc(q.States, func(s ledger.State) bool { return s != ledger.Quarantined && s != ledger.Duplicate }) {
		where.Also("state IN ('quarantined', 'duplicate')") // the partial index of what was put aside fits
	}
	if q.ID != "" {
		where.Add("id >= #", q.ID)
		where.Add("id < #", q.ID+"\U0010ffff")
	}
	if q.Family != "" {
		where.Add("n IN (SELECT n FROM files WHERE id = # UNION ALL SELECT n FROM files WHERE root = # AND root <> '')", q.Family)
	}
	if q.Unrested {
		where.Also("rested = 0")
	}
	if len(q.Outcomes) > 0 {
		where.Also(having(q.Outcomes))
	}
	if part := ledger.Plain(q.Text); part != "" { // what is left is looked at closely
		like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part)
		where.Add(`(id LIKE # ESCAPE '\' OR CAST(facts AS TEXT) LIKE # ESCAPE '\')`, "%"+like+"%")
	}
	if !q.Since.IsZero() { // files come nearly in the order of their ids
		where.Add("id >= # AND n >= ifnull((SELECT min(n) FROM (SELECT n FROM files WHERE id >= # ORDER BY id LIMIT 1000)), 0)", filter.Moment(q))
	}
	_, order := filter.Bounds(q)
	rows, err := from.QueryContext(ctx, "SELECT "+fileColumns+" FROM files WHERE "+where.String()+" ORDER BY n "+order, where.Args...)
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

// having selects files with a row of one of these outcomes, by the indexes of those that few files have.
func having(outcomes []batch.Status) string {
	if slices.Contains(outcomes, batch.Delivered) {
		return filter.Any(outcomes)
	}
	var each []string
	for _, s := range outcomes {
		each = append(each, "SELECT n FROM files WHERE "+string(s)+" > 0")
	}
	return "n IN (" + strings.Join(each, " UNION ALL ") + ")"
}
