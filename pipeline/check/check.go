// Package check reads and maps a file as the real run would, and sends nothing.
package check

import (
	"context"
	"errors"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Finding is what would become of a file.
type Finding struct {
	Path       string          `json:"path"`
	Route      string          `json:"route"`
	Format     string          `json:"format,omitempty"`
	Quarantine string          `json:"quarantine,omitempty"` // why the file as a whole would not be taken
	Rows       int             `json:"rows"`
	Sendable   int             `json:"would_be_sent"`
	Requests   int             `json:"requests"`
	Invalid    int             `json:"invalid"`
	Skipped    int             `json:"skipped"`
	Problems   []batch.Problem `json:"problems,omitempty"` // at most MostProblems
	More       int             `json:"more_problems,omitempty"`
	Notes      []string        `json:"notes,omitempty"`
	Unused     []string        `json:"unused_columns,omitempty"`
}

// MostProblems is how many problems a finding lists one by one.
const MostProblems = 1000

// Good reports whether every row would be sent.
func (f *Finding) Good() bool { return f.Quarantine == "" && f.Rows > 0 && f.Sendable == f.Rows }

// File checks one file. Its error is trouble of ours (the file is gone, the disk fails), never the file's.
// each is called with every item and may be nil.
func File(ctx context.Context, r *route.Route, path, name string, each func(*batch.Item)) (*Finding, error) {
	f := &Finding{Path: path, Route: r.Name}
	err := f.read(ctx, r, path, name, each)
	unreadable, ok := errors.AsType[*batch.Unreadable](err)
	if ok {
		*f = Finding{Path: path, Route: r.Name, Quarantine: words.Say(r.Language, unreadable.Message)}
		return f, nil
	}
	return f, err
}

func (f *Finding) read(ctx context.Context, r *route.Route, path, name string, each func(*batch.Item)) error {
	table, err := r.Open(ctx, path, name)
	if err != nil {
		return err
	}
	defer table.Close()
	f.Format = table.Format
	bound, err := r.Mapping.Bind(table.Columns())
	if err != nil {
		return err
	}
	items := 0
	for item, err := range bound.Items(table.Rows()) {
		if err != nil {
			return err
		}
		f.add(item, &items)
		if each != nil {
			each(item)
		}
	}
	if f.Rows == 0 {
		return &batch.Unreadable{Message: words.Message("take.no_rows")}
	}
	f.Requests = requests(r.Operation.Rows, items)
	for _, n := range table.Notes() {
		f.Notes = append(f.Notes, words.Say(r.Language, n.Message))
	}
	for _, c := range bound.Unused() {
		f.Unused = append(f.Unused, c.Name)
	}
	return nil
}

// requests is how many calls so many items make.
func requests(r providers.Rows, items int) int {
	if r.Kind != providers.Batch || r.Max <= 1 {
		return items
	}
	return (items + r.Max - 1) / r.Max
}

func (f *Finding) add(item *batch.Item, sendable *int) {
	f.Rows += len(item.Rows)
	for _, p := range item.Problems {
		if len(f.Problems) < MostProblems {
			f.Problems = append(f.Problems, p)
		} else {
			f.More++
		}
	}
	if item.Sendable() {
		*sendable++
		f.Sendable += len(item.Rows)
		return
	}
	for _, row := range item.Rows {
		bad := slices.ContainsFunc(item.Problems, func(p batch.Problem) bool { return p.Row == row && !p.Warning })
		if bad {
			f.Invalid++
		} else {
			f.Skipped++
		}
	}
}
