package proposal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
)

// Names that look alike are not taken for one another where a word, a number or a Han character says otherwise.
func TestSameWords(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Externl ID", "External ID", true},
		{"external_idd", "External ID", false}, // a short word has no slips
		{"Shipper adress", "Shipper address", true},
		{"HBL No.", "HBL", true},
		{"发货人", "发货人名称", true},
		{"Booking", "Booking ID", true},
		{"Consignee zip", "Consignee name", false},
		{"consignor name", "Consignee name", false},
		{"Port of unloading", "Port of loading", false},
		{"收货人名称", "发货人名称", false},
		{"UN number 2", "UN number", false},
		{"UN number 2", "UN number 3", false},
		{"Date", "Departure date", false}, // too little of it
		{"клиентский номр ссылки", "Клиентский номер ссылки", true},
		{"!!!", "External ID", false},
		{"", "External ID", false},
	} {
		if got := sameWords(c.a, c.b, false); got != c.want {
			t.Errorf("%q, %q: %t", c.a, c.b, got)
		}
	}
}

func TestOneSlip(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"type", "type", true}, {"type", "tpye", true}, {"type", "typ", true}, {"typ", "type", true}, {"type", "typo", true},
		{"type", "tips", false}, {"type", "ty", false}, {"abcd", "badc", false}, {"", "a", true}, {"", "", true},
	} {
		if got := oneSlip([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%q, %q: %t", c.a, c.b, got)
		}
	}
}

// Every scalar that is written comes back as it was.
func TestScalar(t *testing.T) {
	for _, s := range []string{
		"External ID", "客户查询号", "yes", "No", "null", "1", "007", "1e3", "2026-01-01", "a: b", "a #b", "#a", "- a", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a`",
		`a"b`, "a'b", `a\b`, "a\nb", " a", "a ", "a,b", "", "~", "=", "<<", "file:x", "${A}", "inbox/a", "./my.yaml", "../x y.yaml", "C", "a\u2028b", "船东提单号(MBL)", "HBL#", "?", "Номер заявки", "|", ">", ".", "..", "0x1f", "1_000", "12:30", "a:", ":a",
	} {
		for _, form := range []string{"a: %s # remark\n", "a: {b: %s, c: 1}\n"} {
			var got map[string]any
			if err := yaml.Unmarshal(fmt.Appendf(nil, form, Scalar(s)), &got); err != nil {
				t.Errorf("%q as %s: %v", s, Scalar(s), err)
				continue
			}
			v := got["a"]
			if m, inner := v.(map[string]any); inner {
				v = m["b"]
			}
			if v != s {
				t.Errorf("%q as %s came back as %#v", s, Scalar(s), v)
			}
		}
	}
}

const document = `
openapi: 3.1.0
info: {title: Acme, version: '1'}
servers: [{url: 'https://acme.example.com', x-environment: production}]
x-rowferry: {name: acme, title: Acme}
paths:
  /orders:
    post:
      operationId: order
      security: []
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [number, due]
              properties:
                number: {type: string, examples: [A1], x-rowferry: {label: Order number}}
                due: {type: string, format: date, examples: ['2026-12-31'], x-rowferry: {label: Due date}}
                pickup: {type: string, format: date-time, x-rowferry: {label: Pickup}}
                cash: {type: object, properties: {ref: {type: string, x-rowferry: {label: Account reference}}, amount: {type: number, x-rowferry: {label: Cash amount}}}}
                payer: {type: object, properties: {iban: {type: string, x-rowferry: {label: Bank account}}}}
                from: {type: object, properties: {name: {type: string, x-rowferry: {label: Sender name}}}}
                to: {type: object, properties: {name: {type: string, x-rowferry: {label: Receiver name}}}}
                kind: {type: string, enum: [std, exp], x-rowferry: {label: Kind, fold: true, lookup: {Standard: std, Express: exp}}}
      responses: {'200': {description: taken}}
      x-rowferry:
        title: Order
        rows: one
        repeatable: true
        answer: {ok: status == 200}
`

// propose makes a proposal for a CSV sample of the operation above; the configuration is loaded and the sample checked with it.
func propose(t *testing.T, sample string) (*Proposal, configs.Route, *check.Finding) {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	provider, err := providers.Load(put("acme.yaml", document))
	if err != nil {
		t.Fatal(err)
	}
	op, _ := provider.Operation("order")
	path := put("sample.csv", sample)
	p, err := Propose(context.Background(), Settings{Operation: op, Provider: "./acme.yaml", Account: "acme", Route: "orders", Language: batch.English}, path, "sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := pipeline.Load(put("rowferry.yaml", string(p.Config())))
	if err != nil {
		t.Fatalf("%v\n%s", err, p.Config())
	}
	r, err := p.Wired()
	if err != nil {
		t.Fatal(err)
	}
	f, err := check.File(context.Background(), r, path, "sample.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, cfg.Routes["orders"], f
}

// Dates get a layout where every one of them can be read in one way only.
func TestDates(t *testing.T) {
	for _, c := range []struct {
		name, due string
		want      []string
		remark    string
	}{
		{"as they should be", "2026-12-31 2027-01-01", nil, ""},
		{"slashes, year first", "2026/1/2 2026/12/31", nil, ""},
		{"dots", "02.01.2026 31.12.2026", []string{"2.1.2006"}, ""},
		{"two kinds", "2026-12-31 31.12.2026", []string{"2006-1-2", "2.1.2006"}, ""},
		{"day first", "02/01/2026 31/12/2026", []string{"2/1/2006"}, ""},
		{"month first", "01/02/2026 12/31/2026", []string{"1/2/2006"}, ""},
		{"nobody can tell", "01/02/2026 03/04/2026", nil, "two ways"},
		{"both", "31/12/2026 12/31/2026", nil, "day/month in some rows"},
		{"no date", "soon 31.12.2026", []string{"2.1.2006"}, `"soon"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			sample := "Order number;Due date\n"
			for i, due := range strings.Fields(c.due) {
				sample += fmt.Sprintf("A%d;%s\n", i, due)
			}
			p, r, f := propose(t, sample)
			if got := r.Map["due"].Date; !slices.Equal(got, c.want) {
				t.Errorf("layouts %q, want %q", got, c.want)
			}
			remarks := strings.Join(p.Fields[1].Remarks, "\n")
			if (remarks != "") != (c.remark != "") || !strings.Contains(remarks, c.remark) {
				t.Errorf("remarks %q, want %q", remarks, c.remark)
			}
			if (c.remark == "") != f.Good() {
				t.Errorf("%+v", f)
			}
		})
	}
}

// Times that name no zone are asked for theirs, with the line to write.
func TestTimesWithoutAZone(t *testing.T) {
	for pickup, want := range map[string]string{
		"2026-12-30 08:30":          "pickup: {from: Pickup, zone: Asia/Shanghai}",
		"2026-12-30T08:30:00+08:00": "",
	} {
		p, r, f := propose(t, "Order number,Due date,Pickup\nA1,2026-12-31,"+pickup+"\n")
		remarks := strings.Join(p.Fields[2].Remarks, "\n")
		if (remarks != "") != (want != "") || !strings.Contains(remarks, want) {
			t.Errorf("%s: remarks %q, want %q", pickup, remarks, want)
		}
		if r.Map["pickup"].Zone != "" || f.Good() != (want == "") {
			t.Errorf("%s: %+v, %+v", pickup, r.Map["pickup"], f)
		}
	}
}

// What is near the name of a field that would be alone in an optional object is left to a person; not so beside what is sure of it, or
// where the heading names the object, too.
func TestStrays(t *testing.T) {
	for _, c := range []struct {
		headings, values, path string
		want                   Surety
	}{
		{"Reference", "R1", "cash.ref", Perhaps},
		{"Reference,Cash amount", "R1,12", "cash.ref", Check},
		{"Payer iban", "DE89", "payer.iban", Sure},
	} {
		p, _, _ := propose(t, "Order number,Due date,"+c.headings+"\nA1,2026-12-31,"+c.values+"\n")
		at := slices.IndexFunc(p.Fields, func(f *Field) bool { return f.Path == c.path })
		if got := p.Fields[at].Surety; got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.headings, c.path, got, c.want)
		}
	}
}

// A lookup is proposed for words that come near known ones, and speaks of every value of the sample.
func TestLookup(t *testing.T) {
	p, r, f := propose(t, "Order number,Due date,Kind\nA1,2026-12-31,Expres\nA2,2026-12-31,std\nA3,2026-12-31,Standard delivery\nA4,2026-12-31,teleport\n")
	want := map[string]string{"std": "std", "exp": "exp", "Standard": "std", "Express": "exp", "Expres": "exp", "Standard delivery": "std"}
	if got := r.Map["kind"].Lookup; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	if f.Sendable != 3 || f.Invalid != 1 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(string(p.Config()), `"Expres": "exp" # please check`) || !strings.Contains(string(p.Config()), `not understood: "teleport"`) {
		t.Errorf("%s", p.Config())
	}
	if _, r, _ := propose(t, "Order number,Due date,Kind\nA1,2026-12-31,express\n"); r.Map != nil {
		t.Errorf("the document's own lookup is enough: %+v", r.Map)
	}
}

// A heading that would fill two fields by itself is settled in the map; the configuration agrees with what was matched.
func TestAmbiguous(t *testing.T) {
	p, r, f := propose(t, "Order number,Due date,name,Remark\nA1,2026-12-31,Ann,x\n")
	if !f.Good() || len(r.Map) != 1 {
		t.Errorf("%+v %+v", r.Map, f)
	}
	if !strings.Contains(string(p.Config()), "to.name: name # please check: from.name goes by this name too") {
		t.Errorf("%s", p.Config())
	}
	if len(p.Unused) != 1 || p.Unused[0].Name != "Remark" {
		t.Errorf("%v", p.Unused)
	}
}

// Headings of every shape keep the configuration readable, and what cannot be told apart is said by the check.
func TestStrangeHeadings(t *testing.T) {
	_, r, f := propose(t, "\"Order\nnumbr: #1 \"\"x\"\"\",Due date,\"}{ &a *b\"\nA1,2026-12-31,x\n")
	if len(r.Map) != 0 || f.Good() {
		t.Errorf("%+v %+v", r.Map, f)
	}
	_, r, f = propose(t, "\"Ordr\nnumber\",Due date\nA1,2026-12-31\n")
	if got := r.Map["number"].From; !slices.Equal(got, []string{"Ordr number"}) || !f.Good() {
		t.Errorf("%q %+v", got, f)
	}
	if _, _, f = propose(t, "Order number,Order number,Due date\nA1,A2,2026-12-31\n"); f.Quarantine == "" {
		t.Errorf("%+v", f)
	}
}

// What goes by the provider's names decides where the rows are, as when the file is taken, and is written down; where two fit, both are
// named, and neither is pinned.
func TestPinned(t *testing.T) {
	provider, err := providers.Load("../check/testdata/parcel.yaml")
	if err != nil {
		t.Fatal(err)
	}
	op, _ := provider.Operation("parcelCreate")
	for name, want := range map[string]readers.Settings{
		"guide-first.xlsx": {Sheet: "数据"}, "one-order.xml": {Record: "orders/order"}, "orders-and-returns.xml": {}, "two-months.xlsx": {},
	} {
		p, err := Propose(t.Context(), Settings{Operation: op, Language: batch.English}, filepath.Join("../check/testdata/cases/parcel", name), name)
		switch {
		case want == readers.Settings{}:
			if said, told := Complaint(batch.English, err); !told || !strings.Contains(said, "read: {") {
				t.Errorf("%s: %v %v", name, err, p)
			}
		case err != nil || p.Read.Sheet != want.Sheet || p.Read.Record != want.Record:
			t.Errorf("%s: %v %+v", name, err, p)
		}
	}
}

// Of two fields that go by a heading the one that a request needs has the column, also where the other one stands before it.
func TestWhatIsNeededHasTheColumn(t *testing.T) {
	doc := `openapi: 3.1.0
info: {title: Acme, version: "1"}
x-rowferry: {name: acme}
paths:
  /parcels:
    post:
      operationId: parcel
      security: []
      requestBody: {content: {application/json: {schema: {type: object, required: [receiver], properties: {
        sender: {type: object, properties: {city: {type: string}}}, receiver: {type: object, required: [city], properties: {city: {type: string}}}}}}}}
      responses: {"200": {description: taken}}
      x-rowferry: {rows: one, answer: {ok: status == 200}}
`
	p, err := providers.Compile([]byte(doc), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.csv")
	if err := os.WriteFile(path, []byte("city\nParis\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Propose(t.Context(), Settings{Operation: p.Operations[0], Language: batch.English}, path, "s.csv")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got.Config()); !strings.Contains(text, "receiver.city: city # please check: sender.city goes by this name too") {
		t.Error(text)
	}
}

// What fills a field without a word in the map is said to fill it: names with signs for blanks are those of headings with blanks, also of
// parameters, which are no object that may be left out. What a request needs twice, in its address and in its body, is one column's.
func TestWhatTheMappingFillsIsSaid(t *testing.T) {
	doc := `openapi: 3.1.0
info: {title: Acme, version: "1"}
x-rowferry: {name: acme}
paths:
  /offers/{offer-id}/price:
    put:
      operationId: price
      security: []
      parameters: [{in: path, name: offer-id, required: true, schema: {type: string}}, {in: query, name: warehouse, required: true, schema: {type: string}}, {in: query, name: sku, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object, required: [unit_price, SKU], properties: {SKU: {type: string}, unit_price: {type: number}, cash: {type: object, properties: {amount_due: {type: number}}}}}}}}
      responses: {"200": {description: taken}}
      x-rowferry: {rows: one, answer: {ok: status == 200}}
`
	p, err := providers.Compile([]byte(doc), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.csv")
	if err := os.WriteFile(path, []byte("Offer ID,Unit Price,Amount due,Warehouse code,Sku\nO1,1,2,W1,S1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Propose(t.Context(), Settings{Operation: p.Operations[0], Language: batch.English}, path, "s.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Surety{"path.offer-id": Sure, "query.warehouse": Check, "unit_price": Sure, "cash.amount_due": Sure, "query.sku": Check, "SKU": Check}
	for _, f := range got.Fields {
		if f.Surety != want[f.Path] {
			t.Errorf("%s is %q, want %q", f.Path, f.Surety, want[f.Path])
		}
	}
	if len(got.Unused)+len(got.Unfilled) > 0 {
		t.Error(got.Unused, got.Unfilled)
	}
	if text := string(got.Config()); !strings.Contains(text, "query.sku: Sku # please check: SKU goes by this name too") {
		t.Error(text)
	}
}

// Headings are matched by what their words mean, in several languages, and whose they are: where a consignee's address went to the shipper,
// it was sent wrong. Of an address that names nobody the receiver's is meant, unless other headings name the receiver.
func TestWords(t *testing.T) {
	op := operation(t, "testdata/parties.yaml")
	for _, c := range []struct{ headings, want string }{
		{"Ship To Name,Ship To Phone,Ship To Address 1,Ship To Address 2,Ship To City,Ship To Zip,Ship To Country,Ship From Name,Ship From Zip,Weight (kg)",
			"consignee.address.countryCode: Ship To Country; consignee.address.lines: [Ship To Address 1 Ship To Address 2]; consignee.address.postalCode: Ship To Zip; consignee.address.town: Ship To City; consignee.name: Ship To Name; consignee.phone.number: Ship To Phone; packages.weight.value: Weight (kg); shipper.address.postalCode: Ship From Zip; shipper.name: Ship From Name"},
		{"Empfänger,Straße,PLZ,Ort,Land,Gewicht",
			"consignee.address.countryCode: Land; consignee.address.lines: Straße; consignee.address.postalCode: PLZ; consignee.address.town: Ort; consignee.name: Empfänger; packages.weight.value: Gewicht"},
		{"收件人,收件人电话,收件人地址,收件人城市,收件人国家,寄件人,寄件人城市,重量",
			"consignee.address.countryCode: 收件人国家; consignee.address.lines: 收件人地址; consignee.address.town: 收件人城市; consignee.name: 收件人; consignee.phone.number: 收件人电话; packages.weight.value: 重量; shipper.address.town: 寄件人城市; shipper.name: 寄件人"},
		{"ФИО получателя,Индекс получателя,Город получателя,Адрес,Страна",
			"consignee.address.countryCode: Страна; consignee.address.lines: Адрес; consignee.address.postalCode: Индекс получателя; consignee.address.town: Город получателя; consignee.name: ФИО получателя"},
		{"Recipient,Postcode,Country of origin,Valid to,Bill-To City", "consignee.address.postalCode: Postcode; consignee.name: Recipient; customs.countryOfOrigin: Country of origin; validTo: Valid to"},
		{"Name,City,Delivery date", "consignee.address.town: City; consignee.name: Name; deliveryDate: Delivery date"},
		{"Sender postal code,Shipping date,Ship to state,SKU", "sellerSku: SKU; shippedDate: Shipping date; shipper.address.postalCode: Sender postal code"},
		{"Ship Date,Carrier,Tracking #,Shipping method", "parcels.tracking.code: Tracking #; shippedDate: Ship Date; shippingCarrierCode: Carrier"},
		{"Exporter name", "exporterDetails.contactInformation.fullName: Exporter name"},
		{"发货日期,物流公司,快递单号", "parcels.tracking.code: 快递单号; shippedDate: 发货日期; shippingCarrierCode: 物流公司"},
	} {
		values := strings.TrimSuffix(strings.Repeat("12,", strings.Count(c.headings, ",")+1), ",")
		path := filepath.Join(t.TempDir(), "s.csv")
		if err := os.WriteFile(path, []byte(c.headings+"\n"+values+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Propose(t.Context(), Settings{Operation: op, Language: batch.English}, path, "s.csv")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range p.Fields {
			switch {
			case f.Surety == Check:
				got = append(got, f.Path+": "+strings.Trim(fmt.Sprint(f.Map.From), map[bool]string{true: "[]"}[len(f.Map.From) == 1]))
			case f.Surety == Sure:
				got = append(got, f.Path+": "+p.columns[f.Column].Name)
			}
		}
		slices.Sort(got)
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.headings, text, c.want)
		}
	}
}

func operation(t *testing.T, path string) *providers.Operation {
	t.Helper()
	p, err := providers.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Operations[0]
}
