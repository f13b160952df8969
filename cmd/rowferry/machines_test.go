//go:build unix

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Machines look into an inbox in turn, whichever is free; a route that a reload adds is looked into, by all, and one that it removes by none.
func TestMachinesHandOutLooks(t *testing.T) {
	t.Parallel()
	provider := httptest.NewServer(&counting{came: map[string][]time.Time{}})
	defer provider.Close()
	u := &upheaval{T: t, cluster: sharedDatabase(t), over: map[string][]time.Duration{}}
	u.address = u.cluster.Address()
	dir := t.TempDir()
	configure := func(routes ...string) {
		var all strings.Builder
		for _, name := range routes {
			if err := os.MkdirAll(filepath.Join(dir, "in", name), 0o755); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "  %s: {account: les, operation: shipmentFailed, inbox: {dir: in/%[1]s, settle: 20ms, every: 1s}, outbox: {dir: out, formats: [csv]}}\n", name)
		}
		for _, m := range u.machines {
			text := fmt.Sprintf("machine: %s\ndata: data-%[1]s\nledger: %q\naccounts: {les: {provider: les, server: %q, rate: none}}\nroutes:\n%s", m.name, u.address, provider.URL, all.String())
			if err := os.WriteFile(filepath.Join(dir, m.name+".yaml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 2 {
		u.machines = append(u.machines, &machine{name: fmt.Sprintf("east-%d", i+1), dir: dir})
	}
	configure("a")
	for _, m := range u.machines {
		m.start(t)
	}
	defer killAll(u.machines)
	files := 0
	took := func(name, inbox, row string) {
		t.Helper()
		path := filepath.Join(dir, "in", inbox, name)
		if err := os.WriteFile(path+".tmp", []byte("accountNumber,lesBookingId,failReason\n3000372,"+row+",because\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			t.Fatal(err)
		}
		files++
		u.until(name+" has no result", "SELECT count(*)::text FROM files WHERE state = 'reported'", func(n string) bool { return n == strconv.Itoa(files) })
	}
	looked := func(route string) string {
		return "SELECT count(DISTINCT attempted_by[array_upper(attempted_by, 1)])::text FROM river_job WHERE kind = 'look' AND args->>'id' = '" + route + "' AND state = 'completed'"
	}
	took("first.csv", "a", "A1")
	u.until("only one machine looks", looked("a"), func(n string) bool { return n == "2" })

	u.until("nothing was let go of", "SELECT count(*)::text FROM river_job WHERE kind = 'prune' AND state = 'completed'", func(n string) bool { return n != "0" })
	reload := func(routes ...string) {
		t.Helper()
		configure(routes...)
		for _, m := range u.machines { // whichever answers, it is for all
			if out, err := rowferry(t, dir, "reload", "-c", m.name+".yaml").CombinedOutput(); err != nil {
				u.give(fmt.Sprintf("%v: %s", err, out))
			}
		}
		holds := fmt.Sprintf("routes=%d", len(routes))
		for _, m := range u.machines {
			for end := time.Now().Add(3 * time.Minute); !strings.Contains(m.said()[strings.LastIndex(m.said(), "the changed configuration holds")+1:], holds); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					u.give(m.name + " does not reload")
				}
			}
		}
	}
	reload("a", "b")
	took("second.csv", "b", "B1")
	u.until("only one machine looks into the new inbox", looked("b"), func(n string) bool { return n == "2" })
	reload("a")
	last := u.until("the last look", "SELECT max(id)::text FROM river_job", func(string) bool { return true })
	u.until("the inbox that is left is not looked into", "SELECT count(*)::text FROM river_job WHERE kind = 'look' AND args->>'id' = 'a' AND state = 'completed' AND id > "+last, func(n string) bool { return len(n) > 1 || n > "2" })
	if n, err := u.ask("SELECT count(*)::text FROM river_job WHERE kind = 'look' AND args->>'id' = 'b' AND id > " + last); err != nil || n != "0" {
		t.Errorf("%s looks into an inbox that nobody names any more, %v", n, err)
	}
	for _, m := range u.machines {
		m.signal(t, syscall.SIGTERM)
		if err := m.cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", m.name, err, m.said())
		}
	}
}
