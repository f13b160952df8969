package redrop

import (
	"cmp"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// The codes of rows that are skipped because of their family.
const (
	codeHeld  = "held"  // it may be a row that was sent
	codeApart = "apart" // rows of its document are not there
	codeOpen  = "open"  // it is still being sent; no result says so
)

// Stage implements opening.Plan.
func (p *Plan) Stage(item *batch.Item, l batch.Language) ledger.Staged {
	s := ledger.Staged{Item: *item}
	d := p.look(item)
	s.Kin = make([]ledger.Kin, len(item.Rows))
	for i, f := range d.fates {
		s.Kin[i].Origin = p.names.text(f.origin)
	}
	switch {
	case len(d.open) > 0:
		d.elsewhere(&s)
	case len(d.delivered) > 0:
		d.closed(&s)
	case len(d.held) > 0:
		d.doubtful(&s)
	case len(d.unasked) > 0:
		d.unknown(&s)
	case p.examples.All(item):
		p.examples.Skip(&s, l)
	case !item.Sendable() && len(d.asked) > 0:
		d.unfit(&s)
	case d.stays():
		d.refused(&s)
	case !item.Sendable():
		d.invalid(&s)
	case len(d.spoilt) > 0:
		d.unmended(&s)
	case d.absent != nil && !d.wanted():
		d.apart(&s)
	default:
		s.Before, s.Free, s.Put = d.before(), d.wanted(), d.put()
	}
	return s
}

// decision is an item and who its rows are.
type decision struct {
	*Plan
	item  *batch.Item
	fates []*fate // of its rows

	open, delivered, held, unasked, asked, spoilt []int // indexes of rows

	absent *absent // what its document lacks; nil: nothing that matters
}

func (p *Plan) look(item *batch.Item) *decision {
	d := &decision{Plan: p, item: item}
	for i, row := range item.Rows {
		f := &fate{as: held} // a row that the first look did not see: never send it
		if at, seen := p.byRow.last(row); seen && p.fates[at].as != unfound {
			f = &p.fates[at]
		}
		d.fates, d.absent = append(d.fates, f), cmp.Or(d.absent, f.absent)
		switch {
		case f.as == held:
			d.held = append(d.held, i)
		case f.before == nil:
		case f.before.open():
			d.open = append(d.open, i)
		case f.spoilt && !f.resend:
			d.spoilt = append(d.spoilt, i)
		case f.before.Status == batch.Delivered:
			d.delivered = append(d.delivered, i)
		case f.before.Status == batch.Unknown && f.resend:
			d.asked = append(d.asked, i)
		case f.before.Status == batch.Unknown:
			d.unasked = append(d.unasked, i)
		}
	}
	return d
}

func (d *decision) say(key string, args ...any) string { return words.Of(d.language, key, args...) }

// word is what a person writes for a row to be sent again, into the cell of column.
func (d *decision) word() string   { return resultmark.Word(d.language, resultmark.Resend) }
func (d *decision) column() string { return resultmark.Status.Heading(d.language) }

// rows are the numbers of rows as a person reads them.
func (d *decision) rows(at []int) string {
	var numbers []int
	for _, i := range at {
		numbers = append(numbers, d.item.Rows[i])
	}
	return d.sheets.Rows(numbers)
}

// verdict gives row i an outcome of its own.
func (d *decision) verdict(s *ledger.Staged, i int, o batch.Outcome, carried bool) {
	if s.Preset == nil {
		s.Preset = &ledger.Verdict{}
	}
	s.Kin[i].Carried, s.Kin[i].Edited = carried, carried && d.fates[i].as == edited
	if len(d.item.Rows) == 1 {
		s.Preset.Outcome = o
		return
	}
	if s.Preset.Rows == nil {
		s.Preset.Rows = map[int]batch.Outcome{}
		s.Preset.Status = batch.Skipped
	}
	s.Preset.Rows[d.item.Rows[i]] = o
}

// carry takes over what became of row i, with a word about why it stays so.
func (d *decision) carry(s *ledger.Staged, i int, keep bool, key string, args ...any) {
	o := d.fates[i].before.Outcome()
	text := d.say(key, append(args, "id", d.fates[i].before.from.ID, "word", d.word(), "column", d.column(), "rowcolumn", resultmark.Row.Heading(d.language))...)
	if keep && o.Message != "" {
		text = o.Message + " | " + text
	}
	o.Message = text
	d.verdict(s, i, o, true)
}

// skip gives the rows that have no outcome yet one reason.
func (d *decision) skip(s *ledger.Staged, taken []int, key string, args ...any) {
	for i := range d.item.Rows {
		if !slices.Contains(taken, i) {
			d.verdict(s, i, batch.Outcome{Status: batch.Skipped, Code: opening.CodeGroup, Message: d.say(key, args...)}, false)
		}
	}
}

// elsewhere: a row of the item is being sent by another file of the family, whose result says what becomes of it. The rows of other items go
// meanwhile: people mend a result in parts, and several at once.
func (d *decision) elsewhere(s *ledger.Staged) {
	s.Body, s.Problems = nil, nil
	for _, i := range d.open {
		f, key := d.fates[i], "redrop.open"
		switch {
		case f.before.from.Paused != "":
			key = "redrop.open.paused"
		case f.as == edited || f.resend:
			key = "redrop.open.edited"
		}
		from := f.before.from
		message := d.say(key, "name", from.Name, "id", from.ID, "reason", from.Paused)
		d.verdict(s, i, batch.Outcome{Status: batch.Skipped, Code: ledger.CodeSending, Message: message}, true)
	}
	d.keepDelivered(s)
	d.hold(s)
	d.keepUnknown(s)
	d.skip(s, slices.Concat(d.open, d.delivered, d.held, d.asked, d.unasked), "redrop.group.open", "rows", d.rows(d.open))
}

func (d *decision) keepDelivered(s *ledger.Staged) {
	for _, i := range d.delivered {
		key := "redrop.delivered"
		if d.fates[i].as == edited {
			key = "redrop.delivered.edited"
		}
		d.carry(s, i, true, key)
	}
}

// closed: a row of the item was delivered, so nothing of it is sent, ever.
func (d *decision) closed(s *ledger.Staged) {
	s.Body, s.Problems = nil, nil
	d.keepDelivered(s)
	for _, i := range slices.Concat(d.asked, d.unasked) {
		d.carry(s, i, false, "redrop.unknown.delivered", "rows", d.rows(d.delivered))
	}
	d.hold(s)
	d.skip(s, slices.Concat(d.delivered, d.held, d.asked, d.unasked), "redrop.group.delivered", "rows", d.rows(d.delivered), "id", d.fates[d.delivered[0]].before.from.ID)
}

// doubtful: a row of the item may be one that was sent.
func (d *decision) doubtful(s *ledger.Staged) {
	s.Body, s.Problems = nil, nil
	d.hold(s)
	d.keepUnknown(s)
	d.skip(s, slices.Concat(d.held, d.asked, d.unasked), "redrop.group.held", "rows", d.rows(d.held))
}

// hold skips the rows that may be some that were sent, and remembers that they are held.
func (d *decision) hold(s *ledger.Staged) {
	for _, i := range d.held {
		f, key := d.fates[i], "redrop.held"
		var guest []any
		switch {
		case f.guest != nil:
			key, guest = "redrop.held.guest", []any{"row", f.guest.file.Reading.Sheets.Row(f.guest.row), "name", f.guest.file.Name, "id", f.guest.file.ID,
				"word", d.word(), "column", d.column()}
		case f.strange:
			key = "redrop.held.strange"
		case len(f.numbers) == 0:
			key = "redrop.held.again"
		}
		o := batch.Outcome{Status: batch.Skipped, Code: codeHeld, Message: d.say(key, append(guest, "rows", words.Few(f.numbers, d.base.Reading.Sheets), "id", d.base.ID,
			"rowcolumn", resultmark.Row.Heading(d.language))...)}
		d.verdict(s, i, o, false)
	}
}

// keepUnknown leaves rows as they were of which nobody knows whether they were delivered.
func (d *decision) keepUnknown(s *ledger.Staged) {
	for _, i := range d.unasked {
		key := "redrop.unknown"
		switch {
		case d.fates[i].misled:
			key = "redrop.unknown.misled"
		case d.fates[i].as == edited:
			key = "redrop.unknown.edited"
		}
		d.carry(s, i, false, key)
	}
	for _, i := range d.asked {
		d.carry(s, i, false, "redrop.unknown.group")
	}
}

// unknown: nobody knows whether the item was delivered, and nobody asked for it to be sent again.
func (d *decision) unknown(s *ledger.Staged) {
	d.keepUnknown(s)
	d.skip(s, slices.Concat(d.asked, d.unasked), "redrop.group.unknown", "rows", d.rows(d.unasked))
	if d.item.Sendable() {
		s.Problems = nil
	} else {
		s.Body = nil
	}
}

// unfit: it may be sent again, but it is not valid any more. What may have been delivered stays unknown.
func (d *decision) unfit(s *ledger.Staged) {
	usual := opening.Preset(d.item, d.sheets, d.language)
	s.Body = nil
	for i, row := range d.item.Rows {
		if slices.Contains(d.asked, i) {
			d.carry(s, i, false, "redrop.unknown.invalid")
			continue
		}
		d.verdict(s, i, usual.Of(row), false)
	}
}

// stays reports whether the item was refused and nothing in it has changed since.
func (d *decision) stays() bool {
	first := d.fates[0]
	for _, f := range d.fates {
		if f.as != untouched || f.before == nil || f.before.Status != batch.Rejected || f.resend || f.doc != first.doc {
			return false
		}
	}
	return int(first.doc.rows) == len(d.item.Rows)
}

func (d *decision) refused(s *ledger.Staged) {
	for i := range d.item.Rows {
		key := "redrop.rejected"
		if d.fates[i].misled {
			key = "redrop.rejected.misled"
		}
		d.carry(s, i, true, key)
	}
	if !d.item.Sendable() {
		s.Body = nil
	}
	s.Problems = nil
}

// invalid: it is not fit to be sent; where it was not even touched, that is said.
func (d *decision) invalid(s *ledger.Staged) {
	s.Body, s.Preset = nil, opening.Preset(d.item, d.sheets, d.language)
	for i, row := range d.item.Rows {
		f, o := d.fates[i], s.Preset.Of(row)
		if o.Status != batch.Invalid || f.as != untouched || f.before == nil || f.before.Status != batch.Invalid {
			continue
		}
		o.Message = d.say("redrop.invalid", "id", f.before.from.ID)
		if len(s.Preset.Rows) == 0 {
			s.Preset.Outcome = o
		} else {
			s.Preset.Rows[row] = o
		}
	}
}

// unmended: a reader found something wrong with a row, and the row is as it was. What the dropped file shows of it is not all that it was.
func (d *decision) unmended(s *ledger.Staged) {
	s.Body = nil
	for _, i := range d.spoilt {
		d.carry(s, i, true, "redrop.spoilt")
	}
	d.skip(s, d.spoilt, "skip.group", "rows", d.rows(d.spoilt))
}

// wanted reports whether a person wrote the word for sending it again.
func (d *decision) wanted() bool {
	return slices.ContainsFunc(d.fates, func(f *fate) bool { return f.resend })
}

// put reports whether a person put in all rows.
func (d *decision) put() bool {
	return !slices.ContainsFunc(d.fates, func(f *fate) bool { return !f.put })
}

// before is what earlier files did with an item that goes.
func (d *decision) before() (b ledger.Before) {
	for _, f := range d.fates {
		if f.before == nil || f.before.Status != batch.Unknown && f.as == edited {
			continue
		}
		b.Attempts = max(b.Attempts, f.before.Outcome().Attempts)
		b.Lost = b.Lost || f.before.Status == batch.Unknown
	}
	return b
}
