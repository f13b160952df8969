package patch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/words"
)

// Refused is why the sender's file is not patched: a person reads it in the summary of the new workbook.
type Refused struct{ Message batch.Message }

// Error is for logs.
func (e *Refused) Error() string { return e.Message.Key + fmt.Sprint(e.Message.Args) }

func refuse(key string, args ...any) error {
	return &Refused{words.Message("workbookresult.why."+key, args...)}
}

// unusual refuses a file for a part that the patcher does not know how to change.
func unusual(part string) error { return refuse("unusual", "part", part) }

// original is the sender's workbook.
type original struct {
	file   batch.Original
	zip    *zip.Reader
	parts  map[string]*zip.File // by lower-case name
	strict bool

	book     string // the workbook's part
	bookRels []link
	rootRels []link
	styles   string // "" when there are none
	names    []string
	sheets   []tab
	read     []*tab          // those that the rows were read from
	given    map[string]bool // names of new parts
	sheetID  int             // the highest
	from1904 bool
}

// tab is a sheet and its part, "" where there is none; relations are known of those that rows were read from.
type tab struct {
	name, part string
	rels       []link
}

// link is one relation of a part.
type link struct {
	id, kind string // kind: the last word of the type
	target   string // the part, "" for one outside the file
}

// openOriginal opens the file, from whose sheets of these names the rows were read, and decides whether it may be patched; a *Refused
// says why not.
func openOriginal(s outbox.Source, names []string) (*original, error) {
	f, err := s.Open()
	if err != nil {
		return nil, err
	}
	o := &original{file: f, parts: map[string]*zip.File{}, given: map[string]bool{}}
	if err := o.learn(names); err != nil {
		f.Close()
		return nil, err
	}
	return o, nil
}

func (o *original) close() { o.file.Close() }

func (o *original) learn(names []string) error {
	var err error
	if o.zip, err = zip.NewReader(o.file, o.file.Size()); err != nil {
		return unusual("zip")
	}
	for _, f := range o.zip.File {
		key := strings.ToLower(strings.TrimLeft(f.Name, "/"))
		switch {
		case !filepath.IsLocal(key) || strings.ContainsAny(key, ":"): // it would lie elsewhere, for whoever unpacks the result
			return unusual(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, "\\", "/")), "/"))
		case o.parts[key] != nil, strings.Contains(f.Name, "\\"), f.Flags&1 != 0:
			return unusual(f.Name)
		case strings.HasPrefix(key, "_xmlsignatures/"):
			return refuse("signed")
		case strings.Contains(key, "/revisions/"), strings.HasPrefix(key, "encryptedpackage"):
			return unusual(f.Name)
		}
		o.parts[key] = f
	}
	if err := o.contents(names); err != nil {
		return err
	}
	return o.permitted()
}

// contents finds workbook, sheets and styles.
func (o *original) contents(names []string) error {
	var err error
	if o.rootRels, err = o.links("", "_rels/.rels"); err != nil {
		return err
	}
	for _, l := range o.rootRels {
		switch l.kind {
		case "officeDocument":
			o.book = l.target
		case "origin":
			return refuse("signed")
		}
	}
	if o.book == "" {
		return unusual("_rels/.rels")
	}
	if o.bookRels, err = o.links(o.book, ours.RelationsOf(o.book)); err != nil {
		return err
	}
	for _, l := range o.bookRels {
		switch l.kind {
		case "styles":
			o.styles = l.target
		case "vbaProject":
			return refuse("macros")
		}
	}
	if o.styles != "" && o.part(o.styles) == nil {
		return unusual(o.styles)
	}
	return o.tabs(names)
}

// tabs reads the workbook part.
func (o *original) tabs(names []string) error {
	content, err := o.bytes(o.book)
	if err != nil {
		return err
	}
	for k, depth := range walk(content) {
		if k.kind != open && k.kind != both {
			continue
		}
		switch name := k.local(); {
		case depth == 1:
			o.strict = bytes.Contains(k.raw, []byte("purl.oclc.org/ooxml"))
		case depth == 2 && name == "workbookPr":
			v, _ := value(k.raw, "date1904")
			o.from1904 = truth(v)
		case depth == 2 && name == "workbookProtection":
			if v, _ := value(k.raw, "lockStructure"); truth(v) {
				return refuse("structure")
			}
		case depth == 3 && name == "sheet":
			o.tab(k.raw)
		}
	}
	for _, name := range names {
		at := slices.IndexFunc(o.sheets, func(t tab) bool { return t.name == name })
		if at < 0 || o.part(o.sheets[at].part) == nil {
			return unusual(o.book)
		}
		t := &o.sheets[at]
		if o.part(ours.RelationsOf(t.part)) != nil {
			if t.rels, err = o.links(t.part, ours.RelationsOf(t.part)); err != nil {
				return err
			}
		}
		o.read = append(o.read, t)
	}
	return nil
}

// isRead reports whether rows were read from the sheet of this part.
func (o *original) isRead(part string) bool {
	return slices.ContainsFunc(o.read, func(t *tab) bool { return t.part == part })
}

func (o *original) tab(raw []byte) {
	name, _ := value(raw, "name")
	name = html.UnescapeString(name)
	o.names = append(o.names, name)
	if v, _ := value(raw, "sheetId"); v != "" {
		if n, err := strconv.Atoi(v); err == nil {
			o.sheetID = max(o.sheetID, n)
		}
	}
	t := tab{name: name}
	for a := range attrs(raw) {
		if !bytes.HasSuffix(a.name, []byte(":id")) {
			continue
		}
		for _, l := range o.bookRels {
			if l.id == string(a.value) && l.kind == "worksheet" {
				t.part = l.target
			}
		}
	}
	o.sheets = append(o.sheets, t)
}

// permitted refuses workbooks whose type a result must not have.
func (o *original) permitted() error {
	content, err := o.bytes("[Content_Types].xml")
	if err != nil {
		return err
	}
	found := ""
	t := cut(bytes.NewReader(content))
	for k, err := range t.all() {
		if err != nil {
			return unusual("[Content_Types].xml")
		}
		kind, _ := value(k.raw, "ContentType")
		name, _ := value(k.raw, "PartName")
		extension, _ := value(k.raw, "Extension")
		switch {
		case k.kind != open && k.kind != both:
		case k.local() == "Override" && strings.EqualFold(strings.TrimLeft(html.UnescapeString(name), "/"), o.book):
			found = kind
		case k.local() == "Default" && found == "" && strings.EqualFold("."+extension, path.Ext(o.book)) && strings.Contains(kind, "main+xml"):
			found = kind
		}
	}
	switch {
	case found == ours.TypeBook:
		return nil
	case strings.Contains(found, "macroEnabled"), strings.Contains(found, "template"):
		return refuse("macros")
	}
	return unusual("[Content_Types].xml")
}

func (o *original) part(name string) *zip.File {
	return o.parts[strings.ToLower(strings.TrimLeft(name, "/"))]
}

// mostBytes bounds the parts that are changed in memory; the sheet and its notes are not among them.
const mostBytes = 48 << 20

// bytes reads a small part.
func (o *original) bytes(name string) ([]byte, error) {
	r, err := o.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil || len(content) > mostBytes || !utf8Part(content) {
		return nil, unusual(name)
	}
	return content, nil
}

func (o *original) open(name string) (io.ReadCloser, error) {
	f := o.part(name)
	if f == nil {
		return nil, unusual(name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, unusual(name)
	}
	return r, nil
}

// utf8Part looks at the beginning of a part: only UTF-8 is changed.
func utf8Part(b []byte) bool {
	b = bytes.TrimPrefix(b[:min(len(b), 512)], []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(b[:min(len(b), 4)], 0) >= 0 || bytes.HasPrefix(b, []byte{0xfe, 0xff}) || bytes.HasPrefix(b, []byte{0xff, 0xfe}) {
		return false
	}
	declaration, _, found := bytes.Cut(b, []byte("?>"))
	if !found || !bytes.HasPrefix(declaration, []byte("<?xml")) {
		return true
	}
	_, encoding, found := bytes.Cut(bytes.ToLower(declaration), []byte("encoding"))
	return !found || bytes.Contains(encoding, []byte("utf-8")) || bytes.Contains(encoding, []byte("us-ascii"))
}

// links reads the relations of a part.
func (o *original) links(from, name string) ([]link, error) {
	content, err := o.bytes(name)
	if err != nil {
		return nil, err
	}
	var found []link
	t := cut(bytes.NewReader(content))
	for k, err := range t.all() {
		if err != nil {
			return nil, unusual(name)
		}
		if k.kind != open && k.kind != both || k.local() != "Relationship" {
			continue
		}
		id, _ := value(k.raw, "Id")
		kind, _ := value(k.raw, "Type")
		target, _ := value(k.raw, "Target")
		l := link{id: html.UnescapeString(id), kind: path.Base(kind)}
		if mode, _ := value(k.raw, "TargetMode"); mode != "External" {
			l.target = resolve(from, html.UnescapeString(target))
		}
		found = append(found, l)
	}
	return found, nil
}

func resolve(from, target string) string {
	if strings.HasPrefix(target, "/") {
		return strings.TrimLeft(path.Clean(target), "/")
	}
	return strings.TrimLeft(path.Clean("/"+path.Join(path.Dir(from), target)), "/")
}

// toward is the target by which a part in the folder of from finds another.
func toward(from, to string) string {
	dir := path.Dir(from)
	up := ""
	for dir != "." && !strings.HasPrefix(to, dir+"/") {
		up += "../"
		dir = path.Dir(dir)
	}
	if dir == "." {
		return up + to
	}
	return up + strings.TrimPrefix(to, dir+"/")
}

// beside gives a part name that is still free, in a folder below the workbook's. It is one as Excel gives them, with a number at
// its end, or without where there is but one: some programs go by the names of parts, and not by what refers to them.
func (o *original) beside(name, extension string, only bool) string {
	stem := path.Join(path.Dir(o.book), name)
	for n := 1; ; n++ {
		candidate := stem + strconv.Itoa(n) + extension
		if only && n == 1 {
			candidate = stem + extension
		}
		if o.part(candidate) == nil && !o.given[candidate] {
			o.given[candidate] = true
			return candidate
		}
	}
}

// tabName gives a sheet name that is still free.
func (o *original) tabName(want string) string {
	for n := 1; ; n++ {
		name := want
		if n > 1 {
			name += " (" + strconv.Itoa(n) + ")"
		}
		if !slices.ContainsFunc(o.names, func(s string) bool { return strings.EqualFold(s, name) }) {
			o.names = append(o.names, name)
			return name
		}
	}
}

// relation gives the type of a relation as this workbook writes them.
func (o *original) relation(kind string) string {
	if o.strict && kind == "custom-properties" {
		kind = "customProperties"
	}
	return o.relations() + "/" + kind
}

// relations is the namespace of what ties elements of a sheet to other parts.
func (o *original) relations() string {
	if o.strict {
		return "http://purl.oclc.org/ooxml/officeDocument/relationships"
	}
	return ours.RelationSpace
}

func truth(v string) bool { return v == "1" || v == "true" || v == "on" }

// survey is what is known of the sheet before it is changed.
type survey struct {
	prefix   string // of the sheet's elements
	space    string // their namespace
	relation string // prefix bound to the namespace of relations, with colon; "" when none is
	binds    bool   // we bind the prefix r in the root: some programs lose one that is bound further in
	right    int    // the last column in use, from 0
	cols     []col
	hasCols  bool
	ignores  bool   // it has ignoredErrors
	filtered bool   // it has a filter, or tables, which have theirs
	legacy   string // the relation of its legacyDrawing
	format   int    // the highest number of a format that a cell has
	earlier  *remains
}

type col struct {
	min, max int // from 1
	raw      []byte
	style    int
}

// look reads a sheet once. heading is the row from which on our columns must not meet anything but those of an earlier
// result, which will have the headings.
func (o *original) look(sheet *tab, heading int, e *remains, headings []string) (*survey, error) {
	r, err := o.open(sheet.part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &survey{right: -1, earlier: e}
	if err := s.read(cut(r), heading, sheet.name); err != nil {
		if why := (*Refused)(nil); errors.As(err, &why) {
			return nil, err
		}
		return nil, unusual(sheet.part)
	}
	for _, l := range sheet.rels {
		if l.kind != "table" {
			continue
		}
		s.filtered = true
		content, err := o.bytes(l.target)
		if err != nil {
			return nil, err
		}
		if !e.fitsTable(content, headings) {
			return nil, unusual(l.target)
		}
		s.table(content)
	}
	return s, nil
}

func (s *survey) table(content []byte) {
	t := cut(bytes.NewReader(content))
	for k, err := t.next(); err == nil; k, err = t.next() {
		if k.kind == open && k.local() == "table" {
			s.area(k.raw, 0)
			return
		}
	}
}

// area widens what is in use by the ref of a tag, if it reaches below the row.
func (s *survey) area(raw []byte, heading int) {
	ref, _ := value(raw, "ref")
	_, last, found := strings.Cut(ref, ":")
	if !found {
		last = ref
	}
	if column, row, ok := ours.Reference(strings.ReplaceAll(last, "$", "")); ok && row >= heading {
		for s.earlier.columns[column] {
			column--
		}
		s.right = max(s.right, column)
	}
}

var errShape = errors.New("not the shape of a sheet")

// surveyor reads a sheet, and knows where in it.
type surveyor struct {
	*survey
	sheet     string // what people call it
	heading   int
	row, cell string // what the elements are called
	depth     int    // of what is open
	line      int    // of the last row
	column    int    // of the last cell, from 0
	inData    bool   // the rows are open
	inCell    bool   // a cell is open
	filled    bool   // it holds something
}

func (s *survey) read(t *tokens, heading int, sheet string) error {
	p := surveyor{survey: s, sheet: sheet, heading: heading, column: -1}
	for k, err := range t.all() {
		switch {
		case err != nil:
			return err
		case p.row == "" && k.kind != open:
			if !utf8Part(k.raw) {
				return errShape
			}
		case k.kind == shut:
			p.shut()
		case k.kind == open, k.kind == both:
			if err := p.tag(k); err != nil {
				return err
			}
		}
	}
	if p.depth != 0 || p.row == "" {
		return errShape
	}
	return nil
}

// tag looks at an element that begins.
func (p *surveyor) tag(k token) (err error) {
	if p.row == "" {
		p.root(k)
		p.row, p.cell = p.prefix+"row", p.prefix+"c"
	}
	switch {
	case p.inData && p.depth == 2:
		err = p.begin(k)
	case p.inData && p.depth == 3 && string(k.name) == p.cell:
		err = p.enter(k)
	case p.inData && p.depth == 4 && p.inCell:
		p.filled = true
	case p.depth == 1:
		err = p.child(k, p.sheet, p.heading)
		p.inData = k.kind == open && string(k.name) == p.prefix+"sheetData"
	case p.depth == 2 && k.local() == "col":
		p.col(k.raw)
	case p.depth == 2 && k.local() == "mergeCell":
		p.area(k.raw, p.heading)
	}
	if k.kind == open {
		p.depth++
	}
	return err
}

// begin looks at a row: each stands below the one before it.
func (p *surveyor) begin(k token) error {
	n, ok := number(k.raw, "r", p.line+1)
	if !ok || n <= p.line || string(k.name) != p.row {
		return errShape
	}
	p.line, p.column = n, -1
	return nil
}

// enter looks at a cell: each stands right of the one before it.
func (p *surveyor) enter(k token) error {
	c, at, ok := place(k.raw, p.column+1, p.line)
	if !ok || at != p.line || c <= p.column {
		return errShape
	}
	format, ok := number(k.raw, "s", 0)
	if !ok {
		return errShape
	}
	p.format = max(p.format, format)
	p.column, p.filled, p.inCell = c, false, k.kind == open
	return nil
}

// shut looks at the end of an element: a cell that holds something is in use.
func (p *surveyor) shut() {
	p.depth--
	if p.inCell && p.depth == 3 {
		p.inCell = false
		if p.filled && p.line >= p.heading && !p.earlier.columns[p.column] {
			p.right = max(p.right, p.column)
		}
	}
	if p.depth == 1 {
		p.inData = false
	}
}

// root takes the namespaces.
func (s *survey) root(k token) {
	s.prefix = prefixOf(k.name)
	own := "xmlns"
	if s.prefix != "" {
		own += ":" + strings.TrimSuffix(s.prefix, ":")
	}
	s.binds = true
	for a := range attrs(k.raw) {
		name, v := string(a.name), string(a.value)
		switch {
		case name == own:
			s.space = v
		case name == "xmlns:r" && !strings.HasSuffix(v, "/officeDocument/relationships"):
			s.binds = false
		case strings.HasPrefix(name, "xmlns:") && strings.HasSuffix(v, "/officeDocument/relationships"):
			s.relation, s.binds = strings.TrimPrefix(name, "xmlns:")+":", false
		}
	}
}

// child takes what is known from an element below the root.
func (s *survey) child(k token, name string, heading int) error {
	switch k.local() {
	case "cols":
		s.hasCols = true
	case "sheetProtection":
		if v, _ := value(k.raw, "sheet"); truth(v) {
			return refuse("protected", "sheet", name)
		}
	case "autoFilter":
		s.filtered = true
		s.area(k.raw, heading)
	case "ignoredErrors":
		s.ignores = true
	case "legacyDrawing":
		for a := range attrs(k.raw) {
			if bytes.HasSuffix(a.name, []byte(":id")) {
				s.legacy = string(a.value)
			}
		}
	}
	return nil
}

func (s *survey) col(raw []byte) {
	from, ok1 := number(raw, "min", 0)
	to, ok2 := number(raw, "max", 0)
	style, _ := number(raw, "style", 0)
	if ok1 && ok2 && len(s.cols) < ours.MaxColumn {
		s.cols = append(s.cols, col{from, to, bytes.Clone(raw), style})
	}
}

// styleOf is the format of a column's empty cells; column from 0.
func (s *survey) styleOf(column int) int {
	for _, c := range s.cols {
		if c.min <= column+1 && column+1 <= c.max {
			return c.style
		}
	}
	return 0
}

// number reads a numeric attribute; fallback is its value where it is missing.
func number(raw []byte, name string, fallback int) (int, bool) {
	v, found := value(raw, name)
	if !found {
		return fallback, true
	}
	n, err := strconv.Atoi(v)
	return n, err == nil && n >= 0
}

// place is where a cell is; next and row where it does not say.
func place(raw []byte, next, row int) (column, at int, ok bool) {
	v, found := value(raw, "r")
	if !found {
		return next, row, true
	}
	return ours.Reference(v)
}
