package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/sieve"
	"github.com/rowferry/rowferry/ledger/slab"
)

// Prints are written twice. With a chunk they go into a row of their own (prints), which costs little because it is written
// front to back. Of accepted files those rows are the tail, of which memory knows where each print lies; once it is long it becomes a
// segment: in pages by their first bits, with a filter in memory that passes over it for nearly all prints that it does not have. A print is never looked
// for in one large index: at ten million, every row taken would change a page of that.

// printed is a print and where it was left. Files are named by their keys.
type printed struct {
	print ledger.Print
	ledger.Sighting
}

// tailSize is from how many prints on the tail becomes a segment. Only tests change it.
var tailSize = sieve.Most

// segment is prints in 2^bits pages.
type segment struct {
	n    int64
	bits int
}

// first is the number of its first page.
func (s *segment) first() int64 { return s.n << 20 }

// page says which of its pages a print is in.
func (s *segment) page(p ledger.Print) int64 {
	return int64(binary.BigEndian.Uint64(p[:8]) >> (64 - s.bits))
}

// tail is the rows of prints that are in no segment, and which of them a print is in: some twelve bytes a print, which are as old as
// the process.
type tail struct {
	n     int                // prints
	rows  []tallied          // oldest first
	loose map[int]bool       // rows, by their index, that are not committed
	table *slab.Slab[uint64] // open addressing: for each print, bits of it and its row

	mu   sync.Mutex
	read map[int][]printed // some rows, by their index
}

// An entry of the table is 44 bits of a print, by the first 32 of which it is looked for, and above its row's index by one.
const rowBits = 20

// mostRead is how many rows of the tail are kept.
const mostRead = 256

func newTail() *tail { return &tail{table: slab.New[uint64](1024), read: map[int][]printed{}} }

// entry is a print's in the table, without its row. Prints are hashes already.
func entry(p *ledger.Print) uint64 {
	return (uint64(binary.BigEndian.Uint32(p[4:]))<<12 | uint64(binary.BigEndian.Uint16(p[:])>>4)) << rowBits
}

// begin is where an entry is looked for in a table of that size.
func begin(entry uint64, size int) int { return int(entry >> 32 * uint64(size) >> 32) }

// add puts a row of prints into the tail.
func (t *tail) add(at tallied, list []printed) {
	t.rows = append(t.rows, at)
	if t.n += len(list); 5*t.n > 4*len(t.table.All()) {
		old := t.table
		t.table = slab.New[uint64](t.n + t.n/2)
		for _, e := range old.All() {
			if e != 0 {
				t.put(e)
			}
		}
		old.Free()
	}
	for i := range list {
		t.put(entry(&list[i].print) | uint64(len(t.rows)))
	}
}

// loosely is add of a row that is not committed.
func (t *tail) loosely(at tallied, list []printed) {
	if t.loose == nil {
		t.loose = map[int]bool{}
	}
	t.loose[len(t.rows)] = true
	t.add(at, list)
}

// put puts an entry into the table, once.
func (t *tail) put(e uint64) {
	table := t.table.All()
	for i := begin(e, len(table)); ; i++ {
		if i == len(table) {
			i = 0
		}
		switch at := &table[i]; *at {
		case 0:
			*at = e
			return
		case e:
			return
		}
	}
}

// of appends the tail's sightings of a print, the newest first. What is not committed is passed over, unless it is the reader's own.
func (t *tail) of(ctx context.Context, q querier, found []ledger.Sighting, p *ledger.Print, own bool) ([]ledger.Sighting, error) {
	var rows []int
	e, table := entry(p), t.table.All()
	for i := begin(e, len(table)); table[i%len(table)] != 0; i++ {
		if at := table[i%len(table)]; at>>rowBits == e>>rowBits {
			rows = append(rows, int(at&(1<<rowBits-1))-1)
		}
	}
	runtime.KeepAlive(t.table)
	slices.Sort(rows)
	for _, n := range slices.Backward(rows) {
		if t.loose[n] && !own {
			continue
		}
		list, err := t.row(ctx, q, n)
		if err != nil {
			return nil, err
		}
		for _, o := range slices.Backward(list) {
			if o.print == *p {
				found = append(found, o.Sighting)
			}
		}
	}
	return found, nil
}

// errMoved is the error of a row that is in a segment by now.
var errMoved = errors.New("prints have moved")

// row reads a row of the tail: errMoved when it is not there any more.
func (t *tail) row(ctx context.Context, q querier, n int) (list []printed, err error) {
	t.mu.Lock()
	list, known := t.read[n]
	t.mu.Unlock()
	if known {
		return list, nil
	}
	at := t.rows[n]
	err = eachPrinted(ctx, q, func(_ tallied, l []printed) { list = l },
		"SELECT f.id, p.file, p.seq, p.body FROM prints p JOIN files f ON f.n = p.file WHERE p.file = ? AND p.seq = ?", at.file, at.seq)
	if err == nil && list == nil {
		err = errMoved
	}
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.read) >= mostRead {
		clear(t.read)
	}
	t.read[n] = list
	return list, nil
}

// printIndex is what memory has of them.
type printIndex struct {
	mu       sync.RWMutex
	read     time.Time // when it was read; zero: not yet
	tail     *tail
	late     []late     // what was accepted and the tail does not have yet, oldest first
	due      int        // so many of them are committed
	owed     int        // what they leave at most, in prints
	segments []*segment // oldest first
	filters  sieve.Shelves[*segment]

	// what became segments in the transaction that is open, which others do not see before it is committed: to them it is frozen, as far
	// as they see any of it
	frozen []*tail
	made   []made

	pagesMu sync.Mutex
	pages   map[int64][]byte
}

// late is a file that was accepted, whose prints the tail learns when somebody looks: the file's own requests need not wait for that.
type late struct {
	id   string
	n    int64
	last int // its row of prints that the tail has; -1: none
}

// noLimit asks for all rows.
const noLimit = -1

// each gives the file's rows of prints behind the last, so many of them.
func (f late) each(ctx context.Context, q querier, most int, do func(tallied, []printed)) error {
	return eachPrinted(ctx, q, do, "SELECT ?1, file, seq, body FROM prints WHERE file = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4", f.id, f.n, f.last, most)
}

// made is a segment that is not committed.
type made struct {
	*segment
	filter *sieve.Filter
}

// mostPages is how many pages of segments, of about 4 KiB, are kept.
const mostPages = 2048

// fill reads the index, where it is not read yet or (of a visitor) may be outdated.
func (x *printIndex) fill(ctx context.Context, q querier, age time.Duration) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.read.IsZero() && (age == 0 || time.Since(x.read) < age) {
		return nil
	}
	x.tail, x.frozen, x.made = newTail(), nil, nil
	x.late, x.due, x.owed = nil, 0, 0
	same, err := x.current(ctx, q)
	if err != nil {
		return err
	}
	if !same {
		if err := x.fillFilters(ctx, q); err != nil {
			return err
		}
	}
	if err := eachPrinted(ctx, q, x.tail.add, "SELECT f.id, p.file, p.seq, p.body"+ofAccepted+" ORDER BY p.file, p.seq"); err != nil {
		return err
	}
	x.read = time.Now()
	return nil
}

// catchUp has the tail learn of the files that came late: whoever looks needs them. What is not committed only the writing goroutine needs.
func (x *printIndex) catchUp(ctx context.Context, q querier, own bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.due > 0 || own && len(x.late) > 0 {
		f, add := &x.late[0], x.tail.add
		if x.due == 0 {
			add = x.tail.loosely
		}
		err := f.each(ctx, q, noLimit, func(at tallied, list []printed) {
			add(at, list)
			f.last = at.seq
		})
		if err != nil {
			return err
		}
		x.late, x.due = x.late[1:], max(0, x.due-1)
	}
	if len(x.late) == 0 {
		x.late, x.owed = nil, 0
	}
	return nil
}

// ofAccepted are the rows of prints of accepted files.
const ofAccepted = " FROM prints p JOIN files f ON f.n = p.file WHERE f.state NOT IN ('claiming', 'taken')"

// current reports whether the segments are those whose filters are here: of a large ledger these are most of what there is to read.
func (x *printIndex) current(ctx context.Context, q querier) (bool, error) {
	same, seen := true, 0
	var n int64
	rows, err := q.QueryContext(ctx, "SELECT n FROM segments ORDER BY n")
	err = eachRow(rows, err, []any{&n}, func() error {
		same = same && seen < len(x.segments) && x.segments[seen].n == n
		seen++
		return nil
	})
	return same && seen == len(x.segments), err
}

// fillFilters reads the segments' filters.
func (x *printIndex) fillFilters(ctx context.Context, q querier) error {
	x.segments = nil
	x.filters.Free()
	var s segment
	var body sql.RawBytes
	rows, err := q.QueryContext(ctx, "SELECT n, bits, filter FROM segments ORDER BY n")
	return eachRow(rows, err, []any{&s.n, &s.bits, &body}, func() error {
		f, err := ledger.Unseal(ledger.OfPrints, "filter", int(s.n), body)
		if err == nil {
			x.shelve(&segment{s.n, s.bits}, sieve.Read(f))
		}
		return err
	})
}

func (x *printIndex) shelve(s *segment, f *sieve.Filter) {
	x.segments = append(x.segments, s)
	x.filters.Put(s, f)
}

// eachPrinted reads rows of prints: id, file, seq, body.
func eachPrinted(ctx context.Context, q querier, each func(tallied, []printed), query string, args ...any) error {
	var id string
	var at tallied
	var body sql.RawBytes
	rows, err := q.QueryContext(ctx, query, args...)
	return eachRow(rows, err, []any{&id, &at.file, &at.seq, &body}, func() error {
		list, err := decodePrints(id, at, body)
		if err == nil {
			each(at, list)
		}
		return err
	})
}

// encodePrints is the row of a chunk: for each item that leaves one, its index × 2, 1 more where it is free, and the print.
// nil when none does. A bared print is free: it races with none.
func encodePrints(items []ledger.Staged) []byte {
	var out []byte
	for i := range items {
		if items[i].Print == (ledger.Print{}) || items[i].Preset != nil {
			continue
		}
		out = appendPrint(out, i, items[i].Free, items[i].Print)
		if items[i].Bared != (ledger.Print{}) {
			out = appendPrint(out, i, true, items[i].Bared)
		}
	}
	return out
}

func appendPrint(out []byte, item int, free bool, p ledger.Print) []byte {
	out = binary.AppendUvarint(out, uint64(item)<<1|uint64(flag(free)))
	return append(out, p[:]...)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func decodePrints(id string, at tallied, stored []byte) ([]printed, error) {
	body, err := ledger.Unseal(ledger.OfPrints, id, at.seq, stored)
	if err != nil {
		return nil, err
	}
	list := make([]printed, 0, len(body)/17)
	for len(body) > 0 {
		item, used := binary.Uvarint(body)
		if used <= 0 || len(body) < used+16 {
			return nil, fmt.Errorf("prints of %s, chunk %d: %w", id, at.seq, ledger.ErrAltered)
		}
		p := printed{Sighting: ledger.Sighting{File: at.file, Seq: int32(at.seq), Item: int32(item >> 1), Free: item&1 == 1}}
		copy(p.print[:], body[used:])
		list, body = append(list, p), body[used+16:]
	}
	return list, nil
}

// find gives where each print was left, the newest first. It is asked with mu held for reading; own by the writing goroutine, which sees
// what is not committed. errMoved when it is to be asked again.
func (x *printIndex) find(ctx context.Context, q querier, prints []ledger.Print, own bool) (found [][]ledger.Sighting, err error) {
	found = make([][]ledger.Sighting, len(prints))
	probes := make([]sieve.Probe, len(prints))
	in := func(i int, s *segment) error {
		body, err := x.body(ctx, q, s.first()+s.page(prints[i]))
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("a page of prints is missing: %w", ledger.ErrAltered)
		}
		if err == nil {
			found[i] = inPage(found[i], body, prints[i])
		}
		return err
	}
	tails := append(x.frozen[:len(x.frozen):len(x.frozen)], x.tail)
	if own {
		tails = tails[len(x.frozen):]
	}
	for i := range prints {
		probes[i] = sieve.Of(prints[i])
		for _, t := range slices.Backward(tails) {
			if found[i], err = t.of(ctx, q, found[i], &prints[i], own); err != nil {
				return nil, err
			}
		}
		for _, m := range slices.Backward(x.made) {
			if own && m.filter.Has(&probes[i]) {
				if err := in(i, m.segment); err != nil {
					return nil, err
				}
			}
		}
	}
	return found, x.filters.Among(probes, in)
}

// body reads a page of a segment.
func (x *printIndex) body(ctx context.Context, q querier, n int64) ([]byte, error) {
	x.pagesMu.Lock()
	body, known := x.pages[n]
	x.pagesMu.Unlock()
	if known {
		return body, nil
	}
	err := q.QueryRowContext(ctx, "SELECT body FROM print_pages WHERE n = ?", n).Scan(&body)
	if err != nil {
		return nil, err
	}
	if body, err = ledger.Unseal(ledger.OfPrints, "page", int(n), body); err != nil {
		return nil, err
	}
	x.pagesMu.Lock()
	defer x.pagesMu.Unlock()
	if x.pages == nil || len(x.pages) >= mostPages {
		x.pages = map[int64][]byte{}
	}
	x.pages[n] = body
	return body, nil
}

// A page holds, for each print of it, the newest first: the print, and as uvarints file, seq, item × 2 + free.

func inPage(found []ledger.Sighting, body []byte, p ledger.Print) []ledger.Sighting {
	for len(body) > 16 {
		same := bytes.Equal(body[:16], p[:])
		body = body[16:]
		var numbers [3]uint64
		for i := range numbers {
			n, used := binary.Uvarint(body)
			if used <= 0 {
				return found
			}
			numbers[i], body = n, body[used:]
		}
		if same {
			found = append(found, ledger.Sighting{File: int64(numbers[0]), Seq: int32(numbers[1]), Item: int32(numbers[2] >> 1), Free: numbers[2]&1 == 1})
		}
	}
	return found
}

// sealParts is in how many parts the pages of a segment are made: so much less of them is held in memory, and so often the prints are read.
const sealParts = 4

// seal writes so many prints, which are given the newest first, as a segment.
func (w *writing) seal(n int, prints func(each func(*printed)) error, now time.Time) (m made, err error) {
	s, f := &segment{}, sieve.New()
	for n := n / 160; n > 0; n >>= 1 {
		s.bits++
	}
	err = w.conn.QueryRowContext(w.ctx, "INSERT INTO segments (newest, bits, filter) VALUES (?, ?, x'') RETURNING n", now.UnixMilli(), s.bits).Scan(&s.n)
	if err != nil {
		return m, err
	}
	all := 1 << s.bits
	pages := make([][]byte, (all+sealParts-1)/sealParts)
	for first := 0; first < all; first += len(pages) {
		for i := range pages {
			pages[i] = pages[i][:0]
		}
		err = prints(func(p *printed) {
			if first == 0 {
				f.Add(p.print)
			}
			if n := int(s.page(p.print)) - first; n >= 0 && n < len(pages) {
				pages[n] = appendSighting(pages[n], p)
			}
		})
		if err != nil {
			return m, err
		}
		for i, body := range pages[:min(len(pages), all-first)] {
			at := s.first() + int64(first+i)
			if err := w.exec("INSERT INTO print_pages (n, body) VALUES (?, ?)", at, ledger.Seal(ledger.OfPrints, "page", int(at), body)); err != nil {
				return m, err
			}
		}
	}
	return made{s, f}, w.exec("UPDATE segments SET filter = ? WHERE n = ?", ledger.Seal(ledger.OfPrints, "filter", int(s.n), f.Bytes()), s.n)
}

func appendSighting(page []byte, p *printed) []byte {
	page = append(page, p.print[:]...)
	page = binary.AppendUvarint(page, uint64(p.File))
	page = binary.AppendUvarint(page, uint64(p.Seq))
	return binary.AppendUvarint(page, uint64(p.Item)<<1|uint64(flag(p.Free)))
}

// forget has the index read again. What memory has of a transaction that failed is not so, and what became a segment lies elsewhere.
func (x *printIndex) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.pagesMu.Lock()
	defer x.pagesMu.Unlock()
	x.read, x.pages = time.Time{}, nil
}

// committed shelves what became segments.
func (x *printIndex) committed() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range x.made {
		x.shelve(m.segment, m.filter)
	}
	x.frozen, x.made, x.tail.loose, x.due = nil, nil, nil, len(x.late)
}

// learn puts rows of prints into the tail, before they are committed: whoever looks in the same transaction must find them.
func (w *writing) learn(at tallied, list []printed) {
	x := &w.l.prints
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tail.loosely(at, list)
	w.learned = true
}

// Publish is ledger.Pen's. A tail that grows too long becomes segments; a file that does not make it so long comes late.
func (w *writing) Publish(f ledger.File, n int64) error {
	w.l.accepts++
	w.l.accepted[n] = w.l.accepts
	delete(w.l.began, f.ID)
	if len(w.l.accepted) > 1000 && len(w.l.began) == 0 {
		clear(w.l.accepted)
	}
	it := late{f.ID, n, -1}
	if w.l.prints.later(it, f.Items) {
		w.learned = true
		return nil
	}
	if err := w.l.prints.catchUp(w.ctx, w.conn, true); err != nil {
		return err
	}
	for rows := 1; rows > 0; {
		rows = 0
		err := it.each(w.ctx, w.conn, 64, func(at tallied, list []printed) {
			w.learn(at, list)
			it.last, rows = at.seq, rows+1
		})
		if err != nil {
			return err
		}
		if err := w.sealTail(n, it.last); err != nil {
			return err
		}
	}
	return nil
}

// later has the tail learn of a file of so many items when somebody looks, and reports whether the tail is short enough for that.
func (x *printIndex) later(f late, items int) bool {
	const each = 2 // prints that an item leaves at most
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.tail.n+x.owed+each*items >= tailSize {
		return false
	}
	x.late, x.owed = append(x.late, f), x.owed+each*items
	return true
}

// sealTail turns a tail that has grown too long into a segment. Of the file that is being accepted it has the rows up to one. Others
// look into it for as long as they do not see the segment.
func (w *writing) sealTail(file int64, last int) error {
	x := &w.l.prints
	if x.tail.n < tailSize {
		return nil
	}
	const so = ofAccepted + " AND (p.file <> ?1 OR p.seq <= ?2)"
	m, err := w.seal(x.tail.n, func(each func(*printed)) error {
		return eachPrinted(w.ctx, w.conn, func(_ tallied, list []printed) {
			for i := range slices.Backward(list) {
				each(&list[i])
			}
		}, "SELECT f.id, p.file, p.seq, p.body"+so+" ORDER BY p.file DESC, p.seq DESC", file, last)
	}, time.Now())
	if err == nil {
		err = w.exec("DELETE FROM prints WHERE (file, seq) IN (SELECT p.file, p.seq"+so+")", file, last)
	}
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.tail.rows) > len(x.tail.loose) {
		x.frozen = append(x.frozen, x.tail)
	}
	x.made, x.tail = append(x.made, m), newTail()
	return nil
}

// Alone is ledger.Pen's: one process owns the ledger.
func (w *writing) Alone() error { return w.l.prints.fill(w.ctx, w.conn, 0) }

// Begun is ledger.Pen's.
func (w *writing) Begun(f ledger.File, _ int64) error {
	w.l.began[f.ID] = w.l.accepts
	return nil
}

// Raced is ledger.Pen's.
func (w *writing) Raced(f ledger.File, n int64) error {
	since, began := w.l.began[f.ID]
	if !began || since == w.l.accepts {
		return nil
	}
	var prints []ledger.Print
	err := late{f.ID, n, -1}.each(w.ctx, w.conn, noLimit, func(_ tallied, list []printed) {
		for _, p := range list {
			if !p.Free {
				prints = append(prints, p.print)
			}
		}
	})
	if err != nil {
		return err
	}
	newer := func(s ledger.Sighting) bool { return w.l.accepted[s.File] > since }
	for part := range slices.Chunk(prints, 1024) {
		found, err := w.l.prints.earlier(w.ctx, w.conn, f.Root(), part, time.Time{}, newer, true)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found, func(e *ledger.Earlier) bool { return e != nil }) {
			return ledger.ErrRaced
		}
	}
	return nil
}

// Earlier finds the items that had the same requests.
func (l *Ledger) Earlier(ctx context.Context, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	found, err := l.prints.looked(ctx, l.reader, 0, family, prints, since)
	return found, l.explained(err)
}

// outdated is how long a visitor believes what it has read of the tail.
const outdated = 2 * time.Second

// Earlier finds the items that had the same requests.
func (v *Visitor) Earlier(ctx context.Context, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	found, err := v.prints.looked(ctx, v.reader, outdated, family, prints, since)
	return found, v.explained(err)
}

// looked is earlier of who does not write. What became a segment while it looked is looked for there: the writing goroutine says so at once
// after it was committed; a visitor (age > 0) reads the index anew.
func (x *printIndex) looked(ctx context.Context, q querier, age time.Duration, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	for tries := 0; ; tries++ {
		if err := x.fill(ctx, q, age); err != nil {
			return nil, err
		}
		found, err := x.earlier(ctx, q, family, prints, since, nil, false)
		switch {
		case !errors.Is(err, errMoved):
			return found, err
		case tries == 1000:
			return nil, fmt.Errorf("a row of prints is missing: %w", ledger.ErrAltered)
		case age > 0:
			x.forget()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// earlier is Earlier over the sightings that counts lets pass; nil lets all.
func (x *printIndex) earlier(ctx context.Context, q querier, family string, prints []ledger.Print, since time.Time, counts func(ledger.Sighting) bool, own bool) ([]*ledger.Earlier, error) {
	if err := x.catchUp(ctx, q, own); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	sightings, err := x.find(ctx, q, prints, own)
	if err != nil {
		return nil, err
	}
	look := ledger.NewLookout(family, since, func(n int64) (*ledger.File, error) {
		f, _, err := scanFile(q.QueryRowContext(ctx, "SELECT "+fileColumns+" FROM files WHERE n = ?", n))
		return &f, err
	}, func(id string, seq int) (*ledger.Content, error) { return chunk(ctx, q, id, seq) })
	found := make([]*ledger.Earlier, len(prints))
	for i := range prints {
		if counts != nil {
			sightings[i] = slices.DeleteFunc(sightings[i], func(s ledger.Sighting) bool { return !counts(s) })
		}
		if found[i], err = look.Earlier(sightings[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ForgetPrints drops the segments whose prints all are older.
func (l *Ledger) ForgetPrints(ctx context.Context, before time.Time) error {
	return l.do(ctx, func(w *writing) error {
		var gone []segment
		var s segment
		rows, err := w.conn.QueryContext(w.ctx, "SELECT n, bits FROM segments WHERE newest < ? ORDER BY n", before.UnixMilli())
		if err := eachRow(rows, err, []any{&s.n, &s.bits}, func() error { gone = append(gone, s); return nil }); err != nil {
			return err
		}
		for _, s := range gone {
			err := cmp.Or(w.exec("DELETE FROM print_pages WHERE n >= ? AND n < ?", s.first(), s.first()+1<<s.bits), w.exec("DELETE FROM segments WHERE n = ?", s.n))
			if err != nil {
				return err
			}
		}
		w.dropped = true
		return nil
	})
}

// Unrepeated is ledger.Pen's.
func (w *writing) Unrepeated(f ledger.File, n int64, c *ledger.Content, events []ledger.Event) (open []ledger.Event, other *ledger.Earlier, err error) {
	prints, items := make([]ledger.Print, len(events)), make([]int, len(events))
	for i, e := range events {
		prints[i], items[i] = c.Items[e.Item].PrintFor(f.Account, f.Operation), e.Item
	}
	found, err := w.l.prints.earlier(w.ctx, w.conn, f.Root(), prints, time.Time{}, nil, true)
	if err != nil {
		return nil, nil, err
	}
	left, err := w.left(n, c.Seq, prints, items)
	if err != nil {
		return nil, nil, err
	}
	var late []printed
	for i, e := range events {
		own, known := left[i]
		if found[i] != nil && !e.Before.Held() && known && !own.Free {
			other = found[i]
			continue
		}
		open = append(open, e)
		if !known {
			late = append(late, printed{prints[i], ledger.Sighting{File: n, Seq: int32(c.Seq), Item: int32(e.Item), Free: e.Before.Held()}})
		}
	}
	return open, other, w.leave(f.ID, tallied{n, c.Seq}, late)
}

// left finds the items' own prints, by their index in prints.
func (w *writing) left(n int64, seq int, prints []ledger.Print, items []int) (map[int]ledger.Sighting, error) {
	x := &w.l.prints
	if err := x.catchUp(w.ctx, w.conn, true); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	own := map[int]ledger.Sighting{}
	sightings, err := x.find(w.ctx, w.conn, prints, true)
	if err != nil {
		return nil, err
	}
	for i := range prints {
		for _, s := range sightings[i] {
			if s.File == n && int(s.Seq) == seq && int(s.Item) == items[i] {
				own[i] = s
			}
		}
	}
	return own, nil
}

// Reprint is ledger.Pen's.
func (w *writing) Reprint(f ledger.File, n int64, c *ledger.Content) error {
	var prints []ledger.Print
	var items []int
	all := c.Left(&f)
	for _, l := range all {
		prints, items = append(prints, l.Print, l.Old[0], l.Old[1], l.Bared), append(items, l.Item, l.Item, l.Item, l.Item)
	}
	own, err := w.left(n, c.Seq, prints, items)
	if err != nil {
		return err
	}
	var late []printed
	for i, l := range all {
		at := ledger.Sighting{File: n, Seq: int32(c.Seq), Item: int32(l.Item), Free: own[4*i+1].Free || own[4*i+2].Free}
		if _, there := own[4*i]; !there {
			late = append(late, printed{l.Print, at})
		}
		if _, there := own[4*i+3]; !there && l.Bared != (ledger.Print{}) {
			at.Free = true
			late = append(late, printed{l.Bared, at})
		}
	}
	return w.leave(f.ID, tallied{n, c.Seq}, late)
}

// leave writes further prints of a chunk.
func (w *writing) leave(id string, at tallied, late []printed) error {
	if len(late) == 0 {
		return nil
	}
	var body []byte
	err := w.conn.QueryRowContext(w.ctx, "SELECT body FROM prints WHERE file = ? AND seq = ?", at.file, at.seq).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		body = nil
	case err != nil:
		return err
	default:
		if body, err = ledger.Unseal(ledger.OfPrints, id, at.seq, body); err != nil {
			return err
		}
	}
	body = bytes.Clone(body)
	for _, p := range late {
		body = appendPrint(body, int(p.Item), p.Free, p.print)
	}
	w.learn(at, late)
	err = w.exec("INSERT INTO prints (file, seq, body) VALUES (?, ?, ?) ON CONFLICT (file, seq) DO UPDATE SET body = excluded.body",
		at.file, at.seq, ledger.Seal(ledger.OfPrints, id, at.seq, body))
	return cmp.Or(err, w.sealTail(0, 0))
}
