// Package batch holds the nouns the stages hand to each other: rows, items, outcomes, messages.
// It imports nothing of ours.
package batch

import "time"

// Status is what became of a row. Every row of an accepted file ends with exactly one.
type Status string

const (
	Delivered Status = "delivered" // the provider took it
	Rejected  Status = "rejected"  // the provider refused it; its code and text are shown
	Invalid   Status = "invalid"   // never sent: could not be read, mapped or validated
	Failed    Status = "failed"    // not delivered and certainly not processed; retried until the budget ran out
	Unknown   Status = "unknown"   // it was or may have been sent and no answer tells what happened
	Skipped   Status = "skipped"   // not sent on purpose
)

// Statuses lists every outcome in the order reports show them.
func Statuses() []Status {
	return []Status{Delivered, Rejected, Invalid, Failed, Unknown, Skipped}
}

// Counts is the accounting of a file. Pending rows have no outcome yet.
type Counts struct {
	Read      int `json:"read"`
	Delivered int `json:"delivered"`
	Rejected  int `json:"rejected"`
	Invalid   int `json:"invalid"`
	Failed    int `json:"failed"`
	Unknown   int `json:"unknown"`
	Skipped   int `json:"skipped"`
}

// Add counts n more rows of status s. It does not touch Read.
func (c *Counts) Add(s Status, n int) {
	switch s {
	case Delivered:
		c.Delivered += n
	case Rejected:
		c.Rejected += n
	case Invalid:
		c.Invalid += n
	case Failed:
		c.Failed += n
	case Unknown:
		c.Unknown += n
	case Skipped:
		c.Skipped += n
	}
}

// Of returns the count of one outcome.
func (c Counts) Of(s Status) int {
	switch s {
	case Delivered:
		return c.Delivered
	case Rejected:
		return c.Rejected
	case Invalid:
		return c.Invalid
	case Failed:
		return c.Failed
	case Unknown:
		return c.Unknown
	case Skipped:
		return c.Skipped
	}
	return 0
}

// Settled is the number of rows that have an outcome.
func (c Counts) Settled() int {
	return c.Delivered + c.Rejected + c.Invalid + c.Failed + c.Unknown + c.Skipped
}

// Pending is the number of rows that have no outcome yet.
func (c Counts) Pending() int { return c.Read - c.Settled() }

// Kind is what a cell held before it became text.
type Kind uint8

const (
	Blank  Kind = iota // nothing, or only what a spreadsheet shows as nothing
	String             // typed as text; all cells of CSV and XML are String or Blank
	Number             // Text is the plain decimal the sender saw: no exponent, no float noise, zeros kept
	Date               // Text is 2006-01-02
	Moment             // a date with a time; Text is 2006-01-02T15:04:05
	Clock              // a time of day or a duration; Text is 15:04:05, hours may exceed 24
	Bool               // Text is TRUE or FALSE
	Faulty             // the value cannot be trusted; Problem says why, Text is what the cell shows
)

// Cell is one value of a row.
type Cell struct {
	Text    string
	Kind    Kind
	Problem *Message // of a Faulty cell; of a Blank one the word for no value that stands there, if one does
}

// Column is one column of a table.
type Column struct {
	Name string `json:"name"` // the heading as the sender wrote it; "" when the file has none here
	Ref  string `json:"ref"`  // how the sender calls it: a spreadsheet letter ("C"), for XML the path ("cargo/@no")
}

// Fit says how columns meet what a route wants, by their names alone.
type Fit struct {
	Fields []string // for each column the field that it fills; "" for one that fills none
	Enough bool     // a file with these columns can be mapped: nothing is missing, nothing ambiguous

	Lists []func(text string) bool // for each column whether its field lists a text among its values; nil where it lists none
	Days  []bool                   // the columns whose fields take dates; nil: none do, and none numbers

	Numbers []bool // those whose fields take numbers, which are no codes
}

// Known is how many columns fill a field.
func (f Fit) Known() int {
	n := 0
	for _, field := range f.Fields {
		if field != "" {
			n++
		}
	}
	return n
}

// Row is one data record. Cells has exactly one entry per column of its table.
type Row struct {
	Number  int // the number the sender sees, from 1: the sheet row, the CSV line's record number counting the heading, the XML record
	Cells   []Cell
	Problem *Message // the record itself is unusable (too many fields, …): it becomes an invalid row
}

// Note tells what a reader recognised and did not hand on as data: preamble lines, blank rows, totals rows, hidden sheets.
type Note struct {
	Message Message `json:"message"`
	Row     int     `json:"row,omitempty"`   // the first row it speaks of, 0 for the file
	Count   int     `json:"count,omitempty"` // how many rows it speaks of
	Unread  bool    `json:"unread,omitzero"` // what people see was not read, a whole sheet or what was written later: every result says so, whatever its form
}

// Problem is why a row is invalid (or, with Warning, what the sender should look at although it is sent).
type Problem struct {
	Row     int    `json:"row"`
	Column  string `json:"column,omitempty"` // the heading, or the field's name where no column fills it
	Cell    string `json:"cell,omitempty"`   // "C5"; "" where no cell can be named
	Field   string `json:"field,omitempty"`  // the provider's field path without indexes
	Value   string `json:"value,omitempty"`  // the offending value, shortened to 200 runes
	Code    string `json:"code,omitempty"`   // a stable word for the rule: required, pattern, range, enum, …
	Text    string `json:"text"`             // the sentence in the route's language, complete with remedy
	Fix     string `json:"fix,omitempty"`    // what to write instead, by itself
	Warning bool   `json:"warning,omitempty"`
}

// Item is what one or more rows became: the part of a request that stands or falls together.
// For an operation on single rows it is the request, for a group the request of its rows,
// for a batch one element of a request that is put together when it is sent.
type Item struct {
	Seq      int               `json:"seq"`  // 0-based position in its file
	Rows     []int             `json:"rows"` // row numbers, ascending, at least one
	Body     []byte            `json:"-"`    // canonical JSON in the schema's order, without credentials; nil when it is not to be sent
	Problems []Problem         `json:"problems,omitempty"`
	Where    map[string]string `json:"where,omitempty"` // field path → cell, for the fields of rules that are checked again when sent
}

// Sendable reports whether nothing but warnings is known against the item.
func (it *Item) Sendable() bool {
	for i := range it.Problems {
		if !it.Problems[i].Warning {
			return false
		}
	}
	return true
}

// Outcome is the last word about an item (or about one row of an item that was not sent).
type Outcome struct {
	Status    Status    `json:"status"`
	Code      string    `json:"code,omitempty"`      // the provider's code, or our stable word
	Message   string    `json:"message,omitempty"`   // for a person, in the route's language
	Reference string    `json:"reference,omitempty"` // the provider's id
	Attempts  int       `json:"attempts,omitempty"`  // requests that may have reached the provider with it
	SentAt    time.Time `json:"sent_at,omitzero"`    // when the last attempt began
	Receipt   *Receipt  `json:"receipt,omitempty"`   // what the provider said later: joined when the books are looked at, never stored with them
}

// File is one dropped document and what is known of it.
type File struct {
	ID      string    `json:"id"` // 20261122-101502-7f3a
	Route   string    `json:"route"`
	Name    string    `json:"name"` // as the sender wrote it, without folders
	Hash    string    `json:"hash"` // SHA-256 of the content, hex
	Size    int64     `json:"size"`
	TakenAt time.Time `json:"taken_at"`
	Counts  Counts    `json:"counts"`
}
