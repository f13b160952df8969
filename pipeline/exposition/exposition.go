// Package exposition keeps counters, gauges and histograms, and writes them as Prometheus reads them: its text format 0.0.4.
package exposition

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Registry is the metrics of one program. Metrics are made before it is served; then it is safe for concurrent use.
type Registry struct {
	Log *slog.Logger // what cannot be found out is told there

	mu     sync.Mutex // one asks at a time
	all    []*Metric
	asked  []func() error
	beside []func(io.Writer)
}

// Metric is values of one kind, each with values of the labels. It is safe for concurrent use.
type Metric struct {
	Name, Help string
	Labels     []string // two at most
	kind       string
	bounds     []float64 // of a histogram's buckets
	mu         sync.Mutex
	series     map[[2]string]*series
}

// series is what one set of labels has.
type series struct {
	value   float64 // of a histogram: the sum
	buckets []uint64
	count   uint64
}

// Counter makes a metric that only grows.
func (r *Registry) Counter(name, help string, labels ...string) *Metric {
	return r.metric("counter", nil, name, help, labels)
}

// Gauge makes one that goes up and down.
func (r *Registry) Gauge(name, help string, labels ...string) *Metric {
	return r.metric("gauge", nil, name, help, labels)
}

// Histogram makes one that counts what is observed up to each bound, which grow.
func (r *Registry) Histogram(bounds []float64, name, help string, labels ...string) *Metric {
	return r.metric("histogram", bounds, name, help, labels)
}

func (r *Registry) metric(kind string, bounds []float64, name, help string, labels []string) *Metric {
	m := &Metric{Name: name, Help: help, Labels: labels, kind: kind, bounds: bounds, series: map[[2]string]*series{}}
	r.all = append(r.all, m)
	return m
}

// Ask has a function set what is found out when somebody asks.
func (r *Registry) Ask(f func() error) { r.asked = append(r.asked, f) }

// Beside has a function write metrics of its own after these.
func (r *Registry) Beside(f func(io.Writer)) { r.beside = append(r.beside, f) }

// Metrics are those that were made.
func (r *Registry) Metrics() []*Metric { return slices.Clone(r.all) }

// change changes the series of these labels.
func (m *Metric) change(labels []string, how func(*series)) {
	var key [2]string
	copy(key[:], labels)
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[key]
	if s == nil {
		s = &series{buckets: make([]uint64, len(m.bounds))}
		m.series[key] = s
	}
	how(s)
}

// Add adds to what the labels have.
func (m *Metric) Add(v float64, labels ...string) {
	m.change(labels, func(s *series) { s.value += v })
}

// Set replaces it.
func (m *Metric) Set(v float64, labels ...string) {
	m.change(labels, func(s *series) { s.value = v })
}

// SetNow sets it to the time, in seconds.
func (m *Metric) SetNow(labels ...string) {
	m.Set(float64(time.Now().UnixNano())/1e9, labels...)
}

// Observe counts a value in a histogram.
func (m *Metric) Observe(v float64, labels ...string) {
	m.change(labels, func(s *series) {
		s.value += v
		s.count++
		if i, _ := slices.BinarySearch(m.bounds, v); i < len(m.bounds) {
			s.buckets[i]++
		}
	})
}

// Forget has the labels shown no more; without labels, all.
func (m *Metric) Forget(labels ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(labels) == 0 {
		clear(m.series)
		return
	}
	var key [2]string
	copy(key[:], labels)
	delete(m.series, key)
}

// ServeHTTP asks, and answers with all metrics.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ask := range r.asked {
		if err := ask(); err != nil {
			r.Log.Error("metrics: some are missing now", "error", err)
		}
	}
	var b bytes.Buffer
	for _, m := range slices.SortedFunc(slices.Values(r.all), func(x, y *Metric) int { return cmp.Compare(x.Name, y.Name) }) {
		m.write(&b)
	}
	for _, write := range r.beside {
		write(&b)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (m *Metric) write(b *bytes.Buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.series) == 0 {
		return
	}
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", m.Name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(m.Help), m.Name, m.kind)
	keys := slices.SortedFunc(maps.Keys(m.series), func(x, y [2]string) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	for _, key := range keys {
		s := m.series[key]
		if m.kind != "histogram" {
			m.line(b, "", key, "", s.value)
			continue
		}
		below := uint64(0)
		for i, bound := range m.bounds {
			below += s.buckets[i]
			m.line(b, "_bucket", key, written(bound), float64(below))
		}
		m.line(b, "_bucket", key, written(math.Inf(1)), float64(s.count))
		m.line(b, "_sum", key, "", s.value)
		m.line(b, "_count", key, "", float64(s.count))
	}
}

// line is one value; le is the bound of a bucket, "" elsewhere.
func (m *Metric) line(b *bytes.Buffer, end string, key [2]string, le string, v float64) {
	var labels []string
	for i, name := range m.Labels {
		labels = append(labels, name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(key[i])+`"`)
	}
	slices.Sort(labels)
	if le != "" {
		labels = append(labels, `le="`+le+`"`)
	}
	b.WriteString(m.Name + end)
	if len(labels) > 0 {
		b.WriteString("{" + strings.Join(labels, ",") + "}")
	}
	b.WriteString(" " + written(v) + "\n")
}

func written(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) } // infinity is +Inf, as there
