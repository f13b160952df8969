// Package backup makes one copy of the ledger, its spool and the results, while a service runs or without one, and puts it back.
package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/places/local"
)

// listName is the list of what a backup holds. It is written last: a folder without it is no whole backup.
const listName = "backup.json"

// List is what a backup holds.
type List struct {
	At    time.Time `json:"at"`    // the moment that the ledger is of, or a little earlier
	Files []Part    `json:"files"` // everything but the list itself
}

// Part is one file of a backup.
type Part struct {
	Path string `json:"path"` // below the backup's folder, with /
	Size int64  `json:"size"`
	Hash string `json:"sha256"`
}

// maker writes a backup into a folder.
type maker struct {
	dir  string
	list List
}

// Make copies everything that the books need into the folder to, which must be new or empty. The service may run.
func Make(ctx context.Context, cfg *configs.Config, to string) (List, error) {
	copier, err := drivers.Copier(drivers.Of(cfg))
	if err != nil {
		return List{}, err
	}
	there, err := drivers.Visit(ctx, drivers.Of(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return List{}, fmt.Errorf("there is nothing to back up: no ledger is in %s, where %s puts it; was a file taken, and is this its configuration?", cfg.Data, cfg.Path)
	}
	if err != nil {
		return List{}, err
	}
	if err := errors.Join(there.Close(), empty(to)); err != nil {
		return List{}, err
	}
	m := &maker{dir: to, list: List{At: time.Now().UTC().Truncate(time.Second)}}
	if err := copier.Copy(ctx, to); err != nil {
		return m.list, err
	}
	if err := m.files(ctx, cfg); err != nil {
		return m.list, err
	}
	for _, name := range []string{"ledger.db", "ledger.mark"} {
		if err := m.note(name); err != nil {
			return m.list, err
		}
	}
	text, err := json.MarshalIndent(m.list, "", "  ")
	if err != nil {
		return m.list, err
	}
	_, err = m.write(listName, bytes.NewReader(text))
	return m.list, errors.Join(err, local.SyncDirs(to))
}

// empty makes the folder, or refuses one in which something lies.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err == nil && len(there) > 0 {
		return fmt.Errorf("%s is not empty: name a new folder for each backup", dir)
	}
	return errors.Join(err, local.Restrict(dir, 0o700)) // whoever could look into it before
}

// files copies what belongs to the files that the copied ledger knows: their copies in the spool, and their results on this machine.
func (m *maker) files(ctx context.Context, cfg *configs.Config) error {
	books, err := drivers.Visit(ctx, drivers.Of(cfg))
	if err != nil {
		return err
	}
	err = m.copied(ctx, cfg, books.Copies())
	return errors.Join(err, books.Close())
}

func (m *maker) copied(ctx context.Context, cfg *configs.Config, copies ledger.Copies) error {
	known, err := drivers.Visit(ctx, drivers.SQLite(m.dir))
	if err != nil {
		return err
	}
	files, err := known.Files(ctx, ledger.Query{})
	if err = errors.Join(err, known.Close()); err != nil {
		return err
	}
	for _, f := range files {
		if err := m.spooled(ctx, copies, f); err != nil {
			return err
		}
		for _, name := range f.Results {
			if err := m.result(cfg.Routes[f.Route].Outbox, f.Route, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// spooled copies a file's copy. One that is not there any more, or not yet, is no error: what needs it says so.
func (m *maker) spooled(ctx context.Context, copies ledger.Copies, f ledger.File) error {
	o, err := copies.Open(ctx, f.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := m.write("spool/"+f.ID, io.NewSectionReader(o, 0, o.Size()))
	m.list.Files = append(m.list.Files, p)
	return errors.Join(err, o.Close())
}

// result copies a result that lies in a folder of this machine, if it is there still.
func (m *maker) result(o configs.Outbox, route, name string) error {
	if o.SFTP != "" || o.Dir == "" || !filepath.IsLocal(name) {
		return nil
	}
	in, err := local.OpenFile(filepath.Join(o.Dir, name)) // in an outbox that others may write, a link could lead anywhere
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := m.write("results/"+route+"/"+name, in)
	m.list.Files = append(m.list.Files, p)
	return errors.Join(err, in.Close())
}

// write writes one file of the backup, on disk before it returns.
func (m *maker) write(path string, content io.Reader) (Part, error) {
	p := Part{Path: path}
	target := filepath.Join(m.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return p, err
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return p, err
	}
	sum := sha256.New()
	p.Size, err = io.Copy(io.MultiWriter(out, sum), content)
	p.Hash = hex.EncodeToString(sum.Sum(nil))
	return p, errors.Join(err, out.Sync(), out.Close(), local.SyncDirs(filepath.Dir(target)))
}

// note adds a file that is there already to the list.
func (m *maker) note(name string) error {
	p, err := look(m.dir, name)
	m.list.Files = append(m.list.Files, p)
	return err
}

// look reads a file of a backup whole.
func look(dir, path string) (Part, error) {
	p := Part{Path: path}
	in, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return p, err
	}
	sum := sha256.New()
	p.Size, err = io.Copy(sum, in)
	p.Hash = hex.EncodeToString(sum.Sum(nil))
	return p, errors.Join(err, in.Close())
}
