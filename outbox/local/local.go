// Package local holds the outbox that is a folder of this machine, or one mounted on it.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rowferry/rowferry/noclobber"
	"github.com/rowferry/rowferry/outbox"
)

// Settings of one local outbox.
type Settings struct {
	Dir string // made when it is not there
}

// Validate shows every mistake at once.
func (s Settings) Validate() error {
	if s.Dir == "" {
		return errors.New("dir is empty: name the folder that results are put into")
	}
	return nil
}

// Open removes what killed processes left half written more than a day ago. The folder is made when it is needed.
func Open(s Settings) (outbox.Place, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	sweep(dir, time.Now().Add(-24*time.Hour))
	return &place{dir}, nil
}

type place struct{ dir string }

// Files under way begin and end so: hidden, and a name that nobody takes for a result.
const (
	partBegin = ".rowferry-"
	partEnd   = ".part"
)

func sweep(dir string, before time.Time) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), partBegin) || !strings.HasSuffix(e.Name(), partEnd) {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// Put makes content appear under name. What is there is compared first, so a call after a cut does no work twice.
func (p *place) Put(ctx context.Context, name string, content outbox.Content) error {
	if err := outbox.CheckName(name); err != nil {
		return err
	}
	if err := p.put(ctx, name, content); err != nil {
		return fmt.Errorf("outbox %s: %w", p.dir, err)
	}
	return nil
}

func (p *place) put(ctx context.Context, name string, content outbox.Content) error {
	if err := makeFolder(p.dir); err != nil {
		return err
	}
	final := filepath.Join(p.dir, name)
	if done, err := p.finished(final, content); done || err != nil {
		return err
	}
	part := filepath.Join(p.dir, fmt.Sprintf("%s%016x%s", partBegin, rand.Uint64(), partEnd))
	defer os.Remove(part)
	if err := write(ctx, part, content); err != nil {
		return err
	}
	err := noclobber.Rename(part, final)
	if errors.Is(err, fs.ErrExist) {
		_, err = p.finished(final, content) // somebody was quicker
		return err
	}
	if err != nil {
		return err
	}
	return noclobber.SyncDirs(p.dir)
}

// makeFolder makes dir and what is missing above it, each synced.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return errors.New("this is not a folder: name a folder in the route's outbox: dir")
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return noclobber.SyncDirs(parent)
}

// finished reports that the file is there with this content: ErrExists when it is another one.
func (p *place) finished(final string, content outbox.Content) (bool, error) {
	info, err := os.Lstat(final)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, fmt.Errorf("%s: %w", filepath.Base(final), outbox.ErrExists)
	}
	f, err := os.Open(final)
	if err != nil {
		return false, err
	}
	defer f.Close()
	same, err := outbox.Same(f, info.Size(), content)
	if err != nil {
		return false, err
	}
	if !same {
		return false, fmt.Errorf("%s: %w", filepath.Base(final), outbox.ErrExists)
	}
	return true, noclobber.SyncDirs(p.dir)
}

// write leaves a whole, synced file or an error.
func write(ctx context.Context, path string, content outbox.Content) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, outbox.Until(ctx, content), make([]byte, 256<<10))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Close has nothing to end.
func (p *place) Close() error { return nil }
