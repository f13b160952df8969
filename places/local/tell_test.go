package local

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/rowferry/rowferry/places"
)

// Where no more files may be opened nobody lacks a right: the limit is named.
func TestTooManyOpenFiles(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(Settings{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cause, want := range map[error]string{syscall.EMFILE: "LimitNOFILE", syscall.ENFILE: "fs.file-max", syscall.EACCES: "the right to read"} {
		if said := f.Tell(places.Unlisted, ".", &fs.PathError{Op: "open", Path: dir, Err: cause}).Error(); !strings.Contains(said, want) {
			t.Errorf("%v: %s", cause, said)
		}
	}
}
