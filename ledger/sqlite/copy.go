package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/local"
)

// Copy is ledger.Copier's: SQLite writes the copy as of one moment, without the owner's noticing.
func (d Driver) Copy(ctx context.Context, to string) error {
	l, err := d.Visit(ctx)
	if err != nil {
		return err
	}
	v := l.(*Visitor)
	path := filepath.Join(to, "ledger.db")
	_, err = v.writer.ExecContext(ctx, "VACUUM INTO ?", path)
	if err = errors.Join(err, v.Close()); err != nil {
		return fmt.Errorf("ledger: copy into %s: %w", to, err)
	}
	if err := d.sign(ctx, to); err != nil {
		return err
	}
	return errors.Join(local.Restrict(path, 0o600), synced(path), local.SyncDirs(to))
}

// sign makes the mark of a copy.
func (Driver) sign(ctx context.Context, to string) error {
	db, err := sql.Open("sqlite", filepath.Join(to, "ledger.db"))
	if err != nil {
		return err
	}
	var id string
	err = db.QueryRowContext(ctx, "SELECT value FROM facts WHERE key = ?", idKey).Scan(&id)
	has, reachErr := reached(ctx, db)
	if err = errors.Join(err, reachErr, db.Close()); err != nil {
		return fmt.Errorf("ledger: the copy in %s: %w", to, err)
	}
	m, err := makeMark(to, id, has)
	return errors.Join(err, m.close())
}

func synced(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Replace is ledger.Copier's. The files of the ledger and its spool are moved into the folder aside. There is a mark at any moment, so that a
// kill between leaves no ledger that is taken for a new one; the database comes last.
func (d Driver) Replace(_ context.Context, from, aside string) (err error) {
	if _, err := os.Lstat(filepath.Join(from, "ledger.db-wal")); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("ledger: the one in %s was not closed", from))
	}
	if err := private(d.Dir); err != nil {
		return unwritable(d.Dir, err)
	}
	lock := flock.New(filepath.Join(d.Dir, "ledger.lock"))
	mine, err := lock.TryLock()
	if err != nil {
		return unwritable(d.Dir, err)
	}
	if !mine {
		return &ledger.InUse{Path: d.Dir, PID: ownerOf(d.Dir)}
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := os.Mkdir(aside, 0o700); err != nil {
		return unwritable(d.Dir, err)
	}
	if err := duplicate(filepath.Join(d.Dir, markName), filepath.Join(aside, markName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(d.Dir, err)
	}
	if err := duplicate(filepath.Join(from, markName), filepath.Join(d.Dir, markName)); err != nil {
		return unwritable(d.Dir, err)
	}
	for _, name := range []string{"ledger.db", "ledger.db-wal", "ledger.db-shm", "spool"} {
		if err := os.Rename(filepath.Join(d.Dir, name), filepath.Join(aside, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(d.Dir, err)
		}
	}
	for _, name := range []string{"spool", "ledger.db"} {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(d.Dir, name)); err != nil && (name != "spool" || !errors.Is(err, fs.ErrNotExist)) {
			return unwritable(d.Dir, err)
		}
	}
	local.HandOver(d.Dir)
	return local.SyncDirs(d.Dir, aside)
}

// duplicate copies a file under a temporary name, on disk, and then gives it its own.
func duplicate(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	part := strings.TrimSuffix(to, filepath.Ext(to)) + ".restoring"
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(part, to)
}
