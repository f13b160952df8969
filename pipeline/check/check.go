// Package check reads and maps a file as the real run would, and sends nothing.
package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/repeats"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/resultmark"
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
	Delivered  int             `json:"delivered_before,omitempty"` // of a result dropped again: rows that are delivered already
	Rejected   int             `json:"rejected_before,omitempty"`  // rows that were refused and are as they were
	Unknown    int             `json:"unknown_before,omitempty"`   // rows that may have been processed and that nobody asked to send again
	Repeats    int             `json:"repeats,omitempty"`          // of those skipped: rows that were sent before, or that equal one above
	Held       []batch.Problem `json:"held,omitempty"`             // why rows would be skipped; at most MostProblems
	Duplicate  string          `json:"duplicate,omitempty"`        // the earlier file whose rows it repeats, every one of them: it would not be taken
	Problems   []batch.Problem `json:"problems,omitempty"`         // at most MostProblems
	Sheets     []string        `json:"sheets,omitempty"`           // where several are read: row 10000005 is row 5 of the second
	More       int             `json:"more_problems,omitempty"`
	Notes      []string        `json:"notes,omitempty"`
	Unused     []string        `json:"unused_columns,omitempty"`

	First []First `json:"first,omitempty"` // what the first rows look like to the provider

	shown   []int
	reading ledger.Reading // how it was understood, and what was read and is no data
}

// First is one item that would be sent.
type First struct {
	Rows []int           `json:"rows"`
	Body json.RawMessage `json:"body"`
}

// mostFirst is how many of them a finding has, and longestFirst how many bytes one may have to be among them.
const mostFirst, longestFirst = 3, 16 << 10

// MostProblems is how many problems a finding lists one by one.
const MostProblems = 1000

// Good reports whether every row would be sent, or was delivered before.
func (f *Finding) Good() bool {
	return f.Quarantine == "" && f.Sendable+f.Delivered == f.Rows
}

// Row is how people call a row.
func (f *Finding) Row(number int) string { return f.reading.Sheets.Row(number) }

// Checker checks files with what is known of earlier ones, so that a result that is dropped again is told from a new file. The
// zero value knows of none.
type Checker struct {
	Books redrop.Books
	Shown []int // rows whose problems are listed; nil: the first of all
}

// File checks one file as if none had been taken before; see Checker.File.
func File(ctx context.Context, r *route.Route, path, name string, each func(*batch.Item)) (*Finding, error) {
	return Checker{}.File(ctx, r, path, name, each)
}

// File checks one file. Its error is trouble of ours (the file is gone, the disk fails), never the file's.
// each is called with every item but those that earlier files have settled, and may be nil; private fields are masked.
func (c Checker) File(ctx context.Context, r *route.Route, path, name string, each func(*batch.Item)) (*Finding, error) {
	return c.file(ctx, r, path, name, func(_ *Finding, s *ledger.Staged) {
		if each != nil && (s.Kin == nil || s.Preset == nil) {
			item := s.Item
			item.Body = r.Mask.Mask(item.Body)
			each(&item)
		}
	})
}

func (c Checker) file(ctx context.Context, r *route.Route, path, name string, each func(*Finding, *ledger.Staged)) (*Finding, error) {
	f := &Finding{Path: path, Route: r.Name, shown: c.Shown}
	err := f.read(ctx, c.Books, r, path, name, each)
	unreadable, ok := errors.AsType[*batch.Unreadable](err)
	if ok {
		*f = Finding{Path: path, Route: r.Name, Quarantine: words.Say(r.Language, unreadable.Message)}
		return f, nil
	}
	return f, err
}

func (f *Finding) read(ctx context.Context, books redrop.Books, r *route.Route, path, name string, each func(*Finding, *ledger.Staged)) error {
	opened, err := opening.At(ctx, r, path, name)
	if err != nil {
		return err
	}
	table, plan, err := opening.Open(ctx, opened, books.For(""))
	if err != nil {
		return err
	}
	defer table.Close()
	f.reading, f.Format = table.Told(), table.Format.Name
	for _, s := range f.reading.Sheets {
		f.Sheets = append(f.Sheets, s.Name)
	}
	bound, err := r.Bind(table.Columns(), table.Layout())
	if err != nil {
		return err
	}
	judge := repeats.New(books.Ledger, r, table.Reading.Again, f.reading.Sheets, "", time.Now())
	defer judge.Close()
	staged := func(yield func(ledger.Staged, error) bool) {
		for item, err := range bound.Items(table.Rows()) {
			if err != nil {
				yield(ledger.Staged{}, err)
				return
			}
			if !yield(plan.Stage(item, r.Language), nil) {
				return
			}
		}
	}
	if err := f.judge(ctx, r, judge, staged, each); err != nil {
		return err
	}
	if f.Duplicate, _, err = judge.Double(ctx); err != nil {
		return err
	}
	if f.Rows == 0 && r.NoEmpty {
		return &batch.Unreadable{Message: words.Message("take.no_rows")}
	}
	f.conclude(r, table.Notes(), bound, judge)
	return nil
}

// judge has all items judged, so many at a time, and counts them.
func (f *Finding) judge(ctx context.Context, r *route.Route, judge *repeats.Judge, staged iter.Seq2[ledger.Staged, error], each func(*Finding, *ledger.Staged)) error {
	sending := calls{op: r.Operation}
	decide := func(part []ledger.Staged) error {
		for i := range part {
			r.Mask.Problems(part[i].Problems)
		}
		if err := judge.Judge(ctx, part); err != nil {
			return err
		}
		for i := range part {
			f.add(&part[i], &sending, r.Mask)
			each(f, &part[i])
		}
		clear(part)
		return nil
	}
	var part []ledger.Staged
	for s, err := range staged {
		if err != nil {
			return err
		}
		if part = append(part, s); len(part) < 256 {
			continue
		}
		if err := decide(part); err != nil {
			return err
		}
		part = part[:0]
	}
	return decide(part)
}

// conclude adds what is known when all rows were read.
func (f *Finding) conclude(r *route.Route, told []batch.Note, bound *mappers.Bound, judge *repeats.Judge) {
	if f.Rows == 0 {
		told = append(told, batch.Note{Message: words.Message("take.note.empty")})
	}
	f.reading.Notes = slices.Concat(told, bound.Notes(), judge.Notes())
	for _, n := range slices.Concat(told, bound.Nearly(), judge.Notes()) {
		text := words.Say(r.Language, n.Message)
		if n.Row > 0 { // where to look, as in the result
			text = words.Of(r.Language, "workbookresult.summary.row", "row", f.reading.Sheets.Row(n.Row), "text", text)
		}
		f.Notes = append(f.Notes, text)
	}
	for _, c := range bound.Unused() {
		f.Unused = append(f.Unused, c.Name)
	}
	workbook := func(o outbox.Format) bool { return o.Extension() == "result.xlsx" }
	if r.Local || slices.ContainsFunc(r.Formats, workbook) {
		return
	}
	inCSV := resultmark.InCSV(r.Language) // as the result will call our columns
	for i := range f.Held {
		f.Held[i].Text = inCSV.Replace(f.Held[i].Text)
	}
}

// calls counts the requests that items make, one after the other.
type calls struct {
	op     *providers.Operation
	n      int    // requests so far
	items  int    // in the last one
	around []byte // what the items of the last one share
}

// next is the number of the request that carries the next item, from 1.
func (c *calls) next(body []byte) int {
	around := c.op.Surroundings(body)
	if c.n == 0 || c.op.Rows.Kind != providers.Batch || c.items >= c.op.Rows.Max || !bytes.Equal(around, c.around) {
		c.n++
		c.items, c.around = 0, around
	}
	c.items++
	return c.n
}

func (f *Finding) add(s *ledger.Staged, sending *calls, mask masks.Fields) {
	f.Rows += len(s.Rows)
	for _, p := range s.Problems {
		if len(f.Problems) < MostProblems && (f.shown == nil || slices.Contains(f.shown, p.Row)) {
			f.Problems = append(f.Problems, p)
		} else {
			f.More++
		}
	}
	if s.Preset == nil {
		f.Requests = sending.next(s.Body)
		f.Sendable += len(s.Rows)
		if len(f.First) < mostFirst && len(s.Body) <= longestFirst {
			f.First = append(f.First, First{slices.Clone(s.Rows), bytes.Clone(mask.Mask(s.Body))})
		}
		return
	}
	if s.Preset.Held() {
		f.Repeats += len(s.Rows)
	}
	for _, row := range s.Rows {
		if o := s.Preset.Of(row); o.Status == batch.Skipped && len(f.Held) < MostProblems {
			f.Held = append(f.Held, batch.Problem{Row: row, Code: o.Code, Text: o.Message})
		}
	}
	var c batch.Counts
	s.Preset.Count(&c, s.Rows, 1)
	f.Invalid += c.Invalid
	f.Skipped += c.Skipped
	f.Delivered += c.Delivered
	f.Rejected += c.Rejected
	f.Unknown += c.Unknown
}
