package redrop

import (
	"cmp"
	"errors"
	"hash/maphash"
	"io"
	"strings"

	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/resultmark"
)

// likenessRoom is how many values are looked for at a time. Only tests change it.
var likenessRoom = 1 << 19

// byLikeness takes a changed line for the missing row with which it shares most values that no other row of the base has in
// that column. None of the missing rows was sent. A row that one line was found to be is no other's.
func (m *matching) byLikeness(lines []int) error {
	return m.resembling(lines, func(i int, shared map[int]int) {
		if best := likest(shared, func(at int) bool { return !m.originals[at].used }); best >= 0 {
			m.match(i, edited, best)
		} else {
			m.fates[i] = fate{as: fresh, resend: m.lines[i].status == resultmark.Resend}
		}
	})
}

// moved finds out whether rows moved without their numbers though none is as it was, which would show it: where a program wrote all of them
// in its own way, and only the sender's columns were sorted. A line has moved that shares more of its values with another row than with that
// of its number. Where only rows changed that never were sent, and all that were sent are there, it does not matter, unless the rows are those of
// a result, which has them as a program wrote them: what they were before is asked of the family's first file.
func (m *matching) moved() error {
	var lines []int
	sent, still := false, make([]bool, len(m.originals))
	for i, l := range m.lines {
		at, known := m.byNumber.last(l.number)
		switch {
		case !known:
		case m.originals[at].sum == l.sum:
			still[at] = true
		default:
			lines, sent = append(lines, i), sent || m.originals[at].before.sent()
		}
	}
	settled := m.family.base.ID == m.family.base.Root() && !sent && !m.sentMissing()
	if len(lines) == 0 || settled {
		return nil
	}
	like := make([]int32, len(m.lines))
	err := m.resembling(lines, func(i int, shared map[int]int) {
		own, _ := m.byNumber.last(m.lines[i].number)
		best := likest(shared, func(at int) bool { return !still[at] })
		m.displaced = m.displaced || best >= 0 && shared[best] > shared[own]
		like[i] = int32(best + 1)
	})
	if m.displaced {
		m.like = like
	}
	return err
}

// sentMissing reports whether a row that was or may have been sent is no line as it was.
func (m *matching) sentMissing() bool {
	there := make([]bool, len(m.originals))
	for _, l := range m.lines {
		for _, at := range m.bySum.all(l.sum) {
			there[at] = true
		}
	}
	for at := range m.originals {
		if !there[at] && m.originals[at].before.sent() {
			return true
		}
	}
	return false
}

// likest is the row that shares most, of those that are free; -1 for none.
func likest(shared map[int]int, free func(at int) bool) int {
	best := -1
	for at, n := range shared {
		if free(at) && (best < 0 || n > shared[best] || n == shared[best] && at < best) {
			best = at
		}
	}
	return best
}

// resembling gives for each of some lines, one after the other, how many values it shares with which rows of the base, of those that no other
// row has in that column. Values are compared some columns at a time, so that a file with many of them needs no more memory.
func (m *matching) resembling(lines []int, each func(i int, shared map[int]int)) error {
	base := &m.family.base
	earlier, err := m.again(m.ctx, m.route, base)
	if err != nil {
		return err
	}
	defer earlier.Close()
	width, seed := len(base.Reading.Columns), maphash.MakeSeed()
	known, err := m.values(earlier, width, seed, m.byNumber.last)
	if err != nil {
		return err
	}
	defer known.close()
	byRow := index(len(lines), func(i int32) int { return m.lines[lines[i]].row }, cmp.Compare[int])
	asked, err := m.values(m.t, width, seed, func(row int) (int, bool) {
		at, wanted := byRow.last(row)
		return lines[max(at, 0)], wanted
	})
	if err != nil {
		return err
	}
	defer asked.close()
	var owners []*grid
	defer func() {
		for _, g := range owners {
			g.close()
		}
	}()
	most := max(1, likenessRoom/max(1, len(m.originals)))
	for first := 0; first < width; first += most {
		g, err := owned(known, asked, first, min(first+most, width))
		if g != nil {
			owners = append(owners, g)
		}
		if err != nil {
			return err
		}
	}
	return count(asked, owners, each)
}

// values are a number for each value of each row that is wanted, 0 for none, behind the row's index.
func (m *matching) values(t *opening.Table, width int, seed maphash.Seed, at func(row int) (int, bool)) (*grid, error) {
	g, err := newGrid(1 + width)
	if err != nil {
		return nil, err
	}
	row := make([]uint64, 1+width)
	var failed error
	err = m.each(t, func(number int, cells []string) {
		i, wanted := at(number)
		if !wanted || failed != nil {
			return
		}
		clear(row)
		row[0] = uint64(i)
		for c, text := range cells[:min(len(cells), width)] {
			if text = bare(text); text != "" {
				row[1+c] = max(1, valueIn(seed, c, text))
			}
		}
		failed = g.add(row)
	})
	if err = errors.Join(err, failed); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// bare is a number without what programs leave out or put before it.
func bare(text string) string {
	if n := strings.TrimLeft(text, "'+0"); n != "" && n[0] >= '0' && n[0] <= '9' {
		return n
	}
	return text
}

// valueIn stands for a text in a column; that two are taken for one is too rare to count.
func valueIn(seed maphash.Seed, column int, text string) uint64 {
	return maphash.Comparable(seed, [2]uint64{uint64(column), maphash.String(seed, text)})
}

// owned gives, for each line and column from first on, the row of the base that alone has the line's value there, counted from 1; 0 where
// none has.
func owned(known, asked *grid, first, end int) (*grid, error) {
	const several = ^uint64(0)
	owners := map[uint64]uint64{}
	err := eachRow(known, func(row []uint64) error {
		for _, v := range row[1+first : 1+end] {
			if v == 0 {
				continue
			}
			if _, taken := owners[v]; taken {
				owners[v] = several
			} else {
				owners[v] = row[0] + 1
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	g, err := newGrid(end - first)
	if err != nil {
		return nil, err
	}
	of := make([]uint64, end-first)
	return g, eachRow(asked, func(row []uint64) error {
		for i, v := range row[1+first : 1+end] {
			if of[i] = owners[v]; v == 0 || of[i] == several {
				of[i] = 0
			}
		}
		return g.add(of)
	})
}

func eachRow(g *grid, each func(row []uint64) error) error {
	if err := g.rewind(); err != nil {
		return err
	}
	for {
		row, err := g.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// count gives what the owners of a line's values are.
func count(asked *grid, owners []*grid, each func(i int, shared map[int]int)) error {
	for _, g := range owners {
		if err := g.rewind(); err != nil {
			return err
		}
	}
	shared := map[int]int{} // row of the base → values
	return eachRow(asked, func(row []uint64) error {
		clear(shared)
		for _, g := range owners {
			of, err := g.next()
			if err != nil {
				return err
			}
			for _, n := range of {
				if n > 0 {
					shared[int(n-1)]++
				}
			}
		}
		each(int(row[0]), shared)
		return nil
	})
}
