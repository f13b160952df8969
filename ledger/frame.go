package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rowferry/rowferry/batch"
)

// A chunk's items are stored as frames one after another:
//
//	seq, number of rows, first row, steps to the further rows, length of body (0: none), body, length of rest, rest
//
// Numbers are uvarints. The rest is JSON and only there when an item has problems, cells to remember or a preset verdict.

type rest struct {
	Problems []batch.Problem   `json:"problems,omitempty"`
	Where    map[string]string `json:"where,omitempty"`
	Preset   *Verdict          `json:"preset,omitempty"`
}

// EncodeItems is the stored form of a chunk's items.
func EncodeItems(items []Staged) ([]byte, error) {
	size := 0
	for i := range items {
		size += len(items[i].Body) + 16
	}
	out := make([]byte, 0, size)
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
		if it.Problems == nil && it.Where == nil && it.Preset == nil {
			out = append(out, 0)
			continue
		}
		more, err := json.Marshal(rest{it.Problems, it.Where, it.Preset})
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(out, uint64(len(more)))
		out = append(out, more...)
	}
	return out, nil
}

// DecodeItems reads what EncodeItems wrote. The items' bodies lie in data.
func DecodeItems(data []byte) ([]Staged, error) {
	var items []Staged
	d := decoder{data: data}
	for len(d.data) > 0 && d.err == nil {
		var it Staged
		it.Seq = d.number()
		rows := d.number()
		if rows > len(d.data) {
			break
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
			it.Problems, it.Where, it.Preset = r.Problems, r.Where, r.Preset
		}
		items = append(items, it)
	}
	if d.err == nil && len(d.data) > 0 {
		d.err = errFrame
	}
	return items, d.err
}

var errFrame = fmt.Errorf("a stored chunk is damaged")

type decoder struct {
	data []byte
	err  error
}

func (d *decoder) number() int {
	n, used := binary.Uvarint(d.data)
	if used <= 0 {
		d.err, d.data = errFrame, nil
		return 0
	}
	d.data = d.data[used:]
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.number()
	if n > len(d.data) || n < 0 {
		d.err, d.data = errFrame, nil
		return nil
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b
}

// EncodeEvents is the stored form of events of one chunk: JSON lines.
func EncodeEvents(events []Event) ([]byte, error) {
	var out []byte
	for i := range events {
		line, err := json.Marshal(&events[i])
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}

// ApplyEvents plays stored events onto the states of a chunk.
func ApplyEvents(states []ItemState, data []byte) error {
	for len(data) > 0 {
		end := slices.Index(data, '\n')
		if end < 0 {
			return errFrame
		}
		var e Event
		if err := json.Unmarshal(data[:end], &e); err != nil {
			return fmt.Errorf("event: %w", err)
		}
		if e.Item < 0 || e.Item >= len(states) {
			return errFrame
		}
		states[e.Item].Apply(e)
		data = data[end+1:]
	}
	return nil
}
