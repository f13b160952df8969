package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
)

// What is dropped makes the file smaller, and the ledger is sound afterwards.
func TestWhatIsDroppedMakesTheFileSmaller(t *testing.T) {
	dir := t.TempDir()
	l, err := at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Rejected(t, l, "f1", 4000)
	ledgertest.LetGo(t, l, "f1", ledger.PartAnswers)
	ledgertest.LetGo(t, l, "f1", ledger.PartRows)
	ledgertest.Shrunk(t, l)
	if err := l.Sound(t.Context()); err != nil {
		t.Error(err)
	}
	closed(t, l)
	if info, err := os.Stat(filepath.Join(dir, "ledger.db")); err != nil || info.Size() > 250_000 {
		t.Errorf("%v, %v", info, err)
	}
	l, err = at(dir).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
}
