package opening

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rowferry/rowferry/ledger"
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
var resultPattern = regexp.MustCompile(`\.\d{8}-\d{6}-[0-9a-f]{4,12}(\.r\d+)?(\.(result|preview))?( ?\(\d+\))?$`)
