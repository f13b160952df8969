package proposal

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

// How much of a sample is looked at.
const (
	mostRows   = 5000
	mostValues = 300 // distinct ones of a column
)

// cell is one value of the sample.
type cell struct {
	text string
	kind batch.Kind
}

// look reads columns and values where a route without a map would read them: what goes by the provider's names decides between sheets,
// heading rows and records, and where two fit, it says so.
func (p *Proposal) look(ctx context.Context, path string) error {
	read := p.Read
	read.Unzip = true
	if m, err := mappers.Compile(p.Operation, mappers.Settings{Language: p.Language}); err == nil {
		read.Wants = m
	}
	f, err := opening.At(ctx, &route.Route{Read: read}, path, p.Sample)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := f.Table(ctx, nil)
	if err != nil {
		return err
	}
	p.Format, p.Read.Unzip = t.Format, f.Member != ""
	p.columns = slices.Clone(t.Columns())
	p.pin(t)
	p.cells = make([][]cell, len(p.columns))
	if len(p.columns) == 0 {
		return &batch.Unreadable{Message: words.Message("take.no_rows")}
	}
	for row, err := range t.Rows() {
		if err != nil {
			return err
		}
		if p.rows++; p.rows > mostRows {
			break
		}
		for i, c := range row.Cells {
			text := strings.TrimSpace(c.Text)
			if i >= len(p.cells) || text == "" || c.Kind == batch.Faulty || len(p.cells[i]) >= mostValues {
				continue
			}
			if !slices.ContainsFunc(p.cells[i], func(o cell) bool { return o.text == text && o.kind == c.Kind }) {
				p.cells[i] = append(p.cells[i], cell{strings.Clone(text), c.Kind})
			}
		}
	}
	return nil
}

// pin writes down where the rows were found, where other files of the kind may leave a choice: the record of markup, and the sheet of
// a workbook that has several with data.
func (p *Proposal) pin(t readers.Table) {
	at := t.Layout()
	p.Read.Record = cmp.Or(p.Read.Record, at.Record)
	several := slices.ContainsFunc(t.Notes(), func(n batch.Note) bool { return n.Message.Key == "workbook.note_other_sheet" })
	if several {
		p.Read.Sheet = cmp.Or(p.Read.Sheet, at.Sheet)
	}
}

// fold is the form in which names are compared here: as the mapping compares them, but with blanks.
func fold(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }

// trusted reports whether a near spelling is so near that the column may be used: the same words but for one slip in
// each, or some of them, and the same numbers. "Consignee zip" is not the consignee's name, 收货人 not 发货人, and "UN
// number 2" not "UN number", however alike they look. And its values must be such as the field takes.
func (p *Proposal) trusted(f *Field) bool {
	heading := p.columns[f.Column].Name
	if heading == "" {
		heading = p.columns[f.Column].Ref
	}
	telling := len(f.Schema.Enum) > 0 || isDate(f.Field) // values that fit such a field speak for it
	telling = telling && p.fitting(f) > 0
	return p.suits(f) && slices.ContainsFunc(names(f.Field), func(n string) bool { return n != "" && sameWords(heading, n, telling) })
}

// suits reports whether most values of the column are such as the field takes.
func (p *Proposal) suits(f *Field) bool { return 2*p.fitting(f) >= len(p.cells[f.Column]) }

// fitting counts values of the column that the field takes, or would with a word in the map.
func (p *Proposal) fitting(f *Field) (fit int) {
	for _, c := range p.cells[f.Column] {
		if fits(f.Field, c) || len(layoutsOf(c.text)) > 0 && isDate(f.Field) || guess(f.Field, c.text) != "" {
			fit++
		}
	}
	return fit
}

func fits(f *providers.Field, c cell) bool {
	_, _, bad := f.Append(nil, c.text, c.kind)
	return bad == nil
}

// sameWords compares two names word by word. The shorter one may lack words, but not most of the letters, unless few will do.
func sameWords(a, b string, few bool) bool {
	if digits(a) != digits(b) {
		return false
	}
	x, y := split(a), split(b)
	if letters(x) > letters(y) {
		x, y = y, x
	}
	if len(x) == 0 || !few && 2*letters(x) < letters(y) {
		return false
	}
	y = slices.Clone(y)
	for _, w := range x {
		i := slices.IndexFunc(y, func(o string) bool { return alike(w, o) })
		if i < 0 {
			return false
		}
		y = slices.Delete(y, i, i+1)
	}
	return true
}

func letters(words []string) int { return utf8.RuneCountInString(strings.Join(words, "")) }

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFKC.String(s))
}

// split gives the words of a name: "clientRefNo." is client, ref, no. Han text is one word as long as it runs.
func split(s string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, fold(string(word)))
		}
		word = word[:0]
	}
	var last rune
	for _, r := range norm.NFKC.String(s) {
		if !unicode.IsLetter(r) {
			end()
			last = r
			continue
		}
		if unicode.IsLower(last) && unicode.IsUpper(r) || last != 0 && unicode.IsLetter(last) && unicode.Is(unicode.Han, last) != unicode.Is(unicode.Han, r) {
			end()
		}
		word = append(word, r)
		last = r
	}
	end()
	return out
}

// alike reports whether two words are one, but for a slip in a word of four letters or more. In Han text every
// character counts; there one word may be a part of the other.
func alike(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	if unicode.Is(unicode.Han, x[0]) || unicode.Is(unicode.Han, y[0]) {
		return min(len(x), len(y)) >= 2 && (strings.Contains(a, b) || strings.Contains(b, a))
	}
	return min(len(x), len(y)) >= 4 && x[0] == y[0] && oneSlip(x, y)
}

// oneSlip reports whether one letter more, less, other, or a swap of two neighbours makes a of b.
func oneSlip(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return string(a[i:]) == string(b[i+1:])
	}
	if i == len(a) {
		return true
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:])
	return swapped || string(a[i+1:]) == string(b[i+1:])
}
