// Package sftp holds the connection to one partner's SFTP server: opened when it is needed, kept alive, shared by
// all routes that use the partner, and opened again when it was lost.
package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Options are what the configuration does not say. Zero fields take the value in brackets.
type Options struct {
	Logger *slog.Logger  // [slog.Default()]
	First  time.Duration // pause after a first failed connection, doubled with each [1s]
	Most   time.Duration // longest pause [1m]; ten times that after a refused login
}

// Partners gives one Client for each partner of a configuration. It is safe for concurrent use.
type Partners struct {
	known   map[string]configs.SFTP
	options Options
	mu      sync.Mutex
	clients map[string]*Client
}

// NewPartners knows the `sftp` section of a configuration.
func NewPartners(known map[string]configs.SFTP, o Options) *Partners {
	return &Partners{known: known, options: o, clients: map[string]*Client{}}
}

// Partner gives the client of a partner, the same one each time. It does not connect.
func (p *Partners) Partner(name string) (*Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clients[name]; c != nil {
		return c, nil
	}
	c, err := Open(p.known, name, p.options)
	if err != nil {
		return nil, err
	}
	p.clients[name] = c
	return c, nil
}

// Close closes all of them.
func (p *Partners) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, c := range p.clients {
		errs = append(errs, c.Close())
	}
	clear(p.clients)
	return errors.Join(errs...)
}

// Client is one partner's connection. It is safe for concurrent use; the requests of all users share the one connection.
type Client struct {
	Name    string
	way     route // how to get there
	options Options

	ordered atomic.Bool // the server takes files only from their beginning to their end
	exact   atomic.Bool // it was seen to put what is written where it belongs

	turn   chan struct{} // held by the one that connects or closes
	mu     sync.Mutex
	link   *link // nil: not connected
	closed bool

	failures  int
	notBefore time.Time // of the next attempt to connect
	last      error     // why the last attempt failed
}

// Open checks what the configuration says about a partner; known holds the jump hosts too. It does not connect.
func Open(known map[string]configs.SFTP, name string, o Options) (*Client, error) {
	way, err := plan(known, name)
	if err != nil {
		return nil, fmt.Errorf("sftp %s: %w", name, err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.First <= 0 {
		o.First = time.Second
	}
	if o.Most <= 0 {
		o.Most = time.Minute
	}
	return &Client{Name: name, way: way, options: o, turn: make(chan struct{}, 1)}, nil
}

// ErrClosed says that the client was closed.
var ErrClosed = errors.New("the SFTP client is closed")

// tries is how often Do calls f in all when the connection is lost under it.
const tries = 4

// Do runs f on the connection. Where the connection is lost meanwhile, f is called again on a new one: it must look at
// what is there before it acts, because the reply to its last request may be what was lost. An error of f that says nothing
// about the connection comes back as it is; otherwise it is a *places.Trouble. When ctx ends, the requests under way are given up.
func (c *Client) Do(ctx context.Context, f func(*sftp.Client) error) error {
	for try := 1; ; try++ {
		l, err := c.connected(ctx, try)
		if err != nil && try > 1 && try < tries && ctx.Err() == nil && places.MayPass(err) {
			continue // the server is being restarted, say
		}
		if err != nil {
			return err
		}
		err = l.run(ctx, f)
		if err == nil || !l.lost(ctx, err) {
			return err
		}
		c.drop(l, err)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if try == tries {
			return trouble(StepSession, words.Message("sftp.lost", "partner", c.Name, "cause", l.why(err), "times", tries), err)
		}
	}
}

// connected gives the live connection, or makes one. Between failed attempts it waits longer and longer: a first call in such a
// pause gets the last error at once if the pause is long, later tries of one call sit it out.
func (c *Client) connected(ctx context.Context, try int) (*link, error) {
	if l, err := c.current(); l != nil || err != nil {
		return l, err
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l, err := c.current(); l != nil || err != nil {
		return l, err
	}
	if wait, last := c.pause(); wait > 0 {
		if try == 1 && wait > 2*time.Second {
			return nil, last
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
	l, err := c.way.connect(ctx, nothing)
	if ctx.Err() != nil && err != nil {
		return nil, ctx.Err()
	}
	return c.ended(l, err)
}

// current is the connection if it is alive.
func (c *Client) current() (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.link != nil && c.link.alive() {
		return c.link, nil
	}
	return nil, nil
}

// pause is how long no attempt to connect is made, and why the last one failed.
func (c *Client) pause() (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(c.notBefore), c.last
}

// ended notes how an attempt to connect ended.
func (c *Client) ended(l *link, err error) (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = err
	if err != nil {
		c.backOff(err)
		c.options.Logger.Warn("SFTP connection failed", "partner", c.Name, "again_in", time.Until(c.notBefore).Round(time.Millisecond), "error", err)
		return nil, err
	}
	if c.link != nil {
		c.link.close() // it is dead already
	}
	c.link = l
	c.options.Logger.Info("SFTP connected", "partner", c.Name)
	return l, nil
}

// backOff doubles the pause, with jitter so that many machines do not come back in step. After a refused login it is much longer:
// servers lock out whoever tries in vain again and again.
func (c *Client) backOff(why error) {
	pause, most := c.options.First, c.options.Most
	if t, ok := errors.AsType[*places.Trouble](why); ok && t.Message.Key == "sftp.login" {
		pause, most = 60*pause, 10*most
	}
	c.failures++
	pause = patience.Pause(pause, most, c.failures)
	c.notBefore = time.Now().Add(pause/2 + rand.N(pause/2+1))
}

// drop forgets a connection that was lost. One that did some good may be replaced at once.
func (c *Client) drop(l *link, why error) {
	l.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != l {
		return
	}
	c.link = nil
	if l.worked() {
		c.failures = 0
	} else {
		c.backOff(nil)
		c.last = trouble(StepSession, words.Message("sftp.lost", "partner", c.Name, "cause", l.why(why), "times", 1), why)
	}
	c.options.Logger.Warn("SFTP connection lost", "partner", c.Name, "error", l.why(why))
}

// Close ends the connection and waits for what it started.
func (c *Client) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.mu.Lock()
	l := c.link
	c.link, c.closed = nil, true
	c.mu.Unlock()
	if l != nil {
		l.close()
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// answered reports that the server said no: err is about the file, not about the connection.
func answered(err error) bool {
	if status, ok := errors.AsType[*sftp.StatusError](err); ok {
		return status.Code != uint32(sftp.ErrSSHFxConnectionLost) && status.Code != uint32(sftp.ErrSSHFxNoConnection)
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist)
}
