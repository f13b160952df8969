package csvfile

import (
	"testing"

	"github.com/rowferry/rowferry/readers"
)

// The delimiter is found although others stand in the values.
func TestDelimiter(t *testing.T) {
	for content, want := range map[string]string{
		"a;b\n1,5;2,5\n":                           ";",
		"a;b;c\n1,5;2,5;3,5\n1,25;2,75;3,0\n":      ";",
		"id,tags\n1,a;b;c\n2,d;e;f\n":              ",",
		"id,tags,x\n1,a;b,2\n2,d;e,3\n":            ",",
		"id\tname\n1\tSmith, John\n2\tDoe, Jane\n": "\t",
		"id|path\n1|a;b\n2|c;d\n":                  "|",
		"name;address\nИванов;Москва, ул. Ленина, 5\nПетров;Тула, ул. Мира, 7\n": ";",
		"Report, May 2026\nid;name;qty\n1;a;2,5\n2;b;3,5\n3;c;4,5\n":             ";",
		"id,note\n1,\"a;b;c;d\"\n2,\"e;f;g;h\"\n":                                ",",
		"one column\nHello\nWorld\n":                                             ",",
		"number,date\n1,2026-01-02 10:11:12\n":                                   ",",
		"a;b;c;;\n1;2;3;;\n":                                                     ";",
	} {
		beginning := excerpt{text: content, whole: true, limits: readers.Limits{}.Filled()}
		d, err := beginning.choose(wishes{}, nil)
		if err != nil || d.delimiter != want {
			t.Errorf("%q: %q, %v", content, d.delimiter, err)
		}
	}
}

func TestDestroyed(t *testing.T) {
	for value, want := range map[string]string{
		"1.23457E+15": "csv.cell.exponent", "1,2E+11": "csv.cell.exponent", "-1.2E+17": "csv.cell.exponent", "1E+12": "csv.cell.exponent",
		" 1.23457E+15 ": "csv.cell.exponent", "1.5e+20": "csv.cell.exponent",
		"1.2E+10": "csv.cell.exponent", "1.38E+08": "csv.cell.exponent", "1E05": "", "2E+3": "", "1E15": "", "1.2E-15": "",
		"1.3800138E10": "csv.cell.exponent", "1.38e10": "csv.cell.exponent", "-1.2E7": "csv.cell.exponent", "1.2E6": "", "1.E10": "", "12.5E10": "", "0.5E10": "", "1.2X4E10": "", "1.5E07": "", "12.3E+15": "", "1.2E+15X": "", "1.2.3E+15": "", "+7916": "",
		"####": "csv.cell.hashes", "#": "", "#12": "", "#N/A": "csv.cell.failure", "#Н/Д": "csv.cell.failure", "#N/A yet": "",
	} {
		if got := destroyed(value); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
}
