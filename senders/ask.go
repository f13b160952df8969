package senders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
)

// An Asker asks a provider what became of a request that it took over. Every sender of Open is one.
type Asker interface {
	// Ask gets a path of the server, as an operation authenticates and within the account's pace. It changes nothing there.
	Ask(ctx context.Context, op *providers.Operation, path string) (providers.Response, error)
}

// A Knocker logs in, and does nothing else. Every sender of Open is one.
type Knocker interface {
	// Knock logs in where an operation of the account does, within its pace, and reports whether one does. Without sessions only where a
	// log-in ends nobody else's (OAuth2).
	Knock(ctx context.Context, sessions bool) (logged bool, err error)
}

// Knock is a Knocker's.
func (s *sender) Knock(ctx context.Context, sessions bool) (logged bool, err error) {
	for _, c := range s.dress.Load().calls {
		keeper, keeps := c.auth.(auth.Keeper)
		if !keeps || !sessions && c.kind != "oauth2" {
			continue
		}
		if _, err := keeper.Session(ctx, s.login(ctx, c)); err != nil {
			r := s.locked(ctx, err)
			if r.Err == nil {
				err = errors.New(s.mask.hide(r.Reading.Message.EN))
			}
			return true, err
		}
		logged = true
	}
	return logged, nil
}

// Ask is an Asker's.
func (s *sender) Ask(ctx context.Context, op *providers.Operation, path string) (providers.Response, error) {
	c := s.dress.Load().calls[op.ID]
	if c == nil {
		return providers.Response{}, fmt.Errorf("account %s was not opened for operation %s", s.account, op.ID)
	}
	session := ""
	keeper, keeps := c.auth.(auth.Keeper)
	if keeps {
		var err error
		if session, err = keeper.Session(ctx, s.login(ctx, c)); err != nil {
			return providers.Response{}, err
		}
	}
	if err := s.held(ctx); err != nil {
		return providers.Response{}, waited(err)
	}
	slot, err := s.pacer.Acquire(ctx)
	if err != nil {
		return providers.Response{}, waited(err)
	}
	path, query, _ := strings.Cut(path, "?")
	m := message{method: http.MethodGet, url: c.server.JoinPath(path), header: maps.Clone(c.header)}
	delete(m.header, "Content-Type")
	for _, p := range c.query {
		query = join(query, p.name, p.value)
	}
	m.url.RawQuery = query
	if !c.auth.Fixed() {
		c.auth.Authorize(&auth.Request{Method: m.method, Path: m.url.EscapedPath(), Encoding: c.encoding, Session: session, Header: m.header})
	}
	x := s.do(ctx, m, slot, nil)
	if x.fate != Answered {
		return providers.Response{}, x.err
	}
	if keeps && x.response.Status == http.StatusUnauthorized {
		keeper.Renew(session) // the next one has another
	}
	return x.response, nil
}
