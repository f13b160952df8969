package html

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// sheet reads the rows of one table.
type sheet struct {
	grid.Base
	page *page
	from int64

	number int
	depth  int         // of tables
	cell   *cell       // the one that is open
	column int         // where the next cell of the row may be
	until  map[int]int // through which row a cell above covers a column
	next   *html.Token // the row's start that was read already
	begun  bool
	ended  bool
}

// cell is an open one.
type cell struct {
	column int
	text   []byte
	number string    // x:num
	veil   atom.Atom // the element within that is not shown
	veils  int       // how many of its name are open, 0: all is shown
}

func (b *book) Sheet(i int) (grid.Sheet, error) {
	p := b.page(b.Listed[i].At)
	if _, err := p.next(); err != nil {
		return nil, err
	}
	return &sheet{page: p, from: b.Listed[i].At, Base: grid.BaseFor(b.rules), depth: 1, until: map[int]int{}}, nil
}

// Merged are the cells that have a colspan or a rowspan.
func (b *book) Merged(i, through int) ([]grid.Area, error) {
	return grid.Spans(b.Sheet, i, through)
}

func (s *sheet) Read() int64 { return s.page.at - s.from }

// Next reads the next row. End tags of cells and rows may be missing, as HTML permits.
func (s *sheet) Next() error {
	for s.begun = false; !s.ended; {
		t, err := s.token()
		if err == io.EOF {
			return io.ErrUnexpectedEOF // the survey has seen the end
		}
		if err != nil {
			return err
		}
		done, err := s.feed(t)
		if err != nil || done {
			return err
		}
	}
	if s.begun {
		return s.close()
	}
	return io.EOF
}

func (s *sheet) token() (html.Token, error) {
	if t := s.next; t != nil {
		s.next = nil
		return *t, nil
	}
	return s.page.next()
}

// feed reads one token; done when the row is complete.
func (s *sheet) feed(t html.Token) (done bool, err error) {
	s.veil(t)
	switch {
	case t.DataAtom == atom.Table && t.Type == html.StartTagToken:
		s.depth++
	case t.DataAtom == atom.Table && t.Type == html.EndTagToken:
		if s.depth--; s.depth == 0 {
			s.ended = true
		}
	case s.depth > 1:
	case t.Type == html.TextToken:
		if s.cell != nil && s.cell.veils == 0 {
			s.cell.text = appendText(s.cell.text, t.Data)
			if len(s.cell.text) > s.Cells.Value {
				return false, &grid.Error{Part: part, Reason: grid.TooLong, Limit: s.Cells.Value}
			}
		}
	case t.DataAtom == atom.Tr && t.Type == html.StartTagToken && s.begun:
		s.next = &t
		return true, s.close()
	case t.DataAtom == atom.Tr && t.Type == html.StartTagToken:
		return false, s.begin(invisible(t))
	case t.DataAtom == atom.Tr || t.DataAtom == atom.Thead || t.DataAtom == atom.Tbody || t.DataAtom == atom.Tfoot:
		if s.begun {
			return true, s.close()
		}
	case t.DataAtom == atom.Td || t.DataAtom == atom.Th:
		return false, s.boundary(t)
	case t.DataAtom == atom.Br || t.DataAtom == atom.P || t.DataAtom == atom.Div || t.DataAtom == atom.Li:
		s.breakLine(t)
	}
	return false, nil
}

// veil follows the elements of the open cell that are not shown, such as what a page sorts its rows by.
func (s *sheet) veil(t html.Token) {
	c := s.cell
	switch {
	case c == nil:
	case c.veils == 0:
		if t.Type == html.StartTagToken && veiling[t.DataAtom] && invisible(t) {
			c.veil, c.veils = t.DataAtom, 1
		}
	case t.DataAtom != c.veil:
	case t.Type == html.StartTagToken:
		c.veils++
	case t.Type == html.EndTagToken:
		c.veils--
	}
}

// veiling are the elements in which parts of a cell are hidden.
var veiling = map[atom.Atom]bool{atom.Span: true, atom.Div: true, atom.P: true, atom.Small: true, atom.Label: true, atom.A: true, atom.Font: true, atom.B: true, atom.I: true}

// boundary ends the open cell, and begins the next one at a start tag.
func (s *sheet) boundary(t html.Token) error {
	if err := s.finish(); err != nil || t.Type != html.StartTagToken {
		return err
	}
	if !s.begun {
		if err := s.begin(false); err != nil {
			return err
		}
	}
	return s.open(t)
}

func (s *sheet) breakLine(t html.Token) {
	if s.cell == nil || t.DataAtom != atom.Br && len(s.cell.text) == 0 {
		return
	}
	s.cell.text = bytes.TrimRight(s.cell.text, " ")
	if n := len(s.cell.text); t.DataAtom == atom.Br || s.cell.text[n-1] != '\n' {
		s.cell.text = append(s.cell.text, '\n')
	}
}

func (s *sheet) begin(hidden bool) error {
	s.number++
	s.column, s.begun = 0, true
	return s.Cells.Begin(s.number, hidden)
}

// open begins a cell in the first column that no cell above covers.
func (s *sheet) open(t html.Token) error {
	for s.until[s.column] >= s.number {
		s.column++
	}
	column, wide, tall := s.column, span(t, "colspan", 1000), span(t, "rowspan", 65534)
	if s.column += wide; s.column > grid.MaxColumn {
		return s.Cells.Misplaced(s.column)
	}
	last := min(s.number+tall-1, grid.MaxRow)
	if wide > 1 || tall > 1 {
		s.Merge(grid.Area{Top: s.number, Left: column, Bottom: last, Right: column + wide - 1})
	}
	for c := column; c < s.column && tall > 1; c++ {
		s.until[c] = last
	}
	s.cell = &cell{column: column}
	for _, a := range t.Attr {
		if a.Key == "x:num" {
			s.cell.number = a.Val
		}
	}
	return nil
}

// span reads colspan or rowspan, which browsers bound too.
func span(t html.Token, name string, most int) int {
	for _, a := range t.Attr {
		if a.Key == name {
			n, _ := strconv.Atoi(strings.TrimSpace(a.Val))
			return min(max(n, 1), most)
		}
	}
	return 1
}

// finish takes what the open cell shows.
func (s *sheet) finish() error {
	c := s.cell
	if c == nil {
		return nil
	}
	s.cell = nil
	text := strings.Trim(string(c.text), " \n\u00a0")
	if inner, ok := strings.CutPrefix(text, `="`); ok && strings.HasSuffix(inner, `"`) && len(inner) > 1 {
		text = inner[:len(inner)-1] // how programs keep Excel from making a number of it
	}
	switch look := table.Look(text); {
	case text == "":
		return nil
	case look == table.Fault:
		return s.Cells.Fault(c.column, text)
	case look == table.Amount && c.number != "" && text[0] != '0':
		return s.Cells.Decimal(c.column, []byte(c.number), 0)
	}
	return s.Cells.Text(c.column, []byte(strings.ReplaceAll(text, "\u00a0", " ")))
}

// close ends the row.
func (s *sheet) close() error {
	if err := s.finish(); err != nil {
		return err
	}
	s.begun = false
	return s.Cells.Finish()
}
