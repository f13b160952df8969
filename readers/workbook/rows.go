package workbook

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// ahead is a row that was read ahead.
type ahead struct {
	number int
	hidden bool
	struck bool
	sums   grid.Sums
	cells  []grid.Cell
	size   int // bytes of its texts
}

// texts are the line's cells by column, up to its last one.
func (l ahead) texts() []string {
	if len(l.cells) == 0 {
		return nil
	}
	out := make([]string, l.cells[len(l.cells)-1].Column+1)
	for _, c := range l.cells {
		out[c.Column] = c.Text
		if c.Kind == batch.Faulty && c.Text == "" {
			out[c.Column] = "#N/A"
		}
	}
	return out
}

// rows is the table of one sheet.
type rows struct {
	book   *book
	sheet  grid.Sheet // nil when the workbook has no data
	index  int
	name   string
	sample []ahead // the rows read ahead; those of the heading and above it are cut off by layout
	ended  bool    // the part ended within the sample
	read   bool    // the rows were asked for
	told   int     // notes before the first row
	closed bool
	filled bool // the sheet shows something
	header int
	left   int // the first column
	cols   []batch.Column
	notes  []batch.Note
	texts  []string
	row    batch.Row

	firm    bool // the setting says which row is the heading: another table below is left out
	other   bool // that table has begun
	watch   table.Watch
	groups  table.Groups
	counter table.Counter
	habits  []table.Habit
	upright []grid.Area // merged ranges of several rows, where they may hold names of columns

	merges []grid.Area // the sheet's merged ranges, where they were looked for ahead of the rows
	heard  int         // how many of those that it tells of were taken up
	spans  []span      // merged ranges of the data that begin further down, by their first row
	open   []span      // those that have begun

	last                   int // number of the last row that was handed on, or of the heading
	count                  int
	blank, totals, covered tally
	preamble               tally
	notedRows              map[string]*tally // what else was left out or read in another way, by the key of its note
	order                  []string
	sayings                map[string]string // the value that such a note shows
}

// span is a merged range over several rows, and the value that it shows.
type span struct {
	grid.Area
	cell batch.Cell
}

// tally counts rows for a note.
type tally struct{ first, count int }

func (t *tally) add(row, n int) {
	if t.count == 0 {
		t.first = row
	}
	t.count += n
}

func (t *rows) Columns() []batch.Column { return t.cols }
func (t *rows) Layout() readers.Layout  { return readers.Layout{Sheet: t.name, Header: t.header} }
func (t *rows) Notes() []batch.Note     { return slices.Clone(t.notes) }

func (t *rows) Close() error {
	if t.closed {
		return nil
	}
	t.closed, t.sheet, t.sample = true, nil, nil
	return t.book.Close()
}

var errClosed = errors.New("workbook: the table is closed")

// again puts the table before its first row.
func (t *rows) again() error {
	if !t.read {
		t.read, t.told = true, len(t.notes)
		return t.ahead()
	}
	if !t.filled {
		return nil
	}
	fresh, err := t.book.table(t.index)
	if err != nil {
		return unreadable(t.book.ctx, err)
	}
	t.sheet, t.sample, t.ended, t.notes = fresh.sheet, fresh.sample, fresh.ended, t.notes[:t.told]
	t.last, t.count, t.blank, t.totals, t.covered = fresh.last, 0, tally{}, tally{}, tally{}
	t.heard, t.spans, t.open, t.other, t.notedRows, t.order = 0, nil, nil, false, fresh.notedRows, nil
	t.expect(t.merges)
	return nil
}

func (t *rows) note(key string, row, count int, args ...any) {
	if count > 0 {
		args = append(args, "count", count)
	}
	t.notes = append(t.notes, batch.Note{Message: batch.Message{Key: key, Args: args}, Row: row, Count: count})
}

// above counts a row over the heading.
func (t *rows) above(row int) { t.preamble.add(row, 1) }

// find looks for the heading in the sample; a heading of two rows is joined by the merged ranges over it.
func (t *rows) find() error {
	lines := make([][]string, len(t.sample))
	for i, l := range t.sample {
		lines[i] = l.texts()
	}
	at := table.FindFitting(lines, table.FindHeading(lines), t.fit())
	number := func(i int) int { return t.sample[i].number }
	if wrong := table.Misread(lines, at, t.fit(), number); wrong != nil {
		return wrong
	}
	if at == table.None {
		t.layout(-1, nil)
		return nil
	}
	follows := at+1 < len(t.sample) && t.sample[at+1].number == t.sample[at].number+1 && t.gaps(at)
	precedes := at > 0 && t.sample[at-1].number+1 == t.sample[at].number && (table.Filled(lines[at-1]) > 1 || t.gaps(at))
	if !follows && !precedes {
		t.layout(at, nil)
		return nil
	}
	merges, err := t.book.Merged(t.index, t.sample[len(t.sample)-1].number)
	if err != nil {
		return err
	}
	t.upright = slices.DeleteFunc(slices.Clone(merges), func(a grid.Area) bool { return a.Top == a.Bottom })
	switch {
	case precedes && len(groups(merges, t.sample[at-1], t.sample[at])) > 0:
		t.layout(at, groups(merges, t.sample[at-1], t.sample[at]))
	case follows && t.under(groups(merges, t.sample[at], t.sample[at+1]), lines[at+1]):
		t.layout(at+1, groups(merges, t.sample[at], t.sample[at+1]))
	default:
		if wrong := table.Twofold(lines, at, t.fit(), number); wrong != nil {
			return wrong
		}
		t.layout(at, nil)
	}
	return nil
}

// fit asks what the route wants of a line of names; nil where it is not known.
func (t *rows) fit() table.Judge {
	w := t.book.settings.Wants
	if w == nil {
		return nil
	}
	return func(names []string) batch.Fit {
		columns := make([]batch.Column, len(names))
		for i, n := range names {
			columns[i] = batch.Column{Name: n, Ref: table.Letter(i)}
		}
		return w.Fit(columns)
	}
}

// gaps reports whether a column between the first and the last of a line is empty, as under a merged cell.
func (t *rows) gaps(at int) bool {
	c := t.sample[at].cells
	return len(c) > 0 && c[len(c)-1].Column-c[0].Column+1 > len(c) || at+1 < len(t.sample) && last(t.sample[at+1]) > last(t.sample[at])
}

func last(l ahead) int {
	if len(l.cells) == 0 {
		return -1
	}
	return l.cells[len(l.cells)-1].Column
}

// under reports whether everything in the row below a heading is a label under one of its merged cells.
func (t *rows) under(merged []grid.Area, below []string) bool {
	n := 0
	for i, text := range below {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if table.Look(text) != table.Label || !slices.ContainsFunc(merged, func(a grid.Area) bool { return a.Left <= i && i <= a.Right }) {
			return false
		}
		n++
	}
	return n > 1
}

// groups are the merged ranges of the upper line that stand over several columns of the lower one. A range over all of
// them is a title, not a group.
func groups(merges []grid.Area, upper, lower ahead) []grid.Area {
	left, right := lower.cells[0].Column, last(lower)
	if len(upper.cells) > 0 {
		left, right = min(left, upper.cells[0].Column), max(right, last(upper))
	}
	var out []grid.Area
	for _, a := range merges {
		if a.Top == upper.number && a.Bottom == upper.number && a.Right > a.Left && !(a.Left <= left && a.Right >= right) {
			out = append(out, a)
		}
	}
	return out
}

// layout settles the columns: the heading is line at of the sample (-1: none); with merged ranges, the line above it
// belongs to it.
func (t *rows) layout(at int, merged []grid.Area) {
	first := at
	if len(merged) > 0 {
		first = at - 1
	}
	for i := range max(first, 0) {
		t.above(t.sample[i].number)
	}
	if t.preamble.count > 0 {
		t.note("workbook.note_preamble", t.preamble.first, t.preamble.count)
	}
	body := t.sample[at+1:]
	left, right := grid.MaxColumn, -1
	widen := func(l ahead) {
		if len(l.cells) > 0 {
			left, right = min(left, l.cells[0].Column), max(right, last(l))
		}
	}
	if at < 0 {
		for _, l := range body {
			widen(l)
		}
	} else {
		widen(t.sample[at])
		if first < at {
			widen(t.sample[first])
		}
		t.header = t.sample[at].number
		t.last = t.header
		for _, c := range t.tall(t.sample[at].number) {
			left, right = min(left, c.Column), max(right, c.Column)
		}
		left, right = habitual(body, left, right)
	}
	t.left = left
	t.cols = make([]batch.Column, max(0, right-left+1))
	for i := range t.cols {
		t.cols[i].Ref = table.Letter(left + i)
	}
	if at >= 0 {
		t.title(t.sample[at], t.sample[first], merged)
		t.lower(t.sample[at])
		for _, c := range t.tall(t.header) {
			if name := &t.cols[c.Column-left].Name; strings.TrimSpace(*name) == "" {
				*name = c.Text
			}
		}
	}
	t.sample = body
	t.row.Cells = make([]batch.Cell, len(t.cols))
}

// tall gives the cells above row that are merged down to it: names of columns beside a heading of several rows.
func (t *rows) tall(row int) []grid.Cell {
	var out []grid.Cell
	for _, a := range t.upright {
		if a.Top >= row || a.Bottom < row {
			continue
		}
		for _, l := range t.sample {
			if l.number != a.Top {
				continue
			}
			for _, c := range l.cells {
				if c.Column == a.Left {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// habitual widens the table by columns without a heading that more than half of the rows fill.
func habitual(body []ahead, left, right int) (int, int) {
	filled := map[int]int{}
	for _, l := range body {
		for _, c := range l.cells {
			if (c.Column < left || c.Column > right) && c.Kind != batch.Blank {
				filled[c.Column]++
			}
		}
	}
	lowest, highest := left, right
	for column, n := range filled {
		if n*2 > len(body) && len(body) > 1 {
			lowest, highest = min(lowest, column), max(highest, column)
		}
	}
	return lowest, highest
}

// title names the columns. Under a merged cell of the upper line, a name is "upper lower".
func (t *rows) title(lower, upper ahead, merged []grid.Area) {
	for _, c := range lower.cells {
		t.cols[c.Column-t.left].Name = c.Text
	}
	if len(merged) == 0 {
		return
	}
	for _, c := range upper.cells {
		if strings.TrimSpace(c.Text) == "" {
			continue
		}
		from, to := c.Column, c.Column
		for _, a := range merged {
			if a.Left == c.Column {
				to = a.Right
			}
		}
		for i := from - t.left; i <= min(to-t.left, len(t.cols)-1); i++ {
			name := &t.cols[i].Name
			switch {
			case strings.TrimSpace(*name) == "" && i == from-t.left:
				*name = c.Text
			case to > from && strings.TrimSpace(*name) != "":
				*name = c.Text + " " + *name
			}
		}
	}
}

// lower gives a column under a group its own name alone, where that is the only one of its name and the route knows it so.
func (t *rows) lower(l ahead) {
	if t.book.settings.Wants == nil {
		return
	}
	own := slices.Clone(t.cols)
	for _, c := range l.cells {
		same := 0
		for _, o := range l.cells {
			if strings.EqualFold(strings.TrimSpace(o.Text), strings.TrimSpace(c.Text)) {
				same++
			}
		}
		if same == 1 && strings.TrimSpace(c.Text) != "" {
			own[c.Column-t.left].Name = c.Text
		}
	}
	joined, alone := t.book.settings.Wants.Fit(t.cols), t.book.settings.Wants.Fit(own)
	for i := range own {
		if joined.Fields[i] == "" && alone.Fields[i] != "" {
			t.cols[i].Name = own[i].Name
		}
	}
	t.shared(l, alone)
}

// shared gives columns of several groups the name that they share, where the route knows that name and none of them otherwise: then
// it is asked which one is meant, and neither is left out.
func (t *rows) shared(l ahead, known batch.Fit) {
	for _, c := range l.cells {
		var same []int
		for _, o := range l.cells {
			if strings.EqualFold(strings.TrimSpace(o.Text), strings.TrimSpace(c.Text)) {
				same = append(same, o.Column-t.left)
			}
		}
		if len(same) < 2 || strings.TrimSpace(c.Text) == "" || slices.ContainsFunc(same, func(i int) bool { return known.Fields[i] != "" }) {
			continue
		}
		field := t.book.settings.Wants.Fit([]batch.Column{{Name: c.Text}}).Fields[0]
		if field == "" || slices.Contains(known.Fields, field) {
			continue
		}
		for _, i := range same {
			t.cols[i].Name = c.Text
		}
	}
}

// mergedBelow is up to which size of a file merged ranges that stand behind the rows are looked for before these are read.
const mergedBelow = 4 << 20

// learn takes from the first rows what the others are judged by.
func (t *rows) learn() {
	var below [][]string
	for i, l := range t.sample {
		if i > 0 && l.number > t.sample[i-1].number+1 {
			below = append(below, nil)
		}
		texts := l.texts()
		below = append(below, texts[min(t.left, len(texts)):])
	}
	t.watch, t.habits = table.NewWatch(len(t.cols), below), table.Habits(below, len(t.cols))
	if w := t.book.settings.Wants; w != nil {
		fit := w.Fit(t.cols)
		t.groups = table.NewGroups(len(t.cols), below)
		table.Expect(t.habits, fit)
		t.counter = table.NewCounter(fit)
	}
	t.notedRows, t.order, t.sayings = map[string]*tally{}, nil, map[string]string{}
}

// ahead looks for merged ranges before the first row, where the sheet itself would tell of them behind the last one.
func (t *rows) ahead() (err error) {
	if !t.filled || !t.book.kind.MergedLast || t.book.size > mergedBelow {
		return nil
	}
	if t.merges, err = t.book.Merged(t.index, grid.MaxRow); err != nil {
		return unreadable(t.book.ctx, err)
	}
	t.expect(t.merges)
	return nil
}

// expect takes up the merged ranges of the data among those.
func (t *rows) expect(merges []grid.Area) {
	for _, a := range merges {
		if a.Bottom > a.Top && a.Top > t.header && a.Left >= t.left && a.Left < t.left+len(t.cols) {
			t.spans = append(t.spans, span{Area: a})
		}
	}
	slices.SortStableFunc(t.spans, func(a, b span) int { return a.Top - b.Top })
}

// hear takes up the merged ranges that the sheet has told of since.
func (t *rows) hear() {
	if t.book.kind.MergedLast {
		return
	}
	if told := t.sheet.Merged(); len(told) > t.heard {
		t.expect(told[t.heard:])
		t.heard = len(told)
	}
}

// cover gives cells of the current row that a merged range covers the value that it shows.
func (t *rows) cover() {
	t.hear()
	if len(t.spans)+len(t.open) == 0 {
		return
	}
	row := t.row.Number
	t.open = slices.DeleteFunc(t.open, func(s span) bool { return s.Bottom < row })
	for i := range t.open {
		if c := &t.row.Cells[t.open[i].Left-t.left]; c.Kind == batch.Blank {
			*c = t.open[i].cell
		}
	}
	for len(t.spans) > 0 && t.spans[0].Top <= row {
		s := t.spans[0]
		t.spans = t.spans[1:]
		if s.Top == row && s.Bottom > row {
			s.cell = t.row.Cells[s.Left-t.left]
			t.open = append(t.open, s)
		}
	}
}

// leave counts a row, or a value, for the note of that key.
func (t *rows) leave(key string, row int, value string) {
	n := t.notedRows[key]
	if n == nil {
		n = &tally{}
		t.notedRows[key], t.sayings[key] = n, value
		t.order = append(t.order, key)
	}
	n.add(row, 1)
}

// Rows hands on the data rows. The error of a damaged part may come after many rows.
func (t *rows) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		if t.closed {
			yield(nil, errClosed)
			return
		}
		if err := t.again(); err != nil {
			yield(nil, err)
			return
		}
		t.counter.Restart()
		ctx := t.book.ctx
		for _, l := range t.sample {
			row, err := t.rowOf(l)
			if row == nil && err == nil {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		for n := 0; !t.ended && t.sheet != nil; n++ {
			if n%64 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			err := t.sheet.Next()
			if err == io.EOF {
				t.ended = true
				break
			}
			if err != nil {
				yield(nil, unreadable(ctx, err))
				return
			}
			s := t.sheet.Row()
			row, err := t.rowOf(ahead{number: s.Number, hidden: s.Hidden, struck: s.Struck(), sums: s.Sums, cells: s.Cells})
			if row == nil && err == nil {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		if !t.closed {
			if err := t.report(); err != nil {
				yield(nil, err)
			}
		}
	}
}

// report writes down what was passed over.
func (t *rows) report() error {
	for _, n := range []struct {
		key string
		tally
	}{{"workbook.note_blank", t.blank}, {"workbook.note_totals", t.totals}, {"workbook.note_hidden_rows", t.covered}} {
		if n.count > 0 {
			t.note(n.key, n.first, n.count)
		}
	}
	for _, key := range t.order {
		n := t.notedRows[key]
		var args []any
		if t.sayings[key] != "" {
			args = append(args, "value", t.sayings[key])
		}
		t.note(key, n.first, n.count, args...)
	}
	if table.Full(t.last) && (t.book.settings.Sheet != every || t.index == len(t.book.tabs)-1) {
		t.note("table.note.full", 0, 0, "row", t.last)
	}
	if t.sheet != nil {
		return t.reportMerged()
	}
	return nil
}

// reportMerged tells of cells of the data that are merged over several rows. A file in which they were not looked for is refused:
// rows were handed on without their values.
func (t *rows) reportMerged() error {
	var first grid.Area
	count := 0
	for _, a := range t.sheet.Merged() {
		if a.Top <= t.header || a.Top > t.last || a.Right < t.left || a.Left >= t.left+len(t.cols) {
			continue
		}
		if count++; count == 1 {
			first = a
		}
	}
	if count > 0 {
		cells := table.Letter(first.Left) + strconv.Itoa(first.Top) + ":" + table.Letter(first.Right) + strconv.Itoa(first.Bottom)
		if t.book.kind.MergedLast && t.book.size > mergedBelow {
			return readers.Refuse("workbook.merged", "cells", cells, "count", count)
		}
		t.note("workbook.note_merged", first.Top, count, "cells", cells)
	}
	return nil
}

// rowOf makes a row of a line; nil for one that is not data.
func (t *rows) rowOf(l ahead) (*batch.Row, error) {
	filled, word := 0, -1
	for i := range l.cells {
		if l.cells[i].Kind != batch.Blank {
			if filled == 0 {
				word = i
			}
			filled++
		}
	}
	if filled == 0 {
		return nil, nil
	}
	gap := t.last > 0 && l.number > t.last+1
	if gap {
		t.blank.add(t.last+1, l.number-t.last-1)
	}
	t.last = l.number
	clear(t.row.Cells)
	t.row.Number, t.row.Problem = l.number, nil
	for i := range l.cells {
		c := &l.cells[i]
		if at := c.Column - t.left; at >= 0 && at < len(t.row.Cells) {
			t.row.Cells[at] = c.Cell
		} else if c.Kind != batch.Blank && t.row.Problem == nil {
			m := batch.Message{Key: "workbook.row_wide", Args: []any{"cell", table.Letter(c.Column) + strconv.Itoa(l.number)}}
			t.row.Problem = &m
		}
	}
	if left, err := t.remark(l, l.cells[word], gap); left || err != nil {
		return nil, err
	}
	t.cover()
	if t.row.Problem == nil && len(t.row.Cells) > 1 && t.counter.Only(t.row.Cells[0].Text, t.alone) {
		t.leave("table.note.numbered", l.number, "")
		return nil, nil
	}
	if err := t.values(); err != nil {
		return nil, err
	}
	if l.hidden {
		t.covered.add(l.number, 1)
	}
	if l.struck {
		t.leave("workbook.note_struck", l.number, "")
	}
	if t.count++; t.count > t.book.settings.Limits.Rows {
		return nil, readers.Refuse("workbook.limit_rows", "limit", t.book.settings.Limits.Rows)
	}
	return &t.row, nil
}

// alone reports whether the row has nothing behind its first cell.
func (t *rows) alone() bool {
	for i := 1; i < len(t.row.Cells); i++ {
		if t.row.Cells[i].Kind != batch.Blank {
			return false
		}
	}
	return true
}

// remark judges whether the current row is a record; first is its first cell that shows something, gap whether the row above is blank.
// left: it is none and was noted.
func (t *rows) remark(l ahead, first grid.Cell, gap bool) (left bool, err error) {
	switch {
	case t.other:
		t.leave("table.note.other", l.number, "")
		return true, nil
	case t.summed(l):
		t.totals.add(l.number, 1)
		return true, nil
	case t.groups.On() && t.groups.Has(t.said()):
		t.ask("table.row.sum")
		return false, nil
	case first.Kind != batch.String:
		return false, nil
	}
	word, worded := []byte(first.Text), t.worded()
	near := t.header > 0 && l.number-t.header <= table.Near
	if worded || gap || near || table.MayRemark(word) {
		if left, err := t.remarked(l, worded, gap, near); left || err != nil {
			return left, err
		}
	}
	unlike := worded && t.watch.Column() >= 0
	if t.book.settings.Wants != nil && (unlike || table.MayTitle(word)) && table.Section(t.said(), unlike) {
		t.ask("table.row.doubtful")
	}
	return false, nil
}

// remarked looks at all cells of the current row for what it may be instead of a record. worded: it may be a heading; near: it stands right
// below one.
func (t *rows) remarked(l ahead, worded, gap, near bool) (left bool, err error) {
	if worded {
		if left, err := t.repeats(l, gap); left || err != nil {
			return left, err
		}
	}
	below := table.Near + 1
	if near {
		below = l.number - t.header
	}
	cells := t.said()
	what, doubt := table.Remarked(cells, len(t.cols), below, (worded || gap) && t.watch.Odd(cells))
	switch {
	case t.book.settings.Wants == nil && (doubt || what != table.Total): // who only reads gets all that is there
	case doubt:
		t.ask("table.row.doubtful")
	case what == table.Record || t.row.Problem != nil:
	case what == table.Total:
		t.totals.add(l.number, 1)
		return true, nil
	default:
		t.leave(what.Note(), l.number, "")
		return true, nil
	}
	return false, nil
}

// said are the texts of the current row, until they are asked for again.
func (t *rows) said() []string {
	t.texts = t.texts[:0]
	for i := range t.row.Cells {
		t.texts = append(t.texts, t.row.Cells[i].Text)
	}
	return t.texts
}

// ask has the current row asked about, where nothing worse is wrong with it.
func (t *rows) ask(key string) {
	if t.row.Problem == nil {
		t.row.Problem = &batch.Message{Key: key}
	}
}

// summed reports whether the row adds up rows below the heading, and shows little else: a label.
func (t *rows) summed(l ahead) bool {
	return l.sums.From > t.header && t.header > 0 && len(l.cells)-l.sums.Formulas <= 1
}

// worded reports whether the current row has a word where others have digits, and so may be a heading.
func (t *rows) worded() bool {
	at := t.watch.Column()
	if t.header == 0 || t.book.settings.Wants == nil {
		return false
	}
	if at < 0 {
		return slices.ContainsFunc(t.cols, func(c batch.Column) bool { return c.Name != "" && c.Name == firstText(t.row.Cells) })
	}
	c := &t.row.Cells[at]
	return c.Kind == batch.String && !table.HasDigit(c.Text)
}

func firstText(cells []batch.Cell) string {
	for i := range cells {
		if cells[i].Kind != batch.Blank {
			return cells[i].Text
		}
	}
	return ""
}

// repeats judges a row that may be a heading: once more, or of another table; gap: it stands below a blank row.
func (t *rows) repeats(l ahead, gap bool) (left bool, err error) {
	whole := l.texts()
	whole = whole[min(t.left, len(whole)):]
	what, key := table.Repeats(whole, t.cols, t.fit()), "table.two"
	if what == table.NoHeading && gap && t.watch.Column() >= 0 && table.Another(whole, len(t.cols)) {
		what, key = table.NewHeading, "table.another"
	}
	switch what {
	case table.SameHeading:
		t.leave("csv.note.repeated", l.number, "")
		return true, nil
	case table.NewHeading:
		if !t.firm {
			names := make([]string, len(t.cols))
			for i, c := range t.cols {
				names[i] = c.Name
			}
			return false, readers.Refuse(key, "first", t.header, "names", table.Names(names), "second", l.number, "others", table.Names(whole))
		}
		t.other = true
		t.leave("table.note.other", l.number, "")
		return true, nil
	}
	return false, nil
}

// values judges the texts of the current row: words for no value, marks that leaked into them, numbers against their column. Where a column has
// its first decimal comma below rows with 1.234, which have been handed on, nobody can tell what these are, and the file is held.
func (t *rows) values() error {
	if t.book.settings.Wants == nil {
		return nil
	}
	for i := range t.row.Cells {
		c, h := &t.row.Cells[i], &t.habits[i]
		if c.Kind != batch.String || c.Text == "" {
			continue
		}
		if d, is := table.Ditto(c.Text); is {
			*c = d
			continue
		}
		if text, mark := table.Unveiled(c.Text); mark != 0 && !table.Blank([]string{text}) {
			t.leave("table.note.veiled", t.row.Number, fmt.Sprintf("%U", mark))
			c.Text = text
		}
		if text, mark := table.Unescaped(c.Text); mark != "" {
			t.leave("table.note.escaped", t.row.Number, mark)
			if c.Text = text; table.Blank([]string{text}) {
				*c = batch.Cell{}
				continue
			}
		}
		switch first := c.Text[0]; {
		case h.NoValue(c.Text):
			t.leave("table.note.no_value", t.row.Number, c.Text)
			*c = table.Void(c.Text)
		case first == '\'', first == '`':
			if text, marked := table.Apostrophe(c.Text); marked {
				t.leave("table.note.apostrophe", t.row.Number, "")
				c.Text = text
			}
		case first == '=' && table.Formula(c.Text):
			*c = table.UnderFormula(c.Text)
		case first > '9':
		default:
			if text, floated := h.Whole(c.Text); floated {
				t.leave("table.note.whole", t.row.Number, "")
				c.Text = text
			} else if _, late := h.Decimals(c, t.row.Number); late > 0 {
				return readers.Refuse("table.decimals", "column", t.cols[i].Name, "first", late, "row", t.row.Number, "value", c.Text)
			}
		}
	}
	return nil
}
