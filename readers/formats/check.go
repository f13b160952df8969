package formats

import (
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/csvfile"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/xmlfile"
)

// Check lists everything that is wrong with a route's settings for reading, whatever files will come.
func Check(s readers.Settings) []batch.Mistake {
	return slices.Concat(csvfile.Check(s), workbook.Check(s), xmlfile.Check(s))
}
