// Package outbox turns outcomes into result files and puts them where they go, by the primitives of a place. The formats are in outbox/csvfile, outbox/workbook, outbox/summary.
package outbox

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// ErrExists means that another file with this name and other content is there.
var ErrExists = errors.New("a file with this name and other content is there already; move that one away")

// A Sink is where results are put. It is safe for concurrent use.
type Sink interface {
	// Put makes content appear under name, whole or not at all. Called again after it was cut off it comes to the same end: a file with
	// the same name and content means it is done, one with other content is ErrExists.
	Put(ctx context.Context, name string, content Content) error

	Close() error
}

// Content is a finished file on this machine.
type Content interface {
	io.ReadSeeker
	io.ReaderAt
}

// A Format writes one kind of result file.
type Format interface {
	// Extension is what follows the file's id: "result.csv", "result.xlsx", "summary.json".
	Extension() string

	// Write writes the report. It may read the lines once; memory does not grow with their number.
	Write(ctx context.Context, w io.Writer, r Report) error
}

// Lined is a Format in which nothing but the lines depends on what became of the rows: it may be written while the last ones come.
type Lined interface {
	Format
	Lined()
}

// Report is everything about a file whose rows all have an outcome.
type Report struct {
	File      batch.File
	Revision  int // 1, and one more after each resend
	Account   string
	Operation string
	Language  batch.Language
	Columns   []batch.Column
	Sheets    batch.Sheets          // where several sheets were read: rows are called by them
	Notes     []batch.Note          // what was read and is not data
	Unused    []string              // headings that fill no field
	Source    Source                // the sender's file, for the workbook that is that file
	Started   time.Time             // first request
	Finished  time.Time             // last outcome
	Codes     map[string]batch.Text // what each provider code that occurs means
	Refused   string                // why nothing of the file was taken; then there are no lines
	Preview   bool                  // nothing was sent: outcomes say what would happen
	Local     bool                  // headings and outcome words of a CSV are in the language too
	Left      bool                  // our columns stand at the left of a workbook, which is then a new one
	Zone      *time.Location        // of times; nil: UTC

	// Lines gives one line per row, in the order of the input. May be called more than once, not concurrently.
	Lines func() iter.Seq2[*Line, error]
}

// In is a time as people who read the report have it.
func (r *Report) In(t time.Time) time.Time {
	if r.Zone == nil {
		return t.UTC()
	}
	return t.In(r.Zone)
}

// Source is the spooled copy of the sender's file.
type Source struct {
	Open      func() (batch.Original, error) // nil: it is not here
	Patchable bool                           // the result workbook can be this file with our columns in it
	Sheet     string                         // of a workbook: the sheet the rows were read from
	Header    int                            // of a workbook: the heading's last row
	Delimiter string                         // of text; "" where it is none
}

// Line is one row and what became of it. Valid until the next one.
type Line struct {
	Row      *batch.Row
	Outcome  batch.Outcome
	Problems []batch.Problem // of this row
}
