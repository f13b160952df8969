package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/notices/noticestest"
)

// parrot is a provider, or what stands before it, that repeats all it was sent in every form, with one fault after the other.
type parrot struct {
	mu   sync.Mutex
	came map[string]int // requests by path
}

func (p *parrot) fault(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came[path]++
	return parrotFaults[(p.came[path]-1)%len(parrotFaults)]
}

var parrotFaults = [...]string{"refused", "bad request", "unauthorized", "gateway", "garbage", "redirect", "header", "more than was asked", "too many", "cut", "cut up"}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fault := p.fault(r.URL.Path)
	said := r.URL.String() + " " + string(body)
	for name, values := range r.Header {
		said += " " + name + ": " + strings.Join(values, ",")
		if _, coded, ok := strings.Cut(values[0], "Basic "); ok {
			plain, _ := base64.StdEncoding.DecodeString(coded)
			said += " " + string(plain)
		}
	}
	quoted, _ := json.Marshal(said)
	twice, _ := json.Marshal(string(quoted))
	said = said + " " + string(quoted) + " " + string(twice) + " " + url.QueryEscape(said) + " " + html.EscapeString(said) + " " + base64.StdEncoding.EncodeToString([]byte(said))
	message, _ := json.Marshal(said)
	answer := fmt.Sprintf(`{"code":-1,"status":"FAIL","httpStatus":400,"message":%s,"metadata":{"status":400},"errors":[{"code":"110001","title":%s,"detail":%s,"field":"lesBookingId"}]}`, message, message, message)
	if strings.Contains(r.Header.Get("Content-Type"), "xml") {
		answer = "<shipPointRemoveResponse><responseCode><code>1001</code><message>" + html.EscapeString(said) + "</message></responseCode></shipPointRemoveResponse>"
	}
	if strings.HasSuffix(r.URL.Path, "login.json") && fault != "unauthorized" { // a session that is secret too
		answer = `{"metadata":{"status":200},"data":{"sessionID":"` + markedSession + `"}}`
		_, _ = io.WriteString(w, answer)
		return
	}
	switch fault {
	case "bad request":
		w.WriteHeader(http.StatusBadRequest)
	case "unauthorized":
		w.WriteHeader(http.StatusUnauthorized)
	case "gateway":
		w.WriteHeader(http.StatusBadGateway)
		answer = "<html><body>" + html.EscapeString(said) + "</body></html>"
	case "garbage":
		answer = said
	case "redirect":
		w.Header().Set("Location", "/"+url.PathEscape(said))
		w.WriteHeader(http.StatusFound)
	case "header":
		w.Header().Set("Retry-After", url.QueryEscape(said))
		w.Header().Set("X-Request", url.QueryEscape(said))
		w.WriteHeader(http.StatusServiceUnavailable)
	case "more than was asked", "cut":
		if c, b, err := w.(http.Hijacker).Hijack(); err == nil {
			if fault == "cut" {
				fmt.Fprintf(b, "HTTP/1.1 400 %s\r\nContent-Length: 100000\r\n\r\n%s", url.QueryEscape(said), said)
			} else {
				fmt.Fprintf(b, "HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s%s", len(answer), answer, said)
			}
			_ = b.Flush()
			_ = c.Close()
		}
		return
	case "too many":
		w.WriteHeader(http.StatusTooManyRequests)
	case "cut up":
		answer = cutUp(w, said)
	}
	_, _ = io.WriteString(w, answer)
}

// cutUp answers with every secret that came, in two and in three parts, each in a field and a header of its own.
func cutUp(w http.ResponseWriter, said string) string {
	fields := map[string]string{}
	for name, secret := range map[string]string{"password": markedPassword, "key": markedKey, "session": markedSession} {
		letters := []rune(secret)
		if !strings.Contains(said, secret) {
			continue
		}
		for parts := 2; parts <= 3; parts++ {
			for i := range parts {
				part := string(letters[i*len(letters)/parts : (i+1)*len(letters)/parts])
				fields[fmt.Sprintf("%s-%d-of-%d", name, i+1, parts)] = part
				w.Header().Set(fmt.Sprintf("X-%s-%d-Of-%d", name, i+1, parts), url.QueryEscape(part))
			}
		}
	}
	w.WriteHeader(http.StatusBadRequest)
	answer, _ := json.Marshal(map[string]any{"code": -1, "status": "FAIL", "message": fields["password-1-of-2"] + " and " + fields["password-2-of-2"], "errors": []any{map[string]any{"code": fields["key-1-of-2"],
		"title": fields["key-2-of-2"], "detail": fields["password-3-of-3"], "field": fields["session-1-of-2"]}}, "said": fields})
	return string(answer)
}

// The secrets carry marks at both ends and characters that every format writes in its own way.
const (
	markedPassword = `m4rkpw"x/y+z <&>ü密-m4rkpw-end`
	markedKey      = "m4rkkey-0123456789+/=m4rkkey-end"
	markedSession  = "m4rksession-ABCDEF-m4rksession-end"
	markedHook     = "whsec_m4rkhook0123456789ABCDEFm4rkhook"
	markedRow      = "r0wmark-of-a-customer"
)

const secretsConfig = `
accounts:
  les: {provider: les, server: "URL", rate: none, headers: {X-Key: "Bearer ${KEY}"}, retry: {for: 1ns}}
  otms: {provider: otms, server: "URL", rate: none, credentials: {login: acme, password: "file:pw"}, retry: {for: 1ns}}
  hgj: {provider: hgj, server: "URL", rate: none, credentials: {token: "${KEY}", staff: "18000000000", secret: "${SECRET}"}, sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}, retry: {for: 1ns}}
  dellin: {provider: dellin, server: "URL", rate: none, credentials: {appkey: "${KEY}", login: acme, password: "${SECRET}"}, retry: {for: 1ns}}
sftp:
  partner: {host: 127.0.0.1, port: 1, user: acme, password: "${SECRET}", host_key: "SHA256:uNiVztksCsDhcc0u9e8BrrXVTGwqJxvrm0KLJ1W1Vx4"}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in/les, settle: 1ms, every: 20ms}, outbox: {dir: out, formats: [csv, summary]}}
  points: {account: otms, operation: shipPointRemove, inbox: {dir: in/otms, settle: 1ms, every: 20ms}, outbox: {dir: out, formats: [csv, summary]}}
  bills: {account: hgj, operation: aciUpdate, inbox: {dir: in/hgj, settle: 1ms, every: 20ms}, outbox: {dir: out, formats: [csv, summary]}}
  orders: {account: dellin, operation: multiRequest, group: doc, inbox: {dir: in/dellin, settle: 1ms, every: 20ms}, outbox: {dir: out, formats: [csv, summary]}}
`

// Whatever a provider repeats, and whichever command is asked, no secret is printed, logged, written into a result or kept in the
// ledger; and no log repeats what a customer wrote.
func TestMarkedSecretsAreShownNowhere(t *testing.T) {
	p := &parrot{came: map[string]int{}}
	server := httptest.NewServer(p)
	defer server.Close()
	t.Setenv("KEY", markedKey)
	t.Setenv("SECRET", markedPassword)
	dir := t.TempDir()
	put := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("rowferry.yaml", strings.ReplaceAll(secretsConfig, "URL", server.URL))
	put("pw", markedPassword)
	put("no.csv", "clientReferenceNumber\n1\n")
	ask := func(args ...string) string {
		cmd := rowferry(t, dir, append(args, "--log-level", "debug")...)
		var out, log strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		shown(t, strings.Join(args, " "), out.String()+log.String())
		if strings.Contains(log.String(), "r0wmark") {
			t.Errorf("%v logs what a row says: %s", args, log.String())
		}
		return out.String()
	}
	for fault, name := range parrotFaults {
		put(fmt.Sprintf("in/les/%d.csv", fault), "accountNumber,lesBookingId,failReason\n1,"+markedRow+name+",x\n2,"+markedRow+name+"2,x\n")
		put(fmt.Sprintf("in/otms/%d.csv", fault), "clientReferenceNumber,type\n"+markedRow+name+",0\n")
		put(fmt.Sprintf("in/hgj/%d.xlsx", fault), string(hgjFile([]string{fmt.Sprintf("R0WMARK%d", fault)})))
		put(fmt.Sprintf("in/dellin/%d.csv", fault), fmt.Sprintf("doc,requestids\n1,10%d1\n1,10%d2\n", fault, fault))
	}
	for range 3 { // an account that is refused leaves its rows for the next run
		ask("run", "--once")
	}
	p.mu.Lock()
	came := maps.Clone(p.came)
	p.mu.Unlock()
	if len(came) < 4 {
		t.Errorf("what was asked: %v", came)
	}
	for path, n := range came {
		if n < len(parrotFaults) && !strings.HasSuffix(path, "login.json") {
			t.Errorf("%s was asked %d times", path, n)
		}
	}
	var all struct {
		Files []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(ask("status", "--json", "--last", "100")), &all); err != nil || len(all.Files) != 4*len(parrotFaults) {
		t.Fatalf("%v, %d files", err, len(all.Files))
	}
	one := all.Files[0].ID
	for _, args := range []string{"status", "status " + one, "status --json " + one, "pause " + one, "resume " + one, "cancel " + one, "resend --status rejected " + one,
		"check points no.csv", "send points no.csv", "doctor", "config check", "config check --json", "providers", "user list", "token list",
		"providers template les shipmentFailed -o t.xlsx", "init --from no.csv --operation otms/shipPointRemove -o first.yaml", "init --from no.csv --operation otms/shipPointRemove --into rowferry.yaml --route more",
		"backup kept", "backup kept", "restore kept", "prune", "prune --dry-run", "notify test", "reload", "health", "service status", "status --backlog", "status --row 2 " + one,
		"__complete status ", "ledger copy --to postgres://u:" + markedKey + "@127.0.0.1:1/x?connect_timeout=1"} {
		ask(strings.Fields(args)...)
	}
	serviceShowsNone(t, dir, one, ask, func(more string) {
		put("rowferry.yaml", strings.ReplaceAll(secretsConfig, "URL", server.URL)+strings.ReplaceAll(more, "URL", server.URL))
	})
	put("rowferry.yaml", "acc0unts: {x: {server: \"${SECRET}\", password: *"+markedKey+", login: ftp://u:"+markedKey+"@h}}\nlisten: \"${SECRET}\"\n")
	for _, args := range []string{"config check", "config check --json", "run", "status", "doctor"} {
		ask(strings.Fields(args)...)
	}
	put("rowferry.yaml", "")
	put("pw", "")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		shown(t, path, string(content))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// shown fails where a text has a mark of a secret, or the base64 of its middle.
func shown(t *testing.T, where, text string) {
	t.Helper()
	marks := []string{"m4rk"}
	for _, secret := range []string{markedPassword, markedKey, markedSession} {
		for before := range 3 {
			coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			marks = append(marks, coded[8:24])
		}
	}
	for _, mark := range marks {
		if at := strings.Index(text, mark); at >= 0 {
			t.Errorf("%s shows %q: …%s…", where, mark, text[max(0, at-200):min(len(text), at+100)])
			return
		}
	}
}

// serviceShowsNone looks at a service that runs: its log, its pages, its API, its metrics, and the commands that speak with it.
func serviceShowsNone(t *testing.T, dir, file string, ask func(...string) string, configure func(more string)) {
	t.Helper()
	t.Setenv("HOOK", markedHook)
	mail := (&noticestest.Mailbox{}).Serve(t) // it repeats passwords that are wrong
	more := fmt.Sprintf(`
listen: 127.0.0.1:0
console: {listen: "127.0.0.1:0"}
keep: {originals: 90d}
notices: {group: 0s, webhook: {url: "URL/hook", secret: "${HOOK}"}, mail: {host: localhost, port: %d, ca: %q, user: acme, password: "${SECRET}", from: a@example.com, to: [b@example.com]}}
`, mail.Port, mail.CA)
	configure(more)
	for _, command := range []string{"notify test", "doctor"} {
		if said := ask(strings.Fields(command)...); !strings.Contains(said, "who is acme with ***?") {
			t.Errorf("%s: the mail server did not repeat the password: %s", command, said)
		}
	}
	token := strings.TrimSpace(ask("token", "add", "nightly", "--role", "admin"))
	for _, args := range []string{"prune --dry-run", "config check"} {
		ask(strings.Fields(args)...)
	}
	log := &watched{}
	cmd := rowferry(t, dir, "run", "--log-level", "debug")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	console := log.await(t, regexp.MustCompile(`http://127\.0\.0\.1:\d+`))
	if err := os.WriteFile(filepath.Join(dir, "in", "les", "mend.csv"), []byte("accountNumber,lesBookingId,failReason\n1,,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log.await(t, regexp.MustCompile(`notices cannot be told.*channel=mail`))
	for _, path := range []string{"/", "/sign-in", "/healthz", "/api/v1/openapi.json", "/api/v1/files", "/api/v1/files/" + file, "/api/v1/files/" + file + "/rows", "/api/v1/files/" + file + "/rows/2",
		"/api/v1/files/" + file + "/result.csv", "/api/v1/files/" + file + "/original", "/api/v1/files/none", "/accounts", "/doctor"} {
		r, err := http.NewRequest(http.MethodGet, console+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			t.Fatal(err)
		}
		shown(t, path, string(content))
	}
	for _, args := range []string{"status", "reload", "notify test", "pause les", "resume les", "prune", "backup kept-running", "doctor"} {
		ask(strings.Fields(args)...)
	}
	configure(more + "acc0unts: {x: \"${SECRET}\"}\n")
	ask("reload")
	configure("")
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	shown(t, "the service's log", log.String())
}

// watched is what a program prints while it runs.
type watched struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await waits until something was printed that fits, and gives it.
func (w *watched) await(t *testing.T, what *regexp.Regexp) string {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found := what.FindString(w.String()); found != "" {
			return found
		}
	}
	t.Fatalf("never printed: %s\n%s", what, w.String())
	return ""
}
