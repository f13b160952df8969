package backup_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/pipeline/backup"
)

// Whatever ends a restore, be it between putting the ledger back and pausing its accounts, no ledger is there of which rows may go that may have
// been sent since. Here it is a record that is not as it was written, which is found when the open rows are looked for.
func TestEndedRestore(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	cfg := &configs.Config{Ledger: "sqlite", Data: filepath.Join(dir, "data")}
	owned := func(do func(l ledger.Owner)) {
		t.Helper()
		l, err := drivers.Open(ctx, drivers.Of(cfg))
		if err != nil {
			t.Fatal(err)
		}
		do(l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	owned(func(l ledger.Owner) { ledgertest.Accepted(t, l, "one", 20) })
	copied := filepath.Join(dir, "copy")
	list, err := backup.Make(ctx, cfg, copied)
	if err != nil {
		t.Fatal(err)
	}
	owned(func(l ledger.Owner) {
		if err := l.Keep(ctx, "since", "the backup"); err != nil {
			t.Error(err)
		}
	})
	alter(t, copied, list)
	if _, err := backup.Put(ctx, cfg, copied); err == nil {
		t.Fatal("an altered record was put back")
	}
	there, err := drivers.Visit(ctx, drivers.Of(cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	lanes, err := there.Lanes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := there.Kept(ctx, "since"); err != nil || kept != "the backup" && lanes["otms"] == "" {
		t.Errorf("an older ledger is there (%q, %v) of which rows go: %q is stopped", kept, err, lanes)
	}
	if left, err := filepath.Glob(filepath.Join(cfg.Data, "restoring*")); err != nil || len(left) > 0 {
		t.Error("left behind:", left, err)
	}
}

// alter changes a record of a backup's ledger, whose list says that it was written so.
func alter(t *testing.T, dir string, list backup.List) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err == nil {
		_, err = db.ExecContext(t.Context(), "UPDATE chunks SET body = substr(body, 1, length(body) - 1) || x'00' WHERE seq = 1")
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile(filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(is)
	at := slices.IndexFunc(list.Files, func(p backup.Part) bool { return p.Path == "ledger.db" })
	list.Files[at].Size, list.Files[at].Hash = int64(len(is)), hex.EncodeToString(sum[:])
	text, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "backup.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
