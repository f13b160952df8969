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
	for i, s := range b.Describe() {
		if !s.Filled || len(s.Columns) != 1 || s.Columns[0].Name != op.Fields[i].Label.In(l) {
			t.Errorf("%s is filled by %v", s.Field.Path, s.Columns)
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
