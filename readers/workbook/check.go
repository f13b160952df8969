package workbook

import (
	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with what the settings say of a workbook.
func Check(s readers.Settings) []batch.Mistake {
	if _, _, err := heading(s.Header); err != nil {
		return []batch.Mistake{{Key: "header", What: words.Message("config.header", "value", words.Short(s.Header)), Write: words.Message("config.header.write")}}
	}
	return nil
}
