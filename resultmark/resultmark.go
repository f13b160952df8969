// Package resultmark says what a result carries so that it can be recognised when it is dropped again: the names of
// properties, sheets and columns, the words of the status column, and the checksum of a row.
//
// A result workbook carries its marks three times, because each survives something else. The custom document properties
// rowferry.file and rowferry.revision survive renaming and saving by Excel and LibreOffice. The very hidden sheet _rowferry
// (Sheet) says which file it is and survives saving, sorting and filtering of the visible sheet. Our visible columns, headed
// in one of three languages, survive saving as CSV; the first of them, Row, travels with its row when the sheet is sorted.
//
// Who reads a result again matches a row by its checksum first and by its number second: where a filter or a table covers
// only the sender's columns, sorting moves those and leaves ours where they are.
package resultmark

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// The names of the marks. They never change: results that lie in someone's mailbox carry them.
const (
	PropertyFile     = "rowferry.file"     // custom document property: the file's id
	PropertyRevision = "rowferry.revision" // custom document property: 1, 2, …
	Author           = "rowferry"          // of our notes at cells

	// Sheet is the very hidden sheet.
	// Its row 1: Layout, file id, revision, name of the visible sheet, heading's row there, letter of our first column, name of
	// the summary sheet, and Texts where the workbook is not the sender's own. All are text. Its row 2: the headings of the sender's columns, in their order. From row First on, empty
	// cells hold pairs of cell formats: one in a colour of ours, and the sender's that it was made of; they begin in column D.
	// An older rowferry wrote a line per row of the file there, and further sheets "_rowferry 2"; nothing is read of them but the pairs.
	Sheet  = "_rowferry"
	Layout = "rowferry 1"
	Texts  = "texts" // of a new workbook: its cells do not show what was wrong with the sender's
	First  = 4       // the first row of Sheet with pairs of formats
)

// WouldBeSent stands for the status of a row in a preview that nothing is known against.
const WouldBeSent batch.Status = "would be sent"

// Resend is no status: a person writes its word into our status column of an unknown row that may be sent again.
const Resend batch.Status = "resend"

// Column is one of ours; its text is the name that the CSV result uses.
type Column string

// Our columns in the order in which they stand.
const (
	Row       Column = "row" // the number the row had in the sender's file
	Status    Column = "status"
	Code      Column = "code"
	Message   Column = "message"
	Reference Column = "reference"
	Attempts  Column = "attempts"
	SentAt    Column = "sent_at"
)

// Columns lists ours.
func Columns() []Column { return []Column{Row, Status, Code, Message, Reference, Attempts, SentAt} }

// Heading is what stands over the column in a workbook.
func (c Column) Heading(l batch.Language) string { return words.Of(l, "mark.column."+string(c)) }

// InCSV puts the names of our columns in a CSV result for their headings in a workbook, which messages speak of.
func InCSV(l batch.Language) *strings.Replacer {
	var pairs []string
	for _, c := range Columns() {
		pairs = append(pairs, c.Heading(l), string(c))
	}
	return strings.NewReplacer(pairs...)
}

// HeadingIn is the heading where times are those of a zone; nil is UTC.
func (c Column) HeadingIn(l batch.Language, zone *time.Location) string {
	if c != SentAt || zone == nil {
		return c.Heading(l)
	}
	return strings.Replace(c.Heading(l), "UTC", zone.String(), 1)
}

// ColumnOf recognises a heading of ours in any language, as a workbook has it. Letter case and blanks around it do not count.
func ColumnOf(heading string) (Column, bool) {
	bare, _, _ := strings.Cut(heading, "(")
	for _, k := range known() {
		if k.column == SentAt && same(bare, k.heading) || k.column != SentAt && same(heading, k.heading) {
			return k.column, true
		}
	}
	return "", false
}

// known are the headings in every language; SentAt's without its zone. They are put together once: every heading that is read is held against them.
var known = sync.OnceValue(func() (all []struct {
	column  Column
	heading string
}) {
	for _, c := range Columns() {
		for _, l := range batch.Languages() {
			want := c.Heading(l)
			if c == SentAt {
				want, _, _ = strings.Cut(want, "(")
			}
			all = append(all, struct {
				column  Column
				heading string
			}{c, want})
		}
	}
	return all
})

// Word is what the status column says.
func Word(l batch.Language, s batch.Status) string {
	return words.Of(l, "mark.status."+strings.ReplaceAll(string(s), " ", "_"))
}

// Words lists all that Word knows: the outcomes, WouldBeSent and Resend.
func Words() []batch.Status { return append(batch.Statuses(), WouldBeSent, Resend) }

// StatusOf recognises a word of the status column in any language, and the English word of CSV results.
func StatusOf(word string) (batch.Status, bool) {
	for _, s := range Words() {
		if same(word, string(s)) {
			return s, true
		}
		for _, l := range batch.Languages() {
			if same(word, Word(l, s)) {
				return s, true
			}
		}
	}
	return "", false
}

func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// Sum changes when a cell of a row does.
type Sum [12]byte

// Checksum is the sum of a row's cells. It is taken over what cells show: blanks around a text, the kind of a line break and empty cells at
// the end do not count, because programs change them when they save.
func Checksum(texts []string) Sum {
	for len(texts) > 0 && strings.TrimSpace(texts[len(texts)-1]) == "" {
		texts = texts[:len(texts)-1]
	}
	b := make([]byte, 0, 512)
	for _, t := range texts {
		t = strings.TrimSpace(t)
		if strings.ContainsRune(t, '\r') {
			t = strings.ReplaceAll(strings.ReplaceAll(t, "\r\n", "\n"), "\r", "\n")
		}
		b = append(append(b, t...), 0x1f)
	}
	sum := sha256.Sum256(b)
	return Sum(sum[:12])
}
