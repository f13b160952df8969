// Package xml2003 opens workbooks in the XML format of Excel 2003, which many programs write under the names .xls and .xml.
package xml2003

import (
	"bytes"
	"strconv"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/markup"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// part is how messages call what is read.
const part = "Workbook"

// Container is XML Spreadsheet 2003 under any name.
var Container = grid.Container{
	Traits: readers.Traits{Name: "xml2003", Knows: func(c *readers.Content) bool { return c.Kind == readers.XML2003 }, Grid: true, Typed: true},
	Open:   Open,
}

type book struct {
	text   *markup.Text
	limits ooxml.Limits
	rules  grid.Rules
	styles map[string]int
	grid.Contents
	root []byte // its tag, which declares the namespaces
}

const maxSheets = 10_000

// Open reads the file once, strictly: it is well-formed to its end, and its styles and sheets are known.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	text, err := markup.Open(f, s.Encoding)
	if err != nil {
		return nil, err
	}
	b := &book{text: text, rules: grid.RulesFor(s.Limits), limits: ooxml.LimitsFor(s.Limits), styles: map[string]int{}}
	scan, err := markup.Scan(text, part, b.limits)
	if err != nil {
		return nil, err
	}
	if err := b.survey(scan); err != nil {
		return nil, err
	}
	if len(b.Listed) == 0 {
		return nil, &grid.Error{Part: part, Reason: grid.Structure}
	}
	return b, nil
}

// survey reads the whole file.
func (b *book) survey(s *markup.Scanner) error {
	styles := &grid.Styles{}
	styles.AddCode("General") // style 0: of cells that name none
	for t, err := range s.All() {
		if err != nil {
			return s.Wrap(err)
		}
		if t != ooxml.Start {
			continue
		}
		switch name := string(s.Name); {
		case s.Depth() == 1 && name != "Workbook":
			return s.Misfit("the root is <%s>, not <Workbook>", name)
		case s.Depth() == 1:
			if b.root, err = b.text.Tag(s); err != nil {
				return err
			}
		case s.Depth() == 2 && name == "Worksheet":
			if len(b.Listed) == maxSheets {
				return &grid.Error{Part: part, Reason: grid.TooMany, Limit: maxSheets}
			}
			b.Listed = append(b.Listed, grid.Listed{Tab: grid.Tab{Name: string(attr(s, "Name")), Grid: true}, At: s.Start()})
		case s.Depth() == 4 && name == "Visible":
			text, err := s.AllText(nil, 100)
			if err != nil {
				return err
			}
			if n := len(b.Listed); n > 0 && bytes.Contains(text, []byte("Hidden")) {
				b.Listed[n-1].Hidden = true
			}
		case s.Depth() == 3 && name == "Style":
			if err := b.style(s, styles); err != nil {
				return err
			}
		}
	}
	b.rules.Styles = styles
	return nil
}

// maxStyles is what a spreadsheet program keeps a sixteenth of.
const maxStyles = 1 << 20

// style takes a style's number format; one without has that of its parent.
func (b *book) style(s *markup.Scanner, styles *grid.Styles) error {
	id := string(attr(s, "ID"))
	index := b.styles[string(attr(s, "Parent"))]
	if len(b.styles) == maxStyles {
		return &grid.Error{Part: part, Reason: grid.OverFormats, Limit: maxStyles}
	}
	for t, err := range s.Within() {
		if err != nil {
			return s.Wrap(err)
		}
		if t == ooxml.Start && string(s.Name) == "NumberFormat" {
			index = styles.AddCode(codeOf(string(attr(s, "Format"))))
		}
	}
	b.styles[id] = index
	return nil
}

// codeOf is the code of a number format, some of which have names.
func codeOf(format string) string {
	switch format {
	case "General Date":
		return "yyyy-mm-dd hh:mm:ss"
	case "Long Date", "Medium Date", "Short Date":
		return "yyyy-mm-dd"
	case "Long Time", "Medium Time", "Short Time":
		return "hh:mm:ss"
	case "", "General Number", "Currency", "Euro Currency", "Fixed", "Standard", "Percent", "Scientific", "Yes/No", "True/False", "On/Off":
		return "General"
	}
	return format
}

// attr is an attribute of the current element, whatever its prefix.
func attr(s *markup.Scanner, name string) []byte {
	for _, a := range s.Attrs {
		key := a.Name
		if i := bytes.IndexByte(key, ':'); i >= 0 {
			key = key[i+1:]
		}
		if string(key) == name {
			return a.Value
		}
	}
	return nil
}

// whole reads a number of an attribute; without one it is what otherwise says.
func whole(v []byte, otherwise int) (int, bool) {
	if len(v) == 0 {
		return otherwise, true
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(v)))
	return n, err == nil && n >= 0 && n <= grid.MaxRow
}
