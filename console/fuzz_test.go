package console_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// asked are the names of all filters and of all fields of forms.
var asked = []string{"q", "search", "route", "account", "state", "outcome", "status", "since", "cursor", "before", "after", "limit", "by", "verb", "file", "then", "lang", "name", "password", "role", "routes", "do", "why", "looked", "partner", "text", "operation", "code"}

// Whatever a path, a filter or a form says, the console has an answer that is no trouble of its own, shows it as text alone, and leads to no other site.
func FuzzRequests(f *testing.F) {
	for _, path := range []string{"/", "/files", "/files/FILE", "/files/FILE/rows/2", "/files/FILE/rows/-1", "/files/FILE/rows/99999999999999999999", "/files/FILE/mend", "/files/FILE/ask/resend", "/files/FILE/ask/%3Cscript%3E", "/files/%00", "/files/%ff%fe/rows/2",
		"/files/..%2f..%2fetc%2fpasswd/original", "/static/%2e%2e/console.go", "/drop/..%2f..%2fledger.db", "/new/..%2f..", "/routes/%22%3E/template", "/accounts/%22/ask/pause", "/sign-in", "/language", "/audit", "/audit.csv", "/people", "/doctor", "//elsewhere.example/%2e%2e",
		"/api/v1/files", "/api/v1/files/FILE/rows", "/api/v1/files/FILE/mend", "/api/v1/files/FILE/resend", "/api/v1/audit", "/api/v1/doctor"} {
		for _, text := range []string{`"><script>alert(1)</script>`, "\x00\xff%", "//elsewhere.example", `/\elsewhere.example`, "-99999999999999999999"} {
			f.Add(path, text)
		}
	}
	o := open(f)
	id := o.drop("ann", "failures", "a.csv", sheet(2, "LBZ"))
	o.ended(id)
	f.Fuzz(func(t *testing.T, path, text string) {
		fields := url.Values{}
		for _, name := range asked {
			fields.Set(name, text)
		}
		for _, method := range []string{"GET", "POST"} {
			address, form := "http://"+o.address+strings.ReplaceAll(path, "FILE", id), io.Reader(nil)
			if method == "POST" {
				form = strings.NewReader(fields.Encode())
			} else if !strings.Contains(path, "?") {
				address += "?" + fields.Encode()
			}
			r, err := http.NewRequestWithContext(t.Context(), method, address, form)
			if err != nil || r.URL.Host != o.address || r.URL.Path == "/api/v1/events" { // that one has no end
				continue
			}
			r.Header.Set("Authorization", "Bearer "+o.tokens["ann"])
			if form != nil {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode >= 500 {
				t.Errorf("%s %s: %d %s", method, address, answer.StatusCode, body)
			}
			if strings.Contains(text, "<") && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && strings.Contains(string(body), text) {
				t.Errorf("%s %s: what was asked is in the page as it is", method, address)
			}
			if to := answer.Header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`)) {
				t.Errorf("%s %s leads to %s", method, address, to)
			}
		}
	})
}
