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

// whole is everything about a file, beside its private copy. Where somebody removed or changed that, the original is looked for by its hash
// in the route's folder and copied again; where it is nowhere, the report has the numbers and outcomes of the rows, and says so.
func (r *Reporter) whole(ctx context.Context, way *route.Route, f ledger.File) (outbox.Report, error) {
	copied, err := ledger.Whole(ctx, r.Ledger.Copies(), f)
	switch {
	case err == nil:
		return Of(ctx, r.Ledger, way, f), copied.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ledger.ErrAltered):
		err = r.restore(ctx, f)
	}
	switch {
	case err == nil:
		return Of(ctx, r.Ledger, way, f), nil
	case !errors.Is(err, fs.ErrNotExist):
		return outbox.Report{}, err
	}
	r.Log.Error("the private copy of a file is gone and its original is not found: the result has no columns of the sender's", "file", f.ID, "name", f.Name)
	report := Of(ctx, r.Ledger, way, f)
	report.Columns, report.Source = nil, outbox.Source{}
	report.Notes = append(slices.Clone(report.Notes), batch.Note{Message: words.Message("report.bare", "name", f.Name, "id", f.ID)})
	report.Lines = func() iter.Seq2[*outbox.Line, error] { return bare(r.Ledger.Chunks(ctx, f.ID)) }
	return report, nil
}

// restore copies a file's original once more: fs.ErrNotExist when it is nowhere in its route's folder.
func (r *Reporter) restore(ctx context.Context, f ledger.File) error {
	folder := r.Folders[f.Route]
	if folder == "" {
		return fs.ErrNotExist
	}
	found := false
	err := filepath.WalkDir(folder, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // what cannot be looked at is not it
		}
		if info, err := e.Info(); err != nil || info.Size() != f.Size {
			return nil
		}
		if err := r.copyIf(ctx, f, at); err != nil {
			return nil
		}
		found = true
		r.Log.Warn("the private copy of a file was gone; its original was found and copied again", "file", f.ID, "original", at)
		return fs.SkipAll
	})
	if err == nil && !found {
		err = fs.ErrNotExist
	}
	return err
}

var errOther = errors.New("it has another content")

// copyIf copies a file whose content is that of f.
func (r *Reporter) copyIf(ctx context.Context, f ledger.File, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := r.Ledger.Spool().Create(ctx, f.ID)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != f.Hash {
		err = errOther
	}
	if err == nil {
		err = out.Commit()
	}
	return errors.Join(err, out.Close())
}

// bare gives a file's rows by their numbers, without the sender's cells.
func bare(chunks iter.Seq2[*ledger.Content, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		known := map[int]outbox.Line{}
		for c, err := range chunks {
			if err == nil {
				err = learn(known, c, nil)
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
