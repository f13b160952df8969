package ledger

import (
	"context"
	"testing"
)

// emptied are books in which a file's chunks go away between two looks: the file is being read anew.
type emptied struct{ Books }

func (emptied) Tallies(context.Context, string) ([]*Tally, error) { return []*Tally{nil, nil}, nil }

func (emptied) Chunk(context.Context, string, int) (*Content, error) { return nil, ErrNotFound }

// A file whose chunks went since its tallies were read has no rows now; it is not a file that is not there.
func TestRowsThatWentMeanwhile(t *testing.T) {
	page, err := Rows(t.Context(), emptied{}, RowQuery{File: "f", Limit: 10})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	reasons, err := Reasons(t.Context(), emptied{}, "f")
	if err != nil || len(reasons) != 0 {
		t.Errorf("%v, %v", reasons, err)
	}
}
