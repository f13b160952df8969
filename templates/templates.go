// Package templates writes the workbooks that people fill in: one operation's fields as headings, with notes, drop-downs
// and checks, an example, and a guide. Everything comes from the provider's document.
package templates

import (
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Settings choose what a template looks like.
type Settings struct {
	Language batch.Language // of headings, notes and guide; "" = English
	Group    string         // heading of the column that makes groups, where no field does; "" = GroupHeading
}

// GroupHeading is what the group column is called unless Settings say otherwise. A route must name the same in `group`.
func GroupHeading(l batch.Language) string { return words.Of(l, "template.group") }

// groupExample is what the example has in the group column.
const groupExample = "1"

// NeedsGroup reports whether the operation groups by a column that is not a field, which the template then has as its first.
func NeedsGroup(op *providers.Operation) bool {
	return op.Rows.Kind == providers.Group && len(op.Rows.Key) == 0
}

// Write writes the workbook: a sheet to fill in, which comes first, and a guide. Filled in, it needs no `map` in the route.
func Write(w io.Writer, op *providers.Operation, s Settings) error {
	if s.Language == "" {
		s.Language = batch.English
	}
	if s.Group == "" {
		s.Group = GroupHeading(s.Language)
	}
	b := &book{op: op, l: s.Language, group: s.Group, file: excelize.NewFile()}
	defer b.file.Close()
	b.columns = columns(op, s)
	b.write()
	if b.err != nil {
		return fmt.Errorf("template of %s: %w", op.ID, b.err)
	}
	return b.file.Write(w)
}

// book is one template being written. The first thing that fails is kept and ends the work.
type book struct {
	op          *providers.Operation
	l           batch.Language
	group       string
	file        *excelize.File
	columns     []*column
	data, guide string // sheet names
	row         int    // of the guide: the last one written
	err         error
}

func (b *book) say(key string, args ...any) string { return words.Of(b.l, key, args...) }

// must keeps an error; nothing of excelize fails here but by a mistake of ours.
func (b *book) must(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *book) style(s excelize.Style) int {
	id, err := b.file.NewStyle(&s)
	b.must(err)
	return id
}

func (b *book) write() {
	b.data, b.guide = b.say("template.sheet.data"), b.say("template.sheet.guide")
	b.must(b.file.SetSheetName("Sheet1", b.data))
	_, err := b.file.NewSheet(b.guide)
	b.must(err)
	b.must(b.file.SetDocProps(&excelize.DocProperties{Creator: "rowferry", Title: b.title(), Language: string(b.l)}))
	b.must(b.file.SetAppProps(&excelize.AppProperties{Application: "rowferry"}))
	for _, p := range [][2]string{{propertyOperation, b.op.ID}, {propertyLanguage, string(b.l)}, {propertyGroup, b.group}, {propertyWritten, time.Now().Format(time.DateOnly)}} {
		b.must(b.file.SetCustomProps(excelize.CustomProperty{Name: p[0], Value: p[1]}))
	}
	b.writeGuide()
	b.writeData()
	b.must(b.file.SetSheetDimension(b.guide, fmt.Sprintf("A1:F%d", b.row)))
	b.file.SetActiveSheet(0)
}

// title names provider and operation.
func (b *book) title() string {
	if b.op.Provider == nil {
		return b.op.Title.In(b.l)
	}
	return b.op.Provider.Title.In(b.l) + ": " + b.op.Title.In(b.l)
}
