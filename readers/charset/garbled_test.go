package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestGarbled(t *testing.T) {
	misread := func(s string) (out []string) {
		var latin strings.Builder
		for _, c := range []byte(s) {
			if r := charmap.Windows1252.DecodeByte(c); r != utf8.RuneError {
				latin.WriteRune(r)
			} else {
				latin.WriteRune(rune(c)) // as Windows does
			}
		}
		russian, err := charmap.Windows1251.NewDecoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		chinese, err := simplifiedchinese.GBK.NewDecoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return append(out, latin.String(), russian, strings.ReplaceAll(chinese, "\ufffd", "?"))
	}
	for s, of := range map[string]int{"Müller": 0, "Łódź, ulica Piotrkowska": 0, "Москва": 1, "Казань, ул. Баумана, 5": 1, "上海市": 2, "上海": 2, "1号 北京市朝阳区": 2, "25 °C": 0, "Größe": 0} {
		if meant, found := Garbled(misread(s)[of]); !found || []rune(meant)[0] != []rune(s)[0] {
			t.Errorf("%s: %q, %v", misread(s)[of], meant, found)
		}
	}
	for _, c := range texts {
		for line := range strings.SplitSeq(c.text, "\n") {
			for value := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' }) {
				if meant, found := Garbled(value); found {
					t.Errorf("%q is called garbled for %q", value, meant)
				}
			}
		}
	}
	for _, s := range []string{"", "plain", "CAFÉ…", "“CAFÉ”", "SÃO PAULO", "ÂGE", "Ã", "É’", "Рівне", "РС-5", "СССР", "Рі", "№ 5", "à – b", "№1 РУС»", "渝北区", "璇玑", "楠木", "淇县", "璐璐", "中国", "日本語", "서울", "😀", "Größe Ø 5 mm"} {
		if meant, found := Garbled(s); found {
			t.Errorf("%q is called garbled for %q", s, meant)
		}
	}
}

// No text of the models, each in its own alphabet, looks garbled, word by word and line by line.
func TestGarbledModels(t *testing.T) {
	for _, name := range []string{"ru.txt", "uk.txt", "zh.txt", "zht.txt", "ja.txt", "ko.txt", "el.txt", "he.txt", "ar.txt", "th.txt"} {
		for line := range strings.SplitSeq(text(name), "\n") {
			for _, s := range append(strings.Fields(line), line) {
				if meant, found := Garbled(s); found {
					t.Errorf("%s: %.40q is called garbled for %.40q", name, s, meant)
				}
			}
		}
	}
}

func BenchmarkGarbled(b *testing.B) {
	for name, s := range map[string]string{"latin": "Main Street 5, Riga", "chinese": "上海市浦东新区张江路", "russian": "Смирнова Анна Сергеевна", "german": "Müller GmbH"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Garbled(s)
			}
		})
	}
}
