package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe-core finds nothing serious on any page, in either theme.
func TestNothingSeriousForAxe(t *testing.T) {
	script, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	o := open(t)
	id := o.drop("ann", "failures", "a.csv", "accountNumber,lesBookingId,failReason\n3000372,LBA1,Hold\n3000372,LBA2,\n3000372,LBA3-REFUSE,Hold\n")
	o.ended(id)
	held := o.drop("ann", "failures", "q.csv", "these,are,other\n1,2,3\n")
	o.ended(held)
	ann := o.visitor("ann")
	sample := "accountNumber,lesBookingId,failReason\n3000372,LBX1,Hold\n3000372,LBX2,\n"
	pages := []string{"/", "/files", "/files?outcome=invalid", "/files/" + id, "/files/" + held, "/files/" + id + "/rows/4", "/files/" + id + "/mend", "/files/" + id + "/ask/resend?status=rejected", "/files/" + held + "/ask/release",
		"/drop", ann.upload("/drop", map[string]string{"route": "failures"}, "file", sample), "/accounts", "/accounts/les/ask/pause", "/partners", "/routes",
		"/new", ann.upload("/new", map[string]string{"route": "fresh", "operation": "les/shipmentFailed"}, "sample", sample), "/audit", "/people", "/nowhere"}
	ctx := browser(t, "en")
	look := func(page string) {
		t.Helper()
		does(t, ctx, opened("/"), chromedp.Evaluate(string(script)+";0", nil))
		for theme, options := range map[string]string{"light": `{resultTypes: ["violations"]}`, "dark": `{runOnly: ["color-contrast"]}`} { // only colours differ
			var found string
			does(t, ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}),
				chromedp.Evaluate(`axe.run(document, `+options+`).then((r) => JSON.stringify([r.passes.length, matchMedia("(prefers-color-scheme: `+theme+`)").matches].concat(r.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.any[0] || {message: ""}).message).join(" | ")))))`, &found,
					func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
			var all []any
			if err := json.Unmarshal([]byte(found), &all); err != nil {
				t.Fatal(err)
			}
			if passed, _ := all[0].(float64); passed < 1 || all[1] != true {
				t.Errorf("%s, %s: axe looked at %v rules; the theme is shown: %v", page, theme, all[0], all[1])
			}
			for _, one := range all[2:] {
				t.Errorf("%s, %s: %s", page, theme, one)
			}
		}
	}
	visit := func(page string) chromedp.Action {
		return chromedp.ActionFunc(func(ctx context.Context) error { return chromedp.Navigate("http://" + o.address + page).Do(ctx) })
	}
	does(t, ctx, visit("/sign-in"))
	look("/sign-in")
	o.signIn(ctx, "ann")
	for _, page := range pages {
		does(t, ctx, visit(page))
		look(page)
	}
	does(t, ctx, visit("/files/"+id+"/mend"), chromedp.WaitVisible("#mend", chromedp.ByQuery), chromedp.SetValue(`[data-replace="column"]`, "failReason", chromedp.ByQuery), chromedp.SendKeys(`[data-replace="with"]`, "Storm", chromedp.ByQuery),
		presses(`[data-replace="look"]`), says(`[data-replace="said"]`, "would change"))
	look("/mend with what would change")
	does(t, ctx, presses(`[data-replace="do"]`), says("#columns", "Changed in whole columns"), opened("/mend"))
	look("/mend with a changed column")
	does(t, ctx, visit("/partners"), chromedp.Click(`form[action="/doctor"] button`, chromedp.ByQuery), chromedp.WaitVisible("#ended", chromedp.ByQuery))
	look("/doctor")
}

// upload sends a form with a file, and returns the page that it leads to.
func (v *visitor) upload(path string, fields map[string]string, file, content string) string {
	v.o.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, text := range fields {
		_ = form.WriteField(name, text)
	}
	part, err := form.CreateFormFile(file, "sample.csv")
	if err != nil {
		v.o.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = form.Close()
	r := v.request("POST", path, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.o.t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		v.o.t.Fatalf("%s: %d", path, answer.StatusCode)
	}
	return answer.Header.Get("Location")
}
