package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A collector gets one trace per file, from its taking over each request to its report, with ids, names of ours and counts, and no value, name of a
// file or secret; without its address nobody is called.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var got []*spans.Span
	var raw []byte
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var export collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &export); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("X-Tenant") != "m4rk-tenant" {
			t.Errorf("%s %v: %v", r.URL.Path, r.Header, err)
		}
		mu.Lock()
		defer mu.Unlock()
		raw = append(raw, body...)
		for _, resource := range export.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				got = append(got, scope.Spans...)
			}
		}
		out, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(out)
	}))
	defer there.Close()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("bad")) {
			_, _ = io.WriteString(w, `{"code":-1,"message":"said of r0wmark-bad"}`)
			return
		}
		_, _ = io.WriteString(w, `{"code":1}`)
	}))
	defer provider.Close()
	dir := t.TempDir()
	put := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("rowferry.yaml", `
accounts: {les: {provider: les, server: "`+provider.URL+`", rate: none, headers: {X-Key: "m4rkkey"}}}
routes: {failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 0s, every: 50ms}, outbox: {dir: out}}}
`)
	run := func(env ...string) string {
		t.Helper()
		cmd := rowferry(t, dir, "run", "--once")
		cmd.Env = append(cmd.Env, env...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code > 1 {
			t.Fatalf("exit code %d: %s", code, out)
		}
		return string(out)
	}
	head := "accountNumber,lesBookingId,failReason\n"
	put("in/n4me.csv", head+"1,r0wmark-a,x\n1,r0wmark-bad,x\n1,,x\n")
	run()
	if len(got) > 0 {
		t.Fatalf("%d spans without an address", len(got))
	}
	put("in/n4me2.csv", head+"2,r0wmark-b,x\n2,r0wmark-bad2,x\n2,,x\n")
	run("OTEL_EXPORTER_OTLP_ENDPOINT="+there.URL, "OTEL_EXPORTER_OTLP_HEADERS=X-Tenant=m4rk-tenant")
	names, whole := map[string]int{}, (*spans.Span)(nil)
	for _, s := range got {
		names[s.Name]++
		if s.Name == "file" {
			whole = s
		}
	}
	if whole == nil || names["file"] != 1 || names["take"] != 1 || names["report"] != 1 || names["request"] != 2 {
		t.Fatalf("spans: %v", names)
	}
	for _, s := range got {
		if !bytes.Equal(s.TraceId, whole.TraceId) || s != whole && !bytes.Equal(s.ParentSpanId, whole.SpanId) || len(whole.ParentSpanId) > 0 {
			t.Errorf("%s is not part of the file: %v", s.Name, s)
		}
		if s.StartTimeUnixNano < whole.StartTimeUnixNano || s.EndTimeUnixNano > whole.EndTimeUnixNano || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s lies outside of the file: %v", s.Name, s)
		}
	}
	for _, mark := range []string{"r0wmark", "n4me", "m4rk", "said of"} {
		if bytes.Contains(raw, []byte(mark)) {
			t.Errorf("traces show %q: %q", mark, raw)
		}
	}
	for _, wanted := range []string{"shipmentFailed", "failures", "rowferry.rows.rejected", "rowferry.rows.invalid", "rowferry.rows.delivered"} {
		if !bytes.Contains(raw, []byte(wanted)) {
			t.Errorf("no span says %s", wanted)
		}
	}
	there.Close() // nothing waits for a collector that is away
	put("in/n4me3.csv", head+"3,r0wmark-c,x\n")
	if said := run("OTEL_EXPORTER_OTLP_ENDPOINT=" + there.URL); !strings.Contains(said, "traces cannot be sent") || !strings.Contains(said, "n4me3.csv") {
		t.Errorf("a collector that is away: %s", said)
	}
}
