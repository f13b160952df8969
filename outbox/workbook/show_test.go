package workbook_test

import (
	"os"
	"testing"

	"github.com/rowferry/rowferry/outbox/workbook"
)

// With ROWFERRY_SHOW=file.xlsx a result is written there, to be looked at.
func TestShow(t *testing.T) {
	path := os.Getenv("ROWFERRY_SHOW")
	if path == "" {
		return
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := workbook.New().Write(t.Context(), f, everyOutcome()); err != nil {
		t.Fatal(err)
	}
}
