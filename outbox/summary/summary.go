// Package summary holds the result as a small JSON document: the accounting of a file, for people and programs.
package summary

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/words"
)

// Summary is the document. Its names are fixed; texts are in the route's language.
type Summary struct {
	File          string       `json:"file"` // as the sender wrote it
	ID            string       `json:"id"`
	Revision      int          `json:"revision"`
	Route         string       `json:"route"`
	Account       string       `json:"account"`
	Operation     string       `json:"operation"`
	Preview       bool         `json:"preview,omitempty"` // nothing was sent: delivered counts the rows that would be
	Refused       string       `json:"refused,omitempty"` // why nothing of the file was taken
	Accounting    string       `json:"accounting"`
	Balanced      bool         `json:"balanced"`
	Counts        batch.Counts `json:"counts"`
	Codes         []Code       `json:"codes"`              // by number of rows, the most first
	Receipts      *Receipts    `json:"receipts,omitempty"` // what the provider said later; missing where it says nothing
	Notes         []Note       `json:"notes"`
	UnusedColumns []string     `json:"unused_columns"`
	Times         Times        `json:"times"`
	Size          int64        `json:"size"`
	SHA256        string       `json:"sha256"`
}

// Code is what a code in the result means, and how many rows have it with this status.
type Code struct {
	Code    string       `json:"code"`
	Status  batch.Status `json:"status"`
	Rows    int          `json:"rows"`
	Meaning string       `json:"meaning,omitempty"`
}

// Receipts counts the rows that receipts speak of, and those that await one.
type Receipts struct {
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Awaited  int `json:"awaited"` // none has come that decides
}

// add counts one row.
func (c *Receipts) add(r *batch.Receipt) *Receipts {
	if c == nil {
		c = &Receipts{}
	}
	switch r.Class {
	case batch.Accepted:
		c.Accepted++
	case batch.Refused:
		c.Refused++
	default:
		c.Awaited++
	}
	return c
}

// Note tells what was read and not taken for data.
type Note struct {
	Text string `json:"text"`
	Row  int    `json:"row,omitempty"`
	Rows int    `json:"rows,omitempty"`

	Place string `json:"place,omitempty"` // of the row, where several sheets were read: "December!5"
}

// Times are in UTC. Started and Finished are missing when nothing was sent.
type Times struct {
	Taken    time.Time `json:"taken,omitzero"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Seconds  float64   `json:"seconds,omitempty"` // from first request to last outcome
}

// New gives the format.
func New() outbox.Format { return format{} }

type format struct{}

// Extension is what follows the file's id.
func (format) Extension() string { return "summary.json" }

// Write counts the lines itself. Where they do not agree with the file's counts, or the counts do not balance, nothing is
// written: a row would be lost or counted twice.
func (format) Write(ctx context.Context, w io.Writer, r outbox.Report) error {
	counts, codes, receipts, err := count(ctx, r)
	if err != nil {
		return err
	}
	if err := check(counts, r); err != nil {
		return fmt.Errorf("file %s: %w", r.File.ID, err)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(Summary{
		File: r.File.Name, ID: r.File.ID, Revision: r.Revision, Route: r.File.Route, Account: r.Account, Operation: r.Operation,
		Preview: r.Preview, Refused: r.Refused, Accounting: Accounting(r.Language, counts, r.Preview), Balanced: true, Counts: counts,
		Codes: codes, Receipts: receipts, Notes: notes(r), UnusedColumns: append([]string{}, r.Unused...),
		Times: times(r), Size: r.File.Size, SHA256: r.File.Hash,
	})
}

// Accounting is the sentence that shows that no row is missing.
func Accounting(l batch.Language, c batch.Counts, preview bool) string {
	if preview {
		return words.Of(l, "result.accounting_preview", "read", c.Read, "sendable", c.Delivered, "invalid", c.Invalid, "skipped", c.Skipped)
	}
	return words.Of(l, "result.accounting", "read", c.Read, "delivered", c.Delivered, "rejected", c.Rejected,
		"invalid", c.Invalid, "failed", c.Failed, "unknown", c.Unknown, "skipped", c.Skipped)
}

// Coded is an outcome with its code.
type Coded struct {
	Status batch.Status
	Code   string
}

// Sorted gives outcomes with their codes by the number of rows that have them, the most first.
func Sorted(rows map[Coded]int) []Coded {
	return slices.SortedFunc(maps.Keys(rows), func(a, b Coded) int {
		return cmp.Or(rows[b]-rows[a], cmp.Compare(a.Code, b.Code), cmp.Compare(a.Status, b.Status))
	})
}

// count reads the lines once.
func count(ctx context.Context, r outbox.Report) (batch.Counts, []Code, *Receipts, error) {
	var c batch.Counts
	var receipts *Receipts
	rows := map[Coded]int{}
	for line, err := range r.Lines() {
		if err != nil {
			return c, nil, nil, err
		}
		if c.Read++; c.Read%1024 == 0 && ctx.Err() != nil {
			return c, nil, nil, ctx.Err()
		}
		status := line.Outcome.Status
		if r.Preview && status == "" {
			status = batch.Delivered
		}
		c.Add(status, 1)
		if line.Outcome.Receipt != nil {
			receipts = receipts.add(line.Outcome.Receipt)
		}
		if line.Outcome.Code != "" {
			rows[Coded{status, line.Outcome.Code}]++
		}
	}
	codes := []Code{}
	for _, k := range Sorted(rows) {
		codes = append(codes, Code{Code: k.Code, Status: k.Status, Rows: rows[k], Meaning: r.Codes[k.Code].In(r.Language)})
	}
	return c, codes, receipts, nil
}

func check(c batch.Counts, r outbox.Report) error {
	if c.Pending() != 0 {
		return fmt.Errorf("the accounting does not balance: %s; %d rows have no outcome", Accounting(batch.English, c, r.Preview), c.Pending())
	}
	if !r.Preview && c != r.File.Counts || r.Preview && c.Read != r.File.Counts.Read {
		return fmt.Errorf("the accounting does not balance: the lines give %s, the file has %s",
			Accounting(batch.English, c, r.Preview), Accounting(batch.English, r.File.Counts, r.Preview))
	}
	return nil
}

func notes(r outbox.Report) []Note {
	out := []Note{}
	for _, n := range r.Notes {
		note := Note{Text: words.Say(r.Language, n.Message), Row: n.Row, Rows: n.Count}
		if n.Row > 0 && len(r.Sheets) > 0 {
			note.Place = r.Sheets.Row(n.Row)
		}
		out = append(out, note)
	}
	return out
}

func times(r outbox.Report) Times {
	t := Times{Taken: seconds(r.File.TakenAt), Started: seconds(r.Started), Finished: seconds(r.Finished)}
	if !r.Started.IsZero() && r.Finished.After(r.Started) {
		t.Seconds = r.Finished.Sub(r.Started).Round(time.Millisecond).Seconds()
	}
	return t
}

func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}
