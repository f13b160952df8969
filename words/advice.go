package words

import (
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/spelling"
)

// Example says what to write: "write rate: 10/s".
func Example(text string) batch.Message { return Message("config.write", "example", text) }

// Meant says which of the known words was probably meant, or else all of them.
func Meant(got string, known []string) batch.Message {
	if near := spelling.Nearest(got, known); near != "" {
		return Message("config.did_you_mean", "word", near)
	}
	if len(known) == 0 {
		return Message("config.remove")
	}
	return Message("config.one_of", "words", strings.Join(known, ", "))
}

// Short is a value as messages show it: whole, or its beginning. It is cut when it is said, so that secrets can be hidden in it
// before.
type Short string

func (s Short) String() string {
	if r := []rune(string(s)); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return string(s)
}
