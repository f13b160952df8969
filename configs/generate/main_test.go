package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// The committed files are those that go generate ./configs writes.
func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale: run go generate ./configs\n%s", name, diff)
		}
	}
}

// Every key has a meaning on the page and in the schema.
func TestEveryKeyIsDescribed(t *testing.T) {
	comments, err := commentsOf("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types() {
		if sections[typ.Name()] == "" {
			t.Errorf("no section of the page for %s", typ.Name())
		}
		for f := range typ.Fields() {
			if name := f.Tag.Get("yaml"); name != "" && name != "-" && comments[typ.Name()+"."+f.Name] == "" {
				t.Errorf("%s.%s has no comment", typ.Name(), f.Name)
			}
		}
	}
}

// The schema accepts our examples, and refuses what Load refuses by shape.
func TestSchema(t *testing.T) {
	files, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(files[filepath.Join("..", "rowferry.schema.json")]))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rowferry.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("rowferry.json")
	if err != nil {
		t.Fatal(err)
	}
	good, _ := filepath.Glob("../*.yaml")
	more, _ := filepath.Glob("../testdata/good/*.yaml")
	for _, name := range append(good, more...) {
		if err := validate(t, schema, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"unknown-key", "unknown-top-key", "wrong-types", "enums", "formats", "required", "durations", "sign-incomplete"} {
		if err := validate(t, schema, "../../cmd/rowferry/testdata/mistakes/"+name+".yaml"); err == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

func validate(t *testing.T, schema *jsonschema.Schema, name string) error {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var read any
	if err := yaml.Load(text, &read); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}
