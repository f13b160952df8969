// Package placestest holds what places are tested with: worlds in which others drop and read files, a place in memory that fails on
// request, and the tests that every place must pass.
package placestest

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/places/sftp"
)

// A World is what others do with the files of a place, without a thought of us. Names have slashes. Trouble ends the test.
type World interface {
	Drop(name, content string)       // makes or rewrites a file, and the folders it lies in
	Grow(name, more string)          // as a program does that has the file open
	Age(name string, at time.Time)   // sets when it was changed
	Move(from, to string)            // a file or a folder
	Make(name string)                // a folder and those it lies in
	Remove(name string)              // with all below it; one that is not there is as good
	Exists(name string) bool         // a file or a folder
	Files(below string) []string     // every file below a folder, sorted, relative to it
	Read(name string) (string, bool) // false: there is no such file
	Dir() string                     // where it lies on this machine; "" when it does not: then there are no links, pipes or owners in it
}

// A Ground is a kind of place with its worlds.
type Ground struct {
	ASCII  bool // names in other scripts are beyond it
	Alters bool // it shows some names otherwise than they are
	Loses  bool // it may lose what it confirmed, where many files are written at a time; then it says a wrong size
	New    func(t testing.TB) World
	Open   func(t testing.TB, w World, path string) places.Folder // a folder of the world; the same one again is another process's
}

// Names leaves out of some names what is beyond the place.
func (g Ground) Names(all ...string) []string {
	if !g.ASCII {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return strings.Trim(name, ascii) != "" })
}

var ascii = func() string {
	all := make([]byte, 0, 95)
	for c := byte(' '); c < 127; c++ {
		all = append(all, c)
	}
	return string(all)
}()

// Local is a folder of this machine.
func Local() Ground {
	return Ground{
		New: func(t testing.TB) World { return Folder(t, t.TempDir()) },
		Open: func(t testing.TB, w World, path string) places.Folder {
			f, err := local.Open(local.Settings{Dir: filepath.Join(w.Dir(), path), Logger: Quiet})
			if err != nil {
				t.Fatal(err)
			}
			return f
		},
	}
}

// Remote is a folder of this machine that a server shows, seen through a client of it.
func Remote(client *sftp.Client) Ground {
	return Ground{
		New: func(t testing.TB) World { return Folder(t, t.TempDir()) },
		Open: func(t testing.TB, w World, path string) places.Folder {
			return client.Folder(filepath.Join(w.Dir(), path))
		},
	}
}

// InMemory is a folder of no machine.
func InMemory() Ground {
	return Ground{
		New:  func(t testing.TB) World { return NewMemory(t) },
		Open: func(_ testing.TB, w World, path string) places.Folder { return w.(*Memory).Folder(path) },
	}
}

// Quiet logs nothing.
var Quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// Dial makes a client of a server, closed with the test.
func Dial(t testing.TB, c configs.SFTP) *sftp.Client {
	t.Helper()
	client, err := sftp.Open(map[string]configs.SFTP{"partner": c}, "partner", sftp.Options{Logger: Quiet, First: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Folder is the world of a folder of this machine.
func Folder(t testing.TB, dir string) World { return &disk{t, dir} }

type disk struct {
	t   testing.TB
	dir string
}

func (d *disk) at(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *disk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) Drop(name, content string) {
	d.t.Helper()
	d.must(errors.Join(os.MkdirAll(filepath.Dir(d.at(name)), 0o755), os.WriteFile(d.at(name), []byte(content), 0o644)))
}

func (d *disk) Grow(name, more string) {
	d.t.Helper()
	f, err := os.OpenFile(d.at(name), os.O_APPEND|os.O_WRONLY, 0)
	d.must(err)
	_, err = f.WriteString(more)
	d.must(errors.Join(err, f.Close()))
}

func (d *disk) Age(name string, at time.Time) { d.t.Helper(); d.must(os.Chtimes(d.at(name), at, at)) }
func (d *disk) Move(from, to string)          { d.t.Helper(); d.must(os.Rename(d.at(from), d.at(to))) }
func (d *disk) Make(name string)              { d.t.Helper(); d.must(os.MkdirAll(d.at(name), 0o755)) }
func (d *disk) Remove(name string)            { d.t.Helper(); d.must(os.RemoveAll(d.at(name))) }
func (d *disk) Dir() string                   { return d.dir }

func (d *disk) Exists(name string) bool {
	_, err := os.Lstat(d.at(name))
	return err == nil
}

func (d *disk) Read(name string) (string, bool) {
	content, err := os.ReadFile(d.at(name))
	return string(content), err == nil
}

func (d *disk) Files(below string) []string {
	d.t.Helper()
	var out []string
	d.must(filepath.WalkDir(d.at(below), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(d.at(below), path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	}))
	slices.Sort(out)
	return out
}
