package mappers

import (
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// A measure is what units count: names of the columns that are counted so, and the units by the ways in which they are written.
type measure struct {
	counted []string
	units   map[string]string
}

var measures = []measure{
	{strings.Fields("weight mass gewicht poids peso вес масса 重 brgew ntgew"), spellings("g gr grs gm gms gram grams gramm gramme grammes gramo gramos г гр грамм 克 grm", "kg kgs kilo kilos kilogram kilograms kilogramm кг килограмм 千克 公斤 kgm",
		"t to ton tons tonne tonnes mt т тонна тонн 吨 公吨 tne", "lb lbs pound pounds 磅 lbr", "oz ounce ounces 盎司 onz", "斤 市斤")},
	{strings.Fields("length width height depth länge breite höhe длина ширина высота глубина longueur largeur hauteur largo ancho alto 长 宽 高 長 寬"), spellings("mm 毫米 мм mmt", "cm cms 厘米 公分 см cmt", "m meter metre 米 м mtr", "in inch inches 英寸 inh", "ft feet foot 英尺 fot")},
}

// spellings are the ways to write each unit, and the code that business papers have for it (UN/ECE Recommendation 20); the first is how it is called.
func spellings(units ...string) map[string]string {
	out := map[string]string{}
	for _, ways := range units {
		for _, way := range strings.Fields(ways) {
			out[way] = strings.Fields(ways)[0]
		}
	}
	return out
}

// unitNames are what columns are called that say in what a row counts.
var unitNames = []string{"unit", "uom", "einheit", "unité", "unidad", "unità", "единиц", "ед.", "单位", "單位", "gewei", "meins"}

// unitColumn is a column that fills nothing and may say in what unit a row counts what fills a field.
type unitColumn struct {
	col   int
	units map[string]string
	asked string // the unit in which the field is counted, as its provider says; "" where it does not, or another column's may be meant
	of    int    // the column that fills the field
}

// unitColumns are those of the file.
func (b *Bound) unitColumns() (out []unitColumn) {
	for i, name := range b.t.normal {
		if b.used[i] || !containsAny(name, unitNames) {
			continue
		}
		for _, m := range measures {
			if counted := b.counts(m); len(counted) > 0 {
				out = append(out, b.asked(unitColumn{col: i, units: m.units}, m, counted))
			}
		}
	}
	return out
}

// counts gives what fills fields that are counted in the measure's units.
func (b *Bound) counts(m measure) (out []*slot) {
	for i := range b.slots {
		s := &b.slots[i]
		if s.col < 0 || s.program != nil {
			continue
		}
		if containsAny(b.t.normal[s.col], m.counted) || containsAny(labels.Normal(s.field.Path), m.counted) {
			out = append(out, s)
		}
	}
	return out
}

// asked adds the unit that the provider counts in, where the column surely speaks of a field: it stands behind the field's own, or is called after
// what is counted and all such fields are counted in one unit. A unit somewhere else may be that of a price or of a number of pieces.
func (b *Bound) asked(u unitColumn, m measure, counted []*slot) unitColumn {
	for _, s := range counted {
		if s.col == u.col-1 {
			u.asked, u.of = m.unitOf(s.field), s.col
			return u
		}
	}
	name := b.t.normal[u.col] + b.t.paths[u.col]
	if !containsAny(name, m.counted) && !strings.Contains(name, "gewei") {
		return u
	}
	u.asked, u.of = m.unitOf(counted[0].field), counted[0].col
	for _, s := range counted[1:] {
		if m.unitOf(s.field) != u.asked {
			u.asked = ""
		}
	}
	return u
}

// unitOf is the one unit that a field's name, labels, headings and description have; "" where they have none, or several.
func (m measure) unitOf(f *providers.Field) (unit string) {
	name := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
	texts := append([]string{capitals.ReplaceAllString(name, "$1 $2"), f.Label.EN, f.Label.ZH, f.Label.RU, f.Help.EN, f.Help.ZH, f.Help.RU}, f.Headings...)
	for _, text := range texts {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			word = labels.Normal(word)
			switch other, known := m.units[word]; {
			case !known || len(word) < 2 || word == "in" || word == "to":
			case unit != "" && unit != other:
				return ""
			default:
				unit = other
			}
		}
	}
	return unit
}

// capitals are where a name has its next word: weightKg.
var capitals = patterns.New(`(\p{Ll})(\p{Lu})`)

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// said is the unit that the rows so far have.
type said struct {
	unit string
	row  int
}

// differ refuses the file at the first row that has another unit than those before it, or than the provider's: all numbers would be sent as if
// they were of one.
func (st *state) differ() error {
	for i, u := range st.b.units {
		unit, known := u.units[strings.TrimSuffix(labels.Normal(st.cell(u.col).Text), ".")]
		switch first := st.units[i]; {
		case !known:
		case u.asked != "" && unit != u.asked:
			return &batch.Unreadable{Message: words.Message("mapper.units.asked", "column", shown(st.b.t.columns[u.col].Name), "one", unit,
				"row", st.b.t.sheets.Row(st.row.Number), "counted", shown(st.b.t.columns[u.of].Name), "asked", u.asked)}
		case first.row == 0:
			st.units[i] = said{unit, st.row.Number}
		case first.unit != unit:
			return &batch.Unreadable{Message: words.Message("mapper.units", "column", shown(st.b.t.columns[u.col].Name),
				"first", st.b.t.sheets.Row(first.row), "one", first.unit, "row", st.b.t.sheets.Row(st.row.Number), "other", unit)}
		}
	}
	return nil
}
