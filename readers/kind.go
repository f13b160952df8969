package readers

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
)

// The kinds of file that KindOf tells apart.
const (
	CSV  = "csv"
	XLSX = "xlsx"
	XML  = "xml"
)

// headSize is how much of a file's beginning is looked at.
const headSize = 16 << 10

// KindOf says by content, never by name, which reader f is for: "csv", "xlsx" or "xml". Any text that is neither a
// workbook nor markup is csv. Everything else is a *batch.Unreadable that says what the file really is and what to do
// about it. An empty file and a zip without its directory are marked Incomplete.
func KindOf(f File) (kind string, err error) {
	if f.Size <= 0 {
		return "", &batch.Unreadable{Message: message("kind.empty"), Incomplete: true}
	}
	head := make([]byte, min(f.Size, headSize))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", &batch.Unreadable{Message: message("kind.unreadable"), Incomplete: true, Err: err}
	}
	switch {
	case has(head, "PK\x03\x04"), has(head, "PK\x05\x06"), has(head, "PK\x07\x08PK"):
		return zipKind(f)
	case has(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return "", refuse(oleKind(f, head))
	}
	if key, args := binaryKind(head); key != "" {
		return "", refuse(key, args...)
	}
	kind, err = textKind(head)
	if err == nil && workbookNames[strings.ToLower(path.Ext(f.Name))] {
		return "", refuse("kind.misnamed", "format", strings.ToUpper(kind))
	}
	return kind, err
}

// workbookNames are the endings under which text is refused: what was meant to be a workbook and is none has lost its
// content on the way, or has a name that misleads everybody.
var workbookNames = map[string]bool{".xlsx": true, ".xlsm": true, ".xls": true, ".xlsb": true, ".ods": true}

func message(key string, args ...any) batch.Message { return batch.Message{Key: key, Args: args} }

func refuse(key string, args ...any) error {
	return &batch.Unreadable{Message: message(key, args...)}
}

func has(b []byte, prefix string) bool { return bytes.HasPrefix(b, []byte(prefix)) }

// signatures of things that people drop by mistake; format is the name to show.
var signatures = []struct{ magic, key, format string }{
	{"%PDF-", "kind.pdf", ""},
	{"{\\rtf", "kind.document", "RTF"},
	{"\x89PNG\r\n\x1a\n", "kind.image", "PNG"},
	{"\xff\xd8\xff", "kind.image", "JPEG"},
	{"GIF87a", "kind.image", "GIF"},
	{"GIF89a", "kind.image", "GIF"},
	{"II*\x00", "kind.image", "TIFF"},
	{"MM\x00*", "kind.image", "TIFF"},
	{"\x1f\x8b", "kind.archive", "GZIP"},
	{"Rar!\x1a\x07", "kind.archive", "RAR"},
	{"7z\xbc\xaf\x27\x1c", "kind.archive", "7z"},
	{"\xfd7zXZ\x00", "kind.archive", "XZ"},
	{"\x28\xb5\x2f\xfd", "kind.archive", "Zstandard"},
	{"SQLite format 3\x00", "kind.binary", ""},
	{"\x7fELF", "kind.binary", ""},
	{"\x09\x00\x04\x00", "kind.xls", ""},
	{"\x09\x02\x06\x00", "kind.xls", ""},
	{"\x09\x04\x06\x00", "kind.xls", ""},
	{"\x09\x08\x08\x00\x00\x05", "kind.xls", ""},
	{"\x09\x08\x10\x00\x00\x06", "kind.xls", ""},
}

// binaryKind recognises what is neither text nor zip nor OLE; key is "" when it may be text.
func binaryKind(head []byte) (key string, args []any) {
	for _, s := range signatures {
		if has(head, s.magic) {
			return s.key, named(s.format)
		}
	}
	switch {
	case has(head, "RIFF") && len(head) > 12 && string(head[8:12]) == "WEBP":
		return "kind.image", named("WEBP")
	case has(head, "BM") && len(head) > 26 && bytes.Equal(head[6:10], make([]byte, 4)):
		return "kind.image", named("BMP")
	case len(head) > 12 && head[0] == 0 && string(head[4:8]) == "ftyp":
		return "kind.image", named("HEIC")
	case has(head, "BZh") && len(head) > 10 && string(head[4:10]) == "1AY&SY":
		return "kind.archive", named("BZIP2")
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "kind.archive", named("TAR")
	case zeros(head):
		return "kind.zeros", nil
	}
	if wide(head) != nil || has(bytes.TrimLeft(head, "\ufeff \t\r\n"), "<") {
		return "", nil
	}
	controls := 0
	for _, c := range head {
		if c < 0x09 || c > 0x0d && c < 0x20 && c != 0x1a && c != 0x1b {
			controls++
		}
	}
	if controls*10 > len(head) || controls > 0 && has(head, "MZ") {
		return "kind.binary", nil
	}
	return "", nil
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
	case nulls[1] == q && nulls[2] == q && nulls[3] == q && few(nulls[0]):
		return utf32(binary.LittleEndian)
	case nulls[0] == q && nulls[1] == q && nulls[2] == q && few(nulls[3]):
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

// textKind tells XML from CSV and recognises markup that only looks like a spreadsheet.
func textKind(head []byte) (string, error) {
	text := string(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if decode := wide(head); decode != nil {
		text = decode(head)
	}
	text = strings.TrimLeft(text, "\ufeff \t\r\n\v\f\u00a0")
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(lower, "mime-version:"):
		return "", refuse("kind.html")
	case sylk(text):
		return "", refuse("kind.document", "format", "SYLK")
	case has(head, "\x4c\x6f\xa7\x94"): // "<?xm" in EBCDIC
		return XML, nil
	case !strings.HasPrefix(text, "<"):
		return CSV, nil
	}
	root := rootName(lower)
	switch {
	case root == "html", htmlRoots[root] && !strings.HasPrefix(lower, "<?xml"), strings.HasPrefix(lower, "<!doctype html"):
		return "", refuse("kind.html")
	case strings.Contains(text, "urn:schemas-microsoft-com:office:spreadsheet"), strings.Contains(text, `progid="Excel.Sheet"`):
		return "", refuse("kind.xml2003")
	case root == "office:document":
		return "", refuse("kind.ods")
	case root == "" && !strings.HasPrefix(lower, "<?xml") && !strings.HasPrefix(lower, "<!"), headingsInBrackets(text):
		return CSV, nil
	}
	return XML, nil
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

// zipKind tells a workbook from the other things that are zips.
func zipKind(f File) (string, error) {
	if err := CheckZip(f); err != nil {
		return "", err
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil {
		return "", &batch.Unreadable{Message: message("kind.zip_damaged"), Err: err}
	}
	names := make(map[string]*zip.File, len(z.File))
	for _, e := range z.File {
		names[strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(e.Name, "\\", "/")), "/")] = e
	}
	if m := names["mimetype"]; m != nil {
		mime := peek(m, 200)
		switch {
		case strings.Contains(mime, "opendocument.spreadsheet"):
			return "", refuse("kind.ods")
		case strings.Contains(mime, "opendocument"):
			return "", refuse("kind.document", "format", "OpenDocument")
		}
	}
	some := func(part string) bool { _, ok := names[part]; return ok }
	switch {
	case some("encryptedpackage"):
		return "", refuse("kind.encrypted")
	case some("xl/workbook.xml"):
		return XLSX, nil
	case some("xl/workbook.bin"):
		return "", refuse("kind.xlsb")
	case some("index/document.iwa"), some("index.zip"):
		return "", refuse("kind.numbers")
	case some("word/document.xml"):
		return "", refuse("kind.document", "format", "Word")
	case some("ppt/presentation.xml"):
		return "", refuse("kind.document", "format", "PowerPoint")
	case len(names) == 0:
		return "", refuse("kind.zip_empty")
	}
	if t := names["[content_types].xml"]; t != nil {
		types := peek(t, 1<<20)
		switch {
		case strings.Contains(types, "sheet.binary"):
			return "", refuse("kind.xlsb")
		case types == "", strings.Contains(types, "spreadsheetml"), strings.Contains(types, "ms-excel"):
			return XLSX, nil // its reader will say what is wrong with it
		case !some("xl/_rels/workbook.xml.rels"):
			return "", refuse("kind.document", "format", "Office")
		}
	}
	for name := range names {
		switch path.Ext(name) {
		case ".iwa":
			return "", refuse("kind.numbers")
		case ".csv", ".xlsx", ".xls", ".xml", ".txt", ".ods":
			return "", refuse("kind.archive", "format", "ZIP")
		}
		if strings.HasPrefix(name, "xl/") {
			return XLSX, nil // its reader will say which part is missing
		}
	}
	return "", refuse("kind.archive", "format", "ZIP")
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
			return refuse("kind.zip_damaged")
		}
	}
	switch {
	case size < 0 || offset < 0 || size > at || offset > at || offset+size > at:
		return refuse("kind.zip_damaged")
	case size > maxDirectory, at-offset > maxDirectory:
		return refuse("kind.zip_parts")
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

// oleKind names what lies in an OLE container: an encrypted workbook, an old .xls (perhaps encrypted), something else.
func oleKind(f File, head []byte) string {
	if len(head) < 512 {
		return "kind.ole"
	}
	o := ole{f: f, shift: uint(binary.LittleEndian.Uint16(head[30:]))}
	if o.shift != 9 && o.shift != 12 {
		return "kind.ole"
	}
	for i := range 109 {
		o.fat = append(o.fat, binary.LittleEndian.Uint32(head[76+4*i:]))
	}
	o.more(binary.LittleEndian.Uint32(head[68:]))
	found := map[string]uint32{}
	sector := binary.LittleEndian.Uint32(head[48:])
	for range 512 {
		block := o.sector(sector)
		if block == nil {
			break
		}
		for e := block; len(e) >= 128; e = e[128:] {
			n := int(binary.LittleEndian.Uint16(e[64:]))
			if n < 4 || n > 64 || e[66] == 0 {
				continue
			}
			found[strings.ToLower(utf16s(binary.LittleEndian)(e[:n-2]))] = binary.LittleEndian.Uint32(e[116:])
		}
		sector = o.next(sector)
	}
	_, encrypted := found["encryptedpackage"]
	_, info := found["encryptioninfo"]
	if encrypted || info {
		return "kind.encrypted"
	}
	for _, name := range []string{"workbook", "book"} {
		start, ok := found[name]
		if !ok {
			continue
		}
		if filePass(o.sector(start)) {
			return "kind.xls_encrypted"
		}
		return "kind.xls"
	}
	return "kind.ole"
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

// ole walks the sectors of a compound file, as far as finding its streams' names needs.
type ole struct {
	f     File
	shift uint
	fat   []uint32 // sectors that hold the allocation table
}

func (o *ole) sector(n uint32) []byte {
	if n >= 0xfffffffa {
		return nil
	}
	b := make([]byte, 1<<o.shift)
	got, _ := o.f.ReadAt(b, (int64(n)+1)<<o.shift)
	if got < 128 {
		return nil
	}
	return b[:got]
}

// more follows the chain of sectors that list further table sectors.
func (o *ole) more(n uint32) {
	for range 64 {
		b := o.sector(n)
		if len(b) < 1<<o.shift {
			return
		}
		last := len(b) - 4
		for i := 0; i < last; i += 4 {
			o.fat = append(o.fat, binary.LittleEndian.Uint32(b[i:]))
		}
		n = binary.LittleEndian.Uint32(b[last:])
	}
}

func (o *ole) next(n uint32) uint32 {
	per := uint32(1) << (o.shift - 2)
	if int(n/per) >= len(o.fat) {
		return 0xfffffffe
	}
	b := o.sector(o.fat[n/per])
	at := int(n%per) * 4
	if at+4 > len(b) {
		return 0xfffffffe
	}
	return binary.LittleEndian.Uint32(b[at:])
}
