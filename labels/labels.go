// Package labels knows how people write the names of columns: which spellings are one name, and what a form adds to it.
package labels

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/patterns"
)

// Normal is the form in which headings and lookup keys are compared: Unicode NFKC, case folded, without blanks, line
// breaks and characters that show nothing.
func Normal(s string) string {
	switch plain, as := ascii(s); {
	case plain && as:
		return s
	case plain:
		return lowered(s)
	}
	s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// ascii reports whether s has only characters of ASCII, and whether it is in normal form as it stands.
func ascii(s string) (plain, normal bool) {
	normal = true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false, false
		}
		normal = normal && s[i] > ' ' && s[i] != 0x7f && !(s[i] >= 'A' && s[i] <= 'Z')
	}
	return true, normal
}

// lowered is the normal form of ASCII.
func lowered(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f:
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// unmarked reports whether a normal form has nothing in it that marks are made of.
func unmarked(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// Unmarked is the normal form of a heading without what a form adds to it to say whether it must be filled in:
// "*订单号", "收件人（必填）", "Phone (optional)", "Bezeichnung [Pflichtfeld]:". It is "" where nothing else is left.
func Unmarked(heading string) string {
	if at := strings.LastIndexAny(heading, "\r\n"); at > 0 && aside(Normal(heading[at:])) {
		heading = heading[:at]
	}
	s := Normal(heading)
	if unmarked(s) {
		return s
	}
	for {
		was := s
		s = strings.Trim(s, "*※★✱✻†:")
		s = withoutBrackets(s)
		for _, word := range []string{"必填项", "非必填", "必填", "选填", "選填", "可选"} {
			s = strings.TrimPrefix(strings.TrimSuffix(s, word), word)
		}
		if at := strings.LastIndexAny(s, "-–—,;/|:"); at > 0 && IsMark(strings.TrimLeft(s[at:], "-–—,;/|:")) {
			s = strings.TrimRight(s[:at], "-–—,;/|:")
		}
		if s == was {
			return s
		}
	}
}

// Unjoined is Unmarked without what stands for a blank in names that may have none: Order_No, order-no and Order_x0020_No are an "Order No." in
// XML and in databases. So is Order #; and № заказа is Номер заказа.
func Unjoined(heading string) string {
	heading = encoded.ReplaceAllStringFunc(heading, func(code string) string {
		r, _ := strconv.ParseUint(code[2:6], 16, 16)
		return string(rune(r))
	})
	s := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, Unmarked(heading))
	if of, numbered := strings.CutSuffix(s, "#"); numbered && of != "" {
		return of + "no" // as № is in normal form
	}
	if of, numbered := strings.CutPrefix(s, "номер"); numbered && of != "" {
		return "no" + of
	}
	return s
}

// encoded is a character that a name in XML may not have, as programs of Microsoft write it.
var encoded = patterns.New(`_x[0-9A-Fa-f]{4}_`)

var brackets = [][2]string{{"(", ")"}, {"[", "]"}, {"【", "】"}, {"<", ">"}, {"{", "}"}, {"〔", "〕"}}

// withoutBrackets takes off brackets at either end in which nothing but a mark stands, perhaps with a remark behind it.
func withoutBrackets(s string) string {
	if s == "" || strings.IndexByte("([<{", s[0]) < 0 && strings.IndexByte(")]>}", s[len(s)-1]) < 0 && s[0] < utf8.RuneSelf && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	for _, pair := range brackets {
		open, shut := pair[0], pair[1]
		if at := strings.LastIndex(s, open); at > 0 && strings.HasSuffix(s, shut) && aside(s[at+len(open):len(s)-len(shut)]) {
			s = s[:at]
		}
		if at := strings.Index(s, shut); at > 0 && strings.HasPrefix(s, open) && aside(s[len(open):at]) {
			s = s[at+len(shut):]
		}
	}
	return s
}

// aside reports whether a text in normal form is a mark, or says how dates and times are written in the column, where that leaves no two readings:
// Ship date (yyyy-mm-dd), Дата (ДД.ММ.ГГГГ). dd/mm/yyyy does: the field may want the month first.
func aside(s string) bool { return IsMark(s) || dateForm.MatchString(s) }

var dateForm = patterns.New(`^(?:format:?|格式:?|формат:?)?(?:(?:(?:yyyy|jjjj|aaaa|гггг)[-/.年]?(?:mm?|мм)[-/.月]?(?:dd?|tt|jj|дд)日?|(?:dd?|tt|дд)\.(?:mm?|мм)\.(?:yyyy|jjjj|гггг))(?:t?(?:hh?|чч):(?:mm|мм)(?::(?:ss|сс))?)?|(?:hh?|чч):(?:mm|мм)(?::(?:ss|сс))?)$`)

// IsMark reports whether a text in normal form says no more than that something must, or need not, be filled in.
func IsMark(s string) bool {
	s, _, _ = strings.Cut(s, ",")
	s, _, _ = strings.Cut(s, ";")
	s = strings.Trim(s, "*.:!")
	return s == "" || formMarks[s]
}

// formMarks are the words for it, in normal form.
var formMarks = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`
		required requiredfield req mandatory must compulsory necessary needed optional opt notrequired ifany ifapplicable ifknown
		必填 必填项 必填字段 必录 必须 必須 必輸 必输 必选 必選 选填 選填 可选 可選 可空 可不填 非必填 非必须 任意 必需
		обязательно обязательное обязательный обязательная обязательноеполе обяз необязательно необязательное необязательный необяз опционально пожеланию
		pflicht pflichtfeld pflichtangabe erforderlich notwendig muss mussfeld freiwillig wahlweise kann kannfeld fallsvorhanden
		obligatoire requis champobligatoire facultatif facultative optionnel optionnelle
		obligatorio obligatoria requerido requerida campoobligatorio opcional`) {
		m[Normal(w)] = true
	}
	return m
}()
