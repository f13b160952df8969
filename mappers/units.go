package mappers

import (
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/words"
)

// A measure is what units count: names of the columns that are counted so, and the units by the ways in which they are written.
type measure struct {
	counted []string
	units   map[string]string
}

var measures = []measure{
	{strings.Fields("weight mass gewicht poids peso вес масса 重 brgew ntgew"), spellings("g gr grs gm gms gram grams gramm gramme grammes gramo gramos г гр грамм 克", "kg kgs kilo kilos kilogram kilograms kilogramm кг килограмм 千克 公斤",
		"t to ton tons tonne tonnes mt т тонна тонн 吨 公吨", "lb lbs pound pounds 磅", "oz ounce ounces 盎司")},
	{strings.Fields("length width height depth länge breite höhe длина ширина высота глубина longueur largeur hauteur largo ancho alto 长 宽 高 長 寬"), spellings("mm 毫米 мм", "cm cms 厘米 公分 см", "m meter metre 米 м", "in inch inches 英寸", "ft feet foot 英尺")},
}

// spellings are the ways to write each unit; the first is how it is called.
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
}

// unitColumns are those of the file.
func (b *Bound) unitColumns() (out []unitColumn) {
	for i, name := range b.t.normal {
		if b.used[i] || !containsAny(name, unitNames) {
			continue
		}
		for _, m := range measures {
			if b.counts(m) {
				out = append(out, unitColumn{i, m.units})
			}
		}
	}
	return out
}

// counts reports whether a column fills a field that is counted in the measure's units.
func (b *Bound) counts(m measure) bool {
	for i := range b.slots {
		s := &b.slots[i]
		if s.col < 0 || s.program != nil {
			continue
		}
		if containsAny(b.t.normal[s.col], m.counted) || containsAny(labels.Normal(s.field.Path), m.counted) {
			return true
		}
	}
	return false
}

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

// differ refuses the file at the first row that has another unit than those before it: all numbers would be sent as if they were of one.
func (st *state) differ() error {
	for i, u := range st.b.units {
		unit, known := u.units[labels.Normal(st.cell(u.col).Text)]
		switch first := st.units[i]; {
		case !known:
		case first.row == 0:
			st.units[i] = said{unit, st.row.Number}
		case first.unit != unit:
			return &batch.Unreadable{Message: words.Message("mapper.units", "column", shown(st.b.t.columns[u.col].Name),
				"first", st.b.t.sheets.Row(first.row), "one", first.unit, "row", st.b.t.sheets.Row(st.row.Number), "other", unit)}
		}
	}
	return nil
}
