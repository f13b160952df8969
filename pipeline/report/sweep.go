package report

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patience"
)

// job is a route whose files are being reported.
type job struct {
	file string // the one under way; "" between two
	stop context.CancelFunc
	done chan struct{} // closed when that file is done or given up
}

// retry is when a file whose results could not be put is tried again, and why.
type retry struct {
	patience.Patience
	err error
}

// enough is the pause between tries from which on whoever waits for a result need not wait longer: five tries have failed by then.
const enough = 16 * time.Second

// Tidy removes what a killed process left half written. Call it before the first Sweep.
func (r *Reporter) Tidy() error {
	left, err := filepath.Glob(filepath.Join(r.Work, "result-*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("results on their way out: %w", err)
		}
	}
	return nil
}

// Sweep begins to report every settled file whose time has come: those of one route one after the other, routes beside each
// other, so that an outbox that is slow or hangs keeps nobody else waiting. What fails is logged and tried again later, longer each time.
// Wait waits for what it began.
func (r *Reporter) Sweep(ctx context.Context) error {
	busy := r.busy() // before the ledger is asked, which may not know yet what these have done
	files, err := r.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Settled}})
	if err != nil {
		return err
	}
	due := map[string][]string{}
	for _, f := range files {
		if !busy[f.Route] && r.mayReport(f) {
			due[f.Route] = append(due[f.Route], f.ID)
		}
	}
	for route, ids := range due {
		j := &job{}
		r.mu.Lock()
		if r.under == nil {
			r.under = map[string]*job{}
		}
		r.under[route] = j
		r.mu.Unlock()
		r.going.Go(func() {
			for _, id := range ids {
				r.one(ctx, j, id)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			delete(r.under, route)
		})
	}
	return nil
}

// Wait waits for what Sweep began.
func (r *Reporter) Wait() { r.going.Wait() }

func (r *Reporter) busy() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	busy := make(map[string]bool, len(r.under))
	for route := range r.under {
		busy[route] = true
	}
	return busy
}

func (r *Reporter) mayReport(f ledger.File) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due(f.ID) && !(r.Partial && r.Routes[f.Route] == nil)
}

// due reports whether a file may be tried now. The caller holds the mutex.
func (r *Reporter) due(id string) bool { return r.tried[id] == nil || r.tried[id].Due(time.Now()) }

// one reports one file of a job, unless it is held or has gone on meanwhile.
func (r *Reporter) one(ctx context.Context, j *job, id string) {
	f, err := r.try(ctx, j, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.tried, id)
	} else if !errors.Is(err, context.Canceled) {
		r.later(f, err)
	}
}

// try reports one file of a job once, unless it is held or has gone on meanwhile: context.Canceled where it is given up.
func (r *Reporter) try(ctx context.Context, j *job, id string) (f ledger.File, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.mu.Lock()
	if r.held[id] || ctx.Err() != nil {
		r.mu.Unlock()
		return f, nil
	}
	j.file, j.stop, j.done = id, stop, make(chan struct{})
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		j.file = ""
		close(j.done)
	}()
	f, err = r.Ledger.File(ctx, id)
	if err == nil && f.State == ledger.Settled {
		began := time.Now()
		err = r.Report(ctx, f)
		if ctx.Err() != nil {
			return f, ctx.Err()
		}
		if r.Tried != nil {
			r.Tried(f, began, err)
		}
	}
	return f, err
}

// File reports one file, unless it is held or has gone on meanwhile; beside others, where somebody else says which and when again.
func (r *Reporter) File(ctx context.Context, id string) error {
	j, key := &job{}, "file "+id
	r.mu.Lock()
	if r.under == nil {
		r.under = map[string]*job{}
	}
	r.under[key] = j
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.under, key)
	}()
	_, err := r.try(ctx, j, id)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) { // it is about to change
		return nil
	}
	return err
}

// Hold gives up the report of a file that is under way and lets none begin until release is called: the file is about to change.
func (r *Reporter) Hold(id string) (release func()) {
	r.mu.Lock()
	if r.held == nil {
		r.held = map[string]bool{}
	}
	r.held[id] = true
	if r.early != nil && r.early.file.ID == id {
		r.early.stop()
		r.early = nil
	}
	var done chan struct{}
	for _, j := range r.under {
		if j.file == id {
			j.stop()
			done = j.done
		}
	}
	r.mu.Unlock()
	if done != nil {
		<-done
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.held, id)
	}
}

// later notes when to try again. The caller holds the mutex.
func (r *Reporter) later(f ledger.File, err error) {
	if r.tried == nil {
		r.tried = map[string]*retry{}
	}
	if r.tried[f.ID] == nil {
		r.tried[f.ID] = &retry{Patience: patience.Patience{First: time.Second, Longest: 5 * time.Minute}}
	}
	t := r.tried[f.ID]
	t.err = err
	pause := t.Failed(time.Now())
	r.Log.Error("the result could not be put into the outbox; trying again", "file", f.ID, "name", f.Name, "in", pause, "error", err)
}

// Stalled says of which files, by id, the results could not be put after several tries, and why. Sweep goes on trying.
func (r *Reporter) Stalled() map[string]error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var why map[string]error
	for id, t := range r.tried {
		if t.Pause() >= enough {
			if why == nil {
				why = map[string]error{}
			}
			why[id] = t.err
		}
	}
	return why
}
