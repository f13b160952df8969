package redrop_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// merged has two results, of files whose row 2 was delivered and whose row 3 was refused, and puts the second below the first.
func merged(t *testing.T, change func(all [][]string) [][]string) (*house, *result) {
	t.Helper()
	h := open(t, batch.English, "")
	one := h.drop("failures", "a.csv", encode(t, ',', [][]string{head, {"0042", "A2", "late"}, {"0043", "REFUSE3", "lost"}}))
	two := h.drop("failures", "b.csv", encode(t, ',', [][]string{head, {"0051", "B2", "storm"}, {"0052", "REFUSE4", "strike"}}))
	all := append(records(t, one.content("csv")), records(t, two.content("csv"))[1:]...)
	return h, h.drop("failures", one.name("csv"), encode(t, ',', change(all)))
}

// bare takes the zeros off, as a program does that opens a text.
func bare(all [][]string) {
	for _, rec := range all[1:] {
		rec[column(all, "accountNumber")] = strings.TrimLeft(rec[column(all, "accountNumber")], "0")
	}
}

// mend gives the rows that were refused another booking, which is taken.
func mend(all [][]string) {
	for id, as := range map[string]string{"REFUSE3": "M3", "REFUSE4": "M4"} {
		line(all, id)[column(all, "lesBookingId")] = as
	}
}

// Rows of another result are known by what they share with its file, also where a program took the zeros off: one that was delivered went again
// with its telephone changed.
func TestRowsOfAnotherResult(t *testing.T) {
	for _, zeros := range []string{"kept", "lost"} {
		for name, clear := range map[string]int{"as they are": 0, "without their numbers": 1, "without our columns": 7} {
			t.Run(fmt.Sprint(name, ", zeros ", zeros), func(t *testing.T) {
				h, r := merged(t, func(all [][]string) [][]string {
					mend(all)
					for _, id := range []string{"B2", "M4"} {
						copy(line(all, id), make([]string, clear))
					}
					if zeros == "lost" {
						bare(all)
					}
					return all
				})
				for id, account := range map[string]string{"A2": "0042", "M3": "0043", "B2": "0051", "M4": "0052"} {
					if n := h.provider.executed(id); n != 1 || !strings.Contains(h.provider.body(id), `"`+account+`"`) {
						t.Errorf("%s was sent %d times, as %s", id, n, h.provider.body(id))
					}
				}
				r.says("B2", "row 2 of b.csv")
				again := h.drop("failures", r.name("csv"), r.content("csv"))
				if n := h.provider.executed("B2"); n != 1 {
					t.Errorf("B2 was sent %d times", n)
				}
				all := records(t, again.content("csv"))
				line(all, "B2")[0], line(all, "B2")[1] = "", "resend"
				h.drop("failures", again.name("csv"), encode(t, ',', all))
				if n := h.provider.executed("B2"); n != 2 || !strings.Contains(h.provider.body("B2"), `"0051"`) {
					t.Errorf("B2 was sent %d times, as %s, although a person asks for it", n, h.provider.body("B2"))
				}
			})
		}
	}
}

// People put together what is to be mended and leave out the rest: nothing of it can be a row that is missing.
func TestFailingRowsOfTwoResults(t *testing.T) {
	h, r := merged(t, func(all [][]string) [][]string {
		mend(all)
		bare(all)
		return slices.DeleteFunc(all, func(rec []string) bool { return rec[1] == "delivered" })
	})
	r.want(map[string]batch.Status{"M3": batch.Delivered, "M4": batch.Delivered})
	for id, account := range map[string]string{"M3": "0043", "M4": "0052"} {
		if !strings.Contains(h.provider.body(id), `"`+account+`"`) {
			t.Errorf("%s was sent as %s", id, h.provider.body(id))
		}
	}
}
