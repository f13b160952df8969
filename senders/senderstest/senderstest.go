// Package senderstest holds the conformance suite of senders: every authentication scheme sends through it to a real
// HTTP server that knows what it executed.
package senderstest

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

//go:embed testdata/acme.yaml
var acme []byte

// Way is one way to authenticate.
type Way struct {
	Account configs.Account                                     // without a server
	Check   func(r *http.Request, body map[string]string) error // whether the provider knows the sender by this request
	Secrets []string                                            // must not appear anywhere
}

// Provider compiles the suite's provider document.
func Provider(t *testing.T) *providers.Provider {
	t.Helper()
	path := filepath.Join(t.TempDir(), "acme.yaml")
	if err := os.WriteFile(path, acme, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := providers.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Server is the provider. What it does with a request is said by the bill number.
type Server struct {
	*httptest.Server
	t        *testing.T
	check    func(r *http.Request, body map[string]string) error
	mu       sync.Mutex
	Executed map[string]int
	Arrived  []time.Time // of all requests, logins too
	Logins   int
	sessions map[string]int // calls left
	Calls    int            // a session is good for; 0: any number
	forget   bool           // sessions are dead when they are born
	closed   bool           // logins are answered 503
	Slam     bool           // close the connection after each answer without saying so
	hang     chan struct{}
	arrived  func() // called when a request that will hang is here; may be nil
}

// NewServer starts one.
func NewServer(t *testing.T, check func(*http.Request, map[string]string) error) *Server {
	s := &Server{t: t, check: check, Executed: map[string]int{}, sessions: map[string]int{}, hang: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.Start()
	t.Cleanup(func() { close(s.hang); s.CloseClientConnections(); s.Close() })
	return s
}

// Count is how often a bill was executed.
func (s *Server) Count(bill string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Executed[bill]
}

// Worst is the largest number of requests in any second.
func (s *Server) Worst() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.Arrived, time.Time.Compare)
	most, first := 0, 0
	for i, at := range s.Arrived {
		for at.Sub(s.Arrived[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.Arrived = append(s.Arrived, time.Now())
	s.mu.Unlock()
	if r.ContentLength != int64(len(raw)) || len(r.TransferEncoding) > 0 {
		s.t.Errorf("Content-Length %d for %d bytes, %v", r.ContentLength, len(raw), r.TransferEncoding)
	}
	body := fields(s.t, r.Header.Get("Content-Type"), raw)
	if strings.Contains(r.URL.Path, "login") {
		s.login(w, r, body)
		return
	}
	if r.URL.Path != "/base/bills/update" || r.Method != http.MethodPost {
		s.t.Errorf("%s %s", r.Method, r.URL.Path)
	}
	if session, ok := body["sessionID"]; ok && !s.use(session) {
		fmt.Fprintf(w, `{"code": 99, "text": "session %s has ended"}`, session)
		return
	}
	if err := s.check(r, body); err != nil {
		s.t.Errorf("not authenticated: %v", err)
		fmt.Fprint(w, `{"code": 8}`)
		return
	}
	s.answer(w, r, body)
}

func (s *Server) use(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left, known := s.sessions[session]
	if !known || left == 0 {
		return false
	}
	s.sessions[session]--
	return true
}

func (s *Server) login(w http.ResponseWriter, r *http.Request, body map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Logins++
	if s.closed {
		w.Header().Set("Retry-After", "11")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if body["password"] != "p4ss&wörd" || body["login"] == "" || body["appkey"] == "" {
		fmt.Fprintf(w, `{"errors": [{"code": 110, "title": "wrong login", "detail": "for %s"}]}`, body["password"])
		return
	}
	session := fmt.Sprintf("session-%d", s.Logins)
	s.sessions[session] = -1
	if s.Calls > 0 {
		s.sessions[session] = s.Calls
	}
	if s.forget {
		delete(s.sessions, session)
	}
	if strings.HasSuffix(r.URL.Path, ".xml") {
		fmt.Fprintf(w, `<response><session>%s</session></response>`, session)
		return
	}
	fmt.Fprintf(w, `{"data": {"sessionID": %q}}`, session)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, body map[string]string) {
	bill := body["billNo"]
	execute := func() {
		s.mu.Lock()
		s.Executed[bill]++
		s.mu.Unlock()
	}
	word, _, _ := strings.Cut(bill, "-")
	if word == "REFUSE" || word == "AUTH" || word == "BUSY" || word == "REDIRECT" || word == "STRANGE" {
		switch word {
		case "REFUSE":
			fmt.Fprint(w, `{"code": 7}`)
		case "AUTH":
			fmt.Fprintf(w, `{"code": 8, "text": %q}`, fmt.Sprint(r.Header, body))
		case "BUSY":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case "REDIRECT":
			http.Redirect(w, r, "/base/elsewhere", http.StatusTemporaryRedirect)
		case "STRANGE":
			fmt.Fprint(w, `<html>hello</html>`)
		}
		return
	}
	execute()
	switch word {
	case "CUT":
		s.raw(w, "")
	case "GARBAGE":
		s.raw(w, "SSH-2.0-OpenSSH_9.2p1 "+bill+"\r\n")
	case "SHORT":
		s.raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\": 0")
	case "CHUNKED":
		s.raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"code\": 0}\r\n")
	case "BIG":
		w.Write(bytes.Repeat([]byte(" "), 9<<20))
	case "HANG":
		if s.arrived != nil {
			s.arrived()
		}
		select {
		case <-s.hang:
		case <-r.Context().Done():
		}
	default:
		if s.Slam {
			answer := `{"code": 0, "id": "B-` + bill + `"}`
			s.raw(w, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer))
			return
		}
		fmt.Fprintf(w, `{"code": 0, "id": %q}`, "B-"+bill)
	}
}

// raw writes bytes and closes the connection.
func (s *Server) raw(w http.ResponseWriter, text string) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	io.WriteString(c, text)
	c.Close()
}

// fields reads a flat body; an XML attribute or element is named as the JSON property.
func fields(t *testing.T, contentType string, raw []byte) map[string]string {
	out := map[string]string{}
	switch contentType {
	case "application/json":
		var body map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			t.Errorf("body: %v", err)
		}
		for k, v := range body {
			out[k] = fmt.Sprint(v)
		}
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(raw))
		if err != nil {
			t.Errorf("body: %v", err)
		}
		for k := range values {
			out[k] = values.Get(k)
		}
	case "application/xml":
		var body struct {
			Attributes []xml.Attr `xml:",any,attr"`
			Elements   []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		}
		if err := xml.Unmarshal(raw, &body); err != nil {
			t.Errorf("body: %v", err)
		}
		for _, a := range body.Attributes {
			out[a.Name.Local] = a.Value
		}
		for _, e := range body.Elements {
			name := e.XMLName.Local
			if name == "sessionid" {
				name = "sessionID"
			}
			out[name] = e.Text
		}
	default:
		t.Errorf("Content-Type %q", contentType)
	}
	return out
}

// patience is how long an answer that comes may take on the slowest machine.
const patience = 2 * time.Minute

// A bench holds a sender and what it produced.
type bench struct {
	t      *testing.T
	server *Server
	sender senders.Sender
	op     *providers.Operation
	logs   *bytes.Buffer
	way    Way
}

func open(t *testing.T, way Way, change func(*configs.Account, *Server)) *bench {
	t.Helper()
	b := &bench{t: t, way: way, logs: &bytes.Buffer{}, server: NewServer(t, way.Check)}
	account := way.Account
	account.Name, account.Server, account.Timeout = "acme", b.server.URL+"/base", patience
	if change != nil {
		change(&account, b.server)
	}
	p := Provider(t)
	s, err := senders.Open(account, p, senders.Options{Log: slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	b.sender, b.op = s, p.Operations[0]
	t.Cleanup(func() {
		s.Close()
		b.clean(b.logs.String())
	})
	return b
}

// clean fails when text shows a secret.
func (b *bench) clean(text string) {
	b.t.Helper()
	for _, secret := range slices.Concat(b.way.Secrets, []string{"session-1"}) {
		if strings.Contains(text, secret) {
			b.t.Errorf("%q shows a secret", text)
		}
	}
}

func item(bill string) []batch.Item {
	body, _ := json.Marshal(bill)
	return []batch.Item{{Rows: []int{2}, Body: []byte(`{"billNo":` + string(body) + `,"goods":"NAILS & <SCREWS>","pieces":3}`)}}
}

// send makes one attempt and checks what must hold for every one.
func (b *bench) send(ctx context.Context, bill string, commit func(context.Context) error) senders.Result {
	b.t.Helper()
	var mu sync.Mutex
	commits, before := 0, b.server.Count(bill)
	began := time.Now()
	res := b.sender.Send(ctx, senders.Attempt{Operation: b.op, Items: item(bill), Commit: func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		commits++
		if b.server.Count(bill) != before {
			b.t.Error("the request left before its commit")
		}
		if commit != nil {
			return commit(ctx)
		}
		return nil
	}})
	mu.Lock()
	defer mu.Unlock()
	executed := b.server.Count(bill) - before
	switch res.Fate {
	case senders.NotSent:
		if executed != 0 || res.Err == nil || !res.Started.IsZero() {
			b.t.Errorf("not sent, but executed %d times: %+v", executed, res)
		}
	case senders.Lost:
		if commits != 1 || executed > 1 || res.Err == nil || res.Started.Before(began) {
			b.t.Errorf("lost, committed %d, executed %d times: %+v", commits, executed, res)
		}
	case senders.Answered:
		if commits != 1 || executed > 1 || res.Err != nil || res.Status == 0 || res.Started.Before(began) {
			b.t.Errorf("answered, committed %d, executed %d times: %+v", commits, executed, res)
		}
	default:
		b.t.Errorf("fate %q", res.Fate)
	}
	b.clean(fmt.Sprintf("%+v %+v", res, res.Err))
	if f, ok := errors.AsType[*senders.Failure](res.Err); ok {
		for _, l := range batch.Languages() {
			said := words.Say(l, f.Message)
			b.clean(said)
			if strings.Contains(said, "{") || strings.Contains(said, bill) {
				b.t.Errorf("message %q", said)
			}
		}
	}
	return res
}

// Run is the suite.
func Run(t *testing.T, way Way) {
	t.Run("delivered", func(t *testing.T) {
		for _, encoding := range []string{"json", "xml", "form"} {
			b := open(t, way, func(a *configs.Account, _ *Server) { a.Encoding = encoding })
			for i := range 3 {
				bill := fmt.Sprintf("OK-%s-%d <&\">", encoding, i)
				res := b.send(t.Context(), bill, nil)
				if res.Fate != senders.Answered || res.Reading.Class != providers.OK || res.Reading.Reference != "B-"+bill || b.server.Count(bill) != 1 {
					t.Errorf("%s: %+v", encoding, res)
				}
			}
		}
	})
	t.Run("answers", func(t *testing.T) {
		b := open(t, way, nil)
		for bill, want := range map[string]providers.Class{
			"REFUSE": providers.Rejected, "AUTH": providers.Auth, "BUSY": providers.Retry, "REDIRECT": providers.Config, "STRANGE": providers.Unknown,
		} {
			res := b.send(t.Context(), bill, nil)
			if res.Fate != senders.Answered || res.Reading.Class != want {
				t.Errorf("%s: %+v, want class %s", bill, res, want)
			}
			if bill == "BUSY" && res.RetryAfter != 7*time.Second {
				t.Errorf("Retry-After %v", res.RetryAfter)
			}
		}
	})
	t.Run("lost answers", func(t *testing.T) {
		b := open(t, way, nil)
		for _, bill := range []string{"CUT", "GARBAGE", "SHORT", "CHUNKED", "BIG"} {
			for i := range 2 { // on a new connection and, but for the cut ones, on a kept one
				b.send(t.Context(), fmt.Sprintf("OK-%s-%d", bill, i), nil)
				name := fmt.Sprintf("%s-%d", bill, i)
				if res := b.send(t.Context(), name, nil); res.Fate != senders.Lost || b.server.Count(name) != 1 {
					t.Errorf("%s: executed %d times, %+v", name, b.server.Count(name), res)
				}
			}
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		for timeout := 300 * time.Millisecond; ; timeout *= 4 { // on a slow machine it may be over before the request has left
			b := open(t, way, func(a *configs.Account, _ *Server) { a.Timeout = timeout })
			res := b.send(t.Context(), "HANG", nil)
			if res.Fate == senders.Answered || !errors.Is(res.Err, context.DeadlineExceeded) {
				t.Errorf("%+v", res)
			}
			if b.server.Count("HANG") == 1 && res.Fate == senders.Lost || t.Failed() {
				return
			}
			if timeout > patience {
				t.Fatalf("the request did not get there within %v: %+v", timeout, res)
			}
		}
	})
	t.Run("connections closed without a word", func(t *testing.T) {
		b := open(t, way, func(_ *configs.Account, s *Server) { s.Slam = true })
		for i := range 60 {
			b.send(t.Context(), fmt.Sprintf("OK-%d", i), nil)
			if i%3 == 0 {
				time.Sleep(time.Duration(i%7) * 100 * time.Microsecond)
			}
		}
	})
	t.Run("commit refused", func(t *testing.T) {
		b := open(t, way, nil)
		stop := errors.New("disk full")
		for i := range 3 {
			bill := fmt.Sprintf("OK-%d", i)
			if res := b.send(t.Context(), bill, func(context.Context) error { return stop }); res.Fate != senders.NotSent || !errors.Is(res.Err, stop) {
				t.Errorf("%+v", res)
			}
			if res := b.send(t.Context(), bill, nil); res.Fate != senders.Answered {
				t.Errorf("afterwards: %+v", res)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		b := open(t, way, nil)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if res := b.send(gone, "OK-1", nil); res.Fate != senders.NotSent {
			t.Errorf("before: %+v", res)
		}
		for i := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			res := b.send(ctx, "OK-2", func(context.Context) error {
				cancel()
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				return nil
			})
			if res.Fate != senders.NotSent || !errors.Is(res.Err, context.Canceled) {
				t.Errorf("while committing: %+v", res)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		b.server.arrived = cancel
		if res := b.send(ctx, "HANG", nil); res.Fate != senders.Lost {
			t.Errorf("after it left: %+v", res)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, _ *Server) { a.Server = "http://127.0.0.1:1" }) // a free port might be taken meanwhile
		res := b.send(t.Context(), "OK", func(context.Context) error { t.Error("committed"); return nil })
		if res.Fate != senders.NotSent {
			t.Errorf("%+v", res)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, _ *Server) { a.Concurrency = 16 })
		var wg sync.WaitGroup
		for worker := range 16 {
			wg.Go(func() {
				for i := range 25 {
					bill := fmt.Sprintf("OK-%d-%d", worker, i)
					if res := b.send(t.Context(), bill, nil); res.Fate != senders.Answered || res.Reading.Class != providers.OK || res.Reading.Reference != "B-"+bill || b.server.Count(bill) != 1 {
						t.Errorf("%+v", res)
					}
				}
			})
		}
		wg.Wait()
	})
	t.Run("pace", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, _ *Server) { a.Rate = "20/s" })
		began := time.Now()
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := range 6 {
					b.send(t.Context(), fmt.Sprintf("OK-%d-%d", worker, i), nil)
				}
			})
		}
		wg.Wait()
		if most := b.server.Worst(); most > 20 {
			t.Errorf("%d requests in one second, the limit is 20", most)
		}
		if took := time.Since(began); took < 2*time.Second {
			t.Errorf("48 requests within %v, the limit is 20 a second", took)
		}
	})
}

// RunSessions checks how a session is shared, renewed and refused. The way is one that logs in.
func RunSessions(t *testing.T, way Way) {
	logins := func(b *bench) int {
		b.server.mu.Lock()
		defer b.server.mu.Unlock()
		return b.server.Logins
	}
	t.Run("one login for all", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, _ *Server) { a.Concurrency = 16 })
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if res := b.send(t.Context(), fmt.Sprintf("OK-%d", i), nil); res.Reading.Class != providers.OK {
					t.Errorf("%+v", res)
				}
			})
		}
		wg.Wait()
		if n := logins(b); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
	t.Run("renewed when it ends", func(t *testing.T) {
		b := open(t, way, func(_ *configs.Account, s *Server) { s.Calls = 3 })
		for i := range 10 {
			bill := fmt.Sprintf("OK-%d", i)
			if res := b.send(t.Context(), bill, nil); res.Reading.Class != providers.OK || b.server.Count(bill) != 1 {
				t.Errorf("%+v", res)
			}
		}
		if n := logins(b); n != 4 {
			t.Errorf("%d logins for 10 calls, 3 to a session", n)
		}
	})
	t.Run("renewed once by many", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, _ *Server) { a.Concurrency = 16 })
		b.send(t.Context(), "OK-first", nil)
		b.server.mu.Lock()
		clear(b.server.sessions) // the provider forgets
		b.server.mu.Unlock()
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if res := b.send(t.Context(), fmt.Sprintf("OK-%d", i), nil); res.Reading.Class != providers.OK {
					t.Errorf("%+v", res)
				}
			})
		}
		wg.Wait()
		if n := logins(b); n != 2 {
			t.Errorf("%d logins", n)
		}
	})
	t.Run("refused a second time", func(t *testing.T) {
		b := open(t, way, func(_ *configs.Account, s *Server) { s.forget = true })
		res := b.send(t.Context(), "OK-1", nil)
		if res.Fate != senders.Answered || res.Reading.Class != providers.Auth || logins(b) != 2 || b.server.Count("OK-1") != 0 {
			t.Errorf("%d logins, %+v", logins(b), res)
		}
	})
	t.Run("login refused", func(t *testing.T) {
		wrong := way
		wrong.Account.Credentials = maps.Clone(way.Account.Credentials)
		wrong.Account.Credentials["password"] = configs.NewSecret("wrong-p4ss")
		wrong.Secrets = append(slices.Clone(way.Secrets), "wrong-p4ss")
		b := open(t, wrong, func(a *configs.Account, _ *Server) { a.Concurrency = 8 })
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				res := b.sender.Send(t.Context(), senders.Attempt{Operation: b.op, Items: item("OK-1"), Commit: func(context.Context) error { t.Error("committed"); return nil }})
				b.clean(fmt.Sprintf("%+v", res))
				if res.Fate != senders.Answered || res.Reading.Class != providers.Auth || !strings.Contains(res.Reading.Message.EN, "wrong login") || res.Reading.Code != "110" {
					t.Errorf("%+v", res)
				}
			})
		}
		wg.Wait()
		if b.server.Count("OK-1") != 0 {
			t.Error("sent without a session")
		}
	})
	t.Run("login not answered", func(t *testing.T) {
		b := open(t, way, func(_ *configs.Account, s *Server) { s.closed = true })
		res := b.sender.Send(t.Context(), senders.Attempt{Operation: b.op, Items: item("OK-1"), Commit: func(context.Context) error { t.Error("committed"); return nil }})
		if res.Fate != senders.NotSent || res.RetryAfter != 11*time.Second {
			t.Errorf("%+v", res)
		}
		b.server.mu.Lock()
		b.server.closed = false
		b.server.mu.Unlock()
		if res := b.send(t.Context(), "OK-1", nil); res.Reading.Class != providers.OK {
			t.Errorf("afterwards: %+v", res)
		}
	})
	t.Run("logins count in the pace", func(t *testing.T) {
		b := open(t, way, func(a *configs.Account, s *Server) { a.Rate, s.Calls = "10/s", 1 })
		for i := range 12 {
			b.send(t.Context(), fmt.Sprintf("OK-%d", i), nil)
		}
		if most := b.server.Worst(); most > 10 {
			t.Errorf("%d requests in one second, the limit is 10", most)
		}
	})
	t.Run("a session given", func(t *testing.T) {
		given := way
		given.Account.Login = ""
		given.Account.Credentials = map[string]configs.Secret{"appkey": way.Account.Credentials["appkey"], "sessionID": configs.NewSecret("given-session")}
		given.Secrets = append(slices.Clone(way.Secrets), "given-session")
		b := open(t, given, func(_ *configs.Account, s *Server) { s.sessions["given-session"] = 1 })
		if res := b.send(t.Context(), "OK-1", nil); res.Reading.Class != providers.OK {
			t.Errorf("%+v", res)
		}
		if res := b.send(t.Context(), "OK-2", nil); res.Reading.Class != providers.Auth || logins(b) != 0 {
			t.Errorf("after its end: %+v", res)
		}
	})
}
