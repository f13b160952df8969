package providers

// Synonym is a word that is understood instead of a value: "Pickup point" for "0".
type Synonym struct{ Text, Value string }

// Synonyms lists what is understood besides the values themselves, as the document writes it and in its order.
func (f *Field) Synonyms() []Synonym {
	var out []Synonym
	for _, e := range entries(get(get(f.Schema.node, "x-rowferry"), "lookup")) {
		out = append(out, Synonym{e.Name, e.Node.Value})
	}
	return out
}

// Decimals are the bounds of how a number is written: the most places after the point (-1: any) and the most
// characters with the point (0: any).
func (f *Field) Decimals() (scale, length int) { return f.converter.scale, f.converter.digits }
