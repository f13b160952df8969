//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
)

// A database that is put back to an earlier moment does not know what was sent since: no machine that wrote since goes on, before somebody has
// accepted it; then what was open counts as sent.
func TestPutBack(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	east1, east2 := postgres.Driver{Address: address, Data: t.TempDir()}, postgres.Driver{Address: address, Data: t.TempDir()}
	written := func(l ledger.Owner, item int) error {
		return l.Record(ledgertest.Settled("f1", item, batch.Delivered)).Wait(t.Context())
	}
	refused := func(when string, want string, drivers ...postgres.Driver) {
		t.Helper()
		for _, d := range drivers {
			_, err := d.Join(t.Context(), "")
			_, looked := d.Visit(t.Context())
			for _, err := range []error{err, looked} {
				damaged, ok := errors.AsType[*ledger.Damaged](err)
				if !ok || !damaged.Lost || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--accept-ledger") {
					t.Errorf("%s: %v", when, err)
				}
			}
		}
	}
	put := func(back func() error) {
		t.Helper()
		if err := back(); err != nil {
			t.Fatal(err)
		}
	}
	saved := func() func() error {
		t.Helper()
		back, err := cluster.Saved(address)
		if err != nil {
			t.Fatal(err)
		}
		return back
	}

	first := join(t, east1, "east-1")
	ledgertest.Accepted(t, first, "f1", 10)
	closed(t, first)
	before := saved()
	closed(t, join(t, east1, "east-1")) // it knows what it wrote

	first, second := join(t, east1, "east-1"), join(t, east2, "east-2")
	if err := errors.Join(written(first, 0), written(second, 1)); err != nil {
		t.Fatal(err)
	}
	under := saved()
	if err := errors.Join(written(first, 2), written(second, 3)); err != nil {
		t.Fatal(err)
	}

	// Under machines that go on: the next write is refused.
	put(under)
	for _, l := range []ledger.Owner{first, second} {
		if err := written(l, 4); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("a write into a database that was put back: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	refused("to a moment of its session", "1 of them, are missing", east1, east2)

	// While they stand still.
	put(before)
	refused("to a moment before its session", "does not know what this machine wrote since", east1, east2)

	said, err := east1.Adopt(t.Context())
	if err != nil || len(said) != 2 {
		t.Fatal(said, err)
	}
	first = join(t, east1, "east-1")
	second = join(t, east2, "east-2")
	c, err := first.Chunk(t.Context(), "f1", 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range c.States {
		if !s.InFlight {
			t.Errorf("item %d may be sent as if it never was: %+v", i, s)
		}
	}
	closed(t, first)
	closed(t, second)

	// To a moment before it was accepted.
	put(before)
	refused("to before it was accepted", "is not the one into which this machine wrote", east1, east2)

	// A memory that was torn, or is another ledger's, says nothing.
	for _, text := range []string{"", "torn", "\"postgres://elsewhere/x\" 00 1 1 00000000000000000001 00000000\n"} {
		if err := os.WriteFile(filepath.Join(east1.Data, "ledger.seen"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		closed(t, join(t, east1, "east-1"))
	}
}

// What one machine misses it tells the others, as of a database that failed over to a standby which lacked the last commits: they did not write
// since, so nothing of their own is missing, and they would send again what that one sent. None goes on before somebody has accepted it.
func TestWhatOneMachineMissesStopsAll(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	east1, east2, east3 := postgres.Driver{Address: address, Data: t.TempDir()}, postgres.Driver{Address: address, Data: t.TempDir()}, postgres.Driver{Address: address, Data: t.TempDir()}
	first, second := join(t, east1, "east-1"), join(t, east2, "east-2")
	ledgertest.Accepted(t, first, "f1", 10)
	back, err := cluster.Saved(address)
	if err != nil {
		t.Fatal(err)
	}
	written := func(l ledger.Owner, item int) error {
		return l.Record(ledgertest.Settled("f1", item, batch.Delivered)).Wait(t.Context())
	}
	if err := errors.Join(written(first, 0), back()); err != nil {
		t.Fatal(err)
	}
	if err := written(first, 1); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a write into a database that was put back: %v", err)
	}
	_ = first.Close()
	if _, err := east1.Join(t.Context(), "east-1"); err == nil {
		t.Error("the machine that misses a write goes on")
	}
	if err := written(second, 2); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a machine that misses nothing of its own goes on: %v", err)
	}
	_ = second.Close()
	for name, d := range map[string]postgres.Driver{"east-2": east2, "east-3": east3} { // the third never wrote
		_, err := d.Join(t.Context(), name)
		_, looked := d.Visit(t.Context())
		for _, err := range []error{err, looked} {
			damaged, ok := errors.AsType[*ledger.Damaged](err)
			if !ok || !damaged.Lost || !strings.Contains(err.Error(), "writes of another machine (east-1, process ") || !strings.Contains(damaged.Say(batch.Chinese), "east-1") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := east3.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]postgres.Driver{"east-1": east1, "east-2": east2} {
		closed(t, join(t, d, name))
	}
}

// Whose tables are dropped, as by a restore that begins with that, is told so by whatever is asked of the ledger next.
func TestTablesThatAreGone(t *testing.T) {
	t.Parallel()
	ctx, address := t.Context(), cluster.Address()
	l := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	ledgertest.Accepted(t, l, "f1", 1)
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', current_schema()); END $$"); err != nil {
		t.Fatal(err)
	}
	_, reading := l.File(ctx, "f1")
	for name, err := range map[string]error{"writing": l.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(ctx), "reading": reading, "a step": l.Pause(ctx, "f1", "why")} {
		damaged, ok := errors.AsType[*ledger.Damaged](err)
		if !ok || !strings.Contains(damaged.Say(batch.Russian), "таблиц журнала") || !strings.Contains(err.Error(), "are gone. Nothing is sent") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_ = l.Close() // its session is gone too
}

// A record that is not as it was written is told with what can be done about a database: not with what is done about a file.
func TestAnAlteredRecord(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	l := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	defer closed(t, l)
	ledgertest.Accepted(t, l, "f1", 1)
	c, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_, err = c.Exec(t.Context(), "UPDATE chunks SET body = set_byte(body, length(body) - 1, 255 - get_byte(body, length(body) - 1))")
		err = errors.Join(err, c.Close(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Chunk(t.Context(), "f1", 0)
	if damaged, ok := errors.AsType[*ledger.Damaged](err); !ok || damaged.Lost || !strings.Contains(err.Error(), "on all machines and put the database back") || strings.Contains(err.Error(), "folder") {
		t.Error(err)
	}
}
