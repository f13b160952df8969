package ours

import (
	"archive/zip"
	"fmt"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/resultmark"
)

// The namespaces of workbooks.
const (
	MainSpace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	RelationSpace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	PackageSpace  = "http://schemas.openxmlformats.org/package/2006/relationships"
	contentSpace  = "http://schemas.openxmlformats.org/package/2006/content-types"
)

// The types of parts.
const (
	TypeSheet    = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
	TypeComments = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
	TypeVML      = "application/vnd.openxmlformats-officedocument.vmlDrawing"
	TypeStyles   = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
	TypeCustom   = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
	TypeRels     = "application/vnd.openxmlformats-package.relationships+xml"
	TypeBook     = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
)

// Parts writes parts into a zip until one fails.
type Parts struct {
	z   *zip.Writer
	Err error
}

// NewParts begins a package.
func NewParts(z *zip.Writer) *Parts { return &Parts{z: z} }

// Add writes a small part.
func (p *Parts) Add(name string, content []byte) {
	if p.Err == nil {
		p.Err = putBytes(p.z, name, content)
	}
}

// Spool writes a part that was written down before.
func (p *Parts) Spool(s *Spool) {
	if p.Err == nil {
		p.Err = s.put(p.z)
	}
}

// End ends the package; its error is the first that there was.
func (p *Parts) End() error {
	if p.Err != nil {
		return p.Err
	}
	return p.z.Close()
}

// Relation leads from a part to another.
type Relation struct{ ID, Kind, Target string }

// Append writes its element; prefix is that of its list.
func (r Relation) Append(b []byte, prefix string) []byte {
	return fmt.Appendf(b, `<%sRelationship Id="%s" Type="%s" Target="%s"/>`, prefix, r.ID, r.Kind, AppendAttr(nil, r.Target))
}

// Relations is the list of a part.
func Relations(list ...Relation) []byte {
	b := []byte(XMLHead + `<Relationships xmlns="` + PackageSpace + `">`)
	for _, r := range list {
		b = r.Append(b, "")
	}
	return append(b, "</Relationships>"...)
}

// RelationsOf is the part with the relations of a part.
func RelationsOf(part string) string {
	at := strings.LastIndexByte(part, '/') + 1
	return part[:at] + "_rels/" + part[at:] + ".rels"
}

// ContentType says what a part is.
type ContentType struct{ Part, Kind string }

// Append writes its element; prefix is that of its list.
func (t ContentType) Append(b []byte, prefix string) []byte {
	return fmt.Appendf(b, `<%sOverride PartName="/%s" ContentType="%s"/>`, prefix, AppendAttr(nil, t.Part), t.Kind)
}

// ContentTypes is the list of a package.
func ContentTypes(list []ContentType) []byte {
	b := []byte(XMLHead + `<Types xmlns="` + contentSpace + `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="vml" ContentType="` + TypeVML + `"/>`)
	for _, t := range list {
		b = t.Append(b, "")
	}
	return append(b, "</Types>"...)
}

const (
	CustomSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
	VariantSpace = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
)

// Properties are the custom document properties by which the result is recognised.
func Properties(r *outbox.Report, firstID int, prefix, variant string) []byte {
	var b []byte
	for i, p := range [][2]string{{resultmark.PropertyFile, r.File.ID}, {resultmark.PropertyRevision, strconv.Itoa(max(1, r.Revision))}} {
		b = fmt.Appendf(b, `<%[1]sproperty fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="%[2]d" name="%[3]s"><vt:lpwstr xmlns:vt="%[5]s">%[4]s</vt:lpwstr></%[1]sproperty>`,
			prefix, firstID+i, p[0], AppendText(nil, p[1]), variant)
	}
	return b
}

// CustomProperties are the marks of a result in the properties of a workbook that has no others.
func CustomProperties(r *outbox.Report) []byte {
	b := []byte(XMLHead + `<Properties xmlns="` + CustomSpace + `">`)
	return append(append(b, Properties(r, 2, "", VariantSpace)...), "</Properties>"...)
}
