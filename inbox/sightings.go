package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/rowferry/rowferry/places"
)

// Mark is what must not change while a file settles.
type Mark struct {
	Size    int64
	ModTime int64  // nanoseconds since 1970, as precise as the place tells
	Node    uint64 // inode; 0 where there is none
}

func mark(e places.Entry) Mark { return Mark{e.Size, e.ModTime.UnixNano(), e.Node} }

// Sighting is one file as the last looks saw it.
type Sighting struct {
	Mark
	First time.Time // on our own clock, when it was first seen so
	Looks int       // how many looks saw it so

	Checked bool            // the structure was checked for this mark
	Verdict error           // what came of it
	Waits   string          // what it waits for although it has settled, in the route's language
	Why     string          // it lies aside: what whoever dropped it is told, a key of words
	Empty   bool            // it is a folder in which nothing lies
	Taken   bool            // claimed before, from a place that keeps its files
	Told    map[string]bool // what was said about it
	look    int
}

// Quiet reports whether the file was unchanged over two looks and the settle time.
func (s *Sighting) Quiet(now time.Time, settle time.Duration) bool {
	return s.Looks >= 2 && now.Sub(s.First) >= settle
}

// Once reports true the first time it is asked about a subject while the file stays as it is.
func (s *Sighting) Once(subject string) bool {
	if s.Told[subject] {
		return false
	}
	if s.Told == nil {
		s.Told = map[string]bool{}
	}
	s.Told[subject] = true
	return true
}

// Sightings remembers from look to look. Time is what the caller's monotonic clock says; the file's own time
// is only compared with itself.
type Sightings struct {
	byName map[string]*Sighting
	look   int
}

// Begin starts a look.
func (s *Sightings) Begin() {
	if s.byName == nil {
		s.byName = map[string]*Sighting{}
	}
	s.look++
}

// See notes a file of this look.
func (s *Sightings) See(name string, m Mark, now time.Time) *Sighting {
	seen := s.byName[name]
	if seen == nil || seen.Mark != m {
		seen = &Sighting{Mark: m, First: now}
		s.byName[name] = seen
	}
	if seen.look != s.look {
		seen.Looks++
		seen.look = s.look
	}
	return seen
}

// End forgets the files that this look did not see.
func (s *Sightings) End() {
	for name, seen := range s.byName {
		if seen.look != s.look {
			delete(s.byName, name)
		}
	}
}

// Forget tells that a file was moved away, or changed so that what is known of it is void.
func (s *Sightings) Forget(name string) { delete(s.byName, name) }

// Identity is how a file that stays where it is gets recognised: name, size and modification time.
func (a Arrival) Identity() string {
	return fmt.Sprintf("%s|%d|%s", noteKey(a.Name), a.Size, a.ModTime.UTC().Format(time.RFC3339Nano))
}

// Remembering is the memory of a place that leaves its files where they are (after: keep, or a server that permits no
// rename). The ledger holds it, per route; it must outlast a restart.
type Remembering interface {
	// Seen gives the id under which an arrival of this identity was claimed, "" when it never was.
	Seen(ctx context.Context, identity string) (id string, err error)

	// Remember binds an identity to the id that claims it. Done again with the same id it changes nothing;
	// ErrGone when another id has it.
	Remember(ctx context.Context, identity, id string) error
}

// Forgetful is a Remembering that lasts as long as the process. After a restart every file that was kept is
// fetched again and recognised by its content.
type Forgetful struct{ ids map[string]string }

// Seen gives the id of an identity.
func (f *Forgetful) Seen(_ context.Context, identity string) (string, error) {
	return f.ids[identity], nil
}

// Remember binds an identity to an id.
func (f *Forgetful) Remember(_ context.Context, identity, id string) error {
	if f.ids == nil {
		f.ids = map[string]string{}
	}
	if owner := f.ids[identity]; owner != "" && owner != id {
		return ErrGone
	}
	f.ids[identity] = id
	return nil
}
