package senders

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/providers"
)

// Whatever form a provider gives a secret back in, nobody sees it; what is cut off is said, and nothing steers a terminal.
func TestSecretsInAnswers(t *testing.T) {
	const secret, session = `pa/ss"w&rd+ж7`, "sess-98127"
	s := &sender{mask: &mask{}}
	s.mask.add(secret, "pa/ss")
	s.mask.session(session)
	op := &providers.Operation{Provider: &providers.Provider{}}
	for _, form := range []string{secret, `pa/ss\"w&rd+ж7`, `pa\/ss\"w&rd+ж7`, `pa/ss\"w\u0026rd+ж7`, "pa/ss&#34;w&amp;rd+ж7", url.QueryEscape(secret), url.PathEscape(secret), session} {
		got := s.said(op, providers.Response{Status: 500, Body: []byte("<" + form + ">"), Header: http.Header{"X-Echo": {form}, "Set-Cookie": {"a=b"}}})
		if got.Body != "<***>" || got.Headers != "Set-Cookie: ***\nX-Echo: ***\n" || got.Cut || got.Status != 500 {
			t.Errorf("%s: %+v", form, got)
		}
	}
	for _, login := range []string{"", "u", "us", "use"} {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString([]byte(login + secret + ":x"))
			got := s.said(op, providers.Response{Body: []byte(text)}).Body
			if !strings.Contains(got, "***") || len(got) > 14 {
				t.Errorf("%s shows as %s", text, got)
			}
		}
	}
	long := strings.Repeat("ж", mostSaid)
	if got := s.said(op, providers.Response{Body: []byte("\x1b[31m" + long)}); !got.Cut || len(got.Body) > mostSaid || strings.Contains(got.Body, "\x1b") || strings.Contains(got.Body, "\ufffd") {
		t.Errorf("%d bytes, %v", len(got.Body), got.Cut)
	}
	xml := `<?xml version="1.0" encoding="windows-1251"?><m>` + "\xed\xe5\xf2</m>"
	if got := s.said(op, providers.Response{Body: []byte(xml)}).Body; !strings.HasSuffix(got, "<m>нет</m>") {
		t.Error(got)
	}
}
