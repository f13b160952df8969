//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres/postgrestest"
)

// database is a PostgreSQL for one test.
func database(t *testing.T) *postgrestest.Cluster {
	t.Helper()
	c, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// database starts a PostgreSQL. $LEDGER is the address of a ledger there that nobody has used.
func startDatabase(ts *testscript.TestScript, _ bool, _ []string) {
	c, err := postgrestest.Start()
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.Stop()) })
	ts.Setenv("LEDGER", c.Address())
}

// The kill test of one machine, with the books in PostgreSQL.
func TestKilledOnPostgreSQL(t *testing.T) {
	address := database(t).Address()
	killing(t, scenario{kills: 8, ledger: address, config: "ledger: " + address + killConfig, moment: soon, rests: gone})
}

// machine is one of several rowferries with the same configuration, each with a data folder of its own.
type machine struct {
	name string
	dir  string
	cmd  *exec.Cmd
	line *line // to the database
}

// said is what it has written since it was made.
func (m *machine) said() string {
	text, err := os.ReadFile(filepath.Join(m.dir, m.name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (m *machine) start(t *testing.T) {
	t.Helper()
	m.cmd = rowferry(t, m.dir, "run", "--log-level", "info", "-c", m.name+".yaml")
	log, err := os.OpenFile(filepath.Join(m.dir, m.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	m.cmd.Stdout, m.cmd.Stderr = log, log
	before := len(m.said())
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if now := m.said()[before:]; strings.Contains(now, "standing by") || strings.Contains(now, "rowferry is running") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not start: %s", m.name, m.said()[before:])
		}
	}
}

func (m *machine) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := m.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// upheaval is the machines and the database that happens to them.
type upheaval struct {
	*testing.T
	machines []*machine
	address  string
	cluster  *postgrestest.Cluster
}

// give gives up, with what the machines said.
func (u *upheaval) give(why string) {
	u.Helper()
	for _, m := range u.machines {
		if m.cmd != nil {
			_ = m.cmd.Process.Kill()
			_ = m.cmd.Wait()
			u.Logf("%s: %s", m.name, m.said())
		}
	}
	u.Fatal(why)
}

// ask asks the database itself.
func (u *upheaval) ask(query string) (answer string, err error) {
	c, err := pgx.Connect(u.Context(), u.address)
	if err != nil {
		return "", err
	}
	defer c.Close(u.Context())
	return answer, c.QueryRow(u.Context(), query).Scan(&answer)
}

// until waits for an answer that will do.
func (u *upheaval) until(what, query string, good func(string) bool) string {
	u.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer, err := u.ask(query)
		if err == nil && good(answer) {
			return answer
		}
		if time.Now().After(end) {
			u.give(fmt.Sprintf("%s: %q, %v", what, answer, err))
		}
	}
}

const holder = "SELECT s.name FROM rights r JOIN sessions s ON s.id = r.session WHERE r.name = 'office'"

// working is the machine that takes files, reports and carries out orders.
func (u *upheaval) working() *machine {
	u.Helper()
	var found *machine
	u.until("no machine works", holder, func(who string) bool {
		_, number, _ := strings.Cut(who, "process ")
		pid, _ := strconv.Atoi(number)
		for _, m := range u.machines {
			if m.cmd.Process.Pid == pid {
				found = m
			}
		}
		return found != nil
	})
	return found
}

// another waits until another machine does so, and none of what one machine does is the first one's any more.
func (u *upheaval) another(than *machine) {
	u.Helper()
	mine := fmt.Sprint("process ", than.cmd.Process.Pid)
	who := u.until("no other machine goes on", holder, func(who string) bool { return who != "" && !strings.HasSuffix(who, mine) })
	if !strings.HasPrefix(who, "east-1,") && !strings.HasPrefix(who, "east-2,") {
		u.give(who + " takes files, and does not reach all inboxes")
	}
	u.until("lanes are left behind", "SELECT count(*) || ' of ' || count(s.id) || ' ' || count(s.id) FILTER (WHERE s.name LIKE '%"+mine+"') FROM rights r LEFT JOIN sessions s ON s.id = r.session",
		func(n string) bool { return n == "4 of 4 0" })
}

// seen waits until a machine tells who works, and each sends for one account.
func (u *upheaval) seen() {
	u.Helper()
	working := u.working()
	var m *machine
	for _, m = range u.machines {
		if m != working {
			break
		}
	}
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var told struct{ Machines ledger.Turn }
		out, err := rowferry(u.T, m.dir, "status", "--json", "-c", m.name+".yaml").Output()
		if err == nil {
			err = json.Unmarshal(out, &told)
		}
		t := told.Machines
		if err == nil && strings.HasSuffix(t.Works, fmt.Sprint("process ", working.cmd.Process.Pid)) && !t.Since.IsZero() && !t.Silent && t.Epoch > 0 && len(t.StandingBy) == 0 && len(t.Machines) == len(u.machines) &&
			!slices.ContainsFunc(t.Machines, func(m ledger.Member) bool { return len(m.Accounts) != 1 }) {
			return
		}
		if time.Now().After(end) {
			u.give(fmt.Sprintf("who works cannot be seen: %s, %v", out, err))
		}
	}
}

// renewed waits until whoever works has renewed its lease several times.
func (u *upheaval) renewed() {
	u.Helper()
	const beat = "SELECT max(beat + id * 1000000)::text FROM sessions"
	first, _ := strconv.Atoi(u.until("the lease is not there", beat, func(string) bool { return true }))
	u.until("nobody renews its lease", beat, func(n string) bool { now, _ := strconv.Atoi(n); return now > first+5 })
}

// events are what happens to whoever works.
var events = map[string]func(u *upheaval, m *machine){
	"killed": func(u *upheaval, m *machine) {
		m.signal(u.T, syscall.SIGKILL)
		_ = m.cmd.Wait()
		u.another(m)
		m.start(u.T)
	},
	"suspended": func(u *upheaval, m *machine) {
		m.signal(u.T, syscall.SIGSTOP)
		u.another(m)
		m.signal(u.T, syscall.SIGCONT)
	},
	"told to end": func(u *upheaval, m *machine) {
		m.signal(u.T, syscall.SIGTERM)
		if err := m.cmd.Wait(); err != nil {
			u.Errorf("%s: %v\n%s", m.name, err, m.said())
		}
		u.another(m)
		m.start(u.T)
	},
	"cut off": func(u *upheaval, m *machine) { // for longer than its lease
		m.line.set(true, 0)
		u.another(m)
		m.line.set(false, 0)
	},
	"cut off for a moment": func(u *upheaval, m *machine) {
		m.line.set(true, 0)
		m.line.set(false, 0)
	},
	"slowed down": func(u *upheaval, m *machine) { // it may lose its lease or not
		m.line.set(false, 100*time.Millisecond)
		u.renewed()
		m.line.set(false, 0)
	},
	"without a database": func(u *upheaval, m *machine) {
		if err := errors.Join(u.cluster.End(), u.cluster.Begin()); err != nil {
			u.Fatal(err)
		}
	},
}

// callers notes which machine makes which requests: each has an address of the provider of its own.
type callers struct {
	provider *truth
	mu       sync.Mutex
	made     map[string][]made // by account
}

type made struct {
	at time.Time
	by *machine
}

func (s *callers) from(m *machine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		s.mu.Lock()
		s.made[kind] = append(s.made[kind], made{time.Now(), m})
		s.mu.Unlock()
		s.provider.ServeHTTP(w, r)
	})
}

// together tells of accounts for which two machines sent at the same time: one, the other, and both again, faster than a lane can be
// handed over; and where more than most requests of les came in a second, whoever made them.
func (s *callers) together(most int) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for kind, all := range s.made {
		var turns []made // the first of each run of one machine's
		for i, m := range all {
			if len(turns) == 0 || turns[len(turns)-1].by != m.by {
				turns = append(turns, m)
			}
			if n := len(turns); n > 3 && m == turns[n-1] && m.at.Sub(turns[n-4].at) < 200*time.Millisecond {
				found[kind] = fmt.Sprintf("%s and %s sent at the same time", turns[n-1].by.name, turns[n-2].by.name)
			}
			if kind == "les" && i >= most && m.at.Sub(all[i-most].at) < time.Second {
				found[kind] = fmt.Sprintf("more than %d requests within %s, by %s and %s", most, m.at.Sub(all[i-most].at), all[i-most].by.name, m.by.name)
			}
		}
	}
	return found
}

// Three machines with one configuration share a PostgreSQL, each over a line of its own, and send for one account each; the one that also takes
// files and reports is killed, suspended for longer than its lease, told to end, cut off, slowed down, and loses its database. Every row has one outcome, the provider did
// what the results say, nothing that may not be repeated was executed twice, no account was sent for from two machines at the same time, and the pace held over every change. ROWFERRY_CHAOS is how often each of these happens (make chaos).
func TestMachinesTakeOver(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("ROWFERRY_CHAOS"))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	provider := &truth{did: map[string]int{}, spoilt: map[string]bool{}, seen: map[string]int{}, random: rand.New(rand.NewPCG(seed, 2))}
	calling := &callers{provider: provider, made: map[string][]made{}}
	dir := t.TempDir()
	for name, value := range map[string]string{"L": "login", "P": "pass", "T": "token", "S": "18000000000"} {
		t.Setenv(name, value)
	}
	u := &upheaval{T: t, cluster: database(t)}
	u.address = u.cluster.Address()
	for _, in := range []string{"les", "otms", "hgj"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", in), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var urls []string
	config := "ledger: LEDGER" + strings.NewReplacer("TIMEOUT", "1m", "HGJ", fmt.Sprint(atOnce), "/les\", rate: none", "/les\", rate: 50/s", "in/les,", "in/les, on: [east-1, east-2],").Replace(killConfig)
	for i := range 3 {
		m := &machine{name: fmt.Sprintf("east-%d", i+1), dir: dir, line: newLine(t, u.cluster.Dir)}
		server := httptest.NewUnstartedServer(calling.from(m))
		server.Config.ConnState = provider.connections
		server.Start()
		defer server.Close()
		urls = append(urls, server.URL)
		own := strings.NewReplacer("URL", server.URL, "data: data", "machine: "+m.name+"\ndata: data-"+m.name, "LEDGER", strings.Replace(u.address, url.QueryEscape(u.cluster.Dir), url.QueryEscape(m.line.dir), 1))
		if err := os.WriteFile(filepath.Join(dir, m.name+".yaml"), []byte(own.Replace(config)), 0o644); err != nil {
			t.Fatal(err)
		}
		u.machines = append(u.machines, m)
	}
	defer func() {
		for _, m := range u.machines {
			if m.cmd != nil && m.cmd.ProcessState == nil {
				_ = m.cmd.Process.Kill()
				_ = m.cmd.Wait()
			}
		}
	}()
	u.machines[0].start(t)
	if _, err := u.ask("UPDATE leases SET length = 2000 WHERE name = 'ledger' RETURNING name"); err != nil {
		t.Fatal(err)
	}
	u.machines[0].signal(t, syscall.SIGTERM) // so that the length counts
	if err := u.machines[0].cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, u.machines[0].said())
	}
	for _, m := range u.machines {
		m.start(t)
	}
	u.seen()
	var files []dropped
	put := func(n int) {
		for range n {
			files = append(files, drop(t, dir, len(files), files))
		}
	}
	for range max(1, rounds) {
		names := slices.Sorted(maps.Keys(events))
		random.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		for _, name := range names {
			m := u.working()
			if random.IntN(2) == 0 { // or any
				m = u.machines[random.IntN(len(u.machines))]
			}
			sprung := provider.set("hgj", 1, "") // whatever happens hits requests that may not be repeated
			put(3)
			select {
			case <-sprung:
			case <-time.After(3 * time.Minute):
				u.give("nothing is sent")
			}
			t.Logf("%s %s", m.name, name)
			events[name](u, m)
		}
	}
	put(3)
	u.until("not every file has its result", "SELECT count(*)::text FROM files WHERE state = 'reported'", func(n string) bool { return n == strconv.Itoa(len(files)) })
	for _, m := range u.machines {
		m.signal(t, syscall.SIGTERM)
		if err := m.cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", m.name, err, m.said())
		}
	}
	for end := time.Now().Add(3 * time.Minute); slices.ContainsFunc(u.machines, func(m *machine) bool { return m.line.connections() > 0 }); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("connections are left")
		}
	}
	u.until("connections are left", "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'rowferry'", func(n string) bool { return n == "0" })
	u.until("sessions or rights were not given back", "SELECT (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM rights WHERE session IS NOT NULL)", func(n string) bool { return n == "0 0" })
	for kind, found := range calling.together(50) {
		t.Errorf("%s: %s", kind, found)
	}
	for _, address := range urls {
		provider.quiet(t, address)
	}
	books := record{flying: map[string]bool{}}
	for _, f := range files {
		for _, id := range f.ids {
			books.flying[id] = f.kind == "hgj"
		}
		gone(t, f, dir)
	}
	epoch, err := u.ask("SELECT epoch::text FROM rights WHERE name = 'lane/hgj'")
	if err != nil {
		t.Fatal(err)
	}
	owners, _ := strconv.Atoi(epoch)
	if n := provider.verify(t, dir, files, books)["unknown"]; n > 2*atOnce*owners { // two rows make one request
		t.Errorf("%d rows are unknown after the account was handed over %d times", n, owners)
	}
}
