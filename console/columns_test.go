package console_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// changes is what the API answers to a change of columns.
type changes struct {
	Rows, Cells, Left int
	Examples          []struct {
		Row                          int
		Place, Column, Before, After string
	}
	Typed   map[int]map[string]string
	Message string
}

// post posts JSON as somebody; the answer must have the status.
func (o *office) post(name, path, body string, status int, into any) {
	o.t.Helper()
	got, text := o.ask(name, "POST", path, body)
	if got != status {
		o.t.Fatalf("%s: %d %s", path, got, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			o.t.Fatalf("%v in %s", err, text)
		}
	}
}

// toMend drops a file of n rows without a reason below three that are delivered, under a title of two lines, and waits for its end.
func (o *office) toMend(n int) string {
	o.t.Helper()
	var b strings.Builder
	b.WriteString("Failures of November,,\n,,\naccountNumber,lesBookingId,failReason\n3000372,LBC1,Hold\n3000372,LBC2,Hold\n3000372,LBC3,Hold\n")
	for i := range n {
		fmt.Fprintf(&b, "3000372,LBC9%05d,\n", i)
	}
	id := o.drop("ann", "failures", "columns.csv", b.String())
	if f := o.ended(id); f.Counts["invalid"] != n || f.Counts["delivered"] != 3 {
		o.t.Fatalf("%+v", f)
	}
	return id
}

// A change of a column holds for every row that was not delivered, however many pages they fill. It is previewed, saved, there after a restart and for
// nobody else, taken back, and sent with what was typed.
func TestWholeColumns(t *testing.T) {
	o := open(t)
	const rows = 450
	id := o.toMend(rows)
	at := "/api/v1/files/" + id + "/mend"
	fill := `{"columns": [{"column": "failReason", "find": "", "replace": "Hold"}], "rows": {"10": {"failReason": "typed"}, "11": {"lesBookingId": "LBCX"}}, "check": true}`
	var c changes
	o.post("ann", at+"/columns", fill, 200, &c)
	if c.Rows != rows || c.Cells != rows-1 || len(c.Examples) != 5 || c.Examples[0].Row != 7 || c.Examples[0].Before != "" || c.Examples[0].After != "Hold" || !strings.HasPrefix(c.Message, "449 cells would change; 450 rows") {
		t.Fatalf("%+v", c)
	}
	var d struct {
		Columns []struct {
			N, Cells, Values      int
			Column, Find, Replace string
		}
	}
	if o.get("ann", at+"/columns", &d); len(d.Columns) != 0 {
		t.Fatalf("a preview saved %+v", d)
	}
	o.post("ann", at+"/columns", strings.Replace(fill, "true", "false", 1), 200, nil)
	o.post("ann", at+"/columns", `{"columns": [{"column": "failReason", "find": "Hold", "replace": "On hold"}], "rows": {"10": {"failReason": "a Hold"}}}`, 200, &c)
	if c.Cells != rows || c.Typed[10]["failReason"] != "a On hold" {
		t.Fatalf("%+v", c)
	}
	o.stop()
	o.start()
	if o.get("ann", at+"/columns", &d); len(d.Columns) != 2 || d.Columns[1].Replace != "On hold" || d.Columns[1].Cells != rows {
		t.Fatalf("%+v", d)
	}
	if o.get("olga", at+"/columns", &d); len(d.Columns) != 0 {
		t.Errorf("olga has ann's draft: %+v", d)
	}
	o.post("olga", at+"/columns", `{"columns": [{"column": "failReason", "replace": "Fog"}]}`, 200, nil)
	if status, body := o.ask("vera", "POST", at+"/columns", fill); status != 403 {
		t.Errorf("a viewer: %d %s", status, body)
	}
	if status, body := o.ask("sam", "POST", at+"/columns", fill); status != 404 {
		t.Errorf("a sender of another route: %d %s", status, body)
	}
	if status, body := o.ask("ann", "POST", at+"/columns", `{"columns": [{"column": "reason"}]}`); status != 422 || !strings.Contains(body, "no-column") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := o.ask("ann", "DELETE", at+"/columns/7", ""); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := o.ask("ann", "DELETE", at+"/columns/2", ""); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	var found struct {
		Sendable int `json:"would_be_sent"`
		Invalid  int
		Problems []struct{ Row int }
		More     int `json:"more_problems"`
	}
	o.post("ann", at, `{"draft": true, "check": true, "rows": {"12": {"failReason": ""}, "300": {"failReason": ""}}, "shown": [12, 13]}`, 200, &found)
	if found.Sendable != rows-2 || found.Invalid != 2 || len(found.Problems) != 1 || found.Problems[0].Row != 12 || found.More != 1 {
		t.Fatalf("%+v", found)
	}
	var taken struct{ ID string }
	o.post("ann", at, `{"draft": true, "rows": {"12": {"failReason": "Storm"}}}`, 202, &taken)
	if f := o.ended(taken.ID); f.Counts["delivered"] != rows+3 {
		t.Errorf("%+v", f)
	}
	for _, x := range o.sim.Ledger() {
		if x.Count != 1 {
			t.Errorf("%s was executed %d times", x.Key, x.Count)
		}
	}
	if o.get("ann", at+"/columns", &d); len(d.Columns) != 0 {
		t.Errorf("what was sent is still a draft: %+v", d)
	}
	if status, body := o.ask("olga", "POST", at, `{"draft": true}`); status != 409 || !strings.Contains(body, `"superseded"`) || !strings.Contains(body, taken.ID) {
		t.Errorf("who comes later: %d %s", status, body)
	}
	if o.get("olga", at+"/columns", &d); len(d.Columns) != 1 {
		t.Errorf("what olga changed is lost: %+v", d)
	}
}

// Values are filled in from a row on, one a row, in rows that were not delivered; those that find no row are told.
func TestAColumnIsFilledIn(t *testing.T) {
	o := open(t)
	id := o.toMend(450)
	at := "/api/v1/files/" + id + "/mend"
	var values []string
	for i := range 400 {
		values = append(values, fmt.Sprint("Reason ", i))
	}
	list, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	change := fmt.Sprintf(`{"columns": [{"column": "failReason", "from": 107, "values": %s}], "rows": {"106": {"failReason": "mine"}, "107": {"failReason": "mine"}}}`, list)
	var c changes
	o.post("ann", at+"/columns", change, 200, &c)
	if c.Cells != 350 || c.Left != 50 || c.Examples[0].Row != 107 || c.Examples[0].After != "Reason 0" || c.Typed[106]["failReason"] != "mine" || c.Typed[107] != nil || !strings.HasSuffix(c.Message, "50 values have no row to go into.") {
		t.Fatalf("%+v", c)
	}
	if status, body := o.ask("ann", "POST", at+"/columns", strings.Replace(change, "107", "5", 1)); status != 422 || !strings.Contains(body, "no-row") {
		t.Errorf("from a row that was delivered: %d %.300s", status, body)
	}
	var taken struct{ ID string }
	o.post("ann", at, `{"draft": true}`, 202, &taken)
	if f := o.ended(taken.ID); f.Counts["delivered"] != 353 || f.Counts["invalid"] != 100 {
		t.Fatalf("%+v", f)
	}
	var row struct{ Cells map[string]string }
	if o.get("ann", "/api/v1/files/"+taken.ID+"/rows/451", &row); row.Cells["failReason"] != "Reason 346" {
		t.Errorf("%+v", row)
	}
}

// Many rows of which nobody knows go again once somebody says that all were looked up; nothing else does.
func TestAllUnknownRowsWereLookedUp(t *testing.T) {
	o := open(t)
	o.unsure()
	id := o.drop("ann", "failures", "u.csv", sheet(30, "LBU"))
	if f := o.ended(id); f.Counts["unknown"] != 30 {
		t.Fatalf("%+v", f)
	}
	o.sure()
	at := "/api/v1/files/" + id + "/mend"
	if status, body := o.ask("ann", "POST", at, `{"resend_all": ["delivered"]}`); status != 422 {
		t.Errorf("%d %s", status, body)
	}
	var found struct {
		Sendable int `json:"would_be_sent"`
	}
	if o.post("ann", at, `{"check": true}`, 200, &found); found.Sendable != 0 {
		t.Errorf("%+v", found)
	}
	var taken struct{ ID string }
	o.post("ann", at, `{"resend_all": ["unknown"]}`, 202, &taken)
	if f := o.ended(taken.ID); f.Counts["delivered"] != 30 || len(o.sim.Ledger()) != 30 {
		t.Errorf("%+v, executed %d", f, len(o.sim.Ledger()))
	}
}

// Somebody replaces in a column that fills three pages, sees what would change before it does, pastes a column that is longer than the page, takes the
// first change back, and sends; the service is stopped and started between.
func TestColumnsInTheBrowser(t *testing.T) {
	o := open(t)
	id := o.toMend(450)
	ctx := browser(t, "en")
	o.signIn(ctx, "ann")
	again := func() { o.stop(); o.start() }
	does(t, ctx, chromedp.Navigate("http://"+o.address+"/files/"+id+"/mend"), chromedp.WaitVisible("#mend"), chromedp.SetValue(`[data-replace="column"]`, "failReason"), chromedp.SendKeys(`[data-replace="with"]`, "Hold"), presses(`[data-replace="look"]`),
		says(`[data-replace="said"]`, "450 cells would change; 450 rows"), says(`[data-replace="examples"]`, "Row 7: “” → “Hold”"), presses(`[data-replace="do"]`), says("#mend", "450 cells"), says("[data-summary]", "Would be sent: 450."))
	again()
	does(t, ctx, chromedp.Reload(), says("[data-summary]", "Would be sent: 450."), presses(`.pager a[href*="cursor="]`), opened("cursor="), says("[data-summary]", "Would be sent: 450."))
	var cells []string // of the page: how long it is depends on how long it took
	last := 0
	does(t, ctx, chromedp.Evaluate(`[...document.querySelectorAll('input[data-key="failReason"]')].map((i) => i.value)`, &cells), chromedp.Evaluate(`+[...document.querySelectorAll("tr[data-row]")].at(-1).dataset.row`, &last))
	if len(cells) < 2 || slices.ContainsFunc(cells, func(c string) bool { return c != "Hold" }) {
		t.Errorf("the second page has %q", cells)
	}
	fits := 457 - last // rows 7 to 456 are to be mended
	paste := fmt.Sprintf(`(() => { const to = document.querySelector('tr[data-row="%d"] input[data-key="failReason"]'); to.focus(); const d = new DataTransfer(); d.setData("text", Array.from({length: %d}, (_, i) => "Reason " + i).join("\r\n") + "\r\n"); to.dispatchEvent(new ClipboardEvent("paste", {clipboardData: d, bubbles: true, cancelable: true})); })()`, last, fits+3)
	does(t, ctx, chromedp.Evaluate(paste, nil), says(`[data-replace="said"]`, fmt.Sprintf("%d cells would change", fits)), says(`[data-replace="said"]`, "3 values have no row"), says(`[data-replace="examples"]`, fmt.Sprintf("Row %d: “Hold” → “Reason 0”", last)),
		presses(`[data-replace="do"]`), says("#mend", fmt.Sprintf("%d values filled in", fits)), says("[data-summary]", "Would be sent: 450."))
	again()
	first := `tr[data-row] input[data-key="failReason"]`
	does(t, ctx, presses(`[data-undo="1"]`), says("[data-summary]", fmt.Sprintf("Would be sent: %d; still wrong: %d", fits, 450-fits)), presses(first), chromedp.KeyEvent("Hold"), says("[data-summary]", fmt.Sprintf("Would be sent: %d; still wrong: %d", fits+1, 449-fits)),
		presses("[data-send]"), says("#live .counts", fmt.Sprintf("%d delivered", fits+4)))
	var wrong []string
	for _, x := range o.sim.Ledger() {
		if x.Count != 1 {
			wrong = append(wrong, x.Key)
		}
	}
	if len(wrong) > 0 {
		t.Errorf("executed otherwise than once: %v", wrong)
	}
}
