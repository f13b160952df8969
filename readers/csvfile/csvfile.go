// Package csvfile reads CSV and its relatives: any delimiter, quote and encoding that senders use, one pass, constant memory.
package csvfile

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/words"
)

// New returns the reader of CSV files.
func New() readers.Reader { return reader{} }

type reader struct{}

func (reader) Traits() readers.Traits {
	return readers.Traits{Name: "csv", Knows: func(c *readers.Content) bool { return c.Kind == readers.CSV }, Text: true, Grid: true}
}

// Facts are none: a text says nothing of itself.
func (reader) Facts(context.Context, readers.File, readers.Settings) (readers.Facts, error) {
	return readers.Facts{}, nil
}

// Open decides encoding, dialect and heading. It reads the file once to its end for the encoding, and its beginning
// for the rest; the rows are read again by Rows.
func (reader) Open(ctx context.Context, f readers.File, s readers.Settings) (readers.Table, error) {
	return open(ctx, f, s)
}

// Complete reads the records without keeping them. Open quotes, a last record that is cut and half a character
// are *batch.Unreadable with Incomplete set; what Open cannot read is refused here with the same error.
func (reader) Complete(ctx context.Context, f readers.File, s readers.Settings) error {
	t, err := open(ctx, f, s)
	if err != nil {
		return err
	}
	defer t.Close()
	return t.each(nil)
}

// opened is one CSV file whose layout is known.
type opened struct {
	ctx       context.Context // of Open; Rows obeys it
	text      content
	d         dialect
	limits    readers.Limits
	columns   []batch.Column
	width     int // fields of the heading, trailing empty ones included
	named     int // fields that every row must have
	heading   []string
	skip      int  // records above the first data row, the heading included
	wrapped   bool // every line stands in quotes as a whole
	breaks    rune // what ends lines where no line feed does; 0: nothing else
	sep       bool // the first line is Excel's sep=; and no record
	bare      bool // the setting says that marks belong to the values
	fit       table.Judge
	watch     table.Watch
	groups    table.Groups
	counter   table.Counter
	firm      bool // the setting says which row is the heading: another table below is left out
	habits    []table.Habit
	mixed     error // the columns' decimals contradict each other
	doubt     bool  // recognise's, about the current record
	sum       bool  // it adds up a group
	dumped    bool  // a database wrote the table with backslashes
	commented bool  // lines above the heading are comments with a #
	gap       bool  // the record before is blank
	surplus   bool  // rows end with more delimiters than the heading: the file's habit
	short     bool  // rows have one value more than the heading has names
	whole     int   // bytes that every value of the last column has, 0: they differ
	blocks    bool  // the file ends where a block of a disk or a transfer does
	notes     notes
	told      []batch.Note // before the first row
}

func open(ctx context.Context, f readers.File, s readers.Settings) (*opened, error) {
	limits := s.Limits.Filled()
	if f.Size > limits.Bytes {
		return nil, readers.Refuse("csv.too_big", "limit", readers.Size(limits.Bytes))
	}
	d, err := configured(s)
	if err != nil {
		return nil, err
	}
	text, err := decide(ctx, f, s)
	if err != nil {
		return nil, err
	}
	t := &opened{ctx: ctx, text: text, limits: limits, fit: judge(s.Wants), bare: d.noQuote, blocks: f.Size > 0 && f.Size%4096 == 0}
	if text.guessed {
		t.notes.add(words.Message("csv.note.encoding", "encoding", text.name), 0)
	}
	if text.overruled != "" {
		t.notes.add(words.Message("csv.note.utf8", "encoding", text.overruled), 0)
	}
	if text.padding > 0 {
		t.notes.add(words.Message("csv.note.padding", "bytes", text.padding), 0)
	}
	sample, whole, err := t.sample()
	if err != nil {
		return nil, err
	}
	if t.breaks = otherBreaks(sample); t.breaks != 0 {
		sample = strings.ReplaceAll(sample, string(t.breaks), "\n")
	}
	if strings.TrimFunc(sample, invisible) == "" && whole {
		return nil, readers.Refuse("csv.blank")
	}
	if isJSON(sample) {
		return nil, readers.Refuse("csv.is_json")
	}
	rest, sep := cutSep(sample)
	t.sep = sep != ""
	if t.sep && d.delimiter == "" {
		d.delimiter = sep
	}
	if inner, is := unwrapLines(rest); is {
		t.wrapped, rest = true, inner
	}
	beginning := excerpt{text: rest, whole: whole, limits: limits}
	if t.d, err = beginning.choose(d, t.fit); err != nil {
		return nil, err
	}
	if err := t.layOut(ctx, s.Header); err != nil {
		return nil, err
	}
	return t, nil
}

// sampled is how much decoded text is looked at for the dialect.
const sampled = 256 << 10

func (t *opened) sample() (text string, whole bool, err error) {
	most := min(sampled, 3*(t.text.to-t.text.from)+16) // what is decoded grows threefold at most
	var b strings.Builder
	b.Grow(int(most))
	n, err := io.CopyN(&b, t.text.reader(), most)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, t.broken(err, 0)
	}
	return b.String(), n < most, nil
}

func (t *opened) records() *splitter {
	src := t.text.reader()
	if t.breaks != 0 {
		src = withLineFeeds(src, t.breaks)
	}
	if t.wrapped {
		src = &lines{src: bufio.NewReaderSize(src, 64<<10)}
	}
	return newSplitter(src, t.d, t.limits.Cell, t.limits.Columns, room(t.text.to-t.text.from))
}

// skipSep drops Excel's first line, which is no row for the sender.
func (t *opened) skipSep(s *splitter) error {
	if !t.sep {
		return nil
	}
	_, err := s.next()
	s.number = 0
	return err
}

// layOut finds the heading in the first records and names the columns.
func (t *opened) layOut(ctx context.Context, header string) error {
	wanted, err := headerRow(header)
	if err != nil {
		return err
	}
	s := t.records()
	if err := t.skipSep(s); err != nil {
		return t.broken(err, s.number+1)
	}
	var rows [][]string
	want := max(table.Sample, wanted+1)
	filled, held, foreign := 0, 0, false
	for filled < table.Sample && len(rows) < max(want, 5000) && (held < table.SampleBytes || len(rows) < wanted) {
		more, err := s.next()
		if err != nil {
			return t.broken(err, s.number+1)
		}
		if !more {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		held += len(s.text)
		foreign = foreign || !charset.ASCII(s.text)
		row := s.strings()
		if !table.Blank(row) {
			filled++
		}
		rows = append(rows, row)
	}
	if filled == 0 {
		return readers.Refuse("csv.blank")
	}
	if foreign && !t.bare {
		if mark := typographic(rows); mark != "" {
			return readers.Refuse("csv.typographic", "mark", mark)
		}
	}
	return t.nameColumns(rows, header, wanted)
}

func headerRow(header string) (int, error) {
	switch header {
	case "", "auto", "none":
		return 0, nil
	}
	n, err := strconv.Atoi(header)
	if err != nil || n < 1 || n > 1000 {
		return 0, readers.Refuse("csv.header_bad", "value", header)
	}
	return n, nil
}

// nameColumns finds the heading among the first records, wanted being its number in the setting, and learns from what is below it.
func (t *opened) nameColumns(rows [][]string, header string, wanted int) error {
	at, err := t.headingOf(rows, header, wanted)
	if err != nil {
		return err
	}
	t.firm = wanted > 0
	if at == table.None {
		t.numberColumns(rows, header)
	} else {
		t.readHeading(rows, at)
	}
	below := rows[t.skip:]
	t.watch = table.NewWatch(len(t.columns), below)
	if t.groups = (table.Groups{}); t.fit != nil && t.heading != nil {
		t.groups = table.NewGroups(len(t.columns), below)
	}
	t.short = at != table.None && unnamed(below, t.width)
	t.surplus = !t.short && habitual(below, t.width)
	t.whole = even(below, t.named)
	t.habits = table.Habits(below, len(t.columns))
	t.dumped = t.fit != nil && t.d.delimiter == "\t" && t.d.escape == 0 && slices.ContainsFunc(below, func(row []string) bool { return slices.Contains(row, `\N`) })
	if t.fit != nil && t.heading != nil {
		fit := t.fit(t.heading)
		table.Expect(t.habits, fit)
		t.counter = table.NewCounter(fit)
	}
	top := rows[:t.skip]
	if at != table.None {
		top = rows[:at]
	}
	for i, row := range top {
		if table.Blank(row) {
			t.notes.add(words.Message("csv.note.blank"), i+1)
		} else {
			t.notes.add(words.Message("csv.note.preamble"), i+1)
		}
	}
	return nil
}

// headingOf is the index of the heading, or table.None.
func (t *opened) headingOf(rows [][]string, header string, wanted int) (int, error) {
	switch {
	case wanted > len(rows) || wanted > 0 && table.Blank(rows[wanted-1]):
		return 0, readers.Refuse("csv.header_absent", "row", wanted)
	case wanted > 0:
		return wanted - 1, nil
	case header == "none":
		return table.None, nil
	}
	at := table.FindFitting(rows, findHeading(rows), t.fit)
	number := func(i int) int { return i + 1 }
	if wrong := cmp.Or(table.Misread(rows, at, t.fit, number), table.Twofold(rows, at, t.fit, number)); wrong != nil {
		return 0, wrong
	}
	t.commented = at > 0 && slices.ContainsFunc(rows[:at], func(row []string) bool { return len(row) > 0 && strings.HasPrefix(row[0], "#") })
	return at, nil
}

// numberColumns names the columns of a file without a heading by their numbers.
func (t *opened) numberColumns(rows [][]string, header string) {
	if header != "none" {
		t.notes.add(words.Message("csv.note.no_heading"), 0)
		t.skip = above(rows)
	}
	t.width = usual(rows)
	t.named = t.width
	for i := range t.width {
		t.columns = append(t.columns, batch.Column{Name: "column " + strconv.Itoa(i+1), Ref: table.Letter(i)})
	}
}

// readHeading names the columns by a record. Columns behind it that have values are some without names.
func (t *opened) readHeading(rows [][]string, at int) {
	heading := rows[at]
	t.skip, t.width, t.named = at+1, len(heading), trimmed(heading)
	n := t.named
	for _, row := range rows[t.skip:] {
		if m := trimmed(row); m <= t.width {
			n = max(n, m)
		}
	}
	for i := range n {
		t.columns = append(t.columns, batch.Column{Name: unwrapped(heading[i]), Ref: table.Letter(i)})
	}
	t.heading = slices.Clone(heading[:n])
}

// judge asks what the route wants of a line of names; nil where it is not known.
func judge(w readers.Wants) table.Judge {
	if w == nil {
		return nil
	}
	return func(names []string) batch.Fit { return w.Fit(columnsOf(names)) }
}

func columnsOf(names []string) []batch.Column {
	columns := make([]batch.Column, len(names))
	for i, n := range names {
		columns[i] = batch.Column{Name: unwrapped(n), Ref: table.Letter(i)}
	}
	return columns
}

// habitual reports whether most rows end with more delimiters than the heading, as some programs write them. A single such row
// is no habit: a delimiter stands in one of its values, and all behind it is shifted.
func habitual(rows [][]string, width int) bool {
	longer, all := 0, 0
	for _, row := range rows {
		if table.Blank(row) {
			continue
		}
		all++
		if len(row) > width {
			longer++
		}
	}
	return longer*2 > all
}

// unnamed reports whether the heading lacks a name: all rows have one field more, and most have a value in it, or begin with their
// numbers, as R writes them. Which value belongs to which name nobody can tell.
func unnamed(rows [][]string, width int) bool {
	beyond, all, numbered := 0, 0, true
	for _, row := range rows {
		if table.Blank(row) {
			continue
		}
		if all++; len(row) != width+1 {
			return false
		}
		numbered = numbered && row[0] == strconv.Itoa(all)
		if trimmed(row) > width {
			beyond++
		}
	}
	return beyond*2 > all || numbered && beyond > 0
}

// even is how many bytes each value of the last named column has, where that is one number for all of them; 0 where it is not, or few are known. The
// last row does not count: it is the one that may be cut.
func even(rows [][]string, named int) int {
	length, known := 0, 0
	for _, row := range rows[:max(0, len(rows)-1)] {
		if named < 2 || len(row) < named || row[named-1] == "" {
			continue
		}
		n := len(row[named-1])
		if known++; known > 1 && n != length {
			return 0
		}
		length = n
	}
	if known < 3 || length < 4 {
		return 0
	}
	return length
}

func (t *opened) Columns() []batch.Column { return t.columns }
func (t *opened) Notes() []batch.Note     { return t.notes.list() }
func (t *opened) Close() error            { return nil }

// Layout is the delimiter and the heading's record.
func (t *opened) Layout() readers.Layout {
	l := readers.Layout{Delimiter: t.d.delimiter}
	if t.heading != nil {
		l.Header = t.skip
	}
	return l
}
