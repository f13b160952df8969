// Package csvfile holds the result as CSV: one line per row of the sender's file, our columns first, then the sender's own.
package csvfile

import (
	"bufio"
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
)

// Columns are ours; the sender's follow them.
func Columns() []string {
	return []string{"row", "status", "code", "message", "reference", "attempts", "sent_at"}
}

// WouldBeSent is the status, in a preview, of a row with nothing against it.
const WouldBeSent = "would be sent"

// New gives the format.
func New() outbox.Format { return format{} }

type format struct{}

// Extension is what follows the file's id.
func (format) Extension() string { return "result.csv" }

// Write writes UTF-8 with a byte order mark and CRLF line ends. Cells of ours that a spreadsheet would run as a formula get a
// leading apostrophe; the sender's are as they were.
func (format) Write(ctx context.Context, w io.Writer, r outbox.Report) error {
	out := bufio.NewWriterSize(w, 256<<10)
	if _, err := out.Write(heading(r.Columns)); err != nil {
		return err
	}
	var buf []byte
	lines := 0
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
		buf = appendLine(buf[:0], line, r.Preview)
		if _, err := out.Write(buf); err != nil {
			return err
		}
	}
	return out.Flush()
}

func heading(columns []batch.Column) []byte {
	b := []byte("\ufeff")
	for i, name := range Columns() {
		b = appendCell(separate(b, i), name)
	}
	for _, c := range columns {
		b = appendCell(append(b, ','), c.Name)
	}
	return append(b, "\r\n"...)
}

func separate(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func appendLine(b []byte, line *outbox.Line, preview bool) []byte {
	o := &line.Outcome
	b = strconv.AppendInt(b, int64(line.Row.Number), 10)
	b = appendCell(append(b, ','), Status(o.Status, preview))
	b = appendSafe(append(b, ','), o.Code)
	b = appendSafe(append(b, ','), Message(line))
	b = appendSafe(append(b, ','), o.Reference)
	b = strconv.AppendInt(append(b, ','), int64(o.Attempts), 10)
	b = append(b, ',')
	if !o.SentAt.IsZero() {
		b = o.SentAt.UTC().AppendFormat(b, time.RFC3339)
	}
	for i := range line.Row.Cells {
		b = appendCell(append(b, ','), line.Row.Cells[i].Text)
	}
	return append(b, "\r\n"...)
}

// Status is the word of the status column. It is the same in every language.
func Status(s batch.Status, preview bool) string {
	if preview && (s == "" || s == batch.Delivered) {
		return WouldBeSent
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

// appendSafe neutralises what a spreadsheet would run.
func appendSafe(b []byte, s string) []byte {
	if !Runs(s) {
		return appendCell(b, s)
	}
	return appendCell(b, "'"+s)
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

// appendCell quotes where a reader needs it, and changes nothing in the text.
func appendCell(b []byte, s string) []byte {
	if !needsQuotes(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// quoted are the bytes that make quotes necessary; a semicolon and a tab keep readers honest that guess the delimiter.
var quoted = func() (set [256]bool) {
	for _, c := range []byte(",\"\r\n;\t") {
		set[c] = true
	}
	return set
}()

func needsQuotes(s string) bool {
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
	return false
}
