package receipts

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// Item is an item of a file.
type Item struct{ Chunk, Item int }

// Of says what is known of each item of a file: the deciding receipt that was said last, else the last news.
func Of(ctx context.Context, books ledger.Hearsay, file string) (map[Item]*batch.Receipt, error) {
	all, err := books.Received(ctx, ledger.ReceivedQuery{File: file})
	if err != nil {
		return nil, err
	}
	known := map[Item]*batch.Receipt{}
	for i := range all {
		at, r := Item{all[i].Chunk, all[i].Item}, &all[i].Receipt
		if r.Class == batch.Garbled {
			continue
		}
		if old := known[at]; old == nil || !old.Decides() || r.Decides() && !r.Said.Before(old.Said) {
			known[at] = r
		}
	}
	return known, nil
}

// Join puts receipts beside the outcomes of a file's rows. The nil Join knows of none.
type Join struct {
	language batch.Language
	awaited  bool
	known    map[Item]*batch.Receipt
}

// Joining looks up what is known of a file's items. awaited: the receipts of its operation are received.
func Joining(ctx context.Context, books ledger.Hearsay, f ledger.File, awaited bool) (*Join, error) {
	known, err := Of(ctx, books, f.ID)
	if err != nil || len(known) == 0 && !awaited {
		return nil, err
	}
	return &Join{f.Language, awaited, known}, nil
}

// With is the outcome of a row with what the provider said later. Only what the provider has, or may have, is spoken of, and by
// nothing that came before it was sent.
func (j *Join) With(o batch.Outcome, chunk, item int) batch.Outcome {
	if j == nil || o.Status != batch.Delivered && o.Status != batch.Unknown {
		return o
	}
	r := j.known[Item{chunk, item}]
	if r != nil && r.Came.Before(o.SentAt.Truncate(time.Millisecond)) {
		r = nil
	}
	if r == nil && (!j.awaited || o.Status != batch.Delivered) {
		return o
	}
	if r == nil {
		r = &batch.Receipt{Class: batch.Awaited}
	}
	o.Receipt = r
	o.Message = join(o.Message, j.say(r))
	return o
}

func (j *Join) say(r *batch.Receipt) string {
	when := r.Said
	if when.IsZero() {
		when = r.Came
	}
	text := words.Of(j.language, "receipt."+string(r.Class), "when", when.UTC().Format("2006-01-02 15:04 MST"))
	if r.Message != "" {
		text += ": " + r.Message
	}
	return text
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " | " + b
}
