package sftpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/words"
)

// ErrChanged says that a file on the server is not, or no longer, the one that was expected.
var ErrChanged = errors.New("the file on the server has changed")

// State is what the server tells of a file; servers tell times to the second.
type State struct {
	Size    int64
	ModTime time.Time
}

// Of gives the state of a file on the server, links not followed. Missing: fs.ErrNotExist.
func Of(s *sftp.Client, name string) (State, fs.FileMode, error) {
	info, err := s.Lstat(name)
	if err != nil {
		return State{}, 0, err
	}
	return State{info.Size(), info.ModTime()}, info.Mode(), nil
}

// Exists reports whether there is anything of that name, links not followed.
func Exists(s *sftp.Client, name string) (bool, error) {
	_, err := s.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Refused reports that the server has not the right, or not the ability, to do what was asked.
func Refused(err error) bool {
	var status *sftp.StatusError
	if errors.As(err, &status) {
		return status.FxCode() == sftp.ErrSSHFxOpUnsupported || status.FxCode() == sftp.ErrSSHFxPermissionDenied
	}
	return errors.Is(err, fs.ErrPermission)
}

// Download copies a regular file from the server to the end of into, which holds its beginning already. However often the
// line is cut, it goes on where it stopped, as long as it gets any further. The file must be in the expected state before and
// after: else ErrChanged, and into must be thrown away.
func (c *Client) Download(ctx context.Context, name string, want State, into *os.File) error {
	for {
		before, err := into.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		err = c.Do(ctx, func(s *sftp.Client) error { return c.download(ctx, s, name, want, into) })
		var trouble *Trouble
		if err == nil || !errors.As(err, &trouble) || trouble.Step != StepSession {
			return err
		}
		if after, serr := into.Seek(0, io.SeekEnd); serr != nil || after == before {
			return err
		}
	}
}

func (c *Client) download(ctx context.Context, s *sftp.Client, name string, want State, into *os.File) error {
	at, err := into.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	f, err := s.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := expect(f, want); err != nil || at > want.Size {
		return errors.Join(err, changedIf(at > want.Size))
	}
	if at < want.Size {
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if _, err := f.WriteTo(&bounded{ctx, into}); err != nil {
			return err
		}
	}
	if err := expect(f, want); err != nil {
		return err
	}
	end, err := into.Seek(0, io.SeekEnd)
	return errors.Join(err, changedIf(end != want.Size))
}

func changedIf(changed bool) error {
	if changed {
		return ErrChanged
	}
	return nil
}

func expect(f *sftp.File, want State) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return changedIf(!info.Mode().IsRegular() || info.Size() != want.Size || !info.ModTime().Equal(want.ModTime))
}

// bounded is a writer that ends with its context.
type bounded struct {
	ctx context.Context
	w   io.Writer
}

func (b *bounded) Write(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.w.Write(p)
}

// An upload is sent in stretches, several of them on their way at a time. A stretch has arrived when the server confirmed all of it; what
// lies below the first that has not is whole.
const (
	stretch   = 2 << 20
	stretches = 4
)

// Upload writes size bytes of content to a file that is ours alone. However often the line is cut, it goes on where it
// stopped, as long as it gets any further. At the end the file is synced where the server can, and has the size.
// arrived is how much is known to be there, from an earlier call, and is kept up to date.
func (c *Client) Upload(ctx context.Context, name string, content io.ReaderAt, size int64, arrived *int64) error {
	for {
		before := *arrived
		err := c.Do(ctx, func(s *sftp.Client) error { return c.upload(ctx, s, name, content, size, arrived) })
		var trouble *Trouble
		if err == nil || !errors.As(err, &trouble) || trouble.Step != StepSession || *arrived == before {
			return err
		}
	}
}

func (c *Client) upload(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64, arrived *int64) error {
	f, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < *arrived { // the server lost what it said it had
		*arrived = info.Size() / stretch * stretch
	}
	if info.Size() > size {
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	if err := c.send(ctx, f, content, size, arrived); err != nil {
		return c.full(s, path.Dir(name), err)
	}
	if _, can := s.HasExtension("fsync@openssh.com"); can {
		if err := f.Sync(); err != nil {
			return c.full(s, path.Dir(name), fmt.Errorf("sync: %w", err))
		}
	}
	if info, err = f.Stat(); err != nil {
		return err
	}
	if info.Size() != size {
		*arrived = 0
		return fmt.Errorf("%s has %d bytes on the server, and %d were sent", path.Base(name), info.Size(), size)
	}
	return nil
}

// onItsWay is one stretch.
type onItsWay struct {
	end  int64
	buf  []byte
	done chan error
}

// send keeps some stretches on their way and moves arrived on as the oldest is confirmed. All of them have ended when it returns.
func (c *Client) send(ctx context.Context, f *sftp.File, content io.ReaderAt, size int64, arrived *int64) error {
	var queue []onItsWay
	var spare [][]byte
	var failed error
	for next := *arrived; next < size || len(queue) > 0; {
		for failed == nil && next < size && len(queue) < stretches {
			if failed = ctx.Err(); failed != nil {
				break
			}
			var buf []byte
			if n := len(spare); n > 0 {
				buf, spare = spare[n-1], spare[:n-1]
			} else {
				buf = make([]byte, min(stretch, size-*arrived))
			}
			buf = buf[:min(int64(cap(buf)), size-next)]
			if failed = readAll(content, buf, next); failed != nil {
				break
			}
			sent := onItsWay{next + int64(len(buf)), buf, make(chan error, 1)}
			go func(at int64) {
				_, err := f.WriteAt(sent.buf, at)
				sent.done <- err
			}(next)
			queue, next = append(queue, sent), sent.end
		}
		if len(queue) == 0 {
			break
		}
		oldest := queue[0]
		queue = queue[1:]
		if err := <-oldest.done; failed == nil {
			if failed = err; err == nil {
				*arrived = oldest.end
			}
		}
		spare = append(spare, oldest.buf)
	}
	return failed
}

// readAll fills b with what lies at an offset; content that is shorter than it said is an error.
func readAll(content io.ReaderAt, b []byte, at int64) error {
	n, err := content.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// full tells a full disk from the other reasons for which a server refuses to write; it says only "failure" for all.
func (c *Client) full(s *sftp.Client, dir string, err error) error {
	var status *sftp.StatusError
	if !errors.As(err, &status) || status.FxCode() != sftp.ErrSSHFxFailure {
		return err
	}
	if disk, serr := s.StatVFS(dir); serr == nil && (disk.Bavail*disk.Frsize < stretch || disk.Favail == 0 && disk.Files > 0) {
		return c.trouble(StepDisk, words.Message("sftp.full", "partner", c.Name, "dir", dir), err)
	}
	return err
}

// Rename moves a file to a name that must be free, and looks at both names when the server refuses: fs.ErrExist when the new name
// is taken, fs.ErrNotExist when the file is gone.
func Rename(s *sftp.Client, from, to string) error {
	if taken, err := Exists(s, to); err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	err := s.Rename(from, to)
	if err == nil || !answered(err) {
		return err
	}
	return explain(s, from, to, err)
}

// Take moves a file into a folder that is ours alone; of several who take the same file, one wins and the others get
// fs.ErrNotExist. A server's plain rename may be a link and a removal, and a server killed between them leaves two names for two takers; its POSIX
// rename is one step, so that is used where there is one.
func Take(s *sftp.Client, from, to string) error {
	if taken, err := Exists(s, to); err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	err := error(fs.ErrPermission)
	if _, can := s.HasExtension("posix-rename@openssh.com"); can {
		err = s.PosixRename(from, to)
	}
	if Refused(err) {
		err = s.Rename(from, to)
	}
	if err == nil || !answered(err) {
		return err
	}
	return explain(s, from, to, err)
}

func existsIf(taken bool) error {
	if taken {
		return fs.ErrExist
	}
	return nil
}

// explain looks why a rename was refused. What is at the new name counts first: a request whose reply was lost may have been carried
// out. The old name is looked at before it, so that one which is carried out just now is not taken for a file that is gone.
func explain(s *sftp.Client, from, to string, refused error) error {
	there, err := Exists(s, from)
	if err != nil {
		return err
	}
	taken, err := Exists(s, to)
	if err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	switch {
	case !there:
		return fs.ErrNotExist
	case errors.Is(refused, fs.ErrNotExist):
		return fmt.Errorf("the folder %s is missing", path.Dir(to))
	}
	return refused
}

// ErrNotAFolder says that something else has the name of a folder that is needed.
var ErrNotAFolder = errors.New("this is not a folder")

// MakeFolder makes a folder; one that is there is as good. A link in its place is not.
func MakeFolder(s *sftp.Client, name string) error {
	made := s.Mkdir(name)
	if made == nil || !answered(made) {
		return made
	}
	info, err := s.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return made
	} else if err != nil {
		return err
	}
	if !info.IsDir() {
		return ErrNotAFolder
	}
	return nil
}

// Lost reports that the connection broke, so that nobody knows whether the last request was carried out: look.
func Lost(err error) bool {
	return err != nil && !answered(err) && !errors.Is(err, ErrNotAFolder)
}
