package console

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
)

// sessionManager keeps sessions in the ledger, so that they outlast a restart; of their tokens only hashes. It is not made by scs.New:
// that starts a goroutine which never ends, and a console is made with each reload.
func sessionManager(store *sessionStore, broken func(http.ResponseWriter, *http.Request, error)) *scs.SessionManager {
	return &scs.SessionManager{Store: store, HashTokenInStore: true, Codec: scs.GobCodec{}, ErrorFunc: broken, Lifetime: 7 * 24 * time.Hour, IdleTimeout: 12 * time.Hour,
		Cookie: scs.SessionCookie{Name: "rowferry", Path: "/", Persist: true, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}}
}

// unsecured reports whether a browser would not keep a Secure cookie of this console: WebKit, which is Safari, keeps none that came over plain
// HTTP, not even from the machine it runs on. Chromium, which names WebKit too, does, and so does Firefox.
func (c *Console) unsecured(r *http.Request) bool {
	plain := c.cfg.Console.TLS == nil && !c.cfg.Console.BehindProxy
	return plain && strings.Contains(r.UserAgent(), "AppleWebKit/") && !strings.Contains(r.UserAgent(), "Chrome/")
}

// withSession gives a request its session. Its cookie is Secure, unless the browser would keep none that is.
func (c *Console) withSession(h http.Handler) http.Handler {
	open := *c.sessions
	open.Cookie.Secure = false
	secured, unsecured := c.sessions.LoadAndSave(h), open.LoadAndSave(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.unsecured(r) {
			unsecured.ServeHTTP(w, r)
			return
		}
		secured.ServeHTTP(w, r)
	})
}

// sessionStore is the register as scs wants it. A session that was ended stays so: a request that began before does not store it again.
type sessionStore struct {
	register ledger.Register
	mu       sync.Mutex // between looking whether a session was ended and storing it
}

const sessionKey = "session/"

type session struct {
	Expiry time.Time `json:"expiry"`
	Data   []byte    `json:"data,omitempty"`
	Ended  bool      `json:"ended,omitempty"` // before its time
}

// FindCtx returns a session that has not ended.
func (s *sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	v, known, err := s.kept(ctx, token)
	if err != nil || !known || v.Ended || v.Expiry.Before(time.Now()) {
		return nil, false, err
	}
	return v.Data, true, nil
}

// CommitCtx stores a session that has not been ended.
func (s *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, _, err := s.kept(ctx, token); err != nil || before.Ended {
		return err
	}
	return s.keep(ctx, token, session{Expiry: expiry, Data: data})
}

// DeleteCtx ends a session.
func (s *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known, err := s.kept(ctx, token)
	if err != nil || !known {
		return err
	}
	return s.keep(ctx, token, session{Expiry: before.Expiry, Ended: true})
}

func (s *sessionStore) kept(ctx context.Context, token string) (v session, known bool, err error) {
	text, err := s.register.Entry(ctx, sessionKey+token)
	if err != nil || text == "" {
		return v, false, err
	}
	return v, true, json.Unmarshal([]byte(text), &v)
}

func (s *sessionStore) keep(ctx context.Context, token string, v session) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.register.Enter(ctx, sessionKey+token, string(text))
}

// Find, Commit and Delete are for those who have no context; scs calls the others.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx.
func (s *sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx.
func (s *sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// sweep takes out those that have ended.
func (s *sessionStore) sweep(ctx context.Context) error {
	all, err := s.register.Entries(ctx, sessionKey)
	if err != nil {
		return err
	}
	for key, text := range all {
		var v session
		if json.Unmarshal([]byte(text), &v) == nil && v.Expiry.After(time.Now()) {
			continue
		}
		if err := s.register.Enter(ctx, key, ""); err != nil {
			return err
		}
	}
	return nil
}

type whoKey struct{}

// who is the person that asks; nil when nobody has signed in.
func who(r *http.Request) *people.Person {
	p, _ := r.Context().Value(whoKey{}).(*people.Person)
	return p
}

// identify finds out who asks: by a token, or by a session whose user is still there.
func (c *Console) identify(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := c.person(r)
		switch {
		case errors.Is(err, people.ErrWrong):
			c.problem(w, r, http.StatusUnauthorized, "wrong-token", "console.api.wrong_token")
			return
		case err != nil:
			c.broken(w, r, err)
			return
		}
		if p != nil {
			r = r.WithContext(context.WithValue(r.Context(), whoKey{}, p))
		}
		h.ServeHTTP(w, r)
	})
}

func (c *Console) person(r *http.Request) (*people.Person, error) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		p, err := c.people.Bearer(r.Context(), strings.TrimSpace(bearer))
		if err != nil {
			return nil, err
		}
		return &p, nil
	}
	if text := c.sessions.GetString(r.Context(), "company"); text != "" { // signed in by OpenID Connect
		if c.company == nil { // which is not configured any more
			return nil, c.sessions.Destroy(r.Context())
		}
		p := &people.Person{}
		return p, json.Unmarshal([]byte(text), p)
	}
	name := c.sessions.GetString(r.Context(), "user")
	if name == "" {
		return nil, nil
	}
	u, err := c.people.User(r.Context(), name)
	if errors.Is(err, people.ErrNobody) || err == nil && u.Hash != c.sessions.GetString(r.Context(), "hash") { // taken out, or another password
		return nil, c.sessions.Destroy(r.Context())
	}
	return &u.Person, err
}

// address is where a request comes from.
func (c *Console) address(r *http.Request) string {
	if c.cfg.Console.BehindProxy {
		hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := strings.TrimSpace(hops[len(hops)-1]); last != "" {
			return last
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// nobody reports whether there is no user at all yet and none can come from the company's accounts.
func (c *Console) nobody(ctx context.Context) (bool, error) {
	if c.company != nil {
		return false, nil
	}
	users, err := c.people.Users(ctx)
	return len(users) == 0, err
}

// throttle slows down who tries passwords: after a few failures each further try waits twice as long, by name and by address.
type throttle struct {
	mu     sync.Mutex
	failed map[string]failures
	turns  chan struct{} // passwords that are being compared: each takes 19 MiB
}

type failures struct {
	n    int
	last time.Time
}

const (
	freeTries = 5
	forgetful = 15 * time.Minute // after so long without a failure all is forgotten
)

func newThrottle() *throttle {
	return &throttle{failed: map[string]failures{}, turns: make(chan struct{}, 2)}
}

// wait says how long somebody must wait before the next try.
func (t *throttle) wait(now time.Time, keys ...string) (longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		f := t.failed[k]
		if f.n < freeTries || now.Sub(f.last) > forgetful {
			continue
		}
		pause := min(time.Second<<min(f.n-freeTries, 10), forgetful)
		longest = max(longest, f.last.Add(pause).Sub(now))
	}
	return longest
}

// note counts a failure, or forgets those before a success.
func (t *throttle) note(now time.Time, good bool, keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, f := range t.failed {
		if now.Sub(f.last) > forgetful {
			delete(t.failed, k)
		}
	}
	for _, k := range keys {
		if good {
			delete(t.failed, k)
			continue
		}
		t.failed[k] = failures{t.failed[k].n + 1, now}
	}
}
