package opening

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// A Plan decides what becomes of each item of a file before anything is sent.
type Plan interface {
	Stage(item *batch.Item, l batch.Language) ledger.Staged
}

// Families knows the files that results come from.
type Families interface {
	// Recognise decides what a file is that shows signs of being a result of ours. Without a plan it is an ordinary one all the same,
	// read as the table says or, without one, as the route does.
	// *batch.Unreadable when nothing can be done with it now.
	Recognise(ctx context.Context, f *File, s *Signs) (*Table, Plan, error)
}

// Open decides what a file is and opens it accordingly. It takes f over: the table closes it, and so does an error.
// *batch.Unreadable when it cannot be read, and what Families says of a result.
func Open(ctx context.Context, f *File, known Families) (*Table, Plan, error) {
	t, p, err := open(ctx, f, known)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return t, p, nil
}

func open(ctx context.Context, f *File, known Families) (*Table, Plan, error) {
	facts, err := f.reader.Facts(ctx, f.content, f.Route.Read)
	if err != nil {
		return nil, nil, err
	}
	f.facts = facts
	signs, err := f.signs(ctx)
	if err != nil {
		return nil, nil, err
	}
	var t *Table
	if signs != nil {
		var p Plan
		if t, p, err = known.Recognise(ctx, f, signs); err != nil || p != nil {
			return t, p, err
		}
	}
	if t == nil {
		if t, err = f.Table(ctx, nil); err != nil {
			return nil, nil, err
		}
	}
	examples, err := t.Examples()
	return t, Ordinary{examples, t.Layout().Sheets}, err
}

// Signs are what a file carries that results of ours have.
type Signs struct {
	ID     string   // of the file it is the result of; "" when nothing says so
	Names  []string // ids in the file's name, the last one first
	Sheet  string   // where in the workbook the rows are; "" when nothing says so
	Header string
	Marked bool // it is a workbook of ours, whatever is left of it
	Texts  bool // a new one, and not the sender's own
}

var idPattern = patterns.New(`\d{8}-\d{6}-[0-9a-f]{4,12}`)

// signs looks for marks, an id in the name and columns like ours; nil where there are none.
func (f *File) signs(ctx context.Context) (*Signs, error) {
	if !f.Format.Grid {
		return nil, nil
	}
	s := &Signs{Names: idPattern.FindAllString(f.Name, -1)}
	slices.Reverse(s.Names) // a result of a result ends with the newest
	f.readMarks(ctx, s)
	if s.Marked || len(s.Names) > 0 {
		return s, nil
	}
	for _, m := range f.Manners(s) {
		t, err := f.Table(ctx, m)
		if _, told := errors.AsType[*batch.Unreadable](err); told {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(resultmark.Find(t.Headings()).Columns) > 0 {
			return s, nil
		}
	}
	return nil, nil
}

// Manners lists how the file may have been written, the likeliest first; nil is the route's own way.
func (f *File) Manners(s *Signs) []*ledger.Manner {
	var list []*ledger.Manner
	if s.Sheet != "" {
		list = append(list, &ledger.Manner{Plain: true, Sheet: s.Sheet, Header: s.Header}, &ledger.Manner{Plain: true, Sheet: s.Sheet})
	}
	list = append(list, nil)
	if f.Route.Read != f.Route.Plain() && (f.Format.Text || s.Marked) {
		list = append(list, &ledger.Manner{Plain: true})
	}
	return list
}

// readMarks takes what a workbook says of itself.
func (f *File) readMarks(ctx context.Context, s *Signs) {
	s.ID = strings.TrimSpace(f.facts.Properties[resultmark.PropertyFile])
	hidden := slices.Contains(f.facts.Sheets, resultmark.Sheet)
	s.Marked = hidden || s.ID != ""
	if !hidden {
		return
	}
	t, err := f.Table(ctx, &ledger.Manner{Plain: true, Sheet: resultmark.Sheet, Header: "none"})
	if err != nil {
		return // what it would have told is told by the rest too
	}
	for row, err := range t.Written() {
		if err != nil || len(row.Cells) < 5 || row.Cells[0].Text != resultmark.Layout {
			return
		}
		s.ID = cmp.Or(s.ID, row.Cells[1].Text)
		s.Texts = len(row.Cells) > 7 && row.Cells[7].Text == resultmark.Texts
		if name := row.Cells[3].Text; slices.Contains(f.facts.Sheets, name) {
			s.Sheet, s.Header = name, row.Cells[4].Text
		}
		if s.Header == "0" {
			s.Header = ""
		}
		return
	}
}

// Refuse is the *batch.Unreadable with these words.
func Refuse(key string, args ...any) error {
	return &batch.Unreadable{Message: words.Message(key, args...)}
}
