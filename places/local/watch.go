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
)

// leastPause keeps events from making looks too dense.
const leastPause = 100 * time.Millisecond

// watch holds the file events of the folder. They are a hint and never the truth: every look asks the folder.
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
	if !s.Watch {
		return
	}
	if kind := Networked(s.Dir); kind != "" {
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

func (w *watch) stop() error {
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

// Wait takes events for hints: that a file is written, too, so that it settles from its last byte on and not from the look that finds it longer.
// Of names that nobody wants they are read and forgotten.
func (f *folder) Wait(ctx context.Context, long time.Duration, wanted func(name string, came bool) bool) (bool, error) {
	events, faults := f.watch.channels()
	timer := time.NewTimer(long)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-timer.C:
			return false, nil
		case e, open := <-events:
			if !open {
				events = nil
			} else if e.Has(fsnotify.Create|fsnotify.Write|fsnotify.Remove|fsnotify.Rename) && wanted(filepath.Base(e.Name), e.Has(fsnotify.Create|fsnotify.Write)) {
				return true, nil
			}
		case err, open := <-faults:
			if !open {
				faults = nil
				continue
			}
			f.watch.overflown(err)
			return true, nil
		}
	}
}

// overflown tells of a fault; that events were lost is none.
func (w *watch) overflown(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.logger.Info("file events of the folder failed, it is looked at in full", "dir", w.dir, "error", err)
	}
}
