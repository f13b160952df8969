package workbook_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/outbox"
)

// Excel offers to repair what LibreOffice and openpyxl pass over. strict finds what it is known to mind, by ECMA-376: order of
// elements, counts, numbers that point nowhere, names that stand twice, relations and types of parts.

// element is a part as a tree.
type element struct {
	name  string // without its prefix
	space string
	attrs map[string]string // those without a namespace by name, others by "namespace name"
	kids  []*element
	text  string
}

func (e *element) child(name string) *element {
	for _, k := range e.kids {
		if k.name == name {
			return k
		}
	}
	return &element{}
}

func (e *element) all(name string) (found []*element) {
	for _, k := range e.kids {
		if k.name == name {
			found = append(found, k)
		}
	}
	return found
}

// walk gives the element and all below it.
func (e *element) walk(each func(*element)) {
	each(e)
	for _, k := range e.kids {
		k.walk(each)
	}
}

func (e *element) number(name string, fallback int) int {
	v, there := e.attrs[name]
	if !there {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return -1
	}
	return n
}

// relationAttr is an attribute in the namespace of relations, whichever of the two it is.
func (e *element) relationAttr(name string) string {
	for k, v := range e.attrs {
		if strings.HasSuffix(k, "/relationships "+name) {
			return v
		}
	}
	return ""
}

// parse reads a part strictly: prefixes must be declared and attributes must not stand twice.
func parse(content []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(content))
	root := &element{}
	open := []*element{root}
	scopes := []map[string]string{{"xml": "xml", "": ""}}
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch k := tok.(type) {
		case xml.StartElement:
			scope := scopes[len(scopes)-1]
			if slices.ContainsFunc(k.Attr, func(a xml.Attr) bool { return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" }) {
				scope = maps.Clone(scope)
			}
			for _, a := range k.Attr {
				if a.Name.Space == "xmlns" {
					scope[a.Name.Local] = a.Value
				} else if a.Name.Space == "" && a.Name.Local == "xmlns" {
					scope[""] = a.Value
				}
			}
			space, known := scope[k.Name.Space]
			if !known {
				return nil, fmt.Errorf("the prefix of %s:%s is not declared", k.Name.Space, k.Name.Local)
			}
			e := &element{name: k.Name.Local, space: space, attrs: map[string]string{}}
			for _, a := range k.Attr {
				if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
					continue
				}
				name := a.Name.Local
				if a.Name.Space != "" {
					if scope[a.Name.Space] == "" {
						return nil, fmt.Errorf("the prefix of %s:%s is not declared", a.Name.Space, a.Name.Local)
					}
					name = scope[a.Name.Space] + " " + name
				}
				if _, twice := e.attrs[name]; twice {
					return nil, fmt.Errorf("%s has %s twice", e.name, name)
				}
				if e.attrs[name] = a.Value; a.Name.Local == "Ignorable" {
					for p := range strings.FieldsSeq(a.Value) {
						if scope[p] == "" {
							return nil, fmt.Errorf("the prefix %s may be ignored but is not declared", p)
						}
					}
				}
			}
			top.kids = append(top.kids, e)
			open, scopes = append(open, e), append(scopes, scope)
		case xml.EndElement:
			if len(open) == 1 || k.Name.Local != top.name {
				return nil, fmt.Errorf("</%s> ends %s", k.Name.Local, top.name)
			}
			open, scopes = open[:len(open)-1], scopes[:len(scopes)-1]
		case xml.CharData:
			top.text += string(k)
		}
	}
	if len(open) != 1 || len(root.kids) != 1 {
		return nil, fmt.Errorf("%d elements are open, %d roots", len(open)-1, len(root.kids))
	}
	return root.kids[0], nil
}

var orders = map[string][]string{
	"worksheet": {"sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState",
		"dataConsolidate", "customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter",
		"rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls",
		"webPublishItems", "tableParts", "extLst"},
	"styleSheet": {"numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors", "extLst"},
	"workbook": {"fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets", "functionGroups", "externalReferences", "definedNames", "calcPr", "oleSize",
		"customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing", "fileRecoveryPr", "webPublishObjects", "extLst"},
	"comments": {"authors", "commentList", "extLst"},
}

// counted are the lists whose attribute count must be true.
var counted = []string{"numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "mergeCells", "dataValidations", "tableParts", "cols", "tableColumns"}

// checked is a workbook being checked.
type checked struct {
	parts map[string][]byte // by lower-case name
	trees map[string]*element
	types map[string]string // by extension with its dot, and by "/part"
	found map[string]bool
}

func (c *checked) say(where, format string, args ...any) {
	c.found[where+": "+fmt.Sprintf(format, args...)] = true
}

// minded is what was found in a file already, by what is in it: a result is looked at when it is written and when it is dropped again.
var minded = map[[sha256.Size]byte]map[string]bool{}

// strict lists what Excel would mind.
func strict(t testing.TB, file string) map[string]bool {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if found, known := minded[sum]; known {
		return found
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	c := &checked{parts: map[string][]byte{}, trees: map[string]*element{}, types: map[string]string{}, found: map[string]bool{}}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(strings.TrimLeft(f.Name, "/"))
		if _, twice := c.parts[name]; twice {
			c.say(name, "stands twice")
		}
		c.parts[name] = content
		if e := path.Ext(name); e != ".xml" && e != ".rels" && e != ".vml" {
			continue
		}
		tree, err := parse(content)
		if err != nil {
			c.say(name, "%v", err)
			continue
		}
		c.trees[name] = tree
	}
	c.contentTypes()
	for name, tree := range c.trees {
		c.order(name, tree)
		if strings.HasSuffix(name, ".rels") {
			c.relations(name, tree)
		}
	}
	book := ""
	for kind, target := range c.targets("") {
		if strings.HasPrefix(kind, "officeDocument ") {
			book = target
		}
	}
	c.properties()
	if tree := c.trees[book]; tree != nil {
		c.workbook(book, tree)
	}
	minded[sum] = c.found
	return c.found
}

func (c *checked) contentTypes() {
	const name = "[content_types].xml"
	tree := c.trees[name]
	if tree == nil {
		c.say(name, "is not there")
		return
	}
	for _, k := range tree.kids {
		key := strings.ToLower(k.attrs["PartName"])
		if k.name == "Default" {
			key = "." + strings.ToLower(k.attrs["Extension"])
		} else if c.parts[strings.TrimPrefix(key, "/")] == nil {
			c.say(name, "%s is not there", key)
		}
		if c.types[key] != "" {
			c.say(name, "%s stands twice", key)
		}
		c.types[key] = k.attrs["ContentType"]
	}
	for part := range c.parts {
		if c.typeOf(part) == "" && part != name && !strings.HasSuffix(part, "/") {
			c.say(name, "%s has no type", part)
		}
	}
}

func (c *checked) typeOf(part string) string {
	if t := c.types["/"+part]; t != "" {
		return t
	}
	return c.types[path.Ext(part)]
}

func (c *checked) order(name string, tree *element) {
	last, before := -1, ""
	for _, k := range tree.kids {
		at := slices.Index(orders[tree.name], k.name)
		if at < 0 {
			continue
		}
		if at < last || at == last && k.name != "conditionalFormatting" {
			c.say(name, "%s stands behind %s", k.name, before)
		}
		last, before = at, k.name
	}
	tree.walk(func(e *element) {
		if slices.Contains(counted, e.name) && e.number("count", len(e.kids)) != len(e.kids) {
			c.say(name, "%s counts %s and has %d", e.name, e.attrs["count"], len(e.kids))
		}
	})
}

// relsOf is the part with the relations of a part.
func relsOf(part string) string {
	dir, file := path.Split(part)
	return dir + "_rels/" + file + ".rels"
}

// targets are the parts that a part refers to, by "kind id".
func (c *checked) targets(part string) map[string]string {
	found := map[string]string{}
	tree := c.trees[relsOf(part)]
	if tree == nil {
		return found
	}
	for _, k := range tree.kids {
		target := k.attrs["Target"]
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", path.Dir(part), target)
		}
		found[path.Base(k.attrs["Type"])+" "+k.attrs["Id"]] = strings.ToLower(strings.TrimPrefix(path.Clean(target), "/"))
	}
	return found
}

func (c *checked) relations(name string, tree *element) {
	dir, file := path.Split(name)
	owner := strings.TrimPrefix(path.Join("/", path.Dir(path.Clean(dir)), strings.TrimSuffix(file, ".rels")), "/")
	ids := map[string]bool{}
	for _, k := range tree.kids {
		if ids[k.attrs["Id"]] || k.attrs["Id"] == "" {
			c.say(name, "the id %q stands twice", k.attrs["Id"])
		}
		ids[k.attrs["Id"]] = true
		if k.attrs["TargetMode"] == "External" {
			continue
		}
		if target := c.targets(owner)[path.Base(k.attrs["Type"])+" "+k.attrs["Id"]]; c.parts[target] == nil {
			c.say(name, "%s is not there", target)
		}
	}
}

func (c *checked) properties() {
	for name, tree := range c.trees {
		if tree.name != "Properties" || !strings.Contains(tree.space, "custom") {
			continue
		}
		ids, names := map[string]bool{}, map[string]bool{}
		for _, k := range tree.kids {
			id, low := k.attrs["pid"], strings.ToLower(k.attrs["name"])
			if ids[id] || names[low] || k.number("pid", 0) < 2 {
				c.say(name, "pid %s of %s", id, k.attrs["name"])
			}
			ids[id], names[low] = true, true
		}
	}
}

func (c *checked) workbook(part string, tree *element) {
	targets := c.targets(part)
	formats := 0
	texts := []string{}
	for kind, target := range targets {
		switch {
		case strings.HasPrefix(kind, "styles ") && c.trees[target] != nil:
			formats = c.styles(target, c.trees[target])
		case strings.HasPrefix(kind, "sharedStrings ") && c.trees[target] != nil:
			for _, si := range c.trees[target].all("si") {
				texts = append(texts, textOf(si))
			}
		}
	}
	names, ids := map[string]bool{}, map[string]bool{}
	list := tree.child("sheets").kids
	for _, s := range list {
		name := strings.ToLower(s.attrs["name"])
		if names[name] || name == "" || len(utf16.Encode([]rune(name))) > 31 || strings.ContainsAny(name, `[]:*?/\`) || strings.HasPrefix(name, "'") {
			c.say(part, "the sheet's name %q", name)
		}
		if ids[s.attrs["sheetId"]] || s.number("sheetId", 0) < 1 {
			c.say(part, "sheetId %s", s.attrs["sheetId"])
		}
		names[name], ids[s.attrs["sheetId"]] = true, true
		target := targets["worksheet "+s.relationAttr("id")]
		if target == "" && targets["chartsheet "+s.relationAttr("id")] == "" {
			c.say(part, "the sheet %s is nowhere", name)
		}
		if sheet := c.trees[target]; sheet != nil {
			if !strings.HasSuffix(c.typeOf(target), ".worksheet+xml") {
				c.say(target, "is of type %s", c.typeOf(target))
			}
			c.sheet(target, sheet, formats, texts)
		}
	}
	for _, d := range tree.child("definedNames").kids {
		if n := d.number("localSheetId", 0); n < 0 || n >= len(list) {
			c.say(part, "%s belongs to sheet %d", d.attrs["name"], n)
		}
	}
	for _, v := range tree.child("bookViews").kids {
		if n := v.number("activeTab", 0); n >= len(list) {
			c.say(part, "the active tab is %d", n)
		}
	}
	for _, chain := range c.trees {
		if chain.name == "calcChain" {
			c.chain(chain, list, targets)
		}
	}
}

// chain holds the list of formulas against the sheets: each must have one.
func (c *checked) chain(chain *element, list []*element, targets map[string]string) {
	formulas := map[string]map[string]bool{}
	for _, s := range list {
		cells := map[string]bool{}
		if sheet := c.trees[targets["worksheet "+s.relationAttr("id")]]; sheet != nil {
			for _, row := range sheet.child("sheetData").kids {
				for _, cell := range row.kids {
					if len(cell.all("f")) > 0 {
						cells[cell.attrs["r"]] = true
					}
				}
			}
		}
		formulas[s.attrs["sheetId"]] = cells
	}
	sheet := ""
	for _, k := range chain.kids {
		if i := k.attrs["i"]; i != "" {
			sheet = i
		}
		if !formulas[sheet][k.attrs["r"]] {
			c.say("calcChain", "%s of sheet %s has no formula", k.attrs["r"], sheet)
		}
	}
}

// styles gives how many formats there are.
func (c *checked) styles(part string, tree *element) int {
	numbers := map[int]bool{}
	for _, n := range tree.child("numFmts").kids {
		id := n.number("numFmtId", -1)
		if numbers[id] {
			c.say(part, "number format %d stands twice", id)
		}
		numbers[id] = true
	}
	have := map[string]int{}
	for _, list := range []string{"fonts", "fills", "borders", "cellStyleXfs", "cellXfs"} {
		have[list] = len(tree.child(list).kids)
	}
	if have["cellXfs"] > 65_430 {
		c.say(part, "%d formats", have["cellXfs"])
	}
	for _, list := range []string{"cellStyleXfs", "cellXfs"} {
		for i, xf := range tree.child(list).kids {
			for attr, in := range map[string]string{"fontId": "fonts", "fillId": "fills", "borderId": "borders"} {
				if n := xf.number(attr, 0); n < 0 || n >= have[in] {
					c.say(part, "%s %d has %s %d of %d", list, i, attr, n, have[in])
				}
			}
			if n := xf.number("xfId", 0); list == "cellXfs" && have["cellStyleXfs"] > 0 && (n < 0 || n >= have["cellStyleXfs"]) {
				c.say(part, "format %d has parent %d of %d", i, n, have["cellStyleXfs"])
			}
			if n := xf.number("numFmtId", 0); n >= 164 && !numbers[n] {
				c.say(part, "%s %d has number format %d", list, i, n)
			}
			var below []string
			for _, k := range xf.kids {
				below = append(below, k.name)
			}
			if !slices.IsSorted(below) { // alignment, extLst, protection: the last one is a stranger here
				c.say(part, "%s %d has %v", list, i, below)
			}
		}
	}
	return have["cellXfs"]
}

func textOf(e *element) string {
	var b strings.Builder
	for _, k := range e.kids {
		switch k.name {
		case "t":
			b.WriteString(k.text)
		case "r":
			b.WriteString(k.child("t").text)
		}
	}
	return b.String()
}

func (c *checked) sheet(part string, tree *element, formats int, texts []string) {
	right := 0
	for _, k := range tree.child("cols").kids {
		from, to := k.number("min", 0), k.number("max", 0)
		if from <= right || to < from || to > 16384 {
			c.say(part, "columns %d to %d", from, to)
		}
		if k.number("style", 0) >= max(1, formats) {
			c.say(part, "columns %d to %d have format %s", from, to, k.attrs["style"])
		}
		right = to
	}
	shown := map[string]string{}
	last := 0
	for _, row := range tree.child("sheetData").kids {
		number := row.number("r", last+1)
		if number <= last {
			c.say(part, "row %d stands behind %d", number, last)
		}
		last = number
		column := 0
		for _, cell := range row.kids {
			at, line := column+1, number
			if ref := cell.attrs["r"]; ref != "" {
				var err error
				if at, line, err = excelize.CellNameToCoordinates(ref); err != nil {
					c.say(part, "the cell %s", ref)
					continue
				}
			}
			if at <= column || line != number {
				c.say(part, "the cell %s in row %d", cell.attrs["r"], number)
			}
			column = at
			if n := cell.number("s", 0); n < 0 || n >= max(1, formats) {
				c.say(part, "%s has format %d of %d", cell.attrs["r"], n, formats)
			}
			name, _ := excelize.CoordinatesToCellName(at, number)
			switch v := cell.child("v").text; cell.attrs["t"] {
			case "s":
				n, err := strconv.Atoi(strings.TrimSpace(v))
				if err != nil || n >= len(texts) {
					c.say(part, "%s has text %s of %d", name, v, len(texts))
					continue
				}
				shown[name] = texts[n]
			case "inlineStr":
				shown[name] = textOf(cell.child("is"))
			default:
				shown[name] = v
			}
			if text := shown[name]; len(utf16.Encode([]rune(text))) > 32767 {
				c.say(part, "%s has a text of %d letters", name, len(text))
			}
		}
	}
	targets := c.targets(part)
	if n := len(tree.all("legacyDrawing")); n > 0 && targets["vmlDrawing "+tree.child("legacyDrawing").relationAttr("id")] == "" {
		c.say(part, "the boxes of its notes are nowhere")
	}
	comments := ""
	for kind, target := range targets {
		switch {
		case strings.HasPrefix(kind, "comments "):
			if comments != "" {
				c.say(part, "has two parts of notes")
			}
			comments = target
		case strings.HasPrefix(kind, "table ") && c.trees[target] != nil:
			c.table(target, c.trees[target], shown)
		}
	}
	if comments != "" && c.trees[comments] != nil {
		c.notes(comments, c.trees[comments], c.trees[targets["vmlDrawing "+tree.child("legacyDrawing").relationAttr("id")]])
	}
}

// table holds a table's headings against the cells.
func (c *checked) table(part string, tree *element, shown map[string]string) {
	if tree.number("headerRowCount", 1) == 0 {
		return
	}
	first, _, _ := strings.Cut(tree.attrs["ref"], ":")
	column, row, err := excelize.CellNameToCoordinates(first)
	if err != nil {
		c.say(part, "lies at %s", tree.attrs["ref"])
		return
	}
	for i, k := range tree.child("tableColumns").kids {
		cell, _ := excelize.CoordinatesToCellName(column+i, row)
		want := strings.NewReplacer("_x000a_", "\n", "_x000A_", "\n", "_x000d_", "\r").Replace(k.attrs["name"])
		plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if plain(shown[cell]) != plain(want) {
			c.say(part, "column %q is headed %q", k.attrs["name"], shown[cell])
		}
	}
}

func (c *checked) notes(part string, tree, boxes *element) {
	authors := len(tree.child("authors").kids)
	refs := map[string]bool{}
	for _, n := range tree.child("commentList").kids {
		ref := n.attrs["ref"]
		if refs[ref] {
			c.say(part, "two notes at %s", ref)
		}
		refs[ref] = true
		if a := n.number("authorId", -1); a < 0 || a >= authors {
			c.say(part, "author %d of %d", a, authors)
		}
		if text := textOf(n.child("text")); len(utf16.Encode([]rune(text))) > 32767 {
			c.say(part, "a note of %d letters", len(text))
		}
	}
	if boxes == nil {
		c.say(part, "has no boxes")
		return
	}
	ids, types, at := map[string]bool{}, map[string]bool{}, map[string]bool{}
	blocks := map[string]bool{}
	boxes.walk(func(e *element) {
		switch e.name {
		case "idmap":
			for b := range strings.SplitSeq(e.attrs["data"], ",") {
				blocks[b] = true
			}
		case "shapetype":
			if types[e.attrs["id"]] {
				c.say(part, "the box type %s stands twice", e.attrs["id"])
			}
			types[e.attrs["id"]] = true
		}
	})
	boxes.walk(func(e *element) {
		if e.name != "shape" {
			return
		}
		id := e.attrs["id"]
		if ids[id] && id != "" {
			c.say(part, "the box %s stands twice", id)
		}
		ids[id] = true
		if kind := strings.TrimPrefix(e.attrs["type"], "#"); kind != "" && !types[kind] {
			c.say(part, "the box %s is of type %s", id, kind)
		}
		data := e.child("ClientData")
		if data.attrs["ObjectType"] != "Note" {
			return
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(id, "_x0000_s")); err == nil && len(blocks) > 0 && !blocks[strconv.Itoa(n/1024)] {
			c.say(part, "the box %s is in no block of %v", id, slices.Sorted(maps.Keys(blocks)))
		}
		row, _ := strconv.Atoi(strings.TrimSpace(data.child("Row").text))
		column, _ := strconv.Atoi(strings.TrimSpace(data.child("Column").text))
		ref, err := excelize.CoordinatesToCellName(column+1, row+1)
		if err != nil || at[ref] {
			c.say(part, "two boxes at %s", ref)
		}
		at[ref] = true
		if !refs[ref] {
			c.say(part, "a box at %s, where no note is", ref)
		}
	})
	for ref := range refs {
		if !at[ref] {
			c.say(part, "no box at %s", ref)
		}
	}
}

// repairs checks that Excel finds nothing in a result that it would not find in the sender's file.
func repairs(t testing.TB, source outbox.Source, result string) {
	t.Helper()
	var before map[string]bool
	if source.Open != nil {
		o, err := source.Open()
		if err != nil {
			t.Fatal(err)
		}
		if path := o.(interface{ Name() string }).Name(); strings.HasSuffix(path, ".xlsx") {
			before = strict(t, path)
		}
		o.Close()
	}
	n := 0
	for _, what := range slices.Sorted(maps.Keys(strict(t, result))) {
		if !before[what] {
			if n++; n <= 10 {
				t.Errorf("Excel would mind: %s", what)
			}
		}
	}
}
