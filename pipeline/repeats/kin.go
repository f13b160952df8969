package repeats

import (
	"context"
	"slices"

	"github.com/rowferry/rowferry/ledger"
)

// kin is which requests of a family's files may count as sent, by the beginnings of their prints, sorted. Most of its rows are not sent a
// second time, so the ledger need not be asked what became of each.
type kin []uint64

// kinOf reads the accepted files of a family once.
func kinOf(ctx context.Context, books ledger.Books, family string) (kin, error) {
	files, err := books.Files(ctx, ledger.Query{Family: family, States: []ledger.State{ledger.Sending, ledger.Settled, ledger.Reported}})
	if err != nil {
		return nil, err
	}
	k := kin{}
	for _, f := range files {
		for c, err := range books.Chunks(ctx, f.ID) {
			if err != nil {
				return nil, err
			}
			k = k.with(&f, c)
		}
	}
	slices.Sort(k)
	return k, nil
}

// with adds what counts of a chunk.
func (k kin) with(f *ledger.File, c *ledger.Content) kin {
	for i := range c.Items {
		if _, _, counts := c.States[i].Sent(c.Items[i].Rows); counts {
			print := c.Items[i].PrintFor(f.Account, f.Operation)
			k = append(k, keyOf(&print))
		}
	}
	return k
}

func (k kin) has(p *ledger.Print) bool {
	_, found := slices.BinarySearch(k, keyOf(p))
	return found
}
