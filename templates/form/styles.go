package form

import (
	"fmt"
	"slices"
	"strings"
)

// parts are the different values of one kind among the looks, in the order in which they come.
type parts []string

// of is the number of a value.
func (p *parts) of(value string) int {
	at := slices.Index(*p, value)
	if at < 0 {
		*p = append(*p, value)
		at = len(*p) - 1
	}
	return at
}

func (p parts) list(name string) string {
	return fmt.Sprintf(`<%s count="%d">%s</%s>`, name, len(p), strings.Join(p, ""), name)
}

// firstFormat is the number of the first format that is not built in.
const firstFormat = 164

// styles are the looks, which cells name by their numbers.
func (b *Book) styles() string {
	b.look(Look{})
	fonts, borders := parts{Look{}.font()}, parts{Look{}.border()}
	fills := parts{`<fill><patternFill patternType="none"/></fill>`, `<fill><patternFill patternType="gray125"/></fill>`} // two that every program expects
	var formats, all parts
	for _, l := range b.looks {
		fill, number := 0, l.Number
		if l.Fill != "" {
			fill = fills.of(`<fill><patternFill patternType="solid"><fgColor rgb="FF` + l.Fill + `"/><bgColor indexed="64"/></patternFill></fill>`)
		}
		if l.Format != "" {
			number = firstFormat + formats.of(escaped(l.Format))
		}
		all = append(all, fmt.Sprintf(`<xf numFmtId="%d" fontId="%d" fillId="%d" borderId="%d" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">%s</xf>`,
			number, fonts.of(l.font()), fill, borders.of(l.border()), l.alignment()))
	}
	own := ""
	for i, f := range formats {
		own += fmt.Sprintf(`<numFmt numFmtId="%d" formatCode="%s"/>`, firstFormat+i, f)
	}
	if own != "" {
		own = fmt.Sprintf(`<numFmts count="%d">%s</numFmts>`, len(formats), own)
	}
	return `<styleSheet xmlns="` + mainSpace + `">` + own + fonts.list("fonts") + fills.list("fills") + borders.list("borders") +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` + all.list("cellXfs") +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

func (l Look) font() string {
	s, size := "<font>", l.Size
	if l.Bold {
		s += "<b/>"
	}
	if l.Italic {
		s += "<i/>"
	}
	if size == 0 {
		size = 11
	}
	s += fmt.Sprintf(`<sz val="%g"/>`, size)
	if l.Colour != "" {
		s += `<color rgb="FF` + l.Colour + `"/>`
	}
	return s + `<name val="Calibri"/><family val="2"/></font>`
}

func (l Look) border() string {
	s := "<border>"
	for _, side := range []string{"left", "right", "top", "bottom"} {
		switch {
		case side == "bottom" && l.Below != "":
			s += `<bottom style="thick"><color rgb="FF` + l.Below + `"/></bottom>`
		case l.Line != "":
			s += fmt.Sprintf(`<%s style="thin"><color rgb="FF%s"/></%s>`, side, l.Line, side)
		default:
			s += "<" + side + "/>"
		}
	}
	return s + "<diagonal/></border>"
}

func (l Look) alignment() string {
	s := ""
	if l.Lateral != "" {
		s += ` horizontal="` + l.Lateral + `"`
	}
	if l.Vertical != "" {
		s += ` vertical="` + l.Vertical + `"`
	}
	if l.Wrap {
		s += ` wrapText="1"`
	}
	if s == "" {
		return s
	}
	return "<alignment" + s + "/>"
}
