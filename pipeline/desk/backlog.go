package desk

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

// Age is how long ago a file was taken: up to UpTo, and longer than the one before.
type Age struct {
	Name string
	UpTo time.Duration
}

// Ages are those by which a backlog is counted, the youngest first; the last has no end.
func Ages() []Age {
	return []Age{{"10m", 10 * time.Minute}, {"1h", time.Hour}, {"4h", 4 * time.Hour}, {"24h", 24 * time.Hour}, {"older", 1<<63 - 1}}
}

// Backlog is what waits for an account.
type Backlog struct {
	Rows   [5]int    // by Ages
	Files  int       // that have such rows
	Oldest time.Time // when the oldest of them was taken
}

// Total is all of the rows.
func (b Backlog) Total() (n int) {
	for _, rows := range b.Rows {
		n += rows
	}
	return n
}

// BacklogOf counts the rows of files that have no outcome yet, by account.
func BacklogOf(files []ledger.File, now time.Time) map[string]Backlog {
	all := map[string]Backlog{}
	for _, f := range files {
		rows := f.Counts.Pending()
		if f.State != ledger.Sending || rows == 0 {
			continue
		}
		w := all[f.Account]
		w.Files++
		if w.Oldest.IsZero() || f.TakenAt.Before(w.Oldest) {
			w.Oldest = f.TakenAt
		}
		for i, age := range Ages() {
			if now.Sub(f.TakenAt) <= age.UpTo {
				w.Rows[i] += rows
				break
			}
		}
		all[f.Account] = w
	}
	return all
}

// Backlogs is what waits now, by account.
func (d *Desk) Backlogs(ctx context.Context, now time.Time) (map[string]Backlog, error) {
	files, err := d.Books.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return nil, err
	}
	return BacklogOf(files, now), nil
}
