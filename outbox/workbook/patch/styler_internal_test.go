package patch

import "testing"

// Some programs write <sz val="11"></sz>: only the opening tag has the size.
func TestEmboldenKeepsTagsApart(t *testing.T) {
	for font, want := range map[string]string{
		`<font><name val="C"></name><sz val="11"></sz></font>`: `<font><b/><name val="C"></name><sz val="14"></sz></font>`,
		`<font><b/><sz val="11"/></font>`:                      `<font><b/><sz val="14"/></font>`,
		`<x:font><x:sz val="9"/></x:font>`:                     `<x:font><x:b/><x:sz val="14"/></x:font>`,
		`<font/>`:                                              `<font><b/></font>`,
	} {
		prefix := ""
		if font[1] == 'x' {
			prefix = "x:"
		}
		if got := string(embolden([]byte(font), prefix, true)); got != want {
			t.Errorf("%s\n got %s\nwant %s", font, got, want)
		}
	}
}
