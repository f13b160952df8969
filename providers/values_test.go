package providers

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

func TestAppend(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	for _, c := range []struct {
		field, text string
		kind        batch.Kind
		want        string // JSON; "" = omitted
		code, fix   string // of the violation; fix is a part of the English sentence
	}{
		{"bill", "HBL-1", batch.String, `"HBL-1"`, "", ""},
		{"bill", "0123", batch.Number, `"0123"`, "", ""},
		{"bill", " ", batch.String, "", "", ""},
		{"bill", "\u3000\u00a0", batch.String, "", "", ""},
		{"bill", "HBL\uff0d1", batch.String, "", "pattern", "write - instead of \uff0d (U+FF0D) at place 4"},
		{"bill", "hbl-1", batch.String, "", "pattern", "write capital letters: HBL-1"},
		{"bill", "HBL\n1", batch.String, "", "pattern", "remove the line break at place 4"},
		{"bill", "HBL 1", batch.String, "", "pattern", "remove the character ' ' (U+0020) at place 4"},
		{"bill", strings.Repeat("A", 22), batch.String, "", "pattern", "write it like HBL1"},
		{"container", "NO NUMBER", batch.String, `"NO NUMBER"`, "", ""},
		{"container", "NO  NUMBER", batch.String, "", "pattern", ""},
		{"port", "09605|WALKERVILLE, ONT", batch.String, `"09605|WALKERVILLE, ONT"`, "", ""},
		{"port", "9605|WALKERVILLE", batch.String, "", "pattern", ""},
		{"place", "Zürich <&>", batch.String, `"Zürich <&>"`, "", ""},
		{"place", "上海", batch.String, "", "pattern", "remove the character 上 (U+4E0A) at place 1"},
		{"place", "TOO LONG ALTOGETHER", batch.String, "", "length", "shorten it by 9 characters"},
		{"note", "上海", batch.String, `"上海"`, "", ""},
		{"note", "海", batch.String, "", "length", "at least 2"},
		{"note", "a\x00b", batch.String, "", "type", "U+0000"},
		{"note", "\u0093hi", batch.String, "", "type", "U+0093"}, // a quotation mark of Windows, taken for a letter
		{"note", "a\xffb", batch.String, "", "type", "U+FFFD"},
		{"note", "a\"\\\t", batch.String, `"a\"\\\t"`, "", ""},
		{"count", "9999999999", batch.Number, "9999999999", "", ""},
		{"count", "10000000000", batch.Number, "", "range", ""},
		{"count", "99999999999999999999999", batch.String, "", "range", ""},
		{"count", "0", batch.Number, "", "range", ""},
		{"count", "1,536", batch.String, "", "type", "write 1536"},
		{"count", "1536.0", batch.String, "1536", "", ""},
		{"count", "1536.00", batch.String, "1536", "", ""},
		{"count", "1.536.0", batch.String, "", "type", "digits only"},
		{"count", "0015", batch.Number, "15", "", ""},
		{"count", "007", batch.String, "", "type", "write 7"},
		{"count", "\uff11\uff15", batch.String, "", "type", "write 15"},
		{"count", "1E3", batch.String, "", "type", "digits only"},
		{"count", "2026-11-22", batch.Date, "", "type", ""},
		{"small", "2147483648", batch.Number, "", "range", ""},
		{"small", "-2147483648", batch.Number, "-2147483648", "", ""},
		{"weight", "43.500", batch.Number, "43.500", "", ""},
		{"weight", "43.5000", batch.Number, "", "decimal", "at most 3 decimals"},
		{"weight", "12345678.12", batch.Number, "", "decimal", ""},
		{"weight", "0", batch.Number, "", "range", ""},
		{"weight", "1,5", batch.String, "1.5", "", ""},
		{"weight", "1,536", batch.String, "", "type", "1536 if the comma separates thousands, 1.536 if it is the decimal point"},
		{"weight", "1 234,5", batch.String, "1234.5", "", ""},
		{"weight", "1,234,567.5", batch.String, "1234567.5", "", ""},
		{"weight", "1.234,56", batch.String, "1234.56", "", ""},
		{"weight", "1.234.567", batch.String, "1234567", "", ""},
		{"weight", "1'234.50", batch.String, "1234.50", "", ""},
		{"weight", "0,125", batch.String, "0.125", "", ""},
		{"weight", "12,34,56", batch.String, "", "type", "digits"},
		{"weight", "12,5 kg", batch.String, "", "type", "digits"},
		{"weight", "1.23,4.5", batch.String, "", "type", "digits"},
		{"weight", "1 2", batch.String, "", "type", "write 12"},
		{"weight", "12\r\n13", batch.String, "", "type", "digits"},
		{"count", "12\n13", batch.String, "", "type", "digits"},
		{"pieces", "12\n13", batch.String, "", "pattern", "line break"},
		{"count", "1,234,567", batch.String, "1234567", "", ""},
		{"weight", ".5", batch.String, "", "type", "write 0.5"},
		{"price", "0.15", batch.Number, "0.15", "", ""},
		{"price", "0.16", batch.Number, "", "range", ""},
		{"flag", "TRUE", batch.Bool, "true", "", ""},
		{"flag", "否", batch.String, "false", "", ""},
		{"flag", "Да", batch.String, "true", "", ""},
		{"flag", "maybe", batch.String, "", "type", "TRUE or FALSE"},
		{"day", "2026-11-22", batch.Date, `"2026-11-22"`, "", ""},
		{"day", "2026/1/2", batch.String, `"2026-01-02"`, "", ""},
		{"day", "31.12.2026", batch.String, `"2026-12-31"`, "", ""},
		{"day", "2026-02-28", batch.String, `"2026-02-28"`, "", ""},
		{"day", " 2028-02-29", batch.String, `"2028-02-29"`, "", ""},
		{"day", "2026-13-01", batch.String, "", "date", "2026-12-31"},
		{"day", "2026-00-10", batch.String, "", "date", "2026-12-31"},
		{"day", "2026-01-00", batch.String, "", "date", "2026-12-31"},
		{"day", "2026-1a-01", batch.String, "", "date", "2026-12-31"},
		{"day", "2026-02-30", batch.String, "", "date", "2026-12-31 / 2026/12/31 / 31.12.2026"},
		{"day", "2026-11-22T00:00:00", batch.Moment, `"2026-11-22"`, "", ""},
		{"day", "2026-11-22T13:00:00", batch.Moment, "", "date", "write 2026-11-22"},
		{"day", "2026-11-22 00:00:00.000", batch.String, `"2026-11-22"`, "", ""},
		{"day", "31.12.2026 0:00:00", batch.String, `"2026-12-31"`, "", ""},
		{"day", "31.12.2026 12:00:00 AM", batch.String, `"2026-12-31"`, "", ""},
		{"day", "31.12.2026 12:00:00", batch.String, "", "date", "write 31.12.2026"},
		{"day", "2026-11-22T00:00:00Z", batch.String, `"2026-11-22"`, "", ""},
		{"day", "2026-11-22T16:00:00Z", batch.String, "", "date", "2026-12-31"},
		{"day", "2026-11-22 0", batch.String, "", "date", "2026-12-31"},
		{"day", "46348", batch.Number, "", "date", ""},
		{"day", "31 Dec 2026", batch.String, `"2026-12-31"`, "", ""},
		{"day", "Dec. 31st, 2026", batch.String, `"2026-12-31"`, "", ""},
		{"day", "2026年12月31日", batch.String, `"2026-12-31"`, "", ""},
		{"day", "четверг, 31 декабря 2026 г.", batch.String, `"2026-12-31"`, "", ""},
		{"day", "пятница, 31 декабря 2026 г.", batch.String, "", "date", "2026-12-31"},
		{"day", "20261231", batch.Number, `"2026-12-31"`, "", ""},
		{"day", "31122026", batch.Number, "", "date", "2026-12-31"},
		{"day", "2026.12.31", batch.String, `"2026-12-31"`, "", ""},
		{"day", "31 Dec 26", batch.String, "", "date", "2026-12-31"},
		{"day", "12/31/2026", batch.String, "", "date", "2026-12-31"},
		{"compact", "31 Dec 2026", batch.String, `"20261231"`, "", ""},
		{"compact", "2026-11-22", batch.Date, `"20261122"`, "", ""},
		{"moment", "2026-11-22T13:00:00+08:00", batch.String, `"2026-11-22T13:00:00+08:00"`, "", ""},
		{"moment", "2026-11-22", batch.Date, "", "date", ""},
		{"kind", "提货点", batch.String, `"0"`, "", ""},
		{"kind", "pickup_point", batch.String, `"0"`, "", ""},
		{"kind", "1", batch.Number, `"1"`, "", ""},
		{"kind", "3", batch.Number, "", "enum", "write one of: 0, 1, 2"},
		{"movement", "frob", batch.String, `"FROB"`, "", ""},
		{"movement", "in transit", batch.String, `"InTransit"`, "", ""},
		{"country", "US", batch.String, `"US"`, "", ""},
		{"pieces", "34", batch.Number, `"34"`, "", ""},
		{"pieces", "34.0", batch.String, "", "pattern", "write 34; no point"},
		{"pieces", "1,536", batch.String, "", "pattern", "write 1536; no point"},
		{"pieces", "1 536", batch.String, "", "pattern", "write 1536; no point"},
		{"pieces", "034", batch.String, "", "pattern", "write 34; no point"},
		{"pieces", "３４", batch.String, "", "pattern", "write 34; no point"},
		{"pieces", "34.5", batch.String, "", "pattern", ""},
		{"pieces", "34,5", batch.String, "", "pattern", ""},
		{"pieces", "34 pcs", batch.String, "", "pattern", "remove the character ' '"},
		{"pieces", "0", batch.String, "", "pattern", ""},
		{"pieces", "-5", batch.String, "", "pattern", ""},
		{"six", "7317.00", batch.String, "", "pattern", ""},
		{"six", "731700.0", batch.String, "", "pattern", "write 731700"},
		{"six", "0731700", batch.String, "", "pattern", ""},
		{"six", "731 700", batch.String, "", "pattern", "write 731700"},
		{"gross", "1,536", batch.String, "", "type", "write 1536 if the comma separates thousands, 1.536 if it is the decimal point; ask the shipper"},
		{"gross", "12 kg", batch.String, "", "type", "ask the shipper"},
		{"nothing", "", batch.Blank, "null", "", ""},
		{"empty", " ", batch.String, `""`, "", ""},
	} {
		f, ok := op.Field(c.field)
		if !ok {
			t.Fatalf("no field %s", c.field)
		}
		out, omit, bad := f.Append([]byte("before:"), c.text, c.kind)
		rest, kept := strings.CutPrefix(string(out), "before:")
		if !kept {
			t.Errorf("%s %q: what stood before is lost: %s", c.field, c.text, out)
		}
		if rest != c.want || omit != (c.want == "" && c.code == "") {
			t.Errorf("%s %q: got %s omit %v, want %s", c.field, c.text, rest, omit, c.want)
		}
		if (bad != nil) != (c.code != "") {
			t.Errorf("%s %q: violation %+v, want %q", c.field, c.text, bad, c.code)
			continue
		}
		if bad == nil {
			continue
		}
		if fix := words.Say(batch.English, bad.Fix); bad.Code != c.code || bad.Value != c.text || bad.Field != c.field || !strings.Contains(fix, c.fix) || fix == "" {
			t.Errorf("%s %q: got %s, fix %q; want %s, %q", c.field, c.text, bad.Code, fix, c.code, c.fix)
		}
		for _, l := range batch.Languages() {
			if s := words.Say(l, bad.Rule) + words.Say(l, bad.Fix); strings.Contains(s, "value.") || strings.Contains(s, "{") && c.code != "pattern" {
				t.Errorf("%s %q in %s: %q", c.field, c.text, l, s)
			}
		}
	}
}

// Nobody is told to take the point out of 34.5.
func TestAdviceKeepsTheValue(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	for _, name := range []string{"pieces", "six", "bill"} {
		f, _ := op.Field(name)
		for _, text := range []string{"34.5", "34,5", "7317.00", "1.536", "0.50", "-5", "12,34", "1,5 "} {
			_, _, bad := f.Append(nil, text, batch.String)
			if bad == nil {
				continue
			}
			if fix := words.Say(batch.English, bad.Fix); strings.Contains(fix, "remove the character") {
				t.Errorf("%s %q: %s", name, text, fix)
			}
		}
	}
}

// Nobody is told to write a number that is refused next: UN 0336 is none that HGJ takes, with or without its zero.
func TestAdviceIsTaken(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	op, _ := all["hgj"].Operation("aciUpdate")
	f, ok := op.Field("cargos.undgNumber")
	if !ok {
		t.Fatal("the document has no such field")
	}
	for text, advised := range map[string]bool{"0336": false, "01203": true} {
		_, _, bad := f.Append(nil, text, batch.String)
		if bad == nil {
			t.Fatalf("%q is taken", text)
		}
		if fix := words.Say(batch.English, bad.Fix); strings.Contains(fix, strings.TrimLeft(text, "0")) != advised {
			t.Errorf("%q: %s", text, fix)
		}
	}
}

// Nobody is told to take a letter out of a container's number because it is small.
func TestAdviceKeepsLetters(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	op, _ := all["hgj"].Operation("amsUpdate")
	f, ok := op.Field("houseBills.containers.containerNo")
	if !ok {
		t.Fatal("the document has no such field")
	}
	for text, want := range map[string]string{
		"zenu2041703": "ZENU2041703", "zenu 204170-3": "write Z instead of z (U+007A) at place 1", "ZENu 2041703": "write U instead of u (U+0075) at place 4",
		"ZENU 2041703": "remove the character ' ' (U+0020) at place 5",
	} {
		_, _, bad := f.Append(nil, text, batch.String)
		if bad == nil {
			t.Fatalf("%q is taken", text)
		}
		if fix := words.Say(batch.English, bad.Fix); !strings.Contains(fix, want) {
			t.Errorf("%q: %s", text, fix)
		}
	}
}

// A field that the provider may take as text or as a number is sent as the document's first type unless told otherwise.
func TestEitherForm(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	for _, c := range []struct{ field, form, text, want, code string }{
		{"either", "", "034", "", "pattern"}, {"either", "", "34", `"34"`, ""}, {"either", "text", "34", `"34"`, ""}, {"either", "number", "34", "34", ""},
		{"either", "number", "034", "", "pattern"}, {"either", "number", "34.0", "", "pattern"}, {"either", "number", "0", "", "pattern"}, {"either", "number", "", "", ""},
		{"amount", "", "1.50", "1.50", ""}, {"amount", "number", "1.50", "1.50", ""}, {"amount", "text", "1.50", `"1.50"`, ""}, {"amount", "text", "1,50", `"1.50"`, ""}, {"amount", "text", "1,500", "", "type"},
	} {
		f, _ := op.Field(c.field)
		if c.form != "" {
			f = f.As(c.form)
		}
		out, _, bad := f.Append(nil, c.text, batch.String)
		if string(out) != c.want || (bad != nil) != (c.code != "") || bad != nil && bad.Code != c.code {
			t.Errorf("%s as %q: %q gives %s %+v, want %s %s", c.field, c.form, c.text, out, bad, c.want, c.code)
		}
	}
	f, _ := op.Field("bill")
	if f.As("number") != nil || f.As("text") != f {
		t.Error("bill has one form only")
	}
	if got := f.Forms(); len(got) != 1 || got[0] != "text" {
		t.Errorf("forms of bill: %v", got)
	}
	f, _ = op.Field("amount")
	if got := f.Forms(); len(got) != 2 || got[0] != "number" || got[1] != "text" {
		t.Errorf("forms of amount: %v", got)
	}
	if f, _ := op.Field("flag"); f.Forms() != nil || f.As("text") != nil {
		t.Error("a boolean is neither text nor number")
	}
}

func TestTheDocumentsOwnWords(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	f, _ := op.Field("worded")
	_, _, bad := f.Append(nil, "AB1", batch.String)
	if got := words.Say(batch.English, bad.Rule); got != "must be capital letters, not AB1" {
		t.Errorf("got %q", got)
	}
	if got := words.Say(batch.Chinese, bad.Fix); !strings.Contains(got, "第3位") || !strings.Contains(got, "请询问发货人") {
		t.Errorf("got %q", got)
	}
	if _, there := op.Field("gone"); there {
		t.Error("a deprecated property is offered")
	}
}

// Patterns that are read as runs decide as RE2 does, whatever the text.
func TestRunsDecideAsRegularExpressions(t *testing.T) {
	patterns := []string{
		`^[A-Z0-9-]{1,21}$`, `^(?:[A-Z0-9]{1,4}|NO NUMBER)$`, `^[0-9]{2}\|[^|]+$`, `^[\x20-\x60\x7B-\x7E]{3,5}$`, `^[\x20-\x7E\xA0-\xFF]{1,4}$`,
		`^[A-Z]{2}\|[A-Z .-]+$`, `^[1-9][0-9]{0,3}$`, `^[A-Z]*$`, `^A?B+$`, `^[\u4e00-\u9fff]{1,2}$`, `^AB$|^[0-9]+$`, `^.{2,3}$`, `^[^|]{1,3}\|[A-Z]{2}$`,
	}
	runs := 0
	for _, text := range patterns {
		p, err := compilePattern(text)
		if err != nil {
			t.Fatal(text, err)
		}
		if p.runs != nil {
			runs++
		}
		rapid.Check(t, func(rt *rapid.T) {
			s := rapid.StringOfN(rapid.RuneFrom([]rune("AB01-| .NO MUERa`{~\u00a0ÿĀ上\n9")), 0, 8, -1).Draw(rt, "text")
			if p.match(s) != p.re.MatchString(s) {
				rt.Fatalf("%s: %q: runs say %v", text, s, p.match(s))
			}
		})
	}
	if runs != len(patterns) {
		t.Errorf("%d of %d patterns are read as runs", runs, len(patterns))
	}
	for _, text := range []string{`^[A-Z]+A$`, `[A-Z]`, `^(?:AB)+$`, `^[A-Z]{2}(-.+)?$`, `^(?i)a$`} {
		p, err := compilePattern(text)
		if err != nil || p.runs != nil {
			t.Errorf("%s: %v, runs %v; greedy reading does not decide it", text, err, p.runs)
		}
		for _, s := range []string{"", "A", "AA", "ABAB", "AB", "US-美国", "a"} {
			if p.match(s) != regexp.MustCompile(text).MatchString(s) {
				t.Errorf("%s: %q", text, s)
			}
		}
	}
}

// What Append takes, the JSON Schema of the field takes as well; what it refuses as JSON of the right type, the schema refuses too.
func TestAppendAgreesWithJSONSchema(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	texts := rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("ABO0159-|. NUMER上é\u3000FROBInTra")), 0, 12, -1),
		rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,5})?`),
		rapid.SampledFrom([]string{"0", "1", "2", "FROB", "InTransit", "true", "NO NUMBER", "0.15", "0.05"}),
	)
	for _, name := range []string{"bill", "container", "port", "place", "note", "count", "small", "price", "kind", "movement"} {
		f, _ := op.Field(name)
		c := jsonschema.NewCompiler()
		if err := c.AddResource("field.json", f.Schema.Raw); err != nil {
			t.Fatal(err)
		}
		schema := c.MustCompile("field.json")
		within := map[string]limits{"small": f.converter.limits} // format is no constraint to the library
		rapid.Check(t, func(rt *rapid.T) {
			text := texts.Draw(rt, "text")
			out, omit, bad := f.Append(nil, text, batch.String)
			if omit {
				return
			}
			if bad == nil {
				if err := schema.Validate(decoded(rt, string(out))); err != nil {
					rt.Fatalf("%s: %q became %s, which the schema refuses: %v", name, text, out, err)
				}
				return
			}
			document := text
			if f.Schema.Type == "string" {
				b, _ := json.Marshal(text)
				document = string(b)
			} else if !json.Valid([]byte(text)) || !isInteger(strings.Split(text, ".")[0]) {
				return
			}
			_, loose := within[name]
			if err := schema.Validate(decoded(rt, document)); err == nil && !loose && !strings.HasSuffix(text, "0") {
				rt.Fatalf("%s: %q is refused (%s %+v), the schema takes it", name, text, bad.Code, bad.Rule)
			}
		})
	}
}

func decoded(t *rapid.T, s string) any {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

func BenchmarkAppend(b *testing.B) {
	f, _ := operation(b, document(b, "values.yaml"), "values").Field("place")
	dst := make([]byte, 0, 64)
	for b.Loop() {
		if _, _, bad := f.Append(dst, "YARMOUTH", batch.String); bad != nil {
			b.Fatal(bad)
		}
	}
}
