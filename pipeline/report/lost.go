package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
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

// restore copies a file's original once more: fs.ErrNotExist when it lies nowhere in its route's inbox and in the folders there, or
// that is not there any more. With any other error, such as that of a server that is away, the report is to wait.
func (r *Reporter) restore(ctx context.Context, f ledger.File) error {
	from, done, err := r.Inbox(f.Route)
	if err != nil {
		return err
	}
	if from == nil {
		return fs.ErrNotExist
	}
	defer done()
	for lying, err := range from.Originals(ctx, f.Size, f.TakenAt) {
		if err != nil {
			return fmt.Errorf("the private copy is gone or damaged, and where its original may lie cannot be looked at: %w", err)
		}
		same, err := r.copyIf(ctx, f, lying)
		if err != nil {
			return err
		}
		if same {
			r.Log.Warn("the private copy of a file was gone; its original was found and copied again", "file", f.ID, "original", lying.Path)
			return nil
		}
	}
	return fs.ErrNotExist
}

// copyIf makes the private copy of f again if a file has its content.
func (r *Reporter) copyIf(ctx context.Context, f ledger.File, from inbox.Lying) (same bool, err error) {
	out, err := r.Ledger.Spool().Create(ctx, f.ID)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sum := sha256.New()
	switch err := from.Copy(ctx, io.MultiWriter(out, sum)); {
	case errors.Is(err, inbox.ErrGone):
		return false, nil
	case err != nil:
		return false, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.Hash {
		return false, nil
	}
	return true, out.Commit()
}

// bare gives a file's rows by their numbers, without the sender's cells.
func bare(chunks iter.Seq2[*ledger.Content, error]) iter.Seq2[*outbox.Line, error] {
	return func(yield func(*outbox.Line, error) bool) {
		known := newKnown()
		for c, err := range chunks {
			if err == nil {
				err = known.learn(c, nil)
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
		for _, number := range slices.Sorted(maps.Keys(known.rows)) {
			line, _ := known.pop(number)
			line.Row = &batch.Row{Number: number}
			if !yield(&line, nil) {
				return
			}
		}
	}
}
