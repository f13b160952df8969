package workbook

import (
	"context"

	"github.com/rowferry/rowferry/readers"
)

// Facts is what a workbook says of itself beside its rows.
type Facts struct {
	Properties map[string]string // custom document properties
	Sheets     []string          // the names of all sheets, hidden ones too
}

// Look reads the facts without reading a sheet. Its error is what Open would say of the file; custom properties that
// cannot be read count as absent, because no value of the sender's depends on them.
func Look(ctx context.Context, f readers.File, l readers.Limits) (Facts, error) {
	a, err := openArchive(ctx, f, withDefaults(l))
	if err != nil {
		return Facts{}, err
	}
	contents, err := a.OpenWorkbook()
	if err != nil {
		return Facts{}, unreadable(ctx, err)
	}
	var facts Facts
	for _, s := range contents.Sheets {
		facts.Sheets = append(facts.Sheets, s.Name)
	}
	facts.Properties, _ = a.CustomProperties()
	return facts, ctx.Err()
}
