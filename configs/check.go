package configs

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/spelling"
	"github.com/rowferry/rowferry/words"
)

const defaultConcurrency = 4

// finish fills in what depends on something else, and makes paths absolute.
func (l *loader) finish(c *Config) {
	c.Data = l.abs(c.Data)
	if isFolder(c.Spool) {
		c.Spool = l.abs(c.Spool)
	}
	l.finishConsole(&c.Console)
	l.finishNotices(&c.Notices)
	for name, file := range c.Lists {
		c.Lists[name] = l.abs(file)
	}
	for name, a := range c.Accounts {
		l.anchor(&a.CA, &a.Cert, &a.Key)
		if isPath(a.Provider) {
			a.Provider = l.abs(a.Provider)
		}
		if a.Sign != nil && a.Sign.Key == "" && strings.HasPrefix(a.Sign.Digest, "hmac-") {
			a.Sign.Key = "{secret}"
		}
		c.Accounts[name] = a
	}
	for name, s := range c.SFTP {
		l.anchor(&s.KnownHosts)
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
		if r.Read.Unzip && !l.has("routes."+name+".inbox.match") {
			r.Inbox.Match = append(slices.Clone(r.Inbox.Match), "*.zip")
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
		l.bad(key+".key", words.Message("config.key.form"), words.Example("key: file:/etc/rowferry/id_ed25519"))
		s.Key = ""
	}
}

// isFolder tells where copies lie in a folder from a word.
func isFolder(spool string) bool { return strings.ContainsAny(spool, `/\`) }

// isPath tells a document of the user's own from the name of a built-in one.
func isPath(provider string) bool {
	return strings.ContainsAny(provider, `/\`) || slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(provider))
}

func (l *loader) check(c *Config) {
	l.checkTop(c)
	for _, name := range sortedKeys(c.Accounts) {
		a := c.Accounts[name]
		l.account("accounts."+name, name, &a)
		c.Accounts[name] = a
	}
	for _, name := range sortedKeys(c.SFTP) {
		l.checkSFTP(c, "sftp."+name, name, c.SFTP[name])
	}
	for _, name := range sortedKeys(c.Routes) {
		l.checkRoute(c, "routes."+name, c.Routes[name])
	}
	l.checkFolders(c)
	l.checkLists(c)
}

// checkLists warns of code lists that no field asks for.
func (l *loader) checkLists(c *Config) {
	if len(c.Lists) == 0 {
		return
	}
	all := slices.Collect(maps.Values(l.providers))
	for _, name := range providers.Names() {
		if p := l.builtin(name); p != nil {
			all = append(all, p)
		}
	}
	names := map[string]bool{}
	for _, p := range all {
		for _, op := range p.Operations {
			for _, f := range op.Fields {
				names[f.List] = true
			}
		}
	}
	delete(names, "")
	for _, name := range sortedKeys(c.Lists) {
		if !names[name] && len(names) > 0 {
			l.warn(finding{at: l.keys["lists."+name], key: "lists." + name, what: words.Message("config.lists.unused"), write: words.Meant(name, sortedKeys(names))})
		}
	}
}

func (l *loader) checkTop(c *Config) {
	l.checkConsole(&c.Console)
	if host, ok := l.address("listen", c.Listen, "listen: 127.0.0.1:9100"); ok && !IsLocal(host) {
		l.warn(finding{at: l.place("listen"), key: "listen", what: words.Message("config.listen.open", "value", words.Short(c.Listen)), write: words.Example("listen: 127.0.0.1:9100")})
	}
	if _, ok := parseSize(c.Free); !ok {
		l.bad("free", words.Message("config.size", "value", words.Short(c.Free)), words.Example("free: 2GB"))
	}
	l.checkMachines(c)
	if c.Spool != InLedger && !isFolder(c.Spool) {
		l.bad("spool", words.Message("config.spool", "value", words.Short(c.Spool)), words.Example("spool: /mnt/share/rowferry"))
		c.Spool = InLedger
	}
	l.checkKeep(c)
	l.checkNotices(c)
	if l.has("routes") && len(c.Routes) == 0 && !c.Console.first() {
		l.bad("routes", words.Message("config.blank"), words.Message("config.routes.write"))
	}
}

// machineName is what a machine may be called, in so many letters.
var machineName = patterns.New(`^[\pL\pN]([\pL\pN._-]*[\pL\pN])?$`)

const longestMachineName = 63

// checkMachines wants names that are ones, and a machine that reaches all preview folders.
func (l *loader) checkMachines(c *Config) {
	named := func(key, name, example string) {
		if utf8.RuneCountInString(name) > longestMachineName || !machineName.MatchString(name) {
			l.bad(key, words.Message("config.machine", "value", words.Short(name)), words.Example(example))
		}
	}
	if l.has("machine") {
		named("machine", c.Machine, "machine: east-1")
	}
	var all []string // named by every route with a preview folder so far; nil: none has named any
	for _, route := range sortedKeys(c.Routes) {
		on, key := c.Routes[route].Inbox.On, "routes."+route+".inbox.on"
		for i, name := range on {
			named(fmt.Sprintf("%s[%d]", key, i), name, "on: [east-1]")
		}
		switch {
		case len(on) == 0, c.Routes[route].Preview.Dir == "":
			continue
		case all == nil:
			all = slices.Clone(on)
		default:
			all = slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(on, name) })
		}
		if len(all) == 0 {
			l.bad(key, words.Message("config.on.apart"), words.Message("config.on.write"))
			return
		}
	}
}

// checkKeep wants rows kept as long as any route knows repeats of them.
func (l *loader) checkKeep(c *Config) {
	longest := ""
	for _, name := range sortedKeys(c.Routes) {
		if c.Routes[name].Repeats.Within > c.Routes[longest].Repeats.Within {
			longest = name
		}
	}
	if within := c.Routes[longest].Repeats.Within; c.Keep.Rows > 0 && c.Keep.Rows < within {
		l.bad("keep.rows", words.Message("config.keep.rows", "value", Brief(c.Keep.Rows), "route", longest, "within", Brief(within)), words.Example("rows: "+Brief(within)))
	}
}

// address gives the host of an address to listen on; false where there is none, or a mistake.
func (l *loader) address(key, value, example string) (host string, ok bool) {
	if value == "" {
		return "", false
	}
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n > 65535 || n < 0 {
		l.bad(key, words.Message("config.listen", "value", words.Short(value)), words.Example(example))
		return "", false
	}
	return host, true
}

// IsLocal reports whether a host is this machine alone; none means all its addresses.
func IsLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ProperName reports whether a name can stand in folders, commands and metrics: letters, digits, and "_", "." and "-" after the first, 64 at most.
func ProperName(name string) bool {
	for i, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && (i == 0 || r != '_' && r != '.' && r != '-') {
			return false
		}
	}
	return name != "" && utf8.RuneCountInString(name) <= 64
}

// checkName keeps names usable in folders, commands and metrics.
func (l *loader) checkName(key, name string) {
	if !ProperName(name) {
		l.add(finding{at: l.keys[key], key: key, what: words.Message("config.name"), write: words.Message("config.name.write")})
	}
}

// builtin is a provider of that name; nil where there is none.
func (l *loader) builtin(name string) *providers.Provider {
	p, err := providers.Named(name)
	if err != nil { // a fault of the program, found by its tests; the configuration is not to blame
		l.add(finding{what: words.Message("config.builtin", "cause", err.Error())})
	}
	return p
}

// account finds the account's provider and fills in what its document says.
func (l *loader) account(key, name string, a *Account) {
	if p := l.provider(key, a); p != nil {
		l.providers[name] = p
		if a.Rate == "" && p.Limits.Rate.N > 0 {
			a.Rate = p.Limits.Rate.String()
		}
		if !l.has(key + ".concurrency") {
			a.Concurrency = p.Limits.Concurrency
		}
		if a.Server == "" && !l.has(key+".server") && p.Server("production") != "" {
			a.Server = "production"
		}
	}
	if a.Concurrency == 0 {
		a.Concurrency = defaultConcurrency
	}
	if a.Retry.First > a.Retry.Most && a.Retry.Most > 0 && !l.blamed(key+".retry.first", key+".retry.most") {
		l.bad(key+".retry.first", words.Message("config.retry.order", "first", Brief(a.Retry.First), "most", Brief(a.Retry.Most)),
			words.Example("first: "+Brief(a.Retry.Most)))
	}
}

// provider finds the document of an account; nil after a mistake.
func (l *loader) provider(key string, a *Account) *providers.Provider {
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
	names := providers.Names()
	if !slices.Contains(names, a.Provider) {
		write := words.Message("config.provider.write", "words", strings.Join(names, ", "))
		if near := spelling.Nearest(a.Provider, names); near != "" {
			write = words.Message("config.did_you_mean", "word", near)
		}
		l.bad(key+".provider", words.Message("config.provider", "name", words.Short(a.Provider)), write)
		return nil
	}
	return l.builtin(a.Provider)
}

// readable checks that a file can be opened.
func (l *loader) readable(key, file string) bool {
	f, err := os.Open(file)
	if err == nil {
		info, e := f.Stat()
		if err = e; err == nil && info.IsDir() {
			err = errors.New("it is a folder")
		}
		_ = f.Close()
	}
	if err != nil {
		l.add(finding{at: l.place(key), key: key, outside: true,
			what: words.Message("config.file", "path", file, "cause", cause(err)), write: words.Message("config.file.write")})
	}
	return err == nil
}

// unnamable is what the name of a variable cannot have.
var unnamable = patterns.New(`[^A-Za-z0-9]+`)

// Variable is the name of an environment variable for a secret, made of words that anything separates.
func Variable(name string) string {
	return strings.ToUpper(unnamable.ReplaceAllString(name, "_"))
}

// literal warns of a server's secret that stands in the file.
func (l *loader) literal(key string, s Secret, name string) {
	if !s.Literal() {
		return
	}
	l.warn(finding{at: l.place(key), key: key, what: words.Message("config.literal"),
		write: words.Message("config.literal.write", "example", key[strings.LastIndexByte(key, '.')+1:]+": \"${"+Variable(name)+"}\"")})
}

func (l *loader) notThere(key, what, got string, known []string) {
	l.bad(key, words.Message(what, "name", words.Short(got)), words.Meant(got, known))
}

// blank reports whether a key is not given, or given without a text.
func (l *loader) blank(key string) bool {
	text, written := l.raw[key]
	return !l.has(key) || written && strings.TrimSpace(text) == ""
}

func (l *loader) checkSFTP(c *Config, key, name string, s SFTP) {
	if !l.has(key+".password") && !l.has(key+".key") && !s.Agent {
		l.bad(key, words.Message("config.sftp.login"), words.Example("key: file:/etc/rowferry/id_ed25519"))
	}
	if l.blank(key+".known_hosts") && l.blank(key+".host_key") {
		l.bad(key, words.Message("config.sftp.host_key"), words.Example("known_hosts: /etc/rowferry/known_hosts"))
	}
	if s.KnownHosts != "" {
		l.readable(key+".known_hosts", s.KnownHosts)
	}
	if s.KnownHosts != "" && s.HostKey != "" {
		l.bad(key+".known_hosts", words.Message("config.sftp.both_keys"), words.Message("config.sftp.both_keys.write"))
	}
	l.literal(key+".password", s.Password, name+"_password")
	l.literal(key+".passphrase", s.Passphrase, name+"_passphrase")
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
	l.twiceInList(key+".outbox.formats", r.Outbox.Formats)
	l.checkZone(key+".time_zone", r.TimeZone)
	for _, path := range slices.Sorted(maps.Keys(r.Map)) {
		l.checkZone(key+".map."+path+".zone", r.Map[path].Zone)
	}
	if r.Later != nil && r.Later.Every > r.Later.For && !l.blamed(key+".later.every", key+".later.for") {
		l.bad(key+".later.every", words.Message("config.later.order", "every", Brief(r.Later.Every), "for", Brief(r.Later.For)), words.Example("later: {every: 30m, for: 24h}"))
	}
}

func (l *loader) twiceInList(key string, list []string) {
	for i, s := range list {
		if s != "" && slices.Contains(list[:i], s) {
			l.bad(fmt.Sprintf("%s[%d]", key, i), words.Message("config.twice_listed", "word", words.Short(s)), words.Message("config.remove"))
		}
	}
}

// checkTarget checks account, operation and what depends on them.
func (l *loader) checkTarget(c *Config, key string, r Route) {
	_, known := c.Accounts[r.Account]
	if !known {
		if r.Account != "" {
			write := words.Meant(r.Account, sortedKeys(c.Accounts))
			if len(c.Accounts) == 0 {
				write = words.Message("config.account.add", "name", r.Account)
			}
			l.bad(key+".account", words.Message("config.account", "name", words.Short(r.Account)), write)
		}
		return
	}
	p := l.providers[r.Account]
	if p == nil || r.Operation == "" {
		return
	}
	if _, known := p.Operation(r.Operation); !known {
		var names []string
		for _, o := range p.Operations {
			names = append(names, o.ID)
		}
		l.bad(key+".operation", words.Message("config.operation", "name", words.Short(r.Operation), "provider", p.Name), words.Meant(r.Operation, names))
	}
}

func (l *loader) checkPlace(c *Config, key, sftp string) {
	if sftp == "" {
		return
	}
	if _, known := c.SFTP[sftp]; known {
		return
	}
	write := words.Meant(sftp, sortedKeys(c.SFTP))
	if len(c.SFTP) == 0 {
		write = words.Message("config.sftp.add", "name", sftp)
	}
	l.bad(key+".sftp", words.Message("config.sftp.unknown", "name", words.Short(sftp)), write)
}

// folder is one that files are taken from, by its key.
type folder struct{ key, where string }

// checkFolders keeps routes out of each other's way.
func (l *loader) checkFolders(c *Config) {
	names := sortedKeys(c.Routes)
	slices.SortStableFunc(names, func(a, b string) int { return l.keys["routes."+a].line - l.keys["routes."+b].line })
	inboxes, taken := l.inboxes(c, names)
	l.checkOutboxes(c, names, inboxes)
	data := real("", c.Data)
	if isFolder(c.Spool) {
		l.checkSpool(c, data, taken)
	}
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

// inboxes are the folders that files are taken from, each for one route alone; taken has their keys by where they lie.
func (l *loader) inboxes(c *Config, names []string) (inboxes []folder, taken map[string]string) {
	taken = map[string]string{}
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
		inboxes = append(inboxes, folder{key, at})
	}
	for _, name := range names {
		r := c.Routes[name]
		claim("routes."+name+".inbox.dir", r.Inbox.SFTP, r.Inbox.Dir)
		claim("routes."+name+".preview.dir", r.Preview.SFTP, r.Preview.Dir)
	}
	return inboxes, taken
}

// checkOutboxes keeps results out of the folders that files are taken from.
func (l *loader) checkOutboxes(c *Config, names []string, inboxes []folder) {
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
}

// checkSpool keeps the folder of the copies apart from all others.
func (l *loader) checkSpool(c *Config, data string, inboxes map[string]string) {
	spool, others := real("", c.Spool), maps.Clone(inboxes)
	others[data] = "data"
	for _, name := range sortedKeys(c.Routes) {
		if o := c.Routes[name].Outbox; o.SFTP == "" && o.Dir != "" {
			others[real("", o.Dir)] = "routes." + name + ".outbox.dir"
		}
	}
	for _, other := range sortedKeys(others) {
		if within(spool, other) || within(other, spool) {
			l.bad("spool", words.Message("config.spool_inside", "other", others[other]), words.Message("config.spool_inside.write"))
			return
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
