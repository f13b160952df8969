package exchange_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/exchange/pooled"
	"github.com/rowferry/rowferry/senders/exchange/standard"
)

// What an exchange costs by net/http and over connections of our own, in turn: processor time of both ends.
func BenchmarkExchange(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{ "code": 1, "message": "success" }`)
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		b.Fatal(err)
	}
	at.Path = "/api"
	settings := func() *http.Transport {
		return &http.Transport{DialContext: (&net.Dialer{}).DialContext, MaxConnsPerHost: 32, MaxIdleConnsPerHost: 32}
	}
	ours, speaks := pooled.New(settings(), at)
	if !speaks {
		b.Fatal("it does not speak plain HTTP")
	}
	ways := map[string]exchange.Carrier{"standard": standard.New(settings()), "pooled": ours}
	spent := map[string]time.Duration{}
	for b.Loop() {
		for _, name := range []string{"standard", "pooled"} {
			before := used(b)
			many(b, ways[name], at)
			spent[name] += used(b) - before
		}
	}
	for name := range ways {
		ways[name].Close()
		b.ReportMetric(float64(spent[name].Nanoseconds())/1000/float64(b.N*2000), name+"-cpu-µs/exchange")
	}
}

// many makes 2,000 exchanges, 32 at a time.
func many(b *testing.B, by exchange.Carrier, to *url.URL) {
	r := exchange.Request{Method: http.MethodPost, URL: to, Until: time.Now().Add(time.Hour), Leave: func() {},
		Header: http.Header{"User-Agent": {"rowferry"}, "Accept": {"application/json"}, "Content-Type": {"application/json"}},
		Body:   []byte(`{"accountNumber":"3000372","lesBookingId":"LB20240001","failReason":"Cargo Ready Date Is Not Null"}`)}
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 2000 / 32 {
				if res := by.Exchange(b.Context(), r); res.Err != nil || res.Status != http.StatusOK {
					b.Error(res)
					return
				}
			}
		})
	}
	all.Wait()
}

func used(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
