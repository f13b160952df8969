package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/sieve"
	"github.com/rowferry/rowferry/ledger/sqlite"
)

func request(file, row int) ledger.Print {
	return ledger.PrintOf("otms", "remove", fmt.Appendf(nil, `{"no":"%d/%d"}`, file, row))
}

func musts(t *testing.T) func(error) {
	return func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// taken accepts a file of so many rows; those of the next file begin with the last ones of this.
func taken(t *testing.T, l ledger.Owner, n, rows int) {
	t.Helper()
	id := fmt.Sprint("f", n)
	staged(t, l, id, rows, func(row int) ledger.Staged { return ledger.Staged{Print: request(n, row), Free: true} })
	musts(t)(l.Accept(t.Context(), id, ledger.Reading{}, batch.Counts{Read: rows}, rows, rows))
}

// staged takes a file of so many rows and stages what each is.
func staged(t *testing.T, l ledger.Owner, id string, rows int, is func(row int) ledger.Staged) {
	t.Helper()
	f := ledger.File{File: batch.File{ID: id, Route: "r", Name: id + ".csv", TakenAt: time.Now()}, Account: "otms", Operation: "remove", State: ledger.Claiming}
	must := musts(t)
	must(l.Begin(t.Context(), f))
	_, err := l.Take(t.Context(), id, id, 1)
	must(err)
	for first := 0; first < rows; first += 8 {
		c := ledger.Chunk{File: id, Seq: first / 8}
		for row := first; row < min(first+8, rows); row++ {
			item := is(row)
			item.Item = batch.Item{Seq: row, Rows: []int{row + 2}, Body: []byte("{}")}
			c.Items = append(c.Items, item)
		}
		l.Stage(c)
	}
}

// Two files with the same request that are accepted in one transaction: the second is told, though nobody has looked since the first was.
func TestOneOfTwoIsToldOfTheOther(t *testing.T) {
	for _, tail := range []int{1, sieve.Most} {
		defer sqlite.TailOf(tail)()
		l, err := at(t.TempDir()).Open(t.Context())
		musts(t)(err)
		for _, id := range []string{"a", "b"} {
			staged(t, l, id, 1, func(int) ledger.Staged { return ledger.Staged{Print: request(0, 0)} })
		}
		came, err := l.(*sqlite.Ledger).AcceptTogether(t.Context(), "a", "b")
		musts(t)(err)
		if came[0] != nil || !errors.Is(came[1], ledger.ErrRaced) {
			t.Errorf("a tail of %d: %v", tail, came)
		}
		musts(t)(l.Close())
	}
}

// known asks for every row of the files, and for as many that nobody brought.
func known(l ledger.Books, files, rows int) error {
	for n := range files {
		prints := make([]ledger.Print, 2*rows)
		for i := range rows {
			prints[i], prints[rows+i] = request(n, i), request(-n-1, i)
		}
		found, err := l.Earlier(context.Background(), "", prints, time.Time{})
		if err != nil {
			return err
		}
		for i, e := range found {
			switch {
			case i < rows && (e == nil || e.File.ID != fmt.Sprint("f", n) || !slices.Equal(e.Rows, []int{i + 2})):
				return fmt.Errorf("row %d of file %d of %d: %+v", i, n, files, e)
			case i >= rows && e != nil:
				return fmt.Errorf("row %d that nobody brought: %+v", i-rows, e)
			}
		}
	}
	return nil
}

// What was accepted is known wherever its prints lie: in the tail, in segments, and in those that one file fills several of; to the owner while it goes on
// taking, to a visitor that came before, and after the ledger was opened again.
func TestPrintsAreKnownWhereverTheyLie(t *testing.T) {
	for _, tail := range []int{50, 1000, sieve.Most} {
		t.Run(fmt.Sprint(tail), func(t *testing.T) {
			defer sqlite.TailOf(tail)()
			knownWherever(t)
		})
	}
}

func knownWherever(t *testing.T) {
	dir, must := t.TempDir(), musts(t)
	l, err := at(dir).Open(t.Context())
	must(err)
	const files, rows = 12, 170
	taken(t, l, 0, rows)
	visitor, err := at(dir).Visit(t.Context())
	must(err)
	defer visitor.Close()
	must(known(visitor, 1, rows))
	end := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
				if err := errors.Join(known(l, 1, rows), known(visitor, 1, rows)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for n := 1; n < files; n++ {
		taken(t, l, n, rows)
		if n%3 == 0 { // the next file comes as nobody has looked
			continue
		}
		given, stop := context.WithCancel(t.Context())
		stop()
		_, _ = l.Earlier(given, "", []ledger.Print{request(n, 0)}, time.Time{}) // a look that is broken off
		must(known(l, n+1, rows))
	}
	close(end)
	asking.Wait()
	later, err := at(dir).Visit(t.Context())
	must(err)
	defer later.Close()
	must(known(later, files, rows))
	must(l.Sound(t.Context()))
	must(l.Close())
	l, err = at(dir).Open(t.Context())
	must(err)
	defer l.Close()
	must(known(l, files, rows))
}
