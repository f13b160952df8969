// Package readers turns bytes into rows: each format in a folder below, all of them in the one list of readers/formats.
package readers

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/rowferry/rowferry/batch"
)

// File is the content to read. The readers never write to it and never open anything else.
type File struct {
	Name string // only for messages and the extension; the format is decided by content first
	Size int64
	io.ReaderAt
}

// Settings are what a route's `read` says. The zero value detects everything.
type Settings struct {
	Sheet     string `json:"sheet"`            // name or 1-based number as text; "first", "all"; "" = the visible sheet that fits, or the first with data
	Header    string `json:"header"`           // "auto" or "", "none", or the 1-based row number as text
	Encoding  string `json:"encoding"`         // "auto" or "", or a name of the WHATWG encoding index, utf-32le/be, or a DOS code page: cp850
	Delimiter string `json:"delimiter"`        // "auto" or "", or one character ("tab" is allowed)
	Quote     string `json:"quote"`            // "auto" or "", "none", or one character
	Escape    string `json:"escape"`           // "" = the quote doubled; or one character (a backslash)
	Record    string `json:"record"`           // XML: path from the root to the repeated element, "shipPoints/shipPoint", or with the root's name first
	Unzip     bool   `json:"unzip"`            // the table may lie in a zip archive
	Member    string `json:"member,omitempty"` // of such an archive: which table, by its name, with * and ? as wildcards; "first" of those that fit
	Tabs      string `json:"-"`                // of a workbook that was read before: its sheets, each quoted as Go does, a line each
	Limits    Limits `json:"limits"`
	Wants     Wants  `json:"-"` // what the route knows; nil: nothing, and counts alone decide
}

// Wants is what a route wants of a file. Where several sheets, lines or elements may hold the records, readers ask it instead
// of guessing by counts; they know nothing else of the mapping. It is safe for concurrent use, and comparable.
type Wants interface {
	// Fit judges columns by their names alone.
	Fit(columns []batch.Column) batch.Fit
}

// Found reports whether a problem's code is a reader's: it speaks of a row or a value as it stands in its file, whatever is made of it.
func Found(code string) bool {
	by, _, _ := strings.Cut(code, ".")
	return by == "csv" || by == "table" || by == "workbook" || by == "xml"
}

// Limits guard against bombs. Zero fields take the value DefaultLimits gives.
type Limits struct {
	Bytes   int64 `json:"bytes"` // of the content, unpacked
	Ratio   int   `json:"ratio"` // unpacked to packed, judged from 10 MiB unpacked on
	Cell    int   `json:"cell"`  // bytes of one value
	Columns int   `json:"columns"`
	Rows    int   `json:"rows"`
	Depth   int   `json:"depth"`   // of XML elements
	Strings int   `json:"strings"` // shared strings of a workbook
}

// DefaultLimits let every honest file through that this program is meant for.
func DefaultLimits() Limits {
	return Limits{Bytes: 4 << 30, Ratio: 300, Cell: 1 << 20, Columns: 2000, Rows: 20_000_000, Depth: 64, Strings: 10_000_000}
}

// Filled are the limits with those of DefaultLimits in place of zeros.
func (l Limits) Filled() Limits {
	d := DefaultLimits()
	return Limits{cmp.Or(l.Bytes, d.Bytes), cmp.Or(l.Ratio, d.Ratio), cmp.Or(l.Cell, d.Cell), cmp.Or(l.Columns, d.Columns), cmp.Or(l.Rows, d.Rows), cmp.Or(l.Depth, d.Depth), cmp.Or(l.Strings, d.Strings)}
}

// Size is a number of bytes as people read it, in the largest unit that makes it a whole number.
func Size(n int64) string {
	for _, u := range []string{"B", "KiB", "MiB"} {
		if n < 1024 || n%1024 != 0 {
			return fmt.Sprintf("%d %s", n, u)
		}
		n /= 1024
	}
	return fmt.Sprintf("%d GiB", n)
}

// Traits are what a format is. What depends on the format asks them, never its name.
type Traits struct {
	Name  string                // as ledger and messages have it: csv, xlsx, xml
	Knows func(c *Content) bool // whether this reader is for what Examine found

	Text      bool // its bytes are read by encoding, delimiter, quote and escape
	Grid      bool // rows and columns of a sheet: a result of ours may have been saved as it
	Typed     bool // cells have types: a spreadsheet that saves them as text writes values in its own notation
	Patchable bool // the result workbook is the sender's file with our columns in it
}

// Facts is what a workbook says of itself beside its rows. Other formats have none.
type Facts struct {
	Properties map[string]string // custom document properties
	Sheets     []string          // the names of all sheets, hidden ones too
}

// Layout is where in its file a table was found, and how that was written.
type Layout struct {
	Sheet     string       // of a workbook: the name on the tab
	Header    int          // the heading's last row; 0 when there is no heading
	Sheets    batch.Sheets // where several are read; Sheet and Header are those of the first
	Delimiter string       // of text
	Record    string       // of markup: the path of the elements that are rows; "" when there is none
}

// A Reader knows one format.
type Reader interface {
	// Traits are the same at every call.
	Traits() Traits

	// Facts reads what the file says of itself, without reading a row. Its error is what Open would say of the file.
	Facts(ctx context.Context, f File, s Settings) (Facts, error)

	// Open reads as far as it must to know the columns. A file that cannot be read is a *batch.Unreadable.
	Open(ctx context.Context, f File, s Settings) (Table, error)

	// Complete says whether the structure of the content is closed (the zip directory of an xlsx, the root
	// element of an xml, the last record of a csv) without reading the values. An open end is a
	// *batch.Unreadable with Incomplete set: it may still be growing.
	Complete(ctx context.Context, f File, s Settings) error
}

// A Table is one opened file.
type Table interface {
	// Columns are the columns in the order of the file, one for each cell of every row.
	Columns() []batch.Column

	// Rows gives each data row once, in the order of the file; called again, it reads them again. The row and its
	// cells are valid until the next one. An error (*batch.Unreadable, or the context's) ends it and speaks of the
	// whole file: what came before must not be sent.
	Rows() iter.Seq2[*batch.Row, error]

	// Layout is known as soon as the file is open.
	Layout() Layout

	// Notes is what was recognised and not handed on; complete after Rows ended, and the same each time.
	Notes() []batch.Note

	Close() error
}
