package mappers

import (
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
)

func TestExpressions(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		source, value, want string
		kind                batch.Kind
		fails               string
	}{
		{source: `upper(value)`, value: "größer é", want: "GRÖßER É", kind: batch.String},
		{source: `value + "-" + row["A"]`, value: "x", want: "x-a", kind: batch.String},
		{source: `row["missing"] + row.A`, want: "a", kind: batch.String},
		{source: `trim(value)`, value: "\u3000x\u00a0", want: "x", kind: batch.String},
		{source: `left(value, 2) + right(value, 1)`, value: "中文字", want: "中文字", kind: batch.String},
		{source: `left(value, 99) + right(value, 99) + left(value, -1)`, value: "ab", want: "abab", kind: batch.String},
		{source: `mid(value, 2, 1) + mid(value, 3, 9) + mid(value, 0, 1) + mid(value, 9, 2) + mid(value, 1, -1)`, value: "中文字", want: "文字中", kind: batch.String},
		{source: `mid(value, indexOf(value, "-") + 2, 2)`, value: "中文-字母x", want: "字母", kind: batch.String},
		{source: `string(number(value))`, value: "1234567.1", want: "1234567.1", kind: batch.String},
		{source: `"x" + string(0.1 + 0.2) + string(nil) + string(true) + string(3)`, want: "x0.3TRUE3", kind: batch.String},
		{source: `string(number(value) * number(value))`, value: "123456789012", fails: "more digits"},
		{source: `string([value])`, value: "1", fails: "no text and no number"},
		{source: `(row["B"] ?? "b") + (row?.B ?? "c") + (value ?? "v") + (row["A"] ?? "x")`, want: "bcva", kind: batch.String},
		{source: `split(value, "")[1:3][0]`, value: "中文字", want: "文", kind: batch.String},
		{source: `replace(value, "-", "")`, value: "a-b-c", want: "abc", kind: batch.String},
		{source: `date(value, "02.01.2006", "2006/1/2")`, value: "28.02.1990", want: "1990-02-28", kind: batch.String},
		{source: `date(value, "02.01.2006")`, value: "1990-02-28", want: "1990-02-28", kind: batch.String},
		{source: `date(value, "02.01.2006")`, value: "", want: "", kind: batch.Blank},
		{source: `date(value, "02.01.2006")`, value: "31.02.1990", fails: "is not a date"},
		{source: `date(value, "DD.MM.YYYY")`, value: "31.02.1990", fails: `write it like "02.01.2006"`},
		{source: `number(value) * 3`, value: "0.1", want: "0.3", kind: batch.Number},
		{source: `number(value)`, value: "12345678901234567", fails: "more digits"},
		{source: `number(value)`, value: "1,500", fails: "not a plain number"},
		{source: `number(value)`, value: "1.234,5", want: "1234.5", kind: batch.Number},
		{source: `number(value) / 0`, value: "1", fails: "not a number"},
		{source: `float(value)`, value: "12345678901234567", fails: "more digits"},
		{source: `float(value) * -1`, value: "1e15", fails: "more digits"},
		{source: `number(value) * 1000`, value: "123456789012.5", want: "123456789012500", kind: batch.Number},
		{source: `int(value)`, value: "12345678901234567", want: "12345678901234567", kind: batch.Number},
		{source: `int(value) + 1`, value: "41", want: "42", kind: batch.Number},
		{source: `value == "x"`, value: "x", want: "TRUE", kind: batch.Bool},
		{source: `nil`, want: "", kind: batch.Blank},
		{source: `join(map(split(value, ","), trim(#)), ";")`, value: "a, b", want: "a;b", kind: batch.String},
		{source: `now().Format("2006-01-02")`, want: "2026-11-22", kind: batch.String},
		{source: `let a = value + value; let b = a + a; let c = b + b; let d = c + c; d + d`, value: strings.Repeat("x", 60000), fails: "too long"},
		{source: `replace(value, "", value)`, value: strings.Repeat("x", 60000), fails: "too long"},
		{source: `join(split(value, ""), value)`, value: strings.Repeat("x", 60000), fails: "too long"},
		{source: `len(map(1..100000000, #)) > 1`, fails: "memory budget"},
		{source: `split(value, ",")[5]`, value: "a,b", fails: "index out of range"},
	} {
		t.Run(tt.source, func(t *testing.T) {
			p, wrong, _ := compileExpression(tt.source)
			if p == nil {
				t.Fatal(wrong)
			}
			e := newEnv(now)
			e.Value, e.Row["A"] = tt.value, "a"
			for range 2 { // an environment is used again
				got, kind, err := p.run(e)
				if tt.fails != "" {
					if err == nil || !strings.Contains(err.Error(), tt.fails) {
						t.Fatalf("got %q, %v; want an error with %q", got, err, tt.fails)
					}
					continue
				}
				if err != nil || got != tt.want || kind != tt.kind {
					t.Errorf("got %q, kind %d, %v; want %q, kind %d", got, kind, err, tt.want, tt.kind)
				}
			}
		})
	}
}

func TestReferences(t *testing.T) {
	for source, want := range map[string]string{
		`value`:                                  "value",
		`row["A"] + row.B`:                       "A B",
		`row["A"] ?? "x"`:                        "A?",
		`row?.C`:                                 "C?",
		`"A" in row ? row["A"] : value`:          "A? value",
		`row[value]`:                             "value whole",
		`join(values(row), "")`:                  "whole",
		`row["A"] == "" ? row["A"] : row.B`:      "A B",
		`map(split(row["A"], ","), upper(#))[0]`: "A",
	} {
		p, wrong, _ := compileExpression(source)
		if p == nil {
			t.Errorf("%s: %v", source, wrong)
			continue
		}
		var got []string
		for _, r := range p.refs {
			if r.optional {
				r.heading += "?"
			}
			got = append(got, r.heading)
		}
		if p.value {
			got = append(got, "value")
		}
		if p.whole {
			got = append(got, "whole")
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: reads %q, want %q", source, s, want)
		}
	}
}

func TestNormal(t *testing.T) {
	for _, pair := range [][2]string{
		{"HBL#\n提单号", "hbl#提单号"}, {" ＨＢＬ　号 ", "hbl号"}, {"Straße", "STRASSE"}, {"A\u00a0\u200bb", "ab"}, {"ﬁle", "FILE"}, {"Ёлка", "ёЛКА"}, {"abc", "ABC"},
	} {
		if a, b := labels.Normal(pair[0]), labels.Normal(pair[1]); a != b {
			t.Errorf("%q and %q differ: %q, %q", pair[0], pair[1], a, b)
		}
	}
}

func TestLikeness(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		near bool
	}{
		{"hblno", "hbl", true}, {"externalid", "externlaid", true}, {"客户查询号", "客户查询", true}, {"reference", "weight", false}, {"", "x", false}, {"a", "b", false},
	} {
		if got := likeness(tt.a, tt.b); got >= near != tt.near || likeness(tt.b, tt.a) != got {
			t.Errorf("%q %q: %.2f", tt.a, tt.b, got)
		}
	}
}

func TestRowIndex(t *testing.T) {
	for _, tt := range []struct {
		path, array string
		want        int
	}{
		{"cargos[3].goods", "cargos", 3}, {"houses[0].cargos[2].hs", "houses.cargos", 2}, {"orders[1]", "orders", 1},
		{"houses[4].place", "houses.cargos", -1}, {"cargos", "cargos", -1}, {"cargosX[1]", "cargos", -1}, {"", "cargos", -1},
	} {
		if got := rowIndex(tt.path, tt.array); got != tt.want {
			t.Errorf("%s in %s: %d, want %d", tt.path, tt.array, got, tt.want)
		}
	}
}

func TestShort(t *testing.T) {
	long := strings.Repeat("字", 300)
	if got := []rune(short(long)); len(got) != 200 || got[199] != '…' {
		t.Errorf("%d runes, the last %q", len(got), got[len(got)-1])
	}
	if exact := strings.Repeat("字", 200); short(exact) != exact {
		t.Error("200 runes are cut")
	}
}
