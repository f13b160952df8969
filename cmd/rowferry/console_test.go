package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/simulator"
)

// deskTest is the program serving its console over a simulated provider, and a person before it in a real Chromium. The program is killed
// and started again between any two things that the person does.
type deskTest struct {
	t       *testing.T
	dir     string
	address string
	sim     *simulator.Simulator
	service *exec.Cmd
	said    strings.Builder
	ctx     context.Context // of the browser
}

const deskConfig = `data: data
include: [routes.d/*.yaml]
console: {listen: "ADDRESS", routes: routes.d}
accounts:
  les: {provider: les, server: "SERVER/les", rate: none, retry: {for: 10m, first: 10ms, most: 100ms}}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 50ms, every: 100ms}, outbox: {dir: out, formats: [csv]}}
`

func newDesk(t *testing.T) *deskTest {
	t.Helper()
	d := newService(t)
	ctx, closed := chromedp.NewContext(chromium(t))
	t.Cleanup(closed)
	ctx, late := context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(late)
	d.ctx = ctx
	d.does(chromedp.Navigate("http://"+d.address+"/"), chromedp.WaitVisible("input[name=password]"), chromedp.SendKeys("input[name=name]", "ann"),
		chromedp.SendKeys("input[name=password]", "correct horse ann"), chromedp.Click("form.stack button"), chromedp.WaitVisible("nav"))
	return d
}

// browsing is the Chromium of all tests, each of which has a page of its own in it; nil while none needed it.
var browsing context.Context

func chromium(t *testing.T) context.Context {
	t.Helper()
	if browsing != nil {
		return browsing
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.Flag("disable-background-networking", true), chromedp.Flag("accept-lang", "en"),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-features", "site-per-process,Translate,PreloadTopChromeWebUI,OptimizationHints,MediaRouter,SpareRendererForSitePerProcess")) // what nobody looks at
	browser, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithErrorf(log.New(io.Discard, "", 0).Printf))
	afterAll = append(afterAll, func() error {
		_ = chromedp.Cancel(ctx)
		cancel()
		stop()
		return nil
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	browsing = ctx
	return ctx
}

// newService is the program without anybody before it.
func newService(t *testing.T) *deskTest {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d := &deskTest{t: t, dir: t.TempDir(), sim: simulator.New(all["les"], simulator.Options{Seed: 1})}
	server, err := simulator.Start("127.0.0.1:0", d.sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	d.address = quiet(t)
	d.put("rowferry.yaml", strings.NewReplacer("ADDRESS", d.address, "SERVER", "http://"+server.Addr()).Replace(deskConfig))
	add := rowferry(t, d.dir, "user", "add", "ann", "--role", "admin")
	add.Stdin = strings.NewReader("correct horse ann\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.start()
	t.Cleanup(func() { d.stop() })
	return d
}

// quiet is a free address that no system gives to outgoing connections, so that it is still free after the service was killed.
func quiet(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.IntN(20000)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

func (d *deskTest) put(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// start runs the service until it serves its console.
func (d *deskTest) start() {
	d.t.Helper()
	d.service = rowferry(d.t, d.dir, "run")
	d.service.Stdout, d.service.Stderr = &d.said, &d.said
	if err := d.service.Start(); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if answer, err := http.Get("http://" + d.address + "/sign-in"); err == nil {
			answer.Body.Close()
			return
		}
	}
	d.stop()
	d.t.Fatalf("the console is not served: %s", d.said.String())
}

// stop kills the service.
func (d *deskTest) stop() {
	_ = d.service.Process.Kill()
	_ = d.service.Wait()
}

// killed kills the service (kill -9) and starts it again.
func (d *deskTest) killed() {
	d.t.Helper()
	d.stop()
	d.start()
}

func (d *deskTest) does(steps ...chromedp.Action) {
	d.t.Helper()
	if err := chromedp.Run(d.ctx, steps...); err != nil {
		var page string
		_ = chromedp.Run(d.ctx, chromedp.Text("body", &page))
		d.t.Fatalf("%v on a page that says: %.3000s", err, page)
	}
}

// says waits until an element holds a text, whatever the page does meanwhile.
func says(selector, text string) chromedp.Action {
	return holds(`(() => { const e = document.querySelector(`+fmt.Sprintf("%q", selector)+`); return e ? e.textContent : "" })()`, text)
}

// holds waits until what a script gives holds a text.
func holds(script, text string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		said := ""
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if err := chromedp.Evaluate(script, &said).Do(ctx); err == nil && strings.Contains(said, text) {
				return nil
			}
		}
		return fmt.Errorf("%s is %q, not %q", script, said, text)
	})
}

// follows follows a link until its page is there: a page that finds its service again is drawn anew, and a link that is pressed in that moment
// leads nowhere.
func follows(link string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var to, at string
		find, look := fmt.Sprintf(`document.querySelector(%q).href`, link), `location.href`
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Second) {
			if err := chromedp.Evaluate(look, &at).Do(ctx); err == nil && at == to {
				return nil
			}
			if err := chromedp.Evaluate(find, &to).Do(ctx); err == nil {
				_ = chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, link), nil).Do(ctx)
			}
		}
		return fmt.Errorf("%s led to %s", link, at)
	})
}

// value waits until a field has a value.
func value(selector, text string) chromedp.Action {
	return holds(`"=" + (document.querySelector(`+fmt.Sprintf("%q", selector)+`) || {}).value`, "="+text)
}

// A person drops a file, sends it, mends it and sends the rest, and the service is killed between any two steps, and once while they type:
// nothing that was typed, chosen or ordered is lost, and nothing is executed twice.
func TestAPersonWhoseServiceIsKilled(t *testing.T) {
	d := newDesk(t)
	content, err := simplifiedchinese.GBK.NewEncoder().String("accountNumber,lesBookingId,failReason\n3000372,LBD1,货物未备好\n3000372,LBD2,\n3000372,LBD3,\n3000372,LBD4,船期推迟\n")
	if err != nil {
		t.Fatal(err)
	}
	path := d.put("订单.csv", content)
	first, second := `tr[data-row="3"] input[data-key="failReason"]`, `tr[data-row="4"] input[data-key="failReason"]`
	d.killed()
	d.does(chromedp.Navigate("http://"+d.address+"/drop"), chromedp.WaitVisible("[data-drop]"))
	d.killed()
	d.does(chromedp.SetValue("select[name=route]", "failures"), chromedp.SetUploadFiles("input[type=file]", []string{path}), chromedp.Click("[data-drop] button"),
		chromedp.WaitVisible("button[value=send]"), says("main", "4 rows read; 2 would be sent"))
	if n := len(d.sim.Ledger()); n != 0 {
		t.Fatalf("%d executed before anybody said so", n)
	}
	d.killed()
	d.does(chromedp.Click("button[value=send]"), chromedp.WaitVisible("#live"), says("h1", "订单.csv"))
	d.killed()
	d.does(says("#live .counts", "2 delivered"), says("#live .counts", "2 invalid"), says("#live .state", "ended")) // by itself, without a reload
	d.killed()
	d.does(follows(`.counts a[href*="status=invalid"]`), says("table.rows", "LBD2"))
	d.killed()
	d.does(follows(`a[href$="/mend"]`), chromedp.WaitVisible("#mend"))
	d.stop()
	d.does(chromedp.SendKeys(first, "Hold"), says("[data-summary]", "cannot be reached")) // typed while nobody serves
	d.start()
	d.does(says("[data-summary]", "Would be sent: 1; still wrong: 1")) // checked when somebody does again
	d.killed()
	d.does(chromedp.Reload(), chromedp.WaitVisible("#mend"), value(first, "Hold"), chromedp.SendKeys(second, "Customs"), says("[data-summary]", "Would be sent: 2."))
	d.killed()
	d.does(chromedp.Reload(), chromedp.WaitVisible("#mend"), value(first, "Hold"), value(second, "Customs"), says("[data-summary]", "Would be sent: 2."))
	d.stop()
	d.does(chromedp.Click("[data-send]"), says("[data-summary]", "cannot be reached"), value(first, "Hold"), value(second, "Customs"))
	d.start()
	d.does(chromedp.WaitVisible("[data-send]:enabled"), chromedp.Click("[data-send]"), chromedp.WaitVisible("#live"))
	d.killed()
	d.does(says("#live .counts", "4 delivered"), says("#live .state", "ended"))
	all := d.sim.Ledger()
	if len(all) != 4 {
		t.Errorf("%d executed, want 4", len(all))
	}
	for _, x := range all {
		if x.Count != 1 {
			t.Errorf("%s was executed %d times", x.Key, x.Count)
		}
	}
}

// An administrator makes a first route of a sample: changes what fills a field, sees the request and the problems change with it, gets the
// text, has it written, and drops a file on the route a moment later. The service is killed on the way, and nothing chosen is lost.
func TestAFirstRouteInTheBrowser(t *testing.T) {
	d := newDesk(t)
	d.stop()
	text, err := os.ReadFile(filepath.Join(d.dir, "rowferry.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "routes:\n")
	d.put("rowferry.yaml", before) // the very first one
	d.start()
	sample := d.put("sample.csv", "Account,Booking,Why,Remark\n3000372,LBN1,Hold,first\n,LBN2,Hold,second\n3000372,LBN3,Customs,third\n")
	at := func(path string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".pairs select")].find((s) => s.name === "from:%s")`, path)
	}
	pick := func(path, heading string) chromedp.Action {
		return chromedp.Evaluate(`(() => { const s = `+at(path)+`; s.value = "`+heading+`"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`, nil)
	}
	d.does(chromedp.Navigate("http://"+d.address+"/new"), chromedp.SendKeys("input[name=route]", "fresh"), chromedp.SetValue("select[name=operation]", "les/shipmentFailed"),
		chromedp.SetUploadFiles("input[type=file]", []string{sample}), chromedp.Click("form.stack button"), chromedp.WaitVisible("#trial"))
	d.killed()
	d.does(says(".outcome", "failReason"), pick("failReason", "Why"), holds(at("failReason")+`.closest("tr").textContent`, "your choice"))
	d.killed()
	d.does(chromedp.Reload(), chromedp.WaitVisible("#trial"), holds(at("failReason")+`.closest("tr").textContent`, "Hold · Customs"), holds(at("lesBookingId")+`.closest("tr").textContent`, "please check"),
		says(".outcome pre", `"failReason": "Hold"`), says(".outcome pre", `"lesBookingId": "LBN1"`), says(".outcome", "3 rows read; 2 would be sent"))
	d.does(says(".outcome .tall", "Account"), pick("accountNumber", "="), holds(at("accountNumber")+`.value`, "="),
		chromedp.Evaluate(at("accountNumber")+`.nextElementSibling.focus()`, nil), input.InsertText("3000372"), chromedp.Evaluate(`document.activeElement.blur()`, nil),
		says(".outcome", "3 rows read; 3 would be sent"))
	d.killed()
	d.does(chromedp.Reload(), chromedp.WaitVisible("#trial"), says(".outcome", "3 rows read; 3 would be sent"), says("textarea", `accountNumber: {value: "3000372"} # chosen`))
	d.does(chromedp.Click("button[value=write]"), says("main", "The route is there."))
	if text, err = os.ReadFile(filepath.Join(d.dir, "routes.d", "fresh.yaml")); err != nil || strings.Contains(string(text), "accounts:") || !strings.Contains(string(text), "operation: shipmentFailed") {
		t.Fatalf("%v: %s", err, text)
	}
	d.killed() // it holds after a start, too
	d.does(chromedp.Navigate("http://"+d.address+"/drop?route=fresh"), chromedp.WaitVisible("[data-drop]"), chromedp.SetUploadFiles("input[type=file]", []string{sample}), chromedp.Click("[data-drop] button"),
		chromedp.WaitVisible("button[value=send]"), says("main", "3 rows read; 3 would be sent"), chromedp.Click("button[value=send]"), chromedp.WaitVisible("#live"), says("#live .counts", "3 delivered"), says("#live .state", "ended"))
	if n := len(d.sim.Ledger()); n != 3 {
		t.Errorf("%d executed", n)
	}
}

// What the page about the console tells programs to do works as it is written; only the address is another.
func TestTheConsolesPageWorksAsWritten(t *testing.T) {
	d := newService(t)
	d.stop()
	config, err := os.ReadFile(filepath.Join(d.dir, "rowferry.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d.put("rowferry.yaml", strings.Replace(string(config), "  failures:", "  orders:", 1))
	d.start()
	d.put("orders.csv", "accountNumber,lesBookingId,failReason\n3000372,LBP1,Hold\n3000372,LBP2,\n")
	steps := blocks(t, filepath.Join("..", "..", "docs", "console.md"), "For programs")
	if len(steps) != 1 || strings.Count(steps[0].text, usualConsole) != 2 {
		t.Fatalf("the page is another: %v", steps)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("set -e\nexport %s=1 ROWFERRY_CONFIG=\nrowferry() { '%s' \"$@\"; }\n", beRowferry, self) + strings.ReplaceAll(strings.ReplaceAll("\n"+steps[0].text, "\n$ ", "\n"), usualConsole, d.address)
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = d.dir
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	result, err := os.ReadFile(filepath.Join(d.dir, "result.csv"))
	if err != nil || !strings.Contains(string(result), "LBP1") || !strings.Contains(string(result), "delivered") || !strings.Contains(string(result), "invalid") {
		t.Errorf("%v: %s", err, result)
	}
}

// usualConsole is where the page says that the console is.
const usualConsole = "127.0.0.1:8420"
