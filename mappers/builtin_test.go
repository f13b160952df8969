package mappers_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
)

// A sheet whose headings are a built-in provider's labels, in any of the languages, needs no map.
func TestBuiltinLabelsNeedNoMap(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no built-in providers")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			for _, l := range batch.Languages() {
				t.Run(name+"/"+op.ID+"/"+string(l), func(t *testing.T) { labelsAlone(t, op, l) })
			}
		}
	}
}

func labelsAlone(t *testing.T, op *providers.Operation, l batch.Language) {
	set := mappers.Settings{Language: l}
	var columns []batch.Column
	add := func(heading string) {
		columns = append(columns, batch.Column{Name: heading, Ref: letter(len(columns))})
	}
	for _, f := range op.Fields {
		add(f.Label.In(l))
	}
	if op.Rows.Kind == providers.Group && len(op.Rows.Key) == 0 {
		set.Group = "Group"
		add("Group")
	}
	m, err := mappers.Compile(op, set)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(columns)
	if err != nil {
		t.Fatal(err)
	}
	for i, read := range b.Reads() {
		if len(read) != 1 || read[0].Name != op.Fields[i].Label.In(l) {
			t.Errorf("%s is filled by %v", op.Fields[i].Path, read)
		}
	}
	for _, g := range mappers.Match(op, columns) {
		if g.How != mappers.Exact {
			t.Errorf("%s: %s", g.Field.Path, g.How)
		}
	}
}

func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return string(rune('A'+i/26-1)) + string(rune('A'+i%26))
}

// The example rows of every built-in operation, under the provider's labels, make items that may be sent, and nothing
// of them is lost on the way.
func TestBuiltinExamplesAreSent(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			t.Run(name+"/"+op.ID, func(t *testing.T) { examplesAlone(t, op) })
		}
	}
}

func examplesAlone(t *testing.T, op *providers.Operation) {
	set := mappers.Settings{}
	var columns []batch.Column
	for i, f := range op.Fields {
		columns = append(columns, batch.Column{Name: f.Label.In(batch.Chinese), Ref: letter(i)})
	}
	if op.Rows.Kind == providers.Group && len(op.Rows.Key) == 0 {
		set.Group = "Group"
		columns = append(columns, batch.Column{Name: "Group", Ref: letter(len(columns))})
	}
	m, err := mappers.Compile(op, set)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(columns)
	if err != nil {
		t.Fatal(err)
	}
	var rows []batch.Row
	for i, example := range op.Example() {
		row := batch.Row{Number: i + 2}
		for _, f := range op.Fields {
			row.Cells = append(row.Cells, batch.Cell{Text: example[f.Path], Kind: batch.String})
		}
		if set.Group != "" {
			row.Cells = append(row.Cells, batch.Cell{Text: "one", Kind: batch.String})
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		t.Fatal("no example rows")
	}
	items := 0
	for it, err := range b.Items(each(rows)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range it.Problems {
			t.Errorf("%v: %s", it.Rows, p.Text)
		}
		if recheck := op.RechecksWhenSent(); len(recheck) > 0 && len(it.Where) == 0 {
			t.Errorf("%v: no cells for %v", it.Rows, recheck)
		}
		items++
	}
	if want := map[bool]int{true: 1, false: len(rows)}[op.Rows.Kind == providers.Group]; items != want {
		t.Errorf("%d rows became %d items, want %d", len(rows), items, want)
	}
}
