package redrop_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// person does to results whatever people do. Every row keeps its container, by which the provider's executions are counted.
type person struct {
	*rand.Rand
	next    int
	allowed map[string]int // executions by container beyond the first: words that were written
	did     []string
}

func (p *person) container() string {
	p.next++
	return fmt.Sprintf("ZENU%07d", p.next)
}

// row is a new row of a document whose name says what the provider does with it.
func (p *person) row() []string {
	no := fmt.Sprintf("%s%d", []string{"GOOD", "GOOD", "GOOD", "REFUSE", "LOST", "DOWN"}[p.IntN(6)], p.IntN(6))
	rec := bill(no, p.container())
	if p.IntN(6) == 0 {
		rec[12] = ""
	}
	return rec
}

func (p *person) act(all [][]string) [][]string {
	own := 7
	no, container, weight := own+1, own+10, own+12
	p.did = nil
	sorted := false
	for range 1 + p.IntN(4) {
		at := 1 + p.IntN(len(all)-1)
		switch act := p.IntN(9); act {
		case 0, 1:
			p.did = append(p.did, "mend "+all[at][container])
			all[at][weight] = fmt.Sprint(1000 + p.IntN(1000))
		case 2:
			p.did = append(p.did, "edit "+all[at][container])
			all[at][own+7] = fmt.Sprint("SCREWS ", p.IntN(1000))
		case 3:
			p.did = append(p.did, "delete "+all[at][container])
			if len(all) > 8 {
				all = slices.Delete(all, at, at+1)
			}
		case 4:
			rec := append(make([]string, own), p.row()...)
			p.did = append(p.did, "insert "+rec[container])
			all = slices.Insert(all, at, rec)
		case 5:
			rec := slices.Clone(all[at])
			rec[container] = p.container()
			p.did = append(p.did, "copy "+all[at][container]+" as "+rec[container])
			all = slices.Insert(all, at+p.IntN(2), rec)
		case 6:
			p.did = append(p.did, "sort lines")
			slices.SortFunc(all[1:], func(a, b []string) int { return strings.Compare(b[no]+b[weight], a[no]+a[weight]) })
		case 7:
			if sorted {
				continue
			}
			sorted = true
			p.did = append(p.did, "sort own")
			var mine [][]string
			for _, rec := range all[1:] {
				mine = append(mine, slices.Clone(rec[own:]))
			}
			slices.SortFunc(mine, func(a, b []string) int { return strings.Compare(b[10], a[10]) })
			for i := range mine {
				copy(all[i+1][own:], mine[i])
			}
		case 8:
			p.did = append(p.did, "replace in all")
			for _, rec := range all[1:] {
				rec[own+7] += "."
			}
		}
	}
	if !sorted && p.IntN(3) == 0 {
		for _, rec := range all[1:] {
			if rec[1] == "unknown" {
				rec[1] = "resend"
				p.allowed[rec[container]]++
				p.did = append(p.did, "resend "+rec[container])
			}
		}
	}
	return all
}

// Whatever people do to any result of a family, in any order: no row that was executed is executed again without the word
// for it, and what the newest result calls delivered was executed.
func TestWhateverPeopleDo(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6, 24, 100} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := open(t, batch.English, "")
			p := &person{Rand: rand.New(rand.NewPCG(seed, 7)), allowed: map[string]int{}}
			all := [][]string{billHead}
			for range 14 {
				all = append(all, p.row())
			}
			results := []*result{h.drop("bills", "bills.csv", encode(t, ',', all))}
			for round := range 6 {
				of := results[len(results)-1]
				if p.IntN(3) == 0 {
					of = results[p.IntN(len(results))]
				}
				content := encode(t, ',', p.act(records(t, of.content("csv"))))
				name := of.name("csv")
				if p.IntN(2) == 0 {
					name = fmt.Sprintf("copy %d.csv", round)
				}
				id := h.put("bills", name, content)
				f := h.file(id, "reported", "duplicate", "quarantined")
				if f.State != "reported" {
					continue
				}
				if f.Reading.Again == nil {
					t.Fatalf("round %d: a result was taken for a new file", round)
				}
				if f.Counts.Pending() != 0 {
					t.Errorf("round %d: %+v", round, f.Counts)
				}
				r := &result{File: f, h: h}
				results = append(results, r)
				for container, n := range h.provider.containers() {
					if n > 1+p.allowed[container] {
						t.Fatalf("round %d, after %v of %s: %s was executed %d times", round, p.did, of.ID, container, n)
					}
				}
				for _, rec := range records(t, r.content("csv"))[1:] {
					if rec[1] == "delivered" && h.provider.containers()[rec[17]] == 0 && !strings.Contains(rec[3], "NOT sent") {
						t.Errorf("round %d, after %v: row %s (%s) is called delivered: %s", round, p.did, rec[0], rec[17], rec[3])
					}
				}
			}
		})
	}
}
