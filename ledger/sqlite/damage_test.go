package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
)

// killed is what a kill leaves of a ledger at two moments: yesterday, with a file under way, and now, with more of it sent and
// another file. Each folder has the copies of what was taken.
type killed struct{ yesterday, now string }

func kill(t *testing.T) killed {
	t.Helper()
	dir, ctx := t.TempDir(), t.Context()
	l, err := at(dir).Open(ctx)
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "spool"), 0o750))
	spooled := func(id string) { must(t, os.WriteFile(filepath.Join(dir, "spool", id), []byte(id), 0o640)) }
	ledgertest.Accepted(t, l, "f1", 40)
	spooled("f1")
	must(t, l.Record(ledgertest.Settled("f1", 0, batch.Delivered), ledger.Event{File: "f1", Item: 1, Kind: ledger.EventSending, Attempt: 1}).Wait(ctx))
	k := killed{copied(t, dir), ""}
	for i := 2; i < 30; i++ {
		must(t, l.Record(ledgertest.Settled("f1", i, batch.Delivered)).Wait(ctx))
	}
	ledgertest.Accepted(t, l, "f2", 10)
	spooled("f2")
	must(t, l.Begin(ctx, ledgertest.File("f3")))
	must(t, l.Forget(ctx, "f3"))
	must(t, l.Record(ledger.Event{File: "f2", Item: 3, Kind: ledger.EventSending, Attempt: 1}).Wait(ctx))
	k.now = copied(t, dir)
	must(t, l.Close())
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copied is a copy of a folder as it lies there, without the lock.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	must(t, os.CopyFS(filepath.Join(to, "data"), os.DirFS(dir)))
	return filepath.Join(to, "data")
}

// told is everything that the books say about items, and the first thing that they refuse to say.
func told(ctx context.Context, l ledger.Books) (said []string, err error) {
	files, err := l.Files(ctx, ledger.Query{})
	if err != nil {
		return nil, err
	}
	open, err := l.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return nil, err
	}
	for _, f := range append(files, open...) {
		said = append(said, fmt.Sprint(f.ID, f.State, f.Route, f.Account, f.Operation, f.Hash, f.Counts, f.Open, f.Items, f.Paused, f.Cancelled, f.Revision))
		items := 0
		for c, err := range l.Chunks(ctx, f.ID) {
			if err != nil {
				return said, err
			}
			for i := range c.Items {
				items++
				s := c.States[i]
				said = append(said, fmt.Sprint(c.Items[i].Rows, string(c.Items[i].Body), s.InFlight, s.Attempts, s.Lost, s.Verdict != nil && s.Verdict.Status == batch.Delivered))
			}
		}
		if items != f.Items {
			return said, fmt.Errorf("%d items of %d", items, f.Items)
		}
	}
	return said, nil
}

// What a kill leaves is whole.
func TestAKilledLedgerGoesOn(t *testing.T) {
	k := kill(t)
	for name, dir := range map[string]string{"yesterday": k.yesterday, "now": k.now} {
		for range 2 {
			l, err := at(dir).Open(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			must(t, l.Begin(t.Context(), ledgertest.File("later")))
			must(t, l.Forget(t.Context(), "later"))
			must(t, l.Close())
		}
	}
}

// A ledger that lost what it had, or that is not the one of its folder, says so before anything is sent, whoever opens it, and
// goes on when somebody says so: then what was open counts as sent without an answer.
func TestALedgerThatLostWhatItHad(t *testing.T) {
	k := kill(t)
	wal := func(dir string) string { return filepath.Join(dir, "ledger.db-wal") }
	cut := func(part int64) func(string) error {
		return func(dir string) error {
			info, err := os.Stat(wal(dir))
			if err != nil {
				return err
			}
			return os.Truncate(wal(dir), info.Size()*part/100)
		}
	}
	old := func(names ...string) func(string) error {
		return func(dir string) error {
			for _, name := range []string{"ledger.db", "ledger.db-wal", "ledger.db-shm"} {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
			for _, name := range names {
				b, err := os.ReadFile(filepath.Join(k.yesterday, name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o640); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for name, lose := range map[string]func(dir string) error{
		"journal deleted": func(dir string) error {
			return errors.Join(os.Remove(wal(dir)), os.Remove(filepath.Join(dir, "ledger.db-shm")))
		},
		"journal emptied":                cut(0),
		"journal cut in the middle":      cut(50),
		"the last of the journal is cut": cut(99),
		"journal zeroed": func(dir string) error {
			info, err := os.Stat(wal(dir))
			if err != nil {
				return err
			}
			return os.WriteFile(wal(dir), make([]byte, info.Size()), 0o640)
		},
		"a bit of the journal flipped": func(dir string) error {
			b, err := os.ReadFile(wal(dir))
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 4
			return os.WriteFile(wal(dir), b, 0o640)
		},
		"database of yesterday": old("ledger.db", "ledger.db-wal"),
		"database and mark of yesterday beside the spool of today": old("ledger.db", "ledger.db-wal", "ledger.mark"),
		"mark deleted": func(dir string) error { return os.Remove(filepath.Join(dir, "ledger.mark")) },
		"mark overwritten": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "ledger.mark"), []byte(strings.Repeat("x", 128)), 0o640)
		},
		"mark of another ledger": func(dir string) error {
			b, err := os.ReadFile(filepath.Join(kill(t).now, "ledger.mark"))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "ledger.mark"), b, 0o640))
		},
		"a copy of an unknown file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "spool", "20261101-101010-abcd"), nil, 0o640)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, k.now)
			must(t, lose(dir))
			for how, open := range ways(dir) {
				l, err := open(t.Context())
				if err == nil {
					must(t, l.Close())
				}
				damaged, ok := errors.AsType[*ledger.Damaged](err)
				if !ok || !damaged.Lost {
					t.Fatalf("%s: %v", how, err)
				}
				for _, l := range batch.Languages() {
					if said := damaged.Say(l); !strings.Contains(said, "rowferry doctor --accept-ledger") || strings.ContainsAny(said, "{}") || strings.Contains(said, "ledger.what") {
						t.Errorf("%s: %s", how, said)
					}
				}
			}
			said, err := at(dir).Adopt(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l, err := at(dir).Open(t.Context())
			if err != nil {
				t.Fatalf("adopted (%v): %v", said, err)
			}
			defer l.Close()
			for _, id := range []string{"f1", "f2"} {
				for c, err := range l.Chunks(t.Context(), id) {
					must(t, err)
					for i, s := range c.States {
						if s.Verdict == nil && !s.InFlight {
							t.Errorf("%s, item %d of chunk %d would be sent as if nothing had been", id, i, c.Seq)
						}
					}
				}
			}
		})
	}
}

// Flipped bits: what the books say is what was written, or they refuse to say it.
func TestFlippedBits(t *testing.T) {
	k := kill(t)
	l, err := at(k.now).Open(t.Context())
	must(t, err)
	truth, err := told(t.Context(), l)
	must(t, err)
	must(t, l.Close()) // everything is in the database now
	whole, err := os.ReadFile(filepath.Join(k.now, "ledger.db"))
	must(t, err)
	dice := rand.New(rand.NewPCG(1, 2))
	found := 0
	for n := range 150 {
		at, bit := dice.IntN(len(whole)), dice.IntN(8)
		b := slices.Clone(whole)
		b[at] ^= 1 << bit
		must(t, os.WriteFile(filepath.Join(k.now, "ledger.db"), b, 0o640))
		said, err := flipped(t, k.now)
		if err != nil {
			found++
			continue
		}
		if !slices.Equal(said, truth) {
			t.Errorf("%d: bit %d of byte %d (page %d, %d in it): the books say other things in silence:\n%v", n, bit, at, at/4096+1, at%4096, differing(truth, said))
		}
	}
	t.Logf("%d of 150 flips were told of, the others changed nothing", found)
}

// A bit flipped in each column of each kind of record: what is said is what was written, or it is refused with a sentence.
func TestAimedFlips(t *testing.T) {
	k, ctx := kill(t), t.Context()
	l, err := at(k.now).Open(ctx)
	must(t, err)
	_, err = l.Order(ctx, ledger.Order{Verb: ledger.Resend, File: "f1", Statuses: []batch.Status{batch.Failed}})
	must(t, errors.Join(err, l.PauseLane(ctx, "les", "by hand"), l.Keep(ctx, "a/fact", "16"), l.Enter(ctx, "user/ann", "sender")))
	truth, err := toldAll(ctx, l)
	must(t, errors.Join(err, l.Close()))
	path := filepath.Join(k.now, "ledger.db")
	whole, err := os.ReadFile(path)
	must(t, err)
	tried := 0
	for _, aim := range aims(t, path) {
		must(t, os.WriteFile(path, whole, 0o600))
		if !flip(t, path, aim) {
			continue
		}
		if tried++; aim.String() == "orders.n" {
			continue // a number names an order, which is taken once under whatever number
		}
		l, err := at(k.now).Open(ctx)
		if err == nil {
			var said []string
			said, err = toldAll(ctx, l)
			_ = l.Close()
			if err == nil && !slices.Equal(said, truth) {
				t.Errorf("%s: the books say other things in silence:\n%v", aim, differing(truth, said))
			}
		}
		if damaged, ok := errors.AsType[*ledger.Damaged](err); err != nil && (!ok || !strings.Contains(damaged.Say(batch.Russian), "ledger.mark") && !strings.Contains(damaged.Say(batch.Russian), "rowferry restore")) {
			t.Errorf("%s: it is not told what to do: %v", aim, err)
		}
	}
	if tried < 20 {
		t.Errorf("only %d bits were flipped", tried)
	}
}

// toldAll is told, and what orders, lanes, facts and prints say.
func toldAll(ctx context.Context, l ledger.Owner) ([]string, error) {
	said, err := told(ctx, l)
	if err != nil {
		return said, err
	}
	lanes, err := l.Lanes(ctx)
	if err != nil {
		return said, err
	}
	orders, err := l.Ordered(ctx)
	if err != nil {
		return said, err
	}
	fact, err := l.Kept(ctx, "a/fact")
	if err != nil {
		return said, err
	}
	people, err := l.Entries(ctx, "user/")
	if err != nil {
		return said, err
	}
	said = append(said, fmt.Sprint(lanes), fmt.Sprint(orders), fact, fmt.Sprint(people))
	for _, f := range []string{"f1", "f2"} {
		var prints []ledger.Print
		for c, err := range l.Chunks(ctx, f) {
			if err != nil {
				return said, err
			}
			for i := range c.Items {
				prints = append(prints, ledger.PrintOf("les", "shipmentFailed", c.Items[i].Body))
			}
		}
		earlier, err := l.Earlier(ctx, "another", prints, time.Time{})
		if err != nil {
			return said, err
		}
		for _, e := range earlier {
			said = append(said, fmt.Sprint(e != nil && e.File.ID == f, e != nil && e.How == ledger.WasDelivered))
		}
	}
	return said, nil
}

// aim is a column of a table.
type aim struct{ table, column string }

func (a aim) String() string { return a.table + "." + a.column }

// aims lists all columns of all tables.
func aims(t *testing.T, path string) (all []aim) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var a aim
		must(t, rows.Scan(&a.table, &a.column))
		all = append(all, a)
	}
	must(t, rows.Err())
	return all
}

// flip flips a bit of the first value of a column that has one; false when none has.
func flip(t *testing.T, path string, a aim) bool {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	var v any
	where := fmt.Sprintf(" FROM %[1]s WHERE coalesce(%[2]s, '') <> '' ORDER BY %[2]s LIMIT 1", a.table, a.column)
	if err := db.QueryRowContext(t.Context(), "SELECT "+a.column+where).Scan(&v); errors.Is(err, sql.ErrNoRows) {
		return false
	} else if err != nil {
		t.Fatal(err)
	}
	var to any
	switch v := v.(type) {
	case int64:
		to = v ^ 1
	case string:
		b := []byte(v)
		b[len(b)/2] ^= 1
		to = string(b)
	case []byte:
		b := slices.Clone(v)
		b[len(b)/2] ^= 1
		to = b
	default:
		t.Fatalf("%s is a %T", a, v)
	}
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("UPDATE OR IGNORE %[1]s SET %[2]s = ?1 WHERE %[2]s = ?2", a.table, a.column), to, v)
	must(t, err)
	return true
}

func flipped(t *testing.T, dir string) ([]string, error) {
	t.Helper()
	l, err := at(dir).Open(t.Context())
	if err != nil {
		return nil, err
	}
	said, err := told(t.Context(), l)
	_ = l.Close()
	return said, err
}

func differing(truth, said []string) (out []string) {
	for i := range max(len(truth), len(said)) {
		switch {
		case i >= len(truth):
			out = append(out, "more: "+said[i])
		case i >= len(said):
			out = append(out, "less: "+truth[i])
		case truth[i] != said[i]:
			out = append(out, truth[i]+" | "+said[i])
		}
	}
	return out[:min(len(out), 4)]
}
