package resultmark

import (
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Ours is where our columns are among the headings of a table.
type Ours struct {
	Columns map[int]Column // every column of ours, by its place from 0
	At      map[Column]int // the place whose cells count, where a column stands twice: the last
	Sure    bool           // no sender has such headings by chance
}

// Find looks for our columns: as a workbook heads them, in any language and at any place, or as a CSV result does, next to each
// other and in their order, or all of them in their order. The words of a CSV result are common, so fewer than five of them prove nothing by themselves; what
// stands over a workbook's is nobody else's, and people take the columns out that they do not need.
func Find(headings []string) Ours {
	o := Ours{Columns: map[int]Column{}, At: map[Column]int{}}
	for i, h := range headings {
		if c, ok := ColumnOf(h); ok {
			o.Columns[i], o.At[c] = c, i
		}
	}
	if len(o.At) > 0 {
		o.Sure = true
		return o
	}
	for _, i := range plain(headings) {
		c := plainColumn(headings[i])
		o.Columns[i], o.At[c] = c, i
	}
	_, row := o.At[Row]
	_, status := o.At[Status]
	if o.Sure = len(o.At) >= 5; !o.Sure && !(row && status) {
		return Ours{}
	}
	return o
}

// plain are the places of CSV headings: the longest run of ours or, where that is not all of them, all in their order, whatever a person put between
// them.
func plain(headings []string) []int {
	from, to := plainRun(headings)
	if apart := inOrder(headings); to-from < len(Columns()) && len(apart) == len(Columns()) {
		return apart
	}
	run := make([]int, to-from)
	for i := range run {
		run[i] = from + i
	}
	return run
}

// inOrder are the places of ours from the first on, as far as each comes behind the one before.
func inOrder(headings []string) (places []int) {
	for i := range headings {
		if order(headings[i]) == len(places) {
			places = append(places, i)
		}
	}
	return places
}

// plainRun is the longest run of CSV headings in their order, the first of equally long ones.
func plainRun(headings []string) (from, to int) {
	for start := 0; start < len(headings); start++ {
		end, last := start, -1
		for ; end < len(headings); end++ {
			at := order(headings[end])
			if at <= last {
				break
			}
			last = at
		}
		if end-start > to-from {
			from, to = start, end
		}
	}
	return from, to
}

func plainColumn(heading string) Column {
	return Column(strings.ToLower(strings.TrimSpace(strings.Trim(heading, "\ufeff"))))
}

// order is the place of a CSV heading among ours, -1 for any other.
func order(heading string) int {
	for i, c := range Columns() {
		if plainColumn(heading) == c {
			return i
		}
	}
	return -1
}

// IsSummary reports whether a sheet has the name of a result's summary in any language, also one that gives way to a sender's sheet
// of this name: "Summary (2)".
func IsSummary(sheet string) bool {
	stem, number, _ := strings.Cut(sheet, " (")
	if strings.Trim(number, "0123456789)") != "" {
		return false
	}
	return slices.ContainsFunc(batch.Languages(), func(l batch.Language) bool { return words.Of(l, "workbookresult.sheet.summary") == stem })
}
