package redrop_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/readers/workbook/officetest"
)

// provider is a real HTTP server that counts what it executed, by booking (les) or house bill (hgj). What it does with an
// identity is in its name until heal: REFUSE is refused, LOST is executed and its answer cut, DOWN is not served.
type provider struct {
	mu     sync.Mutex
	did    map[string]int
	asked  map[string]int    // requests that came, executed or not
	bodies map[string]string // the last one executed
	boxes  map[string]int    // executions by container
	healed bool
	gate   chan struct{} // requests wait until it is closed; nil: they do not
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var d struct{ LesBookingID, HouseBillNo string }
	_ = json.Unmarshal(body, &d)
	id := d.LesBookingID + d.HouseBillNo
	p.mu.Lock()
	gate, healed := p.gate, p.healed
	p.asked[id]++
	p.mu.Unlock()
	if gate != nil {
		<-gate
	}
	hgj := strings.HasPrefix(r.URL.Path, "/hgj")
	switch {
	case strings.Contains(id, "REFUSE") && hgj:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"httpStatus": 400, "message": "refused by rule"}`)
		return
	case strings.Contains(id, "REFUSE"):
		_, _ = io.WriteString(w, `{"code": -1, "message": "booking not found"}`)
		return
	case strings.Contains(id, "DOWN") && !healed:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	p.mu.Lock()
	p.did[id]++
	p.bodies[id] = string(body)
	for _, c := range containerPattern.FindAllString(string(body), -1) {
		p.boxes[c]++
	}
	p.mu.Unlock()
	if strings.Contains(id, "LOST") && !healed {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0)
			}
			_ = c.Close()
		}
		return
	}
	if hgj {
		_, _ = io.WriteString(w, `{}`)
		return
	}
	_, _ = io.WriteString(w, `{"code": 1, "message": "sucess"}`)
}

var containerPattern = regexp.MustCompile(`ZENU\d{7}`)

func (p *provider) containers() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.boxes)
}

func (p *provider) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.healed = true
}

func (p *provider) executed(id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.did[id]
}

// house is the service over a folder, and its provider.
type house struct {
	t        *testing.T
	dir      string
	provider *provider
	ledger   ledger.Owner
	cfg      *configs.Config
	stop     func()
}

const config = `
data: data
language: LANG
accounts:
  les:
    {provider: les, server: "URL/les", rate: none, concurrency: 2, timeout: 10m, retry: {for: 1ns, first: 1ms, most: 1ms}}
  hgj:
    {provider: hgj, server: "URL/hgj", rate: none, concurrency: 2, timeout: 10m, retry: {for: 1ns, first: 1ms, most: 1ms}, credentials: {token: "${T}", staff: "${S}", secret: "${P}"}, sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}}
routes:
  failures:
    {account: les, operation: shipmentFailed, inbox: {dir: in/failures, settle: 20ms, every: 80ms}, outbox: {dir: out, formats: [csv, xlsx]}READ}
  other:
    {account: les, operation: shipmentFailed, inbox: {dir: in/other, settle: 20ms, every: 80ms}, outbox: {dir: out, formats: [csv, xlsx]}}
  bills:
    {account: hgj, operation: aciUpdate, inbox: {dir: in/bills, settle: 20ms, every: 80ms}, outbox: {dir: out, formats: [csv, xlsx]}}
`

func open(t *testing.T, l batch.Language, read string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), provider: &provider{did: map[string]int{}, asked: map[string]int{}, bodies: map[string]string{}, boxes: map[string]int{}}}
	server := httptest.NewServer(h.provider)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"T": "token", "S": "18000000000", "P": "pass"} {
		t.Setenv(name, value)
	}
	path := filepath.Join(h.dir, "rowferry.yaml")
	text := strings.NewReplacer("URL", server.URL, "LANG", string(l), "READ", read).Replace(config)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.cfg, err = pipeline.Load(path); err != nil {
		t.Fatal(err)
	}
	for _, r := range h.cfg.Routes {
		if err := os.MkdirAll(r.Inbox.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// start runs the service; stop ends it.
func (h *house) start() {
	h.t.Helper()
	l, err := drivers.Open(h.t.Context(), drivers.SQLite(h.cfg.Data))
	if err != nil {
		h.t.Fatal(err)
	}
	h.ledger = l
	e, err := pipeline.Build(h.t.Context(), h.cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		for _, err := range []error{<-ended, e.Close(), l.Close()} {
			if err != nil {
				h.t.Error(err)
			}
		}
	})
}

// shut has requests wait until what it returns is called, or the test ends.
func (h *house) shut() (open func()) {
	gate := make(chan struct{})
	h.provider.mu.Lock()
	h.provider.gate = gate
	h.provider.mu.Unlock()
	open = sync.OnceFunc(func() { close(gate) })
	h.t.Cleanup(open)
	return open
}

// put drops a file as a careful sender does and returns its id when it is in the ledger.
func (h *house) put(route, name string, content []byte) string {
	h.t.Helper()
	before, err := h.ledger.Files(h.t.Context(), ledger.Query{})
	if err != nil {
		h.t.Fatal(err)
	}
	in := filepath.Join(h.dir, "in", route)
	if err := os.WriteFile(filepath.Join(in, name+".tmp"), content, 0o644); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(in, name+".tmp"), filepath.Join(in, name)); err != nil {
		h.t.Fatal(err)
	}
	id := ""
	h.wait("taken", func() bool {
		after, err := h.ledger.Files(h.t.Context(), ledger.Query{})
		if err != nil {
			h.t.Fatal(err)
		}
		if len(after) > len(before) {
			id = after[len(after)-1].ID
		}
		return id != ""
	})
	return id
}

func (h *house) wait(what string, done func() bool) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("nothing was %s", what)
		}
	}
}

// file waits until a file is in one of the states.
func (h *house) file(id string, states ...ledger.State) ledger.File {
	h.t.Helper()
	var f ledger.File
	h.wait(fmt.Sprint(states), func() bool {
		var err error
		if f, err = h.ledger.File(h.t.Context(), id); err != nil {
			h.t.Fatal(err)
		}
		if f.State == ledger.Quarantined && !slices.Contains(states, f.State) {
			h.t.Fatalf("%s: quarantined: %s", f.Name, f.Reason)
		}
		return slices.Contains(states, f.State) && f.Rested
	})
	return f
}

// result is a file whose results are out.
type result struct {
	ledger.File
	h     *house
	lines []map[string]string // of the CSV, by heading
}

// drop drops a file and waits for its result. Whatever it is, the books balance.
func (h *house) drop(route, name string, content []byte) *result {
	h.t.Helper()
	r := &result{File: h.file(h.put(route, name, content), ledger.Reported), h: h}
	for i, rec := range records(h.t, r.content("csv")) {
		if i == 0 {
			continue
		}
		line := map[string]string{}
		for k, name := range records(h.t, r.content("csv"))[0] {
			if _, twice := line[name]; twice {
				h.t.Errorf("the heading %q stands twice in the result", name)
			}
			line[name] = rec[k]
		}
		r.lines = append(r.lines, line)
	}
	if c := r.Counts; c.Pending() != 0 || c.Read != len(r.lines) {
		h.t.Errorf("the books do not balance: %+v, %d lines", c, len(r.lines))
	}
	counted := batch.Counts{Read: len(r.lines)}
	for _, l := range r.lines {
		counted.Add(batch.Status(l["status"]), 1)
	}
	if counted != r.Counts {
		h.t.Errorf("the ledger counts %+v, the result has %+v", r.Counts, counted)
	}
	for _, n := range r.Reading.Notes {
		if strings.HasPrefix(n.Message.Key, "workbook.note_") {
			h.t.Errorf("a note about a sheet of ours: %v", n.Message)
		}
	}
	return r
}

// refused drops a file that is refused as a whole and returns why.
func (h *house) refused(route, name string, content []byte) string {
	h.t.Helper()
	return h.file(h.put(route, name, content), ledger.Quarantined).Reason
}

func (r *result) path(format string) string {
	r.h.t.Helper()
	for _, name := range r.Results {
		if strings.HasSuffix(name, ".result."+format) {
			return filepath.Join(r.h.dir, "out", name)
		}
	}
	r.h.t.Fatalf("no %s among %v", format, r.Results)
	return ""
}

func (r *result) name(format string) string { return filepath.Base(r.path(format)) }

func (r *result) content(format string) []byte {
	r.h.t.Helper()
	b, err := os.ReadFile(r.path(format))
	if err != nil {
		r.h.t.Fatal(err)
	}
	return b
}

// of is the line of a booking.
func (r *result) of(id string) map[string]string {
	r.h.t.Helper()
	for _, l := range r.lines {
		if l["lesBookingId"] == id || l["houseBillNo"] == id {
			return l
		}
	}
	r.h.t.Fatalf("%s: no row %s", r.Name, id)
	return nil
}

// want holds outcomes, by booking, against the result, and the provider's count against both: what is delivered was
// executed once and what is not was not, but for unknown ones.
func (r *result) want(outcomes map[string]batch.Status) {
	r.h.t.Helper()
	for id, status := range outcomes {
		if l := r.of(id); l["status"] != string(status) {
			r.h.t.Errorf("%s is %s (%s), want %s", id, l["status"], l["message"], status)
		}
	}
	for _, l := range r.lines {
		id := l["lesBookingId"] + l["houseBillNo"]
		switch n := r.h.provider.executed(id); batch.Status(l["status"]) {
		case batch.Delivered:
			if n != 1 && !strings.Contains(id, "LOST") && !strings.Contains(l["message"], "NOT sent") {
				r.h.t.Errorf("%s is delivered and was executed %d times", id, n)
			}
		case batch.Unknown:
		default:
			if n != 0 && !strings.Contains(l["message"], "new one") && !strings.Contains(l["message"], "may have been delivered") {
				r.h.t.Errorf("%s is %s and was executed %d times", id, l["status"], n)
			}
		}
	}
}

func (r *result) says(id, text string) {
	r.h.t.Helper()
	if l := r.of(id); !strings.Contains(l["message"], text) {
		r.h.t.Errorf("%s says %q, want %q in it", id, l["message"], text)
	}
}

func records(t *testing.T, content []byte) [][]string {
	t.Helper()
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(content))
	if rest, ours := bytes.CutPrefix(content, []byte("row")); ours {
		r.Comma = rune(rest[0]) // divided as the sender's file was
	}
	all, err := r.ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%v, %d records", err, len(all))
	}
	return all
}

func encode(t *testing.T, delimiter rune, all [][]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = delimiter
	if err := w.WriteAll(all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sheet is the visible sheet of a result as a grid that a test changes, and the workbook around it.
type sheet struct {
	t    *testing.T
	book *excelize.File
	name string
}

func openSheet(t *testing.T, content []byte) *sheet {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &sheet{t, f, f.GetSheetName(0)}
}

func (s *sheet) rows() [][]string {
	s.t.Helper()
	rows, err := s.book.GetRows(s.name, excelize.Options{RawCellValue: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func (s *sheet) set(row int, heading, value string) {
	s.t.Helper()
	at := slices.Index(s.rows()[0], heading)
	if at < 0 {
		s.t.Fatalf("no heading %q in %q", heading, s.rows()[0])
	}
	cell, _ := excelize.CoordinatesToCellName(at+1, row)
	if err := s.book.SetCellStr(s.name, cell, value); err != nil {
		s.t.Fatal(err)
	}
}

// row is the place of a booking.
func (s *sheet) row(id string) int {
	s.t.Helper()
	for i, cells := range s.rows() {
		if slices.Contains(cells, id) {
			return i + 1
		}
	}
	s.t.Fatalf("no row %s", id)
	return 0
}

func (s *sheet) bytes() []byte {
	s.t.Helper()
	var b bytes.Buffer
	if err := s.book.Write(&b); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

func TestMain(m *testing.M) { os.Exit(officetest.Main(m)) }

// office saves a workbook with LibreOffice in another format: "xlsx" or "csv".
func office(t *testing.T, content []byte, to string) []byte {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.csv")
	if bytes.HasPrefix(content, []byte("PK")) {
		in = filepath.Join(dir, "in.xlsx")
	}
	if err := os.WriteFile(in, content, 0o644); err != nil {
		t.Fatal(err)
	}
	extension, _, _ := strings.Cut(to, ":")
	out := filepath.Join(dir, "out."+extension)
	if err := officetest.Save(t, in, out, to); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
