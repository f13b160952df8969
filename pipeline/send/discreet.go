package send

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

// unseal opens the private fields of a chunk's requests that wait. Where the file's copy is not kept any more, nobody can: those items
// failed, and nothing of them was sent.
func (l *Lane) unseal(ctx context.Context, a *active, c *ledger.Content) error {
	for i := range c.Items {
		item := &c.Items[i]
		if c.States[i].Verdict != nil {
			continue
		}
		open, err := a.private.Open(ctx, item.Body)
		switch {
		case err == nil:
			item.Body = open
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, masks.ErrClosed):
			l.closed(a, c, i)
		default:
			return fmt.Errorf("the copy of file %s: %w", a.id, err)
		}
	}
	return nil
}

// closed settles an item whose private fields cannot be had any more.
func (l *Lane) closed(a *active, c *ledger.Content, i int) {
	s := &c.States[i]
	v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Failed, Code: "masked", Message: words.Of(a.route.Language, "send.masked"), Attempts: s.Attempts}}
	if s.Lost || s.InFlight {
		v.Status, v.Code, v.Message = batch.Unknown, "lost", words.Of(a.route.Language, "send.lost", "id", a.id)
	}
	s.Verdict = v
	l.write(ledger.Event{File: a.id, Chunk: c.Seq, Item: i, Kind: ledger.EventSettled, At: time.Now().UTC(), Verdict: v, Rows: c.Items[i].Rows})
}

// discreet hides what an answer says of the private fields of a job, by their values and by their names.
func (j *job) discreet(r *senders.Result) {
	mask := j.file.route.Mask
	if len(mask) == 0 || r.Fate != senders.Answered {
		return
	}
	var values []string
	for _, item := range j.items {
		values = append(values, mask.Values(item.Body)...)
	}
	named, valued := mask.InText(), senders.Hider(values...)
	hide := func(text *string) {
		if *text != "" {
			*text = valued(named(*text))
		}
	}
	verdict := func(v *providers.Verdict) {
		for _, text := range []*string{&v.Message.EN, &v.Message.ZH, &v.Message.RU} {
			hide(text)
		}
		for i := range v.Faults {
			hide(&v.Faults[i].Text)
		}
	}
	verdict(&r.Reading.Verdict)
	for i := range r.Reading.Items {
		verdict(&r.Reading.Items[i])
	}
	if r.Said != nil {
		hide(&r.Said.Headers)
		hide(&r.Said.Body)
	}
}
