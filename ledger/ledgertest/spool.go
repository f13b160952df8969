package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/ledger"
)

// Spool tries an empty spool.
func Spool(t *testing.T, s ledger.Spool) {
	ctx := t.Context()
	ids := func() (all []string) {
		for id, err := range s.IDs(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, id)
		}
		slices.Sort(all)
		return all
	}
	create := func(id string, parts ...string) ledger.Copying {
		out, err := s.Create(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if n, err := io.WriteString(out, p); err != nil || n != len(p) {
				t.Fatalf("%d, %v", n, err)
			}
		}
		return out
	}
	keep := func(out ledger.Copying) {
		if err := errors.Join(out.Commit(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	read := func(id string) string {
		o, err := s.Open(ctx, id)
		if err != nil {
			return err.Error()
		}
		defer o.Close()
		content, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
		if err != nil {
			t.Error(err)
		}
		return string(content)
	}
	gone := func(id string) {
		t.Helper()
		if _, err := s.Open(ctx, id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", id, err)
		}
	}

	if got := ids(); len(got) != 0 {
		t.Errorf("a new spool has %v", got)
	}
	gone("f1")
	if err := s.Remove(ctx, "f1"); err != nil {
		t.Error(err)
	}

	half := create("f1", "a,b\n1,")
	gone("f1")
	if got := ids(); len(got) != 0 {
		t.Errorf("what is half written is %v", got)
	}
	if err := errors.Join(half.Close(), half.Close()); err != nil {
		t.Error(err)
	}
	gone("f1")

	_ = create("f1", "cut off by a kill") // never closed
	keep(create("f1", "a,b\n", "1,2\n"))
	long := strings.Repeat("0123456789abcdef", 300_000)
	keep(create("f2", long[:7], long[7:]))
	keep(create("f3"))
	if got := ids(); !slices.Equal(got, []string{"f1", "f2", "f3"}) {
		t.Errorf("%v", got)
	}
	if read("f1") != "a,b\n1,2\n" || read("f2") != long || read("f3") != "" {
		t.Error("a copy is not what was written")
	}
	o, err := s.Open(ctx, "f2")
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 40)
	if n, err := o.ReadAt(part, 1_048_570); err != nil || string(part[:n]) != long[1_048_570:1_048_610] {
		t.Errorf("%q, %v", part, err)
	}
	if n, err := o.ReadAt(part, int64(len(long))-3); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}

	again := create("f1", "other")
	if read("f1") != "a,b\n1,2\n" {
		t.Error("a copy under way was seen")
	}
	keep(again)
	if read("f1") != "other" {
		t.Error("the newer copy did not take the place of the older")
	}

	sum := sha256.Sum256([]byte("other"))
	f := ledger.File{}
	f.ID, f.Name, f.Hash = "f1", "orders.csv", hex.EncodeToString(sum[:])
	if whole, err := ledger.Whole(ctx, s, f); err != nil {
		t.Error(err)
	} else if err := whole.Close(); err != nil {
		t.Error(err)
	}
	f.ID = "f2"
	if _, err := ledger.Whole(ctx, s, f); !errors.Is(err, ledger.ErrAltered) {
		t.Errorf("another content: %v", err)
	}
	f.ID = "f9"
	if _, err := ledger.Whole(ctx, s, f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no copy: %v", err)
	}

	_ = create("f2", "cut off by a kill")
	if err := errors.Join(s.Remove(ctx, "f2"), s.Remove(ctx, "f2")); err != nil {
		t.Error(err)
	}
	gone("f2")
	if got := ids(); !slices.Equal(got, []string{"f1", "f3"}) {
		t.Errorf("%v", got)
	}
}
