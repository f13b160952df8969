package main

import (
	"errors"
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

// onceOnly is a provider whose requests may not be repeated.
const onceOnly = `
openapi: 3.1.0
info: {title: Once, version: "1"}
servers: [{url: "https://once.example", x-environment: production}]
x-rowferry: {name: once}
paths:
  /fails:
    post:
      operationId: fail
      security: []
      requestBody: {content: {application/json: {schema: {type: object, properties: {lesBookingId: {type: string}, failReason: {type: string}}}}}}
      responses: {"200": {description: taken}}
      x-rowferry: {rows: one, repeatable: false, answer: {ok: body.code == 1}}
`

// A disk that fills up, before a file is claimed, while its rows are sent, when its results are due, costs time and nothing else: when there is room
// the same process goes on by itself. Inbox, archive, copies, ledger and outbox all lie on that disk.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	var mu sync.Mutex
	did, moment, full := map[string]int{}, make(chan struct{}, 1), make(chan struct{})
	const inFlight = 4
	at := -inFlight // the request at which to tell; it and those under way with it are answered when the disk is full
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		did[string(body)]++
		at--
		now, until := at, full
		mu.Unlock()
		if now == 0 {
			moment <- struct{}{}
		}
		if now <= 0 && now > -inFlight {
			<-until
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
accounts:
  les: {provider: les, server: "`+server.URL+`", rate: none, concurrency: 4, retry: {first: 10ms, most: 100ms}}
  once: {provider: once.yaml, server: "`+server.URL+`", rate: none, concurrency: 4}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 0s, every: 50ms}, outbox: {dir: out, formats: [csv, summary]}}
  once: {account: once, operation: fail, inbox: {dir: once, settle: 0s, every: 50ms}, outbox: {dir: out, formats: [csv]}}
`)
	write("once.yaml", onceOnly)
	moments := []int{0, rows / 2, rows} // requests of the file after which the disk is full
	folders := []string{"in", "once", "in"}
	for n := range moments {
		var text strings.Builder
		text.WriteString("accountNumber,lesBookingId,failReason\n")
		for i := range rows {
			fmt.Fprintf(&text, "%d,F%dR%d,late\n", n+1, n, i)
		}
		write(fmt.Sprintf("%s/f%d.csv.tmp", folders[n], n), text.String())
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
		if err := os.Rename(filepath.Join(dir, folders[n], name+".tmp"), filepath.Join(dir, folders[n], name)); err != nil {
			t.Fatal(err)
		}
		if after > 0 {
			<-moment
			filled = fill(t, dir)
			mu.Lock()
			close(full)
			full, at = make(chan struct{}), -inFlight
			mu.Unlock()
		}
		time.Sleep(time.Second) // for whatever is written meanwhile to fail; nothing is expected of it
		if after == 0 {
			if said, err := rowferry(t, dir, "status").Output(); err != nil || !strings.Contains(string(said), "/data is full: ") {
				t.Errorf("status (%v): %s", err, said)
			}
		}
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
		if kept, _ := filepath.Glob(filepath.Join(dir, folders[n], "archive", "*", "*", "*", fmt.Sprintf("f%d*.csv", n))); len(kept) != 1 {
			t.Errorf("f%d lies in the archive as %v", n, kept)
		}
	}
	logged.Lock()
	defer logged.Unlock()
	t.Logf("%d lines of the log speak of the disk", strings.Count(log.String(), "full")+strings.Count(log.String(), "no space"))
}

// A database whose disk fills up while rows are sent costs time and nothing else either: the service says which disk it is, waits, and goes on by itself.
func TestFullDatabase(t *testing.T) {
	disk, dir := smallDisk(t), t.TempDir()
	files := filepath.Join(disk, "files")
	if err := os.Mkdir(files, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, on := range []string{disk, filepath.Dir(disk)} { // the server may run as somebody else
		if info, err := os.Stat(on); err == nil && info.Mode().Perm() == 0o700 {
			if err := os.Chmod(on, 0o711); err != nil {
				t.Fatal(err)
			}
		}
	}
	address, err := database(t).On(files)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 6000 // whose outcomes take more than the room that is left on pages that are there
	var mu sync.Mutex
	did, moment, free := map[string]int{}, make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		did[string(body)]++
		n := len(did)
		mu.Unlock()
		if n == rows/8 {
			close(moment)
		}
		if n >= rows/8 {
			<-free // what is answered now finds the disk full
		}
		_, _ = io.WriteString(w, `{"code":1}`)
	}))
	defer server.Close()
	text := strings.Builder{}
	text.WriteString("accountNumber,lesBookingId,failReason\n")
	for i := range rows {
		fmt.Fprintf(&text, "1,R%d,late\n", i)
	}
	for name, content := range map[string]string{"in/f.csv": text.String(), "m.yaml": "ledger: " + address + `
accounts: {les: {provider: les, server: "` + server.URL + `", rate: none, concurrency: 4}}
routes: {failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 0s, every: 50ms}, outbox: {dir: out, formats: [csv]}}}
`} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "in"), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	m := &machine{name: "m", dir: dir}
	m.start(t)
	defer killAll([]*machine{m})
	<-moment
	filled := fill(t, disk)
	close(free)
	eventually := func(what string, yes func() bool) {
		t.Helper()
		for end := time.Now().Add(4 * time.Minute); !yes(); time.Sleep(250 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s\n%s", what, m.said())
			}
		}
	}
	eventually("nothing is said of the disk", func() bool {
		return strings.Contains(m.said(), "standing by") && strings.Contains(m.said(), "the disk is full where the database postgres://rowferry")
	})
	if err := os.Remove(filled); err != nil {
		t.Fatal(err)
	}
	eventually("the file is not reported", func() bool {
		v, err := drivers.Visit(t.Context(), drivers.Home{Ledger: address, Data: filepath.Join(dir, "look")})
		if err != nil {
			return false
		}
		defer v.Close()
		found, err := v.Files(t.Context(), ledger.Query{States: []ledger.State{ledger.Reported}})
		return err == nil && len(found) == 1 && found[0].Counts.Delivered == rows
	})
	m.signal(t, syscall.SIGTERM)
	if err := m.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if len(did) != rows {
		t.Errorf("%d rows were executed, of %d", len(did), rows)
	}
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
