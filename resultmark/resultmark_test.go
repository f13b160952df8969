package resultmark_test

import (
	"encoding/base64"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/resultmark"
)

func TestHeadingsAndWordsAreRecognisedInEveryLanguage(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range batch.Languages() {
		for _, c := range resultmark.Columns() {
			h := c.Heading(l)
			if seen[h] {
				t.Errorf("%q stands for two columns", h)
			}
			seen[h] = true
			if got, ok := resultmark.ColumnOf(" " + h + " "); !ok || got != c {
				t.Errorf("%q is %q, want %q", h, got, c)
			}
		}
		for _, s := range resultmark.Words() {
			if got, ok := resultmark.StatusOf(resultmark.Word(l, s)); !ok || got != s {
				t.Errorf("%q is %q, want %q", resultmark.Word(l, s), got, s)
			}
		}
	}
	for _, h := range []string{"status", "Code", "Row", "message", ""} {
		if c, ok := resultmark.ColumnOf(h); ok {
			t.Errorf("a sender's heading %q is taken for ours: %q", h, c)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		headings []string
		columns  int
		sure     bool
	}{
		{[]string{"No", "Result: row", "Result: status", "Result: code", "Result: message", "Result: reference", "Result: attempts", "Result: sent at (UTC)"}, 7, true},
		{[]string{"结果：状态", "单号"}, 1, true},
		{[]string{"№", "Результат: сообщение", "Результат: код"}, 2, true},
		{[]string{"No", "Result: message"}, 1, true},
		{[]string{"row", "status", "code", "message", "reference", "attempts", "sent_at", "No"}, 7, true},
		{[]string{"row", "row", "status", "code", "message", "reference", "attempts", "sent_at", "status"}, 7, true},
		{[]string{"row", "status", "code", "message", "Remark", "reference", "attempts", "Asked", "sent_at", "No"}, 7, true},
		{[]string{"row", "status", "Remark", "reference", "sent_at"}, 2, false},
		{[]string{"row", "status", "code", "No"}, 3, false},
		{[]string{"No", "status", "code", "message", "reference", "attempts", "sent_at"}, 6, true},
		{[]string{"No", "status", "code", "message", "reference"}, 0, false},
		{[]string{"No", "code", "status"}, 0, false},
		{nil, 0, false},
	} {
		if got := resultmark.Find(c.headings); len(got.Columns) != c.columns || got.Sure != c.sure {
			t.Errorf("%q: %d columns, sure is %v", c.headings, len(got.Columns), got.Sure)
		}
	}
}

func TestChecksum(t *testing.T) {
	base := resultmark.Checksum([]string{"A-1", "007", ""})
	for name, same := range map[string][]string{"empty end": {"A-1", "007", "", " "}, "blanks": {" A-1", "007 "}} {
		if resultmark.Checksum(same) != base {
			t.Errorf("%s changes it", name)
		}
	}
	if resultmark.Checksum([]string{"a\r\nb"}) != resultmark.Checksum([]string{"a\nb"}) {
		t.Error("the kind of a line break changes it")
	}
	for name, other := range map[string][]string{"zero lost": {"A-1", "7"}, "moved": {"A-1", "", "007"}, "joined": {"A-1007"}, "swapped": {"007", "A-1"}} {
		if resultmark.Checksum(other) == base {
			t.Errorf("%s does not change it", name)
		}
	}
	// Results that people have keep their checksums: this value must never change.
	got := resultmark.Checksum([]string{"单号", "007"})
	if got := base64.RawURLEncoding.EncodeToString(got[:]); got != "rRaNxQGfyIs7XP21" {
		t.Errorf("the checksum of a known row is %s", got)
	}
}
