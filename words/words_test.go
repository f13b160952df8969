package words

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// Every sentence exists in all three languages and fills in the same values in each.
func TestEverySentenceInThreeLanguages(t *testing.T) {
	if len(all()) == 0 {
		t.Fatal("no sentences")
	}
	for _, key := range slices.Sorted(maps.Keys(all())) {
		text := all()[key]
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

// A word beside a number has as many forms as its language asks for, and stands beside a number that is filled in.
func TestFormsOfWords(t *testing.T) {
	for key, text := range all() {
		for l, said := range map[batch.Language]string{batch.English: text.EN, batch.Chinese: text.ZH, batch.Russian: text.RU} {
			for _, found := range forms.FindAllStringSubmatch(said, -1) {
				if n := strings.Count(found[2], "|") + 1; n != map[batch.Language]int{batch.English: 2, batch.Russian: 3}[l] {
					t.Errorf("%s: %q has %d forms in %s", key, found[0], n, l)
				}
				if !slices.Contains(places(said), "{"+found[1]+"}") {
					t.Errorf("%s: %q stands beside no number", key, found[0])
				}
			}
		}
	}
	for _, c := range []struct {
		l    batch.Language
		n    any
		want string
	}{
		{batch.English, 0, "0 rows"}, {batch.English, 1, "1 row"}, {batch.English, "1,001", "1,001 rows"}, {batch.English, 2, "2 rows"},
		{batch.Chinese, 1, "1 行"}, {batch.Russian, 1, "1 строка"}, {batch.Russian, 11, "11 строк"}, {batch.Russian, "1\u00a0021", "1\u00a0021 строка"},
		{batch.Russian, 3, "3 строки"}, {batch.Russian, 12, "12 строк"}, {batch.Russian, 0, "0 строк"}, {batch.Russian, 104, "104 строки"},
	} {
		if got := Of(c.l, "console.rows", "count", c.n); got != c.want {
			t.Errorf("%v in %s: %q", c.n, c.l, got)
		}
	}
}

func places(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
