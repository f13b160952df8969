package sqlite_test

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/places"
)

// Who may not look into the data folder is told who may.
func TestWhoMayNotLookIsToldWhoMay(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	err := error(nil)
	done := make(chan struct{})
	go func() { // a thread that is nobody, and ends with it
		defer close(done)
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			_ = unix.Setfsuid(65534)
		}
		_, err = sqlite.Driver{Dir: dir}.Visit(t.Context())
	}()
	<-done
	if trouble, ok := errors.AsType[*places.Trouble](err); !ok || trouble.Message.Key != "ledger.closed" {
		t.Errorf("%v", err)
	}
}
