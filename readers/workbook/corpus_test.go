package workbook

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/readers/workbook/biff"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/html"
	"github.com/rowferry/rowferry/readers/workbook/ods"
	"github.com/rowferry/rowferry/readers/workbook/xlsb"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
	"github.com/rowferry/rowferry/readers/workbook/xml2003"
	"github.com/rowferry/rowferry/words"
)

const corpus = "../../../shared/corpus"

type expectation struct {
	DateSystem string `json:"date_system"`
	Sheets     []struct {
		Name, State, Kind string
		Rows              int                 `json:"nonempty_rows"`
		Cells             [][]json.RawMessage `json:"cells"`
		Complete          bool                `json:"cells_complete"`
		Hidden            []int               `json:"hidden_rows"`
		Merged            []string            `json:"merged"`
	} `json:"sheets"`
}

// The files that other people wrote: every must-read cell is right, every must-reject file is refused for its real cause.
func TestCorpus(t *testing.T) {
	manifest, err := os.Open(filepath.Join(corpus, "MANIFEST.tsv"))
	if err != nil {
		t.Fatalf("the corpus must lie beside the repository, at ../shared/corpus: %v", err)
	}
	defer manifest.Close()
	seen := 0
	for lines := bufio.NewScanner(manifest); lines.Scan(); {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 4 || !strings.HasPrefix(f[0], "xlsx/") && !strings.HasPrefix(f[0], "xls/") {
			continue
		}
		seen++
		t.Run(f[0], func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(corpus, f[0]))
			if err != nil {
				t.Fatal(err)
			}
			defer readerstest.Start().Check(t)
			verdict, tags := f[2], f[1]
			switch verdict {
			case "must-read":
				mustRead(t, content, filepath.Join(corpus, f[3]))
			case "must-reject-with-clear-error":
				refusedWith(t, content, tags)
			default:
				if _, err := all(content, readers.Settings{}); err != nil {
					said(t, err)
				} else if raw, err := os.ReadFile(filepath.Join(corpus, f[3])); err == nil && bytes.Contains(raw, []byte(`"sheets"`)) {
					mustRead(t, content, filepath.Join(corpus, f[3]))
				}
			}
		})
	}
	if seen < 100 {
		t.Fatalf("only %d workbooks in the manifest", seen)
	}
}

func open(content []byte, s readers.Settings) (readers.Table, error) {
	r, err := known(content)
	if err != nil {
		return nil, err
	}
	return r.Open(context.Background(), file(content), s)
}

// known is the reader for a content, where this package reads it.
func known(content []byte) (readers.Reader, error) {
	c, err := readers.Examine(file(content))
	if err != nil {
		return nil, err
	}
	for _, kind := range []grid.Container{xlsx.Container, xlsb.Container, biff.Container, ods.Container, html.Container, html.Single, xml2003.Container} {
		if kind.Traits.Knows(c) {
			return New(kind), nil
		}
	}
	return nil, c.Refusal()
}

func file(content []byte) readers.File {
	return readers.File{Name: "x.xlsx", Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}
}

type found struct {
	columns []batch.Column
	rows    []batch.Row
	notes   []batch.Note
	header  int
}

// all reads the whole table.
func all(content []byte, s readers.Settings) (found, error) {
	tb, err := open(content, s)
	if err != nil {
		return found{}, err
	}
	defer tb.Close()
	f := found{columns: tb.Columns(), header: tb.Layout().Header}
	for row, err := range tb.Rows() {
		if err != nil {
			return f, err
		}
		r := *row
		r.Cells = append([]batch.Cell(nil), row.Cells...)
		f.rows = append(f.rows, r)
	}
	f.notes = tb.Notes()
	return f, nil
}

// hole is what an argument should have filled; a setting to write has a space in its braces.
var hole = regexp.MustCompile(`\{\w*\}`)

// said checks that an error is one for people, complete in every language.
func said(t *testing.T, err error) string {
	t.Helper()
	var u *batch.Unreadable
	if !errors.As(err, &u) {
		t.Fatalf("not a *batch.Unreadable: %v", err)
	}
	for _, l := range batch.Languages() {
		if s := words.Say(l, u.Message); hole.MatchString(s) || strings.HasPrefix(s, "workbook.") || strings.HasPrefix(s, "kind.") {
			t.Errorf("%s: %q", l, s)
		}
	}
	return u.Message.Key
}

// refusedWith expects a refusal whose cause fits the tags.
func refusedWith(t *testing.T, content []byte, tags string) {
	t.Helper()
	_, err := all(content, readers.Settings{})
	if err == nil {
		t.Fatal("it was read")
	}
	key := said(t, err)
	t.Log(key)
	for tag, want := range map[string]string{
		"encrypted": "encrypted", "xlsb": "kind.xlsb", "bomb": "doctype", "empty-zip": "kind.", "empty-file": "kind.empty", "html-table": "kind.html",
		"missing-parts": "workbook.part_missing",
	} {
		if strings.Contains(","+tags+",", ","+tag+",") && !strings.Contains(key, want) {
			t.Errorf("%s, tagged %s", key, tag)
		}
	}
}

// mustRead compares each visible sheet cell by cell, and counts the rows of the one that is read by default.
func mustRead(t *testing.T, content []byte, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want expectation
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	first := true
	for _, s := range want.Sheets {
		if s.Kind == "chartsheet" || len(s.Cells) == 0 {
			continue
		}
		got, err := all(content, readers.Settings{Sheet: s.Name, Header: "none"})
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		cells := map[string]batch.Cell{}
		totals := 0
		for _, n := range got.notes {
			if n.Message.Key == "workbook.note_totals" {
				totals = n.Count
			}
		}
		for _, r := range got.rows {
			if r.Problem != nil && len(got.rows) < 100 {
				t.Errorf("row %d: %v", r.Number, r.Problem)
			}
			for i, c := range r.Cells {
				cells[got.columns[i].Ref+strconv.Itoa(r.Number)] = c
			}
		}
		for _, c := range s.Cells {
			var ref, kind, format string
			json.Unmarshal(c[0], &ref)
			json.Unmarshal(c[1], &kind)
			if len(c) > 3 {
				json.Unmarshal(c[3], &format)
			}
			if complaint := compare(cells[ref], kind, c[2], format); complaint != "" && totals == 0 {
				t.Errorf("%s!%s %s %q: %s", s.Name, ref, kind, format, complaint)
			}
		}
		if s.State != "visible" || !first {
			continue
		}
		first = false
		def, err := all(content, readers.Settings{})
		if err != nil {
			t.Errorf("by default: %v", err)
			continue
		}
		read := len(def.rows)
		if def.header > 0 {
			read++
		}
		over := 0
		for _, n := range def.notes {
			switch n.Message.Key {
			case "workbook.note_preamble", "workbook.note_totals":
				read += n.Count
				over += n.Count
			}
		}
		shown := 0
		seen := map[int]bool{}
		above := 0
		for _, r := range got.rows {
			seen[r.Number] = true
			if r.Number <= def.header {
				above++
			}
		}
		shown = len(seen)
		if preamble := over - totals; above-1-preamble == 1 {
			read++ // a heading of two rows
		}
		names := []string{}
		for _, c := range def.columns {
			names = append(names, c.Name)
		}
		t.Logf("%s: header %d, %d rows, %d passed over, %d of %d: %.150q", s.Name, def.header, len(def.rows), over, read, s.Rows, names)
		if read != shown+totals && read != shown+totals+1 {
			t.Errorf("by default %d rows are accounted for, the sheet shows %d", read, shown)
		}
	}
}

func compare(c batch.Cell, kind string, raw json.RawMessage, format string) string {
	var text string
	json.Unmarshal(raw, &text)
	switch kind {
	case "s":
		want := strings.NewReplacer("_x000D_", "\r", "\r\n", "\n").Replace(text)
		want = strings.ReplaceAll(strings.ReplaceAll(want, "\r\n", "\n"), "\r", "\n")
		got := strings.ReplaceAll(strings.ReplaceAll(c.Text, "\r\n", "\n"), "\r", "\n")
		if cut, _, long := strings.Cut(want, "…(len"); long && strings.HasPrefix(got, cut) || strings.TrimSpace(want) == "" && c.Text == "" {
			return ""
		}
		if c.Text != text && got != want {
			return fmt.Sprintf("got %q, want %q", c.Text, text)
		}
	case "n":
		if c.Kind == batch.Date && format == "" {
			return "" // a built-in East Asian format, which the other reader does not know
		}
		want, _ := strconv.ParseFloat(string(raw), 64)
		got, err := strconv.ParseFloat(strings.NewReplacer("-", "", "/", "", " ", "", "(", "", ")", "").Replace(c.Text), 64)
		if c.Kind != batch.Faulty && strings.ContainsAny(c.Text, "eE+") {
			return fmt.Sprintf("got %q", c.Text)
		}
		if err != nil || math.Abs(got-math.Abs(want)) > math.Abs(want)*1e-14 {
			return fmt.Sprintf("got %v %q, want %s", c.Kind, c.Text, raw)
		}
		if c.Kind != batch.Number && c.Kind != batch.Faulty {
			return fmt.Sprintf("got kind %v %q, want %s", c.Kind, c.Text, raw)
		}
	case "d":
		got := c.Text
		if near(got, text) {
			return ""
		}
		if c.Kind == batch.Date {
			got += "T00:00:00"
			text = text[:min(10, len(text))] + "T00:00:00"
		}
		if got != text && !(c.Kind == batch.Clock && strings.HasSuffix(text, got)) {
			return fmt.Sprintf("got %v %q, want %q", c.Kind, c.Text, text)
		}
	case "b":
		if want := strings.ToUpper(string(raw)); c.Text != want || c.Kind != batch.Bool {
			return fmt.Sprintf("got %v %q", c.Kind, c.Text)
		}
	case "e":
		if c.Kind != batch.Faulty {
			return fmt.Sprintf("got %v %q", c.Kind, c.Text)
		}
	}
	return ""
}

// near allows for what the other reader does differently: parts of a second, durations, 29 February 1900.
func near(got, want string) bool {
	seconds := func(s string) (float64, bool) {
		if d, found := strings.CutPrefix(s, "timedelta:"); found {
			f, err := strconv.ParseFloat(strings.TrimSuffix(d, " s"), 64)
			return f, err == nil
		}
		for _, layout := range []string{"2006-01-02T15:04:05", "15:04:05"} {
			if d, err := time.Parse(layout, s); err == nil {
				if layout == "15:04:05" {
					return float64(d.Sub(d.Truncate(24*time.Hour))) / 1e9, true
				}
				return float64(d.UnixNano()) / 1e9, true
			}
		}
		var h, m, sec float64
		n, _ := fmt.Sscanf(s, "%f:%f:%f", &h, &m, &sec)
		return h*3600 + m*60 + sec, n == 3
	}
	if strings.HasPrefix(got, "1900-02-29") {
		got = "1900-02-28" + got[10:]
	}
	a, ok1 := seconds(got)
	b, ok2 := seconds(want)
	return ok1 && ok2 && math.Abs(a-b) <= 0.51
}
