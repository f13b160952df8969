package mappers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
)

func quoted(texts ...string) string { return quotedIn(batch.English, texts...) }

// quotedIn lists texts in the quotation marks of a language.
func quotedIn(l batch.Language, texts ...string) string {
	open, shut, between := `"`, `"`, ", "
	switch l {
	case batch.Chinese:
		open, shut, between = "“", "”", "、"
	case batch.Russian:
		open, shut = "«", "»"
	}
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = open + t + shut
	}
	return strings.Join(out, between)
}

const shortLength = 200

// short is a value cut to 200 runes. It does not share memory with v.
func short(v string) string {
	n := 0
	for i := range v {
		if n == shortLength-1 && utf8.RuneCountInString(v[i:]) > 1 {
			return v[:i] + "…"
		}
		n++
	}
	return strings.Clone(v)
}

// line is a value on one line, for sentences.
func line(v string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, short(v))
}

// bare takes the full stop off a phrase.
func bare(s string) string { return strings.TrimRight(strings.TrimSpace(s), ".。") }

// sentence gives a phrase a capital and a full stop.
func sentence(l batch.Language, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[size:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".。!!??…", last) {
		if l == batch.Chinese {
			return s + "。"
		}
		return s + "."
	}
	return s
}

// sentences puts sentences side by side as the language does.
func sentences(l batch.Language, all ...string) string {
	var out []string
	for _, s := range all {
		if s = sentence(l, s); s != "" {
			out = append(out, s)
		}
	}
	if l == batch.Chinese {
		return strings.Join(out, "")
	}
	return strings.Join(out, " ")
}
