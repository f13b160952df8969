package xmlfile

import (
	"slices"
	"strings"
)

// Databases and consoles write a record as a list of fields of one name, each with its own in an attribute: <field name="Order">A-1</field> by
// mysql and mysqldump, <column name="Order"> by phpMyAdmin, <COLUMN NAME="ORDER"> by SQL Developer, <Property Name="Order"> by PowerShell, and
// <str name="order"> by Solr. There the attribute is the name of the element.

// label is which attribute has the name of a field; -1: none.
func label(attrs []attr) int {
	return slices.IndexFunc(attrs, func(a attr) bool { return a.name.space == "" && strings.EqualFold(a.name.local, "name") })
}

// byLabels surveys the document anew with fields called by their attributes, where as it is written no element fits the route, and so one does.
func (t *opened) byLabels(found *survey) *survey {
	labels := found.labels()
	if len(labels) == 0 {
		return found
	}
	if fitting, _ := found.fitting(t.settings.Wants); len(fitting) > 0 {
		return found
	}
	t.labels = labels
	if again, err := t.survey(); err == nil {
		if fitting, _ := again.fitting(t.settings.Wants); len(fitting) > 0 {
			return again
		}
	}
	t.labels = nil
	return found
}

// labels are the elements that hold nothing but fields with a name.
func (s *survey) labels() (out []*trail) {
	for _, c := range s.trails {
		several := len(c.listed) > 1 || len(c.listed) == 1 && c.listed[0].most > 1
		if several && !c.valued && !slices.ContainsFunc(c.listed, func(f *trail) bool { return f.labelled < f.total || len(f.children) > 0 }) {
			out = append(out, c)
		}
	}
	return out
}

// atLabels reports whether the innermost open element is one of those.
func (d *document) atLabels() bool {
	return slices.ContainsFunc(d.t.labels, func(t *trail) bool { return t.depth == len(d.open) && t.matches(d.open) })
}

// called takes the name of an element from its attribute, which is none of its values then.
func (d *document) called(own name) name {
	at := label(d.attrs)
	if at < 0 {
		return own
	}
	text := strings.TrimSpace(d.attrs[at].value)
	if text == "" || len(text) > longest {
		return own
	}
	d.attrs = slices.Delete(d.attrs, at, at+1)
	return name{local: text}
}
