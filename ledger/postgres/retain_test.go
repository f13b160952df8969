//go:build unix

package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// A day goes as a whole once nothing of it is kept; what is let go of in a day that stays is deleted after a while; copies go with their own day.
func TestDaysGoAsAWhole(t *testing.T) {
	t.Parallel()
	ctx, address, data := t.Context(), cluster.Address(), t.TempDir()
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var l ledger.Owner
	on := func(n int) { // the n-th day
		t.Helper()
		if l != nil {
			closed(t, l)
		}
		l = open(t, postgres.Driver{Address: address, Data: data}.At(func() time.Time { return day.AddDate(0, 0, n) }))
	}
	defer func() { closed(t, l) }()
	first := day.Unix() / (24 * 60 * 60)
	db, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	there := func(what string, want ...string) {
		t.Helper()
		rows, err := db.Query(ctx, "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class c ON c.oid = inhparent WHERE c.relkind = 'p'")
		if err != nil {
			t.Fatal(err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			var n int64
			if _, err := fmt.Sscanf(name[strings.LastIndexByte(name, '_')+1:], "%d", &n); err != nil {
				t.Fatal(err)
			}
			if n -= first; n < 4 && !strings.HasPrefix(name, "prints") && !strings.HasPrefix(name, "tallies") && !strings.HasPrefix(name, "chunks") {
				got = append(got, fmt.Sprintf("%s %d", name[:strings.LastIndexByte(name, '_')], n))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	left := func(id string) (n int) {
		t.Helper()
		if err := db.QueryRow(ctx, "SELECT count(*) FROM chunks c JOIN files f ON f.n = c.file WHERE f.id = $1", id).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	on(0)
	ledgertest.Rejected(t, l, "a1", 900)
	ledgertest.Rejected(t, l, "a2", 10)
	c, err := l.Spool().Create(ctx, "a1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	on(2)
	ledgertest.Rejected(t, l, "c1", 10)
	ledgertest.Accepted(t, l, "c2", 10) // waits for long
	on(10)
	ledgertest.LetGo(t, l, "a1", ledger.PartRows)
	ledgertest.LetGo(t, l, "c1", ledger.PartRows)
	ledgertest.Shrunk(t, l)
	there("a day of which a file is kept stays, one on which nothing was taken goes", "events 0", "events 2", "pieces 0")
	if left("a1") == 0 {
		t.Error("rows are deleted that might go with their day")
	}
	ledgertest.LetGo(t, l, "a2", ledger.PartRows)
	ledgertest.Shrunk(t, l)
	there("a day of which nothing is kept goes, but for its copies", "events 2", "pieces 0")
	if err := l.Spool().Remove(ctx, "a1"); err != nil {
		t.Fatal(err)
	}
	ledgertest.Shrunk(t, l)
	there("copies go with their own day", "events 2")
	on(13)
	ledgertest.Shrunk(t, l)
	there("a day of which a file is under way stays", "events 2")
	if left("c1") != 0 || left("c2") != 1 {
		t.Errorf("%d and %d chunks", left("c1"), left("c2"))
	}
	for i := range 10 {
		l.Record(ledgertest.Settled("c2", i, batch.Delivered))
	}
	if err := l.Report(ctx, "c2", nil); err != nil {
		t.Fatal(err)
	}
	if files, rows, err := ledger.Examine(ctx, l); err != nil || files != 4 || rows != 10 {
		t.Error(files, rows, err)
	}
	ledgertest.LetGo(t, l, "c2", ledger.PartRows)
	ledgertest.Shrunk(t, l)
	there("nothing is left")
	ledgertest.Rejected(t, l, "n1", 10) // and what is new has its own
	if found, err := l.Earlier(ctx, "", []ledger.Print{{1}}, time.Time{}); err != nil || found[0] != nil {
		t.Errorf("%v, %v", found, err)
	}
}
