package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// A chunk's items are stored as frames one after another:
//
//	seq, number of rows, first row, steps to the further rows, length of body (0: none), body, length of rest, rest
//
// Numbers are uvarints. The rest is JSON and only there when an item has problems, cells to remember, a preset verdict or
// a family.

type rest struct {
	Problems []batch.Problem   `json:"problems,omitempty"`
	Where    map[string]string `json:"where,omitempty"`
	Preset   *Verdict          `json:"preset,omitempty"`
	Kin      []Kin             `json:"kin,omitempty"`
	Before   Before            `json:"before,omitzero"`
	Sealed   []byte            `json:"sealed,omitempty"`
}

// EncodeItems appends the stored form of a chunk's items to out.
func EncodeItems(out []byte, items []Staged) ([]byte, error) {
	size := 0
	for i := range items {
		size += len(items[i].Body) + 16
	}
	out = slices.Grow(out, size)
	for i := range items {
		it := &items[i]
		out = binary.AppendUvarint(out, uint64(it.Seq))
		out = binary.AppendUvarint(out, uint64(len(it.Rows)))
		last := 0
		for _, r := range it.Rows {
			out = binary.AppendUvarint(out, uint64(r-last))
			last = r
		}
		out = binary.AppendUvarint(out, uint64(len(it.Body)))
		out = append(out, it.Body...)
		if it.Problems == nil && it.Where == nil && it.Preset == nil && it.Kin == nil && it.Before == (Before{}) && it.Sealed == (Print{}) {
			out = append(out, 0)
			continue
		}
		more, err := json.Marshal(rest{it.Problems, it.Where, it.Preset, it.Kin, it.Before, it.sealed()})
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(out, uint64(len(more)))
		out = append(out, more...)
	}
	return out, nil
}

func (s *Staged) sealed() []byte {
	if s.Sealed == (Print{}) {
		return nil
	}
	return s.Sealed[:]
}

// DecodeItems reads what EncodeItems wrote. The items' bodies lie in data.
func DecodeItems(data []byte) ([]Staged, error) {
	var items []Staged
	d := decoder{data: data}
	for len(d.data) > 0 && d.err == nil {
		var it Staged
		it.Seq = d.number()
		rows := d.number()
		if rows < 0 || rows > len(d.data) {
			return nil, ErrAltered
		}
		it.Rows = make([]int, rows)
		last := 0
		for i := range it.Rows {
			last += d.number()
			it.Rows[i] = last
		}
		if body := d.bytes(); len(body) > 0 {
			it.Body = body
		}
		if more := d.bytes(); len(more) > 0 && d.err == nil {
			var r rest
			if err := json.Unmarshal(more, &r); err != nil {
				return nil, fmt.Errorf("item %d: %w", it.Seq, err)
			}
			it.Problems, it.Where, it.Preset, it.Kin, it.Before = r.Problems, r.Where, r.Preset, r.Kin, r.Before
			copy(it.Sealed[:], r.Sealed)
		}
		items = append(items, it)
	}
	return items, d.err
}

// ErrAltered marks a stored record that is not what was written.
var ErrAltered = errors.New("a stored record is not what was written")

type decoder struct {
	data []byte
	err  error
}

func (d *decoder) number() int {
	n, used := binary.Uvarint(d.data)
	if used <= 0 {
		d.err, d.data = ErrAltered, nil
		return 0
	}
	d.data = d.data[used:]
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.number()
	if n > len(d.data) || n < 0 {
		d.err, d.data = ErrAltered, nil
		return nil
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b
}

// An event is stored as
//
//	kind, item, time, attempt, until, lost,
//	and for a settled one: status, code, message, reference, attempts, sent at, length of rest, rest
//	and for an answered one: number of further items, those, HTTP status, headers, body, cut
//
// Times are Unix milliseconds, 0 for none; texts have their length before them. The rest is JSON and only there when rows
// of the item differ or problems were found late.

var eventKinds = []EventKind{EventSending, EventWaiting, EventSettled, EventRequeued, EventAnswered}

type verdictRest struct {
	Rows     map[int]batch.Outcome `json:"rows,omitempty"`
	Problems []batch.Problem       `json:"problems,omitempty"`
}

// EncodeEvents appends the stored form of events of one chunk to out.
func EncodeEvents(out []byte, events ...Event) ([]byte, error) {
	for i := range events {
		e := &events[i]
		kind := slices.Index(eventKinds, e.Kind)
		if kind < 0 || (e.Kind == EventSettled) != (e.Verdict != nil) || (e.Kind == EventAnswered) != (e.Answer != nil) {
			return nil, fmt.Errorf("event %q cannot be stored", e.Kind)
		}
		out = append(out, byte(kind))
		out = binary.AppendUvarint(out, uint64(e.Item))
		out = appendTime(out, e.At)
		out = binary.AppendUvarint(out, uint64(e.Attempt))
		out = appendTime(out, e.Until)
		out = append(out, flag(e.Lost))
		if e.Answer != nil {
			out = appendAnswer(out, e)
		}
		if e.Verdict == nil {
			continue
		}
		var err error
		if out, err = appendVerdict(out, e.Verdict); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendAnswer(out []byte, e *Event) []byte {
	out = binary.AppendUvarint(out, uint64(len(e.With)))
	for _, item := range e.With {
		out = binary.AppendUvarint(out, uint64(item))
	}
	out = binary.AppendUvarint(out, uint64(e.Answer.Status))
	out = appendText(appendText(out, e.Answer.Headers), e.Answer.Body)
	return append(out, flag(e.Answer.Cut))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendTime(out []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(out, 0)
	}
	return binary.AppendUvarint(out, uint64(t.UnixMilli()))
}

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

func appendVerdict(out []byte, v *Verdict) ([]byte, error) {
	for _, s := range []string{string(v.Status), v.Code, v.Message, v.Reference} {
		out = appendText(out, s)
	}
	out = binary.AppendUvarint(out, uint64(v.Attempts))
	out = appendTime(out, v.SentAt)
	if v.Rows == nil && v.Problems == nil {
		return append(out, 0), nil
	}
	more, err := json.Marshal(verdictRest{v.Rows, v.Problems})
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(out, uint64(len(more))), more...), nil
}

// ApplyEvents plays stored events onto the states of a chunk.
func ApplyEvents(states []ItemState, data []byte) error {
	for d := (decoder{data: data}); len(d.data) > 0; {
		e, err := d.event()
		if err != nil {
			return err
		}
		for _, item := range append(e.With, e.Item) {
			if item < 0 || item >= len(states) {
				return ErrAltered
			}
			states[item].Apply(e)
		}
	}
	return nil
}

func (d *decoder) event() (e Event, err error) {
	kind := d.number()
	if kind >= len(eventKinds) || kind < 0 {
		return e, ErrAltered
	}
	e = Event{Kind: eventKinds[kind], Item: d.number(), At: d.time(), Attempt: d.number(), Until: d.time(), Lost: d.number() == 1}
	switch e.Kind {
	case EventSettled:
		e.Verdict, err = d.verdict()
	case EventAnswered:
		e.With, e.Answer = d.answer()
	}
	return e, errors.Join(err, d.err)
}

func (d *decoder) answer() (with []int, a *batch.Answer) {
	for n := d.number(); n > 0 && d.err == nil; n-- {
		with = append(with, d.number())
	}
	return with, &batch.Answer{Status: d.number(), Headers: string(d.bytes()), Body: string(d.bytes()), Cut: d.number() == 1}
}

func (d *decoder) verdict() (*Verdict, error) {
	v := &Verdict{Outcome: batch.Outcome{Status: status(d.bytes()), Code: string(d.bytes()), Message: string(d.bytes()),
		Reference: string(d.bytes()), Attempts: d.number(), SentAt: d.time()}}
	more := d.bytes()
	if len(more) == 0 || d.err != nil {
		return v, d.err
	}
	var r verdictRest
	if err := json.Unmarshal(more, &r); err != nil {
		return nil, fmt.Errorf("verdict: %w", err)
	}
	v.Rows, v.Problems = r.Rows, r.Problems
	return v, nil
}

func (d *decoder) time() time.Time {
	ms := d.number()
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// status avoids a copy of the words there are.
func status(b []byte) batch.Status {
	for _, s := range batch.Statuses() {
		if string(b) == string(s) {
			return s
		}
	}
	return batch.Status(b)
}
