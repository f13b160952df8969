package inbox

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Whatever somebody dropped has a fate that they are told. What is not taken lies aside: it is seen at each look, and told of when it has lain
// there as it is for longer than the patience.

// Aside is something that lies in the inbox and is not taken.
type Aside struct {
	Arrival        // of a folder its name, with a slash at its end
	Said    string // to whoever dropped it, in the route's language
	Waits   bool   // it is taken once it need not wait any more
}

// broughtToAnEnd is how long an upload is waited for, whatever the patience, before it is told of as one that broke off.
const broughtToAnEnd = time.Hour

// setApart reports that a thing is no file for us to take. What its sender may be waiting for is noted, and told in the log.
func (b *Inbox) setApart(e places.Entry, now time.Time) bool {
	why := ""
	switch {
	case b.marker.Fits(e.Name):
	case e.Mode.IsDir():
		if ownFolder(e.Name) || KeptBySystems(e.Name) {
			return true
		}
		why = "inbox.folder"
		b.leave(e.Name, slog.LevelInfo, "it is a folder")
	case Unfinished(e.Name):
		why = "inbox.unfinished"
	case Temporary(e.Name):
	case Untrusted(e.Name) != "":
		why = "inbox.misnamed"
		b.leave(e.Name, slog.LevelWarn, Untrusted(e.Name))
	case !Match(b.Match, e.Name):
		why = misfit(e.Name)
		b.leave(e.Name, slog.LevelInfo, "its name does not fit the route's match")
	default:
		return false
	}
	if why != "" && (e.Mode.IsRegular() || e.Mode.IsDir()) {
		b.aside.See(e.Name, mark(e), now).Why = why
	}
	return true
}

// misfit is what is said of a name that does not fit: of what people drop in place of a file they are told what to drop.
func misfit(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".lnk", ".url", ".webloc", ".desktop", ".gsheet":
		return "inbox.shortcut"
	case ".eml", ".msg":
		return "inbox.mail"
	}
	return "inbox.misfit"
}

// Fits reports whether a file of this name would be taken from an inbox.
func Fits(in configs.Inbox, name string) bool {
	return !Temporary(name) && Untrusted(name) == "" && !Marker(in.Done).Fits(name) && Match(in.Match, name)
}

func ownFolder(name string) bool {
	return name == Processing || name == Archived || name == Duplicates || name == Quarantine
}

// Untaken gives what lies aside, and the files that wait: see Place.
func (b *Inbox) Untaken(ctx context.Context) []Aside {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Aside
	for _, name := range slices.Sorted(maps.Keys(b.aside.byName)) {
		s := b.aside.byName[name]
		if b.lain(name, s, b.looked) >= b.bears(s) && (s.Why != "inbox.folder" || b.holdsSomething(ctx, name, s)) {
			all = append(all, b.tell(name, s))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.sightings.byName)) {
		s := b.sightings.byName[name]
		if s.Waits != "" && !s.Taken && b.lain(name, s, b.looked) >= b.Patience {
			all = append(all, Aside{Arrival: s.arrival(name), Said: words.Of(b.Language, "inbox.waits", "name", name, "why", s.Waits), Waits: true})
		}
	}
	return all
}

// bears is how long nothing is said of a thing that lies aside.
func (b *Inbox) bears(s *Sighting) time.Duration {
	if s.Why == "inbox.unfinished" {
		return max(b.Patience, broughtToAnEnd)
	}
	return b.Patience
}

func (b *Inbox) tell(name string, s *Sighting) Aside {
	a := s.arrival(name)
	if s.Why == "inbox.folder" { // of one in which people keep things it is said once a month
		a.Name, a.Size = name+"/", 0
		a.ModTime = time.Date(a.ModTime.UTC().Year(), a.ModTime.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return Aside{Arrival: a, Said: words.Of(b.Language, s.Why, "name", Tame(name), "long", configs.Brief(b.bears(s)))}
}

func (s *Sighting) arrival(name string) Arrival {
	return Arrival{Name: name, Size: s.Size, ModTime: time.Unix(0, s.Mark.ModTime)}
}

// holdsSomething reports whether there is anything in a folder that somebody may have meant for us, as far as we may look into it.
func (b *Inbox) holdsSomething(ctx context.Context, name string, s *Sighting) bool {
	if s.Checked {
		return !s.Empty
	}
	found, err := b.folder.List(ctx, name)
	if places.MayPass(err) || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return false // asked again at the next look
	}
	s.Checked = true
	s.Empty = err == nil && !slices.ContainsFunc(found, func(e places.Entry) bool { return !Temporary(e.Name) && !KeptBySystems(e.Name) })
	return !s.Empty
}

// KeptBySystems reports whether systems and their file servers keep a folder of this name for themselves.
func KeptBySystems(name string) bool {
	low := strings.ToLower(name)
	return strings.HasPrefix(low, ".") || strings.HasPrefix(low, "@") || strings.HasPrefix(low, "#") || strings.HasPrefix(low, "$") ||
		slices.Contains([]string{"lost+found", "system volume information", "recycler", "__macosx", "network trash folder", "temporary items"}, low)
}
