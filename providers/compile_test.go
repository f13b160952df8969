package providers

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
)

var update = flag.Bool("update-pages", false, "write the expected texts anew")

// document compiles one of testdata/documents.
func document(t testing.TB, name string) *Provider {
	t.Helper()
	p, err := Load(filepath.Join("testdata", "documents", name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func operation(t testing.TB, p *Provider, id string) *Operation {
	t.Helper()
	op, ok := p.Operation(id)
	if !ok {
		t.Fatalf("no operation %s", id)
	}
	return op
}

// expect compares with a file in testdata.
func expect(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", "documents", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

func TestEveryMistakeAtOnceWithItsPlace(t *testing.T) {
	_, err := Load("testdata/documents/mistakes.yaml")
	mistakes, ok := errors.AsType[*DocumentError](err)
	if !ok {
		t.Fatalf("got %v, want a DocumentError", err)
	}
	expect(t, "mistakes.txt", mistakes.Error()+"\n")
	for _, l := range batch.Languages() {
		if strings.Count(mistakes.Say(l), "\n") != len(mistakes.Mistakes)-1 {
			t.Errorf("%s: not one line a mistake", l)
		}
	}
}

// bomb is a small document that comes to ten thousand million values.
func bomb() string {
	text := "openapi: 3.1.0\na0: &a0 [x]\n"
	for i := range 10 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return text
}

func TestBrokenDocuments(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "not a mapping"},
		"no yaml":   {"a: [", "no yaml:2:1: a list that was opened with [ is not closed before this; write ] where the list ends"},
		"tab":       {"a:\n\tb: 1\n", "tab:2:1: a tab in the indentation; YAML indents with spaces only; write two spaces for each level"},
		"twice":     {"openapi: 3.1.0\ninfo:\n  title: x\n  title: y\n", "twice:4:3: info.title: the key stands here a second time, first in line 3"},
		"alias":     {"openapi: *v\n", "alias:1:10: *v refers to an anchor that is not there"},
		"circle":    {"openapi: 3.1.0\nx: &x\n  <<: *x\n", "circle:3:7: aliases refer to each other without end; write the value itself"},
		"bomb":      {bomb(), ": aliases refer to each other without end"},
		"version":   {"openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {}\n", "write openapi: 3.1.0"},
		"extension": {"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\n", "x-rowferry is missing"},
		"nothing":   {"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\nx-rowferry: {name: x}\n", "no operation has x-rowferry"},
	} {
		_, err := Compile([]byte(c.text), name)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestProviderAndOperation(t *testing.T) {
	p := document(t, "orders.yaml")
	if p.Limits != (Limits{Rate{1600, time.Hour}, 2}) || p.Server("production") != "https://orders.example" || p.Server("sandbox") != "" {
		t.Errorf("got %+v %+v", p.Limits, p.Servers)
	}
	if s, _ := p.Scheme("header"); s.Headers["X-Token"] != "{token}" || !slices.Equal(s.Needs, []string{"token"}) {
		t.Errorf("got scheme %+v", s)
	}
	op := operation(t, p, "orders")
	if op.Method != "PUT" || op.Paths["json"] != "/orders" || !slices.Equal(op.Schemes, []string{"header"}) || op.Repeatable {
		t.Errorf("got %+v", op)
	}
	want := Rows{Kind: Group, Path: "houses.boxes", Min: 2, Key: []string{"houses.no"}}
	if diff := cmp.Diff(want, op.Rows); diff != "" {
		t.Error(diff)
	}
	got := map[string]string{}
	for _, f := range op.Fields {
		got[f.Path] = ""
		if f.Required {
			got[f.Path] += "required "
		}
		if f.Repeated {
			got[f.Path] += "repeated"
		}
	}
	fields := map[string]string{"movement": "required ", "departure": "required ", "arrival": "required ", "agent": "", "carrier": "", "masterNo": "", "contact.name": "", "contact.phone": "",
		"houses.no": "required ", "houses.boxes.no": "required repeated", "houses.boxes.code": "repeated", "houses.boxes.un": "repeated", "houses.boxes.person": "repeated", "houses.boxes.weight": "repeated"}
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Error(diff)
	}
	if len(op.Body.Props) != 8 || op.Body.Props[0].Name != "movement" || op.Body.Props[7].Name != "houses" {
		t.Errorf("the order of the document is lost: %v", op.Body.Props)
	}
}

func TestBatchFieldsStartAtTheElement(t *testing.T) {
	op := operation(t, document(t, "points.yaml"), "remove")
	var paths []string
	for _, f := range op.Fields {
		paths = append(paths, f.Path)
	}
	if !slices.Equal(paths, []string{"ref", "type", "externalId"}) {
		t.Errorf("got fields %v", paths)
	}
	version, login := op.Body.Props[0], op.Body.Props[1]
	if op.Body.XML.Name != "removeRequest" || version.Const != "0.1" || !version.XML.Attribute || login.Fill != "credential:login" || login.Scheme != "body" {
		t.Errorf("got %+v %+v %+v", op.Body.XML, version, login)
	}
	if seq := op.Body.Props[3].Props[0].Items.Props[0]; seq.Fill != "sequence" || seq.Field != nil {
		t.Errorf("got %+v", seq)
	}
}

func TestExamplesMakeRows(t *testing.T) {
	op := operation(t, document(t, "orders.yaml"), "orders")
	before := time.Now().Format(time.DateOnly)
	rows := op.Example()
	after := time.Now().Format(time.DateOnly) // another day when midnight has passed
	if len(rows) != 2 || rows[0]["houses.boxes.no"] != "1" || rows[1]["houses.boxes.no"] != "2" || rows[1]["houses.no"] != "H1" || rows[0]["departure"] != before && rows[0]["departure"] != after {
		t.Errorf("got %v", rows)
	}
	rows = operation(t, document(t, "points.yaml"), "remove").Example()
	if len(rows) != 2 || rows[0]["ref"] == rows[1]["ref"] {
		t.Errorf("got %v, want two rows that differ", rows)
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]Rate{"10/s": {10, time.Second}, "1600/h": {1600, time.Hour}, "3/30s": {3, 30 * time.Second}, "5 / m": {5, time.Minute}, "100/d": {100, 24 * time.Hour}, "": {}, "none": {}} {
		got, err := ParseRate(text)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
		again, err := ParseRate(got.String())
		if err != nil || again != want {
			t.Errorf("%q: written as %q, read as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"10", "0/s", "-1/s", "x/s", "10/", "10/w", "10/0s", "1.5/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestPagesAreGenerated(t *testing.T) {
	for _, l := range batch.Languages() {
		var b strings.Builder
		if err := document(t, "orders.yaml").Markdown(&b, l); err != nil {
			t.Fatal(err)
		}
		expect(t, "orders."+string(l)+".md", b.String())
	}
}

func TestListFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "carrier.txt")
	if err := os.WriteFile(file, []byte("\ufeff# carriers\r\nCOSCO-中远海\tCOSU\r\n\r\n MSK-马士基 \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := LoadList(file)
	if err != nil {
		t.Fatal(err)
	}
	l := Lists{"carrier": list}
	if !l.Has("carrier", "COSCO-中远海") || !l.Has("carrier", "MSK-马士基") || l.Has("carrier", "MSC") || !l.Has("other", "x") || l.Code("carrier", "COSCO-中远海") != "COSU" || l.Code("carrier", "MSK-马士基") != "" {
		t.Errorf("got %v", slices.Sorted(maps.Keys(list)))
	}
	if err := os.WriteFile(file, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadList(file); err == nil {
		t.Error("an empty list is taken")
	}
}
