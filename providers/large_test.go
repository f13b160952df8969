package providers

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A description of 13 MB, as GitHub's is, costs what its file and the picked operation cost, not what its model would: ten times
// as much.
func TestALargeDescription(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "servers": [{"url": "https://x.example"}], "paths": {`)
	for i := range 1200 {
		fmt.Fprintf(&b, `"/a%d": {"post": {"operationId": "a%d", "description": "%s", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A%d"}}}}, "responses": {"200": {"description": "x"}}}},`,
			i, i, strings.Repeat("long words of theirs ", 100), i)
	}
	b.WriteString(`"/a": {"post": {"operationId": "a", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A1199"}}}}}}}, "components": {"schemas": {`)
	for i := range 1200 {
		fmt.Fprintf(&b, `"A%d": {"type": "object", "properties": {`, i)
		for k := range 60 {
			fmt.Fprintf(&b, `"field_%d": {"type": "string", "maxLength": %d, "description": "%s"},`, k, k+1, strings.Repeat("what it is for ", 6))
		}
		fmt.Fprintf(&b, `"last": {"type": "string"}}},`)
	}
	b.WriteString(`"Z": {"type": "string"}}}}`)
	if b.Len() < 12<<20 {
		t.Fatalf("only %d bytes", b.Len())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := extended(t, map[string]string{"theirs.yaml": b.String()})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if op := p.Operations[0]; len(op.Fields) != 61 {
		t.Errorf("%d fields", len(op.Fields))
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 100<<20 {
		t.Errorf("%d MB were asked for", spent>>20)
	} else {
		t.Logf("%d MB for a file of %d MB", spent>>20, b.Len()>>20)
	}
}
