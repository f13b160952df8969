package send

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/providers"
)

// Tempo carries an account's pace over a restart.
type Tempo struct {
	Ledger  Ledger
	Account string
	Rate    providers.Rate

	mu     sync.Mutex
	starts []time.Time
}

// long is from when on a period is worth writing down; a shorter one is simply waited out.
const long = 10 * time.Second

// Past gives the requests that an earlier process may have made within the period: those it wrote down, or, for a
// short period, as many as the rate allows, as if they had left just now.
func (t *Tempo) Past(ctx context.Context) ([]time.Time, error) {
	if t.Rate.N <= 0 {
		return nil, nil
	}
	if t.Rate.Per > long {
		text, err := t.Ledger.Kept(ctx, t.key())
		if err != nil || text == "" {
			return nil, err
		}
		err = json.Unmarshal([]byte(text), &t.starts)
		return slices.Clone(t.starts), err
	}
	files, err := t.Ledger.Files(ctx, ledger.Query{Account: t.Account, Last: 1000})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	busy := slices.ContainsFunc(files, func(f ledger.File) bool {
		return f.State == ledger.Sending && !f.Started.IsZero() || now.Sub(f.Finished) < 2*t.Rate.Per
	})
	if !busy {
		return nil, nil
	}
	return slices.Repeat([]time.Time{now}, t.Rate.N), nil
}

// Handed gives the requests that another machine, from which the account's lane comes, may have made within the period: those it wrote
// down, or, for a short period, as many as the rate allows, as if they had left just now.
func (t *Tempo) Handed(ctx context.Context) ([]time.Time, error) {
	if t.Rate.N <= 0 || t.Rate.Per > long {
		return t.Past(ctx)
	}
	return slices.Repeat([]time.Time{time.Now()}, t.Rate.N), nil
}

func (t *Tempo) key() string { return "pace/" + t.Account }

// Note writes down that a request leaves, be it a login, where the period is long. Rates with long periods are slow, so this is cheap.
func (t *Tempo) Note(at time.Time) {
	if t.Rate.Per <= long {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.starts = append(t.starts, at)
	t.starts = slices.DeleteFunc(t.starts, func(at time.Time) bool { return time.Since(at) > t.Rate.Per })
	if text, err := json.Marshal(t.starts); err == nil {
		_ = t.Ledger.Keep(context.Background(), t.key(), string(text))
	}
}
