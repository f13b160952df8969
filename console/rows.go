package console

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/mend"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/words"
)

// shownRow is a row with its cells.
type shownRow struct {
	desk.Row
	Keys   []string // of the cells
	Cells  []string // none where the copy of the file is gone
	Before []string // as they came, where a draft changes some
}

// Was is how a cell came, where a draft has changed it.
func (s *shownRow) Was(i int) (text string, changed bool) {
	if s.Before == nil {
		return "", false
	}
	if i < len(s.Before) {
		text = s.Before[i]
	}
	return text, text != s.Cells[i]
}

// Drafted reports whether a draft has changed a cell.
func (s *shownRow) Drafted(i int) bool { _, changed := s.Was(i); return changed }

// Lines is how many lines a cell has, as far as they are to be shown at once; 0 for one.
func (s *shownRow) Lines(i int) int {
	if !strings.ContainsAny(s.Cells[i], "\r\n") {
		return 0
	}
	return min(6, strings.Count(s.Cells[i], "\n")+1)
}

// Wrong says what is wrong with a cell, by its key; "" when nothing is.
func (s *shownRow) Wrong(key string) string {
	for _, p := range s.Why {
		if strings.TrimSpace(p.Column) == key && !p.Warning {
			return p.Text
		}
	}
	return ""
}

// Status is the outcome's word, "waiting" where there is none.
func (s *shownRow) Status() string {
	if s.Outcome == nil {
		return "waiting"
	}
	return string(s.Outcome.Status)
}

// Again is by which words a person has the row sent again as it is; "" where it does not go so.
func (s *shownRow) Again() string {
	switch o := s.Outcome; {
	case o == nil:
		return ""
	case o.Status == batch.Unknown, o.Code == ledger.CodeUnclear:
		return "console.mend.looked"
	case o.Status == batch.Rejected, o.Code == ledger.CodeDelivered, o.Code == ledger.CodeSending, o.Code == ledger.CodeZeros:
		return "console.mend.again"
	}
	return ""
}

// rows gives a page of rows with their cells, as a desk knows them.
func (c *Console) rows(ctx context.Context, d *desk.Desk, f ledger.File, q ledger.RowQuery) ([]shownRow, ledger.RowPage, error) {
	if q.Text != "" {
		q.Also = c.finder(f, q.Text)
	}
	found, page, err := d.Page(ctx, q)
	if err != nil {
		return nil, page, err
	}
	out, err := c.withCells(ctx, f, found)
	return out, page, err
}

// withCells gives rows with their cells.
func (c *Console) withCells(ctx context.Context, f ledger.File, found []desk.Row) ([]shownRow, error) {
	numbers := make([]int, len(found))
	for i, r := range found {
		numbers[i] = r.Number
	}
	cells, err := c.cells(ctx, f, numbers)
	if err != nil {
		return nil, err
	}
	keys := mend.Keys(f.Reading.Columns)
	out := make([]shownRow, len(found))
	for i, r := range found {
		out[i] = shownRow{Row: r, Keys: keys, Cells: cells[r.Number]}
		if len(out[i].Cells) > len(keys) {
			out[i].Cells = out[i].Cells[:len(keys)]
		}
	}
	return out, nil
}

// row gives one row of a file with its cells, and what was sent and answered.
func (c *Console) row(ctx context.Context, f ledger.File, number string) (shownRow, desk.Exchange, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return shownRow{}, desk.Exchange{}, ledger.ErrNotFound
	}
	e, err := c.desk.Exchange(ctx, f, n)
	if err != nil {
		return shownRow{}, e, err
	}
	rows, err := c.withCells(ctx, f, []desk.Row{e.Row})
	if err != nil {
		return shownRow{}, e, err
	}
	return rows[0], e, nil
}

func sayNote(l batch.Language, n batch.Note, in batch.Sheets) string {
	text := words.Say(l, n.Message)
	if n.Row > 0 {
		text = words.Of(l, "workbookresult.summary.row", "row", in.Row(n.Row), "text", text)
	}
	return text
}

// download gives a result in a format.
func (c *Console) download(format string) handler {
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		f, err := c.file(r, p)
		if err != nil {
			return err
		}
		out, name, err := c.engine.Result(r.Context(), f.File, format)
		if err != nil {
			return err
		}
		defer os.Remove(out.Name())
		defer out.Close()
		attach(w, name, map[string]string{"csv": "text/csv; charset=utf-8", "summary": "application/json",
			"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}[format])
		sum := sha256.New()
		if _, err := io.Copy(sum, io.NewSectionReader(out, 0, math.MaxInt64)); err != nil {
			return err
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sum.Sum(nil)[:16])) // and no time: what a provider says later changes the result of a file that ended
		http.ServeContent(w, r, "", time.Time{}, out)
		return nil
	}
}

// apiMend drops the result again with cells changed.
func (c *Console) apiMend(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	var body struct {
		mend.Edits
		Check bool  `json:"check"`
		Draft bool  `json:"draft"` // with what was saved of whole columns
		Shown []int `json:"shown"` // rows whose problems are listed
	}
	if err := readLong(w, r, &body); err != nil {
		return err
	}
	for _, s := range body.ResendAll {
		if s != batch.Unknown && s != batch.Rejected {
			return unfit("resend_all", string(s))
		}
	}
	left, err := c.left.of(r.Context(), c.desk, f.File)
	if err != nil {
		return err
	}
	if left.None() {
		return refused(http.StatusConflict, string(desk.Superseded), "console.mend.newer", "newest", left.Newer)
	}
	body.Only = left.Rows
	edits, err := c.mended(r.Context(), p, f, body.Edits, body.Draft)
	if err != nil {
		return err
	}
	fresh, finding, err := c.engine.Mend(r.Context(), f.File, edits, body.Check, body.Shown)
	if err != nil {
		return err
	}
	if body.Check {
		return writeJSON(w, http.StatusOK, finding)
	}
	if body.Draft {
		if err := c.keepDraft(r.Context(), &draft{File: f.ID, By: p.Name}); err != nil {
			return err
		}
	}
	if err := c.act(r, p, ledger.Act{Verb: "mend", File: fresh.ID, Name: fresh.Name, Route: fresh.Route, Rows: len(body.Rows) + len(body.Resend), About: f.ID}); err != nil {
		return err
	}
	return tellUpload(w, fresh)
}

// checkStream says what would become of content that comes as a stream.
func (c *Console) checkStream(ctx context.Context, way *route.Route, name string, content io.Reader) (*check.Finding, error) {
	path, err := c.keep(content)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	return c.checkPath(ctx, way, path, name)
}

func (c *Console) checkPath(ctx context.Context, way *route.Route, path, name string) (*check.Finding, error) {
	finding, err := c.engine.Check(ctx, way, path, name)
	if finding != nil {
		finding.Path = name
	}
	return finding, err
}
