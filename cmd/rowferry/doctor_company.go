package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/notices/mail"
	"github.com/rowferry/rowferry/senders"
)

// company tries what people are told by and look at: the ways of notices, and the console's certificate and issuer.
func company(ctx context.Context, cfg *configs.Config) (all []finding) {
	if m := cfg.Notices.Mail; m != nil {
		all = append(all, mailServer(ctx, *m))
	}
	if w := cfg.Notices.Webhook; w != nil {
		all = append(all, reach(ctx, configs.Account{CA: w.CA}, "webhook of notices", w.URL)...)
	}
	if cfg.Listen != "" {
		all = append(all, bindable("listen", cfg.Listen, cfg))
	}
	c := cfg.Console
	if c.Listen == "" {
		return all
	}
	all = append(all, bindable("console", c.Listen, cfg))
	if c.TLS != nil {
		all = append(all, ownPair("certificate of the console", c.TLS.Cert, c.TLS.Key, time.Now()))
	}
	if c.OIDC != nil {
		all = append(all, reach(ctx, configs.Account{}, "issuer of the console", c.OIDC.Issuer)...)
	}
	return all
}

// bindable tries to open an address of this machine. The service that runs may have it.
func bindable(what, address string, cfg *configs.Config) finding {
	one := finding{What: "address of " + what + " " + address, Good: true, Detail: "free"}
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = l.Close()
	case drivers.Owned(drivers.Of(cfg)):
		one.Detail = "in use, while a service runs"
	default:
		one.Good, one.Detail = false, err.Error()+"; no service runs that could have it: choose another address, or end the program that has this one"
	}
	return one
}

// mailServer connects and logs in, and sends nothing.
func mailServer(ctx context.Context, m configs.Mail) finding {
	one := finding{What: "mail server " + m.Host, Good: true, Detail: "reached; rowferry notify test sends a notice"}
	channel, err := mail.Open(m)
	if err == nil {
		err = channel.Reach(ctx)
	}
	if err != nil {
		one.Good, one.Detail = false, senders.Hide(err.Error(), m.Password.Reveal())+"; check host, port, tls, user and password in notices.mail"
	}
	return one
}

// fewDays is for how long a certificate is valid at least that nobody need look at.
const fewDays = 21

// valid says for how long a certificate is.
func valid(what string, c *x509.Certificate, now time.Time) finding {
	days := int(c.NotAfter.Sub(now).Hours() / 24)
	one := finding{What: what, Good: now.Before(c.NotAfter), Warns: days < fewDays, Detail: fmt.Sprintf("valid for %s, until %s", count(days, "day"), c.NotAfter.UTC().Format(time.DateOnly))}
	switch {
	case !one.Good:
		one.Detail = "it ended on " + c.NotAfter.UTC().Format(time.DateOnly) + ": get a new one"
	case one.Warns:
		one.Detail += ": have it renewed before"
	}
	return one
}

// ownPair says for how long a certificate of ours is valid.
func ownPair(what, cert, key string, now time.Time) finding {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return finding{What: what, Detail: err.Error()}
	}
	return valid(what, pair.Leaf, now)
}
