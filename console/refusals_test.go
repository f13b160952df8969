package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What a program, or a page of another address, cannot have done is refused as a problem in the language of who asks, in words of the
// request alone; nothing is done.
func TestRefusals(t *testing.T) {
	o := open(t)
	for _, c := range []struct{ method, path, body, language, origin, want, allow string }{
		{"DELETE", "/api/v1/files", "", "en", "", "405 method This address takes GET, HEAD.", "GET, HEAD"},
		{"GET", "/api/v1/accounts/les/pause", "", "zh", "", "405 method 此地址只接受 POST。", "POST"},
		{"GET", "/api/v1/people/users/ann", "", "ru", "", "405 method Этот адрес принимает DELETE.", "DELETE"},
		{"GET", "/api/v1/nothing", "", "en", "", "404 not-found There is nothing at this address.", ""},
		{"POST", "/api/v1/accounts/les/pause", `{"reason": "x"} {"check": true}`, "en", "", "422 body More follows the JSON object in the body.", ""},
		{"POST", "/api/v1/accounts/les/pause", `{"rason": "x"}`, "ru", "", "422 body В теле запроса есть поле rason, которого у этой операции нет.", ""},
		{"POST", "/api/v1/accounts/les/pause", `{"reason": 1}`, "zh", "", "422 body 请求内容中的 reason 不能是 number 类型。", ""},
		{"POST", "/api/v1/accounts/les/pause", `[]`, "en", "", "422 body The body has to be a JSON object and is of the kind array.", ""},
		{"POST", "/api/v1/accounts/les/pause", "", "zh", "https://elsewhere.example", "403 cross-origin 该请求来自其他地址的页面", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+o.address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens["ann"])
		r.Header.Set("Accept-Language", c.language)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Reason, Detail string }
		_ = json.Unmarshal(text, &told)
		if got := answer.Status[:4] + told.Reason + " " + told.Detail; !strings.HasPrefix(got, c.want) || answer.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %s %q %.200s, want %s", c.method, c.path, got, answer.Header.Get("Allow"), text, c.want)
		}
	}
	if _, body := o.ask("ann", "GET", "/api/v1/accounts", ""); strings.Contains(body, "stopped") {
		t.Error(body)
	}
}

// The result of a file whose route was taken out of the configuration is refused with what to do; it is no failure of ours.
func TestARouteThatIsGone(t *testing.T) {
	o := open(t)
	id := o.drop("ann", "other", "a.csv", sheet(1, "LBG"))
	o.ended(id)
	o.stop()
	o.write(o.settings[:strings.Index(o.settings, "  other:")])
	o.start()
	for _, c := range []struct{ method, path, body string }{{"GET", "result.csv", ""}, {"GET", "result.xlsx", ""}, {"POST", "mend", `{"check": true, "rows": {"2": {"failReason": "Hold"}}}`}} {
		if status, body := o.ask("ann", c.method, "/api/v1/files/"+id+"/"+c.path, c.body); status != http.StatusConflict || !strings.Contains(body, "Put the route back") {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
}
