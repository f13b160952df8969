package opening

import (
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patterns"
)

// Stem is the name that results of a file are called after: results of results keep the first file's name instead of collecting ids.
func Stem(f *ledger.File) string {
	if f.Reading.Again == nil {
		return f.Name
	}
	stem := resultPattern.ReplaceAllString(strings.TrimSuffix(f.Name, filepath.Ext(f.Name)), "")
	if stem == "" {
		return f.Name
	}
	return stem + filepath.Ext(f.Name)
}

// resultPattern is what a result's name adds to its file's, with what mail programs and browsers put behind it.
var resultPattern = patterns.New(`\.\d{8}-\d{6}-[0-9a-f]{4,12}(\.r\d+)?(\.(result|preview))?( ?\(\d+\))?$`)
