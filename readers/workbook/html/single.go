package html

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"path"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// Single is a page with all that belongs to it in one file (.mht), as Excel and browsers save it and many programs write it under the name
// .xls: a MIME message whose pages are read one after the other.
var Single = grid.Container{
	Traits: readers.Traits{Name: "mht", Knows: func(c *readers.Content) bool { return c.Kind == readers.WebArchive }, Grid: true},
	Open:   OpenSingle,
}

// What an honest message stays far below.
const (
	maxParts  = 1000
	maxNested = 4
	maxHeader = 64 << 10
)

// OpenSingle unfolds the message into a temporary file, which Close removes, and opens that. A message without a page is refused, and so is
// a mail with spreadsheets attached: they are what its sender means, not what is written around them.
func OpenSingle(f readers.File, s readers.Settings) (grid.Book, error) {
	pages, err := readers.NewScratch()
	if err != nil {
		return nil, err
	}
	u := unfolding{to: bufio.NewWriter(pages), left: s.Limits.Bytes, parts: maxParts}
	err = cmp.Or(u.message(f), u.to.Flush())
	var opened grid.Book
	if err == nil {
		opened, err = Open(readers.File{Name: f.Name, Size: u.size, ReaderAt: pages}, s)
	}
	if err != nil {
		return nil, errors.Join(err, pages.Close())
	}
	return &single{opened, pages}, nil
}

type single struct {
	grid.Book
	pages readers.Scratch
}

func (s *single) Close() error { return errors.Join(s.Book.Close(), s.pages.Close()) }

// unfolding copies the pages of a message.
type unfolding struct {
	to    *bufio.Writer
	size  int64
	left  int64 // bytes that may still be copied
	parts int   // parts that may still come

	attached []string // the names of spreadsheets in it
}

func (u *unfolding) message(f readers.File) error {
	source := &source{Reader: io.NewSectionReader(f, 0, f.Size)}
	all := bufio.NewReaderSize(source, maxHeader)
	for { // a byte order mark, empty lines
		if b, err := all.Peek(1); err != nil || !bytes.Contains([]byte("\xef\xbb\xbf \t\r\n"), b) {
			break
		}
		_, _ = all.Discard(1)
	}
	if head, _ := all.Peek(maxHeader); len(head) == maxHeader && !bytes.Contains(head, []byte("\n\n")) && !bytes.Contains(head, []byte("\r\n\r\n")) {
		return readers.Refuse("kind.web_archive")
	}
	header, err := textproto.NewReader(all).ReadMIMEHeader()
	if err == nil {
		err = u.part(header, all, 0)
	}
	_, limit := errors.AsType[*grid.Error](err)
	switch {
	case source.failed != nil:
		return source.failed
	case err == nil && len(u.attached) > 0:
		return readers.Refuse("kind.mail", "names", strings.Join(u.attached, ", "))
	case err == nil && u.size == 0 && header.Get("To")+header.Get("Received") != "":
		return readers.Refuse("kind.mail_alone")
	case err == nil && u.size > 0, limit:
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &batch.Unreadable{Message: batch.Message{Key: "workbook.html_open"}, Incomplete: true, Err: err}
	}
	return &batch.Unreadable{Message: batch.Message{Key: "kind.web_archive"}, Err: err} // damaged, or without a page
}

// source tells what is wrong with the file apart from what is wrong with the message in it.
type source struct {
	io.Reader
	failed error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// part copies a page, or those of what has parts itself; whatever else there is, is passed over.
func (u *unfolding) part(header textproto.MIMEHeader, body io.Reader, depth int) error {
	if u.parts--; u.parts < 0 || depth > maxNested {
		return &grid.Error{Part: part, Reason: grid.TooMany, Limit: maxParts}
	}
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return nil
	}
	if name := attachment(header, params); name != "" {
		u.attached = append(u.attached, name)
		return nil
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	location := strings.ToLower(path.Base(strings.ReplaceAll(header.Get("Content-Location"), `\`, "/")))
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return u.several(multipart.NewReader(body, params["boundary"]), depth)
	case kind != "text/html" && kind != "application/xhtml+xml", location == "tabstrip.htm": // that is where Excel draws the tabs
		return nil
	case u.size == 0 && params["charset"] != "":
		if err := u.copy(strings.NewReader(fmt.Sprintf("<meta charset=%q>\n", params["charset"]))); err != nil {
			return err
		}
	}
	return u.copy(body)
}

// spreadsheets are the endings of what people attach to a mail when they mean its rows.
var spreadsheets = []string{".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".fods", ".xml", ".zip"}

// attachment is the name of a spreadsheet that is attached to a mail; "" for every other part.
func attachment(header textproto.MIMEHeader, params map[string]string) string {
	how, its, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	name := cmp.Or(its["filename"], params["name"])
	if decoded, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
		name = decoded
	}
	if how != "attachment" || !slices.Contains(spreadsheets, strings.ToLower(path.Ext(name))) {
		return ""
	}
	return name
}

func (u *unfolding) several(parts *multipart.Reader, depth int) error {
	for {
		p, err := parts.NextPart()
		if err == io.EOF { // not one that is wrapped: the message is cut off
			return nil
		}
		if err != nil {
			return err
		}
		if err := u.part(p.Header, p, depth+1); err != nil {
			return err
		}
	}
}

func (u *unfolding) copy(from io.Reader) error {
	n, err := io.Copy(u.to, io.LimitReader(from, u.left+1))
	u.size, u.left = u.size+n, u.left-n
	if err == nil && u.left < 0 {
		return &grid.Error{Part: part, Reason: grid.TooBig, Limit: u.size - 1}
	}
	return err
}
