package senders_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// A provider may repeat a secret in any form, and so may a gateway before it: none is shown, whatever stands around it.
func TestSecretsAreHiddenInEveryForm(t *testing.T) {
	const password = `mark"ed/s+cret <&>ü密`
	mask := senders.Mask(password, "MARKED", "MARKED-and-longer", "longer-overlaps")
	marshalled, _ := json.Marshal(password)
	var loose strings.Builder
	e := json.NewEncoder(&loose)
	e.SetEscapeHTML(false)
	_ = e.Encode(password)
	for name, form := range map[string]string{
		"itself":                 password,
		"URL":                    url.QueryEscape(password),
		"URL, small":             strings.ToLower(url.QueryEscape("mark")) + strings.TrimPrefix(strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%3C", "%3c", "%3E", "%3e", "%C3", "%c3", "%BC", "%bc", "%E5", "%e5", "%AF", "%af", "%86", "%86").Replace(url.QueryEscape(password)), "mark"),
		"path":                   url.PathEscape(password),
		"JSON":                   string(marshalled),
		"JSON, loose":            strings.TrimSpace(loose.String()),
		"JSON, ASCII":            strings.NewReplacer("ü", `\u00fc`, "密", `\u5bc6`).Replace(strings.TrimSpace(loose.String())),
		"PHP":                    strings.ReplaceAll(strings.NewReplacer("ü", `\u00fc`, "密", `\u5bc6`).Replace(strings.TrimSpace(loose.String())), "/", `\/`),
		"HTML":                   html.EscapeString(password),
		"XML":                    strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(password),
		"hexadecimal":            hex.EncodeToString([]byte(password)),
		"base64":                 base64.StdEncoding.EncodeToString([]byte(password)),
		"base64 for URLs":        base64.RawURLEncoding.EncodeToString([]byte(password)),
		"JSON in JSON in JSON":   inJSON(inJSON(inJSON(password))),
		"JSON in a URL, twice":   url.QueryEscape(url.QueryEscape(inJSON(password))),
		"HTML in a URL":          url.QueryEscape(html.EscapeString(password)),
		"HTML in JSON":           inJSON(html.EscapeString(password)),
		"HTML in JSON in a URL":  url.QueryEscape(inJSON(inJSON(html.EscapeString(html.EscapeString(password))))),
		"JSON in HTML":           html.EscapeString(inJSON(password)),
		"one inside another":     "MARKED-and-longer",
		"two that overlap":       "MARKED-and-longer-overlaps",
		"one behind another":     "MARKEDMARKED",
		"in the middle of words": "xMARKEDx",
	} {
		got := mask("before " + form + " after")
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || !strings.Contains(got, "***") {
			t.Errorf("%s: %q", name, got)
		}
		for _, part := range []string{"mark", "cret", "密", "5bc6", "MARKED", "longer", "overlaps", form[1 : len(form)-1]} {
			if strings.Contains(got, part) {
				t.Errorf("%s shows %q: %q", name, part, got)
			}
		}
	}
	for before := range 3 { // base64 of a text around it: but for the characters at its ends, which are of the text as well
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", before) + `{"p":"MARKED-and-longer"}`))
		if got := mask(coded); len(got) > len(coded)-16 {
			t.Errorf("%q of %q", got, coded)
		}
	}
	if harmless := "order 4711 was refused: mark it ***"; mask(harmless) != harmless {
		t.Error(mask(harmless))
	}
}

// Cut in two or three, a secret shows in no part of it, in whatever fields these are put; words of others stay.
func TestSecretsThatAreCutUpAreHidden(t *testing.T) {
	const secret = `mark-"1234/marked+5678 marker-end`
	mask := senders.Mask(secret)
	for parts := 2; parts <= 3; parts++ {
		fields := map[string]string{}
		for i := range parts {
			fields[fmt.Sprint(i)] = secret[i*len(secret)/parts : (i+1)*len(secret)/parts]
		}
		said, _ := json.Marshal(fields)
		for name, form := range map[string]string{"JSON": string(said), "URL": url.QueryEscape(string(said))} {
			if got := mask(form); strings.Contains(got, "mark") || strings.Contains(got, "end") {
				t.Errorf("%d parts, %s: %s", parts, name, got)
			}
		}
	}
	if harmless := "mark 1234 was marked"; mask(harmless) != harmless {
		t.Error(mask(harmless))
	}
}

// The login header comes back in the provider's words, and is hidden before they are cut.
func TestWhatTheProviderRepeatsIsHidden(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, _ := json.Marshal(strings.Repeat("x", 1980) + " " + r.Header.Get("Authorization"))
		fmt.Fprintf(w, `{"code":-1,"message":%s}`, message)
	})
	server := httptest.NewServer(echo)
	defer server.Close()
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte("acme:MARKED-word"))
	send := lesTo(t, server.URL, func(a *configs.Account) { a.Headers = secrets("Authorization", header) })
	if said := fmt.Sprintf("%+v", send(lesOne)); strings.Contains(said, header[6:12]) || !strings.Contains(said, "xx ***") {
		t.Error(said)
	}
}

// A secret that is rotated in its file while the service runs is read again when the account is refused, and the refused request
// goes with the new one; nothing is tried again where the file says what was refused.
func TestRotatedSecretsAreReadAgain(t *testing.T) {
	var asked, right atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("X-Key") != "second-key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		right.Add(1)
		io.WriteString(w, `{"code":1}`)
	}))
	defer server.Close()
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("key", "first-key\n")
	put("rowferry.yaml", "accounts:\n  les: {provider: les, server: \""+server.URL+"\", headers: {X-Key: \"file:key\"}, rate: 10000/s}\n")
	account := configs.Load(filepath.Join(dir, "rowferry.yaml")).Accounts["les"]
	account.Timeout = 2 * time.Minute
	p := builtin(t, "les")
	s, err := senders.Open(account, p, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	commits := 0
	send := func() senders.Result {
		commits = 0
		return s.Send(t.Context(), senders.Attempt{Operation: p.Operations[0], Items: []batch.Item{{Rows: []int{2}, Body: []byte(lesOne)}},
			Commit: func(context.Context) error { commits++; return nil }})
	}
	if r := send(); r.Reading.Class != providers.Auth || asked.Load() != 1 {
		t.Errorf("%+v after %d requests", r, asked.Load())
	}
	put("key", "second-key\n")
	if r := send(); r.Reading.Class != providers.OK || asked.Load() != 3 || right.Load() != 1 || commits != 1 {
		t.Errorf("%+v after %d requests, %d commits", r, asked.Load(), commits)
	}
	if r := send(); r.Reading.Class != providers.OK || asked.Load() != 4 {
		t.Errorf("%+v after %d requests", r, asked.Load())
	}
	if err := os.Remove(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if r := send(); r.Reading.Class != providers.OK {
		t.Errorf("%+v without the file", r)
	}
}

func inJSON(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}
