package take_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/take"
)

// amid is a ledger that does something while a file is being copied.
type amid struct {
	take.Ledger
	then func()
}

func (a amid) Spool() ledger.Spool {
	a.then()
	return a.Ledger.Spool()
}

// What a command hands over or somebody uploads while the service ends what earlier processes left is not ended with it; what another
// process left is.
func TestHandedWhileStarting(t *testing.T) {
	b := newBench(t)
	b.start()
	b.must(os.WriteFile(b.at("b.csv"), []byte("no\n2\n"), 0o600))
	for _, same := range []bool{true, false} {
		hands := &take.Hands{}
		mine := hands
		if !same {
			mine = &take.Hands{}
		}
		starting := &take.Taker{Ledger: b.ledger, Log: slog.New(slog.DiscardHandler), Now: time.Now, Hands: hands}
		calls := 0
		over := amid{b.ledger, func() {
			if calls++; calls == 1 {
				b.must(starting.DropHanded(t.Context()))
			}
		}}
		taker := &take.Taker{Route: b.route(), Ledger: over, Log: slog.New(slog.DiscardHandler), Now: time.Now, Hands: mine}
		f, err := taker.Upload(t.Context(), "a.csv", strings.NewReader("no\n1\n"), func(string) error { return nil })
		if _, there := b.ledger.File(t.Context(), f.ID); (err == nil) != same || same && (there != nil || f.State != ledger.Taken) {
			t.Errorf("uploaded, the same process %v: %+v, %v", same, f, errors.Join(err, there))
		}
		calls = 0
		f, err = taker.Hand(t.Context(), b.at("b.csv"))
		if done := err == nil && f.State != ledger.Claiming && f.State != ledger.Taken && f.ID != ""; done != same {
			t.Errorf("handed, the same process %v: %+v, %v", same, f, err)
		}
	}
}

// seen is a ledger that does something right after it said which files there are.
type seen struct {
	take.Ledger
	then func()
}

func (s seen) Files(ctx context.Context, q ledger.Query) ([]ledger.File, error) {
	files, err := s.Ledger.Files(ctx, q)
	s.then()
	return files, err
}

// An upload that is through by the time that the service comes to it, in its list of what earlier processes left, is left to be read.
func TestUploadedWhileStarting(t *testing.T) {
	b := newBench(t)
	b.start()
	hands, listed, through := &take.Hands{}, make(chan struct{}), make(chan struct{})
	starting := &take.Taker{Ledger: seen{b.ledger, func() { close(listed); <-through }}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Hands: hands}
	dropped := make(chan error, 1)
	copying := amid{b.ledger, func() {
		select {
		case <-listed:
		default:
			go func() { dropped <- starting.DropHanded(t.Context()) }()
			<-listed
		}
	}}
	taker := &take.Taker{Route: b.route(), Ledger: copying, Log: slog.New(slog.DiscardHandler), Now: time.Now, Hands: hands}
	f, err := taker.Upload(t.Context(), "a.csv", strings.NewReader("no\n1\n"), func(string) error { return nil })
	close(through)
	b.must(errors.Join(err, <-dropped))
	if now, err := b.ledger.File(t.Context(), f.ID); err != nil || now.State != ledger.Taken {
		t.Errorf("%+v, %v", now, err)
	}
}
