package desk

import (
	"context"
	"slices"
	"strconv"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/redrop"
)

// Left is what a file still speaks for once its result was dropped again. Dropped in parts, a result leaves rows to the file that it is of.
type Left struct {
	Newer string               // the newest file of the family; "": the file itself, which speaks for all of its rows
	Rows  map[int]batch.Status // those that were not delivered and that no newer file has; nil where Newer is ""
}

// None reports whether newer files speak for all that was not delivered.
func (l Left) None() bool { return l.Newer != "" && len(l.Rows) == 0 }

// Count counts the rows with one of the outcomes; f is the file.
func (l Left) Count(f *ledger.File, statuses ...batch.Status) (n int) {
	for _, s := range statuses {
		if l.Newer == "" {
			n += f.Counts.Of(s)
		}
	}
	for _, s := range l.Rows {
		if slices.Contains(statuses, s) {
			n++
		}
	}
	return n
}

// Newer are the accepted files of a family that followed one of it, the newest last.
func (d *Desk) Newer(ctx context.Context, f ledger.File) ([]ledger.File, error) {
	family, err := d.Books.Files(ctx, ledger.Query{Family: f.Root(), States: ledger.FamilyStates()})
	family = slices.DeleteFunc(family, func(m ledger.File) bool { return m.Generation() <= f.Generation() })
	slices.SortFunc(family, func(a, b ledger.File) int { return a.Generation() - b.Generation() })
	return family, err
}

// Left finds out what a file still speaks for beside those that Newer gives.
func (d *Desk) Left(ctx context.Context, f ledger.File, newer []ledger.File) (Left, error) {
	if len(newer) == 0 {
		return Left{}, nil
	}
	newest := newer[len(newer)-1]
	l := Left{Newer: newest.ID, Rows: map[int]batch.Status{}}
	if f.Lost(ledger.PartRows) || redrop.Whole(f.ID, newest, newer) {
		return l, nil
	}
	return l, d.left(ctx, f, newer, l.Rows)
}

// left adds the rows of f that were not delivered and that none of the later files has.
func (d *Desk) left(ctx context.Context, f ledger.File, later []ledger.File, rows map[int]batch.Status) error {
	numbers := map[string]int{} // by origin
	err := d.kin(ctx, f, func(origin string, row int, out batch.Outcome, carried bool) {
		if out.Status != batch.Delivered && !redrop.Elsewhere(&out, carried) {
			numbers[origin], rows[row] = row, out.Status
		}
	})
	for i := range later {
		if err != nil || later[i].Lost(ledger.PartRows) {
			continue
		}
		err = d.kin(ctx, later[i], func(origin string, _ int, out batch.Outcome, carried bool) {
			if row, is := numbers[origin]; is && !redrop.Elsewhere(&out, carried) {
				delete(rows, row)
			}
		})
	}
	return err
}

// kin gives the rows of a file with what became of them, and which row of its family each is.
func (d *Desk) kin(ctx context.Context, f ledger.File, each func(origin string, row int, out batch.Outcome, carried bool)) error {
	for c, err := range d.Books.Chunks(ctx, f.ID) {
		if err != nil {
			return err
		}
		for i := range c.Items {
			item, v := &c.Items[i], c.States[i].Verdict
			for k, row := range item.Rows {
				origin, carried, out := strconv.Itoa(row), false, batch.Outcome{}
				if v != nil {
					out = v.Of(row)
				}
				if f.Reading.Again != nil {
					origin = f.ID + ":" + origin
				}
				if k < len(item.Kin) {
					carried = item.Kin[k].Carried && v == item.Preset
					if item.Kin[k].Origin != "" {
						origin = item.Kin[k].Origin
					}
				}
				each(origin, row, out, carried)
			}
		}
	}
	return nil
}
