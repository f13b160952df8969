package providers_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/encoding/charmap"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// operations are the built-in ones, by the name their facts have in testdata/facts.
var operations = map[string]struct{ provider, operation string }{
	"les":     {"les", "shipmentFailed"},
	"otms":    {"otms", "shipPointRemove"},
	"hgj-aci": {"hgj", "aciUpdate"},
	"hgj-ams": {"hgj", "amsUpdate"},
	"dellin":  {"dellin", "multiRequest"},
}

// now is a moment at which it is the 22nd in Greenwich and the 23rd in Shanghai.
var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func operation(t *testing.T, facts string) *providers.Operation {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	name := operations[facts]
	p := all[name.provider]
	if p == nil {
		t.Fatalf("provider %s is not built in", name.provider)
	}
	op, ok := p.Operation(name.operation)
	if !ok {
		t.Fatalf("%s has no operation %s", name.provider, name.operation)
	}
	return op
}

// table reads a table of facts; each row is heading → cell.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	lines := strings.Split(strings.TrimRight(read(t, filepath.Join("facts", name)), "\n"), "\n")
	heads := strings.Split(lines[0], "\t")
	var out []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range strings.Split(line, "\t") {
			row[heads[i]] = cell
		}
		out = append(out, row)
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// source reads a document as it is written.
func source(t *testing.T, provider string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(provider + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// fact is one line of rules-*.tsv.
type fact struct {
	path, field, rule, example string
}

// elsewhere are the lines of rules-*.tsv that are no field of the request, with where they are kept.
var elsewhere = map[string]string{
	"les body":                                       "every field is tested",
	"otms shipPointRemoveRequest/@version":           "TestRequestsAreTheProvidersOwn",
	"otms shipPointRemoveRequest/@login":             "TestCredentialsAndHeaders",
	"otms shipPointRemoveRequest/@password":          "TestCredentialsAndHeaders",
	"otms shipPointRemoveRequest/shipPoints":         "a batch has at least one row",
	"otms shipPoints/shipPoint/@sequence":            "filled in: TestRequestsAreTheProvidersOwn",
	"otms shipPoints/shipPoint (set)":                "filled in",
	"otms shipPoints (batch, local duplicate check)": "TestRowsBecomeRequests",
	"otms rate":                                 "TestRowsBecomeRequests",
	"hgj-aci carrierName":                       "deprecated: TestDeprecatedIsNotOffered",
	"hgj-aci precondition":                      "only the provider knows: TestAnswers",
	"hgj-aci response (http 200)":               "TestAnswers",
	"hgj-ams precondition":                      "only the provider knows: TestAnswers",
	"hgj-ams response (http 200)":               "TestAnswers",
	"dellin appkey":                             "TestCredentialsAndHeaders",
	"dellin sessionID (JSON) / sessionid (XML)": "TestCredentialsAndHeaders",
	"dellin requestids (business)":              "only the provider knows",
	"dellin requestids (same address)":          "only the provider knows",
	"dellin requestids (same account)":          "only the provider knows",
	"dellin answer.requestID (JSON) / response/answer/requestid (XML)": "TestAnswers",
	"dellin answer.state":      "TestAnswers",
	"dellin errors.requestids": "TestAnswers",
}

func isElsewhere(facts, path string) bool {
	return elsewhere[facts+" "+path] != "" || strings.HasPrefix(path, "header:") || strings.HasPrefix(path, "response.") || strings.HasPrefix(path, "response/")
}

// fields lists the facts about what rows can fill.
func fields(t *testing.T, facts string) []fact {
	t.Helper()
	var out []fact
	for _, row := range table(t, "rules-"+facts+".tsv") {
		path := row["field_path"]
		if isElsewhere(facts, path) {
			continue
		}
		field := strings.ReplaceAll(strings.TrimPrefix(path, "shipPoints/shipPoint/"), "[]", "")
		out = append(out, fact{path, field, row["machine_rule"], row["valid_value"]})
	}
	return out
}

func TestEveryDocumentedFieldIsThere(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		for _, f := range fields(t, facts) {
			if strings.HasPrefix(f.rule, "minItems:1") {
				continue // an array of objects: its fields follow
			}
			field, ok := op.Field(f.field)
			if !ok {
				t.Errorf("%s: no field %s", facts, f.path)
				continue
			}
			if field.Label.EN == "" || field.Rule.EN == "" {
				t.Errorf("%s %s: needs a label and the provider's rule", facts, f.field)
			}
			if field.Example == "" {
				t.Errorf("%s %s: needs an example", facts, f.field)
			}
		}
		known := map[string]bool{}
		for _, f := range fields(t, facts) {
			known[f.field] = true
		}
		for _, f := range op.Fields {
			if !known[f.Path] {
				t.Errorf("%s: field %s is in the document, but the provider does not describe it", facts, f.Path)
			}
		}
	}
}

func TestRequiredIsAsDocumented(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		for _, row := range table(t, "rules-"+facts+".tsv") {
			path := row["field_path"]
			if isElsewhere(facts, path) {
				continue
			}
			f, ok := op.Field(strings.ReplaceAll(strings.TrimPrefix(path, "shipPoints/shipPoint/"), "[]", ""))
			if !ok {
				continue
			}
			says := row["required"]
			required := strings.HasPrefix(says, "yes") || strings.Contains(says, "treat as yes")
			presumed := strings.Contains(says, "presumed") || strings.Contains(says, "treat as yes")
			if f.Required != required || f.Presumed != presumed {
				t.Errorf("%s %s: required %v, presumed %v; documented: %s", facts, path, f.Required, f.Presumed, says)
			}
		}
	}
}

func TestDeprecatedIsNotOffered(t *testing.T) {
	op := operation(t, "hgj-aci")
	if _, offered := op.Field("carrierName"); offered {
		t.Error("carrierName is deprecated and must not be offered")
	}
	schema := source(t, "hgj")["components"].(map[string]any)["schemas"].(map[string]any)["AciUpdate"].(map[string]any)
	if schema["properties"].(map[string]any)["carrierName"] == nil {
		t.Error("the document should still describe carrierName")
	}
}

// put gives what a text becomes on the wire, and the broken rule.
func put(f *providers.Field, text string) (string, *providers.Violation) {
	out, _, bad := f.Append(nil, text, batch.String)
	return string(out), bad
}

// trials are texts of many kinds; each is judged by the documented rule and by the document.
func trials() []string {
	out := []string{"A", "a", "AB", "Ab", "ABC", "ABCD", "abcd", "A1", "12", "0", "1", "007", "1234", "12345", "123456", "1234567", "731700", "7317.00", "090121",
		"HBL123456789", "HBL-1", "HBL 1", "HBL_1", "ABCDEFGHIJKL", "ABCDEFGHIJKLM", "NC", "NO NUMBER", "NO  NUMBER", "no number", "ZENU2041703", "ZENU 204170-3",
		"发货人", "SHANGHAI 上海", "CO.,LTD", "CO.,LTD。", "É", "é", "Ä", "ЗАВОД", "{X}", "A~B", "A\nB", "A\tB", "A B", "1,536", "1536.0", "1.5", "-1", "+1", "1E05", "TRUE", "8E10",
		"CA", "US", "CN", "CB", "BA", "C1", "CAN", "us", "AK|ALASKA", "AK|Alaska", "AK", "AK|", "|ALASKA", "AK|NEW YORK", "QC|QUEBEC-X",
		"IAL 001|HK-香港", "IAL 001|HK", "IAL 001", "IAL 001|HK-香港", "|HK", "|HK-香港", "24871|KINGSTOWN|VC-圣文森特和格林纳丁斯", "24871|KINGSTOWN", "9605|WALKERVILLE, ONT|CA-加拿大",
		"09605|WALKERVILLE, ONT|CA-加拿大", "09605|WALKERVILLE, ONT", "0105|VANCEBORO, MAINE|US-美国", "0105|VANCEBORO, MAINE", "105|VANCEBORO, MAINE", "0105|VANCEBORO, MAINE&",
		"021-12345678", "+86 21 1234", "(021)12345678", "8.6E+11", "2020-12-16", "UN1203", "0004", "0516", "1000", "1001", "9999", "10000", "--", "FROB", "INTRANSIT", "CTN", "CARTON"}
	for _, n := range []int{14, 15, 16, 21, 22, 24, 25, 26, 27, 30, 31, 35, 36, 37, 60, 61, 100, 101, 105, 106, 300, 301, 2000, 2001} {
		out = append(out, strings.Repeat("A", n), strings.Repeat("7", n))
	}
	return out
}

// A text breaks a documented rule of a single value exactly when the document refuses it.
func TestSingleValuesAsDocumented(t *testing.T) {
	checked := 0
	for facts := range operations {
		op := operation(t, facts)
		for _, f := range fields(t, facts) {
			field, ok := op.Field(f.field)
			if !ok {
				continue
			}
			accepts, code := judge(t, f.rule)
			if accepts == nil {
				continue
			}
			checked++
			for _, text := range trials() {
				if field.Schema.Enum != nil && slices.ContainsFunc(field.Schema.Enum, func(v string) bool { return strings.EqualFold(v, text) }) {
					continue // the spelling is folded
				}
				_, bad := put(field, text)
				digits, zeros, _ := strings.Cut(text, ".")
				switch {
				case field.Schema.Type == "integer" && (zeros == "0" || zeros == "00"): // it is the number before the point
					if _, same := put(field, digits); (same == nil) != (bad == nil) || accepts(digits) != (bad == nil) {
						t.Errorf("%s %s: %q is not what %q is", facts, f.field, text, digits)
					}
				case text == "-1" && (strings.HasSuffix(f.field, ".weight") || strings.HasSuffix(f.field, ".volume")): // no document says it, and nobody means it
					if bad == nil {
						t.Errorf("%s %s: %q is accepted", facts, f.field, text)
					}
				case accepts(text) && bad != nil:
					t.Errorf("%s %s: %q is right by %q, refused with %s: %s", facts, f.field, text, f.rule, bad.Code, words.Say(batch.English, bad.Rule))
				case !accepts(text) && bad == nil:
					t.Errorf("%s %s: %q breaks %q and is accepted", facts, f.field, text, f.rule)
				case bad != nil && !slices.Contains(code, bad.Code):
					t.Errorf("%s %s: %q is refused with %s, want one of %v", facts, f.field, text, bad.Code, code)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d fields have a rule of their own", checked)
	}
}

// judge turns the rules of a single value into a function, with the codes that breaking them may have. nil: there is none.
func judge(t *testing.T, rule string) (accepts func(string) bool, codes []string) {
	t.Helper()
	var all []func(string) bool
	for part := range strings.SplitSeq(rule, " ; ") {
		kind, arg, _ := strings.Cut(part, ":")
		switch kind {
		case "re", "eachRe":
			re := regexp.MustCompile(`^(?:` + arg + `)$`)
			all = append(all, re.MatchString)
			codes = append(codes, "pattern", "length")
		case "len":
			low, high := bounds(t, arg)
			all = append(all, func(s string) bool { n := int64(utf8.RuneCountInString(s)); return n >= low && n <= high })
			codes = append(codes, "length")
		case "int":
			low, high := bounds(t, arg)
			all = append(all, func(s string) bool {
				n, err := strconv.ParseInt(s, 10, 64)
				return err == nil && n >= low && n <= high && strconv.FormatInt(n, 10) == s
			})
			codes = append(codes, "type", "range", "pattern")
		case "dec":
			all = append(all, func(s string) bool {
				_, decimals, _ := strings.Cut(s, ".")
				return regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`).MatchString(s) && len(decimals) <= 3 && len(s) <= 10
			})
			codes = append(codes, "type", "decimal")
		case "enum":
			all = append(all, func(s string) bool { return slices.Contains(strings.Split(arg, "|"), s) })
			codes = append(codes, "enum")
		case "not-enum":
			all = append(all, func(s string) bool { return s != arg && !strings.HasPrefix(s, arg+"-") })
		case "date":
			all = append(all, func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil })
			codes = append(codes, "date")
		case "bool":
			all = append(all, func(s string) bool { return slices.Contains([]string{"true", "false", "TRUE", "FALSE", "1", "0"}, s) })
			codes = append(codes, "type")
		}
	}
	if all == nil {
		return nil, nil
	}
	return func(s string) bool {
		return !slices.ContainsFunc(all, func(ok func(string) bool) bool { return !ok(s) })
	}, codes
}

func bounds(t *testing.T, s string) (low, high int64) {
	t.Helper()
	a, b, _ := strings.Cut(s, "..")
	low, err1 := strconv.ParseInt(a, 10, 64)
	high, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("bounds %q", s)
	}
	return low, high
}

func TestValidValuesAreSentAsTheProviderWantsThem(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		for _, f := range fields(t, facts) {
			field, ok := op.Field(f.field)
			if !ok {
				continue
			}
			var value any
			if err := json.Unmarshal([]byte(f.example), &value); err != nil {
				t.Fatalf("%s %s: %v", facts, f.path, err)
			}
			list, many := value.([]any)
			if !many {
				list = []any{value}
			}
			for _, v := range list {
				text, isText := v.(string)
				want := text
				if !isText {
					b, _ := json.Marshal(v)
					text, want = string(b), string(b)
				} else {
					if code, _, ok := strings.Cut(text, "-"); ok && strings.HasSuffix(f.field, "Country") {
						want = code // the two letters are enough
					}
					b, _ := json.Marshal(want)
					want = string(b)
				}
				if got, bad := put(field, text); bad != nil || got != want {
					t.Errorf("%s %s: %s becomes %s, want %s (%v)", facts, f.field, text, got, want, bad)
				}
			}
		}
	}
}

func TestSynonymsAndSpellings(t *testing.T) {
	for _, c := range []struct{ facts, field, text, want string }{
		{"otms", "type", "提货点", `"0"`}, {"otms", "type", "PICKUP_POINT", `"0"`}, {"otms", "type", "pickup point", `"0"`},
		{"otms", "type", "送货点", `"1"`}, {"otms", "type", "delivery_point", `"1"`}, {"otms", "type", "集散中心", `"2"`}, {"otms", "type", "Hub", `"2"`},
		{"hgj-aci", "movementType", "frob", `"FROB"`}, {"hgj-aci", "movementType", "INTRANSIT", `"InTransit"`}, {"hgj-aci", "movementType", "In Transit", `"InTransit"`},
		{"hgj-ams", "movementType", "IMPORT", `"Import"`}, {"hgj-ams", "movementType", "Frob", `"FROB"`},
		{"hgj-aci", "cargos.nonContainerized", "是", "true"}, {"hgj-aci", "cargos.nonContainerized", "нет", "false"},
		{"hgj-aci", "shipperPartyCountry", "US-美国", `"US"`}, {"hgj-aci", "shipperPartyCountry", "CA", `"CA"`},
		{"hgj-ams", "departureDate", "2026/1/5", `"2026-01-05"`}, {"hgj-ams", "departureDate", "2026年1月5日", `"2026-01-05"`},
		{"hgj-ams", "houseBills.containers.weight", "43.000", "43.000"}, {"hgj-ams", "houseBills.containers.packages", "34", `"34"`},
	} {
		f, _ := operation(t, c.facts).Field(c.field)
		if got, bad := put(f, c.text); bad != nil || got != c.want {
			t.Errorf("%s %s: %q becomes %s, want %s (%v)", c.facts, c.field, c.text, got, c.want, bad)
		}
	}
}

func TestBlanksAreSentAsInTheExamples(t *testing.T) {
	for _, c := range []struct{ facts, field, want string }{
		{"hgj-ams", "houseBills.shipperTel", "null"}, {"hgj-ams", "houseBills.consigneeTel", "null"}, {"hgj-ams", "houseBills.notify1Tel", "null"},
		{"hgj-ams", "houseBills.containers.hsCode", `""`}, {"hgj-ams", "houseBills.containers.contactName2", `""`}, {"hgj-ams", "houseBills.containers.undgNumber2", "null"},
		{"hgj-aci", "shipperPartyState", `""`}, {"hgj-aci", "shipperPartyZipcode", `""`}, {"hgj-aci", "consigneePartyState", `""`},
		{"hgj-aci", "cargos.undgNumber", ""}, {"hgj-aci", "houseBillScac", ""}, {"otms", "clientCode", ""}, {"dellin", "comment", ""},
	} {
		f, _ := operation(t, c.facts).Field(c.field)
		got, omit, bad := f.Append(nil, " ", batch.String)
		if bad != nil || string(got) != c.want || omit != (c.want == "") {
			t.Errorf("%s %s: a blank becomes %q (left out: %v, %v), want %q", c.facts, c.field, got, omit, bad, c.want)
		}
	}
}

// The provider's own requests: same properties in the same order, and every value comes out as it stands there.
func TestRequestsAreTheProvidersOwn(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		example := exampleBody(t, facts)
		if got := rebuild(t, op, example); got != example {
			t.Errorf("%s: the example's values give another request\n got %s\nwant %s", facts, got, example)
		}
	}
}

// exampleBody is the example request as compact JSON; of the XML one what its JSON would be.
func exampleBody(t *testing.T, facts string) string {
	t.Helper()
	if facts == "otms" {
		return otmsExample(t)
	}
	var out strings.Builder
	d := json.NewDecoder(strings.NewReader(read(t, "examples/"+facts+"-request.json")))
	d.UseNumber()
	if facts == "les" {
		// the example leaves the booking empty although it is mandatory
		return strings.Replace(compact(t, read(t, "examples/les-request.json")), `"lesBookingId":""`, `"lesBookingId":"LB1"`, 1)
	}
	out.WriteString(compact(t, read(t, "examples/"+facts+"-request.json")))
	return out.String()
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	inObject, first := []bool{}, true
	key := false
	for {
		token, err := d.Token()
		if err != nil {
			return out.String()
		}
		closing := token == json.Delim('}') || token == json.Delim(']')
		if !closing && !first && !key {
			out.WriteByte(',')
		}
		switch v := token.(type) {
		case json.Delim:
			out.WriteString(v.String())
			if closing {
				inObject = inObject[:len(inObject)-1]
			} else {
				inObject = append(inObject, v == '{')
			}
			first, key = !closing, false
			continue
		case string:
			b := &strings.Builder{}
			e := json.NewEncoder(b)
			e.SetEscapeHTML(false)
			_ = e.Encode(v)
			out.WriteString(strings.TrimSpace(b.String()))
			if !key && len(inObject) > 0 && inObject[len(inObject)-1] {
				out.WriteByte(':')
				key = true
				continue
			}
		case nil:
			out.WriteString("null")
		default:
			fmt.Fprint(&out, v)
		}
		first, key = false, false
	}
}

func otmsExample(t *testing.T) string {
	t.Helper()
	var request struct {
		Version string `xml:"version,attr"`
		Points  []struct {
			Sequence int    `xml:"sequence,attr"`
			Client   string `xml:"clientReferenceNumber"`
			Type     string `xml:"type"`
			External string `xml:"externalId"`
		} `xml:"shipPoints>shipPoint"`
	}
	if err := xml.Unmarshal([]byte(read(t, "examples/otms-request.xml")), &request); err != nil {
		t.Fatal(err)
	}
	var points []string
	for _, p := range request.Points {
		points = append(points, fmt.Sprintf(`{"sequence":%d,"clientReferenceNumber":%q,"type":%q,"externalId":%q}`, p.Sequence, p.Client, p.Type, p.External))
	}
	return fmt.Sprintf(`{"version":%q,"login":"username","password":"password","shipPoints":{"shipPoint":[%s]}}`, request.Version, strings.Join(points, ","))
}

// rebuild writes the body again from its values, in the order of the document and by the rules of its fields.
func rebuild(t *testing.T, op *providers.Operation, example string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(example))
	d.UseNumber()
	var body any
	if err := d.Decode(&body); err != nil {
		t.Fatal(err)
	}
	out, _ := rewrite(t, op.Body, body, true)
	return out
}

func rewrite(t *testing.T, s *providers.Schema, v any, there bool) (out string, omitted bool) {
	t.Helper()
	switch {
	case s.Type == "object":
		values, _ := v.(map[string]any)
		var parts []string
		for _, p := range s.Props {
			inner, there := values[p.Name]
			if text, omitted := rewrite(t, p, inner, there); !omitted {
				parts = append(parts, fmt.Sprintf("%q:%s", p.Name, text))
			}
			delete(values, p.Name)
		}
		for name := range values {
			t.Errorf("the document has no %s", name)
		}
		return "{" + strings.Join(parts, ",") + "}", false
	case s.Type == "array":
		var parts []string
		for _, one := range v.([]any) {
			text, _ := rewrite(t, s.Items, one, true)
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ",") + "]", false
	case s.Const != "":
		b, _ := json.Marshal(s.Const)
		return string(b), false
	case s.Fill != "":
		b, _ := json.Marshal(v)
		return string(b), !there
	}
	text := ""
	if v != nil {
		text = fmt.Sprint(v)
	}
	got, omitted, bad := s.Field.Append(nil, text, batch.String)
	if bad != nil {
		t.Errorf("%s: the example's %q is refused: %s", s.Field.Path, text, words.Say(batch.English, bad.Rule))
	}
	if omitted && there {
		t.Errorf("%s: the example has it, and it is left out", s.Field.Path)
	}
	if !there {
		return "", true // the example leaves it out; a row without the column does too
	}
	return string(got), omitted
}

// check runs the rules over a body and lists what is broken: code field, in order.
func check(op *providers.Operation, body string, c providers.CheckContext) []string {
	if c.Now.IsZero() {
		c.Now = now
	}
	var out []string
	for _, v := range op.Check([]byte(body), c) {
		mark := ""
		if v.Warning {
			mark = " warning"
		}
		out = append(out, v.Code+" "+v.Path+mark)
	}
	return out
}

func item(t *testing.T, facts string) string {
	t.Helper()
	switch facts {
	case "otms":
		return `{"clientReferenceNumber":"sh00105001","type":"0","externalId":"11223344"}`
	case "dellin":
		return `{"requestids":["1111","2222","3333"],"comment":"Текст комментария"}`
	}
	return exampleBody(t, facts)
}

func TestTheProvidersExamplesObeyTheRules(t *testing.T) {
	for facts := range operations {
		c := providers.CheckContext{Now: time.Date(2020, 12, 1, 0, 0, 0, 0, time.UTC)}
		got := slices.DeleteFunc(check(operation(t, facts), item(t, facts), c), func(v string) bool { return strings.HasSuffix(v, " warning") })
		if len(got) > 0 {
			t.Errorf("%s: %v", facts, got)
		}
	}
}

// Each rule between fields, broken in the provider's own example: from → to, and what must be said.
func TestRulesBetweenFields(t *testing.T) {
	future := `"arrivalDate":"2027-01-06"`
	for _, c := range []struct{ facts, from, to, want string }{
		{"les", `"3000372"`, `"3000372.0"`, "account-number accountNumber"},
		{"les", `"3000372"`, `"3E+06"`, "account-number accountNumber"},
		{"otms", `"clientReferenceNumber":"sh00105001",`, ``, ""},
		{"otms", `,"externalId":"11223344"`, ``, ""},
		{"otms", `{"clientReferenceNumber":"sh00105001","type":"0","externalId":"11223344"}`, `{"type":"0"}`, "reference clientReferenceNumber"},
		{"otms", `"11223344"`, `"1.12E+07"`, "external-id-shortened externalId"},
		{"otms", `"sh00105001"`, `"1.12E+07"`, "reference-number-shortened clientReferenceNumber"},
		{"otms", `{"client`, `{"clientCode":"1.1E+5","client`, "client-code-shortened clientCode"},
		{"dellin", `"1111","2222","3333"`, `"1111"`, "min_items requestids"},
		{"dellin", `"1111","2222","3333"`, `"1111","2222","1111"`, "unique requestids[2]"},
		{"hgj-aci", `"nonContainerized":false`, `"nonContainerized":true`, "no-number cargos[0].containerNo"},
		{"hgj-aci", `"ZENU2041703"`, `"NO NUMBER"`, "no-number cargos[0].containerNo"},
		{"hgj-aci", `"ZENU2041703","nonContainerized":false`, `"NO NUMBER","nonContainerized":true`, ""},
		{"hgj-aci", `"ZENU2041703"`, `"ABCD1111111"`, "container-check-digit cargos[0].containerNo warning"},
		{"hgj-aci", `"ZENU2041703"`, `"ABCD1111117"`, ""},
		{"hgj-aci", `"ZENU2041703"`, `"CSQU3054383"`, ""},
		{"hgj-aci", `"cargoWeight":1000`, `"cargoWeight":1000000000`, "weight-digits cargos[0].cargoWeight warning"},
		{"hgj-aci", `"cargoWeight":1000`, `"cargoWeight":999999999`, ""},
		{"hgj-aci", `"shipperPartyCountry":"CN"`, `"shipperPartyCountry":"US"`, "shipper-state shipperPartyState, shipper-zipcode shipperPartyZipcode"},
		{"hgj-aci", `"shipperPartyCountry":"CN"`, `"shipperPartyCountry":"CA"`, "shipper-state shipperPartyState, shipper-zipcode shipperPartyZipcode"},
		{"hgj-aci", `"shipperPartyCountry":"CN","shipperPartyState":"","shipperPartyZipcode":""`, `"shipperPartyCountry":"US-美国","shipperPartyState":"","shipperPartyZipcode":"02101"`, "shipper-state shipperPartyState"},
		{"hgj-aci", `"shipperPartyCountry":"CN","shipperPartyState":"","shipperPartyZipcode":""`, `"shipperPartyCountry":"US","shipperPartyState":"MA|MASSACHUSETTS","shipperPartyZipcode":"2101"`, "shipper-zip-zero shipperPartyZipcode warning"},
		{"hgj-aci", `"shipperPartyCountry":"CN","shipperPartyState":"","shipperPartyZipcode":""`, `"shipperPartyCountry":"US"`, "shipper-state shipperPartyState, shipper-zipcode shipperPartyZipcode"},
		{"hgj-aci", `"consigneePartyCountry":"CN","consigneePartyState":"ON|ONTARIO"`, `"consigneePartyCountry":"US","consigneePartyState":""`, "consignee-state consigneePartyState"},
		{"hgj-aci", `"consigneePartyCountry":"CN","consigneePartyState":"ON|ONTARIO","consigneePartyZipcode":"L3S 3J1"`, `"consigneePartyCountry":"US","consigneePartyState":"AK|ALASKA","consigneePartyZipcode":""`, "consignee-zipcode consigneePartyZipcode"},
		{"hgj-aci", `"consigneePartyCountry":"CN","consigneePartyState":"ON|ONTARIO","consigneePartyZipcode":"L3S 3J1"`, `"consigneePartyCountry":"US","consigneePartyState":"MA|MASSACHUSETTS","consigneePartyZipcode":"210"`, "consignee-zip-zero consigneePartyZipcode warning"},
		{"hgj-aci", `[{`, `[],"x":[{`, "min_items cargos"},
		{"hgj-ams", future, `"arrivalDate":"2020-12-16"`, "arrival-after-departure arrivalDate, arrival-after-today arrivalDate"},
		{"hgj-ams", future, `"arrivalDate":"2026-11-23"`, "arrival-after-today arrivalDate"}, // today in Shanghai already
		{"hgj-ams", future, `"arrivalDate":"2026-11-24"`, ""},
		{"hgj-ams", `"departureDate":"2020-12-16"`, `"departureDate":"2027-01-06"`, "arrival-after-departure arrivalDate"},
		{"hgj-ams", `"departureDate":"2020-12-16"`, `"departureDate":"2027-01-05"`, ""},
		{"hgj-ams", `"fullMasterBillNo":"COSUDP17512K4AS",`, ``, ""},
		{"hgj-ams", `"shipCompany":"COSCO-中远海","masterBillNo":"DP17512K4AS",`, ``, ""},
		{"hgj-ams", `"shipCompany":"COSCO-中远海","masterBillNo":"DP17512K4AS","fullMasterBillNo":"COSUDP17512K4AS"`, `"shipCompany":"COSCO-中远海"`, "master-bill fullMasterBillNo"},
		{"hgj-ams", `"shipCompany":"COSCO-中远海","masterBillNo":"DP17512K4AS","fullMasterBillNo":"COSUDP17512K4AS"`, `"masterBillNo":"DP17512K4AS"`, "master-bill fullMasterBillNo"},
		{"hgj-ams", `"masterBillNo":"DP17512K4AS"`, `"masterBillNo":"COSUDP17512K4AS"`, "master-bill-prefix masterBillNo, master-bill-prefix-full masterBillNo"},
		{"hgj-ams", `"masterBillNo":"DP17512K4AS","fullMasterBillNo":"COSUDP17512K4AS"`, `"masterBillNo":"COSUDP17512K4AS"`, "master-bill-prefix masterBillNo"},
		{"hgj-ams", `"masterBillNo":"DP17512K4AS","fullMasterBillNo":"COSUDP17512K4AS"`, `"masterBillNo":"D","fullMasterBillNo":"C"`, ""},
		{"hgj-ams", `"vessel":"IAL 001|HK-香港","vesselCode":"IAL 001|HK",`, ``, "vessel vessel"},
		{"hgj-ams", `"vessel":"IAL 001|HK-香港",`, ``, ""},
		{"hgj-ams", `"vesselCode":"IAL 001|HK",`, ``, ""},
		{"hgj-ams", `"vesselCode":"IAL 001|HK"`, `"vesselCode":"IAL 002|HK"`, "vessel-code vesselCode warning"},
		{"hgj-ams", `"placeOfReceipt":"24871|KINGSTOWN|VC-圣文森特和格林纳丁斯","placeOfReceiptCode":"24871|KINGSTOWN",`, ``, "placeOfReceipt placeOfReceipt"},
		{"hgj-ams", `"placeOfReceiptCode":"24871|KINGSTOWN"`, `"placeOfReceiptCode":"24871|KING"`, "placeOfReceipt-code placeOfReceiptCode warning"},
		{"hgj-ams", `"portOfLoading":"09605|WALKERVILLE, ONT|CA-加拿大","portOfLoadingCode":"09605|WALKERVILLE, ONT",`, ``, "portOfLoading portOfLoading"},
		{"hgj-ams", `"portOfLoadingCode":"09605|WALKERVILLE, ONT"`, `"portOfLoadingCode":"09671|WHITBY, ONT"`, "portOfLoading-code portOfLoadingCode warning"},
		{"hgj-ams", `"portOfTranshipment":"09671|WHITBY, ONT|CA-加拿大","portOfTranshipmentCode":"09671|WHITBY, ONT",`, ``, "portOfTranshipment portOfTranshipment"},
		{"hgj-ams", `"portOfTranshipmentCode":"09671|WHITBY, ONT"`, `"portOfTranshipmentCode":"09605|WHITBY, ONT"`, "portOfTranshipment-code portOfTranshipmentCode warning"},
		{"hgj-ams", `"portOfDischarge":"0105|VANCEBORO, MAINE|US-美国","portOfDischargeCode":"0105|VANCEBORO, MAINE",`, ``, "portOfDischarge portOfDischarge"},
		{"hgj-ams", `"portOfDischargeCode":"0105|VANCEBORO, MAINE"`, `"portOfDischargeCode":"0106|VANCEBORO, MAINE"`, "portOfDischarge-code portOfDischargeCode warning"},
		{"hgj-ams", `"movementType":"Import"`, `"movementType":"FROB"`, "hs-code-frob houseBills[0].containers[0].hsCode"},
		{"hgj-ams", `"hsCode":"",`, ``, ""},
		{"hgj-ams", `"contactName":"GHGHF","undgNumber":1234`, `"contactName":"","undgNumber":1234`, "dangerous-goods houseBills[0].containers[0].contactName"},
		{"hgj-ams", `"contactName":"GHGHF","undgNumber":1234`, `"contactName":"GHGHF","undgNumber":null`, "dangerous-goods houseBills[0].containers[0].undgNumber"},
		{"hgj-ams", `"contactName":"GHGHF","undgNumber":1234`, `"contactName":""`, ""},
		{"hgj-ams", `"contactName2":""`, `"contactName2":"X"`, "dangerous-goods-2 houseBills[0].containers[0].undgNumber2"},
		{"hgj-ams", `"undgNumber3":null`, `"undgNumber3":1203`, "dangerous-goods-3 houseBills[0].containers[0].contactName3"},
		{"hgj-ams", `"contactName4":""`, `"contactName4":"X"`, "dangerous-goods-4 houseBills[0].containers[0].undgNumber4"},
		{"hgj-ams", `"undgNumber5":null`, `"undgNumber5":1203`, "dangerous-goods-5 houseBills[0].containers[0].contactName5"},
		{"hgj-ams", `"containerNo":"NC"`, `"containerNo":"ABCD1111111"`, "container-check-digit houseBills[0].containers[0].containerNo warning"},
	} {
		body := item(t, c.facts)
		body = strings.Replace(body, `"arrivalDate":"2021-01-06"`, future, 1)
		if !strings.Contains(body, c.from) {
			t.Errorf("%s: the example has no %s", c.facts, c.from)
			continue
		}
		lists := providers.Lists{"shipCompany": loaded(t, "COSCO-中远海\tCOSU")}
		got := check(operation(t, c.facts), strings.Replace(body, c.from, c.to, 1), providers.CheckContext{Lists: lists})
		got = slices.DeleteFunc(got, func(v string) bool {
			return v == "container-check-digit cargos[0].containerNo warning" && !strings.Contains(c.want, v)
		})
		if !blames(got, c.want) {
			t.Errorf("%s: %s → %s\n got %v\nwant %s", c.facts, c.from, c.to, got, c.want)
		}
	}
}

// blames reports whether got has the rules of want ("code path, code path"); a rule may blame more fields than the one named.
func blames(got []string, want string) bool {
	wanted := map[string]bool{}
	for w := range strings.SplitSeq(want, ", ") {
		if w != "" && !slices.Contains(got, w) {
			return false
		}
		code, _, _ := strings.Cut(w, " ")
		wanted[code] = true
	}
	return !slices.ContainsFunc(got, func(g string) bool { code, _, _ := strings.Cut(g, " "); return !wanted[code] })
}

func loaded(t *testing.T, lines ...string) map[string]bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := providers.LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Every rule between fields that the facts name, and every list, has a case above or below.
func TestEveryRuleBetweenFieldsIsTried(t *testing.T) {
	tried, err := os.ReadFile("documents_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range []string{"les", "otms", "hgj", "dellin"} {
		schemas := source(t, provider)["components"].(map[string]any)["schemas"].(map[string]any)
		for name, s := range schemas {
			rules, _ := s.(map[string]any)["x-rules"].([]any)
			for _, r := range rules {
				rule := r.(map[string]any)
				if !strings.Contains(string(tried), `"`+rule["name"].(string)+` `) && !strings.Contains(string(tried), `, `+rule["name"].(string)+` `) {
					t.Errorf("%s %s: no case breaks the rule %s", provider, name, rule["name"])
				}
			}
		}
	}
}

// A list that is loaded is checked; one that is not is not.
func TestLists(t *testing.T) {
	lists := 0
	for facts := range operations {
		op := operation(t, facts)
		body := strings.Replace(item(t, facts), "2021-01-06", "2027-01-06", 1)
		for _, row := range table(t, "rules-"+facts+".tsv") {
			_, list, ok := strings.Cut(row["machine_rule"], "list:")
			if !ok || isElsewhere(facts, row["field_path"]) {
				continue
			}
			list, _, _ = strings.Cut(list, " ")
			path := strings.ReplaceAll(row["field_path"], "[]", "")
			f, _ := op.Field(path)
			if f == nil || f.List != list {
				t.Errorf("%s %s: should have the list %s", facts, path, list)
				continue
			}
			lists++
			broken := func(entries ...string) bool {
				got := op.Check([]byte(body), providers.CheckContext{Now: now, Lists: providers.Lists{list: loaded(t, entries...)}})
				return slices.ContainsFunc(got, func(v providers.Violation) bool { return v.Code == "list" && v.Field == path })
			}
			if value := valueAt(t, body, path); value == "" {
				if broken("other") {
					t.Errorf("%s %s: a blank is not looked up", facts, path)
				}
			} else if !broken("other") || broken("other", value) {
				t.Errorf("%s %s: %q is not looked up in the list %s", facts, path, value, list)
			}
		}
	}
	if lists < 20 {
		t.Errorf("only %d fields have lists", lists)
	}
	// The lists have names beside the codes; the code alone is enough.
	op := operation(t, "hgj-aci")
	c := providers.CheckContext{Now: now, Lists: providers.Lists{"country": loaded(t, "CN-中国", "US-美国"), "packageUnit": loaded(t, "CTN-CARTON"), "carrier": loaded(t, "9476-MSK")}}
	for _, v := range op.Check([]byte(item(t, "hgj-aci")), c) {
		if v.Code == "list" {
			t.Errorf("%s: %s", v.Path, words.Say(batch.English, v.Rule))
		}
	}
}

// valueAt is the first value at a path without indexes.
func valueAt(t *testing.T, body, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok {
			v = list[0]
		}
		v = v.(map[string]any)[name]
	}
	text, _ := v.(string)
	return text
}

func TestArrivalIsCheckedAgainWhenSent(t *testing.T) {
	op := operation(t, "hgj-ams")
	if got := op.RechecksWhenSent(); !slices.Equal(got, []string{"arrivalDate"}) {
		t.Errorf("checked again when sent: %v", got)
	}
	body := strings.Replace(item(t, "hgj-ams"), "2021-01-06", "2026-11-24", 1)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 23, 15, 59, 0, 0, time.UTC), ""},
		{time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC), "arrival-after-today arrivalDate"}, // midnight in Shanghai
	} {
		if got := check(op, body, providers.CheckContext{Now: c.at, Sending: true}); strings.Join(got, ", ") != c.want {
			t.Errorf("at %s: %v, want %s", c.at, got, c.want)
		}
	}
	for _, facts := range []string{"les", "otms", "hgj-aci", "dellin"} {
		if got := operation(t, facts).RechecksWhenSent(); len(got) > 0 {
			t.Errorf("%s: nothing depends on the day, but %v is checked again", facts, got)
		}
	}
}

func TestRowsBecomeRequests(t *testing.T) {
	for _, c := range []struct {
		facts      string
		rows       providers.Rows
		repeatable bool
		rate       providers.Rate
	}{
		{"les", providers.Rows{Kind: providers.One, Identity: []string{"lesBookingId"}}, true, providers.Rate{N: 5, Per: time.Second}},
		{"otms", providers.Rows{Kind: providers.Batch, Path: "shipPoints.shipPoint", Max: 50, Unique: [][]string{{"clientCode", "clientReferenceNumber", "type", "externalId"}}}, true, providers.Rate{N: 10, Per: time.Second}},
		{"hgj-aci", providers.Rows{Kind: providers.Group, Path: "cargos", Min: 1, Key: []string{"houseBillScac", "houseBillNo"}}, false, providers.Rate{N: 2, Per: time.Second}},
		{"hgj-ams", providers.Rows{Kind: providers.Group, Path: "houseBills.containers", Min: 1, Key: []string{"houseBills.houseBillNo"}}, false, providers.Rate{N: 2, Per: time.Second}},
		{"dellin", providers.Rows{Kind: providers.Group, Path: "requestids", Min: 2}, false, providers.Rate{N: 20, Per: time.Minute}},
	} {
		op := operation(t, c.facts)
		if fmt.Sprint(op.Rows) != fmt.Sprint(c.rows) {
			t.Errorf("%s: rows %v, want %v", c.facts, op.Rows, c.rows)
		}
		if op.Repeatable != c.repeatable {
			t.Errorf("%s: repeatable %v", c.facts, op.Repeatable)
		}
		if op.Provider.Limits.Rate != c.rate {
			t.Errorf("%s: rate %v, want %v", c.facts, op.Provider.Limits.Rate, c.rate)
		}
	}
}

// Where requests go and how: endpoints.tsv.
func TestEndpoints(t *testing.T) {
	environments := map[string]string{"production": "production", "sandbox": "sandbox", "beta": "sandbox"}
	seen := 0
	for _, row := range table(t, "endpoints.tsv") {
		if !strings.HasPrefix(row["on_page"], "yes") {
			continue
		}
		seen++
		op := operation(t, row["system"])
		method, _, _ := strings.Cut(row["method"], " ")
		if op.Method != method {
			t.Errorf("%s: method %s, documented %s", row["system"], op.Method, row["method"])
		}
		encoding := "json"
		if strings.HasPrefix(row["request_type"], "application/xml") {
			encoding = "xml"
		}
		server := op.Provider.Server(environments[row["environment"]])
		url := server + op.Paths[encoding]
		if row["system"] == "les" {
			url = "http://xx.com" + url // a placeholder: the account gives it
			if len(op.Provider.Servers) > 0 {
				t.Error("les: the host is not known and must be configured")
			}
		}
		if url != row["url"] {
			t.Errorf("%s: %s, documented %s", row["system"], url, row["url"])
		}
	}
	if seen != 7 {
		t.Errorf("%d endpoints", seen)
	}
	if operation(t, "hgj-aci").Provider.Server("production") != "" || operation(t, "dellin").Provider.Server("sandbox") != "" {
		t.Error("a server that nobody documents")
	}
}

func TestCredentialsAndHeaders(t *testing.T) {
	scheme := func(facts, name string) providers.Scheme {
		op := operation(t, facts)
		if !slices.Contains(op.Schemes, name) {
			t.Fatalf("%s: schemes %v", facts, op.Schemes)
		}
		s, _ := op.Provider.Scheme(name)
		return s
	}
	for _, facts := range []string{"hgj-aci", "hgj-ams"} {
		s := scheme(facts, "signed")
		for _, row := range table(t, "headers.tsv") {
			if row["system"] == facts && row["header"] != "Content-Type" && s.Headers[row["header"]] == "" {
				t.Errorf("%s: header %s is not sent", facts, row["header"])
			}
		}
	}
	if got := operation(t, "otms").Schemes; !slices.Equal(got, []string{"basic", "body"}) {
		t.Errorf("otms: schemes %v", got)
	}
	if got := operation(t, "les").Schemes; !slices.Equal(got, []string{"none"}) {
		t.Errorf("les: schemes %v", got)
	}
	for facts, want := range map[string]string{
		"otms":   "version @ const 0.1; login @ credential:login (body); password @ credential:password (body)",
		"dellin": "appkey credential:appkey; sessionID/sessionid session",
	} {
		var got []string
		for _, p := range operation(t, facts).Body.Props {
			text := p.Name
			if p.XML.Name != "" && p.XML.Name != p.Name {
				text += "/" + p.XML.Name
			}
			if p.XML.Attribute {
				text += " @"
			}
			if p.Const != "" {
				text += " const " + p.Const
			}
			if p.Fill != "" {
				text += " " + p.Fill
			}
			if p.Scheme != "" {
				text += " (" + p.Scheme + ")"
			}
			if p.Fill != "" || p.Const != "" {
				got = append(got, text)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %s\nwant %s", facts, strings.Join(got, "; "), want)
		}
	}
	secrets := map[string]bool{"password": true, "token": true, "secret": true, "staff": true, "appkey": true, "pat": true, "sessionID": true}
	for facts := range operations {
		for _, c := range operation(t, facts).Provider.Credentials {
			if c.Secret != secrets[c.Name] {
				t.Errorf("%s: credential %s secret: %v", facts, c.Name, c.Secret)
			}
		}
	}
}

func TestLogins(t *testing.T) {
	s, _ := operation(t, "dellin").Provider.Scheme("session")
	var names []string
	for _, l := range s.Logins {
		names = append(names, l.Name)
		for body, want := range map[string]string{
			read(t, "examples/reconstructed-dellin-login-v3-response.json"): "v3 v4",
			`{"sessionID":"00000000-0000-0000-0000-000000000000"}`:          "v1",
			`{"errors":"Unauthorized"}`:                                     "",
			``:                                                              "",
			`<html><body>busy</body></html>`:                                "",
		} {
			id := l.SessionID(providers.Response{Status: 200, Body: []byte(body)}, "json")
			if got := id == "00000000-0000-0000-0000-000000000000"; got != strings.Contains(want, l.Name) {
				t.Errorf("%s: session %q in %s", l.Name, id, body)
			}
		}
	}
	if !slices.Equal(names, []string{"v4", "v3", "v1"}) {
		t.Errorf("logins %v", names)
	}
	for _, body := range []string{"<response><data><sessionID>S1</sessionID></data></response>", "<response><data><sessionid>S1</sessionid></data></response>"} {
		i := slices.IndexFunc(s.Logins, func(l providers.Login) bool { return l.Name == "v3" })
		if got := s.Logins[i].SessionID(providers.Response{Status: 200, Body: []byte(body)}, "xml"); got != "S1" {
			t.Errorf("%s: session %q", body, got)
		}
	}
}

// classes are the words of errors.tsv in ours.
var classes = map[string]providers.Class{
	"ok": providers.OK, "permanent": providers.Rejected, "auth": providers.Auth, "config": providers.Config, "split": providers.Split,
	"not_found": providers.Absent, "blocked": providers.Later, "unknown": providers.Unknown, "rate_limit": providers.Retry, "auth_refresh": providers.Renew,
	"info/permanent by importStatus": providers.Rejected,
}

// answer is an answer with a documented code or text.
func answer(row map[string]string) []providers.Response {
	text := row["original_text"]
	json := func(status int, body string) providers.Response {
		return providers.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
	}
	xml := func(body string) providers.Response {
		return providers.Response{Status: 200, Header: http.Header{"Content-Type": {"application/xml"}}, Body: []byte(body)}
	}
	switch row["system"] {
	case "les":
		code := row["code"]
		if code == "(others)" {
			code = "-7"
		}
		return []providers.Response{json(200, `{"code":`+code+`,"message":"m"}`), json(200, `{"code":"`+code+`","message":"m"}`)}
	case "otms":
		if row["scope"] == "global" {
			return []providers.Response{xml(`<r version="0.1"><responseCode>` + row["code"] + `</responseCode></r>`)}
		}
		entry := func(codes string) providers.Response {
			return xml(`<r><responseCode/><shipPoints><shipPoint><importStatus>FAILED</importStatus><responseCodes>` + codes + `</responseCodes></shipPoint></shipPoints></r>`)
		}
		return []providers.Response{entry("<responseCode>" + row["code"] + "</responseCode>"), entry("<responseCode><code>" + row["code"] + "</code></responseCode>")}
	case "hgj-aci", "hgj-ams":
		status, _ := strconv.Atoi(row["code"])
		return []providers.Response{
			json(status, `{"httpStatus":`+row["code"]+`,"message":"`+text+`"}`), json(status, `{"code":`+row["code"]+`,"message":"`+text+`","timestamp":"2021-01-11 19:48:58"}`),
			json(200, `{"httpStatus":`+row["code"]+`,"message":"`+text+`"}`), json(200, `{"code":"`+row["code"]+`","message":"`+text+`"}`)}
	case "dellin":
		if row["code"] == "-" {
			return []providers.Response{json(401, ``), json(401, `{"errors":"Unauthorized"}`), json(200, `{"errors":"Unauthorized"}`)}
		}
		return []providers.Response{json(200, `{"errors":{"requestids":"`+text+`"}}`), json(400, `{"errors":[{"code":"1","title":"`+text+`"}]}`), json(200, `{"errors":"`+text+`"}`),
			xml("<response><errors><requestids>" + text + "</requestids></errors></response>")}
	}
	return nil
}

// sent is what went out before the answer: one item, as the operation wants it.
func sent(t *testing.T, facts string) providers.Sent {
	return providers.Sent{Items: []batch.Item{{Rows: []int{2, 3, 4}, Body: []byte(item(t, facts))}}, Encoding: operation(t, facts).Encodings[0]}
}

func TestEveryDocumentedCode(t *testing.T) {
	for _, row := range table(t, "errors.tsv") {
		op := operation(t, row["system"])
		texts := []string{row["original_text"]}
		if strings.Contains(row["original_text"], " / ") && strings.HasPrefix(row["system"], "hgj") {
			texts = strings.Split(row["original_text"], " / ")
		}
		for _, text := range texts {
			row["original_text"] = text
			want, ok := classes[row["class"]]
			if !ok { // "transient or unknown outcome": what surely was not processed is tried again
				want = providers.Unknown
				if strings.Contains(text, "拒绝连接") || strings.Contains(text, "无法找到") {
					want = providers.Retry
				}
			}
			for _, r := range answer(row) {
				got := op.Interpret(r, sent(t, row["system"]))
				v := got.Verdict
				if got.Items != nil {
					v = got.Items[0]
				}
				if v.Class != want {
					t.Errorf("%s %s %q: %s is %q, want %q", row["system"], row["code"], text, r.Body, v.Class, want)
				}
				if len(r.Body) == 0 {
					continue
				}
				if v.Message.EN == "" {
					t.Errorf("%s %s: no text", row["system"], row["code"])
				}
				if row["system"] == "otms" {
					if said := strings.TrimSuffix(row["original_text"], "。"); !strings.Contains(v.Message.ZH, said) || v.Message.RU == "" || v.Code != row["code"] {
						t.Errorf("otms %s: %q, want the provider's %q", row["code"], v.Message, said)
					}
					if said := strings.TrimSuffix(row["english"], "."); !strings.Contains(v.Message.EN, said) {
						t.Errorf("otms %s: %q, want %q", row["code"], v.Message.EN, said)
					}
				}
				known := row["system"] != "les" || row["code"] != "(others)"
				if known && (v.Message.ZH == "" || v.Message.RU == "") {
					t.Errorf("%s %s %q: not in all languages: %q", row["system"], row["code"], text, v.Message)
				}
			}
		}
	}
}

func TestAnswersInTheDocuments(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		if len(op.Answers) == 0 {
			t.Errorf("%s: no answers", facts)
		}
		for _, a := range op.Answers {
			s := sent(t, facts)
			if facts == "otms" {
				s = points([]string{"sh00105001", "sh00105002", "sh00105003"}[:a.Sent]...)
			}
			s.Encoding = "json"
			if strings.Contains(a.ContentType, "xml") {
				s.Encoding = "xml"
			}
			got := op.Interpret(providers.Response{Status: a.Status, Header: http.Header{"Content-Type": {a.ContentType}}, Body: []byte(a.Body)}, s)
			if got.Class != a.Class || a.Code != "" && got.Code != a.Code || a.Reference != "" && got.Reference != a.Reference {
				t.Errorf("%s %s: %q %q %q, want %q %q %q", facts, a.Name, got.Class, got.Code, got.Reference, a.Class, a.Code, a.Reference)
			}
			for i, want := range a.Items {
				if got.Items[i].Class != want {
					t.Errorf("%s %s: item %d is %q, want %q", facts, a.Name, i, got.Items[i].Class, want)
				}
			}
		}
	}
}

// Answers as they come: by file of testdata/examples.
func TestExampleAnswers(t *testing.T) {
	for file, want := range map[string]struct {
		class     providers.Class
		code      string
		reference string
	}{
		"les-response-success.json":                  {providers.OK, "1", ""},
		"les-response-fail.json":                     {providers.Rejected, "-1", ""},
		"hgj-aci-response-error-1.json":              {providers.Auth, "400", ""},
		"hgj-aci-response-error-2.json":              {providers.Rejected, "400", ""},
		"hgj-ams-response-error-1.json":              {providers.Auth, "400", ""},
		"hgj-ams-response-error-2.json":              {providers.Rejected, "400", ""},
		"hgj-ams-response-error-3.json":              {providers.Later, "400", ""},
		"dellin-response-success.json":               {providers.OK, "", "112"},
		"dellin-response-success.xml":                {providers.OK, "", "112"},
		"dellin-response-error-1-id-conditions.json": {providers.Rejected, "1", ""},
		"dellin-response-error-1-id-conditions.xml":  {providers.Rejected, "1", ""},
		"dellin-response-error-2-counteragent.json":  {providers.Rejected, "2", ""},
		"dellin-response-error-2-counteragent.xml":   {providers.Rejected, "2", ""},
		"dellin-response-error-3-address.json":       {providers.Rejected, "3", ""},
		"dellin-response-error-3-address.xml":        {providers.Rejected, "3", ""},
		"dellin-response-error-4-only-one.json":      {providers.Rejected, "4", ""},
		"dellin-response-error-4-only-one.xml":       {providers.Rejected, "4", ""},
	} {
		facts, _, _ := strings.Cut(file, "-response")
		for _, status := range []int{200, 400} {
			if status == 400 && want.class == providers.OK && !strings.HasPrefix(file, "dellin") {
				continue
			}
			s := sent(t, facts)
			s.Encoding = strings.TrimPrefix(filepath.Ext(file), ".")
			got := operation(t, facts).Interpret(providers.Response{Status: status, Body: []byte(read(t, "examples/"+file))}, s)
			if got.Class != want.class || got.Code != want.code || got.Reference != want.reference {
				t.Errorf("%s with HTTP %d: %q %q %q, want %v", file, status, got.Class, got.Code, got.Reference, want)
			}
		}
	}
	got := operation(t, "otms").Interpret(providers.Response{Status: 200, Body: []byte("<shipPointRemoveResponse><responseCode>9</responseCode></shipPointRemoveResponse>")}, points("A"))
	if got.Class != providers.Unknown || got.Code != "9" || !strings.Contains(got.Message.EN, "code 9") {
		t.Errorf("a general code that is not documented: %+v", got)
	}
	got = operation(t, "otms").Interpret(providers.Response{Status: 200, Body: []byte(read(t, "examples/otms-response.xml"))}, points("sh00105001", "sh00105002"))
	if got.Class != providers.OK || len(got.Items) != 2 || got.Items[0].Class != providers.OK || got.Items[1].Class != providers.OK {
		t.Errorf("otms-response.xml: %+v", got)
	}
}

// points is a request for ship points with these references.
func points(references ...string) (s providers.Sent) {
	s.Encoding = "xml"
	for i, r := range references {
		s.Items = append(s.Items, batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(`{"clientReferenceNumber":"` + r + `","type":"0"}`)})
	}
	return s
}

func TestShipPointsFindTheirRows(t *testing.T) {
	entry := func(sequence, reference, status, codes string) string {
		if sequence != "" {
			sequence = ` sequence="` + sequence + `"`
		}
		if reference != "" {
			reference = "<clientReferenceNumber>" + reference + "</clientReferenceNumber>"
		}
		return "<shipPoint" + sequence + ">" + reference + "<importStatus>" + status + "</importStatus><responseCodes>" + codes + "</responseCodes></shipPoint>"
	}
	for _, c := range []struct {
		name    string
		entries []string
		want    string
	}{
		{"by sequence, out of order", []string{entry("2", "", "FAILED", "<responseCode>1000</responseCode>"), entry("1", "", "REMOVED", "")}, "ok rejected"},
		{"by reference, out of order", []string{entry("", "B", "FAILED", "<responseCode>1048</responseCode>"), entry("", "A", "REMOVED", "")}, "ok later"},
		{"by position", []string{entry("", "", "REMOVED", ""), entry("", "", "FAILED", "<responseCode>1045</responseCode>")}, "ok absent"},
		{"one is missing", []string{entry("", "B", "REMOVED", "")}, "unknown ok"},
		{"one is missing and has no name", []string{entry("", "", "REMOVED", "")}, "unknown unknown"},
		{"twice the same", []string{entry("1", "", "REMOVED", ""), entry("1", "", "FAILED", "")}, "unknown unknown"},
		{"another's", []string{entry("", "A", "REMOVED", ""), entry("", "X", "REMOVED", "")}, "ok unknown"},
		{"added is not removed", []string{entry("", "A", "ADDED", ""), entry("", "B", "UPDATED", "")}, "unknown unknown"},
		{"failed without a code", []string{entry("", "A", "FAILED", ""), entry("", "B", "REMOVED", "")}, "rejected ok"},
		{"a code that is not documented", []string{entry("", "A", "FAILED", "<responseCode>1999</responseCode>"), entry("", "B", "REMOVED", "<responseCode>1999</responseCode>")}, "rejected ok"},
		{"information beside a cause", []string{entry("", "A", "FAILED", "<responseCode>1013</responseCode><responseCode>1045</responseCode>"), entry("", "B", "FAILED", "<responseCode>1013</responseCode>")}, "absent rejected"},
		{"information when removed", []string{entry("", "A", "REMOVED", "<responseCode><code>1060</code></responseCode>"), entry("", "B", "REMOVED", "")}, "ok ok"},
		{"an unheard-of status", []string{entry("", "A", "PENDING", ""), entry("", "B", "", "")}, "unknown unknown"},
	} {
		body := "<shipPointRemoveResponse><responseCode/><processedShipPoints>2</processedShipPoints><shipPoints>" + strings.Join(c.entries, "") + "</shipPoints></shipPointRemoveResponse>"
		got := operation(t, "otms").Interpret(providers.Response{Status: 200, Body: []byte(body)}, points("A", "B"))
		var said []string
		for _, v := range got.Items {
			said = append(said, string(v.Class))
		}
		if got.Class != providers.OK || strings.Join(said, " ") != c.want {
			t.Errorf("%s: %s %v, want ok %s", c.name, got.Class, said, c.want)
		}
		if c.name == "information when removed" && !strings.Contains(got.Items[0].Message.ZH, "忽略分公司设置") {
			t.Errorf("%s: the code's text should be a remark, got %q", c.name, got.Items[0].Message)
		}
	}
}

// The orders that an answer names are the cause; the others of their group are not.
func TestDellinBlamesTheOrdersItNames(t *testing.T) {
	op := operation(t, "dellin")
	for text, want := range map[string][]int{
		"Error: id заявок не соответствует условиям: 2222":       {1},
		"Error: id заявок не соответствует условиям: 1111, 3333": {0, 2},
		"Error: id заявок не cooтвeтcтвуeт условиям: 2222":       {1}, // Latin letters among the Cyrillic ones
		"Error: id заявок не соответствует условиям: 12345678":   nil,
		"ошибка c контрагентом отправителя":                      nil,
	} {
		for _, body := range []string{`{"errors":{"requestids":"` + text + `"}}`, `{"errors":[{"code":"1","title":"` + text + `"}]}`, `{"errors":"` + text + `"}`} {
			got := op.Interpret(providers.Response{Status: 200, Body: []byte(body)}, sent(t, "dellin"))
			if got.Class != providers.Rejected || !slices.Equal(got.Blamed, want) {
				t.Errorf("%s: %s, blamed %v, want %v", body, got.Class, got.Blamed, want)
			}
		}
	}
}

// A list of errors may name the bad values apart from its sentence.
func TestDellinBlamesBadValues(t *testing.T) {
	op := operation(t, "dellin")
	for errors, want := range map[string][]int{
		`[{"code":"180002","title":"Некорректное значение","fields":["requestids"],"badValues":["2222",3333]}]`: {1, 2},
		`[{"code":"1","detail":"id заявок не соответствует условиям: 1111"},{"code":"2","badValues":["2222"]}]`: {0, 1},
		`[{"code":"1","badValues":"3333"}]`:                     {2},
		`[{"code":"1","title":"x","badValues":["9","Москва"]}]`: nil,
		`["x"]`: nil,
	} {
		got := op.Interpret(providers.Response{Status: 200, Body: []byte(`{"errors":` + errors + `}`)}, sent(t, "dellin"))
		if !slices.Equal(got.Blamed, want) {
			t.Errorf("%s: %s, blamed %v, want %v", errors, got.Class, got.Blamed, want)
		}
	}
}

// A session that has ended is told in any of the three shapes; an application key that is refused is not renewed.
func TestDellinSessionsEnd(t *testing.T) {
	for errors, want := range map[string]providers.Class{
		`{"sessionID":"не найдена"}`: providers.Renew,
		`{"sessionid":["x"]}`:        providers.Renew,
		`[{"code":"110003","title":"Доступ запрещен","detail":"Время сессии истекло"}]`:   providers.Renew,
		`[{"code":"1","title":"Недопустимое значение параметра","fields":["sessionID"]}]`: providers.Renew,
		`"Сессия не найдена"`: providers.Renew,
		`"Unauthorized"`:      providers.Renew,
		`[{"code":"1","title":"Недопустимое значение параметра","fields":["appkey"]}]`: providers.Auth,
		`{"appkey":"Неверный ключ"}`:                                           providers.Auth,
		`[{"code":"1","title":"значение не найдено","fields":["requestids"]}]`: providers.Rejected,
		`["x"]`: providers.Unknown,
	} {
		got := operation(t, "dellin").Interpret(providers.Response{Status: 200, Body: []byte(`{"errors":` + errors + `}`)}, sent(t, "dellin"))
		if got.Class != want {
			t.Errorf("%s: %s, want %s", errors, got.Class, want)
		}
	}
}

// A success with errors is neither: the orders may have been combined, so nobody may be told that they were not.
func TestDellinSuccessWithErrorsIsUnknown(t *testing.T) {
	for _, body := range []string{
		`{"answer":{"requestID":112,"state":"success"},"errors":{"requestids":"ошибка с адресом отправки"}}`,
		`{"answer":{"requestID":112,"state":"success"},"errors":"Unauthorized"}`,
		`{"answer":{"requestID":112,"state":"success"},"errors":{"sessionID":"x"}}`,
	} {
		got := operation(t, "dellin").Interpret(providers.Response{Status: 200, Body: []byte(body)}, sent(t, "dellin"))
		if got.Class != providers.Unknown || got.Reference != "112" {
			t.Errorf("%s: %s, reference %q", body, got.Class, got.Reference)
		}
	}
}

// An answer that says two things at once, or a success where a refusal stands beside it, is no success. Nor is it a reason to
// repeat what may not be repeated.
func TestContradictionsAreNeverDelivered(t *testing.T) {
	const entry = `<shipPoints><shipPoint><clientReferenceNumber>A</clientReferenceNumber><importStatus>REMOVED</importStatus></shipPoint></shipPoints>`
	for _, c := range []struct {
		facts  string
		status int
		body   string
		want   providers.Class
	}{
		{"les", 200, `{"code":-1,"message":"no","code":1}`, providers.Unknown},
		{"les", 200, `{"code":1,"message":"no","code":-1}`, providers.Unknown},
		{"les", 200, `{"code":1,"message":"a \": b","more":[{"code":-1},{"code":"x:y"}]}`, providers.OK},
		{"dellin", 200, `{"answer":{"requestID":1,"state":"error","state":"success"}}`, providers.Unknown},
		{"dellin", 200, `{"errors":{"requestids":"x"},"answer":{"requestID":1,"state":"success"},"errors":null}`, providers.Unknown},
		{"hgj-aci", 200, `{"code":400,"message":"no","code":200}`, providers.Unknown},
		{"hgj-aci", 200, `{"code":[400],"message":"no"}`, providers.Rejected},
		{"hgj-aci", 200, `{"code":{"value":400},"message":"no"}`, providers.Rejected},
		{"hgj-aci", 200, `{"message":"The token is invalid"}`, providers.Auth},
		{"hgj-ams", 200, `{"message":"该分单不能修改"}`, providers.Later},
		{"hgj-ams", 200, `{"success":"false"}`, providers.Unknown},
		{"hgj-ams", 200, `{"timestamp":"2026-11-22","status":500,"path":"/x"}`, providers.Unknown},
		{"hgj-ams", 503, `{"code":200,"message":"ok"}`, providers.Unknown},
		{"hgj-ams", 429, `{"httpStatus":200}`, providers.Unknown},
		{"hgj-ams", 401, `{"code":200}`, providers.Unknown},
		{"hgj-ams", 401, `{"code":0}`, providers.Auth}, // 0 may be anything
		{"hgj-ams", 503, `{"code":0,"message":"busy"}`, providers.Retry},
		{"hgj-ams", 400, `{"code":"200","message":"ok"}`, providers.Unknown},
		{"hgj-ams", 404, `{"code":200,"message":"ok"}`, providers.Unknown},
		{"hgj-ams", 200, `{"code":200,"httpStatus":500}`, providers.Unknown},
		{"otms", 200, `<r><responseCode><code>0</code></responseCode>` + entry + `</r>`, providers.Auth},
		{"otms", 200, `<r><responseCode/><responseCode>0</responseCode>` + entry + `</r>`, providers.Auth},
		{"otms", 200, `<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><responseCode xsi:nil="true"/>` + entry + `</r>`, providers.OK},
	} {
		s := sent(t, c.facts)
		if c.facts == "otms" {
			s = points("A")
		}
		got := operation(t, c.facts).Interpret(providers.Response{Status: c.status, Body: []byte(c.body)}, s)
		if got.Class != c.want {
			t.Errorf("%s: HTTP %d %s is %q, want %q", c.facts, c.status, c.body, got.Class, c.want)
		}
	}
}

// Which words HGJ has for success is not documented: HTTP 200 with any of them and no error is taken over. What is neither is unknown.
func TestWordsOfSuccessAtHGJ(t *testing.T) {
	for body, want := range map[string]providers.Class{
		"success": providers.OK, "OK": providers.OK, "true": providers.OK, `"操作成功"`: providers.OK, `{"code":"SUCCESS"}`: providers.OK, `{"code":"0000","message":"ok"}`: providers.OK,
		`{"success":true,"code":"success"}`: providers.OK, `{"code":"00000","data":null}`: providers.OK,
		"fail": providers.Unknown, "false": providers.Unknown, `{"code":"SUCCESS","message":"船公司不能为空"}`: providers.Rejected, `{"success":false,"code":"SUCCESS"}`: providers.Unknown,
		`{"code":"FAIL"}`: providers.Unknown, "系统维护中": providers.Unknown, "not ok": providers.Unknown, `{"code":"0040"}`: providers.Unknown,
	} {
		for _, facts := range []string{"hgj-aci", "hgj-ams"} {
			if got := operation(t, facts).Interpret(providers.Response{Status: 200, Body: []byte(body)}, sent(t, facts)); got.Class != want {
				t.Errorf("%s: %s is %s, want %s", facts, body, got.Class, want)
			}
			if got := operation(t, facts).Interpret(providers.Response{Status: 500, Body: []byte(body)}, sent(t, facts)); got.Class == providers.OK {
				t.Errorf("%s: HTTP 500 %s counts as delivered", facts, body)
			}
		}
	}
}

// A refusal of which the document has neither code nor words has those of the answer, and its status.
func TestRefusalsHaveACodeAndWords(t *testing.T) {
	for _, c := range []struct {
		status           int
		body, code, text string
	}{
		{405, "<html><head><title>405 Not Allowed</title></head></html>", "405", "405 Not Allowed"},
		{404, `{"timestamp":"2026-11-30T06:00:00.000+0000","status":404,"error":"Not Found","path":"/x"}`, "404", "Not Found"},
	} {
		for facts := range operations {
			got := operation(t, facts).Interpret(providers.Response{Status: c.status, Body: []byte(c.body)}, sent(t, facts))
			if got.Class != providers.Config || got.Code != c.code || got.Message.EN != c.text {
				t.Errorf("%s: %s %q %q, want %q %q", facts, got.Class, got.Code, got.Message.EN, c.code, c.text)
			}
		}
	}
}

// What comes too fast was not looked at, also where Dellin says so under a good status; a request that is too long was.
func TestDellinIsTooFast(t *testing.T) {
	for errors, want := range map[string]providers.Class{
		`"Превышено количество запросов"`: providers.Retry, `{"requestids":"Превышен лимит запросов в минуту"}`: providers.Retry,
		`[{"code":"180012","title":"Слишком много запросов"}]`: providers.Retry, `"Too Many Requests"`: providers.Retry, `"Превышено допустимое число обращений к API"`: providers.Retry,
		`{"requestids":"Превышено количество заявок в запросе"}`: providers.Rejected, `"Слишком много заявок в одном запросе"`: providers.Rejected,
	} {
		got := operation(t, "dellin").Interpret(providers.Response{Status: 200, Body: []byte(`{"errors":` + errors + `}`)}, sent(t, "dellin"))
		if got.Class != want {
			t.Errorf("%s: %s, want %s", errors, got.Class, want)
		}
	}
	body, err := charmap.Windows1251.NewEncoder().String(`{"errors":{"requestids":"ошибка с адресом отправки"}}`)
	if got := operation(t, "dellin").Interpret(providers.Response{Status: 200, Body: []byte(body)}, sent(t, "dellin")); err != nil || got.Class != providers.Rejected || got.Code != "3" {
		t.Errorf("windows-1251: %s %s, %v", got.Class, got.Code, err)
	}
}

// A refusal without words is said without a colon that nothing follows.
func TestAnswersWithoutWords(t *testing.T) {
	for body, want := range map[string]string{`{"code":5}`: "LES answers with code 5, which is not public", `{"code":-1,"message":""}`: "failed"} {
		got := operation(t, "les").Interpret(providers.Response{Status: 200, Body: []byte(body)}, sent(t, "les")).Message
		if got.EN != want || strings.HasSuffix(got.ZH, "：") || strings.HasSuffix(got.RU, ":") {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// Entries decide, whatever number of ship points oTMS says it has processed: which of them it counts is not documented. A point
// without an entry is unknown, also where the number is that of all.
func TestEntriesDecideNotTheirNumber(t *testing.T) {
	for _, said := range []string{"", "0", "2", "3", "4", "5", "many"} {
		const want = "ok ok rejected unknown"
		body := `<r><responseCode/><processedShipPoints>` + said + `</processedShipPoints><shipPoints>` +
			`<shipPoint><clientReferenceNumber>A</clientReferenceNumber><importStatus>REMOVED</importStatus></shipPoint>` +
			`<shipPoint><clientReferenceNumber>B</clientReferenceNumber><importStatus>REMOVED</importStatus></shipPoint>` +
			`<shipPoint><clientReferenceNumber>C</clientReferenceNumber><importStatus>FAILED</importStatus></shipPoint></shipPoints></r>`
		got := operation(t, "otms").Interpret(providers.Response{Status: 200, Body: []byte(body)}, points("A", "B", "C", "D"))
		var classes []string
		for _, v := range got.Items {
			classes = append(classes, string(v.Class))
		}
		if strings.Join(classes, " ") != want {
			t.Errorf("%q processed: %v, want %s", said, classes, want)
		}
	}
}

// What is not documented is never a success.
func TestStrangeAnswersAreNeverDelivered(t *testing.T) {
	bodies := []string{"", " ", "OK", "null", "[]", "{}", "{", `"success"`, "<html><body>Welcome</body></html>", "<!DOCTYPE html><html><head></head><body></body></html>", "<a/>", `{"success":false}`,
		`{"code":0}`, `{"code":2}`, `{"code":500,"message":"x"}`, `{"httpStatus":502}`, `{"answer":{}}`, `{"answer":{"state":"queued"}}`, `{"answer":{"requestID":1}}`,
		`{"answer":{"state":"success"},"errors":{"requestids":"x"}}`, `<shipPointRemoveResponse/>`, `<shipPointRemoveResponse><responseCode>7</responseCode></shipPointRemoveResponse>`,
		`{"errors":{}}`, `{"error":"x"}`, `{"errors":["x"]}`, `{"code":1} {"code":1}`, `{"message":"sucess"}`}
	mayBe := map[string][]string{ // HTTP 200 without an error code is taken over at HGJ
		"hgj-aci": {"", " ", "OK", "{}", "null", `"success"`, `{"code":0}`, `{"answer":{}}`, `{"answer":{"state":"queued"}}`, `{"answer":{"requestID":1}}`, `{"message":"sucess"}`},
	}
	mayBe["hgj-ams"] = mayBe["hgj-aci"]
	for facts := range operations {
		for _, body := range bodies {
			for _, status := range []int{200, 201, 204, 302, 400, 404, 418, 500, 502} {
				got := operation(t, facts).Interpret(providers.Response{Status: status, Body: []byte(body)}, sent(t, facts))
				if got.Class == providers.OK && !(status == 200 && slices.Contains(mayBe[facts], body)) {
					t.Errorf("%s: HTTP %d %s counts as delivered", facts, status, body)
				}
			}
		}
		for status, want := range map[int]providers.Class{429: providers.Retry, 503: providers.Retry, 403: providers.Config, 502: providers.Unknown, 504: providers.Unknown, 404: providers.Config, 405: providers.Config} {
			got := operation(t, facts).Interpret(providers.Response{Status: status, Body: []byte("<html>gateway</html>")}, sent(t, facts))
			if got.Class != want {
				t.Errorf("%s: HTTP %d is %q, want %q", facts, status, got.Class, want)
			}
		}
	}
}

func TestHeadingsThatSendersUse(t *testing.T) {
	squeeze := func(s string) string {
		return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(s, `\n`, " ")), ""))
	}
	for facts := range operations {
		owner := map[string]string{}
		for _, f := range operation(t, facts).Fields {
			own := map[string]bool{}
			for _, h := range append([]string{f.Label.EN, f.Label.ZH, f.Label.RU}, f.Headings...) {
				own[squeeze(h)] = true
			}
			for h := range own {
				if before := owner[h]; before != "" {
					t.Errorf("%s: the heading %q belongs to %s and %s", facts, h, before, f.Path)
				}
				owner[h] = f.Path
			}
		}
		for _, row := range table(t, "spreadsheet-headings.tsv") {
			for name := range strings.SplitSeq(row["field"], " / ") {
				system, plain, dotted := strings.Cut(name, ".")
				if dotted && system != facts {
					continue
				}
				if !dotted {
					plain = name
				}
				var path string
				for _, f := range operation(t, facts).Fields {
					if f.Path[strings.LastIndexByte(f.Path, '.')+1:] == plain {
						path = f.Path
					}
				}
				if path == "" {
					continue
				}
				headings := row["english_heading"]
				for _, noise := range []string{"(no public template found)", "suggested:"} {
					row["chinese_or_russian_headings (\\n = line break inside the cell)"] = strings.ReplaceAll(row["chinese_or_russian_headings (\\n = line break inside the cell)"], noise, "")
				}
				original, _, _ := strings.Cut(row["chinese_or_russian_headings (\\n = line break inside the cell)"], " with ")
				for h := range strings.SplitSeq(original+" / "+headings, " / ") {
					if h = squeeze(h); h == "" || owner[h] == path || otherMeaning[facts+" "+h] {
						continue
					}
					t.Errorf("%s %s: the heading %q is not known (it belongs to %q)", facts, path, h, owner[h])
				}
			}
		}
	}
}

// otherMeaning are headings that mean another field in this operation.
var otherMeaning = map[string]bool{}

// Every text of the documents is there in three languages, and whatever can be wrong has words for it.
func TestDocumentsSpeakThreeLanguages(t *testing.T) {
	for _, provider := range []string{"les", "otms", "hgj", "dellin"} {
		texts := 0
		walk(source(t, provider), provider, func(place string, m map[string]any) {
			_, en := m["en"]
			_, zh := m["zh"]
			_, ru := m["ru"]
			if en || zh || ru {
				texts++
				for _, l := range []string{"en", "zh", "ru"} {
					if s, _ := m[l].(string); strings.TrimSpace(s) == "" {
						t.Errorf("%s: no %s", place, l)
					}
				}
				if s, _ := m["zh"].(string); !regexp.MustCompile(`\p{Han}`).MatchString(s) && !sameEverywhere[s] {
					t.Errorf("%s: %q is not Chinese", place, s)
				}
				if s, _ := m["ru"].(string); !regexp.MustCompile(`\p{Cyrillic}`).MatchString(s) && !sameEverywhere[s] {
					t.Errorf("%s: %q is not Russian", place, s)
				}
				if s, _ := m["en"].(string); regexp.MustCompile(`\p{Cyrillic}`).MatchString(s) {
					t.Errorf("%s: %q is not English", place, s)
				}
			}
			if _, isRule := m["rule"].(string); isRule && m["fields"] != nil && (m["must"] == nil || m["fix"] == nil) {
				t.Errorf("%s: the rule %v needs must and fix", place, m["name"])
			}
			if _, patterned := m["pattern"]; patterned && m["type"] != nil && m["x-rowferry"] != nil {
				if x := m["x-rowferry"].(map[string]any); x["must"] == nil || x["fix"] == nil {
					t.Errorf("%s: a pattern needs words (must, fix)", place)
				}
			}
		})
		if texts < 20 {
			t.Errorf("%s: only %d texts", provider, texts)
		}
	}
}

var sameEverywhere = map[string]bool{"House Scac": true, "HS code": true}

func walk(v any, place string, visit func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(place, v)
		for k, inner := range v {
			walk(inner, place+"."+k, visit)
		}
	case []any:
		for i, inner := range v {
			walk(inner, fmt.Sprintf("%s[%d]", place, i), visit)
		}
	}
}

// The document's own examples make requests that obey its rules.
func TestExamplesAreValid(t *testing.T) {
	for facts := range operations {
		op := operation(t, facts)
		for _, row := range op.Example() {
			for path, text := range row {
				f, _ := op.Field(path)
				if _, bad := put(f, text); bad != nil {
					t.Errorf("%s %s: the example %q is refused: %s", facts, path, text, words.Say(batch.English, bad.Rule))
				}
			}
		}
	}
}

// docs/providers holds the pages that the documents make. `go test ./providers -run Pages -update-pages` writes them anew.
func TestPagesAreThoseOfTheDocuments(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join("..", "docs", "providers")
	write := flag.Lookup("update-pages")
	for name, p := range all {
		for _, l := range batch.Languages() {
			file := filepath.Join(folder, name+"."+string(l)+".md")
			if l == batch.English {
				file = filepath.Join(folder, name+".md")
			}
			var page bytes.Buffer
			if err := p.Markdown(&page, l); err != nil {
				t.Fatal(err)
			}
			if write != nil && write.Value.String() == "true" {
				if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, page.Bytes()) {
				t.Errorf("%s is out of date; run: go test ./providers -run Pages -update-pages", file)
			}
		}
	}
}
