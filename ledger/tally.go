package ledger

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
)

// Reason is an outcome with its code; the zero Reason is that of rows without an outcome.
type Reason struct {
	Status batch.Status `json:"status,omitempty"`
	Code   string       `json:"code,omitempty"`
}

// Tally is what a chunk's rows became, in numbers: enough to pass over chunks that a page does not need. A driver keeps one
// for each chunk, changed in the same step as its events.
type Tally struct {
	First, Last int            // the least and the greatest row number
	Rows        map[Reason]int // how many rows have each
	Records     int            // of events; -1 where nobody counted them
	Chain       uint32         // a checksum over them in their order
}

// Link adds a stored record of events. So one that is missing, or another, is known.
func (t *Tally) Link(record []byte) {
	if t.Records >= 0 && Guarded() {
		t.Records, t.Chain = t.Records+1, crc32.Update(t.Chain, castagnoli, record)
	}
}

// NewTally is a chunk's tally before its first event.
func NewTally(items []Staged) *Tally {
	t := &Tally{Rows: map[Reason]int{}}
	for i := range items {
		for _, row := range items[i].Rows {
			if t.First == 0 || row < t.First {
				t.First = row
			}
			t.Last = max(t.Last, row)
		}
		t.count(items[i].Preset, items[i].Rows, 1)
	}
	return t
}

// Add adds an event of the chunk.
func (t *Tally) Add(e Event) {
	switch e.Kind {
	case EventSettled:
		t.count(nil, e.Rows, -1)
		t.count(e.Verdict, e.Rows, 1)
	case EventRequeued:
		t.count(e.Before, e.Rows, -1)
		t.count(nil, e.Rows, 1)
	}
}

func (t *Tally) count(v *Verdict, rows []int, sign int) {
	if v == nil || len(v.Rows) == 0 {
		t.add(reasonOf(v, 0), sign*len(rows))
		return
	}
	for _, row := range rows {
		t.add(reasonOf(v, row), sign)
	}
}

func (t *Tally) add(r Reason, n int) {
	if t.Rows[r] += n; t.Rows[r] == 0 {
		delete(t.Rows, r)
	}
}

func reasonOf(v *Verdict, row int) Reason {
	if v == nil {
		return Reason{}
	}
	o := v.Of(row)
	return Reason{o.Status, o.Code}
}

// Encode is the stored form: first, last, number of reasons, and for each status, code and rows; then records and chain, where
// they were counted.
func (t *Tally) Encode() []byte {
	out := binary.AppendUvarint(nil, uint64(t.First))
	out = binary.AppendUvarint(out, uint64(t.Last))
	out = binary.AppendUvarint(out, uint64(len(t.Rows)))
	for _, r := range slices.SortedFunc(maps.Keys(t.Rows), func(a, b Reason) int {
		return strings.Compare(string(a.Status)+"\x00"+a.Code, string(b.Status)+"\x00"+b.Code)
	}) {
		out = appendText(appendText(out, string(r.Status)), r.Code)
		out = binary.AppendUvarint(out, uint64(t.Rows[r]))
	}
	if t.Records >= 0 {
		out = binary.AppendUvarint(binary.AppendUvarint(out, uint64(t.Records)), uint64(t.Chain))
	}
	return out
}

// DecodeTally reads what Encode wrote.
func DecodeTally(data []byte) (*Tally, error) {
	d := decoder{data: data}
	t := &Tally{First: d.number(), Last: d.number()}
	n := d.number()
	if d.err != nil || n > len(d.data) {
		return nil, ErrAltered
	}
	t.Rows = make(map[Reason]int, n)
	for range n {
		r := Reason{status(d.bytes()), string(d.bytes())}
		t.Rows[r] += d.number()
	}
	t.Records = -1
	if len(d.data) > 0 {
		t.Records, t.Chain = d.number(), uint32(d.number())
	}
	if d.err == nil && len(d.data) > 0 {
		d.err = ErrAltered
	}
	return t, d.err
}
