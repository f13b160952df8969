// Package spool keeps the private copies of files in a folder, each named by its file's id.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/local"
)

// Folder is a ledger.Spool. The folder is made with the first copy.
type Folder struct{ Dir string }

// part is what a copy that grows is called behind its id.
const part = ".part"

func (f Folder) path(id string) string { return filepath.Join(f.Dir, id) }

// Open implements ledger.Copies.
func (f Folder) Open(_ context.Context, id string) (batch.Original, error) {
	return local.Original(f.path(id))
}

// IDs implements ledger.Copies. What was left half written, and what is nobody's, is none.
func (f Folder) IDs(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		entries, err := os.ReadDir(f.Dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield("", wrong(err))
			return
		}
		for _, e := range entries {
			if e.IsDir() || filepath.Ext(e.Name()) != "" || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if !yield(e.Name(), nil) {
				return
			}
		}
	}
}

// Create implements ledger.Spool.
func (f Folder) Create(_ context.Context, id string) (ledger.Copying, error) {
	if err := f.make(); err != nil {
		return nil, wrong(err)
	}
	out, err := os.OpenFile(f.path(id)+part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, wrong(err)
	}
	return &copying{file: out, to: f.path(id)}, nil
}

// make makes the folder such that it outlasts a power cut.
func (f Folder) make() error {
	if _, err := os.Stat(f.Dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	return local.SyncDirs(filepath.Dir(f.Dir))
}

// Remove implements ledger.Spool.
func (f Folder) Remove(_ context.Context, id string) error {
	for _, path := range []string{f.path(id), f.path(id) + part} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrong(err)
		}
	}
	return nil
}

// Aside moves a copy into another folder of the same file system.
func (f Folder) Aside(id, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return wrong(err)
	}
	if err := local.Rename(f.path(id), filepath.Join(dir, id)); err != nil {
		return wrong(err)
	}
	return local.SyncDirs(f.Dir, dir)
}

// copying is a copy under its temporary name.
type copying struct {
	file *os.File
	to   string
	done bool
}

func (c *copying) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	return n, wrong(err)
}

// Commit implements ledger.Copying.
func (c *copying) Commit() error {
	c.done = true
	if err := errors.Join(c.file.Sync(), c.file.Close()); err != nil {
		return wrong(errors.Join(err, os.Remove(c.file.Name())))
	}
	if err := os.Rename(c.file.Name(), c.to); err != nil {
		return wrong(err)
	}
	return wrong(local.SyncDirs(filepath.Dir(c.to)))
}

// Close implements ledger.Copying.
func (c *copying) Close() error {
	if c.done {
		return nil
	}
	c.done = true
	return wrong(errors.Join(c.file.Close(), os.Remove(c.file.Name())))
}

func wrong(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("spool: %w", err)
}
