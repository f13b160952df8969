package ooxml

// CustomProperties reads the custom document properties by name; a file without any has none. The kind of a value is not told.
func (a *Archive) CustomProperties() (map[string]string, error) {
	if !a.Has("_rels/.rels") {
		return nil, nil
	}
	rels, err := a.root()
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		if (r.Kind == "custom-properties" || r.Kind == "customProperties") && a.Has(r.Target) {
			return a.customProperties(r.Target)
		}
	}
	return nil, nil
}

const mostProperties = 10_000

func (a *Archive) customProperties(part string) (map[string]string, error) {
	s, err := a.scanSmall(part)
	if err != nil {
		return nil, err
	}
	if err := s.Root("Properties"); err != nil {
		return nil, err
	}
	found := map[string]string{}
	name, value := "", []byte(nil)
	for t, err := range s.All() {
		switch {
		case err != nil:
			return nil, s.Wrap(err)
		case t == Start && s.Is("property"):
			v, _ := s.Attr("name")
			name, value = string(v), nil
		case t == Text && name != "":
			value = append(value, s.Text...)
		case t == End && s.Is("property"):
			if len(found) < mostProperties {
				found[name] = string(value)
			}
			name = ""
		}
	}
	return found, nil
}
