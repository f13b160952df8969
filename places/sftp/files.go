package sftp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// exists reports whether there is anything of that name, links not followed.
func exists(s *sftp.Client, name string) (bool, error) {
	_, err := s.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// refused reports that the server has not the right, or not the ability, to do what was asked.
func refused(err error) bool {
	if status, ok := errors.AsType[*sftp.StatusError](err); ok {
		return status.FxCode() == sftp.ErrSSHFxOpUnsupported || status.FxCode() == sftp.ErrSSHFxPermissionDenied
	}
	return errors.Is(err, fs.ErrPermission)
}

// download writes a file of the server from an offset on to w: see places.Folder.Fetch. However often the line is cut, it goes on where it
// stopped, as long as it gets any further.
func (c *Client) download(ctx context.Context, name string, as places.Entry, at int64, w io.Writer) error {
	to := &bounded{ctx: ctx, w: w, left: as.Size - at}
	for {
		before := to.left
		err := c.Do(ctx, func(s *sftp.Client) error {
			had := to.left
			err := fetch(s, name, as, to)
			return furtherIf(to.left < had, err)
		})
		if to.err != nil {
			return to.err
		}
		var trouble *places.Trouble
		if err == nil || !errors.As(err, &trouble) || trouble.Step != StepSession || to.left == before {
			return err
		}
	}
}

// further is what ended a transfer on a line that had brought it further: the line did some good, and the next may follow at once.
type further struct{ error }

func (f further) Unwrap() error { return f.error }

func furtherIf(came bool, err error) error {
	if err == nil || !came {
		return err
	}
	return further{err}
}

func fetch(s *sftp.Client, name string, as places.Entry, to *bounded) error {
	f, err := s.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := expect(f, as); err != nil {
		return err
	}
	if to.left < 0 {
		return places.ErrChanged
	}
	if to.left > 0 {
		if _, err := f.Seek(as.Size-to.left, io.SeekStart); err != nil {
			return err
		}
		if _, err := f.WriteTo(to); err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	if err := expect(f, as); err != nil {
		return err
	}
	return changedIf(to.left != 0)
}

func changedIf(changed bool) error {
	if changed {
		return places.ErrChanged
	}
	return nil
}

func expect(f *sftp.File, as places.Entry) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	is := entry(info)
	return changedIf(is.Mode&^fs.ModeIrregular&fs.ModeType != 0 || is.Size >= 0 && is.Size != as.Size || !is.ModTime.Equal(as.ModTime))
}

// bounded is a writer that ends with its context, takes no more than it should, and knows the trouble that is its own.
type bounded struct {
	ctx  context.Context
	w    io.Writer
	left int64
	err  error
}

func (b *bounded) Write(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	enough := int64(len(p)) > b.left
	n, err := b.w.Write(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if b.err = err; err == nil && enough {
		err = errEnough
	}
	return n, err
}

// errEnough ends a download at the size that was listed, however much more there is.
var errEnough = errors.New("there is more than was listed")

// An upload is sent in stretches, several of them on their way at a time. A stretch has arrived when the server confirmed all of it; what
// lies below the first that has not is whole.
const (
	stretch   = 2 << 20
	stretches = 4
)

// upload writes size bytes of content to a file that is ours alone. However often the line is cut, it goes on where it
// stopped, as long as it gets any further. At the end the file is synced where the server can, and has the size.
// arrived is how much is known to be there, from an earlier call, and is kept up to date.
func (c *Client) upload(ctx context.Context, name string, content io.ReaderAt, size int64, arrived *int64) error {
	if arrived == nil || c.ordered.Load() {
		err := c.Do(ctx, func(s *sftp.Client) error { return c.inOrder(ctx, s, name, content, size) })
		if arrived == nil && errors.Is(err, places.ErrTakenAway) {
			return nil // all of it was confirmed, under its final name: somebody has it
		}
		return err
	}
	for {
		before := *arrived
		err := c.Do(ctx, func(s *sftp.Client) error {
			had := *arrived
			err := c.uploadOnce(ctx, s, name, content, size, arrived)
			return furtherIf(*arrived > had, err)
		})
		var trouble *places.Trouble
		if err == nil || !errors.As(err, &trouble) || trouble.Step != StepSession || *arrived == before {
			return err
		}
	}
}

func (c *Client) uploadOnce(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64, arrived *int64) error {
	if c.ordered.Load() {
		return c.again(ctx, s, name, content, size, arrived)
	}
	err := c.inStretches(ctx, s, name, content, size, arrived)
	if err != nil || size <= stretch || c.ordered.Load() || c.exact.Load() {
		return err
	}
	exact, err := inPlace(ctx, s, name, content, size)
	if err != nil {
		return err
	}
	c.exact.Store(exact)
	if c.ordered.Store(!exact); exact {
		return nil
	}
	return c.again(ctx, s, name, content, size, arrived)
}

// again writes a file anew, in order.
func (c *Client) again(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64, arrived *int64) error {
	*arrived = 0
	err := c.inOrder(ctx, s, name, content, size)
	if err == nil {
		*arrived = size
	}
	return err
}

// lookedAt is in how many places what was written is compared, and at how many bytes.
const lookedAt, looked = 8, 1 << 10

// inPlace reports whether a server put what was written where it belongs: one that puts all it gets behind what is there, as many do that
// hand it on, has made of several stretches on their way something else of the same size. What may not be read is not believed.
func inPlace(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64) (bool, error) {
	f, err := s.Open(name)
	if err != nil {
		return false, unlessAnswered(err)
	}
	defer f.Close()
	theirs, ours := make([]byte, looked), make([]byte, looked)
	for at := int64(stretch); at < size; at += max(stretch, size/lookedAt) {
		n := min(looked, size-at)
		if err := errors.Join(ctx.Err(), readAll(content, ours[:n], at)); err != nil {
			return false, err
		}
		if err := readAll(f, theirs[:n], at); err != nil || !bytes.Equal(theirs[:n], ours[:n]) {
			return false, unlessAnswered(err)
		}
	}
	return true, nil
}

// unlessAnswered leaves out what is about the file, and not about the line.
func unlessAnswered(err error) error {
	if err == nil || answered(err) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// inStretches writes what has not arrived, several stretches at a time. Where a server fails at that, it is written once more, in order.
func (c *Client) inStretches(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64, arrived *int64) error {
	f, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return c.unwritten(s, path.Dir(name), err)
	}
	defer f.Close()
	there, err := begun(f)
	if err != nil {
		return err
	}
	if there < *arrived { // the server lost what it said it had
		*arrived = max(there, 0) / stretch * stretch
	}
	if there > size {
		if err := f.Truncate(size); answered(err) {
			return c.again(ctx, s, name, content, size, arrived)
		} else if err != nil {
			return err
		}
	}
	if err := c.send(ctx, f, content, size, arrived); err != nil {
		if !failure(err) || full(s, path.Dir(name)) {
			return c.unwritten(s, path.Dir(name), err)
		}
		if err := c.again(ctx, s, name, content, size, arrived); err != nil {
			return err
		}
		c.ordered.Store(true)
		return nil
	}
	if _, can := s.HasExtension("fsync@openssh.com"); can {
		if err := f.Sync(); err != nil {
			return c.unwritten(s, path.Dir(name), fmt.Errorf("sync: %w", err))
		}
	}
	if there, err = begun(f); err != nil || there == size {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := hasSize(ctx, s, name, content, size); err != nil {
		*arrived = 0
		return err
	}
	return nil
}

// begun is the size of a file that is being written; -1 where the server does not tell one, or shows the file only when it is closed.
func begun(f *sftp.File) (int64, error) {
	info, err := f.Stat()
	if err != nil && answered(err) {
		return -1, nil
	} else if err != nil {
		return 0, err
	}
	return entry(info).Size, nil
}

// hasSize waits a little for a closed file to be there with its size: some servers tell it late. Where none tells sizes, the content is
// read back. A file that is gone is places.ErrTakenAway.
func hasSize(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64) error {
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		there, err := lstat(s, name)
		gone := errors.Is(err, fs.ErrNotExist)
		switch {
		case err != nil && !gone:
			return err
		case err == nil && there.Size == size:
			return nil
		case err == nil && there.Size < 0:
			return readBack(ctx, s, name, content, size)
		case pause > time.Second && gone:
			return fmt.Errorf("%s: %w", path.Base(name), places.ErrTakenAway)
		case pause > time.Second:
			return fmt.Errorf("%s has %d bytes on the server, and %d were sent", path.Base(name), there.Size, size)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// readBack compares a file with what was sent.
func readBack(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64) error {
	f, err := s.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	theirs, ours := make([]byte, 32<<10), make([]byte, 32<<10)
	for at := int64(0); at < size; at += int64(len(theirs)) {
		theirs, ours = theirs[:min(int64(len(theirs)), size-at)], ours[:min(int64(len(ours)), size-at)]
		if err := errors.Join(ctx.Err(), readAll(content, ours, at)); err != nil {
			return err
		}
		if err := readAll(f, theirs, at); err != nil || !bytes.Equal(theirs, ours) {
			return fmt.Errorf("%s on the server is not what was sent (%w)", path.Base(name), cmp.Or(err, places.ErrChanged))
		}
	}
	return nil
}

// failure reports whether a server says no more than that it failed: some do when a file is not written from its beginning to its end.
func failure(err error) bool {
	status, ok := errors.AsType[*sftp.StatusError](err)
	return ok && status.FxCode() == sftp.ErrSSHFxFailure
}

// inOrder writes a file once, from its beginning to its end, each piece when the one before has arrived, closes it, and looks at its size.
func (c *Client) inOrder(ctx context.Context, s *sftp.Client, name string, content io.ReaderAt, size int64) error {
	f, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return c.unwritten(s, path.Dir(name), err)
	}
	buf := make([]byte, min(size, 32<<10))
	for at := int64(0); at < size && err == nil; at += int64(len(buf)) {
		buf = buf[:min(int64(cap(buf)), size-at)]
		if err = ctx.Err(); err == nil {
			err = readAll(content, buf, at)
		}
		if err == nil {
			_, err = f.Write(buf)
		}
	}
	if err != nil {
		_ = f.Close()
		return c.unwritten(s, path.Dir(name), err)
	}
	if err := f.Close(); err != nil {
		return c.unwritten(s, path.Dir(name), err)
	}
	return hasSize(ctx, s, name, content, size)
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

// Statuses of later versions of the protocol, which servers answer with in version 3, too.
const (
	statusNoSpace = 14
	statusQuota   = 15
)

// unwritten says what it means when a server fails to write: that it has no room, where that is sure, or that this is most often why.
func (c *Client) unwritten(s *sftp.Client, dir string, err error) error {
	status, ok := errors.AsType[*sftp.StatusError](err)
	if !ok {
		return err
	}
	said := "sftp.full"
	switch {
	case status.Code == statusNoSpace, status.Code == statusQuota:
	case !failure(err):
		return err
	case !full(s, dir):
		said = "sftp.failing"
	}
	return trouble(StepDisk, words.Message(said, "partner", c.Name, "dir", dir, "cause", err.Error()), err)
}

// full reports that the disk of a server is full, where it tells.
func full(s *sftp.Client, dir string) bool {
	if _, can := s.HasExtension("statvfs@openssh.com"); !can {
		return false
	}
	disk, err := s.StatVFS(dir)
	return err == nil && (disk.Bavail*disk.Frsize < stretch || disk.Favail == 0 && disk.Files > 0)
}

// rename moves a file to a name that must be free, and looks at both names when the server refuses: fs.ErrExist when the new name
// is taken, fs.ErrNotExist when the file is gone.
func rename(s *sftp.Client, from, to string) error {
	if taken, err := exists(s, to); err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	err := s.Rename(from, to)
	if err == nil || !answered(err) {
		return err
	}
	return explain(s, from, to, err)
}

// moveAlone moves a file into a folder that is ours alone; of several who take the same file, one wins and the others get
// fs.ErrNotExist. A server's plain rename may be a link and a removal, and a server killed between them leaves two names for two takers; its POSIX
// rename is one step, so that is used where there is one.
func moveAlone(s *sftp.Client, from, to string) error {
	if taken, err := exists(s, to); err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	err := error(fs.ErrPermission)
	if _, can := s.HasExtension("posix-rename@openssh.com"); can {
		err = s.PosixRename(from, to)
	}
	if refused(err) {
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
func explain(s *sftp.Client, from, to string, no error) error {
	there, err := exists(s, from)
	if err != nil {
		return err
	}
	taken, err := exists(s, to)
	if err != nil || taken {
		return errors.Join(err, existsIf(taken))
	}
	switch {
	case !there:
		return fs.ErrNotExist
	case errors.Is(no, fs.ErrNotExist):
		return fmt.Errorf("the folder %s is missing", path.Dir(to))
	}
	return no
}

// makeFolder makes a folder and says whether it is new; one that is there is as good. A link in its place is not.
func makeFolder(s *sftp.Client, name string) (fresh bool, err error) {
	made := s.Mkdir(name)
	if made == nil || !answered(made) {
		return made == nil, made
	}
	there, err := lstat(s, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, made
	} else if err != nil {
		return false, err
	}
	if !there.Mode.IsDir() {
		return false, places.ErrNotAFolder
	}
	return false, nil
}
