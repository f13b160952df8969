package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/spool"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// A folder of copies has a mark in it that the ledger knows. So a machine on which the share is not mounted, or another folder is, says so:
// it would else take a copy for one that is not kept any more, or make one that no other machine finds.

// markName is what the mark is called. No copy has a name that begins with a dot.
const markName = ".rowferry-spool"

// markFact is where the ledger keeps what the mark says, and how the folder is called on the machine that was first to have it.
const markFact = ledger.Own + "spool"

// shared are copies in a folder that all machines reach. What was copied before that was agreed on lies in the database still.
type shared struct {
	folder spool.Folder
	before spooled
}

// agree has the folder marked as this ledger's, if it has one; it is an error where another folder is.
func (b books) agree(ctx context.Context) error {
	known, err := b.Kept(ctx, markFact)
	if err != nil || known != "" || b.spool == "" {
		return errors.Join(err, b.there(ctx))
	}
	if _, err := os.Stat(b.spool); err != nil {
		return &places.Trouble{Message: words.Message("ledger.spool.missing", "dir", b.spool, "cause", err), Err: err}
	}
	if err := mark(b.spool, rand.Text()); err != nil && !errors.Is(err, fs.ErrExist) { // else another machine began too
		return err
	}
	marked, err := b.mark()
	if err != nil {
		return err
	}
	if _, err := b.pool.Exec(ctx, "INSERT INTO facts (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", []byte(markFact), []byte(marked+" "+b.spool)); err != nil {
		return b.explained(err)
	}
	return b.there(ctx)
}

// mark writes a folder's mark, whole or not at all.
func mark(dir, id string) error {
	out, err := os.CreateTemp(dir, ".mark-*")
	if err != nil {
		return err
	}
	_, err = out.WriteString(id + "\n")
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = local.Rename(out.Name(), filepath.Join(dir, markName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return local.SyncDirs(dir)
}

func (b books) mark() (string, error) {
	text, err := os.ReadFile(filepath.Join(b.spool, markName))
	return strings.TrimSpace(string(text)), err
}

// there is a *places.Trouble where the folder is not the one that this ledger knows, or none is named and it knows one. That is never fs.ErrNotExist,
// which says that a copy is not kept any more.
func (b books) there(ctx context.Context) error {
	kept, err := b.Kept(ctx, markFact)
	if err != nil || kept == "" { // no machine has used one
		return err
	}
	id, first, _ := strings.Cut(kept, " ")
	if b.spool == "" {
		return &places.Trouble{Message: words.Message("ledger.spool.unnamed", "dir", first)}
	}
	if found, _ := b.mark(); found != id {
		return &places.Trouble{Message: words.Message("ledger.spool.away", "dir", b.spool, "mark", markName, "id", id), Passes: true}
	}
	return nil
}

// Open implements ledger.Copies.
func (s shared) Open(ctx context.Context, id string) (batch.Original, error) {
	o, err := s.folder.Open(ctx, id)
	if !errors.Is(err, fs.ErrNotExist) {
		return o, err
	}
	return s.before.Open(ctx, id)
}

// IDs implements ledger.Copies.
func (s shared) IDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := s.before.there(ctx); err != nil {
			yield("", err)
			return
		}
		for _, all := range []iter.Seq2[string, error]{s.folder.IDs(ctx), s.before.IDs(ctx)} {
			for id, err := range all {
				if !yield(id, err) {
					return
				}
			}
		}
	}
}

// Create implements ledger.Spool.
func (s shared) Create(ctx context.Context, id string) (ledger.Copying, error) {
	if err := s.before.there(ctx); err != nil {
		return nil, err
	}
	return s.folder.Create(ctx, id)
}

// Remove implements ledger.Spool.
func (s shared) Remove(ctx context.Context, id string) error {
	if err := s.before.there(ctx); err != nil {
		return err
	}
	return errors.Join(s.folder.Remove(ctx, id), s.before.Remove(ctx, id))
}
