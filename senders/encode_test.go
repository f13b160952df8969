package senders

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// operation finds a built-in operation.
func operation(t testing.TB, provider, id string) *providers.Operation {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p := all[provider]
	if p == nil {
		t.Fatalf("no provider %s", provider)
	}
	for _, op := range p.Operations {
		if op.ID == id {
			return op
		}
	}
	t.Fatalf("no operation %s/%s", provider, id)
	return nil
}

func example(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var exampleCredentials = map[string]string{
	"login": "username", "password": "password", "appkey": "00000000-0000-0000-0000-000000000000",
}

func encodeItems(t testing.TB, op *providers.Operation, scheme, encoding string, bodies ...string) []byte {
	t.Helper()
	var items []batch.Item
	for i, b := range bodies {
		items = append(items, batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(b)})
	}
	e := newEncoder(op, scheme, encoding, func(name string) string { return exampleCredentials[name] })
	out, err := e.encode(Attempt{Items: items}, "00000000-0000-0000-0000-000000000000")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	shipPoint1 = `{"clientReferenceNumber":"sh00105001","type":"0","externalId":"11223344"}`
	shipPoint2 = `{"clientReferenceNumber":"sh00105002","type":"1","externalId":"11223344"}`
)

// The oTMS request is the provider's example, byte for byte.
func TestExampleOTMS(t *testing.T) {
	op := operation(t, "otms", "shipPointRemove")
	got := encodeItems(t, op, "body", "xml", shipPoint1, shipPoint2)
	if diff := cmp.Diff(string(example(t, "otms-request.xml")), string(got)); diff != "" {
		t.Error(diff)
	}
	if got := encodeItems(t, op, "basic", "xml", shipPoint1); bytes.Contains(got, []byte("password")) || !bytes.Contains(got, []byte(`<shipPointRemoveRequest version="0.1">`)) {
		t.Errorf("with Basic: %s", got)
	}
}

// The JSON requests are the providers' examples but for blanks between values: same keys, same order, same types.
func TestExamplesJSON(t *testing.T) {
	for _, c := range []struct{ provider, operation, scheme, file string }{
		{"les", "shipmentFailed", "none", "les-request.json"},
		{"hgj", "aciUpdate", "signed", "hgj-aci-request.json"},
		{"hgj", "amsUpdate", "signed", "hgj-ams-request.json"},
		{"dellin", "multiRequest", "session", "dellin-request.json"},
	} {
		var want bytes.Buffer
		if err := json.Compact(&want, example(t, c.file)); err != nil {
			t.Fatal(err)
		}
		item := want.String()
		if c.provider == "dellin" { // the mapper knows no credentials
			item = `{"requestids":["1111","2222","3333"],"comment":"Текст комментария"}`
		}
		if diff := cmp.Diff(want.String(), string(encodeItems(t, operation(t, c.provider, c.operation), c.scheme, "json", item))); diff != "" {
			t.Errorf("%s: %s", c.file, diff)
		}
	}
}

// The Dellin example in XML has no declaration and other blanks; its elements are ours, in their order.
func TestExampleDellinXML(t *testing.T) {
	got := encodeItems(t, operation(t, "dellin", "multiRequest"), "session", "xml", `{"requestids":["1111","2222","3333"],"comment":"Текст комментария"}`)
	if diff := cmp.Diff(tokens(t, example(t, "dellin-request.xml")), tokens(t, got)); diff != "" {
		t.Error(diff)
	}
}

func tokens(t *testing.T, b []byte) (out []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch x := token.(type) {
		case xml.StartElement:
			out = append(out, "<"+x.Name.Local)
			for _, a := range x.Attr {
				out = append(out, "@"+a.Name.Local+"="+a.Value)
			}
		case xml.EndElement:
			out = append(out, ">")
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" {
				out = append(out, s)
			}
		}
	}
}

// made is a schema with everything that can be written.
func made(kind providers.RowsKind, path string) *providers.Operation {
	text := func(name string) *providers.Schema { return &providers.Schema{Name: name, Type: "string"} }
	return &providers.Operation{ID: "made", Method: "POST", Encodings: []string{"json", "xml", "form"}, Rows: providers.Rows{Kind: kind, Path: path},
		Body: &providers.Schema{Type: "object", XML: providers.XML{Name: "bill"}, Props: []*providers.Schema{
			{Name: "version", Type: "string", Const: "0.1", XML: providers.XML{Attribute: true}},
			{Name: "auth", Type: "object", Props: []*providers.Schema{
				{Name: "key", Type: "string", Fill: "credential:appkey", Scheme: "body"},
				{Name: "session", Type: "string", Fill: "session", Scheme: "session", XML: providers.XML{Name: "sid"}},
			}},
			text("no"),
			{Name: "rush", Type: "boolean", XML: providers.XML{Attribute: true}},
			{Name: "cargos", Type: "array", XML: providers.XML{Wrapped: true, Item: "cargo"}, Items: &providers.Schema{Type: "object", Props: []*providers.Schema{
				{Name: "seq", Type: "integer", Fill: "sequence", XML: providers.XML{Attribute: true}}, text("goods"), {Name: "kg", Type: "number"},
				{Name: "marks", Type: "array", Items: &providers.Schema{Type: "string"}, XML: providers.XML{Name: "mark"}},
			}}},
			{Name: "extra", Type: "object", Props: []*providers.Schema{{Name: "fixed", Type: "integer", Const: "7"}, text("note")}},
		}}}
}

const madeItem = `{"no":"A&B <\"1\">\n2","rush":true,"cargos":[{"goods":"NAILS","kg":1.50,"marks":["x","y"]},{"goods":null,"kg":10000000000000000000}],"free":{"a":[1]}}`

func TestEncodeMade(t *testing.T) {
	op := made(providers.Group, "cargos")
	for _, c := range []struct{ scheme, encoding, want string }{
		{"none", "json", `{"version":"0.1","no":"A&B <\"1\">\n2","rush":true,"cargos":[{"seq":1,"goods":"NAILS","kg":1.50,"marks":["x","y"]},{"seq":2,"goods":null,"kg":10000000000000000000}],"free":{"a":[1]}}`},
		{"body", "json", `{"version":"0.1","auth":{"key":"00000000-0000-0000-0000-000000000000"},"no":"A&B <\"1\">\n2","rush":true,"cargos":[{"seq":1,"goods":"NAILS","kg":1.50,"marks":["x","y"]},{"seq":2,"goods":null,"kg":10000000000000000000}],"free":{"a":[1]}}`},
		{"session", "xml", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<bill version="0.1" rush="true">
    <auth>
        <sid>00000000-0000-0000-0000-000000000000</sid>
    </auth>
    <no>A&amp;B &lt;"1"&gt;
2</no>
    <cargos>
        <cargo seq="1">
            <goods>NAILS</goods>
            <kg>1.50</kg>
            <mark>x</mark>
            <mark>y</mark>
        </cargo>
        <cargo seq="2">
            <kg>10000000000000000000</kg>
        </cargo>
    </cargos>
    <free>
        <a>1</a>
    </free>
</bill>
`},
		{"none", "form", `version=0.1&no=A%26B+%3C%221%22%3E%0A2&rush=true&cargos=` +
			`%5B%7B%22seq%22%3A1%2C%22goods%22%3A%22NAILS%22%2C%22kg%22%3A1.50%2C%22marks%22%3A%5B%22x%22%2C%22y%22%5D%7D%2C%7B%22seq%22%3A2%2C%22goods%22%3Anull%2C%22kg%22%3A10000000000000000000%7D%5D&free=%7B%22a%22%3A%5B1%5D%7D`},
	} {
		if diff := cmp.Diff(c.want, string(encodeItems(t, op, c.scheme, c.encoding, madeItem))); diff != "" {
			t.Errorf("%s %s: %s", c.scheme, c.encoding, diff)
		}
	}
}

// A batch puts the items into the array that rows fill; what is fixed around it is written.
func TestEncodeBatch(t *testing.T) {
	op := made(providers.Batch, "cargos")
	got := encodeItems(t, op, "none", "json", `{"goods":"a"}`, `{"goods":"b","kg":2}`)
	if want := `{"version":"0.1","cargos":[{"seq":1,"goods":"a"},{"seq":2,"goods":"b","kg":2}]}`; string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// A JSON body to which nothing is to be added is sent as the very bytes of the item.
func TestEncodeAsIs(t *testing.T) {
	op := operation(t, "les", "shipmentFailed")
	body := []byte(`{"accountNumber":"0012","lesBookingId":"LB1","failReason":"x"}`)
	e := newEncoder(op, "none", "json", nil)
	got, err := e.encode(Attempt{Items: []batch.Item{{Body: body}}}, "")
	if err != nil || &got[0] != &body[0] {
		t.Errorf("%s, %v", got, err)
	}
}

// What XML cannot carry is refused before it is sent, and the item at fault is named.
func TestEncodeControl(t *testing.T) {
	op := operation(t, "otms", "shipPointRemove")
	e := newEncoder(op, "basic", "xml", nil)
	for _, bad := range []string{`\u0001`, `\u000b`, `\ufffe`, "\xff"} {
		items := []batch.Item{{Body: []byte(shipPoint1)}, {Body: []byte(`{"externalId":"1` + bad + `","type":"0"}`)}}
		_, err := e.encode(Attempt{Items: items}, "")
		f, ok := errors.AsType[*Failure](err)
		if !ok || !f.Final || f.Item != 1 || !strings.Contains(f.Error(), "externalId") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	got := encodeItems(t, op, "basic", "xml", `{"externalId":"a\tb\r\nc\ufffd😀","type":"0"}`)
	var back struct {
		ID string `xml:"shipPoints>shipPoint>externalId"`
	}
	if err := xml.Unmarshal(got, &back); err != nil || back.ID != "a\tb\r\nc\ufffd😀" {
		t.Errorf("%q, %v", back.ID, err)
	}
}

// Whatever stands where an item's body should be is an error, not half a request.
func FuzzEncode(f *testing.F) {
	f.Add(madeItem)
	f.Add(`{"no":"x","cargos":[{}]}`)
	f.Add(`{"cargos":null}`)
	f.Add(`{"a":`)
	ops := []*providers.Operation{made(providers.Group, "cargos"), made(providers.Batch, "cargos")}
	f.Fuzz(func(t *testing.T, body string) {
		for _, op := range ops {
			for _, encoding := range op.Encodings {
				e := newEncoder(op, "session", encoding, func(string) string { return "x" })
				out, err := e.encode(Attempt{Items: []batch.Item{{Body: []byte(body)}}}, "s")
				if err != nil || !json.Valid([]byte(body)) || body == "" || !strings.HasPrefix(strings.TrimSpace(body), "{") {
					continue
				}
				if encoding == "json" && !json.Valid(out) {
					t.Errorf("%s became %s", body, out)
				}
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	op := operation(b, "dellin", "multiRequest")
	e := newEncoder(op, "session", "json", func(string) string { return "x" })
	items := []batch.Item{{Body: []byte(`{"requestids":["1111","2222","3333"],"comment":"Текст комментария"}`)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.encode(Attempt{Items: items}, "s"); err != nil {
			b.Fatal(err)
		}
	}
}
