package workbook

import (
	"fmt"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/resultmark"
)

// look is one of our cell formats. A workbook's own formats are counted before ours: what it is called in a sheet is
// styles.of(look).
type look int

const (
	lookText    look = iota // a sender's value in a new workbook: text, so that zeros and long digits stay
	lookHead                // a heading
	lookPlain               // text of ours
	lookWrap                // text of ours that may be long
	lookNumber              // a count
	lookTime                // a moment in UTC
	lookTitle               // of the summary
	lookLabel               // in the summary
	lookBad                 // a sender's value with a problem, in a new workbook
	lookWarn                // one with a warning
	lookBand                // a heading inside the summary
	lookLink                // a link in the summary
	lookOutcome             // the first of the outcomes, in the order of outcomes()
)

// outcomes are the words of the status column that have a colour of their own.
func outcomes() []batch.Status { return append(batch.Statuses(), resultmark.WouldBeSent) }

func lookOf(s batch.Status) look {
	for i, o := range outcomes() {
		if o == s {
			return lookOutcome + look(i)
		}
	}
	return lookPlain
}

// Colours. Those of outcomes are in the order of outcomes().
const (
	colourHead = "FFDCE6F1"
	colourBand = "FFEDEDED"
	colourBad  = "FFFFB3A7"
	colourWarn = "FFFFF2B3"
)

var outcomeColours = []string{"FFC6EFCE", "FFFFC7CE", "FFFFD9A0", "FFFFEB9C", "FFE1CCF5", "FFE3E3E3", "FFBDD7EE"}

// ourFills are the fills of ours, in their order; the first is number 0 of ours.
func ourFills() []string {
	return append([]string{colourHead, colourBand, colourBad, colourWarn}, outcomeColours...)
}

const (
	fillNone = -1
	fillHead = iota - 1
	fillBand
	fillBad
	fillWarn
	fillOutcome
)

const timeFormat = `yyyy\-mm\-dd\ hh:mm:ss`

// format is what a look consists of; fonts: 0 the workbook's own first, 1 it in bold, 2 the title's, 3 a link's.
type format struct {
	number int // of a built-in number format; timeNumber stands for timeFormat
	font   int
	fill   int
	align  string
}

const timeNumber = -1

func formats() []format {
	list := []format{
		lookText:   {49, 0, fillNone, `vertical="top"`},
		lookHead:   {49, 1, fillHead, `vertical="top" wrapText="1"`},
		lookPlain:  {49, 0, fillNone, `vertical="top"`},
		lookWrap:   {49, 0, fillNone, `vertical="top" wrapText="1"`},
		lookNumber: {1, 0, fillNone, `horizontal="left" vertical="top"`},
		lookTime:   {timeNumber, 0, fillNone, `horizontal="left" vertical="top"`},
		lookTitle:  {49, 2, fillNone, ""},
		lookLabel:  {49, 1, fillNone, `vertical="top"`},
		lookBad:    {49, 0, fillBad, `vertical="top"`},
		lookWarn:   {49, 0, fillWarn, `vertical="top"`},
		lookBand:   {49, 1, fillBand, `vertical="top"`},
		lookLink:   {49, 3, fillNone, `vertical="top"`},
	}
	for i := range outcomes() {
		list = append(list, format{49, 0, fillOutcome + i, `vertical="top"`})
	}
	return list
}

// base is where a workbook's own formats end and ours begin.
type base struct {
	prefix              string
	fonts, fills, xfs   int
	timeNumber          int
	parents             bool // the workbook has cellStyleXfs
	from1904            bool // it counts days from 1904
	firstBold, firstBig int  // fonts of ours
}

// of is the number of a look in the workbook.
func (s base) of(l look) int { return s.xfs + int(l) }

func (s base) xf(f format) string {
	number, font := f.number, 0
	if number == timeNumber {
		number = s.timeNumber
	}
	switch f.font {
	case 1:
		font = s.firstBold
	case 2:
		font = s.firstBig
	case 3:
		font = s.firstBig + 1
	}
	fill := 0
	if f.fill != fillNone {
		fill = s.fills + f.fill
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<%sxf numFmtId="%d" fontId="%d" fillId="%d" borderId="0"`, s.prefix, number, font, fill)
	if s.parents {
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
	fmt.Fprintf(&b, ` applyAlignment="1"><%salignment %s/></%sxf>`, s.prefix, f.align, s.prefix)
	return b.String()
}

func (s base) fill(colour string) string {
	return fmt.Sprintf(`<%[1]sfill><%[1]spatternFill patternType="solid"><%[1]sfgColor rgb="%[2]s"/><%[1]sbgColor indexed="64"/></%[1]spatternFill></%[1]sfill>`, s.prefix, colour)
}

// fresh are the formats of a new workbook.
var fresh = base{fonts: 1, fills: 2, xfs: 1, timeNumber: 164, parents: true, firstBold: 1, firstBig: 2}

// freshStyles is the part xl/styles.xml of a new workbook.
func freshStyles(space string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, xmlHead+`<styleSheet xmlns="%s"><numFmts count="1"><numFmt numFmtId="164" formatCode="%s"/></numFmts>`, space, timeFormat)
	font := func(inner string, size int) string {
		return fmt.Sprintf(`<font>%s<sz val="%d"/><color rgb="FF000000"/><name val="Calibri"/><family val="2"/></font>`, inner, size)
	}
	b.WriteString(`<fonts count="4">` + font("", 11) + font("<b/>", 11) + font("<b/>", 14) + linkFont("") + `</fonts>`)
	fmt.Fprintf(&b, `<fills count="%d"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>`, 2+len(ourFills()))
	for _, c := range ourFills() {
		b.WriteString(fresh.fill(c))
	}
	b.WriteString(`</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>`)
	fmt.Fprintf(&b, `<cellXfs count="%d"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>`, 1+len(formats()))
	for _, f := range formats() {
		b.WriteString(fresh.xf(f))
	}
	b.WriteString(`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`)
	return []byte(b.String())
}

// linkFont is the font of a link; programs know one by its colour and line.
func linkFont(prefix string) string {
	return fmt.Sprintf(`<%[1]sfont><%[1]su/><%[1]ssz val="11"/><%[1]scolor rgb="FF0563C1"/><%[1]sname val="Calibri"/><%[1]sfamily val="2"/></%[1]sfont>`, prefix)
}
