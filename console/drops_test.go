package console_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A dropped file that could not be taken, because a disk failed or who sent it went away, is there still: it can be sent again.
func TestADropOutlastsAFailure(t *testing.T) {
	o := open(t)
	ann := o.visitor("ann")
	page := ann.upload("/drop", map[string]string{"route": "failures"}, "file", "accountNumber,lesBookingId,failReason\n3000372,LBX1,Hold\n")
	send := func() int {
		r := ann.request("POST", page, strings.NewReader("do=send"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	spool := filepath.Join(o.dir, "data", "spool")
	if err := os.RemoveAll(spool); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(spool, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := send(); status != http.StatusInternalServerError {
		t.Fatalf("without a spool: %d", status)
	}
	if err := os.Remove(spool); err != nil {
		t.Fatal(err)
	}
	if status := send(); status != http.StatusSeeOther {
		t.Errorf("sent again: %d", status)
	}
	if status := send(); status != http.StatusNotFound {
		t.Errorf("sent a third time: %d", status)
	}
}
