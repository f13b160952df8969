package workbook

import (
	"cmp"
	"context"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
)

// Facts is what a workbook says of itself beside its rows.
type Facts struct {
	Properties map[string]string // custom document properties
	Sheets     []string          // the names of all sheets, hidden ones too
}

// Look reads the facts without reading a sheet. Its error is what Open would say of the file; custom properties that
// cannot be read count as absent, because no value of the sender's depends on them.
func Look(ctx context.Context, f readers.File, l readers.Limits) (Facts, error) {
	f.ReaderAt = patient{f.ReaderAt, ctx}
	if kind, err := readers.KindOf(f); err != nil || kind != readers.XLSX {
		return Facts{}, unreadable(ctx, cmp.Or(err, refuse("workbook.other", "kind", kind)))
	}
	contents, properties, err := xlsx.Contents(f, withDefaults(l))
	if err != nil {
		return Facts{}, unreadable(ctx, err)
	}
	facts := Facts{Properties: properties}
	for _, s := range contents.Sheets {
		facts.Sheets = append(facts.Sheets, s.Name)
	}
	return facts, ctx.Err()
}
