package ours

import (
	"fmt"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/resultmark"
)

// Look is one of our cell formats. A workbook's own formats are counted before ours: what it is called in a sheet is
// styles.of(look).
type Look int

const (
	LookText    Look = iota // a sender's value in a new workbook: text, so that zeros and long digits stay
	LookHead                // a heading
	LookPlain               // text of ours
	LookWrap                // text of ours that may be long
	lookNumber              // a count
	lookTime                // a moment in UTC
	lookTitle               // of the summary
	lookLabel               // in the summary
	LookBad                 // a sender's value with a problem, in a new workbook
	LookWarn                // one with a warning
	lookBand                // a heading inside the summary
	lookLink                // a link in the summary
	lookOutcome             // the first of the outcomes, in the order of outcomes()
)

// outcomes are the words of the status column that have a colour of their own.
func outcomes() []batch.Status { return append(batch.Statuses(), resultmark.WouldBeSent) }

func lookOf(s batch.Status) Look {
	for i, o := range outcomes() {
		if o == s {
			return lookOutcome + Look(i)
		}
	}
	return LookPlain
}

// Colours. Those of outcomes are in the order of outcomes().
const (
	colourHead = "FFDCE6F1"
	colourBand = "FFEDEDED"
	ColourBad  = "FFFFB3A7"
	ColourWarn = "FFFFF2B3"
)

var outcomeColours = []string{"FFC6EFCE", "FFFFC7CE", "FFFFD9A0", "FFFFEB9C", "FFE1CCF5", "FFE3E3E3", "FFBDD7EE"}

// Colours are the fills of ours, in their order; the first is number 0 of ours.
func Colours() []string {
	return append([]string{colourHead, colourBand, ColourBad, ColourWarn}, outcomeColours...)
}

const (
	fillNone = -1
	fillHead = iota - 1
	fillBand
	FillBad
	FillWarn
	fillOutcome
)

// TimeFormat is how times are shown.
const TimeFormat = `yyyy\-mm\-dd\ hh:mm:ss`

// format is what a look consists of; fonts: 0 the workbook's own first, 1 it in bold, 2 the title's, 3 a link's.
type format struct {
	number int // of a built-in number format; timeNumber stands for timeFormat
	font   int
	fill   int
	align  string
}

const timeNumber = -1

// Formats are those of all looks, in their order.
func Formats() []format {
	list := []format{
		LookText:   {49, 0, fillNone, `vertical="top"`},
		LookHead:   {49, 1, fillHead, `vertical="top" wrapText="1"`},
		LookPlain:  {49, 0, fillNone, `vertical="top"`},
		LookWrap:   {49, 0, fillNone, `vertical="top" wrapText="1"`},
		lookNumber: {1, 0, fillNone, `horizontal="left" vertical="top"`},
		lookTime:   {timeNumber, 0, fillNone, `horizontal="left" vertical="top"`},
		lookTitle:  {49, 2, fillNone, ""},
		lookLabel:  {49, 1, fillNone, `vertical="top"`},
		LookBad:    {49, 0, FillBad, `vertical="top"`},
		LookWarn:   {49, 0, FillWarn, `vertical="top"`},
		lookBand:   {49, 1, fillBand, `vertical="top"`},
		lookLink:   {49, 3, fillNone, `vertical="top"`},
	}
	for i := range outcomes() {
		list = append(list, format{49, 0, fillOutcome + i, `vertical="top"`})
	}
	return list
}

// Base is where a workbook's own formats end and ours begin.
type Base struct {
	Prefix              string
	Fonts, Fills, XFs   int
	TimeNumber          int
	Parents             bool // the workbook has cellStyleXfs
	From1904            bool // it counts days from 1904
	FirstBold, FirstBig int  // fonts of ours
}

// Of is the number of a look in the workbook.
func (s Base) Of(l Look) int { return s.XFs + int(l) }

// XF is the element of a format.
func (s Base) XF(f format) string {
	number, font := f.number, 0
	if number == timeNumber {
		number = s.TimeNumber
	}
	switch f.font {
	case 1:
		font = s.FirstBold
	case 2:
		font = s.FirstBig
	case 3:
		font = s.FirstBig + 1
	}
	fill := 0
	if f.fill != fillNone {
		fill = s.Fills + f.fill
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<%sxf numFmtId="%d" fontId="%d" fillId="%d" borderId="0"`, s.Prefix, number, font, fill)
	if s.Parents {
		b.WriteString(` xfId="0"`)
	}
	b.WriteString(` applyNumberFormat="1"`)
	if font > 0 {
		b.WriteString(` applyFont="1"`)
	}
	if fill > 0 {
		b.WriteString(` applyFill="1"`)
	}
	if f.align == "" {
		return b.String() + "/>"
	}
	fmt.Fprintf(&b, ` applyAlignment="1"><%salignment %s/></%sxf>`, s.Prefix, f.align, s.Prefix)
	return b.String()
}

// Fill is the element of a colour.
func (s Base) Fill(colour string) string {
	return fmt.Sprintf(`<%[1]sfill><%[1]spatternFill patternType="solid"><%[1]sfgColor rgb="%[2]s"/><%[1]sbgColor indexed="64"/></%[1]spatternFill></%[1]sfill>`, s.Prefix, colour)
}

// Fresh are the formats of a new workbook.
var Fresh = Base{Fonts: 1, Fills: 2, XFs: 1, TimeNumber: 164, Parents: true, FirstBold: 1, FirstBig: 2}

// FreshStyles is the part xl/styles.xml of a new workbook.
func FreshStyles(space string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, XMLHead+`<styleSheet xmlns="%s"><numFmts count="1"><numFmt numFmtId="164" formatCode="%s"/></numFmts>`, space, TimeFormat)
	font := func(inner string, size int) string {
		return fmt.Sprintf(`<font>%s<sz val="%d"/><color rgb="FF000000"/><name val="Calibri"/><family val="2"/></font>`, inner, size)
	}
	b.WriteString(`<fonts count="4">` + font("", 11) + font("<b/>", 11) + font("<b/>", 14) + LinkFont("") + `</fonts>`)
	fmt.Fprintf(&b, `<fills count="%d"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>`, 2+len(Colours()))
	for _, c := range Colours() {
		b.WriteString(Fresh.Fill(c))
	}
	b.WriteString(`</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>`)
	fmt.Fprintf(&b, `<cellXfs count="%d"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>`, 1+len(Formats()))
	for _, f := range Formats() {
		b.WriteString(Fresh.XF(f))
	}
	b.WriteString(`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`)
	return []byte(b.String())
}

// LinkFont is the font of a link; programs know one by its colour and line.
func LinkFont(prefix string) string {
	return fmt.Sprintf(`<%[1]sfont><%[1]su/><%[1]ssz val="11"/><%[1]scolor rgb="FF0563C1"/><%[1]sname val="Calibri"/><%[1]sfamily val="2"/></%[1]sfont>`, prefix)
}

// Plain are the same formats for a sheet whose elements have no prefix.
func (s Base) Plain() Base {
	s.Prefix = ""
	return s
}
