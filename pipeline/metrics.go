package pipeline

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/send"
	"github.com/rowferry/rowferry/senders"
)

// Metrics are what the engine counts for Prometheus. All methods work on nil and then do nothing.
type Metrics struct {
	files    *prometheus.CounterVec
	attempts *prometheus.CounterVec
	items    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	flying   *prometheus.GaugeVec
	waiting  *prometheus.GaugeVec
	stopped  *prometheus.GaugeVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		files:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rowferry_files_total", Help: "Files taken, by what became of them as a whole."}, []string{"route", "state"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rowferry_requests_total", Help: "Requests made, by how far they got."}, []string{"account", "fate"}),
		items:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rowferry_rows_read_total", Help: "Rows read from accepted files."}, []string{"route"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rowferry_request_seconds", Help: "Time from first byte sent to answer read.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}, []string{"account"}),
		flying:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rowferry_requests_in_flight", Help: "Requests under way now."}, []string{"account"}),
		waiting:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rowferry_requests_waiting", Help: "Requests that wait to be tried again."}, []string{"account"}),
		stopped:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rowferry_lane_stopped", Help: "1 while an account's lane is stopped or refused."}, []string{"account"}),
	}
	r.MustRegister(m.files, m.attempts, m.items, m.seconds, m.flying, m.waiting, m.stopped)
	return m
}

func (m *Metrics) file(f ledger.File) {
	if m == nil {
		return
	}
	state := "accepted"
	if f.State == ledger.Quarantined || f.State == ledger.Duplicate {
		state = string(f.State)
	}
	m.files.WithLabelValues(f.Route, state).Inc()
	m.items.WithLabelValues(f.Route).Add(float64(f.Counts.Read))
}

// observer returns the function a lane calls after each attempt.
func (m *Metrics) observer(account string) func(senders.Result) {
	if m == nil {
		return nil
	}
	return func(r senders.Result) {
		m.attempts.WithLabelValues(account, string(r.Fate)).Inc()
		if r.Fate == senders.Answered {
			m.seconds.WithLabelValues(account).Observe(r.Took.Seconds())
		}
	}
}

func (m *Metrics) lanes(lanes map[string]*send.Lane) {
	if m == nil {
		return
	}
	for name, l := range lanes {
		s := l.State()
		m.flying.WithLabelValues(name).Set(float64(s.InFlight))
		m.waiting.WithLabelValues(name).Set(float64(s.Waiting))
		m.stopped.WithLabelValues(name).Set(0)
		if s.Stopped != "" || s.Refused != "" {
			m.stopped.WithLabelValues(name).Set(1)
		}
	}
}
