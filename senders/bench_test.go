package senders_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders"
)

var lesBody = []byte(`{"accountNumber":"3000372","lesBookingId":"LB20240001","failReason":"Cargo Ready Date Is Not Null"}`)

func answering(b *testing.B) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{ "code": 1, "message": "sucess" }`)
	}))
	b.Cleanup(s.Close)
	return s
}

// cpu reports the processor time of both ends per request; the difference between the two benchmarks is ours.
func cpu(b *testing.B, f func()) {
	b.ReportAllocs()
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	f()
	b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func BenchmarkSend(b *testing.B) {
	p := builtin(b, "les")
	s, err := senders.Open(configs.Account{Name: "les", Server: answering(b).URL, Concurrency: 32, Rate: "1000000/s"}, p, senders.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	items := []batch.Item{{Rows: []int{2}, Body: lesBody}}
	b.SetParallelism(16)
	cpu(b, func() {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if r := s.Send(b.Context(), senders.Attempt{Operation: p.Operations[0], Items: items}); r.Fate != senders.Answered || r.Reading.Class != "ok" {
					b.Error(r)
				}
			}
		})
	})
}

func BenchmarkPlainHTTP(b *testing.B) {
	url := answering(b).URL + "/api/logistics/callback"
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, MaxConnsPerHost: 32}}
	b.SetParallelism(16)
	cpu(b, func() {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r, err := c.Post(url, "application/json", bytes.NewReader(lesBody))
				if err != nil {
					b.Error(err)
					continue
				}
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
			}
		})
	})
}
