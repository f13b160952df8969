package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervised tells the one who started the service (systemd, Type=notify) that it is up, that it is alive
// as long as alive says so in time, and that it ends. Without such a supervisor it only waits. Its methods are one goroutine's.
type supervised struct {
	log *slog.Logger

	mu    sync.Mutex
	alive func(context.Context) error
	ended chan struct{} // the telling goroutine has ended; nil: it has not begun
	end   context.CancelFunc
}

// well tells the supervisor that the service is up, and from now on, as often as it wants to know, that it is alive: for as long
// as alive says so. Called again it asks another alive.
func (s *supervised) well(ctx context.Context, alive func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive = alive; s.ended != nil {
		return
	}
	ctx, s.end = context.WithCancel(ctx)
	s.ended = make(chan struct{})
	go s.run(ctx)
}

// told reports whether the service was up once.
func (s *supervised) told() bool { return s.ended != nil }

// close ends the telling.
func (s *supervised) close() {
	if s.ended != nil {
		s.end()
		<-s.ended
	}
}

// run tells until ctx ends.
func (s *supervised) run(ctx context.Context) {
	defer close(s.ended)
	tell(s.log, daemon.SdNotifyReady)
	defer tell(s.log, daemon.SdNotifyStopping)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		<-ctx.Done()
		return
	}
	beats := time.NewTicker(every / 3)
	defer beats.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beats.C:
			s.mu.Lock()
			alive := s.alive
			s.mu.Unlock()
			beat(ctx, s.log, every/3, alive)
		}
	}
}

// beat says that the service is alive, where it is.
func beat(ctx context.Context, log *slog.Logger, within time.Duration, alive func(context.Context) error) {
	ctx, end := context.WithTimeout(ctx, within)
	defer end()
	if err := alive(ctx); err != nil {
		log.Error("the ledger does not answer; the supervisor is not told that all is well", "error", err)
		return
	}
	tell(log, daemon.SdNotifyWatchdog)
}

func tell(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("the supervisor cannot be told", "state", state, "error", err)
	}
}
