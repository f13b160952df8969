package providers

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/patterns"
)

// Dates that people write in words, or with the year in front: whoever reads them reads the same day. Where the day and the month could change
// places, or the year has two digits, nobody can tell, and the text is none of them.

// sureDay reads a date that has one reading only, whatever the field takes besides.
func sureDay(text string) (time.Time, bool) {
	if len(text) < len("20060102") || len(text) > 60 {
		return time.Time{}, false
	}
	text = strings.ToLower(norm.NFKC.String(text))
	if m := yearFirst.FindStringSubmatch(text); m != nil {
		day, ok := calendar(m[1]+m[4]+m[7], m[2]+m[5]+m[8], m[3]+m[6]+m[9])
		return day, ok && fallsOn(day, m[10])
	}
	return namedDay(text)
}

// yearFirst are 2030-1-31, 2030.01.31, 2030/1/31; 20300131; and 2030年1月31日 (星期四), 2030년 1월 31일. The last part is the day of the week.
var yearFirst = patterns.New(`^(?:(\d{4}) ?[-./] ?(\d\d?) ?[-./] ?(\d\d?)\.?|((?:19|20)\d\d)(\d\d)(\d\d)|(\d{4}) ?[年년] ?(\d\d?) ?[月월] ?(\d\d?) ?[日号號일] ?\(?(\pL*)\)?)$`)

// namedDay reads a day, a month by its name and a year of four digits, in any order.
func namedDay(text string) (time.Time, bool) {
	var year, month, day, week string
	for text != "" {
		var part string
		part, text = datePart(text)
		_, named := months[part]
		_, weekday := weekdays[part]
		switch {
		case part == "" || ofDates[part]:
		case len(part) == 4 && isDigits(part) && year == "":
			year = part
		case len(part) < 3 && isDigits(part) && day == "":
			day = part
		case named && month == "":
			month = strconv.Itoa(months[part])
		case weekday && week == "":
			week = part
		default:
			return time.Time{}, false
		}
	}
	found, ok := calendar(year, month, day)
	return found, ok && fallsOn(found, week)
}

// datePart cuts a number or a word off a text; "" where something else stands that may part them.
func datePart(text string) (part, rest string) {
	for _, is := range [...]func(rune) bool{unicode.IsDigit, unicode.IsLetter} {
		if at := strings.IndexFunc(text, func(r rune) bool { return !is(r) }); at > 0 {
			return text[:at], text[at:]
		} else if at < 0 {
			return text, ""
		}
	}
	if r, size := utf8.DecodeRuneInString(text); strings.ContainsRune(" .,-/", r) {
		return "", text[size:]
	}
	return text, "" // no part of a date
}

// calendar is the day of that name; false where no calendar has it.
func calendar(year, month, day string) (time.Time, bool) {
	found, err := time.Parse("2006-1-2", year+"-"+month+"-"+day)
	return found, err == nil
}

// fallsOn reports whether a day is the day of the week that stands beside it, if one does.
func fallsOn(day time.Time, week string) bool {
	at, known := weekdays[week]
	return week == "" || known && time.Weekday(at) == day.Weekday()
}

// months and weekdays are their names by the languages in which they mean one thing only: listopad is November in Polish and October in Croatian.
var (
	months = numbered(1, "jan january januar januari janvier janv jänner enero ene gennaio gen janeiro января январь янв",
		"feb february februar februari fév févr février fevrier febrero febbraio fev fevereiro февраля февраль фев февр",
		"mar march märz mär mrz maart mrt mars marzo março марта март мар", "apr april avril avr abril abr aprile апреля апрель апр",
		"may mai mei mayo maggio mag maio мая май", "jun june juni juin junio giugno giu junho июня июнь июн", "jul july juli juillet juil julio luglio lug julho июля июль июл",
		"aug august augustus août aout agosto ago августа август авг", "sep sept september septembre septiembre settembre set setembro сентября сентябрь сен сент",
		"oct october oktober okt octobre octubre ottobre ott outubro out октября октябрь окт", "nov november novembre noviembre novembro ноября ноябрь ноя нояб",
		"dec december dezember dez déc décembre diciembre dic dicembre dezembro декабря декабрь дек")
	weekdays = numbered(0, "sun sunday so sonntag вс воскресенье 星期日 星期天 周日 日 日曜日", "mon monday mo montag пн понедельник 星期一 周一 月 月曜日", "tue tuesday di dienstag вт вторник 星期二 周二 火 火曜日",
		"wed wednesday mi mittwoch ср среда 星期三 周三 水 水曜日", "thu thursday do donnerstag чт четверг 星期四 周四 木 木曜日", "fri friday fr freitag пт пятница 星期五 周五 金 金曜日", "sat saturday sa samstag сб суббота 星期六 周六 土 土曜日")
)

func numbered(first int, names ...string) map[string]int {
	out := map[string]int{}
	for i, ways := range names {
		for way := range strings.FieldsSeq(ways) {
			out[way] = first + i
		}
	}
	return out
}

// ofDates are words that stand in dates and say nothing.
var ofDates = map[string]bool{"st": true, "nd": true, "rd": true, "th": true, "of": true, "de": true, "del": true, "er": true, "г": true, "года": true}
