// Package templates writes the workbooks that people fill in: one operation's fields as headings, with notes, drop-downs
// and checks, an example, and a guide. Everything comes from the provider's document.
package templates

import (
	"fmt"
	"io"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates/form"
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
	b := &book{op: op, l: s.Language, group: s.Group, columns: columns(op, s)}
	if err := b.write().Write(w); err != nil {
		return fmt.Errorf("template of %s: %w", op.ID, err)
	}
	return nil
}

// book is one template being written.
type book struct {
	op          *providers.Operation
	l           batch.Language
	group       string
	columns     []*column
	data, guide *form.Sheet
	row         int // of the guide: the last one written
}

func (b *book) say(key string, args ...any) string { return words.Of(b.l, key, args...) }

func (b *book) write() *form.Book {
	f := &form.Book{Title: b.title(), Creator: "rowferry", Language: string(b.l), Properties: [][2]string{{propertyOperation, b.op.ID}, {propertyLanguage, string(b.l)},
		{propertyGroup, b.group}, {propertyWritten, time.Now().Format(time.DateOnly)}}}
	b.data, b.guide = f.Sheet(b.say("template.sheet.data")), f.Sheet(b.say("template.sheet.guide"))
	b.writeGuide()
	b.writeData()
	return f
}

// title names provider and operation.
func (b *book) title() string {
	if b.op.Provider == nil {
		return b.op.Title.In(b.l)
	}
	return b.op.Provider.Title.In(b.l) + ": " + b.op.Title.In(b.l)
}
