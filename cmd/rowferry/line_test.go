//go:build unix

package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// socket is what PostgreSQL calls its socket in a folder.
const socket = ".s.PGSQL.5432"

// line is the way of one machine to the database: a socket in a folder of its own. It can be cut, and be slow.
type line struct {
	dir    string
	to     string
	listen net.Listener
	all    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	cut   bool
	pause time.Duration // before each piece that goes either way
}

// newLine leads to the database whose socket lies in a folder.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	dir, err := os.MkdirTemp("", "line-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	l := &line{dir: dir, to: filepath.Join(to, socket), open: map[net.Conn]bool{}}
	if l.listen, err = net.Listen("unix", filepath.Join(dir, socket)); err != nil {
		t.Fatal(err)
	}
	l.all.Go(l.accept)
	t.Cleanup(func() {
		err := l.listen.Close()
		l.set(true, 0)
		l.all.Wait()
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *line) accept() {
	for {
		c, err := l.listen.Accept()
		if err != nil {
			return // closed
		}
		far, err := net.Dial("unix", l.to)
		if err != nil {
			_ = c.Close()
			continue
		}
		if !l.keep(c, far) {
			continue
		}
		l.all.Go(func() { l.carry(c, far) })
		l.all.Go(func() { l.carry(far, c) })
	}
}

// keep takes both ends of a connection in hand, or closes them while the line is cut.
func (l *line) keep(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range ends {
		if l.cut {
			_ = c.Close()
			continue
		}
		l.open[c] = true
	}
	return !l.cut
}

// carry carries what comes from one end to the other until either is closed.
func (l *line) carry(from, to net.Conn) {
	defer l.close(from, to)
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		l.mu.Lock()
		pause := l.pause
		l.mu.Unlock()
		time.Sleep(pause)
		if _, broken := to.Write(piece[:n]); broken != nil || err != nil {
			return // io.EOF, or it was cut
		}
	}
}

func (l *line) close(ends ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range ends {
		_ = c.Close()
		delete(l.open, c)
	}
}

// set cuts the line, or makes it slow; false and 0 mend it.
func (l *line) set(cut bool, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.pause = cut, pause
	for c := range l.open {
		if cut {
			_ = c.Close()
		}
	}
}

// connections is how many there are.
func (l *line) connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open) / 2
}
