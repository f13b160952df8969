package words

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// Every sentence exists in all three languages and fills in the same values in each.
func TestEverySentenceInThreeLanguages(t *testing.T) {
	if len(all) == 0 {
		t.Fatal("no sentences")
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text := all[key]
		want := places(text.EN)
		for _, l := range batch.Languages() {
			said := map[batch.Language]string{batch.English: text.EN, batch.Chinese: text.ZH, batch.Russian: text.RU}[l]
			if said == "" {
				t.Errorf("%s: no text in %s", key, l)
			}
			if got := places(said); !slices.Equal(got, want) {
				t.Errorf("%s: %s fills in %v, English %v", key, l, got, want)
			}
		}
	}
}

func places(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
