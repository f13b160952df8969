package providers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/expr-lang/expr"
	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// answerSpec is `answer` of an operation.
type answerSpec struct {
	judgeSpec
	Blame *struct {
		Values source `key:"values,must"`
		Field  string `key:"field,must"`
	} `key:"blame"`
	Items *struct {
		judgeSpec
		List  source       `key:"list,must"`
		Match []*yaml.Node `key:"match,must"`
	} `key:"items"`
}

type judgeSpec struct {
	Class     *source             `key:"class"`
	OK        source              `key:"ok,must"`
	Code      *source             `key:"code"`
	Message   *source             `key:"message"`
	Reference *source             `key:"reference"`
	Texts     []textSpec          `key:"texts"`
	Codes     map[string]codeSpec `key:"codes"`
}

type textSpec struct {
	Match  source     `key:"match,must"`
	Class  source     `key:"class,must"`
	Status []int      `key:"status"`
	Code   string     `key:"code"`
	Text   batch.Text `key:"text"`
}

type codeSpec struct {
	Class  source     `key:"class,must"`
	Status []int      `key:"status"`
	Text   batch.Text `key:"text"`
	Info   bool       `key:"info"`
}

// answer is a compiled one.
type answer struct {
	judge
	headers    bool // an expression looks at them
	blamed     *expression
	blameField []string
	items      *entriesOf
	last       atomic.Pointer[understood]
}

// understood is an answer whose meaning is known: a provider that says no more than that it took a row says it of every row in the same words.
type understood struct {
	status, sent           int
	kind, encoding, answer string
	verdict                Verdict
}

// of reports whether that is the answer, to as much.
func (u *understood) of(r Response, s Sent) bool {
	return u != nil && u.status == r.Status && u.sent == len(s.Items) && u.answer == string(r.Body) && u.kind == r.Header.Get("Content-Type") && u.encoding == s.Encoding
}

// remember keeps what an answer means, where that depends on nothing but what understood has.
func (a *answer) remember(r Response, s Sent, v Verdict) {
	const short = 1 << 10
	if len(r.Body) <= short && a.items == nil && !a.headers && v.Faults == nil && v.Blamed == nil {
		a.last.Store(&understood{r.Status, len(s.Items), r.Header.Get("Content-Type"), s.Encoding, string(r.Body), v})
	}
}

// entriesOf finds the answer's entries and the items they speak of.
type entriesOf struct {
	judge
	list *expression
	ways []way
}

// way is one means to find an entry's item; neither key nor position is never built.
type way struct {
	key      *expression // over item
	sent     []string    // the field in the item's body
	sequence bool        // the field is the position in the request, from 1
	position bool
}

// judge decides what an answer or an entry means.
type judge struct {
	class, ok, code, message, reference *expression
	texts                               []textRule
	codes                               map[string]codeRule
}

type textRule struct {
	match  *regexp.Regexp
	class  Class
	status []int // loud ones under which it counts too
	code   string
	text   batch.Text
}

type codeRule struct {
	class  Class
	status []int // loud ones under which it counts too
	text   batch.Text
	info   bool
}

var classes = []Class{OK, Rejected, Later, Retry, Split, Auth, Config, Absent, Unknown, Renew}

func (b *builder) answer(n *yaml.Node, place string) *answer {
	var spec answerSpec
	b.decode(n, place, &spec)
	a := &answer{judge: b.judge(spec.judgeSpec), headers: mentions(n, "headers")}
	if spec.Blame != nil {
		a.blamed = b.expression(&spec.Blame.Values)
		a.blameField = strings.Split(spec.Blame.Field, ".")
		b.known(get(get(n, "blame"), "field"), place+".blame.field", spec.Blame.Field)
	}
	if spec.Items == nil {
		return a
	}
	a.items = &entriesOf{judge: b.judge(spec.Items.judgeSpec), list: b.expression(&spec.Items.List)}
	for i, m := range spec.Items.Match {
		a.items.ways = append(a.items.ways, b.way(m, fmt.Sprintf("%s.items.match[%d]", place, i)))
	}
	return a
}

// known notes a path that is no field or filled-in property of what an item's body is made of.
func (b *builder) known(n *yaml.Node, place, path string) *Schema {
	s := descend(b.op.element(), strings.Split(path, "."))
	if s == nil {
		b.noField(n, place, path)
	}
	return s
}

func (b *builder) way(n *yaml.Node, place string) way {
	if n.Kind == yaml.ScalarNode {
		b.choice(n, place, n.Value, "position")
		return way{position: true}
	}
	var spec struct {
		Item source `key:"item,must"`
		Sent string `key:"sent,must"`
	}
	b.decode(n, place, &spec)
	s := b.known(get(n, "sent"), place+".sent", spec.Sent)
	return way{key: b.expression(&spec.Item), sent: strings.Split(spec.Sent, "."), sequence: s != nil && s.Fill == "sequence"}
}

func (b *builder) judge(spec judgeSpec) judge {
	j := judge{class: b.expression(spec.Class), code: b.expression(spec.Code), message: b.expression(spec.Message), reference: b.expression(spec.Reference),
		ok: b.expression(&spec.OK, expr.AsBool()), codes: map[string]codeRule{}}
	for _, t := range spec.Texts {
		if t.Match.Node == nil {
			continue
		}
		re, err := regexp.Compile("(?i)" + lookalikes.Replace(t.Match.Text))
		if err != nil {
			b.wrong(t.Match.Node, t.Match.Place, "document.pattern", "pattern", t.Match.Text, "error", err)
		}
		j.texts = append(j.texts, textRule{re, b.classOf(t.Class), t.Status, t.Code, t.Text})
	}
	for code, c := range spec.Codes {
		j.codes[code] = codeRule{b.classOf(c.Class), c.Status, c.Text, c.Info}
	}
	return j
}

func (b *builder) classOf(s source) Class {
	if s.Node != nil && !slices.Contains(classes, Class(s.Text)) {
		b.wrong(s.Node, s.Place, "document.choice", "value", s.Text, "allowed", strings.Trim(fmt.Sprint(classes), "[]"))
	}
	return Class(s.Text)
}

// expression compiles one over an answer; the mistake is noted and nil returned when it is none.
func (r *reader) expression(s *source, options ...expr.Option) *expression {
	if s == nil || s.Node == nil {
		return nil
	}
	e, err := compileAnswer(s.Text, options...)
	if err != nil {
		r.wrong(s.Node, s.Place, "document.expression", "error", oneLine(err))
		return nil
	}
	return e
}

// gives computes an expression; one that is not there or cannot be computed gives nil.
func (e *expression) gives(env answerEnv) any {
	if e == nil {
		return nil
	}
	v, err := e.run(env)
	if err != nil {
		return nil
	}
	return v
}

// Plain reports whether everything was taken.
func (r Reading) Plain() bool {
	return r.Class == OK && !slices.ContainsFunc(r.Items, func(v Verdict) bool { return v.Class != OK })
}

// packings are ways to pack a body; some write other things into Content-Encoding, such as utf-8.
var packings = patterns.New(`(?i)\b(br|zstd|gzip|deflate|compress|dcb|dcz)\b`)

func (op *Operation) interpret(r Response, s Sent) Reading {
	if by := r.Header.Get("Content-Encoding"); packings.MatchString(by) && len(r.Body) > 0 {
		v := op.byAnswer(r)
		v.Message = words.Every("answer.packed", "by", by)
		return Reading{Verdict: v}
	}
	if op.answer == nil {
		return op.presumed(r, s)
	}
	if last := op.answer.last.Load(); last.of(r, s) {
		return Reading{Verdict: last.verdict}
	}
	body, root, err := parseBody(r.Body, r.Header.Get("Content-Type"), op.Provider.Charset)
	if err != nil {
		word := bareWord.Find(r.Body)
		if word == nil {
			return Reading{Verdict: op.byText(r)}
		}
		body = string(bytes.TrimSpace(word))
	}
	env := answerEnv{Status: r.Status, Body: body, Root: root, Sent: len(s.Items), Encoding: s.Encoding}
	if op.answer.headers {
		env.Headers = headerTexts(r.Header)
	}
	whole, decided := op.answer.judge.read(env, op.byAnswer(r).Class)
	if !decided || whole.Class != OK && whole.Message == (batch.Text{}) {
		whole = op.worded(whole, decided, r, body)
	}
	out := Reading{Verdict: whole}
	if whole.Class != OK {
		out.Blamed = op.blamedRows(env, s)
		return out
	}
	if op.answer.items != nil {
		out.Items = op.answer.items.read(env, op.inside(s))
	}
	op.answer.remember(r, s, whole)
	return out
}

// worded is a verdict with the words of an answer in which the document found none, and the status where there is no code; one that the
// document did not decide is decided by them.
func (op *Operation) worded(v Verdict, decided bool, r Response, body any) Verdict {
	said := op.byText(r)
	if words := wordsIn(body); words != "" {
		said.Message = batch.Text{EN: words}
	}
	if decided {
		said.Class = v.Class
	}
	if v.Message != (batch.Text{}) {
		said.Message = v.Message
	}
	said.Code, said.Reference = cmp.Or(v.Code, said.Code), v.Reference
	return said
}

// bareWord is an answer of one word without quotes: success, as programs give it that are no more careful.
var bareWord = patterns.New(`^\s*[A-Za-z]{1,20}\s*$`)

// inside is what was sent with the bodies taken out of their envelopes.
func (op *Operation) inside(s Sent) Sent {
	if !op.Enveloped() {
		return s
	}
	s.Items = slices.Clone(s.Items)
	for i := range s.Items {
		s.Items[i].Body = op.Part(s.Items[i].Body, "body")
	}
	return s
}

// mentions reports whether a word occurs in a text of the document below n.
func mentions(n *yaml.Node, word string) bool {
	return strings.Contains(n.Value, word) || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return mentions(c, word) })
}

func headerTexts(h http.Header) map[string]string {
	out := make(map[string]string, len(h))
	for name, values := range h {
		out[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out
}

// byAnswer is byStatus of who gave the answer: 503 is also what stands before a provider says of a request that the provider took and did not
// answer in time, or at all.
func (op *Operation) byAnswer(r Response) Verdict {
	v := op.byStatus(r.Status)
	if r.Status == http.StatusServiceUnavailable && unanswered.Match(r.Body) && !unsent.Match(r.Body) {
		v.Class = Unknown
	}
	return v
}

var (
	// unanswered are the words of Varnish (as Magento has it, and Fastly), Envoy (Istio, Higress), Heroku, Cloud Run and Azure Front Door. Some
	// have the same ones for a provider that cannot be reached, as others have 502.
	unanswered = patterns.New(`(?i)\bbackend (fetch failed|read error|write error)|\b(first byte|between bytes) timeout|upstream connect error or disconnect/reset before headers` +
		`|herokucdn\.com/error-pages/application-error|malformed or connection to the instance had an error|our services aren['’]t available right now`)
	// unsent are Envoy's words for a request that it did not pass on, at its only try.
	unsent = patterns.New(`(?i)before headers\. reset reason: ((local |remote )?connection (failure|timeout)|overflow|(local|remote) refused stream reset)`)
)

// byStatus is the meaning of an answer that fits nothing documented: never ok.
func (op *Operation) byStatus(status int) Verdict {
	v := Verdict{Class: Unknown, Code: strconv.Itoa(status)}
	switch {
	case slices.Contains([]int{http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable}, status):
		v.Class = Retry
	case status == http.StatusUnauthorized && op.logsIn():
		v.Class = Renew
	case status == http.StatusUnauthorized:
		v.Class = Auth
	case status == http.StatusForbidden, status == http.StatusPaymentRequired, status == http.StatusProxyAuthRequired:
		v.Class = Config
	case status == http.StatusRequestEntityTooLarge && op.Rows.Kind == Batch:
		v.Class = Split
	case status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect:
		v.Class = Config
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		v.Class = Rejected
	}
	return v
}

// logsIn reports whether the operation knows a scheme that gets what it sends from a login.
func (op *Operation) logsIn() bool {
	return slices.ContainsFunc(op.Schemes, func(name string) bool {
		s, _ := op.Provider.Scheme(name)
		return slices.ContainsFunc(append(slices.Clone(s.Parts), s), func(p Scheme) bool { return p.Kind == "session" || p.Kind == "oauth2" })
	})
}

// loud reports whether an HTTP status says by itself what became of the request, whatever the body says: the provider is busy, the
// account is refused, or nobody knows whether it was executed. Only what a document names together with it decides otherwise.
func loud(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// read decides by class, ok, texts, codes; decided is false when none of them fits. Under a loud status they only count where the
// document speaks of the status too, or says what it says.
func (j *judge) read(env answerEnv, says Class) (v Verdict, decided bool) {
	loud := loud(env.Status)
	message := strings.Join(textsIn(j.message.gives(env), 0), "; ")
	codes := textsIn(j.code.gives(env), 0)
	v = Verdict{Code: strings.Join(codes, ", "), Message: batch.Text{EN: message}, Reference: plainText(j.reference.gives(env))}
	raw := v.Message
	j.translate(&v, codes)

	if c := Class(plainText(j.class.gives(env))); c != "" && (!loud || j.class.mentions("status")) {
		v.Class = c
		if !slices.Contains(classes, c) {
			v.Class = Unknown
		}
		return v, true
	}
	if yes, _ := j.ok.gives(env).(bool); yes && (!loud || j.ok.mentions("status")) {
		v.Class = OK
		return v, true
	}
	if j.byText(&v, message, env.Status, says) || j.byCode(&v, codes, env.Status, says) {
		return v, true
	}
	if loud {
		v.Message = raw
	}
	return v, false
}

// speaks reports whether a rule counts under a status: under a loud one only where it names that or says the same.
func speaks(class Class, named []int, status int, says Class) bool {
	return !loud(status) || class == says || slices.Contains(named, status)
}

// translate puts the document's words for the codes in place of the provider's.
func (j *judge) translate(v *Verdict, codes []string) {
	var texts []batch.Text
	for _, c := range codes {
		if t := j.codeRule(c).text; t != (batch.Text{}) {
			texts = append(texts, spoken(t, c, v.Message.EN))
		}
	}
	if texts == nil {
		return
	}
	v.Message = batch.InEach(func(l batch.Language) string {
		said := make([]string, len(texts))
		for i, t := range texts {
			said[i] = t.In(l)
		}
		return strings.Join(said, "; ")
	})
}

// spoken fills the provider's own code and words into a text.
func spoken(t batch.Text, code, message string) batch.Text {
	put := strings.NewReplacer("{code}", code, "{message}", message)
	say := func(text string) string {
		text = put.Replace(text)
		if message == "" {
			text = strings.TrimRight(text, " :：") // nothing follows
		}
		return text
	}
	return batch.Text{EN: say(t.EN), ZH: say(t.ZH), RU: say(t.RU)}
}

func (j *judge) byText(v *Verdict, message string, status int, says Class) bool {
	if message == "" || len(j.texts) == 0 {
		return false
	}
	folded := foldText(message)
	for _, t := range j.texts {
		if !speaks(t.class, t.status, status, says) || !t.match.MatchString(folded) {
			continue
		}
		v.Class = t.class
		if t.code != "" {
			v.Code = t.code
		}
		if t.text != (batch.Text{}) {
			v.Message = spoken(t.text, v.Code, message)
		}
		return true
	}
	return false
}

// codeRule is what the document says of a code, or of any other one.
func (j *judge) codeRule(code string) codeRule {
	if rule, known := j.codes[code]; known {
		return rule
	}
	if rule, known := j.codes[byValue(code)]; known {
		return rule
	}
	return j.codes["*"]
}

// byCode takes the class of the first code that is more than information, else of the first.
func (j *judge) byCode(v *Verdict, codes []string, status int, says Class) bool {
	var first *codeRule
	for _, c := range codes {
		rule := j.codeRule(c)
		if rule.class == "" || !speaks(rule.class, rule.status, status, says) {
			continue
		}
		if first == nil || first.info && !rule.info {
			first = &rule
		}
	}
	if first == nil {
		return false
	}
	v.Class = first.class
	return true
}

// read gives one verdict for each item sent.
func (e *entriesOf) read(env answerEnv, s Sent) []Verdict {
	out := make([]Verdict, len(s.Items))
	for i := range out {
		out[i].Class = Unknown
	}
	list := asList(e.list.gives(env))
	for entry, item := range e.match(env, list, s) {
		if item < 0 {
			continue
		}
		env.Item = list[entry]
		v, decided := e.judge.read(env, "")
		if !decided {
			v.Class = Unknown
		}
		out[item] = v
	}
	return out
}

// match finds the item of each entry, -1 where there is none. An item that two entries claim has none of them.
func (e *entriesOf) match(env answerEnv, list []any, s Sent) []int {
	found := make([]int, len(list))
	for i := range found {
		found[i] = -1
	}
	bodies := make([]map[string]any, len(s.Items))
	for i := range s.Items {
		v, _ := parseJSON(s.Items[i].Body)
		bodies[i], _ = v.(map[string]any)
	}
	keys := make([][2][]string, len(e.ways)) // of each way: what the entries say, what the items have
	for w, way := range e.ways {
		if way.key != nil {
			keys[w] = [2][]string{way.entryKeys(env, list), way.itemKeys(bodies)}
		}
	}
	for w, way := range e.ways {
		switch {
		case way.position:
			byPosition(found, len(s.Items), keys)
		case contradicted(keys[w], keys[w+1:]):
			keys[w] = [2][]string{}
		default:
			byKey(found, keys[w][0], keys[w][1])
		}
	}
	return unambiguous(found, len(s.Items))
}

// contradicted reports whether a way leads an entry to an item whose values of another way differ from the entry's: a
// provider that counts from nought, or in an order of its own. Nothing that the way says is believed then.
func contradicted(way [2][]string, others [][2][]string) bool {
	for entry, key := range way[0] {
		item := slices.Index(way[1], key)
		if key == "" || item < 0 || slices.Contains(way[1][item+1:], key) {
			continue
		}
		for _, o := range others {
			if differ(o, entry, item) {
				return true
			}
		}
	}
	return false
}

// differ reports whether an entry and an item both name a value and do not mean the same.
func differ(way [2][]string, entry, item int) bool {
	return way[0] != nil && way[0][entry] != "" && way[1][item] != "" && foldKey(way[0][entry]) != foldKey(way[1][item])
}

func (w way) entryKeys(env answerEnv, list []any) []string {
	out := make([]string, len(list))
	for i, entry := range list {
		env.Item = entry
		out[i] = plainText(w.key.gives(env))
	}
	return out
}

func (w way) itemKeys(bodies []map[string]any) []string {
	out := make([]string, len(bodies))
	for i, body := range bodies {
		if w.sequence {
			out[i] = strconv.Itoa(i + 1)
			continue
		}
		if values := valuesAt(body, w.sent); len(values) == 1 {
			out[i] = values[0]
		}
	}
	return out
}

// byKey matches by a value that one item and one entry alone have.
func byKey(found []int, said, sent []string) {
	owner, claims := map[string]int{}, map[string]int{}
	for i, key := range sent {
		if _, twice := owner[key]; twice {
			i = -1
		}
		owner[key] = i
	}
	for _, key := range said {
		claims[key]++
	}
	for entry, key := range said {
		item, known := owner[key]
		if found[entry] < 0 && key != "" && known && item >= 0 && claims[key] == 1 {
			found[entry] = item
		}
	}
}

// byPosition matches what is left when there are as many entries as items, the entries found so far stand in the
// items' order, and no value that both sides name differs.
func byPosition(found []int, items int, keys [][2][]string) {
	if len(found) != items {
		return
	}
	for entry, item := range found {
		if item >= 0 && item != entry {
			return
		}
		for _, k := range keys {
			if differ(k, entry, entry) {
				return
			}
		}
	}
	for i := range found {
		found[i] = i
	}
}

func unambiguous(found []int, items int) []int {
	claims := make([]int, items)
	for _, item := range found {
		if item >= 0 {
			claims[item]++
		}
	}
	for entry, item := range found {
		if item >= 0 && claims[item] > 1 {
			found[entry] = -1
		}
	}
	return found
}

// valuesAt lists the plain values at a path, through lists.
func valuesAt(v any, path []string) []string {
	if list, ok := v.([]any); ok {
		var out []string
		for _, one := range list {
			out = append(out, valuesAt(one, path)...)
		}
		return out
	}
	if len(path) == 0 {
		return []string{plainText(v)}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	inner, there := object[path[0]]
	if !there {
		return nil
	}
	return valuesAt(inner, path[1:])
}

// blamedRows finds the rows whose values the answer names: positions in the rows of the one item sent.
func (op *Operation) blamedRows(env answerEnv, s Sent) []int {
	a := op.answer
	if a.blamed == nil || len(s.Items) != 1 {
		return nil
	}
	named := map[string]bool{}
	for _, t := range textsIn(a.blamed.gives(env), 0) {
		named[t] = true
	}
	if len(named) == 0 {
		return nil
	}
	var body any
	if json.Unmarshal(op.Part(s.Items[0].Body, "body"), &body) != nil {
		return nil
	}
	values := valuesAt(body, a.blameField)
	if len(values) != len(s.Items[0].Rows) {
		return nil
	}
	var out []int
	for i, v := range values {
		if named[v] {
			out = append(out, i)
		}
	}
	return out
}

// SessionID reads the session out of a login's answer; "" when it was refused. encoding is json or xml.
func (l Login) SessionID(r Response, encoding string) string {
	body, root, err := parseBody(r.Body, r.Header.Get("Content-Type"), "")
	if err != nil || l.session == nil {
		return ""
	}
	return plainText(l.session.gives(answerEnv{Status: r.Status, Headers: headerTexts(r.Header), Body: body, Root: root, Encoding: encoding}))
}
