package grid

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
)

// Look is what a number format makes of a number.
type Look uint8

const (
	Plain     Look = iota // a number
	Padded                // a whole number with leading zeros
	Masked                // digits between fixed signs: 000-00-0000, "MSKU"0000000
	Day                   // a date
	DayTime               // a date and a time
	TimeOfDay             // a time
	Elapsed               // hours, minutes or seconds that count on: [h]:mm
	Either                // a built-in format that is a date in one language and a time in another
	Unseen                // nothing: how people hide zeros, 0.0;-0.0; where other values get there, they count
)

// Section is one of up to four parts of a number format.
type Section struct {
	Look  Look
	Zeros int    // Padded: digits before the point; Masked: all digits
	Mask  string // Masked: what is shown, with a slot for each digit
	Words bool   // Masked: letters stand before the digits, so it is no number
	op    string // a condition, [<1]
	limit float64
}

// slot is the place of a digit in Section.Mask.
const slot = 0

// Format is a number format.
type Format struct{ sections []Section }

// For picks the section that applies to v.
func (f *Format) For(v float64) *Section {
	if f == nil {
		return &general
	}
	s := f.sections
	conditional := false
	for i := range s {
		if s[i].op != "" {
			conditional = true
			if s[i].holds(v) {
				return &s[i]
			}
		}
	}
	if conditional {
		for i := range s {
			if s[i].op == "" {
				return &s[i]
			}
		}
		return &general
	}
	switch {
	case len(s) == 1 || v > 0:
		return &s[0]
	case v < 0:
		return &s[1]
	case len(s) > 2:
		return &s[2]
	}
	return &s[0]
}

var general Section

func (s *Section) holds(v float64) bool {
	switch s.op {
	case "<":
		return v < s.limit
	case ">":
		return v > s.limit
	case "<=":
		return v <= s.limit
	case ">=":
		return v >= s.limit
	case "=":
		return v == s.limit
	case "<>":
		return v != s.limit
	}
	return false
}

// Styles maps the style of a cell to its number format.
type Styles struct {
	formats []*Format // nil entries are General
	known   map[int]*Format
	struck  map[int]bool // the styles whose letters are struck through
}

// Strike says that the letters of style i are struck through.
func (s *Styles) Strike(i int) {
	if s.struck == nil {
		s.struck = map[int]bool{}
	}
	s.struck[i] = true
}

// Add gives the next style, counted from 0, the format with this id. codes are the workbook's own formats; an id that it
// does not have is a built-in one.
func (s *Styles) Add(id int, codes map[int]string) {
	f, ok := s.known[id]
	if !ok {
		if code, own := codes[id]; own {
			f = ParseFormat(code)
		} else {
			f = builtin(id)
		}
		if s.known == nil {
			s.known = map[int]*Format{}
		}
		s.known[id] = f
	}
	s.formats = append(s.formats, f)
}

// AddCode gives the next style, whose number is returned, the format that a code describes.
func (s *Styles) AddCode(code string) int {
	s.formats = append(s.formats, ParseFormat(code))
	return len(s.formats) - 1
}

// Of returns the format of style i. known is false when the workbook has no such style; one without styles knows all.
func (s *Styles) Of(i int) (f *Format, known bool) {
	if s == nil {
		return nil, true
	}
	if i < 0 || i >= len(s.formats) {
		return nil, i == 0
	}
	return s.formats[i], true
}

func one(l Look) *Format { return &Format{sections: []Section{{Look: l}}} }

// builtin knows the formats that have a number and no code, the East Asian and Thai ones too.
func builtin(id int) *Format {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58, id >= 71 && id <= 74, id == 81:
		return one(Day)
	case id == 22:
		return one(DayTime)
	case id >= 18 && id <= 21, id == 32, id == 33, id == 45, id == 47, id >= 75 && id <= 78, id == 80:
		return one(TimeOfDay)
	case id == 34, id == 35, id == 55, id == 56:
		return one(Either)
	case id == 46, id == 79:
		return one(Elapsed)
	}
	return nil
}

// ParseFormat understands a number format as far as the value needs it; nil is a plain number.
func ParseFormat(code string) *Format {
	f := &Format{}
	plain := true
	for i, text := range sections(code) {
		s := parseSection(text)
		if i == 2 && text == "" {
			s.Look = Unseen
		}
		plain = plain && s.Look == Plain
		f.sections = append(f.sections, s)
		if len(f.sections) == 4 {
			break
		}
	}
	if plain {
		return nil
	}
	if len(f.sections) == 4 || len(f.sections) > 1 && strings.Contains(sections(code)[len(f.sections)-1], "@") {
		f.sections = f.sections[:len(f.sections)-1] // the last one is for text
	}
	return f
}

// sections cuts a format at the semicolons that are not quoted.
func sections(code string) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == ';':
			out = append(out, code[from:i])
			from = i + 1
		}
	}
	return append(out, code[from:])
}

// traits is what a section of a format is made of.
type traits struct {
	day, hour, month, elapsed bool
	digits, point, foreign    bool
	other                     bool // signs of a number that are neither digits nor point: # ? , % E / @
	currency                  bool
	mask                      []byte // what is shown before the point, with slots
	literal                   bool   // a letter or sign that is shown as it is
	last                      byte   // h or s: the m beside it is minutes
	minutes                   bool   // an m that may be minutes or a month
}

func parseSection(code string) Section {
	var s Section
	if strings.EqualFold(strings.TrimSpace(code), "general") {
		return s
	}
	var t traits
	for i := 0; i < len(code); {
		i += t.sign(code[i:], &s)
	}
	if t.minutes {
		t.month = true
	}
	numeric := t.digits || t.other
	isDay, isTime := t.day || t.month, t.hour || t.elapsed
	if t.foreign && numeric {
		isDay, isTime = false, false
	}
	switch {
	case isDay && isTime:
		s.Look = DayTime
	case t.elapsed && isTime:
		s.Look = Elapsed
	case isTime:
		s.Look = TimeOfDay
	case isDay:
		s.Look = Day
	default:
		t.zeros(&s)
	}
	return s
}

// sign reads one sign of the format and returns how many bytes it has.
func (t *traits) sign(code string, s *Section) int {
	c := code[0]
	switch c {
	case '"':
		n := strings.IndexByte(code[1:], '"')
		if n < 0 {
			n = len(code) - 2
		}
		t.show(code[1 : 1+max(n, 0)])
		return n + 2
	case '\\':
		_, n := utf8.DecodeRuneInString(code[1:])
		t.show(code[1 : 1+n])
		return 1 + max(n, 0)
	case '_', '*':
		_, n := utf8.DecodeRuneInString(code[1:])
		return 1 + n
	case '[':
		n := strings.IndexByte(code, ']')
		if n < 0 {
			return len(code)
		}
		t.bracket(code[1:n], s)
		return n + 1
	case '0':
		if t.hour { // parts of a second
			return 1
		}
		t.digits = true
		if !t.point {
			t.mask = append(t.mask, slot)
		}
		return 1
	case '.':
		if !t.hour && !t.day && !t.month && !t.minutes {
			t.point = t.point || t.digits
		}
		return 1
	case '#', '?', ',', '%', '@':
		t.other = true
		return 1
	case '-', '(', ')', ' ', '/', '+', ':', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		t.show(code[:1])
		return 1
	}
	return t.letters(code)
}

func (t *traits) letters(code string) int {
	upper := strings.ToUpper(code[:min(len(code), 7)])
	for _, w := range []string{"GENERAL", "AM/PM", "A/P"} {
		if strings.HasPrefix(upper, w) {
			if w == "GENERAL" {
				t.other = true
			} else {
				t.hour = true
			}
			return len(w)
		}
	}
	c := upper[0]
	if c == 'E' && len(code) > 1 && (code[1] == '+' || code[1] == '-') {
		t.other = true
		return 2
	}
	n := 1
	for n < len(code) && strings.ToUpper(code[n : n+1])[0] == c {
		n++
	}
	switch c {
	case 'Y', 'D':
		t.conclude()
		t.day = true
		t.last = 0
	case 'H':
		t.conclude()
		t.hour = true
		t.last = 'h'
	case 'S':
		t.minutes = false // the m before seconds is minutes
		t.hour = true
		t.last = 's'
	case 'M':
		t.conclude()
		if t.last == 'h' {
			t.last = 0
		} else if n >= 3 {
			t.month = true
		} else {
			t.minutes = true
		}
	case 'A':
		if n >= 3 {
			t.day = true
		} else {
			t.foreign = true
		}
	case 'B', 'E', 'G', 'N', 'R':
		// eras and Buddhist years stand beside other date letters; alone they are letters like others
	default:
		_, n = utf8.DecodeRuneInString(code)
		if code[0] < utf8.RuneSelf {
			t.foreign = true
		}
		t.show(code[:n])
	}
	return n
}

// conclude decides that an m with no seconds after it was a month.
func (t *traits) conclude() {
	t.month = t.month || t.minutes
	t.minutes = false
}

// show takes text that is shown as it is.
func (t *traits) show(text string) {
	t.mask = append(t.mask, text...)
	t.literal = t.literal || strings.Trim(text, "-() /+:") != ""
	t.currency = t.currency || strings.ContainsAny(text, "$€£¥￥₽₴₸₹₺")
}

func (t *traits) bracket(text string, s *Section) {
	if text == "" {
		return
	}
	low := strings.ToLower(text)
	switch {
	case strings.Trim(low, "h") == "", strings.Trim(low, "s") == "":
		t.elapsed, t.hour, t.last = true, true, low[0]
		t.minutes = t.minutes && low[0] != 's'
	case strings.Trim(low, "m") == "":
		t.elapsed, t.hour = true, true
	case text[0] == '<' || text[0] == '>' || text[0] == '=':
		n := 1
		if len(text) > 1 && (text[1] == '=' || text[1] == '>') {
			n = 2
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(text[n:]), 64); err == nil {
			s.op, s.limit = text[:n], v
		}
	case text[0] == '$' && len(text) > 1 && text[1] != '-':
		t.currency = true
	}
}

// coded are formats that put letters right before all digits, "LB"0, and so make a code of a number; but not of money.
var coded = patterns.New(`^\pL[\pL\d]*[-/_]?` + string(rune(slot)) + `$`)

var money = map[string]bool{"USD": true, "EUR": true, "CNY": true, "RMB": true, "RUB": true, "GBP": true, "JPY": true, "HKD": true, "TWD": true, "KRW": true, "INR": true, "KZT": true, "UAH": true, "R": true}

// zeros recognises the formats by which people give numbers leading zeros, alone or between fixed signs, and those that
// make a code of a number: "MSKU"0000000. Letters behind the digits are a unit, and not taken.
func (t *traits) zeros(s *Section) {
	if !t.digits || t.other || t.foreign || t.currency {
		return
	}
	mask := strings.TrimSpace(string(t.mask))
	n := strings.Count(mask, string(rune(slot)))
	switch {
	case n == 1 && t.literal && coded.MatchString(mask) && !money[mask[:len(mask)-1]]:
		s.Look, s.Zeros, s.Mask, s.Words = Masked, n, mask, true
	case n < 2 || n > 30:
	case n == len(mask):
		s.Look, s.Zeros = Padded, n
	case t.point || mask[len(mask)-1] != slot:
	case t.literal:
		s.Look, s.Zeros, s.Mask, s.Words = Masked, n, mask, true
	case mask[0] == slot || mask[0] == '(':
		s.Look, s.Zeros, s.Mask = Masked, n, mask
	}
}
