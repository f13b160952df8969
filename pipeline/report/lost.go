package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/words"
)

// whole is everything about a file, beside its private copy. Where somebody removed that, the original is looked for by its hash
// in the route's folder and copied again; where it is nowhere, the report has the numbers and outcomes of the rows, and says so.
func (r *Reporter) whole(ctx context.Context, way *route.Route, f ledger.File) (outbox.Report, error) {
	path := filepath.Join(r.Spool, f.ID)
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = r.restore(f, path)
	}
	switch {
	case err == nil:
		return Of(ctx, r.Ledger, way, f, path), nil
	case !errors.Is(err, fs.ErrNotExist):
		return outbox.Report{}, err
	}
	r.Log.Error("the private copy of a file is gone and its original is not found: the result has no columns of the sender's", "file", f.ID, "name", f.Name)
	report := Of(ctx, r.Ledger, way, f, path)
	report.Columns, report.Source = nil, outbox.Source{}
	report.Notes = append(slices.Clone(report.Notes), batch.Note{Message: words.Message("report.bare", "name", f.Name, "id", f.ID)})
	report.Lines = func() iter.Seq2[*outbox.Line, error] { return bare(r.Ledger.Chunks(ctx, f.ID)) }
	return report, nil
}

// restore copies a file's original to path: fs.ErrNotExist when it is nowhere in its route's folder.
func (r *Reporter) restore(f ledger.File, path string) error {
	folder := r.Folders[f.Route]
	if folder == "" {
		return fs.ErrNotExist
	}
	err := filepath.WalkDir(folder, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // what cannot be looked at is not it
		}
		if info, err := e.Info(); err != nil || info.Size() != f.Size {
			return nil
		}
		if err := copyIf(f.Hash, at, path); err != nil {
			return nil
		}
		r.Log.Warn("the private copy of a file was gone; its original was found and copied again", "file", f.ID, "original", at)
		return fs.SkipAll
	})
	if err != nil {
		return err
	}
	_, err = os.Stat(path)
	return err
}

var errOther = errors.New("it has another content")

// copyIf copies a file whose content has this hash.
func copyIf(hash, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != hash {
		err = errOther
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(to+".part"))
	}
	return os.Rename(to+".part", to)
}

// bare gives a file's rows by their numbers, without the sender's cells.
func bare(chunks iter.Seq2[*ledger.Content, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		known := map[int]outbox.Line{}
		for c, err := range chunks {
			if err == nil {
				err = learn(known, c)
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
		for _, number := range slices.Sorted(maps.Keys(known)) {
			line := known[number]
			line.Row = &batch.Row{Number: number}
			if !yield(&line, nil) {
				return
			}
		}
	}
}
