//go:build unix

package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// A file in the preview folder gets a workbook of what would happen; nothing of it is sent.
func TestPreviewSendsNothing(t *testing.T) {
	provider, url := newNotices(t)
	dir := t.TempDir()
	preview := filepath.Join(dir, "preview")
	if err := os.Mkdir(preview, 0o755); err != nil {
		t.Fatal(err)
	}
	stop := start(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: none}
routes:
  r: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 20ms, every: 50ms}, preview: {dir: preview}, outbox: {dir: out, formats: [csv]}}
`, url))
	defer stop()
	drop(t, preview, "orders.csv", "A1", "", "A3")
	var found []string
	for end := time.Now().Add(30 * time.Second); len(found) == 0; time.Sleep(50 * time.Millisecond) {
		if found, _ = filepath.Glob(filepath.Join(dir, "out", "orders.*.preview.xlsx")); time.Now().After(end) {
			t.Fatal("no preview came")
		}
	}
	stop()
	if n := provider.count(); n != 0 {
		t.Errorf("%d rows were sent", n)
	}
	f, err := excelize.OpenFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{"E2": "would be sent", "E3": "invalid", "E4": "would be sent"} {
		if got, err := f.GetCellValue(f.GetSheetName(0), cell); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", cell, got, err, want)
		}
	}
}
