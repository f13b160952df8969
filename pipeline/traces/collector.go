package traces

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// patience is how long a collector that is busy or away is asked again for the same spans; first is the first pause between.
const (
	patience = time.Minute
	first    = time.Second
)

// collector is where spans go, as OTLP over HTTP in protobuf. otlptracehttp does the same, with all of gRPC linked in beside it.
type collector struct {
	address string
	header  http.Header
	packs   bool
	client  *http.Client
}

var _ sdk.SpanExporter = (*collector)(nil)

// collectorOf is the collector that the variables of OpenTelemetry name; those for traces go before those for all.
func collectorOf(variable func(string) string) (*collector, error) {
	of := func(name string) string {
		return cmp.Or(variable("OTEL_EXPORTER_OTLP_TRACES_"+name), variable("OTEL_EXPORTER_OTLP_"+name))
	}
	c := &collector{address: variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), header: http.Header{"Content-Type": {"application/x-protobuf"}, "User-Agent": {"rowferry"}}}
	if c.address == "" {
		c.address = strings.TrimRight(variable("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/traces"
	}
	if u, err := url.Parse(c.address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no address: write http://collector:4318")
	}
	for pair := range strings.SplitSeq(of("HEADERS"), ",") {
		name, value, given := strings.Cut(strings.TrimSpace(pair), "=")
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		switch {
		case pair == "":
		case !given || err != nil:
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS: write name=value,name=value")
		default:
			c.header.Set(strings.TrimSpace(name), plain)
		}
	}
	switch packing := of("COMPRESSION"); packing {
	case "", "none":
	case "gzip":
		c.packs = true
		c.header.Set("Content-Encoding", "gzip")
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION is %q: write gzip or none", packing)
	}
	ms, err := strconv.Atoi(cmp.Or(of("TIMEOUT"), "10000"))
	if err != nil || ms <= 0 {
		return nil, errors.New("OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds")
	}
	trust, err := trusted(of("CERTIFICATE"), of("CLIENT_CERTIFICATE"), of("CLIENT_KEY"))
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	c.client = &http.Client{Transport: transport, Timeout: time.Duration(ms) * time.Millisecond}
	return c, nil
}

// trusted is TLS with authorities and a certificate of one's own, each from a file where one is named.
func trusted(authorities, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{}
	if authorities != "" {
		pem, err := os.ReadFile(authorities)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", authorities)
		}
	}
	if certificate != "" {
		own, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// Shutdown is a SpanExporter's.
func (c *collector) Shutdown(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// ExportSpans is a SpanExporter's. A collector that says that it is busy, or is away, is asked again for a while.
func (c *collector) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	body := encoded(spans)
	if c.packs {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		body = b.Bytes()
	}
	for pause := first; ; pause *= 2 {
		wait, err := c.post(ctx, body)
		if err == nil || wait < 0 {
			return err
		}
		select {
		case <-time.After(max(pause, wait)):
		case <-ctx.Done():
			return err
		}
	}
}

// post sends once. With an error comes how long to wait before it is tried again; below nothing: not at all.
func (c *collector) post(ctx context.Context, body []byte) (wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	r.Header = c.header.Clone()
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)); err != nil {
		return 0, err
	}
	err = fmt.Errorf("the collector answered %s", answer.Status)
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // no number: the pause
		return time.Duration(max(seconds, 0)) * time.Second, err
	}
	if answer.StatusCode/100 == 2 {
		return 0, nil
	}
	return -1, err
}
