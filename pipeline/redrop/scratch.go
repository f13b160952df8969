package redrop

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
)

// shelf keeps rows' cells in a scratch file, and what is wrong with them in memory. The zero value is empty.
type shelf struct {
	file  readers.Scratch
	w     *bufio.Writer
	end   int64
	begin map[int]int64             // by row
	wrong map[[2]int]*batch.Message // by row and cell
	room  []byte
}

func (s *shelf) has(row int) bool {
	_, is := s.begin[row]
	return is
}

func (s *shelf) put(row int, cells []batch.Cell) (err error) {
	if s.w == nil {
		if s.file, err = readers.NewScratch(); err != nil {
			return err
		}
		s.w, s.begin, s.wrong = bufio.NewWriterSize(s.file, 64<<10), map[int]int64{}, map[[2]int]*batch.Message{}
	}
	s.room = append(s.room[:0], 0, 0, 0, 0)
	for i := range cells {
		if p := cells[i].Problem; p != nil {
			s.wrong[[2]int{row, i}] = p
		}
		s.room = append(s.room, byte(cells[i].Kind))
		s.room = append(binary.AppendUvarint(s.room, uint64(len(cells[i].Text))), cells[i].Text...)
	}
	binary.BigEndian.PutUint32(s.room, uint32(len(s.room)-4))
	s.begin[row] = s.end
	s.end += int64(len(s.room))
	_, err = s.w.Write(s.room)
	return err
}

// appendTo appends the cells of a row that it has.
func (s *shelf) appendTo(cells []batch.Cell, row int) ([]batch.Cell, error) {
	if err := s.w.Flush(); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := s.file.ReadAt(size[:], s.begin[row]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := s.file.ReadAt(body, s.begin[row]+4); err != nil {
		return nil, err
	}
	for text := string(body); text != ""; {
		n, used := binary.Uvarint(body[1:])
		from, to := 1+used, 1+used+int(n)
		if used <= 0 || to > len(body) {
			return nil, fmt.Errorf("a scratch file was changed: %w", io.ErrUnexpectedEOF)
		}
		cells = append(cells, batch.Cell{Kind: batch.Kind(body[0]), Text: text[from:to], Problem: s.wrong[[2]int{row, len(cells)}]})
		body, text = body[to:], text[to:]
	}
	return cells, nil
}

func (s *shelf) close() {
	if s.w != nil {
		_ = s.file.Close() // it was scratch
	}
}

// grid is rows of so many numbers each in a scratch file, which are read in the order in which they were added, as often as wanted.
type grid struct {
	file readers.Scratch
	w    *bufio.Writer
	r    *bufio.Reader
	row  []uint64 // the one read last
	room []byte
}

func newGrid(width int) (*grid, error) {
	file, err := readers.NewScratch()
	return &grid{file: file, w: bufio.NewWriterSize(file, 64<<10), row: make([]uint64, width), room: make([]byte, 8*width)}, err
}

func (g *grid) add(row []uint64) error {
	for i, n := range row {
		binary.LittleEndian.PutUint64(g.room[8*i:], n)
	}
	_, err := g.w.Write(g.room)
	return err
}

// rewind makes next begin with the first row.
func (g *grid) rewind() error {
	if err := g.w.Flush(); err != nil {
		return err
	}
	g.r = bufio.NewReaderSize(io.NewSectionReader(g.file, 0, 1<<62), 64<<10)
	return nil
}

// next gives a row, valid until the next one; io.EOF after the last.
func (g *grid) next() ([]uint64, error) {
	if _, err := io.ReadFull(g.r, g.room); err != nil {
		return nil, err
	}
	for i := range g.row {
		g.row[i] = binary.LittleEndian.Uint64(g.room[8*i:])
	}
	return g.row, nil
}

func (g *grid) close() { _ = g.file.Close() } // it was scratch
