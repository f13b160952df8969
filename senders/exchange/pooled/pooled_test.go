package pooled_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/exchange/exchangetest"
	"github.com/rowferry/rowferry/senders/exchange/pooled"
)

func TestConformance(t *testing.T) {
	exchangetest.Run(t, exchangetest.Way{Looks: true, Open: func(t *testing.T, settings *http.Transport, server *url.URL) exchange.Carrier {
		c, speaks := pooled.New(settings, server)
		if !speaks {
			t.Fatalf("it does not speak with %s", server)
		}
		return c
	}})
}

// What it does not speak it says, so that net/http is asked.
func TestWhatItDoesNotSpeak(t *testing.T) {
	proxy := func(text string) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return url.Parse(text) }
	}
	for _, c := range []struct {
		server, proxy string
		speaks        bool
	}{
		{"https://example.com", "", true}, {"http://example.com:8080/base", "", true}, {"https://[::1]:8443", "", true}, {"https://example.com", "http://proxy:3128", true},
		{"https://example.com", "https://proxy", true}, {"http://example.com", "http://proxy:3128", false}, {"https://example.com", "socks5://proxy:1080", false},
		{"https://example.com", "http://[", false}, {"https://пример.рф", "", false}, {"http://[fe80::1%25eth0]", "", false}, {"ftp://example.com", "", false},
	} {
		server, err := url.Parse(c.server)
		if err != nil {
			t.Fatal(err)
		}
		settings := &http.Transport{MaxConnsPerHost: 1}
		if c.proxy != "" {
			settings.Proxy = proxy(c.proxy)
		}
		if _, speaks := pooled.New(settings, server); speaks != c.speaks {
			t.Errorf("%s by %q: %v", c.server, c.proxy, speaks)
		}
	}
}
