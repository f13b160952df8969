package send

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// cancelled settles what waits of files that a person stopped.
func (l *Lane) cancelled(ctx context.Context) error {
	for _, a := range l.leaving {
		l.queue = slices.DeleteFunc(l.queue, func(q *active) bool { return q == a })
		l.backlog = slices.DeleteFunc(l.backlog, func(j *job) bool {
			if j.file == a {
				l.giveUp(j)
			}
			return j.file == a
		})
		heap.Init(&l.backlog)
		if err := l.giveUpRest(ctx, a); err != nil {
			return err
		}
		l.drop(a)
	}
	l.leaving = nil
	return nil
}

// giveUpRest settles what was not picked yet.
func (l *Lane) giveUpRest(ctx context.Context, a *active) error {
	for !a.done {
		if a.content == nil || a.at >= len(a.content.Items) {
			more, err := l.load(ctx, a)
			if err != nil {
				return err
			}
			a.done = !more
			continue
		}
		if a.content.States[a.at].Verdict == nil {
			a.out++
			l.giveUp(l.job(a, a.at))
		}
		a.at++
	}
	return nil
}

// giveUp settles a job that is not to be tried again because its file was cancelled.
func (l *Lane) giveUp(j *job) {
	v := Cancelled(j.file.route.Language, j.file.id, j.total, j.last(), j.lost)
	j.file.out -= len(j.items)
	var events []ledger.Event
	for i := range j.items {
		events = append(events, j.event(i, ledger.EventSettled, time.Now(), v))
	}
	l.write(append(events, j.answered(j.at)...)...)
}

// Cancelled is the verdict on what is not sent any more because a person cancelled its file; sent is when its last attempt
// began, lost whether one may have been executed.
func Cancelled(l batch.Language, file string, attempts int, sent time.Time, lost bool) *ledger.Verdict {
	out := batch.Outcome{Status: batch.Skipped, Code: "cancelled", Attempts: attempts, Message: words.Of(l, "skip.cancelled")}
	if attempts > 0 {
		out.SentAt = sent
	}
	if lost {
		out.Status, out.Message = batch.Unknown, words.Of(l, "send.lost", "id", file)
	}
	return &ledger.Verdict{Outcome: out}
}
