//go:build linux

package pipeline_test

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

// pauses is how long the slow writers pause; -pauses=60s is the long form.
var pauses = flag.Duration("pauses", 1500*time.Millisecond, "how long the slow writers pause")

// slowly writes a file of so many rows as a program does that keeps it open: it pauses at the given rows, at the end of a row or within it.
// In the end it gives the file its source's time, as most uploading programs do.
func slowly(t *testing.T, path, prefix string, rows int, pauseAt map[int]bool) []string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if _, err := f.WriteString(text); err != nil {
			t.Error(err)
		}
	}
	write("accountNumber,lesBookingId,failReason\n")
	mine := ids(prefix, rows)
	for i, id := range mine {
		line := fmt.Sprintf("3000372,%s,late\n", id)
		within, pause := pauseAt[i]
		if pause && within {
			write(line[:len(line)/2])
			time.Sleep(*pauses)
			write(line[len(line)/2:])
			continue
		}
		write(line)
		if pause {
			time.Sleep(*pauses)
		}
	}
	dated(t, f)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	return mine
}

// dated gives a file that is open, wherever it lies by now, a time before all others.
func dated(t *testing.T, f *os.File) {
	t.Helper()
	old := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), old, old); err != nil {
		t.Error(err)
	}
}

// part is a file as its newest result and summary tell of it.
type part struct {
	id       string
	revision int
	status   map[string]string // of each row by its booking
	words    string
}

var ofResult = regexp.MustCompile(`\.(\d{8}-\d{6}-[0-9a-f]+)(?:\.r(\d+))?\.result\.csv$`)

// toldOf reads what the results say of the files that came under a name, in the order in which they were taken. Those of which the summary is
// not there yet are left out: it is put after the result.
func toldOf(t *testing.T, dir, name string) (parts []part) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, name+".*.result.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		at := ofResult.FindStringSubmatch(path)
		if at == nil {
			t.Fatalf("a result is named %s", path)
		}
		p := part{id: at[1], status: map[string]string{}}
		p.revision, _ = strconv.Atoi(at[2])
		summary, err := os.ReadFile(strings.TrimSuffix(path, ".result.csv") + ".summary.json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		content, readErr := os.ReadFile(path)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(content), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, line := range lines[1:] {
			p.status[line[8]] = line[1]
			p.words += line[3] + "\n"
		}
		p.words += string(summary)
		if known := slices.IndexFunc(parts, func(o part) bool { return o.id == p.id }); known < 0 {
			parts = append(parts, p)
		} else if parts[known].revision < p.revision {
			parts[known] = p
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return len(a.status) - len(b.status) })
	return parts
}

// toldWhole tells whether a result of so many rows is out, and the results of all parts before it say that they went on.
func toldWhole(t *testing.T, dir, name string, rows int) bool {
	parts := toldOf(t, dir, name)
	if len(parts) == 0 || len(parts[len(parts)-1].status) != rows {
		return false
	}
	return !slices.ContainsFunc(parts[:len(parts)-1], func(p part) bool { return !strings.Contains(p.words, "went on growing") })
}

// A program that writes its file straight into the inbox, on this machine or through a server, and pauses at and within rows for longer than a
// file has to be unchanged: every row is sent once, none is lost, and where the file was taken in parts the results of each say so.
func TestSlowWriters(t *testing.T) {
	if *pauses > 2*time.Second {
		t.Logf("pauses of %s", *pauses)
	}
	for _, where := range []string{"local", "sftp"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			provider, url := newNotices(t)
			root := partnerFolder(t)
			var config string
			if where == "sftp" {
				s := sshdtest.Start(t, sshdtest.Options{})
				config = partnerConfig(s, s.Address(), url, root)
			} else {
				config = fmt.Sprintf("data: data\naccounts:\n  les: {provider: les, server: %q, rate: none}\nroutes:\n  failures:\n    account: les\n    operation: shipmentFailed\n"+
					"    inbox: {dir: %s/outgoing, settle: 100ms, every: 200ms}\n    outbox: {dir: %s/incoming, formats: [csv]}\n", url, root, root)
			}
			config = strings.ReplaceAll(config, "formats: [csv]", "formats: [csv, summary]")
			stop := start(t, t.TempDir(), config)
			defer stop()
			var want []string
			done := make(chan []string, 3)
			for name, at := range map[string]map[int]bool{"atrow": {2: false, 5: false}, "within": {3: true}, "both": {1: true, 4: false, 6: true}} {
				go func() { done <- slowly(t, filepath.Join(root, "outgoing", name+".csv"), name, 8, at) }()
			}
			for range 3 {
				want = append(want, <-done...)
			}
			for end := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
				whole := 0
				for _, name := range []string{"atrow", "within", "both"} {
					if toldWhole(t, filepath.Join(root, "incoming"), name, 8) {
						whole++
					}
				}
				if whole == 3 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("only %d of 3 files came to their end", whole)
				}
			}
			stop()
			provider.mu.Lock()
			defer provider.mu.Unlock()
			for _, id := range want {
				if provider.did[id] != 1 {
					t.Errorf("%s was sent %d times", id, provider.did[id])
				}
			}
			for id := range provider.did {
				if !strings.HasPrefix(id, "atrow") && !strings.HasPrefix(id, "within") && !strings.HasPrefix(id, "both") || len(id) < 5 {
					t.Errorf("%q was sent, which nobody wrote", id)
				}
			}
			for _, name := range []string{"atrow", "within", "both"} {
				parts := toldOf(t, filepath.Join(root, "incoming"), name)
				for i, p := range parts {
					if goesOn := strings.Contains(p.words, "This file goes on from"); goesOn != (i > 0) {
						t.Errorf("%s, part %d of %d, says that it goes on from another: %t", name, i+1, len(parts), goesOn)
					}
					if grew := strings.Contains(p.words, "went on growing"); grew != (i < len(parts)-1) {
						t.Errorf("%s, part %d of %d, says that it went on: %t", name, i+1, len(parts), grew)
					}
				}
				for _, id := range ids(name, 8) {
					if s := parts[len(parts)-1].status[id]; s != "delivered" && s != "skipped" {
						t.Errorf("%s is %q in the last result", id, s)
					}
				}
			}
		})
	}
}

// A file that goes on growing while nothing runs, and for longer than its patience, is looked at once more at the next start.
func TestAFileGrowsWhileNothingRuns(t *testing.T) {
	provider, url := newNotices(t)
	root := partnerFolder(t)
	s := sshdtest.Start(t, sshdtest.Options{})
	config := strings.ReplaceAll(partnerConfig(s, s.Address(), url, root), "formats: [csv]", "formats: [csv, summary]")
	config = strings.ReplaceAll(config, "settle: ", "patience: 1s, settle: ")
	f, err := os.Create(filepath.Join(root, "outgoing", "orders.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(text string) {
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	until := func(rows int) {
		t.Helper()
		stop := start(t, dir, config)
		defer stop()
		for end := time.Now().Add(time.Minute); !toldWhole(t, filepath.Join(root, "incoming"), "orders", rows); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no result of %d rows", rows)
			}
		}
	}
	write("accountNumber,lesBookingId,failReason\n3000372,A-1,late\n")
	until(1)
	time.Sleep(1200 * time.Millisecond)
	write("3000372,A-2,late\n")
	dated(t, f)
	until(2)
	provider.mu.Lock()
	defer provider.mu.Unlock()
	if len(provider.did) != 2 || provider.did["A-1"] != 1 || provider.did["A-2"] != 1 {
		t.Errorf("sent were %v", provider.did)
	}
}
