package patch

import (
	"bytes"
	"fmt"
	"html"
	"path"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/outbox/workbook/ours"
	"github.com/rowferry/rowferry/resultmark"
)

// addition is a part of ours.
type addition struct {
	name    string
	kind    string // content type
	content []byte // nil: it is a spool
}

// extension is how the zip differs from the sender's.
type extension struct {
	*book
	space   string                 // of the sheets' elements
	changed map[string][]byte      // by part: what replaces the sender's
	spools  map[string]*ours.Spool // by part: what is written as it lies on disk
	dropped map[string]bool        // parts of the sender that are left out
	added   []addition             // new parts, in the order in which they are written

	bookPrefix, linkPrefix string   // of the elements of the workbook part and of its relations
	tabs, links            []byte   // what these two get
	titles                 []string // of the new sheets
}

// extend makes the small parts that tie ours to the sender's. The sheets of an earlier result get new content and stay where
// they are; what they referred to is dropped.
func (b *book) extend() (*extension, error) {
	x := &extension{book: b, space: b.sheets[0].s.space, changed: map[string][]byte{}, spools: map[string]*ours.Spool{}, dropped: map[string]bool{}}
	for _, p := range b.sheets {
		x.spools[p.sheet.Name] = p.sheet
	}
	for _, step := range []func() error{x.prefixes, x.page, x.markSheet, x.formats, x.list, x.properties, x.sheetLinks, x.types} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if b.unchained {
		x.unchain()
	}
	part := b.o.part(b.o.book).Name
	x.changed[part] = b.found.hide(x.changed[part])
	if len(x.titles) > 0 {
		b.o.titles(x.changed, x.titles)
	}
	return x, nil
}

func (x *extension) prefixes() (err error) {
	if x.bookPrefix, err = x.o.rootPrefix(x.o.book); err != nil {
		return err
	}
	x.linkPrefix, err = x.o.rootPrefix(ours.RelationsOf(x.o.book))
	return err
}

// add notes a new part; one without content is a spool.
func (x *extension) add(name, kind string, content []byte) {
	x.added = append(x.added, addition{name, kind, content})
}

// tab gives a new sheet its place in the workbook. state is an attribute, or nothing.
func (x *extension) tab(part, title, state string) {
	id := x.o.freeID("rIdRowferry" + strconv.Itoa(len(x.titles)+1))
	x.titles = append(x.titles, title)
	x.o.sheetID++
	x.tabs = fmt.Appendf(x.tabs, `<%ssheet xmlns:r="%s" name="%s" sheetId="%d"%s r:id="%s"/>`, x.bookPrefix,
		strings.TrimSuffix(x.o.relation(""), "/"), ours.AppendAttr(nil, title), x.o.sheetID, state, id)
	x.link(id, "worksheet", part)
}

// link ties a part to the workbook.
func (x *extension) link(id, kind, part string) {
	x.links = ours.Relation{ID: id, Kind: x.o.relation(kind), Target: toward(x.o.book, part)}.Append(x.links, x.linkPrefix)
}

// again is the part of an earlier result that gets new content; what it referred to goes.
func (x *extension) again(part string) string {
	if rels := x.o.part(ours.RelationsOf(part)); rels != nil {
		x.dropped[rels.Name] = true
	}
	return x.o.part(part).Name
}

// page is the summary.
func (x *extension) page() error {
	content := ours.SummarySheet(x.report, &x.tally, x.styles.Base.Plain(), x.space, x.about())
	if x.found.summary != "" {
		x.changed[x.again(x.found.summary)] = content
		return nil
	}
	name := x.o.beside("worksheets/sheet", ".xml", false)
	x.add(name, ours.TypeSheet, content)
	x.tab(name, x.summary, "")
	return nil
}

// markSheet is the hidden one. Of an earlier result, which may have several, the first is used again and the others are emptied.
func (x *extension) markSheet() error {
	first := x.sheets[0]
	m := ours.Marks{Report: x.report, Space: x.space, Where: [ours.WhereColumns]string{first.tab.name, strconv.Itoa(first.heading), ours.Letters(first.at), x.summary}}
	if len(x.sheets) > 1 {
		m.Where = [ours.WhereColumns]string{3: x.summary}
	}
	content := m.Sheet(x.styles.pairs)
	for i, part := range x.found.marks {
		if name := x.again(part); i == 0 {
			x.changed[name] = content
		} else {
			x.changed[name] = fmt.Appendf(nil, ours.XMLHead+`<worksheet xmlns="%s"><sheetData/></worksheet>`, x.space)
		}
	}
	if len(x.found.marks) == 0 {
		name := x.o.beside("worksheets/sheet", ".xml", false)
		x.add(name, ours.TypeSheet, content)
		x.tab(name, x.o.tabName(resultmark.Sheet), ` state="veryHidden"`)
	}
	return nil
}

func (x *extension) formats() error {
	isNew := x.styles.isNew(x.o)
	content, err := x.styles.write(isNew)
	if err != nil {
		return unusual(x.styles.part)
	}
	if !isNew {
		x.changed[x.o.part(x.styles.part).Name] = content
		return nil
	}
	x.add(x.styles.part, ours.TypeStyles, content)
	x.link(x.o.freeID("rIdRowferryStyles"), "styles", x.styles.part)
	return nil
}

// list writes the tabs and links of the steps before.
func (x *extension) list() error {
	if err := x.o.replace(x.changed, x.o.book, map[string]string{"sheets": string(x.tabs)}); err != nil {
		return err
	}
	return x.o.replace(x.changed, ours.RelationsOf(x.o.book), map[string]string{"": string(x.links)})
}

// unchain takes the list of cells with formulas out; programs make a new one when they open the file.
func (x *extension) unchain() {
	for _, l := range x.o.bookRels {
		part := x.o.part(l.target)
		if l.kind != "calcChain" || part == nil {
			continue
		}
		x.dropped[part.Name] = true
		rels, types := x.o.part(ours.RelationsOf(x.o.book)).Name, x.o.part("[Content_Types].xml").Name
		x.changed[rels] = without(x.changed[rels], "Id", func(v string) bool { return v == l.id })
		x.changed[types] = without(x.changed[types], "PartName", func(v string) bool { return x.o.part(v) == part })
	}
}

// without is a part without those of the root's empty children whose attribute fits.
func without(content []byte, attribute string, fits func(value string) bool) []byte {
	var kept []byte
	for k, depth := range walk(content) {
		if v, has := value(k.raw, attribute); has && depth == 2 && k.kind == both && fits(html.UnescapeString(v)) {
			continue
		}
		kept = append(kept, k.raw...)
	}
	return kept
}

// rootPrefix is the prefix of a part's elements.
func (o *original) rootPrefix(name string) (string, error) {
	content, err := o.bytes(name)
	if err != nil {
		return "", err
	}
	for k, depth := range walk(content) {
		if depth == 1 && k.name != nil {
			return prefixOf(k.name), nil
		}
	}
	return "", unusual(name)
}

// replace makes a changed part.
func (o *original) replace(changed map[string][]byte, name string, additions map[string]string) error {
	content, err := o.bytes(name)
	if err != nil {
		return err
	}
	if content, err = splice(content, additions, nil); err != nil {
		return unusual(name)
	}
	changed[o.part(name).Name] = content
	return nil
}

// freeID gives an id that no relation of the workbook has.
func (o *original) freeID(id string) string {
	for {
		taken := false
		for _, l := range o.bookRels {
			taken = taken || l.id == id
		}
		if !taken {
			return id
		}
		id += "x"
	}
}

// properties adds the custom document properties; those of an earlier result go.
func (x *extension) properties() error {
	space, variant := ours.CustomSpace, ours.VariantSpace
	if x.o.strict {
		space, variant = "http://purl.oclc.org/ooxml/officeDocument/customProperties", "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes"
	}
	for _, l := range x.o.rootRels {
		if l.kind == "custom-properties" || l.kind == "customProperties" {
			return x.moreProperties(l.target, variant)
		}
	}
	return x.firstProperties(space, variant)
}

// firstProperties are those of a file that has none.
func (x *extension) firstProperties(space, variant string) error {
	part := "docProps/custom.xml"
	for n := 2; x.o.part(part) != nil; n++ {
		part = "docProps/custom" + strconv.Itoa(n) + ".xml"
	}
	content := []byte(ours.XMLHead + `<Properties xmlns="` + space + `">`)
	x.add(part, ours.TypeCustom, append(append(content, ours.Properties(x.report, 2, "", variant)...), "</Properties>"...))
	prefix, err := x.o.rootPrefix("_rels/.rels")
	if err != nil {
		return err
	}
	link := ours.Relation{ID: "rIdRowferry", Kind: x.o.relation("custom-properties"), Target: part}
	for n := 2; hasID(x.o.rootRels, link.ID); n++ {
		link.ID = "rIdRowferry" + strconv.Itoa(n)
	}
	return x.o.replace(x.changed, "_rels/.rels", map[string]string{"": string(link.Append(nil, prefix))})
}

// moreProperties puts ours beside those that the file has.
func (x *extension) moreProperties(part, variant string) error {
	content, err := x.o.bytes(part)
	if err != nil {
		return err
	}
	prefix, err := x.o.rootPrefix(part)
	if err != nil {
		return err
	}
	kept, highest := withoutOurs(content)
	content, err = splice(kept, map[string]string{"": string(ours.Properties(x.report, highest+1, prefix, variant))}, nil)
	if err != nil {
		return unusual(part)
	}
	x.changed[x.o.part(part).Name] = content
	return nil
}

// withoutOurs takes the properties of an earlier result out, and gives the highest number of those that are left, at least 1.
func withoutOurs(content []byte) (kept []byte, highest int) {
	highest, inside := 1, false
	for k, depth := range walk(content) {
		if depth == 2 && k.local() == "property" && k.kind != shut {
			name, _ := value(k.raw, "name")
			if name == resultmark.PropertyFile || name == resultmark.PropertyRevision {
				inside = k.kind == open
				continue
			}
			if id, ok := number(k.raw, "pid", 0); ok {
				highest = max(highest, id)
			}
		}
		if inside {
			inside = depth != 2 || k.kind != shut
			continue
		}
		kept = append(kept, k.raw...)
	}
	return kept, highest
}

func hasID(links []link, id string) bool {
	for _, l := range links {
		if l.id == id {
			return true
		}
	}
	return false
}

// sheetLinks ties the notes to their sheets.
func (x *extension) sheetLinks() error {
	for _, p := range x.sheets {
		if p.notes == nil {
			continue
		}
		if err := x.notesOf(p); err != nil {
			return err
		}
	}
	return nil
}

func (x *extension) notesOf(p *patch) error {
	x.spools[p.notes.Comments.Name], x.spools[p.notes.Shapes.Name] = p.notes.Comments, p.notes.Shapes
	rels := ours.RelationsOf(p.tab.part)
	prefix, err := "", error(nil)
	if x.o.part(rels) != nil {
		if prefix, err = x.o.rootPrefix(rels); err != nil {
			return err
		}
	}
	var links []byte
	add := func(id, kind string, s *ours.Spool, contentType string) {
		links = ours.Relation{ID: id, Kind: x.o.relation(kind), Target: toward(p.tab.part, s.Name)}.Append(links, prefix)
		x.add(s.Name, contentType, nil)
	}
	if p.old.comments == "" {
		add(commentsID, "comments", p.notes.Comments, ours.TypeComments)
	}
	if p.old.shapes == "" {
		add(shapesID, "vmlDrawing", p.notes.Shapes, ours.TypeVML)
	}
	switch {
	case len(links) == 0:
		return nil
	case x.o.part(rels) != nil:
		return x.o.replace(x.changed, rels, map[string]string{"": string(links)})
	}
	content := []byte(ours.XMLHead + `<Relationships xmlns="` + ours.PackageSpace + `">`)
	x.add(rels, ours.TypeRels, append(append(content, links...), "</Relationships>"...))
	return nil
}

// types names the content types of our parts. A part of a type that the file names for its extension needs no line.
func (x *extension) types() error {
	const name = "[Content_Types].xml"
	content, err := x.o.bytes(name)
	if err != nil {
		return err
	}
	prefix, err := x.o.rootPrefix(name)
	if err != nil {
		return err
	}
	defaults := map[string]string{}
	for k := range walk(content) {
		if k.name != nil && k.kind != shut && k.local() == "Default" {
			extension, _ := value(k.raw, "Extension")
			defaults["."+strings.ToLower(html.UnescapeString(extension))], _ = value(k.raw, "ContentType")
		}
	}
	var lines []byte
	for _, a := range x.added {
		if defaults[path.Ext(a.name)] != a.kind {
			lines = ours.ContentType{Part: a.name, Kind: a.kind}.Append(lines, prefix)
		}
	}
	// The root's end, so that defaults stay before overrides.
	end := bytes.LastIndex(content, []byte("</"))
	if end < 0 {
		return unusual(name)
	}
	x.changed[x.o.part(name).Name] = bytes.Join([][]byte{content[:end], lines, content[end:]}, nil)
	return nil
}

// titles adds our sheets to the list of sheets in the extended properties, where it is of the usual shape. Programs do not
// depend on it, so what is odd stays as it is.
func (o *original) titles(changed map[string][]byte, titles []string) {
	part := ""
	for _, l := range o.rootRels {
		if l.kind == "extended-properties" || l.kind == "extendedProperties" {
			part = l.target
		}
	}
	if part == "" || o.part(part) == nil {
		return
	}
	content, err := o.bytes(part)
	if err != nil {
		return
	}
	worksheets := len(o.names) - len(titles)
	var out []byte
	section, seen, pairs, inserted, size := "", 0, 0, false, false
	for k, depth := range walk(content) {
		if depth == 2 && k.kind != shut && k.name != nil {
			section = k.local()
		}
		raw := k.raw
		switch {
		case section == "HeadingPairs" && k.kind == chars && depth == 6:
			if n, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil {
				if pairs++; pairs == 1 {
					if n != worksheets {
						return
					}
					raw = strconv.AppendInt(nil, int64(n+len(titles)), 10)
				}
			}
		case section == "TitlesOfParts" && k.kind == open && depth == 3:
			n, ok := number(raw, "size", 0)
			if !ok || n < worksheets {
				return
			}
			raw, size = with(nil, raw, "size", strconv.Itoa(n+len(titles))), true
		case section == "TitlesOfParts" && depth == 4 && k.kind != open && k.name != nil:
			if seen++; seen == worksheets {
				inserted = true
				out = append(out, raw...)
				for _, t := range titles {
					out = append(ours.AppendText(fmt.Appendf(out, "<%s>", k.name), t), fmt.Sprintf("</%s>", k.name)...)
				}
				continue
			}
		}
		out = append(out, raw...)
	}
	if inserted && size && pairs > 0 {
		changed[o.part(part).Name] = out
	}
}
