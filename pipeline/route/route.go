// Package route holds one route of the configuration, wired: places, reader settings, mapping, operation.
package route

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Route is everything the three loops need to know of one route. It does not change while they run.
type Route struct {
	Name      string
	Others    []string // the names of all routes of the configuration
	Account   string
	Operation *providers.Operation
	Language  batch.Language
	Inbox     inbox.Place // nil where files are only handed over
	Outbox    outbox.Sink
	Formats   []outbox.Format
	Local     bool           // results in CSV speak the language too
	Left      bool           // our columns stand at the left of a workbook
	Zone      *time.Location // of times in results; nil: UTC
	Read      readers.Settings
	Mapping   *mappers.Mapping
	Lists     providers.Lists
	Optional  []string
	Mask      masks.Fields // private: sealed where requests are stored
	Later     *configs.Later
	Repeats   Repeats
	NoEmpty   bool // a file without rows is refused
	Receipts  bool // what the provider says later is received
	StopAfter int  // equal refusals, or unknown outcomes, in a row that pause a file; 0 = never
}

// When is a time as the route's results have it, for sentences.
func (r *Route) When(t time.Time) string {
	if r.Zone == nil {
		return t.UTC().Format(moment)
	}
	return t.In(r.Zone).Format(moment)
}

const moment = "2006-01-02 15:04:05Z07:00"

// Bind matches the route's mapping with the columns of a file. Where they do not fit, the *batch.Unreadable says which row or which
// elements of the file were looked at, and what their names are. A document without records has no columns: it is bound with
// nothing.
func (r *Route) Bind(columns []batch.Column, at readers.Layout) (*mappers.Bound, error) {
	bound, err := r.Mapping.Bind(columns)
	wrong, misfit := errors.AsType[*batch.Unreadable](err)
	if err == nil {
		return bound.In(at.Sheets), nil
	}
	if !misfit || len(columns) == 0 {
		return nil, err
	}
	key := "route.looked.none"
	switch {
	case at.Record != "":
		key = "route.looked.record"
	case at.Sheet != "" && at.Header > 0:
		key = "route.looked.sheet"
	case at.Sheet != "":
		key = "route.looked.sheet_none"
	case at.Header > 0:
		key = "route.looked.row"
	}
	text := batch.InEach(func(l batch.Language) string {
		return words.Of(l, key, "wrong", words.Say(l, wrong.Message), "row", at.Header, "sheet", at.Sheet, "record", at.Record, "names", table.Names(Headings(columns)))
	})
	return nil, &batch.Unreadable{Message: batch.Message{Text: text}, Err: wrong.Err}
}

// Repeats says what becomes of an item whose request was sent before.
type Repeats struct {
	Send   bool // it goes, with a note; else it is held
	Within time.Duration
}

// Plain are settings that detect everything: for our own results, which are not written as the route's files are.
func (r *Route) Plain() readers.Settings {
	return readers.Settings{Unzip: r.Read.Unzip, Member: r.Read.Member, Limits: r.Read.Limits, Wants: r.Read.Wants}
}

// Whole says whether the file at path is closed in its structure: nil, or *batch.Unreadable (Incomplete while it may still grow).
// A result of ours is judged as such, however the route's files are written.
func (r *Route) Whole(ctx context.Context, path string) error {
	f, source, err := content(path, filepath.Base(path))
	if err != nil {
		return err
	}
	defer f.Close()
	inside, err := formats.Unzip(ctx, source, r.Read)
	if err != nil {
		return err
	}
	if inside != nil {
		defer inside.Close()
		source = inside.File
	}
	reader, err := formats.Of(source)
	if err != nil {
		return err
	}
	whole := reader.Complete(ctx, source, r.Read)
	if whole == nil || !reader.Traits().Text || r.Read == r.Plain() {
		return whole
	}
	table, err := reader.Open(ctx, source, r.Plain())
	if err != nil {
		return whole
	}
	defer table.Close()
	if !resultmark.Find(Headings(table.Columns())).Sure {
		return whole
	}
	return reader.Complete(ctx, source, r.Plain())
}

// Headings are the names of columns.
func Headings(columns []batch.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

func content(path, name string) (*os.File, readers.File, error) {
	f, err := local.OpenFile(path)
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
// orders.20261122-101502-7f3a.result.csv; a later revision has .r2 after the id. What Windows or a share cannot have in a name
// becomes _, and a name that would become too long is cut before the id.
func ResultName(name, id string, revision int, extension string) string {
	base := strings.TrimSuffix(name, filepath.Ext(name))
	if revision > 1 {
		id = fmt.Sprintf("%s.r%d", id, revision)
	}
	added := "." + id + "." + extension
	return inbox.Cut(strings.Map(portable, inbox.Tame(base)), inbox.LongestName-len(added)) + added
}

// portable replaces a character that not every file system can have in a name.
func portable(r rune) rune {
	if strings.ContainsRune(`<>:"/\|?*`, r) {
		return '_'
	}
	return r
}
