package providers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
)

// AnswerExample is a documented answer and, where the document says so, what it means.
type AnswerExample struct {
	Name        string
	Status      int
	ContentType string
	Body        string // verbatim
	Class       Class  // "" = the document does not say
	Code        string
	Reference   string
	Items       []Class // of each item, where the answer speaks of them
	Sent        int     // how many items it answers
}

type answerExampleSpec struct {
	Class     string   `key:"class"`
	Code      string   `key:"code"`
	Reference string   `key:"reference"`
	Items     []string `key:"items"`
	Sent      int      `key:"sent"`
}

// answerExamples reads the examples of `responses`.
func (b *builder) answerExamples(n *yaml.Node, place string) {
	for _, status := range entries(get(n, "responses")) {
		code, _ := strconv.Atoi(status.Name)
		for _, media := range entries(get(status.Node, "content")) {
			b.accept(media.Name)
			if x := get(media.Node, "example"); x != nil && b.theirs {
				b.answerExample(entry{Name: "example", Key: x, Node: mapping(x, []entry{named("value", x)})}, code, media.Name, place)
			}
			for _, e := range entries(get(media.Node, "examples")) {
				at := fmt.Sprintf("%s.responses.%s.content.%s.examples.%s", place, status.Name, media.Name, e.Name)
				b.answerExample(e, code, media.Name, at)
			}
		}
	}
}

func (b *builder) answerExample(e entry, status int, contentType, place string) {
	var spec answerExampleSpec
	if x := get(e.Node, "x-rowferry"); x != nil {
		b.decode(x, place+".x-rowferry", &spec)
		if spec.Class != "" {
			b.classOf(source{spec.Class, get(x, "class"), place + ".x-rowferry.class"})
		}
	}
	a := AnswerExample{Name: e.Name, Status: cmp.Or(status, 200), ContentType: contentType, Class: Class(spec.Class), Code: spec.Code,
		Reference: spec.Reference, Sent: max(spec.Sent, len(spec.Items), 1)}
	for _, c := range spec.Items {
		a.Items = append(a.Items, Class(c))
	}
	v := get(e.Node, "value")
	switch {
	case v == nil:
		b.wrong(e.Node, place, "document.missing", "key", "value")
		return
	case v.Kind == yaml.ScalarNode && v.ShortTag() == "!!str":
		a.Body = v.Value
	default:
		text, _ := json.Marshal(value(v))
		a.Body = string(text)
	}
	if b.op.answer == nil && a.Class == "" {
		b.op.means(&a)
	}
	b.op.Answers = append(b.op.Answers, a)
}

// means tells what an example says where nobody wrote it down.
func (op *Operation) means(a *AnswerExample) {
	body := []byte("{}")
	if op.Enveloped() {
		body = []byte(`{"` + inBody + `":{}}`)
	}
	r := op.presumed(Response{Status: a.Status, Header: http.Header{"Content-Type": {a.ContentType}}, Body: []byte(a.Body)},
		Sent{Items: []batch.Item{{Rows: []int{1}, Body: body}}, Encoding: "json"})
	a.Class, a.Code, a.Reference = r.Class, r.Code, r.Reference
	if r.Items != nil && op.Rows.Kind == Batch {
		a.Items = []Class{r.Items[0].Class}
		a.Class = OK
	}
}

// accept adds a type of the operation's answers to those that are asked for.
func (b *builder) accept(media string) {
	if !b.theirs || encodingOf(media) == "" || strings.Contains(media, "*") || strings.Contains(b.op.Accept, media) {
		return
	}
	if b.op.Accept != "" {
		media = b.op.Accept + ", " + media
	}
	b.op.Accept = media
}

var day = patterns.New(`\{today([+-][0-9]{1,4})?\}`)

// dated replaces {today+30} by the date.
func dated(example string, now time.Time) string {
	if !strings.Contains(example, "{today") {
		return example
	}
	return day.ReplaceAllStringFunc(example, func(m string) string {
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(m, "{today"), "}"))
		return now.AddDate(0, 0, n).Format(time.DateOnly)
	})
}

// Example gives rows, as field path → text, that make one valid request: two elements for a batch, as many as it needs
// for a group, one otherwise. They come from the document's examples; fields without one are left out.
func (op *Operation) Example() []map[string]string {
	now := time.Now()
	if op.compiled.rows != nil {
		out := make([]map[string]string, len(op.compiled.rows))
		for i, row := range op.compiled.rows {
			out[i] = map[string]string{}
			for path, v := range row {
				out[i][path] = dated(v, now)
			}
		}
		return out
	}
	n := 1
	switch op.Rows.Kind {
	case Batch:
		n = 2
	case Group:
		n = max(op.Rows.Min, op.mostExamples())
	}
	unfinished := op.unfinished()
	out := make([]map[string]string, n)
	for i := range out {
		out[i] = map[string]string{}
		for _, f := range op.Fields {
			if len(f.examples) == 0 || halfDone(f.Path, unfinished) {
				continue
			}
			which := i
			if op.Rows.Kind == Group && !f.Repeated {
				which = 0
			}
			v := dated(f.examples[which%len(f.examples)], now)
			if which >= len(f.examples) && (f.Values || slices.ContainsFunc(op.Rows.Unique, func(u []string) bool { return slices.Contains(u, f.Path) })) {
				v = another(f, v, which)
			}
			out[i][f.Path] = v
		}
	}
	return out
}

// unfinished are the optional objects that could not be completed: a value that they need has no example.
func (op *Operation) unfinished() (out []string) {
	for _, f := range op.Fields {
		if s := f.Schema; s.loose && len(f.examples) == 0 {
			out = append(out, f.Path[:strings.LastIndexByte(f.Path, '.')+1])
		}
	}
	return out
}

// halfDone reports whether a field lies in one of these.
func halfDone(path string, objects []string) bool {
	return slices.ContainsFunc(objects, func(o string) bool { return o != "" && strings.HasPrefix(path, o) })
}

// mostExamples is how many rows the examples of a group's rows tell apart.
func (op *Operation) mostExamples() int {
	n := 1
	for _, f := range op.Fields {
		if f.Repeated {
			n = max(n, len(f.examples))
		}
	}
	return n
}

// another makes a further value out of an example that ends in digits; where that breaks the field's rules it stays.
func another(f *Field, example string, n int) string {
	head := strings.TrimRight(example, "0123456789")
	tail := example[len(head):]
	i, err := strconv.Atoi(tail)
	if err != nil {
		return example
	}
	v := fmt.Sprintf("%s%0*d", head, len(tail), i+n)
	if _, _, bad := f.Append(nil, v, 1); bad != nil {
		return example
	}
	return v
}
