// Package console is the web pages and /api/v1: what a person does without a terminal. It owns no rules of its own: what is asked
// here goes through the same take, check, redrop and orders as the command line.
package console

import (
	"context"
	"crypto/tls"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
)

//go:embed static
var static embed.FS

// Console serves one engine. New makes one; Run serves it and is called once.
type Console struct {
	engine   *pipeline.Engine
	books    ledger.Owner
	desk     *desk.Desk
	cfg      *configs.Config
	log      *slog.Logger
	people   people.Book
	store    *sessionStore
	sessions *scs.SessionManager
	throttle *throttle
	hub      *hub
	company  *company // sign-in by OpenID Connect; nil where none is configured
	shelf    *shelf
	tellers  *tellers
	drafting sync.Mutex
	left     leftovers
	drops    string // folder of what was uploaded to be looked at first
	listener net.Listener
	handler  http.Handler
}

// New opens the console's address, with net.Listen or its like, and makes its handlers. Its error is why it cannot be served.
func New(e *pipeline.Engine, cfg *configs.Config, log *slog.Logger, listen func(network, address string) (net.Listener, error)) (*Console, error) {
	c := &Console{engine: e, books: e.Ledger, cfg: cfg, log: log, people: people.Book{Register: e.Ledger}, throttle: newThrottle(), tellers: newTellers(log),
		desk: &desk.Desk{Books: e.Ledger, Orders: e.Ledger, Config: cfg, Live: e}, drops: filepath.Join(cfg.Data, "console", "drops")}
	c.hub = newHub(c)
	c.shelf = newShelf(shelfDir(cfg.Data), log, c.table)
	c.store = &sessionStore{register: e.Ledger}
	c.sessions = sessionManager(c.store, c.broken)
	if o := cfg.Console.OIDC; o != nil {
		c.company = &company{OIDC: *o}
	}
	c.handler = c.wrap(c.routes())
	l, err := listen("tcp", cfg.Console.Listen)
	if err != nil {
		return nil, fmt.Errorf("console.listen: %w", err)
	}
	if t := cfg.Console.TLS; t != nil {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("console.tls: %w", err), l.Close())
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	c.listener = l
	return c, nil
}

// Address is where the console is served.
func (c *Console) Address() string {
	scheme := "http"
	if c.cfg.Console.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.listener.Addr().String()
}

// Name is for the log.
func (c *Console) Name() string { return "console" }

// Run serves until ctx ends. What was asked for by then has a moment to be answered.
func (c *Console) Run(ctx context.Context) error {
	defer c.shelf.close()
	defer c.tellers.close()
	if err := errors.Join(os.RemoveAll(shelfDir(c.cfg.Data)), c.sweepDrops(), c.sweepDrafts(ctx), c.store.sweep(ctx)); err != nil {
		c.log.Error("console: what is out of date", "error", err)
	}
	asked, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{Handler: c.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return asked }}
	watched := make(chan struct{})
	watching, stop := context.WithCancel(ctx)
	defer func() { stop(); <-watched }()
	go func() { defer close(watched); c.hub.run(watching) }()
	c.log.Info("console", "address", c.Address())
	if err := Serve(ctx, server, c.listener); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// Close gives the address back, also where Run was not called. It may be called more than once.
func (c *Console) Close() error {
	if err := c.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// routes are all pages and the API. What begins with may is for those with that role.
func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	files, _ := fs.Sub(static, "static")
	mux.Handle("GET /static/", cached(http.StripPrefix("/static/", http.FileServerFS(files))))
	c.pages(mux)
	c.api(mux)
	return mux
}

// policy is what pages may do: nothing but what comes from here.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// wrap puts what holds for every request around the handlers.
func (c *Console) wrap(h http.Handler) http.Handler {
	crossing := http.NewCrossOriginProtection()
	crossing.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.problem(w, r, http.StatusForbidden, "cross-origin", "console.cross_origin")
	}))
	inner := crossing.Handler(c.withSession(c.identify(h)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		if c.cfg.Console.TLS != nil || c.cfg.Console.BehindProxy {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		inner.ServeHTTP(w, r)
	})
}
