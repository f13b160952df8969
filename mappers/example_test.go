package mappers_test

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// A route's mapping is compiled once, bound to each file's columns, and turns the file's rows into items.
func Example() {
	op := find("pay")
	m, err := mappers.Compile(op, mappers.Settings{
		Map: map[string]configs.Mapping{
			"requestId":        {From: []string{"Ref"}, Upper: true},
			"payment.currency": {From: []string{"Cur"}, Lookup: map[string]string{"euro": "EUR", "美元": "USD"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	columns := []batch.Column{{Name: "Ref", Ref: "A"}, {Name: "客户", Ref: "B"}, {Name: "Cur", Ref: "C"}}
	b, err := m.Bind(columns)
	if err != nil {
		fmt.Println(err)
		return
	}
	rows := []batch.Row{
		{Number: 2, Cells: []batch.Cell{{Text: "r-1", Kind: batch.String}, {Text: "0042", Kind: batch.String}, {Text: "Euro", Kind: batch.String}}},
		{Number: 3, Cells: []batch.Cell{{Text: "r-2", Kind: batch.String}, {Text: "7", Kind: batch.String}, {Text: "yen", Kind: batch.String}}},
	}
	for it, err := range b.Items(each(rows)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("rows %v %s;\n", it.Rows, it.Body)
		for _, p := range it.Problems {
			fmt.Println("  " + p.Text)
		}
	}
	// Output:
	// rows [2] {"version":"2","requestId":"R-1","customer":{"id":"0042","name":{}},"note":null,"memo":"","payment":{"kind":"transfer","currency":"EUR"}};
	// rows [3] ;
	//   Column "Cur", cell C3: "yen" is not in the route's list. Write one of: euro, 美元.
}

// Every mistake in a mapping is told at once, with what to write instead.
func ExampleCompile() {
	_, err := mappers.Compile(find("pay"), mappers.Settings{Map: map[string]configs.Mapping{
		"客户":                 {From: []string{"Kunde"}},
		"customer.birthDate": {From: []string{"Born"}, Date: []string{"DD.MM.YYYY"}},
	}})
	var wrong *mappers.MistakesError
	if errors.As(err, &wrong) {
		for _, m := range wrong.List {
			fmt.Printf("%s: %s; %s\n", m.Key, words.Say(batch.English, m.What), words.Say(batch.English, m.Write))
		}
	}
	// Output:
	// map.customer.birthDate.date: "DD.MM.YYYY" is not a date layout: write how 2 January 2006, 15:04:05 looks in your file; write 02.01.2006
	// map.客户: operation pay has no field "客户"; write customer.id
}

// What depends on the clock is looked at again before a request leaves, by whoever sends it.
func ExampleRecheck() {
	item := batch.Item{
		Rows: []int{5}, Where: map[string]string{"arrival": "B5"},
		Body: []byte(`{"billNo":"HBL1","arrival":"2026-12-01","houses":[{"cargos":[{"goods":"NAILS"}]}]}`),
	}
	for _, now := range []time.Time{noon, noon.AddDate(0, 0, 9)} {
		problems := mappers.Recheck(find("bill"), item, mappers.RecheckSettings{Now: now, Language: batch.English})
		fmt.Println(now.Format(time.DateOnly), len(problems))
		for _, p := range problems {
			fmt.Println("  " + p.Text)
		}
	}
	// Output:
	// 2026-11-22 0
	// 2026-12-01 1
	//   Column "Arrival", cell B5: "2026-12-01" must be after today. Write the expected date of arrival.
}

// Match says how sure it is of each field's column.
func ExampleMatch() {
	columns := []batch.Column{{Name: "客户查询号", Ref: "A"}, {Name: "TYPE", Ref: "B"}, {Name: "Externl code", Ref: "C"}, {Name: "Colour", Ref: "D"}}
	for _, g := range mappers.Match(find("remove"), columns) {
		fmt.Printf("%s: %s, %s %.2f\n", g.Field.Path, columns[g.Column].Name, g.How, g.Score)
	}
	// Output:
	// reference: 客户查询号, exact 1.00
	// type: TYPE, alike 1.00
	// externalId: Externl code, near 0.92
}

func find(id string) *providers.Operation {
	p, err := providers.Load("testdata/acme.yaml")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	op, _ := p.Operation(id)
	return op
}
