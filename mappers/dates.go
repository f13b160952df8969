package mappers

import (
	"fmt"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// layout is one way to write a date, a time, or both.
type layout struct {
	text string
	kind batch.Kind // Date, Moment or Clock
}

var (
	isoLayouts = map[batch.Kind]string{batch.Date: "2006-01-02", batch.Moment: "2006-01-02T15:04:05", batch.Clock: "15:04:05"}

	// probes differ in every part, so that a layout that loses one does not give them back.
	probes = [...]time.Time{
		time.Date(2026, 3, 14, 15, 9, 0, 0, time.UTC),
		time.Date(2031, 11, 25, 4, 38, 0, 0, time.UTC),
		time.Date(2027, 12, 8, 22, 51, 0, 0, time.UTC),
	}
)

// newLayout accepts a Go layout that can tell a whole date, a time of day, or both.
func newLayout(text string) (layout, bool) {
	day, clock := true, true
	for _, p := range probes {
		got, err := time.Parse(text, p.Format(text))
		if err != nil {
			return layout{}, false
		}
		gy, gm, gd := got.Date()
		py, pm, pd := p.Date()
		day = day && gy == py && gm == pm && gd == pd
		clock = clock && got.Hour() == p.Hour() && got.Minute() == p.Minute()
	}
	switch {
	case day && clock:
		return layout{text, batch.Moment}, true
	case day:
		return layout{text, batch.Date}, true
	case clock && !strings.ContainsAny(text, "Jj"):
		return layout{text, batch.Clock}, true
	}
	return layout{}, false
}

// contradict reports whether some text means one date in a and another in b.
func contradict(a, b layout) bool {
	for _, p := range []time.Time{time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC), time.Date(2011, 10, 12, 9, 8, 0, 0, time.UTC)} {
		for _, pair := range [][2]layout{{a, b}, {b, a}} {
			text := p.Format(pair[0].text)
			x, err := time.Parse(pair[0].text, text)
			if err != nil {
				continue
			}
			if y, err := time.Parse(pair[1].text, text); err == nil && !y.Equal(x) {
				return true
			}
		}
	}
	return false
}

var otherNotations = strings.NewReplacer(
	"%Y", "2006", "%y", "06", "%m", "01", "%d", "02", "%H", "15", "%M", "04", "%S", "05",
	"YYYY", "2006", "yyyy", "2006", "YY", "06", "yy", "06",
	"MM", "01", "DD", "02", "dd", "02", "HH", "15", "hh", "15", "mm", "04", "SS", "05", "ss", "05",
	"M", "1", "D", "2", "d", "2",
)

// suggestLayout reads the notations of other programs ("dd.MM.yyyy", "%d.%m.%Y") and gives Go's, or an example.
func suggestLayout(text string) string {
	if got := otherNotations.Replace(text); got != text {
		if _, ok := newLayout(got); ok {
			return got
		}
	}
	return "2006-01-02"
}

// parseDate reads text by the first layout that fits and gives it in ISO notation. A date behind which midnight stands is one without it.
func parseDate(text string, layouts []layout) (string, batch.Kind, bool) {
	iso, kind, ok := parseLayout(text, layouts)
	if !ok {
		if day, timed := providers.Midnight(text); timed {
			return parseLayout(day, layouts)
		}
	}
	return iso, kind, ok
}

func parseLayout(text string, layouts []layout) (string, batch.Kind, bool) {
	for _, l := range layouts {
		if iso, ok := l.plain(text); ok {
			return iso, batch.Date, true
		}
		if t, err := time.Parse(l.text, text); err == nil {
			return t.Format(isoLayouts[l.kind]), l.kind, true
		}
	}
	return "", 0, false
}

// plain reads a date in a layout of two digits for day and month, four for the year and something between them, as nearly all are: it gives
// what time.Parse would, for a tenth. It says nothing of what it does not read.
func (l *layout) plain(text string) (iso string, ok bool) {
	if len(text) != len("2006-01-02") || len(l.text) != len(text) {
		return "", false
	}
	out := [...]byte{0, 0, 0, 0, '-', 0, 0, '-', 0, 0}
	for i := 0; i < len(text); i++ {
		var at int
		switch c := l.text[i]; {
		case strings.HasPrefix(l.text[i:], "2006"):
			at = 0
		case strings.HasPrefix(l.text[i:], "01"):
			at = 5
		case strings.HasPrefix(l.text[i:], "02"):
			at = 8
		case c != text[i] || c != '/' && c != '-' && c != '.':
			return "", false
		default:
			continue
		}
		wide := 2
		if at == 0 {
			wide = 4
		}
		for k := range wide {
			if out[at+k] = text[i+k]; out[at+k] < '0' || out[at+k] > '9' {
				return "", false
			}
		}
		i += wide - 1
	}
	month, day := 10*int(out[5]-'0')+int(out[6]-'0'), 10*int(out[8]-'0')+int(out[9]-'0')
	if month < 1 || month > 12 || day < 1 || day > 28 { // what is special about the ends of months time knows
		return "", false
	}
	return string(out[:]), true
}

// examples shows how dates may be written, by one date: "2026/3/14, 14.03.2026".
func examples(layouts []layout) string {
	out := make([]string, len(layouts))
	for i, l := range layouts {
		out[i] = probes[0].Format(l.text)
	}
	return strings.Join(out, ", ")
}

// orders are how dates are written whose parts may change places.
var orders = []string{"02.01.2006", "2.1.2006", "02/01/2006", "01/02/2006", "2/1/2006", "1/2/2006", "02-01-2006", "2-1-2006", "02.01.06", "2.1.06", "02/01/06", "01/02/06", "2/1/06", "1/2/06"}

// dateSetting adds to how a date is mended the line by which the route takes all that are written like it: of those that may be meant each.
func (st *state) dateSetting(s *slot, value string, fix batch.Message) batch.Message {
	if _, _, bad := s.field.Append(nil, "2026-12-31", batch.Date); bad != nil {
		return fix // a day is not all that it takes
	}
	var lines []string
	days := map[time.Time]bool{}
	for _, layout := range orders {
		if day, err := time.Parse(layout, value); err == nil && !days[day] {
			days[day] = true
			lines = append(lines, fmt.Sprintf("map: {%s: {from: %q, date: %s}}", s.field.Path, st.b.t.columns[s.col].Name, layout))
		}
	}
	if len(lines) == 0 {
		return fix
	}
	return batch.Message{Text: batch.InEach(func(l batch.Language) string {
		return words.Of(l, "mapper.date.setting", "fix", words.Say(l, fix), "lines", strings.Join(lines, words.Of(l, "mapper.date.or")))
	})}
}
