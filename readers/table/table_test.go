package table

import (
	"slices"
	"strings"
	"testing"
)

func rows(text string) [][]string {
	var out [][]string
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		out = append(out, strings.Split(line, "|"))
	}
	return out
}

func TestFindHeading(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want int
	}{
		"plain":                   {"id|name|qty\n1|a|2\n2|b|3", 0},
		"title above":             {"Orders of May||\n||\nid|name|qty\n1|a|2\n2|b|3", 2},
		"key values above":        {"Customer|ACME||\nDate|2026-01-02||\nid|name|qty|place\n1|a|2|x\n2|b|3|y", 2},
		"numbers from the start":  {"1|a|2\n2|b|3\n3|c|4", None},
		"codes from the start":    {"MSKU1001|aa\nMSKU2002|bb\nMSKU3003|cc\nMSKU4004|dd", None},
		"years as headings":       {"country|2019|2020\nCN|5|6\nRU|7|8", 0},
		"one ragged row":          {"id|name\n1|a\n2|b|||||x\n3|c", 0},
		"one column":              {"id\n1\n2", 0},
		"heading only":            {"id|name", 0},
		"heading wider than data": {"id|name|a|b|c|d|e|f\n1|x\n2|y", 0},
		"all text":                {"a|b\nc|d", 0},
		"chinese preamble":        {"微信支付账单明细|||\n微信昵称：[测试]|||\n起始时间：[2019-08-01 00:00:00]|||\n交易时间|交易类型|交易对方|金额\n2019-09-26 12:45:27|商户消费|a|1", 3},
		"key values, narrow":      {"Customer|ACME|\nDate|2026-01-02|\nid|name|qty\n1|a|2\n2|b|3", 2},
		"a heading with a gap":    {"name||city\na|b|c\nd|e|f", 0},
		"gap and numbers":         {"name||city\na|1|c\nd|2|f", 0},
		"records after a gap":     {"1|a|\n2|b|x\n3|c|x", None},
		"numbered headings":       {"Column 1|Column 2\nCell 1|Cell 2\nCell 3|Cell 4\nCell 5|Cell 6", 0},
		"nothing":                 {"|\n|", None},
		"blank heading cells":     {"id||qty|place|\n1|a|2|x|y\n2|b|3|z|y", 0},
	} {
		if got := FindHeading(rows(c.in)); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestTotals(t *testing.T) {
	for in, want := range map[string]bool{
		"合计||12":            true,
		"|合 计：|12":          true,
		"Итого:|5|1 200,50": true,
		"Total||12":         true,
		"Total|5|12":        false, // a customer may be called so
		"Total|Paris|":      false,
		"小计|3|4":            true,
		"Total|12|":         false, // the gap is at its end: perhaps somebody called so, without a remark
		"|Total|12":         true,
		"Total||":           false, // a name without its values
		"Итог||12":          true,
		"Общий итог||12":    true,
		"Summe||12,5":       true,
		"Razem||12":         true,
		"Totalizer||12":     false,
		"||":                false,
		"Grand Total||9":    true,
		"GRAND_TOTAL||9":    true,
		"ИТОГО_ВЕС||9":      true,
		"TOTAL_OIL_7||9":    false,
	} {
		if what, doubt := Remarked(strings.Split(in, "|"), 3, Near+1, false); (what == Total && !doubt) != want {
			t.Errorf("%q: got %v, doubt %v", in, what, doubt)
		}
	}
}

// A row that is no record is never sent: it is left out, or where nobody can tell it is asked about. The quick look hides none.
func TestRemarked(t *testing.T) {
	for want, lines := range map[string]string{
		"total": `Total: 2||
			Total orders||3
			Total:|5|
			Total (2 orders)||
			TOTAL PIECES||12
			Grand total||9
			合计|2|
			合计：|2|
			合計: 3件||
			共 5 件||
			总共3单||
			人民币合计||500.00
			本页小计||5
			Итого по складу||5
			Итого: 5||
			Всего заказов||3
			Количество: 3||
			Summe: 3||
			Gesamt: 12,5||
			Gesamtsumme||12,50
			Zwischensumme|3|4
			Anzahl: 3||
			Total général||3
			Sous-total : 3||
			Somme||3
			Total de pedidos||3
			Suma total||3
			5 orders in total||
			||Total: 5
			*** TOTAL ***||7
			T O T A L||7
			Σ||7
			∑ 7||
			Total|Total|7
			Peso total||7
			Poids total||7
			Montant total : 7 €||
			Gesamtgewicht||7
			Общий вес||7
			Average||7
			Checksum||7
			Übertrag||7
			平均||7
			总||7
			合计金额（大写）：柒元整||
			Cantidad total: 6||
			Número de envíos: 3||
			Nombre de colis : 6||
			Всего наименований 3, на сумму 7 руб.||
			Bonn Ergebnis||7
			Gesamtergebnis||7
			Bonn Anzahl||7
			Bonn Mittelwert||7
			Rome Count||7
			Grand Count||7
			Oslo Average||7
			上海 汇总||7
			東京 集計||7
			総計||7
			Москва Количество||7
			Кировский район Итог||7
			Totaal Breda||7
			Eindtotaal||7
			Praha Celkem||7
			Suma końcowa||7
			소계||7
			총합계||7`,
		"end": `END||
			*** End of report ***||7
			以下空白||7
			*** End of report ***||
			--- END ---||
			EOF||
			Ende||
			Конец отчёта||
			Fin du fichier||
			Fin del informe||
			以下空白||
			——以下为空——||
			（结束）||`,
		"footer": `Page 1 of 3||
			第 1 页，共 3 页||
			Seite 2||
			Стр. 1 из 3||
			Printed on 2026-01-02 10:00||
			制表人：张三||审核：李四
			Примечание: срочно||
			Note: all fragile||
			Дата печати: 02.01.2026||`,
		"hint": `必填|必填|选填
			required|required|optional
			(required)||(optional)
			Pflichtfeld|optional|optional
			обязательно|необязательно|
			obligatoire|facultatif|
			obligatorio|opcional|
			text|text|number
			文本|文本|YYYY-MM-DD
			必填，不超过60字|必填|11位手机号
			обязательно|обязательно|11 цифр
			obligatoire|facultatif|10 chiffres
			M|O|O
			|(pcs)|(kg)
			max. 60 chars|digits only|kg, 3 decimals
			必填|最多60字|`,
		"example": `示例：A-0001|张三|138
			示例|张三|138
			例：A-1|张三|138
			Example: A-0001|Ann|1
			e.g. |Ann|1
			[Example] A-1|Ann|1
			A-0001 (example)|Ann|1
			Beispiel: A-1|Ann|1
			Пример: A-1|Анна|1
			Exemple : A-1|Ann|1
			Ejemplo: A-1|Ann|1
			A-1|Ann|示例，请删除
			A-1|Ann|example, please delete`,
		"doubt": `Total|5|12
			End||7
			结束||7
			Кол-во заказов|3|
			VAT 19%||7
			НДС 20%||7
			Freight||5
			税额||7
			Frais de port||7
			EOF|2|3
			TRL|000003|
			Total|12|kg
			Total||
			Total energy||
			Example 1|Ann|5
			Sample A-0001|Ann|5`,
		"record": `Total|Paris|5
			TOTAL-17|Eve|5
			END|Eve|5
			Average|Joe|5
			Media|Ann|5
			Gesamtschule|Ann|5
			Balance|Ann|5
			Freight Co|Ann|5
			M|Ann|5
			Required Ltd|Ann|5
			Total Energies|Paris|5
			Viscount||7
			Bonn Ergebnis|Ann|5
			John Count|Ann|5
			Anna Summer||7
			Rome Counter||7
			Sumitomo|Ann|5
			Endress|Ann|5
			End Customer GmbH|Berlin|3
			Finn|Oslo|3
			Page|Jimmy|1
			Notes Ltd|Ann|3
			A-1|Ann|1
			张三|A-1|138
			Summer|Ann|3
			Muster GmbH|Berlin|3
			Example Ltd|Ann|5
			总部仓库|张三|5
			共青城市|张三|5
			Иванов|Анна|5
			完美公司|张三|5
			注册公司|张三|5
			+49 30 123|Ann|5
			-5|Ann|5
			A-4||`,
	} {
		for line := range strings.SplitSeq(lines, "\n") {
			cells := strings.Split(strings.TrimLeft(line, "\t"), "|")
			what, doubt := Remarked(cells, 3, 1, false)
			got := [...]string{"record", "total", "end", "footer", "hint", "example"}[what]
			if doubt {
				got = "doubt"
			}
			if got != want {
				t.Errorf("%q is taken for %s, and is %s", cells, got, want)
			}
			far, _ := Remarked(cells, 3, Near+1, false)
			first := cells[slices.IndexFunc(cells, func(c string) bool { return c != "" })]
			if first = strings.TrimLeft(first, " "); far != Record && !MayRemark([]byte(first)) {
				t.Errorf("%q is not seen further down", cells)
			}
		}
	}
}

// Where a table has two columns only, a sum leaves no gap.
func TestNarrow(t *testing.T) {
	for row, want := range map[string]bool{"Gesamtgewicht|7": true, "Peso total|7": true, "VAT 19%|7": true, "Count|7": true, "EOF|3": true, "A-1|7": false, "Ann|7": false, "Freight|Ann": false} {
		what, doubt := Remarked(strings.Split(row, "|"), 2, Near+1, false)
		if (what != Record || doubt) != want {
			t.Errorf("%s: %v, doubt %v", row, what, doubt)
		}
	}
}

// Whatever its word: a word where the others have digits, a gap where they have none, and numbers beside it are asked about.
func TestOdd(t *testing.T) {
	w := NewWatch(4, rows("A-1|Ann|Rome|1\nA-2|Bob|Oslo|2\nZwölf|||3"))
	for row, want := range map[string]bool{"Zwölf|||3": true, "RUSH|Cid|Rome|3": false, "RUSH|Cid||3": false, "A-3|||3": false} {
		cells := strings.Split(row, "|")
		_, doubt := Remarked(cells, 4, Near+1, !HasDigit(cells[w.Column()]) && w.Odd(cells))
		if doubt != want {
			t.Errorf("%s: %v", row, doubt)
		}
	}
}

func TestLook(t *testing.T) {
	for in, want := range map[string]Kind{
		"": Nothing, " \u00a0": Nothing, "name": Label, "12": Amount, "-1,234.50": Amount, "12%": Amount, "1.5E+10": Amount,
		"2019": Year, "2019-01-02": When, "02.01.2019": When, "2019/1/2 10:11:12": When, "10:11": When, "2019年1月2日": When,
		"2026-01-02T10:00:00": When, "A12": Label, "TRUE": Flag, "#N/A": Fault, "1.2": Amount, "¥2000.00": Amount,
	} {
		if got := Look(in); got != want {
			t.Errorf("%q: got %d, want %d", in, got, want)
		}
	}
}

func TestLetter(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		if got := Letter(i); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}

// What shops leave in their exports is read as the characters that it stands for; HTML, and what only looks like it, stays.
func TestUnescaped(t *testing.T) {
	for in, want := range map[string]string{
		"Ann &amp; Co":             "Ann & Co",
		"O&#39;Neil":               "O'Neil",
		"O&#039;Neil &#x27;x&#X27": "O'Neil 'x&#X27",
		"M&uuml;nchen &ndash; Ost": "München – Ost",
		"5&quot; pipe":             `5" pipe`,
		"a&nbsp;b":                 "a b",
		"&nbsp;":                   " ",
		"a &lt; b":                 "a < b",
		"Ann &amp;amp; Co":         "Ann & Co",
		"K&amp;ouml;ln":            "Köln",
		"&#24352;&#20255;":         "张伟",
		"&#1048;ван":               "Иван",
		"<p>Ann &amp; Co</p>":      "<p>Ann &amp; Co</p>",
		"<b>x":                     "<b>x",
		"AT&T; Ann":                "AT&T; Ann",
		"R&D":                      "R&D",
		"a&copy=1;b":               "a&copy=1;b",
		"&unknown;":                "&unknown;",
		"&#0;&#1;&#xD800;":         "&#0;&#1;&#xD800;",
		"&#99999999;":              "&#99999999;",
		"A&B;C":                    "A&B;C",
		"Tom&Jerry;":               "Tom&Jerry;",
	} {
		if got, first := Unescaped(in); got != want || (first != "") != (got != in) {
			t.Errorf("%q: %q, by %q, want %q", in, got, first, want)
		}
	}
}
