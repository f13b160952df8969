package senders

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

// mostSaid is how many bytes are kept of an answer's body, and of its headers.
const mostSaid = 4 << 10

// said is an answer as people may see it.
func (s *sender) said(op *providers.Operation, r providers.Response) *batch.Answer {
	header, more := cut(s.mask.hide(lines(r.Header)))
	body, cutOff := cut(s.mask.hide(visible(op.Text(r))))
	return &batch.Answer{Status: r.Status, Headers: header, Body: body, Cut: more || cutOff}
}

// lines are headers, one a line. A cookie may be as good as a password.
func lines(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if name == "Set-Cookie" {
				v = "***"
			}
			b.WriteString(name + ": " + strings.ToValidUTF8(visible(v), "\ufffd") + "\n")
		}
	}
	return b.String()
}

// visible drops what would steer a terminal.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text)
}

// cut is the beginning of a text, and whether there was more.
func cut(text string) (string, bool) {
	if len(text) <= mostSaid {
		return text, false
	}
	return strings.ToValidUTF8(text[:mostSaid], ""), true
}
