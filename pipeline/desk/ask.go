package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Receipt is what came of an order that was not refused.
type Receipt struct {
	ledger.Order
	Taken bool   `json:"taken"`           // carried out; else it is in the ledger, and the service carries it out when it comes to it
	Rows  int    `json:"rows,omitempty"`  // of a resend: how many rows are to be sent again
	Of    int    `json:"of,omitempty"`    // of how many
	Twice int    `json:"twice,omitempty"` // how many of Rows were held, because the same was sent before or zeros may be lost
	Name  string `json:"name,omitempty"`
}

// Weigh says what an order would do, or refuses it with a *Refusal. Nothing is done yet. Order.File may be the beginning of an id.
func (d *Desk) Weigh(ctx context.Context, o ledger.Order) (Receipt, error) {
	if o.Account != "" {
		return Receipt{Order: o}, nil
	}
	if o.Verb == ledger.Resend {
		if err := Resendable(o.Statuses); err != nil {
			return Receipt{}, err
		}
	}
	f, err := d.File(ctx, o.File)
	if err != nil {
		return Receipt{}, err
	}
	o.File = f.ID
	answer := Receipt{Order: o, Name: f.Name, Of: f.Counts.Read}
	if err := allowed(o, f.File); err != nil {
		return answer, err
	}
	if o.Verb == ledger.Release {
		after, err := ledger.AfterAll(ctx, d.Books, f.File)
		if after != "" {
			err = &Refusal{Reason: WentAfterAll, File: f.ID, Newest: after}
		}
		return answer, err
	}
	if o.Verb != ledger.Resend {
		return answer, nil
	}
	if err := d.superseded(ctx, o, f.File); err != nil {
		return answer, err
	}
	answer.Rows, answer.Twice, err = d.again(ctx, o, f.File)
	return answer, err
}

// Leave leaves an order that was weighed for the process that owns the ledger, and waits a while until it is taken.
func (d *Desk) Leave(ctx context.Context, r Receipt) (Receipt, error) {
	n, err := d.Orders.Order(ctx, r.Order)
	if err != nil {
		return r, err
	}
	for range 50 {
		if r.Taken, err = d.Orders.Taken(ctx, n); r.Taken || err != nil {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return r, nil
}

// Ask weighs an order and leaves it.
func (d *Desk) Ask(ctx context.Context, o ledger.Order) (Receipt, error) {
	r, err := d.Weigh(ctx, o)
	if err != nil {
		return r, err
	}
	return d.Leave(ctx, r)
}

// Resendable refuses outcomes whose rows are not sent again; Weigh does so too.
func Resendable(statuses []batch.Status) error {
	if len(statuses) == 0 {
		return &Refusal{Reason: NoOutcomes}
	}
	for _, s := range statuses {
		switch s {
		case batch.Failed, batch.Unknown, batch.Rejected, batch.Skipped:
		case batch.Delivered, batch.Invalid:
			return &Refusal{Reason: NotAgain, Status: string(s)}
		default:
			return &Refusal{Reason: NoOutcome, Status: string(s)}
		}
	}
	return nil
}

// allowed refuses an order that makes no sense for a file in its present state.
func allowed(o ledger.Order, f ledger.File) error {
	ended := f.State == ledger.Settled || f.State == ledger.Reported
	no := &Refusal{File: f.ID, State: string(f.State), Statuses: o.Statuses}
	switch {
	case !slices.Contains([]ledger.Verb{ledger.Resend, ledger.Cancel, ledger.Pause, ledger.Resume, ledger.Release}, o.Verb):
		no.Reason, no.Status = NoVerb, string(o.Verb)
	case o.Verb == ledger.Release:
		if f.State == ledger.Quarantined || f.State == ledger.Duplicate {
			return nil
		}
		no.Reason = WasAccepted
	case f.State == ledger.Quarantined || f.State == ledger.Duplicate:
		no.Reason = NotAccepted
	case o.Verb == ledger.Resend && !ended:
		no.Reason = NotEnded
	case o.Verb != ledger.Resend && ended:
		no.Reason = HasEnded
	case o.Verb == ledger.Resend && concerned(o.Statuses, f.Counts) == 0:
		no.Reason = NothingFit
	default:
		return nil
	}
	return no
}

// concerned counts the rows that have one of the outcomes.
func concerned(statuses []batch.Status, c batch.Counts) (n int) {
	for _, s := range statuses {
		n += c.Of(s)
	}
	return n
}

// superseded refuses to send rows of a file again whose result was dropped since.
func (d *Desk) superseded(ctx context.Context, o ledger.Order, f ledger.File) error {
	family, err := d.Books.Files(ctx, ledger.Query{Family: f.Root(), States: ledger.FamilyStates()})
	if err != nil {
		return err
	}
	if later, ok := errors.AsType[*ledger.Superseded](f.Newest(family)); ok {
		return &Refusal{Reason: Superseded, File: f.ID, Newest: later.Newest, Statuses: o.Statuses}
	}
	return nil
}

// again counts the rows that a resend sends again, and those among them that were held: those of an item travel together. None is a
// refusal. Rows that were held go where no others have one of the outcomes.
func (d *Desk) again(ctx context.Context, o ledger.Order, f ledger.File) (rows, held int, err error) {
	for c, err := range d.Books.Chunks(ctx, f.ID) {
		if err != nil {
			return 0, 0, err
		}
		rows += rowsOf(c.Requeued(o.Statuses, false, time.Time{}))
		held += rowsOf(c.Requeued(o.Statuses, true, time.Time{}))
	}
	switch {
	case rows > 0:
		return rows, 0, nil
	case held > 0:
		return held, held, nil
	}
	return 0, 0, &Refusal{Reason: NothingFit, File: f.ID, Statuses: o.Statuses, Rows: concerned(o.Statuses, f.Counts)}
}

func rowsOf(events []ledger.Event) (n int) {
	for _, e := range events {
		n += len(e.Rows)
	}
	return n
}

// RefusalOf finds the refusal in an error.
func RefusalOf(err error) (*Refusal, bool) { return errors.AsType[*Refusal](err) }
