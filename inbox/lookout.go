package inbox

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Candidate is a file of a look.
type Candidate struct {
	Arrival
	*Sighting
}

// Look makes one look: the folder is listed once, and the structure of a settled file asked for once in each of its states.
func (b *Inbox) Look(ctx context.Context) iter.Seq2[Complete, error] {
	return func(give func(Complete, error) bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		yield := func(c Complete, err error) bool {
			b.mu.Unlock()
			defer b.mu.Lock()
			return give(c, err)
		}
		b.rhythm.Began()
		began := b.rhythm.Now()
		found, err := b.list(ctx)
		var settled []Candidate
		if err == nil {
			settled, err = b.survey(ctx, found, began)
		}
		b.rhythm.Listed()
		defer func() { b.rhythm.Ended(b.followUp(began)) }()
		if err != nil {
			yield(Complete{}, err)
			return
		}
		b.recall(ctx)
		defer b.note(ctx)
		for _, c := range settled {
			complete, ready := b.judge(ctx, c)
			if ctx.Err() != nil {
				yield(Complete{}, ctx.Err())
				return
			}
			var trouble *places.Trouble
			if !c.Checked && errors.As(c.Verdict, &trouble) { // the place, not the file: the others would fare no better
				yield(Complete{}, trouble)
				return
			}
			if ready && !yield(complete, nil) {
				return
			}
		}
	}
}

// list gives what lies in the folder.
func (b *Inbox) list(ctx context.Context) ([]places.Entry, error) {
	clear(b.made)
	found, err := b.folder.List(ctx, ".")
	if err != nil {
		return nil, err
	}
	b.sweep(found)
	return found, nil
}

// survey gives the settled candidates of a listing, oldest first.
func (b *Inbox) survey(ctx context.Context, found []places.Entry, now time.Time) ([]Candidate, error) {
	b.looked = now
	b.sightings.Begin()
	defer b.sightings.End()
	b.aside.Begin()
	defer b.aside.End()
	b.leaves = 0
	defer func() {
		if more := b.leaves - fewLines; more > 0 {
			b.Logger.Info("more in the inbox is left alone", "inbox", b.where, "count", more)
		}
	}()
	there := make(map[string]bool, len(found))
	for _, e := range found {
		there[e.Name] = true
	}
	for name := range b.refused {
		if !there[name] {
			delete(b.refused, name)
		}
	}
	var settled []Candidate
	for _, e := range found {
		if b.setApart(e, now) {
			continue
		}
		c, ok, err := b.sight(ctx, e, now)
		if err != nil {
			return nil, err
		}
		if ok && !c.Taken && c.Quiet(now, b.Settle) && b.free(ctx, c, there, now) {
			settled = append(settled, c)
		}
	}
	slices.SortFunc(settled, func(x, y Candidate) int {
		if c := x.Arrival.ModTime.Compare(y.Arrival.ModTime); c != 0 {
			return c
		}
		return strings.Compare(x.Name, y.Name)
	})
	return settled, nil
}

// wanted leaves out what is not meant for us, by name alone.
func (b *Inbox) wanted(name string) bool {
	return b.meant(name) && Match(b.Match, name)
}

// meant leaves out what programs keep for themselves, and markers.
func (b *Inbox) meant(name string) bool { return !Temporary(name) && !b.marker.Fits(name) }

// sight looks at one file. One that cannot be trusted is told once.
func (b *Inbox) sight(ctx context.Context, e places.Entry, now time.Time) (Candidate, bool, error) {
	if why := Unfit(e.Mode); why != "" {
		b.leave(e.Name, slog.LevelWarn, why)
		b.aside.See(e.Name, mark(e), now).Why = "inbox.unfit"
		return Candidate{}, false, nil
	}
	c := Candidate{arrival(e), b.sightings.See(e.Name, mark(e), now)}
	if b.remembers && c.Looks == 1 {
		id, err := b.Remembering.Seen(ctx, c.Identity())
		if err != nil {
			return Candidate{}, false, err
		}
		c.Taken = id != ""
	}
	return c, true, nil
}

// Unfit says why a thing of this kind is not taken, for the log; "" for a regular file.
func Unfit(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode&fs.ModeSymlink != 0:
		return "it is a symbolic link"
	case mode&fs.ModeDevice != 0:
		return "it is a device"
	case mode&fs.ModeNamedPipe != 0:
		return "it is a pipe"
	case mode&fs.ModeSocket != 0:
		return "it is a socket"
	}
	return "it is not a regular file"
}

// fewLines is how many files of one look the log names that are left alone; of a folder that others use, too, it counts the rest.
const fewLines = 20

// leave tells once that a file is left alone.
func (b *Inbox) leave(name string, level slog.Level, why string) {
	if b.refused == nil {
		b.refused = map[string]bool{}
	}
	if !b.refused[name] {
		b.refused[name] = true
		if b.leaves++; b.leaves > fewLines {
			return
		}
		b.Logger.Log(context.Background(), level, "a file in the inbox is left alone: "+why, "inbox", b.where, "file", name)
	}
}

// free reports that nobody holds the file open and that its marker is there. After the patience it is told, once,
// what the file waits for.
func (b *Inbox) free(ctx context.Context, c Candidate, there map[string]bool, now time.Time) bool {
	c.Waits = ""
	for _, lock := range Locks(c.Name) {
		if there[lock] {
			c.Waits = words.Of(b.Language, "inbox.locked", "lock", lock)
		}
	}
	if marker := b.marker.For(c.Name); b.marker != "" && !there[marker] {
		c.Waits = words.Of(b.Language, "inbox.unmarked", "marker", marker)
	}
	if c.Waits == "" && b.busy(ctx, c.Name) {
		c.Waits = words.Of(b.Language, "inbox.open")
	}
	if c.Waits == "" {
		return true
	}
	if now.Sub(c.First) >= b.Patience && c.Once("waits") {
		b.Logger.Warn("a file in the inbox waits", "inbox", b.where, "file", c.Name, "why", c.Waits)
	}
	return false
}

// busy reports whether a program has a file open for writing, where the place can tell; that it cannot is told once.
func (b *Inbox) busy(ctx context.Context, path string) bool {
	busy, known := b.folder.Busy(ctx, path)
	b.knows = known
	if !known && b.root != "" {
		b.blind.Do(func() {
			b.Logger.Info("whether a program still has a file open cannot be told here; files are whole when they do not change any more", "inbox", b.where)
		})
	}
	return busy
}

// judge asks whether the structure is closed, once for each state of the file.
func (b *Inbox) judge(ctx context.Context, c Candidate) (Complete, bool) {
	if ConflictCopy(c.Name) {
		return Complete{Arrival: c.Arrival, Stuck: words.Of(b.Language, "inbox.conflict_copy")}, true
	}
	if !c.Checked {
		verdict := b.whole(ctx, c.Arrival)
		if ctx.Err() != nil || errors.Is(verdict, ErrGone) {
			return Complete{}, false // the next look sees what it became
		}
		var unreadable *batch.Unreadable
		c.Verdict = verdict
		c.Checked = verdict == nil || errors.As(verdict, &unreadable)
	}
	why, whole := b.stuck(c)
	if whole {
		return Complete{Arrival: c.Arrival}, true
	}
	if why == "" || b.waited(c) < b.Patience {
		return Complete{}, false
	}
	return Complete{Arrival: c.Arrival, Stuck: why}, true
}

// stuck says what speaks against taking the file, or that it is whole. A fault of the disk or the line says nothing about the file.
func (b *Inbox) stuck(c Candidate) (why string, whole bool) {
	var unreadable *batch.Unreadable
	switch {
	case c.Verdict == nil:
		return "", true
	case errors.As(c.Verdict, &unreadable):
		said := words.Say(b.Language, unreadable.Message)
		return words.Of(b.Language, "inbox.never_whole", "patience", configs.Brief(b.Patience), "why", said), !unreadable.Incomplete
	case errors.Is(c.Verdict, fs.ErrPermission):
		return words.Of(b.Language, "inbox.no_right_to_read", "cause", places.Cause(c.Verdict)), false
	}
	if c.Once("fault") {
		b.Logger.Warn("a file in the inbox cannot be read now", "inbox", b.where, "file", c.Name, "error", c.Verdict)
	}
	return "", false
}

// followUp is when to look again before the timetable says so, for the files that are settling; zero when there are none.
// Where looks are scheduled, files that are incomplete or wait for something are followed up too, within the patience.
func (b *Inbox) followUp(now time.Time) time.Time {
	var first time.Time
	for _, s := range b.sightings.byName {
		settled := s.Quiet(now, b.Settle)
		if s.Taken || now.Sub(s.First) > b.Patience || settled && b.Schedule == "" {
			continue
		}
		due := s.First.Add(b.Settle)
		if settled {
			due = now.Add(b.Settle)
		}
		if soonest := now.Add(b.least); due.Before(soonest) {
			due = soonest
		}
		if first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first
}

// Waiting is how many files were still settling at the last look.
func (b *Inbox) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, s := range b.sightings.byName {
		if !s.Taken && !s.Quiet(b.looked, b.Settle) {
			n++
		}
	}
	return n
}

// Unready gives the files that have settled and wait for something, are not whole, or may not be read: for each its name and, in
// the route's language, why; and those that have not settled, of which nobody knows yet: why is "".
func (b *Inbox) Unready() iter.Seq2[string, string] {
	return func(yield func(name, why string) bool) {
		why := b.unready()
		for _, name := range slices.Sorted(maps.Keys(why)) {
			if !yield(name, why[name]) {
				return
			}
		}
	}
}

func (b *Inbox) unready() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string]string{}
	for name, s := range b.sightings.byName {
		why := cmp.Or(s.Waits, b.broken(s))
		if !s.Taken && (why != "" || !s.Quiet(b.looked, b.Settle)) {
			all[name] = why
		}
	}
	return all
}

// broken says why the file was not whole, or might not be read, when it was last asked; "" when neither.
func (b *Inbox) broken(s *Sighting) string {
	var unreadable *batch.Unreadable
	switch {
	case errors.As(s.Verdict, &unreadable) && unreadable.Incomplete:
		return words.Say(b.Language, unreadable.Message)
	case errors.Is(s.Verdict, fs.ErrPermission):
		return words.Of(b.Language, "inbox.no_right_to_read", "cause", places.Cause(s.Verdict))
	}
	return ""
}
