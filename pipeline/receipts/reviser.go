package receipts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// How long receipts of a file may be awaited before its result is written again with those that came. After each time it
// waits twice as long, so that receipts that come over days do not fill an outbox.
const (
	quiet   = 10 * time.Second // none has come for so long
	first   = time.Minute      // so long after the first that is not told of
	longest = time.Hour
)

// Books is what revising needs of the ledger.
type Books interface {
	ledger.Books
	Revise(ctx context.Context, id string) error
	Keep(ctx context.Context, key, value string) error
}

// Reviser has results written again when receipts decide about rows that they do not tell of yet. Run is called once.
type Reviser struct {
	Ledger Books
	Log    *slog.Logger
	Every  time.Duration // pause between looks

	seen  int64
	dirty map[string]*wait
}

// wait is a file whose result does not tell of all receipts.
type wait struct {
	since, last time.Time
	n           int64 // of the first receipt that it is not known of to be told
}

// cursor is where it is kept up to which number receipts have been dealt with.
const cursor = "receipts"

// Name is for the log.
func (r *Reviser) Name() string { return "receipts" }

// Run looks for receipts until ctx ends. What it did not come to is looked at again by the next process.
func (r *Reviser) Run(ctx context.Context) error {
	kept, err := r.Ledger.Kept(ctx, cursor)
	if err != nil {
		return ended(ctx, err)
	}
	r.seen, _ = strconv.ParseInt(kept, 10, 64) // from the first on where it cannot be read
	r.dirty = map[string]*wait{}
	for {
		if err := r.look(ctx, time.Now()); err != nil {
			return ended(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(r.Every):
		}
	}
}

func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// look notes what has come and revises what is due.
func (r *Reviser) look(ctx context.Context, now time.Time) error {
	before := r.seen
	all, err := r.Ledger.Received(ctx, ledger.ReceivedQuery{After: r.seen})
	if err != nil {
		return err
	}
	for _, one := range all {
		r.seen = one.N
		if one.File == "" || !one.Decides() {
			continue // what is not known yet is told of with the first result of its file
		}
		w := r.dirty[one.File]
		if w == nil {
			w = &wait{since: now, n: one.N}
			r.dirty[one.File] = w
		}
		w.last = now
	}
	for id, w := range r.dirty {
		done, err := r.revise(ctx, id, w, now)
		if err != nil {
			return err
		}
		if done {
			delete(r.dirty, id)
		}
	}
	return r.remember(ctx, before)
}

// remember keeps how far everything has been dealt with.
func (r *Reviser) remember(ctx context.Context, before int64) error {
	through := r.seen
	for _, w := range r.dirty {
		through = min(through, w.n-1)
	}
	if through == before && len(r.dirty) == 0 {
		return nil
	}
	kept, err := r.Ledger.Kept(ctx, cursor)
	if err != nil || kept == strconv.FormatInt(through, 10) {
		return err
	}
	return r.Ledger.Keep(ctx, cursor, strconv.FormatInt(through, 10))
}

// revise has one file's result written again if it is time; done when nothing is left to do for it.
func (r *Reviser) revise(ctx context.Context, id string, w *wait, now time.Time) (done bool, err error) {
	f, err := r.Ledger.File(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return true, nil
	}
	if err != nil || f.State != ledger.Reported {
		return false, err // a result that is still to be written tells of it
	}
	known, err := Of(ctx, r.Ledger, id)
	if err != nil {
		return false, err
	}
	told, times, err := r.told(ctx, id)
	if err != nil {
		return false, err
	}
	if told == Digest(known) {
		return true, nil
	}
	decided := 0
	for _, one := range known {
		if one.Decides() {
			decided++
		}
	}
	patience := min(first<<min(times, 10), longest)
	if decided < min(f.Items, f.Counts.Delivered) && now.Sub(w.last) < quiet<<min(times, 10) && now.Sub(w.since) < patience {
		return false, nil
	}
	r.Log.Info("receipts have come; the result is written again", "file", id, "items", decided)
	if err := r.Ledger.Revise(ctx, id); err != nil && !errors.Is(err, ledger.ErrState) {
		return false, err
	}
	return true, nil
}

// told is what the file's result tells of, and how often it was written with receipts.
func (r *Reviser) told(ctx context.Context, id string) (digest string, times int, err error) {
	kept, err := r.Ledger.Kept(ctx, ledger.ReceiptsKey(id))
	digest, n, _ := strings.Cut(kept, " ")
	times, _ = strconv.Atoi(n)
	return digest, times, err
}

// Tell keeps that a file's result tells of what is known.
func Tell(ctx context.Context, l interface {
	ledger.Books
	Keep(ctx context.Context, key, value string) error
}, id string, known map[Item]*batch.Receipt) error {
	digest := Digest(known)
	kept, err := l.Kept(ctx, ledger.ReceiptsKey(id))
	if err != nil {
		return err
	}
	old, n, _ := strings.Cut(kept, " ")
	if old == digest {
		return nil
	}
	times, _ := strconv.Atoi(n)
	return l.Keep(ctx, ledger.ReceiptsKey(id), fmt.Sprintf("%s %d", digest, times+1))
}

// Digest differs where something else is decided; "" where nothing is.
func Digest(known map[Item]*batch.Receipt) string {
	var lines []string
	for at, r := range known {
		if r.Decides() {
			lines = append(lines, fmt.Sprintf("%d.%d %s %q %q", at.Chunk, at.Item, r.Class, r.Code, r.Message))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:12])
}
