package local

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/rowferry/rowferry/inbox"
)

// leastPause keeps events from making looks too dense.
const leastPause = 250 * time.Millisecond

// watch holds the file events of the folder. They are a hint and never the truth: every look is a full one.
type watch struct {
	mu     sync.Mutex
	logger *slog.Logger
	dir    string
	events *fsnotify.Watcher // nil: polling only
	folder fs.FileInfo       // what is watched under the name
	told   bool
}

func (w *watch) open(s Settings) {
	w.logger, w.dir = s.Logger, s.Dir
	if s.PollOnly {
		return
	}
	if kind := networked(s.Dir); kind != "" {
		s.Logger.Info("the inbox lies on a network file system and is polled", "dir", s.Dir, "kind", kind)
		return
	}
	events, err := fsnotify.NewWatcher()
	if err != nil {
		s.Logger.Info("no file events on this machine now, the inbox is polled", "dir", s.Dir, "error", err)
		return
	}
	w.events = events
}

// follow makes sure that the folder which now has the name is the one watched.
func (w *watch) follow(info fs.FileInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.events == nil || w.folder != nil && os.SameFile(w.folder, info) && len(w.events.WatchList()) > 0 {
		return
	}
	_ = w.events.Remove(w.dir) // of the folder that had the name before
	if err := w.events.Add(w.dir); err != nil {
		w.folder = nil
		if !w.told {
			w.logger.Info("no file events for the inbox now, it is polled", "dir", w.dir, "error", err)
		}
		w.told = true
		return
	}
	w.folder, w.told = info, false
}

func (w *watch) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.events == nil {
		return nil
	}
	err := w.events.Close()
	w.events = nil
	return err
}

// channels are nil where there are no events.
func (w *watch) channels() (<-chan fsnotify.Event, <-chan error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.events == nil {
		return nil, nil
	}
	return w.events.Events, w.events.Errors
}

// Wait returns when the timetable says so, when a settling file may have settled, or shortly after something appeared.
func (p *place) Wait(ctx context.Context) error {
	events, faults := p.watch.channels()
	var soon time.Time // when the look is due that events ask for
	for {
		left := p.rhythm.Left()
		if !soon.IsZero() {
			left = min(left, max(0, soon.Sub(p.Clock())))
		}
		if left == 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		case e, open := <-events:
			if !open {
				events = nil
			} else if soon.IsZero() && p.hints(e) {
				soon = p.rhythm.NotBefore(leastPause)
			}
		case err, open := <-faults:
			if !open {
				faults = nil
			} else if soon.IsZero() {
				soon = p.rhythm.NotBefore(leastPause)
				p.overflown(err)
			}
		}
		timer.Stop()
	}
}

func (p *place) overflown(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		p.Logger.Info("file events of the inbox failed, it is looked at in full", "dir", p.Dir, "error", err)
	}
}

// hints reports whether an event may mean work: a file appeared under a name of interest, or a lock or marker came or went.
// Where the timetable is a schedule, only the schedule counts.
func (p *place) hints(e fsnotify.Event) bool {
	if p.Schedule != "" || !e.Has(fsnotify.Create) && !e.Has(fsnotify.Remove) && !e.Has(fsnotify.Rename) {
		return false
	}
	name := filepath.Base(e.Name)
	switch name {
	case inbox.Processing, inbox.Archived, inbox.Duplicates, inbox.Quarantine:
		return false
	}
	return e.Has(fsnotify.Create) && p.lookout.Wanted(name) || p.marker.Fits(name) || len(name) > 2 && (name[:2] == "~$" || name[:2] == ".~")
}

// Close ends the watching.
func (p *place) Close() error { return p.watch.close() }
