// Package workbook reads what people call Excel files strictly and as a stream: typed cells become what the sender saw, and
// damage anywhere in a part that is needed refuses the whole file. It chooses the sheet and finds the heading; each kind of
// container is opened by a folder below, and what they share lies in grid.
//
// What a cell becomes. Numbers are plain decimals with the 15 digits a spreadsheet keeps. Their format does not round or
// scale them: 0.125 shown as 13% is "0.125", 1234.5678 shown as 1,234.57 is "1234.5678"; only leading zeros (00000),
// fixed signs between digits (000-00-0000) and letters before such digits ("MSKU"0000000) are taken from it. Dates and times follow the format's kind and are rounded
// to the nearest second. What the spreadsheet has already destroyed is Faulty, never a guess.
package workbook

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// New returns the reader of one kind of workbook. It is safe for concurrent use; its tables are not.
func New(kind grid.Container) readers.Reader { return reader{kind} }

type reader struct{ kind grid.Container }

func (r reader) Traits() readers.Traits { return r.kind.Traits }

// Complete checks that the workbook is closed and its parts lie within it.
func (r reader) Complete(ctx context.Context, f readers.File, s readers.Settings) error {
	f.ReaderAt = patient{f.ReaderAt, ctx}
	s.Limits = s.Limits.Filled()
	if r.kind.Check != nil {
		return unreadable(ctx, r.kind.Check(f, s))
	}
	b, err := r.kind.Open(f, s)
	if err != nil {
		return unreadable(ctx, err)
	}
	return b.Close()
}

// Facts reads no sheet.
func (r reader) Facts(ctx context.Context, f readers.File, s readers.Settings) (readers.Facts, error) {
	f.ReaderAt = patient{f.ReaderAt, ctx}
	s.Limits = s.Limits.Filled()
	facts, err := r.facts(f, s)
	if err != nil {
		return readers.Facts{}, unreadable(ctx, err)
	}
	return facts, ctx.Err()
}

func (r reader) facts(f readers.File, s readers.Settings) (readers.Facts, error) {
	if r.kind.Facts != nil {
		return r.kind.Facts(f, s)
	}
	b, err := r.kind.Open(f, s)
	if err != nil {
		return readers.Facts{}, err
	}
	return grid.FactsOf(b.Tabs()), b.Close()
}

// Open chooses the sheet, finds the heading and reads the first rows.
func (r reader) Open(ctx context.Context, f readers.File, s readers.Settings) (readers.Table, error) {
	s.Limits = s.Limits.Filled()
	b := &book{ctx: ctx, kind: r.kind, settings: s}
	t, err := b.open(f)
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	return t, nil
}

// unreadable turns what the parts say into what the sender is told.
func unreadable(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	if told, ok := errors.AsType[*batch.Unreadable](err); ok {
		return told
	}
	e := &grid.Error{Reason: grid.Corrupt, Err: err}
	errors.As(err, &e)
	part := cmp.Or(e.Part, "zip")
	m := batch.Message{Key: "workbook." + string(e.Reason), Args: []any{"part", part}}
	if e.Limit != nil {
		m.Args = append(m.Args, "limit", e.Limit)
	}
	return &batch.Unreadable{Message: m, Err: err}
}

// patient is the file while the context lasts.
type patient struct {
	io.ReaderAt
	ctx context.Context
}

func (p patient) ReadAt(b []byte, at int64) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.ReaderAt.ReadAt(b, at)
}

// book is a workbook while it is being opened.
type book struct {
	grid.Book
	kind     grid.Container
	tabs     []grid.Tab
	ctx      context.Context
	settings readers.Settings
	peeked   int64
	size     int64 // of the file
}

func (b *book) open(f readers.File) (readers.Table, error) {
	if _, _, err := heading(b.settings.Header); err != nil {
		return nil, err
	}
	f.ReaderAt = patient{f.ReaderAt, b.ctx}
	var err error
	if b.Book, err = b.kind.Open(f, b.settings); err != nil {
		return nil, err
	}
	b.tabs, b.size = b.Tabs(), f.Size
	t, err := b.choose()
	if err != nil {
		b.Book.Close()
		return nil, err
	}
	return t, nil
}

// choose opens the sheets that the settings name, else the one whose heading the route knows, else the first visible one with data.
func (b *book) choose() (readers.Table, error) {
	want := b.settings.Sheet
	first, all := b.means(want, "first"), b.means(want, every)
	if want != "" && !first && !all {
		i, err := b.named(want)
		if err != nil {
			return nil, err
		}
		t, err := b.table(i)
		if err != nil {
			return nil, err
		}
		return t, b.others(&t.notes, t)
	}
	filled, fitting, err := b.fitting(all)
	switch {
	case err != nil:
		return nil, err
	case len(fitting) > 1 && all:
		t := b.several(fitting)
		return t, b.others(&t.notes, fitting...)
	case len(fitting) > 1 && !first:
		return nil, readers.Refuse("workbook.two_sheets", "first", fitting[0].name, "second", fitting[1].name, "count", len(fitting))
	case len(fitting) > 0:
		return fitting[0], b.others(&fitting[0].notes, fitting[0])
	case filled != nil:
		return filled, b.others(&filled.notes, filled)
	}
	if b.settings.Wants != nil {
		return nil, readers.Refuse("workbook.note_empty")
	}
	t := &rows{book: b}
	t.note("workbook.note_empty", 0, 0)
	return t, b.others(&t.notes)
}

// means reports whether the setting is a word of ours, and not the name of a sheet.
func (b *book) means(setting, word string) bool {
	return strings.EqualFold(setting, word) && !slices.ContainsFunc(b.tabs, func(s grid.Tab) bool { return s.Name == setting })
}

// fitting opens the visible sheets and gives those whose heading has all that the route must have; those without rows only where
// none has some. filled is what is read if there are none: the sheet whose heading comes nearest, or the first with data.
func (b *book) fitting(all bool) (filled *rows, fitting []*rows, err error) {
	nearly, withRows := 0, false
	for i, s := range b.tabs {
		if s.Hidden || !s.Grid || b.settings.Wants != nil && b.made(s) || !b.pinned(s.Name) {
			continue
		}
		t, err := b.table(i)
		if err != nil {
			return nil, nil, err
		}
		if !t.filled {
			continue
		}
		switch {
		case b.settings.Wants == nil && !all:
			return t, nil, nil
		case b.settings.Wants == nil:
			fitting = append(fitting, t)
			continue
		}
		fit := b.settings.Wants.Fit(t.cols)
		switch known := fit.Known(); {
		case fit.Enough && known > 0:
			some := len(t.sample) > 0
			if some && !withRows {
				fitting, withRows = nil, true
			}
			if some == withRows {
				fitting = append(fitting, t)
			}
		case filled == nil || known > max(1, nearly):
			filled, nearly = t, known
		}
	}
	return filled, fitting, nil
}

// named finds a sheet by its name or else by the number of its tab, counting the visible ones from 1.
func (b *book) named(want string) (int, error) {
	found, tab := -1, 0
	number, _ := strconv.Atoi(strings.TrimSpace(want))
	var names []string
	for i, s := range b.tabs {
		if s.Name == want {
			found = i
			break
		}
		if found < 0 && strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(want)) {
			found = i
		}
		if len(names) < 20 {
			names = append(names, s.Name)
		}
	}
	for i, s := range b.tabs {
		if s.Hidden || found >= 0 {
			continue
		}
		if tab++; tab == number {
			found = i
		}
	}
	if found < 0 {
		return 0, readers.Refuse("workbook.no_sheet", "sheet", want, "sheets", strings.Join(names, ", "))
	}
	if !b.tabs[found].Grid {
		return 0, readers.Refuse("workbook.chart_sheet", "sheet", b.tabs[found].Name)
	}
	return found, nil
}

// maxPeek bounds what is read of all other sheets, only to see whether they have data.
const maxPeek = 32 << 20

// others notes the sheets that have data and are not among those that are read, but for those that we have put there.
func (b *book) others(notes *[]batch.Note, read ...*rows) error {
	var names []string
	for _, t := range read {
		names = append(names, t.name)
	}
	for i, s := range b.tabs {
		if slices.ContainsFunc(read, func(t *rows) bool { return t.index == i }) || !s.Grid || b.made(s) || !b.hasData(i) {
			continue
		}
		switch {
		case s.Hidden:
			*notes = append(*notes, batch.Note{Message: batch.Message{Key: "workbook.note_hidden_sheet", Args: []any{"sheet", s.Name}}})
		case len(read) > 0:
			*notes = append(*notes, batch.Note{Unread: true, Message: batch.Message{Key: "workbook.note_other_sheet",
				Args: []any{"sheet", s.Name, "read", strings.Join(names, ", ")}}})
		}
	}
	return b.ctx.Err()
}

// made reports whether a sheet is one of those that a result or a template has besides its data. Senders have sheets of
// the same names: one counts only beside what else such a workbook has.
func (b *book) made(s grid.Tab) bool {
	beside := func(is func(name string) bool) bool {
		return slices.ContainsFunc(b.tabs, func(o grid.Tab) bool { return is(o.Name) })
	}
	marks := func(name string) bool { return strings.HasPrefix(name, resultmark.Sheet) }
	if marks(s.Name) {
		return s.Hidden
	}
	if resultmark.IsSummary(s.Name) && beside(marks) {
		return true
	}
	for _, l := range batch.Languages() {
		data := words.Of(l, "template.sheet.data")
		if s.Name == words.Of(l, "template.sheet.guide") && beside(func(name string) bool { return name == data }) {
			return true
		}
	}
	return false
}

// hasData reports whether a cell of sheet i shows something; a sheet that cannot be read may.
func (b *book) hasData(i int) bool {
	if b.peeked > maxPeek {
		return true
	}
	s, err := b.Sheet(i)
	if err != nil {
		return true
	}
	defer func() { b.peeked += s.Read() }()
	for err == nil {
		if err = s.Next(); err == nil && (!s.Row().Blank() || b.peeked+s.Read() > maxPeek) {
			return true
		}
	}
	return err != io.EOF
}

// heading reads the setting: row is 0 unless a row is named.
func heading(setting string) (row int, none bool, err error) {
	switch strings.ToLower(strings.TrimSpace(setting)) {
	case "", "auto":
		return 0, false, nil
	case "none":
		return 0, true, nil
	}
	row, err = strconv.Atoi(strings.TrimSpace(setting))
	if err != nil || row < 1 || row > grid.MaxRow {
		return 0, false, readers.Refuse("workbook.header_setting", "value", grid.Shorten(setting))
	}
	return row, false, nil
}

// table opens sheet i, reads its first rows and finds the heading. A sheet without data gives a table without sample.
func (b *book) table(i int) (*rows, error) {
	s, err := b.Sheet(i)
	if err != nil {
		return nil, err
	}
	t := &rows{book: b, sheet: s, index: i, name: b.tabs[i].Name}
	named, none, _ := heading(b.settings.Header)
	held := 0
	row := s.Row()
	for len(t.sample) < table.Sample && held < table.SampleBytes || named > 0 && row.Number < named {
		err := s.Next()
		if err == io.EOF {
			t.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		if !row.Blank() {
			t.sample = append(t.sample, ahead{number: row.Number, hidden: row.Hidden, struck: row.Struck(), sums: row.Sums, cells: slices.Clone(row.Cells), size: row.Size()})
			held += row.Size()
			for named > 0 && (len(t.sample) > table.Sample || held > table.SampleBytes) && t.sample[0].number < min(named, row.Number) {
				t.above(t.sample[0].number)
				held -= t.sample[0].size
				t.sample = slices.Delete(t.sample, 0, 1)
			}
		}
	}
	t.filled = len(t.sample) > 0
	if !t.filled {
		return t, nil
	}
	switch {
	case none:
		t.layout(-1, nil)
	case named > 0:
		at := slices.IndexFunc(t.sample, func(l ahead) bool { return l.number == named })
		if at < 0 {
			return nil, readers.Refuse("workbook.header_row", "row", named, "sheet", t.name)
		}
		t.firm = true
		t.layout(at, nil)
	default:
		if err := t.find(); err != nil {
			return nil, err
		}
	}
	t.learn()
	return t, nil
}
