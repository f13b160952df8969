package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/notices/mail"
	"github.com/rowferry/rowferry/places/local"
)

// company tries what people are told by and look at: the ways of notices, and the console's certificate and issuer.
func company(ctx context.Context, cfg *configs.Config) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		var all []finding
		if m := cfg.Notices.Mail; m != nil {
			all = append(all, mailServer(ctx, *m))
		}
		if w := cfg.Notices.Webhook; w != nil {
			all = append(all, reach(ctx, configs.Account{CA: w.CA}, "webhook of notices", w.URL)...)
		}
		if c := cfg.Console; c.Listen != "" {
			if c.TLS != nil {
				all = append(all, ownPair("certificate of the console", c.TLS.Cert, c.TLS.Key, time.Now()))
			}
			if c.OIDC != nil {
				all = append(all, reach(ctx, configs.Account{}, "issuer of the console", c.OIDC.Issuer)...)
			}
		}
		for _, one := range all {
			if !yield(one) {
				return
			}
		}
	}
}

// mailServer connects and logs in, and sends nothing.
func mailServer(ctx context.Context, m configs.Mail) finding {
	one := finding{What: "mail server " + m.Host, Good: true, Detail: "reached; rowferry notify test sends a notice"}
	channel, err := mail.Open(m)
	if err == nil {
		err = channel.Reach(ctx)
	}
	if err != nil {
		one.Good, one.Detail = false, err.Error()+"; check host, port, tls, user and password in notices.mail"
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

// little is how much room on a disk somebody should look at.
const little = 1_000_000_000

// lookAround adds to a good folder how much room it has and who else may write there.
func (one *finding) lookAround(cfg *configs.Config, dir, what string) {
	if free, err := local.Room(dir); err == nil {
		one.Detail += fmt.Sprintf("; %.1f GB free", float64(free)/1e9)
		one.Warns = free < little
		if dir == cfg.Data && free < cfg.FreeBytes() {
			one.Good = false
			one.Detail += ", less than free: " + cfg.Free + ": nothing new is taken until there is room"
		}
	}
	info, err := os.Stat(dir)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o002 == 0 {
		return
	}
	one.Warns = true
	if strings.HasPrefix(what, "inbox") {
		one.Detail += "; everybody on this machine may write there, and so have rows sent: chmod o-w"
	} else {
		one.Detail += "; everybody on this machine may write there, and so change results: chmod o-w"
	}
}

// crossed says when what lies in a folder cannot be moved to the folders below it where files are claimed and put to rest.
func crossed(dir, name string) error {
	for _, below := range []string{inbox.Processing, inbox.Archived} {
		to := filepath.Join(dir, below, filepath.Base(name))
		err := os.Rename(name, to)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.Rename(to, name)
		}
		if err != nil {
			return fmt.Errorf("%w; %s must be on the same file system as the folder above it", err, below)
		}
	}
	return nil
}
