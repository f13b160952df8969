package mappers_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

var update = flag.Bool("update", false, "write what came out into testdata/cases")

// noon is the time of all tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestCases maps testdata/cases/*.txt: a route, rows, and the items or the error that must come of them.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("cases: %d found, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]*txtar.File{}
	for i := range archive.Files {
		parts[archive.Files[i].Name] = &archive.Files[i]
	}
	route := parseRoute(t, parts["route.yaml"].Data)
	wanted, name := parts["items.json"], "items.json"
	if wanted == nil {
		wanted, name = parts["error.txt"], "error.txt"
	}
	got, failed := mapText(t, route, parts["in.csv"].Data)
	if failed != (name == "error.txt") {
		t.Fatalf("want %s, got:\n%s", name, got)
	}
	if *update {
		wanted.Data = got
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(wanted.Data), string(got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// mapText gives the items of a table as JSON, or the error as the sender reads it.
func mapText(t *testing.T, r route, table []byte) (out []byte, failed bool) {
	t.Helper()
	m, err := mappers.Compile(operation(t, r.Operation), r.settings())
	if err != nil {
		t.Fatal(err)
	}
	columns, rows := parseTable(t, table, r.XML)
	refused := func(err error) ([]byte, bool) {
		var bad *batch.Unreadable
		if !errors.As(err, &bad) {
			t.Fatal(err)
		}
		return []byte(words.Say(r.language(), bad.Message) + "\n"), true
	}
	b, err := m.Bind(columns)
	if err != nil {
		return refused(err)
	}
	var buf bytes.Buffer
	for it, err := range b.Items(each(rows)) {
		if err != nil {
			return refused(err)
		}
		writeItem(t, &buf, it)
	}
	for _, n := range b.Notes() {
		buf.WriteString("note: " + words.Say(r.language(), n.Message) + "\n")
	}
	return buf.Bytes(), false
}

// writeItem writes one item so that a person can check it: its rows, its body on one line, one line for each problem.
func writeItem(t *testing.T, buf *bytes.Buffer, it *batch.Item) {
	t.Helper()
	rows, _ := json.Marshal(it.Rows)
	buf.WriteString("rows " + string(rows) + "\n")
	if it.Body != nil {
		if !json.Valid(it.Body) {
			t.Errorf("not JSON: %s", it.Body)
		}
		buf.WriteString("  " + string(it.Body) + "\n")
	}
	if it.Where != nil {
		where, _ := json.Marshal(it.Where)
		buf.WriteString("  where " + string(where) + "\n")
	}
	for _, p := range it.Problems {
		text := p.Text
		p.Text, p.Fix = "", ""
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
		buf.WriteString("  " + text + "\n    " + strings.Replace(line.String(), `,"text":""`, "", 1))
	}
	if (it.Body == nil) == it.Sendable() {
		t.Errorf("rows %v: body and problems do not fit", it.Rows)
	}
}

// route is the part of a configuration that a case needs.
type route struct {
	Operation string         `yaml:"operation"`
	Language  batch.Language `yaml:"language"`
	Map       map[string]any `yaml:"map"`
	Group     string         `yaml:"group"`
	Optional  []string       `yaml:"optional"`
	MaxRows   int            `yaml:"max_rows"`
	XML       bool           `yaml:"xml"`

	mappings map[string]configs.Mapping
}

func parseRoute(t *testing.T, data []byte) (r route) {
	t.Helper()
	if err := yaml.Load(data, &r, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	r.mappings = map[string]configs.Mapping{}
	for path, v := range r.Map {
		r.mappings[path] = parseMapping(t, v)
	}
	return r
}

// parseMapping takes the short forms, a heading and a list of headings, and the long one.
func parseMapping(t *testing.T, v any) (m configs.Mapping) {
	t.Helper()
	long, ok := v.(map[string]any)
	if !ok {
		long = map[string]any{"from": v}
	}
	for _, key := range []string{"from", "date"} {
		if one, ok := long[key].(string); ok {
			long[key] = []string{one}
		}
	}
	data, err := yaml.Marshal(long)
	if err == nil {
		err = yaml.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r route) language() batch.Language {
	if r.Language == "" {
		return batch.English
	}
	return r.Language
}

func (r route) settings() mappers.Settings {
	return mappers.Settings{
		Map: r.mappings, Group: r.Group, Optional: r.Optional, Language: r.language(), MaxRows: r.MaxRows,
		Now: func() time.Time { return noon },
	}
}

// parseTable reads a table. "#number:007" is a number cell, "#date:…" a date cell, "#faulty:…" one that the reader does not
// trust; a row with "#problem" could not be read.
func parseTable(t *testing.T, data []byte, xml bool) ([]batch.Column, []batch.Row) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var columns []batch.Column
	for i, name := range records[0] {
		c := batch.Column{Name: name, Ref: string(rune('A' + i))}
		if xml {
			c.Ref = name
		}
		columns = append(columns, c)
	}
	var rows []batch.Row
	for i, record := range records[1:] {
		row := batch.Row{Number: i + 2}
		for range columns {
			row.Cells = append(row.Cells, batch.Cell{})
		}
		for k, text := range record {
			row.Cells[k] = parseCell(text)
			if text == "#problem" {
				row.Cells[k] = batch.Cell{}
				row.Problem = &batch.Message{Text: batch.Text{EN: "row 5 has 7 fields, the heading has 3", ZH: "第 5 行有 7 个字段", RU: "в строке 5 полей: 7"}}
			}
		}
		rows = append(rows, row)
	}
	return columns, rows
}

func parseCell(text string) batch.Cell {
	for prefix, kind := range map[string]batch.Kind{"#number:": batch.Number, "#date:": batch.Date, "#faulty:": batch.Faulty} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			c := batch.Cell{Text: rest, Kind: kind}
			if kind == batch.Faulty {
				c.Problem = &batch.Message{Text: batch.Text{EN: "Excel shows " + rest + "; the digits are lost"}}
			}
			return c
		}
	}
	if text == "" {
		return batch.Cell{}
	}
	return batch.Cell{Text: text, Kind: batch.String}
}

// each hands out rows as readers do: the row and its cells are overwritten by the next one.
func each(rows []batch.Row) iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		var shared batch.Row
		for _, r := range rows {
			shared.Number, shared.Problem = r.Number, r.Problem
			shared.Cells = append(shared.Cells[:0], r.Cells...)
			if !yield(&shared, nil) {
				return
			}
		}
	}
}

var acme *providers.Provider

func operation(t testing.TB, id string) *providers.Operation {
	t.Helper()
	if acme == nil {
		p, err := providers.Load("testdata/acme.yaml")
		if err != nil {
			t.Fatal(err)
		}
		acme = p
	}
	for _, op := range acme.Operations {
		if op.ID == id {
			return op
		}
	}
	t.Fatalf("testdata/acme.yaml has no operation %s", id)
	return nil
}
