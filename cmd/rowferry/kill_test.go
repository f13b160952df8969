package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
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

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

// truth is a provider over real HTTP that keeps what it executed. It serves three providers' operations: single rows
// (les, repeatable), batches (otms, repeatable, a repeat answers that the point is gone) and groups (hgj, not repeatable).
type truth struct {
	mu     sync.Mutex
	did    map[string]int  // executions by identity
	spoilt map[string]bool // identities whose answer was not what it should be
	faults bool
	late   int // how many requests that may not be repeated are still answered too late: each takes hgj's whole timeout
	random *rand.Rand
	seen   map[string]int // requests by kind
	trap   trap
	open   int // connections
}

// trap is sprung by a kind's n-th request.
type trap struct {
	kind   string
	n      int
	hold   string        // "before" or "after" the execution the request is held until the client is gone; "": not
	sprung chan struct{} // closed when it has come, or when it is held
}

// set lays a trap for the next requests of a kind.
func (p *truth) set(kind string, n int, hold string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = trap{kind: kind, n: p.seen[kind] + n, hold: hold, sprung: make(chan struct{})}
	return p.trap.sprung
}

// step notes a request and holds it where the trap says so.
func (p *truth) step(r *http.Request, kind, when string, mine bool) {
	p.mu.Lock()
	t := p.trap
	p.mu.Unlock()
	if !mine || when != cmp.Or(t.hold, "before") {
		return
	}
	close(t.sprung)
	if t.hold != "" {
		<-r.Context().Done()
	}
}

// arrived counts a request and says whether it springs the trap.
func (p *truth) arrived(kind string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[kind]++
	return p.trap.kind == kind && p.trap.n == p.seen[kind]
}

// connections counts those that are open; it is the server's hook.
func (p *truth) connections(_ net.Conn, s http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s {
	case http.StateNew:
		p.open++
	case http.StateClosed, http.StateHijacked:
		p.open--
	}
}

// quiet returns when all that a client sent before it was killed has been dealt with: connections are accepted in the
// order they were made, so behind one of our own there is nothing, and each is open as long as it is being served.
func (p *truth) quiet(t *testing.T, url string) {
	t.Helper()
	own := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := own.Get(url + "/quiet")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		left := p.open
		p.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d connections of a client that was killed are still being served", left)
		}
	}
}

// faulty switches faults on and off.
func (p *truth) faulty(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = on
}

// fault chooses what goes wrong with a request.
func (p *truth) fault(kind string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.faults {
		return ""
	}
	all := []string{"cut before", "cut after", "late", "garbage", "429", "503"}
	n := p.random.IntN(40)
	if n >= len(all) {
		return ""
	}
	if all[n] == "late" && kind == "hgj" {
		if p.late == 0 {
			return ""
		}
		p.late--
	}
	return all[n]
}

func (p *truth) execute(ids []string) (before []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		before = append(before, p.did[id])
		if !strings.Contains(id, "REFUSE") {
			p.did[id]++
		}
	}
	return before
}

// spoil notes that nobody can tell from an answer what became of these.
func (p *truth) spoil(ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		p.spoilt[id] = true
	}
}

// cut breaks the connection.
func cut(w http.ResponseWriter) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = c.Close()
	}
}

func (p *truth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if kind == "quiet" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was killed while it wrote
	}
	ids, answer := p.read(kind, body)
	mine := p.arrived(kind)
	fault := ""
	if !mine {
		fault = p.fault(kind)
	}
	switch fault {
	case "cut before":
		p.spoil(ids)
		cut(w)
		return
	case "429":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	p.step(r, kind, "before", mine)
	before := p.execute(ids)
	p.step(r, kind, "after", mine)
	time.Sleep(p.pause())
	switch fault {
	case "":
		answer(w, before)
	case "cut after":
		p.spoil(ids)
		cut(w)
	case "late":
		p.spoil(ids)
		<-r.Context().Done()
	case "garbage":
		p.spoil(ids)
		_, _ = io.WriteString(w, "<<<<{{{ not an answer")
	}
}

func (p *truth) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.random.IntN(8)) * time.Millisecond
}

// read understands a request: whose identities it brings and how to answer.
func (p *truth) read(kind string, body []byte) (ids []string, answer func(http.ResponseWriter, []int)) {
	refused := func(i int) bool { return strings.Contains(ids[i], "REFUSE") }
	switch kind {
	case "les":
		var d struct{ LesBookingID string }
		_ = json.Unmarshal(body, &d)
		ids = []string{d.LesBookingID}
		return ids, func(w http.ResponseWriter, _ []int) {
			if refused(0) {
				_, _ = io.WriteString(w, `{"code": -1, "message": "lesBookingId not found"}`)
				return
			}
			_, _ = io.WriteString(w, `{"code": 1, "message": "sucess"}`)
		}
	case "hgj":
		var d struct{ HouseBillNo string }
		_ = json.Unmarshal(body, &d)
		ids = []string{d.HouseBillNo}
		return ids, func(w http.ResponseWriter, _ []int) {
			if refused(0) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"httpStatus": 400, "message": "货代提单号(HBL)必填"}`)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		}
	}
	var d struct {
		Points []struct {
			Sequence int    `xml:"sequence,attr"`
			Ref      string `xml:"clientReferenceNumber"`
		} `xml:"shipPoints>shipPoint"`
	}
	_ = xml.Unmarshal(body, &d)
	for _, point := range d.Points {
		ids = append(ids, point.Ref)
	}
	return ids, func(w http.ResponseWriter, before []int) {
		fmt.Fprintf(w, `<?xml version="1.0"?><shipPointRemoveResponse version="0.1"><responseCode/><processedShipPoints>%d</processedShipPoints><shipPoints>`, len(ids))
		for i, point := range d.Points {
			status, code := "REMOVED", ""
			if refused(i) || before[i] > 0 {
				status, code = "FAILED", "<responseCode><code>1045</code></responseCode>"
			}
			if refused(i) {
				code = "<responseCode><code>1000</code></responseCode>"
			}
			fmt.Fprintf(w, `<shipPoint sequence="%d"><clientReferenceNumber>%s</clientReferenceNumber><importStatus>%s</importStatus><responseCodes>%s</responseCodes></shipPoint>`,
				point.Sequence, point.Ref, status, code)
		}
		_, _ = io.WriteString(w, `</shipPoints></shipPointRemoveResponse>`)
	}
}

// TIMEOUT is for requests that may be repeated: one that is over too soon on a slow machine does no harm.
const killConfig = `
data: data
accounts:
  les:
    {provider: les, server: "URL/les", rate: none, concurrency: 4, timeout: TIMEOUT, retry: {for: 10m, first: 10ms, most: 100ms}}
  otms:
    {provider: otms, server: "URL/otms", rate: none, concurrency: 2, timeout: TIMEOUT, retry: {for: 10m, first: 10ms, most: 100ms}, credentials: {login: "${L}", password: "${P}"}}
  hgj:
    {provider: hgj, server: "URL/hgj", rate: none, concurrency: HGJ, timeout: 20s, retry: {for: 10m, first: 10ms, most: 100ms}, credentials: {token: "${T}", staff: "${S}", secret: "${P}"}, sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}}
routes:
  failures:
    {account: les, operation: shipmentFailed, inbox: {dir: in/les, settle: 20ms, every: 30ms}, outbox: {dir: out, formats: [csv]}, limits: {stop_after: 1000}}
  points:
    {account: otms, operation: shipPointRemove, inbox: {dir: in/otms, settle: 20ms, every: 30ms}, outbox: {dir: out, formats: [csv]}, limits: {stop_after: 1000}}
  bills:
    {account: hgj, operation: aciUpdate, inbox: {dir: in/hgj, settle: 20ms, every: 30ms}, outbox: {dir: out, formats: [csv]}, limits: {stop_after: 1000}}
`

// dropped is one file of the test and what its rows are.
type dropped struct {
	name string
	kind string
	ids  []string // identity by data row, "" for a row that is invalid
}

// sort is one way in which rows come: to which inbox, as which kind of requests, in which format.
type sort struct{ inbox, kind, ext string }

// sorts are those of a kill test, in turn.
var sorts = []sort{{"les", "les", "csv"}, {"otms", "otms", "xml"}, {"hgj", "hgj", "xlsx"}}

// repeated is how many rows a file repeats of an earlier one.
const repeated = 6

// requests is how many its rows need at least.
func (d dropped) requests() int {
	switch d.kind {
	case "les":
		return len(d.ids) - 1 - repeated // one is invalid
	case "hgj":
		return (len(d.ids) - repeated) / 2
	}
	return 1
}

// drop puts a file into an inbox as a careful sender does: under a temporary name, then renamed. Rows of it are those of an earlier
// file of its sort, if there is one, which that one did not repeat itself.
func drop(t *testing.T, dir string, n int, earlier []dropped) dropped {
	t.Helper()
	d := composed(sorts, n, earlier)
	d.put(t, dir, sorts[n%len(sorts)].inbox, map[string]func([]string) []byte{"les": lesFile, "otms": otmsFile, "hgj": hgjFile}[d.kind](d.ids))
	if d.kind == "les" {
		d.ids[3] = "" // lesFile leaves its account number out
	}
	return d
}

// composed is the n-th file of a test that goes through some sorts in turn.
func composed(sorts []sort, n int, earlier []dropped) dropped {
	s := sorts[n%len(sorts)]
	d := dropped{kind: s.kind, name: fmt.Sprintf("f%03d.%s", n, s.ext)}
	rows := 12 + n%30
	for i := range rows {
		id := fmt.Sprintf("F%dR%d", n, i)
		if i%11 == 5 {
			id = fmt.Sprintf("REFUSE%dR%d", n, i)
		}
		if s.kind == "hgj" {
			id = fmt.Sprintf("F%dB%d", n, i/2) // two containers make one house bill
			if i/2%7 == 3 {
				id = fmt.Sprintf("REFUSE%dB%d", n, i/2)
			}
		}
		d.ids = append(d.ids, id)
	}
	if n >= len(sorts) {
		at := n / len(sorts) % 2 * repeated
		copy(d.ids[at:at+repeated], earlier[n-len(sorts)].ids[at:])
	}
	return d
}

func (d dropped) put(t *testing.T, dir, inbox string, content []byte) {
	t.Helper()
	in := filepath.Join(dir, "in", inbox)
	if err := os.WriteFile(filepath.Join(in, d.name+".tmp"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(in, d.name+".tmp"), filepath.Join(in, d.name)); err != nil {
		t.Fatal(err)
	}
}

func lesFile(ids []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range lesRows(ids) {
		_ = w.Write([]string{fmt.Sprint(row[0]), fmt.Sprint(row[1]), fmt.Sprint(row[2])})
	}
	w.Flush()
	return b.Bytes()
}

// lesRows is a sheet of failures with its heading. The fourth lacks its account number.
func lesRows(ids []string) [][]any {
	rows := [][]any{{"accountNumber", "lesBookingId", "failReason"}}
	for i, id := range ids {
		account := "3000372"
		if i == 3 {
			account = ""
		}
		rows = append(rows, []any{account, id, fmt.Sprintf("because, of %d", i)})
	}
	return rows
}

func otmsFile(ids []string) []byte {
	var b bytes.Buffer
	b.WriteString("<shipPoints>\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "<shipPoint><clientReferenceNumber>%s</clientReferenceNumber><type>0</type></shipPoint>\n", id)
	}
	b.WriteString("</shipPoints>\n")
	return b.Bytes()
}

func hgjFile(ids []string) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range hgjRows(ids) {
		_ = f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row)
	}
	var b bytes.Buffer
	_ = f.Write(&b)
	return b.Bytes()
}

// hgjRows is a sheet of house bills with its heading.
func hgjRows(ids []string) [][]any {
	rows := [][]any{{"houseBillScac", "houseBillNo", "masterBillNo", "placeOfDelivery", "placeOfDeliveryCountry", "carrierScac", "movementType",
		"cargoDescription", "cargoPackage", "cargoPackageUnit", "containerNo", "nonContainerized", "cargoWeight",
		"shipperPartyName", "shipperPartyAddr", "shipperPartyCity", "shipperPartyCountry", "consigneePartyName", "consigneePartyAddr", "consigneePartyCity", "consigneePartyCountry"}}
	for i, id := range ids {
		rows = append(rows, []any{"8FN0", id, "MBL123456789", "VANCOUVER", "CN", "9476", "FROB", "NAILS", "1536", "CTN", fmt.Sprintf("ZENU%07d", i), false, 1000,
			"SHIPPER CO", "900 ROAD", "SHANGHAI", "CN", "CONSIGNEE CO", "120 ROAD", "SUZHOU", "CN"})
	}
	return rows
}

// scenario is how the service is run and killed.
type scenario struct {
	kills   int
	ledger  string                                  // as the configuration says it; "": SQLite
	faults  bool                                    // of the provider
	config  string                                  // with URL for the provider's address and DIR for the test's folder
	results []string                                // extensions of the results, the CSV's first
	moment  func(*testing.T, *moment) (wait func()) // called before the service starts; wait returns when it is to be killed
	over    func()                                  // called before the last run, which is not killed; may be nil
	rests   func(t *testing.T, d dropped, dir string)
}

// atOnce is the concurrency of the account whose requests may not be repeated.
const atOnce = 4

// moment is what there is to choose one by.
type moment struct {
	n        int // kills so far
	random   *rand.Rand
	provider *truth
	newest   dropped
	reach    time.Duration // how long the last run took until the request that was waited for
}

// killing runs the service over many files and kills it again and again; then lets it end and looks at everything. It returns
// how many rows had which outcome.
func killing(t *testing.T, s scenario) map[string]int {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := &moment{random: rand.New(rand.NewPCG(seed, 1))}
	provider := &truth{did: map[string]int{}, spoilt: map[string]bool{}, seen: map[string]int{}, faults: s.faults, late: 6, random: rand.New(rand.NewPCG(seed, 2))}
	m.provider = provider
	server := httptest.NewUnstartedServer(provider)
	server.Config.ConnState = provider.connections
	server.Start()
	defer server.Close()
	dir := t.TempDir()
	for name, value := range map[string]string{"L": "login", "P": "pass", "T": "token", "S": "18000000000"} {
		t.Setenv(name, value)
	}
	timeout := "1m"
	if s.faults {
		timeout = "2s"
	}
	config := strings.NewReplacer("URL", server.URL, "DIR", dir, "TIMEOUT", timeout, "HGJ", fmt.Sprint(atOnce)).Replace(s.config)
	if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"les", "otms", "hgj"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", in), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var files []dropped
	books := record{flying: map[string]bool{}}
	for m.n = range s.kills {
		m.newest = drop(t, dir, m.n, files)
		files = append(files, m.newest)
		wait := s.moment(t, m)
		cmd := rowferry(t, dir, "run", "--log-level", "error")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait()
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		provider.quiet(t, server.URL)
		provider.check(t, books.settled, "settled before and sent again")
		books = provider.look(t, cmp.Or(s.ledger, "sqlite"), dir, files, books)
	}
	if s.over != nil {
		s.over()
	}
	out, err := rowferry(t, dir, "run", "--once", "--log-level", "error").CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && exit.ExitCode() == exitSome) { // some rows are refused
		t.Fatalf("the last run: %v\n%s", err, out)
	}
	provider.quiet(t, server.URL)
	provider.check(t, books.settled, "settled before and sent again")
	counts := provider.verify(t, dir, files, books)
	for _, d := range files {
		s.rests(t, d, dir)
		for _, ext := range s.results {
			stem := strings.TrimSuffix(d.name, filepath.Ext(d.name))
			if found, _ := filepath.Glob(filepath.Join(dir, "out", stem+".*"+ext)); len(found) != 1 {
				t.Errorf("%s: %d results %s", d.name, len(found), ext)
			}
		}
	}
	return counts
}

// gone checks that nothing of the file is left in the inbox.
func gone(t *testing.T, d dropped, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, "in", "*", d.name)); len(left) > 0 {
		t.Errorf("%s still lies in the inbox", d.name)
	}
}

// record is what the ledger says after a kill.
type record struct {
	settled map[string]int  // identity of a row whose outcome is on disk → executions until then
	flying  map[string]bool // that may not be repeated and was under way at this kill or an earlier one
}

// look reads the ledger beside nobody. Of what may not be repeated, no more was under way than the account allows at once, and, as it has no
// rate, as many that were to leave next.
func (p *truth) look(t *testing.T, address, dir string, files []dropped, before record) record {
	t.Helper()
	now := record{settled: map[string]int{}, flying: maps.Clone(before.flying)}
	l, err := drivers.Visit(t.Context(), drivers.Home{Ledger: address, Data: filepath.Join(dir, "data")})
	if errors.Is(err, fs.ErrNotExist) && len(before.settled) == 0 {
		return now // killed before the ledger was made
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	thereAlready, err := l.Files(t.Context(), ledger.Query{})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range thereAlready {
		i := slices.IndexFunc(files, func(d dropped) bool { return d.name == f.Name })
		for c, err := range l.Chunks(t.Context(), f.ID) {
			if err != nil {
				t.Fatal(err)
			}
			for k := range c.Items {
				id := identity(files[i], c.Items[k].Rows[0])
				switch state := c.States[k]; {
				case c.Items[k].Body == nil, state.Verdict.Held(): // what is held says nothing of the one it repeats
				case state.Verdict != nil:
					now.settled[id] = p.did[id]
				case state.InFlight && files[i].kind == "hgj":
					now.flying[id] = true
				}
			}
		}
	}
	if n := len(now.flying) - len(before.flying); n > 2*atOnce {
		t.Errorf("%d requests that may not be repeated were under way at a kill or were to leave next, %d are allowed", n, 2*atOnce)
	}
	return now
}

// identity is whose row that is: sheets and CSV count the heading, XML does not.
func identity(d dropped, row int) string {
	if strings.HasSuffix(d.name, ".xml") {
		return d.ids[row-1]
	}
	return d.ids[row-2]
}

// check compares executions with those of before.
func (p *truth) check(t *testing.T, before map[string]int, what string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range before {
		if p.did[id] != n {
			t.Errorf("%s: %s: executed %d times, now %d", id, what, n, p.did[id])
		}
	}
}

// verify holds every result against the truth, and counts the rows by outcome.
func (p *truth) verify(t *testing.T, dir string, files []dropped, books record) map[string]int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]int{}
	for _, d := range files {
		base := strings.TrimSuffix(d.name, filepath.Ext(d.name))
		results, _ := filepath.Glob(filepath.Join(dir, "out", base+".*.result.csv"))
		if len(results) != 1 {
			t.Errorf("%s: %d results", d.name, len(results))
			continue
		}
		lines := readResult(t, results[0])
		if len(lines) != len(d.ids) {
			t.Errorf("%s: %d rows, the result has %d", d.name, len(d.ids), len(lines))
			continue
		}
		for i, line := range lines {
			counts[line["status"]]++
			if problem := p.judge(d, d.ids[i], line, books); problem != "" {
				t.Errorf("%s row %s (%s): %s; %v", d.name, line["row"], d.ids[i], problem, line)
			}
		}
	}
	t.Logf("%d files, rows by outcome: %v, under way at kills: %d", len(files), counts, len(books.flying))
	if counts["delivered"] == 0 || counts["rejected"] == 0 || counts["invalid"] == 0 || counts["skipped"] == 0 {
		t.Errorf("the test did not reach all it should: %v", counts)
	}
	for id, n := range p.did {
		if strings.Contains(id, "B") && n > 1 {
			t.Errorf("%s is not repeatable and was executed %d times", id, n)
		}
	}
	return counts
}

// judge says what is wrong with a row's outcome.
func (p *truth) judge(d dropped, id string, line map[string]string, books record) string {
	executed := p.did[id]
	switch status := batch.Status(line["status"]); status {
	case batch.Delivered:
		if executed == 0 {
			return "reported as delivered, never executed"
		}
	case batch.Unknown:
		if d.kind != "hgj" {
			return "unknown although it may be repeated"
		}
		if !books.flying[id] && !p.spoilt[id] {
			return "unknown although its request was not under way at a kill and its answer was whole"
		}
	case batch.Invalid:
		if id != "" {
			return "invalid although its row is right"
		}
	case batch.Rejected:
		if !strings.Contains(id, "REFUSE") {
			return "rejected although the provider took it"
		}
	case batch.Skipped:
		return p.held(d, id, line["code"])
	default:
		return "an outcome that cannot be"
	}
	if executed > 0 && line["status"] != "delivered" && line["status"] != "unknown" {
		return "executed and reported as not delivered"
	}
	return ""
}

// held says what is wrong with a row being held as a repeat.
func (p *truth) held(d dropped, id, code string) string {
	switch {
	case code == ledger.CodeDelivered && p.did[id] == 0:
		return "held as delivered before, and never executed"
	case code == ledger.CodeUnclear && d.kind != "hgj":
		return "held as unknown before although it may be repeated"
	case code != ledger.CodeDelivered && code != ledger.CodeUnclear && code != ledger.CodeSending:
		return "skipped for another reason"
	}
	return ""
}

func readResult(t *testing.T, path string) []map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, rec := range records[1:] {
		line := map[string]string{}
		for i, name := range records[0] {
			if _, twice := line[name]; !twice && i < len(rec) {
				line[name] = rec[i]
			}
		}
		out = append(out, line)
	}
	return out
}

// soon chooses in turn a request of the newest file under way, a short while behind one, and a moment of the start.
func soon(t *testing.T, m *moment) (wait func()) {
	if m.n%4 == 3 {
		m.provider.set("", 0, "")
		return func() { time.Sleep(time.Duration(m.random.Int64N(int64(2*m.reach) + 1))) }
	}
	hold := ""
	if m.n%2 == 0 {
		hold = []string{"before", "after"}[m.random.IntN(2)]
	}
	sprung := m.provider.set(m.newest.kind, 1+m.random.IntN(min(8, m.newest.requests())), hold)
	return func() {
		began := time.Now()
		select {
		case <-sprung:
		case <-time.After(3 * time.Minute):
			t.Fatal("the service does not send what was dropped")
		}
		m.reach = time.Since(began)
		if hold == "" {
			time.Sleep(time.Duration(m.random.Int64N(int64(m.reach)/4 + 1)))
		}
	}
}

// someKills is so many, or with -short, as where the race detector slows every start down, a third of them; with ROWFERRY_KILLS that many times as many (make kills).
func someKills(n int) int {
	if times, err := strconv.Atoi(os.Getenv("ROWFERRY_KILLS")); err == nil {
		return n * times
	}
	if testing.Short() {
		return (n + 2) / 3
	}
	return n
}

// The service is killed again and again; whatever was in flight, the books are right.
func TestKilledAgainAndAgain(t *testing.T) {
	counts := killing(t, scenario{kills: someKills(30), config: killConfig, moment: soon, rests: gone})
	if counts["unknown"] == 0 {
		t.Error("no kill hit a request that may not be repeated")
	}
}

// The same while the provider cuts the line before or after executing, answers late, answers garbage, 429 and 503.
func TestKilledWithAFaultyProvider(t *testing.T) {
	killing(t, scenario{kills: someKills(12), faults: true, config: killConfig, moment: soon, rests: gone})
}
