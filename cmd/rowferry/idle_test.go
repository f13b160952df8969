//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An empty inbox costs next to nothing: the service is measured from outside while it has nothing to do. The measure is what
// reading the providers' documents costs on the same machine, so that it counts looks and not the machine's speed.
func TestIdleServiceCostsNextToNothing(t *testing.T) {
	dir := t.TempDir()
	config := `
accounts:
  les: {provider: les, server: "http://127.0.0.1:9"}
routes:
  one: {account: les, operation: shipmentFailed, inbox: {dir: one}, outbox: {dir: out}}
  two: {account: les, operation: shipmentFailed, inbox: {dir: two}, outbox: {dir: out}}
`
	for _, inbox := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(dir, inbox), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := rowferry(t, dir, "run")
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	measure := rowferry(t, dir, "providers")
	good(t, measure)
	most := (measure.ProcessState.UserTime() + measure.ProcessState.SystemTime()) / 3 // some 5 % of a core
	const span = 3 * time.Second
	least := span
	end := time.Now().Add(3 * time.Minute)
	for !runs(t, log.Name()) && time.Now().Before(end) {
		time.Sleep(span / 10)
	}
	for least > most && time.Now().Before(end) { // the first spans may be those of the start
		before := spent(t, cmd.Process.Pid)
		time.Sleep(span)
		least = min(least, spent(t, cmd.Process.Pid)-before)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("idle for %s: %s of a core's time", span, least)
	if least > most {
		t.Errorf("idle for %s, the service takes %s of a core's time; %s would be much", span, least, most)
	}
}

// runs reports whether the log says that the service has started.
func runs(t *testing.T, log string) bool {
	t.Helper()
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(said), "rowferry is running")
}

// spent is the processor time of a running process, to a hundredth of a second.
func spent(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	total := 0
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return time.Duration(total) * 10 * time.Millisecond
}
