package desk_test

import (
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// Rows without an outcome are counted by account and by the age of their file; of what is done, nothing is.
func TestBacklog(t *testing.T) {
	now := time.Now()
	file := func(account string, age time.Duration, state ledger.State, delivered int) ledger.File {
		f := ledger.File{Account: account, State: state}
		f.TakenAt, f.Counts = now.Add(-age), batch.Counts{Read: 10, Delivered: delivered}
		return f
	}
	got := desk.BacklogOf([]ledger.File{
		file("les", time.Minute, ledger.Sending, 0),
		file("les", 10*time.Minute, ledger.Sending, 4),
		file("les", 11*time.Minute, ledger.Sending, 9),
		file("les", 100*24*time.Hour, ledger.Sending, 7),
		file("les", 200*24*time.Hour, ledger.Reported, 3),
		file("otms", 5*time.Hour, ledger.Sending, 8),
		file("hgj", time.Hour, ledger.Sending, 10),
	}, now)
	want := map[string]desk.Backlog{
		"les":  {Rows: [5]int{16, 1, 0, 0, 3}, Files: 4, Oldest: now.Add(-100 * 24 * time.Hour)},
		"otms": {Rows: [5]int{0, 0, 0, 2, 0}, Files: 1, Oldest: now.Add(-5 * time.Hour)},
	}
	if len(got) != len(want) || got["les"] != want["les"] || got["otms"] != want["otms"] || got["les"].Total() != 20 {
		t.Errorf("%+v", got)
	}
}
