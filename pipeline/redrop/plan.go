package redrop

import (
	"cmp"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Plan knows of every row of a dropped result which row of its family it is, and of a filled-in template which rows are its example.
type Plan struct {
	language batch.Language
	base     ledger.File
	names    *names       // of the family
	sheets   batch.Sheets // of the dropped file
	rows     []int        // of the dropped file
	fates    []fate       // of each of them
	byRow    table[int]
	tally    tally
	examples opening.Examples
}

// fate is who a row is.
type fate struct {
	origin  origin // 0 for a row that is new in this file
	before  *prior // nil: nothing is known of it
	numbers []int  // held: the rows of the base it may be
	doc     doc    // the item it travelled in when it was as it is now; zero for others
	as      manner
	resend  bool    // a person wrote the word for sending it again, and it certainly stands at this row
	guest   *guest  // held: the row of another file that it is
	misled  bool    // the word stands there, but beside the number of another row
	strange bool    // held: our columns call it sent, and the base has no such row
	put     bool    // fresh: it has no number, so a person says that it is a new row
	absent  *absent // what its document lacks in this file; nil: nothing that matters
	spoilt  bool    // untouched: a reader found something wrong with it, which this file need not show
}

type manner uint8

const (
	unfound   manner = iota // not found out yet
	untouched               // as a row of the family was
	edited                  // a row of the family, changed since
	fresh                   // put in by a person
	held                    // nobody can tell whether it is a row that was sent
)

// tally counts what was recognised, for the note.
type tally struct{ delivered, kept, edited, fresh, held, deleted int }

// original is a row of the base.
type original struct {
	number int
	place  spot
	before *prior
	by     int32 // index of the line that claimed it by its number alone, -1 else
	said   int8  // its status in the base's result: which of batch.Statuses
	sum    resultmark.Sum
	used   bool
}

// matching finds out which row of the family each line is.
type matching struct {
	*recognition
	t         *opening.Table
	lines     []dropped
	originals []original
	fates     []fate // of the lines
	bySum     table[resultmark.Sum]
	byNumber  table[int]
	claimed   map[origin]bool // that a line was found to be
	numbered  bool            // some line has a number
	displaced bool            // some line's number is not that of its row: numbers did not move with the rows
	written   bool            // a program took the zeros off
	kept      *bool           // a value of digits in the dropped file begins with a zero; nil: nobody looked
	placed    []bool          // lines that are supposed to be rows of the family
	guests    map[int]*guest  // lines that are rows of other files
	like      []int32         // then, where no row is as it was, which row of the base each line is most like, counted from 1; 0: none
}

// plan reads the rows of the dropped file once and settles which rows they are.
func (o *recognition) plan(t *opening.Table) (*Plan, error) {
	earlier := o.family.base.Reading.Again
	m := &matching{recognition: o, t: t, claimed: map[origin]bool{}, guests: map[int]*guest{}, written: earlier != nil && earlier.Bared}
	if err := m.read(); err != nil {
		return nil, err
	}
	if err := m.moved(); err != nil {
		return nil, err
	}
	if err := m.renotations(); err != nil {
		return nil, err
	}
	if err := m.findGuests(); err != nil {
		return nil, err
	}
	if err := m.findZeros(); err != nil {
		return nil, err
	}
	t.Reading.Again.Bared = m.written
	asItWas := func(*original) manner { return untouched }
	m.bySumAndNumber(asItWas)
	m.bySumAlone(asItWas)
	if err := m.byOtherMembers(); err != nil {
		return nil, err
	}
	if err := m.byBaseColumns(); err != nil {
		return nil, err
	}
	m.mute()
	m.copies()
	if err := m.byNumberAlone(); err != nil {
		return nil, err
	}
	if err := m.others(); err != nil {
		return nil, err
	}
	if err := m.findAbsent(); err != nil {
		return nil, err
	}
	p := &Plan{language: o.route.Language, base: o.family.base, names: &o.family.names, sheets: t.Layout().Sheets, fates: m.fates, rows: make([]int, len(m.lines))}
	for i := range m.fates {
		p.rows[i] = m.lines[i].row
		p.tally.add(&m.fates[i])
	}
	p.byRow = index(len(p.rows), func(i int32) int { return p.rows[i] }, cmp.Compare[int])
	p.tally.deleted = m.deleted()
	t.More = append(t.More, p.notes()...)
	return p, nil
}

func (m *matching) read() error {
	base := &m.family.base
	err := m.sums(base, base.Reading.Columns, func(row int, sum resultmark.Sum) {
		m.originals = append(m.originals, original{number: row, sum: sum, by: -1})
	})
	if err != nil {
		return err
	}
	m.bySum = index(len(m.originals), func(i int32) resultmark.Sum { return m.originals[i].sum }, compareSums)
	m.byNumber = index(len(m.originals), func(i int32) int { return m.originals[i].number }, cmp.Compare[int])
	statuses := batch.Statuses()
	err = m.outcomes(m.family, base, func(row int, p spot, _ bool, out *batch.Outcome) {
		if at, known := m.byNumber.last(row); known {
			o := &m.originals[at]
			o.place, o.before, o.said = p, m.family.prior(p.origin), int8(slices.Index(statuses, out.Status))
		}
	})
	if err != nil {
		return err
	}
	if m.lines, err = m.recognition.lines(m.t, &base.Reading); err != nil {
		return err
	}
	m.fates, m.placed = make([]fate, len(m.lines)), make([]bool, len(m.lines))
	m.numbered = slices.ContainsFunc(m.lines, func(l dropped) bool { return l.number > 0 })
	return nil
}

// assign makes line i a row of the family.
func (m *matching) assign(i int, as manner, p spot) {
	f := fate{origin: p.origin, as: as, before: m.family.prior(p.origin), doc: p.doc}
	if as == edited || p.edited {
		f.as, f.doc = edited, doc{}
	}
	f.spoilt = f.as == untouched && f.before.spoilt() && !m.shows(f.before.from)
	m.claimed[p.origin] = true
	l := &m.lines[i]
	if l.status == resultmark.Resend {
		at, known := m.byNumber.last(l.number)
		f.resend = l.number == 0 || known && m.originals[at].place.origin == p.origin
		f.misled = !f.resend
	}
	if f.before.held() && l.number > 0 {
		f.as, f.numbers = held, nil
	} else if f.before.held() {
		f.as, f.put = fresh, true // the person cleared the number: it is a new row
	}
	m.fates[i] = f
}

// shows reports whether the dropped file shows what was wrong with rows of an earlier one: it is that workbook, with cells of ours in it.
func (m *matching) shows(from *ledger.File) bool {
	return from.ID == m.family.base.ID && m.file.Format.Typed && !m.signs.Texts && formats.Named(from.Reading.Format).Patchable
}

// match makes line i the row of the base with index at.
func (m *matching) match(i int, as manner, at int) {
	o := &m.originals[at]
	o.used = true
	m.assign(i, as, o.place)
}

// bySumAndNumber finds the rows that are where they were and as they were.
func (m *matching) bySumAndNumber(as func(o *original) manner) {
	for i, l := range m.lines {
		if at, known := m.byNumber.last(l.number); known && m.fates[i].as == unfound && !m.originals[at].used && m.originals[at].sum == l.sum {
			m.match(i, as(&m.originals[at]), at)
		}
	}
}

// bySumAlone finds the rows that moved. Of equal ones, those that were sent come first.
func (m *matching) bySumAlone(as func(o *original) manner) {
	for i, l := range m.lines {
		if m.fates[i].as != unfound {
			continue
		}
		found := -1
		for _, at := range m.bySum.all(l.sum) {
			o := &m.originals[at]
			if !o.used && (found < 0 || o.before.sent() && !m.originals[found].before.sent()) {
				found = int(at)
			}
		}
		if found < 0 {
			continue
		}
		if l.number > 0 && l.number != m.originals[found].number {
			m.displaced = true
		}
		m.match(i, as(&m.originals[found]), found)
	}
}

// byBaseColumns finds the rows that are as they were in the columns of the base, beside others that are filled: a person's remarks, the numbers of
// a program, or columns of ours under headings that we do not know. They are no change unless the route has a use for them. What was wrong with such
// a row still is.
func (m *matching) byBaseColumns() error {
	width := len(m.family.base.Reading.Columns)
	a := align(m.t.Columns(), m.family.base.Reading.Columns)
	if len(a.order) == width || !slices.ContainsFunc(m.fates, func(f fate) bool { return f.as == unfound }) {
		return nil
	}
	i := -1
	for row, err := range m.t.Rows() {
		if err != nil {
			return err
		}
		if i++; m.fates[i].as == unfound {
			m.lines[i].sum = resultmark.Checksum(a.cells(row)[:width])
		}
	}
	matters := m.more()
	as := func(o *original) manner {
		if !matters || o.before.spoilt() {
			return untouched
		}
		return edited
	}
	m.bySumAndNumber(as)
	m.bySumAlone(as)
	return nil
}

// more reports whether the dropped file has columns beside those of the base that the route has a use for.
func (m *matching) more() bool {
	columns := m.t.Columns()
	fields := m.route.Read.Wants.Fit(columns).Fields
	for _, at := range align(columns, m.family.base.Reading.Columns).order[len(m.family.base.Reading.Columns):] {
		if fields[at] != "" {
			return true
		}
	}
	return false
}

// mute takes back what a missing number said of a line where numbers did not move with the rows: somebody cleared that of another one.
func (m *matching) mute() {
	for i := range m.fates {
		f := &m.fates[i]
		if !m.displaced || m.lines[i].number > 0 {
			continue
		}
		if f.put {
			f.as, f.put = held, false
		}
		f.misled, f.resend = f.misled || f.resend, false
	}
}

// byOtherMembers finds the rows that are as another file of the family had them: the person went on with an older copy.
func (m *matching) byOtherMembers() error {
	if len(m.family.members) == 1 { // the base
		return nil
	}
	wanted := map[resultmark.Sum][]int{}
	for i, l := range m.lines {
		if m.fates[i].as == unfound {
			wanted[l.sum] = append(wanted[l.sum], i)
		}
	}
	for k := len(m.family.members) - 1; k >= 0 && len(wanted) > 0; k-- {
		member := &m.family.members[k]
		if member.ID == m.family.base.ID {
			continue
		}
		if err := m.byMember(member, wanted); err != nil {
			return err
		}
	}
	return nil
}

func (m *matching) byMember(member *ledger.File, wanted map[resultmark.Sum][]int) error {
	rows := map[int]resultmark.Sum{}
	err := m.sums(member, m.family.base.Reading.Columns, func(row int, sum resultmark.Sum) {
		if len(wanted[sum]) > 0 {
			rows[row] = sum
		}
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	places := map[resultmark.Sum][]spot{}
	err = m.outcomes(m.family, member, func(row int, p spot, _ bool, _ *batch.Outcome) {
		if sum, there := rows[row]; there && !m.claimed[p.origin] {
			places[sum] = append(places[sum], p)
		}
	})
	if err != nil {
		return err
	}
	for sum, list := range places {
		for _, i := range wanted[sum] {
			list = slices.DeleteFunc(list, func(p spot) bool { return m.claimed[p.origin] })
			if len(list) == 0 {
				break
			}
			m.assign(i, untouched, m.likeliest(i, list))
		}
		wanted[sum] = slices.DeleteFunc(wanted[sum], func(i int) bool { return m.fates[i].as != unfound })
		if len(wanted[sum]) == 0 {
			delete(wanted, sum)
		}
	}
	for i := range m.originals { // the base has the row too, as it was before
		m.originals[i].used = m.originals[i].used || m.claimed[m.originals[i].place.origin]
	}
	return nil
}

// likeliest prefers the row whose number the line has, then one that was sent.
func (m *matching) likeliest(i int, list []spot) spot {
	if at, known := m.byNumber.last(m.lines[i].number); known {
		for _, p := range list {
			if p.origin == m.originals[at].place.origin {
				return p
			}
		}
	}
	for _, p := range list {
		if m.family.prior(p.origin).sent() {
			return p
		}
	}
	return list[0]
}

// copies holds the lines that repeat a row that was sent, be it that people put the original's rows under its result: nobody can tell
// whether they are meant. In the next result they have a number, and a person who clears it says so. What was wrong with a row is wrong
// with its copy.
func (m *matching) copies() {
	for i, l := range m.lines {
		if m.fates[i].as != unfound {
			continue
		}
		for _, at := range m.bySum.all(l.sum) {
			if o := &m.originals[at]; o.before.sent() {
				m.hold(i, o.number)
				break
			} else if o.before.spoilt() {
				m.assign(i, untouched, o.place)
				break
			}
		}
	}
}

// byNumberAlone takes a changed line for the row whose number it has. Where numbers did not move with the rows they say nothing, and
// of several lines with the number of a row that was sent, all but the first are held.
func (m *matching) byNumberAlone() error {
	if m.displaced {
		return nil
	}
	strangers, err := m.strangers()
	if err != nil {
		return err
	}
	for i, l := range m.lines {
		at, known := m.byNumber.last(l.number)
		if m.fates[i].as != unfound || !known {
			continue
		}
		o := &m.originals[at]
		switch {
		case m.guests[i] != nil, strangers[i], l.told() && l.status != resultmark.Resend && !o.before.sent() && !o.before.held(): // it is another file's row of this number
		case !o.used:
			m.match(i, edited, at)
			o.by = int32(i)
		case o.by >= 0 && o.before.sent():
			m.hold(i, o.number)
		}
	}
	return nil
}

// strangers are changed lines that share no value with the row of their number alone: rows of another file's result that was put into this
// one. They were taken for rows that had been delivered. Only lines are asked about of which our columns say otherwise than the base's result
// does, or all where a number stands twice.
func (m *matching) strangers() (map[int]bool, error) {
	var lines []int
	found, mixed := map[int]bool{}, m.mixed()
	for i, l := range m.lines {
		if at, known := m.byNumber.last(l.number); known && m.fates[i].as == unfound && (mixed || m.contradicts(i, at)) {
			lines = append(lines, i)
		}
	}
	if len(lines) == 0 {
		return found, nil
	}
	return found, m.resembling(lines, func(i int, shared map[int]int) {
		at, _ := m.byNumber.last(m.lines[i].number)
		found[i] = shared[at] == 0
	})
}

// contradicts reports whether our columns say otherwise of a line than the base's result says of the row at; of one that is being sent again it
// says nothing yet.
func (m *matching) contradicts(i, at int) bool {
	said := slices.Index(batch.Statuses(), m.lines[i].status)
	return said >= 0 && said != int(m.originals[at].said) && !m.originals[at].before.open()
}

// mixed reports whether a number stands beside two lines.
func (m *matching) mixed() bool {
	seen := make([]bool, len(m.originals))
	for i := range m.lines {
		if at, known := m.byNumber.last(m.lines[i].number); known {
			if seen[at] {
				return true
			}
			seen[at] = true
		}
	}
	return false
}

// others decides about the lines that are no known row. A line without a number was put in; any other might be a row that was
// sent and changed, as long as one of those is missing; and where our columns tell that it was sent, it is the row of another file,
// whose result was put into this one. Else it is the missing row that it resembles, or a new one.
func (m *matching) others() error {
	var missing []int
	for at := range m.originals {
		if o := &m.originals[at]; !o.used && o.before.sent() {
			missing = append(missing, o.number)
		}
	}
	times := map[int]int{} // a number stands there
	for _, l := range m.lines {
		times[l.number]++
	}
	var open []int
	for i, l := range m.lines {
		put, home := l.number == 0 && m.numbered && !m.displaced, m.guests[i]
		switch {
		case m.fates[i].as != unfound:
		case home != nil && home.sent && (l.number > 0 || home.same && l.status != resultmark.Resend):
			m.fates[i] = fate{as: held, guest: home}
		case put:
			m.fates[i] = fate{as: fresh, put: true, resend: l.status == resultmark.Resend}
		case home != nil && home.sure && !l.told():
			open = append(open, i)
		case len(missing) > 0:
			m.hold(i, missing...)
		case l.told() && !(m.displaced && times[l.number] == 1 && m.sent(l.number)): // else it speaks of the line that stood there
			m.fates[i] = fate{as: held, strange: true}
		default:
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return m.byLikeness(open)
}

// sent reports whether the base's row of this number was or may have been sent.
func (m *matching) sent(number int) bool {
	at, known := m.byNumber.last(number)
	return known && m.originals[at].before.sent()
}

// each gives the cells of every row of a file, its columns in the order of the base's.
func (m *matching) each(t *opening.Table, each func(row int, cells []string)) error {
	a := align(t.Columns(), m.family.base.Reading.Columns)
	for row, err := range t.Written() {
		if err != nil {
			return err
		}
		each(row.Number, a.cells(row))
	}
	return nil
}

func (m *matching) hold(i int, numbers ...int) {
	m.fates[i] = fate{as: held, numbers: numbers}
}

// deleted counts the rows of the base that are not in the dropped file.
func (m *matching) deleted() (n int) {
	for i := range m.originals {
		if !m.originals[i].used {
			n++
		}
	}
	return n
}

func (t *tally) add(f *fate) {
	switch {
	case f.as == held:
		t.held++
	case f.before != nil && f.before.Status == batch.Delivered:
		t.delivered++
	case f.as == fresh:
		t.fresh++
	case f.as == edited:
		t.edited++
	default:
		t.kept++
	}
}

// noteDeleted is the note on a file that has not all rows of the one that it is the result of.
const noteDeleted = "redrop.note.deleted"

// notes tell what was recognised.
func (p *Plan) notes() []batch.Note {
	t := p.tally
	notes := []batch.Note{{Message: words.Message("redrop.note.result", "id", p.base.ID, "name", p.base.Name,
		"delivered", t.delivered, "edited", t.edited, "fresh", t.fresh, "kept", t.kept, "held", t.held)}}
	if t.deleted > 0 {
		notes = append(notes, batch.Note{Message: words.Message(noteDeleted, "count", t.deleted, "id", p.base.ID), Count: t.deleted})
	}
	return notes
}
