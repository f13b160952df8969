// Package together authenticates by several schemes at once: an API key and Basic, a key and a token.
package together

import (
	"context"

	"github.com/rowferry/rowferry/senders/auth"
)

type scheme struct{ parts []auth.Scheme }

// New puts schemes together. At most one of them may have to log in.
func New(parts []auth.Scheme) auth.Scheme {
	s := scheme{parts}
	for _, p := range parts {
		if k, ok := p.(auth.Keeper); ok {
			return keeper{s, k}
		}
	}
	return s
}

func (s scheme) Authorize(r *auth.Request) {
	for _, p := range s.parts {
		p.Authorize(r)
	}
}

func (s scheme) Fixed() bool {
	for _, p := range s.parts {
		if !p.Fixed() {
			return false
		}
	}
	return true
}

// keeper is the same with one part that logs in.
type keeper struct {
	scheme
	login auth.Keeper
}

func (k keeper) Session(ctx context.Context, call auth.Call) (string, error) {
	return k.login.Session(ctx, call)
}

func (k keeper) Renew(old string) bool { return k.login.Renew(old) }
