package configs

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

const defaultConcurrency = 4

// finish fills in what depends on something else, and makes paths absolute.
func (l *loader) finish(c *Config) {
	c.Data = l.abs(c.Data)
	l.finishConsole(&c.Console)
	for name, file := range c.Lists {
		c.Lists[name] = l.abs(file)
	}
	for name, a := range c.Accounts {
		if a.CA != "" {
			a.CA = l.abs(a.CA)
		}
		if isPath(a.Provider) {
			a.Provider = l.abs(a.Provider)
		}
		if a.Sign != nil && a.Sign.Key == "" && strings.HasPrefix(a.Sign.Digest, "hmac-") {
			a.Sign.Key = "{secret}"
		}
		c.Accounts[name] = a
	}
	for name, s := range c.SFTP {
		if s.KnownHosts != "" {
			s.KnownHosts = l.abs(s.KnownHosts)
		}
		l.privateKey("sftp."+name, &s)
		c.SFTP[name] = s
	}
	for name, r := range c.Routes {
		if r.Language == "" {
			r.Language = c.Language
		}
		r.Inbox.Dir = l.dirOf(r.Inbox.Dir, r.Inbox.SFTP)
		r.Outbox.Dir = l.dirOf(r.Outbox.Dir, r.Outbox.SFTP)
		r.Preview.Dir = l.dirOf(r.Preview.Dir, r.Preview.SFTP)
		if r.Inbox.Every == 0 && r.Inbox.Schedule == "" && !l.has("routes."+name+".inbox.every") {
			r.Inbox.Every = 2 * time.Second
			if r.Inbox.SFTP != "" {
				r.Inbox.Every = time.Minute
			}
		}
		c.Routes[name] = r
	}
}

func (l *loader) dirOf(dir, sftp string) string {
	switch {
	case dir == "":
		return ""
	case sftp != "":
		return path.Clean(dir)
	}
	return l.abs(dir)
}

// privateKey resolves an sftp entry's key: the path becomes absolute, the text goes into KeyText.
func (l *loader) privateKey(key string, s *SFTP) {
	switch file, isFile := strings.CutPrefix(s.Key, "file:"); {
	case s.Key == "":
	case isFile:
		s.Key = "file:" + l.abs(file)
		if text, ok := l.secretFile(key+".key", file); ok {
			s.KeyText = NewSecret(text + "\n")
		}
	case strings.Contains(l.raw[key+".key"], "${"):
		s.KeyText = NewSecret(s.Key)
		s.Key = l.raw[key+".key"]
	default:
		l.bad(key+".key", words.Message("config.key.form"), words.Message("config.write", "example", "key: file:/etc/rowferry/id_ed25519"))
		s.Key = ""
	}
}

// isPath tells a document of the user's own from the name of a built-in one.
func isPath(provider string) bool {
	return strings.ContainsAny(provider, `/\`) || slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(provider))
}

func (l *loader) check(c *Config) {
	l.checkTop(c)
	known := l.builtin()
	for _, name := range sortedKeys(c.Accounts) {
		a := c.Accounts[name]
		l.checkAccount(c, "accounts."+name, name, &a, known)
		c.Accounts[name] = a
	}
	for _, name := range sortedKeys(c.SFTP) {
		l.checkSFTP(c, "sftp."+name, name, c.SFTP[name])
	}
	for _, name := range sortedKeys(c.Routes) {
		l.checkRoute(c, "routes."+name, c.Routes[name])
	}
	l.checkFolders(c)
	l.checkLists(c, known)
}

// checkLists warns of code lists that no field asks for.
func (l *loader) checkLists(c *Config, builtin map[string]*providers.Provider) {
	names := map[string]bool{}
	for _, group := range []map[string]*providers.Provider{builtin, l.providers} {
		for _, p := range group {
			for _, op := range p.Operations {
				for _, f := range op.Fields {
					names[f.List] = true
				}
			}
		}
	}
	delete(names, "")
	for _, name := range sortedKeys(c.Lists) {
		if !names[name] && len(names) > 0 {
			l.warn(finding{at: l.keys["lists."+name], key: "lists." + name, what: words.Message("config.lists.unused"), write: l.suggest(name, sortedKeys(names))})
		}
	}
}

func (l *loader) checkTop(c *Config) {
	l.checkConsole(&c.Console)
	if c.Listen != "" {
		_, port, err := net.SplitHostPort(c.Listen)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n > 65535 || n < 0 {
			l.bad("listen", words.Message("config.listen", "value", short(c.Listen)), words.Message("config.write", "example", "listen: 127.0.0.1:9100"))
		}
	}
	if l.has("routes") && len(c.Routes) == 0 {
		l.bad("routes", words.Message("config.blank"), words.Message("config.routes.write"))
	}
	for _, name := range sortedKeys(c.Lists) {
		if info, err := os.Stat(c.Lists[name]); err != nil || info.IsDir() {
			why := "it is a folder"
			if err != nil {
				why = cause(err)
			}
			l.add(finding{at: l.place("lists." + name), key: "lists." + name,
				what: words.Message("config.file", "path", c.Lists[name], "cause", why), write: words.Message("config.lists.write")})
		}
	}
}

var namePattern = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$`)

// checkName keeps names usable in folders, commands and metrics.
func (l *loader) checkName(key, name string) {
	if !namePattern.MatchString(name) {
		l.add(finding{at: l.keys[key], key: key, what: words.Message("config.name"), write: words.Message("config.name.write")})
	}
}

func (l *loader) builtin() map[string]*providers.Provider {
	known, err := providers.Builtin()
	if err != nil { // a fault of the program, found by its tests; the configuration is not to blame
		l.add(finding{what: words.Message("config.builtin", "cause", err.Error())})
	}
	return known
}

func (l *loader) checkAccount(c *Config, key, name string, a *Account, known map[string]*providers.Provider) {
	p := l.provider(key, a, known)
	if p != nil {
		l.providers[name] = p
		if a.Rate == "" {
			a.Rate = writeRate(p.Limits.Rate)
		}
		if !l.has(key+".concurrency") && p.Limits.Concurrency > 0 {
			a.Concurrency = p.Limits.Concurrency
		}
	}
	if !l.has(key+".concurrency") && a.Concurrency == 0 {
		a.Concurrency = defaultConcurrency
	}
	l.checkRate(key, a, p)
	l.atLeast(key+".concurrency", a.Concurrency, 1, 1000)
	l.positive(key+".timeout", a.Timeout)
	l.positive(key+".retry.first", a.Retry.First)
	l.positive(key+".retry.most", a.Retry.Most)
	if a.Retry.First > a.Retry.Most && a.Retry.Most > 0 {
		l.bad(key+".retry.first", words.Message("config.retry.order", "first", brief(a.Retry.First), "most", brief(a.Retry.Most)),
			words.Message("config.write", "example", "first: "+brief(a.Retry.Most)))
	}
	if a.CA != "" {
		l.readable(key+".ca", a.CA)
	}
	l.checkServer(key, a, p)
	l.checkSign(key, a, p)
	if p != nil {
		l.checkLogin(c, key, a, p)
	}
	l.checkLiterals(key, a, p)
}

// provider finds the document of an account; nil after a mistake.
func (l *loader) provider(key string, a *Account, known map[string]*providers.Provider) *providers.Provider {
	switch {
	case a.Provider == "":
		return nil
	case isPath(a.Provider):
		if !l.readable(key+".provider", a.Provider) {
			return nil
		}
		p, err := providers.Load(a.Provider)
		if err != nil {
			l.bad(key+".provider", words.Message("config.provider.document", "path", a.Provider, "cause", err.Error()), words.Message("config.provider.document.write"))
			return nil
		}
		return p
	}
	p := known[a.Provider]
	if p == nil && len(known) > 0 {
		names := sortedKeys(known)
		write := words.Message("config.provider.write", "words", strings.Join(names, ", "))
		if near := Nearest(a.Provider, names); near != "" {
			write = words.Message("config.did_you_mean", "word", near)
		}
		l.bad(key+".provider", words.Message("config.provider", "name", short(a.Provider)), write)
	}
	return p
}

func (l *loader) checkRate(key string, a *Account, p *providers.Provider) {
	if a.Rate == "" {
		return
	}
	rate, err := providers.ParseRate(a.Rate)
	if err != nil {
		l.bad(key+".rate", words.Message("config.rate", "value", short(a.Rate)), words.Message("config.write", "example", "rate: "+suggestRate(a.Rate)))
		a.Rate = ""
		return
	}
	if p == nil || p.Limits.Rate.N == 0 || !l.has(key+".rate") {
		return
	}
	allowed := p.Limits.Rate
	if rate.N == 0 || float64(rate.N)/rate.Per.Seconds() > float64(allowed.N)/allowed.Per.Seconds() {
		l.warn(finding{at: l.place(key + ".rate"), key: key + ".rate",
			what:  words.Message("config.rate.high", "value", a.Rate, "allowed", writeRate(allowed)),
			write: words.Message("config.rate.high.write")})
	}
}

func (l *loader) atLeast(key string, n, least, most int) {
	if l.has(key) && !l.blamed(key) && (n < least || n > most) {
		l.bad(key, words.Message("config.range", "least", least, "most", most), batch.Message{})
	}
}

func (l *loader) positive(key string, d time.Duration) {
	if l.has(key) && d == 0 && !l.blamed(key) {
		l.bad(key, words.Message("config.duration.zero"), batch.Message{})
	}
}

// blamed reports whether a mistake is known at this key already.
func (l *loader) blamed(key string) bool {
	return slices.ContainsFunc(l.mistakes, func(f finding) bool { return f.key == key })
}

// readable checks that a file can be opened.
func (l *loader) readable(key, file string) bool {
	f, err := os.Open(file)
	if err == nil {
		info, e := f.Stat()
		if err = e; err == nil && info.IsDir() {
			err = fmt.Errorf("it is a folder")
		}
		_ = f.Close()
	}
	if err != nil {
		l.add(finding{at: l.place(key), key: key, outside: true,
			what: words.Message("config.file", "path", file, "cause", cause(err)), write: words.Message("config.file.write")})
	}
	return err == nil
}

func (l *loader) checkServer(key string, a *Account, p *providers.Provider) {
	key += ".server"
	if l.blamed(key) {
		return
	}
	var there []string
	if p != nil {
		for _, s := range p.Servers {
			if s.Environment != "" && !slices.Contains(there, s.Environment) {
				there = append(there, s.Environment)
			}
		}
	}
	switch {
	case a.Server == "" && p == nil:
	case a.Server == "" && slices.Contains(there, "production"):
		a.Server = "production"
	case a.Server == "" && len(there) == 0:
		l.bad(key, words.Message("config.server.none"), words.Message("config.write", "example", "server: https://…"))
	case a.Server == "":
		l.bad(key, words.Message("config.missing"), words.Message("config.write", "example", "server: "+there[0]))
	case a.Server == "production" || a.Server == "sandbox":
		if p != nil && !slices.Contains(there, a.Server) {
			l.bad(key, words.Message("config.server.absent", "name", a.Server), words.Message("config.write", "example", "server: https://…"))
		}
	default:
		l.checkURL(key, a.Server)
	}
}

func (l *loader) checkURL(key, text string) {
	shown := l.raw[key]
	u, err := url.Parse(text)
	switch {
	case err == nil && u.User != nil:
		l.bad(key, words.Message("config.url.login"), words.Message("config.url.login.write"))
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		write := words.Message("config.server.write")
		if near := Nearest(text, []string{"production", "sandbox"}); near != "" {
			write = words.Message("config.did_you_mean", "word", near)
		} else if u, err := url.Parse("https://" + text); err == nil && !strings.Contains(text, ":/") && strings.Contains(u.Host, ".") {
			write = words.Message("config.write", "example", "server: https://"+shown)
		}
		l.bad(key, words.Message("config.server", "value", short(shown)), write)
	case u.RawQuery != "" || u.Fragment != "":
		l.bad(key, words.Message("config.url.query"), words.Message("config.url.query.write"))
	case u.Scheme == "http" && !local(u.Hostname()):
		l.warn(finding{at: l.place(key), key: key, what: words.Message("config.url.plain"), write: words.Message("config.url.plain.write")})
	}
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var placeholders = regexp.MustCompile(`\{([^{}]*)\}`)

func (l *loader) checkSign(key string, a *Account, p *providers.Provider) {
	if a.Sign == nil {
		return
	}
	known := []string{"token", "timestamp", "nonce", "secret", "staff", "method", "path", "body", "headers", "params"}
	more := sortedKeys(a.Credentials)
	if p != nil {
		for _, c := range p.Credentials {
			more = append(more, c.Name)
		}
	}
	for _, name := range more {
		if !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	for _, t := range []struct{ key, template string }{{key + ".sign.over", a.Sign.Over}, {key + ".sign.key", a.Sign.Key}} {
		for _, m := range placeholders.FindAllStringSubmatch(t.template, -1) {
			name, _, _ := strings.Cut(m[1], ".")
			name, _, _ = strings.Cut(name, ":")
			if slices.Contains(known, name) {
				continue
			}
			write := words.Message("config.placeholder.write", "words", "{"+strings.Join(known, "}, {")+"}")
			if near := Nearest(name, known); near != "" {
				write = words.Message("config.did_you_mean", "word", "{"+near+"}")
			}
			l.bad(t.key, words.Message("config.placeholder", "name", short(m[0])), write)
		}
		if t.template != "" && !placeholders.MatchString(t.template) {
			l.bad(t.key, words.Message("config.placeholder.none"), words.Message("config.write", "example", `over: "{token}{timestamp}{nonce}{secret}"`))
		}
	}
	if l.has(key+".sign.key") && !strings.HasPrefix(a.Sign.Digest, "hmac-") && a.Sign.Digest != "" {
		l.bad(key+".sign.key", words.Message("config.sign.key", "digest", a.Sign.Digest), words.Message("config.sign.key.write", "digest", a.Sign.Digest))
	}
}

// checkLogin checks everything about authentication that the provider's document can tell.
func (l *loader) checkLogin(c *Config, key string, a *Account, p *providers.Provider) {
	l.credentialNames(key, a, p)
	scheme := func(name string) *providers.Scheme {
		for i := range p.Schemes {
			if p.Schemes[i].Name == name {
				return &p.Schemes[i]
			}
		}
		return nil
	}
	names := make([]string, len(p.Schemes))
	for i, s := range p.Schemes {
		names[i] = s.Name
	}
	wanted := l.schemes(c, a, p)
	if a.Auth != "" {
		if scheme(a.Auth) == nil {
			l.notThere(key+".auth", "config.auth", a.Auth, names)
			return
		}
		wanted = []string{a.Auth}
	}
	for _, name := range wanted {
		s := scheme(name)
		if s == nil {
			continue
		}
		if name == "signed" && a.Sign == nil {
			l.bad(key+".sign", words.Message("config.sign.none"), words.Message("config.write", "example", `sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}`))
		}
		l.needs(key, a, s)
		if a.Login != "" {
			var logins []string
			for _, login := range s.Logins {
				logins = append(logins, login.Name)
			}
			if !slices.Contains(logins, a.Login) {
				l.notThere(key+".login", "config.login", a.Login, logins)
			}
		}
	}
}

// schemes are those that the account's routes use: the first of each operation; without a route the provider's first.
func (l *loader) schemes(c *Config, a *Account, p *providers.Provider) []string {
	var out []string
	for _, name := range sortedKeys(c.Routes) {
		r := c.Routes[name]
		if r.Account != a.Name {
			continue
		}
		if op := operation(p, r.Operation); op != nil && len(op.Schemes) > 0 && !slices.Contains(out, op.Schemes[0]) {
			out = append(out, op.Schemes[0])
		}
	}
	if len(out) == 0 && len(p.Schemes) > 0 {
		out = []string{p.Schemes[0].Name}
	}
	return out
}

func operation(p *providers.Provider, id string) *providers.Operation {
	for _, op := range p.Operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

func (l *loader) credentialNames(key string, a *Account, p *providers.Provider) {
	var names []string
	for _, c := range p.Credentials {
		names = append(names, c.Name)
	}
	for _, name := range sortedKeys(a.Credentials) {
		if slices.Contains(names, name) {
			continue
		}
		full := key + ".credentials." + name
		write := words.Message("config.keys", "words", strings.Join(names, ", "))
		if near := Nearest(name, names); near != "" {
			write = words.Message("config.did_you_mean", "word", near)
			l.meant[key+".credentials."+near] = true
		}
		if len(names) == 0 {
			write = words.Message("config.remove")
		}
		l.add(finding{at: l.keys[full], key: full, what: words.Message("config.credential.unknown", "provider", p.Name), write: write})
	}
}

// needs checks that a scheme can work with the credentials that are there.
func (l *loader) needs(key string, a *Account, s *providers.Scheme) {
	given := func(name string) bool { return l.has(key + ".credentials." + name) }
	missing := func(names []string) (out []string) {
		for _, n := range names {
			if !given(n) {
				out = append(out, n)
			}
		}
		return out
	}
	lacking := missing(s.Needs)
	if len(s.Logins) > 0 && len(lacking) == 0 && !given("sessionID") {
		fewest := missing(s.Logins[0].Fields)
		for _, login := range s.Logins {
			m := missing(login.Fields)
			if a.Login == login.Name {
				fewest = m
				break
			}
			if len(m) < len(fewest) {
				fewest = m
			}
		}
		lacking = fewest
	}
	for _, name := range lacking {
		full := key + ".credentials." + name
		if l.meant[full] {
			continue
		}
		l.add(finding{at: l.place(full), key: full, what: words.Message("config.credential.missing", "scheme", s.Name),
			write: words.Message("config.write", "example", fmt.Sprintf("%s: \"${%s}\"", name, strings.ToUpper(a.Name+"_"+name)))})
	}
}

var secretName = regexp.MustCompile(`(?i)pass|secret|token|key|pat$|session`)

// checkLiterals warns of secrets that stand in the file.
func (l *loader) checkLiterals(key string, a *Account, p *providers.Provider) {
	for _, name := range sortedKeys(a.Credentials) {
		secret := secretName.MatchString(name)
		if p != nil {
			for _, c := range p.Credentials {
				if c.Name == name {
					secret = c.Secret
				}
			}
		}
		if secret {
			l.literal(key+".credentials."+name, a.Name+"_"+name)
		}
	}
}

func (l *loader) literal(key, name string) {
	if l.raw[key] != "literal" {
		return
	}
	name = strings.ToUpper(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(name, "_"))
	l.warn(finding{at: l.place(key), key: key, what: words.Message("config.literal"),
		write: words.Message("config.literal.write", "example", key[strings.LastIndexByte(key, '.')+1:]+": \"${"+name+"}\"")})
}

func (l *loader) notThere(key, what, got string, known []string) {
	write := words.Message("config.one_of", "words", strings.Join(known, ", "))
	if near := Nearest(got, known); near != "" {
		write = words.Message("config.did_you_mean", "word", near)
	}
	if len(known) == 0 {
		write = words.Message("config.remove")
	}
	l.bad(key, words.Message(what, "name", short(got)), write)
}

func (l *loader) checkSFTP(c *Config, key, name string, s SFTP) {
	if s.Port < 1 || s.Port > 65535 {
		l.bad(key+".port", words.Message("config.range", "least", 1, "most", 65535), words.Message("config.write", "example", "port: 22"))
	}
	if strings.Contains(s.Host, "://") || strings.Contains(s.Host, "/") {
		l.bad(key+".host", words.Message("config.host"), words.Message("config.write", "example", "host: sftp.example.com"))
	}
	if !l.has(key+".password") && !l.has(key+".key") && !s.Agent {
		l.bad(key, words.Message("config.sftp.login"), words.Message("config.write", "example", "key: file:/etc/rowferry/id_ed25519"))
	}
	if !l.has(key+".known_hosts") && !l.has(key+".host_key") {
		l.bad(key, words.Message("config.sftp.host_key"), words.Message("config.write", "example", "known_hosts: /etc/rowferry/known_hosts"))
	}
	if s.KnownHosts != "" {
		l.readable(key+".known_hosts", s.KnownHosts)
	}
	if s.KnownHosts != "" && s.HostKey != "" {
		l.bad(key+".known_hosts", words.Message("config.sftp.both_keys"), words.Message("config.sftp.both_keys.write"))
	}
	if s.HostKey != "" && !strings.HasPrefix(s.HostKey, "SHA256:") && len(strings.Fields(s.HostKey)) < 2 {
		l.bad(key+".host_key", words.Message("config.host_key"), words.Message("config.host_key.write", "host", s.Host))
	}
	l.positive(key+".timeout", s.Timeout)
	l.positive(key+".keep_alive", s.KeepAlive)
	l.literal(key+".password", name+"_password")
	l.literal(key+".passphrase", name+"_passphrase")
	l.checkJump(c, key, name, s)
}

func (l *loader) checkJump(c *Config, key, name string, s SFTP) {
	if s.Jump == "" {
		return
	}
	if _, known := c.SFTP[s.Jump]; !known {
		l.notThere(key+".jump", "config.sftp.unknown", s.Jump, slices.DeleteFunc(sortedKeys(c.SFTP), func(n string) bool { return n == name }))
		return
	}
	for seen, at := []string{name}, s.Jump; at != ""; at = c.SFTP[at].Jump {
		if slices.Contains(seen, at) {
			if at == name && name == slices.Min(seen) { // each circle once
				l.bad(key+".jump", words.Message("config.jump.circle", "way", strings.Join(append(seen, at), " → ")), words.Message("config.jump.circle.write"))
			}
			return
		}
		seen = append(seen, at)
	}
}

func (l *loader) checkRoute(c *Config, key string, r Route) {
	l.checkTarget(c, key, r)
	l.checkPlace(c, key+".inbox", r.Inbox.SFTP)
	l.checkPlace(c, key+".outbox", r.Outbox.SFTP)
	l.checkPlace(c, key+".preview", r.Preview.SFTP)
	l.checkInbox(key+".inbox", r.Inbox)
	l.checkRead(key+".read", r.Read)
	if l.has(key+".outbox.formats") && len(r.Outbox.Formats) == 0 && !l.blamedBelow(key+".outbox.formats") {
		l.bad(key+".outbox.formats", words.Message("config.blank"), words.Message("config.write", "example", "formats: [csv, summary]"))
	}
	l.twiceInList(key+".outbox.formats", r.Outbox.Formats)
	if _, err := time.LoadLocation(r.TimeZone); err != nil {
		l.bad(key+".time_zone", words.Message("config.zone", "value", short(r.TimeZone)), words.Message("config.write", "example", "time_zone: Asia/Shanghai"))
	}
	l.atLeast(key+".limits.max_rows", r.Limits.MaxRows, 1, 5_000_000)
	l.atLeast(key+".limits.stop_after", r.Limits.StopAfter, 0, 1_000_000)
	l.positive(key+".repeats.within", r.Repeats.Within)
	if r.Later != nil {
		l.positive(key+".later.every", r.Later.Every)
		l.positive(key+".later.for", r.Later.For)
		if r.Later.Every > r.Later.For {
			l.bad(key+".later.every", words.Message("config.later.order", "every", brief(r.Later.Every), "for", brief(r.Later.For)), words.Message("config.write", "example", "later: {every: 30m, for: 24h}"))
		}
	}
}

func (l *loader) blamedBelow(key string) bool {
	return slices.ContainsFunc(l.mistakes, func(f finding) bool { return strings.HasPrefix(f.key, key) })
}

func (l *loader) twiceInList(key string, list []string) {
	for i, s := range list {
		if s != "" && slices.Contains(list[:i], s) {
			l.bad(fmt.Sprintf("%s[%d]", key, i), words.Message("config.twice_listed", "word", short(s)), words.Message("config.remove"))
		}
	}
}

// checkTarget checks account, operation and what depends on them.
func (l *loader) checkTarget(c *Config, key string, r Route) {
	a, known := c.Accounts[r.Account]
	if !known {
		if r.Account != "" {
			write := batch.Message{}
			if names := sortedKeys(c.Accounts); len(names) == 0 {
				write = words.Message("config.account.add", "name", r.Account)
			} else if near := Nearest(r.Account, names); near != "" {
				write = words.Message("config.did_you_mean", "word", near)
			} else {
				write = words.Message("config.one_of", "words", strings.Join(names, ", "))
			}
			l.bad(key+".account", words.Message("config.account", "name", short(r.Account)), write)
		}
		return
	}
	p := l.providers[r.Account]
	if p == nil || r.Operation == "" {
		return
	}
	op := operation(p, r.Operation)
	if op == nil {
		var names []string
		for _, o := range p.Operations {
			names = append(names, o.ID)
		}
		l.bad(key+".operation", words.Message("config.operation", "name", short(r.Operation), "provider", p.Name), l.suggest(r.Operation, names))
		return
	}
	if a.Encoding != "" && len(op.Encodings) > 0 && !slices.Contains(op.Encodings, a.Encoding) {
		full := "accounts." + r.Account + ".encoding"
		if !l.blamed(full) {
			l.notThere(full, "config.encoding", a.Encoding, op.Encodings)
		}
	}
	if a.Auth != "" && len(op.Schemes) > 0 && !slices.Contains(op.Schemes, a.Auth) && !l.blamed("accounts."+r.Account+".auth") {
		l.notThere("accounts."+r.Account+".auth", "config.auth", a.Auth, op.Schemes)
	}
}

func (l *loader) suggest(got string, known []string) batch.Message {
	if near := Nearest(got, known); near != "" {
		return words.Message("config.did_you_mean", "word", near)
	}
	return words.Message("config.one_of", "words", strings.Join(known, ", "))
}

func (l *loader) checkPlace(c *Config, key, sftp string) {
	if sftp == "" {
		return
	}
	if _, known := c.SFTP[sftp]; known {
		return
	}
	write := l.suggest(sftp, sortedKeys(c.SFTP))
	if len(c.SFTP) == 0 {
		write = words.Message("config.sftp.add", "name", sftp)
	}
	l.bad(key+".sftp", words.Message("config.sftp.unknown", "name", short(sftp)), write)
}

func (l *loader) checkInbox(key string, in Inbox) {
	if l.has(key+".match") && len(in.Match) == 0 && !l.blamedBelow(key+".match") {
		l.bad(key+".match", words.Message("config.blank"), words.Message("config.write", "example", `match: ["*.csv", "*.xlsx", "*.xml"]`))
	}
	if l.has(key + ".match") {
		for i, glob := range in.Match {
			l.checkGlob(fmt.Sprintf("%s.match[%d]", key, i), glob)
		}
	}
	l.positive(key+".every", in.Every)
	l.positive(key+".patience", in.Patience)
	if l.has(key+".every") && in.Schedule != "" {
		l.bad(key+".schedule", words.Message("config.schedule.every"), words.Message("config.schedule.every.write"))
	}
	if in.Schedule != "" {
		if _, err := ParseSchedule(in.Schedule); err != nil {
			l.bad(key+".schedule", words.Message("config.schedule", "value", short(in.Schedule), "cause", err.Error()), words.Message("config.schedule.write"))
		}
	}
	if in.TimeZone != "" {
		switch _, err := time.LoadLocation(in.TimeZone); {
		case err != nil:
			l.bad(key+".time_zone", words.Message("config.zone", "value", short(in.TimeZone)), words.Message("config.write", "example", "time_zone: Europe/Moscow"))
		case in.Schedule == "":
			l.bad(key+".time_zone", words.Message("config.zone.alone"), words.Message("config.remove"))
		case strings.Contains(in.Schedule, "TZ="):
			l.bad(key+".time_zone", words.Message("config.zone.twice"), words.Message("config.remove"))
		}
	}
	if in.Done != "" && (!strings.Contains(in.Done, "{name}") || strings.TrimSpace(strings.ReplaceAll(in.Done, "{name}", "")) == "" || strings.ContainsAny(in.Done, `/\`)) {
		l.bad(key+".done", words.Message("config.done"), words.Message("config.write", "example", `done: "{name}.done"`))
	}
}

func (l *loader) checkGlob(key, glob string) {
	switch _, err := path.Match(glob, "x"); {
	case glob == "" && !l.blamed(key):
		l.bad(key, words.Message("config.blank"), words.Message("config.write", "example", `match: ["*.csv", "*.xlsx", "*.xml"]`))
	case strings.ContainsAny(glob, `/`):
		l.bad(key, words.Message("config.glob.folder", "value", short(glob)), words.Message("config.glob.folder.write"))
	case strings.ContainsAny(glob, "{}"):
		l.bad(key, words.Message("config.glob.braces", "value", short(glob)), words.Message("config.glob.braces.write"))
	case err != nil:
		l.bad(key, words.Message("config.glob", "value", short(glob)), words.Message("config.glob.write"))
	}
}

func (l *loader) checkRead(key string, r Read) {
	if r.Header != "" && r.Header != "auto" && r.Header != "none" {
		if n, err := strconv.Atoi(r.Header); err != nil || n < 1 {
			l.bad(key+".header", words.Message("config.header", "value", short(r.Header)), words.Message("config.header.write"))
		}
	}
	if r.Encoding != "" && r.Encoding != "auto" && !encodingKnown(r.Encoding) {
		l.bad(key+".encoding", words.Message("config.read.encoding", "value", short(r.Encoding)), l.suggest(strings.ToLower(r.Encoding), commonEncodings))
	}
	for _, one := range []struct {
		key, value string
		words      []string
	}{
		{"delimiter", r.Delimiter, []string{"auto", "tab"}},
		{"quote", r.Quote, []string{"auto", "none"}},
		{"escape", r.Escape, nil},
	} {
		if utf8.RuneCountInString(one.value) > 1 && !slices.Contains(one.words, one.value) {
			l.bad(key+"."+one.key, words.Message("config.one_character", "value", short(one.value)),
				words.Message("config.one_character.write", "words", strings.Join(append(slices.Clone(one.words), "one character"), ", ")))
		}
	}
	if r.Record != "" && !recordPath(r.Record) {
		l.bad(key+".record", words.Message("config.record", "value", short(r.Record)), words.Message("config.write", "example", "record: shipPoints/shipPoint"))
	}
}

var commonEncodings = []string{"auto", "utf-8", "utf-16le", "utf-16be", "gb18030", "gbk", "big5", "windows-1251", "windows-1252", "koi8-r", "shift_jis", "euc-kr", "utf-32le", "utf-32be"}

func encodingKnown(name string) bool {
	if _, err := htmlindex.Get(name); err == nil {
		return true
	}
	name = strings.ToLower(name)
	return slices.Contains([]string{"utf-16", "utf-32", "utf-32le", "utf-32be", "cp932", "cp936", "cp949", "cp950", "uhc"}, name) ||
		slices.Contains(dosEncodings, name) || strings.HasPrefix(name, "ibm") && slices.Contains(dosEncodings, "cp"+name[3:])
}

// dosEncodings are the code pages that the readers know besides the WHATWG index.
var dosEncodings = []string{"cp437", "cp737", "cp775", "cp850", "cp852", "cp857", "cp862", "cp1125"}

// recordPath accepts names with single slashes between them.
func recordPath(p string) bool {
	for name := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		if name == "" || strings.ContainsAny(name, " \t@[]*\\") {
			return false
		}
	}
	return true
}

func (l *loader) checkMapping(key string, m *Mapping) {
	sources := 0
	for _, name := range []string{"from", "expr"} {
		if l.has(key + "." + name) {
			sources++
		}
	}
	switch {
	case l.has(key+".value") && sources > 0:
		l.bad(key+".value", words.Message("config.map.constant"), words.Message("config.map.constant.write"))
	case m.Upper && m.Lower:
		l.bad(key+".lower", words.Message("config.map.letters"), words.Message("config.map.letters.write"))
	}
	if l.has(key+".expr") && strings.TrimSpace(m.Expr) == "" && !l.blamed(key+".expr") {
		l.bad(key+".expr", words.Message("config.blank"), words.Message("config.write", "example", `expr: 'upper(row["State"])'`))
	}
	for _, d := range m.Date {
		l.checkLayout(key+".date", d)
	}
}

// checkLayout finds a layout that does not speak of a date the way Go does.
func (l *loader) checkLayout(key, text string) {
	sample := time.Date(2033, 11, 27, 19, 48, 59, 0, time.UTC)
	written := sample.Format(text)
	back, err := time.Parse(text, written)
	if err == nil && back.Year() == 2033 && back.Month() == 11 && back.Day() == 27 {
		return
	}
	write := words.Message("config.layout.write")
	if meant := layout(text); meant != "" {
		write = words.Message("config.write", "example", `"`+meant+`"`)
	}
	l.bad(key, words.Message("config.layout", "value", short(text)), write)
}

// checkFolders keeps routes out of each other's way.
func (l *loader) checkFolders(c *Config) {
	type place struct{ key, where string }
	var inboxes []place
	taken := map[string]string{}
	claim := func(key, sftp, dir string) {
		if dir == "" {
			return
		}
		at := real(sftp, dir)
		if first, twice := taken[at]; twice {
			l.bad(key, words.Message("config.same_folder", "other", first), words.Message("config.same_folder.write"))
			return
		}
		taken[at] = key
		inboxes = append(inboxes, place{key, at})
	}
	names := sortedKeys(c.Routes)
	slices.SortStableFunc(names, func(a, b string) int { return l.keys["routes."+a].line - l.keys["routes."+b].line })
	for _, name := range names {
		r := c.Routes[name]
		claim("routes."+name+".inbox.dir", r.Inbox.SFTP, r.Inbox.Dir)
		claim("routes."+name+".preview.dir", r.Preview.SFTP, r.Preview.Dir)
	}
	for _, name := range names {
		r := c.Routes[name]
		if r.Outbox.Dir == "" {
			continue
		}
		key := "routes." + name + ".outbox.dir"
		out := real(r.Outbox.SFTP, r.Outbox.Dir)
		for _, in := range inboxes {
			if !within(out, in.where) {
				continue
			}
			what := "config.outbox_inside"
			if out == in.where {
				what = "config.outbox_same"
			}
			l.bad(key, words.Message(what, "other", in.key), words.Message("config.outbox_inside.write"))
			break
		}
	}
	data := real("", c.Data)
	for _, in := range inboxes {
		for _, other := range inboxes {
			if in != other && within(in.where, other.where) && in.where != other.where {
				l.bad(in.key, words.Message("config.inbox_inside", "other", other.key), words.Message("config.same_folder.write"))
			}
		}
		if within(data, in.where) || within(in.where, data) {
			l.bad(in.key, words.Message("config.data_inside"), words.Message("config.data_inside.write"))
		}
	}
}

// real names a folder so that equal folders have equal names.
func real(sftp, dir string) string {
	if sftp != "" {
		return "sftp:" + sftp + ":" + path.Clean(dir)
	}
	rest := ""
	for at := dir; ; at = filepath.Dir(at) { // what exists of it, with symbolic links followed
		if found, err := filepath.EvalSymlinks(at); err == nil {
			dir = filepath.Join(found, rest)
			break
		}
		if at == filepath.Dir(at) {
			break
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir = strings.ToLower(dir)
	}
	return filepath.ToSlash(dir)
}

// within reports whether folder a is b or below it.
func within(a, b string) bool {
	return a == b || strings.HasPrefix(a, strings.TrimSuffix(b, "/")+"/")
}

// forgive parts mistakes from what is missing on this machine for accounts and servers that no route uses: these are warnings.
func (c *Config) forgive(found []finding) (mistakes, warnings []finding) {
	used := map[string]bool{}
	for _, r := range c.Routes {
		used["accounts."+r.Account] = true
		for _, s := range []string{r.Inbox.SFTP, r.Outbox.SFTP, r.Preview.SFTP} {
			for range len(c.SFTP) + 1 {
				used["sftp."+s] = true
				s = c.SFTP[s].Jump
			}
		}
	}
	for _, f := range found {
		if owner := c.owner(f.key); f.outside && owner != "" && !used[owner] {
			warnings = append(warnings, f)
		} else {
			mistakes = append(mistakes, f)
		}
	}
	return mistakes, warnings
}

// owner is the account or server that a key belongs to: "accounts.otms" of "accounts.otms.sign.over"; "" when it is none's.
func (c *Config) owner(key string) string {
	top, rest, _ := strings.Cut(key, ".")
	var names []string
	switch top {
	case "accounts":
		names = sortedKeys(c.Accounts)
	case "sftp":
		names = sortedKeys(c.SFTP)
	}
	owner := ""
	for _, name := range names { // names may have dots in them
		if strings.HasPrefix(rest+".", name+".") {
			owner = top + "." + name
		}
	}
	return owner
}
