package console_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A dropped file that could not be taken, because a disk failed or who sent it went away, is there still: it can be sent again.
func TestADropOutlastsAFailure(t *testing.T) {
	o := open(t)
	ann := o.visitor("ann")
	page := ann.upload("/drop", map[string]string{"route": "failures"}, "file", "accountNumber,lesBookingId,failReason\n3000372,LBX1,Hold\n")
	send := func() (int, string) {
		r := ann.request("POST", page, strings.NewReader("do=send"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Location")
	}
	spool := filepath.Join(o.dir, "data", "spool")
	if err := os.RemoveAll(spool); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(spool, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := send(); status != http.StatusInternalServerError {
		t.Fatalf("without a spool: %d", status)
	}
	if err := os.Remove(spool); err != nil {
		t.Fatal(err)
	}
	status, file := send()
	if status != http.StatusSeeOther || !strings.HasPrefix(file, "/files/") {
		t.Errorf("sent again: %d %s", status, file)
	}
	if status, to := send(); status != http.StatusSeeOther || to != file { // by a second press, or after going back
		t.Errorf("sent a third time: %d %s", status, to)
	}
	o.ended(strings.TrimPrefix(file, "/files/"))
	if n := len(o.sim.Ledger()); n != 1 {
		t.Errorf("%d executed", n)
	}
}

// Files that are dragged onto the page together are refused together: who is shown the first would take all for sent.
func TestFilesDroppedTogether(t *testing.T) {
	o := open(t)
	const part = "--x\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n%s\r\n"
	form := fmt.Sprintf(part, "route", "", "failures")
	for _, name := range []string{"a", "b", "c"} {
		form += fmt.Sprintf(part, "file", `; filename="`+name+`.csv"`, sheet(1, name))
	}
	if status, text := o.form("ann", "/drop", form+"--x--\r\n"); status != http.StatusUnprocessableEntity || !strings.Contains(text, "3 files came at once") {
		t.Errorf("%d %s", status, text)
	}
	if left, err := os.ReadDir(filepath.Join(o.dir, "data", "console", "drops")); err != nil || len(left) > 0 {
		t.Errorf("%v %v are left", left, err)
	}
}

// What nobody decided about for a day goes while the service runs, too.
func TestOldDropsGo(t *testing.T) {
	o := open(t)
	ann := o.visitor("ann")
	upload := func(first string) {
		ann.upload("/drop", map[string]string{"route": "failures"}, "file", sheet(1, first))
	}
	upload("LBO")
	drops := filepath.Join(o.dir, "data", "console", "drops")
	old, err := os.ReadDir(drops)
	if err != nil || len(old) != 2 {
		t.Fatal(old, err)
	}
	for _, e := range old {
		if err := os.Chtimes(filepath.Join(drops, e.Name()), time.Time{}, time.Now().Add(-25*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	upload("LBN")
	for _, e := range old {
		if _, err := os.Stat(filepath.Join(drops, e.Name())); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}
