// Command generate writes what is made from the types of the configuration: configs/rowferry.schema.json, by which
// editors complete and check rowferry.yaml, and docs/configuration.md. Run it by go generate ./configs.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/configs"
)

const module = "github.com/rowferry/rowferry/configs"

func main() {
	files, err := generate(".") // go generate runs in the folder of configs
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the files by path; folder is where the package configs lies.
func generate(folder string) (map[string][]byte, error) {
	comments, err := commentsOf(folder)
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(comments)
	if err != nil {
		return nil, err
	}
	example, err := os.ReadFile(filepath.Join(folder, "first-route.yaml"))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		filepath.Join(folder, "rowferry.schema.json"):     schema,
		filepath.Join(folder, "../docs/configuration.md"): page(comments, string(example)),
	}, nil
}

// commentsOf reads the comments of types and fields: "Config", "Config.Data".
func commentsOf(folder string) (map[string]string, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(folder); err != nil { // the library derives package paths from relative folders
		return nil, err
	}
	defer func() { _ = os.Chdir(here) }()
	var r jsonschema.Reflector
	if err := r.AddGoComments(module, "./", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, text := range r.CommentMap {
		if short, ok := strings.CutPrefix(name, module+"."); ok {
			out[short] = strings.Join(strings.Fields(text), " ")
		}
	}
	if out["Config.Data"] == "" {
		return nil, fmt.Errorf("no comments found in %s", folder)
	}
	return out, nil
}

var (
	secret   = reflect.TypeFor[configs.Secret]()
	mapping  = reflect.TypeFor[configs.Mapping]()
	duration = reflect.TypeFor[time.Duration]()
)

// schemaOf is the JSON Schema of rowferry.yaml.
func schemaOf(comments map[string]string) ([]byte, error) {
	r := jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case secret:
				return &jsonschema.Schema{OneOf: scalars()}
			case duration:
				return &jsonschema.Schema{Type: "string", Pattern: `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^[0-9]+ ?(d|days?)$|\$\{`}
			}
			return nil
		},
	}
	s := r.Reflect(&configs.Config{})
	s.ID = "https://rowferry.github.io/rowferry.schema.json"
	s.Title = "rowferry.yaml"
	for _, t := range types() {
		def := s.Definitions[t.Name()]
		if def == nil {
			return nil, fmt.Errorf("no definition of %s", t.Name())
		}
		refine(def, t, comments)
	}
	root := s.Definitions["Config"]
	root.PatternProperties = map[string]*jsonschema.Schema{"^x-": {Description: "Anything, to put YAML anchors in."}}
	whole := s.Definitions["Repeats"]
	mode, _ := whole.Properties.Get("mode")
	s.Definitions["Repeats"] = &jsonschema.Schema{Description: comments["Repeats"], AnyOf: []*jsonschema.Schema{mode, whole}}
	short := s.Definitions["Mapping"]
	s.Definitions["Mapping"] = &jsonschema.Schema{
		Description: comments["Mapping"],
		AnyOf: append(scalars(),
			&jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{AnyOf: scalars()}, MinItems: uint64p(1)}, short),
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func uint64p(n uint64) *uint64 { return &n }

func scalars() []*jsonschema.Schema {
	return []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}
}

// refine adds what our own tags and comments say.
func refine(def *jsonschema.Schema, t reflect.Type, comments map[string]string) {
	def.Description = comments[t.Name()]
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		p, ok := def.Properties.Get(name)
		if !ok {
			continue
		}
		p.Description = comments[t.Name()+"."+f.Name]
		if f.Tag.Get("required") != "" {
			def.Required = append(def.Required, name)
		}
		if e := f.Tag.Get("enum"); e != "" {
			target := p
			if f.Type.Kind() == reflect.Slice {
				target = p.Items
			}
			for _, v := range strings.Split(e, ",") {
				target.Enum = append(target.Enum, v)
			}
		}
		if f.Type.Kind() == reflect.Slice { // one value alone is a list of one
			items := *p
			one := *p.Items
			*p = jsonschema.Schema{Description: p.Description, AnyOf: []*jsonschema.Schema{{Type: "array", Items: items.Items}, &one}}
		}
		if f.Type.Kind() == reflect.String && f.Tag.Get("enum") == "" && p.Type == "string" {
			p.Type, p.AnyOf = "", []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}
		}
		if f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.String && p.AdditionalProperties != nil {
			p.AdditionalProperties = &jsonschema.Schema{AnyOf: append(scalars(), &jsonschema.Schema{Type: "null"})}
		}
		if d := f.Tag.Get("default"); d != "" {
			p.Default = value(f.Type, d)
		}
		if e := example(f); e != nil {
			p.Examples = []any{e}
		}
	}
}

func value(t reflect.Type, text string) any {
	switch {
	case t.Kind() == reflect.Slice:
		return strings.Split(text, ",")
	case t.Kind() == reflect.Int:
		n, _ := strconv.Atoi(text)
		return n
	}
	return text
}

func example(f reflect.StructField) any {
	text := f.Tag.Get("example")
	if text == "" || f.Type.Kind() == reflect.Map {
		return nil
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		panic(f.Name + ": example: " + err.Error())
	}
	return v
}

// types lists the structs of the configuration in the order in which a reader meets them.
func types() []reflect.Type {
	var out []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Map || t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t == secret || slices.Contains(out, t) {
			return
		}
		out = append(out, t)
		for f := range t.Fields() {
			if name := f.Tag.Get("yaml"); name != "" && name != "-" {
				visit(f.Type)
			}
		}
	}
	visit(reflect.TypeFor[configs.Config]())
	return out
}

// sections are the headings of the page.
var sections = map[string]string{
	"Config": "The file", "Keep": "keep", "Notices": "notices", "Webhook": "notices.webhook", "Mail": "notices.mail", "Expect": "routes.NAME.expect", "Console": "console", "TLS": "console.tls", "OIDC": "console.oidc", "Account": "accounts.NAME", "Sign": "accounts.NAME.sign", "Receipts": "accounts.NAME.receipts", "Retry": "accounts.NAME.retry", "SFTP": "sftp.NAME",
	"Route": "routes.NAME", "Inbox": "routes.NAME.inbox", "Outbox": "routes.NAME.outbox", "Preview": "routes.NAME.preview",
	"Read": "routes.NAME.read", "Mapping": "routes.NAME.map.FIELD", "Later": "routes.NAME.later", "Repeats": "routes.NAME.repeats", "RouteLimits": "routes.NAME.limits",
}

// page is docs/configuration.md.
func page(comments map[string]string, first string) []byte {
	var b strings.Builder
	b.WriteString("# Configuration: every key of rowferry.yaml\n\n" +
		"<!-- Generated from the types in configs/configs.go by go generate ./configs. Do not edit. -->\n\n" +
		"The smallest configuration (`configs/first-route.yaml`):\n\n```yaml\n" + first + "```\n\n" + intro)
	for _, t := range types() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | type | default | meaning | example |\n|---|---|---|---|---|\n", sections[t.Name()], describe(t.Name(), comments))
		for f := range t.Fields() {
			name := f.Tag.Get("yaml")
			if name == "" || name == "-" {
				continue
			}
			def := code(f.Tag.Get("default"))
			switch {
			case f.Tag.Get("required") != "":
				def = "required"
			case f.Type.Kind() == reflect.Slice && def != "":
				def = code("[" + strings.ReplaceAll(f.Tag.Get("default"), ",", ", ") + "]")
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, typeText(f), def, cell(comments[t.Name()+"."+f.Name]), exampleText(f, name))
		}
	}
	return []byte(b.String())
}

const intro = `Every mistake is reported at once, with its line and what to write instead: ` + "`rowferry check`" + `, ` + "`run`" + ` and ` + "`send`" + ` do not start with a mistake.
Editors that know YAML schemas complete and check the file by ` + "`configs/rowferry.schema.json`" + `; ` + "`configs/full.yaml`" + ` shows every key.

- **Secrets** come from the environment (` + "`\"${NAME}\"`" + `) or from a file (` + "`file:PATH`" + `, trimmed). They never appear in logs, results or errors.
  ` + "`${NAME}`" + ` may stand in any other value too, but for what maps columns; ` + "`$${`" + ` is ` + "`${`" + ` itself.
- **Durations** are numbers with units: ` + "`500ms`, `2s`, `1h30m`, `24h`, `90d`" + `.
- **Paths** that are relative start at the folder of the configuration file; ` + "`~/`" + ` is the home folder.
- **Lists** with one entry may be written as that entry.
- **Top-level keys that begin with ` + "`x-`" + `** are left alone, as a place for YAML anchors.
- What an account or SFTP server that no route uses lacks on this machine (a variable, a file) is a warning, not a mistake.
`

func describe(name string, comments map[string]string) string {
	text := strings.TrimSpace(strings.TrimPrefix(comments[name], name))
	text = strings.TrimPrefix(text, "is ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func typeText(f reflect.StructField) string {
	text := kindText(f.Type)
	if e := f.Tag.Get("enum"); e != "" {
		one := "`" + strings.ReplaceAll(e, ",", "`, `") + "`"
		if f.Type.Kind() == reflect.Slice {
			return "list of " + one
		}
		return one
	}
	return text
}

func kindText(t reflect.Type) string {
	switch {
	case t == secret:
		return "secret"
	case t == duration:
		return "duration"
	case t == mapping:
		return "heading, list of headings or keys"
	case t.Kind() == reflect.Pointer:
		return kindText(t.Elem())
	case t.Kind() == reflect.Map:
		return "name → " + kindText(t.Elem())
	case t.Kind() == reflect.Slice:
		return "list of texts"
	case t.Kind() == reflect.Struct:
		return "keys, see [" + sections[t.Name()] + "](#" + anchor(sections[t.Name()]) + ")"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "text"
}

func anchor(heading string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(heading), ".", ""), " ", "-")
}

func exampleText(f reflect.StructField, name string) string {
	e := f.Tag.Get("example")
	switch {
	case e == "":
		return ""
	case f.Type.Kind() == reflect.Map:
		return code(name + ": {NAME: " + e + "}")
	}
	return code(name + ": " + e)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
