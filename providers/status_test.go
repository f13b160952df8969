package providers_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// loud is what each of these HTTP statuses means, whatever the body says.
var loud = map[int]providers.Class{
	401: providers.Auth, 403: providers.Config, 408: providers.Unknown, 429: providers.Retry,
	500: providers.Unknown, 502: providers.Unknown, 503: providers.Retry, 504: providers.Unknown,
}

// documented are answers with a code or a text that the provider's document knows.
var documented = map[string][]string{
	"les":     {`{"code":-1,"message":"lesBookingId not found"}`, `{"code":"-1"}`, `{"code":1,"message":"sucess"}`, `{"code":7}`, `<r><code>-1</code></r>`},
	"hgj-aci": {`{"httpStatus":400,"message":"The token is invalid"}`, `{"httpStatus":400,"message":"货代提单号(HBL)必填"}`, `{"code":400,"message":"该分单不能修改"}`, `{"code":403}`, `<r><code>400</code></r>`},
	"hgj-ams": {`{"code":400,"message":"船公司不能为空"}`, `{"code":"400"}`, `{"code":0,"message":"no"}`, `<r><code>400</code><message>船公司不能为空</message></r>`, `<response><httpStatus>400</httpStatus></response>`},
	"otms":    {`<r><responseCode>0</responseCode></r>`, `<r><responseCode>2</responseCode></r>`, `<r><responseCode>9</responseCode></r>`, `{"responseCode":"1"}`, `<shipPointRemoveResponse><responseCode/><shipPoints><shipPoint><clientReferenceNumber>A</clientReferenceNumber><importStatus>REMOVED</importStatus></shipPoint></shipPoints></shipPointRemoveResponse>`},
	"dellin":  {`{"errors":{"requestids":"id заявок не соответствует условиям: 12345678"}}`, `{"errors":[{"code":"110003","title":"x"}]}`, `{"answer":{"state":"success","requestID":112}}`, `<response><errors><requestids>Ошибка при проверке контрагента</requestids></errors></response>`, `<response><errors><item><code>110003</code></item></errors></response>`, `<response><state>success</state><requestID>112</requestID></response>`},
}

// The HTTP status speaks first: busy is tried again, a refused account stops the lane, and where nobody knows whether the request was
// executed it is unknown, for all built-in providers and whatever documented code the body carries.
func TestStatusSpeaksFirst(t *testing.T) {
	for facts := range operations {
		if len(documented[facts]) == 0 {
			t.Errorf("%s: no documented answers to try", facts)
		}
		for _, body := range documented[facts] {
			for status, want := range loud {
				if facts == "dellin" && status == 401 {
					want = providers.Renew // a session ends
				}
				for _, said := range []string{"", "application/json", "text/xml; charset=utf-8", "text/html"} {
					r := providers.Response{Status: status, Body: []byte(body), Header: http.Header{"Content-Type": {said}}}
					if got := operation(t, facts).Interpret(r, sent(t, facts)); got.Class != want || got.Items != nil {
						t.Errorf("%s: HTTP %d (%s) %s is %q, want %q", facts, status, said, body, got.Class, want)
					}
				}
			}
		}
	}
}

// styled is a document as docs/provider-documents.md teaches to write one.
const styled = `openapi: 3.1.0
info: {title: Styled, version: "1"}
x-rowferry: {name: styled%s}
paths:
  /v1/parcels:
    post:
      operationId: create
      security: []
      requestBody: {content: {application/json: {schema: {type: object, properties: {order: {type: string, x-rowferry: {label: {en: Order, zh: 订单, ru: Заказ}}}}}}}}
      responses: {"200": {description: taken}}
      x-rowferry:
        title: {en: Create, zh: 建单, ru: Создать}
        rows: one
        repeatable: false
        answer:
          ok: body.ok == true or text(body.code) == "1"
          code: text(body.code)
          message: body.message
          texts: [{match: no such street, class: rejected, status: [500]}]
          codes:
            E7: {class: rejected}
            E9: {class: retry, status: [500, 504]}
            "2": {class: later}
            "*": {class: rejected}
`

func made(t *testing.T, more string) *providers.Operation {
	t.Helper()
	p, err := providers.Compile([]byte(fmt.Sprintf(styled, more)), "styled.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p.Operations[0]
}

func interpret(op *providers.Operation, status int, body, contentType string) providers.Reading {
	return op.Interpret(providers.Response{Status: status, Body: []byte(body), Header: http.Header{"Content-Type": {contentType}}},
		providers.Sent{Items: []batch.Item{{Rows: []int{2}, Body: []byte(`{"order":"A"}`)}}, Encoding: "json"})
}

// The same holds for people's own documents, with a rule for every code; what a document names together with a status counts under it.
func TestStatusSpeaksFirstInOwnDocuments(t *testing.T) {
	op := made(t, "")
	for status, want := range loud {
		for _, body := range []string{`{"ok":false,"code":"LIMIT","message":"too many requests"}`, `{"ok":false,"code":"E7","message":"no"}`, `{"ok":true}`, `<r><code>E7</code></r>`, `{"code":2}`} {
			if got := interpret(op, status, body, ""); got.Class != want {
				t.Errorf("HTTP %d %s is %q, want %q", status, body, got.Class, want)
			}
		}
	}
	for _, c := range []struct {
		status int
		body   string
		want   providers.Class
	}{
		{500, `{"code":"E9"}`, providers.Retry}, {504, `{"code":"E9"}`, providers.Retry}, {502, `{"code":"E9"}`, providers.Unknown},
		{200, `{"code":"E9"}`, providers.Retry}, {400, `{"code":"E9"}`, providers.Retry},
		{500, `{"message":"No such street."}`, providers.Rejected}, {502, `{"message":"No such street."}`, providers.Unknown},
		{400, `{"code":"E7"}`, providers.Rejected}, {200, `{"ok":true}`, providers.OK},
	} {
		if got := interpret(op, c.status, c.body, ""); got.Class != c.want {
			t.Errorf("HTTP %d %s is %q, want %q", c.status, c.body, got.Class, c.want)
		}
	}
	if got := interpret(op, 429, `{"code":"LIMIT","message":"too many requests"}`, ""); got.Code != "LIMIT" || got.Message.EN != "too many requests" {
		t.Errorf("what the provider said is lost: %+v", got)
	}
}

// Numbers are compared by their value.
func TestNumbersByValue(t *testing.T) {
	op := made(t, "")
	for body, want := range map[string]providers.Class{
		`{"code":1}`: providers.OK, `{"code":1.0}`: providers.OK, `{"code":1e0}`: providers.OK, `{"code":10E-1}`: providers.OK,
		`{"code":2.00}`: providers.Later, `{"code":"2.0"}`: providers.Later, `{"code":1.01}`: providers.Rejected, `{"code":1e999999999}`: providers.Rejected,
	} {
		if got := interpret(op, 200, body, ""); got.Class != want {
			t.Errorf("%s is %q, want %q", body, got.Class, want)
		}
	}
	for body, want := range map[string]string{`{"code":12345678901234567890123}`: "12345678901234567890123", `{"code":1.50}`: "1.5", `{"code":-0.0}`: "0", `{"code":0.10}`: "0.1"} {
		if got := interpret(op, 200, body, "").Code; got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
	if got := operation(t, "les").Interpret(providers.Response{Status: 200, Body: []byte(`{"code":1.0}`)}, sent(t, "les")); got.Class != providers.OK {
		t.Errorf("LES code 1.0 is %q", got.Class)
	}
}

// Text in an answer is decoded as declared, else as UTF-8, else as the provider's charset or GB18030.
func TestCharsetsOfAnswers(t *testing.T) {
	const gbk, cyrillic, said = "{\"code\":\"E7\",\"message\":\"\xca\xd5\xbc\xfe\xc8\xcb\xb5\xe7\xbb\xb0\xce\xde\xd0\xa7\"}", "{\"code\":\"E7\",\"message\":\"\xed\xe5\xf2\"}", "收件人电话无效"
	for _, c := range []struct{ more, body, contentType, want string }{
		{"", gbk, "", said}, {"", gbk, "application/json; charset=utf-8", said}, {"", gbk, "application/json; charset=gbk", said},
		{"", `{"code":"E7","message":"` + said + `"}`, "", said},
		{", charset: windows-1251", cyrillic, "", "нет"}, {", charset: gbk", cyrillic, "application/json; charset=windows-1251", "нет"},
		{"", "<r><code>E7</code><message>\xca\xd5\xbc\xfe\xc8\xcb\xb5\xe7\xbb\xb0\xce\xde\xd0\xa7</message></r>", "", said},
	} {
		got := interpret(made(t, c.more), 200, c.body, c.contentType)
		if got.Class != providers.Rejected || got.Code != "E7" || got.Message.EN != c.want {
			t.Errorf("%q (%s, %s): %+v", c.body, c.more, c.contentType, got.Verdict)
		}
	}
	if got := interpret(made(t, ""), 200, "{\"code\":\"E7\",\"message\":\"\xff\xff\"}", ""); got.Class != providers.Unknown {
		t.Errorf("bytes that are no text: %+v", got)
	}
	if _, err := providers.Compile([]byte(fmt.Sprintf(styled, ", charset: klingon")), "x.yaml"); err == nil {
		t.Error("a charset that nobody knows")
	}
}
