package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// csvTruth is what expected/csv/*.json holds.
type csvTruth struct {
	Encoding  string              `json:"encoding"`
	Delimiter *string             `json:"delimiter"`
	Quote     *string             `json:"quote"`
	Escape    *string             `json:"escape"`
	Total     int                 `json:"parsed_rows_total"`
	Heading   json.RawMessage     `json:"header_row_index"` // a number, null, or "not-asserted"
	Columns   []string            `json:"columns"`
	Rows      [][]string          `json:"rows"`
	Sample    map[string][]string `json:"sample_rows"`
}

// records are the expected ones by their 1-based number, as far as they are given.
func (t *csvTruth) records() map[int][]string {
	out := map[int][]string{}
	for i, r := range t.Rows {
		out[i+1] = r
	}
	for key, r := range t.Sample {
		if i, err := strconv.Atoi(key); err == nil {
			out[i+1] = r
		}
	}
	return out
}

// heading is the 1-based number of the heading; 0 when there is none; asserted when the truth says so.
func (t *csvTruth) heading() (n int, asserted bool) {
	switch s := string(t.Heading); s {
	case `"not-asserted"`, "":
		return 0, false
	case "null":
		return 0, true
	default:
		i, err := strconv.Atoi(s)
		return i + 1, err == nil
	}
}

// settings are the hints that a configuration would give.
func (t *csvTruth) settings() readers.Settings {
	s := readers.Settings{Encoding: strings.NewReplacer("utf-16-", "utf-16", "utf-32-", "utf-32").Replace(t.Encoding)}
	if t.Delimiter != nil {
		s.Delimiter = *t.Delimiter
	}
	s.Quote = "none"
	if t.Quote != nil {
		s.Quote = *t.Quote
	}
	if t.Escape != nil {
		s.Escape = *t.Escape
	}
	return s
}

func judgeCSV(ctx context.Context, r *result, reader readers.Reader, f readers.File, expected []byte) {
	var truth *csvTruth
	if expected != nil {
		truth = new(csvTruth)
		if err := parse(expected, truth); err != nil {
			r.missed("expected: %v", err)
			return
		}
	}
	hint := r.tag("needs-encoding-hint") || r.tag("needs-dialect-hint")
	got, err := take(ctx, reader, f, readers.Settings{})
	complete := reader.Complete(ctx, f, readers.Settings{})
	switch {
	case err == nil && complete != nil:
		r.missed("read, but called incomplete: %v", complete)
	case err != nil && hint && asks(err):
		r.remark("asks for a setting: %v", err)
	case err != nil:
		judgeRefusal(r, err)
	case r.Verdict == mustReject:
		r.missed("read (%d rows) instead of being refused", len(got.order))
	case truth != nil:
		judgeRecords(r, truth, got)
	}
	if !hint || truth == nil {
		return
	}
	got, err = take(ctx, reader, f, truth.settings())
	if err != nil {
		r.missed("with the right settings: %v", err)
		return
	}
	judgeRecords(r, truth, got)
}

// asks reports whether the refusal says which setting to write.
func asks(err error) bool {
	u, ok := errors.AsType[*batch.Unreadable](err)
	return ok && strings.Contains(words.Say(batch.English, u.Message), "read: {")
}

// judgeRecords finds lost, shifted and garbled records.
func judgeRecords(r *result, truth *csvTruth, got *taken) {
	first := truth.Total + 1
	if len(got.order) > 0 {
		first = got.order[0]
	}
	want := truth.records()
	heading := 0
	for _, n := range sorted(want) {
		if n < first && sameCells(want[n], names(got.columns)) {
			heading = n
		}
	}
	n, asserted := truth.heading()
	if asserted && n > 0 && n < first && sameCells(truth.Columns, names(got.columns)) {
		heading = n // it is not among the samples
	}
	if asserted && n != heading {
		if r.Verdict == either {
			r.remark("the heading is row %d, the suite says %d", heading, n)
		} else if heading == 0 && n > 0 && first <= n {
			r.remark("row %d is given as data, not as heading", n)
		} else {
			r.missed("the heading is row %d, not %d", n, heading)
		}
	}
	if !slices.IsSorted(got.order) {
		r.missed("the rows come out of order")
	}
	noted := 0
	for _, n := range got.notes {
		if n.Row > 0 {
			noted += n.Count
		}
	}
	named := 1
	if len(got.columns) > 0 && got.columns[0].Name == "column 1" {
		named = 0
	}
	if all := len(got.order) + noted + named; all != truth.Total {
		r.missed("%d rows, %d noted and %d heading make %d of %d records", len(got.order), noted, named, all, truth.Total)
	}
	for _, n := range sorted(want) {
		cells := want[n]
		given, arrived := got.rows[n]
		switch {
		case !arrived && n >= first && !blankCells(cells):
			r.remark("row %d is left out with a note: %q", n, cells)
			if !leftOut(got.notes) {
				r.missed("row %d is lost: %q", n, cells)
			}
		case !arrived:
		case given.problem != nil:
			r.remark("row %d is invalid: %s", n, words.Say(batch.English, *given.problem))
			width := len(cells)
			for width > len(got.columns) && strings.TrimFunc(cells[width-1], unicode.IsSpace) == "" {
				width--
			}
			if width == len(got.columns) && r.Verdict == mustRead {
				r.missed("row %d is called invalid: %s", n, words.Say(batch.English, *given.problem))
			}
		case !sameCells(cells, texts(given.cells)) && !blanksBeforeQuotes(cells, texts(given.cells)):
			r.missed("row %d is %q instead of %q", n, texts(given.cells), cells)
		}
	}
	r.remark("%d rows", len(got.order))
}

// leftOut reports whether something besides blank rows and preamble was recognised.
func leftOut(notes []batch.Note) bool {
	for _, n := range notes {
		switch n.Message.Key {
		case "csv.note.totals", "csv.note.separator", "csv.note.repeated":
			return true
		}
	}
	return false
}

// blanksBeforeQuotes: the truth's parser does not know a quote behind a blank; ours does.
func blanksBeforeQuotes(want, got []string) bool {
	if !slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(strings.TrimLeft(s, " "), `"`) && s[0] == ' ' }) {
		return false
	}
	bare := func(cells []string) string {
		return strings.NewReplacer(" ", "", `"`, "").Replace(strings.Join(cells, ","))
	}
	return bare(want) == bare(got)
}

// sameCells compares without the empty cells at the end.
func sameCells(a, b []string) bool {
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if i >= len(a) && len(a) == 40 || shortened(x, y) {
			continue // the truth shortens wide rows and long values
		}
		if x != y && (i < len(a) && i < len(b) || strings.TrimSpace(x+y) != "") {
			return false
		}
	}
	return true
}

// shortened reports whether want is how the truth writes a long value: its beginning and its length.
func shortened(want, got string) bool {
	at := strings.Index(want, "…(len ")
	return at > 0 && strings.HasPrefix(got, want[:at])
}

func blankCells(cells []string) bool { return strings.TrimSpace(strings.Join(cells, "")) == "" }

func texts(cells []batch.Cell) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.Text
	}
	return out
}

func names(columns []batch.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name
	}
	return out
}

func sorted(m map[int][]string) []int {
	var out []int
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
