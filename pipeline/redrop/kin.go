package redrop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/readers"
)

// A result may have a million rows, and its family several times as many. So what is held of a row is small, and what many rows have in
// common is held once.

// origin is the row of a family that rows descend from: its row and, above, which of the names its file's is, from 1, or 0 for the
// family's first file. 0 is none: of a row that is new.
type origin uint64

const originRow = 1<<40 - 1

// parts are the row, and which of the names its file's is.
func (o origin) parts() (row, file int) { return int(o & originRow), int(o >> 40) }

// names are ids of files, and texts like them.
type names struct {
	all  []string
	find map[string]int32
}

// of is the number of a name, from 0.
func (n *names) of(name string) int32 {
	at, known := n.find[name]
	if !known {
		if n.find == nil {
			n.find = map[string]int32{}
		}
		at = int32(len(n.all))
		n.all = append(n.all, name)
		n.find[name] = at
	}
	return at
}

// row makes an origin of a row of the file with this id, or ("") of the family's first file.
func (n *names) row(id string, row int) origin {
	if id == "" {
		return origin(row)
	}
	return origin(n.of(id)+1)<<40 | origin(row)
}

// origin understands what text says.
func (n *names) origin(text string) origin {
	id, number, named := strings.Cut(text, ":")
	if !named {
		id, number = "", text
	}
	if row, err := strconv.Atoi(number); err == nil && row > 0 && row <= originRow {
		return n.row(id, row)
	}
	return n.row(text, 0)
}

// text is how the ledger names an origin.
func (n *names) text(o origin) string {
	row, at := o.parts()
	switch {
	case o == 0:
		return ""
	case at == 0:
		return strconv.Itoa(row)
	case row == 0:
		return n.all[at-1]
	}
	return n.all[at-1] + ":" + strconv.Itoa(row)
}

// prior is the word that counts about a row.
type prior struct {
	batch.Brief
	from *ledger.File // the member that has it from the provider or decided it
}

// sent reports whether the row was delivered or may have been.
func (p *prior) sent() bool {
	return p != nil && (p.Status == batch.Delivered || p.Status == batch.Unknown)
}

// spoilt reports whether a reader found something wrong with the row as it stood in its file.
func (p *prior) spoilt() bool { return p != nil && p.Status == batch.Invalid && readers.Found(p.Code) }

// open reports whether the row is still being sent.
func (p *prior) open() bool { return p != nil && p.Status == batch.Unknown && p.Code == codeOpen }

// held reports whether the row could not be told apart from others.
func (p *prior) held() bool { return p != nil && p.Status == batch.Skipped && p.Code == codeHeld }

// spot is where a row stood in a member.
type spot struct {
	origin origin
	doc    doc
	edited bool // its values were changed after it was sent
}

// doc is the item a row travelled in; its file is one of the names, from 1.
type doc struct{ file, seq, rows int32 }

// table gives what belongs to numbers or checksums: an index of a slice, sorted by them.
type table[K any] struct {
	key     func(i int32) K
	compare func(a, b K) int
	order   []int32
}

// index makes a table of all elements of a slice. Of equal keys they come in their order.
func index[K any](size int, key func(i int32) K, compare func(a, b K) int) table[K] {
	t := table[K]{key, compare, make([]int32, size)}
	for i := range size {
		t.order[i] = int32(i)
	}
	by := func(a, b int32) int { return compare(key(a), key(b)) }
	if !slices.IsSortedFunc(t.order, by) {
		slices.SortFunc(t.order, func(a, b int32) int { return cmp.Or(by(a, b), cmp.Compare(a, b)) })
	}
	return t
}

// all are the indexes of the elements with a key.
func (t *table[K]) all(key K) []int32 {
	from, found := slices.BinarySearchFunc(t.order, key, func(i int32, k K) int { return t.compare(t.key(i), k) })
	if !found {
		return nil
	}
	to := from + 1
	for to < len(t.order) && t.compare(t.key(t.order[to]), key) == 0 {
		to++
	}
	return t.order[from:to]
}

// last is the index of the last element with a key.
func (t *table[K]) last(key K) (int, bool) {
	all := t.all(key)
	if len(all) == 0 {
		return 0, false
	}
	return int(all[len(all)-1]), true
}
