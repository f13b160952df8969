package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	reflected "github.com/invopop/jsonschema"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write what is made from the types of the program")

// The schema that ships is the one of the types that are printed, and every name in it is in one style.
func TestTheSchemaOfAnswers(t *testing.T) {
	made := schemaOfAnswers(t)
	if *update {
		if err := os.WriteFile("answers.schema.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(made) != answersSchema {
		t.Error("answers.schema.json is not that of the types: go generate ./cmd/rowferry")
	}
	style := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	var look func(at string, v any)
	look = func(at string, v any) {
		schema, is := v.(map[string]any)
		if !is {
			return
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, below := range properties {
			if !style.MatchString(name) {
				t.Errorf("%s has a key %s", at, name)
			}
			look(at+"."+name, below)
		}
		for _, key := range []string{"items", "additionalProperties"} {
			look(at, schema[key])
		}
	}
	var whole struct {
		Defs map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(made, &whole); err != nil {
		t.Fatal(err)
	}
	for name, def := range whole.Defs {
		look(name, def)
	}
}

// schemaOfAnswers reflects the types. Their names in it are no promise; the commands' are.
func schemaOfAnswers(t *testing.T) []byte {
	t.Helper()
	all := reflected.Definitions{}
	names := map[string]reflect.Type{}
	for _, command := range slices.Sorted(maps.Keys(answers())) {
		r := reflected.Reflector{ExpandedStruct: false, Anonymous: true, Namer: func(of reflect.Type) string {
			if of.Name() == "" {
				return ""
			}
			name := strings.TrimPrefix(of.PkgPath(), "github.com/rowferry/rowferry/")
			name = strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "main", "rowferry") + "." + of.Name()
			if was := names[name]; was != nil && was != of {
				t.Fatalf("two types are called %s", name)
			}
			names[name] = of
			return name
		}}
		s := r.Reflect(answers()[command])
		maps.Copy(all, s.Definitions)
		s.Definitions, s.Version = nil, ""
		all[command] = s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(map[string]any{"$schema": reflected.Version, "title": "What rowferry prints with --json, by command", "$defs": all})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fits is nil when what a command printed is what the schema says of it.
func fits(args []string, out string) error {
	c := jsonschema.NewCompiler()
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(answersSchema))
	if err != nil {
		return err
	}
	if err := c.AddResource("answers.json", schema); err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		return err
	}
	name := answerTo(args)
	if said, is := value.(map[string]any); is && said["error"] != nil {
		name = "error"
	}
	if answers()[name] == nil {
		return fmt.Errorf("no answer is known to %q (%q)", args, name)
	}
	s, err := c.Compile("answers.json#/$defs/" + strings.ReplaceAll(name, " ", "%20"))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// answerTo is the name of the answer to a command line.
func answerTo(args []string) string {
	var plain []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			plain = append(plain, a)
		}
	}
	switch {
	case plain[0] == "config":
		return "config"
	case plain[0] == "run":
		return "run --once"
	case plain[0] == "providers" && slices.Contains(args, "--operation"):
		return "providers add --operation"
	case plain[0] == "status" && slices.Contains(args, "--backlog"):
		return "status --backlog"
	case plain[0] == "status" && slices.Contains(args, "--row"):
		return "status FILE-ID --row"
	case plain[0] == "status" && len(plain) > 1 && plain[1][0] >= '0' && plain[1][0] <= '9':
		return "status FILE-ID"
	}
	if len(plain) > 1 && answers()[plain[0]+" "+plain[1]] != nil {
		return plain[0] + " " + plain[1]
	}
	return plain[0]
}

// json COMMAND… runs a command and wants one JSON value and nothing else on its output, as the schema has it, whatever the exit code.
func printsJSON(ts *testscript.TestScript, _ bool, args []string) {
	_ = ts.Exec(args[0], args[1:]...)
	if err := fits(args[1:], ts.ReadFile("stdout")); err != nil {
		ts.Fatalf("%v: %s", err, ts.ReadFile("stdout"))
	}
}
