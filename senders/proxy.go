package senders

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// Transport makes connections as an account's requests do, at most so many at once: with its authorities, its own certificate, its
// oldest version of TLS and its proxy. What Check finds wrong of these is left out.
func Transport(account configs.Account, connections int) *http.Transport {
	roots, _ := trust.Authorities(account.CA)
	t := newTransport(connections, roots)
	t.TLSClientConfig.Certificates, _ = trust.Pair(account.Cert, account.Key)
	if account.MinTLS == "1.3" {
		t.TLSClientConfig.MinVersion = tls.VersionTLS13
	}
	switch through, _ := proxyOf(account); {
	case account.Proxy.Reveal() == directly:
		t.Proxy = nil
	case through != nil:
		t.Proxy = http.ProxyURL(through)
	}
	return t
}

// directly in the place of a proxy: not through the one that the environment names either.
const directly = "none"

// proxyOf is the account's own proxy; nil where it has none.
func proxyOf(account configs.Account) (*url.URL, []batch.Mistake) {
	text := account.Proxy.Reveal()
	if text == "" || text == directly {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return nil, []batch.Mistake{{Key: "proxy", What: words.Message("sender.proxy"), Write: words.Message("sender.proxy.write")}}
	}
	return u, nil
}

// proxyAnswered refuses a proxy that does not lead on.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	if answer.StatusCode == http.StatusProxyAuthRequired || answer.StatusCode == http.StatusUnauthorized {
		return failure("sender.proxy.login", "status", answer.StatusCode)
	}
	return failure("sender.proxy.refused", "status", answer.StatusCode)
}
