package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// memory measures what needs most of it: results that are dropped again, and groups whose rows lie apart. Of each the result must have
// every row, in the order of the file, with the outcome that it should have.
func memory(rows, apart int) error {
	return withBench(1, func(b *bench, _ string) error {
		for _, again := range agains {
			if err := b.again(again, rows); err != nil {
				return fmt.Errorf("%s: %w", again.what, err)
			}
		}
		return b.apart(apart)
	})
}

// again is a result that is dropped again.
type again struct {
	what    string
	typed   bool     // the first file is a workbook with numbers and dates
	refused string   // by the first answers, and those of all droppings but the last: "some" or "all"
	alter   []string // for each time it is dropped, what is done to the rows
	as      string   // csv or xlsx
}

var agains = []again{
	{"a result again, in any order, mended", false, "some", []string{"mended"}, "csv"},
	{"the same as a workbook", false, "some", []string{"mended"}, "xlsx"},
	{"every row changed, its number cleared", false, "all", []string{"cleared"}, "csv"},
	{"a workbook's, numbers and dates otherwise", true, "some", []string{"otherwise"}, "csv"},
	{"a second result, all of that", true, "some", []string{"otherwise", "otherwise"}, "csv"},
}

func (b *bench) again(a again, rows int) error {
	config, err := b.workplace()
	if err != nil {
		return err
	}
	place := filepath.Dir(config)
	defer os.RemoveAll(place)
	in := filepath.Join(place, "orders.csv")
	if a.typed {
		in = filepath.Join(place, "orders.xlsx")
	}
	if _, err := timed(b.self, "wide", in, strconv.Itoa(rows)); err != nil {
		return err
	}
	f, delivered, err := b.sent(config, in, "/"+a.refused, rows)
	if err != nil {
		return err
	}
	for n, how := range a.alter {
		result, err := newest(place, ".result.csv")
		if err != nil {
			return err
		}
		next := filepath.Join(place, strings.TrimSuffix(filepath.Base(result), "csv")+a.as)
		if _, err := timed(b.self, "alter", how, result, next); err != nil {
			return err
		}
		refused := "/" + a.refused
		if n == len(a.alter)-1 {
			refused = ""
		}
		left := rows - delivered
		var more int
		if f, more, err = b.sent(config, next, refused, left); err != nil {
			return err
		}
		delivered += more
	}
	if delivered != rows {
		return fmt.Errorf("of %d rows %d were delivered in the end", rows, delivered)
	}
	fmt.Printf("%-46s %4.0f MiB (wanted: 143 or less)  %5.1f s CPU\n", fmt.Sprintf("%s, %d × 30", a.what, rows), f.rss, f.cpu)
	return nil
}

// sent sends a file to the sink that answers in this way, which must be asked so many times, and says how many rows it took. The result must
// have the rows of the file.
func (b *bench) sent(config, in, answers string, asked int) (figure, int, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return figure{}, 0, err
	}
	_, rest, _ := strings.Cut(string(text), "server: \"")
	was, _, _ := strings.Cut(rest, "\"")
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), was, b.url+answers, 1)), 0o644); err != nil {
		return figure{}, 0, err
	}
	before, refused := b.taken.Load(), b.refused.Load()
	f, err := timed(b.binary, "send", "-c", config, "pay", in)
	if exit, some := errors.AsType[*exec.ExitError](err); some && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return f, 0, err
	}
	got := int(b.taken.Load() - before)
	if got != asked {
		return f, 0, fmt.Errorf("the sink got %d requests, not %d", got, asked)
	}
	result, err := newest(filepath.Dir(config), ".result.csv")
	if err != nil {
		return f, 0, err
	}
	_, err = timed(b.self, "same", in, result)
	return f, got - int(b.refused.Load()-refused), err
}

func newest(place, end string) (string, error) {
	all, err := filepath.Glob(filepath.Join(place, "outbox", "*"+end))
	if err != nil || len(all) == 0 {
		return "", errors.Join(err, errors.New("there is no result"))
	}
	best, at := "", time.Time{}
	for _, path := range all {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		if info.ModTime().After(at) {
			best, at = path, info.ModTime()
		}
	}
	return best, nil
}

// apart measures groups of three rows that lie as far apart as they can.
func (b *bench) apart(rows int) error {
	there := *b
	there.document, there.config = "bench/testdata/groups.yaml", "bench/testdata/groups-rowferry.yaml"
	config, err := there.workplace()
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(config))
	in := filepath.Join(filepath.Dir(config), "groups.csv")
	if _, err := timed(b.self, "apart", in, strconv.Itoa(rows)); err != nil {
		return err
	}
	f, _, err := there.sent(config, in, "", rows/3)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %4.0f MiB (wanted: 143 or less)  %5.1f s CPU\n", fmt.Sprintf("groups of three rows that lie apart, %d rows", rows), f.rss, f.cpu)
	return nil
}

// writeApart writes rows of which every third of a file begins the same groups again.
func writeApart(path string, rows int) error {
	return written(path, header, func(row func([]string) error) error {
		r := random(7)
		for i := range rows {
			cells := inputRow(i, &r)
			cells[1] = fmt.Sprintf("ORD-%08d", i%(rows/3))
			if err := row(cells); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeWide writes rows × 30; as a workbook, with numbers and dates.
func writeWide(path string, rows int) error {
	wide := append(append([]string{}, header...), "c21", "c22", "c23", "c24", "c25", "c26", "c27", "c28", "c29", "c30")
	r := random(42)
	next := func(i int) []string { row := inputRow(i, &r); return append(row, row[:10]...) }
	if filepath.Ext(path) == ".csv" {
		return written(path, wide, func(row func([]string) error) error {
			for i := 1; i <= rows; i++ {
				if err := row(next(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return book(path, wide, func(f *excelize.File, row func([]any) error) error {
		date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		money, err2 := f.NewStyle(&excelize.Style{NumFmt: 2})
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		for i := 1; i <= rows; i++ {
			cells := asAny(next(i))
			amount, _ := strconv.ParseFloat(cells[15].(string)[:len(cells[15].(string))-1]+"5", 64) // two decimals, which a number shows
			day, _ := time.Parse("02/01/2006", cells[16].(string))
			cells[15], cells[16] = excelize.Cell{StyleID: money, Value: amount}, excelize.Cell{StyleID: date, Value: day}
			if err := row(cells); err != nil {
				return err
			}
		}
		return nil
	})
}

func asAny(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

func written(path string, heading []string, rows func(row func([]string) error) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	if err := errors.Join(w.Write(heading), rows(w.Write)); err != nil {
		return err
	}
	w.Flush()
	return errors.Join(w.Error(), f.Close())
}

func book(path string, heading []string, rows func(f *excelize.File, row func([]any) error) error) error {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	n := 0
	row := func(cells []any) error {
		n++
		return w.SetRow(fmt.Sprintf("A%d", n), cells)
	}
	return errors.Join(row(asAny(heading)), rows(f, row), w.Flush(), f.SaveAs(path))
}

// read gives the records of a result.
func read(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err == nil {
		all[0][0] = strings.TrimPrefix(all[0][0], "\ufeff")
	}
	return all, err
}

// Of a result: row, status and the first of the sender's columns.
const (
	rowColumn    = 0
	statusColumn = 1
	ownColumns   = 7
)

// alter does with the rows of a result what people and programs do, and shuffles them.
func alter(how, from, to string) error {
	all, err := read(from)
	if err != nil {
		return err
	}
	rows, r := all[1:], random(5)
	for i := len(rows) - 1; i > 0; i-- {
		k := r.n(i + 1)
		rows[i], rows[k] = rows[k], rows[i]
	}
	for _, row := range rows {
		own := row[ownColumns:]
		switch {
		case how == "cleared":
			row[rowColumn], own[18] = "", own[18]+" (changed)"
		case row[statusColumn] == "rejected":
			own[10] += "x"
		}
		if how == "otherwise" {
			whole, part, _ := strings.Cut(strings.ReplaceAll(own[15], ",", ""), ".")
			if len(whole) > 3 {
				whole = whole[:len(whole)-3] + "," + whole[len(whole)-3:]
			}
			own[15] = whole + "." + part
			if day, err := time.Parse("2006-01-02", own[16]); err == nil {
				own[16] = day.Format("02.01.2006")
			}
		}
	}
	if filepath.Ext(to) == ".csv" {
		return written(to, all[0], func(row func([]string) error) error {
			for _, cells := range rows {
				if err := row(cells); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return book(to, all[0], func(_ *excelize.File, row func([]any) error) error {
		for _, cells := range rows {
			if err := row(asAny(cells)); err != nil {
				return err
			}
		}
		return nil
	})
}

// same checks that a result has the rows of a file, in its order, each with an outcome. It reads both side by side, for they may be of any length.
func same(in, result string) error {
	want, stop := iter.Pull2(rowsOf(in))
	defer stop()
	n, theirs, ours := 0, 0, 0
	for row, err := range rowsOf(result) {
		if err != nil {
			return err
		}
		its, err, there := want()
		if err != nil {
			return err
		}
		if !there {
			return fmt.Errorf("the result has more than the %d rows of the file", n-1)
		}
		if n++; n == 1 {
			theirs, ours = slices.Index(its, "id"), slices.Index(row, "id")
			continue
		}
		if row[ours] != its[theirs] {
			return fmt.Errorf("row %s of the result is %s and not %s", row[rowColumn], row[ours], its[theirs])
		}
		if s := row[statusColumn]; s != "delivered" && s != "rejected" {
			return fmt.Errorf("row %s is %q: %s", row[rowColumn], s, row[3])
		}
	}
	if _, err, more := want(); more || n < 2 {
		return errors.Join(err, fmt.Errorf("the result ends with line %d", n))
	}
	return nil
}

// rowsOf gives the records of a CSV or a workbook, headings first. A row is good until the next.
func rowsOf(path string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		goes := true
		err := records(path, func(row []string) { goes = goes && yield(row, nil) })
		if err != nil && goes {
			yield(nil, err)
		}
	}
}
