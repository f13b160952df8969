package take

import (
	"context"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// Where nobody can tell whether a program still writes a file, one that pauses for longer than the settle time is taken half. So files are
// looked at again for some time after they were copied; one that has grown goes back into the inbox and is taken as its own continuation.

// following is how long that goes on where the route does not say.
const following = 10 * time.Minute

// followed is a file that may still grow.
type followed struct {
	file ledger.File
	next time.Time // look at it then
}

// follow begins to look after a file that has come to rest.
func (t *Taker) follow(f ledger.File) {
	if f.Source != fromInbox || t.Route.Inbox == nil {
		return
	}
	t.followMu.Lock()
	defer t.followMu.Unlock()
	if !slices.ContainsFunc(t.followed, func(known *followed) bool { return known.file.ID == f.ID }) {
		t.followed = append(t.followed, &followed{f, t.Now().Add(time.Second)})
	}
}

// relearn is how often it is asked what others took.
const relearn = time.Minute

// followEarlier goes on with what an earlier process, or another machine, took: also with what nobody looked at to the end of its time, because
// nothing ran then.
func (t *Taker) followEarlier(ctx context.Context) error {
	earlier := t.Earlier
	if earlier == nil {
		earlier = func(ctx context.Context) ([]ledger.File, error) {
			return t.Ledger.Files(ctx, ledger.Query{Route: t.Route.Name, Last: 1000})
		}
	}
	files, err := earlier(ctx)
	if err != nil {
		return err
	}
	if !t.begun {
		if t.looked, err = t.lookedUntil(ctx); err != nil {
			return err
		}
	}
	t.learned = t.Now()
	until := t.learned
	if !t.looked.IsZero() && t.looked.Before(until) {
		until = t.looked
	}
	for _, f := range files {
		if f.Route == t.Route.Name && f.Rested && until.Sub(f.TakenAt) < t.Following() {
			t.follow(f)
		}
	}
	return nil
}

func (t *Taker) lookedKey() string { return "looked-after/" + t.Route.Name }

// lookedUntil is until when what was taken has been looked at; zero where that was never written down.
func (t *Taker) lookedUntil(ctx context.Context) (at time.Time, err error) {
	text, err := t.Ledger.Kept(ctx, t.lookedKey())
	at, _ = time.Parse(time.RFC3339, text)
	return at, err
}

// keepLooked writes down that all were looked at, from time to time while there are some, and at their end.
func (t *Taker) keepLooked(ctx context.Context, before, left int) error {
	now := t.Now()
	if !t.looked.IsZero() && (before == 0 || left > 0 && now.Sub(t.looked).Abs() < relearn) {
		return nil
	}
	t.looked = now
	return t.Ledger.Keep(ctx, t.lookedKey(), now.UTC().Format(time.RFC3339))
}

// Following is how long after it was taken a file is looked at again.
func (t *Taker) Following() time.Duration {
	if t.Patience > 0 {
		return t.Patience
	}
	return following
}

// lookAfter looks at the files whose turn it is, each less and less often.
func (t *Taker) lookAfter(ctx context.Context) (err error) {
	if !t.begun || t.Earlier != nil && t.Now().Sub(t.learned) >= relearn {
		if err := t.followEarlier(ctx); err != nil {
			return err
		}
		t.begun = true
	}
	t.followMu.Lock()
	all := t.followed
	t.followed = nil
	t.followMu.Unlock()
	var on []*followed
	for i, f := range all {
		now, age := t.Now(), t.Now().Sub(f.file.TakenAt)
		if now.Before(f.next) && age >= 0 {
			on = append(on, f)
			continue
		}
		grew := false
		if grew, err = GiveBack(ctx, t.Ledger, t.Route.Inbox, f.file, restsIn(f.file)); err != nil {
			on = append(on, all[i:]...)
			break
		}
		switch {
		case grew:
			t.Log.Warn("a file grew after it was taken; it goes on from there when it is whole", "file", f.file.ID, "name", f.file.Name, "route", f.file.Route)
		case age < t.Following():
			f.next = now.Add(max(time.Second, age.Abs()/2))
			on = append(on, f)
		}
	}
	t.followMu.Lock()
	t.followed = append(t.followed, on...)
	t.followMu.Unlock()
	if err != nil {
		return err
	}
	return t.keepLooked(ctx, len(all), len(on))
}

// restsIn is the folder of ours that an original lies in.
func restsIn(f ledger.File) string {
	switch {
	case !f.Rested:
		return inbox.Processing
	case f.State == ledger.Quarantined:
		return inbox.Quarantine
	case f.State == ledger.Duplicate:
		return inbox.Duplicates
	}
	return inbox.Archived
}

// GiveBack gives a file that has grown since it was copied back to its inbox, and writes down for its result, and for whatever comes
// under its name, that it goes on. Anybody may call it.
func GiveBack(ctx context.Context, l Growing, in inbox.Place, f ledger.File, folder string) (grew bool, err error) {
	if f.Source != fromInbox || in == nil {
		return false, nil
	}
	was := inbox.Arrival{Name: f.Name, Size: f.Size, ModTime: f.Arrived.ModTime}
	if f.Hash == "" { // it was refused as it lay there
		was.Size = f.Arrived.Size
	}
	growth, err := in.GiveBack(ctx, inbox.Copied{ID: f.ID, Taken: f.TakenAt, Arrival: was}, folder)
	if err != nil || growth == inbox.None {
		return false, err
	}
	for _, name := range []string{f.Name, inbox.NumberedName(f.Name, f.ID)} {
		if err := l.Keep(ctx, goesOnAs(f.Route, name), f.ID); err != nil {
			return false, err
		}
	}
	if growth == inbox.Stays {
		return false, nil
	}
	return true, l.Remark(ctx, f.ID, went)
}

// went is what the results of a file say that went on growing after it was taken.
var went = batch.Note{Message: words.Message("take.grew"), Unread: true}

// Growing is what giving back needs of the ledger.
type Growing interface {
	Keep(ctx context.Context, key, value string) error
	Remark(ctx context.Context, id string, note batch.Note) error
}

// goesOnAs is where the id is kept of the file that may go on under a name.
func goesOnAs(route, name string) string { return "goes-on/" + route + "/" + name }
