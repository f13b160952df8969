package redrop_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/rowferry/rowferry/batch"
)

// Excel saves a result in the encoding of its Windows, and a few letters alone do not tell which that is. The file that it is the result of does.
func TestResultInTheEncodingOfAProgram(t *testing.T) {
	for name, c := range map[string]struct {
		in   encoding.Encoding
		name string
	}{"GBK": {simplifiedchinese.GBK, "李"}, "Big5": {traditionalchinese.Big5, "陳"}} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"1", "A2", c.name}, {"2", "REFUSE3", "late"}}))
			saved := func(change func(all [][]string)) []byte {
				all := records(t, one.content("csv"))
				change(all)
				b, err := c.in.NewEncoder().Bytes(encode(t, ',', all))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			mended := saved(func(all [][]string) { copy(line(all, "REFUSE3")[8:], []string{"B3", c.name + "!"}) })
			h.drop("failures", one.name("csv"), mended).want(map[string]batch.Status{"A2": batch.Delivered, "B3": batch.Delivered})
			if body := h.provider.body("B3"); !strings.Contains(body, c.name+"!") {
				t.Errorf("B3 was sent as %s", body)
			}

			// Where nothing stands that the file has, nobody knows.
			other := saved(func(all [][]string) {
				line(all, "A2")[9] = "late"
				copy(line(all, "REFUSE3")[8:], []string{"C3", c.name})
			})
			if why := h.refused("failures", "other "+one.name("csv"), other); !strings.Contains(why, "encoding") {
				t.Errorf("refused: %s", why)
			}
		})
	}
}
