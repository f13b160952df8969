package pooled

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// What came while nobody was awake is read although its time is over; where nothing came, the time is over.
func TestWhatCameInItsSleep(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ours, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	w, err := newWire(ours)
	if err != nil {
		t.Fatal(err)
	}
	over := func() { _ = w.SetDeadline(time.Now().Add(-time.Hour)) }
	room := make([]byte, 4)
	read := func() string {
		t.Helper()
		n, err := w.Read(room)
		if err != nil {
			t.Error(err)
		}
		return string(room[:n])
	}
	over()
	if n, err := w.Read(room); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing came: %d bytes, %v", n, err)
	}
	w.late = false
	if _, err := theirs.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if err := w.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "answ" { // it is there now
		t.Errorf("read %q", got)
	}
	over()
	if got := read(); got != "er" {
		t.Errorf("read %q", got)
	}
	over()
	if n, err := w.Read(room); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a second time: %d bytes, %v", n, err)
	}
}
