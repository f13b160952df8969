package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
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
	Data     string       // the data folder: where root runs this, it is for whom that belongs to [""]
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
	f := &folder{Settings: s, clock: time.Now}
	f.watch.open(s)
	return f, nil
}

type folder struct {
	Settings
	watch    watch
	quiet    quiet
	clock    func() time.Time
	numbered atomic.Pointer[ownNumber] // where we are not who we are
	staying  atomic.Pointer[staying]
}

func (f *folder) real(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// List asks each thing in the folder for its state once; of an inbox in which no file lay and nothing has changed since, only the folder.
func (f *folder) List(_ context.Context, name string) ([]places.Entry, error) {
	if name != "." || !f.Watch {
		return f.list(name)
	}
	at := f.clock()
	before, err := os.Stat(f.Dir)
	if err != nil {
		before = nil
	}
	if found, same := f.quiet.same(before, at); same {
		return found, nil
	}
	found, err := f.list(name)
	if !steady(f.Dir) {
		before = nil
	}
	f.quiet.note(before, at, found)
	return found, err
}

func (f *folder) list(name string) ([]places.Entry, error) {
	if name == "." {
		if err := f.usable(); err != nil {
			return nil, err
		}
	}
	in, err := f.hold(name)
	if err == nil {
		defer in.Close()
		var found []places.Entry
		if found, err = f.entries(in); err == nil {
			return found, nil
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
func (f *folder) entries(in *os.Root) ([]places.Entry, error) {
	dir, err := in.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	out := make([]places.Entry, 0, len(names))
	for _, name := range names {
		if info, err := in.Lstat(name); err == nil {
			out = append(out, f.entry(info))
		}
	}
	return out, nil
}

func (f *folder) entry(info fs.FileInfo) places.Entry {
	e := places.Entry{Name: info.Name(), Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}
	if f.numbersStay(info) {
		e.Node = node(info)
	}
	return e
}

func (f *folder) Stat(_ context.Context, name string) (places.Entry, error) {
	if name == "." {
		info, err := os.Stat(f.Dir)
		if err != nil {
			return places.Entry{}, err
		}
		return f.entry(info), nil
	}
	at, err := f.spot(name)
	if err != nil {
		return places.Entry{}, err
	}
	defer at.release()
	info, err := at.lstat()
	if err != nil {
		return places.Entry{}, err
	}
	return f.entry(info), nil
}

func (f *folder) Fetch(ctx context.Context, name string, as places.Entry, at int64, w io.Writer) error {
	there, err := f.spot(name)
	if err != nil {
		return err
	}
	defer there.release()
	if now, err := there.lstat(); err != nil || !now.Mode().IsRegular() {
		return cmp.Or(err, places.ErrChanged)
	}
	from, err := there.open(os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := f.expect(from, as); err != nil {
		return err
	}
	if _, err := from.Seek(at, io.SeekStart); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(places.Until{Context: ctx, Reader: from}, as.Size-at), make([]byte, 256<<10))
	if err != nil {
		return err
	}
	if at+n != as.Size {
		return places.ErrChanged
	}
	return f.expect(from, as)
}

func (f *folder) expect(file *os.File, as places.Entry) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if now := f.entry(info); !now.Mode.IsRegular() || now.Size != as.Size || !now.ModTime.Equal(as.ModTime) || now.Node != as.Node {
		return places.ErrChanged
	}
	return nil
}

func (f *folder) Busy(_ context.Context, name string) (busy, known bool) {
	at, err := f.spot(name)
	if err != nil {
		return false, true
	}
	defer at.release()
	return written(at)
}

// Write writes from the beginning: what a killed process wrote is not known to be on the disk.
func (f *folder) Write(ctx context.Context, name string, content io.ReaderAt, size int64, _ *int64) error {
	at, err := f.spot(name)
	if err != nil {
		return err
	}
	defer at.release()
	to, err := at.open(os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	err = f.write(ctx, to, io.NewSectionReader(content, 0, size), size)
	return errors.Join(err, to.Close())
}

func (f *folder) write(ctx context.Context, to *os.File, from io.Reader, size int64) error {
	if err := to.Truncate(0); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, places.Until{Context: ctx, Reader: from}, make([]byte, 256<<10))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return to.Sync()
}

func (f *folder) Move(_ context.Context, from, to string) error { return f.move(from, to, rename) }

// Take looks and then renames where the system has no better: the folder is ours alone.
func (f *folder) Take(_ context.Context, from, to string) error {
	return f.move(from, to, func(from, to spot) error {
		err := exclusive(from, to)
		if errors.Is(err, errors.ErrUnsupported) {
			err = lookThenRename(from, to)
		}
		return err
	})
}

// move holds both folders while a file goes from one to the other. It tells a missing file from a missing folder, and what to do about a folder that lies elsewhere.
func (f *folder) move(from, to string, rename func(from, to spot) error) error {
	source, err := f.spot(from)
	if err != nil {
		return err
	}
	defer source.release()
	if _, err := source.lstat(); err != nil {
		return err
	}
	target, err := f.spot(to)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s is missing", filepath.Dir(f.real(to)))
	} else if err != nil {
		return err
	}
	defer target.release()
	err = rename(source, target)
	if errors.Is(err, syscall.EXDEV) {
		return &places.Trouble{Message: words.Message("inbox.other_disk", "folder", filepath.Dir(f.real(to)), "dir", f.Dir), Err: err}
	}
	return err
}

// Make takes from a folder of our own what rights others have to write there, also from one that is there.
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
	at, err := f.spot(name)
	if err != nil {
		return false, err
	}
	defer at.release()
	err = at.in.Mkdir(at.name, mode)
	switch {
	case err == nil:
		fresh = true
	case errors.Is(err, fs.ErrNotExist):
		return false, err
	case !errors.Is(err, fs.ErrExist):
		return false, f.Tell(places.Unwritable, ".", err)
	}
	return fresh, f.inspect(at, mode, fresh, own)
}

// inspect looks at a folder that was just made, or was there: ErrNotAFolder, or a *places.Trouble when it is somebody else's.
func (f *folder) inspect(at spot, mode fs.FileMode, fresh, own bool) error {
	in, err := f.descend(at.in, at.name)
	if errors.Is(err, places.ErrNotOurs) {
		return &places.Trouble{Message: words.Message(f.Whose+"."+string(places.Foreign), "dir", f.Dir, "folder", at.path()), Err: err}
	} else if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat(".")
	if err != nil {
		return err
	}
	loose := own && info.Mode().Perm()&0o022 != 0
	if !fresh && !loose {
		return nil
	}
	if fresh {
		f.give(in)
	} else {
		mode = info.Mode().Perm() &^ 0o022
	}
	return allow(in, mode, info)
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
	if os.Geteuid() == 0 {
		if err := inherit(dir, 0o777); err != nil {
			return false, err
		}
	}
	return true, SyncDirs(parent)
}

// allow sets the permissions whatever the umask, and leaves an inherited group as it is.
func allow(in *os.Root, mode fs.FileMode, info fs.FileInfo) error {
	dir, err := in.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Chmod(mode|info.Mode()&fs.ModeSetgid), dir.Close())
}

func (f *folder) Remove(_ context.Context, name string) error {
	at, err := f.spot(strings.TrimSuffix(name, "/"))
	if err != nil {
		return err
	}
	defer at.release()
	return at.unlink()
}

func (f *folder) Sync(_ context.Context, folders ...string) error {
	for _, name := range folders {
		in, err := f.hold(name)
		if err != nil {
			return fmt.Errorf("sync folder %s: %w", f.real(name), err)
		}
		if err := errors.Join(syncHeld(in), in.Close()); err != nil {
			return fmt.Errorf("sync folder %s: %w", f.real(name), err)
		}
	}
	return nil
}

func (f *folder) Tell(p places.Problem, name string, cause error) error {
	if t, ok := errors.AsType[*places.Trouble](cause); ok {
		return t
	}
	key := f.Whose + "." + string(p)
	if errors.Is(cause, syscall.EMFILE) || errors.Is(cause, syscall.ENFILE) { // no right of anybody's is missing
		key = "places.open_files"
	}
	return &places.Trouble{Message: words.Message(key, "dir", f.Dir, "folder", f.real(name), "cause", places.Cause(cause)), Err: cause}
}

func (f *folder) Traits() places.Traits {
	return places.Traits{Where: f.Dir, Root: f.Dir, Moves: true, Every: 2 * time.Second, Least: leastPause}
}

// Close ends the watching.
func (f *folder) Close() error { return f.watch.stop() }
