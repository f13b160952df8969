package starting

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/providers"
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
