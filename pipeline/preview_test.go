//go:build unix

package pipeline_test

import (
	"errors"
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
	found := previewed(t, dir, "orders")
	stop()
	if n := provider.count(); n != 0 {
		t.Errorf("%d rows were sent", n)
	}
	f, err := excelize.OpenFile(found)
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

// previewed waits for the preview of a file.
func previewed(t *testing.T, dir, name string) string {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(dir, "out", name+".*.preview.xlsx")); len(found) > 0 {
			return found[0]
		}
		if time.Now().After(end) {
			t.Fatalf("no preview of %s came", name)
		}
	}
}

// Files that cannot be moved out of the preview folder get their previews all the same, each one, and are moved once that can be done.
func TestPreviewOfFilesThatCannotBeMoved(t *testing.T) {
	_, url := newNotices(t)
	dir := t.TempDir()
	preview := filepath.Join(dir, "preview")
	blocked := filepath.Join(preview, "processing") // a file in the folder's place
	if err := errors.Join(os.Mkdir(preview, 0o755), os.WriteFile(blocked, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	stop := start(t, dir, fmt.Sprintf(`
accounts:
  les: {provider: les, server: %q, rate: none}
routes:
  r:
    account: les
    operation: shipmentFailed
    inbox: {dir: in, settle: 20ms, every: 50ms, match: ["*.csv"]}
    preview: {dir: preview}
    outbox: {dir: out, formats: [csv]}
`, url))
	defer stop()
	drop(t, preview, "a.csv", "A1")
	previewed(t, dir, "a")
	drop(t, preview, "b.csv", "B1")
	previewed(t, dir, "b")
	time.Sleep(500 * time.Millisecond) // several looks, in which nothing new is to happen
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.csv", "b.csv"} {
		archived(t, preview, name)
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "out", "*.preview.xlsx")); len(all) != 2 {
		t.Errorf("two files have %d previews", len(all))
	}
}
