package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/opening"
)

const (
	near      = 3000                   // rows that are read from the file's beginning each time: that costs little
	patience  = 120 * time.Millisecond // how long a page waits for cells that are still being read
	step      = 64                     // every how many rows a place is remembered
	mostShelf = 8                      // files
)

// shelf keeps the cells of big files that people look at, so that a page anywhere in them costs one look. A file is read once, from
// its beginning, by a goroutine that close ends and awaits. Safe for concurrent use.
type shelf struct {
	dir  string
	open func(ctx context.Context, f ledger.File) (*opening.Table, error)
	log  *slog.Logger

	ctx     context.Context
	stop    context.CancelFunc
	reading sync.WaitGroup
	mu      sync.Mutex
	books   []*cellBook // the one that was looked at last stands last
}

// cellBook is one file's cells: a line of JSON per row, in the order of the file.
type cellBook struct {
	id   string
	file *os.File

	mu      sync.Mutex
	rows    []int   // every step-th row's number
	offsets []int64 // and where its line begins
	until   int     // the last row that is written
	size    int64
	done    bool
	err     error         // why the reading ended before the file did
	grown   chan struct{} // closed when there is more
	found   []*hits       // what was looked for last stands last
}

type cellLine struct {
	Row   int      `json:"r"`
	Cells []string `json:"c"`
}

// newShelf makes an empty one over a folder of its own.
func newShelf(dir string, log *slog.Logger, open func(context.Context, ledger.File) (*opening.Table, error)) *shelf {
	s := &shelf{dir: dir, open: open, log: log}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// close ends the reading and gives the space back.
func (s *shelf) close() {
	s.stop()
	s.reading.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.books {
		b.drop()
	}
	s.books = nil
}

// cells gives the cells of rows, by their numbers in ascending order. Rows that are not read yet are missing.
func (s *shelf) cells(ctx context.Context, f ledger.File, numbers []int) (map[int][]string, error) {
	b, err := s.book(f)
	if err != nil {
		return nil, err
	}
	b.wait(ctx, numbers[len(numbers)-1])
	found, err := b.read(numbers)
	if err == nil && len(found) < len(numbers) {
		err = b.broken()
	}
	return found, err
}

// book is the file's, begun where it is not there.
func (s *shelf) book(f ledger.File) (*cellBook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.books, func(b *cellBook) bool { return b.id == f.ID }); i >= 0 {
		b := s.books[i]
		s.books = append(slices.Delete(s.books, i, i+1), b)
		return b, nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(s.dir, "cells-*")
	if err != nil {
		return nil, err
	}
	b := &cellBook{id: f.ID, file: file, grown: make(chan struct{})}
	for i := 0; len(s.books) >= mostShelf && i < len(s.books); i++ {
		if old := s.books[i]; old.whole() {
			old.drop()
			s.books = slices.Delete(s.books, i, i+1)
			break
		}
	}
	s.books = append(s.books, b)
	s.reading.Go(func() { s.fill(b, f) })
	return b, nil
}

// fill reads the file into its book. A book whose reading fails is taken from the shelf: who looks again has it read again.
func (s *shelf) fill(b *cellBook, f ledger.File) {
	err := s.copy(b, f)
	if err != nil && s.ctx.Err() == nil {
		s.remove(b)
	}
	if err != nil && s.ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("console: cells", "file", f.ID, "error", err)
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	b.grow(nil, nil, b.until, b.size, true)
}

// remove takes a book from the shelf, where it is still there, and gives its space back.
func (s *shelf) remove(b *cellBook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.books, b); i >= 0 {
		s.books = slices.Delete(s.books, i, i+1)
		b.drop()
	}
}

func (s *shelf) copy(b *cellBook, f ledger.File) error {
	table, err := s.open(s.ctx, f)
	if err != nil {
		return err
	}
	defer table.Close()
	out, size, n, last := bufio.NewWriterSize(b.file, 256<<10), int64(0), 0, 0
	var rows []int
	var offsets []int64
	for row, err := range table.Rows() {
		if err == nil {
			err = s.ctx.Err()
		}
		if err != nil {
			return err
		}
		line, err := json.Marshal(cellLine{row.Number, textsOf(row)})
		if err != nil {
			return err
		}
		if n%step == 0 {
			rows, offsets = append(rows, row.Number), append(offsets, size)
		}
		n++
		last = row.Number
		size += int64(len(line)) + 1
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
		if n%4096 == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
			b.grow(rows, offsets, last, size, false)
			rows, offsets = nil, nil
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	b.grow(rows, offsets, last, size, false)
	return nil
}

// grow tells whoever waits that there is more.
func (b *cellBook) grow(rows []int, offsets []int64, until int, size int64, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows, b.offsets = append(b.rows, rows...), append(b.offsets, offsets...)
	b.until, b.size, b.done = until, size, done
	close(b.grown)
	b.grown = make(chan struct{})
}

func (b *cellBook) whole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done
}

// broken is why the reading ended before the file did; nil where it did not.
func (b *cellBook) broken() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// wait waits a moment for a row.
func (b *cellBook) wait(ctx context.Context, row int) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		b.mu.Lock()
		there, grown := b.done || b.until >= row, b.grown
		b.mu.Unlock()
		if there {
			return
		}
		select {
		case <-grown:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// read finds rows, whose numbers ascend.
func (b *cellBook) read(numbers []int) (map[int][]string, error) {
	b.mu.Lock()
	rows, offsets, size := b.rows, b.offsets, b.size
	b.mu.Unlock()
	found := map[int][]string{}
	var lines *bufio.Reader
	begun, end := -1, -1 // the place from which, and the row up to which lines were read
	for _, n := range numbers {
		at := sort.SearchInts(rows, n+1) - 1
		if at < 0 || n <= end {
			continue
		}
		if at > begun {
			lines, begun = bufio.NewReaderSize(io.NewSectionReader(b.file, offsets[at], size-offsets[at]), 64<<10), at
		}
		for end < n {
			text, err := lines.ReadBytes('\n')
			if err == io.EOF || errors.Is(err, os.ErrClosed) { // not read yet, or taken from the shelf meanwhile
				return found, nil
			}
			if err != nil {
				return nil, err
			}
			var l cellLine
			if err := json.Unmarshal(text, &l); err != nil {
				return nil, err
			}
			end = l.Row
			if _, wanted := slices.BinarySearch(numbers, l.Row); wanted {
				found[l.Row] = l.Cells
			}
		}
	}
	return found, nil
}

// drop gives the book's space back.
func (b *cellBook) drop() {
	_ = b.file.Close()
	_ = os.Remove(b.file.Name())
}

// table opens a file's copy as it was read; fs.ErrNotExist where there is none any more, or no route.
func (c *Console) table(ctx context.Context, f ledger.File) (*opening.Table, error) {
	way := c.engine.Routes[f.Route]
	if way == nil {
		return nil, fs.ErrNotExist
	}
	copied, err := c.engine.Ledger.Copies().Open(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return opening.Again(ctx, way, copied, f.Name, f.Reading)
}

// cells reads the sender's cells of some rows: those of rows that are near from the copy, others from the shelf. Where there is no
// copy any more there are none.
func (c *Console) cells(ctx context.Context, f ledger.File, numbers []int) (map[int][]string, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	if numbers[len(numbers)-1] > near {
		return c.shelf.cells(ctx, f, numbers)
	}
	found := map[int][]string{}
	table, err := c.table(ctx, f)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	defer table.Close()
	for row, err := range table.Rows() {
		if err != nil {
			return nil, err
		}
		if row.Number > numbers[len(numbers)-1] {
			break
		}
		if _, wanted := slices.BinarySearch(numbers, row.Number); wanted {
			found[row.Number] = textsOf(row)
		}
	}
	return found, nil
}

func textsOf(row *batch.Row) []string {
	texts := make([]string, len(row.Cells))
	for i := range row.Cells {
		texts[i] = row.Cells[i].Text
	}
	return texts
}

// busy reports whether a file's cells are being read.
func (s *shelf) busy(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.books, func(b *cellBook) bool { return b.id == id })
	return i >= 0 && !s.books[i].whole()
}

// shelfDir is the folder of the console's shelf.
func shelfDir(data string) string { return filepath.Join(data, "console", "cells") }
