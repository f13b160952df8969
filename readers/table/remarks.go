package table

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/labels"
	"github.com/rowferry/rowferry/patterns"
)

// Remark is what a row is that stands below a heading and may be no record.
type Remark uint8

// The remarks that Remarked tells apart.
const (
	Record  Remark = iota
	Total          // adds up others
	End            // says that nothing follows
	Footer         // page numbers, who printed it and when, notes
	Hint           // what is to be written into the columns
	Example        // how a row is to be written
)

// notes count the rows that are left out for what they are.
var notes = map[Remark]string{
	Total: "csv.note.totals", End: "table.note.end", Footer: "table.note.footer", Hint: "table.note.hint", Example: "table.note.example",
}

// Note is the key of the sentence that counts such rows; "" for records.
func (r Remark) Note() string { return notes[r] }

// Near is how many rows below the heading hints and examples are looked for.
const Near = 10

// certain sums nobody has for a name; a row that begins with one is no record. Those that somebody may be called are doubtful alone.
var (
	certain = set("合计", "总计", "小计", "共计", "总合计", "累计", "合计数", "总数量", "总数", "总件数", "总重量", "总金额", "合計", "總計", "小計", "共計", "總數",
		"итого", "всего", "подытог", "подитог", "промежуточный итог", "итоговая сумма", "общий итог", "общая сумма", "общее количество", "всего к оплате",
		"grand total", "subtotal", "sub total", "sub-total", "total général", "total general", "sous-total", "sous total", "gran total", "suma total", "importe total",
		"gesamtsumme", "zwischensumme", "endsumme", "gesamtbetrag", "gesamtanzahl", "summe gesamt", "genel toplam", "totale generale", "subtotale", "total geral",
		"totales", "totaux", "subtotales", "sous-totaux", "gesamtsummen", "итоги", "всього",
		"number of records", "number of rows", "number of orders", "number of lines", "no. of records", "no. of rows", "no. of orders", "record count", "row count", "line count", "order count",
		"anzahl datensätze", "anzahl der datensätze", "anzahl zeilen", "anzahl der zeilen", "anzahl aufträge", "anzahl sendungen", "nombre de lignes", "nombre d'enregistrements", "nombre de commandes",
		"número de registros", "número de filas", "número de pedidos", "número de líneas", "cantidad de registros", "cantidad de pedidos",
		"σ", "∑", "контрольная сумма", "kontrollsumme", "prüfsumme", "checksum", "hash total", "control total", "среднее значение", "平均", "平均值", "均值", "durchschnitt", "mittelwert",
		"carried forward", "brought forward", "carry forward", "balance carried forward", "übertrag", "a reporter", "report à nouveau", "suma y sigue", "承前页", "过次页", "转下页",
		"gesamtergebnis", "gesamtmittelwert", "grand count", "grand average", "総計", "小計", "総合計", "eindtotaal", "subtotaal", "suma końcowa", "suma częściowa", "mezisoučet", "celkový součet", "medzisúčet",
		"tổng cộng", "tổng số", "tổng tiền", "รวม", "รวมทั้งสิ้น", "รวมทั้งหมด", "ยอดรวม", "ผลรวม", "المجموع", "الإجمالي", "الاجمالي", "المجموع الكلي", "الإجمالي الكلي",
		"סה\"כ", "סה״כ", "סך הכל", "סך הכול", "σύνολο", "γενικό σύνολο", "कुल योग", "합 계", "총 계", "총 합계", "소 계", "összesen", "celkem", "yhteensä", "ukupno",
		"iš viso", "общо", "разом", "усього", "барлығы",
		"ara toplam", "végösszeg", "részösszeg", "totalsumma", "delsumma", "합계", "총합계", "총계", "소계", "общее среднее", "cuenta general", "promedio general",
		"количество записей", "количество строк", "количество заказов", "число записей", "число строк", "число заказов", "总条数", "总行数", "总票数", "总单数", "数据条数", "總筆數")
	doubtful = set("total", "totals", "sum", "汇总", "总和", "總和", "сумма", "итог", "total amount", "page total",
		"summe", "gesamt", "insgesamt", "razem", "suma", "somme", "toplam", "totale", "totaal", "ttl", "sub", "общее", "общий", "общая", "общие", "ges.", "总", "總", "overall", "ensemble", "jumlah", "spolu",
		"average", "avg", "avg.", "mean", "median", "moyenne", "promedio", "media", "среднее", "в среднем", "balance", "saldo", "solde", "остаток", "结余", "余额")
	counted = set("count", "number", "rows", "records", "orders", "lines", "anzahl", "zeilen", "количество", "кол-во", "строк", "записей", "заказов",
		"nombre", "lignes", "cantidad", "número", "numero", "filas", "registros", "pedidos", "líneas", "datensätze", "aufträge", "sendungen", "enregistrements", "commandes", "items", "条数", "笔数", "订单数", "数量", "行数", "记录数", "单数", "件数", "票数")
	// group stands behind the name of a group where a spreadsheet adds up each: "Bonn Ergebnis", "Rome Count".
	group = set("ergebnis", "anzahl", "mittelwert", "count", "количество", "celkem", "součet", "összesen", "summa", "합계", "요약", "개수", "小計", "集計")
	// extra stands where totals stand: what is added to them, or taken off.
	extra = set("vat", "tax", "taxes", "sales tax", "gst", "discount", "rebate", "freight", "shipping", "postage", "handling", "surcharge", "fuel surcharge", "insurance", "rounding", "net", "gross", "due", "amount due",
		"mwst", "mwst.", "ust", "ust.", "umsatzsteuer", "mehrwertsteuer", "rabatt", "skonto", "fracht", "versand", "versandkosten", "porto", "zuschlag", "versicherung", "netto", "brutto",
		"ндс", "налог", "скидка", "доставка", "фрахт", "страховка", "округление", "к оплате", "без ндс", "в т.ч. ндс", "в том числе ндс",
		"tva", "taxe", "taxes", "remise", "port", "frais de port", "livraison", "assurance", "net à payer", "iva", "impuesto", "impuestos", "descuento", "flete", "envío", "envio", "gastos de envío", "seguro", "portes",
		"税", "税额", "税费", "增值税", "運費", "运费", "折扣", "优惠", "保费", "手续费", "附加费", "应付", "实付", "稅額")
	ends = set("end", "eof", "end of file", "end of report", "end of list", "end of data", "end of table", "end of document", "the end", "ende", "listenende", "dateiende",
		"конец", "конец файла", "конец отчета", "конец отчёта", "конец списка", "конец таблицы", "fin", "fin du fichier", "fin de la liste", "fin du rapport", "fin du tableau", "fin del archivo",
		"fin del informe", "fin de la lista", "fin de lista", "结束", "完", "完毕", "全部完", "以下空白", "以下为空", "以下為空", "以下无正文", "以下無正文", "以上", "報表結束", "报表结束", "文件结束", "列表结束", "数据结束", "已到末尾",
		"trailer", "trl", "tlr", "footer", "eot", "eod", "fin de fichier", "finale", "schlusssatz", "нет данных ниже")
	endings  = []string{"end of ", "ende der ", "ende des ", "конец ", "fin de ", "fin du ", "fin del ", "以下空白", "以下无", "以下無"}
	examples = set("示例", "例", "样例", "範例", "范例", "例子", "举例", "例如", "比如", "示例数据", "样例数据", "例子数据", "样本", "example", "examples", "e.g", "eg", "ex", "sample", "for example", "example row", "sample row", "sample data",
		"пример", "например", "напр", "образец", "beispiel", "beispielzeile", "z.b", "bsp", "muster", "exemple", "p. ex", "par exemple", "ejemplo", "p. ej", "por ejemplo", "muestra")
)

// exampleNames are those that are looked for within a text, the longest first; exemplary are the few of which each has one in it.
var (
	exampleNames = sync.OnceValue(func() (names []string) {
		for name := range examples {
			if len(name) >= 3 {
				names = append(names, name)
			}
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
		return names
	})
	exemplary = sync.OnceValue(func() (stems []string) {
		for _, name := range slices.Backward(exampleNames()) {
			if !slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(name, stem) }) {
				stems = append(stems, name)
			}
		}
		return stems
	})
)

// deleted are words that stand in an example's remark ("example, please delete") beside the word for it.
var deleted = []string{"删", "刪", "勿", "仅供", "僅供", "delete", "remove", "do not", "удал", "lösch", "loesch", "supprim", "elimin", "borr", "not a real", "for reference", "参考"}

var footer = patterns.New(`^(` +
	`(page|seite|стр\.?|страница|página|pagina|pág\.?) ?\d+( ?(of|/|von|из|sur|de) ?\d+)?` +
	`|第 ?\d+ ?[页頁]([,，/ ]*共 ?\d+ ?[页頁])?|共 ?\d+ ?[页頁]` +
	`|(printed|generated|exported|created|downloaded|report date|run date|print date|as of|last updated?)\b.*\d.*` +
	`|(gedruckt|erstellt|exportiert|druckdatum|stand)\b.*\d.*` +
	`|(imprimé|édité|généré|exporté|impreso|generado|exportado|fecha de impresión).*\d.*` +
	`|(сформирован\S*|отч[её]т сформирован|выгружен\S*|напечатан\S*|дата (печати|формирования|выгрузки)).*\d.*` +
	`|(制表|制单|打印|列印|导出|匯出|审核|填表|经办|复核|製表|审批)(人|时间|日期|员|者)? ?:.*` +
	`|(исполнитель|составил|проверил|подпись|ответственный|дата) ?:.*` +
	`|(prepared by|checked by|approved by|signature|signed|erstellt von|geprüft|unterschrift|établi par|vérifié par|elaborado por|revisado por|firma) ?:.*` +
	`|(note|notes|remark|remarks|hinweis|hinweise|bemerkung|anmerkung|remarque|nota|notas|примечани[ея]|备注|備註|注|说明|說明|注意) ?:.*` +
	`|[*※] ?.*(required|mandatory|pflicht|obligat|обязат|必填).*` +
	`)$`)

var descriptor = patterns.New(`^(` +
	`(text|string|number|numeric|integer|int|decimal|float|date|datetime|time|char|varchar|boolean|bool|alphanumeric|alphabetic|free text|digits|letters|characters|chars` +
	`|文本|文字|数字|数值|日期|时间|整数|小数|字符|字符串|字母|是/否|下拉选择|текст|число|дата|строка|целое|время|цифры|буквы|символы|textfeld|zahl|datum|ganzzahl|ziffern|buchstaben|zeichen|texte|nombre|entier|chiffres|lettres|caractères|texto|número|numero|fecha|entero|dígitos|letras|caracteres)( ?\(?\d+([,.]\d+)?\)?)?` +
	`|[ymdhjtaдмгsf]{2,4}([-/. :年月日t][ymdhjtaдмгsf]{1,4}){1,5}日?` +
	`|(max|max\.|maximum|min|min\.|up to|最多|最长|不超过|до|не более|bis|bis zu|maximal|jusqu'à|hasta|<=|≤|<) ?\d+.*` +
	`|\d+[ -]?(digits?|chars?|characters?|letters?|decimals?|decimal places|цифр\S*|знак\S*|символ\S*|букв\S*|chiffres?|caractères?|lettres?|décimales?|dígitos?|caracteres|cifras?|letras?|decimales?|ziffern?|stellen|stellig\S*|zeichen|buchstaben|nachkommastellen|位.*|个字.*|字.*)( only| max\.?)?` +
	`|(digits|numbers|letters|figures) only|nur (ziffern|zahlen|buchstaben)|только (цифры|буквы|числа)|(chiffres|lettres) (uniquement|seulement)|(solo|sólo) (dígitos|números|letras)|仅(限)?(数字|字母)|(只能|请)?(填|填写|输入)(数字|字母|日期|电话|手机号).*` +
	`|y/n|yes/no|j/n|ja/nein|да/нет|oui/non|sí/no|si/no` +
	`)$`)

// Remarked tells a record from what people and programs write between and below the records. line is the row's place below the
// heading, from 1. The cells stand at their columns, of which the table has so many. odd is what Watch.Odd says of the row. Where
// nobody can tell, doubt is set: the row must not be sent unasked, and must not be left out either.
func Remarked(cells []string, columns, line int, odd bool) (what Remark, doubt bool) {
	r := read(cells)
	switch {
	case r.filled == 0:
		return Record, false
	case line <= Near && r.hint():
		return Hint, false
	}
	if what, doubt = r.total(columns, odd); what != Record {
		return what, doubt
	}
	if line <= Near {
		if what, unsure := r.example(); what != Record || unsure {
			return what, unsure
		}
	}
	if what, unsure := r.end(columns); what != Record || unsure {
		return what, unsure
	}
	return Record, doubt
}

// Section reports whether a row may be the title of those below it: it has one text, which is none like the other rows have there.
// unlike says that they have digits, and it has none. Such a row must not be sent unasked.
func Section(cells []string, unlike bool) bool {
	if len(cells) < 2 || Filled(cells) != 1 {
		return false
	}
	for _, c := range cells {
		if !blank(c) {
			word := plainWord(c)
			return unlike || strings.HasSuffix(word, ":") || strings.Trim(word, ornaments+"()[]【】") != word && len(strings.Trim(word, "*-=_~#<>")) < len(word)-1
		}
	}
	return false
}

// MayTitle is a quick look at a row's first text: false when Section says no of a row that has digits where others have.
func MayTitle(word []byte) bool {
	last := word[len(word)-1]
	return last == ':' || last >= utf8.RuneSelf || strings.IndexByte(ornaments, word[0]) >= 0
}

// remark is a row as Remarked looks at it.
type remark struct {
	cells   []string // those that show something, plain
	at      int      // column of the first one
	word    string   // the first one that is no number
	others  int      // numbers beside it
	strange bool     // there is more than numbers, units and blanks beside it
	filled  int
	beside  bool // the cell right of the first one is empty
	again   bool // the word stands in several cells
}

func read(cells []string) remark {
	r := remark{at: -1}
	for i, c := range cells {
		if blank(c) {
			continue
		}
		if r.filled++; r.at < 0 {
			r.at, r.beside = i, i+1 >= len(cells) || blank(cells[i+1])
		}
		if len(c) > 200 {
			r.strange = true
			continue
		}
		text := plainWord(c)
		r.cells = append(r.cells, text)
		switch k := Look(c); {
		case k == Amount || k == Year || k == Fault:
			r.others++
		case r.word == "":
			r.word = text
		case text == r.word:
			r.again = true
		case !units[text]:
			r.strange = true
		}
	}
	return r
}

var units = set("kg", "g", "t", "lb", "lbs", "m3", "cbm", "pcs", "pc", "ctn", "ctns", "eur", "usd", "cny", "rmb", "rub", "шт", "шт.", "кг", "руб", "руб.", "м3", "stk", "st", "件", "箱", "票", "公斤", "千克", "吨", "元", "个", "立方", "单", "方")

// plainWord folds width and case, drops blanks between Chinese letters, and the ornaments around a text.
func plainWord(s string) string {
	if plain, as := ascii(s); plain {
		if !as {
			s = strings.Join(strings.Fields(strings.ToLower(s)), " ")
		}
		return s
	}
	s = strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
	s = strings.TrimFunc(s, invisible)
	if first, _ := utf8.DecodeRuneInString(s); unicode.Is(unicode.Han, first) {
		s = strings.ReplaceAll(s, " ", "")
	}
	return s
}

// ascii reports whether s has only characters of ASCII, and whether plainWord leaves it as it is.
func ascii(s string) (plain, as bool) {
	as = true
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return false, false
		}
		if c < ' ' || c == ' ' && last == ' ' || c >= 'A' && c <= 'Z' {
			as = false
		}
		last = c
	}
	return true, as && last != ' '
}

const ornaments = "*-=_~#<>·•.…—–─ /\\|!\"'`“”«»"

// total judges a row that may add up others. A word that may be a name (Total sells oil) counts only where the row has gaps
// and numbers as a total has. odd: it has a word where others have digits, and a gap where they have none.
func (r *remark) total(columns int, odd bool) (Remark, bool) {
	head, rest, colon := strings.Cut(strings.Trim(joined(spaced(r.word)), ornaments+"()[]【】"), ":")
	head = strings.Trim(head, ornaments+"()[]【】")
	rest = strings.TrimSpace(rest)
	plain, _, _ := strings.Cut(head, "(")
	bare := strings.TrimSpace(strings.TrimRightFunc(plain, func(c rune) bool { return !unicode.IsLetter(c) && c != '.' && c != '∑' }))
	numbered := bare != head || colon && HasDigit(rest)
	gaps := r.filled < columns || r.again
	alone := r.filled == 1 && columns > 1
	sums := r.others > 0 && gaps && (r.at > 0 || r.beside || r.again) // as a total has
	switch {
	case r.word == "" || bare == "":
		return Record, false
	case r.word == "record(s) downloaded", r.word == "records downloaded": // eBay writes its sentence into several cells
		return Total, r.strange
	case certain[bare], suffixed(bare), amounted(head):
		return Total, r.strange
	case prefixed(bare) && (numbered || colon || sums):
		return Total, r.strange
	case counted[bare] && colon && HasDigit(rest) && !r.strange && gaps && columns > 1:
		return Total, false
	case alone && (tallied.MatchString(r.word) || counting(bare) && colon && HasDigit(rest) || summing(bare) && HasDigit(r.word)):
		return Total, false
	case extra[bare] && r.others > 0 && !r.strange && columns > 1:
		return Record, true
	case doubtful[bare] && r.strange:
		return Record, gaps && (numbered || colon || odd && r.others > 0)
	case doubtful[bare] && (numbered || colon):
		return Total, columns == 1
	case doubtful[bare] && sums:
		return Total, false
	case doubtful[bare]:
		return Record, columns > 1
	case r.strange || columns == 1:
		return Record, odd && r.filled*2 <= columns
	case (within(bare) || ending(bare)) && (sums || numbered && (alone || colon)):
		return Total, false
	case begins(bare) && (sums || numbered):
		return Total, false
	case begins(bare) && r.filled == 1 && columns > 2, (begins(bare) || within(bare) || ending(bare) || counting(bare)) && r.others > 0:
		return Record, true
	}
	return Record, odd && (r.others > 0 || r.filled*2 <= columns)
}

// spaced: t o t a l.
func spaced(word string) string {
	letters := strings.Fields(word)
	if len(letters) < 4 || slices.ContainsFunc(letters, func(l string) bool { return utf8.RuneCountInString(l) > 1 && l[len(l)-1] != ':' }) {
		return word
	}
	return strings.Join(letters, "")
}

// joined: grand_total. With digits it is a code.
func joined(word string) string {
	if HasDigit(word) {
		return word
	}
	return strings.ReplaceAll(word, "_", " ")
}

// prefixed: 合计金额(大写).
func prefixed(phrase string) bool {
	for _, sum := range []string{"合计", "总计", "小计", "共计", "合計", "總計", "小計", "共計"} {
		if strings.HasPrefix(phrase, sum) && utf8.RuneCountInString(phrase) <= 12 {
			return true
		}
	}
	return false
}

// counting reports whether a phrase begins with what is counted: "nombre de colis".
func counting(phrase string) bool {
	first, rest, _ := strings.Cut(phrase, " ")
	return counted[first] && strings.Count(rest, " ") < 4
}

// summing reports whether a phrase begins with a sum that nobody is called by: "всего наименований 3, на сумму 7 руб.".
func summing(phrase string) bool {
	first, _, _ := strings.Cut(phrase, " ")
	return certain[first]
}

// ending reports whether a few words end with a sum: "peso total", "gesamtgewicht", "gewichtssumme", "итого".
func ending(phrase string) bool {
	first, last := phrase, phrase
	if i := strings.LastIndexByte(phrase, ' '); i >= 0 {
		last = phrase[i+1:]
	}
	switch {
	case strings.Count(phrase, " ") > 3:
		return false
	case strings.HasPrefix(first, "gesamt"), strings.HasSuffix(last, "summe"), strings.HasSuffix(last, "gesamt"):
		return true
	}
	return first != last && (certain[last] || doubtful[last] || group[last])
}

// suffixed: 人民币合计, 上海 汇总.
func suffixed(word string) bool {
	for _, sum := range []string{"合计", "总计", "小计", "共计", "汇总", "合計", "總計", "小計", "匯總", "総計", "集計"} {
		if strings.HasSuffix(word, sum) && utf8.RuneCountInString(word) <= 8 {
			return true
		}
	}
	return false
}

var amount = patterns.New(`^((总?共|總?共|合共|合计|总计|合計|總計|小计|小計|共计|累计)[为:]?[\d.,]+\p{Han}{0,3}|[\d.,]+ ?(orders|rows|items|records|lines|parcels|sendungen|aufträge|заказ\S*|строк\S*|commandes|pedidos) (in total|total|gesamt|insgesamt|всего|au total|en total))$`)

// tallied: (2 rows affected), 15 records.
var tallied = patterns.New(`^\(?\d[\d.,]* ?(rows?|records?|lines?|items?|orders?|parcels?|shipments?|zeilen|datensätze|aufträge|sendungen|строк[аи]?|запис(ь|и|ей)|заказ(а|ов)?|lignes?|commandes?|filas?|pedidos?|registros?|行|条|票|单|条记录|行记录)( ?\(?s\)?)?( (affected|selected|returned|exported|in set|found|total))?\.?\)?$`)

// amounted: 共5件, 合计3票, 5 orders in total.
func amounted(word string) bool { return amount.MatchString(word) }

// within reports whether a phrase that begins with what is counted has a word for all of it: "nombre total de colis", "anzahl gesamt".
func within(phrase string) bool {
	first, rest, more := strings.Cut(phrase, " ")
	if !more || !counted[first] {
		return false
	}
	for word := range strings.FieldsSeq(rest) {
		if certain[word] || doubtful[word] {
			return true
		}
	}
	return false
}

// begins reports whether a phrase of a few words begins with a sum: "total orders", "итого по складу".
func begins(phrase string) bool {
	first, rest, more := strings.Cut(phrase, " ")
	if !more || strings.Count(rest, " ") > 3 {
		return false
	}
	return first != "sub" && (certain[first] || doubtful[first])
}

// hint: the cells say what is to be written: all of them, or where one says that it must be filled, the first and most others.
func (r *remark) hint() bool {
	marked, described, shorthand := 0, 0, 0
	for i, c := range r.cells {
		marks, forms, all := r.forms(c, marked+described > 0)
		switch {
		case all && marks > 0:
			marked++
		case all && forms > 0:
			described++
		case i == 0 && !short[c]:
			return false
		}
		if short[c] {
			shorthand++
		}
	}
	switch n := marked + described; {
	case len(r.cells) != r.filled:
		return false
	case shorthand == r.filled:
		return r.filled > 2 && slices.Contains(r.cells, "m") && slices.ContainsFunc(r.cells, func(c string) bool { return c != "m" })
	case n == r.filled:
		return marked > 0 || described > 1
	default:
		return marked > 0 && n > 1 && n*2 >= r.filled
	}
}

// coded reports whether a text is a number or a code, as records have them and descriptions have not: 1250, A-1.
func coded(s string) bool {
	if s == "" || s[len(s)-1] < '0' || s[len(s)-1] > '9' {
		return false
	}
	letters := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf || c == '(' || c == ' ' || c == '<' || c == '=':
			return false
		case c == '-' || c == '_':
			return true
		case c >= 'a' && c <= 'z':
			letters = true
		}
	}
	return !letters
}

// short is how tables of fields write mandatory, optional, conditional.
var short = set("m", "o", "c")

// forms counts the parts of a cell that say that it must be filled, and those that say with what; all: there are no others.
func (r *remark) forms(c string, begun bool) (marks, described int, all bool) {
	for _, part := range strings.FieldsFunc(c, func(c rune) bool { return strings.ContainsRune(",;、", c) }) {
		form := strings.TrimSpace(strings.Trim(part, "()[]【】<> "))
		switch {
		case strings.Trim(form, "*") != "" && labels.IsMark(labels.Normal(form)):
			marks++
		case !coded(form) && descriptor.MatchString(form), begun && unitOf(form), form != part && units[form] && strings.HasPrefix(c, "("):
			described++
		default:
			return marks, described, false
		}
	}
	return marks, described, true
}

// unitOf: kg, in kg, 单位:公斤.
func unitOf(form string) bool {
	for _, before := range []string{"in ", "unit: ", "unit:", "unit ", "单位:", "单位", "единица: ", "в ", "einheit: ", "unité: ", "en "} {
		if rest, ok := strings.CutPrefix(form, before); ok {
			form = rest
			break
		}
	}
	return units[form]
}

// example judges a row that may be the example of a form, which is to be replaced or deleted.
func (r *remark) example() (Remark, bool) {
	for i, c := range r.cells {
		if i == 0 && examples[strings.Trim(c, ornaments+"()[]【】〔〕:")] {
			return Example, false
		}
		if !slices.ContainsFunc(exemplary(), func(stem string) bool { return strings.Contains(c, stem) }) {
			continue
		}
		for _, name := range exampleNames() {
			if !strings.Contains(c, name) {
				continue
			}
			if slices.ContainsFunc(deleted, func(d string) bool { return strings.Contains(c, d) }) {
				return Example, false
			}
			if i > 0 {
				continue
			}
			switch is, maybe := called(c, name); {
			case is:
				return Example, false
			case maybe:
				return Record, true
			}
		}
	}
	return Record, false
}

// called tells whether a text that has a word for an example in it calls the row one: "(sample)", "示例: A-1", "order [example]". It may also be a
// record's own, with a number: "sample 7".
func called(text, name string) (is, maybe bool) {
	rest, begins := strings.CutPrefix(strings.TrimLeft(text, "([【〔<*"), name)
	if !begins {
		before, ends := strings.CutSuffix(strings.TrimRight(text, ")]】〕>"), name)
		return ends && slices.ContainsFunc([]string{"(", "[", "<", "【"}, func(open string) bool { return strings.HasSuffix(before, open) }), false
	}
	if strings.HasPrefix(rest, " :") {
		rest = rest[1:]
	}
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune(":)]】〕>=", first):
		return true, false
	case unicode.Is(unicode.Han, firstRune(name)) && !unicode.Is(unicode.Han, first) && len(name) > 3:
		return true, false
	}
	return false, unicode.IsDigit(first) || strings.ContainsRune(" -_.", first) && HasDigit(rest)
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }

// end judges a row that may say that nothing follows, or who made the table and when.
func (r *remark) end(columns int) (Remark, bool) {
	if len(r.cells) != r.filled {
		return Record, false
	}
	if word := strings.TrimSpace(strings.Trim(r.word, ornaments+"()[]【】:;")); ends[word] || closing(word) {
		switch {
		case r.filled == 1:
			return End, columns == 1
		case r.strange || r.others == 0:
		case r.filled == columns:
			return Record, true
		case word != r.word || closing(word):
			return End, false
		default:
			return Record, true
		}
	}
	if columns < 2 || !noted(r.word) {
		return Record, false
	}
	notes := 0
	for _, c := range r.cells {
		if noted(c) {
			notes++
		}
	}
	switch {
	case notes == r.filled:
		return Footer, r.filled == columns && columns < 3
	case notes > 1 && notes+r.others == r.filled && r.filled < columns:
		return Footer, false
	}
	return Record, false
}

func noted(cell string) bool { return footer.MatchString(strings.Trim(cell, "-—– ")) }

// closing: "end of report", "以下空白".
func closing(word string) bool {
	return utf8.RuneCountInString(word) <= 40 && slices.ContainsFunc(endings, func(e string) bool { return strings.HasPrefix(word, e) })
}

// letters are the first ones of many words: three of an ASCII word, one of others.
type letters struct {
	three [1 << 15]bool
	one   map[rune]bool
}

func (l *letters) take(w string) {
	if r := firstRune(w); r >= utf8.RuneSelf {
		l.one[r], l.one[unicode.ToUpper(r)] = true, true
		return
	}
	if len(w) >= 3 && w[1] < utf8.RuneSelf && w[2] < utf8.RuneSelf {
		l.three[lead(w[0], w[1], w[2])] = true
	}
}

// begin reports whether a word begins as one of them.
func (l *letters) begin(word []byte) bool {
	switch {
	case len(word) < 3:
		return false
	case word[0] >= utf8.RuneSelf:
		r, _ := utf8.DecodeRune(word)
		return l.one[r]
	}
	return word[1] >= utf8.RuneSelf || word[2] >= utf8.RuneSelf || l.three[lead(word[0], word[1], word[2])]
}

// behind are the letters of the words that end the label of a sum.
var behind = func() (l letters) {
	l.one = map[rune]bool{}
	for _, list := range []map[string]bool{certain, doubtful, group} {
		for w := range list {
			l.take(w)
		}
	}
	return l
}()

// ahead are the letters of all words that remarks begin with.
var ahead = func() (l letters) {
	l.one = map[rune]bool{}
	for _, list := range []map[string]bool{certain, doubtful, counted, extra, ends} {
		for w := range list {
			l.take(w)
		}
	}
	for w := range strings.FieldsSeq(`page seite página pag printed generated exported created downloaded report run print as_of last gedruckt erstellt exportiert druckdatum stand
		imprimé édité exporté impreso generado exportado fecha prepared checked approved signature signed geprüft unterschrift vérifié elaborado revisado firma
		note remark hinweis bemerkung anmerkung nota стр отчет сформирован выгружен напечатан дата исполнитель составил проверил подпись ответственный примечание
		第 共 制 打 列 导 匯 审 填 经 复 製 备 備 注 说 說 总 總 合 累`) {
		l.take(w)
	}
	return l
}()

// MayRemark is a quick look at a row's first text: false when Remarked would say that it is a record, for a row further down than
// hints and examples are. It costs a few nanoseconds.
func MayRemark(word []byte) bool {
	if len(word) > 200 {
		return false
	}
	c := word[0]
	if c < utf8.RuneSelf {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			if len(word) < 3 || len(word) > 64 {
				return false
			}
			if at := bytes.IndexByte(word, ' '); at > 0 && (at == 1 || hasTotal(word[at:]) || behind.begin(word[bytes.LastIndexByte(word, ' ')+1:])) {
				return true
			}
			return ahead.begin(word)
		case c >= '0' && c <= '9':
			return len(word) > 4 && word[len(word)-1] >= '.' && (bytes.IndexByte(word, ' ') > 0 || word[len(word)-1] >= utf8.RuneSelf)
		}
		return strings.IndexByte("*-=#<([/_~.", c) >= 0 && (len(word) < 2 || word[1] < '0' || word[1] > '9')
	}
	r, _ := utf8.DecodeRune(word)
	if ahead.one[r] || !unicode.IsLetter(r) {
		return true
	}
	if unicode.Is(unicode.Han, r) {
		return len(word) <= 36 && slices.ContainsFunc(sumsOf, func(sum []byte) bool { return bytes.Contains(word, sum) })
	}
	at := bytes.LastIndexByte(word, ' ')
	return at > 0 && behind.begin(word[at+1:])
}

// sumsOf are in the Chinese words for a sum.
var sumsOf = [][]byte{[]byte("计"), []byte("計"), []byte("汇总"), []byte("匯總")}

// hasTotal reports whether the word is in a text of ASCII.
func hasTotal(text []byte) bool {
	for i := 0; i+5 <= len(text); i++ {
		if text[i]|0x20 == 't' && strings.EqualFold(string(text[i:i+5]), "total") {
			return true
		}
	}
	return false
}

// lead numbers three letters, whatever their case; all that is no letter counts as one.
func lead(a, b, c byte) int { return five(a)<<10 | five(b)<<5 | five(c) }

func five(c byte) int {
	if c |= 0x20; c >= 'a' && c <= 'z' {
		return int(c - 'a')
	}
	return 31
}
