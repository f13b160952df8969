package desk

import (
	"cmp"
	"context"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Group is rows of a file that were not delivered for the same reason.
type Group struct {
	Status  batch.Status `json:"status"`
	Code    string       `json:"code,omitempty"`
	Column  string       `json:"column,omitempty"`
	Rows    int          `json:"rows"`
	First   int          `json:"first"`            // a row of it
	Place   string       `json:"place,omitempty"`  // of that row, as Row has it
	Message string       `json:"message"`          // what is said of that row
	Others  bool         `json:"others,omitempty"` // of other rows of the group something else may be said: they were too many to look at each
}

// closely is how many rows are looked at one by one to tell their columns apart; of more, only outcome and code are told.
const closely = 2000

// Counted groups as Reasons does, by column too however many rows there are: it looks at every row of the file.
func (d *Desk) Counted(ctx context.Context, f ledger.File) ([]Group, error) {
	type kind struct {
		status       batch.Status
		code, column string
	}
	all := map[kind]*Group{}
	for r, err := range d.Rows(ctx, f.ID, Rows{}) {
		if err != nil {
			return nil, err
		}
		if r.Outcome == nil || r.Outcome.Status == batch.Delivered {
			continue
		}
		g := groupOf(&r)
		of := kind{g.Status, g.Code, g.Column}
		if all[of] == nil {
			all[of] = &g
		}
		all[of].Rows++
	}
	var out []Group
	for _, g := range all {
		out = append(out, *g)
	}
	sorted(out)
	return out, nil
}

// groupOf is the group of a row, still without rows.
func groupOf(r *Row) Group {
	g := Group{Status: r.Outcome.Status, Code: r.Outcome.Code, First: r.Number, Place: r.Place, Message: r.Said()}
	if len(r.Why) > 0 {
		g.Column = r.Why[0].Column
	}
	return g
}

// sorted puts the largest group first.
func sorted(all []Group) {
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.First, b.First), cmp.Compare(a.Code, b.Code))
	})
}

// Reasons groups the rows of a file that have an outcome other than delivered, the largest group first.
func (d *Desk) Reasons(ctx context.Context, f ledger.File) ([]Group, error) {
	reasons, err := ledger.Reasons(ctx, d.Books, f.ID)
	if err != nil {
		return nil, err
	}
	var all []Group
	for reason, n := range reasons {
		if reason.Status == ledger.Open || reason.Status == batch.Delivered || n == 0 {
			continue
		}
		found, err := d.reason(ctx, f, reason, n)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	sorted(all)
	return all, nil
}

// reason tells the columns of one outcome and code apart, where there are not too many rows.
func (d *Desk) reason(ctx context.Context, f ledger.File, reason ledger.Reason, n int) ([]Group, error) {
	q := ledger.RowQuery{File: f.ID, Outcomes: []batch.Status{reason.Status}, Code: reason.Code, Limit: closely}
	if n > closely {
		q.Limit = 1
	}
	page, err := ledger.Rows(ctx, d.Books, q)
	if err != nil {
		return nil, err
	}
	columns, byColumn := d.columns(f), map[string]*Group{}
	var order []*Group
	seen := 0
	for i := range page.Rows {
		r := rowOf(&page.Rows[i])
		r.Place = placeIn(f, r.Number)
		columns.name(&r)
		if r.Outcome.Code != reason.Code { // a query for no code is one for any
			continue
		}
		seen++
		one := groupOf(&r)
		g := &one
		if known := byColumn[g.Column]; known != nil {
			g = known
		} else {
			byColumn[g.Column] = g
			order = append(order, g)
		}
		g.Rows++
	}
	if len(order) == 0 {
		return []Group{{Status: reason.Status, Code: reason.Code, Rows: n}}, nil
	}
	if seen < n { // too many to look at each, or they changed meanwhile
		first := order[0]
		return []Group{{Status: reason.Status, Code: reason.Code, Rows: n, First: first.First, Place: first.Place, Message: first.Message, Others: true}}, nil
	}
	var out []Group
	for _, g := range order {
		out = append(out, *g)
	}
	return out, nil
}

// Page gives a page of a file's rows.
func (d *Desk) Page(ctx context.Context, q ledger.RowQuery) ([]Row, ledger.RowPage, error) {
	page, err := ledger.Rows(ctx, d.Books, q)
	if err != nil {
		return nil, page, err
	}
	f, later, err := d.later(ctx, q.File)
	if err != nil {
		return nil, page, err
	}
	columns := d.columns(f)
	rows := make([]Row, len(page.Rows))
	for i := range page.Rows {
		if r := &page.Rows[i]; r.Outcome != nil {
			o := later.With(*r.Outcome, r.Chunk, r.At)
			r.Outcome = &o
		}
		rows[i] = rowOf(&page.Rows[i])
		rows[i].Place = placeIn(f, rows[i].Number)
		columns.name(&rows[i])
	}
	return rows, page, nil
}
