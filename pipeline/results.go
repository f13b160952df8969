package pipeline

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/mend"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/report"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/resultmark"
)

// ErrNotEnded is the error of asking for the result of a file of which rows wait.
var ErrNotEnded = errors.New("rows of the file have no outcome yet")

// ErrNoRoute is the error of asking for the result of a file whose route was taken out of the configuration.
var ErrNoRoute = errors.New("the configuration has no route of the file any more")

// Result writes a file's result in a format ("csv", "xlsx", "summary") as the books have it now, whether or not it was put into
// the outbox. Whoever gets it closes and removes it.
func (e *Engine) Result(ctx context.Context, f ledger.File, format string) (*os.File, string, error) {
	writer := results[format]()
	r, err := e.reportOf(ctx, f)
	if err != nil {
		return nil, "", err
	}
	out, err := e.scratch(func(to *os.File) error { return writer.Write(ctx, to, r) })
	return out, resultName(f, writer.Extension()), err
}

func resultName(f ledger.File, extension string) string {
	return route.ResultName(opening.Stem(&f), f.ID, f.Revision, extension)
}

func (e *Engine) reportOf(ctx context.Context, f ledger.File) (r outbox.Report, err error) {
	way := e.Routes[f.Route]
	switch {
	case f.State != ledger.Settled && f.State != ledger.Reported:
		return r, ErrNotEnded
	case way == nil:
		return r, ErrNoRoute
	}
	return report.Of(ctx, e.Ledger, way, f), nil
}

// scratch makes a file that is nowhere but here.
func (e *Engine) scratch(write func(to *os.File) error) (*os.File, error) {
	out, err := os.CreateTemp(e.Data, "scratch-*")
	if err != nil {
		return nil, err
	}
	err = write(out)
	if err == nil {
		_, err = out.Seek(0, 0)
	}
	if err != nil {
		return nil, errors.Join(err, out.Close(), os.Remove(out.Name()))
	}
	return out, nil
}

// Mend drops a file's result again with cells changed, on its own route; or with check only says what would come of it. Of the problems
// that are found it lists only those of rows that shown has; nil: all.
func (e *Engine) Mend(ctx context.Context, f ledger.File, edits mend.Edits, only bool, shown []int) (fresh ledger.File, finding *check.Finding, err error) {
	r, err := e.reportOf(ctx, f)
	if err != nil {
		return fresh, nil, err
	}
	var rows mend.Written
	out, err := e.scratch(func(to *os.File) (err error) { rows, err = mend.Write(ctx, to, r, edits); return err })
	if err != nil {
		return fresh, nil, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	name := resultName(f, csvfile.New().Extension())
	if only {
		finding, err = check.Checker{Books: e.Books(), Shown: rows.InResult(shown)}.File(ctx, e.Routes[f.Route], out.Name(), name, nil)
		return fresh, numbered(finding, rows, f.Reading), err
	}
	fresh, err = e.Upload(ctx, f.Route, name, out)
	return fresh, nil, err
}

// numbered gives what is found in a mended result the numbers and cells that its rows have in their file.
func numbered(f *check.Finding, rows mend.Written, file ledger.Reading) *check.Finding {
	if f == nil {
		return nil
	}
	for _, problems := range [][]batch.Problem{f.Problems, f.Held} {
		for i := range problems {
			p := &problems[i]
			if p.Row = rows.Row(p.Row); p.Row > 0 && p.Cell != "" {
				cell := inFile(p.Cell, p.Row, file)
				p.Text, p.Cell = strings.Replace(p.Text, " "+p.Cell, " "+cell, 1), cell
			}
		}
	}
	for i := range f.First {
		for k := range f.First[i].Rows {
			f.First[i].Rows[k] = rows.Row(f.First[i].Rows[k])
		}
	}
	return f
}

// inFile names the cell of a file that the result has as another, its columns behind ours.
func inFile(inResult string, row int, file ledger.Reading) string {
	letter := strings.TrimRight(inResult, "0123456789")
	for i, c := range file.Columns {
		switch {
		case table.Letter(len(resultmark.Columns())+i) != letter:
		case file.Format == "xml":
			return c.Ref
		default:
			return file.Sheets.Cell(row, i, c.Ref)
		}
	}
	return inResult
}

// Preview says what changes of columns would do to a file of which this was edited before. It gives the values of those that fill in their rows.
func (e *Engine) Preview(ctx context.Context, f ledger.File, edits mend.Edits, changes []mend.Column) (mend.Change, error) {
	left := 0
	for i := range changes {
		if c := &changes[i]; c.Fills() {
			rows, err := e.mendable(ctx, f.ID, c.From, len(c.Values), edits.Only)
			if err != nil {
				return mend.Change{}, err
			}
			left = max(left, c.Place(rows))
		}
	}
	r, err := e.reportOf(ctx, f)
	if err != nil {
		return mend.Change{}, err
	}
	change, err := mend.Preview(ctx, r, edits, changes)
	change.Left = left
	return change, err
}

// mendable lists rows of a file that may be mended, in the order of its pages: so many, from one on, and only these where that is
// not nil.
func (e *Engine) mendable(ctx context.Context, file string, from, most int, only map[int]batch.Status) (rows []int, err error) {
	books := ledger.Steady(e.Ledger)
	q := ledger.RowQuery{File: file, Outcomes: mend.Outcomes(), Row: from, Limit: 1}
	first, err := ledger.Rows(ctx, books, q)
	if err != nil {
		return nil, err
	}
	if len(first.Rows) == 0 {
		return nil, &mend.Wrong{Row: from, Reason: "no-row"}
	}
	rows = append(rows, from)
	q.Row, q.Limit, q.After = 0, 500, first.Rows[0].Cursor
	for len(rows) < most {
		page, err := ledger.Rows(ctx, books, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			if _, is := only[r.Number]; is || only == nil {
				rows = append(rows, r.Number)
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	return rows[:min(most, len(rows))], nil
}
