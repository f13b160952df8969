package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
)

// workbookTruth is what expected/xlsx/*.json holds.
type workbookTruth struct {
	Error  string `json:"primary_reader_error"`
	Sheets []struct {
		Name   string  `json:"name"`
		State  string  `json:"state"`
		Kind   string  `json:"kind"`
		Filled int     `json:"nonempty_cells"`
		Rows   int     `json:"nonempty_rows"`
		Cells  [][]any `json:"cells"` // ref, type, value, number format
	} `json:"sheets"`
	Shown map[string]struct {
		Rows  int        `json:"rows_nonblank"`
		First [][]string `json:"first_rows"`
	} `json:"libreoffice"`
}

func judgeWorkbook(ctx context.Context, r *result, reader readers.Reader, f readers.File, expected []byte) {
	var truth workbookTruth
	if expected != nil {
		if err := parse(expected, &truth); err != nil {
			r.missed("expected: %v", err)
			return
		}
	}
	seen := 0
	for _, s := range truth.Sheets {
		if s.State != "visible" || s.Kind != "" || s.Filled == 0 {
			continue
		}
		seen++
		got, err := take(ctx, reader, f, readers.Settings{Sheet: s.Name, Header: "none"})
		if err != nil {
			judgeRefusal(r, err)
			continue
		}
		if r.Verdict == mustReject {
			r.missed("sheet %s is read (%d rows) instead of being refused", s.Name, len(got.order))
			continue
		}
		judgeSheet(r, s.Name, s.Cells, got)
		// With the heading found, every row must still be a row, the heading, or noted.
		auto, err := take(ctx, reader, f, readers.Settings{Sheet: s.Name})
		if err != nil {
			judgeRefusal(r, err)
			continue
		}
		for _, n := range auto.order {
			a, b := texts(auto.rows[n].cells), texts(got.rows[n].cells)
			for i := range min(len(a), len(b)) {
				if a[i] == "" && b[i] != "" && strings.Contains(auto.columns[i].Name, b[i]) {
					b[i] = "" // the name of the column is merged down into its rows
				}
			}
			if strings.Join(a, "\x00") != strings.Join(b, "\x00") && !sameCells(a, b) && len(a) == len(b) {
				r.missed("sheet %s row %d differs with the heading found: %q, %q", s.Name, n, a, b)
			}
		}
		noted := 0
		for _, n := range auto.notes {
			if n.Row > 0 {
				noted += n.Count
			}
		}
		below := 0 // rows from the first data row on; above may be more than one row of headings
		for _, n := range got.order {
			if len(auto.order) > 0 && n >= auto.order[0] {
				below++
			}
		}
		if len(auto.order)+noted < below {
			r.missed("sheet %s: %d rows and %d noted of %d", s.Name, len(auto.order), noted, below)
		}
		r.remark("sheet %s: %d rows", s.Name, len(auto.order))
	}
	if seen > 0 {
		return
	}
	got, err := take(ctx, reader, f, readers.Settings{Header: "none"})
	switch {
	case err == nil && r.Verdict == mustReject:
		r.missed("read (%d rows) instead of being refused", len(got.order))
	case err == nil:
		judgeShown(r, &truth, got)
	case r.Verdict == mustRead && truth.Error == "" && len(truth.Sheets) > 0:
		r.remark("nothing to read: %v", err) // no sheet has data
	default:
		judgeRefusal(r, err)
	}
}

// judgeSheet compares every cell of the truth with the cell of the same name.
func judgeSheet(r *result, sheet string, cells [][]any, got *taken) {
	at := map[string]int{}
	for i, c := range got.columns {
		at[c.Ref] = i
	}
	rowsSeen := map[int]bool{}
	for _, c := range cells {
		if len(c) < 3 {
			continue
		}
		ref, kind := fmt.Sprint(c[0]), fmt.Sprint(c[1])
		letters := strings.TrimRight(ref, "0123456789")
		number, _ := strconv.Atoi(ref[len(letters):])
		if kind == "s" && strings.TrimSpace(fmt.Sprint(c[2])) == "" {
			continue
		}
		rowsSeen[number] = true
		given, arrived := got.rows[number]
		if !arrived {
			if !notedRow(got.notes) {
				r.missed("%s!%s: row %d is lost", sheet, ref, number)
			}
			continue
		}
		i, known := at[letters]
		if !known {
			r.missed("%s!%s: column %s is lost", sheet, ref, letters)
			continue
		}
		cell := given.cells[i]
		if why := differs(kind, c[2], cell); why != "" {
			r.missed("%s!%s: %s", sheet, ref, why)
		}
	}
}

func notedRow(notes []batch.Note) bool {
	for _, n := range notes {
		if n.Row > 0 && !strings.Contains(n.Message.Key, "blank") {
			return true
		}
	}
	return false
}

// differs says how a cell is not what it should be; "" when it is. A faulty cell is no wrong value.
func differs(kind string, value any, cell batch.Cell) string {
	text := fmt.Sprint(value)
	wrong := fmt.Sprintf("%q (kind %d) instead of %s %q", cell.Text, cell.Kind, kind, text)
	if cell.Kind == batch.Faulty {
		return ""
	}
	switch kind {
	case "s":
		if !shortened(text, cell.Text) && cell.Text != text && strings.ReplaceAll(cell.Text, "\r\n", "\n") != strings.ReplaceAll(text, "\r\n", "\n") &&
			strings.ReplaceAll(text, "_x000D_", "\r") != cell.Text && strings.ReplaceAll(text, "_x000D_", "") != cell.Text {
			return wrong
		}
	case "n":
		n, isNumber := value.(json.Number)
		if !isNumber {
			return ""
		}
		want, _ := n.Float64()
		if cell.Kind == batch.Date || cell.Kind == batch.Moment || cell.Kind == batch.Clock {
			return ""
		}
		plain := strings.NewReplacer(",", "", "%", "", " ", "").Replace(cell.Text)
		have, err := strconv.ParseFloat(plain, 64)
		if err != nil || math.Abs(have-want) > 1e-9*math.Max(1, math.Abs(want)) && math.Abs(have-100*want) > 1e-9*math.Abs(100*want) {
			return wrong
		}
		if strings.ContainsAny(cell.Text, "eE") {
			return "written with an exponent: " + wrong
		}
	case "b":
		if !strings.EqualFold(cell.Text, text) {
			return wrong
		}
	case "d":
		want, err := time.Parse("2006-01-02T15:04:05", strings.SplitN(text, ".", 2)[0])
		if err != nil || want.Year() == 1900 && want.Month() < 3 {
			return "" // Excel has a 29 February 1900, other programs have not
		}
		switch cell.Kind {
		case batch.Date:
			if cell.Text != want.Format("2006-01-02") && cell.Text != want.Add(time.Second).Format("2006-01-02") {
				return wrong
			}
		case batch.Moment:
			have, err := time.Parse("2006-01-02T15:04:05", cell.Text)
			if err != nil || have.Sub(want).Abs() > time.Second {
				return wrong
			}
		case batch.Clock:
		default:
			return wrong
		}
	case "e":
		return "an error cell is not marked as faulty: " + wrong
	}
	return ""
}

// judgeShown compares with rows as another program shows them, where no cells are given: only their number.
func judgeShown(r *result, truth *workbookTruth, got *taken) {
	for name, s := range truth.Shown {
		if len(truth.Shown) == 1 && len(got.order) < s.Rows && !notedRow(got.notes) && r.Verdict == mustRead {
			r.missed("sheet %s: %d of %d rows", name, len(got.order), s.Rows)
		}
	}
	r.remark("%d rows", len(got.order))
}
