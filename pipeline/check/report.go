package check

import (
	"context"
	"iter"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// Report checks a file and returns what its result would say before anything is sent: would be sent and in which
// request, invalid, skipped; of a result dropped again also what stays as it was. The report is nil when the file as a
// whole would not be taken.
func (c Checker) Report(ctx context.Context, r *route.Route, path, name, id string) (*Finding, *outbox.Report, error) {
	lines := map[int]outbox.Line{}
	f, err := c.file(ctx, r, path, name, func(f *Finding, s *ledger.Staged) {
		foresee(lines, r, s, f)
	})
	if err != nil || f.Quarantine != "" {
		return f, nil, err
	}
	report := &outbox.Report{
		File: batch.File{ID: id, Route: r.Name, Name: name, TakenAt: time.Now().UTC(), Counts: batch.Counts{Read: f.Rows, Delivered: f.Sendable, Invalid: f.Invalid,
			Skipped: f.Skipped + f.Delivered, Rejected: f.Rejected, Unknown: f.Unknown}},
		Revision: 1, Account: r.Account, Operation: r.Operation.ID, Language: r.Language, Columns: f.reading.Columns, Sheets: f.reading.Sheets, Notes: f.reading.Notes, Unused: f.Unused,
		Source: opening.Source(f.reading, func() (batch.Original, error) { return local.Original(path) }),
		Local:  r.Local, Left: r.Left, Zone: r.Zone,
		Preview: true,
		Lines:   func() iter.Seq2[*outbox.Line, error] { return joined(ctx, r, path, name, f.reading, lines) },
	}
	return f, report, nil
}

// foresee notes what would become of the rows of the item that was counted last. What was delivered before is skipped in a preview, where
// "delivered" would be read as what will happen.
func foresee(lines map[int]outbox.Line, r *route.Route, s *ledger.Staged, f *Finding) {
	for _, row := range s.Rows {
		line := outbox.Line{Outcome: batch.Outcome{Status: batch.Delivered}}
		for _, p := range s.Problems {
			if p.Row == row {
				line.Problems = append(line.Problems, p)
			}
		}
		if s.Preset == nil {
			line.Outcome.Message = words.Of(r.Language, "check.request", "number", f.Requests, "rows", f.reading.Sheets.Rows(s.Rows))
		} else if line.Outcome = s.Preset.Of(row); line.Outcome.Status == batch.Delivered {
			line.Outcome.Status = batch.Skipped
		}
		lines[row] = line
	}
}

// joined gives the rows of the file with what was foreseen.
func joined(ctx context.Context, r *route.Route, path, name string, how ledger.Reading, lines map[int]outbox.Line) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		original, err := local.Original(path)
		if err != nil {
			yield(nil, err)
			return
		}
		table, err := opening.Again(ctx, r, original, name, how)
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
