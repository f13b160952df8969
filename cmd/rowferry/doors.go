package main

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// doors are the addresses that a service listens on. They stay open while one configuration takes another's place: who connects in
// between waits a moment instead of being refused. Used by one goroutine.
type doors map[string]*passage // by what listens there and the address that was asked for

// passage is the listener of one configuration's turn, on an address that stays open when it is closed.
type passage struct {
	*net.TCPListener
	closed *atomic.Bool
}

// listen gives a function like net.Listen, for one purpose: addresses of TCP that were opened before are opened again.
func (d doors) listen(purpose string) func(network, address string) (net.Listener, error) {
	return func(network, address string) (net.Listener, error) {
		key := purpose + " " + address
		if d[key] == nil {
			l, err := net.Listen(network, address)
			if err != nil {
				return nil, err
			}
			d[key] = &passage{TCPListener: l.(*net.TCPListener)}
		}
		d[key] = &passage{d[key].TCPListener, &atomic.Bool{}}
		return d[key], d[key].SetDeadline(time.Time{})
	}
}

// Accept waits for the next connection; net.ErrClosed once the passage is closed.
func (p *passage) Accept() (net.Conn, error) {
	c, err := p.TCPListener.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = net.ErrClosed
	}
	return c, err
}

// Close ends the passage and leaves the address open.
func (p *passage) Close() error {
	if p.closed.Swap(true) {
		return net.ErrClosed
	}
	return p.SetDeadline(time.Unix(1, 0))
}

// shut closes the addresses on which nobody listens any more.
func (d doors) shut() error {
	var all []error
	for key, p := range d {
		if p.closed.Load() {
			all = append(all, p.TCPListener.Close())
			delete(d, key)
		}
	}
	return errors.Join(all...)
}
