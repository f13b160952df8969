package ours

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"time"
)

// Spool is one part of the result while it grows: compressed, in a temporary file that nobody else sees. So a result is
// complete before its first byte goes out, and parts that grow side by side need no memory.
type Spool struct {
	Name string
	file *os.File
	raw  counter
	z    *flate.Writer
	buf  *bufio.Writer
	sum  uint32
	size uint64
}

type counter struct {
	w *bufio.Writer
	n uint64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += uint64(n)
	return n, err
}

// NewSpool begins a part in a temporary file.
func NewSpool(name string) (*Spool, error) {
	f, err := os.CreateTemp("", "rowferry-part-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // where the system allows it, nothing stays behind whatever happens
	s := &Spool{Name: name, file: f}
	s.raw.w = bufio.NewWriterSize(f, 64<<10)
	if s.z, err = flate.NewWriter(&s.raw, level); err != nil {
		return nil, err
	}
	s.buf = bufio.NewWriterSize(tee{s}, 64<<10)
	return s, nil
}

// level trades a tenth of the size for half the time.
const level = 4

// tee counts and sums what goes into the compressor.
type tee struct{ s *Spool }

func (t tee) Write(b []byte) (int, error) {
	t.s.sum = crc32.Update(t.s.sum, crc32.IEEETable, b)
	t.s.size += uint64(len(b))
	return t.s.z.Write(b)
}

// Write never keeps b. An error shows at the end too.
func (s *Spool) Write(b []byte) (int, error)       { return s.buf.Write(b) }
func (s *Spool) WriteString(b string) (int, error) { return s.buf.WriteString(b) }

// Finish ends the part; nothing may be written after it.
func (s *Spool) Finish() error {
	if err := s.buf.Flush(); err != nil {
		return err
	}
	if err := s.z.Close(); err != nil {
		return err
	}
	if err := s.raw.w.Flush(); err != nil {
		return err
	}
	s.z, s.buf, s.raw.w = nil, nil, nil
	return nil
}

// Close removes the file.
func (s *Spool) Close() {
	s.file.Close()
	_ = os.Remove(s.file.Name())
}

// put copies the finished part into a zip.
func (s *Spool) put(z *zip.Writer) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w, err := z.CreateRaw(entry(s.Name, s.sum, s.raw.n, s.size))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, s.file)
	return err
}

// entry is a zip entry without a clock in it: the same report gives the same bytes.
func entry(name string, sum uint32, compressed, size uint64) *zip.FileHeader {
	return &zip.FileHeader{Name: strings.TrimLeft(name, "/"), Method: zip.Deflate, CRC32: sum, CompressedSize64: compressed, UncompressedSize64: size,
		Modified: noon, CreatorVersion: 20, ReaderVersion: 20}
}

// noon is the time of every part of ours.
var noon = time.Date(1980, 1, 1, 12, 0, 0, 0, time.UTC)

// putBytes writes a small part.
func putBytes(z *zip.Writer, name string, content []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: strings.TrimLeft(name, "/"), Method: zip.Deflate, Modified: noon})
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}
