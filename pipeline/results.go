package pipeline

import (
	"context"
	"errors"
	"os"

	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/mend"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/report"
	"github.com/rowferry/rowferry/pipeline/route"
)

// ErrNotEnded is the error of asking for the result of a file of which rows wait.
var ErrNotEnded = errors.New("rows of the file have no outcome yet")

// Result writes a file's result in a format ("csv", "xlsx", "summary") as the books have it now, whether or not it was put into
// the outbox. Whoever gets it closes and removes it.
func (e *Engine) Result(ctx context.Context, f ledger.File, format string) (*os.File, string, error) {
	writer := results[format]()
	r, err := e.reportOf(ctx, f)
	if err != nil {
		return nil, "", err
	}
	out, err := e.scratch(func(to *os.File) error { return writer.Write(ctx, to, r) })
	return out, resultName(f, writer.Extension()), err
}

func resultName(f ledger.File, extension string) string {
	return route.ResultName(opening.Stem(&f), f.ID, f.Revision, extension)
}

func (e *Engine) reportOf(ctx context.Context, f ledger.File) (r outbox.Report, err error) {
	way := e.Routes[f.Route]
	switch {
	case f.State != ledger.Settled && f.State != ledger.Reported:
		return r, ErrNotEnded
	case way == nil:
		return r, errors.New("the configuration has no route " + f.Route + " any more")
	}
	return report.Of(ctx, e.Ledger, way, f), nil
}

// scratch makes a file that is nowhere but here.
func (e *Engine) scratch(write func(to *os.File) error) (*os.File, error) {
	out, err := os.CreateTemp(e.Data, "scratch-*")
	if err != nil {
		return nil, err
	}
	err = write(out)
	if err == nil {
		_, err = out.Seek(0, 0)
	}
	if err != nil {
		return nil, errors.Join(err, out.Close(), os.Remove(out.Name()))
	}
	return out, nil
}

// Mend drops a file's result again with cells changed, on its own route; or with check only says what would come of it.
func (e *Engine) Mend(ctx context.Context, f ledger.File, edits mend.Edits, only bool) (fresh ledger.File, finding *check.Finding, err error) {
	r, err := e.reportOf(ctx, f)
	if err != nil {
		return fresh, nil, err
	}
	out, err := e.scratch(func(to *os.File) error { return mend.Write(ctx, to, r, edits) })
	if err != nil {
		return fresh, nil, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	name := resultName(f, csvfile.New().Extension())
	if only {
		finding, err = e.Check(ctx, e.Routes[f.Route], out.Name(), name)
		return fresh, finding, err
	}
	fresh, err = e.Upload(ctx, f.Route, name, out)
	return fresh, nil, err
}
