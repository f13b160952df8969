package redrop_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/rowferry/rowferry/batch"
)

// saved is a result as people and programs change it and save it. Our columns are its first seven, or fewer.
type saved struct {
	all       [][]string
	own       int // where the sender's columns begin
	name      string
	delimiter rune
	encode    func(text []byte) ([]byte, error)
	other     [][]string     // another file's result
	again     map[string]int // how often a person said of a line that was held that it is a new row, by booking
}

// changes are what a script's bytes do. A row is chosen by what the last byte adds up to.
var changes = []struct {
	name string
	do   func(s *saved, at int)
}{
	{"zeros off", func(s *saved, _ int) {
		for _, rec := range s.all[1:] {
			for i := range rec {
				if n := strings.TrimLeft(rec[i], "0"); n != "" && strings.Trim(rec[i], "0123456789") == "" {
					rec[i] = n
				}
			}
		}
	}},
	{"semicolons", func(s *saved, _ int) { s.delimiter = ';' }},
	{"Unicode text", func(s *saved, _ int) {
		s.delimiter, s.encode = '\t', unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes
	}},
	{"GBK", func(s *saved, _ int) { s.encode = simplifiedchinese.GBK.NewEncoder().Bytes }},
	{"lines sorted", func(s *saved, _ int) {
		slices.SortFunc(s.all[1:], func(a, b []string) int { return strings.Compare(b[s.own+1], a[s.own+1]) })
	}},
	{"own columns sorted", func(s *saved, _ int) {
		var own [][]string
		for _, rec := range s.all[1:] {
			own = append(own, slices.Clone(rec[s.own:]))
		}
		slices.SortFunc(own, func(a, b []string) int { return strings.Compare(b[1], a[1]) })
		for i, rec := range own {
			copy(s.all[i+1][s.own:], rec)
		}
	}},
	{"delivered rows deleted", func(s *saved, _ int) {
		s.all = append(s.all[:1:1], slices.DeleteFunc(slices.Clone(s.all[1:]), func(rec []string) bool { return rec[1] == "delivered" })...)
	}},
	{"few of our columns", func(s *saved, _ int) {
		for i, rec := range s.all {
			s.all[i] = append(slices.Clone(rec[:2]), rec[s.own:]...)
		}
		s.own = 2
	}},
	{"blank columns and rows", func(s *saved, _ int) {
		s.all = append(s.all, make([]string, len(s.all[0])))
		for i := range s.all {
			s.all[i] = append(slices.Clone(s.all[i]), "", "")
		}
	}},
	{"a number cleared", func(s *saved, at int) {
		if len(s.all) > 1 {
			rec := s.all[1+at%(len(s.all)-1)]
			if rec[0] != "" && rec[1] == "skipped" {
				s.again[rec[s.own+1]]++
			}
			rec[0] = ""
		}
	}},
	{"mended", func(s *saved, at int) {
		for _, rec := range s.all[1:] {
			if id := rec[s.own+1]; strings.HasPrefix(id, "REFUSE") {
				rec[s.own+1] = "M" + strings.TrimPrefix(id, "REFUSE")
				return
			}
		}
	}},
	{"a line twice", func(s *saved, at int) {
		if len(s.all) > 1 {
			s.all = append(s.all, slices.Clone(s.all[1+at%(len(s.all)-1)]))
		}
	}},
	{"another name", func(s *saved, _ int) { s.name = "saved.csv" }},
	{"columns in another order", func(s *saved, _ int) {
		for i, rec := range s.all {
			own := rec[s.own:]
			s.all[i] = append(append(slices.Clone(rec[:s.own]), own[2], own[1], own[0]), own[3:]...)
		}
	}},
	{"another result below", func(s *saved, _ int) {
		if len(s.all[0]) == len(s.other[0]) {
			for _, rec := range s.other[1:] {
				s.all = append(s.all, slices.Clone(rec))
			}
		}
	}},
}

// run changes a result as a script says.
func (s *saved) run(script []byte) (did []string) {
	at := 0
	for _, b := range script {
		at += int(b)
		c := changes[int(b)%len(changes)]
		if c.name == "columns in another order" && slices.Contains(did, c.name) {
			continue // once is enough, and its reverse is nothing
		}
		did = append(did, c.name)
		c.do(s, at/len(changes))
	}
	return did
}

// Whatever programs and people do to a result before it is dropped again: nothing that was delivered is sent again unless a person said of a line
// that was held that it is a new row, and what is sent has the values that its row had. What is not delivered has a reason.
func FuzzRedrop(f *testing.F) {
	for _, script := range [][]byte{{0, 1, 10}, {3, 10}, {5, 0, 10}, {6, 0, 10, 10}, {9, 0, 10}, {12, 7, 0, 10}, {8, 11, 0, 13}, {0, 5, 6}, {14, 10, 10, 0, 6}, {0, 12, 7, 5}} {
		f.Add(script, []byte{0, 10})
	}
	f.Add([]byte{41, 8, 12}, []byte{0, 10, 5})
	f.Add([]byte{12, 3, 71, 3}, []byte{54, 5})
	f.Add([]byte{249, 0, 66}, []byte{232, 140, 130})
	f.Add([]byte{60, 111}, []byte{130, 27, 247, 125})
	f.Add([]byte{210, 228, 111}, []byte{14, 235, 115, 89})
	f.Fuzz(redropped)
}

// redropped drops a file, its result as the first script changes it, and the result of that as the second does.
func redropped(t *testing.T, first, second []byte) {
	if len(first)+len(second) > 12 {
		t.Skip("people do not do so much")
	}
	h := open(t, batch.English, "")
	accounts, again := map[string]string{}, map[string]int{}
	all := [][]string{head}
	for i, id := range []string{"A1", "A2", "REFUSE3", "A4", "REFUSE5", "A6"} {
		rec := []string{fmt.Sprintf("0030%02d", i), id, []string{"late", "шторм"}[i%2]}
		accounts[id], accounts[strings.Replace(id, "REFUSE", "M", 1)] = rec[0], rec[0]
		all = append(all, rec)
	}
	other := h.drop("failures", "others.csv", encode(t, ',', [][]string{head, {"004000", "B1", "late"}, {"004001", "REFUSE7", "storm"}, {"004002", "B8", "шторм"}}))
	for id, account := range map[string]string{"B1": "004000", "M7": "004001", "B8": "004002"} {
		accounts[id] = account
	}
	r := h.drop("failures", "orders.csv", encode(t, ',', all))
	var did []string
	for _, script := range [][]byte{first, second} {
		s := &saved{records(t, r.content("csv")), 7, r.name("csv"), ',', nil, records(t, other.content("csv")), again}
		s.own = slices.Index(s.all[0], "sent_at") + 1
		did = append(did, s.run(script)...)
		content := encode(t, s.delimiter, s.all)
		if s.encode != nil {
			var err error
			if content, err = s.encode(bytes.TrimPrefix(content, []byte("\ufeff"))); err != nil {
				t.Skip(err)
			}
		}
		file := h.file(h.put("failures", s.name, content), "reported", "duplicate", "quarantined")
		if file.State != "reported" {
			if file.State == "quarantined" && file.Reason == "" {
				t.Errorf("after %q it is refused without a reason", did)
			}
			break
		}
		r = &result{File: file, h: h}
		if c := r.Counts; c.Pending() != 0 || c.Read != len(records(t, r.content("csv")))-1 {
			t.Errorf("after %q the books do not balance: %+v", did, c)
		}
		for _, rec := range records(t, r.content("csv"))[1:] {
			if rec[1] != "delivered" && rec[3] == "" {
				t.Errorf("after %q there is no reason in %q", did, rec)
			}
		}
		for id, account := range accounts {
			body := h.provider.body(id)
			if n := h.provider.executed(id); n > 1+again[id] || n > 0 && !strings.Contains(body, `"`+account+`"`) {
				t.Errorf("after %q %s was executed %d times, as %s; want account %s", did, id, n, body, account)
			}
		}
	}
}
