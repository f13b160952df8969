package mappers

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// measured is what a numeric field is surely counted in.
type measured struct {
	unit  string            // as it is called; "": nobody can tell
	units map[string]string // of its measure, by the ways to write them
}

// measuredIn is the unit of a field, where its provider says one and none of its neighbours says the unit row by row.
func (b *Bound) measuredIn(s *slot) measured {
	if !isNumeric(s.field) || slices.ContainsFunc(b.slots, s.hasUnitBeside) {
		return measured{}
	}
	for _, m := range measures {
		if unit := m.unitOf(s.field); unit != "" {
			return measured{unit, m.units}
		}
	}
	return measured{}
}

// measured is measuredIn, looked for once a file.
func (st *state) measured(s *slot) measured {
	in, known := st.counted[s.at]
	if !known {
		if st.counted == nil {
			st.counted = map[int]measured{}
		}
		in = st.b.measuredIn(s)
		st.counted[s.at] = in
	}
	return in
}

func isNumeric(f *providers.Field) bool {
	return f.Schema != nil && (f.Schema.Type == "number" || f.Schema.Type == "integer")
}

// hasUnitBeside reports whether another field of the same object is called a unit.
func (s *slot) hasUnitBeside(other slot) bool {
	mine, its := strings.LastIndexByte(s.field.Path, '.')+1, strings.LastIndexByte(other.field.Path, '.')+1
	name := strings.ToLower(other.field.Path[its:])
	return s.field.Path[:mine] == other.field.Path[:its] && (strings.Contains(name, "unit") || strings.Contains(name, "uom"))
}

// understood is a number that was written with its field's own unit (1,5 kg) or in the digits of another script, where it has one reading; the
// sender is told what was sent. unit is that of another field's kind of number: its refusal can say in what to count.
func (st *state) understood(s *slot, value string) (number, unit string) {
	text := digits(value)
	at := strings.LastIndexFunc(text, func(r rune) bool { return r >= '0' && r <= '9' }) + 1
	number, said := text[:at], labels.Normal(strings.TrimSuffix(strings.TrimSpace(text[at:]), "."))
	if said != "" {
		in := st.measured(s)
		if unit = in.units[said]; unit == "" || unit != in.unit {
			return "", in.unit
		}
	}
	if number == value || twoReadings(number) {
		return "", ""
	}
	return number, unit
}

// digits writes the digits of any script, and the signs among them, as everybody reads them.
func digits(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '٫':
			return '.'
		case r == '٬':
			return '\''
		case r > unicode.MaxASCII && unicode.Is(unicode.Nd, r):
			return '0' + digitOf(r)
		}
		return r
	}, norm.NFKC.String(strings.TrimSpace(value)))
}

// digitOf is the value of a decimal digit: those of a script stand one behind the other.
func digitOf(r rune) rune {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
		zero--
	}
	return r - zero
}

// noiseless is a number that a program reckoned in binary and wrote with all that came of it (0.30000000000000004), as spreadsheets show it: by
// fifteen digits. "" for others.
func noiseless(value string) string {
	number := strings.Replace(value, ",", ".", 1)
	digits := strings.TrimLeft(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number), "0")
	v, err := strconv.ParseFloat(number, 64)
	if len(digits) < 16 || len(digits) > 17 || err != nil || strconv.FormatFloat(v, 'f', -1, 64) != number {
		return ""
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if short := strconv.FormatFloat(v, 'f', -1, 64); len(number)-len(short) > 4 {
		return short
	}
	return ""
}

// twoReadings reports whether a number's one point or comma may set thousands apart.
func twoReadings(number string) bool {
	at := strings.IndexAny(number, ".,")
	whole := strings.TrimLeft(number[:max(at, 0)], "-+")
	return at >= 0 && strings.Count(number, ".")+strings.Count(number, ",") == 1 && len(number)-at == 4 && len(whole) <= 3 && whole != "0"
}

// takes notes what was sent for a value that was understood.
func (st *state) takes(s *slot, value, sent string) {
	p := st.b.place(st.row.Number, s, s.spot)
	st.problems = append(st.problems, batch.Problem{Row: p.row, Column: p.column, Cell: p.cell, Field: p.field, Value: short(value), Code: "understood",
		Text: words.Of(st.lang(), "mapper.understood", "where", p.where, "value", line(value), "sent", sent), Warning: true})
}

// again appends a number that was refused as it is written, where it is understood.
func (st *state) again(dst []byte, s *slot, value string, bad *providers.Violation) ([]byte, bool, *providers.Violation) {
	number, unit := noiseless(value), ""
	if number == "" {
		number, unit = st.understood(s, value)
	}
	if number == "" && unit != "" && bad.Code == "type" {
		bad.Fix = words.Message("mapper.unit.fix", "unit", unit)
	}
	if number == "" {
		return dst, false, bad
	}
	start := len(dst)
	out, omit, still := s.field.Append(dst, number, batch.String)
	if still == nil && !omit {
		st.takes(s, value, string(out[start:]))
	}
	return out, omit, still
}
