// Package grid holds what every kind of workbook shares: sheets of typed cells, and what a stored value becomes by its
// number format. The folders beside it open one kind of container each; package workbook above them chooses the sheet
// and finds the heading.
package grid

import (
	"github.com/rowferry/rowferry/readers"
)

// A Container is one kind of workbook. Its functions are given files that its traits know; of the settings they heed the limits, all
// of which are set, and the encoding of texts that say none or say it wrongly.
type Container struct {
	Traits readers.Traits
	Open   func(readers.File, readers.Settings) (Book, error)
	Check  func(readers.File, readers.Settings) error                  // whether the structure is closed, without reading values; nil: Open says it
	Facts  func(readers.File, readers.Settings) (readers.Facts, error) // nil: the names of the sheets of what Open gives

	MergedLast bool // merged ranges stand behind the rows; else a Sheet tells of each before the row below its first
}

// What a sheet can have at most, in any of the formats.
const (
	MaxRow    = 1_048_576
	MaxColumn = 16_384
)

// Tab is one sheet as the workbook lists it.
type Tab struct {
	Name   string
	Hidden bool // hidden or very hidden
	Grid   bool // it has cells: no chart, no dialog, no macro sheet
}

// A Book is an opened workbook of one kind. It is not safe for concurrent use. Its errors are *Error, *batch.Unreadable or
// the context's.
type Book interface {
	// Tabs are the sheets in the order of their tabs.
	Tabs() []Tab

	// Sheet opens the cells of sheet i. Several may be open at the same time.
	Sheet(i int) (Sheet, error)

	// Merged are the merged ranges of sheet i that begin at or above row through, without the values being read. They are a
	// hint: what is odd about them is passed over.
	Merged(i, through int) ([]Area, error)

	Close() error
}

// A Sheet gives the rows of one sheet, one after the other.
type Sheet interface {
	// Next reads the next row that is written down, however empty. io.EOF comes after the clean end of the sheet.
	Next() error

	// Row is the current row; the same one, filled anew, after every Next.
	Row() *Row

	// Read is how many bytes have been read.
	Read() int64

	// Merged are merged ranges over several rows, complete when the sheet has ended; it only grows.
	Merged() []Area
}

// Contents is the list of a Book's sheets, each with where in the container it is; whoever embeds it has half of a Book.
type Contents struct{ Listed []Listed }

// Listed is one sheet, and the byte at which it begins or the part that holds it.
type Listed struct {
	Tab
	At   int64
	Part string
}

// Tabs implements Book.
func (c *Contents) Tabs() []Tab {
	tabs := make([]Tab, len(c.Listed))
	for i, p := range c.Listed {
		tabs[i] = p.Tab
	}
	return tabs
}

// Facts are the names of the sheets.
func (c *Contents) Facts() readers.Facts { return FactsOf(c.Tabs()) }

// Close implements Book: nothing is held.
func (c *Contents) Close() error { return nil }

// FactsOf are the names of sheets.
func FactsOf(tabs []Tab) readers.Facts {
	var facts readers.Facts
	for _, t := range tabs {
		facts.Sheets = append(facts.Sheets, t.Name)
	}
	return facts
}

// Area is a merged range: rows from 1, columns from 0, all inclusive.
type Area struct{ Top, Left, Bottom, Right int }

// MaxMerged is how many merged ranges of a sheet are kept.
const MaxMerged = 100_000

// Rules are what the values of a workbook are judged by.
type Rules struct {
	Styles   *Styles // nil: every number is shown as it is
	Date1904 bool
	Pending  bool // formulas have no result yet, whatever is stored
	Columns  int  // the most a row may have
	Value    int  // the longest value, in bytes
	Most     int  // the most bytes of text in a row
	LastWins bool // a cell written twice has what was written last; else the file is refused
}

// RulesFor are the rules that the limits give.
func RulesFor(l readers.Limits) Rules {
	return Rules{Columns: min(l.Columns, MaxColumn), Value: l.Cell, Most: max(8<<20, 4*l.Cell)}
}

// Shorten keeps messages readable.
func Shorten(s string) string {
	r := []rune(s)
	if len(r) <= 60 {
		return s
	}
	return string(r[:60]) + "…"
}
