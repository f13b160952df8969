package csvfile

import (
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with what the settings say of a CSV file.
func Check(s readers.Settings) []batch.Mistake {
	var wrong []batch.Mistake
	if _, err := encodingName(s.Encoding); err != nil {
		wrong = append(wrong, batch.Mistake{Key: "encoding", What: words.Message("config.read.encoding", "value", words.Short(s.Encoding)), Write: words.Meant(strings.ToLower(s.Encoding), usualNames)})
	}
	for _, one := range []struct {
		key, value string
		part       readers.Settings
		write      batch.Message
	}{
		{"delimiter", s.Delimiter, readers.Settings{Delimiter: s.Delimiter}, words.Message("config.one_character.write", "words", "auto, tab")},
		{"quote", s.Quote, readers.Settings{Quote: s.Quote}, words.Message("config.one_character.write", "words", "auto, none")},
		{"escape", s.Escape, readers.Settings{Escape: s.Escape}, words.Message("config.one_character.escape")},
	} {
		if _, err := configured(one.part); err != nil {
			wrong = append(wrong, batch.Mistake{Key: one.key, What: words.Message("config.one_character", "value", words.Short(one.value)), Write: one.write})
		}
	}
	if _, err := configured(s); err != nil && len(wrong) == 0 {
		wrong = append(wrong, batch.Mistake{Key: "delimiter", What: words.Message("config.one_character.twice"), Write: words.Message("config.one_character.twice.write")})
	}
	return wrong
}

// usualNames are the encodings that people meet.
var usualNames = []string{"auto", "utf-8", "utf-16le", "utf-16be", "gb18030", "gbk", "big5", "windows-1251", "windows-1252", "koi8-r", "shift_jis", "euc-kr", "utf-32le", "utf-32be"}
