// Package words holds every sentence that people read, in English, Chinese and Russian.
//
// Each part of the program has its own file here with one catalogue; a test finds a key that misses
// a language or a placeholder. Provider wording is not here: it is in the provider documents.
package words

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
)

// catalogue maps a key ("reader.truncated") to its sentence. Placeholders are {name}; {name:row|rows} is the word in the form that the number
// {name} asks for: of two in English, of three in Russian (строка|строки|строк). Notes on files lie in ledgers by their keys, so a key that
// was once in use stays.
type catalogue map[string]batch.Text

// catalogues is the one list of them.
var catalogues = []catalogue{common, inbox, pipeline, providers, configs, mapper, csvWords, tables, sending, results, xml, workbook, sftp, simulation, workbookResult, templates, redrop, desk, console, receipts, noticing, books, standing}

var all = sync.OnceValue(join)

func join() catalogue {
	out := catalogue{}
	for _, c := range catalogues {
		for k, t := range c {
			if _, twice := out[k]; twice {
				panic("words: key " + k + " is defined twice")
			}
			out[k] = t
		}
	}
	return out
}

// Say turns a message into a sentence in language l. An unknown key is shown as it is, with its values.
func Say(l batch.Language, m batch.Message) string {
	text := m.Text
	if m.Key != "" {
		t, known := all()[m.Key]
		if !known {
			return strings.TrimSpace(m.Key + " " + fmt.Sprint(m.Args...))
		}
		text = t
	}
	return fill(declined(l, text.In(l), m.Args), m.Args)
}

// Of is Say for a key and its values: Of(lang, "row.ragged", "fields", 7, "columns", 5).
func Of(l batch.Language, key string, args ...any) string {
	return Say(l, batch.Message{Key: key, Args: args})
}

// Every is Of in every language.
func Every(key string, args ...any) batch.Text {
	return batch.InEach(func(l batch.Language) string { return Of(l, key, args...) })
}

// Has reports whether there is a sentence for the key.
func Has(key string) bool { _, is := all()[key]; return is }

// Message builds a message to be said later.
func Message(key string, args ...any) batch.Message { return batch.Message{Key: key, Args: args} }

func fill(s string, args []any) string {
	if len(args) == 0 {
		return s
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

var forms = patterns.New(`\{([a-z_]+):([^{}|]*(?:\|[^{}|]*)+)\}`)

// declined puts words into the forms that their numbers ask for. A number may have its thousands apart.
func declined(l batch.Language, s string, args []any) string {
	if !strings.Contains(s, "|") {
		return s
	}
	return forms.ReplaceAllStringFunc(s, func(found string) string {
		parts := forms.FindStringSubmatch(found)
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == parts[1] {
				n, _ := strconv.Atoi(strings.Map(digit, fmt.Sprint(args[i+1])))
				each := strings.Split(parts[2], "|")
				return each[min(form(l, n), len(each)-1)]
			}
		}
		return found
	})
}

func digit(r rune) rune {
	if '0' <= r && r <= '9' {
		return r
	}
	return -1
}

// form is which form of a word a language has for a number of things.
func form(l batch.Language, n int) int {
	switch {
	case l == batch.Chinese, l == batch.Russian && n%10 == 1 && n%100 != 11, l == batch.English && n == 1:
		return 0
	case l == batch.Russian && n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return 1
	}
	return 2
}

// Chain puts parts of a sentence behind each other, parted by the language's semicolon; empty ones are left out.
func Chain(l batch.Language, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	if l == batch.Chinese {
		return strings.Join(parts, "；")
	}
	return strings.Join(parts, "; ")
}

// Few lists the first of some rows of a file: "2, 3, 5, 7, 9, …".
func Few(numbers []int, sheets batch.Sheets) string {
	const most = 5
	text := sheets.Rows(numbers[:min(most, len(numbers))])
	if len(numbers) > most {
		text += ", …"
	}
	return text
}
