package senders

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/basic"
	"github.com/rowferry/rowferry/senders/header"
	"github.com/rowferry/rowferry/senders/oauth"
	"github.com/rowferry/rowferry/senders/pace"
	"github.com/rowferry/rowferry/senders/session"
	"github.com/rowferry/rowferry/senders/signed"
	"github.com/rowferry/rowferry/senders/together"
	"github.com/rowferry/rowferry/words"
)

// schemes is the one list of authentication schemes, by the name that provider documents use.
var schemes = map[string]func(auth.Account) (auth.Scheme, []batch.Mistake){
	"none":    header.New,
	"basic":   basic.New,
	"header":  header.New,
	"body":    header.New,
	"signed":  signed.New,
	"session": session.New,
	"oauth2":  oauth.New,
}

// Options are what a sender needs besides its account. The zero value will do.
type Options struct {
	Log        *slog.Logger       // nil: none. Credentials and values of rows are never logged
	Operations []string           // those that will be sent; nil: all of the provider
	Past       []time.Time        // starts of requests that an earlier process made within the last period of the rate
	Started    func(at time.Time) // called when a request leaves, a login or a repeat too; may be nil
}

// Mistakes are everything that is wrong with an account, at once.
type Mistakes struct {
	Account string
	List    []batch.Mistake // keys are places below the account: sign, credentials.token
}

func (m *Mistakes) Error() string { return m.In(batch.English) }

// In lists the mistakes in a language, one a line.
func (m *Mistakes) In(l batch.Language) string {
	var lines []string
	for _, one := range m.List {
		lines = append(lines, fmt.Sprintf("accounts.%s.%s: %s", m.Account, one.Key, words.Say(l, one.What)))
	}
	return strings.Join(lines, "\n")
}

// Open makes the sender of an account. An error is *Mistakes and lists all of them; what works but should be looked at is logged.
func Open(account configs.Account, p *providers.Provider, o Options) (Sender, error) {
	b := build(account, p, o)
	wrong := slices.DeleteFunc(slices.Clone(b.wrong), func(m batch.Mistake) bool { return m.Warning })
	if len(wrong) > 0 {
		return nil, &Mistakes{account.Name, wrong}
	}
	for _, w := range b.wrong {
		b.s.log.Warn(words.Say(batch.English, w.What), "account", account.Name, "setting", w.Key)
	}
	return b.s, nil
}

// Check lists everything that is wrong with an account for these operations of its provider (nil: all of them), with keys below
// the account. No sender is made and nothing is sent.
func Check(account configs.Account, p *providers.Provider, operations []string) []batch.Mistake {
	return build(account, p, Options{Operations: operations}).wrong
}

// builder collects a sender and everything that is wrong with it.
type builder struct {
	account  configs.Account
	provider *providers.Provider
	s        *sender
	server   *url.URL
	made     map[string]auth.Scheme
	wrong    []batch.Mistake
}

func build(account configs.Account, p *providers.Provider, o Options) *builder {
	b := &builder{account: account, provider: p, made: map[string]auth.Scheme{}}
	b.s = &sender{account: account.Name, timeout: cmp.Or(account.Timeout, 30*time.Second), calls: map[string]*call{}, log: o.Log}
	if b.s.log == nil {
		b.s.log = slog.New(slog.DiscardHandler)
	}
	b.resolve()
	b.credentials()
	b.rate(o)
	b.s.transport = newTransport(max(account.Concurrency, p.Limits.Concurrency, 4), b.roots())
	b.s.transport.TLSClientConfig.Certificates = b.certificate()
	for _, op := range p.Operations {
		if o.Operations == nil || slices.Contains(o.Operations, op.ID) {
			b.operation(op)
		}
	}
	for _, id := range o.Operations {
		if !slices.ContainsFunc(p.Operations, func(op *providers.Operation) bool { return op.ID == id }) {
			b.refuse("provider", "operation_unknown", "name", id, "provider", p.Name)
		}
	}
	b.choices()
	b.secrets()
	return b
}

func (b *builder) refuse(key, word string, args ...any) {
	b.wrong = append(b.wrong, batch.Mistake{Key: key, What: words.Message("sender."+word, args...)})
}

// resolve finds where the provider listens.
func (b *builder) resolve() {
	server := b.account.Server
	var environments []string
	for _, one := range b.provider.Servers {
		environments = append(environments, one.Environment)
		only := server == "" && len(b.provider.Servers) == 1 && one.Environment != "sandbox" // a test system is chosen by name
		if server != "" && one.Environment == server || only {
			server = one.URL
			break
		}
	}
	known := strings.Join(environments, ", ")
	switch {
	case server == "" && known == "":
		b.refuse("server", "server_url", "provider", b.provider.Name)
		return
	case server == "":
		b.refuse("server", "server_missing", "choices", known)
		return
	case !strings.Contains(server, "://"):
		b.refuse("server", "server_unknown", "value", server, "choices", strings.TrimPrefix(known+", ", ", ")+"https://…")
		return
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		b.refuse("server", "server_bad")
		return
	}
	if u.User != nil {
		b.refuse("server", "server_user")
		return
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		b.wrong = append(b.wrong, batch.Mistake{Key: "server", Warning: true, What: words.Message("sender.plain_http", "host", u.Host)})
	}
	if u.Path == "" {
		u.Path = "/" // JoinPath keeps a path without a slash relative
	}
	b.server, b.s.server = u, u
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// credentials looks for values that cannot be sent and names the provider does not know.
func (b *builder) credentials() {
	for _, name := range slices.Sorted(maps.Keys(b.account.Credentials)) {
		if bad(b.account.Credentials[name].Reveal()) {
			b.refuse("credentials."+name, "control_in", "name", name)
		}
		if !slices.ContainsFunc(b.provider.Credentials, func(c providers.Credential) bool { return c.Name == name }) && len(b.provider.Credentials) > 0 {
			if b.account.Sign == nil || !strings.Contains(b.account.Sign.Over+b.account.Sign.Key, "{"+name+"}") {
				var known []string
				for _, c := range b.provider.Credentials {
					known = append(known, c.Name)
				}
				b.refuse("credentials."+name, "credential_unknown", "name", name, "choices", strings.Join(known, ", "))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.account.Headers)) {
		if bad(b.account.Headers[name].Reveal()) || !token(name) {
			b.refuse("headers."+name, "control_in", "name", name)
		}
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding", "connection", "host":
			b.refuse("headers."+name, "header_ours", "name", name)
		}
	}
}

// bad reports line breaks and other characters that a header cannot hold; a secret read from a file often ends with one.
func bad(v string) bool {
	return strings.ContainsFunc(v, unicode.IsControl) || strings.TrimSpace(v) != v
}

func token(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func (b *builder) rate(o Options) {
	limit := b.provider.Limits.Rate
	if b.account.Rate != "" {
		r, err := providers.ParseRate(b.account.Rate)
		if err != nil {
			b.refuse("rate", "rate_bad", "value", b.account.Rate)
		}
		limit = r
	}
	b.s.pacer = pace.New(pace.Options{N: limit.N, Per: limit.Per, Past: o.Past, Started: o.Started})
}

// scheme makes an authentication scheme of the provider, once.
func (b *builder) scheme(name, encoding string) auth.Scheme {
	if s, ok := b.made[name]; ok {
		return s
	}
	of, known := b.provider.Scheme(name)
	if !known {
		of = providers.Scheme{Name: name, Kind: name}
	}
	s := b.make(of, encoding)
	b.made[name] = s
	return s
}

func (b *builder) make(of providers.Scheme, encoding string) auth.Scheme {
	if of.Kind == "all" {
		var parts []auth.Scheme
		for _, p := range of.Parts {
			parts = append(parts, b.make(p, encoding))
		}
		return together.New(parts)
	}
	build := schemes[cmp.Or(of.Kind, of.Name)]
	if build == nil {
		b.refuse("auth", "scheme_unknown", "value", of.Name, "choices", strings.Join(slices.Sorted(maps.Keys(schemes)), ", "))
		build = header.New
	}
	s, wrong := build(auth.Account{Scheme: of, Credentials: b.account.Credentials, Sign: b.account.Sign, Login: b.account.Login, Encoding: encoding,
		Server: b.server, Client: &http.Client{Transport: b.s.transport, Timeout: b.s.timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}})
	for _, w := range wrong {
		if !slices.ContainsFunc(b.wrong, func(o batch.Mistake) bool { return o.Key == w.Key }) {
			b.wrong = append(b.wrong, w)
		}
	}
	return s
}

// query are the parameters of the URL that a scheme adds.
func (b *builder) query(of providers.Scheme) (out []pair) {
	for _, name := range slices.Sorted(maps.Keys(of.Query)) {
		value := auth.NewTemplate(of.Query[name]).Append(nil, func(dst []byte, c string) []byte {
			return append(dst, b.account.Credentials[c].Reveal()...)
		})
		out = append(out, pair{name, string(value)})
	}
	for _, p := range of.Parts {
		out = append(out, b.query(p)...)
	}
	return out
}

// operation prepares everything about an operation's requests that is the same for all of them.
func (b *builder) operation(op *providers.Operation) {
	c := &call{op: op, encoding: "json", scheme: "none"}
	if len(op.Encodings) > 0 {
		c.encoding = op.Encodings[0]
	}
	if slices.Contains(op.Encodings, b.account.Encoding) {
		c.encoding = b.account.Encoding
	}
	if len(op.Schemes) > 0 {
		c.scheme = op.Schemes[0]
	}
	if slices.Contains(op.Schemes, b.account.Auth) {
		c.scheme = b.account.Auth
	}
	c.auth = b.scheme(c.scheme, c.encoding)
	if of, known := b.provider.Scheme(c.scheme); known {
		c.query = b.query(of)
	}
	if b.server != nil {
		c.url = b.server.JoinPath(path(op.Paths, c.encoding, op.Encodings))
		c.server, c.path = b.server, path(op.Paths, c.encoding, op.Encodings)
	}
	c.header = http.Header{"User-Agent": {"rowferry"}, "Accept": {mediaTypes[c.encoding]}}
	if c.encoding == "form" {
		c.header["Accept"] = []string{"application/json"}
	}
	if op.Accept != "" {
		c.header["Accept"] = []string{op.Accept}
	}
	if op.Body != nil {
		c.header["Content-Type"] = []string{cmp.Or(op.Media[c.encoding], mediaTypes[c.encoding])}
	}
	for name, v := range b.account.Headers {
		for other := range c.header {
			if strings.EqualFold(name, other) {
				delete(c.header, other)
			}
		}
		auth.Set(c.header, name, v.Reveal())
	}
	if c.auth.Fixed() {
		c.auth.Authorize(&auth.Request{Header: c.header})
	}
	c.encoder = newEncoder(op, c.scheme, c.encoding, func(name string) string { return b.account.Credentials[name].Reveal() })
	b.s.calls[op.ID] = c
}

var mediaTypes = map[string]string{"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}

// path is that of the encoding, or the operation's only one.
func path(paths map[string]string, encoding string, order []string) string {
	if p := paths[encoding]; p != "" {
		return p
	}
	for _, e := range order {
		if p := paths[e]; p != "" {
			return p
		}
	}
	for _, p := range paths {
		return p
	}
	return "/"
}

// choices refuses settings that no operation can follow.
func (b *builder) choices() {
	var auths, encodings []string
	for _, op := range b.provider.Operations {
		auths, encodings = append(auths, op.Schemes...), append(encodings, op.Encodings...)
	}
	slices.Sort(auths)
	slices.Sort(encodings)
	auths, encodings = slices.Compact(auths), slices.Compact(encodings)
	if a := b.account.Auth; a != "" && !slices.Contains(auths, a) {
		b.refuse("auth", "scheme_unknown", "value", a, "choices", strings.Join(auths, ", "))
	}
	if e := b.account.Encoding; e != "" && !slices.Contains(encodings, e) {
		b.refuse("encoding", "encoding_unknown", "value", e, "choices", strings.Join(encodings, ", "))
	}
}

// roots are the system's authorities and the account's own; nil means the system's.
func (b *builder) roots() *x509.CertPool {
	if b.account.CA == "" {
		return nil
	}
	pem, err := os.ReadFile(b.account.CA)
	if err != nil {
		reason := err
		if p, ok := errors.AsType[*os.PathError](err); ok {
			reason = p.Err
		}
		b.refuse("ca", "ca_unreadable", "path", b.account.CA, "reason", reason)
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		b.refuse("ca", "ca_empty", "path", b.account.CA)
	}
	return pool
}

// certificate is the account's own; nil where the provider asks for none.
func (b *builder) certificate() []tls.Certificate {
	if b.account.Cert == "" && b.account.Key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(b.account.Cert, b.account.Key)
	if err != nil {
		b.refuse("cert", "cert", "cert", b.account.Cert, "key", b.account.Key)
		return nil
	}
	return []tls.Certificate{pair}
}

// secrets collects what must not appear in anything the sender hands out.
func (b *builder) secrets() {
	var pairs []string
	for name, v := range b.account.Credentials {
		public := slices.ContainsFunc(b.provider.Credentials, func(c providers.Credential) bool { return c.Name == name && !c.Secret })
		if !public && len(v.Reveal()) >= 4 {
			pairs = append(pairs, v.Reveal(), "***")
		}
	}
	for _, v := range b.account.Headers {
		if len(v.Reveal()) >= 4 {
			pairs = append(pairs, v.Reveal(), "***")
		}
	}
	b.s.hide = strings.NewReplacer(pairs...)
}

// Close ends idle connections.
func (s *sender) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}
