package providers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oursOfAnything = "extends: ./theirs.yaml\nx-rowferry: {name: x}\noperations:\n  a: {}\n"

const theirHead = `openapi: 3.0.0
info: {title: x, version: "1"}
servers: [{url: https://x.example}]
paths:
  /a: {post: {operationId: a, requestBody: {content: {application/json: {schema: {$ref: '%s'}}}}, responses: {"200": {description: x}}}}
`

// extended compiles a document that extends the files given, theirs.yaml first.
func extended(t *testing.T, files map[string]string) (*Provider, error) {
	t.Helper()
	dir := t.TempDir()
	if files["ours.yaml"] == "" {
		files["ours.yaml"] = oursOfAnything
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(filepath.Join(dir, "ours.yaml"))
}

// Descriptions that contain themselves, multiply, or nest without end are a mistake, before anything grows with them.
func TestDescriptionsWithoutEnd(t *testing.T) {
	schemas := func(write func(b *strings.Builder)) string {
		b := &strings.Builder{}
		fmt.Fprintf(b, theirHead, "#/components/schemas/A0")
		b.WriteString("components:\n  schemas:\n")
		write(b)
		return b.String()
	}
	for name, c := range map[string]struct{ text, want string }{
		"fields multiply": {schemas(func(b *strings.Builder) {
			for i := range 30 {
				fmt.Fprintf(b, "    A%d: {type: object, properties: {a: {$ref: '#/components/schemas/A%d'}, b: {$ref: '#/components/schemas/A%d'}}}\n", i, i+1, i+1)
			}
			b.WriteString("    A30: {type: string}\n")
		}), "more than 5000 fields"},
		"allOf multiplies": {schemas(func(b *strings.Builder) {
			for i := range 30 {
				fmt.Fprintf(b, "    A%d: {allOf: [{$ref: '#/components/schemas/A%d'}, {$ref: '#/components/schemas/A%d'}]}\n", i, i+1, i+1)
			}
			b.WriteString("    A30: {type: object, properties: {a: {type: string}}}\n")
		}), "multiplies"},
		"it needs itself": {schemas(func(b *strings.Builder) {
			b.WriteString("    A0: {type: object, required: [a], properties: {a: {$ref: '#/components/schemas/A0'}}}\n")
		}), "contains itself"},
		"a reference to itself": {schemas(func(b *strings.Builder) {
			b.WriteString("    A0: {$ref: '#/components/schemas/A0'}\n")
		}), "contains itself"},
		"brackets":     {strings.Repeat("[", 100_000), "nested too deeply"},
		"dashes":       {"a:\n" + strings.Repeat("- ", 100_000), "nested too deeply"},
		"aliases":      {"x0: &x0 {a: 1}\n" + doubling(24) + fmt.Sprintf(theirHead, "#/x24"), "line 12: aliases come to too much"},
		"the network":  {fmt.Sprintf(theirHead, "https://x.example/schema.yaml"), "never asked"},
		"no such file": {fmt.Sprintf(theirHead, "nowhere.yaml"), "cannot be read"},
	} {
		_, err := extended(t, map[string]string{"theirs.yaml": c.text})
		if wrong, ok := errors.AsType[*DocumentError](err); !ok || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%s: got %.300v, want %q", name, err, c.want)
		}
	}
}

// doubling are so many mappings, each twice the one before.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d: &x%d {<<: [*x%d, *x%d], k%d: {l: *x%d, r: *x%d}}\n", i+1, i+1, i, i, i, i, i)
	}
	return b.String()
}

// A description of a thousand files that refer to each other is one description; a loop among what is optional is a warning.
func TestManyFiles(t *testing.T) {
	const n = 1034
	files := map[string]string{"theirs.yaml": fmt.Sprintf(theirHead, "f0.yaml")}
	for i := range n {
		files[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf("type: object\nproperties:\n  v%d: {type: string}\n  back: {$ref: f%d.yaml}\n", i, i/2)
	}
	var all strings.Builder
	for i := 1; i < n; i++ {
		fmt.Fprintf(&all, "  n%d: {$ref: 'f%d.yaml#/properties/v%d'}\n", i, i, i)
	}
	files["f0.yaml"] += all.String()
	p, err := extended(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if op := p.Operations[0]; len(op.Fields) != n {
		t.Errorf("got %d fields, want %d", len(op.Fields), n)
	}
	if len(p.Warnings) == 0 {
		t.Error("the loop is not told")
	}
}

// Of a description in JSON only what the operation reaches is read: what is broken elsewhere costs nothing.
func TestOnlyWhatIsPickedIsRead(t *testing.T) {
	p, err := extended(t, map[string]string{"theirs.yaml": `{"openapi": "3.1.0", "info": {"title": "x", "version": "1"},
	 "paths": {"/b": {"post": {"operationId": "b", "requestBody": {"$ref": "#/nowhere"}}},
	  "/a": {"post": {"operationId": "a", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}},
	 "components": {"schemas": {"A": {"type": "object", "properties": {"x": {"type": "string"}}}, "B": {"type": 7, "$ref": "#/nowhere"}}}}`})
	if err != nil {
		t.Fatal(err)
	}
	if op := p.Operations[0]; len(op.Fields) != 1 || op.Fields[0].Path != "x" {
		t.Errorf("got %v", op.Fields)
	}
}

// Of an object that has to be there, and of which `fields` names nothing, the members are offered: it was left out of the request, and what it
// was in, in an optional object, could not be had.
func TestObjectsThatHaveToBeThere(t *testing.T) {
	mass := "{type: object, properties: {net: {type: number}, more: {type: object, properties: {tare: {type: number}}}}}"
	theirs := fmt.Sprintf(theirHead, "#/components/schemas/A") + `components:
  schemas:
    A:
      type: object
      required: [ref, weight]
      properties:
        ref: {type: string}
        note: {type: string}
        weight: ` + mass + `
        customs: {type: object, required: [lines], properties: {port: {type: string}, lines: {type: array, minItems: 1, items: {type: object, required: [mass], properties: {sku: {type: string}, mass: ` + mass + `}}}}}
`
	for fields, want := range map[string]string{
		"[note]":         "ref note weight.net",
		"[weight.net]":   "ref weight.net",
		"[customs.port]": "ref weight.net customs.port customs.lines.mass.net",
	} {
		p, err := extended(t, map[string]string{"theirs.yaml": theirs, "ours.yaml": strings.Replace(oursOfAnything, "{}", "{fields: "+fields+"}", 1)})
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			continue
		}
		var got []string
		for _, f := range p.Operations[0].Fields {
			got = append(got, f.Path)
		}
		if said := strings.Join(got, " "); said != want {
			t.Errorf("%s: got %s, want %s", fields, said, want)
		}
	}
}
