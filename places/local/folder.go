package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Settings of one folder. Zero fields take the value in brackets.
type Settings struct {
	Dir      string
	Whose    string       // inbox, outbox: in whose words trouble is told [inbox]
	ReadOnly bool         // nothing is moved or written: else List tells when nothing can be
	Mount    string       // a file in which it is remembered on which file system the folder was first used: on another one it is not used [""]
	Watch    bool         // Wait uses file events, where there are any
	Logger   *slog.Logger // [slog.Default()]
}

// Open does not make the folder; one that cannot be used now is told when it is used.
func Open(s Settings) (places.Folder, error) {
	if s.Dir == "" {
		return nil, errors.New("dir is empty: name the folder")
	}
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, err
	}
	s.Dir = dir
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	if s.Whose == "" {
		s.Whose = "inbox"
	}
	f := &folder{Settings: s}
	f.watch.open(s)
	return f, nil
}

type folder struct {
	Settings
	watch watch
}

func (f *folder) at(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// List asks each thing in the folder for its state once.
func (f *folder) List(_ context.Context, name string) ([]places.Entry, error) {
	if name == "." {
		if err := f.usable(); err != nil {
			return nil, err
		}
	}
	dir, err := os.Open(f.at(name))
	if err == nil {
		defer dir.Close()
		var found []os.DirEntry
		if found, err = dir.ReadDir(-1); err == nil {
			return entries(found), nil
		}
	}
	if name == "." {
		return nil, f.Tell(places.Unlisted, name, err)
	}
	return nil, err
}

// usable says what speaks against the folder, and watches the one that has the name now.
func (f *folder) usable() error {
	if err := f.mounted(); err != nil {
		return err
	}
	info, err := os.Stat(f.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.Tell(places.Missing, ".", err)
	case err != nil:
		return f.Tell(places.Unlisted, ".", err)
	case !info.IsDir():
		return f.Tell(places.NotAFolder, ".", nil)
	}
	if !f.ReadOnly {
		if err := writable(f.Dir); err != nil {
			return f.Tell(places.Unwritable, ".", err)
		}
	}
	f.watch.follow(info)
	return nil
}

// entries leaves out what is not there any more.
func entries(found []os.DirEntry) []places.Entry {
	out := make([]places.Entry, 0, len(found))
	for _, e := range found {
		if info, err := e.Info(); err == nil {
			out = append(out, entry(info))
		}
	}
	return out
}

func entry(info fs.FileInfo) places.Entry {
	return places.Entry{Name: info.Name(), Size: info.Size(), ModTime: info.ModTime(), Node: node(info), Mode: info.Mode()}
}

func (f *folder) Stat(_ context.Context, name string) (places.Entry, error) {
	look := os.Lstat
	if name == "." {
		look = os.Stat
	}
	info, err := look(f.at(name))
	if err != nil {
		return places.Entry{}, err
	}
	return entry(info), nil
}

func (f *folder) Fetch(ctx context.Context, name string, as places.Entry, at int64, w io.Writer) error {
	from, err := os.OpenFile(f.at(name), os.O_RDONLY|noFollow, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := expect(from, as); err != nil {
		return err
	}
	if _, err := from.Seek(at, io.SeekStart); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(until{ctx, from}, as.Size-at), make([]byte, 256<<10))
	if err != nil {
		return err
	}
	if at+n != as.Size {
		return places.ErrChanged
	}
	return expect(from, as)
}

func expect(f *os.File, as places.Entry) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if now := entry(info); !now.Mode.IsRegular() || now.Size != as.Size || !now.ModTime.Equal(as.ModTime) || now.Node != as.Node {
		return places.ErrChanged
	}
	return nil
}

func (f *folder) Busy(_ context.Context, name string) (busy, known bool) { return written(f.at(name)) }

// until is a reader that ends with its context.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

// Write writes from the beginning: what a killed process wrote is not known to be on the disk.
func (f *folder) Write(ctx context.Context, name string, content io.ReaderAt, size int64, _ *int64) error {
	to, err := os.OpenFile(f.at(name), os.O_WRONLY|os.O_CREATE|noFollow, 0o666)
	if err != nil {
		return err
	}
	err = f.write(ctx, to, io.NewSectionReader(content, 0, size), size)
	return errors.Join(err, to.Close())
}

func (f *folder) write(ctx context.Context, to *os.File, from io.Reader, size int64) error {
	info, err := to.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", to.Name())
	}
	if err := to.Truncate(0); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, until{ctx, from}, make([]byte, 256<<10))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return to.Sync()
}

func (f *folder) Move(_ context.Context, from, to string) error {
	return f.said(from, to, Rename(f.at(from), f.at(to)))
}

func (f *folder) Take(_ context.Context, from, to string) error {
	err := Exclusive(f.at(from), f.at(to))
	if errors.Is(err, errors.ErrUnsupported) {
		err = LookThenRename(f.at(from), f.at(to)) // the folder is ours alone
	}
	return f.said(from, to, err)
}

// said tells a missing file from a missing folder, and what to do about a folder that lies elsewhere.
func (f *folder) said(from, to string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, there := os.Lstat(f.at(from)); there == nil {
			return fmt.Errorf("the folder %s is missing", filepath.Dir(f.at(to)))
		}
	case errors.Is(err, syscall.EXDEV):
		return &places.Trouble{Message: words.Message("inbox.other_disk", "folder", filepath.Dir(f.at(to)), "dir", f.Dir), Err: err}
	}
	return err
}

func (f *folder) Make(_ context.Context, name string, own bool) (fresh bool, err error) {
	if name == "." {
		if err := f.mounted(); err != nil {
			return false, err
		}
		return makeAll(f.Dir)
	}
	above, err := os.Stat(f.Dir)
	if err != nil {
		return false, f.Tell(places.Missing, ".", err)
	}
	mode := above.Mode().Perm() | 0o700
	if own {
		mode &^= 0o022
	}
	path := f.at(name)
	if err := os.Mkdir(path, mode); errors.Is(err, fs.ErrExist) {
		return false, isFolder(path)
	} else if errors.Is(err, fs.ErrNotExist) {
		return false, err
	} else if err != nil {
		return false, f.Tell(places.Unwritable, ".", err)
	}
	return true, allow(path, mode)
}

// makeAll makes dir and what is missing above it, each synced.
func makeAll(dir string) (fresh bool, err error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return false, places.ErrNotAFolder
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	parent := filepath.Dir(dir)
	if _, err := makeAll(parent); err != nil {
		return false, err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return true, SyncDirs(parent)
}

// isFolder refuses a link or a file where our folder should be.
func isFolder(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.IsDir() {
		return places.ErrNotAFolder
	}
	return err
}

// allow sets the permissions whatever the umask, and leaves an inherited group as it is.
func allow(folder string, mode fs.FileMode) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	return os.Chmod(folder, mode|info.Mode()&fs.ModeSetgid)
}

func (f *folder) Remove(_ context.Context, name string) error {
	return os.Remove(f.at(strings.TrimSuffix(name, "/")))
}

func (f *folder) Sync(_ context.Context, folders ...string) error {
	for _, name := range folders {
		if err := SyncDirs(f.at(name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) Tell(p places.Problem, name string, cause error) error {
	if t, ok := errors.AsType[*places.Trouble](cause); ok {
		return t
	}
	said := ""
	if cause != nil {
		said = cause.Error()
		if at, ok := errors.AsType[*fs.PathError](cause); ok {
			said = at.Err.Error() // the sentence names the path
		}
	}
	return &places.Trouble{Message: words.Message(f.Whose+"."+string(p), "dir", f.Dir, "folder", f.at(name), "cause", said), Err: cause}
}

func (f *folder) Traits() places.Traits {
	return places.Traits{Where: f.Dir, Root: f.Dir, Moves: true, Every: 2 * time.Second, Least: leastPause}
}

// Close ends the watching.
func (f *folder) Close() error { return f.watch.close() }
