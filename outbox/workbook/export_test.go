package workbook

import (
	"testing"

	"github.com/rowferry/rowferry/outbox/workbook/ours"
)

// HoldRows makes sheets hold so many rows during a test.
func HoldRows(t *testing.T, n int) {
	was := ours.SheetRows
	ours.SheetRows = n
	t.Cleanup(func() { ours.SheetRows = was })
}
