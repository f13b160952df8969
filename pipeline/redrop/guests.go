package redrop

import (
	"errors"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// guest is a row of another file of the route, whose result was put into the dropped one.
type guest struct {
	file *ledger.File
	row  int
	sent bool // it was or may have been delivered
	same bool // nothing of it was changed
	sure bool // it shares so much with that row, and nothing with those of the base, that it is no row of the base that was changed
}

// visited is how many rows other files may have together that are searched for guests.
const visited = 300_000

// findGuests finds the lines that no row of the base resembles and that are rows of other files. What a program wrote in its own way is taken for
// what it was there: else nobody knows that it was sent.
func (m *matching) findGuests() error {
	lines, err := m.homeless()
	if err != nil || len(lines) == 0 {
		return err
	}
	home := make(map[int]int, len(lines)) // how many values they share with a row of the base
	err = m.resembling(lines, func(i int, shared map[int]int) {
		if best := likest(shared, func(int) bool { return true }); best >= 0 && !m.late(i) && len(m.bySum.all(m.lines[i].sum)) == 0 {
			home[i] = shared[best]
		}
	})
	if err != nil {
		return err
	}
	files, err := m.candidates(m.t)
	if err != nil {
		return err
	}
	rows, restored := 0, map[int]bool{}
	for _, f := range files {
		lines = slices.DeleteFunc(lines, func(i int) bool { return m.guests[i] != nil || restored[i] })
		if rows += f.Counts.Read; len(lines) == 0 || rows > visited {
			break
		}
		if f.Root() == m.family.base.Root() {
			continue
		}
		if err := m.visit(f, lines, home, restored); err != nil {
			if _, told := errors.AsType[*batch.Unreadable](err); !told {
				return err
			}
		}
	}
	return nil
}

// homeless are the lines that are no row of the base as they stand: their number is none of its rows', or our columns say otherwise of it than its
// result does. People clear numbers of rows that are to go as new ones; such a row is known by its request, unless a program wrote it.
func (m *matching) homeless() ([]int, error) {
	written, err := m.zeroless()
	if err != nil {
		return nil, err
	}
	mixed := m.mixed()
	var lines []int
	for i, l := range m.lines {
		at, known := m.byNumber.last(l.number)
		is := m.bySum.all(l.sum)
		switch {
		case written && m.late(i):
			lines = append(lines, i)
		case len(is) > 0 && !(written && l.number == 0 && m.originals[is[0]].before.held()):
		case l.number == 0 && written, l.number > 0 && !known, known && (mixed || m.contradicts(i, at)):
			lines = append(lines, i)
		}
	}
	return lines, nil
}

// late reports whether a line has the number of a row that is not from the family's first file. It may have come from another one.
func (m *matching) late(i int) bool {
	at, known := m.byNumber.last(m.lines[i].number)
	return known && !m.displaced && m.originals[at].place.origin > originRow
}

// zeroless reports whether the dropped file is a text with lines beside no number, or late ones, and no value in it begins with a zero: a program
// may have taken them off.
func (m *matching) zeroless() (bool, error) {
	some := false
	for i := range m.lines {
		some = some || m.lines[i].number == 0 || m.late(i)
	}
	if !some || !m.file.Format.Text || !m.numbered {
		return false, nil
	}
	kept, err := m.keepsZeros()
	return err == nil && !kept, err
}

// visit finds which of the lines are rows of another file. Late ones are rows of the base all the same, and only restored.
func (m *matching) visit(f *ledger.File, lines []int, home map[int]int, restored map[int]bool) error {
	there := *m.recognition
	there.base = f
	var err error
	if there.family, err = there.load(); err != nil {
		return err
	}
	v := &matching{recognition: &there, t: m.t}
	if err := v.read(); err != nil {
		return err
	}
	found, sure := map[int]int{}, map[int]bool{}
	err = v.resembling(lines, func(i int, shared map[int]int) {
		own, numbered := v.byNumber.last(v.lines[i].number)
		numbered = numbered && !m.late(i)
		best := likest(shared, func(at int) bool { return !numbered || at == own })
		if best >= 0 && shared[best] > home[i] {
			found[i], sure[i] = best, numbered && home[i] == 0 && shared[best] > 1
		}
	})
	if err != nil || len(found) == 0 {
		return err
	}
	r := v.renotation(f)
	r.written = m.written
	if err := v.tally(r, func(i int) (int, bool) { at, is := found[i]; return at, is }, true); err != nil {
		return err
	}
	if count := r.count(); count > 0 {
		m.t.Restore = append(m.t.Restore, r)
		m.t.More = append(m.t.More, batch.Note{Message: words.Message("redrop.note.renoted", "count", count, "id", f.ID), Count: count})
		if err := v.sumAgain(nil); err != nil {
			return err
		}
	}
	for i, at := range found {
		if restored[i] = true; m.late(i) {
			continue
		}
		o := &v.originals[at]
		m.guests[i] = &guest{f, o.number, o.before.sent(), o.sum == v.lines[i].sum, sure[i]}
	}
	return nil
}
