package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"

	"github.com/xuri/excelize/v2"
)

// random is splitmix64: the same stream with every Go version.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}
func (r *random) n(k int) int          { return int(r.next() % uint64(k)) }
func (r *random) of(s []string) string { return s[r.n(len(s))] }

var header = []string{"id", "external_ref", "first_name", "last_name", "email", "phone", "birth_date", "gender", "address1", "address2",
	"city", "state", "postal_code", "country", "currency", "amount", "order_date", "status", "notes", "source_system"}

var (
	firsts    = []string{"maria", "John", "wei", "Fatima", "Olu", "Chloé", "Søren", "ana", "Pedro", "Yuki", "Ivan", "Grace"}
	lasts     = []string{"garcia", "Smith", "o'brien", "Nguyen", "Müller", "kowalski", "de la Cruz", "Haddad", "Okafor", "Silva"}
	cities    = []string{"Springfield", "São Paulo", "Lyon", "Kraków", "Austin", "Lagos", "Osaka", "Malmö", "Porto", "Leeds"}
	states    = []string{"IL", "SP", "ARA", "MA", "TX", "LA", "OS", "SK", "PT", "LDS"}
	countries = []string{"us", "br", "fr", "pl", "ng", "jp", "se", "pt", "gb", "de"}
	money     = []string{"usd", "brl", "eur", "pln", "gbp"}
	statuses  = []string{"NEW", "ACTIVE", "HOLD"}
	streets   = []string{"Main St", "Rua Augusta", "Rue de Lyon", "Elm Avenue", "Kings Road", "Sakura Dori"}
	notes     = []string{"call the customer one hour before the delivery attempt", "prefers e-mail for all notices, no phone calls please",
		`said "leave it at the side door" when nobody is in`, "priority customer, escalate any delay to the account desk",
		"second delivery attempt after the first one had failed", "gift order, do not put an invoice inside of the parcel"}
	sources = []string{"crm-export", "web-form", "branch-04", "partner-api"}
)

// pad gives about a third of the values stray blanks.
func pad(r *random, s string) string {
	switch r.n(6) {
	case 0:
		return " " + s
	case 1:
		return s + "  "
	}
	return s
}

func inputRow(i int, r *random) []string {
	f, l := r.of(firsts), r.of(lasts)
	day := func(lo, span int) string { return fmt.Sprintf("%02d/%02d/%04d", 1+r.n(28), 1+r.n(12), lo+r.n(span)) }
	return []string{
		fmt.Sprint(100000 + i), pad(r, fmt.Sprintf("ORD-%08d", i)), pad(r, f), pad(r, l),
		pad(r, fmt.Sprintf("user%d@mail%d.example.com", i, r.n(50))), pad(r, fmt.Sprintf("+1-555-%03d-%04d", r.n(1000), r.n(10000))),
		day(1940, 66), r.of([]string{"M", "F", "X"}), fmt.Sprintf("%d %s", 1+r.n(999), r.of(streets)), fmt.Sprintf("Unit %d", 1+r.n(90)),
		pad(r, r.of(cities)), r.of(states), pad(r, fmt.Sprintf("%05d", r.n(100000))), pad(r, r.of(countries)), pad(r, r.of(money)),
		fmt.Sprintf("%d.%02d", 1+r.n(9999), r.n(100)), day(2024, 2), r.of(statuses), r.of(notes), r.of(sources)}
}

func writeCSV(path string, rows int) error { return writeOther(path, rows, 42) }

// writeOther writes rows that are others with every seed.
func writeOther(path string, rows int, seed random) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	w, r := csv.NewWriter(b), seed
	_ = w.Write(header)
	for i := 1; i <= rows; i++ {
		_ = w.Write(inputRow(i, &r))
	}
	w.Flush()
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// writeXLSX writes rows × 30 columns with shared strings, as spreadsheet programs save them.
func writeXLSX(path string, rows int) error {
	f := excelize.NewFile()
	defer f.Close()
	r := random(42)
	set := func(row int, values []string) error {
		cells := make([]any, len(values))
		for i, v := range values {
			cells[i] = v
		}
		at, _ := excelize.CoordinatesToCellName(1, row)
		return f.SetSheetRow("Sheet1", at, &cells)
	}
	wide := append(append([]string{}, header...), "c21", "c22", "c23", "c24", "c25", "c26", "c27", "c28", "c29", "c30")
	if err := set(1, wide); err != nil {
		return err
	}
	for i := 1; i <= rows; i++ {
		row := inputRow(i, &r)
		if err := set(i+1, append(row, row[:10]...)); err != nil {
			return err
		}
	}
	return f.SaveAs(path)
}
