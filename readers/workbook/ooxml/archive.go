// Package ooxml reads the parts of an Office Open XML workbook strictly and as streams: the zip with its checksums, the
// XML well-formed to its end, sheets, strings, styles. It knows nothing of rows and headings.
package ooxml

import (
	"archive/zip"
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"weak"

	"github.com/klauspost/compress/flate"

	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// LimitsFor are the limits that those of the readers give. A text may be written with six bytes for one (&quot;), so a token may be
// longer than a value.
func LimitsFor(l readers.Limits) Limits {
	return Limits{Bytes: l.Bytes, Ratio: l.Ratio, Depth: l.Depth, Token: 2*l.Cell + 4096}
}

// maxParts is far above what a workbook has and far below what costs memory.
const maxParts = 20_000

// Archive is the opened zip. It is not safe for concurrent use.
type Archive struct {
	limits Limits
	parts  map[string]*zip.File
	twice  map[string]bool
	kept   map[string]*kept
	rels   map[string]Relation // see root
	read   int64
}

// Check looks whether the zip is closed and its parts lie within it.
func Check(f readers.File, s readers.Settings) error {
	_, err := OpenWithin(f, s)
	return err
}

// OpenWithin is OpenArchive within the limits of a route.
func OpenWithin(f readers.File, s readers.Settings) (*Archive, error) {
	return OpenArchive(f, f.Size, LimitsFor(s.Limits))
}

// OpenArchive reads the zip's directory and refuses entries that lie over each other.
func OpenArchive(r io.ReaderAt, size int64, l Limits) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, &grid.Error{Reason: grid.Corrupt, Err: err}
	}
	if len(z.File) > maxParts {
		return nil, &grid.Error{Reason: grid.TooMany, Limit: maxParts}
	}
	a := &Archive{limits: l, parts: make(map[string]*zip.File, len(z.File)), twice: map[string]bool{}, kept: map[string]*kept{}}
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
			return nil, &grid.Error{Part: f.Name, Reason: grid.Corrupt, Err: err}
		}
		if f.CompressedSize64 > uint64(size) || from+int64(f.CompressedSize64) > size {
			return nil, &grid.Error{Part: f.Name, Reason: grid.Size}
		}
		spans = append(spans, span{from - 30 - int64(len(f.Name)), from + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return nil, &grid.Error{Reason: grid.Overlap}
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

// Size is what a part unpacks to, as the zip's directory says; 0 when there is none.
func (a *Archive) Size(name string) int64 {
	f, _ := a.find(name)
	if f == nil {
		return 0
	}
	return int64(min(f.UncompressedSize64, 1<<62))
}

// Part opens one part. Its Read returns io.EOF only when size and checksum are right; every other failure is an *grid.Error.
func (a *Archive) Part(name string) (*Part, error) {
	f, key := a.find(name)
	switch {
	case f == nil:
		return nil, &grid.Error{Part: name, Reason: grid.Missing}
	case a.twice[key]:
		return nil, &grid.Error{Part: f.Name, Reason: grid.Twice}
	case f.Flags&1 != 0:
		return nil, &grid.Error{Part: f.Name, Reason: grid.Encrypted}
	case f.Method != zip.Deflate && f.Method != zip.Store:
		return nil, &grid.Error{Part: f.Name, Reason: grid.Method}
	case a.limits.Bytes > 0 && f.UncompressedSize64 > uint64(a.limits.Bytes):
		return nil, &grid.Error{Part: f.Name, Reason: grid.TooBig, Limit: a.limits.Bytes}
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, &grid.Error{Part: f.Name, Reason: grid.Corrupt, Err: err}
	}
	p := &Part{Name: f.Name, archive: a, file: f, raw: bufio.NewReaderSize(raw, sized(32<<10, f.CompressedSize64))}
	p.data = p.raw
	if f.Method == zip.Deflate {
		if p.inflate, err = inflater(p.raw); err != nil {
			return nil, err
		}
		p.data = p.inflate
	}
	return p, nil
}

// sized is how much memory to take for what has so many bytes; most parts of most workbooks are small.
func sized(most int, size uint64) int { return int(min(uint64(most), size+64)) }

// inflaters are done with their part; a new one takes 40 KiB.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

func inflater(r io.Reader) (io.Reader, error) {
	z := inflaters.Get().(io.Reader)
	return z, z.(flate.Resetter).Reset(r, nil)
}

// Part is one entry of the archive being read.
type Part struct {
	Name    string
	archive *Archive
	file    *zip.File
	raw     *bufio.Reader
	data    io.Reader
	inflate io.Reader // data, while it is of the pool
	n       uint64
	sum     uint32
	err     error

	kept *kept // where it is read from, instead of the archive
	at   int
}

// What a part may take, packed and unpacked, that is kept in memory for whoever reads it again.
const (
	keptPacked   = 4 << 20
	keptUnpacked = 32 << 20
)

// kept is as much of a small part as was read by somebody. It grows as its readers come to its end, and never moves.
type kept struct {
	from *Part
	data []byte
	err  error // behind the data
}

// PartAgain is Part for one that is read more than once: a small one is unpacked only once.
func (a *Archive) PartAgain(name string) (*Part, error) {
	f, key := a.find(name)
	if f == nil || f.CompressedSize64 > keptPacked || f.UncompressedSize64 > keptUnpacked {
		return a.Part(name)
	}
	k := a.kept[key]
	if k == nil {
		p, err := a.Part(name)
		if err != nil {
			return nil, err
		}
		k = &kept{from: p, data: memory(int(f.UncompressedSize64) + 1)}
		a.kept[key] = k
	}
	return &Part{Name: f.Name, kept: k}, nil
}

// spare is the memory of a part that nobody reads any more, until it is collected. A sync.Pool would not do: what it was given on one
// processor it does not give on another.
var spare struct {
	sync.Mutex
	memory weak.Pointer[[]byte]
}

func memory(size int) []byte {
	spare.Lock()
	defer spare.Unlock()
	if m := spare.memory.Value(); m != nil && cap(*m) >= size {
		spare.memory = weak.Pointer[[]byte]{}
		return (*m)[:0]
	}
	return make([]byte, 0, size)
}

// Close gives the memory of the kept parts to other archives: nothing of this one may be read any more.
func (a *Archive) Close() error {
	for _, k := range a.kept {
		m := k.data
		spare.Lock()
		spare.memory = weak.Make(&m)
		spare.Unlock()
		k.data, k.err = nil, errClosed
	}
	return nil
}

var errClosed = errors.New("ooxml: the archive is closed")

// Whole is all of a part that is read more than once; nil where it is too large to be kept.
func (a *Archive) Whole(name string) ([]byte, error) {
	p, err := a.PartAgain(name)
	if err != nil || p.kept == nil {
		return nil, err
	}
	p.kept.until(keptUnpacked)
	if p.kept.err != io.EOF {
		return nil, p.kept.err
	}
	return p.kept.data, nil
}

// until reads on until there are n bytes, or as many as the part has.
func (k *kept) until(n int) {
	for len(k.data) < n && k.err == nil {
		var m int
		m, k.err = k.from.Read(k.data[len(k.data):min(cap(k.data), len(k.data)+scanBuffer)])
		k.data = k.data[:len(k.data)+m]
	}
}

func (p *Part) Read(b []byte) (int, error) {
	if p.kept != nil {
		p.kept.until(p.at + 1)
		n := copy(b, p.kept.data[min(p.at, len(p.kept.data)):])
		if p.at += n; n == 0 {
			return 0, p.kept.err
		}
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.data.Read(b)
	p.n += uint64(n)
	p.archive.read += int64(n)
	p.sum = crc32.Update(p.sum, crc32.IEEETable, b[:n])
	if p.err = p.judge(err); p.err != nil && p.inflate != nil {
		inflaters.Put(p.inflate)
		p.inflate, p.data = nil, nil
	}
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
		return p.fail(grid.Size, nil, nil)
	case l.Bytes > 0 && p.archive.read > l.Bytes:
		return p.fail(grid.TooBig, l.Bytes, nil)
	case l.Ratio > 0 && p.n > 10<<20 && p.n/uint64(l.Ratio) > p.file.CompressedSize64:
		return p.fail(grid.TooDense, l.Ratio, nil)
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return p.fail(grid.Truncated, nil, err)
	case err != io.EOF:
		return p.fail(grid.Corrupt, nil, err)
	case p.n < p.file.UncompressedSize64:
		return p.fail(grid.Truncated, nil, nil)
	case p.sum != p.file.CRC32:
		return p.fail(grid.Checksum, nil, nil)
	}
	if _, err := p.raw.ReadByte(); err != io.EOF {
		return p.fail(grid.Size, nil, errors.New("bytes follow the end of the compressed data"))
	}
	return io.EOF
}

func (p *Part) fail(r grid.Reason, limit any, err error) error {
	return &grid.Error{Part: p.Name, Reason: r, Limit: limit, Err: err}
}

// Scan opens a part for its XML.
func (a *Archive) Scan(name string) (*PartScanner, error) {
	return a.scanner(a.Part(name))
}

// ScanAgain is Scan for a part that is read more than once.
func (a *Archive) ScanAgain(name string) (*PartScanner, error) {
	return a.scanner(a.PartAgain(name))
}

func (a *Archive) scanner(p *Part, err error) (*PartScanner, error) {
	if err != nil {
		return nil, err
	}
	s := &PartScanner{Part: p.Name, part: p}
	if s.Scanner = newScanner(p, a.limits, 0); p.kept != nil {
		s.whole = p
	} else {
		s.buf = make([]byte, sized(scanBuffer, uint64(a.Size(p.Name))))
	}
	return s, nil
}

// smallPart is the most that a part may unpack to whose content is kept in memory.
const smallPart = 32 << 20

// scanSmall is Scan for such a part.
func (a *Archive) scanSmall(name string) (*PartScanner, error) {
	if f, _ := a.find(name); f != nil && f.UncompressedSize64 > smallPart {
		return nil, &grid.Error{Part: f.Name, Reason: grid.TooBig, Limit: smallPart}
	}
	return a.Scan(name)
}

// PartScanner is a Scanner that knows its part.
type PartScanner struct {
	*Scanner
	Part string // its name
	part *Part

	Crossed bool // RichText's
}

// Cause returns the deeper reason of trouble with the content, nil when there is none: a part whose checksum is wrong
// holds nonsense because it was damaged on the way. It reads the rest of the part.
func (s *PartScanner) Cause() error {
	_, err := io.Copy(io.Discard, s.part)
	return err
}

// Wrap names the part in an error of its scanner. io.EOF becomes a truncated part: call it where there must be more.
func (s *PartScanner) Wrap(err error) error {
	var mine *grid.Error
	var syntax *SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mine):
		return err
	case s.Cause() != nil:
		return s.Cause()
	case err == io.EOF:
		return &grid.Error{Part: s.Part, Reason: grid.Structure, Err: errors.New("the part ends too early")}
	case errors.As(err, &syntax):
		return &grid.Error{Part: s.Part, Reason: grid.Syntax, Err: err}
	case errors.Is(err, ErrDoctype):
		return &grid.Error{Part: s.Part, Reason: grid.Doctype, Err: err}
	case errors.Is(err, ErrEncoding):
		return &grid.Error{Part: s.Part, Reason: grid.Encoding, Err: err}
	case errors.Is(err, ErrTooDeep):
		return &grid.Error{Part: s.Part, Reason: grid.TooDeep, Limit: s.limits.Depth, Err: err}
	case errors.Is(err, ErrTooLong):
		return &grid.Error{Part: s.Part, Reason: grid.TooLong, Limit: s.limits.Token, Err: err}
	}
	return &grid.Error{Part: s.Part, Reason: grid.Corrupt, Err: err}
}

// Misfit is the error of a part that is well-formed and yet not what it must be.
func (s *PartScanner) Misfit(format string, args ...any) error {
	if err := s.Cause(); err != nil {
		return err
	}
	return &grid.Error{Part: s.Part, Reason: grid.Structure, Err: fmt.Errorf("at byte %d: %s", s.TokenStart, fmt.Sprintf(format, args...))}
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
