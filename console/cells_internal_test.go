package console

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
)

// A file whose reading failed is told so, and is read again when somebody looks again.
func TestReadingThatFailedIsBegunAnew(t *testing.T) {
	failed := errors.New("the disk gave out")
	opened := 0
	s := newShelf(t.TempDir(), slog.New(slog.DiscardHandler), func(context.Context, ledger.File) (*opening.Table, error) {
		opened++
		return nil, failed
	})
	defer s.close()
	for look := 1; look <= 2; look++ {
		b, err := s.book(ledger.File{File: batch.File{ID: "f"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.find(t.Context(), "x", 1, 9, time.Now().Add(time.Hour)); !errors.Is(err, failed) {
			t.Errorf("look %d: found with %v", look, err)
		}
		if opened != look {
			t.Errorf("look %d: opened %d times", look, opened)
		}
	}
}
