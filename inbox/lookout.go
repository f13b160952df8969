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
	"github.com/rowferry/rowferry/words"
)

// Lookout decides, from one full listing after another, which files are complete. All places share it, so that a file is
// complete by the same rules wherever it lies. Its methods are called by one goroutine at a time.
type Lookout struct {
	Where       string // for the log
	Settle      time.Duration
	Patience    time.Duration
	LeastPause  time.Duration // between looks that nobody scheduled
	Match       []string
	Marker      Marker
	Scheduled   bool // looks follow a schedule, so whatever waits is followed up
	Language    batch.Language
	Remembering Remembering // nil: the place moves what it takes
	Note        Note        // since when files are not whole; nil: that ends with the process
	Logger      *slog.Logger
	Rhythm      *Rhythm

	// Whole says whether the structure of a settled file is closed: see local.Settings. ErrGone: it changed.
	Whole func(ctx context.Context, a Arrival) error

	sightings Sightings
	looked    time.Time        // when the last look began
	refused   map[string]bool  // names told in the log
	noted     map[string]noted // files that were not whole
}

// Listing is one full look at a folder.
type Listing struct {
	Names []string                        // without folders
	State func(name string) (State, bool) // of one of them, links not followed; false: it is not there any more
}

// State is what a place tells of one file.
type State struct {
	Size    int64
	ModTime time.Time
	Node    uint64 // inode; 0 where there is none
	Mode    fs.FileMode
}

// Mark is what must not change of it.
func (s State) Mark() Mark { return Mark{s.Size, s.ModTime.UnixNano(), s.Node} }

// Candidate is a file of a look.
type Candidate struct {
	Arrival
	*Sighting
}

// Look makes one look: list is called once, Whole once for each state of each settled file.
func (l *Lookout) Look(ctx context.Context, list func() (Listing, error)) iter.Seq2[Complete, error] {
	return func(yield func(Complete, error) bool) {
		l.Rhythm.Began()
		began := l.Rhythm.Now()
		listing, err := list()
		var settled []Candidate
		if err == nil {
			settled, err = l.survey(ctx, listing, began)
		}
		l.Rhythm.Listed()
		defer func() { l.Rhythm.Ended(l.followUp(began)) }()
		if err != nil {
			yield(Complete{}, err)
			return
		}
		l.recall(ctx)
		defer l.note(ctx)
		for _, c := range settled {
			complete, ready := l.judge(ctx, c)
			if ctx.Err() != nil {
				yield(Complete{}, ctx.Err())
				return
			}
			var trouble *Trouble
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

// survey gives the settled candidates of a listing, oldest first.
func (l *Lookout) survey(ctx context.Context, listing Listing, now time.Time) ([]Candidate, error) {
	l.looked = now
	l.sightings.Begin()
	defer l.sightings.End()
	there := make(map[string]bool, len(listing.Names))
	for _, n := range listing.Names {
		there[n] = true
	}
	for name := range l.refused {
		if !there[name] {
			delete(l.refused, name)
		}
	}
	var settled []Candidate
	for _, name := range listing.Names {
		if !l.meant(name) {
			continue
		}
		if !Match(l.Match, name) {
			l.pass(name, listing)
			continue
		}
		c, ok, err := l.sight(ctx, name, listing, now)
		if err != nil {
			return nil, err
		}
		if ok && !c.Taken && c.Settled(now, l.Settle) && l.free(c, there, now) {
			settled = append(settled, c)
		}
	}
	slices.SortFunc(settled, func(a, b Candidate) int {
		if c := a.Arrival.ModTime.Compare(b.Arrival.ModTime); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return settled, nil
}

// Wanted leaves out what is not meant for us, by name alone.
func (l *Lookout) Wanted(name string) bool {
	return l.meant(name) && Match(l.Match, name)
}

// meant leaves out what programs keep for themselves, and markers.
func (l *Lookout) meant(name string) bool { return !Temporary(name) && !l.Marker.Fits(name) }

// pass tells once of a file that whoever dropped it may be waiting for: nothing but the globs speaks against it.
func (l *Lookout) pass(name string, listing Listing) {
	if l.refused[name] || Untrusted(name) != "" {
		return
	}
	if state, ok := listing.State(name); ok && state.Mode.IsRegular() {
		l.leave(name, slog.LevelInfo, "its name does not fit the route's match")
	}
}

// sight looks at one file. One that cannot be trusted is told once.
func (l *Lookout) sight(ctx context.Context, name string, listing Listing, now time.Time) (Candidate, bool, error) {
	if why := Untrusted(name); why != "" {
		l.refuse(name, why)
		return Candidate{}, false, nil
	}
	state, ok := listing.State(name)
	if !ok {
		return Candidate{}, false, nil
	}
	if why := Unfit(state.Mode); why != "" {
		l.refuse(name, why)
		return Candidate{}, false, nil
	}
	c := Candidate{Arrival{Name: name, Size: state.Size, ModTime: state.ModTime}, l.sightings.See(name, state.Mark(), now)}
	if l.Remembering != nil && c.Looks == 1 {
		id, err := l.Remembering.Seen(ctx, c.Identity())
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

// refuse tells once that a file is left alone that cannot be trusted.
func (l *Lookout) refuse(name, why string) { l.leave(name, slog.LevelWarn, why) }

// leave tells once that a file is left alone.
func (l *Lookout) leave(name string, level slog.Level, why string) {
	if l.refused == nil {
		l.refused = map[string]bool{}
	}
	if !l.refused[name] {
		l.refused[name] = true
		l.Logger.Log(context.Background(), level, "a file in the inbox is left alone: "+why, "inbox", l.Where, "file", name)
	}
}

// free reports that nobody holds the file open and that its marker is there. After the patience it is told, once,
// what the file waits for.
func (l *Lookout) free(c Candidate, there map[string]bool, now time.Time) bool {
	c.Waits = ""
	for _, lock := range Locks(c.Name) {
		if there[lock] {
			c.Waits = words.Of(l.Language, "inbox.locked", "lock", lock)
		}
	}
	if marker := l.Marker.For(c.Name); l.Marker != "" && !there[marker] {
		c.Waits = words.Of(l.Language, "inbox.unmarked", "marker", marker)
	}
	if c.Waits == "" {
		return true
	}
	if now.Sub(c.First) >= l.Patience && c.Once("waits") {
		l.Logger.Warn("a file in the inbox waits", "inbox", l.Where, "file", c.Name, "why", c.Waits)
	}
	return false
}

// judge asks whether the structure is closed, once for each state of the file.
func (l *Lookout) judge(ctx context.Context, c Candidate) (Complete, bool) {
	if !c.Checked {
		verdict := l.Whole(ctx, c.Arrival)
		if ctx.Err() != nil || errors.Is(verdict, ErrGone) {
			return Complete{}, false // the next look sees what it became
		}
		var unreadable *batch.Unreadable
		c.Verdict = verdict
		c.Checked = verdict == nil || errors.As(verdict, &unreadable)
	}
	why, whole := l.stuck(c)
	if whole {
		return Complete{Arrival: c.Arrival}, true
	}
	if why == "" || l.waited(c) < l.Patience {
		return Complete{}, false
	}
	return Complete{Arrival: c.Arrival, Stuck: why}, true
}

// stuck says what speaks against taking the file, or that it is whole. A fault of the disk or the line says nothing about the file.
func (l *Lookout) stuck(c Candidate) (why string, whole bool) {
	var unreadable *batch.Unreadable
	switch {
	case c.Verdict == nil:
		return "", true
	case errors.As(c.Verdict, &unreadable):
		said := words.Say(l.Language, unreadable.Message)
		return words.Of(l.Language, "inbox.never_whole", "patience", shown(l.Patience), "why", said), !unreadable.Incomplete
	case errors.Is(c.Verdict, fs.ErrPermission):
		return words.Of(l.Language, "inbox.no_right_to_read", "cause", Cause(c.Verdict)), false
	}
	if c.Once("fault") {
		l.Logger.Warn("a file in the inbox cannot be read now", "inbox", l.Where, "file", c.Name, "error", c.Verdict)
	}
	return "", false
}

// Cause is an error without the path, which the sentence around it names.
func Cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// shown is a duration as people write it: 10m, not 10m0s.
func shown(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// followUp is when to look again before the timetable says so, for the files that are settling; zero when there are none.
// Where looks are scheduled, files that are incomplete or wait for something are followed up too, within the patience.
func (l *Lookout) followUp(now time.Time) time.Time {
	var first time.Time
	for _, s := range l.sightings.byName {
		settled := s.Settled(now, l.Settle)
		if s.Taken || now.Sub(s.First) > l.Patience || settled && !l.Scheduled {
			continue
		}
		due := s.First.Add(l.Settle)
		if settled {
			due = now.Add(l.Settle)
		}
		if soonest := now.Add(l.LeastPause); due.Before(soonest) {
			due = soonest
		}
		if first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first
}

// Waiting is how many files were still settling at the last look.
func (l *Lookout) Waiting() int {
	n := 0
	for _, s := range l.sightings.byName {
		if !s.Taken && !s.Settled(l.looked, l.Settle) {
			n++
		}
	}
	return n
}

// Unready gives the files that have settled and wait for something, are not whole, or may not be read: for each its name and, in
// the route's language, why.
func (l *Lookout) Unready() iter.Seq2[string, string] {
	return func(yield func(name, why string) bool) {
		for _, name := range slices.Sorted(maps.Keys(l.sightings.byName)) {
			s := l.sightings.byName[name]
			if s.Taken {
				continue
			}
			if why := cmp.Or(s.Waits, l.broken(s)); why != "" && !yield(name, why) {
				return
			}
		}
	}
}

// broken says why the file was not whole, or might not be read, when it was last asked; "" when neither.
func (l *Lookout) broken(s *Sighting) string {
	var unreadable *batch.Unreadable
	switch {
	case errors.As(s.Verdict, &unreadable) && unreadable.Incomplete:
		return words.Say(l.Language, unreadable.Message)
	case errors.Is(s.Verdict, fs.ErrPermission):
		return words.Of(l.Language, "inbox.no_right_to_read", "cause", Cause(s.Verdict))
	}
	return ""
}

// Seen is the file as the last look saw it, or nil.
func (l *Lookout) Seen(name string) *Sighting { return l.sightings.byName[name] }

// Claimed tells that a file was moved away, or changed so that what is known of it is void.
func (l *Lookout) Claimed(name string) { delete(l.sightings.byName, name) }

// All gives every file that the last look saw.
func (l *Lookout) All() iter.Seq2[string, *Sighting] {
	return func(yield func(string, *Sighting) bool) {
		for name, s := range l.sightings.byName {
			if !yield(name, s) {
				return
			}
		}
	}
}
