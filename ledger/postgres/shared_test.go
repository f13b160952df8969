//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/postgres"
	"github.com/rowferry/rowferry/places"
)

// Copies in a folder that machines share keep the promises of those in the database.
func TestSharedSpool(t *testing.T) {
	t.Parallel()
	l := join(t, postgres.Driver{Address: cluster.Address(), Data: t.TempDir(), Spool: t.TempDir()}, "")
	defer closed(t, l)
	ledgertest.Spool(t, l.Spool())
}

func copied(t *testing.T, l ledger.Owner, id, content string) {
	t.Helper()
	c, err := l.Spool().Create(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Commit(), c.Close()); err != nil {
		t.Fatal(err)
	}
}

func copyOf(ctx context.Context, l ledger.Books, id string) (string, error) {
	o, err := l.Copies().Open(ctx, id)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	return string(text), errors.Join(err, o.Close())
}

// Who made a copy reads it next, and need not fetch it from the database: there is nothing to be fetched here, and it is read, once.
func TestTheCopyThatWasJustMadeIsNotFetched(t *testing.T) {
	t.Parallel()
	address := cluster.Address()
	l := open(t, postgres.Driver{Address: address, Data: t.TempDir()})
	defer closed(t, l)
	copied(t, l, "f1", "id\n7\n")
	c, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_, err = c.Exec(t.Context(), "DELETE FROM pieces")
		err = errors.Join(err, c.Close(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := copyOf(t.Context(), l, "f1"); err != nil || got != "id\n7\n" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := copyOf(t.Context(), l, "f1"); !errors.Is(err, ledger.ErrAltered) {
		t.Errorf("%q, %v", got, err)
	}
}

// Machines agree on one folder: what was copied before lies in the database and is found still, each finds what another copied, and one that
// does not see the folder, sees another or names none says so. None of them takes a copy for one that is not kept any more.
func TestMachinesAgreeOnAFolder(t *testing.T) {
	t.Parallel()
	address, folder := cluster.Address(), t.TempDir()
	first := join(t, postgres.Driver{Address: address, Data: t.TempDir()}, "")
	copied(t, first, "before", "a")
	closed(t, first)
	_, err := postgres.Driver{Address: address, Data: t.TempDir(), Spool: filepath.Join(folder, "none")}.Join(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("a folder that is not there: %v", err)
	}
	first = join(t, postgres.Driver{Address: address, Data: t.TempDir(), Spool: folder}, "")
	defer closed(t, first)
	copied(t, first, "f1", "b")
	if _, err := os.Stat(filepath.Join(folder, "f1")); err != nil {
		t.Error(err)
	}
	second := join(t, postgres.Driver{Address: address, Data: t.TempDir(), Spool: folder}, "")
	defer closed(t, second)
	for id, want := range map[string]string{"before": "a", "f1": "b"} {
		if got, err := copyOf(t.Context(), second, id); got != want || err != nil {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if err := second.Spool().Remove(t.Context(), "before"); err != nil {
		t.Error(err)
	}
	if _, err := copyOf(t.Context(), first, "before"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy that was removed: %v", err)
	}
	for name, other := range map[string]string{"is not the folder": t.TempDir(), "write spool:": ""} {
		d := postgres.Driver{Address: address, Data: t.TempDir(), Spool: other}
		if _, err := d.Join(t.Context(), ""); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
		v, err := d.Visit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := copyOf(t.Context(), v, "f1"); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: a copy that is kept: %v", name, err)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := os.Rename(folder, folder+".away"); err != nil { // it is unmounted
		t.Fatal(err)
	}
	defer func() { _ = os.Rename(folder+".away", folder) }()
	if _, err := copyOf(t.Context(), first, "f1"); !places.MayPass(err) {
		t.Errorf("a copy in a folder that is away: %v", err)
	}
	if _, err := first.Spool().Create(t.Context(), "f2"); !places.MayPass(err) {
		t.Errorf("a new copy: %v", err)
	}
	if err := first.Spool().Remove(t.Context(), "f1"); !places.MayPass(err) {
		t.Errorf("a copy to be removed: %v", err)
	}
}
