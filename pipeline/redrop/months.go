package redrop

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
)

// Spreadsheet programs show a day by the name of its month, and take a house number for one: 12/3 comes back as 3-Dec, 12月3日 or 03.дек.

// months are the beginnings of their names in the languages in which programs write them.
var months = [12]string{"jan янв ene gen sty", "feb фев fév fev lut", "mar мар mrz mär mrt", "apr апр avr abr kwi", "may май мая mai mei mag maj",
	"jun июн juin giu cze", "jul июл juil lug lip", "aug авг août ago sie", "sep сен set wrz", "oct окт okt ott out paź", "nov ноя lis", "dec дек dez déc dic gru"}

var chineseMonth = patterns.New(`^(?:(\d{4})年)?(\d{1,2})月(?:(\d{1,2})日)?$`)

// named understands a day that is written with the name of its month: that, and its one or two numbers. The month is 0 where text is no such day.
func named(text string) (numbers []string, month time.Month) {
	if f := chineseMonth.FindStringSubmatch(text); f != nil {
		n, _ := strconv.Atoi(f[2])
		numbers = slices.DeleteFunc([]string{f[1], f[3]}, func(s string) bool { return s == "" })
		if n > 12 || len(numbers) == 0 {
			return nil, 0
		}
		return numbers, time.Month(n)
	}
	if len(text) > 40 || !strings.ContainsAny(text, "0123456789") {
		return nil, 0
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" .,-/", r) }) {
		switch {
		case strings.Trim(word, "0123456789") == "" && len(word) <= 4 && len(numbers) < 2:
			numbers = append(numbers, word)
		case month == 0 && monthOf(word) > 0:
			month = monthOf(word)
		default:
			return nil, 0
		}
	}
	if len(numbers) == 0 {
		return nil, 0
	}
	return numbers, month
}

// monthOf is the month whose name a word is, or begins, 0 for none.
func monthOf(word string) time.Month {
	word = strings.ToLower(word)
	if utf8.RuneCountInString(word) < 3 || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return 0
	}
	for i, names := range months {
		if slices.ContainsFunc(strings.Fields(names), func(name string) bool { return strings.HasPrefix(word, name) }) {
			return time.Month(i + 1)
		}
	}
	return 0
}

// ofDay reports whether the numbers beside a month's name are those of a day: its day and year, or one of them.
func ofDay(numbers []string, day time.Time) bool {
	isDay := func(s string) bool { return equal(s, day.Day()) && len(s) <= 2 }
	isYear := func(s string) bool { return equal(s, day.Year()) || len(s) == 2 && equal(s, day.Year()%100) }
	if len(numbers) == 1 {
		return isDay(numbers[0]) || isYear(numbers[0])
	}
	return isDay(numbers[0]) && isYear(numbers[1]) || len(numbers[0]) == 4 && isYear(numbers[0]) && isDay(numbers[1])
}

func equal(digits string, n int) bool {
	v, err := strconv.Atoi(digits)
	return err == nil && v == n
}

// sameNamedDay compares a day that its sender wrote with the name of a month with what a program shows of it.
func sameNamedDay(own, text string) (bool, order) {
	n, month := named(own)
	if month == 0 || len(n) != 2 {
		return false, undecided
	}
	day, year := n[0], n[1]
	if len(day) == 4 {
		day, year = year, day
	}
	if len(year) == 2 {
		year = "20" + year
	}
	is, err := time.Parse("2006-1-2", year+"-"+strconv.Itoa(int(month))+"-"+strings.TrimLeft(day, "0"))
	if err != nil {
		return false, undecided
	}
	return sameDay(is.Format(time.DateOnly), text)
}

// sameShortDayText compares a text like 12/3 or 12/45 with the day, or the month, that a program took it for.
func sameShortDayText(own, text string) (bool, order) {
	if !shortDay.MatchString(own) && !shortMonth.MatchString(own) {
		return false, undecided
	}
	g := digits.FindAllString(own, -1)
	first, _ := strconv.Atoi(g[0])
	second, _ := strconv.Atoi(g[1])
	if n, month := named(text); month > 0 {
		return len(n) == 1 && (int(month) == first && (equal(n[0], second) || equal(n[0], second%100)) || int(month) == second && equal(n[0], first)), marred
	}
	if !dateText.MatchString(text) {
		return false, undecided
	}
	is := digits.FindAllString(text, -1)
	if len(is[0]) == 4 {
		is = is[1:]
	}
	return equal(is[0], first) && equal(is[1], second) || equal(is[0], second) && equal(is[1], first), undecided
}

var shortMonth = patterns.New(`^\d{1,2}[./-]\d{4}$`) // 5/2026, which is a month to a program
