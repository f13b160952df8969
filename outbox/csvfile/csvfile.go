// Package csvfile holds the result as CSV: one line per row of the sender's file, our columns first, then the sender's own.
package csvfile

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// New gives the format.
func New() outbox.Format { return format{} }

type format struct{}

// Extension is what follows the file's id.
func (format) Extension() string { return "result.csv" }

// Lined is outbox.Lined's.
func (format) Lined() {}

// Write writes UTF-8 with a byte order mark and CRLF line ends, divided as the sender's file is. Cells of ours that a spreadsheet
// would run as a formula get a leading apostrophe; the sender's are as they were.
func (format) Write(ctx context.Context, w io.Writer, r outbox.Report) error {
	out := bufio.NewWriterSize(w, 256<<10)
	t := &writer{report: &r, delimiter: cmp.Or(r.Source.Delimiter, ","), names: names(&r)}
	if _, err := out.Write(t.heading()); err != nil {
		return err
	}
	lines, said := 0, unread(&r)
	for line, err := range r.Lines() {
		if err != nil {
			return err
		}
		if lines++; lines%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !r.Preview && line.Outcome.Status != resultmark.Resend && !slices.Contains(batch.Statuses(), line.Outcome.Status) {
			return fmt.Errorf("row %d of file %s has no outcome (%q); the result is not written", line.Row.Number, r.File.ID, line.Outcome.Status)
		}
		if lines == 1 && len(said) > 0 { // a CSV has no other place for it
			first := *line
			first.Problems = append(slices.Clone(line.Problems), said...)
			line = &first
		}
		if _, err := out.Write(t.line(line)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// unread is what people see of the file and was not read.
func unread(r *outbox.Report) (said []batch.Problem) {
	for _, n := range r.Notes {
		if n.Unread {
			said = append(said, batch.Problem{Text: words.Say(r.Language, n.Message), Warning: true})
		}
	}
	return said
}

// writer makes the lines of one report.
type writer struct {
	report    *outbox.Report
	delimiter string
	names     *strings.Replacer
	buf       []byte // the line under way
	cells     int    // in it
}

// names makes messages speak of our columns as they are called in this file.
func names(r *outbox.Report) *strings.Replacer {
	if r.Local {
		return strings.NewReplacer()
	}
	return resultmark.InCSV(r.Language)
}

// heading is valid until the next line.
func (w *writer) heading() []byte {
	w.buf, w.cells = append(w.buf[:0], "\ufeff"...), 0
	for _, c := range resultmark.Columns() {
		if w.report.Local {
			w.cell(c.HeadingIn(w.report.Language, w.report.Zone))
		} else {
			w.cell(string(c))
		}
	}
	for _, c := range w.report.Columns {
		w.cell(c.Name)
	}
	return append(w.buf, "\r\n"...)
}

// line is valid until the next one.
func (w *writer) line(line *outbox.Line) []byte {
	o := &line.Outcome
	w.buf, w.cells = w.buf[:0], 0
	if len(w.report.Sheets) == 0 {
		w.buf, w.cells = strconv.AppendInt(w.buf, int64(line.Row.Number), 10), 1
	} else {
		w.safe(w.report.Sheets.Row(line.Row.Number))
	}
	w.cell(w.status(o.Status))
	w.safe(o.Code)
	w.safe(w.names.Replace(Message(line)))
	w.safe(o.Reference)
	w.cell("")
	w.buf = strconv.AppendInt(w.buf, int64(o.Attempts), 10)
	w.cell("")
	if !o.SentAt.IsZero() {
		w.buf = w.report.In(o.SentAt).AppendFormat(w.buf, time.RFC3339)
	}
	for i := range line.Row.Cells {
		w.cell(line.Row.Cells[i].Text)
	}
	w.buf = append(w.buf, "\r\n"...)
	return w.buf
}

// status is the word of the status column.
func (w *writer) status(s batch.Status) string {
	if w.report.Preview && (s == "" || s == batch.Delivered) {
		s = resultmark.WouldBeSent
	}
	if w.report.Local {
		return resultmark.Word(w.report.Language, s)
	}
	return string(s)
}

// Message joins what the outcome says and what is known against the row, each sentence once.
func Message(line *outbox.Line) string {
	said := line.Outcome.Message
	if len(line.Problems) == 0 {
		return said
	}
	var sentences []string
	if said != "" {
		sentences = append(sentences, said)
	}
	size := len(said)
	for i := range line.Problems {
		if text := line.Problems[i].Text; text != "" && !slices.Contains(sentences, text) {
			sentences = append(sentences, text)
			size += len(text) + len(between)
		}
	}
	if len(sentences) == 1 {
		return sentences[0]
	}
	joined := make([]byte, 0, size)
	for i, s := range sentences {
		if i > 0 {
			joined = append(joined, between...)
		}
		joined = append(joined, s...)
	}
	return string(joined)
}

const between = " | "

// safe neutralises what a spreadsheet would run.
func (w *writer) safe(s string) {
	if Runs(s) {
		s = "'" + s
	}
	w.cell(s)
}

// Runs reports whether a spreadsheet might take the text for a formula: it begins with = + - @, their full-width forms, a tab or a
// line break. A plain number with its sign (the code -1) is none.
func Runs(s string) bool {
	if s == "" || signed(s) {
		return false
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	}
	if s[0] < utf8.RuneSelf {
		return false
	}
	switch r, _ := utf8.DecodeRuneInString(s); r {
	case '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// signed reports whether s is a sign and digits, with at most one point between them.
func signed(s string) bool {
	if s[0] != '-' && s[0] != '+' || len(s) == 1 {
		return false
	}
	whole, part, point := strings.Cut(s[1:], ".")
	digits := func(d string) bool {
		return d != "" && strings.Trim(d, "0123456789") == ""
	}
	return digits(whole) && (!point || digits(part))
}

// cell quotes where a reader needs it, and changes nothing in the text.
func (w *writer) cell(s string) {
	if w.cells > 0 {
		w.buf = append(w.buf, w.delimiter...)
	}
	w.cells++
	if !w.needsQuotes(s) {
		w.buf = append(w.buf, s...)
		return
	}
	w.buf = append(w.buf, '"')
	for i := range len(s) {
		if s[i] == '"' {
			w.buf = append(w.buf, '"')
		}
		w.buf = append(w.buf, s[i])
	}
	w.buf = append(w.buf, '"')
}

// quoted are the bytes that make quotes necessary; a comma, a semicolon and a tab keep readers honest that guess the delimiter.
var quoted = func() (set [256]bool) {
	for _, c := range []byte(",\"\r\n;\t") {
		set[c] = true
	}
	return set
}()

func (w *writer) needsQuotes(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return true
	}
	for i := range len(s) {
		if quoted[s[i]] {
			return true
		}
	}
	return !quoted[w.delimiter[0]] && strings.Contains(s, w.delimiter)
}
