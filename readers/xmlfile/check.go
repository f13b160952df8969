package xmlfile

import (
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with what the settings say of an XML file.
func Check(s readers.Settings) []batch.Mistake {
	if s.Record == "" {
		return nil
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(s.Record, "/"), "/") {
		if name == "" || strings.ContainsAny(name, " \t@[]*\\") {
			return []batch.Mistake{{Key: "record", What: words.Message("config.record", "value", words.Short(s.Record)), Write: words.Example("record: shipPoints/shipPoint")}}
		}
	}
	return nil
}
