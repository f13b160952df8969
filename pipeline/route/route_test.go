package route

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rowferry/rowferry/outbox"
)

func TestResultName(t *testing.T) {
	const id = "20261122-101502-7f3a"
	for _, c := range []struct {
		name     string
		revision int
		want     string
	}{
		{"orders.csv", 1, "orders." + id + ".result.csv"},
		{"orders.csv", 3, "orders." + id + ".r3.result.csv"},
		{"订单.v2.xlsx", 1, "订单.v2." + id + ".result.csv"},
		{"noext", 1, "noext." + id + ".result.csv"},
		{`a:b?c*"d"<e>|f\g.csv`, 1, "a_b_c__d__e__f_g." + id + ".result.csv"},
		{"two\nlines\xff.csv", 1, "two_lines_." + id + ".result.csv"},
	} {
		if got := ResultName(c.name, id, c.revision, "result.csv"); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
	for _, name := range []string{strings.Repeat("l", 251) + ".csv", strings.Repeat("文", 83) + ".csv"} {
		got := ResultName(name, id, 12, "summary.json")
		if err := outbox.CheckName(got); err != nil || !utf8.ValidString(got) || !strings.HasSuffix(got, "."+id+".r12.summary.json") || len(got) < 250 {
			t.Errorf("%q: %q (%v)", name, got, err)
		}
	}
}
