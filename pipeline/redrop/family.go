package redrop

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/resultmark"
)

// family is all that is known of the files that a result descends from.
type family struct {
	base    ledger.File
	members []ledger.File // oldest first
	names   names
	briefs  batch.Briefs
	priors  []prior             // what became of each row
	state   map[origin]int32    // which of them
	zeros   map[origin][]string // headings of values that begin with a zero and were found wrong
}

// prior is what became of a row, nil where nothing is known. It is good until more is told.
func (f *family) prior(o origin) *prior {
	if i, known := f.state[o]; known {
		return &f.priors[i]
	}
	return nil
}

func (f *family) originOf(m *ledger.File, row int, kin []ledger.Kin, i int) origin {
	switch {
	case i < len(kin) && kin[i].Origin != "":
		return f.names.origin(kin[i].Origin)
	case m.Reading.Again == nil:
		return f.names.row("", row)
	}
	return f.names.row(m.ID, row)
}

// load reads the family of the base. Rows that are still being sent are open: they may be delivered.
func (o *recognition) load() (*family, error) {
	files, err := o.Ledger.Files(o.ctx, ledger.Query{Family: o.base.Root(), States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Reported}})
	if err != nil {
		return nil, err
	}
	f := &family{base: *o.base, state: map[origin]int32{}, zeros: map[origin][]string{}}
	f.members = slices.DeleteFunc(files, func(m ledger.File) bool { return m.ID == o.self })
	slices.SortStableFunc(f.members, func(a, b ledger.File) int { return cmp.Compare(a.Generation(), b.Generation()) })
	for i := range f.members {
		m := &f.members[i]
		if m.Lost(ledger.PartRows) {
			return nil, opening.Refuse("redrop.forgotten", "id", m.ID, "name", m.Name)
		}
		err := o.outcomes(f, m, func(_ int, p spot, carried bool, out *batch.Outcome) {
			if !carried {
				f.tell(p.origin, out, m)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// tell takes the outcome of a later member. Delivered is the last word; what is not known stays so until the provider answers.
func (f *family) tell(of origin, o *batch.Outcome, m *ledger.File) {
	was, known := f.state[of]
	if !known {
		f.state[of] = int32(len(f.priors))
		f.priors = append(f.priors, prior{f.briefs.Of(o), m})
		return
	}
	switch f.priors[was].Status {
	case batch.Delivered:
		return
	case batch.Unknown:
		if o.Status != batch.Delivered && o.Status != batch.Rejected && o.Status != batch.Unknown {
			return
		}
	}
	f.priors[was] = prior{f.briefs.Of(o), m}
}

// Whole reports whether a file of a family has, for sure, all rows of an older one, by way of the files in between.
func Whole(older string, newest ledger.File, family []ledger.File) bool {
	for f := newest; f.Reading.Again != nil; {
		again := f.Reading.Again
		if len(again.Sending) > 0 || slices.ContainsFunc(f.Reading.Notes, func(n batch.Note) bool { return n.Message.Key == noteDeleted }) {
			return false
		}
		at := slices.IndexFunc(family, func(m ledger.File) bool { return m.ID == again.Base })
		if again.Base == older || at < 0 {
			return again.Base == older
		}
		f = family[at]
	}
	return false
}

// Elsewhere reports whether a row was left to another file, which was sending it.
func Elsewhere(o *batch.Outcome, carried bool) bool { return carried && o.Code == ledger.CodeSending }

// sending are the members that are still being sent.
func (f *family) sending() (ids []string) {
	for _, m := range f.members {
		if m.State == ledger.Sending {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (f *family) known() map[string]int {
	known := map[string]int{}
	for _, m := range f.members {
		known[m.ID] = m.Revision
	}
	return known
}

// underWay is what is known of an item that has no outcome yet.
var underWay = ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: codeOpen}}

// outcomes gives every row of a member.
func (o *recognition) outcomes(f *family, m *ledger.File, each func(row int, p spot, carried bool, out *batch.Outcome)) error {
	file := f.names.of(m.ID) + 1
	for c, err := range o.Ledger.Chunks(o.ctx, m.ID) {
		if err != nil {
			return err
		}
		for i := range c.Items {
			item, v := &c.Items[i], cmp.Or(c.States[i].Verdict, &underWay)
			for k, row := range item.Rows {
				p := spot{origin: f.originOf(m, row, item.Kin, k), doc: doc{file, int32(item.Seq), int32(len(item.Rows))}}
				carried := v == item.Preset && k < len(item.Kin) && item.Kin[k].Carried // and not sent since by an order
				p.edited = carried && item.Kin[k].Edited
				out := v.Of(row)
				if out.Status == batch.Invalid && !carried {
					spoil(&out, row, item.Problems)
					f.blame(p.origin, row, item.Problems)
				}
				each(row, p, carried, &out)
			}
		}
	}
	return nil
}

// spoil makes an outcome say what a reader found wrong with its row: the file that the row comes back in may not show it.
func spoil(o *batch.Outcome, row int, problems []batch.Problem) {
	var said []string
	for i := range problems {
		if p := &problems[i]; p.Row == row && !p.Warning && readers.Found(p.Code) {
			o.Code, said = p.Code, append(said, p.Text)
		}
	}
	if len(said) > 0 {
		o.Message = strings.Join(said, " | ")
	}
}

// blame remembers which values of a row were found wrong that begin with a zero.
func (f *family) blame(of origin, row int, problems []batch.Problem) {
	for i := range problems {
		if p := &problems[i]; p.Row == row && !p.Warning && strings.HasPrefix(p.Value, "0") {
			f.zeros[of] = append(f.zeros[of], plain(p.Column))
		}
	}
}

// sums gives number and checksum of every row of a member, its columns brought into the order of the base's.
func (o *recognition) sums(m *ledger.File, base []batch.Column, each func(row int, sum resultmark.Sum)) error {
	t, err := o.again(o.ctx, o.route, m)
	if err != nil {
		return err
	}
	defer t.Close()
	a := align(t.Columns(), base)
	for row, err := range t.Rows() {
		if err != nil {
			return err
		}
		each(row.Number, a.sum(row))
	}
	return nil
}

// alignment brings a row's cells into the order of the columns of another file. Columns that one does not have come last, so
// that they count only where they are filled.
type alignment struct {
	order []int
	texts []string
}

func align(from, to []batch.Column) *alignment {
	a := &alignment{}
	free := map[string][]int{}
	for i, c := range from {
		free[plain(c.Name)] = append(free[plain(c.Name)], i)
	}
	for _, c := range to {
		at := -1
		if list := free[plain(c.Name)]; len(list) > 0 {
			at, free[plain(c.Name)] = list[0], list[1:]
		}
		a.order = append(a.order, at)
	}
	var rest []int
	for _, list := range free {
		rest = append(rest, list...)
	}
	slices.Sort(rest)
	a.order = append(a.order, rest...)
	return a
}

func plain(heading string) string { return strings.ToLower(strings.Join(strings.Fields(heading), " ")) }

func (a *alignment) sum(row *batch.Row) resultmark.Sum { return resultmark.Checksum(a.cells(row)) }

// cells are the row's texts in their new order. Valid until the next call.
func (a *alignment) cells(row *batch.Row) []string {
	a.texts = a.texts[:0]
	for _, at := range a.order {
		text := ""
		if at >= 0 && at < len(row.Cells) {
			text = row.Cells[at].Text
		}
		a.texts = append(a.texts, text)
	}
	return a.texts
}

// looked is how many files are compared at most with a result that does not say whose it is.
const looked = 20

// compare finds the file whose result it is by its rows: the newest of those that have most of them as they were or, where none has, of
// those that have most of them by their numbers, as a program may have written them, or with a person's remarks beside them; else of those that
// have most of them without their zeros, wherever they stand.
func (o *recognition) compare(t *opening.Table) error {
	for _, score := range []func(*opening.Table, *ledger.File) (int, error){o.score, o.alike, o.bareScore} {
		if err := o.compareBy(t, score); err != nil || o.base != nil {
			return err
		}
	}
	return nil
}

func (o *recognition) compareBy(t *opening.Table, by func(*opening.Table, *ledger.File) (int, error)) error {
	files, err := o.candidates(t)
	if err != nil {
		return err
	}
	best := 0
	for _, f := range files {
		score, err := by(t, f)
		if err != nil {
			if _, told := errors.AsType[*batch.Unreadable](err); told {
				continue
			}
			return err
		}
		if score > best {
			best, o.base = score, f
		}
	}
	return nil
}

// candidates are the last files of the route whose columns a table has, the newest first.
func (o *recognition) candidates(t *opening.Table) (found []*ledger.File, err error) {
	if o.Ledger == nil {
		return nil, nil
	}
	files, err := o.Ledger.Files(o.ctx, ledger.Query{Route: o.route.Name, States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Reported}, Last: 1000})
	for i := range slices.Backward(files) {
		if f := &files[i]; f.ID != o.self && covers(t.Columns(), f.Reading.Columns) && len(found) < looked {
			found = append(found, f)
		}
	}
	return found, err
}

// covers reports whether all columns of a file are there.
func covers(have, want []batch.Column) bool {
	return !slices.Contains(align(have, want).order, -1)
}

// score says how well the rows of a result fit a file: 0 when it cannot be its result. Most of the rows that it calls delivered or
// unknown must be there as they were; people mend the others.
func (o *recognition) score(t *opening.Table, f *ledger.File) (int, error) {
	var sums []resultmark.Sum
	var numbers []int
	err := o.sums(f, f.Reading.Columns, func(row int, sum resultmark.Sum) { sums, numbers = append(sums, sum), append(numbers, row) })
	if err != nil {
		return 0, err
	}
	bySum := index(len(sums), func(i int32) resultmark.Sum { return sums[i] }, compareSums)
	lines, err := o.lines(t, &f.Reading)
	if err != nil {
		return 0, err
	}
	found, placed, sent, sentFound := 0, 0, 0, 0
	for i := range lines {
		l := &lines[i]
		rows := bySum.all(l.sum)
		if len(rows) > 0 {
			found++
		}
		if slices.ContainsFunc(rows, func(at int32) bool { return numbers[at] == l.number }) {
			placed++
		}
		if l.status == batch.Delivered || l.status == batch.Unknown {
			if sent++; len(rows) > 0 {
				sentFound++
			}
		}
	}
	if found == 0 || 2*sentFound < sent {
		return 0, nil
	}
	return 2*placed + found, nil
}

// alike says how many rows of a result share more than half of their values with the row of a file that has their number: 0 when it cannot
// be its result, for which more than half of the rows that it calls delivered or unknown must.
func (o *recognition) alike(t *opening.Table, f *ledger.File) (int, error) {
	return o.counted(t, f, func(row *batch.Row, was []batch.Cell, a *alignment) bool { return a.shares(row, was) })
}

// counted says how many rows of a result are a file's: 0 where less than half of those are that it calls delivered or unknown.
func (o *recognition) counted(t *opening.Table, f *ledger.File, is func(row *batch.Row, was []batch.Cell, a *alignment) bool) (int, error) {
	found, sent, sentFound := 0, 0, 0
	err := o.beside(t, f, func(l *dropped, row *batch.Row, was []batch.Cell, a *alignment) {
		same := is(row, was, a)
		if same {
			found++
		}
		if l.told() {
			if sent++; same {
				sentFound++
			}
		}
	})
	if err != nil || 2*sentFound < sent {
		return 0, err
	}
	return found, nil
}

// bareScore says how many rows of a result a file has but for zeros that a program took off: 0 when it cannot be its result, for which it must
// have at least half of the rows that it calls delivered or unknown.
func (o *recognition) bareScore(t *opening.Table, f *ledger.File) (int, error) {
	earlier, err := o.again(o.ctx, o.route, f)
	if err != nil {
		return 0, err
	}
	defer earlier.Close()
	there, a := map[resultmark.Sum]bool{}, align(earlier.Columns(), f.Reading.Columns)
	for row, err := range earlier.Rows() {
		if err != nil {
			return 0, err
		}
		there[a.bareSum(row, len(f.Reading.Columns))] = true
	}
	return o.counted(t, f, func(row *batch.Row, _ []batch.Cell, a *alignment) bool {
		return there[a.bareSum(row, len(f.Reading.Columns))]
	})
}

// bareSum is the checksum of a row's first columns without their zeros.
func (a *alignment) bareSum(row *batch.Row, columns int) resultmark.Sum {
	cells := a.cells(row)
	cells = cells[:min(columns, len(cells))]
	for i := range cells {
		cells[i] = bare(cells[i])
	}
	return resultmark.Checksum(cells)
}

// beside gives each row of a result with the cells of a file's row of its number, none where there is no such row, and where they are in the
// result.
func (o *recognition) beside(t *opening.Table, f *ledger.File, each func(l *dropped, row *batch.Row, was []batch.Cell, a *alignment)) error {
	lines, err := o.lines(t, &f.Reading)
	if err != nil {
		return err
	}
	wanted := map[int]int{}
	for i := range lines {
		wanted[lines[i].number]++
	}
	earlier, err := o.again(o.ctx, o.route, f)
	if err != nil {
		return err
	}
	defer earlier.Close()
	fetch, stop := fetching(earlier, wanted)
	defer stop()
	a := align(t.Columns(), f.Reading.Columns)
	a.order = a.order[:len(f.Reading.Columns)]
	i := 0
	for row, err := range t.Written() {
		if err != nil {
			return err
		}
		was, err := fetch(lines[i].number)
		if err != nil {
			return err
		}
		each(&lines[i], row, was, a)
		i++
	}
	return nil
}

// letters counts the headings and values with letters beyond ASCII that are as the base has them: ours by their names, the sender's in the row
// of the same number.
func (o *recognition) letters(t *opening.Table) (n int, err error) {
	columns := o.base.Reading.Columns
	for i, at := range align(t.Columns(), columns).order {
		if i < len(columns) && at >= 0 && beyond(columns[i].Name) {
			n++
		}
	}
	for _, c := range t.Reading.Ours {
		if beyond(c.Name) {
			n++
		}
	}
	return n, o.beside(t, o.base, func(_ *dropped, row *batch.Row, was []batch.Cell, a *alignment) {
		for k, at := range a.order {
			if at >= 0 && at < len(row.Cells) && k < len(was) && beyond(was[k].Text) && row.Cells[at].Text == was[k].Text {
				n++
			}
		}
	})
}

// beyond reports whether a text has letters beyond ASCII.
func beyond(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// shares reports whether a row has more than half of the values that another file's row shows, in whatever notation.
func (a *alignment) shares(row *batch.Row, was []batch.Cell) bool {
	all, same := 0, 0
	for i, at := range a.order {
		if i >= len(was) || was[i].Kind == batch.Blank {
			continue
		}
		if all++; at < 0 || at >= len(row.Cells) {
			continue
		}
		if is := &row.Cells[at]; bare(is.Text) == bare(was[i].Text) {
			same++
		} else if renoted, _ := renotedAs(&was[i], is); renoted {
			same++
		}
	}
	return 2*same > all
}

// best is the way of reading in which most rows are those of the base.
func (o *recognition) best(tables []*opening.Table) (*opening.Table, error) {
	best, most := tables[0], -1
	if len(tables) == 1 || o.base == nil {
		return best, nil
	}
	for _, t := range tables {
		score, err := o.score(t, o.base)
		if err != nil {
			return nil, err
		}
		if score > most {
			best, most = t, score
		}
	}
	return best, nil
}

// dropped is one row of the dropped file.
type dropped struct {
	row    int          // its number there
	number int          // what our Row column says; 0: nothing
	status batch.Status // what our status column says
	held   bool         // our code column says that the row was held
	sum    resultmark.Sum
}

// told reports whether our columns say of the line that it was or may have been sent.
func (l *dropped) told() bool {
	return l.held || l.status == batch.Delivered || l.status == batch.Unknown || l.status == resultmark.Resend
}

// lines reads the rows of the dropped file, their cells in the order of the base's columns.
func (o *recognition) lines(t *opening.Table, base *ledger.Reading) ([]dropped, error) {
	a := align(t.Columns(), base.Columns)
	var lines []dropped
	var err error
	t.Both(func(row, whole *batch.Row, wrong error) bool {
		if err = wrong; err != nil {
			return false
		}
		status, _ := resultmark.StatusOf(t.Cell(whole, resultmark.Status))
		lines = append(lines, dropped{row.Number, number(t.Cell(whole, resultmark.Row), base.Sheets), status, t.Cell(whole, resultmark.Code) == codeHeld, a.sum(row)})
		return true
	})
	return lines, err
}

func compareSums(a, b resultmark.Sum) int { return bytes.Compare(a[:], b[:]) }

// number reads a row's number however a program wrote it; 0 is none.
func number(text string, sheets batch.Sheets) int {
	text = strings.TrimLeft(text, "'")
	if len(sheets) > 0 {
		n, _ := sheets.Find(text)
		return n
	}
	whole, part, _ := strings.Cut(strings.ReplaceAll(text, ",", "."), ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 1 || strings.Trim(part, "0") != "" {
		return 0
	}
	return n
}
