package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// A copy of a data folder, brought back from a backup of the disk or taken to another machine, is whole by its mark and its spool. What its
// rows wait for may have happened since, or happen where it was copied from. So the ledger knows the file that it lies in.

// lyingKey is where the ledger keeps which file it lies in: when that was made, on which machine, in which folder.
const lyingKey = ledger.Own + "lying"

// knowsFile pauses the accounts that have open rows where the ledger is a copy, and writes down that it is one.
func (l *Ledger) knowsFile(ctx context.Context, how trust) error {
	born := local.Born(l.path)
	if born == "" {
		return nil
	}
	host, _ := os.Hostname() // only told
	now := fmt.Sprintf("%s\n%s\n%s", born, host, filepath.Dir(l.path))
	was, err := l.Kept(ctx, lyingKey)
	if err != nil || was == now {
		return err
	}
	if before := strings.SplitN(was, "\n", 3); len(before) == 3 && before[0] != born && how == verifying {
		if err := l.pauseOpen(ctx, before[1], before[2]); err != nil {
			return err
		}
		if err := l.Keep(ctx, ledger.CopiedKey, before[2]+" on "+before[1]); err != nil {
			return err
		}
	}
	return l.Keep(ctx, lyingKey, now)
}

// pauseOpen pauses the accounts of files that are not settled.
func (l *Ledger) pauseOpen(ctx context.Context, host, dir string) error {
	open, err := l.Files(ctx, ledger.Query{States: []ledger.State{ledger.Claiming, ledger.Taken, ledger.Sending}})
	if err != nil {
		return err
	}
	paused := map[string]bool{}
	for _, f := range open {
		if paused[f.Account] {
			continue
		}
		paused[f.Account] = true
		if err := l.PauseLane(ctx, f.Account, words.Of(f.Language, "lane.copied", "account", f.Account, "dir", dir, "host", host)); err != nil {
			return err
		}
	}
	return nil
}
