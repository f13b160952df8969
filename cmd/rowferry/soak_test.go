package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/notices/noticestest"
)

// The service runs for a while under all that happens to one in months: files of all routes from folders and by the API, results that come
// back, orders, looks at the console, reloads, sweeps, a backup, a provider whose faults come and go. At the end the books equal what the
// provider did, whoever is to be told has been told once, and the process is as small as it was. It takes a minute and little of the
// machine, beside other tests; ROWFERRY_SOAK=10m (make soak) makes it longer, and three times as busy.
func TestSoak(t *testing.T) {
	s := startSoak(t)
	long, err := time.ParseDuration(os.Getenv("ROWFERRY_SOAK"))
	if s.pace = 1; err != nil {
		long, s.pace = time.Minute, 3
	}
	for range 6 { // two files a route: all code has run once
		s.drop()
	}
	s.settled()
	warm := s.vitals()
	s.churn(long)
	s.provider.faulty(false)
	s.settled()
	s.resumeAll()
	s.settled()
	s.small(warm)
	s.toldAll()
	s.stop()
	s.books()
}

// soak is a service that runs, and what is known of it from outside.
type soak struct {
	t        *testing.T
	dir      string
	provider *truth
	token    string
	hook     *noticestest.Hook
	pace     time.Duration // pauses are so many times as long
	process  func(syscall.Signal)
	ended    chan error

	mu      sync.Mutex
	address map[string]string // "listening" and "console": the newest
	files   []dropped
	uploads []dropped
	random  *rand.Rand
	acts    map[string]int // what was done how often
}

const soakConfig = killConfig + `
listen: 127.0.0.1:0
console: {listen: "127.0.0.1:0"}
keep: {answers: 2s, originals: 20s}
notices: {group: 1s, webhook: {url: "URL/notices", secret: ` + noticestest.Secret + `}}
`

// variants are what reloads switch between.
var soakVariants = []*strings.Replacer{strings.NewReplacer(), strings.NewReplacer("concurrency: 4", "concurrency: 7", "rate: none, concurrency: 2", "rate: 300/s, concurrency: 3")}

func startSoak(t *testing.T) *soak {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &soak{t: t, dir: t.TempDir(), address: map[string]string{}, acts: map[string]int{}, random: rand.New(rand.NewPCG(seed, 1)), ended: make(chan error, 1),
		provider: &truth{did: map[string]int{}, spoilt: map[string]bool{}, seen: map[string]int{}, late: 2, random: rand.New(rand.NewPCG(seed, 2))}}
	s.hook = &noticestest.Hook{}
	mux := http.NewServeMux()
	mux.Handle("/notices", s.hook)
	mux.Handle("/", s.provider)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.configure(server.URL, 0)
	for _, in := range []string{"les", "otms", "hgj"} {
		if err := os.MkdirAll(filepath.Join(s.dir, "in", in), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var made struct{ Token string }
	if text := s.ask(0, "token", "add", "soak", "--role", "admin", "--json"); json.Unmarshal([]byte(text), &made) != nil || made.Token == "" {
		t.Fatal(text)
	}
	s.token = made.Token
	add := rowferry(t, s.dir, "user", "add", "ann", "--role", "admin")
	add.Stdin = strings.NewReader("a long password\n")
	add.Env = append(add.Env, soakSecrets...)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := rowferry(t, s.dir, "run", "--log-format", "json")
	cmd.Env = append(cmd.Env, soakSecrets...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = func(sig syscall.Signal) { _ = cmd.Process.Signal(sig) }
	t.Cleanup(func() { s.process(syscall.SIGKILL) })
	go func() {
		s.listen(log)
		s.ended <- cmd.Wait()
	}()
	return s
}

var soakSecrets = []string{"L=login", "P=pass", "T=token", "S=18000000000"}

// configure writes one of the variants of the configuration.
func (s *soak) configure(provider string, variant int) {
	text := soakVariants[variant].Replace(strings.NewReplacer("URL", provider, "TIMEOUT", "2s", "HGJ", fmt.Sprint(atOnce)).Replace(soakConfig))
	path := filepath.Join(s.dir, "rowferry.yaml")
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		s.t.Error(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Error(err)
	}
}

// listen reads the service's log for its addresses, and repeats what it calls an error.
func (s *soak) listen(log io.Reader) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Msg, Address, Level string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			line.Level = "ERROR" // not of the log: why the service ended
		}
		s.mu.Lock()
		if line.Address != "" {
			s.address[line.Msg] = line.Address
		}
		s.mu.Unlock()
		if line.Level == "ERROR" {
			s.t.Logf("the service says: %s", lines.Text())
		}
	}
}

// ask runs a command that must end with a code.
func (s *soak) ask(code int, args ...string) string {
	cmd := rowferry(s.t, s.dir, args...)
	cmd.Env = append(cmd.Env, soakSecrets...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("%v: exit code %d, want %d: %v %s", args, got, code, err, out)
	}
	s.did(args[0])
	return string(out)
}

func (s *soak) did(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[what]++
}

// drop puts the next file into its inbox.
func (s *soak) drop() {
	s.mu.Lock()
	n, earlier := len(s.files), s.files
	s.mu.Unlock()
	d := drop(s.t, s.dir, n, earlier)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(s.files, d)
	s.acts["drop"]++
}

// churn does everything at once for so long.
func (s *soak) churn(long time.Duration) {
	ctx, end := context.WithTimeout(s.t.Context(), long)
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	again := func(pause time.Duration, do func()) {
		group.Go(func() error {
			for ctx.Err() == nil {
				do()
				select {
				case <-ctx.Done():
				case <-time.After(pause * s.pace):
				}
			}
			return nil
		})
	}
	on := false
	again(150*time.Millisecond, s.drop)
	again(time.Second, func() { on = !on; s.provider.faulty(on); s.did("faults switched") })
	again(500*time.Millisecond, s.comeBack)
	again(300*time.Millisecond, s.upload)
	again(200*time.Millisecond, s.look)
	again(700*time.Millisecond, s.page())
	again(time.Second, s.order)
	again(3*time.Second, func() { s.ask(0, "prune") })
	again(4*time.Second, s.reload)
	again(10*time.Second, func() { s.ask(0, "backup", filepath.Join(s.t.TempDir(), "copy")) })
	group.Go(func() error { s.follow(ctx); return nil })
	_ = group.Wait() // none of them returns an error
}

// comeBack drops a result again, as it is.
func (s *soak) comeBack() {
	results, _ := filepath.Glob(filepath.Join(s.dir, "out", "f*.result.csv"))
	if len(results) == 0 {
		return
	}
	s.mu.Lock()
	path := results[s.random.IntN(len(results))]
	s.mu.Unlock()
	kind := s.kindOf(filepath.Base(path))
	content, err := os.ReadFile(path)
	if err != nil {
		return
	}
	to := filepath.Join(s.dir, "in", kind, filepath.Base(path))
	if err := os.WriteFile(to+".tmp", content, 0o600); err == nil {
		_ = os.Rename(to+".tmp", to)
	}
	s.did("result came back")
}

func (s *soak) kindOf(name string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(name[:strings.IndexByte(name, '.')], "f"))
	return []string{"les", "otms", "hgj"}[n%3]
}

// upload brings a file by the API.
func (s *soak) upload() {
	s.mu.Lock()
	n := s.acts["upload"]
	s.acts["upload"]++
	s.mu.Unlock()
	d := dropped{kind: "les", name: fmt.Sprintf("u%03d.csv", n)}
	for i := range 8 {
		d.ids = append(d.ids, fmt.Sprintf("U%dR%d", n, i))
	}
	content := lesFile(d.ids)
	d.ids[3] = ""
	for _, check := range []string{"&check=true", ""} {
		answer, err := s.call("POST", "/api/v1/routes/failures/files?name="+d.name+check, string(content))
		if err != nil {
			return // the service is reloading: nobody knows whether it came, and so it is not counted on
		}
		if check == "" && strings.Contains(answer, `"id"`) {
			s.mu.Lock()
			s.uploads = append(s.uploads, d)
			s.mu.Unlock()
		}
	}
}

// call asks the API. An error is a connection that a reload broke.
func (s *soak) call(method, path, body string) (string, error) {
	s.mu.Lock()
	base := s.address["console"]
	s.mu.Unlock()
	r, err := http.NewRequestWithContext(s.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 500 && answer.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	return string(text), err
}

// look asks the API for the newest files and all of one of them.
func (s *soak) look() {
	text, err := s.call("GET", "/api/v1/files", "")
	var list struct{ Files []struct{ ID string } }
	if err != nil || json.Unmarshal([]byte(text), &list) != nil || len(list.Files) == 0 {
		return
	}
	s.mu.Lock()
	id := list.Files[s.random.IntN(len(list.Files))].ID
	s.mu.Unlock()
	for _, path := range []string{"", "/rows", "/rows/2", "/result.csv", "/original"} {
		if _, err := s.call("GET", "/api/v1/files/"+id+path, ""); err != nil {
			return
		}
	}
	s.did("api")
}

// page gives a person who walks through the console's pages, signing in where they are asked to.
func (s *soak) page() func() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client, n := &http.Client{Jar: jar}, 0
	return func() {
		s.mu.Lock()
		base := s.address["console"]
		s.mu.Unlock()
		path := []string{"/", "/files", "/accounts", "/partners", "/routes", "/audit", "/drop"}[n%7]
		n++
		answer, err := client.Get(base + path)
		if err != nil {
			return // a reload
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.Request.URL.Path == "/sign-in" {
			if answer, err = client.PostForm(base+"/sign-in", url.Values{"name": {"ann"}, "password": {"a long password"}}); err != nil {
				return
			}
			_ = answer.Body.Close()
		}
		if answer.StatusCode >= 400 && answer.StatusCode != http.StatusServiceUnavailable {
			s.t.Errorf("page %s: %s %v %s", path, answer.Status, answer.Header, text)
			return
		}
		s.did("page")
	}
}

// order pauses and resumes an account or has refused rows of a file sent again.
func (s *soak) order() {
	account := []string{"les", "otms", "hgj"}[s.pick(3)]
	s.ask(0, "pause", account)
	s.ask(0, "resume", account)
	var list struct {
		Files []struct{ ID, Name, State string }
	}
	if err := json.Unmarshal([]byte(s.ask(0, "status", "--json", "--last", "30")), &list); err != nil {
		s.t.Error(err)
	}
	for _, f := range list.Files {
		if f.State == string(ledger.Reported) {
			s.asked("resend", f.ID, "--status", "rejected") // refused where its result came back meanwhile, or no row is rejected
			return
		}
	}
}

// asked is ask whatever the exit code.
func (s *soak) asked(args ...string) string {
	cmd := rowferry(s.t, s.dir, args...)
	cmd.Env = append(cmd.Env, soakSecrets...)
	out, _ := cmd.CombinedOutput()
	s.did(args[0])
	return string(out)
}

func (s *soak) pick(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

// reload has the other variant of the configuration taken up.
func (s *soak) reload() {
	content, err := os.ReadFile(filepath.Join(s.dir, "rowferry.yaml"))
	if err != nil {
		s.t.Error(err)
		return
	}
	_, rest, _ := strings.Cut(string(content), `server: "`)
	provider, _, _ := strings.Cut(rest, "/les")
	s.configure(provider, (s.acts["reload"]+1)%len(soakVariants))
	s.ask(0, "reload")
}

// follow listens to events, from one reload to the next.
func (s *soak) follow(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		base := s.address["console"]
		s.mu.Unlock()
		r, err := http.NewRequestWithContext(ctx, "GET", base+"/api/v1/events", nil)
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+s.token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "event:") {
				s.did("event")
			}
		}
		_ = answer.Body.Close()
	}
}

// settled waits until every file that was dropped is reported, by the ledger's word.
func (s *soak) settled() {
	s.t.Helper()
	for end := time.Now().Add(8 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		open := s.open()
		if open == "" {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("not at rest: %s\n%s", open, s.asked("status"))
		}
		select {
		case err := <-s.ended:
			s.t.Fatalf("the service ended: %v", err)
		default:
		}
	}
}

// open says what is not at rest; "" when all is.
func (s *soak) open() string {
	waiting := ""
	_ = filepath.WalkDir(filepath.Join(s.dir, "in"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{"archive", "duplicates", "quarantine"}, d.Name()) {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			waiting = path
		}
		return nil
	})
	if waiting != "" {
		return waiting
	}
	l, err := drivers.Visit(s.t.Context(), drivers.SQLite(filepath.Join(s.dir, "data")))
	if err != nil {
		return err.Error()
	}
	defer l.Close()
	files, err := l.Files(s.t.Context(), ledger.Query{States: []ledger.State{ledger.Claiming, ledger.Taken, ledger.Sending, ledger.Settled}})
	if err != nil {
		return err.Error()
	}
	if len(files) > 0 {
		return fmt.Sprintf("%d files, such as %s (%s)", len(files), files[0].Name, files[0].State)
	}
	return ""
}

// resumeAll lets everything go on that a person or the service stopped.
func (s *soak) resumeAll() {
	for _, account := range []string{"les", "otms", "hgj"} {
		s.ask(0, "resume", account)
	}
}

// vitals are what the process uses, as its metrics say.
func (s *soak) vitals() map[string]float64 {
	s.t.Helper()
	found := map[string]float64{}
	for range 100 {
		s.mu.Lock()
		address := s.address["listening"]
		s.mu.Unlock()
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && err == nil {
				found[name], _ = strconv.ParseFloat(value, 64)
			}
		}
		if found["go_goroutines"] > 0 {
			return found
		}
	}
	s.t.Fatal("no metrics")
	return nil
}

// small compares what the process uses with what it used when it was young. What goes by itself (idle connections, garbage) has its time.
func (s *soak) small(young map[string]float64) {
	s.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	var now map[string]float64
	bounds := func() string {
		now = s.vitals()
		rows := 0.0
		for name, n := range now {
			if strings.HasPrefix(name, "rowferry_rows_read_total") {
				rows += n
			}
		}
		for name, most := range map[string]float64{
			"go_goroutines":                 young["go_goroutines"] + 15,
			"process_open_fds":              young["process_open_fds"] + 20,
			"go_memstats_heap_inuse_bytes":  young["go_memstats_heap_inuse_bytes"] + 100e6,  // what a leak would fill
			"process_resident_memory_bytes": young["process_resident_memory_bytes"] + 300e6, // what a peak took goes back to the system slowly
			"rowferry_ledger_bytes":         10e6 + 2500*rows,
		} {
			if now[name] > most {
				return fmt.Sprintf("%s is %.0f, was %.0f, may be %.0f", name, now[name], young[name], most)
			}
		}
		return ""
	}
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		wrong := bounds()
		if wrong == "" {
			break
		}
		if time.Now().After(end) {
			s.t.Error(wrong)
			s.process(syscall.SIGQUIT) // its goroutines are in the log
			break
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes", "go_memstats_heap_inuse_bytes", "go_memstats_heap_released_bytes", "go_memstats_sys_bytes", "rowferry_ledger_bytes"} {
		if _, there := now[name]; !there {
			s.t.Errorf("the process does not say %s", name)
		}
		s.t.Logf("%s: %.0f young, %.0f now", name, young[name], now[name])
	}
}

// toldAll waits until somebody was told of each file that has rows to mend, and holds against each other what was told: nothing twice, but
// as the same message.
func (s *soak) toldAll() {
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		untold := s.untold()
		if untold == "" {
			break
		}
		if time.Now().After(end) {
			s.t.Errorf("nobody was told of %s", untold)
			break
		}
	}
	messages, told := map[string]string{}, map[string]string{} // bodies by webhook-id; messages by notice
	for _, m := range s.hook.Got() {
		if body, known := messages[m.ID]; known && body != m.Body {
			s.t.Errorf("%s was told again as %s, and was %s", m.ID, m.Body, body)
		}
		messages[m.ID] = m.Body
		for _, n := range m.Notices {
			if in, known := told[n.ID]; known && in != m.ID {
				s.t.Errorf("%s was told in two messages", n.ID)
			}
			told[n.ID] = m.ID
		}
	}
	s.t.Logf("%d notices in %d messages", len(told), len(messages))
}

// untold is a file that has rows to mend and of which nobody was told; "" when there is none.
func (s *soak) untold() string {
	l, err := drivers.Visit(s.t.Context(), drivers.SQLite(filepath.Join(s.dir, "data")))
	if err != nil {
		return err.Error()
	}
	defer l.Close()
	told := map[string]bool{}
	for _, m := range s.hook.Got() {
		for _, n := range m.Notices {
			told[n.File] = true
		}
	}
	for f, err := range each(s.t.Context(), l) {
		if c := f.Counts; err != nil || c.Rejected+c.Invalid+c.Failed+c.Unknown > 0 && !told[f.ID] {
			return fmt.Sprintf("%s: %+v %v", f.Name, c, err)
		}
	}
	return ""
}

func (s *soak) stop() {
	s.process(syscall.SIGINT)
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the service ended with %v", err)
		}
	case <-time.After(3 * time.Minute):
		s.t.Fatal("the service does not end")
	}
}

// books holds every result against what the provider did.
func (s *soak) books() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Logf("%v", s.acts)
	for _, act := range []string{"drop", "upload", "result came back", "api", "page", "event", "reload", "prune", "resend", "backup", "faults switched"} {
		if s.acts[act] == 0 {
			s.t.Errorf("the test did not reach all it should: nothing of %q", act)
		}
	}
	p := s.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]int{}
	for _, d := range slices.Concat(s.files, s.uploads) {
		results, _ := filepath.Glob(filepath.Join(s.dir, "out", strings.TrimSuffix(d.name, filepath.Ext(d.name))+".*.result.csv"))
		if len(results) == 0 {
			s.t.Errorf("%s has no result", d.name)
		}
		for _, path := range results {
			lines := readResult(s.t, path)
			if len(lines) != len(d.ids) {
				s.t.Errorf("%s: %d rows of %d", path, len(lines), len(d.ids))
				continue
			}
			for i, line := range lines {
				counts[line["status"]]++
				if problem := p.judge(d, d.ids[i], line, record{}); problem != "" {
					s.t.Errorf("%s row %s (%s): %s; %v", filepath.Base(path), line["row"], d.ids[i], problem, line)
				}
			}
		}
	}
	for id, n := range p.did {
		if strings.Contains(id, "B") && n > 1 {
			s.t.Errorf("%s is not repeatable and was executed %d times", id, n)
		}
	}
	s.t.Logf("%d files, rows by outcome: %v", len(s.files)+len(s.uploads), counts)
	for _, status := range []batch.Status{batch.Delivered, batch.Rejected, batch.Invalid, batch.Skipped} {
		if counts[string(status)] == 0 {
			s.t.Errorf("no row is %s", status)
		}
	}
	s.whole()
}

// whole has the doctor read the ledger.
func (s *soak) whole() {
	l, err := drivers.Visit(s.t.Context(), drivers.SQLite(filepath.Join(s.dir, "data")))
	if err != nil {
		s.t.Error(err)
		return
	}
	defer l.Close()
	if _, _, err := ledger.Examine(s.t.Context(), l); err != nil {
		s.t.Error(err)
	}
	for f, err := range each(s.t.Context(), l) {
		if c := f.Counts; err != nil || c.Read != c.Settled() {
			s.t.Errorf("%s: %d rows read, %d with an outcome: %v", f.Name, c.Read, c.Settled(), err)
		}
	}
}

func each(ctx context.Context, l ledger.Books) func(func(ledger.File, error) bool) {
	return func(yield func(ledger.File, error) bool) {
		files, err := l.Files(ctx, ledger.Query{States: []ledger.State{ledger.Reported}})
		if err != nil {
			yield(ledger.File{}, err)
		}
		for _, f := range files {
			if !yield(f, nil) {
				return
			}
		}
	}
}
