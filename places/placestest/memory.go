package placestest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
)

// Memory is a place in memory, and its own World. It fails on request.
type Memory struct {
	t  testing.TB
	mu sync.Mutex

	things map[string]*thing // by path; folders too
	nodes  uint64

	calls int
	at    int // which call fails; 0: none
	how   Fault
}

type thing struct {
	places.Entry
	content string
}

// Fault is how a call fails.
type Fault int

// A call may fail before anything happens, after it came to its end, after half of it (what can be half done), or it is made twice,
// because the first answer was lost, and the second answer counts.
const (
	Before Fault = iota
	After
	Half
	Twice
)

// NewMemory is an empty place.
func NewMemory(t testing.TB) *Memory {
	return &Memory{t: t, things: map[string]*thing{".": {Entry: places.Entry{Mode: fs.ModeDir | 0o755}}}}
}

// FailAt makes the n-th call from now on fail, counted from 1, in any folder; 0: none does. Calls gives how many there were.
func (m *Memory) FailAt(n int, how Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.at, m.how = 0, n, how
}

// Calls is how many calls there were since FailAt.
func (m *Memory) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

var errFault = &places.Trouble{Message: batch.Message{Text: batch.Text{EN: "the line broke"}}, Passes: true, Err: errors.New("a fault on request")}

// call makes a call, with the fault if it is its turn. half is what is done of it at Half; nil: nothing.
func (m *Memory) call(ctx context.Context, whole func() error, half func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.calls++
	if m.calls != m.at {
		return whole()
	}
	switch m.how {
	case After:
		_ = whole()
	case Half:
		if half != nil {
			half()
		}
	case Twice:
		_ = whole()
		return whole()
	}
	return errFault
}

// Folder is a folder of the place.
func (m *Memory) Folder(dir string) places.Folder { return &inMemory{m, path.Clean(dir)} }

type inMemory struct {
	*Memory
	dir string
}

func (f *inMemory) path(name string) string { return path.Join(f.dir, name) }

func failed(op, name string, why error) error { return &fs.PathError{Op: op, Path: name, Err: why} }

func (m *Memory) find(name string) (*thing, error) {
	if found := m.things[name]; found != nil {
		return found, nil
	}
	return nil, failed("stat", name, fs.ErrNotExist)
}

func (m *Memory) add(name string, mode fs.FileMode, content string) *thing {
	m.nodes++
	added := &thing{places.Entry{Name: path.Base(name), Size: int64(len(content)), ModTime: time.Now(), Node: m.nodes, Mode: mode}, content}
	m.things[name] = added
	return added
}

func (f *inMemory) List(ctx context.Context, name string) (found []places.Entry, err error) {
	err = f.call(ctx, func() error {
		found = nil
		folder, err := f.find(f.path(name))
		if err == nil && !folder.Mode.IsDir() {
			err = places.ErrNotAFolder
		}
		for at, e := range f.things {
			if err == nil && at != "." && path.Dir(at) == f.path(name) {
				found = append(found, e.Entry)
			}
		}
		return err
	}, nil)
	if err != nil && name == "." && ctx.Err() == nil {
		err = f.Tell(places.Missing, name, err)
	}
	return found, err
}

func (f *inMemory) Stat(ctx context.Context, name string) (e places.Entry, err error) {
	err = f.call(ctx, func() error {
		found, err := f.find(f.path(name))
		if err == nil {
			e = found.Entry
		}
		return err
	}, nil)
	return e, err
}

func (f *inMemory) Fetch(ctx context.Context, name string, as places.Entry, at int64, w io.Writer) error {
	content := ""
	same := func() error {
		found, err := f.find(f.path(name))
		if err != nil {
			return err
		}
		if !found.Mode.IsRegular() || found.Size != as.Size || !found.ModTime.Equal(as.ModTime) || at > found.Size {
			return places.ErrChanged
		}
		content = found.content[at:]
		return nil
	}
	if err := f.call(ctx, same, nil); err != nil {
		return err
	}
	if _, err := io.WriteString(w, content); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return same()
}

func (f *inMemory) Busy(context.Context, string) (busy, known bool) { return false, false }

func (f *inMemory) Write(ctx context.Context, name string, content io.ReaderAt, size int64, arrived *int64) error {
	text := make([]byte, size)
	if n, err := content.ReadAt(text, 0); int64(n) < size {
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	write := func(text string) error {
		if folder, err := f.find(path.Dir(f.path(name))); err != nil || !folder.Mode.IsDir() {
			return failed("write", name, fs.ErrNotExist)
		}
		if there := f.things[f.path(name)]; there != nil && !there.Mode.IsRegular() {
			return failed("write", name, fs.ErrExist)
		}
		f.add(f.path(name), 0o644, text)
		if arrived != nil {
			*arrived = int64(len(text))
		}
		return nil
	}
	return f.call(ctx, func() error { return write(string(text)) }, func() { _ = write(string(text[:size/2])) })
}

func (f *inMemory) Move(ctx context.Context, from, to string) error {
	return f.call(ctx, func() error { return f.rename(f.path(from), f.path(to)) }, nil)
}

func (f *inMemory) Take(ctx context.Context, from, to string) error { return f.Move(ctx, from, to) }

func (m *Memory) rename(from, to string) error {
	moved := m.things[from]
	switch {
	case m.things[to] != nil:
		return failed("move", to, fs.ErrExist)
	case moved == nil:
		return failed("move", from, fs.ErrNotExist)
	case m.things[path.Dir(to)] == nil:
		return errors.New("the folder " + path.Dir(to) + " is missing")
	}
	delete(m.things, from)
	moved.Name = path.Base(to)
	m.things[to] = moved
	for at, below := range m.things {
		if rest, ok := strings.CutPrefix(at, from+"/"); ok {
			delete(m.things, at)
			m.things[to+"/"+rest] = below
		}
	}
	return nil
}

func (f *inMemory) Make(ctx context.Context, name string, _ bool) (fresh bool, err error) {
	err = f.call(ctx, func() (err error) {
		fresh, err = f.make(f.path(name), name == ".")
		return err
	}, nil)
	return fresh, err
}

func (m *Memory) make(name string, all bool) (bool, error) {
	if there := m.things[name]; there != nil {
		if !there.Mode.IsDir() {
			return false, places.ErrNotAFolder
		}
		return false, nil
	}
	if all {
		if _, err := m.make(path.Dir(name), true); err != nil {
			return false, err
		}
	} else if m.things[path.Dir(name)] == nil {
		return false, failed("make", name, fs.ErrNotExist)
	}
	m.add(name, fs.ModeDir|0o755, "")
	return true, nil
}

func (f *inMemory) Remove(ctx context.Context, name string) error {
	return f.call(ctx, func() error {
		if _, err := f.find(f.path(name)); err != nil {
			return err
		}
		for at := range f.things {
			if strings.HasPrefix(at, f.path(name)+"/") {
				return errors.New(name + " is not empty")
			}
		}
		delete(f.things, f.path(name))
		return nil
	}, nil)
}

func (f *inMemory) Sync(ctx context.Context, folders ...string) error {
	return f.call(ctx, func() error {
		for _, name := range folders {
			if _, err := f.find(f.path(name)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

func (f *inMemory) Wait(ctx context.Context, long time.Duration, _ func(string, bool) bool) (bool, error) {
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(long):
		return false, nil
	}
}

func (f *inMemory) Tell(p places.Problem, name string, cause error) error {
	if t, ok := errors.AsType[*places.Trouble](cause); ok {
		return t
	}
	said := string(p) + ": " + f.path(name)
	return &places.Trouble{Message: batch.Message{Text: batch.Text{EN: said, ZH: said, RU: said}}, Err: cause}
}

func (f *inMemory) Traits() places.Traits {
	return places.Traits{Where: "memory:" + f.dir, Every: 2 * time.Second, Least: 10 * time.Millisecond}
}

func (f *inMemory) Close() error { return nil }

// What others do.

// Drop: see World.
func (m *Memory) Drop(name, content string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.make(path.Dir(name), true); err != nil {
		m.t.Fatal(err)
	}
	if there := m.things[name]; there != nil {
		there.content, there.Size, there.ModTime = content, int64(len(content)), time.Now()
		return
	}
	m.add(name, 0o644, content)
}

// Grow: see World.
func (m *Memory) Grow(name, more string) {
	content, _ := m.Read(name)
	m.Drop(name, content+more)
}

// Age: see World.
func (m *Memory) Age(name string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.things[name].ModTime = at
}

// Move: see World.
func (m *Memory) Move(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.rename(from, to); err != nil {
		m.t.Fatal(err)
	}
}

// Make: see World.
func (m *Memory) Make(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.make(name, true); err != nil {
		m.t.Fatal(err)
	}
}

// Remove: see World.
func (m *Memory) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at := range m.things {
		if at == name || strings.HasPrefix(at, name+"/") {
			delete(m.things, at)
		}
	}
}

// Exists: see World.
func (m *Memory) Exists(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.things[name] != nil
}

// Read: see World.
func (m *Memory) Read(name string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.things[name]
	if found == nil || !found.Mode.IsRegular() {
		return "", false
	}
	return found.content, true
}

// Files: see World.
func (m *Memory) Files(below string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for at, found := range m.things {
		rest, ok := strings.CutPrefix(at, below+"/")
		if below == "." {
			rest, ok = at, true
		}
		if ok && found.Mode.IsRegular() {
			out = append(out, rest)
		}
	}
	slices.Sort(out)
	return out
}

// Dir: it lies nowhere.
func (m *Memory) Dir() string { return "" }
