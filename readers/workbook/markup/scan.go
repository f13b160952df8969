package markup

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/ooxml"
)

// Scanner reads XML strictly, and knows where in the text it is.
type Scanner struct {
	*ooxml.Scanner
	part  string
	from  int64
	limit ooxml.Limits
}

// Scan reads a text from its beginning. Its declaration is passed over: what it says of the encoding was seen to already.
func Scan(t *Text, part string, l ooxml.Limits) (*Scanner, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(t.From(0), head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := len(head[:n]) - len(bytes.TrimLeft(head[:n], " \t\r\n"))
	if bytes.HasPrefix(head[at:n], []byte("<?xml")) {
		end := bytes.Index(head[at:n], []byte("?>"))
		if end < 0 {
			return nil, &grid.Error{Part: part, Reason: grid.Syntax}
		}
		at += end + 2
	}
	return &Scanner{Scanner: ooxml.NewScanner(t.From(int64(at)), l), part: part, from: int64(at), limit: l}, nil
}

// Tag is the current tag as it is written: with a root's tag before it, what lies within can be read by ScanFrom.
func (t *Text) Tag(s *Scanner) ([]byte, error) {
	tag := make([]byte, s.TokenEnd-s.TokenStart)
	_, err := io.ReadFull(t.From(s.Start()), tag)
	return tag, err
}

// ScanFrom reads the root's tag and then the text from at on, where an element of the root begins.
func ScanFrom(t *Text, root []byte, at int64, part string, l ooxml.Limits) *Scanner {
	r := io.MultiReader(bytes.NewReader(root), t.From(at))
	return &Scanner{Scanner: ooxml.NewScanner(r, l), part: part, from: at - int64(len(root)), limit: l}
}

// Start is where in the text the current token begins, End is where it ends.
func (s *Scanner) Start() int64 { return s.from + s.TokenStart }
func (s *Scanner) End() int64   { return s.from + s.TokenEnd }

// Wrap names the part in an error of the scanner. A text that ends too early is Incomplete.
func (s *Scanner) Wrap(err error) error {
	var syntax *ooxml.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.AtEnd:
		return &batch.Unreadable{Message: batch.Message{Key: "kind.truncated"}, Incomplete: true, Err: err}
	case errors.As(err, &syntax):
		return &grid.Error{Part: s.part, Reason: grid.Syntax, Err: err}
	case errors.Is(err, ooxml.ErrDoctype):
		return &grid.Error{Part: s.part, Reason: grid.Doctype, Err: err}
	case errors.Is(err, ooxml.ErrEncoding):
		return &grid.Error{Part: s.part, Reason: grid.Encoding, Err: err}
	case errors.Is(err, ooxml.ErrTooDeep):
		return &grid.Error{Part: s.part, Reason: grid.TooDeep, Limit: s.limit.Depth, Err: err}
	case errors.Is(err, ooxml.ErrTooLong):
		return &grid.Error{Part: s.part, Reason: grid.TooLong, Limit: s.limit.Token, Err: err}
	}
	return err
}

// Misfit is the error of a text that is well-formed and yet not what it must be.
func (s *Scanner) Misfit(format string, args ...any) error {
	return &grid.Error{Part: s.part, Reason: grid.Structure, Err: fmt.Errorf("at byte %d: %s", s.Start(), fmt.Sprintf(format, args...))}
}

// AllText appends all text within the element that has just started, and ends behind it.
func (s *Scanner) AllText(dst []byte, limit int) ([]byte, error) {
	for t, err := range s.Within() {
		switch {
		case err != nil:
			return dst, s.Wrap(err)
		case t == ooxml.Text:
			if dst = append(dst, s.Text...); len(dst) > limit {
				return dst, &grid.Error{Part: s.part, Reason: grid.TooLong, Limit: limit}
			}
		}
	}
	return dst, nil
}
