package ours

import (
	"context"
	"fmt"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/outbox/summary"
)

// Tally is the accounting of the lines while they are written.
type Tally struct {
	counts batch.Counts
	codes  map[summary.Coded]int
	Cut    int                      // texts that no cell can hold
	says   map[summary.Coded]string // what is said of the first row of each
	mend   []toMend
}

// toMend is a row that needs a person.
type toMend struct {
	row     string // as people call it
	status  batch.Status
	message string
	sheet   string // where it stands in this workbook
	cell    string
}

// mostToMend is how many of them the summary lists.
const mostToMend = 1000

// mostCodes keeps the summary readable whatever a provider answers.
const mostCodes = 500

// Count counts a line. A line without an outcome is an error: its row would be lost.
func (t *Tally) Count(ctx context.Context, line *outbox.Line, r *outbox.Report) error {
	s := statusOf(line, r.Preview)
	if !slices.Contains(outcomes(), s) {
		return fmt.Errorf("row %d of file %s has no outcome (%q); the result is not written", line.Row.Number, r.File.ID, s)
	}
	if t.counts.Read++; t.counts.Read%1024 == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	counted := s
	if !slices.Contains(batch.Statuses(), s) {
		counted = batch.Delivered
	}
	t.counts.Add(counted, 1)
	if code := line.Outcome.Code; code != "" {
		if t.codes == nil {
			t.codes, t.says = map[summary.Coded]int{}, map[summary.Coded]string{}
		}
		if k := (summary.Coded{Status: s, Code: code}); t.codes[k] > 0 || len(t.codes) < mostCodes {
			if t.codes[k]++; t.codes[k] == 1 {
				t.says[k] = csvfile.Message(line)
			}
		}
	}
	return nil
}

// Place notes where a row stands that needs a person.
func (t *Tally) Place(line *outbox.Line, r *outbox.Report, sheet, cell string) {
	status := statusOf(line, r.Preview)
	switch status {
	case batch.Rejected, batch.Invalid, batch.Failed, batch.Unknown:
		if len(t.mend) < mostToMend {
			t.mend = append(t.mend, toMend{r.Sheets.Row(line.Row.Number), status, csvfile.Message(line), sheet, cell})
		}
	}
}

// Check compares the lines with what is known of the file.
func (t *Tally) Check(r *outbox.Report) error {
	if !r.Preview && t.counts != r.File.Counts || r.Preview && t.counts.Read != r.File.Counts.Read {
		return fmt.Errorf("file %s: the accounting does not balance: the lines give %s, the file has %s", r.File.ID,
			summary.Accounting(batch.English, t.counts, r.Preview), summary.Accounting(batch.English, r.File.Counts, r.Preview))
	}
	return nil
}

// rows is the number of rows with one outcome.
func (t *Tally) rows(s batch.Status, preview bool) int {
	switch {
	case slices.Contains(batch.Statuses(), s) && !(preview && s == batch.Delivered):
		return t.counts.Of(s)
	case preview:
		return t.counts.Delivered
	}
	return 0
}
