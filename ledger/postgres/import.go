package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

var (
	_ ledger.Contents = (*Ledger)(nil)
	_ ledger.Importer = Driver{}
)

// importKey is where it is kept of what a copy was begun that is not Finished.
const importKey = ledger.Own + "import"

// unfinished is *ledger.Damaged while what was taken in is not known to be whole.
func (b books) unfinished(ctx context.Context) error {
	from, err := b.Kept(ctx, importKey)
	if err != nil || from == "" {
		return err
	}
	return &ledger.Damaged{Path: b.path, Sentence: "ledger.unfinished", What: batch.Message{Text: batch.Text{EN: from}}}
}

// kept are the tables that hold what a ledger keeps, beside its facts.
var kept = append([]string{"files", "copies", "receipts", "marks", "lanes", "orders", "register", "acts"}, partitioned...)

// foreign is which facts are not the driver's own.
const foreign = "NOT starts_with(encode(key, 'escape'), '" + ledger.Own + "')"

// Import is ledger.Importer's. What is taken in is written in one transaction. All of it lies in the partition of one day, however
// old it is: so there are not as many partitions as the other ledger has days.
func (d Driver) Import(ctx context.Context, from ledger.Source, of string) (ledger.Imported, error) {
	l, err := d.own(ctx, true)
	if err != nil {
		return nil, err
	}
	day := l.today()
	err = l.partitions(ctx, day)
	if err == nil {
		err = l.do(ctx, func(w *writing) error { return w.vacate(of) })
	}
	if err == nil {
		err = l.do(ctx, func(w *writing) error { return (&importing{writing: w, ctx: ctx, from: from, day: day}).all() })
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &imported{l}, nil
}

// vacate begins an import: ledger.ErrExists where something is kept that is no rest of an earlier one.
func (w *writing) vacate(of string) error {
	var begun, taken bool
	if err := w.tx.QueryRow(w.ctx, "SELECT EXISTS (SELECT FROM facts WHERE key = $1)", []byte(importKey)).Scan(&begun); err != nil {
		return err
	}
	if begun {
		return errors.Join(w.clear(), w.keep(importKey, of))
	}
	for _, table := range append([]string{"facts WHERE " + foreign}, kept...) {
		if err := w.tx.QueryRow(w.ctx, "SELECT EXISTS (SELECT FROM "+table+")").Scan(&taken); err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("%w: something is kept in %s (%s): a copy needs a ledger that nobody has used, such as another database or ?search_path=NAME", ledger.ErrExists, w.l.path, table)
		}
	}
	return w.keep(importKey, of)
}

// clear drops everything.
func (w *writing) clear() error {
	clear(w.l.tallies)
	return errors.Join(w.exec("TRUNCATE "+strings.Join(kept, ", ")), w.exec("DELETE FROM facts WHERE "+foreign+" OR key = $1", []byte(importKey)))
}

// imported is what was taken in.
type imported struct{ *Ledger }

// Where is ledger.Imported's.
func (i *imported) Where() string { return i.path }

// Finish is ledger.Imported's.
func (i *imported) Finish(ctx context.Context) error {
	return i.do(ctx, func(w *writing) error { return w.exec("DELETE FROM facts WHERE key = $1", []byte(importKey)) })
}

// Discard is ledger.Imported's.
func (i *imported) Discard(ctx context.Context) error { return i.do(ctx, (*writing).clear) }

// importing is an import's transaction.
type importing struct {
	*writing
	ctx  context.Context // of who asked for it
	from ledger.Source
	day  int64
	keys map[string]int64 // file id → its key
}

func (i *importing) all() error {
	i.keys = map[string]int64{}
	if err := i.exec("SET LOCAL idle_in_transaction_session_timeout = '5min'"); err != nil { // reading may take longer than a service ever waits
		return err
	}
	for _, step := range []func() error{i.files, i.rows, i.hearsay, i.people, i.small, i.copies, i.counters} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// copyAll writes the rows of a table as they come.
func copyAll[T any](i *importing, table string, columns []string, from iter.Seq2[T, error], row func(T) []any) error {
	next, stop := iter.Pull2(from)
	defer stop()
	_, err := i.tx.CopyFrom(i.writing.ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		one, err, more := next()
		if !more || err != nil {
			return nil, err
		}
		return row(one), i.ctx.Err()
	}))
	return err
}

// each gives what is in memory already.
func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// files writes the files' lines.
func (i *importing) files() error {
	columns := []string{"n", "id", "route", "account", "state", "root", "hash", "rested", "paused", "cancelled", "revision", "items", "open",
		"read", "delivered", "rejected", "invalid", "failed", "unknown", "skipped", "started", "finished", "changed", "facts", "dropped"}
	return copyAll(i, "files", columns, ledger.EachFile(i.ctx, i.from), func(f ledger.File) []any {
		n, root := i.day<<dayBits+int64(len(i.keys))+1, ""
		i.keys[f.ID] = n
		if f.Reading.Again != nil {
			root = f.Reading.Again.Root
		}
		c := f.Counts
		return []any{n, f.ID, f.Route, f.Account, string(f.State), root, f.Hash, f.Rested, []byte(f.Paused), f.Cancelled, f.Revision, f.Items, f.Open,
			c.Read, c.Delivered, c.Rejected, c.Invalid, c.Failed, c.Unknown, c.Skipped, ledger.Millis(f.Started), ledger.Millis(f.Finished), f.Change, ledger.EncodeFacts(f), rowsGone(&f)}
	})
}

// rowsGone is a file's column dropped.
func rowsGone(f *ledger.File) int {
	if f.Lost(ledger.PartRows) {
		return goneRows
	}
	return 0
}

// part is how much of what belongs to files is gathered before it is written.
const part = 8 << 20

// gathered is what belongs to chunks, by table.
type gathered struct {
	chunks, tallies, events, prints [][]any
	size                            int
}

// rows writes the chunks of accepted files and what belongs to them. Others are read anew.
func (i *importing) rows() error {
	var g gathered
	for f, err := range ledger.EachFile(i.ctx, i.from) {
		if err != nil {
			return err
		}
		if !slices.Contains(ledger.FamilyStates(), f.State) || f.Lost(ledger.PartRows) {
			continue
		}
		for s, err := range i.from.Sealed(i.ctx, f.ID) {
			if err != nil {
				return err
			}
			if err := g.add(i.keys[f.ID], &f, s); err != nil {
				return err
			}
			if g.size >= part {
				if err := i.write(&g); err != nil {
					return err
				}
			}
		}
	}
	return i.write(&g)
}

func (g *gathered) add(n int64, f *ledger.File, s *ledger.Sealed) error {
	tally, prints, err := s.Played(f)
	if err != nil {
		return err
	}
	g.chunks = append(g.chunks, []any{n, s.Seq, s.Items})
	g.tallies = append(g.tallies, []any{n, s.Seq, ledger.Seal(ledger.OfTally, s.File, s.Seq, tally.Encode())})
	g.size += len(s.Items)
	for _, record := range s.Events {
		g.events = append(g.events, []any{n, s.Seq, record})
		g.size += len(record)
	}
	for _, p := range prints {
		g.prints = append(g.prints, []any{[16]byte(p.Print), n, s.Seq, p.Item, p.Free})
		g.size += 32
	}
	return nil
}

// write writes what was gathered.
func (i *importing) write(g *gathered) error {
	for _, t := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"chunks", []string{"file", "seq", "body"}, g.chunks}, {"tallies", []string{"file", "seq", "body"}, g.tallies},
		{"events", []string{"file", "chunk", "body"}, g.events}, {"prints", []string{"print", "file", "seq", "item", "free"}, g.prints},
	} {
		if err := copyAll(i, in(t.name, i.day<<dayBits), t.columns, each(t.rows), func(row []any) []any { return row }); err != nil {
			return err
		}
	}
	*g = gathered{}
	return i.ctx.Err()
}

func (i *importing) hearsay() error {
	err := copyAll(i, "receipts", []string{"n", "id", "mark", "came", "body"}, i.from.Receipts(i.ctx), func(r ledger.KeptReceipt) []any {
		return []any{r.N, [16]byte(r.ID), [16]byte(r.Mark), ledger.Millis(r.Came), ledger.EncodeFacts(r.Receipt)}
	})
	if err != nil {
		return err
	}
	return copyAll(i, "marks", []string{"mark", "sent", "file", "seq", "item"}, i.from.Marks(i.ctx), func(m ledger.Mark) []any {
		return []any{[16]byte(m.Mark), m.Sent, i.keys[m.File], m.Seq, m.Item}
	})
}

func (i *importing) people() error {
	orders, err := i.from.Ordered(i.ctx)
	if err != nil {
		return err
	}
	err = copyAll(i, "orders", []string{"n", "body"}, each(orders), func(o ledger.Order) []any { return []any{o.N, ledger.EncodeFacts(o)} })
	if err != nil {
		return err
	}
	acts, err := i.from.Acts(i.ctx, ledger.ActQuery{})
	if err != nil {
		return err
	}
	return copyAll(i, "acts", []string{"n", "ord", "who", "verb", "file", "body"}, each(acts), func(a ledger.Act) []any {
		var order *int64
		if a.Order > 0 {
			order = &a.Order
		}
		return []any{a.N, order, []byte(a.By), []byte(a.Verb), a.File, ledger.EncodeFacts(a)}
	})
}

// small writes what has a key and a value.
func (i *importing) small() error {
	for table, t := range map[string]struct {
		columns []string
		read    func(context.Context) (map[string]string, error)
	}{
		"facts":    {[]string{"key", "value"}, i.from.Facts},
		"lanes":    {[]string{"account", "reason"}, i.from.Lanes},
		"register": {[]string{"key", "value"}, func(ctx context.Context) (map[string]string, error) { return i.from.Entries(ctx, "") }},
	} {
		all, err := t.read(i.ctx)
		if err != nil {
			return err
		}
		err = copyAll(i, table, t.columns, each(slices.Sorted(maps.Keys(all))), func(key string) []any {
			if table == "lanes" {
				return []any{key, []byte(all[key])}
			}
			return []any{[]byte(key), []byte(all[key])}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copies writes the private copies of files.
func (i *importing) copies() error {
	for id, err := range i.from.Copies().IDs(i.ctx) {
		if err != nil {
			return err
		}
		n, known := i.keys[id]
		if !known {
			return fmt.Errorf("the copy of %s, of which nothing is known: %w", id, ledger.ErrAltered)
		}
		if err := i.copy(n, id); err != nil {
			return err
		}
	}
	return nil
}

func (i *importing) copy(n int64, id string) error {
	o, err := i.from.Copies().Open(i.ctx, id)
	if err != nil {
		return err
	}
	err = i.exec("INSERT INTO copies (n, id, whole, size) VALUES ($1, $2, true, $3)", n, id, o.Size())
	if err == nil {
		seq := -1
		err = copyAll(i, in("pieces", n), []string{"copy", "seq", "body"}, pieces(io.NewSectionReader(o, 0, o.Size())), func(piece []byte) []any {
			seq++
			return []any{n, seq, piece}
		})
	}
	return errors.Join(err, o.Close())
}

// pieces cuts a copy as copying does.
func pieces(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			var piece bytes.Buffer
			n, err := io.CopyN(&piece, r, pieceSize)
			if n > 0 && !yield(piece.Bytes(), nil) {
				return
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// counters let what comes next have greater numbers than what is there. An order's number is never given twice.
func (i *importing) counters() error {
	change, err := i.from.Reached(i.ctx)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	raise := "SELECT setval($1::regclass, greatest(1, $2::bigint, (SELECT last_value FROM %s)))"
	b.Queue(fmt.Sprintf(raise, "changes"), "changes", change)
	b.Queue(fmt.Sprintf(raise, "file_numbers"), "file_numbers", len(i.keys))
	for table, last := range map[string]string{
		"orders":   "(SELECT greatest((SELECT max(n) FROM orders), (SELECT max(ord) FROM acts)))",
		"acts":     "(SELECT max(n) FROM acts)",
		"receipts": "(SELECT max(n) FROM receipts)",
	} {
		b.Queue(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'n'), n) FROM %s AS last (n) WHERE n IS NOT NULL", table, last))
	}
	return i.writing.all(b)
}

// Facts is ledger.Contents'.
func (b books) Facts(ctx context.Context) (map[string]string, error) {
	return b.pairs(ctx, "SELECT key, value FROM facts WHERE "+foreign)
}

// lines gives the lines of a query, read whole before the first is given.
func lines[T any](ctx context.Context, b books, query string, scan pgx.RowToFunc[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		all, err := listed(ctx, b, scan, query)
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		each(all)(yield)
	}
}

// Receipts is ledger.Contents'.
func (b books) Receipts(ctx context.Context) iter.Seq2[ledger.KeptReceipt, error] {
	return lines(ctx, b, "SELECT n, id, mark, body FROM receipts ORDER BY n", func(row pgx.CollectableRow) (r ledger.KeptReceipt, err error) {
		var body []byte
		if err := row.Scan(&r.N, (*[16]byte)(&r.ID), (*[16]byte)(&r.Mark), &body); err != nil {
			return r, err
		}
		return r, json.Unmarshal(body, &r.Receipt)
	})
}

// Marks is ledger.Contents'.
func (b books) Marks(ctx context.Context) iter.Seq2[ledger.Mark, error] {
	return lines(ctx, b, "SELECT m.mark, m.sent, f.id, m.seq, m.item FROM marks m JOIN files f ON f.n = m.file", func(row pgx.CollectableRow) (m ledger.Mark, err error) {
		return m, row.Scan((*[16]byte)(&m.Mark), &m.Sent, &m.File, &m.Seq, &m.Item)
	})
}
