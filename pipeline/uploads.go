package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/take"
)

// uploads is the loop that reads uploaded files once they are on disk.
type uploads struct {
	*Engine
	queue chan ledger.File
}

// abreast is how many uploaded files are read at the same time: a short one need not wait for a long one.
const abreast = 3

// Upload takes content that somebody hands over as a stream on a route. When it returns without an error the file survives
// a kill: it is Taken and read soon, or it is a Duplicate, whose Reason is the earlier file's id.
func (e *Engine) Upload(ctx context.Context, routeName, name string, content io.Reader) (ledger.File, error) {
	return e.upload(ctx, routeName, name, content, nil)
}

// Release takes a file that is quarantined or a duplicate again, as a new one, a duplicate so that all of its rows go once more,
// and that once; by the same order once, also where the process was killed before it was ticked off.
func (e *Engine) Release(ctx context.Context, f ledger.File, order int64) error {
	key := ledger.ReleasedKey + f.ID
	kept, err := e.Ledger.Kept(ctx, key)
	if err != nil {
		return err
	}
	after, err := ledger.AfterAll(ctx, e.Ledger, f)
	if err != nil {
		return err
	}
	if by, id, _ := strings.Cut(kept, " "); by == fmt.Sprint(order) {
		before, err := e.Ledger.File(ctx, id)
		if err == nil && before.State != ledger.Claiming || err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	if after != "" { // two people said so at the same time
		e.Log.Warn("a duplicate was sent after all already", "file", f.ID, "name", f.Name, "as", after)
		return nil
	}
	id := f.ID
	if f.State == ledger.Duplicate {
		id = f.Reason
	}
	content, err := e.Ledger.Copies().Open(ctx, id)
	if err != nil {
		return fmt.Errorf("there is no copy of it here: drop the file again (%w)", err)
	}
	defer content.Close()
	_, err = e.upload(ctx, f.Route, f.Name, io.NewSectionReader(content, 0, content.Size()), func(id string) error {
		if f.State == ledger.Duplicate {
			if err := e.Ledger.Keep(ctx, ledger.MeantKey+id, f.ID); err != nil {
				return err
			}
		}
		return e.Ledger.Keep(ctx, key, fmt.Sprintf("%d %s", order, id))
	})
	return err
}

func (e *Engine) upload(ctx context.Context, routeName, name string, content io.Reader, as func(id string) error) (ledger.File, error) {
	r, known := e.Routes[routeName]
	if !known {
		return ledger.File{}, fmt.Errorf("there is no route %q", routeName)
	}
	f, err := e.taker(r).Upload(ctx, name, content, as)
	if err != nil || f.State != ledger.Taken {
		return f, err
	}
	e.crew.read(ctx, f)
	return f, nil
}

// Check says what would become of a file at path on a route; nothing of it is sent or kept.
func (e *Engine) Check(ctx context.Context, r *route.Route, path, name string) (*check.Finding, error) {
	return check.Checker{Books: e.Books()}.File(ctx, r, path, name, nil)
}

// Books is what is known of earlier files.
func (e *Engine) Books() redrop.Books { return redrop.Books{Ledger: e.Ledger} }

// Name is for the log.
func (uploads) Name() string { return "uploads" }

// Run reads what is uploaded until ctx ends: what an earlier process had taken, what comes through the queue, and what could not
// be put there because the queue was full.
func (u uploads) Run(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(abreast)
	var begun sync.Map // ids: two readers of one file would undo each other's work
	begin := func(f ledger.File) {
		if _, twice := begun.LoadOrStore(f.ID, true); twice || !take.Uploaded(f) || u.Routes[f.Route] == nil {
			return
		}
		group.Go(func() error {
			u.goOn(ctx, f)
			begun.Delete(f.ID)
			return nil
		})
	}
	for ctx.Err() == nil {
		left, err := u.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken}})
		if err != nil {
			return errors.Join(quiet(ctx, err), group.Wait())
		}
		for _, f := range left {
			begin(f)
		}
		soon, end := context.WithTimeout(ctx, 2*unheard)
		for soon.Err() == nil {
			select {
			case f := <-u.queue:
				begin(f)
			case <-soon.Done():
			}
		}
		end()
	}
	return group.Wait()
}

// goOn reads one file. What is our trouble, such as a full disk, is tried again.
func (u uploads) goOn(ctx context.Context, f ledger.File) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		now, err := u.Ledger.File(ctx, f.ID)
		if err == nil && now.Rested { // it was in the queue and found in the ledger
			return
		}
		if err == nil {
			err = u.taker(u.Routes[f.Route]).GoOn(ctx, now)
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		u.Log.Error("an uploaded file cannot be read now; trying again", "file", f.ID, "name", f.Name, "in", pause, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
