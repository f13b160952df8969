package senders

import (
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/basic"
	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/exchange/pooled"
	"github.com/rowferry/rowferry/senders/exchange/standard"
	"github.com/rowferry/rowferry/senders/header"
	"github.com/rowferry/rowferry/senders/oauth"
	"github.com/rowferry/rowferry/senders/pace"
	"github.com/rowferry/rowferry/senders/session"
	"github.com/rowferry/rowferry/senders/signed"
	"github.com/rowferry/rowferry/senders/together"
	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// schemes is the one list of authentication schemes, by the name that provider documents use.
var schemes = map[string]auth.Kind{
	"none":    header.Kind,
	"basic":   basic.Kind,
	"header":  header.Kind,
	"body":    header.Kind,
	"signed":  signed.Kind,
	"session": session.Kind,
	"oauth2":  oauth.Kind,
}

// Options are what a sender needs besides its account. The zero value will do.
type Options struct {
	Log        *slog.Logger       // nil: none. Credentials and values of rows are never logged
	Operations []string           // those that will be sent; nil: all of the provider
	Past       []time.Time        // starts of requests that an earlier process made within the last period of the rate
	Started    func(at time.Time) // called when a request leaves, a login or a repeat too; may be nil
}

// MistakesError is everything that is wrong with an account, at once; the keys are below the account: sign, credentials.token.
type MistakesError struct {
	Account string
	List    []batch.Mistake
}

// Error lists the mistakes in English, one a line.
func (e *MistakesError) Error() string {
	var lines []string
	for _, one := range e.List {
		lines = append(lines, fmt.Sprintf("accounts.%s.%s: %s", e.Account, one.Key, words.Chain(batch.English, words.Say(batch.English, one.What), words.Say(batch.English, one.Write))))
	}
	return strings.Join(lines, "\n")
}

// Open makes the sender of an account. It needs what Check asks for: the error is a *MistakesError.
func Open(account configs.Account, p *providers.Provider, o Options) (Sender, error) {
	wrong := slices.DeleteFunc(Check(account, p, o.Operations), func(m batch.Mistake) bool { return m.Warning })
	if len(wrong) > 0 {
		return nil, &MistakesError{account.Name, wrong}
	}
	return build(account, p, o), nil
}

// builder makes a sender.
type builder struct {
	account   configs.Account
	provider  *providers.Provider
	transport *http.Transport // of logins elsewhere, and what requests go by is set as it is
	s         *sender
	made      map[string]auth.Scheme
	calls     map[string]*call
}

func build(account configs.Account, p *providers.Provider, o Options) *sender {
	b := &builder{account: account, provider: p}
	b.s = &sender{account: account.Name, timeout: cmp.Or(account.Timeout, 30*time.Second), log: o.Log, mask: &mask{}}
	if b.s.log == nil {
		b.s.log = slog.New(slog.DiscardHandler)
	}
	b.s.server, _ = url.Parse(address(account, p))
	if b.s.server.Path == "" {
		b.s.server.Path = "/" // JoinPath keeps a path without a slash relative
	}
	limit := Rate(account, p)
	b.s.pacer = pace.New(pace.Options{N: limit.N, Per: limit.Per, Past: o.Past, Started: o.Started})
	b.transport = Transport(account, max(account.Concurrency, p.Limits.Concurrency, 4))
	own, _ := trust.Pair(account.Cert, account.Key)
	b.transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		b.s.wanted.Store(true)
		if len(own) > 0 {
			return &own[0], nil
		}
		return &tls.Certificate{}, nil
	}
	b.s.carrier, b.s.logins = carrier(b.transport, b.s.server), b.transport
	b.s.dress.Store(b.dress(o))
	b.s.renew = func() *dress {
		if !b.rotated() {
			return nil
		}
		return b.dress(o)
	}
	return b.s
}

// carrier is what carries requests to a server: ours where it speaks what is asked for, else net/http.
func carrier(settings *http.Transport, server *url.URL) exchange.Carrier {
	if ours, speaks := pooled.New(settings, server); speaks {
		return ours
	}
	return standard.New(settings)
}

// dress prepares the requests of the operations with the account's secrets.
func (b *builder) dress(o Options) *dress {
	b.made, b.calls = map[string]auth.Scheme{}, map[string]*call{}
	for _, op := range b.provider.Operations {
		if o.Operations == nil || slices.Contains(o.Operations, op.ID) {
			b.operation(op)
		}
	}
	b.secrets()
	return &dress{b.calls}
}

// rotated reads secrets again that came from files, and reports whether one has changed.
func (b *builder) rotated() (changed bool) {
	again := func(all map[string]configs.Secret) map[string]configs.Secret {
		out := maps.Clone(all)
		for name, old := range all {
			out[name] = old.Again()
			changed = changed || out[name].Reveal() != old.Reveal()
		}
		return out
	}
	b.account.Credentials, b.account.Headers = again(b.account.Credentials), again(b.account.Headers)
	return changed
}

// Rate is the pace of an account: its own, or what the provider allows.
func Rate(account configs.Account, p *providers.Provider) providers.Rate {
	if account.Rate == "" {
		return p.Limits.Rate
	}
	rate, _ := providers.ParseRate(account.Rate)
	return rate
}

// scheme makes an authentication scheme of the provider, once.
func (b *builder) scheme(name string) auth.Scheme {
	if b.made[name] == nil {
		b.made[name] = b.make(schemeNamed(b.provider, name))
	}
	return b.made[name]
}

func (b *builder) make(of providers.Scheme) auth.Scheme {
	if of.Kind == "all" {
		var parts []auth.Scheme
		for _, p := range of.Parts {
			parts = append(parts, b.make(p))
		}
		return together.New(parts)
	}
	a := authAccount(b.account, of)
	a.Server, a.Log = b.s.server, b.s.log
	a.Client = &http.Client{Transport: b.transport, Timeout: b.s.timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return schemes[cmp.Or(of.Kind, of.Name)].New(a)
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
	c := &call{op: op, encoding: "json", scheme: schemeOf(b.account, op)}
	if len(op.Encodings) > 0 {
		c.encoding = op.Encodings[0]
	}
	if slices.Contains(op.Encodings, b.account.Encoding) {
		c.encoding = b.account.Encoding
	}
	c.auth = b.scheme(c.scheme)
	if of, known := b.provider.Scheme(c.scheme); known {
		c.kind = cmp.Or(of.Kind, of.Name)
		c.query = b.query(of)
	}
	c.server, c.path = b.s.server, path(op.Paths, c.encoding, op.Encodings)
	c.url = c.server.JoinPath(c.path)
	c.header = http.Header{"User-Agent": {"rowferry"}, "Accept": {mediaTypes[c.encoding]}}
	if c.encoding == "form" || c.encoding == "multipart" {
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
	credentials := b.account.Credentials
	c.encoder = newEncoder(op, c.scheme, c.encoding, func(name string) string { return credentials[name].Reveal() })
	b.calls[op.ID] = c
}

var mediaTypes = map[string]string{"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded",
	"multipart": "multipart/form-data; boundary=" + boundary}

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

// secrets tells the mask what must not appear in anything the sender hands out. What an earlier secret was stays hidden.
func (b *builder) secrets() {
	for name, v := range b.account.Credentials {
		public := slices.ContainsFunc(b.provider.Credentials, func(c providers.Credential) bool { return c.Name == name && !c.Secret })
		if public {
			continue
		}
		b.s.mask.add(v.Reveal())
		for other, login := range b.account.Credentials {
			if other != name && !v.Empty() {
				b.s.mask.add(base64.StdEncoding.EncodeToString([]byte(login.Reveal()+":"+v.Reveal())), base64.RawStdEncoding.EncodeToString([]byte(login.Reveal()+":"+v.Reveal())))
			}
		}
	}
	if through, _ := proxyOf(b.account); through != nil && through.User != nil {
		password, _ := through.User.Password()
		b.s.mask.add(password)
	}
	for _, v := range b.account.Headers {
		b.s.mask.add(v.Reveal())
		if _, token, ok := strings.Cut(v.Reveal(), " "); ok { // Bearer TOKEN
			b.s.mask.add(token)
		}
	}
}

// Close ends idle connections.
func (s *sender) Close() error {
	s.carrier.Close()
	s.logins.CloseIdleConnections()
	return nil
}
