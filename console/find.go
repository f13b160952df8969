package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/ledger"
)

// finder looks for a text in the cells of a file, whatever its case: those of a small file are read from its beginning, those of a big one are
// looked through on the shelf, as far as they are there. Where there is no copy of the file any more it finds nothing.
func (c *Console) finder(f ledger.File, text string) ledger.Finder {
	if f.Counts.Read > near {
		return func(ctx context.Context, first, last int, until time.Time) ([]int, bool, error) {
			b, err := c.shelf.book(f)
			if err != nil {
				return nil, false, err
			}
			return b.find(ctx, text, first, last, until)
		}
	}
	var all []int
	read := false
	return func(ctx context.Context, first, last int, _ time.Time) (rows []int, known bool, err error) {
		if !read {
			if all, err = c.mentioning(ctx, f, text); err != nil {
				return nil, false, err
			}
			read = true
		}
		return between(all, first, last), true, nil
	}
}

// between are those of some numbers, which ascend, that lie between two.
func between(all []int, first, last int) []int {
	from := sort.SearchInts(all, first)
	to, there := slices.BinarySearch(all, last)
	if there {
		to++
	}
	return all[from:max(from, to)]
}

// mentioning are the rows of a file with a cell that holds a text.
func (c *Console) mentioning(ctx context.Context, f ledger.File, text string) ([]int, error) {
	table, err := c.table(ctx, f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer table.Close()
	text = strings.ToLower(text)
	var rows []int
	for row, err := range table.Rows() {
		if err != nil {
			return nil, err
		}
		if holds(textsOf(row), text) {
			rows = append(rows, row.Number)
		}
	}
	return rows, nil
}

// holds reports whether a cell holds a text, which is in small letters.
func holds(cells []string, text string) bool {
	return slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(strings.ToLower(c), text) })
}

// hits are the rows of a book whose cells hold a text, as far as it was looked through.
type hits struct {
	text string

	mu     sync.Mutex
	rows   []int
	until  int   // the last row that was looked at
	offset int64 // where the next one begins
}

// mostHits is how many texts' hits a book keeps.
const mostHits = 2

// hits are those of a text; begun where nobody has looked for it lately.
func (b *cellBook) hits(text string) *hits {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.found, func(h *hits) bool { return h.text == text })
	if i < 0 {
		b.found = append(b.found, &hits{text: text})
		i = len(b.found) - 1
	}
	h := b.found[i]
	b.found = append(slices.Delete(b.found, i, i+1), h)
	b.found = b.found[max(0, len(b.found)-mostHits):]
	return h
}

// find finds the rows from first to last with a cell that holds a text, and remembers what it found. known is false where it was not read that far
// yet, or there was no time to look that far.
func (b *cellBook) find(ctx context.Context, text string, first, last int, until time.Time) (rows []int, known bool, err error) {
	h := b.hits(text)
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		b.mu.Lock()
		size, done, grown, broken := b.size, b.done, b.grown, b.err
		b.mu.Unlock()
		if broken != nil {
			return nil, false, broken
		}
		if h.until < last && h.offset < size {
			if err := b.look(h, size, last, until); err != nil {
				return nil, false, gone(err)
			}
		}
		if h.until >= last || done && h.offset == size {
			return between(h.rows, first, last), true, nil
		}
		late := time.NewTimer(time.Until(until))
		select {
		case <-grown:
			late.Stop()
		case <-late.C:
			return nil, false, nil
		case <-ctx.Done():
			late.Stop()
			return nil, false, ctx.Err()
		}
	}
}

// gone drops the error of a book that was taken from the shelf meanwhile: the next one begins anew.
func gone(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// look looks through a book from where the hits end up to a row, or until it is time.
func (b *cellBook) look(h *hits, size int64, last int, until time.Time) error {
	lower, plain := []byte(strings.ToLower(h.text)), ledger.Spelt(h.text) != ""
	const piece = 64 << 10 // is read at least, so that rows that are looked at few by few are not read again and again
	lines, begun := bufio.NewReaderSize(io.NewSectionReader(b.file, h.offset, size-h.offset), piece), h.offset
	for n := 1; h.offset < size && (h.until < last || h.offset-begun < piece); n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			begin := slices.Clone(line)
			line, err = lines.ReadBytes('\n')
			line = append(begin, line...)
		}
		if err != nil {
			return err
		}
		long := int64(len(line))
		row, cells := divided(line)
		if may(cells, h.text, lower, plain) {
			var l cellLine
			if err := json.Unmarshal(line, &l); err != nil {
				return err
			}
			if holds(l.Cells, string(lower)) {
				h.rows = append(h.rows, row)
			}
		}
		h.until, h.offset = row, h.offset+long
		if n%256 == 0 && time.Now().After(until) {
			return nil
		}
	}
	return nil
}

// may reports whether cells as they are written in a book may hold a text; plain: it is written as it is.
func may(cells []byte, text string, lower []byte, plain bool) bool {
	return ledger.Mentioned(cells, text) && (!plain || bytes.Contains(bytes.ToLower(cells), lower))
}

// divided reads the row's number of a book's line, which begins with it: {"r":7,"c":[…]}.
func divided(line []byte) (row int, cells []byte) {
	at := len(`{"r":`)
	for ; at < len(line) && '0' <= line[at] && line[at] <= '9'; at++ {
		row = row*10 + int(line[at]-'0')
	}
	return row, line[min(at+len(`,"c":`), len(line)):]
}
