package configs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

var (
	plainNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	days        = regexp.MustCompile(`^([0-9]{1,5}) ?(d|days?)$`)
	worded      = regexp.MustCompile(`^([0-9]{1,9}) *(s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?)$`)
)

// parseDuration reads 2s, 1h30m, 24h. What is wrong comes with what to write where that is known.
func parseDuration(text string) (d time.Duration, what, write batch.Message) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	switch {
	case plainNumber.MatchString(text):
		return 0, words.Message("config.duration.unit", "value", text), words.Message("config.write", "example", text+"s")
	case err == nil && d < 0:
		return 0, words.Message("config.duration.negative", "value", text), batch.Message{}
	case err == nil:
		return d, batch.Message{}, batch.Message{}
	}
	what = words.Message("config.duration", "value", short(text))
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return 0, what, words.Message("config.write", "example", fmt.Sprintf("%dh", n*24))
	}
	if m := worded.FindStringSubmatch(text); m != nil {
		return 0, what, words.Message("config.write", "example", m[1]+m[2][:1])
	}
	return 0, what, batch.Message{}
}

// brief writes a duration the way people do: 24h, not 24h0m0s.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// writeRate writes a rate as the configuration has it; "" for no limit.
func writeRate(r providers.Rate) string {
	if r.N <= 0 || r.Per <= 0 {
		return ""
	}
	return r.String()
}

// suggestRate guesses what was meant: "10 / sec", "10".
func suggestRate(text string) string {
	m := regexp.MustCompile(`^\s*([0-9]{1,9})\s*(?:/|per)?\s*([a-z]*)`).FindStringSubmatch(strings.ToLower(text))
	if m == nil || strings.Trim(m[1], "0") == "" {
		return "10/s"
	}
	unit := "s"
	if m[2] != "" && (m[2][0] == 'm' || m[2][0] == 'h') {
		unit = m[2][:1]
	}
	return m[1] + "/" + unit
}

// Nearest is the word of known that was probably meant, "" when none is near enough.
func Nearest(word string, known []string) string {
	best, least := "", 1+max(1, utf8.RuneCountInString(word)/3)
	for _, k := range known {
		if d := distance(plain(word), plain(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// plain removes what people write differently without meaning it.
func plain(s string) []rune {
	return []rune(strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
}

// distance is the number of letters to insert, remove, change or swap to turn a into b.
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}

// plainSyntax names the cause that a parser's message stands for.
func plainSyntax(message string) string {
	for _, known := range []struct{ part, key string }{
		{`found character '\t'`, "yaml.tab"},
		{"found a tab", "yaml.tab"},
		{"',' or ']'", "yaml.list_open"},
		{"sequence end token", "yaml.list_open"},
		{"',' or '}'", "yaml.map_open"},
		{"flow mapping end token", "yaml.map_open"},
		{"quoted text", "yaml.quote_open"},
		{"mapping value is not allowed", "yaml.colon"},
		{"reserved character", "yaml.reserved"},
		{"unexpected directive", "yaml.reserved"},
		{"non-map value", "yaml.no_colon"},
		{"unexpected key name", "yaml.no_colon"},
		{"value is not allowed in this context", "yaml.indent"},
	} {
		if strings.Contains(strings.ReplaceAll(message, "\t", `\t`), known.part) {
			return known.key
		}
	}
	return "yaml.other"
}

// layout turns YYYY-MM-DD and its like into what Go writes; "" when the text is not one of them.
func layout(text string) string {
	lower := strings.ToLower(text)
	if !strings.Contains(lower, "y") || !strings.Contains(lower, "d") {
		return ""
	}
	out := lower
	clock := ""
	if i := strings.IndexAny(out, "h"); i >= 0 { // mm after hh are minutes
		out, clock = out[:i], out[i:]
		clock = strings.NewReplacer("hh", "15", "h", "15", "mm", "04", "m", "4", "ss", "05", "s", "5").Replace(clock)
	}
	out = strings.NewReplacer("yyyy", "2006", "yy", "06", "mmmm", "January", "mmm", "Jan", "mm", "01", "m", "1", "dd", "02", "d", "2").Replace(out)
	return out + clock
}
