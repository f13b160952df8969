package traces

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/encoding/protowire"
)

// encoded is an ExportTraceServiceRequest of OTLP 1 with spans of one provider and tracer, which have neither events nor links. Its messages
// are written field by field (opentelemetry/proto/trace/v1/trace.proto): all of protobuf's reflection would be 2 MB of the program.
func encoded(spans []sdk.ReadOnlySpan) []byte {
	if len(spans) == 0 {
		return nil
	}
	first := spans[0]
	var resource, scope, inScope, inResource []byte
	for _, a := range first.Resource().Attributes() {
		resource = message(resource, 1, keyValue(a))
	}
	scope = text(text(scope, 1, first.InstrumentationScope().Name), 2, first.InstrumentationScope().Version)
	inScope = message(inScope, 1, scope)
	for _, s := range spans {
		inScope = message(inScope, 2, span(s))
	}
	inScope = text(inScope, 3, first.InstrumentationScope().SchemaURL)
	inResource = text(message(message(inResource, 1, resource), 2, inScope), 3, first.Resource().SchemaURL())
	return message(nil, 1, inResource)
}

// Bits of a span's flags beside those of its context: that it is known whether the parent is elsewhere, and that it is.
const (
	knowsRemote = 0x100
	isRemote    = 0x200
)

func span(s sdk.ReadOnlySpan) (b []byte) {
	c, parent := s.SpanContext(), s.Parent()
	id, own, of := c.TraceID(), c.SpanID(), parent.SpanID()
	b = text(message(message(b, 1, id[:]), 2, own[:]), 3, c.TraceState().String())
	if parent.HasSpanID() {
		b = message(b, 4, of[:])
	}
	b = number(text(b, 5, s.Name()), 6, uint64(s.SpanKind()))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 7, protowire.Fixed64Type), uint64(max(0, s.StartTime().UnixNano())))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 8, protowire.Fixed64Type), uint64(max(0, s.EndTime().UnixNano())))
	for _, a := range s.Attributes() {
		b = message(b, 9, keyValue(a))
	}
	b = number(b, 10, uint64(s.DroppedAttributes()))
	b = message(b, 15, status(s.Status()))
	flags := uint32(c.TraceFlags()) | knowsRemote
	if parent.IsRemote() {
		flags |= isRemote
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, 16, protowire.Fixed32Type), flags)
}

func status(s sdk.Status) []byte {
	const ok, failed = 1, 2
	switch b := text(nil, 2, s.Description); s.Code {
	case codes.Ok:
		return number(b, 3, ok)
	case codes.Error:
		return number(b, 3, failed)
	default:
		return b
	}
}

// keyValue is an attribute: what is no text, number or truth is written as a text.
func keyValue(a attribute.KeyValue) []byte {
	var value []byte
	switch v := a.Value; v.Type() {
	case attribute.INT64:
		value = protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), uint64(v.AsInt64()))
	case attribute.BOOL:
		value = protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), protowire.EncodeBool(v.AsBool()))
	default:
		value = message(nil, 1, []byte(v.String()))
	}
	return message(text(nil, 1, string(a.Key)), 2, value)
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

// text and number leave out what is nothing, as protobuf does.
func text(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return message(b, field, []byte(s))
}

func number(b []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}
