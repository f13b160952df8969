package repeats

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/sieve"
	"github.com/rowferry/rowferry/readers"
)

// firsts are the first rows of requests, by the beginning of their prints. A file has one for each of its rows until it is accepted:
// the newest lie in a table, the others in runs of a scratch file, of which memory has filters of four bytes for each row. The zero value
// is empty, and so is one that was closed.
type firsts struct {
	newest table
	runs   []run
	full   sieve.Shelves[int] // for each full filter, the index of the first of its runs
	open   *sieve.Filter      // of the runs that no full filter has
	file   readers.Scratch
	end    int64 // of the file
	room   []byte
	bound  bool // to memory
}

// run is keys with their rows, sorted, in the scratch file.
type run struct {
	begin int64
	from  [257]uint32 // for each first byte, how many keys begin with a lesser one
}

// runsEach is how many runs share a filter.
const runsEach = 4

// runSize is how many keys make a run. Only tests change it.
var runSize = sieve.Most / runsEach

// of is the row of a key's first, 0 where there is none.
func (f *firsts) of(key uint64) (row int, err error) {
	if row = f.newest.row(key); row != 0 || len(f.runs) == 0 {
		return row, nil
	}
	look := func(_, first int) error {
		for i := first; i < min(first+runsEach, len(f.runs)) && row == 0 && err == nil; i++ {
			row, err = f.inRun(&f.runs[i], key)
		}
		return err
	}
	probe := [1]sieve.Probe{sieve.Of(printOf(key))}
	if f.open != nil && f.open.Has(&probe[0]) {
		if err := look(0, len(f.runs)/runsEach*runsEach); row != 0 || err != nil {
			return row, err
		}
	}
	return row, f.full.Among(probe[:], look)
}

// put notes the row of a key that has none.
func (f *firsts) put(key uint64, row int) error {
	f.newest.put(key, row)
	if f.newest.n < runSize || f.bound {
		return nil
	}
	return f.write()
}

// keyOf is the beginning of a print. No key is 0.
func keyOf(p *ledger.Print) uint64 { return max(binary.BigEndian.Uint64(p[:8]), 1) }

// printOf is what a key is in a filter.
func printOf(key uint64) (p ledger.Print) {
	binary.BigEndian.PutUint64(p[8:], key)
	return p
}

// entrySize is of a key and its row in a run.
const entrySize = 16

// write makes a run of the newest.
func (f *firsts) write() (err error) {
	if f.file.File == nil {
		if f.file, err = readers.NewScratch(); err != nil {
			f.bound = true // no temporary files here: it goes without
			return nil
		}
	}
	if f.open == nil {
		f.open = sieve.New()
	}
	r := run{begin: f.end}
	for part := range slices.Chunk(f.newest.sorted(), 1024) {
		f.room = f.room[:0]
		for _, e := range part {
			f.open.Add(printOf(e.key))
			r.from[e.key>>56+1]++
			f.room = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(f.room, e.key), uint64(e.row))
		}
		if _, err := f.file.WriteAt(f.room, f.end); err != nil {
			return err
		}
		f.end += int64(len(f.room))
	}
	for i := range 256 {
		r.from[i+1] += r.from[i]
	}
	f.newest.empty()
	if f.runs = append(f.runs, r); len(f.runs)%runsEach == 0 {
		f.full.Put(len(f.runs)-runsEach, f.open)
		f.open = nil
	}
	return nil
}

// inRun is the row of a key in a run, 0 where it is not in there.
func (f *firsts) inRun(r *run, key uint64) (int, error) {
	from, to := r.from[key>>56], r.from[key>>56+1]
	f.room = slices.Grow(f.room[:0], int(to-from)*entrySize)[:int(to-from)*entrySize]
	if _, err := f.file.ReadAt(f.room, r.begin+int64(from)*entrySize); err != nil {
		return 0, err
	}
	for page := f.room; len(page) > 0; page = page[entrySize:] {
		if binary.BigEndian.Uint64(page) == key {
			return int(binary.BigEndian.Uint64(page[8:])), nil
		}
	}
	return 0, nil
}

// close forgets all.
func (f *firsts) close() {
	if f.file.File != nil {
		_ = f.file.Close() // it was scratch
	}
	f.full.Free()
	f.open.Free()
	*f = firsts{}
}

// table is a hash table with open addressing.
type table struct {
	entries []entry
	n       int
}

// entry is a key and its row; both are 0 where there is none.
type entry struct {
	key uint64
	row int
}

// at is where a key is, or would be. There must be room.
func (t *table) at(key uint64) *entry {
	i := int(key >> 32 * uint64(len(t.entries)) >> 32)
	for t.entries[i].key != 0 && t.entries[i].key != key {
		if i++; i == len(t.entries) {
			i = 0
		}
	}
	return &t.entries[i]
}

func (t *table) row(key uint64) int {
	if t.n == 0 {
		return 0
	}
	return t.at(key).row
}

func (t *table) put(key uint64, row int) {
	if 8*t.n >= 7*len(t.entries) {
		old := t.entries
		t.entries = make([]entry, 64+len(old)+len(old)/2)
		for _, e := range old {
			if e.key != 0 {
				*t.at(e.key) = e
			}
		}
	}
	*t.at(key) = entry{key, row}
	t.n++
}

// sorted are the entries by their keys. The table is good for empty alone afterwards.
func (t *table) sorted() []entry {
	all := slices.DeleteFunc(t.entries, func(e entry) bool { return e.key == 0 })
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return all
}

func (t *table) empty() {
	clear(t.entries)
	t.n = 0
}
