// Package formats holds the one list of the file formats that are read.
package formats

import (
	"slices"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/csvfile"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/workbook/biff"
	"github.com/rowferry/rowferry/readers/workbook/html"
	"github.com/rowferry/rowferry/readers/workbook/ods"
	"github.com/rowferry/rowferry/readers/workbook/xlsb"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
	"github.com/rowferry/rowferry/readers/workbook/xml2003"
	"github.com/rowferry/rowferry/readers/xmlfile"
)

// list has one line for each format.
var list = []readers.Reader{
	csvfile.New(),
	workbook.New(xlsx.Container),
	workbook.New(xlsb.Container),
	workbook.New(biff.Container),
	workbook.New(ods.Container),
	workbook.New(html.Container),
	workbook.New(html.Single),
	workbook.New(xml2003.Container),
	xmlfile.New(),
}

// Of gives the reader for f, chosen by content and never by name. Where nobody reads it, the *batch.Unreadable says what it is and
// what to do about it.
func Of(f readers.File) (readers.Reader, error) {
	c, err := readers.Examine(f)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.Traits().Knows(c) {
			return r, nil
		}
	}
	return nil, c.Refusal()
}

// Named gives the traits of a format by the name that the ledger keeps; none for a name that is not in the list.
func Named(name string) readers.Traits {
	i := slices.IndexFunc(list, func(r readers.Reader) bool { return r.Traits().Name == name })
	if i < 0 {
		return readers.Traits{Name: name}
	}
	return list[i].Traits()
}
