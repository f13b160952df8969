// Package providers holds the provider documents and what they compile to: operations with schema, rules and answers.
//
// A document is OpenAPI 3.1 with the extension x-rowferry (docs/provider-documents.md describes it).
// The built-in ones are embedded; a user's own is a path in the configuration.
package providers

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Provider is one compiled document. It is immutable and safe for concurrent use.
type Provider struct {
	Name        string // "otms"
	Title       batch.Text
	Source      string   // "built in" or the path it was read from
	Servers     []Server // empty: the account must give a URL
	Limits      Limits   // defaults for an account
	Credentials []Credential
	Schemes     []Scheme // authentication schemes an account can choose from; the first is the default
	Operations  []*Operation
	Webhooks    []*Webhook   // what it sends to an address of ours
	Charset     string       // of answers that declare none and are not UTF-8; "" = GB18030
	Notes       []batch.Text // remarks for its page
	Warnings    []Mistake    // what of the provider's own description is not offered, and why
}

// Server is one place where the provider listens.
type Server struct{ URL, Environment string } // Environment: production or sandbox

// Limits are what the provider allows one account.
type Limits struct {
	Rate        Rate
	Concurrency int
}

// Rate is a number of requests in a period, "10/s", "1600/h". The zero Rate is no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// Credential is one value an account must or may give.
type Credential struct {
	Name     string
	Label    batch.Text
	Secret   bool // kept out of everything that is shown or stored
	Optional bool
}

// Scheme is one way to authenticate, with everything its implementation under senders/ needs.
type Scheme struct {
	Name    string            // as the document and accounts call it
	Kind    string            // basic, header, signed, session, body (credentials are fields of the body), oauth2, all (its Parts together), none
	Headers map[string]string // templates over credentials and {timestamp} {nonce} {sign}, {access_token} of oauth2: "Bearer {token}"
	Query   map[string]string // the same, for parameters of the URL
	OAuth   OAuth             // oauth2 only
	Parts   []Scheme          // all only
	Needs   []string          // credentials without which it cannot work
	Logins  []Login           // session only, in order of preference
	Given   string            // session only: a credential that is a session already, when the account has it; "" = none
}

// TokenHeader is the header in which a scheme of the kind oauth2 sends its token, and what it looks like there.
func (s Scheme) TokenHeader() (name, template string) {
	for _, name := range sorted(s.Headers) {
		if strings.Contains(s.Headers[name], AccessToken) {
			return name, s.Headers[name]
		}
	}
	return "Authorization", "Bearer " + AccessToken
}

// AccessToken is the place of the token in a header's template.
const AccessToken = "{access_token}"

// OAuth is where and how a scheme gets its tokens. Its Needs are the client's id and secret; for the flow password a
// user's name and password follow, for refreshToken the token that a person's consent came to.
type OAuth struct {
	Flow     string   // clientCredentials, password or refreshToken
	TokenURL string   // absolute, or from the server's root on
	Scopes   []string // asked for
	Style    string   // form or basic: how the client names itself; "" = found out
}

// Login is one generation of a session login.
type Login struct {
	Name    string            // v1, v3, v4
	Paths   map[string]string // by encoding: json → /v3/auth/login.json
	Fields  []string          // credentials that go into its body, in order
	Session string            // expression over body that gives the session id; use SessionID
	Root    string            // root element of its XML body

	session *expression
}

// Operation is one call of a provider.
//
// Who checks what: a single value is checked by Field.Append; Field.Required (unless lifted by the route's `optional`)
// by the mapper, which knows what is blank; Rows.Unique by the mapper, over the file; everything else, also
// Rows.Min and the bounds of arrays, by Operation.Check.
type Operation struct {
	Provider   *Provider
	ID         string // shipPointRemove
	Title      batch.Text
	Help       batch.Text
	Method     string
	Paths      map[string]string // by encoding; most operations have one
	Encodings  []string          // json, xml, form, multipart; the first is the default
	Media      map[string]string // by encoding, where its type is not the usual one: application/vnd.acme+json
	Styles     map[string]string // form: by property, how a list or object is written where not as usual: Deep, or what joins it: Joined, Spaced, Piped
	Accept     string            // the types of its answers; "" = that of the encoding
	Parameters []Parameter
	Schemes    []string // allowed authentication schemes, default first; names in Provider.Schemes
	Rows       Rows
	OneOf      [][]string // fields of which one at least must be given, by the rules between them
	Repeatable bool       // may be sent again when the answer was lost
	Repeats    string     // what is right where nobody says otherwise about a request that was sent before: SkipRepeats, SendRepeats, or "" for what follows from Repeatable
	Done       batch.Text // what success means where "delivered" says too much: "submitted"
	Body       *Schema    // of the whole request body; nil = none
	Item       *Schema    // of an item's body: what Body is, one element of a batch, or an envelope of these (Enveloped)
	Fields     []*Field   // what rows can fill, in the schema's order
	Notes      []batch.Text
	Answers    []AnswerExample // documented answers, for tests and the simulator
	Receipts   *Receipts       // how what the provider says later finds what was sent; nil: it says nothing

	// unexported: compiled rules, answer expressions, fallback schema
	compiled
}

// How lists and objects are written in a form (Operation.Styles).
const (
	Deep   = "deep"   // a[b]=1&a[c][0]=2
	AsJSON = "json"   // a={"b":1,"c":[2]}
	Label  = "label"  // in the path: .1
	Matrix = "matrix" // in the path: ;a=1
	Joined = ","      // a=1,2
	Spaced = " "      // a=1 2
	Piped  = "|"      // a=1|2
)

// Rows says how rows become requests.
type Rows struct {
	Kind     RowsKind
	Path     string     // batch: path of the repeated element ("shipPoints.shipPoint"); group: path of the array that rows fill ("cargos", "houseBills.containers"), or of the list of plain values ("requestids")
	Max      int        // batch: most elements in one request
	Min      int        // group: fewest rows ("requestids": 2); Check looks at it
	Key      []string   // group: fields whose values make rows one group; empty: the route's `group` column decides
	Unique   [][]string // field lists whose values, taken together, may occur once in a request; checked over the file
	Identity []string   // fields that tell things apart: two equal items are the same thing
}

// Parameter is a value of the path, the query or the headers. It is a property of the group of that name in Item.
type Parameter struct {
	Name    string
	In      string // path, query, header
	Schema  *Schema
	Explode bool   // a list is written as several parameters of the name, an object as one for each of its members
	Style   string // Deep, AsJSON, Label, Matrix, or what joins a list or an object that is not exploded; "" is a comma
}

// Keyed reports whether each request has a key of its own (fill: id): by it the provider knows another attempt of one request, and not the same
// content in another.
func (o *Operation) Keyed() bool {
	return o.Body.keyed() || slices.ContainsFunc(o.Parameters, func(p Parameter) bool { return p.Schema.keyed() })
}

func (s *Schema) keyed() bool {
	return s != nil && (s.Fill == "id" || s.Items.keyed() || slices.ContainsFunc(s.Props, (*Schema).keyed))
}

// Distinct reports whether something tells things apart, so that two equal items of one file are the same thing twice.
func (r Rows) Distinct() bool {
	return len(r.Unique) > 0 || len(r.Identity) > 0 || r.Kind == Group
}

// What becomes of a request that was sent before.
const (
	SkipRepeats = "skip"
	SendRepeats = "send"
)

// RowsKind is one, batch or group.
type RowsKind string

const (
	One   RowsKind = "one"
	Batch RowsKind = "batch"
	Group RowsKind = "group"
)

// Field is one value that a column can fill.
type Field struct {
	Path     string // without indexes: "houseBills.containers.sealNo"; for a batch from the repeated element on: "externalId"
	Schema   *Schema
	Label    batch.Text // the provider's label
	Headings []string   // headings that senders really use, besides the labels
	Help     batch.Text
	Rule     batch.Text // the rule in the provider's own wording
	Required bool       // must be filled, which the mapper checks (a conditional one is not Required: its rule speaks)
	Presumed bool       // Required is our inference: the route's `optional` may lift it
	List     string     // name of a code list that the provider does not publish
	Example  string
	Repeated bool // lies inside the array that the rows of a group fill; otherwise all rows of a group must agree
	Outside  bool // lies outside the element of a batch: items of one request share it
	Values   bool // a list of plain values: each row of the group adds one. Path is the list's, Schema its Items

	compiledField
}

// Append converts the text of one value to the JSON the provider wants and checks it alone, appending to dst.
// Blank text (after trimming) appends what the schema says a blank becomes (null, "") and reports omit when it is left out.
// It never rounds, drops zeros, or turns blanks into text. text is the cell's text; kind tells a date or number cell from typed text.
// At most one violation is returned; dst then is as it was.
func (f *Field) Append(dst []byte, text string, kind batch.Kind) (out []byte, omit bool, bad *Violation) {
	return f.append(dst, text, kind)
}

// Forms are the ways a mapping may have the value written, the document's own first: text, number. nil: no choice of
// these, as for a boolean.
func (f *Field) Forms() []string { return f.forms() }

// As is the field with its value written in one of its Forms; nil when that is none of them. What is accepted stays the same.
func (f *Field) As(form string) *Field { return f.as(form) }

// Schema is one node of the request body, in the order of the document.
type Schema struct {
	Name     string // property name; "" for array elements
	Key      string // its name in an item's body where that is another one; use Member
	Type     string // object, array, string, integer, number, boolean
	Either   string // the other type that the provider may take: string, integer or number; "" = none
	Nullable bool
	Props    []*Schema // of an object, in document order
	Items    *Schema   // of an array
	Empty    bool      // of an array: where nothing fills an element it has none, also when it must be there
	Required bool
	Const    string // a value the document fixes ("0.1")
	Enum     []string
	Fill     string // what we fill in ourselves: "credential:appkey", "session", "sequence" (position in the request, from 1), "id" (the same in all attempts of a request); "" = mapped
	Scheme   string // the property is there only under this authentication scheme
	Blank    string // what a blank becomes: omit (default), null, empty
	XML      XML
	Field    *Field         // leaf that rows can fill; nil otherwise
	Raw      map[string]any // the schema as JSON Schema says it, for templates, forms and docs

	compiledSchema
}

// nested reports whether a value of it is an object, or a list of what is no plain value.
func (s *Schema) nested() bool {
	return s.Type == "object" || s.Type == "array" && s.Items != nil && (s.Items.Type == "object" || s.Items.Type == "array")
}

// Member is the property's name in an item's body.
func (s *Schema) Member() string {
	if s.Key != "" {
		return s.Key
	}
	return s.Name
}

// Bare reports whether a text of ours stands in JSON as it is: a number, a truth or a list, and not in quotes.
func (s *Schema) Bare() bool {
	return s.Type == "integer" || s.Type == "number" || s.Type == "boolean" || s.Type == "array"
}

// XML are OpenAPI's xml hints.
type XML struct {
	Name      string // element or attribute name; "" = the property's
	Attribute bool
	Wrapped   bool   // an array inside an element of its own
	Item      string // name of the array's elements
}

// Violation is one broken rule.
type Violation struct {
	Path    string // with indexes: houseBills[0].containers[2].hsCode
	Field   string // without
	Code    string // required, type, pattern, length, range, enum, date, decimal, list, unique, min_items, or the rule's own name
	Value   string
	Rule    batch.Message // what the value must be: "must be 1 to 21 capital letters, digits or -"
	Fix     batch.Message // how to mend it: "write NO NUMBER when …"
	Warning bool
}

// Lists are code lists a user has loaded: name → values. A list that is not loaded is not checked.
type Lists map[string]map[string]bool

// CheckContext is what rules may ask about besides the values.
type CheckContext struct {
	Now      time.Time
	Lists    Lists
	Optional map[string]bool // fields whose presumed required flag the route lifts
	Sending  bool            // true: only the rules that must hold when the request leaves

	// Spoiled are the paths, with indexes, of values that are known to be wrong or missing and therefore not in the body
	// (houseBills[0].containers[2].hsCode). What looks at one of them is left out; the rest is checked all the same.
	Spoiled []string
}

// NeedsCheck reports whether Check can find anything with Sending unset: an operation with nothing but plain keywords needs none.
func (op *Operation) NeedsCheck() bool { return op.needsCheck() }

// RechecksWhenSent reports whether Check with Sending set can find anything, and which fields it looks at.
func (op *Operation) RechecksWhenSent() (fields []string) { return op.rechecks() }

// Check evaluates what single values cannot tell: array bounds, fields that are required once the object around them is
// there, loaded code lists, cross-field rules, and the JSON Schema keywords that are not plain. It does not repeat what
// Append and the mapper (Field.Required) have checked. body is an Item's Body (for a batch: one element). With Sending set it
// evaluates the rules that must hold when the request leaves, and nothing else. A body that is no JSON object is a violation.
func (op *Operation) Check(body []byte, c CheckContext) []Violation { return op.check(body, c) }

// Class is what an answer means.
type Class string

const (
	OK       Class = "ok"
	Rejected Class = "rejected" // final for this row
	Later    Class = "later"    // the state does not allow it now
	Retry    Class = "retry"    // not processed; try again
	Split    Class = "split"    // too many in one request
	Auth     Class = "auth"     // the account is refused
	Config   Class = "config"   // the request as such is refused
	Absent   Class = "absent"   // already gone
	Unknown  Class = "unknown"  // nothing documented fits
	Renew    Class = "renew"    // the session has ended: log in again once
)

// Response is what came back over the wire. Body is complete and bounded.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Sent describes the request a response belongs to.
type Sent struct {
	Items    []batch.Item
	Encoding string // json, xml, form
}

// Verdict is what an answer says about one item.
type Verdict struct {
	Class     Class
	Code      string
	Message   batch.Text // the provider's text; with the document's translation where its code is known
	Reference string
	Blamed    []int   // positions in Item.Rows of the rows the answer names as the cause; empty: all
	Faults    []Fault // fields that it names as the cause
}

// Reading is an answer understood.
type Reading struct {
	Verdict           // of the whole request
	Items   []Verdict // one for each item sent when the answer speaks of them singly, else nil: the whole verdict holds for all
}

// Interpret reads an answer. It never says OK for an answer that fits nothing documented.
func (op *Operation) Interpret(r Response, s Sent) Reading { return op.interpret(r, s) }
