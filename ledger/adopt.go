package ledger

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Doubt makes the open ends of a ledger that lost what it had such that nothing is sent again on a guess, and says what that changed.
func Doubt(ctx context.Context, o Owner) (said []batch.Message, err error) {
	open, err := o.Files(ctx, Query{States: []State{Claiming, Taken, Sending}})
	if err != nil {
		return nil, err
	}
	for _, f := range open {
		if f.State != Sending {
			if err := o.Refuse(ctx, f.ID, words.Of(f.Language, "ledger.adopt.refused")); err != nil {
				return said, err
			}
			said = append(said, words.Message("ledger.adopt.taking", "name", f.Name, "id", f.ID))
			continue
		}
		n, err := doubt(ctx, o, f.ID)
		if err != nil {
			return said, err
		}
		said = append(said, words.Message("ledger.adopt.open", "name", f.Name, "id", f.ID, "count", n))
	}
	return said, nil
}

// doubt marks a file's open items as being sent: whoever goes on with them takes them for interrupted.
func doubt(ctx context.Context, o Owner, id string) (n int, err error) {
	now := time.Now().UTC()
	for c, err := range o.Chunks(ctx, id) {
		if err != nil {
			return n, err
		}
		var events []Event
		for i := range c.States {
			if c.States[i].Verdict == nil {
				events = append(events, Event{File: id, Chunk: c.Seq, Item: i, Kind: EventSending, At: now, Attempt: c.States[i].Attempts + 1})
			}
		}
		if len(events) == 0 {
			continue
		}
		n += len(events)
		if err := o.Record(events...).Wait(ctx); err != nil {
			return n, err
		}
	}
	return n, nil
}
