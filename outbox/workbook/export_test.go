package workbook

import "testing"

// HoldRows makes sheets hold so many rows during a test.
func HoldRows(t *testing.T, n int) {
	was := sheetRows
	sheetRows = n
	t.Cleanup(func() { sheetRows = was })
}
