package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Folder is a folder on the partner's server, relative to where the login lands. It does not connect; a server that is away is told
// when the folder is used. Closing it leaves the connection to the others that use it.
func (c *Client) Folder(dir string) places.Folder { return &folder{c, path.Clean(dir)} }

// folder is one on a server. Each request is made again on a new connection when the connection is lost.
type folder struct {
	client *Client
	dir    string
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
			found[i] = entry(info)
		}
		return err
	})
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

func entry(info fs.FileInfo) places.Entry {
	return places.Entry{Name: info.Name(), Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}
}

func (f *folder) Stat(ctx context.Context, name string) (found places.Entry, err error) {
	err = f.do(ctx, func(s *sftp.Client) error {
		info, err := s.Lstat(f.at(name))
		if err == nil {
			found = entry(info)
		}
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
	return f.do(ctx, func(s *sftp.Client) error { return rename(s, f.at(from), f.at(to)) })
}

func (f *folder) Take(ctx context.Context, from, to string) error {
	return f.do(ctx, func(s *sftp.Client) error { return take(s, f.at(from), f.at(to)) })
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

// makeAll makes a folder and what is missing above it.
func makeAll(s *sftp.Client, dir string) (fresh bool, err error) {
	info, err := s.Stat(dir)
	if err == nil && info.IsDir() {
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
		if info, err := s.Stat(at); err == nil && info.IsDir() {
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
