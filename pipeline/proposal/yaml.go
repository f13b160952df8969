package proposal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
)

// Variable is one the environment must have before the configuration can be used.
type Variable struct {
	Name string `json:"name"`
	What string `json:"what"`
}

// Environment lists the variables that the configuration takes its secrets and addresses from.
func (p *Proposal) Environment() []Variable {
	var out []Variable
	if provider := p.Operation.Provider; len(provider.Servers) == 0 {
		out = append(out, Variable{p.variable("server"), "the address that the provider gave you: https://…"})
	}
	for _, c := range p.credentials() {
		out = append(out, Variable{p.variable(c.Name), c.Label.In(batch.English)})
	}
	if p.signed() {
		out = append(out, Variable{p.variable("signDigest"), "digest of the signature: md5, sha1, sha256, hmac-md5, hmac-sha1 or hmac-sha256"},
			Variable{p.variable("signOver"), "what is signed, as the provider told you: for example {token}{timestamp}{nonce}{secret}"})
	}
	return out
}

var hump = patterns.New(`([a-z0-9])([A-Z])`)

// variable is an environment variable's name: DELLIN_SESSION_ID.
func (p *Proposal) variable(name string) string {
	s := p.Account + "_" + hump.ReplaceAllString(name, "${1}_${2}")
	s = strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToUpper(r)
		}
		return '_'
	}, s)
	if s[0] >= '0' && s[0] <= '9' {
		return "_" + s
	}
	return s
}

// scheme is how the operation authenticates without a word in the configuration.
func (p *Proposal) scheme() providers.Scheme {
	for _, s := range p.Operation.Provider.Schemes {
		if len(p.Operation.Schemes) > 0 && s.Name == p.Operation.Schemes[0] {
			return s
		}
	}
	return providers.Scheme{}
}

func (p *Proposal) signed() bool { return p.scheme().Name == "signed" }

// needs are the credentials of a scheme and of those that work together in it.
func needs(s providers.Scheme) []string {
	need := slices.Clone(s.Needs)
	for _, part := range s.Parts {
		need = append(need, needs(part)...)
	}
	return need
}

// credentials are those the account must give: what the scheme needs, the fields of the login that most generations
// share, and what the document does not call optional and no other scheme is there for.
func (p *Proposal) credentials() []providers.Credential {
	s := p.scheme()
	need := needs(s)
	var others []string
	for _, other := range p.Operation.Provider.Schemes {
		if other.Name != s.Name {
			others = append(others, needs(other)...)
		}
	}
	if len(s.Logins) > 0 {
		count := map[string]int{}
		for _, l := range s.Logins {
			count[strings.Join(l.Fields, " ")]++
		}
		best := s.Logins[0].Fields
		for _, l := range s.Logins {
			if count[strings.Join(l.Fields, " ")] > count[strings.Join(best, " ")] {
				best = l.Fields
			}
		}
		need = append(need, best...)
	}
	var out []providers.Credential
	for _, c := range p.Operation.Provider.Credentials {
		if !c.Optional && !slices.Contains(others, c.Name) || slices.Contains(need, c.Name) || p.signed() {
			out = append(out, c)
		}
	}
	return out
}

// Config is the whole configuration.
func (p *Proposal) Config() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	maker := "rowferry init"
	if p.Part {
		maker = "the console"
	}
	line("# Made by %s from %s for %s (%s). Look through it, above all at what says \"please check\".", maker, comment(p.Sample), p.Operation.ID, comment(p.Operation.Title.EN))
	if p.Part {
		line("# A part of a configuration: it belongs into a folder that include names (include: routes.d/*.yaml).")
	}
	if !p.Known {
		line("# Values such as ${NAME} come from the environment. Every key is explained in docs/configuration.md.")
	}
	line("")
	if !p.Part {
		line("data: data")
		line("language: %s", p.Language)
		line("")
	}
	if !p.Known {
		line("accounts:")
		p.account(line)
		line("")
	}
	line("routes:")
	p.route(line)
	return b.Bytes()
}

func (p *Proposal) account(line func(string, ...any)) {
	provider := p.Operation.Provider
	line("  %s:", Scalar(p.Account))
	line("    provider: %s", Scalar(p.Provider))
	p.server(line, provider.Servers)
	if list := p.credentials(); len(list) > 0 {
		line("    credentials:")
		for _, c := range list {
			line("      %-40s # %s", fmt.Sprintf(`%s: "${%s}"`, c.Name, p.variable(c.Name)), comment(c.Label.In(p.Language)))
		}
	}
	if p.signed() {
		line("    sign: # the recipe is not public: the provider tells it to its customers")
		line(`      digest: "${%s}"`, p.variable("signDigest"))
		line(`      over: "${%s}"`, p.variable("signOver"))
	}
}

func (p *Proposal) server(line func(string, ...any), servers []providers.Server) {
	if len(servers) == 0 {
		line(`    server: "${%s}" # the address that the provider gave you`, p.variable("server"))
		return
	}
	at := max(0, slices.IndexFunc(servers, func(s providers.Server) bool { return s.Environment == "sandbox" }))
	var known []string
	for _, s := range servers {
		known = append(known, s.Environment+" is "+s.URL)
	}
	line("    server: %-10s # %s", servers[at].Environment, strings.Join(known, ", "))
}

func (p *Proposal) route(line func(string, ...any)) {
	line("  %s:", Scalar(p.Route))
	line("    account: %s", Scalar(p.Account))
	line("    operation: %s", Scalar(p.Operation.ID))
	line("    inbox: {dir: %s}", Scalar("inbox/"+p.Route))
	line("    outbox: {dir: %s}", Scalar("outbox/"+p.Route))
	p.read(line)
	switch p.Grouped {
	case Sure:
		line("    group: %s", Scalar(p.Group))
	case Check:
		line("    group: %s # please check: the only free column whose values repeat", Scalar(p.Group))
	case None:
		line("    group: %s # please check: the sample has no such column; write the heading of the one whose equal values make rows one request", Scalar(p.Group))
	}
	p.mapping(line)
}

func (p *Proposal) read(line func(string, ...any)) {
	var parts []string
	for _, k := range []struct{ key, value string }{
		{"sheet", p.Read.Sheet}, {"header", p.Read.Header}, {"encoding", p.Read.Encoding}, {"delimiter", p.Read.Delimiter},
		{"quote", p.Read.Quote}, {"escape", p.Read.Escape}, {"record", p.Read.Record},
	} {
		if k.value != "" {
			parts = append(parts, k.key+": "+Scalar(k.value))
		}
	}
	if p.Read.Unzip {
		parts = append(parts, "unzip: true")
	}
	if len(parts) > 0 {
		line("    read: {%s}", strings.Join(parts, ", "))
	}
}

// mapping writes the map: what must be in it, and as comments what fills itself and what is missing.
func (p *Proposal) mapping(line func(string, ...any)) {
	var own, given, missing []*Field
	for _, f := range p.Fields {
		switch {
		case f.Map != nil:
			given = append(given, f)
		case f.Surety == Sure:
			own = append(own, f)
		case f.Required || f.Surety == Perhaps:
			missing = append(missing, f)
		}
	}
	if len(own) > 0 {
		line("    # Filled by columns that go by the provider's names; these need no map:")
		for _, f := range own {
			line("    #   %s: %s%s", f.Path, comment(Scalar(p.heading(f.Column))), remarks(f.Remarks))
		}
	}
	switch {
	case len(given) > 0:
		line("    map:")
	case len(missing) > 0:
		line("    #map: # nothing needs one yet; take the # at the beginning away here too, when you do so below")
	case slices.ContainsFunc(own, func(f *Field) bool { return len(f.Remarks) > 0 }):
		line("    #map: # nothing needs one; take the # at the beginning away when you write something into it")
	default:
		line("    # map: nothing needs one")
	}
	for _, f := range given {
		p.entry(line, f)
	}
	for _, f := range missing {
		why := "# required, and no column was found; take the # at the beginning away and write a heading for the …, or {value: a constant}"
		heading := `"…"`
		if f.Surety == Perhaps {
			heading = Scalar(p.heading(f.Column))
			why = "# " + f.Sureness() + "; take the # at the beginning away if it is right"
			if f.Required {
				why += " (the field is required)"
			}
		}
		line("      #%s: %s %s", Scalar(f.Path), comment(heading), comment(why))
	}
}

// entry is one field of the map: the heading alone, or with what the values need.
func (p *Proposal) entry(line func(string, ...any), f *Field) {
	if f.Map.Value != nil {
		line("      %s: {value: %s} # %s", Scalar(f.Path), quoted(*f.Map.Value), f.Sureness())
		return
	}
	heading, remark := Scalar(f.Map.From[0]), comment("# "+f.Sureness())+remarks(f.Remarks)
	if len(f.Map.From) > 1 {
		var all []string
		for _, h := range f.Map.From {
			all = append(all, quoted(h))
		}
		heading = "[" + strings.Join(all, ", ") + "]"
	}
	if f.Map.Lookup == nil && len(f.Map.Date) == 0 {
		line("      %s: %s %s", Scalar(f.Path), heading, remark)
		return
	}
	line("      %s: %s", Scalar(f.Path), remark)
	line("        from: %s", heading)
	if len(f.Map.Date) > 0 {
		var list []string
		for _, l := range f.Map.Date {
			list = append(list, quoted(l))
		}
		line("        date: [%s]", strings.Join(list, ", "))
	}
	if f.Map.Lookup == nil {
		return
	}
	line("        lookup:")
	for _, k := range slices.SortedFunc(maps.Keys(f.Map.Lookup), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.Map.Lookup[a], f.Map.Lookup[b]), cmp.Compare(a, b))
	}) {
		check := ""
		if slices.Contains(f.Guessed, k) {
			check = " # please check"
		}
		line("          %s: %s%s", quoted(k), quoted(f.Map.Lookup[k]), check)
	}
}

func remarks(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return comment("; please check: " + strings.Join(list, "; "))
}

// comment keeps a text on its line.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

var (
	bare     = patterns.New(`^[\p{L}_./][\p{L}\p{N}_./-]*( [\p{L}\p{N}_./()-]+)*$`)
	reserved = patterns.New(`(?i)^(y|n|yes|no|on|off|true|false|null|~|\.inf|\.nan|\.|\.\.)$`)
)

// Scalar writes a text as YAML: bare where nobody can misread it, else in quotes.
func Scalar(s string) string {
	if bare.MatchString(s) && !reserved.MatchString(s) && !strings.HasPrefix(s, "file:") {
		return s
	}
	return quoted(s)
}

// quoted writes a text in double quotes. What JSON escapes, YAML understands.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string cannot fail
	return strings.TrimRight(b.String(), "\n")
}
