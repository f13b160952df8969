package workbook

import (
	"bytes"
	"fmt"
	"html"
	"path"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/resultmark"
)

// addition is a part of ours.
type addition struct {
	name    string
	kind    string // content type
	content []byte // nil: it is a spool
}

// extend makes the small parts that tie ours to the sender's: changed gets what replaces the sender's and what is new, and
// the names of the new parts are returned in the order in which they are written. The sheets of an earlier result get new
// content and stay where they are; what they referred to is dropped.
func (p *patch) extend(changed map[string][]byte, spools map[string]*spool, dropped map[string]bool) ([]string, error) {
	var list []addition
	var tabs, links []byte
	bookPrefix, err := p.o.rootPrefix(p.o.book)
	if err != nil {
		return nil, err
	}
	relsPrefix, err := p.o.rootPrefix(relationsOf(p.o.book))
	if err != nil {
		return nil, err
	}
	var titles []string
	tab := func(part, title, state string) {
		id := "rIdRowferry" + strconv.Itoa(len(titles)+1)
		titles = append(titles, title)
		p.o.sheetID++
		tabs = fmt.Appendf(tabs, `<%ssheet xmlns:r="%s" name="%s" sheetId="%d"%s r:id="%s"/>`, bookPrefix, strings.TrimSuffix(p.o.relation(""), "/"), appendAttr(nil, title), p.o.sheetID, state, p.o.freeID(id))
		links = relation{p.o.freeID(id), p.o.relation("worksheet"), toward(p.o.book, part)}.append(links, relsPrefix)
	}
	again := func(part string) string {
		if rels := p.o.part(relationsOf(part)); rels != nil {
			dropped[rels.Name] = true
		}
		return p.o.part(part).Name
	}
	summary := summarySheet(p.report, &p.tally, p.styles.base.plain(), p.s.space, p.about())
	if p.earlier.summary != "" {
		changed[again(p.earlier.summary)] = summary
	} else {
		page := addition{p.o.beside("worksheets/rowferry-summary", ".xml"), typeSheet, summary}
		list = append(list, page)
		tab(page.name, p.summary, "")
	}
	for i, s := range p.marks.sheets {
		spools[s.name] = s
		if i >= len(p.earlier.marks) {
			list = append(list, addition{s.name, typeSheet, nil})
			tab(s.name, p.o.tabName(markSheetName(i+1)), ` state="veryHidden"`)
		}
	}
	for i, part := range p.earlier.marks {
		if name := again(part); i >= len(p.marks.sheets) {
			changed[name] = fmt.Appendf(nil, xmlHead+`<worksheet xmlns="%s"><sheetData/></worksheet>`, p.s.space)
		}
	}
	styles, err := p.styles.write(p.styles.isNew(p.o))
	if err != nil {
		return nil, unusual(p.styles.part)
	}
	if p.styles.isNew(p.o) {
		list = append(list, addition{p.styles.part, typeStyles, styles})
		links = relation{p.o.freeID("rIdRowferryStyles"), p.o.relation("styles"), toward(p.o.book, p.styles.part)}.append(links, relsPrefix)
	} else {
		changed[p.o.part(p.styles.part).Name] = styles
	}
	steps := []func() error{
		func() error { return p.o.replace(changed, p.o.book, map[string]string{"sheets": string(tabs)}) },
		func() error {
			return p.o.replace(changed, relationsOf(p.o.book), map[string]string{"": string(links)})
		},
		func() error { return p.properties(changed, &list) },
		func() error { return p.sheetLinks(changed, spools, &list) },
		func() error { return p.types(changed, list) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if p.unchained {
		p.o.unchain(changed, dropped)
	}
	book := p.o.part(p.o.book).Name
	changed[book] = p.earlier.hide(changed[book])
	if len(titles) > 0 {
		p.o.titles(changed, titles)
	}
	var added []string
	for _, a := range list {
		added = append(added, a.name)
		if a.content != nil {
			changed[a.name] = a.content
		}
	}
	return added, nil
}

// unchain takes the list of cells with formulas out; programs make a new one when they open the file.
func (o *original) unchain(changed map[string][]byte, dropped map[string]bool) {
	for _, l := range o.bookRels {
		part := o.part(l.target)
		if l.kind != "calcChain" || part == nil {
			continue
		}
		dropped[part.Name] = true
		rels, types := o.part(relationsOf(o.book)).Name, o.part("[Content_Types].xml").Name
		changed[rels] = without(changed[rels], "Id", func(v string) bool { return v == l.id })
		changed[types] = without(changed[types], "PartName", func(v string) bool { return o.part(v) == part })
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

// plain are the same formats for a sheet whose elements have no prefix.
func (s base) plain() base {
	s.prefix = ""
	return s
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
func (p *patch) properties(changed map[string][]byte, list *[]addition) error {
	part := ""
	for _, l := range p.o.rootRels {
		if l.kind == "custom-properties" || l.kind == "customProperties" {
			part = l.target
		}
	}
	space, variant := customSpace, variantSpace
	if p.o.strict {
		space, variant = "http://purl.oclc.org/ooxml/officeDocument/customProperties", "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes"
	}
	if part == "" {
		part = "docProps/custom.xml"
		for n := 2; p.o.part(part) != nil; n++ {
			part = "docProps/custom" + strconv.Itoa(n) + ".xml"
		}
		content := []byte(xmlHead + `<Properties xmlns="` + space + `">`)
		content = append(append(content, properties(p.report, 2, "", variant)...), "</Properties>"...)
		*list = append(*list, addition{part, typeCustom, content})
		prefix, err := p.o.rootPrefix("_rels/.rels")
		if err != nil {
			return err
		}
		link := relation{"rIdRowferry", p.o.relation("custom-properties"), part}
		for n := 2; hasID(p.o.rootRels, link.id); n++ {
			link.id = "rIdRowferry" + strconv.Itoa(n)
		}
		return p.o.replace(changed, "_rels/.rels", map[string]string{"": string(link.append(nil, prefix))})
	}
	content, err := p.o.bytes(part)
	if err != nil {
		return err
	}
	prefix, err := p.o.rootPrefix(part)
	if err != nil {
		return err
	}
	var kept []byte
	highest, drop := 1, false
	for k, depth := range walk(content) {
		if depth == 2 && k.local() == "property" && k.kind != shut {
			name, _ := value(k.raw, "name")
			if drop = name == resultmark.PropertyFile || name == resultmark.PropertyRevision; drop {
				drop = k.kind == open
				continue
			}
			if id, ok := number(k.raw, "pid", 0); ok {
				highest = max(highest, id)
			}
		}
		if drop {
			drop = !(depth == 2 && k.kind == shut)
			continue
		}
		kept = append(kept, k.raw...)
	}
	content, err = splice(kept, map[string]string{"": string(properties(p.report, highest+1, prefix, variant))}, nil)
	if err != nil {
		return unusual(part)
	}
	changed[p.o.part(part).Name] = content
	return nil
}

func hasID(links []link, id string) bool {
	for _, l := range links {
		if l.id == id {
			return true
		}
	}
	return false
}

// sheetLinks ties the notes to the sheet.
func (p *patch) sheetLinks(changed map[string][]byte, spools map[string]*spool, list *[]addition) error {
	if p.notes == nil {
		return nil
	}
	spools[p.notes.comments.name], spools[p.notes.shapes.name] = p.notes.comments, p.notes.shapes
	rels := relationsOf(p.o.sheet)
	prefix, err := "", error(nil)
	if p.o.part(rels) != nil {
		if prefix, err = p.o.rootPrefix(rels); err != nil {
			return err
		}
	}
	var links []byte
	add := func(id, kind string, s *spool, contentType string) {
		links = relation{id, p.o.relation(kind), toward(p.o.sheet, s.name)}.append(links, prefix)
		*list = append(*list, addition{s.name, contentType, nil})
	}
	if p.old.comments == "" {
		add(commentsID, "comments", p.notes.comments, typeComments)
	}
	if p.old.shapes == "" {
		add(shapesID, "vmlDrawing", p.notes.shapes, typeVML)
	}
	switch {
	case len(links) == 0:
		return nil
	case p.o.part(rels) != nil:
		return p.o.replace(changed, rels, map[string]string{"": string(links)})
	}
	content := []byte(xmlHead + `<Relationships xmlns="` + packageSpace + `">`)
	*list = append(*list, addition{rels, typeRels, append(append(content, links...), "</Relationships>"...)})
	return nil
}

// types names the content types of our parts. A part of a type that the file names for its extension needs no line.
func (p *patch) types(changed map[string][]byte, list []addition) error {
	const name = "[Content_Types].xml"
	content, err := p.o.bytes(name)
	if err != nil {
		return err
	}
	prefix, err := p.o.rootPrefix(name)
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
	for _, a := range list {
		if defaults[path.Ext(a.name)] != a.kind {
			lines = contentType{a.name, a.kind}.append(lines, prefix)
		}
	}
	// The root's end, so that defaults stay before overrides.
	end := bytes.LastIndex(content, []byte("</"))
	if end < 0 {
		return unusual(name)
	}
	changed[p.o.part(name).Name] = bytes.Join([][]byte{content[:end], lines, content[end:]}, nil)
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
					out = append(appendText(fmt.Appendf(out, "<%s>", k.name), t), fmt.Sprintf("</%s>", k.name)...)
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
