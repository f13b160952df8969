package check

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Report checks a file and returns what its result would say before anything is sent: would be sent and in which
// request, invalid, skipped. The report is nil when the file as a whole would not be taken.
func Report(ctx context.Context, r *route.Route, path, name, id string) (*Finding, *outbox.Report, error) {
	lines := map[int]outbox.Line{}
	sendable := 0
	f, err := File(ctx, r, path, name, func(item *batch.Item) {
		foresee(lines, r, item, sendable)
		if item.Sendable() {
			sendable++
		}
	})
	if err != nil || f.Quarantine != "" {
		return f, nil, err
	}
	table, err := r.Open(ctx, path, name)
	if err != nil {
		return f, nil, err
	}
	defer table.Close()
	report := &outbox.Report{
		File:     batch.File{ID: id, Route: r.Name, Name: name, TakenAt: time.Now().UTC(), Counts: batch.Counts{Read: f.Rows, Delivered: f.Sendable, Invalid: f.Invalid, Skipped: f.Skipped}},
		Revision: 1, Account: r.Account, Operation: r.Operation.ID, Language: r.Language, Columns: slices.Clone(table.Columns()),
		Source: outbox.Source{Path: path, Format: table.Format}, Preview: true,
		Lines: func() iter.Seq2[*outbox.Line, error] { return joined(ctx, r, path, name, lines) },
	}
	if where, ok := table.Table.(interface {
		Sheet() string
		HeaderRow() int
	}); ok {
		report.Source.Sheet, report.Source.Header = where.Sheet(), where.HeaderRow()
	}
	return f, report, nil
}

// foresee notes what would become of an item's rows. n is how many items would go before it.
func foresee(lines map[int]outbox.Line, r *route.Route, item *batch.Item, n int) {
	numbers := strings.Trim(strings.ReplaceAll(fmt.Sprint(item.Rows), " ", ", "), "[]")
	for _, row := range item.Rows {
		line := outbox.Line{Item: item.Seq, Outcome: batch.Outcome{Status: batch.Delivered}}
		for _, p := range item.Problems {
			if p.Row == row {
				line.Problems = append(line.Problems, p)
			}
		}
		switch {
		case item.Sendable():
			line.Outcome.Message = words.Of(r.Language, "check.request", "number", requestOf(r.Operation.Rows, n), "rows", numbers)
		case slices.ContainsFunc(line.Problems, func(p batch.Problem) bool { return !p.Warning }):
			line.Outcome = batch.Outcome{Status: batch.Invalid, Code: line.Problems[0].Code}
		default:
			line.Outcome = batch.Outcome{Status: batch.Skipped, Code: "group", Message: words.Of(r.Language, "skip.group", "rows", badRows(item))}
		}
		lines[row] = line
	}
}

func badRows(item *batch.Item) string {
	var bad []string
	for _, p := range item.Problems {
		if number := fmt.Sprint(p.Row); !p.Warning && !slices.Contains(bad, number) {
			bad = append(bad, number)
		}
	}
	return strings.Join(bad, ", ")
}

// requestOf is the number of the request that would carry the nth item, from 1.
func requestOf(r providers.Rows, n int) int {
	if r.Kind != providers.Batch || r.Max <= 1 {
		return n + 1
	}
	return n/r.Max + 1
}

// joined gives the rows of the file with what was foreseen.
func joined(ctx context.Context, r *route.Route, path, name string, lines map[int]outbox.Line) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		table, err := r.Open(ctx, path, name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer table.Close()
		for row, err := range table.Rows() {
			if err != nil {
				yield(nil, err)
				return
			}
			line := lines[row.Number]
			line.Row = row
			if !yield(&line, nil) {
				return
			}
		}
	}
}
