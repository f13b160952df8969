package console_test

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/simulator"
)

// visitor is a browser without a script: it has signed in, and sends the cookie that it got.
type visitor struct {
	o      *office
	cookie *http.Cookie
}

func (o *office) visitor(name string) *visitor {
	o.t.Helper()
	v := &visitor{o: o}
	answer, _ := v.do("POST", "/sign-in", strings.NewReader(url.Values{"name": {name}, "password": {"correct horse " + name}}.Encode()))
	if answer.StatusCode != http.StatusSeeOther || len(answer.Cookies()) != 1 {
		o.t.Fatalf("%s: %d %v", name, answer.StatusCode, answer.Cookies())
	}
	v.cookie = answer.Cookies()[0]
	return v
}

func (v *visitor) request(method, path string, form io.Reader) *http.Request {
	v.o.t.Helper()
	r, err := http.NewRequestWithContext(v.o.t.Context(), method, "http://"+v.o.address+path, form)
	if err != nil {
		v.o.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.cookie != nil {
		r.AddCookie(&http.Cookie{Name: v.cookie.Name, Value: v.cookie.Value})
	}
	return r
}

func (v *visitor) do(method, path string, form io.Reader) (*http.Response, string) {
	v.o.t.Helper()
	answer, err := http.DefaultTransport.RoundTrip(v.request(method, path, form))
	if err != nil {
		v.o.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		v.o.t.Fatal(err)
	}
	return answer, string(b)
}

var endings = regexp.MustCompile(`name="name" value="([^"]+)"><button class="quiet danger" name="do" value="end-session"`)

// Who is signed in is shown, and any session can be ended: at once, and also where a request of it is under way just then.
func TestSessions(t *testing.T) {
	o := open(t)
	other, ann := o.visitor("vera"), o.visitor("ann")
	_, page := ann.do("GET", "/people", nil)
	found := endings.FindAllStringSubmatch(page, -1)
	if len(found) != 2 || strings.Count(page, "this one") != 1 || strings.Index(page, "this one") > strings.LastIndex(page, "vera") { // by name: ann's is the first
		t.Fatalf("%v in %s", found, page)
	}
	// vera's request is under way: the service has begun to read its form
	body, rest := io.Pipe()
	begun, done := make(chan struct{}), make(chan error, 1)
	r := other.request("POST", "/language", body)
	r.Header.Set("Expect", "100-continue")
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(begun) }}))
	go func() {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	<-begun
	if answer, page := ann.do("POST", "/people", strings.NewReader("do=end-session&name="+url.QueryEscape(found[1][1]))); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.StatusCode, page)
	}
	_, _ = io.WriteString(rest, "lang=zh")
	_ = rest.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if answer, _ := other.do("GET", "/", nil); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/sign-in" {
		t.Errorf("vera's session goes on: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	if answer, page := ann.do("GET", "/people", nil); answer.StatusCode != 200 || len(endings.FindAllString(page, -1)) != 1 {
		t.Errorf("%d %s", answer.StatusCode, page)
	}
	if _, list := o.ask("olga", "GET", "/api/v1/audit?verb=end-session", ""); !strings.Contains(list, `"about":"vera"`) || !strings.Contains(list, `"by":"ann"`) {
		t.Errorf("audit: %s", list)
	}
	if answer, _ := ann.do("POST", "/people", strings.NewReader("do=end-session&name=none")); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", answer.StatusCode)
	}
	if answer, _ := o.visitor("olga").do("POST", "/people", strings.NewReader("do=end-session&name="+url.QueryEscape(found[0][1]))); answer.StatusCode != http.StatusForbidden {
		t.Errorf("%d", answer.StatusCode)
	}
	if answer, _ := ann.do("POST", "/sign-out", nil); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", answer.StatusCode)
	}
	if answer, _ := ann.do("GET", "/", nil); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("ann's session goes on: %d", answer.StatusCode)
	}
}

// Two people act on one file in the same moment: what both ask for is done once.
func TestTwoAtOnce(t *testing.T) {
	o := open(t)
	if err := o.sim.SetFaults(simulator.Faults{CutBefore: 1}); err != nil {
		t.Fatal(err)
	}
	const rows = 20
	again, mended := o.drop("ann", "failures", "u.csv", sheet(rows, "LBU")), o.drop("ann", "failures", "m.csv", "accountNumber,lesBookingId,failReason\n3000372,LBM1,\n")
	if f := o.ended(again); f.Counts["unknown"] != rows {
		t.Fatalf("%+v", f)
	}
	o.ended(mended)
	if err := o.sim.SetFaults(simulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	two := []*visitor{o.visitor("ann"), o.visitor("ann")}
	both := func(path, kind string, bodies ...string) (statuses []int) {
		t.Helper()
		answers := make(chan int, len(two))
		for i, v := range two {
			r := v.request("POST", path, strings.NewReader(bodies[i%len(bodies)]))
			r.Header.Set("Content-Type", kind)
			go func() {
				answer, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					answers <- 0
					return
				}
				answer.Body.Close()
				answers <- answer.StatusCode
			}()
		}
		for range two {
			status := <-answers
			if statuses = append(statuses, status); status == 0 || status >= 500 {
				t.Errorf("%s: %d", path, status)
			}
		}
		return statuses
	}
	resent := both("/files/"+again+"/ask/resend", "application/x-www-form-urlencoded", "status=unknown&looked=on")
	sent := both("/api/v1/files/"+mended+"/mend", "application/json", `{"rows": {"2": {"failReason": "Hold"}}}`, `{"rows": {"2": {"failReason": "Customs"}}}`)
	if !slices.Contains(resent, http.StatusSeeOther) || !slices.Contains(sent, http.StatusAccepted) {
		t.Fatalf("resend %v, mend %v", resent, sent)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var open struct{ Files []struct{ State string } }
		o.get("ann", "/api/v1/files", &open)
		if len(o.sim.Ledger()) == rows+1 && !slices.ContainsFunc(open.Files, func(f struct{ State string }) bool {
			return !slices.Contains([]string{"reported", "quarantined", "duplicate"}, f.State)
		}) {
			break
		}
	}
	all := o.sim.Ledger()
	if len(all) != rows+1 {
		t.Errorf("%d executed, want %d", len(all), rows+1)
	}
	for _, x := range all {
		if x.Count != 1 {
			t.Errorf("%s was executed %d times", x.Key, x.Count)
		}
	}
}

// WebKit, which is Safari, keeps no Secure cookie over plain HTTP, not even on the machine it runs on: there people were shown the sign-in again and
// again, without a word. A browser that sends no cookie back is told.
func TestABrowserThatKeepsNoCookie(t *testing.T) {
	const (
		safari   = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
		chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
		firefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	)
	o := open(t)
	asks := func(agent, method, path string, form io.Reader) (*http.Response, string) {
		r := (&visitor{o: o}).request(method, path, form)
		r.Header.Set("User-Agent", agent)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(b)
	}
	const said = "did not send its cookie back"
	for agent, secure := range map[string]bool{safari: false, chromium: true, firefox: true} {
		if _, page := asks(agent, "GET", "/sign-in", nil); strings.Contains(page, said) {
			t.Errorf("%s, before anybody signed in: %s", agent, page)
		}
		answer, _ := asks(agent, "POST", "/sign-in", strings.NewReader("name=ann&password=correct+horse+ann"))
		if got := answer.Cookies(); len(got) != 1 || got[0].Secure != secure || !got[0].HttpOnly || got[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("%s got %v", agent, got)
		}
		if answer, _ = asks(agent, "POST", "/language", strings.NewReader("lang=en")); len(answer.Cookies()) != 1 || answer.Cookies()[0].Secure != secure {
			t.Errorf("%s, its language: %v", agent, answer.Cookies())
		}
		if _, page := asks(agent, "GET", "/sign-in", nil); !strings.Contains(page, said) {
			t.Errorf("%s signed in and keeps no cookie: %s", agent, page)
		}
	}
}
