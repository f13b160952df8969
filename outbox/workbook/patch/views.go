package patch

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/rowferry/rowferry/outbox/workbook/ours"
)

// deepest is the lowest heading that stays in view: a lower one would leave no room for rows.
const deepest = 12

// frozen is what keeps the heading in view, "" where it cannot.
func (p *patch) frozen() string {
	if p.heading < 1 || p.heading > deepest {
		return ""
	}
	return fmt.Sprintf(`<%spane ySplit="%d" topLeftCell="A%d" activePane="bottomLeft" state="frozen"/>`, p.s.prefix, p.heading, p.heading+1)
}

// view gives a sheet without views one.
func (p *patch) view() {
	if pane := p.frozen(); pane != "" {
		fmt.Fprintf(p.sheet, `<%[1]ssheetViews><%[1]ssheetView workbookViewId="0">%[2]s<%[1]sselection pane="bottomLeft"/></%[1]ssheetView></%[1]ssheetViews>`, p.s.prefix, pane)
	}
}

// views copies the views of the sheet. Those that people have not split get their heading frozen.
func (p *patch) views(t *tokens, start *token) error {
	var list []token
	keep := func(k token) {
		list = append(list, token{raw: bytes.Clone(k.raw), name: bytes.Clone(k.name), kind: k.kind})
	}
	keep(*start)
	if start.kind == open {
		if err := through(t, keep); err != nil {
			return err
		}
	}
	pane := p.frozen()
	if slices.ContainsFunc(list, func(k token) bool { return k.local() == "pane" }) {
		pane = ""
	}
	for _, k := range list {
		if _, err := p.sheet.Write(split(k, pane)); err != nil {
			return err
		}
	}
	return nil
}

// split is a piece of a view with a pane in it, or as it is where there is none.
func split(k token, pane string) []byte {
	switch {
	case pane == "" || k.kind == shut:
	case k.local() == "sheetView":
		raw := k.raw
		if _, scrolled := value(raw, "topLeftCell"); scrolled {
			raw = with(nil, raw, "topLeftCell", "A1")
		}
		if k.kind == both {
			return slices.Concat(opened(nil, raw), []byte(pane), []byte("</"), k.name, []byte(">"))
		}
		return slices.Concat(raw, []byte(pane))
	case k.local() == "selection":
		if _, has := value(k.raw, "pane"); !has {
			return with(nil, k.raw, "pane", "bottomLeft")
		}
	}
	return k.raw
}

// filter writes a filter over the table before a child of the sheet that comes behind it; "" is its end.
func (p *patch) filter(at *passage, name string) {
	if at.found || p.s.filtered || slices.Contains([]string{"sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios"}, name) {
		return
	}
	at.found = true
	if p.heading == 0 || p.last <= p.heading {
		return
	}
	left := p.at
	for _, c := range p.columns {
		if at, _, ok := ours.Reference(c.Ref); ok {
			left = min(left, at)
		}
	}
	fmt.Fprintf(p.sheet, `<%sautoFilter ref="%s%d:%s"/>`, p.s.prefix, ours.Letters(left), p.heading, ours.Letters(p.at+ours.Columns-1)+strconv.Itoa(p.last))
}
