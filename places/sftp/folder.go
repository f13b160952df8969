package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Folder is a folder on the partner's server, relative to where the login lands. It does not connect; a server that is away is told
// when the folder is used. Closing it leaves the connection to the others that use it.
func (c *Client) Folder(dir string) places.Folder { return &folder{client: c, dir: path.Clean(dir)} }

// folder is one on a server. Each request is made again on a new connection when the connection is lost.
type folder struct {
	client *Client
	dir    string

	moves, takes renaming
}

// renaming is how a server answered, so far, when files were to be renamed in one way.
type renaming struct {
	works  atomic.Bool
	failed atomic.Int32 // how often it said no more than that it failed
}

// patientWith is how often a server may say so before it is taken for one that does not rename: it may have had its reasons.
const patientWith = 3

// judge takes an answer into account: a server that never renamed a file and fails again and again refuses to.
func (r *renaming) judge(err error) error {
	switch {
	case err == nil:
		r.works.Store(true)
	case failure(err) && !r.works.Load() && r.failed.Add(1) >= patientWith:
		return refusal{err}
	}
	return err
}

func (f *folder) at(name string) string { return path.Join(f.dir, name) }

// do runs what may be run again: see Client.Do.
func (f *folder) do(ctx context.Context, what func(*sftp.Client) error) error {
	return told(f.client.Do(ctx, what))
}

// told marks what a server refuses.
func told(err error) error {
	if refused(err) {
		return refusal{err}
	}
	return err
}

// refusal is a places.ErrRefused in the words of the server.
type refusal struct{ error }

func (r refusal) Unwrap() error        { return r.error }
func (r refusal) Is(target error) bool { return target == places.ErrRefused }

func (f *folder) List(ctx context.Context, name string) (found []places.Entry, err error) {
	err = f.do(ctx, func(s *sftp.Client) error {
		infos, err := s.ReadDirContext(ctx, f.at(name))
		found = make([]places.Entry, len(infos))
		for i, info := range infos {
			if found[i] = entry(info); found[i].Mode&fs.ModeIrregular != 0 {
				found[i] = completed(s, path.Join(f.at(name), info.Name()), info)
			}
		}
		return err
	})
	if err == nil {
		err = f.listed(name, found)
	}
	if failure(err) { // some servers say no more of a folder that is missing
		if _, missing := f.Stat(ctx, name); errors.Is(missing, fs.ErrNotExist) {
			err = missing
		}
	}
	if err != nil && name == "." && ctx.Err() == nil {
		return nil, f.Tell(places.Unlisted, name, err)
	}
	return found, err
}

// listed refuses a listing that nothing can be done with.
func (f *folder) listed(name string, found []places.Entry) error {
	if len(found) >= mostEntries {
		return trouble(StepList, words.Message("sftp.endless", "partner", f.client.Name, "dir", f.at(name), "limit", mostEntries), nil)
	}
	if slices.ContainsFunc(found, func(e places.Entry) bool { return e.Mode.IsRegular() && e.Size < 0 }) {
		return trouble(StepList, words.Message("sftp.no_sizes", "partner", f.client.Name, "dir", f.at(name)), nil)
	}
	return nil
}

func (f *folder) Stat(ctx context.Context, name string) (found places.Entry, err error) {
	err = f.do(ctx, func(s *sftp.Client) (err error) {
		found, err = lstat(s, f.at(name))
		return err
	})
	return found, err
}

func (f *folder) Fetch(ctx context.Context, name string, as places.Entry, at int64, w io.Writer) error {
	return told(f.client.download(ctx, f.at(name), as, at, w))
}

// Busy: servers do not say.
func (f *folder) Busy(context.Context, string) (busy, known bool) { return false, false }

func (f *folder) Write(ctx context.Context, name string, content io.ReaderAt, size int64, arrived *int64) error {
	return told(f.client.upload(ctx, f.at(name), content, size, arrived))
}

func (f *folder) Move(ctx context.Context, from, to string) error {
	return f.moves.judge(f.do(ctx, func(s *sftp.Client) error { return rename(s, f.at(from), f.at(to)) }))
}

func (f *folder) Take(ctx context.Context, from, to string) error {
	return f.takes.judge(f.do(ctx, func(s *sftp.Client) error { return moveAlone(s, f.at(from), f.at(to)) }))
}

// Make: whose the new folder is, the server decides.
func (f *folder) Make(ctx context.Context, name string, _ bool) (fresh bool, err error) {
	err = f.do(ctx, func(s *sftp.Client) (err error) {
		if name == "." {
			fresh, err = makeAll(s, f.dir)
			return err
		}
		fresh, err = makeFolder(s, f.at(name))
		return err
	})
	return fresh, err
}

// isFolder follows links.
func isFolder(s *sftp.Client, name string) (bool, error) {
	info, err := s.Stat(name)
	return err == nil && completed(s, name, info).Mode.IsDir(), err
}

// makeAll makes a folder and what is missing above it.
func makeAll(s *sftp.Client, dir string) (fresh bool, err error) {
	is, err := isFolder(s, dir)
	if is {
		return false, nil
	} else if err == nil {
		return false, places.ErrNotAFolder
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	at := ""
	if strings.HasPrefix(dir, "/") {
		at = "/"
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(dir, "/"), "/") {
		at = path.Join(at, step)
		if is, _ := isFolder(s, at); is {
			continue
		}
		if fresh, err = makeFolder(s, at); err != nil {
			return false, err
		}
	}
	return fresh, nil
}

func (f *folder) Remove(ctx context.Context, name string) error {
	return f.do(ctx, func(s *sftp.Client) error {
		if strings.HasSuffix(name, "/") {
			return s.RemoveDirectory(f.at(name))
		}
		return s.Remove(f.at(name))
	})
}

// Sync has nothing to do: whether its folders outlast a power cut is the server's affair.
func (f *folder) Sync(context.Context, ...string) error { return nil }

// Wait waits; servers give no hints.
func (f *folder) Wait(ctx context.Context, long time.Duration, _ func(string, bool) bool) (bool, error) {
	return false, sleep(ctx, long)
}

// Tell says what the connection is about, where that is what is wrong.
func (f *folder) Tell(p places.Problem, name string, cause error) error {
	if t, ok := errors.AsType[*places.Trouble](cause); ok {
		return t
	}
	switch {
	case p == places.Unlisted && errors.Is(cause, fs.ErrNotExist):
		p = places.Missing
	case p == places.Unlisted && errors.Is(cause, places.ErrNotAFolder):
		p = places.NotAFolder
	}
	said := ""
	if cause != nil {
		said = cause.Error()
	}
	m := words.Message("sftp."+string(p), "partner", f.client.Name, "dir", f.at(name), "cause", said)
	return trouble(StepWrite, m, cause)
}

func (f *folder) Traits() places.Traits {
	return places.Traits{Where: f.client.Name + ":" + f.dir, Every: time.Minute, Least: time.Second}
}

func (f *folder) Close() error { return nil }
