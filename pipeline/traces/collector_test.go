package traces

import (
	"compress/gzip"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// What leaves for a collector is what its variables say, over TLS with an authority of one's own; a busy one is asked again, one that
// refuses is not.
func TestCollector(t *testing.T) {
	status, came := []int{http.StatusServiceUnavailable, http.StatusOK}, 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(z)
		var got tracepb.TracesData
		if err != nil || proto.Unmarshal(body, &got) != nil || len(got.ResourceSpans) != 1 || got.ResourceSpans[0].ScopeSpans[0].Spans[0].Name != "take" {
			t.Errorf("got %v, %v", &got, err)
		}
		if r.URL.Path != "/base/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("X-Tenant") != "a b,c" || r.Header.Get("X-Other") != "1" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		w.WriteHeader(status[min(came, len(status)-1)])
		came++
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL + "/base/", "OTEL_EXPORTER_OTLP_HEADERS": "X-Tenant=a%20b%2Cc, X-Other=1",
		"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_EXPORTER_OTLP_CERTIFICATE": ca, "OTEL_EXPORTER_OTLP_TIMEOUT": "120000"}
	of := func(name string) string { return variables[name] }
	c, err := collectorOf(of)
	if err != nil {
		t.Fatal(err)
	}
	spans := []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "take"}}}}}}
	if err := c.UploadTraces(t.Context(), spans); err != nil || came != 2 {
		t.Errorf("asked %d times: %v", came, err)
	}
	status, came = []int{http.StatusBadRequest}, 0
	if err := c.UploadTraces(t.Context(), spans); err == nil || came != 1 {
		t.Errorf("asked %d times: %v", came, err)
	}
	variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://127.0.0.1:4318/elsewhere"
	if c, err := collectorOf(of); err != nil || c.address != "http://127.0.0.1:4318/elsewhere" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, value := range map[string]string{"ENDPOINT": "collector:4318", "TRACES_ENDPOINT": "ftp://collector", "HEADERS": "X-Tenant", "COMPRESSION": "zstd", "TIMEOUT": "soon", "CERTIFICATE": "/nowhere", "CLIENT_CERTIFICATE": "/nowhere"} {
		wrong := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_EXPORTER_OTLP_" + name: value}
		if _, err := collectorOf(func(name string) string { return wrong[name] }); err == nil {
			t.Errorf("%s: %q is taken", name, value)
		}
	}
}
