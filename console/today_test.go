package console_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// Today shows the first of what needs somebody, so that what is under way is not far below; all of it is one press away. A service without a file
// says what to do first.
func TestTodayIsShort(t *testing.T) {
	o := open(t)
	for _, page := range []string{"/", "/files"} {
		if _, text := o.ask("ann", "GET", page, ""); !strings.Contains(text, "No file has been taken yet.") || !strings.Contains(text, `href="/drop"`) || !strings.Contains(text, `href="/partners"`) || !strings.Contains(text, `href="/new"`) {
			t.Errorf("%s of a service without a file: %s", page, text)
		}
	}
	if _, text := o.ask("vera", "GET", "/", ""); strings.Contains(text, `href="/drop"`) || strings.Contains(text, `href="/new"`) {
		t.Error("a viewer is told to drop a file")
	}
	const files = 12
	for i := range files {
		o.ended(o.drop("ann", "failures", fmt.Sprintf("t%02d.csv", i), fmt.Sprintf("accountNumber,lesBookingId,failReason\n3000372,LBT%d,\n", i)))
	}
	for page, want := range map[string]int{"/": 8, "/?all=yes": files} {
		_, text := o.ask("ann", "GET", page, "")
		needs, _, _ := strings.Cut(text, `id="under"`)
		if n := strings.Count(needs, "1 row to mend"); n != want || strings.Contains(needs, "… and 4 more") != (want < files) {
			t.Errorf("%s shows %d, want %d: %s", page, n, want, needs)
		}
		if strings.Contains(text, "All results of today") != (want < files) {
			t.Errorf("%s: %s", page, text)
		}
	}
}

// A file that stays in an inbox is there while it does, and so is that notices do not leave: for who sees the route, or all of them.
func TestTodayTellsWhatStays(t *testing.T) {
	o := open(t, "notices: {webhook: {url: \"http://127.0.0.1:9/\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}\n")
	o.stop()
	cfg, err := pipeline.Load(filepath.Join(o.dir, "rowferry.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.Of(cfg))
	if err != nil {
		t.Fatal(err)
	}
	waits := fmt.Sprintf(`{"failures": {"open.csv": {"why": "A program has it open.", "since": %q}}}`, time.Now().Add(-time.Hour).Format(time.RFC3339))
	err = errors.Join(l.Keep(t.Context(), desk.UnreadyKey, waits), l.Keep(t.Context(), desk.UntoldKey, `{"webhook": "nobody answers", "mail": "of another configuration"}`), l.Close())
	for name, content := range map[string]string{"open.csv": "accountNumber,lesBookingId,failReason\n1,2,3\n", ".~lock.open.csv#": "ann"} {
		err = errors.Join(err, os.WriteFile(filepath.Join(o.dir, "inbox", "failures", name), []byte(content), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	o.start()
	const stays, untold = "failures: open.csv: ", "webhook: nobody answers"
	for who, sees := range map[string]bool{"ann": true, "vera": true, "sam": false} {
		_, text := o.ask(who, "GET", "/", "")
		for _, line := range []string{stays, untold, "A file stays in an inbox", "Notices do not leave"} {
			if strings.Contains(text, line) != sees {
				t.Errorf("%s sees %q: %v", who, line, !sees)
			}
		}
		if strings.Contains(text, "of another configuration") {
			t.Errorf("%s is told of a way that is not configured", who)
		}
	}
}
