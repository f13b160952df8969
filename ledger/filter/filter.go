// Package filter says in SQL which lines a query is after, as far as databases say it alike, and gathers them.
package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Where is a condition whose parts must all hold. Mark is what the number of a value begins with: $ or ?.
type Where struct {
	Mark  string
	Args  []any
	parts []string
}

// Add adds a part, in which # stands for the value, however often.
func (w *Where) Add(part string, value any) {
	w.Args = append(w.Args, value)
	w.Also(strings.ReplaceAll(part, "#", fmt.Sprint(w.Mark, len(w.Args))))
}

// Also adds a part without a value.
func (w *Where) Also(part string) { w.parts = append(w.parts, part) }

// Given adds that a column has the value, where one is given.
func (w *Where) Given(column, value string) {
	if value != "" {
		w.Add(column+" = #", value)
	}
}

// In adds that a column has one of the values, where there are any.
func In[S ~string](w *Where, column string, values []S) {
	var marks []string
	for _, v := range values {
		w.Args = append(w.Args, string(v))
		marks = append(marks, fmt.Sprint(w.Mark, len(w.Args)))
	}
	if len(marks) > 0 {
		w.Also(column + " IN (" + strings.Join(marks, ", ") + ")")
	}
}

func (w *Where) String() string { return strings.Join(append(w.parts, "1 = 1"), " AND ") }

// Files is what a query for files says to all databases alike.
func Files(mark string, q ledger.Query) (*Where, error) {
	w := &Where{Mark: mark}
	for _, s := range q.Outcomes {
		if !slices.Contains(batch.Statuses(), s) {
			return nil, fmt.Errorf("%q is no outcome", s)
		}
	}
	In(w, "state", q.States)
	if len(q.States) > 0 && !slices.ContainsFunc(q.States, ledger.State.AtRest) {
		w.Also("state NOT IN ('reported', 'quarantined', 'duplicate')") // the partial index of the unfinished fits
	}
	w.Given("route", q.Route)
	w.Given("account", q.Account)
	In(w, "route", q.Routes)
	if q.Changed > 0 {
		w.Add("changed > #", q.Changed)
	}
	if !q.Ended.IsZero() {
		w.Add("finished >= #", ledger.Millis(q.Ended))
	}
	if q.Before != "" {
		w.Add("n < (SELECT n FROM files WHERE id = #)", q.Before)
	}
	if q.After != "" {
		w.Add("n > (SELECT n FROM files WHERE id = #)", q.After)
	}
	return w, nil
}

// Receipts is what a query for receipts says: r are receipts, and f the files of their items.
func Receipts(mark string, q ledger.ReceivedQuery) *Where {
	w := &Where{Mark: mark}
	w.Add("r.n > #", q.After)
	if q.File != "" {
		w.Add("r.mark IN (SELECT mark FROM marks WHERE file = (SELECT n FROM files WHERE id = #)) AND f.id = #", q.File)
	}
	if q.Unknown {
		w.Also("f.id IS NULL")
	}
	return w
}

// Acts is what a query for what people did says. What people wrote is kept as text makes it.
func Acts(mark string, q ledger.ActQuery, text func(string) any) *Where {
	w := &Where{Mark: mark}
	for column, value := range map[string]string{"who": q.By, "verb": q.Verb} {
		if value != "" {
			w.Add(column+" = #", text(value))
		}
	}
	w.Given("file", q.File)
	if q.Before > 0 {
		w.Add("n < #", q.Before)
	}
	return w
}

// Limit ends a query that is after at most so many lines; 0 is all.
func Limit(most int) string {
	if most <= 0 {
		return ""
	}
	return fmt.Sprint(" LIMIT ", most)
}

// Moment is how the ids of files begin that were taken then: they are in the order of their moments.
func Moment(q ledger.Query) string { return q.Since.Local().Format("20060102-150405") }

// Any is a condition that some column is above nothing.
func Any(columns []batch.Status) string {
	var each []string
	for _, c := range columns {
		each = append(each, string(c)+" > 0")
	}
	return "(" + strings.Join(each, " OR ") + ")"
}

// Bounds are how many files a query is after, 0 for all, and in which order they must be read.
func Bounds(q ledger.Query) (limit int, order string) {
	if q.First > 0 {
		return q.First, "ASC"
	}
	return q.Last, "DESC"
}

// Gather reads files in that order, until next has no more, and gives those that mention the query's text, oldest first.
func Gather(q ledger.Query, next func() (f ledger.File, more bool, err error)) ([]ledger.File, error) {
	limit, order := Bounds(q)
	var found []ledger.File
	for limit == 0 || len(found) < limit {
		f, more, err := next()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if f.Mentions(q.Text) {
			found = append(found, f)
		}
	}
	if order == "DESC" {
		slices.Reverse(found)
	}
	return found, nil
}
