package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/senders"
)

// standing is what the books and the disk say at the moment somebody asks. It is safe for concurrent use.
type standing struct{ metrics *Metrics }

func description(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	backlogRows = description("rowferry_backlog_rows", "Rows that wait for an outcome, by how long ago their file was taken: up to 10m, 1h, 4h, 24h, or older.", "account", "age")
	oldest      = description("rowferry_oldest_waiting_seconds", "How long ago the oldest file was taken whose result is not out; 0 when none waits.", "route")
	stalled     = description("rowferry_results_stalled", "Files whose results could not be put into the outbox after several tries.", "route")
	paceAllowed = description("rowferry_pace_allowed_per_second", "Requests a second that the account's pace allows; not there without a limit.", "account")
	paceUsed    = description("rowferry_pace_used_ratio", "Requests of the last whole minute, of those that the account's pace allowed; not there without a limit.", "account")
	ledgerBytes = description("rowferry_ledger_bytes", "Size of the ledger in the data folder; not there where the ledger is in PostgreSQL.")
	leaseSince  = description("rowferry_lease_since_timestamp_seconds", "When the machine that carries out orders took that over; not there where one machine has it for itself.", "machine")
	leaseEpoch  = description("rowferry_lease_epoch", "The number of the session of the machine that carries out orders: each has a greater one than those before; not there where one machine has it for itself.")
	sendsFor    = description("rowferry_machine_accounts", "For how many accounts a machine sends; not there where one machine has the ledger for itself.", "machine")
	leased      = description("rowferry_account_leased", "1 for the machine that sends for an account; not there where one machine has the ledger for itself.", "account", "machine")
	standingBy  = description("rowferry_machines_standing_by", "Machines that wait to be let in; not there where one machine has the ledger for itself.")
	jobsOf      = description("rowferry_jobs", "Jobs that the machines hand out to each other, by state: waiting for a machine, running, or failed and to be tried again; not there where one machine has the ledger for itself.", "kind", "state")
	oldestJob   = description("rowferry_oldest_job_seconds", "For how long the oldest job has waited for a machine; 0 when none waits.", "kind")
	diskFree    = description("rowferry_disk_free_bytes", "Room on the disk of the data folder.")
	diskLeast   = description("rowferry_disk_least_bytes", "Room below which nothing new is taken (free); 0 where that is not given.")
)

// Describe names what Collect gives.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{backlogRows, oldest, stalled, paceAllowed, paceUsed, ledgerBytes, leaseSince, leaseEpoch, sendsFor, leased, standingBy, jobsOf, oldestJob, diskFree, diskLeast} {
		out <- d
	}
}

// Collect asks the books, for 10 seconds at most. What cannot be known now is an invalid metric, beside which others are given.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	e := s.metrics.serving()
	if e == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	give := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err := e.tellBacklog(ctx, give); err != nil {
		out <- prometheus.NewInvalidMetric(backlogRows, err)
	}
	e.tellPace(give)
	if turn, err := (&desk.Desk{Books: e.Ledger}).Turn(ctx); err != nil {
		out <- prometheus.NewInvalidMetric(leaseSince, err)
	} else if turn != nil {
		if turn.Works != "" {
			give(leaseSince, float64(turn.Since.UnixMilli())/1000, turn.Works)
		}
		for _, m := range turn.Machines {
			give(sendsFor, float64(len(m.Accounts)), m.Machine)
			for _, account := range m.Accounts {
				give(leased, 1, account, m.Machine)
			}
		}
		give(leaseEpoch, float64(turn.Epoch))
		for _, q := range turn.Queues {
			give(jobsOf, float64(q.Waiting), string(q.Kind), "waiting")
			give(jobsOf, float64(q.Running), string(q.Kind), "running")
			give(jobsOf, float64(q.Failed), string(q.Kind), "failed")
			give(oldestJob, q.Age(time.Now()).Seconds(), string(q.Kind))
		}
		give(standingBy, float64(len(turn.StandingBy)))
	}
	if free, err := local.Room(e.Data); err != nil {
		out <- prometheus.NewInvalidMetric(diskFree, err)
	} else {
		give(diskFree, float64(free))
	}
	give(diskLeast, float64(e.config.FreeBytes()))
	if size := ledgerSize(e.Data); size > 0 {
		give(ledgerBytes, float64(size))
	}
}

type giver func(d *prometheus.Desc, v float64, labels ...string)

// tellBacklog gives what waits.
func (e *Engine) tellBacklog(ctx context.Context, give giver) error {
	files, err := e.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken, ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	now := time.Now()
	b := desk.BacklogOf(files, now)
	for account := range e.Lanes {
		for i, age := range desk.Ages() {
			give(backlogRows, float64(b[account].Rows[i]), account, age.Name)
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
		give(oldest, waits[route], route)
		give(stalled, why[route], route)
	}
	return nil
}

// tellPace gives what accounts may and did.
func (e *Engine) tellPace(give giver) {
	for account := range e.Lanes {
		rate := senders.Rate(e.config.Accounts[account], e.config.ProviderOf(account))
		if rate.N == 0 {
			continue
		}
		allowed := float64(rate.N) / rate.Per.Seconds()
		give(paceAllowed, allowed, account)
		hour := e.gauges[account].Hour(time.Now())
		give(paceUsed, float64(hour[len(hour)-2].Requests)/(allowed*60), account)
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
