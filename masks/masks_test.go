package masks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/masks"
)

const request = `{"ref":"A-1","to":{"name":"王小明 \"Ming\"","phone":13812345678,"tags":["x","y"]},"lines":[{"sku":"1","note":"to Wang"},{"sku":"2","note":null}]}`

var private = masks.Fields{"to.name", "to.phone", "lines.note"}

// What is stored shows nothing, and what is sent is the request to the byte.
func TestSealAndOpen(t *testing.T) {
	key := keyOf(t, "a;b\n1;2\n")
	sealed := private.Seal(key, []byte(request))
	for _, value := range []string{"王小明", "Ming", "138", "Wang"} {
		if strings.Contains(string(sealed), value) {
			t.Errorf("%s shows in %s", value, sealed)
		}
	}
	if !masks.Sealed(sealed) || masks.Sealed([]byte(request)) {
		t.Error("what is sealed is not known")
	}
	opened, err := keyOf(t, "a;b\n1;2\n").Open(sealed)
	if err != nil || string(opened) != request {
		t.Errorf("%v: %s", err, opened)
	}
	want := `{"ref":"A-1","to":{"name":"***","phone":"***","tags":["x","y"]},"lines":[{"sku":"1","note":"***"},{"sku":"2","note":null}]}`
	if shown := string(masks.Show(sealed)); shown != want {
		t.Error(cmp.Diff(want, shown))
	}
	if masked := string(private.Mask([]byte(request))); masked != want {
		t.Error(cmp.Diff(want, masked))
	}
	if _, err := keyOf(t, "a;b\n1;3\n").Open(sealed); !errors.Is(err, masks.ErrClosed) {
		t.Errorf("another file's key: %v", err)
	}
	if again := private.Seal(key, []byte(request)); string(again) == string(sealed) {
		t.Error("equal values look equal")
	}
}

// A path names what is below it; parameters' paths begin with their place; a batch's elements have paths of their own.
func TestPaths(t *testing.T) {
	for _, c := range []struct{ path, body, want string }{
		{"to", `{"to":{"a":1},"ref":"x"}`, `{"to":"***","ref":"x"}`},
		{"to.a", `{"to":[{"a":[1,{"b":2}]},{"c":3}]}`, `{"to":[{"a":"***"},{"c":3}]}`},
		{"query.who", `{"?query":{"who":"x"},"?body":{"query":"y"}}`, `{"?query":{"who":"***"},"?body":{"query":"y"}}`},
		{"who", `{"?query":{"who":"x"},"?around":{"who":"z"},"?body":{"who":"y"}}`, `{"?query":{"who":"x"},"?around":{"who":"***"},"?body":{"who":"***"}}`},
		{"absent", `{"to": 1 }`, `{"to": 1 }`},
		{"to", `no json "to"`, `no json "to"`},
		{"to", ``, ``},
	} {
		if got := string(masks.Fields{c.path}.Mask([]byte(c.body))); got != c.want {
			t.Errorf("%s: %s", c.path, cmp.Diff(c.want, got))
		}
	}
}

func TestValues(t *testing.T) {
	got := private.Values([]byte(request))
	if want := []string{`王小明 "Ming"`, "13812345678", "to Wang"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got := (masks.Fields{"to"}).Values([]byte(request)); len(got) < 4 {
		t.Error(got)
	}
}

// An answer may say a private field in a form of its own; its name tells.
func TestInText(t *testing.T) {
	f := masks.Fields{"to.phone"}
	for text, want := range map[string]string{
		`{"error":{"phone":"+86 138","code":7}}`: `{"error":{"phone":"***","code":7}}`,
		`{"phone" : 138.5, "x":1}`:               `{"phone" : "***", "x":1}`,
		`{"said":"{\"phone\":\"138\"}"}`:         `{"said":"{\"phone\":\"***\"}"}`,
		`{"phone":"138 \" 9`:                     `{"phone":"***"`,
		`<m><c:Phone kind="a">138</c:Phone></m>`: `<m><c:Phone kind="a">***</c:Phone></m>`,
		`<m phone="138" code="7"/>`:              `<m phone="***" code="7"/>`,
		`code=7&phone=%2B86138&x=1`:              `code=7&phone=***&x=1`,
		`the telephone is busy, {"phones":"3"}`:  `the telephone is busy, {"phones":"3"}`,
		``:                                       ``,
	} {
		if got := f.InText()(text); got != want {
			t.Errorf("%s\n%s", text, cmp.Diff(want, got))
		}
	}
	if got := (masks.Fields)(nil).InText()(`{"phone":1}`); got != `{"phone":1}` {
		t.Error(got)
	}
}

// What is wrong with a private field is told by its cell, without what stands there.
func TestProblems(t *testing.T) {
	all := []batch.Problem{
		{Field: "to.phone", Cell: "C5", Value: "13812", Text: `"13812" is no number; write 13,812`, Fix: "13,812"},
		{Field: "to.name.first", Value: "ab", Text: "“ab” is short, as is a tab"},
		{Field: "to.name", Text: "B4 is empty: fill it in", Fix: "fill it in"},
		{Field: "ref", Value: "13812", Text: "13812", Fix: "1"},
	}
	private.Problems(all)
	want := []batch.Problem{
		{Field: "to.phone", Cell: "C5", Value: "***", Text: `"***" is no number; write ***`},
		{Field: "to.name.first", Value: "***", Text: "“***” is short, as is a tab"},
		{Field: "to.name", Text: "B4 is empty: fill it in", Fix: "fill it in"},
		{Field: "ref", Value: "13812", Text: "13812", Fix: "1"},
	}
	if !cmp.Equal(all, want) {
		t.Error(cmp.Diff(want, all))
	}
}

func keyOf(t *testing.T, content string) *masks.Key {
	t.Helper()
	k, err := masks.KeyOf(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
