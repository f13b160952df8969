package local

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/rowferry/rowferry/places"
)

const (
	settled = 2 * time.Second // how old a change must be when the folder is listed: the system notes changes in steps, and a later one could look the same
	believe = time.Minute     // how long a listing is believed at most
)

// quiet remembers the last listing of a folder in which no file lay. Whatever comes or goes in a folder moves the time of its last change,
// which nobody can set: as long as that and the folder are the same, so is what lies there. A file that lies there may grow without
// that, so where one does, nothing is remembered.
type quiet struct {
	mu     sync.Mutex
	folder fs.FileInfo // before it was listed; nil: nothing is remembered
	listed time.Time
	found  []places.Entry
}

// same gives the last listing where the folder is as it was then.
func (q *quiet) same(now fs.FileInfo, at time.Time) ([]places.Entry, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.folder == nil || now == nil || at.Sub(q.listed) >= believe || !os.SameFile(q.folder, now) {
		return nil, false
	}
	then, _ := changed(q.folder)
	since, _ := changed(now)
	return slices.Clone(q.found), then.Equal(since)
}

// note remembers a listing.
func (q *quiet) note(folder fs.FileInfo, at time.Time, found []places.Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.folder = nil
	if folder == nil || slices.ContainsFunc(found, func(e places.Entry) bool { return !e.Mode.IsDir() }) {
		return
	}
	if last, told := changed(folder); told && at.Sub(last) >= settled {
		q.folder, q.listed, q.found = folder, at, slices.Clone(found)
	}
}
