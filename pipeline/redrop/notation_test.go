package redrop

import (
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// What programs make of a value when they save it.
func TestLikewise(t *testing.T) {
	for _, c := range []struct {
		kind  batch.Kind
		cell  string
		same  []string
		other []string
	}{
		{batch.Number, "1234.5", []string{"1,234.50", "1.234,50", "1 234,50", "1 234,5", "1234,5", "1'234.50", "¥1,234.50", "1 234,50 ₽", "1,235", "1.2345E+03"}, []string{"1235.5", "12345", "1,23.45", "", "12,345.0", "-1234.5", "12", "1,234"}},
		{batch.Number, "1.234", []string{"1234", "1,234"}, []string{"12340", "1235", "Jan 23"}},
		{batch.Number, "1.5", []string{"01. Mai", "1,5"}, []string{"02. Mai", "15", "Mai"}},
		{batch.String, "12.345", []string{"12345"}, []string{"123450"}},
		{batch.String, "12,345", []string{"12345"}, nil},
		{batch.String, "2.25", []string{"Feb 25"}, []string{"225", "Feb 26"}},
		{batch.Number, "-1234", []string{"(1,234)", "-1.234", "-1234.00"}, []string{"1234", "(1234"}},
		{batch.Number, "0.125", []string{"12.5%", "12,5 %", "0,125", "0.13", "13%"}, []string{"1", "125%", "12.5", "0.12"}},
		{batch.Number, "123456789012", []string{"1.23457E+11", "1,23457E+11"}, []string{"1.23458E+11", "123456789013"}},
		{batch.Number, "7", []string{"7.00", "07"}, []string{"8", "70", "7x"}},
		{batch.Date, "2026-03-25", []string{"25.03.2026", "25/03/2026", "3/25/2026", "03/25/26", "2026/3/25", "2026年3月25日", "25-03-26", "25. 3. 2026"}, []string{"26.03.2026", "25.03.2025", "25.3", "25.03.2026 10:00", "2026-25-03"}},
		{batch.Date, "2026-03-04", []string{"04.03.2026", "04/03/2026", "03/04/2026"}, []string{"03.04.2026", "05/03/2026"}},
		{batch.Moment, "2026-03-25T13:05:07", []string{"25.03.2026 13:05", "3/25/26 1:05 PM", "2026/3/25 13:05:07", "2026-03-25 13:05:07"}, []string{"25.03.2026", "25.03.2026 13:06", "3/25/26 1:05 AM"}},
		{batch.Moment, "2026-03-25T00:00:00", []string{"25.03.2026", "25.03.2026 0:00"}, nil},
		{batch.Clock, "07:30:00", []string{"7:30", "07:30:00 AM", "7:30:00"}, []string{"7:31", "07:30:00 PM", "19:30"}},
		{batch.Bool, "TRUE", []string{"true", "ИСТИНА"}, []string{"FALSE", "yes"}},
		{batch.String, "00123", []string{"123"}, []string{"1230", "0124"}},
		{batch.String, "123456789012345678", []string{"123456789012346000", "123456789012345000", "123456789012345680", "1.23456789012346E+17", "1,23456789012346E+017"}, []string{"123456789012345679", "123456789012345700", "12345678901234568", "12345678901234600"}},
		{batch.String, "000123456789012345678", []string{"123456789012346000", "000123456789012345000"}, nil},
		{batch.String, "2026-03-25", []string{"25.03.2026", "3/25/2026"}, []string{"26.03.2026"}},
		{batch.String, "3/4/2026", []string{"03/04/2026", "03.04.2026", "3/4/26"}, []string{"04.03.2026", "3/4/2025"}},
		{batch.Date, "2026-01-31", []string{"31-Jan-26", "31 January 2026", "Jan 31, 2026", "31.янв.26", "31-Jan", "Jan-26", "2026年1月"}, []string{"31-Feb-26", "30-Jan-26", "31-Jan-27", "1月30日"}},
		{batch.Moment, "2026-01-31T09:30:00", []string{"31-Jan-26 9:30"}, []string{"31-Jan-26 9:31"}},
		{batch.String, "31 Jan 2026", []string{"31-Jan-26", "31.01.2026", "1/31/2026", "2026年1月31日", "31. Jan 26"}, []string{"31-Jan-27", "30.01.2026"}},
		{batch.String, "12/3", []string{"3-Dec", "03-Dec", "12-Mar", "12月3日", "12.мар", "03. Dez", "12/03/2026", "03.12.2026"}, []string{"3-Nov", "12-Apr", "12/4", "12/3a", "Dec"}},
		{batch.String, "5/2026", []string{"May-26", "май.26", "2026年5月"}, []string{"May-27", "Jun-26"}},
		{batch.String, "12-45", []string{"Dec-45"}, []string{"Dec-46"}},
		{batch.String, "true", []string{"TRUE", "WAHR", "ИСТИНА"}, []string{"FALSE", "FALSCH"}},
		{batch.String, "张伟", []string{"??"}, []string{"?", "???", "张?伟"}},
		{batch.String, "Łódź", []string{"?ód?", "Lódz", "??d?", "Lodz"}, []string{"Łód", "?ód", "Kódz", "Lodzz"}},
		{batch.String, "a 😀 b", []string{"a ?? b", "a ? b"}, []string{"a b", "b ?? b"}},
		{batch.String, "why?", nil, []string{"?hy?", "why", "????"}},
		{batch.String, "(12)", []string{"-12", "-12.00"}, []string{"12", "-120", "(13)"}},
		{batch.String, "(1,234)", []string{"-1234"}, []string{"-1.235"}},
		{batch.String, "(a)", nil, []string{"-1", "a"}},
		{batch.String, "A-1", nil, []string{"A1", "-1"}},
	} {
		for _, text := range c.same {
			if same, _ := likewise(&batch.Cell{Kind: c.kind, Text: c.cell}, text); !same {
				t.Errorf("%q is not recognised as %q", text, c.cell)
			}
		}
		for _, text := range c.other {
			if same, _ := likewise(&batch.Cell{Kind: c.kind, Text: c.cell}, text); same {
				t.Errorf("%q is taken for %q", text, c.cell)
			}
		}
	}
	for text, want := range map[string]order{"04/03/2026": dayFirst, "03/04/2026": monthFirst, "04.03.2026": undecided, "2026/3/4": undecided} {
		if _, o := likewise(&batch.Cell{Kind: batch.Date, Text: "2026-03-04"}, text); o != want {
			t.Errorf("%q has the order %d, want %d", text, o, want)
		}
	}
}
