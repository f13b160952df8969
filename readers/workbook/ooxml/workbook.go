package ooxml

import (
	"path"
	"strings"

	"github.com/rowferry/rowferry/readers/workbook/grid"
)

// Workbook is the table of contents: the sheets in the order of their tabs, and where styles and strings are.
type Workbook struct {
	Part     string
	Date1904 bool
	Pending  bool // formulas are to be calculated when the workbook is opened: the results in it are not theirs
	Sheets   []Sheet
	Strings  string // part of the shared strings; "" when there is none
	Styles   string // part of the styles; "" when there is none
}

// Sheet is one tab.
type Sheet struct {
	Name   string
	Part   string // "" when the workbook does not say where it is
	Hidden bool   // hidden or very hidden
	Grid   bool   // it has cells: no chart, no dialog, no macro sheet
}

// Relation is one part that another refers to.
type Relation struct {
	Kind   string // the last word of the relation's type
	Target string
}

// Main is the name of the workbook's part; otherwise where the archive does not say.
func (a *Archive) Main(otherwise string) (string, error) {
	if !a.Has("_rels/.rels") {
		return otherwise, nil
	}
	rels, err := a.root()
	if err != nil {
		return "", err
	}
	for _, r := range rels {
		if r.Kind == "officeDocument" {
			return r.Target, nil
		}
	}
	return otherwise, nil
}

// root are the parts that the archive itself refers to.
func (a *Archive) root() (rels map[string]Relation, err error) {
	if a.rels == nil {
		a.rels, err = a.relations("", "_rels/.rels")
	}
	return a.rels, err
}

// Relations are the parts that a part refers to, by their id there.
func (a *Archive) Relations(part string) (map[string]Relation, error) {
	return a.relations(part, path.Join(path.Dir(part), "_rels", path.Base(part)+".rels"))
}

// OpenWorkbook finds the workbook part and reads it.
func (a *Archive) OpenWorkbook() (*Workbook, error) {
	main, err := a.Main("xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	w := &Workbook{Part: main}
	rels, err := a.Relations(main)
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		switch r.Kind {
		case "sharedStrings":
			w.Strings = r.Target
		case "styles":
			w.Styles = r.Target
		}
	}
	if w.Strings != "" && !a.Has(w.Strings) {
		w.Strings = ""
	}
	if w.Styles != "" && !a.Has(w.Styles) {
		w.Styles = ""
	}
	return w, a.readWorkbook(w, rels)
}

func (a *Archive) readWorkbook(w *Workbook, rels map[string]Relation) error {
	s, err := a.scanSmall(w.Part)
	if err != nil {
		return err
	}
	if err := s.Root("workbook"); err != nil {
		return err
	}
	for t, err := range s.All() {
		if err != nil {
			return s.Wrap(err)
		}
		if t != Start || !s.Main {
			continue
		}
		switch string(s.Name) {
		case "workbookPr":
			v, _ := s.Attr("date1904")
			w.Date1904 = truth(v)
		case "calcPr":
			v, _ := s.Attr("fullCalcOnLoad")
			w.Pending = truth(v)
		case "sheet":
			if len(w.Sheets) >= 10_000 {
				return &grid.Error{Part: s.Part, Reason: grid.TooMany, Limit: 10_000}
			}
			name, _ := s.Attr("name")
			state, _ := s.Attr("state")
			r := rels[s.Relation()]
			w.Sheets = append(w.Sheets, Sheet{
				Name: string(name), Part: r.Target, Grid: r.Kind == "worksheet",
				Hidden: string(state) == "hidden" || string(state) == "veryHidden",
			})
		}
	}
	if len(w.Sheets) == 0 {
		return &grid.Error{Part: w.Part, Reason: grid.Structure, Err: errNoSheets}
	}
	return nil
}

func truth(v []byte) bool { return string(v) == "1" || string(v) == "true" || string(v) == "on" }

// relations reads a .rels part; from is the part whose relations they are.
func (a *Archive) relations(from, name string) (map[string]Relation, error) {
	s, err := a.scanSmall(name)
	if err != nil {
		return nil, err
	}
	if err := s.Root("Relationships"); err != nil {
		return nil, err
	}
	found := map[string]Relation{}
	for t, err := range s.All() {
		if err != nil {
			return nil, s.Wrap(err)
		}
		if t != Start || !s.Is("Relationship") || len(found) > 100_000 {
			continue
		}
		id, _ := s.Attr("Id")
		kind, _ := s.Attr("Type")
		target, _ := s.Attr("Target")
		if mode, _ := s.Attr("TargetMode"); string(mode) == "External" {
			continue
		}
		found[string(id)] = Relation{Kind: path.Base(string(kind)), Target: resolvePart(from, string(target))}
	}
	return found, nil
}

// resolvePart makes a target relative to a part absolute.
func resolvePart(from, target string) string {
	target = strings.ReplaceAll(target, "\\", "/")
	if strings.HasPrefix(target, "/") {
		return strings.TrimLeft(path.Clean(target), "/")
	}
	return strings.TrimLeft(path.Clean("/"+path.Join(path.Dir(from), target)), "/")
}
