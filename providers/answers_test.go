package providers

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rowferry/rowferry/batch"
)

func items(bodies ...string) Sent {
	s := Sent{Encoding: "xml"}
	for i, b := range bodies {
		s.Items = append(s.Items, batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(b)})
	}
	return s
}

func classesOf(r Reading) string {
	out := []string{string(r.Class)}
	for _, v := range r.Items {
		out = append(out, string(v.Class))
	}
	return strings.Join(out, " ")
}

func TestEntriesFindTheirItems(t *testing.T) {
	op := operation(t, document(t, "points.yaml"), "remove")
	a, b, same := `{"ref":"a","type":"0"}`, `{"ref":"b","type":"0"}`, `{"ref":"a","type":"1"}`
	point := func(attr, ref, status, codes string) string {
		return "<point" + attr + "><ref>" + ref + "</ref><status>" + status + "</status>" + codes + "</point>"
	}
	answer := func(points ...string) string {
		return `<?xml version="1.0"?><removeResponse version="0.1"><responseCode/><points>` + strings.Join(points, "") + `</points></removeResponse>`
	}
	for name, c := range map[string]struct {
		body string
		sent Sent
		want string
	}{
		"by sequence, out of order": {answer(point(` sequence="2"`, "", "REMOVED", ""), point(` sequence="1"`, "", "FAILED", "")), items(a, b), "ok rejected ok"},
		"by reference":              {answer(point("", "b", "REMOVED", ""), point("", "a", "FAILED", "<codes><code>1045</code></codes>")), items(a, b), "ok absent ok"},
		"by position":               {answer(point("", "a", "REMOVED", ""), point("", "a", "FAILED", "")), items(a, same), "ok ok rejected"},
		"position contradicted":     {answer(point("", "a", "REMOVED", ""), point("", "c", "FAILED", "")), items(a, b), "ok ok unknown"},
		"one entry missing":         {answer(point("", "a", "REMOVED", "")), items(a, b), "ok ok unknown"},
		"same reference, missing":   {answer(point("", "a", "REMOVED", "")), items(a, same), "ok unknown unknown"},
		"claimed twice":             {answer(point(` sequence="1"`, "", "REMOVED", ""), point(` sequence="1"`, "", "FAILED", "")), items(a, b), "ok unknown unknown"},
		"numbered from nought":      {answer(point(` sequence="0"`, "a", "REMOVED", ""), point(` sequence="1"`, "a", "FAILED", ""), point(` sequence="2"`, "b", "REMOVED", "")), items(a, same, b), "ok ok rejected ok"},
		"another's sequence":        {answer(point(` sequence="2"`, "a", "REMOVED", ""), point(` sequence="1"`, "b", "FAILED", "")), items(a, b), "ok ok rejected"},
		"a stranger's reference":    {answer(point(` sequence="1"`, "x", "REMOVED", ""), point(` sequence="2"`, "b", "REMOVED", "")), items(a, b), "ok unknown ok"},
		"spelt another way":         {answer(point(` sequence="2"`, " Ｂ ", "REMOVED", ""), point(` sequence="1"`, "A", "FAILED", "")), items(a, b), "ok rejected ok"},
		"no entries":                {answer(), items(a), "ok unknown"},
		"nested codes":              {answer(point("", "a", "FAILED", "<codes><code><value>1047</value></code></codes>")), items(a), "ok later"},
		"information with success":  {answer(point("", "a", "REMOVED", "<codes><code>1013</code></codes>")), items(a), "ok ok"},
		"information beside reason": {answer(point("", "a", "FAILED", "<codes><code>1013</code><code>1045</code></codes>")), items(a), "ok absent"},
		"a code nobody knows":       {answer(point("", "a", "FAILED", "<codes><code>77</code></codes>")), items(a), "ok rejected"},
		"another status":            {answer(point("", "a", "UPDATED", "")), items(a), "ok unknown"},
		"zero is a refusal":         {`<removeResponse><responseCode>0</responseCode></removeResponse>`, items(a), "auth"},
		"too many":                  {`<removeResponse><responseCode> 2 </responseCode></removeResponse>`, items(a, b), "split"},
		"another document":          {`<html><body>Welcome</body></html>`, items(a), "unknown"},
		"cut off":                   {answer(point("", "a", "REMOVED", ""))[:80], items(a), "unknown"},
	} {
		got := op.Interpret(Response{Status: 200, Body: []byte(c.body)}, c.sent)
		if classesOf(got) != c.want {
			t.Errorf("%s: got %s, want %s", name, classesOf(got), c.want)
		}
	}
	got := op.Interpret(Response{Status: 200, Body: []byte(answer(point("", "a", "REMOVED", "<codes><code>1013</code></codes>")))}, items(a))
	if v := got.Items[0]; v.Code != "1013" || v.Message.ZH != "乡镇" {
		t.Errorf("the remark is lost: %+v", v)
	}
	got = op.Interpret(Response{Status: 200, Body: []byte(answer(point("", "a", "FAILED", "<codes><code>77</code><code>78</code></codes>")))}, items(a))
	if v := got.Items[0]; v.Message.EN != "nobody knows 77; nobody knows 78" {
		t.Errorf("the codes are not in their texts: %+v", v)
	}
}

func TestBlamedRows(t *testing.T) {
	op := operation(t, document(t, "orders.yaml"), "orders")
	sent := Sent{Items: []batch.Item{{Rows: []int{2, 5, 7}, Body: []byte(`{"houses":[{"boxes":[{"no":"11"},{"no":"12"},{"no":"13"}]}]}`)}}}
	for body, want := range map[string]struct {
		class  Class
		blamed []int
	}{
		`{"errors":{"boxes":"Bad bоx: 12, 99"}}`:                       {Rejected, []int{1}}, // the о is Cyrillic
		`{"errors":[{"title":"bad box","detail":"these: 11 and 13"}]}`: {Rejected, []int{0, 2}},
		`{"errors":"BAD BOX"}`:                                         {Rejected, nil},
		`{"errors":"something else: 11"}`:                              {Unknown, []int{0}},
		`{"state":"taken"}`:                                            {OK, nil},
	} {
		got := op.Interpret(Response{Status: 200, Body: []byte(body)}, sent)
		if got.Class != want.class || !slices.Equal(got.Blamed, want.blamed) {
			t.Errorf("%s: got %s %v", body, got.Class, got.Blamed)
		}
	}
}

func TestStatusDecidesWhenNothingElseDoes(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	for status, want := range map[int]Class{200: Unknown, 204: Unknown, 301: Config, 302: Unknown, 400: Rejected, 401: Auth, 403: Config, 404: Rejected, 408: Unknown, 413: Rejected, 429: Retry, 500: Unknown, 502: Unknown, 503: Retry, 504: Unknown} {
		for _, body := range []string{"", "<html><p>oops", "{", "nginx"} {
			got := op.Interpret(Response{Status: status, Body: []byte(body)}, Sent{Items: make([]batch.Item, 1)})
			if got.Class != want || got.Items != nil {
				t.Errorf("%d %q: got %s, want %s", status, body, got.Class, want)
			}
		}
	}
}

// What stands before a provider has 503 also for a request that the provider took and did not answer; of one that it did not pass on it says so.
func TestA503OfWhatStandsBeforeAProvider(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	for body, want := range map[string]Class{
		"<title>503 Backend fetch failed</title>":                                                             Unknown,
		"upstream connect error or disconnect/reset before headers. reset reason: connection termination":     Unknown,
		"upstream connect error or disconnect/reset before headers. reset reason: remote connection failure":  Retry,
		`{"message": "upstream connect error or disconnect/reset before headers. reset reason: local reset"}`: Unknown,
		`{"message": "backend is busy"}`:                                                                      Retry,
	} {
		if got := op.Interpret(Response{Status: 503, Body: []byte(body)}, Sent{Items: make([]batch.Item, 1)}); got.Class != want {
			t.Errorf("%s: got %s, want %s", body, got.Class, want)
		}
	}
}

// An answer that fits nothing documented is never ok, whatever it is.
func TestNoiseIsNeverDelivered(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := all[rapid.SampledFrom(sorted(all)).Draw(rt, "provider")]
		op := rapid.SampledFrom(p.Operations).Draw(rt, "operation")
		body := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Custom(func(t *rapid.T) []byte {
			return []byte("<html>" + rapid.String().Draw(t, "text"))
		})).Draw(rt, "body")
		status := rapid.IntRange(100, 599).Draw(rt, "status")
		got := op.Interpret(Response{Status: status, Header: http.Header{}, Body: body}, Sent{Items: make([]batch.Item, 2)})
		if got.Class == OK && len(strings.TrimSpace(string(body))) > 0 && !slices.Contains([]byte("{[\"0123456789-tfn"), strings.TrimSpace(string(body))[0]) {
			rt.Fatalf("%s: %d %q is ok", op.ID, status, body)
		}
	})
}

// The providers' own example answers, as they print them.
func TestTheirAnswers(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	ids := Sent{Encoding: "json", Items: []batch.Item{{Rows: []int{2, 3}, Body: []byte(`{"requestids":["1111","12345678"]}`)}}}
	xml := ids
	xml.Encoding = "xml"
	points := items(`{"clientReferenceNumber":"sh00105001","type":"0"}`, `{"clientReferenceNumber":"sh00105002","type":"1"}`)
	one := Sent{Encoding: "json", Items: make([]batch.Item, 1)}
	for _, c := range []struct {
		file, provider, operation string
		sent                      Sent
		want, reference           string
		blamed                    []int
	}{
		{"les-response-success.json", "les", "shipmentFailed", one, "ok", "", nil},
		{"les-response-fail.json", "les", "shipmentFailed", one, "rejected", "", nil},
		{"otms-response.xml", "otms", "shipPointRemove", points, "ok ok ok", "", nil},
		{"hgj-aci-response-error-1.json", "hgj", "aciUpdate", one, "auth", "", nil},
		{"hgj-aci-response-error-2.json", "hgj", "aciUpdate", one, "rejected", "", nil},
		{"hgj-ams-response-error-1.json", "hgj", "amsUpdate", one, "auth", "", nil},
		{"hgj-ams-response-error-2.json", "hgj", "amsUpdate", one, "rejected", "", nil},
		{"hgj-ams-response-error-3.json", "hgj", "amsUpdate", one, "later", "", nil},
		{"hgj-ams-response-error-3.json", "hgj", "aciUpdate", one, "later", "", nil},
		{"dellin-response-success.json", "dellin", "multiRequest", ids, "ok", "112", nil},
		{"dellin-response-success.xml", "dellin", "multiRequest", xml, "ok", "112", nil},
		{"dellin-response-error-1-id-conditions.json", "dellin", "multiRequest", ids, "rejected", "", []int{1}},
		{"dellin-response-error-1-id-conditions.xml", "dellin", "multiRequest", xml, "rejected", "", []int{1}},
		{"dellin-response-error-2-counteragent.xml", "dellin", "multiRequest", xml, "rejected", "", nil},
		{"dellin-response-error-3-address.json", "dellin", "multiRequest", ids, "rejected", "", nil},
		{"dellin-response-error-4-only-one.json", "dellin", "multiRequest", ids, "rejected", "", nil},
	} {
		body, err := os.ReadFile(filepath.Join("testdata", "examples", c.file))
		if err != nil {
			t.Fatal(err)
		}
		got := operation(t, all[c.provider], c.operation).Interpret(Response{Status: 200, Body: body}, c.sent)
		if classesOf(got) != c.want || got.Reference != c.reference || !slices.Equal(got.Blamed, c.blamed) {
			t.Errorf("%s: got %s, reference %q, blamed %v", c.file, classesOf(got), got.Reference, got.Blamed)
		}
	}
}

func TestDeclaredCharsets(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	header := http.Header{"Content-Type": {"application/json; charset=windows-1251"}}
	got := op.Interpret(Response{Status: 200, Header: header, Body: []byte("{\"code\": 7, \"message\": \"\xed\xe5\xf2\"}")}, Sent{})
	if got.Class != Rejected || got.Code != "7" || got.Message.EN != "нет" {
		t.Errorf("got %+v", got)
	}
	v, root, err := parseBody([]byte("<?xml version=\"1.0\" encoding=\"windows-1251\"?><r a='1'><b>\xed\xe5\xf2</b></r>"), "", "")
	if m, _ := v.(map[string]any); err != nil || root != "r" || m["b"] != "нет" || m["@a"] != "1" {
		t.Errorf("got %v %s %v", v, root, err)
	}
}

func TestSessionID(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, _ := all["dellin"].Scheme("session")
	i := slices.IndexFunc(s.Logins, func(l Login) bool { return l.Name == "v3" })
	body, err := os.ReadFile("testdata/examples/reconstructed-dellin-login-v3-response.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Logins[i].SessionID(Response{Status: 200, Body: body}, "json"); got != "00000000-0000-0000-0000-000000000000" {
		t.Errorf("got %q", got)
	}
	if got := s.Logins[i].SessionID(Response{Status: 200, Body: []byte(`{"errors":"no"}`)}, "json"); got != "" {
		t.Errorf("got %q", got)
	}
}

// What an answer means depends on all of it, also where the one before had the same body.
func TestEqualAnswersMeanTheSame(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	op := operation(t, all["les"], "shipmentFailed")
	json := http.Header{"Content-Type": {"application/json"}}
	taken, refused := []byte(`{"code":1,"message":"ok"}`), []byte(`{"code":7,"message":"ok"}`)
	sent := Sent{Items: make([]batch.Item, 1)}
	for n, c := range []struct {
		r    Response
		want Class
	}{{Response{200, json, taken}, OK}, {Response{200, json, taken}, OK}, {Response{503, json, taken}, Retry}, {Response{200, json, refused}, Rejected}, {Response{200, json, taken}, OK}} {
		if got := op.Interpret(c.r, sent); got.Class != c.want || got.Message.EN == "" {
			t.Errorf("answer %d: %+v, want %s", n, got, c.want)
		}
	}
}
