package repeats

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// echo is what a file repeats, for as long as it brings nothing else.
type echo struct {
	ended bool        // it brought something that no earlier file has sent
	from  ledger.File // the newest of the earlier files that brought its items; the zero File where it brought none yet
	more  bool        // there are several
	parts []ledger.Print
	unfit []ledger.Print // of items that may not be sent: what is wrong with them
}

// hear adds an item that may be sent, and the earlier one with the same request, if there is one.
func (e *echo) hear(s *ledger.Staged, earlier *ledger.Earlier) {
	if earlier == nil {
		*e = echo{ended: true}
	}
	if e.ended {
		return
	}
	e.parts = append(e.parts, s.Print)
	switch {
	case e.from.ID == "":
		e.from = earlier.File
	case e.from.ID != earlier.File.ID:
		e.more = true
		if earlier.File.TakenAt.After(e.from.TakenAt) {
			e.from = earlier.File
		}
	}
}

// preset adds an item that will not be sent. An example that was left in is none of the sender's.
func (e *echo) preset(s *ledger.Staged) {
	switch {
	case e.ended:
	case !s.Sendable():
		e.unfit = append(e.unfit, unfit(&s.Item))
	case s.Preset.Status != batch.Skipped || len(s.Preset.Rows) > 0:
		*e = echo{ended: true}
	}
}

// unfit is a print of what is wrong with an item: equal for items that are wrong in the same way, whichever rows they are.
func unfit(it *batch.Item) ledger.Print {
	wrong := slices.Clone(it.Problems)
	for i := range wrong {
		p := &wrong[i]
		p.Row, p.Cell, p.Text, p.Fix = p.Row-it.Rows[0], "", "", ""
	}
	text, err := json.Marshal([]any{len(it.Rows), wrong})
	if err != nil {
		panic(err) // numbers and texts can be written
	}
	sum := sha256.Sum256(text)
	return ledger.Print(sum[:])
}

// Double is the id of the earlier file whose items the file repeats, every one of them, be they sent or unfit there too. It is for
// after the last item.
func (j *Judge) Double(ctx context.Context) (id string, double bool, err error) {
	e := &j.echo
	if e.ended || e.from.ID == "" || j.again != nil || j.route.Repeats.Send {
		return "", false, nil
	}
	if !e.more && len(e.unfit) == 0 {
		return e.from.ID, true, nil
	}
	double, err = j.within(ctx, &e.from) // the only one that can have what the others brought
	return e.from.ID, double, err
}

// within reports whether an accepted file has all that this one repeats.
func (j *Judge) within(ctx context.Context, f *ledger.File) (bool, error) {
	has := map[ledger.Print]bool{}
	for c, err := range j.books.Chunks(ctx, f.ID) {
		if err != nil {
			return false, err
		}
		for i := range c.Items {
			it := &c.Items[i]
			if !it.Sendable() {
				has[unfit(&it.Item)] = true
			} else if it.Body != nil {
				has[it.PrintFor(f.Account, f.Operation)] = true
			}
		}
	}
	other := func(p ledger.Print) bool { return !has[p] }
	return !slices.ContainsFunc(j.echo.parts, other) && !slices.ContainsFunc(j.echo.unfit, other), nil
}
