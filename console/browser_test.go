package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowferry/rowferry/simulator"
)

// chromium is the one that all tests share. It is started when the first of them needs it.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	called string // what it calls itself
	err    error
	stop   func()
}

func start() {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.Flag("disable-background-networking", true))
	all, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(all)
	chromium.ctx, chromium.stop = ctx, func() { _ = chromedp.Cancel(ctx); cancel(); stop() }
	chromium.err = chromedp.Run(ctx, chromedp.Evaluate("navigator.userAgent", &chromium.called))
}

// tests are all tests of the package; once they ran, the shared Chromium ends.
type tests struct{ *testing.M }

func (m tests) Run() int {
	code := m.M.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	return code
}

// browser is a tab of a real Chromium that has no cookies, of somebody who reads a language; a window of its own would cost as much as a Chromium. What
// pages complain about in its console fails the test.
func browser(t *testing.T, language string) context.Context {
	t.Helper()
	if chromium.once.Do(start); chromium.err != nil {
		t.Fatal(chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	does(t, ctx, network.ClearBrowserCookies(), emulation.SetUserAgentOverride(chromium.called).WithAcceptLanguage(language))
	chromedp.ListenTarget(ctx, func(e any) {
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script: %s", e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				t.Errorf("the page's script says an error: %s", e.Args[0].Value)
			}
		}
	})
	ctx, late := context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(late)
	return ctx
}

// does runs steps in a browser.
func does(t testing.TB, ctx context.Context, steps ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, steps...); err != nil {
		var page string
		_ = chromedp.Run(ctx, chromedp.Text("body", &page))
		t.Fatalf("%v on a page that says: %.2000s", err, page)
	}
}

func (o *office) signIn(ctx context.Context, name string) {
	o.t.Helper()
	does(o.t, ctx, chromedp.Navigate("http://"+o.address+"/"), chromedp.WaitVisible("input[name=password]"),
		chromedp.SendKeys("input[name=name]", name), chromedp.SendKeys("input[name=password]", "correct horse "+name),
		chromedp.Click("form.stack button"), chromedp.WaitVisible("nav"))
}

// says waits until an element holds a text, whatever the page does meanwhile.
func says(selector, text string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		look := `(() => { const e = document.querySelector(` + quoted(selector) + `); return e ? e.textContent : "" })()`
		said := ""
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			if err := chromedp.Evaluate(look, &said).Do(ctx); err == nil && strings.Contains(said, text) {
				return nil
			}
		}
		return fmt.Errorf("%s says %q, not %q", selector, said, text)
	})
}

// pastes is what a spreadsheet put on the clipboard, pasted into a cell.
func pastes(selector, text string) chromedp.Action {
	said, _ := json.Marshal(text)
	return chromedp.Evaluate(`(() => { const to = document.querySelector(`+quoted(selector)+`); to.focus(); const d = new DataTransfer(); d.setData("text", `+string(said)+`); to.dispatchEvent(new ClipboardEvent("paste", {clipboardData: d, bubbles: true, cancelable: true})); })()`, nil)
}

func quoted(s string) string { return "\"" + strings.ReplaceAll(s, `"`, `\"`) + "\"" }

// A person signs in, drops a file in GBK, sees what it would do, sends it, watches it to its end without a reload, mends two
// rows and sees the whole truth; the service is stopped and started between the steps. Cells of several lines keep them, those of the file and
// what is pasted from a spreadsheet, which puts such a cell into quotes.
func TestAPersonsDay(t *testing.T) {
	o := open(t)
	ctx := browser(t, "en")
	content, err := simplifiedchinese.GBK.NewEncoder().String("accountNumber,lesBookingId,failReason\n3000372,LBD1,货物未备好\n3000372,LBD2,\n,LBD3,\"Hold\nsince Monday\"\n3000372,LBD4,船期推迟\n")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "订单.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.SetFaults(simulator.Faults{Delay: simulator.Duration(700 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	again := func() { o.stop(); o.start() }
	o.signIn(ctx, "ann")
	again()
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/drop"), chromedp.WaitVisible("[data-drop]"), chromedp.SetValue("select[name=route]", "failures"), chromedp.SetUploadFiles("input[type=file]", []string{path}),
		chromedp.Click("[data-drop] button"), chromedp.WaitVisible("button[value=send]"), says("main", "4 rows read; 2 would be sent"))
	if n := len(o.sim.Ledger()); n != 0 {
		t.Fatalf("%d executed before anybody said so", n)
	}
	again()
	does(t, ctx, chromedp.Click("button[value=send]"), chromedp.WaitVisible("#live"), says("h1", "订单.csv"))
	does(t, ctx, says("#live .counts", "2 delivered"), says("#live .counts", "2 invalid"))
	does(t, ctx, says("#live .state", "ended"))
	again()
	does(t, ctx, chromedp.Reload(), chromedp.WaitVisible("#live"), chromedp.Click(`.counts a[href*="status=invalid"]`), says("table.rows", "LBD2"))
	var shown int
	does(t, ctx, chromedp.Evaluate(`document.querySelectorAll("table.rows tbody tr").length`, &shown))
	if shown != 2 {
		t.Errorf("%d invalid rows are shown", shown)
	}
	does(t, ctx, chromedp.Click(`a[href$="/mend"]`), chromedp.WaitVisible("#mend"),
		pastes(`tr[data-row="3"] [data-key="failReason"]`, "\"Hold,\r\nas \"\"he\"\" said\"\r\n"), says("[data-summary]", "Would be sent: 1; still wrong: 1"))
	again()
	does(t, ctx, chromedp.Reload(), chromedp.WaitVisible("#mend"), says("[data-summary]", "Would be sent: 1"), // what was typed is still there
		chromedp.SendKeys(`tr[data-row="4"] [data-key="failReason"]`, kb.End+" noon"), chromedp.SendKeys(`tr[data-row="4"] input[data-key="accountNumber"]`, "3000372"), says("[data-summary]", "Would be sent: 2."),
		chromedp.Click("[data-send]"), chromedp.WaitVisible("#live"), says("#live .counts", "4 delivered"))
	at := ""
	does(t, ctx, chromedp.Evaluate("location.pathname", &at))
	for n, reason := range map[int]string{3: "Hold,\nas \"he\" said", 4: "Hold noon\nsince Monday"} {
		var row struct{ Sent map[string]string }
		if o.get("ann", fmt.Sprint("/api/v1", at, "/rows/", n), &row); row.Sent["failReason"] != reason {
			t.Errorf("of row %d %q was sent", n, row.Sent["failReason"])
		}
	}
	for _, x := range o.sim.Ledger() {
		if x.Count != 1 {
			t.Errorf("%s was executed %d times", x.Key, x.Count)
		}
	}
}

// Of rows nobody knows about, a person says that they looked; without the tick nothing is sent. A viewer is not even asked.
func TestAnUnknownRow(t *testing.T) {
	o := open(t)
	if err := o.sim.SetFaults(simulator.Faults{CutBefore: 1}); err != nil {
		t.Fatal(err)
	}
	id := o.drop("ann", "failures", "u.csv", sheet(1, "LBU"))
	if f := o.ended(id); f.Counts["unknown"] != 1 || len(o.sim.Ledger()) != 0 {
		t.Fatalf("%+v, executed %v", f, o.sim.Ledger())
	}
	if err := o.sim.SetFaults(simulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	viewer := browser(t, "en")
	o.signIn(viewer, "vera")
	does(t, viewer, chromedp.Navigate("http://"+o.address+"/files/"+id+"/mend"), says("h1", "That cannot be done"), says("main", "needs the role sender"))
	does(t, viewer, chromedp.Navigate("http://"+o.address+"/files/"+id), chromedp.WaitVisible("#live"))
	var actions int
	does(t, viewer, chromedp.Evaluate(`document.querySelectorAll(".actions a, a[href*='/ask/']").length`, &actions))
	if actions != 0 {
		t.Errorf("a viewer is offered %d actions", actions)
	}
	_ = chromedp.Cancel(viewer)
	ann := browser(t, "en")
	o.signIn(ann, "ann")
	does(t, ann, chromedp.Navigate("http://"+o.address+"/files/"+id+"/mend"), chromedp.WaitVisible("#mend"), chromedp.WaitVisible("[data-send]:disabled", chromedp.ByQuery),
		chromedp.SendKeys("[data-resend]", " ", chromedp.ByQuery), says("[data-summary]", "Would be sent: 1."), chromedp.Click("[data-send]", chromedp.ByQuery),
		chromedp.WaitVisible("#live", chromedp.ByQuery), says("#live .counts", "1 delivered"))
	if all := o.sim.Ledger(); len(all) != 1 || all[0].Count != 1 {
		t.Errorf("executed %v", all)
	}
}

// A page that is left open while its session ends leads to the sign-in, and from there back: it does not look as if nothing were there.
func TestASessionEndsUnderAPage(t *testing.T) {
	o := open(t)
	ctx := browser(t, "en")
	o.signIn(ctx, "ann")
	o.ended(o.drop("ann", "failures", "first.csv", sheet(1, "LBF")))
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/files"), says("#list", "first.csv"))
	var all struct{ Sessions []struct{ ID string } }
	if o.get("ann", "/api/v1/people", &all); len(all.Sessions) != 1 {
		t.Fatalf("%+v", all)
	}
	if status, body := o.ask("ann", "DELETE", "/api/v1/people/sessions/"+all.Sessions[0].ID, ""); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	ask := `fetch(location.href, { headers: { "HX-Request": "true" } }).then((a) => a.headers.get("HX-Refresh") + " " + a.status)`
	said := ""
	does(t, ctx, chromedp.Evaluate(ask, &said, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if said != "true 401" {
		t.Errorf("a part of the page: %s", said)
	}
	does(t, ctx, chromedp.Evaluate(`htmx.trigger("#list", "refresh")`, nil), arrived("/sign-in"), chromedp.SendKeys("input[name=name]", "ann"), chromedp.SendKeys("input[name=password]", "correct horse ann"),
		chromedp.Click("form.stack button"), says("#list", "first.csv"))
}

// The pages speak the browser's language, and the one that was chosen. Somebody who reads Chinese, and somebody who reads Russian, drops a file, sends it
// and mends a row.
func TestLanguages(t *testing.T) {
	o := open(t)
	for language, words := range map[string]struct{ today, needs, read, state, delivered, would string }{
		"zh-CN": {"今天", "需要处理", "读取 2 行；将以 1 个请求发送 1 行。", "已完成", "2 已送达", "将发送 1 行"},
		"ru-RU": {"Сегодня", "Требует внимания", "Прочитано: 2 строки; к отправке: 1, запросов: 1.", "завершён", "2 доставлено", "Строк к отправке: 1."},
	} {
		ctx := browser(t, language)
		o.signIn(ctx, "ann")
		does(t, ctx, says("h1", words.today), says("main", words.needs))
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte("accountNumber,lesBookingId,failReason\n3000372,LB"+language+"1,Hold\n3000372,LB"+language+"2,\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		does(t, ctx, chromedp.Navigate("http://"+o.address+"/drop"), chromedp.WaitVisible("[data-drop]"), chromedp.SetUploadFiles("input[type=file]", []string{path}), presses("[data-drop] button"), says("main", words.read),
			presses("button[value=send]"), says("#live .state", words.state), presses(`#actions a[href$="/mend"]`), arrived("/mend"),
			presses(`tr[data-row="3"] input[data-key="failReason"]`), chromedp.KeyEvent("Hold"), says("[data-summary]", words.would), presses("[data-send]"), says("#live .counts", words.delivered))
		var seen bool
		does(t, ctx, chromedp.EmulateViewport(360, 800), chromedp.Navigate("http://"+o.address+"/people"), chromedp.WaitVisible("main h1"),
			chromedp.Poll(`(() => { const r = document.querySelector("nav [aria-current]").getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth })()`, &seen, chromedp.WithPollingTimeout(time.Minute)))
		does(t, ctx, chromedp.Navigate("http://"+o.address+"/"), says("h1", words.today), presses(`button[lang="en"]`), says("h1", "Today"))
	}
}
