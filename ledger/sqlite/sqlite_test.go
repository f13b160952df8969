package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLedger(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledgertest.Opener {
		dir := filepath.Join(t.TempDir(), "data # 100% ünï")
		return func(t *testing.T) ledger.Ledger {
			l, err := sqlite.Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
	})
}

func TestOneOwner(t *testing.T) {
	dir := t.TempDir()
	if _, err := sqlite.Visit(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a visit where nothing is: %v", err)
	}
	owner, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), dir)
	inUse, ok := errors.AsType[*ledger.InUse](err)
	if !ok || inUse.PID != os.Getpid() {
		t.Fatalf("the second owner: %v", err)
	}
	ledgertest.Accepted(t, owner, "f1", 3)
	visitor, err := sqlite.Visit(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := visitor.File(t.Context(), "f1"); err != nil || f.Open != 3 {
		t.Fatalf("a visitor sees %+v, %v", f, err)
	}
	if err := visitor.Order(t.Context(), ledger.Order{Verb: "cancel", File: "f1"}); err != nil {
		t.Fatal(err)
	}
	if orders, err := owner.Orders(t.Context()); err != nil || len(orders) != 1 {
		t.Fatalf("the owner finds %v, %v", orders, err)
	}
	if err := errors.Join(visitor.Close(), owner.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatalf("after the owner left: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
