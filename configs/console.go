package configs

import (
	"slices"

	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// Console is the web pages and the API.
type Console struct {
	// Address on which pages and API are served; without it they are not. Off this machine only with tls or behind_proxy.
	Listen string `yaml:"listen" example:"127.0.0.1:8420"`
	// Certificate of the address.
	TLS *TLS `yaml:"tls"`
	// A proxy in front of it speaks TLS with the browsers, and sets X-Forwarded-For.
	BehindProxy bool `yaml:"behind_proxy" example:"true"`
	// Sign in with your company's accounts besides those of rowferry.
	OIDC *OIDC `yaml:"oidc"`
	// Folder in which an administrator's new routes are written. With it a service starts without a route: the first one is made in the console.
	Routes string `yaml:"routes" example:"routes.d"`
}

// TLS is a certificate and its key.
type TLS struct {
	// PEM file with the certificate and those that vouch for it.
	Cert string `yaml:"cert" required:"true" example:"/etc/rowferry/console.pem"`
	// PEM file with its private key.
	Key string `yaml:"key" required:"true" example:"/etc/rowferry/console.key"`
}

// OIDC is an OpenID Connect provider.
type OIDC struct {
	// Address of the provider, as its discovery document says it.
	Issuer string `yaml:"issuer" required:"true" example:"https://login.example.com/realms/acme"`
	// The client that the provider knows the console by. Its redirect address is https://CONSOLE/sign-in/oidc.
	Client string `yaml:"client" required:"true" example:"rowferry"`
	// The client's secret.
	Secret Secret `yaml:"secret" example:"\"${OIDC_SECRET}\""`
	// What members of the provider's groups may do: group → viewer, sender, operator or admin. The highest counts; who is in none may not sign in.
	Roles map[string]string `yaml:"roles" example:"admin"`
	// The claim that lists a person's groups; dots lead into objects (realm_access.roles).
	Claim string `yaml:"claim" default:"groups"`
	// Address under which browsers reach the console, where that is not what they ask for.
	URL string `yaml:"url" example:"https://rowferry.example.com"`
}

// first reports whether a first route can be made in the console.
func (c *Console) first() bool { return c.Listen != "" && c.Routes != "" }

// Roles are what people may do, from least to most.
func Roles() []string { return []string{"viewer", "sender", "operator", "admin"} }

func (l *loader) finishConsole(c *Console) {
	if c.TLS != nil {
		l.anchor(&c.TLS.Cert, &c.TLS.Key)
	}
	l.anchor(&c.Routes)
}

func (l *loader) checkConsole(c *Console) {
	host, ok := l.address("console.listen", c.Listen, "listen: 127.0.0.1:8420")
	if ok && c.TLS == nil && !c.BehindProxy && !IsLocal(host) {
		l.bad("console.listen", words.Message("config.console.open", "value", words.Short(c.Listen)), words.Message("config.console.open.write"))
	}
	if t := c.TLS; t != nil && t.Cert != "" && t.Key != "" {
		for _, m := range trust.CheckPair(t.Cert, t.Key) {
			key := join("console.tls", m.Key)
			l.add(finding{at: l.place(key), key: key, what: m.What, write: m.Write, outside: m.Elsewhere})
		}
	}
	if c.OIDC == nil {
		return
	}
	l.checkWeb("console.oidc.issuer", c.OIDC.Issuer, "https://login.example.com/realms/acme")
	l.checkWeb("console.oidc.url", c.OIDC.URL, "https://rowferry.example.com")
	for _, group := range sortedKeys(c.OIDC.Roles) {
		if role := c.OIDC.Roles[group]; !slices.Contains(Roles(), role) {
			l.oneOf("console.oidc.roles."+group, role, Roles())
		}
	}
}
