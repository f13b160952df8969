package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/notify"
	"github.com/rowferry/rowferry/pipeline/report"
	"github.com/rowferry/rowferry/pipeline/retain"
	"github.com/rowferry/rowferry/pipeline/take"
)

// Machines that share a ledger hand the work out to each other: looking into an inbox, taking a file, reporting one, telling notices, letting go of
// what was kept long enough. A job says what might be to be done; the books say whether it is.

// How many jobs of a kind a machine does at the same time. Looks mostly wait for files to settle.
var abreastOf = map[ledger.JobKind]int{ledger.JobLook: 64, ledger.JobTake: abreast, ledger.JobReport: abreast}

const (
	// sweeping is how often the books are asked for what is to be done and was not handed out, because a machine died in between.
	sweeping = 10 * time.Second
	// telling is for how long one machine tells notices before another one may.
	telling = 10 * time.Minute
	// handed is for how long it is taken for granted that a report that was handed out stands in line.
	handed = 5 * time.Second
	// stubborn is how often in a row a report has failed when people are told.
	stubborn = 5
)

// machines is an engine's part in the work of several: a crew. It is made with Build and used by one Run.
type machines struct {
	*Engine
	jobs    ledger.Jobs
	changed <-chan struct{}        // has a token when another machine changed something
	takers  map[string]*take.Taker // of the inboxes that this machine reaches, by route
	looking map[string]*sync.Mutex // by route
	reports *report.Reporter

	reloaded string            // the last order to reload that this machine knows of; of follow alone, as what is next
	followed bool              // it knows
	resumed  map[string]string // when a person last let an account go on, as the ledger has it

	mu      sync.Mutex
	handed  map[string]time.Time // reports, by file
	earlier []ledger.File        // taken lately, on whatever machine
	asked   time.Time            // when that was asked
}

func (e *Engine) among(jobs ledger.Jobs) *machines {
	m := &machines{Engine: e, jobs: jobs, changed: e.Ledger.Changed(), takers: map[string]*take.Taker{}, looking: map[string]*sync.Mutex{},
		reports: e.newReporter(), handed: map[string]time.Time{}, resumed: map[string]string{}}
	for name, r := range e.Routes {
		if r.Inbox != nil {
			t := e.taker(r)
			t.Earlier = m.lately
			m.takers[name], m.looking[name] = t, &sync.Mutex{}
		}
	}
	return m
}

// queueOf is the queue of a kind's jobs for a route: that of all machines, or that of those which reach its inbox.
func queueOf(kind ledger.JobKind, on []string) string {
	if len(on) == 0 {
		return string(kind)
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(slices.Sorted(slices.Values(on))), "\n")))
	return string(kind) + "-" + hex.EncodeToString(sum[:6])
}

// job is one of a route.
func (m *machines) job(kind ledger.JobKind, id, route string) ledger.Job {
	return ledger.Job{Kind: kind, ID: id, Queue: queueOf(kind, m.config.Routes[route].Inbox.On)}
}

func (*machines) alone() bool                           { return false }
func (*machines) officeLoops() []Loop                   { return nil } // it is handed out
func (*machines) ended() <-chan struct{}                { return nil } // follow hears of it
func (m *machines) reporter() (*report.Reporter, error) { return m.reports, nil }
func (m *machines) prune() error                        { return m.jobs.Hand(context.Background(), pruning) }
func (m *machines) read(ctx context.Context, f ledger.File) {
	m.handOut(ctx, m.job(ledger.JobTake, f.ID, f.Route))
}
func (m *machines) keep(key, text string) error {
	return m.Ledger.Keep(context.Background(), key, text)
}

// fit reports whether this machine reaches all preview folders: these are looked into by the office.
func (m *machines) fit() bool {
	for name, r := range m.config.Routes {
		if r.Preview.Dir != "" && !m.config.Reached(name) {
			return false
		}
	}
	return true
}

// results only notes whose results cannot be put: making them is handed out, and each machine tells of its own lanes.
func (m *machines) results(ctx context.Context) (time.Duration, error) {
	why, err := m.stuckResults(ctx)
	if err == nil {
		m.stall(why)
	}
	return 10 * beat, err
}

func (m *machines) stuckResults(ctx context.Context) (map[string]error, error) {
	return m.failing(ctx, ledger.JobReport, stubborn)
}

func (m *machines) closedInboxes(ctx context.Context) (map[string]string, error) {
	failing, err := m.failing(ctx, ledger.JobLook, 1)
	why := map[string]string{}
	for route, trouble := range failing {
		why[route] = trouble.Error()
	}
	return why, err
}

// serviceLoops work what is handed out, follows what others change, and hears what appears in inboxes.
func (m *machines) serviceLoops() []Loop {
	loops := []Loop{loop{"changes of other machines", m.follow}, loop{"jobs", func(ctx context.Context) error {
		if err := m.reports.Tidy(); err != nil {
			return err
		}
		s := m.shift()
		var due []ledger.Job // whoever hands them out may have died just now
		for _, r := range s.Regular {
			due = append(due, r.Job)
		}
		m.handOut(ctx, due...)
		return m.jobs.Work(ctx, s)
	}}}
	for name, t := range m.takers {
		loops = append(loops, loop{"hints/" + name, func(ctx context.Context) error { return m.hear(ctx, name, t.Route.Inbox) }})
	}
	return loops
}

// shift is what this machine works.
func (m *machines) shift() ledger.Shift {
	s := ledger.Shift{Queues: map[string]int{queueOf(ledger.JobTake, nil): abreast}, Do: m.do, Again: again, Log: m.Log}
	regular := func(j ledger.Job, next func(time.Time) time.Time) {
		s.Regular = append(s.Regular, ledger.Regular{Job: j, Next: next})
	}
	for name := range m.Routes {
		c := m.config.Routes[name].Inbox
		for kind, n := range abreastOf {
			if m.config.Reached(name) {
				s.Queues[queueOf(kind, c.On)] = n
			}
		}
		if c.Dir != "" {
			regular(m.job(ledger.JobLook, name, name), looksOf(c))
		}
	}
	if m.config.ForAll() {
		s.Queues[forAll] = abreast
	}
	regular(ledger.Job{Kind: ledger.JobSweep, Queue: queueOf(ledger.JobTake, nil)}, ledger.Every(sweeping))
	regular(pruning, ledger.Every(retain.Every))
	if len(m.channels) > 0 {
		regular(ledger.Job{Kind: ledger.JobNotify, Queue: forAll}, ledger.Every(sweeping))
	}
	return s
}

// forAll is the queue of what is done for all routes, by machines that reach the folders of all where there are such.
const forAll = ledger.Office

var pruning = ledger.Job{Kind: ledger.JobPrune, Queue: forAll}

// looksOf is when an inbox is looked into: at most once a second, unless something appears there.
func looksOf(c configs.Inbox) func(time.Time) time.Time {
	if c.Schedule == "" {
		return ledger.Every(max(c.Every, time.Second))
	}
	timetable, err := inbox.TimetableOf(c)
	if err != nil { // it was judged when the configuration was read
		return ledger.Every(time.Minute)
	}
	return func(after time.Time) time.Time { return timetable.Next(after, after) }
}

// again is the pause after so many failures.
func again(kind ledger.JobKind, failed int) time.Duration {
	longest := time.Minute
	if kind == ledger.JobReport {
		longest = 5 * time.Minute
	}
	return min(longest, time.Second<<min(failed-1, 10))
}

// do does one job. What is not this machine's any more, because the configuration changed, is left to the books.
func (m *machines) do(ctx context.Context, j ledger.Job) error {
	err := m.doing(ctx, j)
	if errors.Is(err, ledger.ErrState) { // the books have gone on meanwhile, and say what is to be done now
		return nil
	}
	if errors.Is(err, ledger.ErrLost) { // another machine does it by now: this one says nothing about it
		<-ctx.Done()
	}
	if err != nil && ctx.Err() == nil {
		m.Log.Error("work could not be done; trying again", "work", j.Kind, "of", j.ID, "error", err)
	}
	return err
}

func (m *machines) doing(ctx context.Context, j ledger.Job) error {
	switch j.Kind {
	case ledger.JobLook:
		return m.look(ctx, j.ID)
	case ledger.JobTake:
		return m.take(ctx, j.ID)
	case ledger.JobReport:
		return m.reports.File(ctx, j.ID)
	case ledger.JobNotify:
		soon, end := context.WithTimeout(ctx, telling)
		defer end()
		return m.teller().Run(soon)
	case ledger.JobPrune:
		m.sweeper().Turn(ctx)
	case ledger.JobSweep:
		return m.sweep(ctx)
	}
	return nil
}

// look looks into a route's inbox until nothing is settling there.
func (m *machines) look(ctx context.Context, name string) error {
	t := m.takers[name]
	if t == nil || !m.looking[name].TryLock() {
		return nil
	}
	defer m.looking[name].Unlock()
	for {
		err := t.Find(ctx, func(ctx context.Context, f ledger.File) error {
			return m.jobs.Hand(ctx, m.job(ledger.JobTake, f.ID, name))
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		m.looked(name, err, t.Route.Inbox.Due())
		if err != nil || t.Route.Inbox.Waiting() == 0 {
			return err
		}
		if err := t.Route.Inbox.Wait(ctx); err != nil {
			return err
		}
	}
}

// hear has an inbox looked into when something appears there.
func (m *machines) hear(ctx context.Context, name string, in inbox.Place) error {
	for {
		if err := in.Hint(ctx); err != nil {
			return quiet(ctx, err)
		}
		if err := m.jobs.Hand(ctx, m.job(ledger.JobLook, name, name)); err != nil && ctx.Err() == nil {
			m.Log.Debug("a look is not handed out; the next one is due soon", "route", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(beat): // what comes together is looked at together
		}
	}
}

// take takes a file.
func (m *machines) take(ctx context.Context, id string) error {
	f, err := m.Ledger.File(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (f.Rested || m.Routes[f.Route] == nil) {
		return nil
	}
	switch t := m.takers[f.Route]; {
	case err != nil:
		return err
	case take.Uploaded(f) && f.State == ledger.Claiming: // whoever uploads it has it in hand
		return nil
	case take.Uploaded(f):
		return m.taker(m.Routes[f.Route]).GoOn(ctx, f)
	case t != nil:
		return t.Take(ctx, f)
	}
	return nil
}

// sweep hands out what the books say is to be done. What stands in line already stands there once.
func (m *machines) sweep(ctx context.Context) error {
	unrested, err := m.Ledger.Files(ctx, ledger.Query{Unrested: true})
	if err != nil {
		return err
	}
	settled, err := m.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Settled}})
	if err != nil {
		return err
	}
	var jobs []ledger.Job
	for _, f := range unrested {
		jobs = append(jobs, m.job(ledger.JobTake, f.ID, f.Route))
	}
	for _, f := range settled {
		jobs = append(jobs, m.job(ledger.JobReport, f.ID, f.Route))
	}
	return m.jobs.Hand(ctx, jobs...)
}

// report hands out the reports of settled files.
func (m *machines) report(ctx context.Context, files ...ledger.File) {
	var jobs []ledger.Job
	m.mu.Lock()
	for id, at := range m.handed {
		if time.Since(at) > handed {
			delete(m.handed, id)
		}
	}
	for _, f := range files {
		if f.State == ledger.Settled && m.handed[f.ID].IsZero() {
			jobs = append(jobs, m.job(ledger.JobReport, f.ID, f.Route))
			m.handed[f.ID] = time.Now()
		}
	}
	m.mu.Unlock()
	m.handOut(ctx, jobs...)
}

// handOut hands jobs out at once; where that cannot be done a sweep does it.
func (m *machines) handOut(ctx context.Context, jobs ...ledger.Job) {
	if err := m.jobs.Hand(ctx, jobs...); err != nil && ctx.Err() == nil {
		m.Log.Debug("work is not handed out yet", "error", err)
	}
}

// lately gives the files that were taken within the longest patience, on whatever machine; it asks the books once in a while.
func (m *machines) lately(ctx context.Context) ([]ledger.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.asked) < time.Minute/2 {
		return m.earlier, nil
	}
	longest := time.Duration(0)
	for _, t := range m.takers {
		longest = max(longest, t.Following())
	}
	files, err := m.Ledger.Files(ctx, ledger.Query{Since: time.Now().Add(-longest), Last: 1000})
	if err == nil {
		m.earlier, m.asked = files, time.Now()
	}
	return files, err
}

// failing says which jobs of a kind fail, by id, and why.
func (m *machines) failing(ctx context.Context, kind ledger.JobKind, times int) (map[string]error, error) {
	all, err := m.jobs.Failing(ctx, kind, times)
	why := map[string]error{}
	for _, f := range all {
		why[f.ID] = errors.New(f.Why)
	}
	return why, err
}

// recovered forgets the troubles of looks that other machines had none with since.
func (m *machines) recovered(ctx context.Context) error {
	var troubled []string
	for name, look := range m.Looks() {
		if look.Trouble != "" && time.Since(look.At) > unheard { // what it came to is written by now
			troubled = append(troubled, name)
		}
	}
	if len(troubled) == 0 {
		return nil
	}
	failing, err := m.failing(ctx, ledger.JobLook, 1)
	for _, name := range troubled {
		if err == nil && failing[name] == nil {
			m.over(name)
		}
	}
	return err
}

// teller makes the notices.
func (e *Engine) teller() *notify.Teller {
	return &notify.Teller{Books: e.Ledger, Config: e.config, Going: e.troubles, Channels: e.channels, Log: e.Log, Now: time.Now, Untold: e.untold}
}

// untold writes down by which ways nobody is told of anything, for those who look.
func (e *Engine) untold(ctx context.Context, why map[string]string) error {
	text, err := json.Marshal(why)
	if err != nil {
		return err
	}
	return e.Ledger.Keep(ctx, desk.UntoldKey, string(text))
}

// sweeper lets go of what was kept long enough.
func (e *Engine) sweeper() *retain.Sweeper {
	return &retain.Sweeper{Books: e.Ledger, Owner: e.Ledger, Config: e.config, Log: e.Log, Now: time.Now, Gentle: true}
}
