package xlsb

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// sheet reads the cells of one sheet.
type sheet struct {
	grid.Base
	book   *book
	rec    *records
	text   []byte
	column int // of the last cell
	inside bool
	begun  bool
	held   bool // the current record begins the next row
}

func (b *book) Sheet(i int) (grid.Sheet, error) {
	rec, err := scan(b.archive, b.Listed[i].Part)
	if err != nil {
		return nil, err
	}
	if err := rec.next(); err != nil {
		return nil, rec.early(err)
	}
	if rec.id != recBeginSheet {
		return nil, rec.misfit("record %d where a sheet begins", rec.id)
	}
	return &sheet{book: b, rec: rec, Base: grid.BaseFor(b.rules)}, nil
}

// Merged reads the merged ranges, which stand behind the rows.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	rec, err := scan(b.archive, b.Listed[i].Part)
	if err != nil {
		return nil, err
	}
	var found []grid.Area
	for {
		err := rec.next()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if a, ok := area(rec); ok && a.Top <= through && len(found) < grid.MaxMerged {
			found = append(found, a)
		}
	}
}

// area reads a merged range.
func area(rec *records) (grid.Area, bool) {
	if rec.id != recMerged || len(rec.data) < 16 {
		return grid.Area{}, false
	}
	n := func(at int) int { return int(binary.LittleEndian.Uint32(rec.data[at:])) }
	a := grid.Area{Top: n(0) + 1, Bottom: n(4) + 1, Left: n(8), Right: n(12)}
	return a, a.Top <= a.Bottom && a.Bottom <= grid.MaxRow && a.Left <= a.Right && a.Right < grid.MaxColumn
}

func (s *sheet) Read() int64 { return s.rec.read }

// Next reads the next row.
func (s *sheet) Next() error {
	for s.begun = false; ; {
		if !s.held {
			err := s.rec.next()
			if err == io.EOF && s.inside {
				return s.rec.early(err)
			}
			if err != nil {
				return err
			}
		}
		s.held = false
		switch {
		case s.rec.id == recBeginData:
			s.inside = true
		case s.rec.id == recEndData:
			s.inside = false
			if s.begun {
				return s.Cells.Finish()
			}
		case s.rec.id == recMerged:
			if a, ok := area(s.rec); ok {
				s.Merge(a)
			}
		case !s.inside:
		case s.rec.id == recRow && s.begun:
			s.held = true
			return s.Cells.Finish()
		case s.rec.id == recRow:
			if err := s.begin(); err != nil {
				return err
			}
		case s.rec.id <= recShortShared || s.rec.id == recRichText:
			if err := s.cell(); err != nil {
				return err
			}
		}
	}
}

func (s *sheet) begin() error {
	d := s.rec.data
	if len(d) < 12 {
		return s.rec.misfit("a row of %d bytes", len(d))
	}
	s.begun, s.column = true, -1
	return s.Cells.Begin(int(binary.LittleEndian.Uint32(d))+1, d[11]&0x10 != 0)
}

// cell reads the current record.
func (s *sheet) cell() error {
	if !s.begun {
		return s.rec.misfit("a cell without a row")
	}
	d, id := s.rec.data, s.rec.id
	column := s.column + 1
	if id < recShortBlank || id == recRichText {
		if len(d) < 8 {
			return s.rec.misfit("a cell of %d bytes in row %d", len(d), s.Cells.Number)
		}
		if n := binary.LittleEndian.Uint32(d); n < grid.MaxColumn {
			column = int(n)
		} else {
			return s.Cells.Misplaced(grid.MaxColumn)
		}
		d = d[4:]
	} else {
		id -= recShortBlank - recBlank
	}
	if len(d) < 4 {
		return s.rec.misfit("a cell of %d bytes in row %d", len(d), s.Cells.Number)
	}
	s.column = column
	return s.value(id, column, int(binary.LittleEndian.Uint32(d)&0xffffff), d[4:])
}

// lengths are what the values have at least, by the record.
var lengths = map[int]int{recRK: 4, recError: 1, recBool: 1, recReal: 8, recText: 4, recShared: 4, recFormulaText: 4, recFormulaReal: 8, recFormulaBool: 1, recFormulaError: 1, recRichText: 5}

func (s *sheet) value(id, column, style int, d []byte) error {
	if len(d) < lengths[id] {
		return s.rec.misfit("a value of %d bytes in %s", len(d), s.Cells.Name(column))
	}
	switch id {
	case recRK:
		return s.Cells.Float(column, grid.RK(binary.LittleEndian.Uint32(d)), style)
	case recReal, recFormulaReal:
		if id == recFormulaReal && len(d) > 14 {
			s.Cells.Tokens(column, d[14:min(len(d), 14+int(binary.LittleEndian.Uint32(d[10:])&0xffff))], 4)
		}
		return s.Cells.Float(column, math.Float64frombits(binary.LittleEndian.Uint64(d)), style)
	case recBool, recFormulaBool:
		return s.Cells.Bool(column, d[0] != 0)
	case recError, recFormulaError:
		return s.Cells.Fault(column, grid.FaultName(d[0]))
	case recShared:
		i := binary.LittleEndian.Uint32(d)
		if s.book.strings == nil || int64(i) >= int64(s.book.strings.Len()) {
			return readers.Refuse("workbook.string_index", "cell", s.Cells.Name(column))
		}
		return s.Cells.Shared(column, s.book.strings, int(i))
	case recText, recFormulaText, recRichText:
		if id == recRichText {
			d = d[1:]
		}
		text, _, err := s.rec.text(s.text[:0], d)
		if err != nil {
			return err
		}
		if s.text = text; len(text) > s.Cells.Value {
			return &grid.Error{Part: s.rec.part.Name, Reason: grid.TooLong, Limit: s.Cells.Value}
		}
		return s.Cells.Text(column, text)
	}
	return nil
}
