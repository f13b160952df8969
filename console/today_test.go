package console_test

import (
	"fmt"
	"strings"
	"testing"
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
