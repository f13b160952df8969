package inbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
)

// A file that a program holds open for writing is not taken, however long it does not change, and says so; one that is only being read is.
func TestAFileThatAProgramWrites(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	p := polled(t, dir, func(s *inbox.Settings) { s.Clock = func() time.Time { return now } })
	writer, err := os.Create(filepath.Join(dir, "a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.WriteString("a,b\n1,2\n"); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	if told := unready(p); told != "a.csv: \n" {
		t.Errorf("told before it has settled: %q", told)
	}
	for range 3 {
		now = now.Add(time.Hour)
		if found := look(t, p); len(found) > 0 {
			t.Fatal("taken from under its writer")
		}
	}
	if told := unready(p); !strings.Contains(told, "a.csv: A program has it open.") {
		t.Errorf("told: %q", told)
	}
	reader, err := os.Open(writer.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	found := look(t, p)
	if len(found) != 1 {
		t.Fatal("not taken although nobody writes it")
	}

	// A program opens it between look and claim: it goes back.
	writer, err = os.OpenFile(writer.Name(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Claim(t.Context(), "id", found[0].Arrival); !errors.Is(err, inbox.ErrGone) {
		t.Fatalf("claimed from under its writer: %v", err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	look(t, p)
	now = now.Add(time.Hour)
	if found = look(t, p); len(found) != 1 {
		t.Fatal("it did not come back")
	}
	if err := p.Claim(t.Context(), "id", found[0].Arrival); err != nil {
		t.Fatal(err)
	}
}

// Files wait while what a program writes lies beside them, and copies of sync programs are held with a word.
func TestWhatLiesBesideAFile(t *testing.T) {
	dir := t.TempDir()
	p := polled(t, dir, func(s *inbox.Settings) { s.Inbox = configs.Inbox{Settle: time.Millisecond, Match: []string{"*.csv"}} })
	settled := func() []inbox.Complete {
		look(t, p)
		time.Sleep(2 * time.Millisecond)
		return look(t, p)
	}
	drop(t, dir, "a.csv", "x")
	for _, end := range []string{".aria2", ".lftp-pget-status", ".part", ".filepart", ".partial", ".crdownload"} {
		drop(t, dir, "a.csv"+end, "")
		if found := settled(); len(found) > 0 {
			t.Errorf("taken beside a.csv%s", end)
		}
		if err := os.Remove(filepath.Join(dir, "a.csv"+end)); err != nil {
			t.Fatal(err)
		}
	}
	drop(t, dir, "a (conflicted copy 2026-11-28 101010).csv", "x")
	for _, c := range settled() {
		if copied := c.Name != "a.csv"; copied != strings.Contains(c.Stuck, "sync program") {
			t.Errorf("%s: %q", c.Name, c.Stuck)
		}
	}
	if len(settled()) != 2 {
		t.Error("not both are given")
	}
}

func unready(p inbox.Place) (told string) {
	for name, why := range p.Unready() {
		told += name + ": " + why + "\n"
	}
	return told
}
