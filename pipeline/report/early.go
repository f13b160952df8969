package report

import (
	"context"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/readers/formats"
)

// early is a result that is being written while rows of its file wait to be sent: when the last one has its outcome, most of the work
// has been done. It is put nowhere before.
type early struct {
	file      ledger.File // as it was when this was begun
	extension string      // of its format
	work      *os.File
	stop      context.CancelFunc
	settled   chan struct{} // closed when every row of the file has its outcome
	done      chan struct{} // closed when it is written or given up
	err       error         // why it was given up; to be read when done is closed
}

// Rows are worth beginning a result for from so many on: fewer are written in a moment.
const worth = 512

// Begin begins to write the result of a file whose rows are being sent, where its route wants one whose lines are all that depends on their
// outcomes. One file's at a time, and of a text: a workbook takes memory as long as it is read. Of others nothing is begun. Wait waits for it too.
func (r *Reporter) Begin(ctx context.Context, id string) error {
	f, err := r.Ledger.File(ctx, id)
	way := r.Routes[f.Route]
	if err != nil || f.State != ledger.Sending || f.Counts.Read < worth || !formats.Named(f.Reading.Format).Text || way == nil || way.Receipts {
		return err
	}
	for _, format := range way.Formats {
		if _, lined := format.(outbox.Lined); lined {
			r.begin(ctx, f, format)
			break
		}
	}
	return nil
}

func (r *Reporter) begin(ctx context.Context, f ledger.File, format outbox.Format) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.early != nil || r.held[f.ID] || os.MkdirAll(r.Work, 0o700) != nil {
		return
	}
	work, err := os.CreateTemp(r.Work, "result-*")
	if err != nil { // whoever writes it when its time has come says so
		return
	}
	ctx, stop := context.WithCancel(ctx)
	e := &early{file: f, extension: format.Extension(), work: work, stop: stop, settled: make(chan struct{}), done: make(chan struct{})}
	r.early = e
	r.going.Go(func() {
		report := Of(ctx, r.Ledger, r.Routes[f.Route], f)
		report.Lines = func() iter.Seq2[*outbox.Line, error] {
			return lines(ctx, r.Ledger, r.Routes[f.Route], f, r.settling(ctx, e))
		}
		if e.err = format.Write(ctx, work, report); e.err != nil {
			r.Log.Debug("a result that was begun early is written anew", "file", f.ID, "error", e.err)
			r.forget(e)
		}
		close(e.done)
		<-ctx.Done()
		work.Close()
		os.Remove(work.Name())
	})
}

// settling gives the chunks of a file, each as soon as it has all its outcomes. It asks again after half the time that the last one took.
func (r *Reporter) settling(ctx context.Context, e *early) iter.Seq2[*ledger.Content, error] {
	const shortest, longest = 20 * time.Millisecond, 5 * time.Second
	pause, settled := 4*shortest, e.settled
	return ledger.Each(func(seq int) (*ledger.Content, error) {
		for began := time.Now(); ; pause = min(pause*3/2, longest) {
			c, err := r.Ledger.Chunk(ctx, e.file.ID, seq)
			if err != nil || settled == nil || !slices.ContainsFunc(c.States, open) {
				pause = max(shortest, min(time.Since(began)/2, longest))
				return c, err
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-settled:
				settled = nil
			case <-time.After(pause):
			}
		}
	})
}

// begun gives the result of a settled file in a format if it was begun early and says what one that is written now would; nil where there is
// none. end is called when it is not needed any more.
func (r *Reporter) begun(ctx context.Context, f ledger.File, format outbox.Format, report *outbox.Report) (work *os.File, end func()) {
	r.mu.Lock()
	e := r.early
	r.mu.Unlock()
	if e == nil || e.file.ID != f.ID || e.extension != format.Extension() {
		return nil, nil
	}
	end = func() { r.forget(e) }
	if e.file.Revision != f.Revision || len(e.file.Reading.Notes) != len(report.Notes) || report.Source.Open == nil { // nil: the sender's cells are lost
		end()
		return nil, nil
	}
	close(e.settled)
	select {
	case <-e.done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil || e.err != nil {
		end()
		return nil, nil
	}
	return e.work, end
}

// forget gives up what was begun early.
func (r *Reporter) forget(e *early) {
	e.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.early == e {
		r.early = nil
	}
}

// open reports whether an item has no verdict yet.
func open(s ledger.ItemState) bool { return s.Verdict == nil }
