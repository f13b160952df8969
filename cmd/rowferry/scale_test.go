//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// counting is a provider that takes everything, after a while, and notes when what came.
type counting struct {
	takes time.Duration
	mu    sync.Mutex
	came  map[string][]time.Time // by account
	rows  int
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	account, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c.mu.Lock()
	c.came[account] = append(c.came[account], time.Now())
	c.rows++
	c.mu.Unlock()
	time.Sleep(c.takes)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"code": 1, "message": "sucess"}`)
}

// worst is the most requests of one account within a second, and whose.
func (c *counting) worst() (most int, account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, all := range c.came {
		slices.SortFunc(all, time.Time.Compare)
		first := 0
		for i, at := range all {
			for at.Sub(all[first]) >= time.Second {
				first++
			}
			if i-first+1 > most {
				most, account = i-first+1, name
			}
		}
	}
	return most, account
}

func (c *counting) delivered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows
}

// Many accounts on a few machines that share a PostgreSQL: the pace of each is exact, all is delivered once, and machines that have nothing to do hardly
// ask the database. ROWFERRY_SCALE says how much, as MACHINES ACCOUNTS RATE CONCURRENCY ROWS ANSWERS (make scale): rate 0 is none, rows are an
// account's, answers take so long.
func TestScale(t *testing.T) {
	machines, accounts, rate, concurrency, rows, takes := 3, 6, 20, 4, 60, 5*time.Millisecond
	if said := os.Getenv("ROWFERRY_SCALE"); said != "" {
		var answers string
		if _, err := fmt.Sscan(said, &machines, &accounts, &rate, &concurrency, &rows, &answers); err != nil {
			t.Fatal(err)
		}
		var err error
		if takes, err = time.ParseDuration(answers); err != nil {
			t.Fatal(err)
		}
	}
	provider := &counting{takes: takes, came: map[string][]time.Time{}}
	server := httptest.NewServer(provider)
	defer server.Close()
	u := &upheaval{T: t, cluster: database(t)}
	u.address = u.cluster.Address()
	dir := t.TempDir()
	var config strings.Builder
	fmt.Fprintf(&config, "ledger: %q\naccounts:\n", u.address)
	pace := "none"
	if rate > 0 {
		pace = fmt.Sprint(rate, "/s")
	}
	for i := range accounts {
		fmt.Fprintf(&config, "  a%d: {provider: les, server: %q, rate: %s, concurrency: %d}\n", i, fmt.Sprintf("%s/a%d", server.URL, i), pace, concurrency)
	}
	config.WriteString("routes:\n")
	for i := range accounts {
		if err := os.MkdirAll(filepath.Join(dir, "in", strconv.Itoa(i)), 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "  r%d: {account: a%d, operation: shipmentFailed, inbox: {dir: in/%d, settle: 20ms}, outbox: {dir: out, formats: [csv]}}\n", i, i, i)
	}
	for i := range machines {
		m := &machine{name: fmt.Sprintf("east-%d", i+1), dir: dir}
		if err := os.WriteFile(filepath.Join(dir, m.name+".yaml"), []byte("machine: "+m.name+"\ndata: data-"+m.name+"\n"+config.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		u.machines = append(u.machines, m)
		m.start(t)
	}
	defer killAll(u.machines)
	share := fmt.Sprint((accounts + machines - 1) / machines)
	u.until("the accounts are not shared out", "SELECT coalesce(max(n), 0) || ' ' || coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM rights WHERE session IS NOT NULL AND name LIKE 'lane/%' GROUP BY session) s",
		func(n string) bool { return n == share+" "+fmt.Sprint(accounts) })
	statements := func() int {
		n, err := strconv.Atoi(u.until("statements are not counted", "SELECT (xact_commit + xact_rollback)::text FROM pg_stat_database WHERE datname = current_database()", func(string) bool { return true }))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	wal := func() int {
		n, err := strconv.Atoi(u.until("WAL is not counted", "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint::text", func(string) bool { return true }))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const idle = 5 * time.Second
	for end := time.Now().Add(3 * time.Minute); ; { // the database counts some of what was asked at the start only now
		before, written, since := statements(), wal(), time.Now()
		time.Sleep(idle)
		quiet := float64(statements()-before) / time.Since(since).Seconds()
		t.Logf("%d machines with nothing to do: %.1f transactions a second, %.0f kB of WAL", machines, quiet, float64(wal()-written)/time.Since(since).Seconds()/1000)
		if quiet < 20 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("machines with nothing to do ask the database %.1f times a second", quiet)
		}
	}
	before := wal()
	for i := range accounts {
		var b strings.Builder
		b.WriteString("accountNumber,lesBookingId,failReason\n")
		for row := range rows {
			fmt.Fprintf(&b, "3000372,A%dR%d,because\n", i, row)
		}
		name := filepath.Join(dir, "in", strconv.Itoa(i), "f.csv")
		if err := os.WriteFile(name+".tmp", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".tmp", name); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	for end := time.Now().Add(30 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		n, err := u.ask("SELECT count(*)::text FROM files WHERE state = 'reported'")
		if err == nil && n == strconv.Itoa(accounts) {
			break
		}
		if time.Now().After(end) {
			u.give(fmt.Sprintf("%s files are reported of %d, %v", n, accounts, err))
		}
	}
	took := time.Since(began)
	if n := provider.delivered(); n != accounts*rows {
		t.Errorf("%d requests for %d rows", n, accounts*rows)
	}
	most, whose := provider.worst()
	if rate > 0 && most > rate {
		t.Errorf("%d requests of %s within a second, allowed are %d", most, whose, rate)
	}
	var first, last time.Time
	for _, all := range provider.came {
		if first.IsZero() || all[0].Before(first) {
			first = all[0]
		}
		if end := all[len(all)-1]; end.After(last) {
			last = end
		}
	}
	size := u.until("sizes", "SELECT pg_database_size(current_database()) || ' ' || (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rowferry')", func(string) bool { return true })
	var database, connections int
	if _, err := fmt.Sscan(size, &database, &connections); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d machines, %d accounts: %d rows in %.1f s, sent in %.1f s (%.0f a second), at most %d requests of an account in any second; %d bytes of WAL a row, %d MB of database, %d connections",
		machines, accounts, accounts*rows, took.Seconds(), last.Sub(first).Seconds(), float64(accounts*rows)/last.Sub(first).Seconds(), most, (wal()-before)/(accounts*rows), database>>20, connections)
	for _, m := range u.machines {
		m.signal(t, syscall.SIGTERM)
		if err := m.cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", m.name, err, m.said())
		}
	}
}
