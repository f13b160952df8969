package pipeline

import (
	"sync"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/exposition"
	"github.com/rowferry/rowferry/pipeline/send"
	"github.com/rowferry/rowferry/senders"
)

// Metrics are what the engine counts for Prometheus: docs/metrics.md lists them. They outlast an engine that a changed configuration
// replaces. All methods work on nil and then do nothing.
type Metrics struct {
	files    *exposition.Metric
	attempts *exposition.Metric
	rowsRead *exposition.Metric
	rows     *exposition.Metric
	seconds  *exposition.Metric
	flying   *exposition.Metric
	waiting  *exposition.Metric
	stopped  *exposition.Metric
	looked   *exposition.Metric
	looks    *exposition.Metric
	tried    *exposition.Metric
	put      *exposition.Metric

	mu     sync.Mutex
	engine *Engine // that works now; nil: none does yet
}

// NewMetrics registers the metrics.
func NewMetrics(r *exposition.Registry) *Metrics {
	counter, gauge := r.Counter, r.Gauge
	m := &Metrics{
		files:    counter("rowferry_files_total", "Files taken, by what became of them as a whole: accepted, duplicate, quarantined.", "route", "state"),
		attempts: counter("rowferry_requests_total", "Requests made, by how far they got: answered, lost (it may have arrived), not sent.", "account", "fate"),
		rowsRead: counter("rowferry_rows_read_total", "Rows read from files that were taken.", "route"),
		rows:     counter("rowferry_rows_total", "Outcomes that rows got: delivered, rejected, invalid, failed, unknown, skipped. A row that is sent again gets another one.", "route", "outcome"),
		seconds:  r.Histogram(doubling(0.005, 14), "rowferry_request_seconds", "Time from first byte sent to answer read.", "account"),
		flying:   gauge("rowferry_requests_in_flight", "Requests under way now.", "account"),
		waiting:  gauge("rowferry_requests_waiting", "Requests that wait to be tried again.", "account"),
		stopped:  gauge("rowferry_lane_stopped", "1 while an account's lane is stopped or refused.", "account"),
		looked:   gauge("rowferry_inbox_last_look_timestamp_seconds", "When the inbox was last looked into, or that was tried.", "route"),
		looks:    gauge("rowferry_inbox_last_success_timestamp_seconds", "When the inbox was last looked into without trouble.", "route"),
		tried:    gauge("rowferry_outbox_last_try_timestamp_seconds", "When the results of a file were last put into the outbox, or that was tried.", "route"),
		put:      gauge("rowferry_outbox_last_success_timestamp_seconds", "When the results of a file were last put into the outbox.", "route"),
	}
	registerStanding(m, r)
	return m
}

// doubling are so many bounds, each twice the one before.
func doubling(first float64, n int) []float64 {
	all := []float64{first}
	for len(all) < n {
		all = append(all, 2*all[len(all)-1])
	}
	return all
}

// serve tells which engine works from now on. What the one before knew of and this one does not is not shown any more.
func (m *Metrics) serve(e *Engine) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.engine; before != nil {
		for name := range before.Routes {
			if e.Routes[name] == nil {
				forget(name, m.looked, m.looks, m.tried, m.put)
			}
		}
		for name := range before.Lanes {
			if e.Lanes[name] == nil {
				forget(name, m.flying, m.waiting, m.stopped)
			}
		}
	}
	m.begin(e)
	m.engine = e
}

// begin shows what nothing was counted of yet as 0: where a counter comes to be with its first count, Prometheus sees no increase, and an alert is silent.
func (m *Metrics) begin(e *Engine) {
	for name := range e.Routes {
		m.rowsRead.Add(0, name)
		for _, state := range []string{"accepted", string(ledger.Duplicate), string(ledger.Quarantined)} {
			m.files.Add(0, name, state)
		}
		for _, outcome := range batch.Statuses() {
			m.rows.Add(0, name, string(outcome))
		}
	}
	for name := range e.Lanes {
		for _, fate := range []senders.Fate{senders.Answered, senders.Lost, senders.NotSent} {
			m.attempts.Add(0, name, string(fate))
		}
	}
}

func forget(name string, gauges ...*exposition.Metric) {
	for _, g := range gauges {
		g.Forget(name)
	}
}

// serving is the engine that works now.
func (m *Metrics) serving() *Engine {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.engine
}

func (m *Metrics) file(f ledger.File) {
	if m == nil {
		return
	}
	state := "accepted"
	if f.State == ledger.Quarantined || f.State == ledger.Duplicate {
		state = string(f.State)
	}
	m.files.Add(1, f.Route, state)
	m.rowsRead.Add(float64(f.Counts.Read), f.Route)
	m.settled(f.Route, f.Counts)
}

// settled counts outcomes.
func (m *Metrics) settled(route string, c batch.Counts) {
	if m == nil {
		return
	}
	for _, outcome := range batch.Statuses() {
		if n := c.Of(outcome); n > 0 {
			m.rows.Add(float64(n), route, string(outcome))
		}
	}
}

// look notes a look into an inbox, and reported a try to put results into an outbox.
func (m *Metrics) look(route string, err error) {
	if m != nil {
		now(route, err, m.looked, m.looks)
	}
}

func (m *Metrics) reported(route string, err error) {
	if m != nil {
		now(route, err, m.tried, m.put)
	}
}

func now(route string, err error, tried, well *exposition.Metric) {
	tried.SetNow(route)
	if err == nil {
		well.SetNow(route)
	}
}

// observer returns the function a lane calls after each attempt.
func (m *Metrics) observer(account string) func(senders.Result) {
	if m == nil {
		return nil
	}
	return func(r senders.Result) {
		m.attempts.Add(1, account, string(r.Fate))
		if r.Fate == senders.Answered {
			m.seconds.Observe(r.Took.Seconds(), account)
		}
	}
}

func (m *Metrics) lanes(lanes map[string]*send.Lane) {
	if m == nil {
		return
	}
	for name, l := range lanes {
		s := l.State()
		m.flying.Set(float64(s.InFlight), name)
		m.waiting.Set(float64(s.Waiting), name)
		m.stopped.Set(0, name)
		if s.Stopped != "" || s.Refused != "" {
			m.stopped.Set(1, name)
		}
	}
}
