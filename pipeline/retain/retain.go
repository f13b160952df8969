// Package retain lets go of what was kept long enough, file by file, while the service runs.
package retain

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
)

// Sweeper lets go of what a configuration does not keep any longer. Its methods are called by one goroutine.
type Sweeper struct {
	Books  ledger.Books
	Owner  ledger.Owner // nil: nothing goes, it is only counted what would
	Config *configs.Config
	Log    *slog.Logger
	Now    func() time.Time
	Gentle bool            // after each write others write twenty times as long
	Wake   <-chan struct{} // asks for a sweep now; may be nil
}

// Gone is what a sweep let go of, or would.
type Gone struct {
	Originals int   `json:"originals"` // private copies of files
	Bytes     int64 `json:"bytes"`     // of these copies and results
	Results   int   `json:"results"`   // result files
	Rows      int   `json:"rows"`      // rows of files
	Answers   int   `json:"answers"`   // files whose answers went
}

// Every is the pause between two sweeps.
const Every = time.Hour

// Name is for the log.
func (*Sweeper) Name() string { return "retain" }

// Run sweeps now and then until ctx ends. What cannot be let go of now is logged and tried again with the next sweep.
func (s *Sweeper) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.Turn(ctx)
		select {
		case <-ctx.Done():
		case <-s.Wake:
		case <-time.After(Every):
		}
	}
	return nil
}

// Turn sweeps once and logs what came of it.
func (s *Sweeper) Turn(ctx context.Context) {
	gone, err := s.Sweep(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.Log.Error("what was kept long enough cannot be let go of now", "error", err)
	case gone != Gone{}:
		s.Log.Info("let go of what was kept long enough", "originals", gone.Originals, "bytes", gone.Bytes, "results", gone.Results, "rows", gone.Rows, "answers", gone.Answers)
	}
}

// Sweep goes through all files at rest, oldest first.
func (s *Sweeper) Sweep(ctx context.Context) (gone Gone, err error) {
	k := s.Config.Keep
	shortest := shortest(k.Originals, k.Results, k.Rows, k.Answers)
	if shortest == 0 {
		return gone, nil
	}
	if err := s.begun(ctx); err != nil {
		return gone, err
	}
	before := s.Now().Add(-k.Rows) // of what receipts and marks go
	for f, err := range ledger.EachFile(ctx, s.Books) {
		if err != nil {
			return gone, err
		}
		if f.TakenAt.After(s.Now().Add(-shortest)) {
			break
		}
		if err := s.file(ctx, f, &gone); err != nil {
			return gone, err
		}
		if s.rowsStay(f) && f.TakenAt.Before(before) {
			before = f.TakenAt
		}
	}
	return gone, s.loose(ctx, before)
}

// shortest is the shortest time that is not for ever.
func shortest(all ...time.Duration) (least time.Duration) {
	for _, d := range all {
		if d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}

// loose lets go of what belongs to no single file: receipts and marks of rows that went, the receipts of nothing known that are as old,
// and room within the ledger.
func (s *Sweeper) loose(ctx context.Context, before time.Time) error {
	if s.Owner != nil && s.Config.Keep.Rows > 0 {
		if err := s.steps(ctx, func(int) (bool, error) { return s.Owner.ForgetReceipts(ctx, before) }); err != nil {
			return err
		}
	}
	return s.shrink(ctx)
}

// rowsStay reports whether receipts may still speak of the file's rows.
func (s *Sweeper) rowsStay(f ledger.File) bool {
	return !f.State.AtRest() || f.State == ledger.Reported && !s.old(f, s.Config.Keep.Rows)
}

// old reports whether a file was at rest for longer than something is kept.
func (s *Sweeper) old(f ledger.File, keep time.Duration) bool {
	since := f.TakenAt
	if f.Finished.After(since) {
		since = f.Finished
	}
	return keep > 0 && s.Now().Sub(since) > keep
}

// file lets go of what of one file is too old.
func (s *Sweeper) file(ctx context.Context, f ledger.File, gone *Gone) error {
	if !f.State.AtRest() {
		return nil
	}
	k := s.Config.Keep
	old := func(keep time.Duration) bool { return s.old(f, keep) }
	if old(k.Results) {
		if err := s.results(f, gone); err != nil {
			return err
		}
	}
	if old(k.Originals) {
		if err := s.original(ctx, f, gone); err != nil {
			return err
		}
	}
	if f.State != ledger.Reported {
		return nil
	}
	if old(k.Answers) && !f.Lost(ledger.PartAnswers) && !f.Lost(ledger.PartRows) {
		gone.Answers++
		if err := s.drop(ctx, f.ID, ledger.PartAnswers); err != nil {
			return err
		}
	}
	if old(k.Rows) && !f.Lost(ledger.PartRows) {
		gone.Rows += f.Counts.Read
		return s.drop(ctx, f.ID, ledger.PartRows)
	}
	return nil
}

// original removes a file's private copy.
func (s *Sweeper) original(ctx context.Context, f ledger.File, gone *Gone) error {
	o, err := s.Books.Copies().Open(ctx, f.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	gone.Originals, gone.Bytes = gone.Originals+1, gone.Bytes+o.Size()
	if err := o.Close(); err != nil || s.Owner == nil {
		return err
	}
	return s.Owner.Spool().Remove(ctx, f.ID)
}

// results removes a file's results that still lie in an outbox on this machine.
func (s *Sweeper) results(f ledger.File, gone *Gone) error {
	o := s.Config.Routes[f.Route].Outbox
	if o.Dir == "" || o.SFTP != "" {
		return nil
	}
	for _, name := range f.Results {
		path := filepath.Join(o.Dir, filepath.Base(name))
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		gone.Results, gone.Bytes = gone.Results+1, gone.Bytes+info.Size()
		if s.Owner == nil {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// underWay is where it is kept which parts of which files are being dropped, a line each, so that what a kill or a resend broke off is ended.
const underWay = "retain/under-way"

// drop lets go of a part of a file, step by step. One whose rows are sent again meanwhile stays under way until it is at rest.
func (s *Sweeper) drop(ctx context.Context, id string, p ledger.Part) error {
	if s.Owner == nil {
		return nil
	}
	one := id + " " + string(p)
	if err := s.note(ctx, func(all []string) []string { return append(without(all, one), one) }); err != nil {
		return err
	}
	err := s.steps(ctx, func(step int) (bool, error) { return s.Owner.Drop(ctx, id, p, step) })
	if errors.Is(err, ledger.ErrState) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.note(ctx, func(all []string) []string { return without(all, one) })
}

// note changes what is kept as being under way.
func (s *Sweeper) note(ctx context.Context, change func([]string) []string) error {
	began := time.Now()
	all, err := s.noted(ctx)
	if err != nil {
		return err
	}
	if err := s.Owner.Keep(ctx, underWay, strings.Join(change(all), "\n")); err != nil {
		return err
	}
	return s.yield(ctx, began)
}

func (s *Sweeper) noted(ctx context.Context) ([]string, error) {
	text, err := s.Owner.Kept(ctx, underWay)
	return without(strings.Split(text, "\n"), ""), err
}

func without(all []string, one string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == one })
}

// begun ends what an earlier sweep began to drop.
func (s *Sweeper) begun(ctx context.Context) error {
	if s.Owner == nil {
		return nil
	}
	all, err := s.noted(ctx)
	for _, one := range all {
		if id, part, found := strings.Cut(one, " "); found && err == nil {
			err = s.drop(ctx, id, ledger.Part(part))
		}
	}
	return err
}

// shrink gives back to the file system what is free now.
func (s *Sweeper) shrink(ctx context.Context) error {
	if s.Owner == nil {
		return nil
	}
	return s.steps(ctx, func(int) (bool, error) { return s.Owner.Shrink(ctx) })
}

// steps does steps until there are no more.
func (s *Sweeper) steps(ctx context.Context, one func(step int) (more bool, err error)) error {
	for step := 0; ; step++ {
		began := time.Now()
		more, err := one(step)
		if err != nil {
			return err
		}
		if err := s.yield(ctx, began); err != nil || !more {
			return err
		}
	}
}

// yield leaves nineteen parts of twenty to others where the sweep is gentle: after every write, also the last one of a file, because most files
// are small.
func (s *Sweeper) yield(ctx context.Context, began time.Time) error {
	if !s.Gentle {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Since(began)):
		return nil
	}
}
