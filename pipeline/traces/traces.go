// Package traces tells an OpenTelemetry collector how long each file took, and which requests: one trace per file. It holds ids, names of
// routes, accounts and operations, counts and outcomes; never a file's name, a row's value, a message or a secret.
package traces

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/senders"
)

// Traces sends spans in the background. All methods work on nil and then do nothing; they are safe for concurrent use and never wait for
// the collector: spans that it does not take in time are dropped.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open begins to send spans where OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, says whereto; nil where neither does.
// The other variables of OpenTelemetry hold as it defines them: headers, sampler, service name, resource attributes.
func Open(ctx context.Context, version string, log *slog.Logger) (*Traces, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if p := os.Getenv(name); p != "" && p != "http/protobuf" {
			return nil, fmt.Errorf("%s is %q: traces are sent as http/protobuf (a collector takes them at port 4318)", name, p)
		}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces cannot be sent", "error", err) }))
	to, err := collectorOf(os.Getenv)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "rowferry"), attribute.String("service.version", version)),
		resource.WithHost(), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, err
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(to), sdk.WithResource(about), sdk.WithIDGenerator(ids{}))
	return &Traces{p, p.Tracer("github.com/rowferry/rowferry")}, nil
}

// Close sends what is left, for at most five seconds.
func (t *Traces) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// Taken tells of a file that has been taken: from the moment it was claimed until it was decided what becomes of it.
func (t *Traces) Taken(f ledger.File) {
	if t == nil {
		return
	}
	t.span(f.ID, "take", f.TakenAt, time.Now(), nil, append(about(f), attribute.String("rowferry.state", string(f.State)), attribute.Int("rowferry.rows", f.Counts.Read))...)
	if f.State == ledger.Duplicate || f.State == ledger.Quarantined {
		t.whole(f)
	}
}

// Request tells of an attempt to send items of a file.
func (t *Traces) Request(file, route, account, operation string, r senders.Result, items, attempt int) {
	if t == nil || r.Started.IsZero() {
		return
	}
	var failed error
	if r.Fate != senders.Answered {
		failed = errors.New(string(r.Fate))
	}
	all := []attribute.KeyValue{attribute.String("rowferry.route", route), attribute.String("rowferry.account", account), attribute.String("rowferry.operation", operation),
		attribute.Int("rowferry.items", items), attribute.Int("rowferry.attempt", attempt), attribute.String("rowferry.fate", string(r.Fate))}
	if r.Fate == senders.Answered {
		all = append(all, attribute.Int("http.response.status_code", r.Status), attribute.String("rowferry.answer", string(r.Reading.Class)))
	}
	t.span(file, "request", r.Started, r.Started.Add(r.Took), failed, all...)
}

// Reported tells of a try to report a file, and with a successful one of the file as a whole.
func (t *Traces) Reported(f ledger.File, began time.Time, err error) {
	if t == nil {
		return
	}
	if err != nil {
		err = errors.New("the result could not be put") // its cause names files
	}
	t.span(f.ID, "report", began, time.Now(), err, about(f)...)
	if err == nil {
		f.State = ledger.Reported
		t.whole(f)
	}
}

// whole is the span of a file that all others of its trace are part of.
func (t *Traces) whole(f ledger.File) {
	all := append(about(f), attribute.String("rowferry.state", string(f.State)))
	for _, s := range batch.Statuses() {
		if n := f.Counts.Of(s); n > 0 {
			all = append(all, attribute.Int("rowferry.rows."+string(s), n))
		}
	}
	_, span := t.tracer.Start(context.WithValue(context.Background(), fileKey{}, f), "file", trace.WithNewRoot(), trace.WithTimestamp(f.TakenAt), trace.WithAttributes(all...))
	span.End()
}

func about(f ledger.File) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("rowferry.file", f.ID), attribute.String("rowferry.route", f.Route), attribute.String("rowferry.account", f.Account),
		attribute.String("rowferry.operation", f.Operation), attribute.Int("rowferry.revision", f.Revision)}
}

func (t *Traces) span(file, name string, from, to time.Time, failed error, all ...attribute.KeyValue) {
	id, root := of(file)
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: root, TraceFlags: trace.FlagsSampled, Remote: true})
	_, span := t.tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), parent), name, trace.WithTimestamp(from),
		trace.WithAttributes(append(all, attribute.String("rowferry.file", file))...))
	if failed != nil {
		span.SetStatus(codes.Error, failed.Error())
	}
	span.End(trace.WithTimestamp(to))
}

// of are the ids of a file's trace and of its whole span: the same in every process that works on it.
func of(file string) (trace.TraceID, trace.SpanID) {
	sum := sha256.Sum256([]byte("rowferry trace " + file))
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

type fileKey struct{}

// ids gives whole spans the ids of their files, and others new ones.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	f, _ := ctx.Value(fileKey{}).(ledger.File)
	id, span := of(f.ID)
	if f.Revision > 1 { // sent again: the whole of it once more
		span = random()
	}
	return id, span
}

func (ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return random() }

func random() (id trace.SpanID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
