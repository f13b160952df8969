package exposition_test

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rowferry/rowferry/pipeline/exposition"
)

// lines are those of an answer, in no order.
func lines(answer *httptest.ResponseRecorder) []string {
	return slices.Sorted(strings.Lines(answer.Body.String()))
}

// What is written has the lines that Prometheus's own library writes of the same counts, whatever the labels and values are.
func TestAsPrometheusItself(t *testing.T) {
	ours, theirs := &exposition.Registry{Log: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry()
	odd := "a \"quoted\" \\ back\nslash, 文件"
	counter := ours.Counter("rows_total", "Rows \\ of\na file.", "route", "outcome")
	gauge := ours.Gauge("free_bytes", "Room.")
	histogram := ours.Histogram([]float64{0.25, 1, 4}, "request_seconds", "Time.", "account")
	ours.Gauge("never_set", "Nothing.")
	theirCounter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rows_total", Help: "Rows \\ of\na file."}, []string{"route", "outcome"})
	theirGauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "free_bytes", Help: "Room."})
	theirHistogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_seconds", Help: "Time.", Buckets: []float64{0.25, 1, 4}}, []string{"account"})
	theirs.MustRegister(theirCounter, theirGauge, theirHistogram)
	for i, route := range []string{"z", odd, "", "m"} {
		counter.Add(float64(i)+0.5, route, "delivered")
		theirCounter.WithLabelValues(route, "delivered").Add(float64(i) + 0.5)
		counter.Add(1, route, "failed")
		theirCounter.WithLabelValues(route, "failed").Inc()
	}
	counter.Add(1, "gone", "failed")
	counter.Forget("gone", "failed")
	for _, v := range []float64{1e6, 123456789, math.Inf(1), -1.5} {
		gauge.Set(v)
		theirGauge.Set(v)
		for _, seconds := range []float64{0.1, 0.25, 0.5, 1, 3.75, 4, 5, 100} {
			histogram.Observe(seconds, odd)
			theirHistogram.WithLabelValues(odd).Observe(seconds)
		}
		answer, theirAnswer := httptest.NewRecorder(), httptest.NewRecorder()
		ours.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		promhttp.HandlerFor(theirs, promhttp.HandlerOpts{}).ServeHTTP(theirAnswer, httptest.NewRequest("GET", "/metrics", nil))
		if different := cmp.Diff(lines(theirAnswer), lines(answer)); different != "" {
			t.Errorf("%s", different)
		}
		if kind := answer.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
			t.Errorf("%q", kind)
		}
	}
}

// What is asked is asked once for each answer, and its trouble told in the log beside the answer; others write beside it, and counting goes on
// meanwhile.
func TestAsked(t *testing.T) {
	var log strings.Builder
	r := &exposition.Registry{Log: slog.New(slog.NewTextHandler(&log, nil))}
	counter, times := r.Counter("counted_total", "Counted."), r.Gauge("asked", "Asked.")
	r.Ask(func() error { times.Add(1); return errors.New("the books are shut") })
	r.Beside(func(w io.Writer) { _, _ = io.WriteString(w, "go_goroutines 7\n") })
	var counting sync.WaitGroup
	for range 8 {
		counting.Go(func() {
			for range 1000 {
				counter.Add(1)
			}
		})
	}
	var last string
	for n := range 3 {
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		last = answer.Body.String()
		if want := "\nasked " + string(rune('1'+n)) + "\n"; !strings.Contains(last, want) || !strings.HasSuffix(last, "\ngo_goroutines 7\n") {
			t.Errorf("%q is not in\n%s", want, last)
		}
	}
	counting.Wait()
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if last = answer.Body.String(); !strings.Contains(last, "\ncounted_total 8000\n") {
		t.Errorf("%s", last)
	}
	if strings.Count(log.String(), "the books are shut") != 4 {
		t.Errorf("%s", log.String())
	}
}
