// Package report gives a file's outcomes back: it reads the sender's file again beside the ledger, writes the result
// files and puts them into the outbox.
package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/receipts"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
)

// Ledger is what reporting needs of it.
type Ledger interface {
	ledger.Books
	Spool() ledger.Spool
	Report(ctx context.Context, id string, results []string) error
	Revise(ctx context.Context, id string) error
	Keep(ctx context.Context, key, value string) error
}

// Reporter reports files whose rows all have an outcome. Its methods are safe for concurrent use, but Sweep is called by one goroutine.
type Reporter struct {
	Ledger  Ledger
	Routes  map[string]*route.Route
	Partial bool   // files of routes that are not here are another run's
	Work    string // folder for results on their way out
	Log     *slog.Logger

	// Inbox gives where a route's files come from, to look for an original there; nil when it has no inbox. done is called after it.
	Inbox func(route string) (place inbox.Place, done func(), err error)

	// Look looks at a file's original a last time before its result goes out, and remarks what it finds; may be nil.
	Look func(ctx context.Context, f ledger.File, way *route.Route) error

	// Tried is called after each try to report a file that was not broken off, with what came of it; may be nil.
	Tried func(f ledger.File, began time.Time, err error)

	writing sync.Mutex // results are written one after the other, and put beside each other
	going   sync.WaitGroup

	mu    sync.Mutex
	early *early            // nil: no result is begun while its rows are sent
	under map[string]*job   // by route: the file that is reported now
	held  map[string]bool   // files not to be reported now
	tried map[string]*retry // by file
}

// Report writes and puts all results of one file.
func (r *Reporter) Report(ctx context.Context, f ledger.File) error {
	way := r.Routes[f.Route]
	if way == nil {
		return fmt.Errorf("the configuration has no route %q any more; put it back to get the result", f.Route)
	}
	if err := os.MkdirAll(r.Work, 0o700); err != nil {
		return err
	}
	var known map[receipts.Item]*batch.Receipt
	if way.Receipts {
		var err error
		if known, err = receipts.Of(ctx, r.Ledger, f.ID); err != nil {
			return err
		}
	}
	if r.Look != nil {
		if err := r.Look(ctx, f, way); err != nil {
			return err
		}
		now, err := r.Ledger.File(ctx, f.ID)
		if err != nil {
			return err
		}
		f.Reading.Notes = now.Reading.Notes
	}
	report, err := r.whole(ctx, way, f)
	if err != nil {
		return err
	}
	var names []string
	for _, format := range way.Formats {
		name, err := r.put(ctx, f, way.Outbox, format, report)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		names = append(names, name)
	}
	if err := receipts.Tell(ctx, r.Ledger, f.ID, known); err != nil {
		return err
	}
	if err := r.Ledger.Report(ctx, f.ID, names); err != nil {
		return err
	}
	now, err := r.Ledger.File(ctx, f.ID)
	if err == nil && len(now.Reading.Notes) > len(f.Reading.Notes) { // something was remarked while it was written
		err = r.Ledger.Revise(ctx, f.ID)
	}
	if err != nil && !errors.Is(err, ledger.ErrState) { // else it is to be written again already
		return err
	}
	r.Log.Info("reported", "file", f.ID, "name", f.Name, "route", f.Route, "rows", f.Counts.Read, "delivered", f.Counts.Delivered,
		"rejected", f.Counts.Rejected, "invalid", f.Counts.Invalid, "failed", f.Counts.Failed, "unknown", f.Counts.Unknown, "skipped", f.Counts.Skipped)
	return nil
}

// mostNames bounds the names that are tried for one result.
const mostNames = 9

// put writes one result here and then puts it there: under its name, or a further one where files with other content are in the way,
// such as this result after a person has changed it in place. It gives the name that was tried last.
func (r *Reporter) put(ctx context.Context, f ledger.File, to outbox.Sink, format outbox.Format, report outbox.Report) (string, error) {
	usual := route.ResultName(opening.Stem(&f), f.ID, f.Revision, format.Extension())
	work, end := r.begun(ctx, f, format, &report)
	if work == nil {
		var err error
		if work, end, err = r.written(ctx, format, report); err != nil {
			return usual, err
		}
	}
	defer end()
	name := usual
	for n := 2; ; n++ {
		if err := to.Put(ctx, name, work); !errors.Is(err, outbox.ErrExists) || n > mostNames {
			return name, err
		}
		name = route.ResultName(opening.Stem(&f), f.ID, f.Revision, further(format.Extension(), n))
		r.Log.Warn("a file with this result's name and other content is in the outbox; it is left alone", "file", f.ID, "name", usual, "trying", name)
	}
}

// further makes result.csv the nth of its name, as browsers do: "result (2).csv". Such a name is known again when it is dropped.
func further(extension string, n int) string {
	kind := filepath.Ext(extension)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(extension, kind), n, kind)
}

// written writes a result into a file of its own, which end removes.
func (r *Reporter) written(ctx context.Context, format outbox.Format, report outbox.Report) (work *os.File, end func(), err error) {
	if work, err = os.CreateTemp(r.Work, "result-*"); err != nil {
		return nil, nil, err
	}
	end = func() { _ = errors.Join(work.Close(), os.Remove(work.Name())) }
	r.writing.Lock()
	defer r.writing.Unlock()
	if err = format.Write(ctx, work, report); err != nil {
		end()
	}
	return work, end, err
}

// Of is everything about a file, with its rows as the books have them now.
func Of(ctx context.Context, books ledger.Books, way *route.Route, f ledger.File) outbox.Report {
	return outbox.Report{
		File: f.File, Revision: f.Revision, Account: f.Account, Operation: f.Operation, Language: f.Language,
		Columns: f.Reading.Columns, Sheets: f.Reading.Sheets, Notes: f.Reading.Notes, Unused: f.Reading.Unused, Started: f.Started, Finished: f.Finished, Codes: meanings(way.Operation),
		Source: opening.Source(f.Reading, func() (batch.Original, error) { return books.Copies().Open(ctx, f.ID) }),
		Local:  way.Local, Left: way.Left, Zone: way.Zone,
		Lines: func() iter.Seq2[*outbox.Line, error] { return Lines(ctx, books, way, f) },
	}
}

// meanings is what the provider's codes mean. Where a code of the whole request and one of an item are the same, the item's counts:
// it is what is said of the row.
func meanings(op *providers.Operation) map[string]batch.Text {
	texts := map[string]batch.Text{}
	for _, c := range slices.Backward(op.Codes()) {
		if _, known := texts[c.Code]; !known && c.Code != "" && c.Code != "*" && c.Text != (batch.Text{}) {
			texts[c.Code] = meaning(&c)
		}
	}
	return texts
}

var providersWords = patterns.New(`[\s:：]*\{message\}`)

// meaning is a code's text without what the provider says of one row in particular; that stands at the row.
func meaning(c *providers.CodeText) batch.Text {
	general := func(s string) string {
		return strings.TrimSpace(providersWords.ReplaceAllString(strings.ReplaceAll(s, "{code}", c.Code), ""))
	}
	return batch.Text{EN: general(c.Text.EN), ZH: general(c.Text.ZH), RU: general(c.Text.RU)}
}

// Lines joins the rows of the private copy with their outcomes, in the order of the file.
func Lines(ctx context.Context, l ledger.Books, way *route.Route, f ledger.File) iter.Seq2[*outbox.Line, error] {
	return lines(ctx, l, way, f, l.Chunks(ctx, f.ID))
}

func lines(ctx context.Context, l ledger.Books, way *route.Route, f ledger.File, chunks iter.Seq2[*ledger.Content, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		table, err := again(ctx, l, way, f)
		if err != nil {
			yield(nil, fmt.Errorf("reading %s again: %w", f.ID, err))
			return
		}
		defer table.Close()
		later, err := receipts.Joining(ctx, l, f, way.Receipts)
		if err != nil {
			yield(nil, err)
			return
		}
		next, stop := ahead(chunks)
		defer stop()
		known := newKnown()
		for row, err := range table.Rows() {
			if err != nil {
				yield(nil, fmt.Errorf("reading %s again: %w", f.ID, err))
				return
			}
			line, err := find(row, known, next, later)
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// again opens the private copy as it was read.
func again(ctx context.Context, l ledger.Books, way *route.Route, f ledger.File) (*opening.Table, error) {
	o, err := l.Copies().Open(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return opening.Again(ctx, way, o, f.Name, f.Reading)
}

// ahead pulls chunks in a goroutine of its own, a few ahead of whoever joins them with the rows. stop ends and awaits it.
func ahead(chunks iter.Seq2[*ledger.Content, error]) (next func() (*ledger.Content, error, bool), stop func()) {
	type pulled struct {
		content *ledger.Content
		err     error
	}
	ready, end := make(chan pulled, 2), make(chan struct{})
	var pulling sync.WaitGroup
	pulling.Go(func() {
		defer close(ready)
		for c, err := range chunks {
			select {
			case ready <- pulled{c, err}:
			case <-end:
				return
			}
		}
	})
	next = func() (*ledger.Content, error, bool) { p, more := <-ready; return p.content, p.err, more }
	return next, func() { close(end); pulling.Wait() }
}

// find takes a row's outcome out of what is known, loading chunks until it is there.
func find(row *batch.Row, known *known, next func() (*ledger.Content, error, bool), later *receipts.Join) (*outbox.Line, error) {
	for {
		if line, ok := known.pop(row.Number); ok {
			line.Row = row
			return &line, nil
		}
		c, err, more := next()
		if err != nil {
			return nil, err
		}
		if !more {
			return nil, fmt.Errorf("row %d has no outcome in the ledger", row.Number)
		}
		if err := known.learn(c, later); err != nil {
			return nil, err
		}
	}
}

var errOpen = errors.New("the item has no outcome yet")

// about selects the problems of one row.
func about(row int, lists ...[]batch.Problem) []batch.Problem {
	var out []batch.Problem
	for _, list := range lists {
		for _, p := range list {
			if p.Row == row {
				out = append(out, p)
			}
		}
	}
	return out
}
