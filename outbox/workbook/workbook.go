// Package workbook holds the result as a workbook that people act on: our columns at the right of the sender's, a colour per
// outcome, a note on each cell that must be mended, a summary sheet.
//
// For rows that came from a workbook, the result is that very file with ours added; every part that is not ours is the
// sender's, byte for byte. Rows from CSV or XML, and workbooks that must not be changed (protected, signed, with macros),
// get a clean new workbook of text cells, whose summary says why.
//
// A result is recognised when it is dropped again by the marks that package resultmark describes: two custom document
// properties, a very hidden sheet, and our columns.
//
// Where the sender's workbook is itself such a result, ours take the place of the earlier ones: columns, sheets, notes and
// colours. Results of results do not grow, whatever program saved them in between.
//
// Everything is written as a stream; memory does not grow with the rows. The same report gives the same bytes.
package workbook

import (
	"context"
	"errors"
	"io"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/workbook/fresh"
	"github.com/rowferry/rowferry/outbox/workbook/patch"
	"github.com/rowferry/rowferry/words"
)

// New gives the format.
func New() outbox.Format { return resultFormat{} }

type resultFormat struct{}

// Extension is what follows the file's id.
func (resultFormat) Extension() string { return "result.xlsx" }

// Write writes the whole workbook or, with an error, nothing that looks like one: the first byte goes out when all rows have
// been written to temporary files. Where lines and the file's counts do not agree, it is an error.
func (resultFormat) Write(ctx context.Context, w io.Writer, r outbox.Report) error {
	if !r.Source.Patchable || r.Source.Open == nil {
		return fresh.WriteFresh(ctx, w, &r, "")
	}
	if r.Left {
		return fresh.WriteFresh(ctx, w, &r, words.Of(r.Language, "workbookresult.why.left"))
	}
	err := patch.WritePatched(ctx, w, &r)
	if why, is := errors.AsType[*patch.Refused](err); is {
		return fresh.WriteFresh(ctx, w, &r, words.Say(r.Language, why.Message))
	}
	return err
}
