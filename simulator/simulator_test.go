package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/simulator"
)

// A stand is a simulator and a real sender that sends to it.
type stand struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *simulator.Server
	sender senders.Sender
	op     *providers.Operation
}

var credentials = map[string]string{"login": "user", "password": "p4ssword", "token": "f6645125", "staff": "18036094790", "secret": "s3cr3t", "appkey": "0000-1111", "pat": ""}

func set(t *testing.T, p *providers.Provider, id string, change func(*configs.Account, *simulator.Options)) *stand {
	t.Helper()
	account := configs.Account{Name: p.Name, Credentials: map[string]configs.Secret{}, Timeout: 2 * time.Minute, Rate: "10000/s"}
	for _, c := range p.Credentials {
		if v := credentials[c.Name]; v != "" {
			account.Credentials[c.Name] = configs.NewSecret(v)
		}
	}
	if p.Name == "hgj" {
		account.Sign = &configs.Sign{Digest: "md5", Over: "{token}{timestamp}{nonce}{secret}"}
	}
	o := simulator.Options{Seed: 1}
	if change != nil {
		change(&account, &o)
	}
	s := &stand{t: t, sim: simulator.New(p, o)}
	server, err := simulator.Start("127.0.0.1:0", s.sim)
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	account.Server = "http://" + server.Addr() + "/" + p.Name
	if s.sender, err = senders.Open(account, p, senders.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sender.Close(); server.Close() })
	for _, op := range p.Operations {
		if op.ID == id {
			s.op = op
		}
	}
	return s
}

func builtin(t *testing.T, name string) *providers.Provider {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

func (s *stand) send(bodies ...string) senders.Result {
	s.t.Helper()
	var items []batch.Item
	for i, b := range bodies {
		items = append(items, batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(b)})
	}
	return s.sender.Send(s.t.Context(), senders.Attempt{Operation: s.op, Items: items})
}

// well fails when the simulator saw something that should not be.
func (s *stand) well() simulator.Stats {
	s.t.Helper()
	st := s.sim.Stats()
	if st.Invalid+st.Unauthenticated+st.Strange > 0 || len(st.Problems) > 0 {
		s.t.Errorf("%+v", st)
	}
	return st
}

func (s *stand) executed() map[string]int {
	out := map[string]int{}
	for _, e := range s.sim.Ledger() {
		out[e.Key] = e.Count
	}
	return out
}

func les(id string) string {
	return fmt.Sprintf(`{"accountNumber":"3000372","lesBookingId":%q,"failReason":"Cargo Ready Date Is Not Null"}`, id)
}

func point(id string) string {
	return fmt.Sprintf(`{"clientReferenceNumber":%q,"type":"0","externalId":"11223344"}`, id)
}

func example(t *testing.T, file, old, new string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "senders", "testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(string(b), old, new, 1)
	arrival := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	return strings.Replace(strings.Replace(body, "2021-01-06", arrival, 1), "2020-12-16", time.Now().Format(time.DateOnly), 1)
}

// calls makes one request of each built-in operation; id becomes what identifies it.
func calls(t *testing.T) []struct {
	provider, operation, encoding string
	body                          func(id string) string
} {
	return []struct {
		provider, operation, encoding string
		body                          func(id string) string
	}{
		{"les", "shipmentFailed", "", les},
		{"otms", "shipPointRemove", "", point},
		{"hgj", "aciUpdate", "", func(id string) string { return example(t, "hgj-aci-request.json", "HBL123456789", id) }},
		{"hgj", "amsUpdate", "", func(id string) string { return example(t, "hgj-ams-request.json", "API17515", id) }},
		{"dellin", "multiRequest", "json", dellin},
		{"dellin", "multiRequest", "xml", dellin},
	}
}

// dellin's ids are digits: the words have numbers there.
func dellin(id string) string {
	for word, digits := range map[string]string{"REFUSE": "90404404", "LATER": "90409409", "GONE": "90410410", "SECOND": "90503503", "OK": "1111"} {
		id = strings.Replace(id, word, digits, 1)
	}
	return fmt.Sprintf(`{"requestids":[%q,"2222"],"comment":"Текст <&>"}`, id)
}

// Every built-in operation is sent by the real sender, and its simulator answers so that the sender reads what was meant.
func TestBuiltinThroughTheRealSender(t *testing.T) {
	for _, c := range calls(t) {
		t.Run(c.operation+c.encoding, func(t *testing.T) {
			s := set(t, builtin(t, c.provider), c.operation, func(a *configs.Account, _ *simulator.Options) { a.Encoding = c.encoding })
			class := func(r senders.Result) providers.Class {
				if r.Fate != senders.Answered {
					t.Errorf("%+v", r)
				}
				if r.Reading.Class == providers.OK && r.Reading.Items != nil {
					return r.Reading.Items[0].Class
				}
				return r.Reading.Class
			}
			if got := class(s.send(c.body("OK1"))); got != providers.OK {
				t.Errorf("OK: %s", got)
			}
			for word, want := range map[string][]providers.Class{
				"REFUSE": {providers.Rejected, providers.Absent, providers.Later},
				"LATER":  {providers.Later, providers.Rejected},
				"GONE":   {providers.Absent, providers.Rejected},
			} {
				r := s.send(c.body(word))
				got := class(r)
				if !strings.Contains(fmt.Sprint(want), string(got)) {
					t.Errorf("%s: %s, want one of %v", word, got, want)
				}
			}
			if r := s.send(c.body("SECOND")); r.Reading.Class != providers.Retry {
				t.Errorf("first try: %+v", r)
			}
			if got := class(s.send(c.body("SECOND"))); got != providers.OK {
				t.Errorf("second try: %s", got)
			}
			st := s.well()
			if st.Twice > 0 && c.provider != "dellin" { // 2222 travels with every group
				t.Errorf("%+v", st)
			}
			for key := range s.executed() {
				if strings.Contains(key, "REFUSE") || strings.Contains(key, "404404") {
					t.Errorf("%s was executed", key)
				}
			}
			t.Logf("%v %+v", s.executed(), st)
		})
	}
}

// A batch is answered point by point, in any mixture.
func TestBatch(t *testing.T) {
	s := set(t, builtin(t, "otms"), "shipPointRemove", nil)
	var bodies []string
	var want []providers.Class
	for i := range 40 {
		id, class := fmt.Sprintf("OK-%d", i), providers.OK
		switch i % 7 {
		case 2:
			id, class = fmt.Sprintf("LATER-%d", i), providers.Later
		case 5:
			id, class = fmt.Sprintf("GONE-%d", i), providers.Absent
		}
		bodies, want = append(bodies, point(id)), append(want, class)
	}
	bodies[3] = `{"type":"2","externalId":"only-this"}`
	r := s.send(bodies...)
	if r.Reading.Class != providers.OK || len(r.Reading.Items) != len(want) {
		t.Fatalf("%+v", r)
	}
	for i, v := range r.Reading.Items {
		if v.Class != want[i] {
			t.Errorf("item %d: %+v, want %s", i, v, want[i])
		}
	}
	s.well()
	if err := s.sim.SetFaults(simulator.Faults{MaxItems: 10}); err != nil {
		t.Fatal(err)
	}
	if r := s.send(bodies...); r.Reading.Class != providers.Split {
		t.Errorf("too many: %+v", r)
	}
}

func TestSessions(t *testing.T) {
	for _, login := range []string{"", "v1", "v3"} {
		for _, encoding := range []string{"json", "xml"} {
			s := set(t, builtin(t, "dellin"), "multiRequest", func(a *configs.Account, o *simulator.Options) {
				a.Login, a.Encoding = login, encoding
				o.Faults.SessionCalls = 2
			})
			for i := range 5 {
				if r := s.send(dellin(fmt.Sprint(1000 + i))); r.Reading.Class != providers.OK || r.Reading.Reference == "" {
					t.Errorf("%s %s: %+v", login, encoding, r)
				}
			}
			if st := s.well(); st.Logins != 3 {
				t.Errorf("%s %s: %+v", login, encoding, st)
			}
			if err := s.sim.SetFaults(simulator.Faults{SessionCalls: 1, RefuseLogin: true}); err != nil {
				t.Fatal(err)
			}
			if r := s.send(dellin("5555")); r.Fate != senders.Answered || r.Reading.Class != providers.Auth {
				t.Errorf("refused: %+v", r)
			}
		}
	}
}

func TestWrongCredentials(t *testing.T) {
	for _, scheme := range []string{"basic", "body"} {
		s := set(t, builtin(t, "otms"), "shipPointRemove", func(a *configs.Account, _ *simulator.Options) {
			a.Auth = scheme
			a.Credentials["password"] = configs.NewSecret("WRONG")
		})
		if r := s.send(point("OK")); r.Reading.Class != providers.Auth || len(s.executed()) > 0 {
			t.Errorf("%s: %+v", scheme, r)
		}
	}
}

// What breaks the document's rules is refused and noticed.
func TestInvalid(t *testing.T) {
	s := set(t, builtin(t, "les"), "shipmentFailed", nil)
	for _, body := range []string{`{"accountNumber":"1","lesBookingId":"","failReason":"x"}`, `{"accountNumber":"1"}`, `{"accountNumber":`} {
		if r := s.send(body); r.Reading.Class == providers.OK {
			t.Errorf("%s: %+v", body, r)
		}
	}
	if st := s.sim.Stats(); st.Invalid == 0 || st.Executed != 0 {
		t.Errorf("%+v", st)
	}
}

// Whatever goes wrong, what the sender says agrees with what the simulator executed.
func TestFaultsAgainstTheTruth(t *testing.T) {
	s := set(t, builtin(t, "les"), "shipmentFailed", func(a *configs.Account, o *simulator.Options) {
		a.Timeout, a.Concurrency = time.Second, 16
		o.Faults = simulator.Faults{CutBefore: 0.05, CutAfter: 0.05, Late: 0.01, LateBy: simulator.Duration(time.Hour), Garbage: 0.05, TooMany: 0.05,
			Unavailable: 0.05, RetryAfter: simulator.Duration(3 * time.Second), CloseIdle: 0.2}
	})
	var mu sync.Mutex
	fates := map[string]senders.Result{}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 40 {
				id := fmt.Sprintf("LB-%d-%d", worker, i)
				r := s.send(les(id))
				mu.Lock()
				fates[id] = r
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	executed := map[string]int{}
	for key, n := range s.executed() {
		executed[strings.Split(key, "|")[1]] = n
	}
	count := map[senders.Fate]int{}
	for id, r := range fates {
		count[r.Fate]++
		n := executed[id]
		ok := n <= 1
		switch {
		case r.Fate == senders.NotSent: // the second was over before the request had left
			ok = n == 0 && errors.Is(r.Err, context.DeadlineExceeded)
		case r.Fate == senders.Answered && r.Reading.Class == providers.OK:
			ok = n == 1
		case r.Fate == senders.Answered:
			ok = n == 0 && r.Reading.Class == providers.Retry
			if r.Status == http.StatusTooManyRequests && r.RetryAfter != 3*time.Second {
				t.Errorf("Retry-After %v", r.RetryAfter)
			}
		}
		if !ok {
			t.Errorf("%s: executed %d times, %+v", id, n, r)
		}
	}
	st := s.sim.Stats()
	faults := st.Answers["cut_before"] + st.Answers["cut_after"] + st.Answers["late"] + st.Answers["garbage"]
	if count[senders.Lost] < faults || st.Twice > 0 {
		t.Errorf("%v %+v", count, st)
	}
	for _, fault := range []string{"cut_before", "cut_after", "late", "garbage", "too_many", "unavailable", "close_idle"} {
		if st.Answers[fault] == 0 {
			t.Errorf("no request met the fault %s", fault)
		}
	}
	t.Logf("%v %+v", count, st)
}

// The same seed and the same rows: the same faults, in whatever order they come.
func TestDeterministic(t *testing.T) {
	run := func(order []int) map[string]int {
		s := set(t, builtin(t, "les"), "shipmentFailed", func(_ *configs.Account, o *simulator.Options) {
			o.Seed, o.Faults = 7, simulator.Faults{Unavailable: 0.2, TooMany: 0.2}
		})
		for _, i := range order {
			s.send(les(fmt.Sprint("LB", i)))
		}
		return s.executed()
	}
	var up, down []int
	for i := range 100 {
		up, down = append(up, i), append([]int{i}, down...)
	}
	a, b := run(up), run(down)
	if fmt.Sprint(a) != fmt.Sprint(b) || len(a) < 40 || len(a) > 90 {
		t.Errorf("%d and %d executed", len(a), len(b))
	}
}

// With the account's pace the simulator's own limit is never met.
func TestEnforcedRate(t *testing.T) {
	s := set(t, builtin(t, "otms"), "shipPointRemove", func(a *configs.Account, o *simulator.Options) {
		a.Rate, o.Faults.Rate = "20/s", "20/s"
		o.Faults.Jitter = simulator.Duration(40 * time.Millisecond)
	})
	began := time.Now()
	var wg sync.WaitGroup
	for worker := range 12 {
		wg.Go(func() {
			for i := range 5 {
				if r := s.send(point(fmt.Sprintf("OK-%d-%d", worker, i))); r.Reading.Class != providers.OK {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	wg.Wait()
	if st := s.well(); st.WorstSecond > 20 {
		t.Errorf("%+v", st)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("60 requests within %v, the limit is 20 a second", took)
	}
	fast := set(t, builtin(t, "les"), "shipmentFailed", func(_ *configs.Account, o *simulator.Options) { o.Faults.Rate = "5/h" })
	refused := 0
	for i := range 20 {
		if r := fast.send(les(fmt.Sprint("LB", i))); r.Reading.Class == providers.Retry {
			refused++
		}
	}
	if refused != 15 {
		t.Errorf("%d of 20 refused at 5/h", refused)
	}
}

// A document that no code knows.
func TestUnknownDocument(t *testing.T) {
	p, err := providers.Load("testdata/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := set(t, p, "parcelsCancel", nil)
	r := s.send(`{"no":"OK-1"}`, `{"no":"REFUSE-2"}`, `{"no":"OK-3"}`)
	if len(r.Reading.Items) != 3 || r.Reading.Items[0].Class != providers.OK || r.Reading.Items[1].Class != providers.Rejected || r.Reading.Items[2].Class != providers.OK {
		t.Errorf("%+v", r)
	}
	b := set(t, p, "billUpdate", nil)
	if r := b.send(`{"no":"OK-1"}`); r.Reading.Class != providers.OK {
		t.Errorf("%+v", r)
	}
	if r := b.send(`{"no":"REFUSE-1"}`); r.Reading.Class != providers.Rejected {
		t.Errorf("%+v", r)
	}
	s.well()
	b.well()
}

func TestControl(t *testing.T) {
	s := set(t, builtin(t, "les"), "shipmentFailed", nil)
	url := "http://" + s.server.Addr() + "/les"
	post := func(path, body string) int {
		r, err := http.Post(url+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.StatusCode
	}
	if got := post("/__faults", `{"unavailable": 1, "retry_after": "2s"}`); got != http.StatusOK {
		t.Error(got)
	}
	if r := s.send(les("LB1")); r.Reading.Class != providers.Retry || r.RetryAfter != 2*time.Second {
		t.Errorf("%+v", r)
	}
	for _, bad := range []string{`{"unavailble": 1}`, `{"rate": "fast"}`, `{"late_by": "soon"}`} {
		if got := post("/__faults", bad); got != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, got)
		}
	}
	post("/__faults", `{}`)
	s.send(les("LB2"))
	r, err := http.Get(url + "/__executed")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var list []simulator.Executed
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil || len(list) != 1 || list[0].Count != 1 || !strings.Contains(list[0].Key, "LB2") {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOnlyOnThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:80"} {
		if s, err := simulator.Start(address); err == nil {
			s.Close()
			t.Errorf("%s was taken", address)
		}
	}
}

// What stands in the query as an object or as JSON is read as it was written.
func TestObjectsInTheQuery(t *testing.T) {
	p, err := providers.Load("../senders/testdata/query-ours.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := set(t, p, "move", nil)
	for item, want := range map[string]providers.Class{
		`{"?query":{"filter":{"country":"D&E","ids":["1","2"]},"place":{"lat":1.5,"lon":-2},"size":{"w":3,"h":4},"tags":["a","b"],"options":{"days":7}},"?body":{"ref":"1"}}`: providers.OK,
		`{"?query":{"filter":{"ids":["1"]}},"?body":{"ref":"2"}}`:                              providers.Rejected, // without what is required
		`{"?query":{"filter":{"country":"DE"},"size":{"w":"wide"}},"?body":{"ref":"3"}}`:       providers.Rejected,
		`{"?query":{"filter":{"country":"DE"},"options":{"days":"many"}},"?body":{"ref":"4"}}`: providers.Rejected,
	} {
		if r := s.send(item); r.Reading.Class != want {
			t.Errorf("%s: %+v", item, r.Reading)
		}
	}
}
