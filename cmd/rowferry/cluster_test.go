//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
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
	"github.com/rowferry/rowferry/notices/noticestest"
)

// database is a PostgreSQL for one test.
func database(t *testing.T) *postgrestest.Cluster {
	t.Helper()
	c, err := postgrestest.Start(postgrestest.Hasty...)
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

// shared is the PostgreSQL of all tests that neither stop it nor ask how much it does, each with a ledger of its own.
var shared struct {
	sync.Mutex
	*postgrestest.Cluster
}

func sharedCluster() (*postgrestest.Cluster, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.Cluster != nil {
		return shared.Cluster, nil
	}
	c, err := postgrestest.Start(postgrestest.Hasty...)
	if err == nil {
		shared.Cluster = c
	}
	return c, err
}

func sharedDatabase(t *testing.T) *postgrestest.Cluster {
	t.Helper()
	c, err := sharedCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func init() {
	afterAll = append(afterAll, func() error {
		shared.Lock()
		defer shared.Unlock()
		if shared.Cluster == nil {
			return nil
		}
		return shared.Stop()
	})
}

// startDatabase gives a script $LEDGER: the address of a ledger in PostgreSQL that nobody has used.
func startDatabase(ts *testscript.TestScript, _ bool, _ []string) {
	c, err := sharedCluster()
	ts.Check(err)
	ts.Setenv("LEDGER", c.Address())
}

// The kill test of one machine, with the books in PostgreSQL.
func TestKilledOnPostgreSQL(t *testing.T) {
	address := sharedDatabase(t).Address()
	seldom := strings.ReplaceAll(killConfig, "every: 30ms", "every: 250ms") // a look is a job in the database
	killing(t, scenario{kills: max(5, someKills(5)), ledger: address, config: "ledger: " + address + seldom, moment: soon, rests: gone})
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

// killAll kills the machines that still run, so that none outlasts its test.
func killAll(machines []*machine) {
	for _, m := range machines {
		if m.cmd != nil && m.cmd.ProcessState == nil {
			_ = m.cmd.Process.Kill()
			_ = m.cmd.Wait()
		}
	}
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
	spare    *machine // that joins, leaves, and joins again
	address  string
	cluster  *postgrestest.Cluster
	asking   *pgx.Conn                  // kept from one question to the next: a new one costs the database a process, fifty times a second
	over     map[string][]time.Duration // by what happened to a machine: until another one had all that was its own
	died     int                        // machines that ended without giving back what they had
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
	if u.asking == nil {
		if u.asking, err = pgx.Connect(context.Background(), u.address); err != nil {
			return "", err
		}
	}
	if err = u.asking.QueryRow(context.Background(), query).Scan(&answer); u.asking.IsClosed() {
		u.asking = nil // the database has ended
	}
	return answer, err
}

// tell has the database do something.
func (u *upheaval) tell(statements string) error {
	c, err := pgx.Connect(u.Context(), u.address)
	if err != nil {
		return err
	}
	defer c.Close(u.Context())
	_, err = c.PgConn().Exec(u.Context(), statements).ReadAll()
	return err
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

// chaosAccounts is how many accounts there are; with the office, as many rights and one.
const chaosAccounts = 5

// another waits until another machine does so, and none of what one machine does is the first one's any more: after what happened at some moment.
func (u *upheaval) another(than *machine, after string, since time.Time) {
	u.Helper()
	mine := fmt.Sprint("process ", than.cmd.Process.Pid)
	u.until("no other machine goes on", holder, func(who string) bool { return who != "" && !strings.HasSuffix(who, mine) })
	u.until("lanes are left behind", "SELECT count(*) || ' of ' || count(s.id) || ' ' || count(s.id) FILTER (WHERE s.name LIKE '%"+mine+"') FROM rights r LEFT JOIN sessions s ON s.id = r.session",
		func(n string) bool { return n == fmt.Sprintf("%d of %[1]d 0", chaosAccounts+1) })
	last, err := time.Parse(time.RFC3339Nano, u.until("nothing was handed over", "SELECT to_char(max(since) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM rights", func(string) bool { return true }))
	if err != nil {
		u.Fatal(err)
	}
	u.over[after] = append(u.over[after], last.Sub(since))
	if after != "told to end" {
		u.died++
	}
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
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		var told struct{ Machines ledger.Turn }
		out, err := rowferry(u.T, m.dir, "status", "--json", "-c", m.name+".yaml").Output()
		if err == nil {
			err = json.Unmarshal(out, &told)
		}
		t := told.Machines
		if err == nil && strings.HasSuffix(t.Works, fmt.Sprint("process ", working.cmd.Process.Pid)) && !t.Since.IsZero() && !t.Silent && len(t.Queues) == len(ledger.JobKinds()) && t.Epoch > 0 && len(t.StandingBy) == 0 && len(t.Machines) == len(u.machines) &&
			!slices.ContainsFunc(t.Machines, func(m ledger.Member) bool { return len(m.Accounts) < chaosAccounts/len(u.machines) }) {
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
		since := time.Now()
		m.signal(u.T, syscall.SIGKILL)
		_ = m.cmd.Wait()
		u.another(m, "killed", since)
		m.start(u.T)
	},
	"suspended": func(u *upheaval, m *machine) {
		since := time.Now()
		m.signal(u.T, syscall.SIGSTOP)
		u.another(m, "suspended", since)
		m.signal(u.T, syscall.SIGCONT)
	},
	"told to end while it is suspended": func(u *upheaval, m *machine) { // others have gone on when it hears of it: that is no trouble
		since := time.Now()
		m.signal(u.T, syscall.SIGSTOP)
		u.another(m, "suspended", since)
		m.signal(u.T, syscall.SIGTERM)
		m.signal(u.T, syscall.SIGCONT)
		if err := m.cmd.Wait(); err != nil {
			u.Errorf("%s: %v\n%s", m.name, err, m.said())
		}
		m.start(u.T)
	},
	"told to end": func(u *upheaval, m *machine) {
		since := time.Now()
		u.end(m)
		u.another(m, "told to end", since)
		m.start(u.T)
	},
	"cut off": func(u *upheaval, m *machine) { // for longer than its lease
		since := time.Now()
		m.line.set(true, 0)
		u.another(m, "cut off", since)
		m.line.set(false, 0)
	},
	"cut off for a moment": func(u *upheaval, m *machine) {
		m.line.set(true, 0)
		m.line.set(false, 0)
	},
	"slowed down": func(u *upheaval, m *machine) { // it may lose its lease or not
		u.died++
		m.line.set(false, 100*time.Millisecond)
		u.renewed()
		m.line.set(false, 0)
	},
	"without a database, which crashed":      func(u *upheaval, m *machine) { u.restart(u.cluster.End) },
	"without a database, which is restarted": func(u *upheaval, m *machine) { u.restart(u.cluster.Halt) },
	"joined by another": func(u *upheaval, _ *machine) {
		m := u.spare
		if slices.Contains(u.machines, m) {
			u.end(m)
			u.machines = slices.DeleteFunc(u.machines, func(o *machine) bool { return o == m })
		}
		m.start(u.T)
		u.machines = append(u.machines, m)
		u.until("who joined gets nothing to do", "SELECT count(*)::text FROM rights r JOIN sessions s ON s.id = r.session WHERE r.name LIKE 'lane/%' AND s.name LIKE '"+m.name+",%'", func(n string) bool { return n != "0" })
	},
}

// end tells a machine to end and waits for it.
func (u *upheaval) end(m *machine) {
	u.Helper()
	m.signal(u.T, syscall.SIGTERM)
	if err := m.cmd.Wait(); err != nil {
		u.Errorf("%s: %v\n%s", m.name, err, m.said())
	}
}

func (u *upheaval) restart(end func() error) {
	if err := errors.Join(end(), u.cluster.Begin()); err != nil {
		u.Fatal(err)
	}
}

// goroutines is how many a machine has.
// goroutines asks the machine how many it has, by the address that it told last: it listens anew when it has lost its ledger and found it again.
func (m *machine) goroutines(t *testing.T) (n int) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		said := m.said()
		address, _, _ := strings.Cut(said[strings.LastIndex(said, "msg=listening address=")+len("msg=listening address="):], "\n")
		r, err := http.Get("http://" + address + "/metrics")
		if err == nil {
			var text []byte
			text, err = io.ReadAll(r.Body)
			r.Body.Close()
			_, after, _ := strings.Cut(string(text), "\ngo_goroutines ")
			if _, none := fmt.Sscan(after, &n); err == nil && none == nil {
				return n
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not say how many goroutines it has: %v", m.name, err)
		}
	}
}

// goroutines is how many all machines have together at the calmest of some moments. It is the sum, for who has the office or leads the jobs has more than others.
func (u *upheaval) goroutines() int {
	u.Helper()
	least := math.MaxInt
	for range 10 {
		sum := 0
		for _, m := range u.machines {
			sum += m.goroutines(u.T)
		}
		least = min(least, sum)
		time.Sleep(100 * time.Millisecond)
	}
	return least
}

// begunAnew starts the machines again and waits until they have as many goroutines as they had before, or nearly: what they do not come to again was left behind by what happened.
func (u *upheaval) begunAnew(before int) {
	u.Helper()
	const connections = 24 // to the database and to who is told, that a machine keeps for a while when it has worked; many rounds leave more if anything is left behind
	for _, m := range u.machines {
		m.start(u.T)
	}
	for end := time.Now().Add(3 * time.Minute); ; {
		now := u.goroutines()
		if now+connections >= before {
			u.Logf("%d goroutines at the end, %d begun anew", before, now)
			return
		}
		if time.Now().After(end) {
			u.give(fmt.Sprintf("machines with nothing to do had %d goroutines, begun anew they have %d", before, now))
		}
	}
}

// told waits until people have been told of every file that has rows to mend, and fails where two messages tell of one.
func (u *upheaval) told(hook *noticestest.Hook) {
	u.Helper()
	by := map[string]string{} // the message that told of it, by notice
	u.until("not every file with rows to mend was told of", "SELECT coalesce(string_agg(id, ' '), '') FROM files WHERE rejected + invalid + failed + unknown > 0", func(ids string) bool {
		of := map[string]bool{}
		for _, m := range hook.Got() {
			for _, n := range m.Notices {
				if first := by[n.ID]; first != "" && first != m.ID {
					u.Errorf("the notice %s came with the messages %s and %s", n.ID, first, m.ID)
				}
				by[n.ID], of[n.File] = m.ID, true
			}
		}
		return !slices.ContainsFunc(strings.Fields(ids), func(id string) bool { return !of[id] })
	})
}

// watchRights has the database write down, by its clock, who had which right from when on.
const watchRights = `
CREATE TABLE grants (n bigint GENERATED ALWAYS AS IDENTITY, name text, holder text, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION granted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO grants (name, holder) VALUES (NEW.name, coalesce((SELECT s.name FROM sessions s WHERE s.id = NEW.session), ''));
	RETURN NULL;
END $$;
CREATE TRIGGER granted AFTER INSERT OR UPDATE ON rights FOR EACH ROW EXECUTE FUNCTION granted();
UPDATE leases SET length = 2000 WHERE name = 'ledger'`

// strays are the requests that came to the provider from a machine that did not have the account's lane at that moment.
func (u *upheaval) strays(calling *callers) (n int) {
	u.Helper()
	c, err := pgx.Connect(u.Context(), u.address)
	if err != nil {
		u.Fatal(err)
	}
	defer c.Close(u.Context())
	calling.mu.Lock()
	defer calling.mu.Unlock()
	for account, all := range calling.made {
		var from []made
		rows, err := c.Query(u.Context(), "SELECT split_part(holder, ',', 1), at FROM grants WHERE name = $1 ORDER BY n", ledger.LaneOf(account))
		if err != nil {
			u.Fatal(err)
		}
		var who string
		var at time.Time
		if _, err := pgx.ForEachRow(rows, []any{&who, &at}, func() error {
			from = append(from, made{at, who})
			return nil
		}); err != nil {
			u.Fatal(err)
		}
		for _, m := range all {
			i := slices.IndexFunc(from, func(g made) bool { return g.at.After(m.at) })
			if i < 0 {
				i = len(from)
			}
			if i == 0 || from[i-1].by != m.by {
				u.Logf("a request of %s by %s at %s, lane: %v", account, m.by, m.at, from[max(0, i-2):min(i+1, len(from))])
				n++
			}
		}
	}
	return n
}

// callers notes which machine makes which requests: each has an address of the provider of its own.
type callers struct {
	provider *truth
	mu       sync.Mutex
	made     map[string][]made // by account
}

type made struct {
	at time.Time
	by string
}

func (s *callers) from(m *machine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		path := strings.Split(r.URL.Path, "/")
		account := path[1]
		if len(path) > 2 && path[2] == "b" {
			account += "-b"
		}
		s.mu.Lock()
		s.made[account] = append(s.made[account], made{at, m.name})
		s.mu.Unlock()
		s.provider.ServeHTTP(w, r)
	})
}

// together tells of accounts for which two machines sent at the same time: one, the other, and both again, faster than a lane can be
// handed over; and where more requests of an account came in a second than its pace allows, whoever made them.
func (s *callers) together() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for account, all := range s.made {
		var turns []made // the first of each run of one machine's
		for i, m := range all {
			if len(turns) == 0 || turns[len(turns)-1].by != m.by {
				turns = append(turns, m)
			}
			if n := len(turns); n > 3 && m == turns[n-1] && m.at.Sub(turns[n-4].at) < 200*time.Millisecond {
				found[account] = fmt.Sprintf("%s and %s sent at the same time", turns[n-1].by, turns[n-2].by)
			}
			if most := chaosPace[account]; i >= most && m.at.Sub(all[i-most].at) < time.Second {
				found[account] = fmt.Sprintf("more than %d requests within %s, by %s and %s", most, m.at.Sub(all[i-most].at), all[i-most].by, m.by)
			}
		}
	}
	return found
}

// chaosSorts are the ways in which rows come: for five accounts, in five formats.
var chaosSorts = []sort{{"les", "les", "csv"}, {"hgj", "hgj", "xlsx"}, {"otms", "otms", "xml"}, {"hgj-b", "hgj", "xls"}, {"les-b", "les", "ods"}}

// chaosPace is how many requests a second each account allows.
var chaosPace = map[string]int{"les": 50, "hgj": 30, "otms": 10, "hgj-b": 20, "les-b": 40}

const chaosConfig = `
ledger: LEDGER
listen: 127.0.0.1:0
notices: {group: 10ms, webhook: {url: HOOK, secret: SECRET}}
accounts:
  les: {provider: les, server: "URL/les", rate: 50/s, concurrency: 4, timeout: 1m, RETRY}
  les-b: {provider: les, server: "URL/les/b", rate: 40/s, concurrency: 4, timeout: 1m, RETRY}
  otms: {provider: otms, server: "URL/otms", rate: 10/s, concurrency: 2, timeout: 1m, RETRY, credentials: {login: "${L}", password: "${P}"}}
  hgj: {provider: hgj, server: "URL/hgj", rate: 30/s, HGJ}
  hgj-b: {provider: hgj, server: "URL/hgj/b", rate: 20/s, HGJ}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in/les, on: [east-1, east-2], settle: 20ms, every: 250ms}, REST}
  failures-b: {account: les-b, operation: shipmentFailed, inbox: {dir: in/les-b, settle: 20ms, every: 250ms}, REST}
  points: {account: otms, operation: shipPointRemove, inbox: {dir: in/otms, settle: 20ms, every: 250ms}, REST}
  bills: {account: hgj, operation: aciUpdate, inbox: {dir: in/hgj, settle: 20ms, every: 250ms}, REST}
  bills-b: {account: hgj-b, operation: aciUpdate, inbox: {dir: in/hgj-b, settle: 20ms, every: 250ms}, REST}
`

// invented are so many files with their contents, the sheets that we cannot write ourselves by other people's programs.
func invented(t *testing.T, many int) (files []dropped, content map[string][]byte) {
	t.Helper()
	type book struct {
		Name  string   `json:"name"`
		Cells [][4]any `json:"cells"`
	}
	var books []book
	content = map[string][]byte{}
	for n := range many {
		d := composed(chaosSorts, n, files)
		rows := lesRows
		if d.kind == "hgj" {
			rows = hgjRows
		}
		switch filepath.Ext(d.name) {
		case ".csv":
			content[d.name] = lesFile(d.ids)
		case ".xlsx":
			content[d.name] = hgjFile(d.ids)
		case ".xml":
			content[d.name] = otmsFile(d.ids)
		default:
			b := book{Name: d.name}
			for r, row := range rows(d.ids) {
				for c, value := range row {
					kind := "text"
					switch value.(type) {
					case bool:
						kind = "bool"
					case int:
						kind = "number"
					}
					b.Cells = append(b.Cells, [4]any{r, c, kind, value})
				}
			}
			books = append(books, b)
		}
		files = append(files, d)
	}
	spec, err := json.Marshal(books)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := exec.Command("/usr/bin/python3", "../../readers/workbook/testdata/write.py", dir)
	write.Stdin = bytes.NewReader(spec)
	if said, err := write.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, b := range books {
		for _, made := range []string{"xlwt-" + b.Name + ".xls", "odfpy-" + b.Name + ".ods"} {
			if filepath.Ext(made) != filepath.Ext(b.Name) {
				continue
			}
			if content[b.Name], err = os.ReadFile(filepath.Join(dir, made)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range files {
		if d.kind == "les" {
			d.ids[3] = "" // its account number is left out
		}
	}
	return files, content
}

// Three machines with one configuration share a PostgreSQL, each over a line of its own, and the accounts; files come in all formats. The machine that also takes
// files and reports, or any, is killed, suspended for longer than its lease, told to end, cut off, slowed down, and loses its database; another one joins. Every row has one outcome, the provider did
// what the results say, nothing that may not be repeated was executed twice, no account was sent for by a machine that did not have its lane, the pace held over every change, and nothing is left: sessions, connections,
// goroutines. ROWFERRY_CHAOS is how often each of these happens (make chaos).
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
	u := &upheaval{T: t, cluster: database(t), over: map[string][]time.Duration{}}
	u.address = u.cluster.Address()
	for _, s := range chaosSorts {
		if err := os.MkdirAll(filepath.Join(dir, "in", s.inbox), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var urls []string
	config := strings.NewReplacer("HGJ", fmt.Sprintf(`concurrency: %d, timeout: 20s, RETRY, credentials: {token: "${T}", staff: "${S}", secret: "${P}"}, sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}`, atOnce)).Replace(chaosConfig)
	hook := &noticestest.Hook{}
	told := httptest.NewServer(hook)
	defer told.Close()
	config = strings.NewReplacer("HOOK", told.URL, "SECRET", noticestest.Secret, "RETRY", "retry: {for: 10m, first: 10ms, most: 100ms}", "REST", "outbox: {dir: out, formats: [csv]}, limits: {stop_after: 1000}").Replace(config)
	for i := range 4 {
		m := &machine{name: fmt.Sprintf("east-%d", i+1), dir: dir, line: newLine(t, u.cluster.Dir)}
		server := httptest.NewUnstartedServer(calling.from(m))
		server.Config.ConnState = provider.connections
		server.Start()
		defer server.Close()
		urls = append(urls, server.URL)
		own := strings.NewReplacer("URL", server.URL, "LEDGER", strings.Replace(u.address, url.QueryEscape(u.cluster.Dir), url.QueryEscape(m.line.dir), 1))
		if err := os.WriteFile(filepath.Join(dir, m.name+".yaml"), []byte("machine: "+m.name+"\ndata: data-"+m.name+own.Replace(config)), 0o644); err != nil {
			t.Fatal(err)
		}
		u.machines = append(u.machines, m)
	}
	every := slices.Clone(u.machines)
	u.spare, u.machines = every[3], every[:3:3]
	defer killAll(every)
	u.machines[0].start(t)
	u.end(u.machines[0]) // so that the length of a lease counts
	if err := u.tell(watchRights); err != nil {
		t.Fatal(err)
	}
	for _, m := range u.machines {
		m.start(t)
	}
	u.seen()
	names := slices.Sorted(maps.Keys(events))
	if rounds == 0 { // it takes long
		names = slices.DeleteFunc(names, func(name string) bool { return name == "told to end while it is suspended" })
	}
	files, content := invented(t, (max(1, rounds)*len(names)+1)*3)
	came := 0
	put := func() { // three, and so one of what may not be repeated
		for range 3 {
			files[came].put(t, dir, chaosSorts[came%len(chaosSorts)].inbox, content[files[came].name])
			came++
		}
	}
	for range max(1, rounds) {
		random.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		for _, name := range names {
			m := u.working()
			if random.IntN(2) == 0 { // or any
				m = u.machines[random.IntN(len(u.machines))]
			}
			sprung := provider.set("hgj", 1, "") // whatever happens hits requests that may not be repeated
			put()
			select {
			case <-sprung:
			case <-time.After(3 * time.Minute):
				u.give("nothing is sent")
			}
			t.Logf("%s %s", m.name, name)
			events[name](u, m)
		}
	}
	put()
	u.until("not every file has its result", "SELECT count(*)::text FROM files WHERE state = 'reported'", func(n string) bool { return n == strconv.Itoa(len(files)) })
	u.told(hook)
	const open = "SELECT coalesce(string_agg(kind || ' ' || (args->>'id') || ' ' || state, ', '), '') FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded') AND "
	u.until("files are to be taken or reported still", open+"kind IN ('take', 'report')", func(left string) bool { return left == "" })
	before := u.goroutines()
	for _, m := range u.machines {
		u.end(m)
	}
	u.until("jobs are left behind", open+"(state IN ('running', 'retryable') OR kind IN ('take', 'report'))", func(left string) bool { return left == "" })
	for end := time.Now().Add(3 * time.Minute); slices.ContainsFunc(u.machines, func(m *machine) bool { return m.line.connections() > 0 }); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("connections are left")
		}
	}
	u.until("connections are left", "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'rowferry'", func(n string) bool { return n == "0" })
	u.until("sessions or rights were not given back", "SELECT (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM rights WHERE session IS NOT NULL)", func(n string) bool { return n == "0 0" })
	for _, done := range []string{"msg=accepted", "msg=reported"} {
		for line := range strings.Lines(u.machines[2].said()) {
			if strings.Contains(line, done) && strings.Contains(line, "route=failures ") {
				t.Errorf("a machine that does not reach the inbox says: %s", line)
			}
		}
	}
	for kind, found := range calling.together() {
		t.Errorf("%s: %s", kind, found)
	}
	if n := u.strays(calling); n > u.died { // between its last look and the first byte a machine may be suspended
		t.Errorf("%d requests came from machines that did not have the lane", n)
	} else {
		t.Logf("%d requests came from machines that did not have the lane", n)
	}
	for what, all := range u.over {
		t.Logf("%s: another machine had everything at most %s later (%d times)", what, slices.Max(all).Round(time.Millisecond), len(all))
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
	epoch, err := u.ask("SELECT sum(epoch)::text FROM rights WHERE name IN ('lane/hgj', 'lane/hgj-b')")
	if err != nil {
		t.Fatal(err)
	}
	owners, _ := strconv.Atoi(epoch)
	if n := provider.verify(t, dir, files, books)["unknown"]; n > 2*atOnce*owners { // two rows make one request
		t.Errorf("%d rows are unknown after the account was handed over %d times", n, owners)
	}
	u.begunAnew(before)
	for _, m := range u.machines {
		u.end(m)
	}
}
