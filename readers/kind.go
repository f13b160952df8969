package readers

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers/ole"
)

// Kind is what content is, whether or not there is a reader for it; "kind." and its name is the key of the words for it.
type Kind string

// The kinds that Examine tells apart.
const (
	CSV          Kind = "csv" // any text that is nothing below
	XML          Kind = "xml"
	XLSX         Kind = "xlsx" // with macros too
	XLS          Kind = "xls"
	LockedXLS    Kind = "xls_encrypted"
	XLSB         Kind = "xlsb"
	ODS          Kind = "ods" // packed or flat
	XML2003      Kind = "xml2003"
	HTML         Kind = "html"
	WebArchive   Kind = "web_archive"
	Encrypted    Kind = "encrypted"
	Numbers      Kind = "numbers"
	PDF          Kind = "pdf"
	Document     Kind = "document"
	Image        Kind = "image"
	Archive      Kind = "archive"
	Zip          Kind = "zip" // none of the kinds that are zips: perhaps tables lie in it
	EmptyArchive Kind = "zip_empty"
	OLE          Kind = "ole"     // without a workbook in it
	Outlook      Kind = "outlook" // a mail, as that program saves it
	Escaped      Kind = "escaped" // text of seven bits that switches between letters
	Binary       Kind = "binary"
	Zeros        Kind = "zeros"
	Misnamed     Kind = "misnamed" // text under the name of a workbook that is no table
)

// headSize is how much of a file's beginning is looked at.
const headSize = 16 << 10

// Content is a file with what is known of it before a reader is chosen.
type Content struct {
	File
	Head []byte // its first 16 KiB
	Kind Kind

	format string // for the words about a kind: its name, where the kind has many
}

// Examine says by content, never by name, what f is. Its error is a *batch.Unreadable where f cannot be told: an empty file and a
// zip without its directory are marked Incomplete.
func Examine(f File) (*Content, error) {
	if f.Size <= 0 {
		return nil, &batch.Unreadable{Message: message("kind.empty"), Incomplete: true}
	}
	c := &Content{File: f, Head: make([]byte, min(f.Size, headSize))}
	if n, err := f.ReadAt(c.Head, 0); n < len(c.Head) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, &batch.Unreadable{Message: message("kind.unreadable"), Incomplete: true, Err: err}
	}
	switch {
	case has(c.Head, "PK\x03\x04"), has(c.Head, "PK\x05\x06"), has(c.Head, "PK\x07\x08PK"):
		return c, c.zip()
	case has(c.Head, ole.Magic):
		return c, c.ole()
	}
	head := Unfilled(c.Head)
	if c.Kind, c.format = binaryKind(head); c.Kind != "" {
		return c, nil
	}
	c.Kind, c.format = textKind(head)
	if (c.Kind == CSV || c.Kind == XML) && c.misnamed() {
		c.Kind, c.format = Misnamed, strings.ToUpper(string(c.Kind))
	}
	return c, nil
}

// Refusal says what the file really is and what to do about it, where no reader knows it.
func (c *Content) Refusal() error {
	return Refuse("kind."+string(c.Kind), named(c.format)...)
}

// Unfilled is the beginning of a file without the zero bytes that fill it up behind a text: what is text is judged without them, its reader
// leaves them out or says what is wrong with them.
func Unfilled(head []byte) []byte {
	end := len(bytes.TrimRight(head, "\x00"))
	return head[:min(len(head), (end+3)&^3)] // as many zeros as a character of the widest may end with
}

// filled reports whether zero bytes are all that keeps a beginning from being lines of a table.
func filled(head []byte) bool {
	rest := bytes.ReplaceAll(head, []byte{0}, nil)
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1a", r) }
	return len(rest) < len(head) && !bytes.ContainsFunc(rest, control) && tabular(rest)
}

// workbookNames are the endings of workbooks.
var workbookNames = map[string]bool{".xlsx": true, ".xlsm": true, ".xls": true, ".xlsb": true, ".ods": true}

// misnamed reports whether text has the name of a workbook that it cannot be: what was meant to be one has lost its content on
// the way, or is a program's message instead. Spreadsheet programs open tables in text that are named .xls, so many programs
// write them; under the other names they open none.
func (c *Content) misnamed() bool {
	ending := strings.ToLower(path.Ext(c.Name))
	if ending == ".xls" {
		return c.Kind == CSV && !tabular(c.Head)
	}
	return workbookNames[ending]
}

// tabular reports whether the lines of a text are cut into cells by one of the usual delimiters.
func tabular(head []byte) bool {
	text := string(head)
	if decode := wide(head); decode != nil {
		text = decode(head)
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	lines = lines[:min(len(lines), 50)]
	for _, delimiter := range []string{"\t", ";", ",", "|"} {
		cut := 0
		for _, line := range lines {
			if strings.Contains(line, delimiter) {
				cut++
			}
		}
		if cut > 1 && cut*2 >= len(lines) {
			return true
		}
	}
	return false
}

func message(key string, args ...any) batch.Message { return batch.Message{Key: key, Args: args} }

// Refuse is the error of a whole file, with the words under key.
func Refuse(key string, args ...any) *batch.Unreadable {
	return &batch.Unreadable{Message: message(key, args...)}
}

// Cut is that of one that ends too early.
func Cut(key string, args ...any) *batch.Unreadable {
	return &batch.Unreadable{Message: message(key, args...), Incomplete: true}
}

func has(b []byte, prefix string) bool { return bytes.HasPrefix(b, []byte(prefix)) }

// signatures of things that people drop by mistake; format is the name to show.
var signatures = []struct {
	magic  string
	kind   Kind
	format string
}{
	{"%PDF-", PDF, ""},
	{"{\\rtf", Document, "RTF"},
	{"\x89PNG\r\n\x1a\n", Image, "PNG"},
	{"\xff\xd8\xff", Image, "JPEG"},
	{"GIF87a", Image, "GIF"},
	{"GIF89a", Image, "GIF"},
	{"II*\x00", Image, "TIFF"},
	{"MM\x00*", Image, "TIFF"},
	{"\x1f\x8b", Archive, "GZIP"},
	{"Rar!\x1a\x07", Archive, "RAR"},
	{"7z\xbc\xaf\x27\x1c", Archive, "7z"},
	{"\xfd7zXZ\x00", Archive, "XZ"},
	{"\x28\xb5\x2f\xfd", Archive, "Zstandard"},
	{"SQLite format 3\x00", Binary, ""},
	{"\x7fELF", Binary, ""},
	{"\x09\x00\x04\x00", XLS, ""},
	{"\x09\x02\x06\x00", XLS, ""},
	{"\x09\x04\x06\x00", XLS, ""},
	{"\x09\x08\x06\x00\x00\x00", XLS, ""}, // version 0: time clocks, exports from Delphi
	{"\x09\x08\x08\x00\x00\x00", XLS, ""}, // the same from PHP
	{"\x09\x08\x08\x00\x00\x05", XLS, ""},
	{"\x09\x08\x10\x00\x00\x06", XLS, ""},
}

// binaryKind recognises what is neither text nor zip nor OLE; "" when it may be text.
func binaryKind(head []byte) (kind Kind, format string) {
	for _, s := range signatures {
		if has(head, s.magic) {
			return s.kind, s.format
		}
	}
	switch {
	case has(head, "RIFF") && len(head) > 12 && string(head[8:12]) == "WEBP":
		return Image, "WEBP"
	case has(head, "BM") && len(head) > 26 && bytes.Equal(head[6:10], make([]byte, 4)):
		return Image, "BMP"
	case len(head) > 12 && head[0] == 0 && string(head[4:8]) == "ftyp":
		return Image, "HEIC"
	case has(head, "BZh") && len(head) > 10 && string(head[4:10]) == "1AY&SY":
		return Archive, "BZIP2"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return Archive, "TAR"
	case zeros(head):
		return Zeros, ""
	}
	if name := escaped(head); name != "" {
		return Escaped, name
	}
	if wide(head) != nil || has(bytes.TrimLeft(head, "\ufeff \t\r\n"), "<") {
		return "", ""
	}
	controls := 0
	for _, c := range head {
		if c < 0x09 || c > 0x0d && c < 0x20 && c != 0x1a && c != 0x1b {
			controls++
		}
	}
	if controls > 0 {
		controls -= separators(head)
	}
	if controls*10 > len(head) && !filled(head) || controls > 0 && has(head, "MZ") {
		return Binary, ""
	}
	return "", ""
}

// separators counts the control characters that part fields, where every line has as many of one of them.
func separators(head []byte) int {
	lines := bytes.Split(bytes.TrimRight(head, "\r\n"), []byte("\n"))
	if len(lines) > 2 {
		lines = lines[:len(lines)-1] // cut perhaps
	}
	for _, c := range []byte{0x1f, 0x01, 0x02, 0x1c, 0x1d, 0x1e} {
		n := bytes.Count(lines[0], []byte{c})
		if n > 0 && len(lines) > 1 && !slices.ContainsFunc(lines, func(l []byte) bool { return len(l) > 0 && bytes.Count(l, []byte{c}) != n }) {
			return bytes.Count(head, []byte{c})
		}
	}
	return 0
}

func named(format string) []any {
	if format == "" {
		return nil
	}
	return []any{"format", format}
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// oneSided reports whether zero bytes lie on one side of the pairs only: text in which delimiters and line breaks are the
// few characters below U+0100, as Chinese has it.
func oneSided(here, there, pairs int) bool { return here >= 2 && here*33 >= pairs && there*5 <= here }

// wide returns how to decode UTF-16 or UTF-32, recognised by its mark or by where its zero bytes are; nil for others.
func wide(b []byte) func([]byte) string {
	switch {
	case has(b, "\xff\xfe\x00\x00"):
		return utf32(binary.LittleEndian)
	case has(b, "\x00\x00\xfe\xff"):
		return utf32(binary.BigEndian)
	case has(b, "\xff\xfe"):
		return utf16s(binary.LittleEndian)
	case has(b, "\xfe\xff"):
		return utf16s(binary.BigEndian)
	}
	n := min(len(b), 1024) &^ 3
	if n < 4 {
		return nil
	}
	var nulls [4]int
	for i, c := range b[:n] {
		if c == 0 {
			nulls[i&3]++
		}
	}
	q := n / 4
	most := func(x int) bool { return x*10 >= q*6 }
	few := func(x int) bool { return x*20 <= q }
	switch {
	case nulls[3] == q && most(nulls[2]) && few(nulls[0]): // letters beyond U+00FF fill the second byte, emoji the third
		return utf32(binary.LittleEndian)
	case nulls[0] == q && most(nulls[1]) && few(nulls[3]):
		return utf32(binary.BigEndian)
	case most(nulls[1]) && most(nulls[3]) && few(nulls[0]) && few(nulls[2]), b[0] == '<' && b[1] == 0 && b[2] != 0:
		return utf16s(binary.LittleEndian)
	case most(nulls[0]) && most(nulls[2]) && few(nulls[1]) && few(nulls[3]), b[0] == 0 && b[1] == '<' && b[3] != 0:
		return utf16s(binary.BigEndian)
	case oneSided(nulls[1]+nulls[3], nulls[0]+nulls[2], n/2):
		return utf16s(binary.LittleEndian)
	case oneSided(nulls[0]+nulls[2], nulls[1]+nulls[3], n/2):
		return utf16s(binary.BigEndian)
	}
	return nil
}

func utf16s(order binary.ByteOrder) func([]byte) string {
	return func(b []byte) string {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units))
	}
}

func utf32(order binary.ByteOrder) func([]byte) string {
	return func(b []byte) string {
		var out []rune
		for ; len(b) >= 4; b = b[4:] {
			r := rune(order.Uint32(b))
			if !utf8.ValidRune(r) {
				r = utf8.RuneError
			}
			out = append(out, r)
		}
		return string(out)
	}
}

// exchanges are texts that programs exchange, by how they begin.
var exchanges = []struct{ begin, format string }{
	{"UNA:", "EDIFACT"}, {"UNA+", "EDIFACT"}, {"UNB+", "EDIFACT"}, {"UNH+", "EDIFACT"}, {"ISA*", "X12"}, {"ISA|", "X12"}, {"STX=", "TRADACOMS"},
	{"EDI_DC40", "IDoc"}, {"MSH|", "HL7"}, {"BEGIN:VCARD", "vCard"}, {"BEGIN:VCALENDAR", "iCalendar"}, {"%!PS", "PostScript"}, {"^XA", "ZPL"}, {"TABLE\r\n0,1\r\n", "DIF"}, {"TABLE\n0,1\n", "DIF"}, {"{1:F01", "SWIFT"},
}

// exchanged names such a text; "" for others.
func exchanged(text string) string {
	for _, m := range exchanges {
		if strings.HasPrefix(text, m.begin) {
			return m.format
		}
	}
	return ""
}

// unfolds reports whether a text in small letters begins with the header of a MIME message, in whatever order its lines stand.
func unfolds(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') && strings.TrimSpace(line) != "" {
			continue // goes on with the line before
		}
		name, value, is := strings.Cut(line, ":")
		if !is || name == "" || strings.ContainsAny(name, " \t,;|<\"") {
			return false
		}
		if name == "mime-version" || name == "content-type" && strings.HasPrefix(value, " multipart") {
			return true
		}
	}
	return false
}

// textKind tells XML from CSV and recognises markup that only looks like a spreadsheet.
func textKind(head []byte) (kind Kind, format string) {
	text := string(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if decode := wide(head); decode != nil {
		text = decode(head)
	}
	text = strings.TrimLeft(text, "\ufeff \t\r\n\v\f\u00a0")
	lower := strings.ToLower(text)
	switch {
	case unfolds(lower):
		return WebArchive, ""
	case sylk(text):
		return Document, "SYLK"
	case exchanged(text) != "":
		return Document, exchanged(text)
	case has(head, "\x4c\x6f\xa7\x94"): // "<?xm" in EBCDIC
		return XML, ""
	case !strings.HasPrefix(text, "<"):
		return CSV, ""
	}
	root := rootName(lower)
	switch {
	case root == "html", htmlRoots[root] && (root != "table" || tableTags(lower)) && !strings.HasPrefix(lower, "<?xml"), strings.HasPrefix(lower, "<!doctype html"):
		return HTML, ""
	case strings.Contains(text, "urn:schemas-microsoft-com:office:spreadsheet"), strings.Contains(text, `progid="Excel.Sheet"`):
		return XML2003, ""
	case root == "office:document":
		return ODS, ""
	case root == "" && !strings.HasPrefix(lower, "<?xml") && !strings.HasPrefix(lower, "<!"), headingsInBrackets(text):
		return CSV, ""
	}
	return XML, ""
}

// sylk recognises Microsoft's old text format: after "ID;P…" come lines that begin with a letter for what they hold. A CSV
// with the heading "ID;Price" is none.
func sylk(text string) bool {
	first, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "ID;P") || len(rest) < 2 {
		return false
	}
	letter, _, found := strings.Cut(rest[:min(len(rest), 4)], ";")
	return found && letter != "" && strings.Contains(" P F B C O NN NU NE W ", " "+letter+" ")
}

var htmlRoots = map[string]bool{
	"head": true, "meta": true, "body": true, "table": true, "div": true, "style": true, "script": true, "font": true,
	"title": true, "center": true, "link": true, "p": true, "span": true, "br": true, "thead": true, "tbody": true, "tr": true,
}

// tableTags reports whether the first element in a table in small letters is one that HTML has there: others are records.
func tableTags(lower string) bool {
	for {
		_, rest, more := strings.Cut(lower, "<")
		if !more {
			return true
		}
		lower = rest
		name := lower[:max(0, strings.IndexAny(lower, " >\t\r\n/"))]
		switch {
		case name == "" || name[0] == '!' || name == "table":
		case htmlRoots[name], name == "td", name == "th", name == "tfoot", name == "caption", name == "col", name == "colgroup":
			return true
		default:
			return false
		}
	}
}

// rootName is the name of the first element of text, past declarations and comments; "" when there is none.
func rootName(text string) string {
	for {
		text = strings.TrimLeft(text, "\ufeff \t\r\n")
		end := ">"
		switch {
		case strings.HasPrefix(text, "<?"):
			end = "?>"
		case strings.HasPrefix(text, "<!--"):
			end = "-->"
		case strings.HasPrefix(text, "<!"):
		case strings.HasPrefix(text, "<"):
			name := text[1:]
			if i := strings.IndexAny(name, " \t\r\n/><"); i >= 0 {
				name = name[:i]
			}
			if name == "" || strings.IndexByte("0123456789-.,;=\"'", name[0]) >= 0 {
				return ""
			}
			return name
		default:
			return ""
		}
		i := strings.Index(text, end)
		if i < 0 {
			return ""
		}
		text = text[i+len(end):]
	}
}

// headingsInBrackets recognises the CSV dialect whose headings are "<TICKER>,<DATE>".
func headingsInBrackets(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	_, rest, found := strings.Cut(line, ">")
	return found && len(rest) > 1 && strings.IndexByte(",;\t|", rest[0]) >= 0 && rest[1] == '<'
}

// maxDirectory bounds the zip directory: beyond it, listing the parts would cost more memory than reading them.
const maxDirectory = 8 << 20

// zip tells a workbook from the other things that are zips.
func (c *Content) zip() error {
	if err := CheckZip(c.File); err != nil {
		return err
	}
	z, err := zip.NewReader(c, c.Size)
	if err != nil {
		return &batch.Unreadable{Message: message("kind.zip_damaged"), Err: err}
	}
	c.Kind, c.format = zipKind(z.File)
	return nil
}

func zipKind(parts []*zip.File) (kind Kind, format string) {
	names := make(map[string]*zip.File, len(parts))
	for _, e := range parts {
		names[strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(e.Name, "\\", "/")), "/")] = e
	}
	if m := names["mimetype"]; m != nil {
		mime := peek(m, 200)
		switch {
		case strings.Contains(mime, "opendocument.spreadsheet"):
			return ODS, ""
		case strings.Contains(mime, "opendocument"):
			return Document, "OpenDocument"
		}
	}
	some := func(part string) bool { _, ok := names[part]; return ok }
	switch {
	case some("encryptedpackage"):
		return Encrypted, ""
	case some("xl/workbook.xml"):
		return XLSX, ""
	case some("xl/workbook.bin"):
		return XLSB, ""
	case some("index/document.iwa"), some("index.zip"):
		return Numbers, ""
	case some("word/document.xml"):
		return Document, "Word"
	case some("ppt/presentation.xml"):
		return Document, "PowerPoint"
	case len(names) == 0:
		return EmptyArchive, ""
	}
	if t := names["[content_types].xml"]; t != nil {
		types := peek(t, 1<<20)
		switch {
		case strings.Contains(types, "sheet.binary"):
			return XLSB, ""
		case types == "", strings.Contains(types, "spreadsheetml"), strings.Contains(types, "ms-excel"):
			return XLSX, "" // its reader will say what is wrong with it
		case !some("xl/_rels/workbook.xml.rels"):
			return Document, "Office"
		}
	}
	for name := range names {
		switch path.Ext(name) {
		case ".iwa":
			return Numbers, ""
		case ".csv", ".xlsx", ".xls", ".xml", ".txt", ".ods":
			return Zip, ""
		}
		if strings.HasPrefix(name, "xl/") {
			return XLSX, "" // its reader will say which part is missing
		}
	}
	return Zip, ""
}

// peek reads up to n bytes of a small entry; "" when that fails.
func peek(e *zip.File, n int64) string {
	r, err := e.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, n))
	return string(b)
}

// ole tells what lies in a compound file: an encrypted workbook, an old .xls (perhaps encrypted), something else.
func (c *Content) ole() error {
	o, err := ole.Open(c.File, c.Size)
	if err != nil {
		return ole.Refusal(err)
	}
	c.Kind = OLE
	if o.Has("EncryptedPackage") || o.Has("EncryptionInfo") {
		c.Kind = Encrypted
		return nil
	}
	if o.Has("__properties_version1.0") {
		c.Kind = Outlook
		return nil
	}
	for _, name := range []string{"Workbook", "Book"} {
		s, err := o.Stream(name)
		if err == io.EOF {
			continue
		}
		if err != nil {
			return ole.Refusal(err)
		}
		begin := make([]byte, min(s.Size(), headSize))
		if _, err := s.ReadAt(begin, 0); err != nil && err != io.EOF {
			return ole.Refusal(err)
		}
		if c.Kind = XLS; filePass(begin) {
			c.Kind = LockedXLS
		}
		return nil
	}
	return nil
}

// filePass reports whether the first records of a workbook stream say that the rest is encrypted.
func filePass(b []byte) bool {
	for range 16 {
		if len(b) < 4 {
			return false
		}
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if id == 0x2f {
			return true
		}
		if len(b) < 4+n {
			return false
		}
		b = b[4+n:]
	}
	return false
}

// CheckZip looks at the end of a zip: without its directory it was cut off or is still being written (Incomplete); a
// directory that does not fit the file or is absurdly long is damage.
func CheckZip(f File) error {
	n := min(f.Size, 65557)
	tail := make([]byte, n)
	if got, err := f.ReadAt(tail, f.Size-n); int64(got) < n {
		return &batch.Unreadable{Message: message("kind.unreadable"), Incomplete: true, Err: err}
	}
	end := -1
	for i := len(tail) - 22; i >= 0; i-- {
		if tail[i] == 'P' && tail[i+1] == 'K' && tail[i+2] == 5 && tail[i+3] == 6 &&
			i+22+int(binary.LittleEndian.Uint16(tail[i+20:])) <= len(tail) {
			end = i
			break
		}
	}
	if end < 0 {
		return &batch.Unreadable{Message: message("kind.truncated"), Incomplete: true}
	}
	at := f.Size - n + int64(end)
	size := int64(binary.LittleEndian.Uint32(tail[end+12:]))
	offset := int64(binary.LittleEndian.Uint32(tail[end+16:]))
	if size == 0xffffffff || offset == 0xffffffff {
		var ok bool
		if size, offset, ok = zip64(f, at); !ok {
			return Refuse("kind.zip_damaged")
		}
	}
	switch {
	case size < 0 || offset < 0 || size > at || offset > at || offset+size > at:
		return Refuse("kind.zip_damaged")
	case size > maxDirectory, at-offset > maxDirectory:
		return Refuse("kind.zip_parts")
	}
	return nil
}

// zip64 finds the directory of a large archive through the record before the end record at.
func zip64(f File, at int64) (size, offset int64, ok bool) {
	var locator [20]byte
	if at < 20 {
		return 0, 0, false
	}
	if _, err := f.ReadAt(locator[:], at-20); err != nil || !has(locator[:], "PK\x06\x07") {
		return 0, 0, false
	}
	var record [56]byte
	where := int64(binary.LittleEndian.Uint64(locator[8:]))
	if where < 0 || where > at-20 {
		return 0, 0, false
	}
	if _, err := f.ReadAt(record[:], where); err != nil || !has(record[:], "PK\x06\x06") {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(record[40:])), int64(binary.LittleEndian.Uint64(record[48:])), true
}
