package mappers_test

import (
	"strconv"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
)

// BenchmarkItems maps 12 of 20 columns into a nested body: trimmed, some in capitals, a date turned round.
func BenchmarkItems(b *testing.B) {
	set := mappers.Settings{Map: map[string]configs.Mapping{
		"requestId":          {From: []string{"order_id"}},
		"customer.id":        {From: []string{"customer_id"}},
		"customer.first":     {From: []string{"first_name"}},
		"customer.last":      {From: []string{"last_name"}, Upper: true},
		"customer.birthDate": {From: []string{"birth_date"}, Date: []string{"02/01/2006"}},
		"customer.email":     {From: []string{"email"}},
		"customer.phone":     {From: []string{"phone"}},
		"address.city":       {From: []string{"city"}},
		"address.postalCode": {From: []string{"postal_code"}},
		"address.country":    {From: []string{"country"}, Upper: true},
		"payment.amount":     {From: []string{"amount"}},
		"payment.currency":   {From: []string{"currency"}, Upper: true},
	}}
	m, err := mappers.Compile(operation(b, "work"), set)
	if err != nil {
		b.Fatal(err)
	}
	var columns []batch.Column
	for i, name := range []string{"customer_id", "order_id", "first_name", "last_name", "email", "phone", "birth_date", "c7", "c8", "c9",
		"city", "c11", "postal_code", "country", "currency", "amount", "c16", "c17", "c18", "c19"} {
		columns = append(columns, batch.Column{Name: name, Ref: string(rune('A' + i))})
	}
	bound, err := m.Bind(columns)
	if err != nil {
		b.Fatal(err)
	}
	var rows []batch.Row
	for i := range 1000 {
		n := strconv.Itoa(i)
		row := batch.Row{Number: i + 2}
		for _, text := range []string{"C" + n, "R-" + n, " Anna ", "Schmidt", "anna" + n + "@example.com", "+49 30 123456", "28/02/1990", "x", "x", "x",
			"Berlin", "x", "01099", "de", "eur", n + ".50", "x", "x", "x", "x"} {
			row.Cells = append(row.Cells, batch.Cell{Text: text, Kind: batch.String})
		}
		rows = append(rows, row)
	}
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for n < b.N {
		for it, err := range bound.Items(each(rows)) {
			if err != nil || it.Body == nil {
				b.Fatal(err, it.Problems)
			}
			if n++; n == b.N {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/row")
}
