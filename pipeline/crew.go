package pipeline

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/report"
)

// crew is who does the work around an engine's lanes: this machine alone, in loops of its own, or this one and others that share the ledger
// and hand the work out to each other.
type crew interface {
	// alone reports whether no other machine works on the ledger.
	alone() bool
	// serviceLoops are those of a service, which run from its start to its end.
	serviceLoops() []Loop
	// officeLoops are those of a service that one machine runs for all, beside orders and results; each begins anew when this machine's turn comes.
	officeLoops() []Loop
	// fit reports whether this machine can do what one does for all.
	fit() bool
	// reporter makes the results; what a killed process left of some is gone.
	reporter() (*report.Reporter, error)
	// results has settled files reported, notes whose results cannot be put, and says how long nobody need look again.
	results(ctx context.Context) (time.Duration, error)
	// ended has a token when a lane here has ended a file and results are to be looked for; nil where others hear of it.
	ended() <-chan struct{}
	// report has files reported that may be settled; results of those whose rows are sent may be begun.
	report(ctx context.Context, files ...ledger.File)
	// read has an uploaded file read.
	read(ctx context.Context, f ledger.File)
	// prune has a sweep made of what was kept long enough.
	prune() error
	// stuckResults says of which files the results cannot be put, by id, and closedInboxes which inboxes cannot be looked into, by route, and why; "" where that is not known yet.
	stuckResults(ctx context.Context) (map[string]error, error)
	closedInboxes(ctx context.Context) (map[string]string, error)
	// keep has every machine know a text; alone there is nobody to tell.
	keep(key, text string) error
}

func (e *Engine) hire(jobs ledger.Jobs) crew {
	if jobs != nil {
		return e.among(jobs)
	}
	return &lonely{Engine: e, queue: make(chan ledger.File, 64), sweeps: make(chan struct{}, 1), sending: make(chan string, 1)}
}

// lonely is the crew of one.
type lonely struct {
	*Engine
	queue   chan ledger.File // uploaded, to be read
	sweeps  chan struct{}    // has one token while a sweep is asked for
	sending chan string      // a file whose rows are sent from now on
}

func (*lonely) alone() bool               { return true }
func (*lonely) serviceLoops() []Loop      { return nil }
func (*lonely) fit() bool                 { return true }
func (l *lonely) ended() <-chan struct{}  { return l.settled }
func (*lonely) keep(string, string) error { return nil }

// report leaves a file of which a result may be begun; settled ones the office looks for itself.
func (l *lonely) report(_ context.Context, files ...ledger.File) {
	for _, f := range files {
		if f.State == ledger.Sending {
			select {
			case l.sending <- f.ID:
				token(l.woken)
			default: // one is begun at a time
			}
		}
	}
}

// officeLoops has a loop for each inbox, and those of what comes otherwise.
func (l *lonely) officeLoops() (loops []Loop) {
	for _, r := range l.Routes {
		if r.Inbox != nil {
			loops = append(loops, l.taker(r))
		}
	}
	s := l.sweeper()
	s.Wake = l.sweeps
	return append(loops, uploads{l.Engine, l.queue}, l.teller(), s)
}

func (l *lonely) reporter() (*report.Reporter, error) {
	r := l.newReporter()
	return r, r.Tidy()
}

// results also tells how the lanes fare. That one has ended a file is told; orders are looked for more eagerly while something is under way.
func (l *lonely) results(ctx context.Context) (pause time.Duration, err error) {
	if err := l.reports.Sweep(ctx); err != nil {
		return 0, err
	}
	l.stall(l.reports.Stalled())
	select {
	case id := <-l.sending:
		if err := l.reports.Begin(ctx, id); err != nil {
			return 0, err
		}
	default:
	}
	if err := l.tellRefusals(ctx); err != nil {
		return 0, err
	}
	l.Metrics.lanes(l.Lanes)
	if l.busy() {
		return beat / 2, nil
	}
	return beat, nil
}

func (l *lonely) read(_ context.Context, f ledger.File) {
	select {
	case l.queue <- f:
	default: // it is found in the ledger
	}
}

func (l *lonely) prune() error {
	token(l.sweeps)
	return nil
}

func (l *lonely) stuckResults(context.Context) (map[string]error, error) { return l.Stalled(), nil }

func (l *lonely) closedInboxes(context.Context) (map[string]string, error) {
	why, looks := map[string]string{}, l.Looks()
	for route, r := range l.Routes {
		if look := looks[route]; r.Inbox != nil && (look.Trouble != "" || look.At.IsZero()) {
			why[route] = look.Trouble
		}
	}
	return why, nil
}
