package providers

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

const pointed = `openapi: 3.1.0
info: {title: x, version: "1"}
paths:
  /a:
    post:
      operationId: a
      parameters: [{name: dry, in: query, schema: {type: boolean}}]
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [orders]
              properties:
                orders: {type: array, items: {type: object, required: [ref], properties: {ref: {type: string}, to: {type: object, properties: {city: {type: string}}}}}}
`

// presuming compiles a document without a word about answers.
func presuming(t *testing.T, rows string) *Operation {
	t.Helper()
	p, err := Compile([]byte(pointed+"      x-rowferry: {rows: "+rows+"}\nx-rowferry: {name: x}\n"), "pointed")
	if err != nil {
		t.Fatal(err)
	}
	return p.Operations[0]
}

func sentOrders(n int) Sent {
	s := Sent{Encoding: "json"}
	for i := range n {
		s.Items = append(s.Items, batch.Item{Seq: i, Rows: []int{i + 2}, Body: fmt.Appendf(nil, `{"?body":{"ref":"REF-%d"}}`, i)})
	}
	return s
}

// Answers without a word of the document: by status, with the words, codes and references where providers put them.
func TestPresumedAnswers(t *testing.T) {
	op := presuming(t, "one")
	for name, c := range map[string]struct {
		status    int
		header    http.Header
		body      string
		class     Class
		code      string
		message   string
		reference string
	}{
		"created":         {201, http.Header{"Location": {"https://x.example/orders/A-7?x=1"}}, `{"id": "other"}`, OK, "", "", "A-7"},
		"an id":           {200, nil, `{"order": {"id": 12, "state": "new"}}`, OK, "", "", "12"},
		"accepted":        {202, nil, ``, OK, "accepted", "accepted, not yet carried out", ""},
		"nothing":         {204, nil, ``, OK, "", "", ""},
		"a page":          {200, nil, `<!DOCTYPE html><html>log in</html>`, Unknown, "200", "", ""},
		"cut":             {200, nil, `{"id": `, Unknown, "200", "", ""},
		"problem":         {422, http.Header{"Content-Type": {"application/problem+json"}}, `{"type": "about:blank", "title": "Bad order", "detail": "no such city", "status": 422}`, Rejected, "422", "Bad order: no such city", ""},
		"an error object": {400, nil, `{"error": {"code": "E7", "message": "no stock"}}`, Rejected, "E7", "no stock", ""},
		"no way through":  {521, http.Header{"Server": {"cloudflare"}}, `error code: 521`, Retry, "521", "error code: 521", ""},
		"another's 521":   {521, nil, `error code: 521`, Unknown, "521", "error code: 521", ""},
		"packed":          {201, http.Header{"Content-Encoding": {"br"}}, "\x0b\x80", Unknown, "201", "the answer is packed by br, which was not asked for, and cannot be read", ""},
		"refused, packed": {400, http.Header{"Content-Encoding": {"br"}}, "\x0b\x80", Rejected, "400", "the answer is packed by br, which was not asked for, and cannot be read", ""},
		"a form":          {200, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, `status=error&message=bad+zip`, Rejected, "200", "bad zip", ""},
		"a good form":     {200, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, `status=ok&id=P-1`, OK, "", "", "P-1"},
		"a message":       {409, nil, `{"message": "there already"}`, Rejected, "409", "there already", ""},
		"busy":            {429, nil, `{"message": "slower"}`, Retry, "429", "slower", ""},
		"refused":         {401, nil, `{"message": "who?"}`, Auth, "401", "who?", ""},
		"broken":          {500, nil, `oops`, Unknown, "500", "oops", ""},
	} {
		r := op.Interpret(Response{Status: c.status, Header: c.header, Body: []byte(c.body)}, sentOrders(1))
		if r.Class != c.class || r.Code != c.code || r.Message.EN != c.message || r.Reference != c.reference {
			t.Errorf("%s: got %+v", name, r.Verdict)
		}
	}
}

// The answers of testdata/presumed-answers.txt mean what stands below each.
func TestPresumedAnswersOfManyVendors(t *testing.T) {
	op := presuming(t, "one")
	table, err := os.ReadFile("testdata/presumed-answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(table), "\n")
	for i, line := range lines {
		status, body, _ := strings.Cut(line, " ")
		r := Response{Header: http.Header{}, Body: []byte(body)}
		if r.Status, err = strconv.Atoi(status); err != nil {
			continue
		}
		if to, moved := strings.CutPrefix(body, "Location: "); moved {
			r.Header.Set("Location", to)
			r.Body = nil
		}
		got := op.Interpret(r, sentOrders(1))
		v := got.Verdict
		if got.Items != nil {
			v = got.Items[0]
		}
		said := strings.Join([]string{string(v.Class), v.Code, v.Message.EN, v.Reference}, "|")
		want := strings.ReplaceAll(strings.TrimSpace(lines[i+1]), " |", "|")
		if said != strings.ReplaceAll(want, "| ", "|") {
			t.Errorf("%s\ngot  %s\nwant %s", line, said, lines[i+1])
		}
	}
}

// Some refuse a token whose time is over under 403: another one is asked for, as under 401. Where nothing logs in the account is refused.
func TestTokensThatEndedUnder403(t *testing.T) {
	const scheme = "components: {securitySchemes: {o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://x.example/t', scopes: {}}}}}}\nsecurity: [{o: []}]\npaths:"
	p, err := Compile([]byte(strings.Replace(pointed, "paths:", scheme, 1)+"      x-rowferry: {rows: one}\nx-rowferry: {name: x}\n"), "pointed")
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]Class{
		`{"errors": [{"code": "Unauthorized", "details": "The access token you provided has expired."}]}`: Renew,
		`{"message": "Invalid session"}`:                  Renew,
		`{"message": "No permission for this warehouse"}`: Config,
	} {
		if r := p.Operations[0].Interpret(Response{Status: 403, Body: []byte(body)}, sentOrders(1)); r.Class != want {
			t.Errorf("%s: got %s", body, r.Class)
		}
	}
	if r := presuming(t, "one").Interpret(Response{Status: 403, Body: []byte(`{"message": "token expired"}`)}, sentOrders(1)); r.Class != Config {
		t.Errorf("without a login: got %s", r.Class)
	}
}

// A good status for a batch as a whole: what it says of each counts, and what it does not say where it tells of errors is not known.
func TestDenialsOfBatches(t *testing.T) {
	op := presuming(t, "{batch: orders, max: 9}")
	for body, want := range map[string][]Class{
		`{"success": false, "message": "closed"}`:                                                                                               nil, // rejected as a whole
		`{"errors": [{"message": "a"}, {"message": "b"}, {"message": "c"}]}`:                                                                    {Unknown, Unknown, Unknown},
		`{"errors": [{"message": "REF-9 is bad"}], "success": false}`:                                                                           {Unknown, Unknown, Unknown},
		`{"errors": [{"ref": "REF-1", "message": "bad"}]}`:                                                                                      {Unknown, Rejected, Unknown},
		`{"created": [{"ref": "REF-0"}, {"ref": "REF-2"}], "rejected": [{"ref": "REF-1", "why": "x"}]}`:                                         {OK, Rejected, OK},
		`{"errors": [{"message": "bad", "pointer": "/orders/1/to/city"}]}`:                                                                      {Unknown, Rejected, Unknown},
		`{"items": [{"ref": "REF-0", "status": true}, {"ref": "REF-1", "status": false, "message": "bad"}, {"ref": "REF-2", "status": false}]}`: {OK, Rejected, Unknown},
		`{"items": [{"id": "X1"}, {"error": "bad zip"}]}`:                                                                                       {Unknown, Unknown, Unknown},
		`{"items": [{"index": 2, "error": "bad zip"}, {"index": 0, "id": "X"}]}`:                                                                {Unknown, Unknown, Unknown},
		`{"failed": ["REF-1"], "succeeded": ["REF-0", "REF-2"]}`:                                                                                {OK, Rejected, OK},
		`{"failed": ["REF-1"]}`: {Unknown, Rejected, Unknown},
		"{\"ref\": \"REF-0\", \"status\": \"created\"}\n{\"ref\": \"REF-1\", \"status\": \"error\", \"price\": 1}\n{\"ref\": \"REF-2\", \"status\": \"created\"}\n": {OK, Rejected, OK}, // a value a line
		`{"created": ["REF-0", "REF-1", "REF-2"], "labels": ["one"]}`:                         {OK, OK, OK},
		`{"items": [{"id": "X1"}, {"id": "X2"}], "warnings": [{"message": "zip mended"}]}`:    nil, // taken as a whole
		`{"accepted": 2, "failed": 1, "message": "see mail"}`:                                 {Unknown, Unknown, Unknown},
		`{"received": 3, "imported": 2}`:                                                      {Unknown, Unknown, Unknown},
		`{"status": "ok", "summary": {"totalRecords": 3, "insertedRecords": 1}}`:              {Unknown, Unknown, Unknown},
		`{"TotalEntries": 3, "SuccessfulEntries": 2, "UnsuccessfulEntries": 1}`:               {Unknown, Unknown, Unknown},
		`{"code": 0, "data": {"totalNum": 3, "successNum": 2, "failNum": 1}}`:                 {Unknown, Unknown, Unknown},
		`{"total": 3, "created": 1, "updated": 1, "skipped": 1}`:                              {Unknown, Unknown, Unknown},
		`<r><received>3</received><accepted>2</accepted></r>`:                                 {Unknown, Unknown, Unknown},
		`{"itemsFailedCount": 1, "totalCount": 3, "processedCount": 3}`:                       {Unknown, Unknown, Unknown},
		`{"success": false, "items": [{"ref": "REF-0", "status": 201}, {"ref": "REF-1"}]}`:    {OK, Unknown, Unknown},
		`{"items": [{"ref": "REF-0"}, {"ref": "REF-1", "success": false}, {"ref": "REF-2"}]}`: {OK, Rejected, OK},
	} {
		r := op.Interpret(Response{Status: 200, Body: []byte(body)}, sentOrders(3))
		var got []Class
		for _, v := range r.Items {
			got = append(got, v.Class)
		}
		if whole := map[bool]Class{true: OK, false: Rejected}[strings.Contains(body, "warnings")]; !slices.Equal(got, want) || want == nil && r.Class != whole {
			t.Errorf("%s: got %s %v, want %v", body, r.Class, got, want)
		}
	}
}

// Counts that agree, are of something else, or of a job that has not ended, are no refusal.
func TestCountsOfBatches(t *testing.T) {
	op := presuming(t, "{batch: orders, max: 9}")
	for _, body := range []string{
		`{"received": 3, "imported": 3}`,
		`{"received": 3, "created": 1, "updated": 2}`,
		`{"received": 3, "updated": 1, "unchanged": 2}`,
		`{"total": 3, "success": 3, "failed": 0}`,
		`{"success": true, "total": 3, "code": 1}`,
		`{"total": 100, "page": 1, "imported": 2}`,                   // counts of something else
		`{"id": "J1", "status": "queued", "total": 3, "created": 0}`, // a job
		`{"jobId": "J1", "totalCount": 3, "processedCount": 0}`,
		`{"total": 3, "created": 1790000000}`, // when
		`{"batch": {"id": 7, "count": 3, "errorCode": 0, "error_count": 0}, "orders": 3}`,
		`{"status": "success", "error": 0, "errorNo": 200, "count": 3}`,
		`{"received": 3, "message": "ok"}`,
		`{"order": {"total": 3, "updated": 0}, "number": 77}`,
	} {
		if r := op.Interpret(Response{Status: 200, Body: []byte(body)}, sentOrders(3)); r.Class != OK || r.Items != nil {
			t.Errorf("%s: got %s %v", body, r.Class, r.Items)
		}
	}
}

// Pointers lead to fields, and to the items of a batch: those that nothing points at were not executed and may go again.
func TestPointersOfAnswers(t *testing.T) {
	op := presuming(t, "one")
	for _, pointer := range []string{"/orders/0/to/city", "#/orders/0/to/city", "orders[0].to.city", "$.orders[0].to.city", "body/orders/0/to/city"} {
		r := op.Interpret(Response{Status: 422, Body: fmt.Appendf(nil, `{"errors": [{"detail": "unknown", "source": {"pointer": %q}}]}`, pointer)}, sentOrders(1))
		if len(r.Faults) != 1 || r.Faults[0].Field != "orders.to.city" || r.Faults[0].Text != "unknown" {
			t.Errorf("%s: got %+v", pointer, r.Faults)
		}
	}
	r := op.Interpret(Response{Status: 400, Body: []byte(`{"errors": [{"message": "no", "field": "query.dry"}]}`)}, sentOrders(1))
	if len(r.Faults) != 1 || r.Faults[0].Field != "query.dry" {
		t.Errorf("got %+v", r.Faults)
	}
	many := presuming(t, "{batch: orders, max: 9}")
	r = many.Interpret(Response{Status: 422, Body: []byte(`{"errors": [{"detail": "unknown city", "pointer": "/orders/1/to/city"}]}`)}, sentOrders(3))
	if len(r.Items) != 3 || r.Items[0].Class != Retry || r.Items[1].Class != Rejected || r.Items[1].Faults[0].Field != "to.city" || r.Items[2].Class != Retry {
		t.Errorf("got %+v", r)
	}
}

// Of a batch, Django answers with an object for each element, empty where it is good.
func TestComplaintsInOrder(t *testing.T) {
	op := presuming(t, "{batch: orders, max: 9}")
	r := op.Interpret(Response{Status: 400, Body: []byte(`{"orders": [{}, {"to": {"city": ["This field is required."]}}, {}]}`)}, sentOrders(3))
	if len(r.Items) != 3 || r.Items[0].Class != Retry || r.Items[1].Class != Rejected || r.Items[1].Faults[0].Field != "to.city" || r.Items[2].Class != Retry {
		t.Errorf("got %+v", r)
	}
}

// A 207 is read item by item: by values that one item alone has, else in order; what says nothing is unknown.
func TestMultiStatus(t *testing.T) {
	op := presuming(t, "{batch: orders, max: 9}")
	for name, c := range map[string]struct {
		body string
		want []Class
	}{
		"in order":        {`{"items": [{"status": 201, "id": "1"}, {"status": 400, "message": "no"}, {"status": 503}]}`, []Class{OK, Rejected, Retry}},
		"by reference":    {`{"items": [{"ref": "REF-2", "sstatus": {"statusCode": 400}}, {"ref": "REF-0", "sstatus": {"statusCode": 200}}]}`, []Class{OK, Unknown, Rejected}},
		"out of order":    {`[{"ref": "REF-1", "status": 200}, {"ref": "REF-0", "status": 422}, {"ref": "REF-2", "status": 200}]`, []Class{Rejected, OK, OK}},
		"nothing said":    {`{"message": "some of it"}`, []Class{Unknown, Unknown, Unknown}},
		"errors of items": {`[{"ref": "REF-0", "status": "created"}, {"ref": "REF-1", "errors": [{"message": "bad"}]}, {"ref": "REF-2", "success": true}]`, []Class{OK, Rejected, OK}},
		"other words":     {`[{"ref": "REF-0", "status": "new"}, {"ref": "REF-1", "status": "REJECTED"}, {"ref": "REF-2", "status": "ACCEPTED"}]`, []Class{Unknown, Rejected, OK}},
	} {
		r := op.Interpret(Response{Status: 207, Body: []byte(c.body)}, sentOrders(3))
		if len(r.Items) != 3 {
			t.Errorf("%s: got %+v", name, r)
			continue
		}
		for i, want := range c.want {
			if r.Items[i].Class != want {
				t.Errorf("%s: item %d is %+v, want %s", name, i, r.Items[i], want)
			}
		}
	}
}
