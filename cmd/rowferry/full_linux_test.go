package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

// A disk that fills up, before a file is claimed, while its rows are sent, when its results are due, costs time and nothing else: when there is room
// the same process goes on by itself. Inbox, archive, copies, ledger and outbox all lie on that disk.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	var mu sync.Mutex
	did, moment := map[string]int{}, make(chan struct{}, 1)
	at := 0 // the request at which to tell
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		did[string(body)]++
		if at--; at == 0 {
			moment <- struct{}{}
		}
		_, _ = io.WriteString(w, `{"code":1}`)
	}))
	defer server.Close()
	const rows = 300
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rowferry.yaml", `
accounts: {les: {provider: les, server: "`+server.URL+`", rate: none, concurrency: 4, retry: {first: 10ms, most: 100ms}}}
routes: {failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 0s, every: 50ms}, outbox: {dir: out, formats: [csv, summary]}}}
`)
	moments := []int{0, rows / 2, rows} // requests of the file after which the disk is full
	for n := range moments {
		var text strings.Builder
		text.WriteString("accountNumber,lesBookingId,failReason\n")
		for i := range rows {
			fmt.Fprintf(&text, "%d,F%dR%d,late\n", n+1, n, i)
		}
		write(fmt.Sprintf("in/f%d.csv.tmp", n), text.String())
	}
	cmd := rowferry(t, dir, "run")
	log := &strings.Builder{}
	var logged sync.Mutex
	cmd.Stderr = writes(func(b []byte) { logged.Lock(); defer logged.Unlock(); log.Write(b) })
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	state := func(name string) ledger.State {
		select {
		case err := <-ended:
			logged.Lock()
			defer logged.Unlock()
			t.Fatalf("the service ended: %v\n%s", err, log)
		default:
		}
		l, err := drivers.Visit(t.Context(), drivers.SQLite(filepath.Join(dir, "data")))
		if err != nil {
			return ""
		}
		defer l.Close()
		files, err := l.Files(t.Context(), ledger.Query{Text: name, Last: 1})
		if err != nil || len(files) == 0 || !files[0].Rested {
			return ""
		}
		return files[0].State
	}
	for end := time.Now().Add(4 * time.Minute); ; time.Sleep(50 * time.Millisecond) { // it owns the ledger: nobody who looks in makes it meanwhile
		l, err := drivers.Visit(t.Context(), drivers.SQLite(filepath.Join(dir, "data")))
		if err == nil {
			_ = l.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	for n, after := range moments {
		name := fmt.Sprintf("f%d.csv", n)
		filled := ""
		if after == 0 {
			filled = fill(t, dir)
		} else {
			mu.Lock()
			at = after
			mu.Unlock()
		}
		if err := os.Rename(filepath.Join(dir, "in", name+".tmp"), filepath.Join(dir, "in", name)); err != nil {
			t.Fatal(err)
		}
		if after > 0 {
			<-moment
			filled = fill(t, dir)
		}
		time.Sleep(time.Second) // for whatever is written meanwhile to fail; nothing is expected of it
		if err := os.Remove(filled); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(4 * time.Minute); state(name) != ledger.Reported; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				logged.Lock()
				defer logged.Unlock()
				t.Fatalf("%s is %q\n%s", name, state(name), log)
			}
		}
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	if err := <-ended; err != nil {
		t.Errorf("the service ended with %v", err)
	}
	if len(did) != len(moments)*rows {
		t.Errorf("%d rows were executed, of %d", len(did), len(moments)*rows)
	}
	for n := range moments {
		results, _ := filepath.Glob(filepath.Join(dir, "out", fmt.Sprintf("f%d.*.result.csv", n)))
		if len(results) != 1 {
			t.Errorf("f%d has the results %v", n, results)
			continue
		}
		lines := readResult(t, results[0])
		for _, line := range lines {
			if line["status"] != string(batch.Delivered) {
				t.Errorf("f%d: %v", n, line)
			}
		}
		if len(lines) != rows {
			t.Errorf("f%d: %d rows", n, len(lines))
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, "in", "archive", "*", "*", "*", fmt.Sprintf("f%d*.csv", n))); len(kept) != 1 {
			t.Errorf("f%d lies in the archive as %v", n, kept)
		}
	}
	logged.Lock()
	defer logged.Unlock()
	t.Logf("%d lines of the log speak of the disk", strings.Count(log.String(), "full")+strings.Count(log.String(), "no space"))
}

// smallDisk is a folder on a disk of its own. Where nothing can be mounted, as in containers, the memory disk of those is one.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	refused := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m")
	if refused == nil {
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		return dir
	}
	var shared syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &shared); err != nil || shared.Blocks*uint64(shared.Bsize) > 1<<30 {
		t.Fatalf("there is no small disk and none can be mounted: run this test as root: %v", refused)
	}
	dir, err := os.MkdirTemp("/dev/shm", "rowferry")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// fill fills a disk and gives the file that does.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		err = nil
	}
	return path
}

// writes is a function as a writer.
type writes func([]byte)

func (w writes) Write(b []byte) (int, error) { w(b); return len(b), nil }
