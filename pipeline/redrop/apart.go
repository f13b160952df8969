package redrop

import (
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/words"
)

// absent is what a document lacks in the dropped file: rows that were skipped because another one of it was invalid, as when a result is
// filtered to what is invalid, or because others were absent, or rows that were or may have been delivered without those that are here.
type absent struct {
	file *ledger.File // that brought them
	rows []int
	sent bool
}

// circles are the documents in which rows travelled last, and who else was in each.
type circles struct {
	homes map[origin]doc
	mates map[doc][]origin
}

// findAbsent finds the rows whose document is not whole in the dropped file.
func (m *matching) findAbsent() error {
	if !m.torn() {
		return nil
	}
	c := circles{homes: map[origin]doc{}, mates: map[doc][]origin{}}
	for i := range m.family.members {
		if err := m.outcomes(m.family, &m.family.members[i], c.add); err != nil {
			return err
		}
	}
	known := map[doc]*absent{}
	for i := range m.fates {
		f := &m.fates[i]
		home, travelled := c.homes[f.origin]
		if !travelled {
			continue
		}
		if _, asked := known[home]; !asked {
			known[home] = m.absentOf(c.mates[home])
		}
		f.absent = known[home]
	}
	return nil
}

// torn reports whether a row of the base is not there that travelled with others, or one is that was held because such rows were not there.
func (m *matching) torn() bool {
	return slices.ContainsFunc(m.originals, func(o original) bool { return o.place.doc.rows > 1 && !m.claimed[o.place.origin] }) ||
		slices.ContainsFunc(m.fates, func(f fate) bool { return f.before != nil && f.before.Code == codeApart })
}

// add learns from a file of the family. One in which a document was held for what it lacks says nothing.
func (c *circles) add(_ int, p spot, _ bool, out *batch.Outcome) {
	switch {
	case out.Code == codeApart:
	case p.doc.rows > 1:
		c.homes[p.origin] = p.doc
		c.mates[p.doc] = append(c.mates[p.doc], p.origin)
	default:
		delete(c.homes, p.origin)
	}
}

// absentOf is what the dropped file lacks of a document; nil for nothing that matters: rows that were refused or invalid may be taken out.
func (m *matching) absentOf(mates []origin) *absent {
	var sent, left []origin
	for _, o := range mates {
		b := m.family.prior(o)
		switch {
		case m.claimed[o]:
		case b.sent():
			sent = append(sent, o)
		case b != nil && b.Status == batch.Skipped && (b.Code == opening.CodeGroup || b.Code == codeApart):
			left = append(left, o)
		}
	}
	if len(sent) > 0 {
		return m.away(sent, true)
	}
	return m.away(left, false)
}

// away names rows by the file that brought the first of them; nil for none.
func (m *matching) away(rows []origin, sent bool) *absent {
	if len(rows) == 0 {
		return nil
	}
	id := m.family.base.Root()
	_, first := rows[0].parts()
	if first > 0 {
		id = m.family.names.all[first-1]
	}
	at := slices.IndexFunc(m.family.members, func(f ledger.File) bool { return f.ID == id })
	if at < 0 {
		return nil
	}
	a := &absent{file: &m.family.members[at], sent: sent}
	for _, o := range rows {
		if row, file := o.parts(); file == first {
			a.rows = append(a.rows, row)
		}
	}
	return a
}

// apart: the document would go without rows that belong to it, or as a second one beside them.
func (d *decision) apart(s *ledger.Staged) {
	s.Body = nil
	key, a := "redrop.apart", d.absent
	if a.sent {
		key = "redrop.apart.sent"
	}
	message := d.say(key, "rows", words.Few(a.rows, a.file.Reading.Sheets), "name", a.file.Name, "id", a.file.ID,
		"word", d.word(), "column", d.column())
	for i := range d.item.Rows {
		d.verdict(s, i, batch.Outcome{Status: batch.Skipped, Code: codeApart, Message: message}, false)
	}
}
