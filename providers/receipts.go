package providers

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
)

// What a provider says later about a request that it took over: a document says under `webhooks:` what comes to an address
// of ours, and an operation under `receipts` by which keys such a receipt finds what was sent.

// Webhook is a kind of receipts that come to an address of ours.
type Webhook struct {
	Name   string
	Title  batch.Text
	Signs  Signed // the headers of its signature
	Answer string // the body of our answer

	Examples []string // verbatim bodies

	list, key, class, code, message, said *expression
	zone                                  *time.Location
	charset                               string
}

// Signed names the headers of a signature; empty ones are not there.
type Signed struct {
	Sign      string `key:"sign"`
	Timestamp string `key:"timestamp"`
	Nonce     string `key:"nonce"`
}

// Receipts say how receipts find what an operation sent.
type Receipts struct {
	Kind    string // of what brings them: the name of the webhook, or one of the operation's own
	Webhook string // its name; "" where nothing comes by itself
	Poll    *Poll  // what is asked; nil: nothing

	keys []*expression
}

// Poll is how a provider is asked what became of an item.
type Poll struct {
	Path  string        // that is got, with {key}
	Every time.Duration // pause between two questions about an item
	For   time.Duration // how long after it was sent an item is asked about

	Examples []string // verbatim answers

	reads *Webhook
}

// Example is a documented answer of a class; "" where none is documented.
func (p *Poll) Example(class batch.ReceiptClass) string {
	for _, text := range p.Examples {
		if p.Read(Response{Status: http.StatusOK, Body: []byte(text)}, "").Class == class {
			return text
		}
	}
	return ""
}

// At is the path to ask about a key at.
func (p *Poll) At(key string) string { return strings.ReplaceAll(p.Path, "{key}", url.PathEscape(key)) }

// Read is what an answer says of a key: of the class Garbled when nothing.
func (p *Poll) Read(r Response, key string) batch.Receipt {
	body, root, err := parseBody(r.Body, r.Header.Get("Content-Type"), p.reads.charset)
	if err != nil || r.Status < 200 || r.Status > 299 {
		return batch.Receipt{Key: key, Class: batch.Garbled}
	}
	env := answerEnv{Status: r.Status, Headers: headerTexts(r.Header), Body: body, Root: root, Item: body}
	one := p.reads.one(env, body, string(r.Body))
	if one.Key = key; one.Class != batch.Accepted && one.Class != batch.Refused {
		one.Class = batch.Told
	}
	return one
}

// webhookSpec is x-rowferry of a webhook.
type webhookSpec struct {
	Title   batch.Text `key:"title"`
	List    *source    `key:"list"`
	Key     source     `key:"key,must"`
	Class   source     `key:"class,must"`
	Code    *source    `key:"code"`
	Message *source    `key:"message"`
	Said    *source    `key:"said"`
	Zone    string     `key:"zone"`
	Signed  Signed     `key:"signed"`
	Answer  string     `key:"answer"`
}

// receiptsSpec is `receipts` of an operation.
type receiptsSpec struct {
	Webhook source    `key:"webhook"`
	Keys    []source  `key:"keys,must"`
	Poll    *pollSpec `key:"poll"`
}

// pollSpec is `poll` of an operation's receipts.
type pollSpec struct {
	Path    source  `key:"path,must"`
	Every   string  `key:"every"`
	For     string  `key:"for"`
	Class   source  `key:"class,must"`
	Code    *source `key:"code"`
	Message *source `key:"message"`
	Said    *source `key:"said"`
	Zone    string  `key:"zone"`

	Examples []*yaml.Node `key:"examples"`
}

// sentEnv is what the keys of what was sent are made of.
type sentEnv struct {
	Sent      any    `expr:"sent"`
	Reference string `expr:"reference"`
	Meter     *meter `expr:"meter_"`
}

func (r *reader) webhooks(p *Provider) {
	for _, hook := range entries(get(r.root, "webhooks")) {
		n := get(hook.Node, "post")
		x, place := get(n, "x-rowferry"), "webhooks."+hook.Name+".post"
		if x == nil {
			continue // nothing of ours
		}
		var spec webhookSpec
		r.decode(x, place+".x-rowferry", &spec)
		w := &Webhook{Name: hook.Name, Title: spec.Title, Signs: spec.Signed, Answer: spec.Answer, charset: p.Charset,
			list: r.expression(spec.List), key: r.expression(&spec.Key), class: r.expression(&spec.Class), code: r.expression(spec.Code),
			message: r.expression(spec.Message), said: r.expression(spec.Said)}
		if !webhookName(hook.Name) {
			r.wrong(hook.Key, place, "document.choice", "value", hook.Name, "allowed", "a-z A-Z 0-9 - _")
		}
		w.zone = r.zone(get(x, "zone"), place+".x-rowferry.zone", spec.Zone)
		w.Examples = webhookExamples(n)
		p.Webhooks = append(p.Webhooks, w)
	}
}

// zone is the time zone of that name; UTC for none.
func (r *reader) zone(n *yaml.Node, place, name string) *time.Location {
	if name == "" {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		r.wrong(n, place, "document.choice", "value", name, "allowed", "UTC, Asia/Shanghai, Europe/Moscow, …")
		return time.UTC
	}
	return zone
}

// span is a length of time of a document.
func (r *reader) span(n *yaml.Node, place, text string, usual time.Duration) time.Duration {
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		r.wrong(n, place, "document.choice", "value", text, "allowed", "30s, 10m, 72h, …")
		return usual
	}
	return d
}

// poll compiles how the provider is asked.
func (r *reader) poll(p *Provider, spec *pollSpec, n *yaml.Node, place string) *Poll {
	if spec == nil {
		return nil
	}
	if spec.Path.Node != nil && !strings.Contains(spec.Path.Text, "{key}") {
		r.wrong(spec.Path.Node, spec.Path.Place, "document.missing", "key", "{key}")
	}
	var examples []string
	for _, x := range spec.Examples {
		examples = append(examples, verbatim(x))
	}
	return &Poll{Examples: examples, Path: spec.Path.Text, Every: r.span(get(n, "every"), place+".every", spec.Every, 10*time.Minute), For: r.span(get(n, "for"), place+".for", spec.For, 72*time.Hour),
		reads: &Webhook{charset: p.Charset, zone: r.zone(get(n, "zone"), place+".zone", spec.Zone), class: r.expression(&spec.Class), code: r.expression(spec.Code),
			message: r.expression(spec.Message), said: r.expression(spec.Said)}}
}

// webhookName reports whether a name can stand in an address.
func webhookName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	})
}

func webhookExamples(n *yaml.Node) (out []string) {
	for _, media := range entries(get(get(n, "requestBody"), "content")) {
		for _, e := range entries(get(media.Node, "examples")) {
			if v := get(e.Node, "value"); v != nil {
				out = append(out, verbatim(v))
			}
		}
	}
	return out
}

// verbatim is an example as it comes over the line: a text as it stands, all else as JSON.
func verbatim(v *yaml.Node) string {
	if v.Kind == yaml.ScalarNode {
		return v.Value
	}
	b, err := json.Marshal(value(v))
	if err != nil {
		return ""
	}
	return string(b)
}

func (r *reader) receipts(p *Provider, op *Operation, n *yaml.Node, place string) {
	if n == nil {
		return
	}
	var spec receiptsSpec
	r.decode(n, place, &spec)
	op.Receipts = &Receipts{Kind: cmp.Or(spec.Webhook.Text, "of "+op.ID), Webhook: spec.Webhook.Text, Poll: r.poll(p, spec.Poll, get(n, "poll"), place+".poll")}
	if spec.Webhook.Node == nil && spec.Poll == nil {
		r.wrong(n, place, "document.missing", "key", "webhook / poll")
	}
	if _, known := p.Webhook(spec.Webhook.Text); !known && spec.Webhook.Node != nil {
		var names []string
		for _, w := range p.Webhooks {
			names = append(names, w.Name)
		}
		r.wrong(spec.Webhook.Node, place+".webhook", "document.choice", "value", spec.Webhook.Text, "allowed", strings.Join(names, ", "))
	}
	for _, s := range spec.Keys {
		e, err := compileSent(s.Text)
		if err != nil {
			r.wrong(s.Node, s.Place, "document.expression", "error", oneLine(err))
			continue
		}
		op.Receipts.keys = append(op.Receipts.keys, e)
	}
}

// Webhook returns the webhook of this name.
func (p *Provider) Webhook(name string) (*Webhook, bool) {
	i := slices.IndexFunc(p.Webhooks, func(w *Webhook) bool { return w.Name == name })
	if i < 0 {
		return nil, false
	}
	return p.Webhooks[i], true
}

// Keys are the keys of an item that was sent, as a receipt may name them; reference is the provider's. Compare them by FoldKey.
func (r *Receipts) Keys(item batch.Item, op *Operation, reference string) []string {
	body := item.Body
	if op.Enveloped() {
		body = op.Part(body, "body")
	}
	sent, err := parseJSON(body)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range r.keys {
		v, err := e.run(sentEnv{Sent: sent, Reference: reference})
		if key := plainText(v); err == nil && key != "" && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// FoldKey makes keys of receipts comparable: width and case do not count, nor do blanks.
func FoldKey(key string) string { return foldKey(key) }

// Example is a documented receipt of a class as it would come at a moment for what has a key; "" where none is documented.
func (w *Webhook) Example(class batch.ReceiptClass, key string, at time.Time) string {
	for _, text := range w.Examples {
		is := w.Read([]byte(text), nil)[0]
		root, err := parseJSON([]byte(text))
		if is.Class != class || err != nil {
			continue
		}
		made, err := json.Marshal(exchange(root, func(s string) string {
			switch said := moment(s, w.zone); {
			case strings.TrimSpace(s) == is.Key:
				return key
			case !said.IsZero() && said.Equal(is.Said):
				return at.In(w.zone).Format(time.DateTime)
			}
			return s
		}))
		if err == nil {
			return string(made)
		}
	}
	return ""
}

// exchange replaces every text in a value.
func exchange(v any, by func(string) string) any {
	switch x := v.(type) {
	case string:
		return by(x)
	case []any:
		for i := range x {
			x[i] = exchange(x[i], by)
		}
	case map[string]any:
		for k := range x {
			x[k] = exchange(x[k], by)
		}
	}
	return v
}

// Read reads a receipt's body. What cannot be understood is of the class Garbled and keeps what came; there is at least one.
func (w *Webhook) Read(body []byte, header http.Header) []batch.Receipt {
	root, name, err := parseBody(body, header.Get("Content-Type"), w.charset)
	if err != nil || root == nil {
		return []batch.Receipt{{Class: batch.Garbled, Raw: shortened(string(body))}}
	}
	env := answerEnv{Headers: headerTexts(header), Body: root, Root: name, Item: root}
	list := []any{root}
	if w.list != nil {
		list = asList(w.list.gives(env))
	}
	if len(list) == 0 {
		return []batch.Receipt{{Class: batch.Garbled, Raw: shortened(string(body))}}
	}
	var out []batch.Receipt
	for _, item := range list {
		env.Item = item
		out = append(out, w.one(env, item, string(body)))
	}
	return out
}

func (w *Webhook) one(env answerEnv, item any, body string) batch.Receipt {
	raw := body
	if b, err := json.Marshal(item); err == nil && w.list != nil {
		raw = string(b)
	}
	r := batch.Receipt{Key: plainText(w.key.gives(env)), Class: batch.ReceiptClass(plainText(w.class.gives(env))), Code: plainText(w.code.gives(env)),
		Message: plainText(w.message.gives(env)), Said: moment(plainText(w.said.gives(env)), w.zone), Raw: shortened(raw)}
	if r.Key == "" && w.key != nil || r.Class != batch.Accepted && r.Class != batch.Refused && r.Class != batch.Told {
		r.Class = batch.Garbled
	}
	return r
}

// most is how much of a receipt is kept as it came.
const most = 4 << 10

func shortened(s string) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// moment reads a time as providers write it; zero when it is none.
func moment(text string, zone *time.Location) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", "2006/01/02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
