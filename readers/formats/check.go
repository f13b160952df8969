package formats

import (
	"path"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/csvfile"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/xmlfile"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with a route's settings for reading, whatever files will come.
func Check(s readers.Settings) []batch.Mistake {
	return slices.Concat(csvfile.Check(s), workbook.Check(s), xmlfile.Check(s), checkMember(s))
}

func checkMember(s readers.Settings) []batch.Mistake {
	_, err := path.Match(s.Member, "")
	switch {
	case s.Member != "" && !s.Unzip:
		return []batch.Mistake{{Key: "member", What: words.Message("config.member_alone"), Write: words.Example("unzip: true")}}
	case err != nil:
		return []batch.Mistake{{Key: "member", What: words.Message("config.member_pattern", "value", words.Short(s.Member)), Write: words.Example(`member: "orders-*.csv"`)}}
	}
	return nil
}
