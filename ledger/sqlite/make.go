package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rowferry/rowferry/places/local"
)

// madeEnd is behind the name of a new database that is not whole yet.
const madeEnd = ".new"

// make makes a new database where none is, nor anything that tells of one. It gets its name when all of it is on disk: that takes two syncs,
// where steps on a database in use take one each, and nobody sees it half made. Only the owner calls it.
func (d Driver) make(ctx context.Context) error {
	path := filepath.Join(d.Dir, "ledger.db")
	for _, there := range []string{path, path + "-journal", path + "-wal", filepath.Join(d.Dir, markName)} {
		if _, err := os.Lstat(there); !errors.Is(err, fs.ErrNotExist) {
			return nil // it is opened, which says what is wrong with it
		}
	}
	if emptied(path) != nil {
		return nil
	}
	beside := path + madeEnd
	id, err := newID()
	if err == nil {
		err = errors.Join(removeAll(beside, beside+"-wal", beside+"-shm"), fill(ctx, beside, id), synced(beside))
	}
	var mark *markFile
	if err == nil {
		mark, err = makeMark(d.Dir, id, 0)
	}
	if err == nil { // a mark that says nothing was there yet may stand alone
		err = errors.Join(mark.close(), os.Rename(beside, path), local.SyncDirs(d.Dir))
	}
	if err != nil {
		return books{path: path}.explained(fmt.Errorf("ledger %s: %w", path, err))
	}
	return nil
}

// fill gives a new database all tables, and its id. Nothing of it is surely on disk then.
func fill(ctx context.Context, path, id string) error {
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	do := func(text string, args ...any) {
		if err == nil {
			_, err = db.ExecContext(ctx, text, args...)
		}
	}
	do("PRAGMA synchronous = OFF; PRAGMA auto_vacuum = 2; PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE") // those of source go by the alphabet
	err = errors.Join(err, upgrade(path, 0, func(text string) error { do(text); return err }))
	do(keeping, idKey, id, lineSum(idKey, id))
	do("COMMIT; PRAGMA journal_mode = WAL")
	return errors.Join(err, db.Close())
}

func removeAll(paths ...string) (err error) {
	for _, path := range paths {
		if gone := os.Remove(path); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
