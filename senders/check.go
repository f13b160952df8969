package senders

import (
	"cmp"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/signed"
	"github.com/rowferry/rowferry/spelling"
	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with an account for these operations of its provider (nil: all of them; none: what can be
// said without), with keys below the account. No sender is made and nothing is sent. A secret whose value is not at hand is taken
// to be right.
func Check(account configs.Account, p *providers.Provider, operations []string) []batch.Mistake {
	j := &judge{account: account, provider: p}
	for _, op := range p.Operations {
		if operations == nil || slices.Contains(operations, op.ID) {
			j.operations = append(j.operations, op)
		}
	}
	j.server()
	j.rate()
	j.credentials()
	j.headers()
	j.choices()
	j.schemes()
	j.receipts()
	_, wrong := proxyOf(account)
	return slices.Concat(j.found, trust.CheckAuthorities(account.CA), trust.CheckPair(account.Cert, account.Key), wrong)
}

// judge looks at one account.
type judge struct {
	account    configs.Account
	provider   *providers.Provider
	operations []*providers.Operation
	meant      []string // credentials that a misspelt one probably stands for
	found      []batch.Mistake
}

func (j *judge) bad(key string, what, write batch.Message) {
	j.found = append(j.found, batch.Mistake{Key: key, What: what, Write: write})
}

func (j *judge) warn(key string, what, write batch.Message) {
	j.found = append(j.found, batch.Mistake{Key: key, What: what, Write: write, Warning: true})
}

func (j *judge) server() {
	var there []string
	for _, s := range j.provider.Servers {
		if s.Environment != "" && !slices.Contains(there, s.Environment) {
			there = append(there, s.Environment)
		}
	}
	text := address(j.account, j.provider)
	switch {
	case text == "" && len(there) == 0:
		j.bad("server", words.Message("sender.server.none"), words.Example("server: https://…"))
	case text == "":
		j.bad("server", words.Message("config.missing"), words.Example("server: "+there[0]))
	case text == "production" || text == "sandbox":
		j.bad("server", words.Message("sender.server.absent", "name", text), words.Example("server: https://…"))
	default:
		j.url(text)
	}
}

func (j *judge) url(text string) {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@") || err == nil && u.User != nil: // also where it cannot be read: it would be shown
		j.bad("server", words.Message("sender.server.login"), words.Message("sender.server.login.write"))
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		j.bad("server", words.Message("sender.server", "value", words.Short(text)), betterServer(text))
	case u.RawQuery != "" || u.Fragment != "":
		j.bad("server", words.Message("sender.server.query"), words.Message("sender.server.query.write"))
	case u.Scheme == "http" && !loopback(u.Hostname()):
		j.warn("server", words.Message("sender.server.plain"), words.Message("sender.server.plain.write"))
	}
}

// betterServer is what to write instead of something that is no address.
func betterServer(text string) batch.Message {
	if near := spelling.Nearest(text, []string{"production", "sandbox"}); near != "" {
		return words.Message("config.did_you_mean", "word", near)
	}
	if u, err := url.Parse("https://" + text); err == nil && !strings.Contains(text, ":/") && strings.Contains(u.Host, ".") {
		return words.Example("server: https://" + text)
	}
	return words.Message("sender.server.write")
}

// address is the URL of an account's server, "" where none can be told, or what the account says where the provider has none of
// that name.
func address(account configs.Account, p *providers.Provider) string {
	if account.Server == "" && len(p.Servers) == 1 && p.Servers[0].Environment != "sandbox" { // a test system is chosen by name
		return p.Servers[0].URL
	}
	for _, s := range p.Servers {
		if s.Environment == account.Server {
			return s.URL
		}
	}
	return account.Server
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (j *judge) rate() {
	text, allowed := j.account.Rate, j.provider.Limits.Rate
	if text == "" {
		return
	}
	rate, err := providers.ParseRate(text)
	switch {
	case err != nil:
		j.bad("rate", words.Message("sender.rate", "value", words.Short(text)), words.Example("rate: "+betterRate(text)))
	case allowed.N > 0 && (rate.N == 0 || float64(rate.N)/rate.Per.Seconds() > float64(allowed.N)/allowed.Per.Seconds()):
		j.warn("rate", words.Message("sender.rate.high", "value", text, "allowed", allowed), words.Message("sender.rate.high.write"))
	}
}

var nearlyRate = patterns.New(`^\s*([0-9]{1,9})\s*(?:/|per)?\s*([a-z]*)`)

// betterRate guesses what was meant: "10 / sec", "10".
func betterRate(text string) string {
	m := nearlyRate.FindStringSubmatch(strings.ToLower(text))
	if m == nil || strings.Trim(m[1], "0") == "" {
		return "10/s"
	}
	unit := "s"
	if m[2] != "" && (m[2][0] == 'm' || m[2][0] == 'h' || m[2][0] == 'd') {
		unit = m[2][:1]
	}
	return m[1] + "/" + unit
}

// credentials looks for names that the provider does not know, values that cannot be sent, and secrets that everybody can read.
func (j *judge) credentials() {
	var known []string
	secret := map[string]bool{}
	for _, c := range j.provider.Credentials {
		known = append(known, c.Name)
		secret[c.Name] = c.Secret
	}
	for _, name := range slices.Sorted(maps.Keys(j.account.Credentials)) {
		key, value := "credentials."+name, j.account.Credentials[name]
		if bad(value.Reveal()) {
			j.bad(key, words.Message("sender.control_in"), words.Message("sender.control_in.write"))
		}
		if !slices.Contains(known, name) && !j.signs(name) {
			j.bad(key, words.Message("sender.credential.unknown", "provider", j.provider.Name), words.Meant(name, known))
			if near := spelling.Nearest(name, known); near != "" {
				j.meant = append(j.meant, near)
			}
		}
		if value.Literal() && (secret[name] || !slices.Contains(known, name) && sounding.MatchString(name)) {
			j.warn(key, words.Message("config.literal"), words.Message("config.literal.write", "example", name+`: "${`+configs.Variable(j.account.Name+"_"+name)+`}"`))
		}
	}
}

// sounding are names of credentials that no document calls secret and that sound like one.
var sounding = patterns.New(`(?i)pass|secret|token|key|pat$|session`)

// signs reports whether a recipe of the account uses a credential of its own.
func (j *judge) signs(name string) bool {
	uses := func(s *configs.Sign) bool { return s != nil && strings.Contains(s.Over+s.Key, "{"+name+"}") }
	return uses(j.account.Sign) || j.account.Receipts != nil && uses(j.account.Receipts.Sign)
}

// guarded is how long the secret of receipts must be.
const guarded = 16

// receipts asks for a proof that a receipt is genuine.
func (j *judge) receipts() {
	r := j.account.Receipts
	switch {
	case r == nil:
		return
	case len(j.provider.Webhooks) == 0:
		j.bad("receipts", words.Message("receipts.webhooks"), words.Message("config.remove"))
		return
	case r.Sign == nil && r.Secret.Empty() && !r.Secret.Withheld():
		j.bad("receipts", words.Message("receipts.proof"), words.Example(`receipts: {secret: "${`+configs.Variable(j.account.Name+"_receipts")+`}"}`))
	case !r.Secret.Empty() && len(r.Secret.Reveal()) < guarded:
		j.bad("receipts.secret", words.Message("receipts.short"), words.Message("receipts.random"))
	}
	if r.Sign == nil {
		return
	}
	if !slices.ContainsFunc(j.provider.Webhooks, func(w *providers.Webhook) bool { return w.Signs.Sign != "" }) {
		j.bad("receipts.sign", words.Message("receipts.signed"), words.Message("config.remove"))
	}
	a := authAccount(j.account, providers.Scheme{Name: "signed", Kind: "signed"})
	a.Sign = r.Sign
	j.found = append(j.found, signed.CheckRecipe(a, "receipts.sign")...)
}

func (j *judge) headers() {
	for _, name := range slices.Sorted(maps.Keys(j.account.Headers)) {
		key := "headers." + name
		switch {
		case !token(name):
			j.bad(key, words.Message("sender.header.name"), words.Message("sender.header.name.write"))
		case slices.Contains([]string{"content-length", "transfer-encoding", "connection", "host"}, strings.ToLower(name)):
			j.bad(key, words.Message("sender.header.ours"), words.Message("config.remove"))
		case bad(j.account.Headers[name].Reveal()):
			j.bad(key, words.Message("sender.control_in"), words.Message("sender.control_in.write"))
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

// choices refuses an authentication and an encoding that an operation cannot follow.
func (j *judge) choices() {
	operations := j.operations
	if len(operations) == 0 {
		operations = j.provider.Operations
	}
	for _, one := range []struct {
		key, chosen, what string
		of                func(*providers.Operation) []string
	}{
		{"auth", j.account.Auth, "sender.auth", func(op *providers.Operation) []string { return op.Schemes }},
		{"encoding", j.account.Encoding, "sender.encoding", func(op *providers.Operation) []string { return op.Encodings }},
	} {
		fits := func(op *providers.Operation) bool {
			return len(one.of(op)) == 0 || slices.Contains(one.of(op), one.chosen)
		}
		wrong := slices.IndexFunc(operations, func(op *providers.Operation) bool { return !fits(op) })
		if one.chosen == "" || wrong < 0 || len(j.operations) == 0 && slices.ContainsFunc(operations, fits) {
			continue
		}
		j.bad(one.key, words.Message(one.what, "name", words.Short(one.chosen)), words.Meant(one.chosen, one.of(operations[wrong])))
	}
}

// schemes asks the authentication schemes that the operations use.
func (j *judge) schemes() {
	var used []string
	for _, op := range j.operations {
		if name := schemeOf(j.account, op); !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	if len(j.operations) == 0 && len(j.provider.Schemes) > 0 {
		used = []string{j.provider.Schemes[0].Name}
	}
	if j.account.Sign != nil && !slices.Contains(used, "signed") { // of no use, and judged all the same
		for _, m := range signed.Check(authAccount(j.account, schemeNamed(j.provider, "signed"))) {
			if strings.HasPrefix(m.Key, "sign.") {
				j.found = append(j.found, m)
			}
		}
	}
	for _, name := range used {
		j.scheme(schemeNamed(j.provider, name))
	}
}

// scheme asks one authentication scheme, or all that are used together.
func (j *judge) scheme(of providers.Scheme) {
	for _, part := range of.Parts {
		j.scheme(part)
	}
	kind, known := schemes[cmp.Or(of.Kind, of.Name)]
	switch {
	case of.Kind == "all":
		return
	case !known:
		j.bad("auth", words.Message("sender.auth", "name", words.Short(of.Name)), words.Meant(of.Name, slices.Sorted(maps.Keys(schemes))))
		return
	}
	a := authAccount(j.account, of)
	a.Server, _ = url.Parse(address(j.account, j.provider))
	a.Credentials = maps.Clone(a.Credentials)
	for _, name := range j.meant {
		a.Credentials[name] = configs.Secret{}
	}
	for _, m := range kind.Check(a) {
		if !slices.ContainsFunc(j.found, func(o batch.Mistake) bool { return reflect.DeepEqual(o, m) }) {
			j.found = append(j.found, m)
		}
	}
}

// schemeOf is how an operation of an account authenticates.
func schemeOf(account configs.Account, op *providers.Operation) string {
	switch {
	case slices.Contains(op.Schemes, account.Auth):
		return account.Auth
	case len(op.Schemes) > 0:
		return op.Schemes[0]
	}
	return "none"
}

// schemeNamed is a scheme of the provider's document, or one of its own right: none.
func schemeNamed(p *providers.Provider, name string) providers.Scheme {
	if of, known := p.Scheme(name); known {
		return of
	}
	return providers.Scheme{Name: name, Kind: name}
}

// authAccount is what a scheme is made of.
func authAccount(account configs.Account, of providers.Scheme) auth.Account {
	return auth.Account{Name: account.Name, Scheme: of, Credentials: account.Credentials, Sign: account.Sign, Login: account.Login}
}
