package console_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// described is the API's own document.
type described struct {
	t        *testing.T
	doc      map[string]any
	compiler *jsonschema.Compiler
}

func describe(o *office, t *testing.T) *described {
	t.Helper()
	_, text := o.ask("", "GET", "/api/v1/openapi.json", "")
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, doc: doc.(map[string]any), compiler: jsonschema.NewCompiler()}
	if err := d.compiler.AddResource("api.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows keys into the document, and references on the way.
func (d *described) at(keys ...string) (node map[string]any, pointer string) {
	node = d.doc
	for _, key := range keys {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		next, _ := node[key].(map[string]any)
		if ref, is := next["$ref"].(string); is {
			return d.follow(strings.TrimPrefix(ref, "#/"), keys[slices.Index(keys, key)+1:])
		}
		node = next
	}
	return node, pointer
}

func (d *described) follow(ref string, rest []string) (map[string]any, string) {
	return d.at(append(strings.Split(ref, "/"), rest...)...)
}

// names are the properties that a schema knows, also by its parts.
func (d *described) names(schema map[string]any) (names []string, more bool) {
	if ref, is := schema["$ref"].(string); is {
		node, _ := d.follow(strings.TrimPrefix(ref, "#/"), nil)
		return d.names(node)
	}
	properties, _ := schema["properties"].(map[string]any)
	names = slices.Collect(maps.Keys(properties))
	if extra, is := schema["additionalProperties"].(map[string]any); is && extra != nil {
		more = true
	}
	for _, list := range []string{"allOf", "oneOf", "anyOf"} {
		parts, _ := schema[list].([]any)
		for _, part := range parts {
			further, open := d.names(part.(map[string]any))
			names, more = append(names, further...), more || open
		}
	}
	return names, more
}

// fits checks an answer: it is one that the document has for the operation, its schema accepts it, and it says nothing that the schema does not name.
func (d *described) fits(method, template string, status int, body string) {
	d.t.Helper()
	what := fmt.Sprintf("%s %s: %d", method, template, status)
	answer, pointer := d.at("paths", template, strings.ToLower(method), "responses", fmt.Sprint(status))
	if answer == nil {
		d.t.Errorf("%s is not in the document: %.300s", what, body)
		return
	}
	content, _ := answer["content"].(map[string]any)
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	media, _ := content[kind].(map[string]any)
	if media == nil {
		if body != "" {
			d.t.Errorf("%s has no %s in the document: %.200s", what, kind, body)
		}
		return
	}
	schema, err := d.compiler.Compile("api.json#" + pointer + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema")
	if err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
	if err := schema.Validate(value); err != nil {
		d.t.Errorf("%s: %v in %.400s", what, err, body)
	}
	known, open := d.names(media["schema"].(map[string]any))
	said, _ := value.(map[string]any)
	for name := range said {
		if !open && !slices.Contains(known, name) {
			d.t.Errorf("%s says %q, of which the document knows nothing", what, name)
		}
	}
}

// What the API answers is what its document says it answers.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	o := open(t)
	d := describe(o, t)
	o.unsure()
	unknown := o.drop("ann", "other", "unknown.csv", sheet(2, "LBV"))
	o.ended(unknown)
	o.sure()
	id := o.drop("ann", "failures", "a.csv", "accountNumber,lesBookingId,failReason,theirs\n3000372,LBA1,Hold,x\n3000372,LBA2,,x\n3000372,LBA3-REFUSE,Hold,x\n")
	o.ended(id)
	held := o.drop("ann", "failures", "q.csv", "these,are,other\n1,2,3\n")
	o.ended(held)
	for _, c := range []struct{ who, method, template, path, body string }{
		{"ann", "GET", "/api/v1/me", "", ""}, {"ann", "GET", "/api/v1/routes", "", ""}, {"", "GET", "/api/v1/files", "", ""}, {"ann", "GET", "/api/v1/files", "?limit=1", ""}, {"ann", "GET", "/api/v1/files", "?state=lost", ""},
		{"ann", "GET", "/api/v1/files/{id}", id, ""}, {"ann", "GET", "/api/v1/files/{id}", held, ""}, {"ann", "GET", "/api/v1/files/{id}", "nothing", ""}, {"sam", "GET", "/api/v1/files/{id}", id, ""},
		{"ann", "GET", "/api/v1/files/{id}/rows", id + "/rows?limit=1", ""}, {"ann", "GET", "/api/v1/files/{id}/rows", id + "/rows?cursor=x", ""}, {"ann", "GET", "/api/v1/files/{id}/rows", unknown + "/rows?search=LBV", ""},
		{"ann", "GET", "/api/v1/files/{id}/rows/{row}", id + "/rows/2", ""}, {"ann", "GET", "/api/v1/files/{id}/rows/{row}", id + "/rows/3", ""}, {"ann", "GET", "/api/v1/files/{id}/rows/{row}", id + "/rows/77", ""},
		{"ann", "POST", "/api/v1/routes/{route}/files", "failures/files?name=c.csv&check=true", "accountNumber,lesBookingId,failReason\n3000372,LBQ1,Hold\n3000372,LBQ2,\n"}, {"ann", "POST", "/api/v1/routes/{route}/files", "failures/files?name=q2.csv&check=true", "a,b\n1,2\n"},
		{"ann", "POST", "/api/v1/routes/{route}/files", "failures/files?name=d.csv", sheet(1, "LBW")}, {"ann", "POST", "/api/v1/routes/{route}/files", "failures/files?name=d.csv", sheet(1, "LBW")}, {"ann", "POST", "/api/v1/routes/{route}/files", "nowhere/files?name=d.csv", "x"},
		{"ann", "POST", "/api/v1/files/{id}/mend", id + "/mend", `{"check": true, "rows": {"3": {"failReason": "Hold"}}}`}, {"ann", "POST", "/api/v1/files/{id}/mend", id + "/mend", `{"rows": {"2": {"failReason": "Hold"}}}`},
		{"vera", "POST", "/api/v1/files/{id}/mend", id + "/mend", `{}`}, {"ann", "POST", "/api/v1/files/{id}/mend/columns", id + "/mend/columns", `{"columns": [{"column": "failReason", "replace": "Hold"}]}`},
		{"ann", "POST", "/api/v1/files/{id}/mend/columns", id + "/mend/columns", `{"columns": [{"column": "nothing"}]}`}, {"ann", "GET", "/api/v1/files/{id}/mend/columns", id + "/mend/columns", ""},
		{"ann", "DELETE", "/api/v1/files/{id}/mend/columns/{n}", id + "/mend/columns/1", ""}, {"ann", "DELETE", "/api/v1/files/{id}/mend/columns", id + "/mend/columns", ""},
		{"ann", "POST", "/api/v1/files/{id}/resend", unknown + "/resend", `{"status": ["unknown"], "check": true}`}, {"ann", "POST", "/api/v1/files/{id}/resend", id + "/resend", `{"status": ["delivered"]}`}, {"ann", "POST", "/api/v1/files/{id}/resend", unknown + "/resend", `{"status": ["unknown"]}`},
		{"ann", "POST", "/api/v1/files/{id}/cancel", id + "/cancel", ""}, {"ann", "POST", "/api/v1/files/{id}/pause", id + "/pause", ""}, {"ann", "POST", "/api/v1/files/{id}/resume", id + "/resume", ""},
		{"olga", "POST", "/api/v1/files/{id}/release", held + "/release", `{"reason": "again"}`}, {"olga", "POST", "/api/v1/accounts/{name}/pause", "les/pause", ""}, {"ann", "GET", "/api/v1/accounts", "", ""}, {"olga", "POST", "/api/v1/accounts/{name}/resume", "les/resume", ""},
		{"olga", "POST", "/api/v1/accounts/{name}/resume", "nobody/resume", ""}, {"ann", "GET", "/api/v1/partners", "", ""}, {"olga", "GET", "/api/v1/audit", "", ""}, {"vera", "GET", "/api/v1/audit", "", ""}, {"ann", "GET", "/api/v1/people", "", ""},
		{"ann", "POST", "/api/v1/people/users", "", `{"name": "eve", "role": "viewer", "password": "correct horse eve"}`}, {"ann", "POST", "/api/v1/people/users", "", `{"name": "eve", "role": "viewer", "password": "correct horse eve"}`}, {"ann", "POST", "/api/v1/people/users", "", `{"name": "e", "role": "king"}`},
		{"ann", "PUT", "/api/v1/people/users/{name}/password", "eve/password", `{"password": "another horse eve"}`}, {"ann", "POST", "/api/v1/people/tokens", "", `{"name": "nightly", "role": "sender", "routes": ["other"]}`},
		{"ann", "DELETE", "/api/v1/people/tokens/{name}", "nightly", ""}, {"ann", "DELETE", "/api/v1/people/users/{name}", "eve", ""}, {"ann", "DELETE", "/api/v1/people/users/{name}", "eve", ""}, {"ann", "DELETE", "/api/v1/people/sessions/{name}", "none", ""},
	} {
		path := c.template
		if before, _, is := strings.Cut(path, "{"); is {
			path = before + c.path
		} else {
			path += c.path
		}
		status, body := o.ask(c.who, c.method, path, c.body)
		d.fits(c.method, c.template, status, body)
	}
	var made struct{ ID string }
	status, body := o.ask("ann", "POST", "/api/v1/proposals?name=s.csv&route=fresh&account=les&operation=shipmentFailed", sheet(2, "LBP"))
	d.fits("POST", "/api/v1/proposals", status, body)
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, template string }{{"GET", "/api/v1/proposals/{id}"}, {"POST", "/api/v1/proposals/{id}/write"}, {"DELETE", "/api/v1/proposals/{id}"}, {"GET", "/api/v1/proposals/{id}"}} {
		status, body := o.ask("ann", c.method, strings.Replace(c.template, "{id}", made.ID, 1), "")
		d.fits(c.method, c.template, status, body)
	}
}
