package corpus

import (
	"context"
	"strings"

	"github.com/rowferry/rowferry/readers"
)

// xmlTruth is what expected/xml/*.json holds.
type xmlTruth struct {
	WellFormed bool        `json:"expat_wellformed"`
	Root       string      `json:"root"`
	Flat       [][2]string `json:"flattened"`
	Repeated   *struct {
		Parent []string    `json:"parent_path"`
		Tag    string      `json:"tag"`
		Count  int         `json:"count"`
		First  [][2]string `json:"first_record"`
		Last   [][2]string `json:"last_record"`
	} `json:"most_repeated_child"`
}

func judgeXML(ctx context.Context, r *result, reader readers.Reader, f readers.File, expected []byte) {
	var truth xmlTruth
	if expected != nil {
		if err := parse(expected, &truth); err != nil {
			r.missed("expected: %v", err)
			return
		}
	}
	var s readers.Settings
	if truth.Repeated != nil {
		var path []string
		for _, name := range append(truth.Repeated.Parent, truth.Repeated.Tag) {
			path = append(path, name[strings.LastIndexByte(name, '}')+1:]) // {namespace}name
		}
		s.Record = strings.Join(path, "/")
	}
	got, err := take(ctx, reader, f, s)
	switch {
	case err != nil:
		judgeRefusal(r, err)
		return
	case r.Verdict == mustReject:
		r.missed("read (%d rows) instead of being refused", len(got.order))
		return
	case truth.Repeated == nil:
		judgeValues(r, truth.Flat, got, got.order)
		return
	}
	if len(got.order) != truth.Repeated.Count {
		r.missed("%d records instead of %d", len(got.order), truth.Repeated.Count)
		return
	}
	judgeValues(r, truth.Repeated.First, got, got.order[:1])
	judgeValues(r, truth.Repeated.Last, got, got.order[len(got.order)-1:])
	r.remark("%d records", len(got.order))
}

// judgeValues: every value of the record is in one of its cells, or the row says why it is not.
func judgeValues(r *result, values [][2]string, got *taken, rows []int) {
	var all []string
	for _, n := range rows {
		if got.rows[n].problem != nil {
			r.remark("row %d is invalid", n)
			return
		}
		for _, c := range got.rows[n].cells {
			all = append(all, fold(c.Text))
		}
	}
	have := "\x00" + strings.Join(all, "\x00") + "\x00"
	for _, v := range values {
		want := fold(v[1])
		if want != "" && !strings.Contains(have, "\x00"+want+"\x00") && !strings.Contains(have, want) {
			r.missed("%s: %q is lost", v[0], v[1])
		}
	}
}

// fold makes white space alike.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }
