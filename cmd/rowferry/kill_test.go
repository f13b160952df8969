package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/sqlite"
)

// truth is a provider over real HTTP that keeps what it executed. It serves three providers' operations: single rows
// (les, repeatable), batches (otms, repeatable, a repeat answers that the point is gone) and groups (hgj, not repeatable).
type truth struct {
	mu     sync.Mutex
	did    map[string]int     // executions by identity
	visits map[string][]visit // every request that brought an identity
	faults bool
	random *rand.Rand
}

type visit struct {
	begun, ended time.Time
	fault        string
}

// fault chooses what goes wrong with a request.
func (p *truth) fault() string {
	if !p.faults {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []string{"cut before", "cut after", "late", "garbage", "429", "503"}
	if n := p.random.IntN(40); n < len(all) {
		return all[n]
	}
	return ""
}

func (p *truth) execute(ids []string, fault string, begun time.Time, ended bool) (before []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		v := visit{begun: begun, fault: fault}
		if ended {
			v.ended = time.Now()
		}
		p.visits[id] = append(p.visits[id], v)
		before = append(before, p.did[id])
		if !strings.Contains(id, "REFUSE") {
			p.did[id]++
		}
	}
	return before
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
	begun := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was killed while it wrote
	}
	ids, answer := p.read(r, body)
	fault := p.fault()
	switch fault {
	case "cut before":
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
	before := p.execute(ids, fault, begun, true)
	pause := time.Duration(p.pause()) * time.Millisecond
	if fault == "late" {
		pause = 1500 * time.Millisecond // the accounts' timeout is one second
	}
	time.Sleep(pause)
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, id := range ids {
			v := p.visits[id]
			v[len(v)-1].ended = time.Now()
		}
	}()
	switch fault {
	case "cut after":
		cut(w)
	case "garbage":
		_, _ = io.WriteString(w, "<<<<{{{ not an answer")
	default:
		answer(w, before)
	}
}

func (p *truth) pause() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(8)
}

// read understands a request: whose identities it brings and how to answer.
func (p *truth) read(r *http.Request, body []byte) (ids []string, answer func(http.ResponseWriter, []int)) {
	refused := func(i int) bool { return strings.Contains(ids[i], "REFUSE") }
	switch {
	case strings.HasPrefix(r.URL.Path, "/les"):
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
	case strings.HasPrefix(r.URL.Path, "/hgj"):
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

const killConfig = `
data: data
accounts:
  les:
    {provider: les, server: "URL/les", rate: none, concurrency: 4, timeout: 1s, retry: {for: 10m, first: 10ms, most: 100ms}}
  otms:
    {provider: otms, server: "URL/otms", rate: none, concurrency: 2, timeout: 1s, retry: {for: 10m, first: 10ms, most: 100ms}, credentials: {login: "${L}", password: "${P}"}}
  hgj:
    {provider: hgj, server: "URL/hgj", rate: none, concurrency: 4, timeout: 1s, retry: {for: 10m, first: 10ms, most: 100ms}, credentials: {token: "${T}", staff: "${S}", secret: "${P}"}, sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}}
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
	ids  []string // identity by data row, "" for a row that is invalid
}

// drop puts a file into an inbox as a careful sender does: under a temporary name, then renamed.
func drop(t *testing.T, dir string, n int) dropped {
	t.Helper()
	kind := []string{"les", "otms", "hgj"}[n%3]
	d := dropped{name: fmt.Sprintf("f%03d.%s", n, map[string]string{"les": "csv", "otms": "xml", "hgj": "xlsx"}[kind])}
	rows := 12 + n%30
	for i := range rows {
		id := fmt.Sprintf("F%dR%d", n, i)
		if i%11 == 5 {
			id = fmt.Sprintf("REFUSE%dR%d", n, i)
		}
		if kind == "hgj" {
			id = fmt.Sprintf("F%dB%d", n, i/2) // two containers make one house bill
			if i/2%7 == 3 {
				id = fmt.Sprintf("REFUSE%dB%d", n, i/2)
			}
		}
		d.ids = append(d.ids, id)
	}
	content := map[string]func([]string) []byte{"les": lesFile, "otms": otmsFile, "hgj": hgjFile}[kind](d.ids)
	if kind == "les" {
		d.ids[3] = "" // lesFile leaves its account number out
	}
	in := filepath.Join(dir, "in", kind)
	if err := os.WriteFile(filepath.Join(in, d.name+".tmp"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(in, d.name+".tmp"), filepath.Join(in, d.name)); err != nil {
		t.Fatal(err)
	}
	return d
}

func lesFile(ids []string) []byte {
	var b bytes.Buffer
	b.WriteString("accountNumber,lesBookingId,failReason\n")
	for i, id := range ids {
		account := "3000372"
		if i == 3 {
			account = ""
		}
		fmt.Fprintf(&b, "%s,%s,\"because, of %d\"\n", account, id, i)
	}
	return b.Bytes()
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
	head := []string{"houseBillScac", "houseBillNo", "masterBillNo", "placeOfDelivery", "placeOfDeliveryCountry", "carrierScac", "movementType",
		"cargoDescription", "cargoPackage", "cargoPackageUnit", "containerNo", "nonContainerized", "cargoWeight",
		"shipperPartyName", "shipperPartyAddr", "shipperPartyCity", "shipperPartyCountry", "consigneePartyName", "consigneePartyAddr", "consigneePartyCity", "consigneePartyCountry"}
	_ = f.SetSheetRow("Sheet1", "A1", &head)
	for i, id := range ids {
		row := []any{"8FN0", id, "MBL123456789", "VANCOUVER", "CN", "9476", "FROB", "NAILS", "1536", "CTN", fmt.Sprintf("ZENU%07d", i), false, 1000,
			"SHIPPER CO", "900 ROAD", "SHANGHAI", "CN", "CONSIGNEE CO", "120 ROAD", "SUZHOU", "CN"}
		_ = f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+2), &row)
	}
	var b bytes.Buffer
	_ = f.Write(&b)
	return b.Bytes()
}

// scenario is how the service is run and killed.
type scenario struct {
	kills   int
	faults  bool                         // of the provider
	config  string                       // with URL for the provider's address and DIR for the test's folder
	results []string                     // extensions of the results, the CSV's first
	moment  func(*testing.T, *rand.Rand) // returns when the service, just started, is to be killed
	over    func()                       // called before the last run, which is not killed; may be nil
	rests   func(t *testing.T, d dropped, dir string)
}

// killing runs the service over many files and kills it again and again; then lets it end and looks at everything.
func killing(t *testing.T, s scenario) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	provider := &truth{did: map[string]int{}, visits: map[string][]visit{}, faults: s.faults, random: rand.New(rand.NewPCG(seed, 2))}
	server := httptest.NewServer(provider)
	defer server.Close()
	dir := t.TempDir()
	for name, value := range map[string]string{"L": "login", "P": "pass", "T": "token", "S": "18000000000"} {
		t.Setenv(name, value)
	}
	config := strings.NewReplacer("URL", server.URL, "DIR", dir).Replace(s.config)
	if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"les", "otms", "hgj"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", in), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var files []dropped
	var killed []time.Time
	settled := map[string]int{} // identity of a row whose outcome was on disk → executions then
	for n := range s.kills {
		files = append(files, drop(t, dir, n))
		cmd := rowferry(t, dir, "run", "--log-level", "error")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.moment(t, random)
		killed = append(killed, time.Now())
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		time.Sleep(5 * time.Millisecond) // what was written to the socket arrives
		provider.check(t, settled, "settled before and sent again")
		settled = provider.settled(t, dir, files)
	}
	if s.over != nil {
		s.over()
	}
	out, err := rowferry(t, dir, "run", "--once", "--log-level", "error").CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !(ok && exit.ExitCode() == exitSome) { // some rows are refused
		t.Fatalf("the last run: %v\n%s", err, out)
	}
	provider.check(t, settled, "settled before and sent again")
	provider.verify(t, dir, files, killed)
	for _, d := range files {
		s.rests(t, d, dir)
		for _, ext := range s.results {
			stem := strings.TrimSuffix(d.name, filepath.Ext(d.name))
			if found, _ := filepath.Glob(filepath.Join(dir, "out", stem+".*"+ext)); len(found) != 1 {
				t.Errorf("%s: %d results %s", d.name, len(found), ext)
			}
		}
	}
}

// gone checks that nothing of the file is left in the inbox.
func gone(t *testing.T, d dropped, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, "in", "*", d.name)); len(left) > 0 {
		t.Errorf("%s still lies in the inbox", d.name)
	}
}

// settled reads the ledger beside nobody and notes how often each settled identity was executed.
func (p *truth) settled(t *testing.T, dir string, files []dropped) map[string]int {
	t.Helper()
	out := map[string]int{}
	l, err := sqlite.Visit(t.Context(), filepath.Join(dir, "data"))
	if errors.Is(err, fs.ErrNotExist) {
		return out // killed before the ledger was made
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken, err := l.Files(t.Context(), ledger.Query{})
	if err != nil {
		return out // killed before the ledger was made
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range taken {
		i := slices.IndexFunc(files, func(d dropped) bool { return d.name == f.Name })
		for c, err := range l.Chunks(t.Context(), f.ID) {
			if err != nil {
				t.Fatal(err)
			}
			for k := range c.Items {
				if c.States[k].Verdict == nil || c.Items[k].Body == nil {
					continue
				}
				id := identity(files[i], c.Items[k].Rows[0])
				out[id] = p.did[id]
			}
		}
	}
	return out
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

// verify holds every result against the truth.
func (p *truth) verify(t *testing.T, dir string, files []dropped, killed []time.Time) {
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
			if problem := p.judge(d.ids[i], line, killed); problem != "" {
				t.Errorf("%s row %s (%s): %s; %v", d.name, line["row"], d.ids[i], problem, line)
			}
		}
	}
	t.Logf("%d files, rows by outcome: %v", len(files), counts)
	if counts["delivered"] == 0 || counts["rejected"] == 0 || counts["invalid"] == 0 {
		t.Errorf("the test did not reach all it should: %v", counts)
	}
	for id, n := range p.did {
		if strings.Contains(id, "B") && n > 1 {
			t.Errorf("%s is not repeatable and was executed %d times", id, n)
		}
	}
}

// judge says what is wrong with a row's outcome.
func (p *truth) judge(id string, line map[string]string, killed []time.Time) string {
	executed := p.did[id]
	switch status := batch.Status(line["status"]); status {
	case batch.Delivered:
		if executed == 0 {
			return "reported as delivered, never executed"
		}
	case batch.Unknown:
		if !strings.Contains(id, "B") {
			return "unknown although it may be repeated"
		}
		if !p.doubtful(id, killed) {
			return "unknown although its request was not in flight at a kill and its answer was whole"
		}
	case batch.Invalid:
		if id != "" {
			return "invalid although its row is right"
		}
	case batch.Rejected:
		if !strings.Contains(id, "REFUSE") {
			return "rejected although the provider took it"
		}
	default:
		return "an outcome that cannot be"
	}
	if executed > 0 && line["status"] != "delivered" && line["status"] != "unknown" {
		return "executed and reported as not delivered"
	}
	return ""
}

// doubtful reports whether a request with this identity was under way at a kill, or its answer was spoilt.
func (p *truth) doubtful(id string, killed []time.Time) bool {
	// Outcomes are committed in groups, on a busy disk a while later. The last run, which is not killed, is beyond the margin.
	const margin = time.Second
	if len(p.visits[id]) == 0 {
		return true // killed before it reached us, or cut
	}
	for _, v := range p.visits[id] {
		if v.fault != "" {
			return true
		}
		for _, at := range killed {
			if v.begun.Before(at.Add(margin)) && v.ended.After(at.Add(-margin)) {
				return true
			}
		}
	}
	return false
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

func soon(_ *testing.T, random *rand.Rand) {
	time.Sleep(time.Duration(60+random.IntN(500)) * time.Millisecond)
}

// The service is killed at random moments; whatever was in flight, the books are right.
func TestKilledAgainAndAgain(t *testing.T) {
	killing(t, scenario{kills: 50, config: killConfig, moment: soon, rests: gone})
}

// The same while the provider cuts the line before or after executing, answers late, answers garbage, 429 and 503.
func TestKilledWithAFaultyProvider(t *testing.T) {
	killing(t, scenario{kills: 20, faults: true, config: killConfig, moment: soon, rests: gone})
}
