package providers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// What an answer means where the document does not say: 2xx is taken over, the rest as its status says, with the words,
// codes, references and pointers at the places where providers usually put them.

// Points reports whether answers may name the fields that are wrong, so that the cells are worth knowing.
func (op *Operation) Points() bool { return op.answer == nil }

// presumed reads an answer without a word of the document.
func (op *Operation) presumed(r Response, s Sent) Reading {
	body, _, err := parseBody(r.Body, r.Header.Get("Content-Type"), op.Provider.Charset)
	out := Reading{Verdict: op.byStatus(r.Status)}
	if r.Status >= 200 && r.Status < 300 {
		out.Verdict = Verdict{Class: OK, Reference: located(r.Header)}
		if r.Status == http.StatusAccepted {
			out.Code, out.Message = "accepted", words.Every("answer.accepted")
		}
		if err != nil && misread(r.Body) || isPage(r.Body) {
			return Reading{Verdict: Verdict{Class: Unknown, Code: strconv.Itoa(r.Status)}}
		}
	}
	if err != nil || body == nil {
		return out
	}
	if out.Class == OK {
		out.Reference = cmp.Or(out.Reference, referenceIn(body))
		out.Items = op.itemised(body, s, r.Status)
		return out
	}
	if said := wordsIn(body); said != "" {
		out.Message = batch.Text{EN: said}
	}
	out.Code = cmp.Or(codeIn(body), out.Code)
	op.pointed(&out, body, s)
	return out
}

// misread reports whether a body that cannot be read should have been JSON: it was cut.
func misread(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// isPage reports whether a body is a page for people, whatever its status: no word of an interface.
func isPage(body []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 200)]))
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html"))
}

// located is what Location leads to: the last part of its path.
func located(h http.Header) string {
	u, err := url.Parse(h.Get("Location"))
	if err != nil {
		return ""
	}
	path := strings.TrimRight(u.Path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// referenceIn is the id that an answer gives: its own, or that of the one thing in it.
func referenceIn(body any) string {
	m, ok := body.(map[string]any)
	if !ok {
		if list, ok := body.([]any); ok && len(list) == 1 {
			return referenceIn(list[0])
		}
		return ""
	}
	for _, key := range []string{"id", "Id", "ID", "uuid", "reference", "referenceId", "referenceNumber"} {
		if v := plainText(m[key]); v != "" {
			return v
		}
	}
	for _, key := range sorted(m) {
		names := func(ending string) bool { return strings.HasSuffix(key, ending) }
		if v := plainText(m[key]); v != "" && slices.ContainsFunc([]string{"Id", "_id", "ID", "Number", "_number", "Reference"}, names) {
			return v
		}
	}
	for _, key := range sorted(m) {
		switch v := m[key].(type) {
		case map[string]any:
			if id := referenceIn(v); id != "" {
				return id
			}
		case []any:
			if len(v) == 1 {
				if id := referenceIn(v[0]); id != "" {
					return id
				}
			}
		}
	}
	return ""
}

// complaints are the entries of `errors` and its like.
func complaints(body any) []any {
	m, _ := body.(map[string]any)
	for _, key := range []string{"errors", "error", "violations", "validationMessages", "invalid-params", "invalidParams", "details", "Errors", "faults"} {
		switch v := m[key].(type) {
		case []any:
			if len(v) > 0 {
				return v
			}
		case map[string]any:
			if inner := complaints(v); inner != nil {
				return inner
			}
		}
	}
	if list, ok := body.([]any); ok {
		return list
	}
	return nil
}

// wordsIn are the provider's words: of problem+json, errors[], error.message or message.
func wordsIn(body any) string {
	var said []string
	add := func(texts ...string) {
		for _, t := range texts {
			if t != "" && !slices.Contains(said, t) {
				said = append(said, t)
			}
		}
	}
	switch x := body.(type) {
	case string:
		return strings.TrimSpace(x)
	case map[string]any:
		add(sentence(x))
		switch e := x["error"].(type) {
		case string:
			add(e)
		case map[string]any:
			add(sentence(e))
		}
	}
	for _, e := range complaints(body) {
		if len(said) > 10 {
			break
		}
		text := plainText(e)
		if m, ok := e.(map[string]any); ok {
			text = sentence(m)
			if where := pointerIn(m); where != "" && text != "" && !strings.Contains(text, where) {
				text = where + ": " + text
			}
		}
		add(text)
	}
	return strings.Join(said, "; ")
}

// sentence is what one object says.
func sentence(m map[string]any) string {
	var said []string
	for _, key := range []string{"title", "message", "detail", "description", "errorMessage", "error_message", "error_description", "errorText", "errorCodeMessage", "validationMessage", "reason", "msg", "text"} {
		if t := plainText(m[key]); t != "" && !slices.Contains(said, t) {
			said = append(said, t)
		}
	}
	return strings.Join(said, ": ")
}

// codeIn is the provider's code for what went wrong.
func codeIn(body any) string {
	m, _ := body.(map[string]any)
	candidates := []map[string]any{m}
	if e, ok := m["error"].(map[string]any); ok {
		candidates = append(candidates, e)
	}
	for _, e := range complaints(body) {
		if x, ok := e.(map[string]any); ok {
			candidates = append(candidates, x)
		}
	}
	var codes []string
	for _, c := range candidates {
		for _, key := range []string{"code", "errorCode", "error_code", "errorCodeText", "Code"} {
			if v := plainText(c[key]); v != "" && !slices.Contains(codes, v) && len(codes) < 5 {
				codes = append(codes, v)
			}
		}
	}
	return strings.Join(codes, ", ")
}

// pointerIn is where an entry of errors says the fault lies.
func pointerIn(m map[string]any) string {
	if source, ok := m["source"].(map[string]any); ok {
		if p := cmp.Or(plainText(source["pointer"]), plainText(source["parameter"])); p != "" {
			return p
		}
	}
	for _, key := range []string{"pointer", "instancePath", "dataPath", "jsonPath", "path", "field", "fieldName", "field_name", "property", "propertyName", "propertyPath", "location", "parameter", "param", "name", "loc"} {
		if list, ok := m[key].([]any); ok {
			var parts []string
			for _, p := range list {
				parts = append(parts, plainText(p))
			}
			return strings.Join(parts, "/")
		}
		if p := plainText(m[key]); p != "" {
			return p
		}
	}
	return ""
}

// Fault is a field that an answer names as the cause.
type Fault struct {
	Field string // path of the field
	Row   int    // position in Item.Rows of the row it is in, where rows fill an array; else -1
	Text  string // the provider's words for it
}

// pointed finds the fields, items and rows that the entries of errors point at. Items of a batch that nothing points at
// were not executed either: they may be sent again without the others.
func (op *Operation) pointed(out *Reading, body any, s Sent) {
	type found struct {
		item  int
		fault Fault
	}
	var all []found
	astray := false
	for _, e := range complaints(body) {
		m, _ := e.(map[string]any)
		item, fault, ok := op.locate(pointerIn(m))
		if ok && item < len(s.Items) {
			fault.Text = cmp.Or(sentence(m), codeIn(m))
			all = append(all, found{item, fault})
		}
		astray = astray || !ok || item < 0 && op.Rows.Kind == Batch
	}
	if op.Rows.Kind != Batch || out.Class != Rejected {
		for _, f := range all {
			out.Faults = append(out.Faults, f.fault)
			if f.fault.Row >= 0 && !slices.Contains(out.Blamed, f.fault.Row) && !astray {
				out.Blamed = append(out.Blamed, f.fault.Row)
			}
		}
		return
	}
	if len(all) == 0 || astray {
		return
	}
	out.Items = make([]Verdict, len(s.Items))
	for i := range out.Items {
		out.Items[i] = Verdict{Class: Retry, Code: out.Code}
	}
	for _, f := range all {
		v := &out.Items[f.item]
		if v.Class == Retry {
			*v = Verdict{Class: Rejected, Code: out.Code, Message: batch.Text{EN: f.fault.Text}}
		} else if f.fault.Text != "" {
			v.Message.EN += "; " + f.fault.Text
		}
		v.Faults = append(v.Faults, f.fault)
	}
}

// locate finds the field that a pointer names: a JSON pointer, or names with dots and indexes. item is -1 outside the
// elements of a batch.
func (op *Operation) locate(pointer string) (item int, fault Fault, ok bool) {
	var parts []string
	for _, p := range strings.FieldsFunc(pointer, func(c rune) bool { return strings.ContainsRune("/.[]#$'\" ", c) }) {
		parts = append(parts, strings.NewReplacer("~1", "/", "~0", "~").Replace(p))
	}
	ways := [][]string{parts}
	if strict := strings.TrimPrefix(pointer, "#"); strings.HasPrefix(strict, "/") { // names may have dots and blanks
		ways = [][]string{pointerParts(strict), parts}
	}
	for _, way := range ways {
		for range 2 {
			item, fault = -1, Fault{Row: -1}
			if op.Rows.Kind != Batch {
				item = 0
			}
			if op.follow(way, &item, &fault) {
				return item, fault, true
			}
			if len(way) == 0 || !slices.Contains(Places, way[0]) && !slices.Contains([]string{"body", "request", "requestBody", "data"}, way[0]) {
				break
			}
			way = way[1:]
		}
	}
	item, fault = -1, Fault{Row: -1}
	if op.Rows.Kind != Batch {
		item = 0
	}
	if len(parts) == 1 { // a name alone, where only one field has it
		var named []*Field
		for _, f := range op.Fields {
			if strings.EqualFold(f.Path[strings.LastIndexByte(f.Path, '.')+1:], parts[0]) {
				named = append(named, f)
			}
		}
		if len(named) == 1 && (op.Rows.Kind != Batch || named[0].Outside) {
			fault.Field = named[0].Path
			return item, fault, true
		}
	}
	return 0, fault, false
}

// follow walks from the body along the parts of a pointer.
func (op *Operation) follow(parts []string, item *int, fault *Fault) bool {
	at, field := op.Body, ""
	for _, p := range op.Parameters {
		if len(parts) == 2 && strings.EqualFold(parts[0], p.In) && strings.EqualFold(parts[1], p.Name) {
			fault.Field = p.In + "." + p.Name
			return true
		}
	}
	for k, part := range parts {
		if at == nil {
			return false
		}
		if at.Type == "object" && op.Opened(field) && !slices.ContainsFunc(at.Props, func(p *Schema) bool { return strings.EqualFold(p.Name, part) }) {
			fault.Field = dotted(field, strings.Join(parts[k:], ".")) // a member of a map that a column named
			return true
		}
		if at.Type == "array" {
			n, err := strconv.Atoi(part)
			if at == op.compiled.array {
				if err != nil {
					return false
				}
				if op.Rows.Kind == Batch {
					*item, field = n, ""
				} else {
					fault.Row = n
				}
			}
			at = at.Items
			if err == nil {
				continue
			}
		}
		i := slices.IndexFunc(at.Props, func(p *Schema) bool { return strings.EqualFold(p.Name, part) })
		if i < 0 {
			return false
		}
		at, field = at.Props[i], dotted(field, at.Props[i].Name)
	}
	if len(parts) == 0 {
		return false
	}
	fault.Field = field
	return true
}

// itemised reads an answer that speaks of each item sent; nil when it does not, and always at 207 of a batch.
func (op *Operation) itemised(body any, s Sent, status int) []Verdict {
	if op.Rows.Kind != Batch {
		if status != http.StatusMultiStatus {
			return nil
		}
		for _, list := range lists(body) { // one row, one request, and its one entry
			if len(list) == 1 {
				return []Verdict{entryVerdict(list[0], status)}
			}
		}
		return []Verdict{entryVerdict(body, status)}
	}
	for _, list := range lists(body) {
		if found := op.byValues(list, s); found != nil {
			out := make([]Verdict, len(s.Items))
			for i := range out {
				out[i].Class = Unknown
			}
			for entry, item := range found {
				if item >= 0 {
					out[item] = entryVerdict(list[entry], status)
				}
			}
			return out
		}
	}
	if status == http.StatusMultiStatus {
		out := make([]Verdict, len(s.Items))
		for i := range out {
			out[i] = Verdict{Class: Unknown, Code: "207"}
		}
		return out
	}
	return nil
}

// lists are the lists of objects in an answer, the outer ones first.
func lists(v any) (out [][]any) {
	level := []any{v}
	for depth := 0; depth < 5 && len(level) > 0; depth++ {
		var next []any
		for _, one := range level {
			switch x := one.(type) {
			case []any:
				if len(x) > 0 {
					if _, ok := x[0].(map[string]any); ok {
						out = append(out, x)
					}
				}
			case map[string]any:
				for _, key := range sorted(x) {
					next = append(next, x[key])
				}
			}
		}
		level = next
	}
	return out
}

// byValues finds the item of each entry: by values that one item alone has, else by position when there are as many
// entries as items and no value says otherwise. nil: the list does not speak of the items.
func (op *Operation) byValues(list []any, s Sent) []int {
	owner := map[string]int{}
	for i := range s.Items {
		var body any
		if json.Unmarshal(op.Part(s.Items[i].Body, "body"), &body) != nil {
			continue
		}
		for text := range textSet(body) {
			if _, twice := owner[text]; twice {
				owner[text] = -1
			} else {
				owner[text] = i
			}
		}
	}
	found := make([]int, len(list))
	any := false
	for e, entry := range list {
		found[e] = -1
		for text := range textSet(entry) {
			if i, known := owner[text]; known && i >= 0 {
				if found[e] >= 0 && found[e] != i {
					found[e] = -2 // of two: it speaks of neither
					break
				}
				found[e] = i
			}
		}
		any = any || found[e] >= 0
	}
	if len(list) == len(s.Items) {
		contradicted := false
		for e := range found {
			contradicted = contradicted || found[e] >= 0 && found[e] != e
		}
		if !contradicted {
			for e := range found {
				found[e] = e
			}
			return found
		}
	}
	if !any {
		return nil
	}
	return unambiguous(found, len(s.Items))
}

// textSet are the texts inside a value that are long enough to be somebody's.
func textSet(v any) map[string]bool {
	out := map[string]bool{}
	var look func(v any, depth int)
	look = func(v any, depth int) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				look(e, depth+1)
			}
		case map[string]any:
			for _, e := range x {
				look(e, depth+1)
			}
		case string:
			if len(strings.TrimSpace(x)) >= 3 {
				out[strings.TrimSpace(x)] = true
			}
		}
	}
	look(v, 0)
	return out
}

// entryVerdict is what one entry says of its item.
func entryVerdict(entry any, status int) Verdict {
	m, _ := entry.(map[string]any)
	v := Verdict{Class: OK, Reference: referenceIn(entry)}
	code, said := statusIn(m)
	failed := len(complaints(m)) > 0
	for _, key := range []string{"success", "ok", "successful", "isSuccess"} {
		if yes, is := m[key].(bool); is {
			said, failed = true, failed || !yes
		}
	}
	switch {
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests:
		v.Class = Rejected
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		v.Class = Retry
	case code >= 500 || code == http.StatusRequestTimeout:
		v.Class = Unknown
	case code >= 200 && code < 300:
		return v
	case failed:
		v.Class = Rejected
	case !said && status == http.StatusMultiStatus:
		v.Class = Unknown
	}
	if v.Class == OK {
		return v
	}
	v.Reference = ""
	v.Code = codeIn(entry)
	if v.Code == "" && code > 0 {
		v.Code = strconv.Itoa(code)
	}
	v.Message = batch.Text{EN: wordsIn(entry)}
	for _, e := range m {
		if inner, ok := e.(map[string]any); ok && v.Message.EN == "" {
			v.Message.EN = wordsIn(inner)
		}
	}
	return v
}

// statusIn is the HTTP status that an entry has for itself.
func statusIn(m map[string]any) (int, bool) {
	for _, key := range []string{"status", "statusCode", "status_code", "httpStatus", "httpStatusCode", "code"} {
		if n, err := strconv.Atoi(plainText(m[key])); err == nil && n >= 100 && n < 600 {
			return n, true
		}
	}
	for _, key := range sorted(m) {
		if inner, ok := m[key].(map[string]any); ok && strings.Contains(strings.ToLower(key), "status") {
			if n, said := statusIn(inner); said {
				return n, said
			}
		}
	}
	return 0, false
}
