// Package simulator is a provider that runs here, made of nothing but its document: it checks requests as the document
// says, keeps the truth of what it executed, answers as the document's examples do, and fails on request.
//
// Where receipts are asked for (Faults.Receipts), CUSTOMS in what identifies a row makes its receipt a refusal.
//
// Words in the fields that identify a row say what becomes of it: REFUSE is refused, LATER is not allowed in its
// present state, GONE is no longer there, SECOND is answered 503 on the first try and taken on the second. Where an
// identity is digits only, 404404, 409409, 410410 and 503503 in it (from eight digits on) mean the same.
package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// Options of one simulator. The zero value never fails.
type Options struct {
	Seed   uint64           // what goes wrong is decided by the seed, the row and the try, not by chance
	Faults Faults           // may be changed while it runs: POST /__faults
	Now    func() time.Time // the clock that rules look at; default time.Now
	Log    *slog.Logger     // nil: none
}

// Faults are what goes wrong. The shares are between 0 and 1, of requests that are well-formed.
type Faults struct {
	CutBefore   float64  `json:"cut_before,omitempty"`  // the line is cut before anything is executed
	CutAfter    float64  `json:"cut_after,omitempty"`   // the line is cut after it was executed
	Late        float64  `json:"late,omitempty"`        // executed, answered LateBy later
	LateBy      Duration `json:"late_by,omitempty"`     // default 60s
	Garbage     float64  `json:"garbage,omitempty"`     // executed, and what comes back is no answer
	TooMany     float64  `json:"too_many,omitempty"`    // 429, not executed
	Unavailable float64  `json:"unavailable,omitempty"` // 503, not executed
	RetryAfter  Duration `json:"retry_after,omitempty"` // with 429, rounded up to seconds
	CloseIdle   float64  `json:"close_idle,omitempty"`  // the connection is closed after the answer without a word

	Rate          string   `json:"rate,omitempty"`          // "10/s": what comes faster is answered 429 and not executed
	SessionCalls  int      `json:"session_calls,omitempty"` // a session ends after so many calls; 0 = never
	RefuseLogin   bool     `json:"refuse_login,omitempty"`
	RefuseAuth    bool     `json:"refuse_auth,omitempty"`    // every request is answered as not authenticated
	MaxItems      int      `json:"max_items,omitempty"`      // a batch of more is answered as too big
	Delay         Duration `json:"delay,omitempty"`          // time to execute
	Receipts      string   `json:"receipts,omitempty"`       // address that receipts are posted to, {webhook} in it is their kind: what the document says under webhooks
	ReceiptsAfter Duration `json:"receipts_after,omitempty"` // how long after the execution; default at once
	ReceiptsTwice bool     `json:"receipts_twice,omitempty"` // each comes twice
	Jitter        Duration `json:"jitter,omitempty"`         // at random up to so much on the way here, before a request counts, and back
}

// Duration is written as "300ms" in JSON.
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Executed is one row or document that was executed.
type Executed struct {
	Operation string    `json:"operation"`
	Key       string    `json:"key"` // its identity: values joined by |
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// Stats is what a simulator has seen.
type Stats struct {
	Requests        int            `json:"requests"` // logins too
	Logins          int            `json:"logins"`
	Executed        int            `json:"executed"` // items, each time
	Twice           int            `json:"twice"`    // items that were executed more than once
	WorstSecond     int            `json:"worst_second"`
	MaxInFlight     int            `json:"max_in_flight"`
	Invalid         int            `json:"invalid"`            // requests that break the document's rules
	Unauthenticated int            `json:"unauthenticated"`    // requests without what the scheme asks for
	Strange         int            `json:"strange"`            // unknown path, method or content type
	Receipts        int            `json:"receipts,omitempty"` // that were posted and taken, and answers to questions
	Answers         map[string]int `json:"answers"`            // items by what they were answered, and faults by name
	Problems        []string       `json:"problems,omitempty"`
}

// Simulator plays one provider. It is an http.Handler.
type Simulator struct {
	provider *providers.Provider
	seed     uint64
	now      func() time.Time
	log      *slog.Logger

	closing chan struct{} // what is still to be posted is given up
	ending  sync.Once
	going   sync.WaitGroup

	mu       sync.Mutex
	faults   Faults
	rate     providers.Rate
	executed map[string]*Executed
	tries    map[string]int
	fates    map[string]fate // by operation and key
	sessions map[string]int  // calls made
	born     int
	refs     int
	flying   int
	visits   int
	second   []time.Time // arrivals within the last second
	window   []time.Time // taken within the enforced rate's period
	stats    Stats
}

// New makes a simulator of p.
func New(p *providers.Provider, o Options) *Simulator {
	s := &Simulator{provider: p, seed: o.Seed, now: o.Now, log: o.Log, closing: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.Reset()
	if err := s.SetFaults(o.Faults); err != nil {
		s.log.Error("faults", "error", err)
	}
	return s
}

// Name is the provider's.
func (s *Simulator) Name() string { return s.provider.Name }

// Reset forgets what was executed and counted; sessions and faults stay.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executed, s.tries, s.fates = map[string]*Executed{}, map[string]int{}, map[string]fate{}
	s.second, s.window = nil, nil
	if s.sessions == nil {
		s.sessions = map[string]int{}
	}
	s.stats = Stats{Answers: map[string]int{}}
}

// SetFaults says what goes wrong from now on.
func (s *Simulator) SetFaults(f Faults) error {
	var rate providers.Rate
	if f.Rate != "" {
		var err error
		if rate, err = providers.ParseRate(f.Rate); err != nil {
			return &Mistake{words.Message("simulator.rate", "value", f.Rate)}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.rate = f, rate
	return nil
}

// Ledger lists what was executed, by operation and key.
func (s *Simulator) Ledger() []Executed {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Executed, 0, len(s.executed))
	for _, k := range slices.Sorted(maps.Keys(s.executed)) {
		out = append(out, *s.executed[k])
	}
	return out
}

// Stats returns the figures so far.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Answers = maps.Clone(s.stats.Answers)
	out.Problems = slices.Clone(s.stats.Problems)
	return out
}

// ServeHTTP takes the provider's requests, and ours:
// GET /__executed, GET /__stats, GET or POST /__faults, POST /__reset.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/__executed":
		reply(w, s.Ledger())
	case "/__stats":
		reply(w, s.Stats())
	case "/__reset":
		s.Reset()
		reply(w, s.Stats())
	case "/__faults":
		s.control(w, r)
	default:
		s.serve(w, r)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a caller that went away needs no answer
}

func (s *Simulator) control(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var f Faults
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		err := d.Decode(&f)
		if err == nil {
			err = s.SetFaults(f)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	s.mu.Lock()
	f := s.faults
	s.mu.Unlock()
	reply(w, f)
}

const maxRequest = 64 << 20

// visit is one request of the provider's own API.
type visit struct {
	s      *Simulator
	w      http.ResponseWriter
	r      *http.Request
	faults Faults
	raw    []byte
	number int // of the request, from 1

	op       *providers.Operation
	encoding string
	params   map[string]map[string]any // of the path, the query and the headers, by place and name
	items    []batch.Item
	keys     [][]string // of each item, its identities
	salt     string     // the row and the try, which decide what goes wrong
}

func (s *Simulator) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return // cut by the client: nothing arrived
	}
	s.mu.Lock()
	s.visits++
	v := &visit{s: s, w: w, r: r, raw: raw, faults: s.faults, number: s.visits}
	s.mu.Unlock()
	v.pause(v.jitter("there"))
	limited := s.arrive()
	defer s.leave()
	if limited {
		v.fault("over_rate")
		v.busy(http.StatusTooManyRequests)
		return
	}
	v.handle()
	v.pause(v.jitter("back"))
}

// arrive counts a request and reports whether it comes faster than the enforced rate allows.
func (s *Simulator) arrive() (limited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.stats.Requests++
	s.flying++
	s.stats.MaxInFlight = max(s.stats.MaxInFlight, s.flying)
	s.second = append(within(s.second, now, time.Second), now)
	s.stats.WorstSecond = max(s.stats.WorstSecond, len(s.second))
	if s.rate.N == 0 {
		return false
	}
	s.window = within(s.window, now, s.rate.Per)
	if len(s.window) >= s.rate.N {
		return true
	}
	s.window = append(s.window, now)
	return false
}

// within drops the times that lie a period or more back.
func within(times []time.Time, now time.Time, per time.Duration) []time.Time {
	k := 0
	for k < len(times) && now.Sub(times[k]) >= per {
		k++
	}
	return times[k:]
}

func (s *Simulator) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
}

// handle answers one request.
func (v *visit) handle() {
	if login, encoding, ok := v.s.login(v.r); ok {
		v.logIn(login, encoding)
		return
	}
	if v.token() || v.asked() || !v.route() {
		return
	}
	root, err := decodeBody(v.op, v.encoding, v.raw)
	if err != nil {
		v.invalid([]string{err.Error()})
		return
	}
	if !v.authenticated(root) {
		return
	}
	v.parameters()
	v.items = v.itemsOf(root)
	for _, it := range v.items {
		v.keys = append(v.keys, identities(v.op, it.Body))
	}
	if wrong := v.check(root); len(wrong) > 0 {
		v.invalid(wrong)
		return
	}
	v.try()
	v.perform()
}

// route finds the operation by method and path, and the encoding by the content type.
func (v *visit) route() bool {
	strange := func(status int, why string) bool {
		v.s.note(func(st *Stats) { st.Strange++ }, why)
		http.Error(v.w, why, status)
		return false
	}
	var others []string
	for _, op := range v.s.provider.Operations {
		for _, path := range op.Paths {
			if _, fits := filledPath(path, v.r.URL.EscapedPath()); !fits {
				continue
			}
			if op.Method != v.r.Method {
				others = append(others, op.Method)
				continue
			}
			v.op = op
		}
	}
	if v.op == nil && len(others) > 0 {
		return strange(http.StatusMethodNotAllowed, fmt.Sprintf("%s %s: the method is %s", v.r.Method, v.r.URL.Path, strings.Join(others, ", ")))
	}
	if v.op == nil {
		return strange(http.StatusNotFound, fmt.Sprintf("%s: no such path", v.r.URL.Path))
	}
	v.encoding = encodingOf(v.r.Header.Get("Content-Type"))
	if v.op.Body != nil && (len(v.raw) > 0 || v.op.Body.Required) && !slices.Contains(v.op.Encodings, v.encoding) {
		return strange(http.StatusUnsupportedMediaType, fmt.Sprintf("content type %q", v.r.Header.Get("Content-Type")))
	}
	if path := v.op.Paths[v.encoding]; path != "" && !pathFits(path, v.r.URL.EscapedPath()) {
		return strange(http.StatusUnsupportedMediaType, fmt.Sprintf("%s takes no %s", v.r.URL.Path, v.encoding))
	}
	if v.op.Body != nil && v.r.ContentLength < 0 {
		return strange(http.StatusLengthRequired, "no Content-Length")
	}
	return true
}

func encodingOf(contentType string) string {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); {
	case media == "application/x-www-form-urlencoded":
		return "form"
	case media == "multipart/form-data":
		return "multipart"
	case strings.HasSuffix(media, "xml"):
		return "xml"
	case strings.HasSuffix(media, "json"):
		return "json"
	}
	return ""
}

// note counts something that should not happen and keeps the first reasons.
func (s *Simulator) note(count func(*Stats), why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count(&s.stats)
	if why == "" {
		return
	}
	if len(s.stats.Problems) < 50 {
		s.stats.Problems = append(s.stats.Problems, why)
	}
	s.log.Warn("simulator", "provider", s.provider.Name, "problem", why)
}

// invalid answers a request that breaks the document's rules.
func (v *visit) invalid(wrong []string) {
	v.s.note(func(st *Stats) { st.Invalid++ }, strings.Join(wrong, "; "))
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(http.StatusUnprocessableEntity)
	reply(v.w, map[string]any{"simulator": wrong})
}

// try counts the tries of the request's rows and fixes what decides its fate.
func (v *visit) try() {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	n, first := 0, ""
	for _, ks := range v.keys {
		for _, k := range ks {
			key := v.op.ID + " " + k
			v.s.tries[key]++
			if first == "" {
				first, n = key, v.s.tries[key]
			}
		}
	}
	v.salt = first + " " + strconv.Itoa(n)
}

// share is a number from 0 to 1 that the seed, the fault, the row and its try decide.
func (v *visit) share(fault string) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, v.s.seed, fault, v.salt)
	x := h.Sum64() // the low bits of FNV are weak for short differences: mix
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

func (v *visit) happens(fault string, share float64) bool {
	if share <= 0 || v.share(fault) >= share {
		return false
	}
	v.fault(fault)
	return true
}

func (v *visit) fault(name string) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.stats.Answers[name]++
}

func (v *visit) jitter(way string) time.Duration {
	if v.faults.Jitter <= 0 {
		return 0
	}
	v.salt = strconv.Itoa(v.number)
	return time.Duration(v.share(way) * float64(v.faults.Jitter))
}

func (v *visit) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-v.r.Context().Done():
	}
}

// perform executes what may be executed and answers, unless something goes wrong.
func (v *visit) perform() {
	f := v.faults
	switch {
	case v.happens("cut_before", f.CutBefore):
		v.cut()
		return
	case v.happens("too_many", f.TooMany):
		v.busy(http.StatusTooManyRequests)
		return
	case v.happens("unavailable", f.Unavailable):
		v.busy(http.StatusServiceUnavailable)
		return
	}
	if f.MaxItems > 0 && len(v.items) > f.MaxItems && v.whole(providers.Split) {
		return
	}
	classes := v.classes()
	if slices.Contains(classes, providers.Retry) {
		v.fault("second")
		v.busy(http.StatusServiceUnavailable)
		return
	}
	v.pause(time.Duration(f.Delay))
	v.execute(classes)
	answer := v.answer(classes)
	v.remember(classes, answer)
	v.announce(classes)
	switch {
	case v.happens("cut_after", f.CutAfter):
		v.cut()
		return
	case v.happens("garbage", f.Garbage):
		v.garbage()
		return
	case v.happens("late", f.Late):
		late := time.Duration(f.LateBy)
		if late <= 0 {
			late = time.Minute
		}
		v.pause(late)
	}
	v.respond(answer)
}

// classes are what the words in the rows ask for. Where the rows stand or fall together, all get the worst.
func (v *visit) classes() []providers.Class {
	out := make([]providers.Class, len(v.items))
	for i, ks := range v.keys {
		out[i] = providers.OK
		for _, k := range ks {
			switch word(k) {
			case "REFUSE":
				out[i] = providers.Rejected
			case "LATER":
				out[i] = providers.Later
			case "GONE":
				out[i] = providers.Absent
			case "SECOND":
				v.s.mu.Lock()
				if v.s.tries[v.op.ID+" "+k] == 1 {
					out[i] = providers.Retry
				}
				v.s.mu.Unlock()
			}
			if out[i] != providers.OK {
				break
			}
		}
	}
	return out
}

func word(key string) string {
	for _, w := range []string{"REFUSE", "SECOND", "LATER", "GONE"} {
		if strings.Contains(key, w) {
			return w
		}
	}
	if len(key) < 8 || strings.Trim(key, "0123456789") != "" {
		return ""
	}
	for digits, w := range map[string]string{"404404": "REFUSE", "503503": "SECOND", "409409": "LATER", "410410": "GONE"} {
		if strings.Contains(key, digits) {
			return w
		}
	}
	return ""
}

// execute enters into the ledger what was done.
func (v *visit) execute(classes []providers.Class) {
	now := time.Now()
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for i, ks := range v.keys {
		v.s.stats.Answers[string(classes[i])]++
		if classes[i] != providers.OK {
			continue
		}
		for _, k := range ks {
			v.s.stats.Executed++
			e := v.s.executed[v.op.ID+" "+k]
			if e == nil {
				e = &Executed{Operation: v.op.ID, Key: k, First: now}
				v.s.executed[v.op.ID+" "+k] = e
			}
			e.Count++
			e.Last = now
			if e.Count == 2 {
				v.s.stats.Twice++
			}
		}
	}
}

// response is an answer before it is written.
type response struct {
	status      int
	contentType string
	body        []byte
}

func (v *visit) respond(a response) {
	if v.happens("close_idle", v.faults.CloseIdle) {
		var b bytes.Buffer
		h := v.w.Header().Clone()
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
		_ = h.Write(&b) // a buffer takes everything
		fmt.Fprintf(&b, "\r\n%s", a.body)
		v.write(b.Bytes())
		return
	}
	if a.contentType != "" {
		v.w.Header().Set("Content-Type", a.contentType)
	}
	v.w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	v.w.WriteHeader(a.status)
	_, _ = v.w.Write(a.body) // a caller that went away needs no answer
}

func (v *visit) busy(status int) {
	if v.faults.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(int((time.Duration(v.faults.RetryAfter)+time.Second-1)/time.Second)))
	}
	v.respond(response{status: status, contentType: "text/plain", body: []byte(http.StatusText(status))})
}

// whole answers with the document's example of a class, if it has one.
func (v *visit) whole(c providers.Class) bool {
	a, ok := v.example(c)
	if ok {
		v.fault(string(c))
		v.respond(a)
	}
	return ok
}

func (v *visit) cut() { v.write(nil) }

func (v *visit) garbage() {
	if v.share("garbage kind") < 0.5 {
		v.write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"co"))
		return
	}
	v.write([]byte("\x16\x03\x01 not an answer\r\n\r\n"))
}

// write puts bytes on the line and closes it.
func (v *visit) write(b []byte) {
	h, ok := v.w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = c.Write(b) // it is closed anyway
	_ = c.Close()
}
