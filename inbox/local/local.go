package local

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/words"
)

type place struct {
	Settings
	marker    inbox.Marker
	rhythm    inbox.Rhythm
	watch     watch
	sightings inbox.Sightings
	refused   map[string]bool // names told in the log
}

// found is one candidate of a look.
type found struct {
	inbox.Arrival
	*inbox.Sighting
}

// Look lists the folder once, and asks each name of interest for its state once.
func (p *place) Look(ctx context.Context) iter.Seq2[inbox.Complete, error] {
	return func(yield func(inbox.Complete, error) bool) {
		p.rhythm.Began()
		began := p.Clock()
		waiting, err := p.survey(ctx, began)
		p.rhythm.Listed()
		defer func() { p.rhythm.Ended(p.followUp(began)) }()
		if err != nil {
			yield(inbox.Complete{}, err)
			return
		}
		for _, f := range waiting {
			complete, ready := p.judge(ctx, f)
			if ctx.Err() != nil {
				yield(inbox.Complete{}, ctx.Err())
				return
			}
			if ready && !yield(complete, nil) {
				return
			}
		}
	}
}

// survey is the full look: the settled candidates, oldest first.
func (p *place) survey(ctx context.Context, now time.Time) ([]found, error) {
	names, err := p.list()
	if err != nil {
		p.sightings = inbox.Sightings{}
		return nil, err
	}
	p.sightings.Begin()
	defer p.sightings.End()
	there := make(map[string]bool, len(names))
	for _, n := range names {
		there[n] = true
	}
	p.forgetRefused(there)
	var settled []found
	for _, name := range names {
		if !p.wanted(name) {
			continue
		}
		f, ok, err := p.sight(ctx, name, now)
		if err != nil {
			return nil, err
		}
		if ok && !f.Taken && f.Settled(now, p.Settle) && p.free(f, there, now) {
			settled = append(settled, f)
		}
	}
	slices.SortFunc(settled, func(a, b found) int {
		if c := a.Arrival.ModTime.Compare(b.Arrival.ModTime); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return settled, nil
}

// list gives the names in the folder, or a *inbox.Trouble.
func (p *place) list() ([]string, error) {
	info, err := os.Stat(p.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, p.say("inbox.missing", err)
	case err != nil:
		return nil, p.say("inbox.unlisted", err)
	case !info.IsDir():
		return nil, p.say("inbox.not_a_folder", nil)
	}
	if p.After != Keep {
		if err := writable(p.Dir); err != nil {
			return nil, p.say("inbox.unwritable", err)
		}
	}
	p.watch.follow(info)
	folder, err := os.Open(p.Dir)
	if err != nil {
		return nil, p.say("inbox.unlisted", err)
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return nil, p.say("inbox.unlisted", err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (p *place) say(key string, cause error) error {
	return &inbox.Trouble{Message: words.Message(key, "dir", p.Dir, "cause", plain(cause)), Err: cause}
}

// plain is the cause without the path, which the sentence names.
func plain(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// wanted leaves out what is not meant for us, by name alone.
func (p *place) wanted(name string) bool {
	return !inbox.Temporary(name) && !p.marker.Fits(name) && inbox.Match(p.Match, name)
}

// sight looks at one file without following links. Files that cannot be trusted are told once.
func (p *place) sight(ctx context.Context, name string, now time.Time) (found, bool, error) {
	if why := inbox.Untrusted(name); why != "" {
		p.refuse(name, why)
		return found{}, false, nil
	}
	info, err := os.Lstat(filepath.Join(p.Dir, name))
	if err != nil {
		return found{}, false, nil // it went between the listing and now
	}
	if why := unfit(info.Mode()); why != "" {
		p.refuse(name, why)
		return found{}, false, nil
	}
	f := found{
		Arrival:  inbox.Arrival{Name: name, Size: info.Size(), ModTime: info.ModTime()},
		Sighting: p.sightings.See(name, markOf(info), now),
	}
	if p.After == Keep && f.Looks == 1 {
		id, err := p.Remembering.Seen(ctx, f.Identity())
		if err != nil {
			return found{}, false, err
		}
		f.Taken = id != ""
	}
	return f, true, nil
}

func markOf(info fs.FileInfo) inbox.Mark {
	return inbox.Mark{Size: info.Size(), ModTime: info.ModTime().UnixNano(), Node: node(info)}
}

func unfit(mode fs.FileMode) string {
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

// refuse tells once that a file is left alone.
func (p *place) refuse(name, why string) {
	if p.refused == nil {
		p.refused = map[string]bool{}
	}
	if !p.refused[name] {
		p.refused[name] = true
		p.Logger.Warn("a file in the inbox is left alone: "+why, "dir", p.Dir, "file", name)
	}
}

func (p *place) forgetRefused(there map[string]bool) {
	for name := range p.refused {
		if !there[name] {
			delete(p.refused, name)
		}
	}
}

// free reports that nobody holds the file open and that its marker is there. After the patience it is told, once,
// what the file waits for.
func (p *place) free(f found, there map[string]bool, now time.Time) bool {
	waitsFor := ""
	for _, lock := range inbox.Locks(f.Name) {
		if there[lock] {
			waitsFor = lock + " to go: the file is open in an office program, or was when it crashed"
		}
	}
	if marker := p.marker.For(f.Name); p.marker != "" && !there[marker] {
		waitsFor = "its marker " + marker
	}
	if waitsFor == "" {
		return true
	}
	if now.Sub(f.First) >= p.Patience && f.Once("waits") {
		p.Logger.Warn("a file in the inbox waits for "+waitsFor, "dir", p.Dir, "file", f.Name)
	}
	return false
}

// judge asks whether the structure is closed, once for each state of the file.
func (p *place) judge(ctx context.Context, f found) (inbox.Complete, bool) {
	path := filepath.Join(p.Dir, f.Name)
	if !f.Checked {
		verdict := p.Whole(ctx, path)
		info, err := os.Lstat(path)
		if ctx.Err() != nil || err != nil || markOf(info) != f.Mark {
			return inbox.Complete{}, false // the next look sees what it became
		}
		f.Verdict = verdict
		var unreadable *batch.Unreadable
		f.Checked = verdict == nil || errors.As(verdict, &unreadable)
	}
	why, whole := p.stuck(f)
	if whole {
		return inbox.Complete{Arrival: f.Arrival}, true
	}
	if why == "" || p.Clock().Sub(f.First) < p.Patience {
		return inbox.Complete{}, false
	}
	return inbox.Complete{Arrival: f.Arrival, Stuck: why}, true
}

// stuck says what speaks against taking the file, or that it is whole. A fault of the disk says nothing about the file.
func (p *place) stuck(f found) (why string, whole bool) {
	var unreadable *batch.Unreadable
	switch {
	case f.Verdict == nil:
		return "", true
	case errors.As(f.Verdict, &unreadable):
		said := words.Say(p.Language, unreadable.Message)
		return words.Of(p.Language, "inbox.never_whole", "patience", shown(p.Patience), "why", said), !unreadable.Incomplete
	case errors.Is(f.Verdict, fs.ErrPermission):
		return words.Of(p.Language, "inbox.no_right_to_read", "cause", plain(f.Verdict)), false
	}
	if f.Once("fault") {
		p.Logger.Warn("a file in the inbox cannot be read now", "dir", p.Dir, "file", f.Name, "error", f.Verdict)
	}
	return "", false
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
func (p *place) followUp(now time.Time) time.Time {
	var first time.Time
	for s := range p.sightings.All() {
		settled := s.Settled(now, p.Settle)
		if s.Taken || now.Sub(s.First) > p.Patience || settled && p.Schedule == "" {
			continue
		}
		due := s.First.Add(p.Settle)
		if settled {
			due = now.Add(p.Settle)
		}
		if soonest := now.Add(leastPause); due.Before(soonest) {
			due = soonest
		}
		if first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first
}
