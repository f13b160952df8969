package corpus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/readers/readerstest"
	"github.com/rowferry/rowferry/words"
)

// The verdicts of the manifest.
const (
	mustRead   = "must-read"
	mustReject = "must-reject-with-clear-error"
	either     = "either"
)

// hanging is when a file is given up; how long it may take, cost knows.
const hanging = 5 * time.Minute

// entry is one line of the manifest.
type entry struct {
	Path, Tags, Verdict, Expected string
}

func (e entry) tag(name string) bool { return slices.Contains(strings.Split(e.Tags, ","), name) }

// result is what became of one file; miss is "" when it is as it should be.
type result struct {
	entry
	format  string
	miss    string
	remarks []string
}

// Errorf makes a result what cost reports to.
func (r *result) Errorf(format string, args ...any) { r.missed(format, args...) }

func (r *result) missed(format string, args ...any) {
	if r.miss == "" {
		r.miss = fmt.Sprintf(format, args...)
	}
}

func (r *result) remark(format string, args ...any) {
	r.remarks = append(r.remarks, fmt.Sprintf(format, args...))
}

// judges are the ones by the format that is read.
var judges = map[string]func(ctx context.Context, r *result, reader readers.Reader, f readers.File, expected []byte){
	"csv":  judgeCSV,
	"xlsx": judgeWorkbook,
	"xml":  judgeXML,
}

func judgeAll(ctx context.Context, dir string) ([]result, error) {
	entries, err := manifest(dir)
	if err != nil {
		return nil, fmt.Errorf("the corpus is missing: %w (give its folder with -corpus)", err)
	}
	var out []result
	for _, e := range entries {
		out = append(out, judge(ctx, dir, e))
	}
	return out, nil
}

func manifest(dir string) ([]entry, error) {
	b, err := os.ReadFile(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		return nil, err
	}
	var out []entry
	for i, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 || len(f) < 4 {
			continue
		}
		out = append(out, entry{Path: f[0], Tags: f[1], Verdict: f[2], Expected: f[3]})
	}
	if len(out) == 0 {
		return nil, errors.New("MANIFEST.tsv lists no files")
	}
	return out, nil
}

// judge never lets a reader's panic through.
func judge(ctx context.Context, dir string, e entry) (r result) {
	r = result{entry: e, format: strings.TrimPrefix(filepath.Ext(e.Path), ".")}
	if head, _, found := strings.Cut(e.Path, "/"); found {
		r.format = head
	}
	clock := readerstest.Start()
	defer func() {
		if p := recover(); p != nil {
			r.missed("panic: %v", p)
		}
		clock.Check(&r)
	}()
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
	if err != nil {
		r.missed("%v", err)
		return r
	}
	var expected []byte
	if e.Expected != "-" && e.Expected != "" {
		if expected, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Expected))); err != nil {
			r.missed("%v", err)
			return r
		}
	}
	ctx, cancel := context.WithTimeout(ctx, hanging)
	defer cancel()
	f := readers.File{Name: filepath.Base(e.Path), Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}
	reader, err := formats.Of(f)
	if err != nil {
		judgeRefusal(&r, err)
		return r
	}
	judgeRows := judgeWorkbook
	if other, known := judges[reader.Traits().Name]; known && r.format != "xls" {
		judgeRows = other
	}
	judgeRows(ctx, &r, reader, f, expected)
	return r
}

// judgeRefusal is for a file that was refused as a whole.
func judgeRefusal(r *result, err error) {
	u, refused := errors.AsType[*batch.Unreadable](err)
	if !refused {
		r.missed("not a refusal: %v", err)
		return
	}
	said := words.Say(batch.English, u.Message)
	r.remark("refused: %s", said)
	if said == "" || strings.HasPrefix(said, u.Message.Key) {
		r.missed("the refusal has no words: %s", u.Message.Key)
	}
	switch r.Verdict {
	case mustRead:
		r.missed("refused: %s", said)
	case mustReject:
		if !causeFits(r.Tags, said) {
			r.missed("refused for another reason (%s): %s", r.Tags, said)
		}
	}
}

// causes say by which words a message names the cause that a tag stands for.
var causes = map[string]string{
	"encrypted":      `password|encrypt`,
	"truncated":      `complete|cut off|truncated|ends|end of`,
	"corrupt":        `damaged|corrupt|not a workbook|broken|plain text`,
	"bomb":           `entit|DTD|DOCTYPE|bomb|document type`,
	"billion-laughs": `entit|DTD|DOCTYPE|bomb|document type`,
	"empty-zip":      `empty|nothing|no workbook|no spreadsheet`,
	"empty-file":     `empty`,
	"missing-parts":  `missing|part|workbook`,
	"nul-byte":       `NUL|zero byte|character`,
	"invalid-utf8":   `UTF-8|encoding|well-formed|name`,
	"duplicate-attr": `twice|duplicate|more than once|attribute`,
}

func causeFits(tags, said string) bool {
	known := false
	for tag := range strings.SplitSeq(tags, ",") {
		pattern, ok := causes[tag]
		if !ok {
			continue
		}
		known = true
		if regexp.MustCompile(`(?i)` + pattern).MatchString(said) {
			return true
		}
	}
	return !known
}

// taken is all that a reader gave of one file.
type taken struct {
	columns []batch.Column
	rows    map[int]row
	order   []int
	notes   []batch.Note
}

type row struct {
	cells   []batch.Cell
	problem *batch.Message
}

func take(ctx context.Context, reader readers.Reader, f readers.File, s readers.Settings) (*taken, error) {
	t, err := reader.Open(ctx, f, s)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	out := &taken{columns: slices.Clone(t.Columns()), rows: map[int]row{}}
	for given, err := range t.Rows() {
		if err != nil {
			return nil, err
		}
		if len(given.Cells) != len(out.columns) {
			return nil, fmt.Errorf("row %d has %d cells for %d columns", given.Number, len(given.Cells), len(out.columns))
		}
		if _, twice := out.rows[given.Number]; twice {
			return nil, fmt.Errorf("row %d was given twice", given.Number)
		}
		out.rows[given.Number] = row{slices.Clone(given.Cells), given.Problem}
		out.order = append(out.order, given.Number)
	}
	out.notes = slices.Clone(t.Notes())
	return out, nil
}

func parse(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}
