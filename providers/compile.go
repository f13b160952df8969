package providers

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
)

//go:embed *.yaml
var documents embed.FS

// Builtin returns the providers whose documents are embedded, by name.
func Builtin() (map[string]*Provider, error) {
	all := map[string]*Provider{}
	for _, name := range Names() {
		p, err := Named(name)
		if err != nil {
			return nil, err
		}
		all[name] = p
	}
	return all, nil
}

// Names lists the providers whose documents are embedded. A document is called by its provider's name.
func Names() []string { return slices.Sorted(maps.Keys(builtin)) }

// Named returns one of them, nil where none has the name. Each is compiled once, when it is first asked for.
func Named(name string) (*Provider, error) {
	if builtin[name] == nil {
		return nil, nil
	}
	return builtin[name]()
}

var builtin = func() map[string]func() (*Provider, error) {
	all := map[string]func() (*Provider, error){}
	files, _ := documents.ReadDir(".") // it is embedded
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".yaml")
		all[name] = sync.OnceValues(func() (*Provider, error) { return embedded(name) })
	}
	return all
}()

func embedded(name string) (*Provider, error) {
	b, err := documents.ReadFile(name + ".yaml")
	if err != nil {
		return nil, err
	}
	p, err := Compile(b, "built in: "+name+".yaml")
	if err != nil {
		return nil, err
	}
	if p.Name != name {
		return nil, fmt.Errorf("built in: %s.yaml: it is called %s", name, p.Name)
	}
	p.Source = "built in"
	return p, nil
}

// Load reads and compiles one document from a file. Every mistake in it is reported at once, in a *DocumentError.
func Load(path string) (*Provider, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Compile(b, path)
}

// Operation returns the operation with this operationId.
func (p *Provider) Operation(id string) (*Operation, bool) {
	i := slices.IndexFunc(p.Operations, func(op *Operation) bool { return op.ID == id })
	if i < 0 {
		return nil, false
	}
	return p.Operations[i], true
}

// Scheme returns the authentication scheme of this name.
func (p *Provider) Scheme(name string) (Scheme, bool) {
	i := slices.IndexFunc(p.Schemes, func(s Scheme) bool { return s.Name == name })
	if i < 0 {
		return Scheme{}, false
	}
	return p.Schemes[i], true
}

// Server returns the URL of an environment, "" when the document has none.
func (p *Provider) Server(environment string) string {
	for _, s := range p.Servers {
		if s.Environment == environment {
			return s.URL
		}
	}
	return ""
}

// Field returns the field with this path.
func (op *Operation) Field(path string) (*Field, bool) {
	i := slices.IndexFunc(op.Fields, func(f *Field) bool { return f.Path == path })
	if i < 0 {
		return nil, false
	}
	return op.Fields[i], true
}

type compiled struct {
	answer  *answer
	element *Schema // the whole body, or one element of a batch
	array   *Schema // that rows fill, where they do
	rest    *jsonschema.Schema
	rows    []map[string]string // examples
	maps    []string            // paths of maps that columns name
	widen   func(named []string) (*Operation, error)
	recheck []string
	kept    []withheld        // fields of a description that are not offered
	parts   map[string]string // multipart: unwritten
}

// Compile compiles a document; source is how its mistakes name it.
func Compile(document []byte, source string) (*Provider, error) {
	r := &reader{}
	p := &Provider{Source: source}
	err := r.open(document)
	if err == nil && len(r.mistakes) == 0 && get(r.root, "extends") != nil {
		r.adopt(source)
	}
	if err == nil && len(r.mistakes) == 0 {
		r.provider(p)
		p.Warnings = r.told()
	}
	if err != nil && len(r.mistakes) == 0 {
		r.mistakes = append(r.mistakes, unreadable(err))
	}
	if len(r.mistakes) > 0 {
		return nil, (&DocumentError{source, r.mistakes}).sorted()
	}
	return p, nil
}

// open reads the YAML.
func (r *reader) open(document []byte) error {
	root, err := parseYAML(document, 0)
	if err != nil {
		return err
	}
	r.root = root
	r.once(root, "")
	if get(r.root, "extends") != nil {
		return nil
	}
	version := get(r.root, "openapi")
	switch {
	case version == nil:
		r.wrong(r.root, "", "document.missing", "key", "openapi")
	case !strings.HasPrefix(version.Value, "3.1."):
		r.wrong(version, "openapi", "document.version", "found", version.Value)
	}
	return nil
}

// providerSpec is x-rowferry of the document.
type providerSpec struct {
	Name   string     `key:"name,must"`
	Title  batch.Text `key:"title"`
	Limits struct {
		Rate        Rate `key:"rate"`
		Concurrency int  `key:"concurrency"`
	} `key:"limits"`
	Charset     string       `key:"charset"`
	Credentials *yaml.Node   `key:"credentials"`
	Notes       []batch.Text `key:"notes"`
}

var properName = patterns.New(`^[a-z][a-z0-9-]{0,40}$`)

func (r *reader) provider(p *Provider) {
	x := get(r.root, "x-rowferry")
	if x == nil {
		r.wrong(r.root, "", "document.missing", "key", "x-rowferry")
		return
	}
	var spec providerSpec
	r.decode(x, "x-rowferry", &spec)
	if spec.Name != "" && !properName.MatchString(spec.Name) {
		r.wrong(get(x, "name"), "x-rowferry.name", "document.choice", "value", spec.Name, "allowed", "a-z 0-9 -")
	}
	p.Name, p.Title, p.Notes = spec.Name, spec.Title, spec.Notes
	if p.Charset = spec.Charset; p.Charset != "" {
		if _, err := htmlindex.Get(p.Charset); err != nil {
			r.wrong(get(x, "charset"), "x-rowferry.charset", "document.choice", "value", p.Charset, "allowed", "gb18030, big5, windows-1251, shift_jis, …")
		}
	}
	p.Limits = Limits{Rate: spec.Limits.Rate, Concurrency: spec.Limits.Concurrency}
	if p.Limits.Concurrency == 0 {
		p.Limits.Concurrency = 4
	}
	if p.Title == (batch.Text{}) {
		p.Title.EN = textAt(get(r.root, "info"), "title")
	}
	r.servers(p)
	r.credentials(p, spec.Credentials)
	r.schemes(p)
	r.webhooks(p)
	r.operations(p)
	p.complete(r.theirs)
}

func (r *reader) servers(p *Provider) {
	list := get(r.root, "servers")
	if list == nil {
		return
	}
	seen := map[string]bool{}
	for i, n := range list.Content {
		n, place := plain(n), fmt.Sprintf("servers[%d]", i)
		url, env := get(n, "url"), get(n, "x-environment")
		if url == nil || env == nil {
			r.wrong(n, place, "document.missing", "key", "url / x-environment")
			continue
		}
		r.choice(env, place+".x-environment", env.Value, "production", "sandbox")
		if h := hole.FindString(url.Value); h != "" {
			r.wrong(url, place, "document.server_hole", "hole", h)
		}
		if seen[env.Value] {
			r.wrong(env, place, "document.twice", "name", env.Value)
		}
		seen[env.Value] = true
		p.Servers = append(p.Servers, Server{URL: strings.TrimRight(url.Value, "/"), Environment: env.Value})
	}
}

func (r *reader) credentials(p *Provider, n *yaml.Node) {
	for _, e := range entries(n) {
		var spec struct {
			Label    batch.Text `key:"label"`
			Secret   bool       `key:"secret"`
			Optional bool       `key:"optional"`
		}
		r.decode(e.Node, "x-rowferry.credentials."+e.Name, &spec)
		p.Credentials = append(p.Credentials, Credential{e.Name, spec.Label, spec.Secret, spec.Optional})
	}
}

func (r *reader) haveCredentials(p *Provider, n *yaml.Node, place string, names []string) {
	for _, name := range names {
		if name != "" && !slices.ContainsFunc(p.Credentials, func(c Credential) bool { return c.Name == name }) {
			r.wrong(n, place, "document.credential", "name", name)
		}
	}
}

var hole = patterns.New(`\{([^{}]*)\}`)

func (r *reader) template(p *Provider, n *yaml.Node, place, text string) {
	for _, m := range hole.FindAllStringSubmatch(text, -1) {
		known := slices.Contains([]string{"timestamp", "nonce", "sign", "session"}, m[1]) ||
			slices.ContainsFunc(p.Credentials, func(c Credential) bool { return c.Name == m[1] })
		if !known {
			r.wrong(n, place, "document.template", "name", m[0])
		}
	}
}

// textAt is the scalar at key, "" when there is none.
func textAt(n *yaml.Node, key string) string {
	v := get(n, key)
	if v == nil || v.Kind != yaml.ScalarNode {
		return ""
	}
	return v.Value
}

var methods = []string{"get", "put", "post", "delete", "patch"}

func (r *reader) operations(p *Provider) {
	for _, path := range entries(get(r.root, "paths")) {
		for _, method := range entries(path.Node) {
			if !slices.Contains(methods, method.Name) || get(method.Node, "x-rowferry") == nil {
				continue
			}
			r.operation(p, method.Node, path, method.Name, nil)
		}
	}
	if len(p.Operations) == 0 && len(r.mistakes) == 0 {
		r.wrong(r.root, "paths", "document.operations")
	}
}

// operationSpec is x-rowferry of an operation.
type operationSpec struct {
	Title      batch.Text          `key:"title"`
	Help       batch.Text          `key:"help"`
	Notes      []batch.Text        `key:"notes"`
	Rows       *yaml.Node          `key:"rows"`
	Fields     []string            `key:"fields"`
	Columns    *yaml.Node          `key:"columns"`
	Choose     *yaml.Node          `key:"choose"`
	Map        *yaml.Node          `key:"map"`
	Unique     [][]string          `key:"unique"`
	Identity   []string            `key:"identity"`
	Repeats    string              `key:"repeats"`
	Repeatable bool                `key:"repeatable"`
	Done       batch.Text          `key:"done"`
	Paths      map[string]string   `key:"paths"`
	Examples   []map[string]string `key:"examples"`
	Answer     *yaml.Node          `key:"answer"`
	Receipts   *yaml.Node          `key:"receipts"`
}

// operation compiles one; named are members of its maps.
func (r *reader) operation(p *Provider, n *yaml.Node, item entry, method string, named []string) {
	var spec operationSpec
	path := item.Name
	place := "paths." + path + "." + method
	x, xplace := get(n, "x-rowferry"), place+".x-rowferry"
	r.decode(x, xplace, &spec)
	op := r.introduce(p, n, spec, place)
	op.Method = strings.ToUpper(method)
	if spec.Repeats != "" {
		r.choice(get(x, "repeats"), xplace+".repeats", spec.Repeats, SkipRepeats, SendRepeats)
	}
	r.security(op, n, place)
	schema, splace := r.encodings(op, n, place)
	op.Paths = map[string]string{}
	for _, e := range op.Encodings {
		op.Paths[e] = path
	}
	for _, e := range sorted(spec.Paths) {
		r.choice(get(get(x, "paths"), e), xplace+".paths."+e, e, op.Encodings...)
		op.Paths[e] = spec.Paths[e]
	}
	b := &builder{reader: r, op: op, named: named, rules: map[string]bool{}, budget: maxFields, values: 20 * maxFields}
	for _, s := range p.Schemes {
		b.schemes = append(b.schemes, s.Name)
	}
	op.Rows.Kind = One
	if spec.Rows != nil {
		r.rows(op, spec.Rows, xplace+".rows")
	}
	told := len(r.warnings)
	b.wish(spec, x)
	r.receipts(p, op, spec.Receipts, xplace+".receipts")
	p.Operations = append(p.Operations, op)
	b.parameters(item.Node, n, place)
	if schema == nil && len(op.Parameters) == 0 {
		if get(n, "requestBody") == nil {
			r.wrong(n, place, "document.nothing")
		}
		return
	}
	before := len(r.mistakes)
	b.body(schema, splace, n, spec, x, xplace)
	if op.Opens() {
		op.compiled.widen = func(named []string) (*Operation, error) { return r.widened(p, n, item, method, named) }
	}
	if op.Item != nil {
		b.answerExamples(n, place)
	}
	if len(r.mistakes) == before && r.theirs && len(op.Fields) == 0 && !op.Opens() {
		r.wrong(n, place, "document.no_fields")
		r.mistakes = append(r.mistakes, r.warnings[told:]...) // now they are what stands in the way
		r.warnings = r.warnings[:told]
	}
	if len(r.mistakes) == before {
		b.unmet()
		b.holes(n, place)
	}
}

// introduce begins an operation: what it is called, in whose words, and what becomes of its repeats.
func (r *reader) introduce(p *Provider, n *yaml.Node, spec operationSpec, place string) *Operation {
	op := &Operation{Provider: p, ID: textAt(n, "operationId"), Title: spec.Title, Help: spec.Help, Notes: spec.Notes,
		Repeatable: spec.Repeatable, Repeats: spec.Repeats, Done: spec.Done}
	if op.Title == (batch.Text{}) {
		op.Title = batch.Text{EN: textAt(n, "summary")}
	}
	if op.Title == (batch.Text{}) && r.theirs {
		op.Title.EN = op.ID
	}
	if op.Help == (batch.Text{}) {
		op.Help = batch.Text{EN: textAt(n, "description")}
	}
	if op.ID == "" {
		r.wrong(n, place, "document.missing", "key", "operationId")
	}
	if _, twice := p.Operation(op.ID); twice {
		r.wrong(get(n, "operationId"), place, "document.twice", "name", op.ID)
	}
	return op
}

// maxFields is how many nodes the body of one operation may have.
const maxFields = 5000

// body compiles what rows fill, and everything that speaks of its fields.
func (b *builder) body(schema *yaml.Node, splace string, n *yaml.Node, spec operationSpec, x *yaml.Node, xplace string) {
	op := b.op
	op.compiled.element = &Schema{Type: "object"}
	if schema != nil {
		required := b.bodyRequired(n)
		op.Body = b.schema(schema, "", splace, required, spot{required: required, outside: op.Rows.Kind == Batch, sample: b.bodySample(n)})
		if op.Body == nil {
			return
		}
		op.compiled.element = op.Body
		if f := op.Body.Field; f != nil && f.Path == "" { // a body of one plain value
			f.Path = "value"
		}
	}
	if op.Rows.Path != "" && b.found == nil {
		b.wrong(spec.Rows, xplace+".rows", "document.array", "path", op.Rows.Path)
		return
	}
	op.compiled.array = b.found
	if op.Rows.Kind == Batch {
		op.compiled.element = b.found.Items
	}
	if op.element() == nil {
		return
	}
	b.envelop()
	b.compileRules()
	op.prepareChecks(b)
	b.fields(get(spec.Rows, "group"), xplace+".rows.group", op.Rows.Key)
	for _, list := range spec.Unique {
		b.fields(get(x, "unique"), xplace+".unique", list)
	}
	b.fields(get(x, "identity"), xplace+".identity", spec.Identity)
	op.Rows.Unique, op.Rows.Identity = spec.Unique, spec.Identity
	if spec.Answer != nil {
		op.answer = b.answer(spec.Answer, xplace+".answer")
	}
	for i, row := range spec.Examples {
		b.fields(get(x, "examples"), fmt.Sprintf("%s.examples[%d]", xplace, i), sorted(row))
	}
	op.compiled.rows = spec.Examples
}

func (op *Operation) element() *Schema { return op.compiled.element }

// fields notes paths that are no field.
func (b *builder) fields(n *yaml.Node, place string, paths []string) {
	for _, path := range paths {
		if _, known := b.op.Field(path); known {
			continue
		}
		b.noField(n, place, path)
	}
}

// noField notes a path that is no field, with those that are.
func (b *builder) noField(n *yaml.Node, place, path string) {
	known := make([]string, len(b.op.Fields))
	for i, f := range b.op.Fields {
		known[i] = f.Path
	}
	b.wrong(n, place, "document.path", "path", path, "known", strings.Join(known, ", "))
}

// encodingOf is how a body of a media type is written, "" when we cannot.
func encodingOf(media string) string {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	switch media = strings.TrimSpace(media); {
	case media == "application/x-www-form-urlencoded":
		return "form"
	case media == "multipart/form-data":
		return "multipart"
	case media == "application/json" || strings.HasSuffix(media, "+json") || media == "text/json" || media == "*/*" || media == "application/*":
		return "json"
	case media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml"):
		return "xml"
	}
	return ""
}

func btoi(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// styles are those that the encoding of a form's properties asks for.
func styles(n *yaml.Node) map[string]string {
	out := map[string]string{}
	for _, e := range entries(n) {
		style, explode := textAt(e.Node, "style"), textAt(e.Node, "explode")
		switch {
		case style == "deepObject":
			out[e.Name] = Deep
		case explode != "true" && joins[style] != "":
			out[e.Name] = joins[style]
		case explode == "false":
			out[e.Name] = Joined
		}
	}
	return out
}

// unwritten are the types that a multipart body's properties are wanted as and nested ones are not written as: any but JSON.
func unwritten(n *yaml.Node) map[string]string {
	out := map[string]string{}
	for _, e := range entries(n) {
		wanted := textAt(e.Node, "contentType")
		if wanted != "" && !slices.ContainsFunc(strings.Split(wanted, ","), func(one string) bool { return encodingOf(one) == "json" }) {
			out[e.Name] = wanted
		}
	}
	return out
}

// usual are the media types that need no word.
var usual = map[string]string{"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data"}

// encodings finds the encodings of the request body and its one schema; nil when there is no body.
func (r *reader) encodings(op *Operation, n *yaml.Node, place string) (*yaml.Node, string) {
	body, place := get(n, "requestBody"), place+".requestBody"
	if ref := get(body, "$ref"); ref != nil {
		body = r.locate(ref.Value)
	}
	content := entries(get(body, "content"))
	if body == nil || r.theirs && len(content) == 0 && get(body, "content") != nil { // content: {} is written where nothing is sent
		op.Encodings = []string{"json"}
		return nil, ""
	}
	var schema *yaml.Node
	var where, first string
	slices.SortStableFunc(content, func(a, b entry) int { // parts are for files: anything else is better
		return btoi(encodingOf(a.Name) == "multipart") - btoi(encodingOf(b.Name) == "multipart")
	})
	for _, e := range content {
		encoding := encodingOf(e.Name)
		s := get(e.Node, "schema")
		if encoding == "" || s == nil {
			if !r.theirs {
				r.noBody(e.Key, place+".content."+e.Name, []entry{e})
			}
			continue
		}
		ref := textAt(s, "$ref")
		if schema == nil {
			schema, where, first = s, place+".content."+e.Name+".schema", ref
		} else if s != schema && (ref == "" || ref != first) {
			if !r.theirs {
				r.wrong(s, place+".content."+e.Name+".schema", "document.schemas")
			}
			continue
		}
		if slices.Contains(op.Encodings, encoding) {
			if e.Name == usual[encoding] {
				delete(op.Media, encoding)
			}
			continue
		}
		op.Encodings = append(op.Encodings, encoding)
		switch encoding {
		case "form":
			op.Styles = styles(get(e.Node, "encoding"))
		case "multipart":
			op.parts = unwritten(get(e.Node, "encoding"))
		}
		if !strings.Contains(e.Name, "*") && e.Name != usual[encoding] && (r.theirs || e.Name != "text/xml") {
			if op.Media == nil {
				op.Media = map[string]string{}
			}
			op.Media[encoding] = e.Name
		}
	}
	if schema == nil {
		r.noBody(n, place, content)
	}
	return schema, where
}

// noBody says of a body why it cannot be sent: its types are not supported, or nothing is said of what is in it.
func (r *reader) noBody(n *yaml.Node, place string, content []entry) {
	var types []string
	for _, e := range content {
		if encodingOf(e.Name) != "" {
			r.wrong(n, place, "document.body_schema", "type", e.Name)
			return
		}
		types = append(types, e.Name)
	}
	r.wrong(n, place, "document.body", "types", cmp.Or(strings.Join(types, ", "), "–"))
}

func (r *reader) rows(op *Operation, n *yaml.Node, place string) {
	if n.Kind == yaml.ScalarNode {
		r.choice(n, place, n.Value, "one")
		op.Rows.Kind = One
		return
	}
	var spec struct {
		Batch string     `key:"batch"`
		Max   int        `key:"max"`
		Group *yaml.Node `key:"group"`
		Items string     `key:"items"`
		Min   int        `key:"min"`
	}
	r.decode(n, place, &spec)
	switch {
	case spec.Batch != "" && spec.Group == nil:
		op.Rows.Kind, op.Rows.Path, op.Rows.Max = Batch, spec.Batch, spec.Max
		if spec.Max == 0 {
			r.wrong(n, place, "document.missing", "key", "max")
		}
	case spec.Group != nil && spec.Batch == "":
		op.Rows.Kind, op.Rows.Path, op.Rows.Min = Group, spec.Items, max(spec.Min, 1)
		if spec.Items == "" {
			r.wrong(n, place, "document.missing", "key", "items")
		}
		if spec.Group.Kind == yaml.ScalarNode {
			r.choice(spec.Group, place+".group", spec.Group.Value, "column")
			return
		}
		for _, c := range spec.Group.Content {
			op.Rows.Key = append(op.Rows.Key, plain(c).Value)
		}
	default:
		r.wrong(n, place, "document.missing", "key", "batch / group")
	}
}
