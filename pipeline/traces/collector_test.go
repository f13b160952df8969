package traces

import (
	"compress/gzip"
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
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
	spans := tracetest.SpanStubs{{Name: "take"}}.Snapshots()
	if err := c.ExportSpans(t.Context(), spans); err != nil || came != 2 {
		t.Errorf("asked %d times: %v", came, err)
	}
	status, came = []int{http.StatusBadRequest}, 0
	if err := c.ExportSpans(t.Context(), spans); err == nil || came != 1 {
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

// recorded takes what OpenTelemetry's own exporter would send.
type recorded struct{ all []*tracepb.ResourceSpans }

func (r *recorded) Start(context.Context) error { return nil }
func (r *recorded) Stop(context.Context) error  { return nil }
func (r *recorded) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	r.all = append(r.all, spans...)
	return nil
}

// What is written says the same as what OpenTelemetry's own exporter writes of the same spans.
func TestEncoded(t *testing.T) {
	about := resource.NewWithAttributes("https://opentelemetry.io/schemas/1.0.0", attribute.String("service.name", "rowferry"), attribute.String("empty", ""), attribute.Bool("on", true), attribute.Bool("off", false))
	context := func(id, span byte, remote bool) trace.SpanContext {
		state, err := trace.ParseTraceState("vendor=value")
		if err != nil {
			t.Fatal(err)
		}
		return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{id, 2}, SpanID: trace.SpanID{span, 3}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: remote})
	}
	began, scope := time.Unix(1_790_000_000, 123_456_789), instrumentation.Scope{Name: "github.com/rowferry/rowferry", Version: "1", SchemaURL: "https://example.com/schema"}
	spans := tracetest.SpanStubs{
		{Name: "file", SpanContext: context(1, 1, false), StartTime: began, EndTime: began.Add(time.Second), SpanKind: trace.SpanKindInternal, Resource: about, InstrumentationScope: scope,
			Attributes: []attribute.KeyValue{attribute.Int("rows", 300), attribute.Int("none", 0), attribute.Int("below", -1), attribute.String("назва", "文件")}, DroppedAttributes: 7},
		{Name: "request", SpanContext: context(1, 2, false), Parent: context(1, 1, true), StartTime: began, EndTime: began, SpanKind: trace.SpanKindClient, Resource: about, InstrumentationScope: scope,
			Status: sdk.Status{Code: codes.Error, Description: "lost"}},
		{Name: "report", SpanContext: context(1, 3, false), Parent: context(1, 1, false), StartTime: began, EndTime: began, Resource: about, InstrumentationScope: scope, Status: sdk.Status{Code: codes.Ok}},
	}.Snapshots()
	want := &recorded{}
	theirs, err := otlptrace.New(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.ExportSpans(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	var got tracepb.TracesData
	if err := proto.Unmarshal(encoded(spans), &got); err != nil || !proto.Equal(&got, &tracepb.TracesData{ResourceSpans: want.all}) {
		t.Errorf("%v: %v, want %v", err, &got, want.all)
	}
}
