package grid

import "io"

// Base is what sheets of every kind have. Whoever embeds it has half of a Sheet.
type Base struct {
	Cells   Row // of the current row
	upright []Area
	told    func(Area)
}

// BaseFor is one whose values are judged by these rules.
func BaseFor(r Rules) Base { return Base{Cells: Row{Rules: r}} }

// Row implements Sheet.
func (b *Base) Row() *Row { return &b.Cells }

// Merged implements Sheet.
func (b *Base) Merged() []Area { return b.upright }

// Merge is told of a merged range.
func (b *Base) Merge(a Area) {
	if b.told != nil {
		b.told(a)
	}
	if a.Bottom > a.Top && len(b.upright) < MaxMerged {
		b.upright = append(b.upright, a)
	}
}

func (b *Base) tell(whom func(Area)) { b.told = whom }

// Spans walks sheet i, one with a Base that tells of its ranges as it is read, up to row through, and gives those that begin there or
// before: at most MaxMerged.
func Spans(open func(i int) (Sheet, error), i, through int) ([]Area, error) {
	s, err := open(i)
	if err != nil {
		return nil, err
	}
	var found []Area
	s.(interface{ tell(func(Area)) }).tell(func(a Area) {
		if a.Top <= through && len(found) < MaxMerged {
			found = append(found, a)
		}
	})
	for s.Row().Number <= through {
		if err := s.Next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return found, nil
}
