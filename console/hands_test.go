package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/rowferry/rowferry/simulator"
)

// tabTo presses Tab until what is focused is one of these elements, as somebody without a mouse does.
func tabTo(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 200 {
			if err := chromedp.KeyEvent(kb.Tab).Do(ctx); err != nil {
				return err
			}
			var there bool
			if err := chromedp.Evaluate(fmt.Sprintf(`document.activeElement.matches(%q) && (() => { const b = document.activeElement.getBoundingClientRect(); return b.width > 0 && b.top >= 0 && b.bottom <= innerHeight })()`, selector), &there).Do(ctx); err != nil || there {
				return err
			}
		}
		return fmt.Errorf("Tab does not come to %s where it can be seen", selector)
	})
}

// focused waits until what is focused is one of these elements.
func focused(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		at := ""
		for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if err := chromedp.Evaluate(fmt.Sprintf(`document.activeElement.matches(%q) ? "" : document.activeElement.outerHTML.slice(0, 200)`, selector), &at).Do(ctx); err == nil && at == "" {
				return nil
			}
		}
		return fmt.Errorf("what is focused is %s, not %s", at, selector)
	})
}

// presses presses an element as soon as it is there and can be pressed, also on a page that loaded itself anew: what chromedp knows of such a page's
// elements may be those of the one before.
func presses(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		press := fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (document.readyState != "complete" || !e || e.disabled || !e.offsetParent) return false; e.focus(); e.click(); return true })()`, selector)
		for until := time.Now().Add(3 * time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
			var done bool
			if err := chromedp.Evaluate(press, &done).Do(ctx); err == nil && done {
				return nil
			}
		}
		return fmt.Errorf("%s cannot be pressed", selector)
	})
}

// reloaded loads the page again until an element holds a text, as somebody does whose browser runs no scripts.
func reloaded(selector, text string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		said := ""
		for until := time.Now().Add(3 * time.Minute); time.Now().Before(until); time.Sleep(300 * time.Millisecond) {
			if err := chromedp.Reload().Do(ctx); err != nil {
				return err
			}
			if err := chromedp.Text(selector, &said, chromedp.ByQuery).Do(ctx); err != nil || strings.Contains(said, text) {
				return err
			}
		}
		return fmt.Errorf("%s says %q, not %q", selector, said, text)
	})
}

// opened waits until a page whose whole address has a text is there in full: what is pressed before is pressed on the page before.
func opened(part string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		at := ""
		for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if err := chromedp.Evaluate(`document.readyState == "complete" ? location.href : ""`, &at).Do(ctx); err == nil && strings.Contains(at, part) {
				return nil
			}
		}
		return fmt.Errorf("at %s, without %s", at, part)
	})
}

// arrived waits until a page's address ends so.
func arrived(end string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		at := ""
		for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if err := chromedp.Evaluate(`document.readyState == "complete" ? location.pathname : ""`, &at).Do(ctx); err == nil && strings.HasSuffix(at, end) {
				return nil
			}
		}
		return fmt.Errorf("at %s, not %s", at, end)
	})
}

// A person without a mouse signs in, drops a file and sends it, mends a row, and pauses an account.
func TestByKeyboardAlone(t *testing.T) {
	o := open(t)
	path := filepath.Join(t.TempDir(), "keys.csv")
	if err := os.WriteFile(path, []byte("accountNumber,lesBookingId,failReason\n3000372,LBK1,Hold\n3000372,LBK2,\n3000372,LBK3,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, "en")
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/"), chromedp.WaitVisible("input[name=password]"), chromedp.KeyEvent("ann"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("correct horse ann"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("nav"))
	does(t, ctx, chromedp.KeyEvent(kb.Tab), focused(".skip"), chromedp.KeyEvent(kb.Enter), focused("main"))
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/"), chromedp.WaitVisible("nav"), tabTo(`nav a[href="/drop"]`), chromedp.KeyEvent(kb.Enter), arrived("/drop"), chromedp.WaitVisible("[data-drop]"))
	does(t, ctx, tabTo("select[name=route]"), tabTo("input[type=file]"), chromedp.SetUploadFiles("input[type=file]", []string{path}), tabTo("[data-drop] button"), chromedp.KeyEvent(kb.Enter), says("main", "3 rows read; 1 would be sent"))
	does(t, ctx, tabTo("button[value=send]"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#live"), says("#live .state", "ended"))
	does(t, ctx, tabTo(`a[href$="/mend"]`), chromedp.KeyEvent(kb.Enter), arrived("/mend"), chromedp.WaitVisible("#mend"), tabTo(`input[data-key=failReason]`), chromedp.KeyEvent("Hold"), chromedp.KeyEvent(kb.Enter), focused(`tr[data-row="4"] input[data-key=failReason]`),
		chromedp.KeyEvent("Hold"), says("[data-summary]", "Would be sent: 2."), tabTo("[data-send]:enabled"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#live"), says("#live .counts", "3 delivered"))
	does(t, ctx, tabTo(`nav a[href="/accounts"]`), chromedp.KeyEvent(kb.Enter), arrived("/accounts"), tabTo(`a[href$="/ask/pause"]`), chromedp.KeyEvent(kb.Enter), arrived("/ask/pause"), tabTo("input[name=why]"), chromedp.KeyEvent("a holiday"), chromedp.KeyEvent(kb.Enter), arrived("/accounts"), says("#accounts", "stopped"))
}

// A browser that runs no scripts does everything but the grid: it drops a file and sends it, finds rows, sends one again that nobody knows about, makes a
// first route, pauses an account.
func TestWithoutScripts(t *testing.T) {
	o := open(t)
	ctx := browser(t, "en")
	path := filepath.Join(t.TempDir(), "plain.csv")
	if err := os.WriteFile(path, []byte("accountNumber,lesBookingId,failReason\n3000372,LBP1,Hold\n3000372,LBP2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.SetFaults(simulator.Faults{CutBefore: 1}); err != nil {
		t.Fatal(err)
	}
	does(t, ctx, emulation.SetScriptExecutionDisabled(true))
	o.signIn(ctx, "ann")
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/drop"), chromedp.SetValue("select[name=route]", "failures"), chromedp.SetUploadFiles("input[type=file]", []string{path}), chromedp.Click("[data-drop] button"), says("main", "2 rows read; 1 would be sent"),
		chromedp.Click("button[value=send]"), chromedp.WaitVisible("#live"), reloaded("#live .counts", "1 unknown"), reloaded("#live .state", "ended"))
	if err := o.sim.SetFaults(simulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	does(t, ctx, chromedp.SetValue("input[type=search]", "LBP2"), chromedp.Click(".filters button"), opened("LBP2"), says("table.rows", "LBP2"), chromedp.Click(`a[href*="/rows/3"]`), says("h1", "invalid"), chromedp.NavigateBack(), chromedp.WaitVisible("#live"))
	does(t, ctx, chromedp.Click(`a[href$="/ask/resend?status=unknown"]`), chromedp.Click("input[name=looked]"), chromedp.Click("form.stack button.primary"), chromedp.WaitVisible("#live"), reloaded("#live .counts", "1 delivered"), reloaded("#live .state", "ended"))
	does(t, ctx, chromedp.Click(`a[href$="/mend"]`), says("noscript", "script"))
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/new"), chromedp.SetValue("input[name=route]", "fresh"), chromedp.SetUploadFiles("input[type=file]", []string{path}), chromedp.SetValue("select[name=operation]", "les/shipmentFailed"), chromedp.Click("form.stack button"), says(".outcome", "2 rows read; 1 would be sent"),
		chromedp.SetValue(`select[name="from:failReason"]`, "="), chromedp.SetValue(`input[name="value:failReason"]`, "Hold"), chromedp.Click("#fields button"), says(".outcome", "2 rows read; 2 would be sent"))
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/accounts"), chromedp.Click(`a[href$="/ask/pause"]`), chromedp.Click("form.stack button.primary"), chromedp.WaitVisible("#accounts"), reloaded("#accounts", "stopped"))
}
