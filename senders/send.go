package senders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/pace"
	"github.com/rowferry/rowferry/words"
)

// sender sends for one account.
type sender struct {
	account string
	timeout time.Duration
	dress   atomic.Pointer[dress]
	renew   func() *dress // of secrets' files as they are now; nil when nothing in them has changed
	server  *url.URL
	carrier exchange.Carrier
	logins  *http.Transport // to other servers
	pacer   *pace.Pacer
	log     *slog.Logger
	mask    *mask
	wanted  atomic.Bool // the server has asked for a certificate of ours

	mu    sync.Mutex
	until time.Time   // the provider's limit is spent until then
	spent atomic.Bool // it may be
	freed chan struct{}
}

// dress is what an account's secrets go into: the requests of each operation. Secrets that are rotated make another one.
type dress struct{ calls map[string]*call }

// call is what is the same in all requests of an operation.
type call struct {
	op       *providers.Operation
	encoding string
	scheme   string
	kind     string // of the scheme
	auth     auth.Scheme
	server   *url.URL
	path     string // with {holes}
	query    []pair // of the scheme
	url      *url.URL
	header   http.Header // with the scheme's headers where they are fixed
	encoder  *encoder
}

// Past counts requests of the account that were made elsewhere.
func (s *sender) Past(starts []time.Time) { s.pacer.Past(starts) }

// Send makes one attempt; see Sender.
func (s *sender) Send(ctx context.Context, a Attempt) Result {
	d := s.dress.Load()
	if d.calls[a.Operation.ID] == nil {
		return Result{Fate: NotSent, Err: fmt.Errorf("account %s was not opened for operation %s", s.account, a.Operation.ID)}
	}
	a.Commit = once(a.Commit)
	res := s.dressed(ctx, d, a)
	if res.Fate == Answered && res.Reading.Class == providers.Auth {
		if other := s.redress(d); other != nil {
			res = s.dressed(ctx, other, a)
		}
	}
	if res.Fate == Answered {
		s.clean(&res.Reading)
	}
	return res
}

// dressed makes one attempt, and another one where the session had ended.
func (s *sender) dressed(ctx context.Context, d *dress, a Attempt) Result {
	c := d.calls[a.Operation.ID]
	res, session := s.attempt(ctx, c, a)
	if res.Fate == Answered && res.Reading.Class == providers.Renew {
		res = s.renewed(ctx, c, a, session, res)
	}
	return res
}

// redress reads secrets' files again after the provider refused the account: they may have been rotated. nil when they are what
// was refused. An answer that refuses the account shows that the request was not processed.
func (s *sender) redress(refused *dress) *dress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.dress.Load(); now != refused {
		return now
	}
	other := s.renew()
	if other != nil {
		s.log.Info("secrets have changed in their files", "account", s.account)
		s.dress.Store(other)
	}
	return other
}

// once is a commit that is asked until it agrees, and not again.
func once(commit func(context.Context) error) func(context.Context) error {
	agreed := commit == nil
	return func(ctx context.Context) error {
		if agreed {
			return nil
		}
		err := commit(ctx)
		agreed = err == nil
		return err
	}
}

// renewed makes the attempt again after the provider said that the session has ended, if another one can be had. The
// answer showed that the request was not processed; what was committed for it still holds.
func (s *sender) renewed(ctx context.Context, c *call, a Attempt, old string, first Result) Result {
	refused := first
	refused.Reading.Class, refused.Reading.Items = providers.Auth, nil
	keeper, ok := c.auth.(auth.Keeper)
	if !ok || !keeper.Renew(old) {
		return refused
	}
	s.log.Info("session ended, logging in again", "account", s.account)
	res, _ := s.attempt(ctx, c, a)
	if res.Fate == Answered && res.Reading.Class == providers.Renew {
		res.Reading.Class, res.Reading.Items = providers.Auth, nil
	}
	return res
}

// attempt makes one request, after a login where one is needed.
func (s *sender) attempt(ctx context.Context, c *call, a Attempt) (res Result, session string) {
	wait := ctx
	if a.Quit != nil {
		wait = a.Quit
	}
	if keeper, ok := c.auth.(auth.Keeper); ok {
		var err error
		if session, err = keeper.Session(wait, s.login(ctx, c)); err != nil {
			return s.locked(wait, err), ""
		}
		s.mask.session(session)
	}
	body, err := c.encoder.encode(a, session)
	if err != nil {
		return Result{Fate: NotSent, Err: err}, session
	}
	m, err := c.message(a, body)
	if err != nil {
		return Result{Fate: NotSent, Err: err}, session
	}
	if err := s.held(wait); err != nil {
		return Result{Fate: NotSent, Err: waited(err)}, session
	}
	slot, err := s.pacer.Acquire(wait)
	if err != nil {
		return Result{Fate: NotSent, Err: waited(err)}, session
	}
	if !c.auth.Fixed() {
		m.header = maps.Clone(m.header)
		c.auth.Authorize(&auth.Request{Method: c.op.Method, Path: m.url.EscapedPath(), Encoding: c.encoding, Body: body, Session: session, Header: m.header})
	}
	x := s.do(ctx, m, slot, halting(wait, a.Commit))
	if x.stranger {
		v := providers.Verdict{Class: providers.Auth, Message: words.Every("sender.client_certificate")}
		return Result{Fate: Answered, Started: x.started, Took: x.took, Reading: providers.Reading{Verdict: v}}, session
	}
	res = Result{Fate: x.fate, Err: x.err, Started: x.started, Took: x.took}
	if x.fate == Answered {
		res.Status = x.response.Status
		now := x.started.Add(x.took)
		res.RetryAfter = patience.Asked(x.response.Header, now)
		res.Rest = spent(x.response.Header, now)
		s.holdFor(res.Rest)
		res.Reading = c.op.Interpret(x.response, providers.Sent{Items: a.Items, Encoding: c.encoding})
		if !res.Reading.Plain() {
			res.Said = s.said(c.op, x.response)
		}
	}
	return res, session
}

// halting is a commit that lets nothing leave once quit is done.
func halting(quit context.Context, commit func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if quit.Err() != nil {
			return waited(quit.Err())
		}
		if commit == nil {
			return nil
		}
		return commit(ctx)
	}
}

// holdFor keeps the account's requests back for a time: the provider says that nothing is left of its limit.
func (s *sender) holdFor(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := time.Now().Add(d); until.After(s.until) {
		s.until = until
		s.spent.Store(true)
	}
}

// Free is a Freer's.
func (s *sender) Free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
	if s.freed != nil {
		close(s.freed)
		s.freed = nil
	}
}

// held waits until requests may leave again.
func (s *sender) held(ctx context.Context) error {
	for s.spent.Load() {
		s.mu.Lock()
		wait := time.Until(s.until)
		s.spent.Store(wait > 0)
		if s.freed == nil {
			s.freed = make(chan struct{})
		}
		freed := s.freed
		s.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-freed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return nil
}

func waited(err error) error {
	f := failure("sender.cancelled")
	f.cause = err
	return f
}

// login makes one login request within the pace, which is waited for as long as the caller wants; once it leaves it may end as
// long as drain lasts.
func (s *sender) login(drain context.Context, c *call) auth.Call {
	return func(ctx context.Context, path, encoding string, body []byte) (providers.Response, error) {
		slot, err := s.pacer.Acquire(ctx)
		if err != nil {
			return providers.Response{}, waited(err)
		}
		h := http.Header{"User-Agent": c.header["User-Agent"], "Content-Type": {mediaTypes[encoding]}, "Accept": {mediaTypes[encoding]}}
		x := s.do(drain, message{method: http.MethodPost, url: s.server.JoinPath(path), header: h, body: body}, slot, halting(ctx, nil))
		s.log.Info("logged in", "account", s.account, "fate", string(x.fate), "status", x.response.Status)
		if x.fate != Answered {
			return providers.Response{}, x.err
		}
		return x.response, nil
	}
}

// locked is the result of an attempt whose login did not come off.
func (s *sender) locked(ctx context.Context, err error) Result {
	if refused, ok := errors.AsType[*auth.Refused](err); ok {
		v := providers.Verdict{Class: providers.Auth, Code: refused.Code, Message: batch.Text{EN: refused.Message}}
		switch {
		case refused.Missing != "":
			v.Message = words.Every("sender.login_without", "what", refused.Missing)
		case refused.Message == "":
			v.Message = words.Every("sender.login_refused", "status", refused.Status)
		}
		return Result{Fate: Answered, Status: refused.Status, Reading: providers.Reading{Verdict: v}}
	}
	if unsure, ok := errors.AsType[*auth.Unsure](err); ok {
		return Result{Fate: NotSent, RetryAfter: patience.Asked(unsure.Header, time.Now()), Err: failure("sender.login_unclear", "status", unsure.Status)}
	}
	if ctx.Err() != nil {
		return Result{Fate: NotSent, Err: waited(ctx.Err())}
	}
	if away, ok := errors.AsType[*url.Error](err); ok {
		host := s.server.Host
		if u, err := url.Parse(away.URL); err == nil {
			host = u.Host
		}
		return Result{Fate: NotSent, Err: explain(away.Err, host)}
	}
	return Result{Fate: NotSent, Err: err}
}

// clean takes credentials out of what the provider said: some repeat the token they refuse. What people cannot see or
// would not read to its end goes too.
func (s *sender) clean(r *providers.Reading) {
	hide := func(v *providers.Verdict) {
		texts := []*string{&v.Code, &v.Reference, &v.Message.EN, &v.Message.ZH, &v.Message.RU}
		for i := range v.Faults {
			texts = append(texts, &v.Faults[i].Text)
		}
		for _, text := range texts {
			if *text != "" {
				*text = tidy(s.mask.hide(*text)) // hidden first and cut after: a secret may stand where the cut is
			}
		}
	}
	hide(&r.Verdict)
	for i := range r.Items {
		hide(&r.Items[i])
	}
}

// longest is how many characters of a provider's text are kept.
const longest = 2000

// tidy makes one line of a text: blanks stand for line breaks and other control characters. A very long one is cut.
func tidy(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) }), " ")
	}
	return beginning(text, longest)
}

// beginning is a text, or its beginning where it has more than so many characters.
func beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if all := []rune(text); len(all) > most {
		return string(all[:most]) + "…"
	}
	return text
}
