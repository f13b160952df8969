package biff

import (
	"cmp"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// sheet reads the cells of one sheet. What stands behind the cells and bears on them is looked up first, which costs a
// twentieth of reading them.
type sheet struct {
	book   *book
	from   int64 // where its records begin
	rec    *records
	row    grid.Row
	text   []byte // of the current cell
	held   bool   // the current record is still to be read
	ended  bool
	depth  int // of substreams within: charts
	style  int // version 2: of the next cell, when its own field is too small for it
	begun  bool
	survey survey

	places []spot // of the cells, where the file does not have them in the order of their rows
}

// survey is what is known of a sheet before its cells are read.
type survey struct {
	sorted     bool // the rows come in order
	cells      int
	hidden     map[int]bool
	merged     []grid.Area
	upright    []grid.Area // those over several rows
	calculated bool
}

// spot is where a cell's record begins.
type spot struct {
	row uint16
	at  int64
}

// cheap is how much of a stream may be looked through, whatever its size: the list of sheets may name one over and over.
const cheap = 256 << 20

// maxID is beyond all records that there are: what has a larger number is the midst of another one, read after some were lost.
const maxID = 0x10ff

// maxUnsorted is how many cells a sheet may have whose rows are in no order: they are sorted in memory.
const maxUnsorted = 8 << 20

func (s *sheet) Row() *grid.Row      { return &s.row }
func (s *sheet) Read() int64         { return max(0, s.rec.at-s.from) }
func (s *sheet) Merged() []grid.Area { return s.survey.upright }

// Merged are known from the survey.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	v, err := b.look(b.Listed[i].At, nil)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(v.merged, func(a grid.Area) bool { return a.Top > through }), nil
}

func (b *book) Sheet(i int) (grid.Sheet, error) {
	v, err := b.look(b.Listed[i].At, nil)
	if err != nil {
		return nil, err
	}
	s := &sheet{book: b, from: b.Listed[i].At, survey: v, rec: b.records(b.Listed[i].At, spanLong), row: grid.Row{Rules: b.rules}, depth: 1}
	if v.sorted {
		return s, s.rec.next()
	}
	if v.cells > maxUnsorted {
		return nil, readers.Refuse("workbook.row_order", "row", 1)
	}
	if _, err := b.look(b.Listed[i].At, func(row uint16, at int64) { s.places = append(s.places, spot{row, at}) }); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.places, func(a, b spot) int { return cmp.Compare(a.row, b.row) })
	s.rec = b.records(0, spanShort)
	return s, nil
}

// isCell reports whether a record is about cells that may show something.
func isCell(id int) bool {
	switch id {
	case recNumber, recLabelSST, recRK, recMulRK, recFormula2, recLabel, recRString, recBoolErr, recFormula3, recFormula4,
		recInteger2, recNumber2, recLabel2, recBoolErr2:
		return true
	}
	return false
}

// look goes through the records of the sheet that begins at at, to its end, without reading the cells. each is told of every cell.
func (b *book) look(at int64, each func(row uint16, at int64)) (survey, error) {
	v := survey{sorted: true, calculated: true}
	if b.looked > max(cheap, 16*b.size) {
		return v, &grid.Error{Part: streamPart, Reason: grid.TooMany, Limit: len(b.Listed)}
	}
	rec := b.records(at, spanLong)
	if err := rec.next(); err != nil {
		return v, lost(err)
	}
	if _, _, err := versionOf(rec.id, rec.data); err != nil {
		return v, err
	}
	defer func() { b.looked += rec.at - at }()
	last := -1
	for depth := 1; depth > 0; {
		if err := rec.next(); err != nil {
			return v, lost(err)
		}
		switch id := rec.id; {
		case begins(id):
			depth++
		case id > maxID, id == recEOF && len(rec.data) > 0:
			return v, misfit("the record %#x of %d bytes at byte %d", id, len(rec.data), rec.start)
		case id == recEOF:
			depth--
		case depth > 1:
		case isCell(id):
			if len(rec.data) < 4 {
				return v, misfit("a cell of %d bytes", len(rec.data))
			}
			row := int(binary.LittleEndian.Uint16(rec.data))
			v.sorted = v.sorted && row >= last
			last = row
			v.cells++
			if each != nil {
				each(uint16(row), rec.start)
			}
		case id == recRow:
			if len(rec.data) >= 14 && rec.data[12]&0x20 != 0 {
				if v.hidden == nil {
					v.hidden = map[int]bool{}
				}
				v.hidden[int(binary.LittleEndian.Uint16(rec.data))+1] = true
			}
		case id == recMerged:
			v.addMerged(rec.data)
		case id == recUncalced:
			v.calculated = false
		}
	}
	return v, nil
}

func (v *survey) addMerged(d []byte) {
	if len(d) < 2 {
		return
	}
	for d = d[2:]; len(d) >= 8 && len(v.merged) < grid.MaxMerged; d = d[8:] {
		n := func(at int) int { return int(binary.LittleEndian.Uint16(d[at:])) }
		a := grid.Area{Top: n(0) + 1, Bottom: n(2) + 1, Left: n(4), Right: n(6)}
		if a.Bottom < a.Top || a.Right < a.Left {
			continue
		}
		v.merged = append(v.merged, a)
		if a.Bottom > a.Top {
			v.upright = append(v.upright, a)
		}
	}
}

// Next reads the cells of the next row that has any.
func (s *sheet) Next() error {
	if s.places != nil {
		return s.nextPlaced()
	}
	for s.begun = false; !s.ended; {
		if !s.held {
			if err := s.rec.next(); err != nil {
				return lost(err)
			}
		}
		s.held = false
		switch id := s.rec.id; {
		case begins(id):
			s.depth++
		case id == recEOF:
			s.depth--
			s.ended = s.depth == 0
		case s.depth > 1:
		case id == recIXFE:
			if len(s.rec.data) >= 2 {
				s.style = int(binary.LittleEndian.Uint16(s.rec.data))
			}
		case isCell(id):
			number := int(binary.LittleEndian.Uint16(s.rec.data)) + 1
			if s.begun && number != s.row.Number {
				s.held = true
				return s.row.Finish()
			}
			if err := s.cell(number); err != nil {
				return err
			}
		}
	}
	s.ended = true
	if s.begun {
		return s.row.Finish()
	}
	return io.EOF
}

// nextPlaced is Next where the rows are in no order.
func (s *sheet) nextPlaced() error {
	if len(s.places) == 0 {
		return io.EOF
	}
	s.begun = false
	for row := s.places[0].row; len(s.places) > 0 && s.places[0].row == row; s.places = s.places[1:] {
		s.rec.seek(s.places[0].at)
		if err := s.rec.next(); err != nil {
			return lost(err)
		}
		if err := s.cell(int(row) + 1); err != nil {
			return err
		}
	}
	return s.row.Finish()
}

// cell reads the current record.
func (s *sheet) cell(number int) error {
	if !s.begun {
		if err := s.row.Begin(number, s.survey.hidden[number]); err != nil {
			return err
		}
		s.begun = true
	}
	d := s.rec.data
	body := 6 // behind row, column and style
	if s.rec.id < 0x10 && s.book.version == 2 {
		body = 7
	}
	if len(d) < body {
		return misfit("a cell of %d bytes in row %d", len(d), number)
	}
	column, style := int(binary.LittleEndian.Uint16(d[2:])), int(binary.LittleEndian.Uint16(d[4:]))
	if body == 7 {
		style = s.oldStyle(d[4:7])
	}
	return s.value(column, style, d[body:])
}

// oldStyle reads the attributes of a cell of version 2.
func (s *sheet) oldStyle(d []byte) int {
	further := s.style
	s.style = 0
	switch style := int(d[0] & 0x3f); {
	case s.book.unstyled:
		return int(d[1] & 0x3f)
	case style == 0x3f:
		return further
	default:
		return style
	}
}

// holds checks that a record has the n bytes of its value, and no room for another record behind them: one whose length is damaged would
// swallow the cells that follow.
func (s *sheet) holds(d []byte, n int) error {
	if len(d) < n || len(d) >= n+4 {
		return misfit("the record %#x of %d bytes in row %d", s.rec.id, len(d), s.row.Number)
	}
	return nil
}

// value reads what follows row, column and style.
func (s *sheet) value(column, style int, d []byte) error {
	switch s.rec.id {
	case recRK:
		if err := s.holds(d, 4); err != nil {
			return err
		}
		return s.row.Float(column, grid.RK(binary.LittleEndian.Uint32(d)), style)
	case recMulRK:
		return s.several(column, s.rec.data[4:])
	case recNumber, recNumber2:
		if err := s.holds(d, 8); err != nil {
			return err
		}
		return s.row.Float(column, math.Float64frombits(binary.LittleEndian.Uint64(d)), style)
	case recInteger2:
		if err := s.holds(d, 2); err != nil {
			return err
		}
		return s.row.Float(column, float64(binary.LittleEndian.Uint16(d)), style)
	case recLabelSST:
		if err := s.holds(d, 4); err != nil {
			return err
		}
		i := binary.LittleEndian.Uint32(d)
		if s.book.strings == nil || int64(i) >= int64(s.book.strings.Len()) {
			return readers.Refuse("workbook.string_index", "cell", s.row.Name(column))
		}
		return s.row.Shared(column, s.book.strings, int(i))
	case recLabel, recRString, recLabel2:
		return s.label(column, d)
	case recBoolErr, recBoolErr2:
		if err := s.holds(d, 2); err != nil {
			return err
		}
		if d[1] != 0 {
			return s.row.Fault(column, grid.FaultName(d[0]))
		}
		return s.row.Bool(column, d[0] != 0)
	}
	return s.formula(column, style, d)
}

// several reads numbers that stand beside each other.
func (s *sheet) several(column int, d []byte) error {
	for ; len(d) >= 8; d = d[6:] {
		if err := s.row.Float(column, grid.RK(binary.LittleEndian.Uint32(d[2:])), int(binary.LittleEndian.Uint16(d))); err != nil {
			return err
		}
		column++
	}
	if len(d) != 2 { // the number of the last column
		return misfit("numbers of %d bytes in row %d", len(s.rec.data), s.row.Number)
	}
	return nil
}

// label reads a text that the cell itself holds.
func (s *sheet) label(column int, d []byte) error {
	length := 2
	if s.rec.id == recLabel2 {
		length = 1
	}
	text, err := s.longText(d, length)
	if err != nil {
		return err
	}
	return s.row.Text(column, text)
}

// longText reads a text behind its length of so many bytes. It may go on in the next records.
func (s *sheet) longText(d []byte, length int) ([]byte, error) {
	p := &pieces{rec: s.rec, data: d}
	n, err := p.number(length)
	if err != nil {
		return nil, err
	}
	if s.book.version == 8 {
		s.text, err = p.wideText(s.text[:0], n)
	} else {
		s.text, err = s.narrow(p, n)
	}
	switch {
	case err != nil:
	case len(s.text) > s.row.Value:
		err = &grid.Error{Part: streamPart, Reason: grid.TooLong, Limit: s.row.Value}
	case len(p.data) >= 4 && s.rec.id == recLabel:
		err = misfit("%d bytes behind a text in row %d", len(p.data), s.row.Number)
	}
	return s.text, err
}

func (s *sheet) narrow(p *pieces, n int) ([]byte, error) {
	raw := make([]byte, 0, n)
	for len(raw) < n {
		if len(p.data) == 0 {
			if err := p.more(); err != nil {
				return s.text, err
			}
			continue
		}
		m := min(n-len(raw), len(p.data))
		raw = append(raw, p.data[:m]...)
		p.data = p.data[m:]
	}
	return s.book.narrowText(s.text[:0], raw)
}

// formula takes the value that the spreadsheet calculated last.
func (s *sheet) formula(column, style int, d []byte) error {
	if len(d) < 8 {
		return misfit("a formula of %d bytes in row %d", len(d), s.row.Number)
	}
	var tokens []byte
	if s.book.version == 8 && len(d) > 16 {
		tokens = d[16:min(len(d), 16+int(binary.LittleEndian.Uint16(d[14:])))]
	}
	if empty := d[6] == 0xff && d[7] == 0xff && d[0] == 3; !empty && len(tokens) > 0 {
		s.row.Tokens(column, tokens, 2)
	}
	value := binary.LittleEndian.Uint64(d)
	if d[6] != 0xff || d[7] != 0xff {
		f := math.Float64frombits(value)
		switch {
		case !s.survey.calculated:
			return s.row.Faulty(column, strconv.FormatFloat(f, 'f', -1, 64), "workbook.cell_uncalculated")
		case value == 0 && len(d) >= 9 && d[8]&onLoad != 0 && s.book.version > 2:
			return s.row.Uncalculated(column) // programs that cannot calculate write zero and ask for it
		case value == 0 && s.book.calc && mayGiveText(tokens):
			return s.row.Faulty(column, "", "workbook.cell_calc")
		}
		return s.row.Float(column, f, style)
	}
	what, of := d[0], d[2]
	switch what {
	case 1:
		return s.calculated(column, func() error { return s.row.Bool(column, of != 0) })
	case 2:
		return s.row.Fault(column, grid.FaultName(of))
	case 3:
		if s.book.never {
			return s.row.Uncalculated(column)
		}
		return nil
	case 0:
		text, err := s.result()
		if err != nil {
			return err
		}
		return s.calculated(column, func() error { return s.row.Text(column, text) })
	}
	return misfit("a formula in %s has a value of the kind %d", s.row.Name(column), what)
}

// onLoad is the flag of a formula that is to be calculated when the file is opened.
const onLoad = 2

// calculated keeps a value unless the sheet was saved without being calculated.
func (s *sheet) calculated(column int, keep func() error) error {
	if !s.survey.calculated {
		return s.row.Uncalculated(column)
	}
	return keep()
}

// result reads the text that a formula gave. It follows the formula.
func (s *sheet) result() ([]byte, error) {
	for {
		switch s.rec.peek() {
		case recShared, recArray, recArray2, recTable, recTable2, recTable3, recContinue:
			if err := s.rec.next(); err != nil {
				return nil, err
			}
		case recString, recString2:
			if err := s.rec.next(); err != nil {
				return nil, err
			}
			length := 2
			if s.book.version == 2 {
				length = 1
			}
			return s.longText(s.rec.data, length)
		default:
			return nil, nil
		}
	}
}
