package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervised is the loop that tells the one who started the service (systemd, Type=notify) that it is up, that it is alive
// as long as alive says so in time, and that it ends. Without such a supervisor it only waits.
type supervised struct {
	log   *slog.Logger
	alive func(context.Context) error
}

// Name is the loop's.
func (supervised) Name() string { return "supervised" }

// Run returns nil when ctx ends.
func (s supervised) Run(ctx context.Context) error {
	tell(s.log, daemon.SdNotifyReady)
	defer tell(s.log, daemon.SdNotifyStopping)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		<-ctx.Done()
		return nil
	}
	beats := time.NewTicker(every / 3)
	defer beats.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beats.C:
			beat(ctx, s.log, every/3, s.alive)
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
