package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/exposition"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/senders"
)

// standing is what the books and the disk say at the moment somebody asks. It is used by one goroutine at a time.
type standing struct {
	metrics *Metrics
	all     []*exposition.Metric

	backlogRows, oldest, stalled, paceAllowed, paceUsed, ledgerBytes, leaseSince, leaseEpoch *exposition.Metric
	sendsFor, leased, standingBy, jobsOf, oldestJob, diskFree, diskLeast                     *exposition.Metric
}

// registerStanding registers what is found out when somebody asks.
func registerStanding(m *Metrics, r *exposition.Registry) {
	s := &standing{metrics: m}
	gauge := func(name, help string, labels ...string) *exposition.Metric {
		s.all = append(s.all, r.Gauge(name, help, labels...))
		return s.all[len(s.all)-1]
	}
	s.backlogRows = gauge("rowferry_backlog_rows", "Rows that wait for an outcome, by how long ago their file was taken: up to 10m, 1h, 4h, 24h, or older.", "account", "age")
	s.oldest = gauge("rowferry_oldest_waiting_seconds", "How long ago the oldest file was taken whose result is not out; 0 when none waits.", "route")
	s.stalled = gauge("rowferry_results_stalled", "Files whose results could not be put into the outbox after several tries.", "route")
	s.paceAllowed = gauge("rowferry_pace_allowed_per_second", "Requests a second that the account's pace allows; not there without a limit.", "account")
	s.paceUsed = gauge("rowferry_pace_used_ratio", "Requests of the last whole minute, of those that the account's pace allowed; not there without a limit.", "account")
	s.ledgerBytes = gauge("rowferry_ledger_bytes", "Size of the ledger in the data folder; not there where the ledger is in PostgreSQL.")
	s.leaseSince = gauge("rowferry_lease_since_timestamp_seconds", "When the machine that carries out orders took that over; not there where one machine has it for itself.", "machine")
	s.leaseEpoch = gauge("rowferry_lease_epoch", "The number of the session of the machine that carries out orders: each has a greater one than those before; not there where one machine has it for itself.")
	s.sendsFor = gauge("rowferry_machine_accounts", "For how many accounts a machine sends; not there where one machine has the ledger for itself.", "machine")
	s.leased = gauge("rowferry_account_leased", "1 for the machine that sends for an account; not there where one machine has the ledger for itself.", "account", "machine")
	s.standingBy = gauge("rowferry_machines_standing_by", "Machines that wait to be let in; not there where one machine has the ledger for itself.")
	s.jobsOf = gauge("rowferry_jobs", "Jobs that the machines hand out to each other, by state: waiting for a machine, running, or failed and to be tried again; not there where one machine has the ledger for itself.", "kind", "state")
	s.oldestJob = gauge("rowferry_oldest_job_seconds", "For how long the oldest job has waited for a machine; 0 when none waits.", "kind")
	s.diskFree = gauge("rowferry_disk_free_bytes", "Room on the disk of the data folder.")
	s.diskLeast = gauge("rowferry_disk_least_bytes", "Room below which nothing new is taken (free); 0 where that is not given.")
	r.Ask(s.ask)
}

// ask asks the books, for 10 seconds at most. What cannot be known now is not shown; its errors come together.
func (s *standing) ask() error {
	for _, m := range s.all {
		m.Forget()
	}
	e := s.metrics.serving()
	if e == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.tellPace(e)
	s.diskLeast.Set(float64(e.config.FreeBytes()))
	if size := ledgerSize(e.Data); size > 0 {
		s.ledgerBytes.Set(float64(size))
	}
	free, err := local.Room(e.Data)
	if err == nil {
		s.diskFree.Set(float64(free))
	}
	return errors.Join(err, s.tellBacklog(ctx, e), s.tellMachines(ctx, e))
}

// tellMachines gives which machine does what, where there are several.
func (s *standing) tellMachines(ctx context.Context, e *Engine) error {
	turn, err := (&desk.Desk{Books: e.Ledger}).Turn(ctx)
	if err != nil || turn == nil {
		return err
	}
	if turn.Works != "" {
		s.leaseSince.Set(float64(turn.Since.UnixMilli())/1000, turn.Works)
	}
	for _, m := range turn.Machines {
		s.sendsFor.Set(float64(len(m.Accounts)), m.Machine)
		for _, account := range m.Accounts {
			s.leased.Set(1, account, m.Machine)
		}
	}
	s.leaseEpoch.Set(float64(turn.Epoch))
	for _, q := range turn.Queues {
		s.jobsOf.Set(float64(q.Waiting), string(q.Kind), "waiting")
		s.jobsOf.Set(float64(q.Running), string(q.Kind), "running")
		s.jobsOf.Set(float64(q.Failed), string(q.Kind), "failed")
		s.oldestJob.Set(q.Age(time.Now()).Seconds(), string(q.Kind))
	}
	s.standingBy.Set(float64(len(turn.StandingBy)))
	return nil
}

// tellBacklog gives what waits.
func (s *standing) tellBacklog(ctx context.Context, e *Engine) error {
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken, ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	now := time.Now()
	b := desk.BacklogOf(files, now)
	for account := range e.Lanes {
		for i, age := range desk.Ages() {
			s.backlogRows.Set(float64(b[account].Rows[i]), account, age.Name)
		}
	}
	waits, why := map[string]float64{}, map[string]float64{}
	troubled := e.Stalled()
	for _, f := range files {
		waits[f.Route] = max(waits[f.Route], now.Sub(f.TakenAt).Seconds())
		if troubled[f.ID] != nil {
			why[f.Route]++
		}
	}
	for route := range e.Routes {
		s.oldest.Set(waits[route], route)
		s.stalled.Set(why[route], route)
	}
	return nil
}

// tellPace gives what accounts may and did.
func (s *standing) tellPace(e *Engine) {
	for account := range e.Lanes {
		rate := senders.Rate(e.config.Accounts[account], e.config.ProviderOf(account))
		if rate.N == 0 {
			continue
		}
		allowed := float64(rate.N) / rate.Per.Seconds()
		s.paceAllowed.Set(allowed, account)
		hour := e.gauges[account].Hour(time.Now())
		s.paceUsed.Set(float64(hour[len(hour)-2].Requests)/(allowed*60), account)
	}
}

// ledgerSize is how many bytes the ledger has in the data folder.
func ledgerSize(data string) (size int64) {
	entries, err := os.ReadDir(data)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(data, e.Name())); err == nil && strings.HasPrefix(e.Name(), "ledger.db") {
			size += info.Size()
		}
	}
	return size
}
