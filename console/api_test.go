package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
)

// Connections that tests leave to net/http are no goroutines of ours.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(tests{m}, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// A file goes its whole way over the API: dropped, looked at, mended, sent again. What was delivered goes once.
func TestAFileOverTheAPI(t *testing.T) {
	o := open(t)
	content := "accountNumber,lesBookingId,failReason\n3000372,LBA1,Hold\n3000372,LBA2,\n3000372,LBA3-REFUSE,Hold\n"
	status, body := o.ask("ann", "POST", "/api/v1/routes/failures/files?name=a.csv&check=true", content)
	if status != 200 || !strings.Contains(body, `"would_be_sent":2`) || !strings.Contains(body, `"invalid":1`) || !strings.Contains(body, `"first":[{"rows":[2],"body":{`) || len(o.sim.Ledger()) != 0 {
		t.Fatalf("check: %d %s, executed %v", status, body, o.sim.Ledger())
	}
	id := o.drop("ann", "failures", "a.csv", content)
	f := o.ended(id)
	if f.Counts["read"] != 3 || f.Counts["delivered"] != 1 || f.Counts["rejected"] != 1 || f.Counts["invalid"] != 1 || f.Counts["waiting"] != 0 {
		t.Fatalf("%+v", f)
	}
	if status, body := o.ask("ann", "POST", "/api/v1/routes/failures/files?name=again.csv", content); status != 200 || !strings.Contains(body, id) {
		t.Errorf("the same content again: %d %s", status, body)
	}
	var rows struct {
		Rows []struct {
			Row     int
			Outcome string
			Cells   map[string]string
		}
		Next string
	}
	o.get("ann", "/api/v1/files/"+id+"/rows?status=invalid,rejected", &rows)
	if len(rows.Rows) != 2 || rows.Rows[0].Cells["lesBookingId"] != "LBA2" {
		t.Errorf("%+v", rows)
	}
	var row struct{ Sent map[string]string }
	o.get("ann", "/api/v1/files/"+id+"/rows/2", &row)
	if row.Sent["lesBookingId"] != "LBA1" {
		t.Errorf("%+v", row)
	}
	var refused struct {
		Answered struct {
			Status int
			Body   string
		}
	}
	o.get("ann", "/api/v1/files/"+id+"/rows/4", &refused)
	if refused.Answered.Status != 200 || !strings.Contains(refused.Answered.Body, "code") {
		t.Errorf("what the provider answered: %+v", refused)
	}
	if _, page := o.ask("vera", "GET", "/files/"+id+"/rows/4", ""); !strings.Contains(page, "HTTP 200") {
		t.Errorf("the page does not show the answer: %s", page)
	}
	for _, page := range []string{"/", "/files", "/files?outcome=invalid", "/files/" + id, "/files/" + id + "?status=invalid&search=Hold", "/files/" + id + "/rows/2", "/files/" + id + "/rows/3", "/files/" + id + "/mend",
		"/files/" + id + "/ask/resend?status=rejected", "/drop", "/drop?route=failures", "/accounts", "/accounts/les/ask/pause", "/partners", "/routes", "/routes/failures/template", "/new", "/audit", "/audit?by=ann", "/people"} {
		if status, text := o.ask("ann", "GET", page, ""); status != 200 || len(text) > 150<<10 {
			t.Errorf("%s: %d, %d bytes: %.200s", page, status, len(text), text)
		}
	}
	edits := `{"rows": {"3": {"failReason": "Customs"}, "4": {"lesBookingId": "LBA3"}}, "check": true}`
	status, body = o.ask("ann", "POST", "/api/v1/files/"+id+"/mend", edits)
	if status != 200 || !strings.Contains(body, `"would_be_sent":2`) || !strings.Contains(body, `"delivered_before":1`) {
		t.Errorf("check of a mend: %d %s", status, body)
	}
	status, body = o.ask("ann", "POST", "/api/v1/files/"+id+"/mend", strings.Replace(edits, "true", "false", 1))
	var mended struct{ ID string }
	if err := json.Unmarshal([]byte(body), &mended); err != nil || status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	if f := o.ended(mended.ID); f.Counts["delivered"] != 3 {
		t.Errorf("%+v", f)
	}
	for _, x := range o.sim.Ledger() {
		if x.Count != 1 {
			t.Errorf("%s was executed %d times", x.Key, x.Count)
		}
	}
	if status, body := o.ask("ann", "POST", "/api/v1/files/"+id+"/resend", `{"status": ["rejected"]}`); status != http.StatusConflict || !strings.Contains(body, `"superseded"`) {
		t.Errorf("resend of a file whose result was dropped: %d %s", status, body)
	}
	for path, want := range map[string]string{"result.csv": "LBA3-REFUSE", "original": "LBA3-REFUSE", "summary.json": `"rejected"`} {
		if status, body := o.ask("vera", "GET", "/api/v1/files/"+id+"/"+path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"result.csv", "result.xlsx"} { // twice the same, and so it is called
		if first, second := o.tag(path, id), o.tag(path, id); first == "" || first != second {
			t.Errorf("ETag of %s: %s, %s", path, first, second)
		}
	}
	twice := o.drop("ann", "failures", "b.csv", "accountNumber,lesBookingId,failReason\n3000372,LBA1,Hold\n3000372,LBB1,Hold\n")
	o.ended(twice)
	const resend, kind = "/ask/resend?status=skipped", "application/x-www-form-urlencoded"
	if _, page := o.ask("ann", "GET", "/files/"+twice+resend, ""); !strings.Contains(page, `name="twice"`) || !strings.Contains(page, "the same was sent before") {
		t.Errorf("nobody is asked whether what was delivered goes twice: %s", page)
	}
	if status, page := o.send("ann", "POST", "/files/"+twice+resend, "", kind); status != http.StatusUnprocessableEntity {
		t.Errorf("what was delivered goes twice without a tick: %d %s", status, page)
	}
	if _, page := o.ask("ann", "GET", "/files/"+twice+"/mend", ""); strings.Count(page, "data-resend>") != 1 {
		t.Errorf("the row that was held has no tick of its own: %s", page)
	}
	var acts struct {
		Acts []struct{ By, Verb, File string }
	}
	o.get("olga", "/api/v1/audit?verb=mend", &acts)
	if len(acts.Acts) != 1 || acts.Acts[0].By != "ann" || acts.Acts[0].File != mended.ID {
		t.Errorf("audit: %+v", acts)
	}
	status, body = o.ask("olga", "GET", "/audit.csv?verb=mend", "")
	if lines := strings.Split(strings.TrimSpace(body), "\n"); status != 200 || len(lines) != 2 || !strings.Contains(lines[1], ",ann,") || !strings.Contains(lines[1], mended.ID) {
		t.Errorf("the audit list as CSV: %d %s", status, body)
	}
	inParts(t, o)
}

// inParts drops a result with one of its rows: the file still speaks for the others, which were shown nowhere and could not be mended any more.
func inParts(t *testing.T, o *office) {
	t.Helper()
	whole := o.drop("ann", "failures", "p.csv", "accountNumber,lesBookingId,failReason\n3000372,LBP2,\n3000372,LBP3,\n3000372,LBP4-REFUSE,Hold\n")
	o.ended(whole)
	_, result := o.ask("ann", "GET", "/api/v1/files/"+whole+"/result.csv", "")
	lines := strings.SplitN(result, "\n", 3)
	part := o.drop("ann", "failures", "mine.csv", lines[0]+"\n"+strings.TrimSpace(lines[1])+"Hold\n")
	if f := o.ended(part); f.Counts["read"] != 1 || f.Counts["delivered"] != 1 {
		t.Fatalf("%+v", f)
	}
	link := `href="/files/` + whole + `"><span class="what">2 rows to mend`
	if _, page := o.ask("ann", "GET", "/", ""); !strings.Contains(page, link) {
		t.Errorf("today tells nothing of the rows that are left: %s", page)
	}
	if _, page := o.ask("ann", "GET", "/files/"+whole, ""); !strings.Contains(page, "still speaks for 2 rows") || !strings.Contains(page, "/mend") {
		t.Errorf("the file does not speak for the rows that are left: %s", page)
	}
	at := "/files/" + whole + "/mend"
	if _, page := o.ask("ann", "GET", at, ""); strings.Count(page, "data-row=") != 2 || strings.Contains(page, "LBP2") {
		t.Errorf("what is to be mended: %s", page)
	}
	if status, body := o.ask("ann", "POST", "/api/v1"+at, `{"rows": {"2": {"failReason": "Storm"}}}`); status != 422 || !strings.Contains(body, "elsewhere") {
		t.Errorf("a row that a newer file has: %d %s", status, body)
	}
	var found struct{ Problems []batch.Problem }
	o.post("ann", "/api/v1"+at, `{"rows": {"3": {"accountNumber": "3000373"}}, "check": true}`, 200, &found)
	if len(found.Problems) != 1 || found.Problems[0].Cell != "C3" || !strings.Contains(found.Problems[0].Text, `"failReason", cell C3 is empty`) {
		t.Errorf("what is wrong still is not told by the cell of the file: %+v", found.Problems)
	}
	var change struct{ Rows, Cells int }
	o.post("ann", "/api/v1"+at+"/columns", `{"columns": [{"column": "failReason", "replace": "Storm"}], "check": true}`, 200, &change)
	if change.Rows != 2 || change.Cells != 1 {
		t.Errorf("what a change of a column would do: %+v", change)
	}
	var rest struct{ ID string }
	o.post("ann", "/api/v1"+at, `{"rows": {"3": {"failReason": "Customs"}, "4": {"lesBookingId": "LBP4"}}}`, 202, &rest)
	if f := o.ended(rest.ID); f.Counts["read"] != 2 || f.Counts["delivered"] != 2 {
		t.Errorf("%+v", f)
	}
	if _, page := o.ask("ann", "GET", "/", ""); strings.Contains(page, link) {
		t.Errorf("today wants rows that went: %s", page)
	}
	if status, body := o.ask("ann", "POST", "/api/v1"+at, `{"resend_all": ["rejected"]}`); status != 409 || !strings.Contains(body, rest.ID) {
		t.Errorf("nothing is left: %d %s", status, body)
	}
}

// Who may not is refused, on pages and in the API alike, and files of others' routes are not there.
func TestRoles(t *testing.T) {
	o := open(t)
	id := o.drop("ann", "failures", "a.csv", sheet(2, "LBR"))
	o.ended(id)
	for _, c := range []struct {
		who, method, path string
		want              int
	}{
		{"", "GET", "/api/v1/files", 401}, {"", "GET", "/files", 303}, {"", "GET", "/", 303}, {"", "GET", "/api/v1/openapi.json", 200},
		{"vera", "GET", "/api/v1/files", 200}, {"vera", "GET", "/files/" + id, 200},
		{"vera", "POST", "/api/v1/routes/failures/files?name=x.csv", 403}, {"vera", "GET", "/drop", 403}, {"vera", "POST", "/api/v1/files/" + id + "/mend", 403},
		{"vera", "POST", "/api/v1/files/" + id + "/resend", 403}, {"vera", "GET", "/files/" + id + "/mend", 403}, {"vera", "GET", "/files/" + id + "/ask/resend?status=rejected", 403},
		{"vera", "POST", "/files/" + id + "/ask/cancel", 403}, {"vera", "GET", "/audit", 403}, {"vera", "GET", "/api/v1/audit", 403}, {"vera", "GET", "/people", 403},
		{"sam", "GET", "/api/v1/files/" + id, 404}, {"sam", "GET", "/files/" + id, 404}, {"sam", "GET", "/api/v1/files/" + id + "/original", 404}, {"sam", "GET", "/files/" + id + "/rows/2", 404},
		{"sam", "POST", "/api/v1/routes/failures/files?name=x.csv", 404}, {"sam", "POST", "/api/v1/files/" + id + "/mend", 404}, {"sam", "GET", "/files/" + id + "/mend", 404},
		{"sam", "POST", "/api/v1/files/" + id + "/cancel", 403}, {"sam", "POST", "/api/v1/accounts/les/pause", 403}, {"sam", "GET", "/routes/failures/template", 404},
		{"olga", "GET", "/audit", 200}, {"olga", "GET", "/people", 403}, {"olga", "POST", "/people", 403}, {"olga", "POST", "/api/v1/accounts/none/pause", 404},
		{"ann", "GET", "/people", 200}, {"ann", "GET", "/nowhere", 404}, {"ann", "GET", "/api/v1/nowhere", 404}, {"ann", "GET", "/api/v1/files?state=lost", 422},
		{"ann", "GET", "/api/v1/files?outcome=lost", 422}, {"ann", "GET", "/api/v1/files?since=lost", 422}, {"ann", "GET", "/api/v1/files/" + id + "/rows?cursor=x", 422},
		{"ann", "GET", "/api/v1/files/" + id + "/rows/99", 404}, {"ann", "POST", "/api/v1/files/" + id + "/cancel", 409}, {"ann", "POST", "/api/v1/files/" + id + "/release", 409},

		// What an operation does not have, or does not read so, is refused and not passed over.
		{"ann", "GET", "/api/v1/files?nosuch=1", 422}, {"ann", "GET", "/api/v1/me?x", 422}, {"ann", "GET", "/api/v1/files?route=%zz", 422}, {"ann", "GET", "/api/v1/files?cursor=x", 422},
		{"ann", "GET", "/api/v1/files?cursor=20200101-000000-7f3a&limit=500&q=&account=les", 200}, {"ann", "GET", "/api/v1/files?limit=x", 422}, {"ann", "GET", "/api/v1/files?limit=0", 422}, {"ann", "GET", "/api/v1/files?limit=9999", 200},
		{"ann", "GET", "/api/v1/files/" + id + "/rows?limit=-1", 422}, {"ann", "GET", "/api/v1/files/" + id + "/rows?status=lost", 422}, {"ann", "GET", "/api/v1/files/" + id + "/rows?status=waiting,invalid&from=&q=x", 200},
		{"ann", "GET", "/api/v1/files/" + id + "/rows?row=x", 422}, {"ann", "GET", "/api/v1/files/" + id + "/rows?from=x", 422}, {"ann", "GET", "/api/v1/audit?cursor=x", 422}, {"ann", "GET", "/api/v1/audit?user=ann", 422},
		{"ann", "POST", "/api/v1/files/" + id + "/mend?check=true", 422}, {"ann", "POST", "/api/v1/accounts/les/pause?check=true", 422}, {"ann", "POST", "/api/v1/routes/failures/files?name=x.csv&dry=true", 422},
		{"ann", "GET", "/files/" + id + "?status=&code=&from=&search=&nosuch=1", 200},
	} {
		if got, body := o.ask(c.who, c.method, c.path, ""); got != c.want {
			t.Errorf("%s: %s %s: %d, want %d: %.200s", c.who, c.method, c.path, got, c.want, body)
		}
	}
	var seen struct{ Files []struct{ ID string } }
	o.get("sam", "/api/v1/files", &seen)
	if len(seen.Files) != 0 {
		t.Errorf("sam sees %v", seen)
	}
	if _, page := o.ask("sam", "GET", "/files", ""); strings.Contains(page, id) {
		t.Error("sam's page shows a file of another route")
	}
	mine := o.drop("sam", "other", "b.csv", sheet(1, "LBS"))
	o.get("sam", "/api/v1/files", &seen)
	if len(seen.Files) != 1 || seen.Files[0].ID != mine {
		t.Errorf("sam sees %v, want %s", seen, mine)
	}
}

// Who sees some routes only is told of the lanes of their accounts, and of no other.
func TestLanesAreToldToWhoMayKnowOfThem(t *testing.T) {
	o := open(t)
	o.stop()
	o.write(strings.Replace(o.settings, "accounts:\n", "accounts:\n  theirs: {provider: les, server: \"http://127.0.0.1:1/les\"}\n", 1) + `  third:
    account: theirs
    operation: shipmentFailed
    inbox: {dir: inbox/third}
    outbox: {dir: outbox/third, formats: [csv]}
`)
	o.start()
	told := func(who string) (accounts []string) {
		ctx, end := context.WithTimeout(t.Context(), 5*time.Minute)
		defer end()
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+o.address+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens[who])
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		kind := ""
		for lines := bufio.NewScanner(answer.Body); kind != "ready" && lines.Scan(); {
			if event, is := strings.CutPrefix(lines.Text(), "event: "); is {
				kind = event
			}
			var lane struct{ Account string }
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is && kind == "lane" {
				if err := json.Unmarshal([]byte(data), &lane); err != nil {
					t.Fatal(err)
				}
				accounts = append(accounts, lane.Account)
			}
		}
		slices.Sort(accounts)
		return accounts
	}
	if got := told("sam"); !slices.Equal(got, []string{"les"}) {
		t.Errorf("sam is told of %v", got)
	}
	o.stop()
	o.start()
	if got := told("vera"); !slices.Equal(got, []string{"les", "theirs"}) {
		t.Errorf("vera is told of %v", got)
	}
}

// A form from another site is refused, whoever's browser sends it.
func TestOtherSites(t *testing.T) {
	o := open(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+o.address+"/sign-in", strings.NewReader("name=ann&password=x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://elsewhere.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("%d", answer.StatusCode)
	}
	if p := answer.Header.Get("Content-Security-Policy"); p == "" || strings.Contains(p, "unsafe") {
		t.Errorf("policy %q", p)
	}
}

// Whatever was taken goes on after the service was stopped at any moment, and nothing is executed twice.
func TestStoppedAfterADrop(t *testing.T) {
	o := open(t)
	id := o.drop("ann", "failures", "long.csv", sheet(400, "LBK"))
	o.stop()
	o.start()
	if f := o.ended(id); f.Counts["delivered"] != 400 {
		t.Errorf("%+v", f)
	}
	if n := len(o.sim.Ledger()); n != 400 {
		t.Errorf("%d executed", n)
	}
}

// The cells of rows far down a big file are read once, and every page of it has them then.
func TestCellsFarDown(t *testing.T) {
	o := open(t)
	var b strings.Builder
	b.WriteString("accountNumber,lesBookingId,failReason\n")
	const rows = 3300
	for i := range rows {
		fmt.Fprintf(&b, "3000372,LBF%05d,\n", i+2)
	}
	id := o.drop("ann", "failures", "far.csv", b.String())
	if f := o.ended(id); f.Counts["invalid"] != rows {
		t.Fatalf("%+v", f)
	}
	for _, n := range []int{3290, 3100, rows + 1, 2} {
		cell := ""
		for end := time.Now().Add(2 * time.Minute); cell == "" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			var row struct{ Cells map[string]string }
			o.get("ann", fmt.Sprint("/api/v1/files/", id, "/rows/", n), &row)
			cell = row.Cells["lesBookingId"]
		}
		if want := fmt.Sprintf("LBF%05d", n); cell != want {
			t.Errorf("row %d: %q, want %q", n, cell, want)
		}
	}
}

// A search finds what stands in any cell of a big file, also in columns that nothing uses: page by page, until it has seen all rows. A page that ends
// before says how far it came.
func TestSearchesInCells(t *testing.T) {
	o := open(t)
	const rows = 3500 // of which not all are among those that a page reads from the beginning each time
	theirs := map[int]string{7: "Лимонная 5, кв. 9", 3100: `says "so" \ <b>`, 3300: "лимонная", 3499: "x;LIMON 7"}
	var b strings.Builder
	b.WriteString("accountNumber,lesBookingId,failReason,what they note\n")
	for row := 2; row < rows+2; row++ {
		fmt.Fprintf(&b, "3000372,LBG%05d,,\"%s\"\n", row, strings.ReplaceAll(theirs[row], `"`, `""`))
	}
	id := o.drop("ann", "failures", "cells.csv", b.String())
	if f := o.ended(id); f.Counts["invalid"] != rows {
		t.Fatalf("%+v", f)
	}
	type page struct {
		Rows           []struct{ Row int }
		Next, Previous string
		Searched       int
	}
	for _, c := range []struct {
		text, more string
		want       []int
	}{
		{"ЛИМОННАЯ", "", []int{7, 3300}}, {`"So" \ <B>`, "", []int{3100}}, {"limon", "", []int{3499}}, {"limon", "&before=end", []int{3499}}, {"ЛИМОННАЯ", "&before=end", []int{7, 3300}}, {"лимонная", "&status=delivered", nil},
		{"LBG03498", "", []int{3498}}, {"nowhere", "", nil}, {"limon", "&from=3200", []int{3499}}, {"лимонная 5", "", []int{7}},
	} {
		var found []int
		path := "/api/v1/files/" + id + "/rows?search=" + url.QueryEscape(c.text)
		back := strings.Contains(c.more, "before")
		ended := false
		for step, until := c.more, time.Now().Add(15*time.Minute); !ended && time.Now().Before(until); {
			var p page
			o.get("ann", path+step, &p)
			for _, r := range p.Rows {
				found = append(found, r.Row)
			}
			on := p.Next
			if back {
				on = p.Previous
			}
			if ended = on == ""; ended != (p.Searched == 0) {
				t.Fatalf("%q: searched %d, goes on at %q", c.text, p.Searched, on)
			}
			if step = strings.Replace(c.more, "&before=end", "", 1) + "&cursor=" + on; back {
				step = "&before=" + on
			}
		}
		if slices.Sort(found); !ended || !slices.Equal(found, c.want) {
			t.Errorf("%q%s: rows %v, want %v", c.text, c.more, found, c.want)
		}
	}
}

// What was quarantined is taken again, as a new file, when somebody says so; that is written down with the reason.
func TestReleased(t *testing.T) {
	o := open(t)
	id := o.drop("ann", "failures", "q.csv", "these,are,other\n1,2,3\n")
	if f := o.ended(id); f.State != "quarantined" {
		t.Fatalf("%+v", f)
	}
	if status, body := o.ask("olga", "POST", "/api/v1/files/"+id+"/release", `{"reason": "the route was wrong"}`); status/100 != 2 {
		t.Fatalf("%d %s", status, body)
	}
	var seen struct{ Files []struct{ ID, State string } }
	for end := time.Now().Add(2 * time.Minute); len(seen.Files) != 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		o.get("ann", "/api/v1/files", &seen)
	}
	if len(seen.Files) != 2 {
		t.Fatalf("%+v", seen)
	}
	for _, f := range seen.Files {
		if f := o.ended(f.ID); f.State != "quarantined" {
			t.Errorf("%+v", f)
		}
	}
	if _, list := o.ask("olga", "GET", "/api/v1/audit?verb=release", ""); !strings.Contains(list, "the route was wrong") || !strings.Contains(list, `"by":"olga"`) {
		t.Errorf("audit: %s", list)
	}
	content := "accountNumber,lesBookingId,failReason\n3000372,LBQ1,Hold\n"
	first := o.drop("ann", "failures", "twice.csv", content)
	o.ended(first)
	var again struct{ This string }
	o.post("ann", "/api/v1/routes/failures/files?name=again.csv", content, 200, &again)
	if status, body := o.ask("olga", "POST", "/api/v1/files/"+again.This+"/release", `{"reason": "they lost it"}`); status/100 != 2 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := o.ask("ann", "POST", "/api/v1/files/"+again.This+"/release", `{"reason": "they lost it"}`); status != 409 || !strings.Contains(body, "after-all") {
		t.Errorf("it is released once more: %d %s", status, body)
	}
	for end := time.Now().Add(2 * time.Minute); len(seen.Files) != 5 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		o.get("ann", "/api/v1/files", &seen)
	}
	sent := ""
	for _, f := range seen.Files {
		if f.State == "duplicate" {
			continue
		}
		if e := o.ended(f.ID); e.State == "reported" && f.ID != first {
			sent = f.ID
		}
	}
	if _, body := o.ask("ann", "GET", "/api/v1/files/"+again.This, ""); !strings.Contains(body, `"sent_as":"`+sent+`"`) {
		t.Errorf("a duplicate that was sent after all does not say as what: %s", body)
	}
	if _, page := o.ask("olga", "GET", "/files/"+again.This, ""); !strings.Contains(page, `sent after all, as <a class="mono" href="/files/`+sent+`"`) || strings.Contains(page, "/ask/release") {
		t.Errorf("the page of a duplicate that was sent after all: %s", page)
	}
	for _, x := range o.sim.Ledger() {
		if x.Count != 2 {
			t.Errorf("a duplicate that was to be sent after all: %s was executed %d times", x.Key, x.Count)
		}
	}
}
