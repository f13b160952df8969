package desk

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/receipts"
	"github.com/rowferry/rowferry/resultmark"
)

// Row is what the books say of one row of a file.
type Row struct {
	Number  int             `json:"row"`
	Place   string          `json:"place,omitempty"`    // of a file of which several sheets were read: "December!5"
	Outcome *batch.Outcome  `json:"outcome,omitempty"`  // nil: it waits
	Tries   int             `json:"attempts,omitempty"` // requests that may have reached the provider with it
	Until   time.Time       `json:"not_before,omitzero"`
	Why     []batch.Problem `json:"problems,omitempty"`
}

// Rows selects rows of a file. The zero value selects all.
type Rows struct {
	Statuses    []batch.Status // only rows with one of these outcomes
	Undelivered bool           // only rows that are not delivered, or that the provider refused later
	Text        string         // only rows whose code, message, reference or problems have it, whatever the case
}

// Rows gives the rows of a file that are selected, in the file's order.
func (d *Desk) Rows(ctx context.Context, file string, which Rows) iter.Seq2[Row, error] {
	which.Text = strings.ToLower(which.Text)
	return func(yield func(Row, error) bool) {
		f, later, err := d.later(ctx, file)
		if err != nil {
			yield(Row{}, err)
			return
		}
		columns := d.columns(f)
		for c, err := range d.Books.Chunks(ctx, file) {
			if err != nil {
				yield(Row{}, err)
				return
			}
			for i := range c.Items {
				at := ledger.Row{Item: &c.Items[i], State: &c.States[i]}
				for _, number := range c.Items[i].Rows {
					if v := at.State.Verdict; v != nil {
						o := later.With(v.Of(number), c.Seq, i)
						at.Outcome = &o
					}
					at.Number = number
					r := rowOf(&at)
					r.Place = placeIn(f, number)
					if columns.name(&r); which.fits(&r) && !yield(r, nil) {
						return
					}
				}
			}
		}
	}
}

// later is what the provider said later of a file's rows.
func (d *Desk) later(ctx context.Context, file string) (ledger.File, *receipts.Join, error) {
	f, err := d.Books.File(ctx, file)
	if err != nil {
		return f, nil, err
	}
	join, err := receipts.Joining(ctx, d.Books, f, receipts.Wanted(d.Config, f.Account, f.Operation))
	return f, join, err
}

// columns are our columns' names in a CSV result, for their headings in a workbook; nil where those are right.
type columns struct{ inCSV *strings.Replacer }

// columns says how the results that are out call our columns.
func (d *Desk) columns(f ledger.File) columns {
	workbook := slices.ContainsFunc(f.Results, func(name string) bool { return !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".json") })
	if len(f.Results) == 0 || workbook || d.Config.Routes[f.Route].Outbox.Words == "local" {
		return columns{}
	}
	return columns{resultmark.InCSV(f.Language)}
}

// name makes what is said of a row speak of our columns as its result calls them.
func (c columns) name(r *Row) {
	if c.inCSV == nil {
		return
	}
	if r.Outcome != nil {
		o := *r.Outcome
		o.Message = c.inCSV.Replace(o.Message)
		r.Outcome = &o
	}
	for i := range r.Why {
		r.Why[i].Text = c.inCSV.Replace(r.Why[i].Text)
	}
}

// rowOf is what the books say of a row.
func rowOf(r *ledger.Row) Row {
	if r.Outcome == nil {
		return Row{Number: r.Number, Tries: r.State.Attempts, Until: r.State.Until}
	}
	out := Row{Number: r.Number, Outcome: r.Outcome, Tries: r.Outcome.Attempts}
	for _, list := range [][]batch.Problem{r.Item.Problems, r.State.Verdict.Problems} {
		for _, p := range list {
			if p.Row == r.Number {
				out.Why = append(out.Why, p)
			}
		}
	}
	return out
}

func (w *Rows) fits(r *Row) bool {
	switch {
	case w.Undelivered && r.Outcome != nil && r.Outcome.Status == batch.Delivered && (r.Outcome.Receipt == nil || r.Outcome.Receipt.Class != batch.Refused):
		return false
	case len(w.Statuses) > 0 && (r.Outcome == nil || !slices.Contains(w.Statuses, r.Outcome.Status)):
		return false
	}
	return w.Text == "" || r.says(w.Text)
}

// says reports whether anything that is said of a row has a text, which is in small letters.
func (r *Row) says(text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	if o := r.Outcome; o != nil && (has(o.Code) || has(o.Message) || has(o.Reference)) {
		return true
	}
	return slices.ContainsFunc(r.Why, func(p batch.Problem) bool { return has(p.Text) || has(p.Column) || has(p.Value) })
}

// Name is how people call the row.
func (r *Row) Name() string { return cmp.Or(r.Place, strconv.Itoa(r.Number)) }

// placeIn is what Place says of a row of a file.
func placeIn(f ledger.File, number int) string {
	if len(f.Reading.Sheets) == 0 {
		return ""
	}
	return f.Reading.Sheets.Row(number)
}

// Said is all that is said of a row: its outcome's message and its problems, each sentence once.
func (r *Row) Said() string {
	var said []string
	if r.Outcome != nil && r.Outcome.Message != "" {
		said = append(said, r.Outcome.Message)
	}
	for _, p := range r.Why {
		if p.Text != "" && !slices.Contains(said, p.Text) {
			said = append(said, p.Text)
		}
	}
	return strings.Join(said, " | ")
}
