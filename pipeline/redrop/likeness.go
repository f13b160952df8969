package redrop

import (
	"cmp"
	"errors"
	"hash/maphash"
	"io"

	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/resultmark"
)

// likenessRoom is how many values are looked for at a time. Only tests change it.
var likenessRoom = 1 << 19

// byLikeness takes a changed line for the missing row with which it shares most values that no other row of the base has in
// that column. None of the missing rows was sent. Values are compared some columns at a time, so that a file with many of them needs no
// more memory.
func (m *matching) byLikeness(lines []int) error {
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
	return m.likest(asked, owners)
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
			if text != "" {
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

// likest decides about the lines, one after the other: a row that one was found to be is no other's.
func (m *matching) likest(asked *grid, owners []*grid) error {
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
				if n > 0 && !m.originals[n-1].used {
					shared[int(n-1)]++
				}
			}
		}
		best := -1
		for at, n := range shared {
			if best < 0 || n > shared[best] || n == shared[best] && at < best {
				best = at
			}
		}
		i := int(row[0])
		if best >= 0 {
			m.match(i, edited, best)
		} else {
			m.fates[i] = fate{as: fresh, resend: m.lines[i].status == resultmark.Resend}
		}
		return nil
	})
}
