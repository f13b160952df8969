package strictyaml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/strictyaml"
)

// What people mistype is named by its cause, where it is seen best.
func TestCauses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a:\n\tb: 1\n", "2:1 yaml.tab"},
		{"a:\n  b: 1\n\tc: 2\n", "3:1 yaml.tab"},
		{"a: [1, 2\nb: 3\n", "2:2 yaml.list_open"},
		{"a: {b: 1\nc: 2\n", "1:4 yaml.map_open"},
		{"a: \"text\nb: 2\n", "1:4 yaml.quote_open"},
		{"a: 'text\nb: 2\n", "1:4 yaml.quote_open"},
		{"a: {b: \"x, c: \"y\"}\n", "1:17 yaml.quote_open"},
		{"a: \"x\" y\n", "1:8 yaml.quoted"},
		{"键: \"x\" y\n", "1:8 yaml.quoted"},
		{"a: b: c\n", "1:4 yaml.colon"},
		{"a:   b: c\n", "1:6 yaml.colon"},
		{"a: @x\n", "1:4 yaml.reserved"},
		{"a: `x`\n", "1:4 yaml.reserved"},
		{"a: %x\n", "1:4 yaml.reserved"},
		{"a: *.csv *.xlsx\n", "1:4 yaml.reserved"},
		{"a: 1\nb 2\nc: 3\n", "2:1 yaml.no_colon"},
		{"a:\n  b:2\n  c: 3\n", "2:3 yaml.no_colon"},
		{"a: 1\n\n# said\n  b: 2\n", "4:3 yaml.indent"},
		{"a:\n  b: 1\n c: 2\n", "3:2 yaml.indent"},
		{"a:\n  - b\n - c\n", "3:2 yaml.indent"},
		{"a: 1\r\n  b: 2\r\n", "2:3 yaml.indent"},
		{"a: \"\\q\"\n", "1:5 yaml.escape"},
		{"a: {dir: \"C:\\users\"}\n", "1:15 yaml.escape"},
		{"a: \x01\n", "1:1 yaml.other"},
	} {
		_, err := strictyaml.Parse([]byte(c.text))
		e, ok := errors.AsType[*strictyaml.SyntaxError](err)
		if !ok {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Cause); got != c.want {
			t.Errorf("%q: %s (%s), want %s", c.text, got, e.Text, c.want)
		}
	}
}

// An alias that nothing has the name of, a pattern without quotation marks, is told where its value is used; the rest is read.
func TestAliasesWithoutAnchors(t *testing.T) {
	docs, err := strictyaml.Parse([]byte("a: [*.csv, *.csv]\nb: {c: *x}\nd: &e 1\nf: *e\n"))
	if err != nil || len(docs) != 1 {
		t.Fatal(docs, err)
	}
	d := docs[0]
	for _, n := range strictyaml.Get(d.Root, "a").Content {
		if d.Lost(n) != ".csv" || n.Line != 1 {
			t.Errorf("%q in line %d", d.Lost(n), n.Line)
		}
	}
	if got := d.Lost(strictyaml.Get(strictyaml.Get(d.Root, "b"), "c")); got != "x" {
		t.Errorf("%q", got)
	}
	if f := strictyaml.Get(d.Root, "f"); d.Lost(f) != "" || f.Value != "1" {
		t.Errorf("%q is lost", f.Value)
	}
	if e, ok := errors.AsType[*strictyaml.SyntaxError](d.Err()); !ok || e.Line != 1 || e.Column != 5 || e.Text != ".csv" {
		t.Errorf("%v", d.Err())
	}
}

// Own keys win over merged ones, earlier merges over later; what merges itself ends.
func TestMerges(t *testing.T) {
	docs, err := strictyaml.Parse([]byte("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  c: 3\n  c: 4\nself: &s\n  <<: *s\n  k: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range strictyaml.Entries(strictyaml.Get(docs[0].Root, "z")) {
		got = append(got, e.Name+e.Node.Value)
	}
	if text := strings.Join(got, " "); text != "c3 c4 a1 b1" {
		t.Errorf("%s", text)
	}
	self := strictyaml.Get(docs[0].Root, "self")
	if strictyaml.Get(self, "none") != nil || strictyaml.Get(self, "k").Value != "1" || len(strictyaml.Entries(self)) != 1 {
		t.Error("a mapping that merges itself")
	}
	own, _ := strictyaml.Own(strictyaml.Get(docs[0].Root, "z"))
	if again, first := strictyaml.Twice(own); len(again) != 1 || again[0].Key.Line != 6 || first[0] != 5 {
		t.Errorf("%v %v", again, first)
	}
}

// Texts that nest without end, in brackets or by indentation, are refused before they cost anything.
func TestNesting(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1e6), strings.Repeat("- ", 1e6), strings.Repeat("{a: ", 1e6)} {
		if _, err := strictyaml.Parse([]byte(text)); !errors.Is(err, strictyaml.ErrTooDeep) {
			t.Errorf("%.10s: %v", text, err)
		}
	}
	if docs, err := strictyaml.Parse([]byte("# nothing\n---\n...\n---\nnull\n")); err != nil || len(docs) != 0 {
		t.Errorf("%v %v", docs, err)
	}
}

// Aliases that multiply are known before anybody follows them; those that hold themselves are told where they stand.
func TestMultiplies(t *testing.T) {
	text := "x0: &x0 {a: 1}\n"
	for i := range 24 {
		text += fmt.Sprintf("x%d: &x%d {<<: [*x%d, *x%d], k%d: *x%d}\n", i+1, i+1, i, i, i, i)
	}
	for text, want := range map[string]bool{text: true, "a: &a {b: *a}\n": false, "a: &a {b: 1}\nc: [*a, *a]\n": false} {
		docs, err := strictyaml.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := docs[0].Multiplies(1000); (err != nil) != want {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}
