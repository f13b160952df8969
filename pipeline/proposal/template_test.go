package proposal

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers/workbook/workbooktest"
	"github.com/rowferry/rowferry/templates"
)

// odd is a document with everything that makes a template hard: labels that two fields share, no label, a long list of
// choices, one with commas, numbers beyond what a spreadsheet keeps, moments, decimals, bounds that are open.
const odd = `
openapi: 3.1.0
info: {title: Odd, version: '1'}
x-rowferry: {name: odd, title: Odd}
paths:
  /orders:
    post:
      operationId: order
      security: []
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [number, count]
              properties:
                number: {type: string, pattern: '^[A-Z]{2,5}[0-9]*$', examples: [AB007]}
                from: {type: object, properties: {name: {type: string, examples: [Ann], x-rowferry: {label: {en: Name, zh: 名称, ru: Имя}}}}}
                to: {type: object, properties: {name: {type: string, examples: [Bob], x-rowferry: {label: {en: Name, zh: 收件人, ru: Имя}}}}}
                count: {type: integer, exclusiveMinimum: 0, maximum: 99, examples: [5], x-rowferry: {label: Count}}
                big: {type: integer, format: int64, examples: ['9007199254740993'], x-rowferry: {label: Big}}
                price: {type: number, minimum: 0.01, exclusiveMaximum: 1000, examples: ['0.50'], x-rowferry: {label: Price & tax, decimal: {scale: 2, maxLength: 6}}}
                at: {type: string, format: date-time, examples: ['2026-12-31T15:04:05+08:00'], x-rowferry: {label: When}}
                unit:
                  type: string
                  enum: [` + "LONG" + `]
                  x-rowferry: {label: Unit}
                size: {type: string, enum: ['S, small', 'L, large "XL"'], x-rowferry: {label: Size}}
                fragile: {type: boolean, examples: ['true'], x-rowferry: {label: Fragile}}
      responses: {'200': {description: taken}}
      x-rowferry: {title: Order, rows: one, repeatable: true, answer: {ok: status == 200}}
`

// Every built-in template, in every language, fills every field by itself, is accepted as it is, and makes a
// configuration that loads once the environment has what it asks for.
func TestBuiltinTemplates(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			for _, l := range batch.Languages() {
				seen++
				t.Run(name+"/"+op.ID+"/"+string(l), func(t *testing.T) { builtinTemplate(t, name, op, l) })
			}
		}
	}
	if seen < 15 {
		t.Fatalf("only %d templates were looked at", seen)
	}
}

func builtinTemplate(t *testing.T, name string, op *providers.Operation, l batch.Language) {
	var out bytes.Buffer
	if err := templates.Write(&out, op, templates.Settings{Language: l}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "t.xlsx")
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Propose(t.Context(), Settings{Operation: op, Provider: name, Account: name, Route: "r", Language: l}, file, "t.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Fields {
		if f.Surety != Sure || f.Map != nil {
			t.Errorf("%s: %s", f.Path, f.Sureness())
		}
	}
	if len(p.Unused) > 0 || p.Doubtful() {
		t.Errorf("unused %v, group %q %s", p.Unused, p.Group, p.Grouped)
	}
	config := filepath.Join(dir, "rowferry.yaml")
	if err := os.WriteFile(config, p.Config(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Environment() {
		t.Setenv(v.Name, "md5")
		switch {
		case strings.HasSuffix(v.Name, "_SERVER"):
			t.Setenv(v.Name, "https://example.com")
		case strings.HasSuffix(v.Name, "_OVER"):
			t.Setenv(v.Name, "{token}{timestamp}{nonce}{secret}")
		}
	}
	cfg, err := pipeline.Load(config)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.Config())
	}
	if r := cfg.Routes["r"]; len(cfg.Warnings) > 0 || len(r.Map) > 0 || r.Group != p.Group || r.Language != l {
		t.Errorf("%v %+v", cfg.Warnings, r)
	}
	r, err := p.Wired()
	if err != nil {
		t.Fatal(err)
	}
	want := len(op.Example())
	if op.Rows.Kind != providers.Group {
		want = 1
	}
	workbooktest.Typed(t, file)
	found, err := check.File(t.Context(), r, file, "t.xlsx", nil)
	if err != nil || found.Sendable != want || found.Rows != want || found.Requests != 1 || len(found.Problems) > 0 {
		t.Errorf("want %d rows in one request: %+v %v", want, found, err)
	}
}

// A template of a document that makes it hard is accepted without a map too, in every language.
func TestOddTemplate(t *testing.T) {
	dir := t.TempDir()
	var units []string
	for i := range 60 {
		units = append(units, "UNIT-"+strings.Repeat("X", i%5)+string(rune('A'+i%26))+string(rune('A'+i/26)))
	}
	path := filepath.Join(dir, "odd.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(odd, "LONG", strings.Join(units, ", "), 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	provider, err := providers.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	op, _ := provider.Operation("order")
	for _, l := range batch.Languages() {
		var out bytes.Buffer
		if err := templates.Write(&out, op, templates.Settings{Language: l}); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, string(l)+".xlsx")
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := Propose(context.Background(), Settings{Operation: op, Provider: "./odd.yaml", Account: "odd", Route: "orders", Language: l}, file, "odd.xlsx")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Fields {
			if f.Surety != Sure || f.Map != nil {
				t.Errorf("%s: %s %s: %s", l, f.Path, f.Surety, f.Sureness())
			}
		}
		r, err := p.Wired()
		if err != nil {
			t.Fatal(err)
		}
		workbooktest.Typed(t, file)
		var body string
		found, err := check.File(context.Background(), r, file, "odd.xlsx", func(it *batch.Item) { body = string(it.Body) })
		if err != nil || !found.Good() || len(found.Problems) > 0 {
			t.Fatalf("%s: %+v %v", l, found, err)
		}
		if want := `{"number":"AB007","from":{"name":"Ann"},"to":{"name":"Bob"},"count":5,"big":9007199254740993,"price":0.50,"at":"2026-12-31T15:04:05+08:00","unit":"` + units[0] + `","size":"S, small","fragile":true}`; body != want {
			t.Errorf("%s: %s, want %s", l, body, want)
		}
	}
	f, err := excelize.OpenFile(filepath.Join(dir, "en.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rules, err := f.GetDataValidations("Data")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{ // by column
		"A": "2", "D": "1", "F": "AND(ISNUMBER(F2),F2>=0.01,F2<1000,ROUND(F2,2)=F2,LEN(F2)<=6)", "H": "'Guide'!$A$", "I": "'Guide'!$A$", "J": `"yes,no"`,
	}
	for _, dv := range rules {
		column := dv.Sqref[:1]
		if w, there := want[column]; !there || !strings.HasPrefix(dv.Formula1, w) {
			t.Errorf("%s: %s, want %s", column, dv.Formula1, w)
		}
		delete(want, column)
	}
	if len(want) > 0 {
		t.Errorf("no checks: %v", want)
	}
}
