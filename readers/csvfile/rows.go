package csvfile

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/words"
)

// Rows reads the file from its start. A row that has not as many fields as the heading, or text behind a closing
// quote, is given with its Problem.
func (t *opened) Rows() iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		if t.told == nil {
			t.told = append([]batch.Note{}, t.notes.all...)
		}
		t.notes.all, t.mixed = slices.Clone(t.told), nil
		table.Restart(t.habits)
		row := &batch.Row{Cells: make([]batch.Cell, len(t.columns))}
		stopped := false
		err := t.each(func(s *splitter) bool {
			if t.build(row, s); t.mixed != nil {
				return false
			}
			stopped = !yield(row, nil)
			return !stopped
		})
		if t.mixed != nil {
			err = t.mixed
		}
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// each walks over the records below the heading and gives those that are data to take; a nil take only checks the
// structure.
func (t *opened) each(take func(*splitter) bool) error {
	s := t.records()
	if err := t.skipSep(s); err != nil {
		return t.broken(err, 1)
	}
	rows, other := 0, false
	t.gap = false
	t.counter.Restart()
	for {
		more, err := s.next()
		if err != nil {
			return t.broken(err, s.number+1)
		}
		if !more {
			if take != nil && table.Full(s.number) {
				t.notes.add(words.Message("table.note.full", "row", s.number), 0)
			}
			return nil
		}
		if s.number&1023 == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		if s.unclosed {
			return readers.Cut("csv.unclosed", "row", s.number)
		}
		if s.number <= t.skip {
			continue
		}
		if other {
			t.notes.add(words.Message("table.note.other"), s.number)
			continue
		}
		key := t.recognise(s)
		if key == keyOther || key == keyAnother {
			if !t.firm {
				return readers.Refuse(key, "first", t.skip, "names", table.Names(t.heading), "second", s.number, "others", table.Names(s.strings()))
			}
			other = true
			t.notes.add(words.Message("table.note.other"), s.number)
			continue
		}
		if key == "" && !s.ended && len(s.fields) < t.named {
			return readers.Cut("csv.cut_row", "row", s.number, "fields", len(s.fields), "columns", t.named)
		}
		if take == nil {
			continue
		}
		if key == "" && t.counter.Asks() && t.counter.Only(s.value(0), s.alone) { // asked first: a value is a text of its own
			key = "table.note.numbered"
		}
		if key != "" {
			t.notes.add(words.Message(key), s.number)
			continue
		}
		if rows++; rows > t.limits.Rows {
			return readers.Refuse("csv.rows", "limit", t.limits.Rows)
		}
		if !take(s) {
			return nil
		}
	}
}

// recognise names what a record is when it is no data; "" for data. It looks closer only where the first bytes give a reason.
func (t *opened) recognise(s *splitter) string {
	word := s.word()
	gap := t.gap
	if t.gap = hollow(word, s); t.gap {
		return "csv.note.blank"
	}
	if t.dumped && len(s.fields) == 1 && string(word) == `\.` {
		return "table.note.end"
	}
	worded := t.heading != nil && t.fit != nil && t.worded(s)
	unlike := worded && t.watch.Column() >= 0
	if t.doubt = false; unlike || gap || s.number-t.skip <= table.Near || table.MayRemark(word) {
		cells := s.strings()
		what, doubt := table.Remarked(cells, len(t.columns), s.number-t.skip, (unlike || gap) && t.watch.Odd(cells))
		t.doubt = doubt && t.fit != nil
		if !doubt && (what == table.Total || what != table.Record && t.fit != nil) { // who only reads gets all that is there
			return what.Note()
		}
	}
	if strings.IndexByte(rules, word[0]) >= 0 && ruled(s.strings()) {
		return "csv.note.separator"
	}
	if len(t.heading) > 1 && t.repeats(s) {
		return "csv.note.repeated"
	}
	if worded {
		switch table.Repeats(s.strings(), t.columns, t.fit) {
		case table.SameHeading:
			return "csv.note.repeated"
		case table.NewHeading:
			return keyOther
		}
		if unlike && gap && table.Another(s.strings(), len(t.columns)) {
			return keyAnother
		}
	}
	if unlike || t.fit != nil && table.MayTitle(word) {
		t.doubt = t.doubt || table.Section(s.strings(), unlike)
	}
	t.doubt = t.doubt || t.commented && word[0] == '#'
	t.sum = t.groups.On() && t.groups.Has(s.strings())
	return ""
}

// word is the first field of a record that shows something, from where it does; nothing in one that does not.
func (s *splitter) word() []byte {
	for _, f := range s.fields {
		for at := f.from; at < f.to; at++ {
			if s.text[at] > ' ' {
				return s.text[at:f.to]
			}
		}
	}
	return nil
}

// hollow reports whether a record shows nothing; word is its first field that seems to.
func hollow(word []byte, s *splitter) bool {
	if len(word) == 0 {
		return true
	}
	r, _ := utf8.DecodeRune(word)
	return r >= utf8.RuneSelf && invisible(r) && table.Blank(s.strings())
}

// These are recognise's words for the heading of another table: one that the route knows as well, and one that it does not.
const keyOther, keyAnother = "table.two", "table.another"

// worded reports whether a record has a word where others have digits, and so may be a heading.
func (t *opened) worded(s *splitter) bool {
	at := t.watch.Column()
	if at < 0 {
		return true
	}
	if at >= len(s.fields) {
		return false
	}
	f := s.fields[at]
	return f.to > f.from && !table.HasDigit(s.text[f.from:f.to])
}

// repeats reports whether the record is the heading once more, as at a page break or where files were joined.
func (t *opened) repeats(s *splitter) bool {
	if len(s.fields) < len(t.heading) {
		return false
	}
	filled := 0
	for i, f := range s.fields {
		cell := s.text[f.from:f.to]
		if i >= len(t.heading) {
			if len(cell) > 0 {
				return false
			}
			continue
		}
		if string(cell) != t.heading[i] {
			return false
		}
		if len(cell) > 0 {
			filled++
		}
	}
	return filled > 1
}

// build turns the record into a row with exactly one cell for each column.
func (t *opened) build(row *batch.Row, s *splitter) {
	text := string(s.text)
	row.Number, row.Problem = s.number, nil
	n := min(len(s.fields), len(row.Cells))
	wide := s.wide && !charset.ASCII(s.text)
	escaped := t.fit != nil && strings.IndexByte(text, '&') >= 0
	for i, f := range s.fields[:n] {
		c := &row.Cells[i]
		c.Text = text[f.from:f.to]
		c.Kind, c.Problem = batch.String, nil
		if c.Text == "" {
			c.Kind = batch.Blank
			continue
		}
		beyond := wide && !charset.ASCII(c.Text)
		if b := shown(c.Text); beyond || unusual[b] && !(b >= '0' && b <= '9' && calm(c.Text) && !t.habits[i].Days) {
			t.inspect(c, i, s, beyond)
		}
		if t.dumped && c.Kind == batch.String && strings.IndexByte(c.Text, '\\') >= 0 {
			undump(c)
		}
		if escaped && c.Kind == batch.String {
			t.unescape(c, s.number)
		}
	}
	clear(row.Cells[n:])
	if len(s.fields) != len(row.Cells) {
		t.judgeWidth(row, s)
	}
	if !s.ended && t.cut(s) {
		m := words.Message("csv.row.cut")
		row.Problem = &m
	}
	if t.doubt {
		m := words.Message("table.row.doubtful")
		row.Problem = &m
	}
	if t.sum {
		m := words.Message("table.row.sum")
		row.Problem = &m
	}
	if s.stray {
		m := words.Message("csv.row.stray_quote")
		row.Problem = &m
	}
	if escaped && t.d.delimiter == ";" {
		t.judgeReferences(row, s, text)
	}
}

// judgeReferences speaks of a row in which the delimiter took the end of a reference to a character: the values behind it are shifted.
func (t *opened) judgeReferences(row *batch.Row, s *splitter, text string) {
	if cut := halved(text, s); cut != "" {
		m := words.Message("csv.row.reference", "value", cut)
		row.Problem = &m
	}
}

// unescape puts characters in the place of references to them.
func (t *opened) unescape(c *batch.Cell, row int) {
	text, mark := table.Unescaped(c.Text)
	if mark == "" {
		return
	}
	t.notes.add(words.Message("table.note.escaped", "value", mark), row)
	if c.Text = text; strings.TrimFunc(text, invisible) == "" {
		*c = batch.Cell{}
	}
}

// unveil takes marks that nobody sees off a cell; false where nothing else was in it.
func (t *opened) unveil(c *batch.Cell, row int) bool {
	text, mark := table.Unveiled(c.Text)
	if mark == 0 {
		return true
	}
	if c.Text = text; strings.TrimFunc(text, invisible) == "" {
		*c = batch.Cell{}
		return false
	}
	t.notes.add(words.Message("table.note.veiled", "value", fmt.Sprintf("%U", mark)), row)
	return true
}

// cut reports whether the last row, which has no line end, may lack the end of its last value: that is shorter than all others of its column,
// or the file ends with a block. One in quotes is whole.
func (t *opened) cut(s *splitter) bool {
	last := len(s.fields) - 1
	if last+1 < t.named || t.named < 2 || slices.Contains(s.quoted, last) {
		return false
	}
	n := s.fields[last].to - s.fields[last].from
	return n > 0 && (t.blocks || last+1 == t.named && n < t.whole)
}

func (t *opened) judgeWidth(row *batch.Row, s *splitter) {
	used := len(s.fields)
	for used > len(row.Cells) && blank(s.text[s.fields[used-1].from:s.fields[used-1].to]) {
		used--
	}
	comma := t.decimal(s)
	switch {
	case comma != "" && (t.short && !digits(s.value(0)) || !t.short && used > len(row.Cells)):
		m := words.Message("csv.row.comma", "fields", len(s.fields), "columns", t.width, "value", comma, "point", strings.Replace(comma, ",", ".", 1))
		row.Problem = &m
	case t.short && len(s.fields) > t.width:
		m := words.Message("csv.row.unnamed", "fields", len(s.fields), "columns", t.width)
		row.Problem = &m
	case len(s.fields) > t.width && !t.surplus && used > t.named-1:
		m := words.Message("csv.row.too_many", "fields", len(s.fields), "columns", t.width)
		row.Problem = &m
	case used > len(row.Cells):
		m := words.Message("csv.row.too_many", "fields", used, "columns", len(row.Cells))
		row.Problem = &m
	case used < t.named:
		m := words.Message("csv.row.too_few", "fields", used, "columns", t.named)
		row.Problem = &m
	}
}

// decimal is the first number of a row that a comma between fields may have taken apart: 1,5. The first two fields are none: rows begin with
// numbers.
func (t *opened) decimal(s *splitter) string {
	if t.d.delimiter != "," {
		return ""
	}
	for i := 1; i < len(s.fields)-1; i++ {
		whole, decimals := s.value(i), s.value(i+1)
		if len(whole) <= 3 && len(decimals) <= 3 && digits(whole) && digits(decimals) && (whole == "0" || whole[0] != '0') && !slices.Contains(s.quoted, i) && !slices.Contains(s.quoted, i+1) {
			return whole + "," + decimals
		}
	}
	return ""
}

// alone reports whether nothing stands behind the first field.
func (s *splitter) alone() bool {
	for i := 1; i < len(s.fields); i++ {
		if !blank(s.text[s.fields[i].from:s.fields[i].to]) {
			return false
		}
	}
	return true
}

// value is the text of one field, "" where there is none.
func (s *splitter) value(i int) string {
	if i >= len(s.fields) {
		return ""
	}
	return string(s.text[s.fields[i].from:s.fields[i].to])
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// unusual are the first bytes of cells that may show nothing or another text than is written, or whose value was destroyed.
var unusual = func() (odd [256]bool) {
	for b := range 256 {
		odd[b] = b <= '9' || b >= 0x80 || b == '`' || strings.IndexByte(`=NnE<[\udD`, byte(b)) >= 0
	}
	return odd
}()

// shown is the first byte of a cell, or behind blanks the first letter of a word.
func shown(s string) byte {
	if s[0] != ' ' {
		return s[0]
	}
	for i := 1; i < len(s); i++ {
		if s[i] != ' ' {
			if s[i] > '9' {
				return s[i]
			}
			break
		}
	}
	return ' '
}

// calm reports whether a text that begins with a digit ends in a way in which nothing is hidden: no exponent, no decimals behind
// a comma, no .0, no group of three digits behind a point, no blank.
func calm(s string) bool {
	n := len(s)
	if n < 3 {
		return true
	}
	if s[n-1] <= ' ' || s[n-1] == '0' && s[n-2] == '.' || s[n-2] == ',' || s[n-2] == '+' || s[n-3] == ',' || s[n-3] == '+' {
		return false
	}
	if s[n-2]|0x20 == 'e' || s[n-3]|0x20 == 'e' {
		return false
	}
	return n < 4 || s[n-4] != '.' && s[n-4] != ',' && s[n-4] != '+'
}

// inspect looks at a cell whose first byte may mean that it shows nothing or another text, or that its value was
// destroyed before the file was written.
func (t *opened) inspect(c *batch.Cell, column int, s *splitter, wide bool) {
	if wide && t.fit != nil && !t.unveil(c, s.number) {
		return
	}
	first := c.Text[0]
	switch {
	case first == '=':
		if c.Text = unwrapped(c.Text); t.fit != nil && table.Formula(c.Text) {
			*c = table.UnderFormula(c.Text)
			return
		}
	case t.fit == nil:
	case first == '\'', first == '`':
		var marked bool
		if c.Text, marked = table.Apostrophe(c.Text); marked {
			t.notes.add(words.Message("table.note.apostrophe"), s.number)
		}
	case t.habits[column].NoValue(c.Text):
		t.notes.add(words.Message("table.note.no_value", "value", c.Text), s.number)
		*c = table.Void(c.Text)
		return
	default:
		if d, is := table.Ditto(c.Text); is {
			*c = d
			return
		}
	}
	if c.Text == "" || (c.Text[0] <= ' ' || c.Text[0] >= 0x80) && strings.TrimFunc(c.Text, invisible) == "" {
		c.Kind = batch.Blank
		return
	}
	key := destroyed(c.Text)
	switch {
	case key != "":
	case s.lost && strings.ContainsRune(c.Text, unicode.ReplacementChar):
		key = "csv.cell.lost_character"
	case t.fit != nil && first <= '9' && !calm(c.Text) && t.ambiguous(c, column, s.number):
		return
	case t.fit != nil && first <= '9':
		var floated bool
		if c.Text, floated = t.habits[column].Whole(c.Text); floated {
			t.notes.add(words.Message("table.note.whole"), s.number)
		}
	}
	if key != "" {
		spoil(c, words.Message(key, "value", c.Text))
	} else if wide {
		if meant, garbled := charset.Garbled(c.Text); garbled {
			spoil(c, words.Message("csv.cell.garbled", "value", c.Text, "meant", meant))
		}
	}
}

// ambiguous judges a number with its column: where decimals are written with a comma, 1.234 is asked about. One that came before the
// column's first comma holds the file, for it has been handed on.
func (t *opened) ambiguous(c *batch.Cell, column, row int) bool {
	doubtful, late := t.habits[column].Decimals(c, row)
	if late > 0 && t.mixed == nil {
		t.mixed = readers.Refuse("table.decimals", "column", t.columns[column].Name, "first", late, "row", row, "value", c.Text)
	}
	return doubtful
}

func spoil(c *batch.Cell, m batch.Message) { c.Kind, c.Problem = batch.Faulty, &m }

// broken turns what stopped a splitter into what the sender is told.
func (t *opened) broken(err error, row int) error {
	switch {
	case errors.Is(err, errRecord):
		return readers.Refuse("csv.row_too_big", "row", row, "limit", readers.Size(int64(longestRecord(t.limits.Cell))))
	case errors.Is(err, errCell):
		return readers.Refuse("csv.cell_too_big", "row", row, "limit", readers.Size(int64(t.limits.Cell)))
	case errors.Is(err, errColumns):
		return readers.Refuse("csv.columns", "row", row, "limit", t.limits.Columns)
	case errors.Is(err, errNUL):
		return readers.Refuse("csv.nul", "row", row)
	}
	if u, ok := errors.AsType[*batch.Unreadable](err); ok {
		return u
	}
	return fmt.Errorf("read: %w", err)
}

// notes keeps one note of each kind, so that a file of a million blank rows does not fill the memory.
type notes struct{ all []batch.Note }

// add counts a row (0: the file) of the kind that m speaks of.
func (n *notes) add(m batch.Message, row int) {
	for i := range n.all {
		if n.all[i].Message.Key == m.Key {
			n.all[i].Count++
			return
		}
	}
	count := 1
	if row == 0 {
		count = 0
	}
	n.all = append(n.all, batch.Note{Message: m, Row: row, Count: count})
}

// list gives the notes with the count in their words.
func (n *notes) list() []batch.Note {
	all := slices.Clone(n.all)
	for i := range all {
		if all[i].Count > 0 {
			all[i].Message.Args = append(slices.Clip(all[i].Message.Args), "count", all[i].Count)
		}
	}
	return all
}
