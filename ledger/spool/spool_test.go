package spool_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/spool"
)

func TestFolder(t *testing.T) {
	ledgertest.Spool(t, spool.Folder{Dir: filepath.Join(t.TempDir(), "data", "spool")})
}

// What people and programs leave in the folder is no copy, and a copy that is set aside is none any more.
func TestOnlyCopiesCount(t *testing.T) {
	f := spool.Folder{Dir: t.TempDir()}
	out, err := f.Create(t.Context(), "f1")
	must(t, err)
	_, err = io.WriteString(out, "a,b\n")
	must(t, errors.Join(err, out.Commit()))
	must(t, errors.Join(os.WriteFile(filepath.Join(f.Dir, ".DS_Store"), nil, 0o600), os.WriteFile(filepath.Join(f.Dir, "f2.part"), nil, 0o600), os.Mkdir(filepath.Join(f.Dir, "old"), 0o700)))
	for id, err := range f.IDs(t.Context()) {
		if err != nil || id != "f1" {
			t.Errorf("%s, %v", id, err)
		}
	}
	aside := filepath.Join(t.TempDir(), "unknown")
	must(t, f.Aside("f1", aside))
	if _, err := f.Open(t.Context(), "f1"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if content, err := os.ReadFile(filepath.Join(aside, "f1")); err != nil || string(content) != "a,b\n" {
		t.Errorf("%q, %v", content, err)
	}
	var _ ledger.Spool = f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
