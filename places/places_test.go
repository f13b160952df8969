package places_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// A trouble says its technical cause once: in its sentence, or behind it.
func TestTroubleSaysItsCauseOnce(t *testing.T) {
	refused := &fs.PathError{Op: "openat", Path: ".rowferry-4de4f7cf60709a5a.part", Err: fs.ErrPermission}
	named := words.Message("outbox.unwritable", "dir", "out", "cause", fs.ErrPermission.Error())
	unnamed := words.Message("outbox.missing", "dir", "out")
	for _, c := range []struct {
		message batch.Message
		err     error
		behind  string
	}{
		{named, refused, ""},
		{named, fmt.Errorf("put: %w", refused), ""},
		{named, errors.New("disk on fire"), " (disk on fire)"},
		{unnamed, refused, " (openat .rowferry-4de4f7cf60709a5a.part: permission denied)"},
		{unnamed, nil, ""},
	} {
		trouble := &places.Trouble{Message: c.message, Err: c.err}
		if got, want := trouble.Say(batch.English), words.Say(batch.English, c.message)+c.behind; got != want {
			t.Errorf("says %q, want %q", got, want)
		}
	}
}
