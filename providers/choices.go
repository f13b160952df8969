package providers

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rowferry/rowferry/batch"
)

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

// Default is what the description says a field has where nobody says anything, if the provider takes that; "" where it says nothing.
func (f *Field) Default() string {
	n := plain(get(f.Schema.node, "default"))
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	if _, omit, bad := f.Append(nil, n.Value, batch.String); omit || bad != nil {
		return ""
	}
	return n.Value
}

// Dated reports whether the field takes days or moments.
func (f *Field) Dated() bool { return strings.HasPrefix(format(f.Schema.node), "date") }

// Decimals are the bounds of how a number is written: the most places after the point (-1: any) and the most
// characters with the point (0: any).
func (f *Field) Decimals() (scale, length int) { return f.converter.scale, f.converter.digits }
