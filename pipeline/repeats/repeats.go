// Package repeats decides about rows whose request was sent before, whichever file brought it: a person who mends a cell in
// their own file and drops it again means the cell they mended.
package repeats

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Judge decides about the items of one file, in their order. It is closed after the last question.
type Judge struct {
	books  ledger.Books // nil: nothing is known of earlier files
	route  *route.Route
	again  *ledger.Again // of a result dropped again; nil for other files
	sheets batch.Sheets
	family string // whose files do not count: what they did is decided about by then
	since  time.Time

	seen  firsts
	zeros zeros // that a program took off
	kin   kin   // of the family; nil until it is asked for
	at    []int // room for what is asked of the ledger
	asked []ledger.Print
	bared []int // which of at were asked for without their zeros, too
	tally tally
	echo  echo
}

// tally counts for the notes.
type tally struct {
	again  map[string]*count // by earlier file: items that go once more
	equals count             // items that equal one above and go all the same
}

type count struct {
	items int
	row   int          // the first of them
	in    batch.Sheets // of the earlier file
	like  string
	when  time.Time
	above int
}

// New judges a file of a route with what is known of earlier ones. again is what its reading says of its family; id is its
// own, "" for none.
func New(books ledger.Books, r *route.Route, again *ledger.Again, sheets batch.Sheets, id string, now time.Time) *Judge {
	j := &Judge{books: books, route: r, again: again, sheets: sheets, family: id, tally: tally{again: map[string]*count{}}}
	if again != nil {
		j.family = again.Root
	}
	if r.Repeats.Within > 0 {
		j.since = now.Add(-r.Repeats.Within)
	}
	return j
}

// Judge holds back the items that are to be sent and whose request was sent before, or marks that they go all the same. Every
// item that may ever be sent gets its print.
func (j *Judge) Judge(ctx context.Context, items []ledger.Staged) error {
	at, prints := j.ask(items)
	earlier, err := j.earlier(ctx, items, at, prints)
	if err != nil {
		return err
	}
	same, but := earlier[:len(at)], make([]*ledger.Earlier, len(at)) // but for zeros
	for n, k := range j.bared {
		if e := earlier[len(at)+n]; same[k] == nil && !items[at[k]].Free {
			but[k] = e
		}
	}
	j.zeros.learn(items, at, same, but)
	for k, i := range at {
		s := &items[i]
		switch {
		case but[k] != nil:
			j.echo = echo{ended: true}
			j.hold(s, but[k], "repeats.bared")
			continue
		case same[k] == nil && !s.Free && j.shortened(s):
			j.echo = echo{ended: true}
			continue
		}
		if err := j.one(s, same[k]); err != nil {
			return err
		}
	}
	return nil
}

// ask gives the items that may be sent their prints, and lists those that are looked for: one for each of them and, behind these, one for each of
// which a program may have taken zeros, as it is without any. What begins with some was left them.
func (j *Judge) ask(items []ledger.Staged) (at []int, prints []ledger.Print) {
	at, prints = j.at[:0], j.asked[:0]
	for i := range items {
		s := &items[i]
		if s.Preset != nil {
			j.echo.preset(s)
			continue
		}
		s.Print = s.PrintFor(j.route.Account, j.route.Operation.ID)
		at, prints = append(at, i), append(prints, s.Print)
	}
	j.bared = j.bared[:0]
	for k, i := range at {
		s := &items[i]
		bare, less, zeroed := s.BaredFor(j.route.Account, j.route.Operation.ID, !j.route.Repeats.Send)
		if less {
			s.Bared = bare
		}
		if !zeroed && bare != (ledger.Print{}) && !j.route.Repeats.Send {
			j.bared, prints = append(j.bared, k), append(prints, bare)
		}
	}
	j.at, j.asked = at, prints
	return at, prints
}

// shortened holds an item that may have lost zeros as others of its file did.
func (j *Judge) shortened(s *ledger.Staged) bool {
	value := j.zeros.lostBy(s.Body)
	if value == "" {
		return false
	}
	z := &j.zeros
	message := j.say("repeats.shortened", append(j.remedy(), "value", value, "here", j.sheets.Row(z.row), "row", words.Few(z.as.Rows, z.as.File.Reading.Sheets),
		"name", z.as.File.Name, "id", z.as.File.ID)...)
	s.Preset = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: ledger.CodeZeros, Message: message}}
	s.Problems = nil
	return true
}

// earlier finds what was sent before, by whatever file. Behind the items' own prints there may be bared ones.
func (j *Judge) earlier(ctx context.Context, items []ledger.Staged, at []int, prints []ledger.Print) ([]*ledger.Earlier, error) {
	if j.books == nil || len(prints) == 0 {
		return make([]*ledger.Earlier, len(prints)), nil
	}
	found, err := j.books.Earlier(ctx, j.family, prints, j.since)
	if err != nil || j.again == nil {
		return found, err
	}
	return found, j.ofKin(ctx, items, at, prints, found)
}

// ofKin finds also what files of the family sent: it counts for a row of theirs that equals another one of theirs, and not for the rows
// that a person put in or wants to be sent.
func (j *Judge) ofKin(ctx context.Context, items []ledger.Staged, at []int, prints []ledger.Print, found []*ledger.Earlier) (err error) {
	var own []int
	var asked []ledger.Print
	for k, i := range at {
		if items[i].Put || items[i].Free {
			continue
		}
		if j.kin == nil {
			if j.kin, err = kinOf(ctx, j.books, j.family); err != nil {
				return err
			}
		}
		if j.kin.has(&prints[k]) {
			own, asked = append(own, k), append(asked, prints[k])
		}
	}
	if len(own) == 0 {
		return nil
	}
	all, err := j.books.Earlier(ctx, "", asked, j.since)
	for n := range all {
		found[own[n]] = all[n]
	}
	return err
}

// Close forgets which rows had which requests. It may be called again.
func (j *Judge) Close() { j.seen.close() }

// one decides about an item that is to be sent.
func (j *Judge) one(s *ledger.Staged, e *ledger.Earlier) error {
	j.echo.hear(s, e)
	key := keyOf(&s.Print)
	above, err := j.seen.of(key)
	if err != nil {
		return err
	}
	equal := above != 0
	switch {
	case e != nil && s.Free:
		s.Before.Repeat = true
	case e != nil && j.route.Repeats.Send:
		s.Free, s.Before.Repeat = true, true
		j.note(e, s.Rows[0])
	case e != nil:
		j.hold(s, e, "")
		return nil
	case equal && !s.Free && !j.route.Repeats.Send && (j.route.Operation.Rows.Distinct() || j.again != nil):
		s.Preset = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: ledger.CodeSending, Message: j.say("repeats.above", append(j.remedy(), "row", j.sheets.Row(above))...)}}
		s.Problems = nil
		return nil
	case equal:
		j.tally.equals.add(s.Rows[0])
		j.tally.equals.above = above
	}
	s.Free = s.Free || j.route.Repeats.Send
	if equal {
		return nil
	}
	return j.seen.put(key, s.Rows[0])
}

// hold leaves an item as it is: its request was sent before. The message is the usual one unless another is named.
func (j *Judge) hold(s *ledger.Staged, e *ledger.Earlier, other string) {
	code, key := ledger.CodeDelivered, "repeats.delivered"
	switch e.How {
	case ledger.UnderWay:
		code, key = ledger.CodeSending, "repeats.sending"
	case ledger.Unclear:
		code, key = ledger.CodeUnclear, "repeats.unclear"
	}
	message := j.say(cmp.Or(other, key), append(j.remedy(), "row", words.Few(e.Rows, e.File.Reading.Sheets), "name", e.File.Name, "id", e.File.ID, "when", j.route.When(e.At))...)
	s.Preset = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: code, Message: message}}
	s.Problems = nil
}

// remedy is what to write where to have it sent all the same.
func (j *Judge) remedy() []any {
	return []any{"word", resultmark.Word(j.route.Language, resultmark.Resend), "column", resultmark.Status.Heading(j.route.Language)}
}

func (j *Judge) say(key string, args ...any) string { return words.Of(j.route.Language, key, args...) }

func (c *count) add(row int) {
	if c.items++; c.items == 1 {
		c.row = row
	}
}

// note remembers an item that goes once more.
func (j *Judge) note(e *ledger.Earlier, row int) {
	c := j.tally.again[e.File.ID]
	if c == nil {
		c = &count{like: e.File.Name, when: e.At, above: e.Rows[0], in: e.File.Reading.Sheets}
		j.tally.again[e.File.ID] = c
	}
	c.add(row)
}

// Notes tell what goes although it was sent before. They are for after the last item.
func (j *Judge) Notes() []batch.Note {
	var notes []batch.Note
	for _, id := range sorted(j.tally.again) {
		c := j.tally.again[id]
		notes = append(notes, batch.Note{Row: c.row, Count: c.items,
			Message: words.Message("repeats.note.again", "count", c.items, "row", j.sheets.Row(c.row), "above", c.in.Row(c.above), "name", c.like, "id", id, "when", j.route.When(c.when))})
	}
	if c := j.tally.equals; c.items > 0 {
		notes = append(notes, batch.Note{Row: c.row, Count: c.items, Message: words.Message("repeats.note.equal", "count", c.items, "row", j.sheets.Row(c.row), "above", j.sheets.Row(c.above))})
	}
	return notes
}

func sorted(m map[string]*count) []string { return slices.Sorted(maps.Keys(m)) }
