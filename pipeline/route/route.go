// Package route holds one route of the configuration, wired: places, reader settings, mapping, operation.
package route

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/csvfile"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/xmlfile"
)

// Route is everything the three loops need to know of one route. It does not change while they run.
type Route struct {
	Name      string
	Account   string
	Operation *providers.Operation
	Language  batch.Language
	Inbox     inbox.Place // nil where files are only handed over
	Outbox    outbox.Place
	Formats   []outbox.Format
	Read      readers.Settings
	Mapping   *mappers.Mapping
	Lists     providers.Lists
	Optional  []string
	Later     *configs.Later
	StopAfter int // equal refusals in a row that pause a file; 0 = never
}

// formats is the one list of file formats.
var formats = map[string]readers.Reader{
	"csv":  csvfile.New(),
	"xlsx": workbook.New(),
	"xml":  xmlfile.New(),
}

// Opened is a file that is being read.
type Opened struct {
	readers.Table
	Format string
	file   *os.File
}

// Close ends reading.
func (o *Opened) Close() error {
	err := o.Table.Close()
	if other := o.file.Close(); err == nil {
		err = other
	}
	return err
}

// Open opens the content at path under the name its sender gave it. *batch.Unreadable when it is no table we can trust.
func (r *Route) Open(ctx context.Context, path, name string) (*Opened, error) {
	f, source, err := content(path, name)
	if err != nil {
		return nil, err
	}
	format, err := readers.KindOf(source)
	if err != nil {
		f.Close()
		return nil, err
	}
	table, err := formats[format].Open(ctx, source, r.Read)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Opened{Table: table, Format: format, file: f}, nil
}

// Whole says whether the file at path is closed in its structure: nil, or *batch.Unreadable (Incomplete while it may still grow).
func (r *Route) Whole(ctx context.Context, path string) error {
	f, source, err := content(path, filepath.Base(path))
	if err != nil {
		return err
	}
	defer f.Close()
	format, err := readers.KindOf(source)
	if err != nil {
		return err
	}
	return formats[format].Complete(ctx, source, r.Read)
}

func content(path, name string) (*os.File, readers.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, readers.File{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, readers.File{}, err
	}
	return f, readers.File{Name: name, Size: info.Size(), ReaderAt: f}, nil
}

// ResultName is the name of a result file: orders.csv taken as 20261122-101502-7f3a gives
// orders.20261122-101502-7f3a.result.csv; a later revision has .r2 after the id.
func ResultName(name, id string, revision int, extension string) string {
	base := strings.TrimSuffix(name, filepath.Ext(name))
	if revision > 1 {
		id = fmt.Sprintf("%s.r%d", id, revision)
	}
	return base + "." + id + "." + extension
}
