package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ways are the two ways to open a ledger.
func ways(dir string) map[string]func(context.Context) (ledger.Visitor, error) {
	return map[string]func(context.Context) (ledger.Visitor, error){
		"open":  func(ctx context.Context) (ledger.Visitor, error) { return at(dir).Open(ctx) },
		"visit": at(dir).Visit,
	}
}

// at is the ledger in a folder.
func at(dir string) sqlite.Driver { return sqlite.Driver{Dir: dir} }

// With -short the suite has few prints, and a tail takes fewer still, so that they are ordered all the same.
func TestLedger(t *testing.T) {
	if testing.Short() {
		defer sqlite.TailOf(1000)()
	}
	ledgertest.Run(t, func(t *testing.T) ledgertest.Opener {
		dir := filepath.Join(t.TempDir(), "data # 100% ünï")
		return func(t *testing.T) (ledger.Owner, error) { return at(dir).Open(t.Context()) }
	})
}

func TestOneOwner(t *testing.T) {
	dir := t.TempDir()
	if _, err := at(dir).Visit(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a visit where nothing is: %v", err)
	}
	owner, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = at(dir).Open(t.Context())
	inUse, ok := errors.AsType[*ledger.InUse](err)
	if !ok || inUse.PID != os.Getpid() {
		t.Fatalf("the second owner: %v", err)
	}
	ledgertest.Accepted(t, owner, "f1", 3)
	visitor, err := at(dir).Visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f, err := visitor.File(t.Context(), "f1"); err != nil || f.Open != 3 {
		t.Fatalf("a visitor sees %+v, %v", f, err)
	}
	if _, err := visitor.Order(t.Context(), ledger.Order{Verb: "cancel", File: "f1"}); err != nil {
		t.Fatal(err)
	}
	if orders, err := owner.Ordered(t.Context()); err != nil || len(orders) != 1 || orders[0].Verb != "cancel" {
		t.Fatalf("the owner finds %v, %v", orders, err)
	}
	if err := errors.Join(visitor.Close(), owner.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatalf("after the owner left: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// schema sets what a ledger says of its schema.
func schema(t *testing.T, dir string, version int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// made is a ledger with a file in it.
func made(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	l, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Accepted(t, l, "f1", 3000)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestALedgerOfANewerProgramIsLeftAlone(t *testing.T) {
	dir := made(t)
	schema(t, dir, 99)
	for name, open := range ways(dir) {
		if _, err := open(t.Context()); err == nil || !strings.Contains(err.Error(), "was written by a newer rowferry (schema 99") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A visitor brings the ledger of an older program up to date, unless that program is running.
func TestALedgerOfAnOlderProgramIsVisited(t *testing.T) {
	dir := t.TempDir()
	first, err := os.ReadFile("migrations/0001_start.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(first)+"PRAGMA user_version = 1;"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(filepath.Join(dir, "ledger.lock"))
	if mine, err := lock.TryLock(); err != nil || !mine {
		t.Fatal(mine, err)
	}
	if _, err := at(dir).Visit(t.Context()); err == nil || !strings.Contains(err.Error(), "in use by an older rowferry") {
		t.Errorf("while the older one runs: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	l, err := at(dir).Visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Files(t.Context(), ledger.Query{Family: "f1"}); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A ledger that was lost or emptied is no new one: it would take and send again what was sent before.
func TestAnEmptiedLedgerIsNotANewOne(t *testing.T) {
	for name, lose := range map[string]func(path string) error{"emptied": func(p string) error { return os.Truncate(p, 0) }, "lost": os.Remove} {
		t.Run(name, func(t *testing.T) {
			dir := made(t)
			spool := filepath.Join(dir, "spool")
			if err := errors.Join(os.Mkdir(spool, 0o750), os.WriteFile(filepath.Join(spool, "f1"), []byte("a"), 0o640), lose(filepath.Join(dir, "ledger.db"))); err != nil {
				t.Fatal(err)
			}
			for name, open := range ways(dir) {
				l, err := open(t.Context())
				if _, ok := errors.AsType[*ledger.Damaged](err); !ok {
					t.Errorf("%s: %v", name, err)
				}
				if err == nil {
					_ = l.Close()
				}
			}
			if err := os.Remove(filepath.Join(spool, "f1")); err != nil {
				t.Fatal(err)
			}
			if _, err := at(dir).Open(t.Context()); err == nil {
				t.Error("its mark says that it was written to")
			}
			if err := os.Remove(filepath.Join(dir, "ledger.mark")); err != nil {
				t.Fatal(err)
			}
			l, err := at(dir).Open(t.Context())
			if err != nil {
				t.Fatalf("where everything was cleared away: %v", err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestADamagedLedgerIsToldAsSuch(t *testing.T) {
	for name, damage := range map[string]func(content []byte) []byte{
		"another file":      func([]byte) []byte { return bytes.Repeat([]byte("not a ledger\n"), 5000) },
		"cut off":           func(b []byte) []byte { return b[:20000] },
		"pages overwritten": func(b []byte) []byte { return append(b[:4096:4096], bytes.Repeat([]byte{0xA5}, len(b)-4096)...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t)
			path := filepath.Join(dir, "ledger.db")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(content), 0o644); err != nil {
				t.Fatal(err)
			}
			for name, open := range ways(dir) {
				l, err := open(t.Context())
				if err == nil { // found out when it is used
					_, err = l.Files(t.Context(), ledger.Query{})
					if err := l.Close(); err != nil {
						t.Error(err)
					}
				}
				if damaged, ok := errors.AsType[*ledger.Damaged](err); !ok || !strings.HasSuffix(damaged.Path, "ledger.db") {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// A ledger of the first release is read and goes on, with its orders, its stops and what was under way.
func TestALedgerOfTheFirstRelease(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	text, err := os.ReadFile("testdata/schema2.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := at(dir).Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	const done, under = "20261120-101502-7f3a", "20261121-080000-0001"
	if f, err := l.File(ctx, done); err != nil || f.State != ledger.Settled || f.Counts.Delivered != 10 || f.Reading.Format != "csv" {
		t.Errorf("%+v, %v", f, err)
	}
	c, err := l.Chunk(ctx, under, 0)
	if err != nil || !c.States[0].InFlight || c.States[1].Verdict == nil || c.States[2].Attempts != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if err := l.Record(ledgertest.Settled(under, 2, batch.Failed)).Wait(ctx); err != nil {
		t.Error(err)
	}
	page, err := ledger.Rows(ctx, l, ledger.RowQuery{File: under, Outcomes: []batch.Status{batch.Failed, ledger.Open}})
	if err != nil || len(page.Rows) != 2 || page.Rows[1].Number != 4 {
		t.Errorf("%+v, %v", page, err)
	}
	if orders, err := l.Ordered(ctx); err != nil || len(orders) != 1 || orders[0].Verb != ledger.Cancel || orders[0].N != 1 {
		t.Errorf("%v, %v", orders, err)
	}
	if n, err := l.Order(ctx, ledger.Order{Verb: ledger.Pause, File: under}); err != nil || n != 2 {
		t.Errorf("order %d, %v", n, err)
	}
	if lanes, err := l.Lanes(ctx); err != nil || lanes["otms"] == "" {
		t.Errorf("%v, %v", lanes, err)
	}
	if n, err := l.Requeue(ctx, done, []batch.Status{batch.Rejected, batch.Unknown}, 0); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if files, err := l.Files(ctx, ledger.Query{Changed: 2}); err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
}

// A migration that fails leaves the ledger as it was: the program that wrote it opens it again.
func TestAFailedMigrationLeavesTheLedgerAsItWas(t *testing.T) {
	dir := made(t)
	schema(t, dir, 5) // the sixth finds its tables there already
	dump := func() (text string) {
		db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRowContext(t.Context(), "SELECT group_concat(sql, x'0a') || (SELECT user_version FROM pragma_user_version) FROM sqlite_schema").Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := dump()
	if l, err := at(dir).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "migrations/0006") {
		t.Fatalf("%v, %v", l, err)
	}
	if after := dump(); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
	files, err := fs.Glob(os.DirFS("migrations"), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	schema(t, dir, len(files))
	l, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f, err := l.File(t.Context(), "f1"); err != nil || f.Open != 3000 {
		t.Errorf("%+v, %v", f, err)
	}
	closed(t, l)
}

func closed(t *testing.T, l ledger.Owner) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// The stamp stays while nobody writes, and is another one after the owner or anybody else did; for a moment it is none.
func TestStamp(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	l, err := at(dir).Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	visitor, err := at(dir).Visit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer visitor.Close()
	later := func() string {
		t.Helper()
		ago := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "ledger.db-wal"), ago, ago); err != nil {
			t.Fatal(err)
		}
		stamp := l.Stamp()
		if again := l.Stamp(); stamp == "" || stamp != again {
			t.Fatalf("the stamp is %q and then %q, though nobody wrote", stamp, again)
		}
		return stamp
	}
	for name, write := range map[string]func() error{
		"the owner":     func() error { return l.Keep(ctx, "key", "value") },
		"somebody else": func() error { _, err := visitor.Order(ctx, ledger.Order{Verb: ledger.Prune}); return err },
	} {
		before := later()
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if now := l.Stamp(); now == before {
			t.Errorf("after %s wrote the stamp is %q as before", name, now)
		}
	}
}
