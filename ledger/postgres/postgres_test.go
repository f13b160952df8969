//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
	"github.com/rowferry/rowferry/ledger/postgres/postgrestest"
	"github.com/rowferry/rowferry/places"
)

var cluster *postgrestest.Cluster

func TestMain(m *testing.M) {
	var err error
	if cluster, err = postgrestest.Start(postgrestest.Hasty...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		os.Exit(code)
	}))
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Opener {
		d := postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
		return func(t *testing.T) (ledger.Owner, error) { return d.Open(t.Context()) }
	})
}

func TestSpool(t *testing.T) {
	t.Parallel()
	l := open(t, postgres.Driver{Address: cluster.Address(), Data: t.TempDir()})
	defer closed(t, l)
	ledgertest.Spool(t, l.Spool())
}

func open(t *testing.T, d ledger.Driver) ledger.Owner {
	t.Helper()
	l, err := d.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closed(t *testing.T, l interface{ Close() error }) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A database that crashes while we write costs time and nothing else: each write is there once.
func TestTheDatabaseRestarts(t *testing.T) {
	address := cluster.Address()
	postgres.Lasting(t.Context(), t, address, 5*time.Minute) // a restart may take long
	l := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	defer closed(t, l)
	const rows = 3000
	ledgertest.Accepted(t, l, "f1", rows)
	restarted := make(chan error, 1)
	restart := sync.OnceFunc(func() { restarted <- errors.Join(cluster.End(), cluster.Begin()) })
	defer restart() // it has ended before the test does
	for i := range rows {
		if i == rows/2 {
			go restart()
		}
		written := l.Record(ledgertest.Settled("f1", i, batch.Delivered))
		if i%100 == 99 {
			if err := written.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	f, err := l.File(t.Context(), "f1")
	if err != nil || f.Counts.Delivered != rows || f.State != ledger.Settled {
		t.Fatalf("%+v, %v", f.Counts, err)
	}
	if files, n, err := ledger.Examine(t.Context(), l); err != nil || files != 1 || n != rows {
		t.Fatal(files, n, err)
	}
	if err := l.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A pooler of sessions refuses whoever names settings as it connects, so that is left for later; and then they hold, whatever the role has.
func TestSettings(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan map[string]string, 1)
	go func() {
		defer close(asked)
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if first, err := pgproto3.NewBackend(c, c).ReceiveStartupMessage(); err == nil {
			asked <- first.(*pgproto3.StartupMessage).Parameters
		}
	}()
	_, err = postgres.Driver{Address: "postgres://rowferry@" + server.Addr().String() + "/postgres?sslmode=disable&search_path=elsewhere", Data: t.TempDir()}.Visit(t.Context())
	if !errors.Is(err, ledger.ErrAway) {
		t.Errorf("nobody answered: %v", err)
	}
	closed(t, server)
	for name := range <-asked {
		if !slices.Contains([]string{"user", "database", "application_name"}, name) {
			t.Errorf("it names %s as it connects", name)
		}
	}

	l := open(t, postgres.Driver{Address: cluster.Address() + "&idle_session_timeout=5000", Data: t.TempDir()})
	defer closed(t, l)
	for name, want := range map[string]string{"synchronous_commit": "on", "default_transaction_isolation": "read committed", "idle_in_transaction_session_timeout": "5s", "statement_timeout": "0", "idle_session_timeout": "0"} {
		if got, err := postgres.Set(t.Context(), l, name); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

// A role that may do nothing in a database but use a schema that somebody made for it has a ledger there. A database in whose encoding not every
// name can be written is refused before anything lies in it.
func TestDatabasesAsTheyAreGiven(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	on := func(address string, statements ...string) {
		t.Helper()
		c, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		for _, statement := range statements {
			if _, err := c.Exec(ctx, statement); err != nil {
				t.Fatal(statement, err)
			}
		}
	}
	at := func(user, database string) string {
		return "postgres://" + user + "@/" + database + "?" + url.Values{"host": {cluster.Dir}, "search_path": {"given"}}.Encode()
	}
	on(cluster.Address(), "CREATE ROLE few LOGIN", "CREATE DATABASE theirs", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	on(at("rowferry", "theirs"), "REVOKE ALL ON SCHEMA public FROM public", "REVOKE ALL ON DATABASE theirs FROM public", "GRANT CONNECT ON DATABASE theirs TO few", "CREATE SCHEMA given AUTHORIZATION few")
	l := join(t, postgres.Driver{Address: at("few", "theirs"), Data: t.TempDir()}, "")
	ledgertest.Accepted(t, l, "f1", 3)
	closed(t, l)

	_, err := postgres.Driver{Address: at("rowferry", "latin"), Data: t.TempDir()}.Open(ctx)
	trouble, ok := errors.AsType[*places.Trouble](err)
	if !ok || !strings.Contains(err.Error(), "LATIN1") || !strings.Contains(trouble.Say(batch.Chinese), "createdb --encoding UTF8") {
		t.Errorf("%v", err)
	}
	if _, err := (postgres.Driver{Address: at("rowferry", "latin"), Data: t.TempDir()}).Visit(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something lies there: %v", err)
	}
}

// A pooler that gives each transaction another session is told by what comes of it first: a statement that another session has prepared, or that
// it has not. So PgBouncer 1.18 with pool_mode = transaction.
func TestAPoolerOfTransactions(t *testing.T) {
	t.Parallel()
	c, err := pgx.Connect(t.Context(), cluster.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	_, gone := c.Exec(t.Context(), "EXECUTE theirs")
	_, there := c.Exec(t.Context(), "PREPARE theirs AS SELECT 1; PREPARE theirs AS SELECT 2")
	for _, err := range []error{gone, there} {
		if said := postgres.Explained(err); err == nil || !strings.Contains(said.Error(), "pool_mode = session") || !strings.Contains(said.Error(), "theirs") {
			t.Errorf("%v: %v", err, said)
		}
	}
}

// What a database that can only be read refuses is told as that, and goes on once it can be written.
func TestAFrozenDatabase(t *testing.T) {
	address := cluster.Address()
	postgres.Lasting(t.Context(), t, address, 5*time.Second)
	l := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	ledgertest.Accepted(t, l, "f1", 2)
	other := postgres.Driver{Address: address, Data: t.TempDir()}
	frozen := func(to string) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		for _, statement := range []string{"SET default_transaction_read_only = off", "ALTER DATABASE postgres " + to, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()"} {
			if _, err := c.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	frozen("SET default_transaction_read_only = on")
	thaw := sync.OnceFunc(func() { frozen("RESET default_transaction_read_only") })
	defer thaw()
	if err := l.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); !errors.Is(err, ledger.ErrFrozen) && !errors.Is(err, ledger.ErrLost) {
		t.Errorf("writing: %v", err)
	}
	if f, err := l.File(t.Context(), "f1"); err != nil || f.Open != 2 {
		t.Errorf("reading: %+v, %v", f, err)
	}
	_ = l.Close() // its session cannot be ended
	if _, err := other.Open(t.Context()); !errors.Is(err, ledger.ErrFrozen) {
		t.Errorf("opening: %v", err)
	}
	v, err := other.Visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Order(t.Context(), ledger.Order{Verb: ledger.Cancel, File: "f1"}); !errors.Is(err, ledger.ErrFrozen) {
		t.Errorf("an order: %v", err)
	}
	closed(t, v)
	thaw()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) { // until the session that could not be ended is over
		if l, err = other.Open(t.Context()); err == nil {
			break
		}
		if inUse := (*ledger.InUse)(nil); !errors.As(err, &inUse) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer closed(t, l)
	if err := l.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// A standby that takes its primary's place in the midst of a write is written to: nobody loses the ledger for that.
func TestTheDatabaseIsFrozenForAMoment(t *testing.T) {
	address := cluster.Address()
	l := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	defer closed(t, l)
	ledgertest.Accepted(t, l, "f1", 1)
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, statement := range []string{ // once
		"CREATE SEQUENCE refused",
		"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('refused') = 1 THEN RAISE EXCEPTION USING ERRCODE = '25006'; END IF; RETURN NEW; END $$",
		"CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()",
	} {
		if _, err := c.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// A machine that stands still loses the ledger to another, believes so before the other may begin, and writes nothing afterwards.
func TestASuspendedOwnerIsFenced(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	first := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	ledgertest.Accepted(t, first, "f1", 10)
	lane, err := first.Lease(t.Context(), "lane/otms")
	if err != nil {
		t.Fatal(err)
	}
	other := postgres.Driver{Address: address, Data: t.TempDir()}
	_, err = other.Open(t.Context())
	if busy, ok := errors.AsType[*ledger.InUse](err); !ok || !busy.Elsewhere || !strings.Contains(busy.By, fmt.Sprint("process ", os.Getpid())) || strings.Contains(err.Error(), "hidden") {
		t.Fatalf("while its owner lives: %v", err)
	}
	if !lane.Held() {
		t.Fatal("the lane is not held while its owner lives")
	}
	postgres.Suspend(first)
	second := open(t, other)
	defer closed(t, second)
	if lane.Held() {
		t.Error("two hold the ledger")
	}
	if err := first.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a write of who lost the ledger: %v", err)
	}
	<-lane.Lost()
	if f, err := second.File(t.Context(), "f1"); err != nil || f.Counts.Delivered != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Record(ledgertest.Settled("f1", 0, batch.Delivered)).Wait(t.Context()); err != nil {
		t.Error("the first gave back what was not its own: ", err)
	}
}

// Anybody sees who works, since when, how often that changed, and who stands by.
func TestTurn(t *testing.T) {
	t.Parallel()
	d := postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
	l := open(t, d)
	v, err := d.Visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, v)
	look := func() *ledger.Turn {
		t.Helper()
		turn, err := v.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return turn
	}
	mine := fmt.Sprint("process ", os.Getpid())
	first := look()
	if !strings.HasSuffix(first.Works, mine) || first.Since.IsZero() || first.Silent || first.Epoch != 1 || len(first.StandingBy) != 0 {
		t.Errorf("%+v", first)
	}
	closed(t, l)
	if err := d.StandBy(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if turn := look(); turn.Works != "" || !turn.Since.IsZero() || len(turn.StandingBy) != 1 || !strings.HasSuffix(turn.StandingBy[0].Machine, mine) {
		t.Errorf("nobody works: %+v", turn)
	}
	l = open(t, d)
	defer closed(t, l)
	if turn := look(); turn.Works != first.Works || turn.Epoch != 2 || len(turn.StandingBy) != 0 {
		t.Errorf("who stood by works: %+v", turn)
	}
}

// What a visitor finds, and what it is told where nothing is; no message shows the password.
func TestVisitor(t *testing.T) {
	t.Parallel()
	d := postgres.Driver{Address: cluster.Address(), Data: t.TempDir()}
	if _, err := d.Visit(t.Context()); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "hidden") {
		t.Fatalf("a visit where nothing is: %v", err)
	}
	l := open(t, d)
	ledgertest.Accepted(t, l, "f1", 3)
	v, err := d.Visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, err := v.Order(t.Context(), ledger.Order{Verb: ledger.Cancel, File: "f1"})
	if err != nil {
		t.Fatal(err)
	}
	if orders, err := l.Ordered(t.Context()); err != nil || len(orders) != 1 || orders[0].N != n {
		t.Errorf("the owner finds %v, %v", orders, err)
	}
	if f, err := v.File(t.Context(), "f1"); err != nil || f.Open != 3 {
		t.Errorf("a visitor sees %+v, %v", f, err)
	}
	closed(t, v)
	closed(t, l)
	for name, address := range map[string]string{
		"nobody there":  "postgres://rowferry:hidden@127.0.0.1:1/rowferry",
		"no such base":  strings.Replace(cluster.Address(), "/postgres?", "/nothing?", 1),
		"not a setting": "postgres://rowferry:hidden@127.0.0.1:1/rowferry?sslmode=sometimes",
	} {
		for _, open := range []func(context.Context) (ledger.Visitor, error){postgres.Driver{Address: address, Data: t.TempDir()}.Visit,
			func(ctx context.Context) (ledger.Visitor, error) {
				return postgres.Driver{Address: address, Data: t.TempDir()}.Open(ctx)
			}} {
			if _, err := open(t.Context()); err == nil || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
