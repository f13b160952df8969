// Package ooxml reads the parts of an Office Open XML workbook strictly and as streams: the zip with its checksums, the
// XML well-formed to its end, sheets, strings, styles. It knows nothing of rows and headings.
package ooxml

import (
	"archive/zip"
	"bufio"
	"cmp"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Reason is why a part or the archive cannot be trusted.
type Reason string

const (
	Missing   Reason = "part_missing"   // a part that must be there is not
	Twice     Reason = "duplicate"      // two entries with the same name
	Overlap   Reason = "overlap"        // two entries share bytes
	Checksum  Reason = "checksum"       // the content does not match its CRC
	Size      Reason = "size"           // the content is longer or shorter than the directory says
	Truncated Reason = "truncated_part" // the content ends too early
	Corrupt   Reason = "corrupt"        // the compressed data is no deflate stream
	Method    Reason = "method"         // compressed in a way that spreadsheets do not use
	Encrypted Reason = "zip_encrypted"  // the zip itself has a password
	Syntax    Reason = "xml"            // not well-formed
	Doctype   Reason = "doctype"        // has a document type (entity bombs)
	Encoding  Reason = "encoding"       // an encoding that workbooks do not have
	Structure Reason = "structure"      // well-formed, but not what the part must contain
	TooBig    Reason = "limit_bytes"
	TooDense  Reason = "limit_ratio"
	TooMany   Reason = "limit_parts"
	TooDeep   Reason = "limit_depth"
	TooLong   Reason = "limit_value"
	Strings   Reason = "limit_strings"
	Formats   Reason = "limit_formats"
)

// Error says which part cannot be trusted and why.
type Error struct {
	Part   string // "" for the archive
	Reason Reason
	Limit  any // of the limit that was hit
	Err    error
}

func (e *Error) Error() string {
	s := string(e.Reason)
	if e.Part != "" {
		s = e.Part + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// maxParts is far above what a workbook has and far below what costs memory.
const maxParts = 20_000

// Archive is the opened zip. It is not safe for concurrent use.
type Archive struct {
	limits Limits
	parts  map[string]*zip.File
	twice  map[string]bool
	read   int64
}

// OpenArchive reads the zip's directory and refuses entries that lie over each other.
func OpenArchive(r io.ReaderAt, size int64, l Limits) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, &Error{Reason: Corrupt, Err: err}
	}
	if len(z.File) > maxParts {
		return nil, &Error{Reason: TooMany, Limit: maxParts}
	}
	a := &Archive{limits: l, parts: make(map[string]*zip.File, len(z.File)), twice: map[string]bool{}}
	type span struct{ from, to int64 }
	spans := make([]span, 0, len(z.File))
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		key := partKey(f.Name)
		if _, ok := a.parts[key]; ok {
			a.twice[key] = true
		}
		a.parts[key] = f
		from, err := f.DataOffset()
		if err != nil {
			return nil, &Error{Part: f.Name, Reason: Corrupt, Err: err}
		}
		if f.CompressedSize64 > uint64(size) || from+int64(f.CompressedSize64) > size {
			return nil, &Error{Part: f.Name, Reason: Size}
		}
		spans = append(spans, span{from - 30 - int64(len(f.Name)), from + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return nil, &Error{Reason: Overlap}
		}
	}
	return a, nil
}

func partKey(name string) string {
	return strings.ToLower(strings.TrimLeft(strings.ReplaceAll(name, "\\", "/"), "/"))
}

func (a *Archive) find(name string) (*zip.File, string) {
	key := partKey(name)
	if f := a.parts[key]; f != nil {
		return f, key
	}
	if plain, err := url.PathUnescape(key); err == nil {
		return a.parts[plain], plain
	}
	return nil, key
}

// Has reports whether there is a part of this name; letter case does not count.
func (a *Archive) Has(name string) bool {
	f, _ := a.find(name)
	return f != nil
}

// Part opens one part. Its Read returns io.EOF only when size and checksum are right; every other failure is an *Error.
func (a *Archive) Part(name string) (*Part, error) {
	f, key := a.find(name)
	switch {
	case f == nil:
		return nil, &Error{Part: name, Reason: Missing}
	case a.twice[key]:
		return nil, &Error{Part: f.Name, Reason: Twice}
	case f.Flags&1 != 0:
		return nil, &Error{Part: f.Name, Reason: Encrypted}
	case f.Method != zip.Deflate && f.Method != zip.Store:
		return nil, &Error{Part: f.Name, Reason: Method}
	case a.limits.Bytes > 0 && f.UncompressedSize64 > uint64(a.limits.Bytes):
		return nil, &Error{Part: f.Name, Reason: TooBig, Limit: a.limits.Bytes}
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, &Error{Part: f.Name, Reason: Corrupt, Err: err}
	}
	p := &Part{Name: f.Name, archive: a, file: f, raw: bufio.NewReaderSize(raw, 32<<10)}
	p.data = p.raw
	if f.Method == zip.Deflate {
		p.data = flate.NewReader(p.raw)
	}
	return p, nil
}

// Part is one entry of the archive being read.
type Part struct {
	Name    string
	archive *Archive
	file    *zip.File
	raw     *bufio.Reader
	data    io.Reader
	n       uint64
	sum     uint32
	err     error
}

func (p *Part) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.data.Read(b)
	p.n += uint64(n)
	p.archive.read += int64(n)
	p.sum = crc32.Update(p.sum, crc32.IEEETable, b[:n])
	p.err = p.judge(err)
	if p.err == io.EOF && n > 0 {
		return n, nil
	}
	if p.err != nil && p.err != io.EOF {
		return 0, p.err
	}
	return n, p.err
}

// judge checks the limits after each read and the promises of the directory at the end.
func (p *Part) judge(err error) error {
	l := p.archive.limits
	switch {
	case p.n > p.file.UncompressedSize64:
		return p.fail(Size, nil, nil)
	case l.Bytes > 0 && p.archive.read > l.Bytes:
		return p.fail(TooBig, l.Bytes, nil)
	case l.Ratio > 0 && p.n > 10<<20 && p.n/uint64(l.Ratio) > p.file.CompressedSize64:
		return p.fail(TooDense, l.Ratio, nil)
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return p.fail(Truncated, nil, err)
	case err != io.EOF:
		return p.fail(Corrupt, nil, err)
	case p.n < p.file.UncompressedSize64:
		return p.fail(Truncated, nil, nil)
	case p.sum != p.file.CRC32:
		return p.fail(Checksum, nil, nil)
	}
	if _, err := p.raw.ReadByte(); err != io.EOF {
		return p.fail(Size, nil, errors.New("bytes follow the end of the compressed data"))
	}
	return io.EOF
}

func (p *Part) fail(r Reason, limit any, err error) error {
	return &Error{Part: p.Name, Reason: r, Limit: limit, Err: err}
}

// Scan opens a part for its XML.
func (a *Archive) Scan(name string) (*PartScanner, error) {
	p, err := a.Part(name)
	if err != nil {
		return nil, err
	}
	return &PartScanner{Scanner: NewScanner(p, a.limits), Part: p.Name, part: p}, nil
}

// smallPart is the most that a part may unpack to whose content is kept in memory.
const smallPart = 32 << 20

// scanSmall is Scan for such a part.
func (a *Archive) scanSmall(name string) (*PartScanner, error) {
	if f, _ := a.find(name); f != nil && f.UncompressedSize64 > smallPart {
		return nil, &Error{Part: f.Name, Reason: TooBig, Limit: smallPart}
	}
	return a.Scan(name)
}

// PartScanner is a Scanner that knows its part.
type PartScanner struct {
	*Scanner
	Part string // its name
	part *Part
}

// Cause returns the deeper reason of trouble with the content, nil when there is none: a part whose checksum is wrong
// holds nonsense because it was damaged on the way. It reads the rest of the part.
func (s *PartScanner) Cause() error {
	_, err := io.Copy(io.Discard, s.part)
	return err
}

// Wrap names the part in an error of its scanner. io.EOF becomes a truncated part: call it where there must be more.
func (s *PartScanner) Wrap(err error) error {
	var mine *Error
	var syntax *SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mine):
		return err
	case s.Cause() != nil:
		return s.Cause()
	case err == io.EOF:
		return &Error{Part: s.Part, Reason: Structure, Err: errors.New("the part ends too early")}
	case errors.As(err, &syntax):
		return &Error{Part: s.Part, Reason: Syntax, Err: err}
	case errors.Is(err, ErrDoctype):
		return &Error{Part: s.Part, Reason: Doctype, Err: err}
	case errors.Is(err, ErrEncoding):
		return &Error{Part: s.Part, Reason: Encoding, Err: err}
	case errors.Is(err, ErrTooDeep):
		return &Error{Part: s.Part, Reason: TooDeep, Limit: s.limits.Depth, Err: err}
	case errors.Is(err, ErrTooLong):
		return &Error{Part: s.Part, Reason: TooLong, Limit: s.limits.Token, Err: err}
	}
	return &Error{Part: s.Part, Reason: Corrupt, Err: err}
}

// Misfit is the error of a part that is well-formed and yet not what it must be.
func (s *PartScanner) Misfit(format string, args ...any) error {
	if err := s.Cause(); err != nil {
		return err
	}
	return &Error{Part: s.Part, Reason: Structure, Err: fmt.Errorf("at byte %d: %s", s.TokenStart, fmt.Sprintf(format, args...))}
}

// Root reads the root element's start, which must have this name.
func (s *PartScanner) Root(name string) error {
	for {
		t, err := s.Next()
		if err != nil {
			return s.Wrap(err)
		}
		if t != Start {
			continue
		}
		if string(s.Name) != name {
			return s.Misfit("the root is <%s>, not <%s>", s.Name, name)
		}
		return nil
	}
}
