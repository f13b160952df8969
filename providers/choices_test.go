package providers_test

import (
	"slices"
	"testing"

	"github.com/rowferry/rowferry/providers"
)

// What a form may offer besides the bare values comes as the document writes it.
func TestChoices(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	field := func(provider, operation, path string) *providers.Field {
		op, _ := all[provider].Operation(operation)
		i := slices.IndexFunc(op.Fields, func(f *providers.Field) bool { return f.Path == path })
		return op.Fields[i]
	}
	synonyms := field("otms", "shipPointRemove", "type").Synonyms()
	if len(synonyms) < 9 || synonyms[0] != (providers.Synonym{Text: "提货点", Value: "0"}) || !slices.Contains(synonyms, providers.Synonym{Text: "Delivery point", Value: "1"}) {
		t.Errorf("%v", synonyms)
	}
	for _, s := range synonyms {
		if _, _, bad := field("otms", "shipPointRemove", "type").Append(nil, s.Text, 1); bad != nil {
			t.Errorf("%s is not understood", s.Text)
		}
	}
	if got := field("otms", "shipPointRemove", "externalId").Synonyms(); got != nil {
		t.Errorf("%v", got)
	}
	if scale, length := field("hgj", "amsUpdate", "houseBills.containers.weight").Decimals(); scale != 3 || length != 10 {
		t.Errorf("%d %d", scale, length)
	}
	if scale, length := field("hgj", "aciUpdate", "cargos.cargoWeight").Decimals(); scale != -1 || length != 0 {
		t.Errorf("%d %d", scale, length)
	}
}
