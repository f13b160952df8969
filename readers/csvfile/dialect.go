package csvfile

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
)

// wishes are what the settings say about the dialect.
type wishes struct {
	delimiter string // "" = find it
	quote     byte
	noQuote   bool
	escape    byte
}

func configured(s readers.Settings) (wishes, error) {
	var w wishes
	switch d := s.Delimiter; {
	case d == "" || d == "auto":
	case d == "tab" || d == `\t`:
		w.delimiter = "\t"
	case d == "comma":
		w.delimiter = ","
	case d == "semicolon":
		w.delimiter = ";"
	case utf8.RuneCountInString(d) != 1 || d == "\n" || d == "\r" || d == "\x00" || !utf8.ValidString(d):
		return w, readers.Refuse("csv.delimiter_bad", "value", d)
	default:
		w.delimiter = d
	}
	switch q := s.Quote; {
	case q == "" || q == "auto":
	case q == "none":
		w.noQuote = true
	case len(q) != 1 || q[0] <= ' ' || q[0] >= 0x7f || q == w.delimiter:
		return w, readers.Refuse("csv.quote_bad", "value", q)
	default:
		w.quote = q[0]
	}
	switch e := s.Escape; {
	case e == "":
	case len(e) != 1 || e[0] <= ' ' || e[0] >= 0x7f || e == w.delimiter:
		return w, readers.Refuse("csv.escape_bad", "value", e)
	default:
		w.escape = e[0]
	}
	return w, nil
}

// cutSep takes Excel's first line "sep=;" away and returns the delimiter it names, "" when there is none.
func cutSep(text string) (rest, delimiter string) {
	line := text
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		line, rest = text[:i], text[i+1:]
		if text[i] == '\r' {
			rest = strings.TrimPrefix(rest, "\n")
		}
	}
	if len(line) > 12 {
		return text, ""
	}
	said := strings.Trim(line, `"`)
	if len(said) < 5 || !strings.EqualFold(said[:4], "sep=") {
		return text, ""
	}
	r, size := utf8.DecodeRuneInString(said[4:])
	if r == '"' || strings.Trim(said[4+size:], `"`) != "" && strings.Trim(said[4+size:], said[4:4+size]) != "" {
		return text, ""
	}
	return rest, said[4 : 4+size]
}

var delimiters = []string{",", ";", "\t", "|"}

// trial is a dialect tried on the sample.
type trial struct {
	d       dialect
	rows    [][]string
	quoted  [][]int // of each row: the fields that are quoted, so that what they hold parts nothing
	width   int     // the usual number of fields
	regular float64 // share of the records that have it
	clean   float64 // share of cells that hold no sign of being several
	whole   bool    // the first line is one field: a title, or a heading whose delimiter is another
	stray   int     // records with text behind a closing quote
	quotes  int     // quoted fields
	open    bool    // the sample's end, being the file's, lies within quotes
	tooBig  bool
}

func (t *trial) score() float64 {
	if t.width < 2 {
		return 0
	}
	s := t.regular * t.clean * (1 - 1/(float64(t.width)+0.5))
	if t.stray > 0 {
		s *= 1 - min(0.5, 2*float64(t.stray)/float64(len(t.rows)))
	}
	if t.open || t.tooBig {
		s *= 0.2
	}
	if t.whole {
		s *= 0.7
	}
	return s
}

// tried is how many records of the sample the delimiter is judged by; quotes are judged by all of it.
const (
	tried = 300
	all   = 1 << 30
)

// excerpt is the beginning of a file, which dialects are tried on.
type excerpt struct {
	text   string
	whole  bool // it is all of the file
	limits readers.Limits
	room   []byte // of the splitters, one after the other
}

// try takes so many records of the excerpt apart, and judges what comes of it.
func (x *excerpt) try(d dialect, most int) trial {
	var rows [][]string
	var quoted [][]int
	t := x.apart(d, most, func(s *splitter) {
		rows, quoted = append(rows, s.strings()), append(quoted, slices.Clone(s.quoted))
	})
	t.rows, t.quoted = rows, quoted
	t.measure()
	return t
}

// apart takes the excerpt apart and says what is wrong with its quotes; each is given every record.
func (x *excerpt) apart(d dialect, most int, each func(*splitter)) trial {
	t := trial{d: d}
	if x.room == nil {
		x.room = room(int64(len(x.text)))
	}
	s := newSplitter(strings.NewReader(x.text), d, x.limits.Cell, 1<<20, x.room)
	for s.number < most {
		more, err := s.next()
		if err != nil {
			t.tooBig = true
			break
		}
		if !more {
			break
		}
		if s.r == s.w && s.eof && !x.whole {
			break // cut by the end of the sample
		}
		t.open = t.open || s.unclosed
		if s.stray {
			t.stray++
		}
		t.quotes += s.quotes
		each(s)
		if len(s.fields) > x.limits.Columns {
			break
		}
	}
	x.room = s.buf
	return t
}

// measure finds the usual width and how many records and cells agree with it.
func (t *trial) measure() {
	count := map[int]int{}
	var rows [][]string
	var quoted [][]int
	for i, row := range t.rows {
		if table.Blank(row) || comment(t.rows, i) {
			continue
		}
		rows, quoted = append(rows, row), append(quoted, t.quoted[i])
		count[len(row)]++
	}
	if t.width = usualWidth(count); t.width < 2 {
		return
	}
	t.whole = trimmed(rows[0]) < 2
	least := t.narrow(rows)
	first := 0
	for first < len(rows) && trimmed(rows[first]) < min(t.width, 2) {
		first++
	}
	fit, cells, dirty := 0, 0, 0
	for i, row := range rows[first:] {
		if t.fits(row, least) {
			fit++
		}
		for column, c := range row {
			if c == "" {
				continue
			}
			cells++
			if !slices.Contains(quoted[first+i], column) && t.dirty(c) {
				dirty++
			}
		}
	}
	t.regular = float64(fit) / float64(max(1, len(rows)))
	if cells > 0 {
		t.clean = 1 - float64(dirty)/float64(cells)
	}
}

// usualWidth is the width that most cells agree with, of how many records have each; the wider one of two.
func usualWidth(count map[int]int) int {
	width := 1
	for n, c := range count {
		value, best := c*(n-1), count[width]*(width-1)
		if value > best || value == best && n > width {
			width = n
		}
	}
	return width
}

// fits reports whether a row has the usual width, but for empty fields at its end.
func (t *trial) fits(row []string, least int) bool {
	switch n := len(row); {
	case n > t.width:
		return trimmed(row) <= t.width
	case n < t.width:
		return n >= least
	}
	return true
}

// dirty reports whether a cell that nobody quoted looks like several, or like a part of one.
func (t *trial) dirty(c string) bool {
	return several(c, t.d.delimiter) || t.d.quote != 0 && torn(c, t.d.quote)
}

// narrow is the least width that a full record may have when others end with empty fields.
func (t *trial) narrow(rows [][]string) int {
	n := 0
	for _, row := range rows {
		if len(row) == t.width {
			n = max(n, trimmed(row))
		}
	}
	return max(2, n)
}

// several reports whether a cell looks like cells that another delimiter would have parted.
func several(c, delimiter string) bool {
	if !strings.ContainsFunc(c, func(r rune) bool { return r == '\t' || r == '|' || r == ';' || r == ',' }) {
		return false
	}
	c = strings.TrimFunc(c, invisible)
	for i := 0; i < len(c); i++ {
		switch b := c[i]; b {
		case '\t':
			return true
		case '|', ';', ',':
			if b == delimiter[0] {
				continue
			}
			if i+1 < len(c) && c[i+1] == ' ' || i+1 == len(c) {
				continue
			}
			if b == ',' && i > 0 && digit(c[i-1]) && digit(c[i+1]) {
				continue
			}
			return true
		}
	}
	return false
}

// torn reports whether a cell holds one half of a pair of quotes: the delimiter cuts through what they hold.
func torn(c string, quote byte) bool {
	return strings.IndexByte(c, quote) > 0 && strings.Count(c, string(rune(quote)))%2 == 1 && c[0] != quote && (c[len(c)-1] == quote || strings.ContainsAny(c, ",;\t|"))
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// choose finds the delimiter, the quote and the escape that make the excerpt a table.
// What the route knows decides before counts do: a delimiter, however rare, that makes names of its own of the heading.
func (x *excerpt) choose(w wishes, fit table.Judge) (dialect, error) {
	candidates := delimiters
	if w.delimiter != "" {
		candidates = []string{w.delimiter}
	}
	var best trial
	for _, delimiter := range candidates {
		t := x.quotes(w, delimiter, tried)
		if best.d.delimiter == "" || t.score() > best.score()+1e-9 {
			best = t
		}
	}
	if fit != nil && w.delimiter == "" {
		var err error
		if best, err = x.byNames(w, fit, best); err != nil {
			return dialect{}, err
		}
	}
	if w.delimiter == "" && best.score() < 0.2 && (fit == nil || best.known(fit) == 0) {
		if c := other(x.text); c != "" {
			return dialect{}, readers.Refuse("csv.delimiter_unclear", "character", c)
		}
	}
	if len(best.rows) == tried && !x.whollySound(w, best.d) {
		best = x.quotes(w, best.d.delimiter, all)
	}
	return best.d, nil
}

// byNames is the trial whose delimiter makes the most names that the route knows of the heading; best, which counts chose, where no other
// makes more.
func (x *excerpt) byNames(w wishes, fit table.Judge, best trial) (trial, error) {
	most := best.known(fit)
	for _, delimiter := range slices.Concat(delimiters, rare, odd) {
		if delimiter == best.d.delimiter || !crowded(x.text, delimiter, max(1, most)) {
			continue
		}
		if delimiter == " " && aligned(x.text) {
			if most < 2 && drawn(x.text, fit) > 1 {
				return best, readers.Refuse("csv.aligned")
			}
			continue
		}
		if t := x.quotes(w, delimiter, tried); t.regular > 0.6 && t.known(fit) > max(1, most) {
			best, most = t, t.known(fit)
		}
	}
	return best, nil
}

// whollySound reports whether quotes would choose d of the whole excerpt too: nothing in it speaks against what is tried first.
func (x *excerpt) whollySound(w wishes, d dialect) bool {
	if d != w.first(d.delimiter) || !w.noQuote && w.quote == 0 && opens(x.text, '\'', d.delimiter) {
		return false
	}
	t := x.apart(d, all, func(*splitter) {})
	return t.sound()
}

// headed is among how many rows the names of the columns are looked for.
const headed = 30

// crowded reports whether one of the first rows may hold a delimiter n times, so that it parts more than n names. It looks at lines,
// and at three at once where quotes may hold the ends of lines.
func crowded(text, delimiter string, n int) bool {
	var one, two int // of the lines before
	for range headed {
		line, rest, more := strings.Cut(text, "\n")
		here := strings.Count(line, delimiter)
		if one+two+here >= n && (here >= n || strings.Contains(line, `"`)) {
			return true
		}
		if text, one, two = rest, two, here; !more {
			break
		}
	}
	return false
}

// gaps part columns that are filled up with blanks.
var gaps = patterns.New(`\s{2,}`)

// aligned reports whether most lines have values that are parted by several blanks: the columns stand below each other.
func aligned(text string) bool {
	with, all := 0, 0
	for line := range headlines(text) {
		if all++; strings.Contains(line, "  ") {
			with++
		}
	}
	return with > 1 && with*2 > all
}

// drawn is how many names of the route one of the first lines has when several blanks part them.
func drawn(text string, fit table.Judge) int {
	most := 0
	for line := range headlines(text) {
		if f := fit(gaps.Split(line, -1)); f.Enough {
			most = max(most, f.Known())
		}
	}
	return most
}

// headlines are the first lines that show something, without blanks at their ends.
func headlines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := 0; n < headed && text != ""; {
			line, rest, _ := strings.Cut(text, "\n")
			if line = strings.TrimSpace(line); line != "" {
				if n++; !yield(line) {
					return
				}
			}
			text = rest
		}
	}
}

// known is how many names of the route stand in one of the first rows, where they are enough for it.
func (t *trial) known(fit table.Judge) int {
	most := 0
	for i, row := range t.rows[:min(len(t.rows), headed)] {
		if i > 0 && !table.MayName(row) {
			continue // values: the route need not be asked
		}
		if f := fit(row); f.Enough {
			most = max(most, f.Known())
		}
	}
	return most
}

// quotes finds the best quote and escape for one delimiter.
func (x *excerpt) quotes(w wishes, delimiter string, most int) trial {
	d := w.first(delimiter)
	best := x.escaped(x.try(d, most), most)
	if w.noQuote || w.quote != 0 {
		return best
	}
	single := opens(x.text, '\'', delimiter)
	if best.quotes == 0 && single {
		d.quote = '\''
		t := x.escaped(x.try(d, most), most)
		if t.quotes >= 2 && t.sound() && t.score() >= best.score() {
			return t
		}
	}
	if best.quotes > 0 && best.d.escape == 0 && single {
		d.also = '\''
		t := x.try(d, most)
		if t.quotes >= best.quotes+2 && t.sound() && (t.score() > best.score()+1e-9 || t.score() >= best.score()-1e-9 && best.enclosed('\'')) {
			return t
		}
		d.also = 0
	}
	if !best.sound() {
		d.quote = 0
		if t := x.try(d, most); t.score() > best.score()+0.02 && t.regular > 0.99 && t.literal('"') {
			return t
		}
	}
	return best
}

// first is the dialect that is tried first with a delimiter.
func (w wishes) first(delimiter string) dialect {
	d := dialect{delimiter: delimiter, quote: '"', escape: w.escape, blanks: delimiter != " "}
	switch {
	case w.noQuote:
		d.quote = 0
	case w.quote != 0:
		d.quote = w.quote
	}
	if d.escape == d.quote {
		d.escape = 0 // doubled
	}
	return d
}

// opens reports whether the mark stands where a value begins, blanks before it or none.
func opens(text string, mark byte, delimiter string) bool {
	for at := 0; ; at++ {
		i := strings.IndexByte(text[at:], mark)
		if i < 0 {
			return false
		}
		at += i
		before := strings.TrimRight(text[max(0, at-8):at], " ")
		if before == "" || strings.HasSuffix(before, delimiter) || before[len(before)-1] == '\n' || before[len(before)-1] == '\r' || delimiter == " " {
			return true
		}
	}
}

func (t *trial) sound() bool { return t.stray == 0 && !t.open && !t.tooBig }

// literal reports whether the quote is a letter like others: cells begin with it and do not end with it.
func (t *trial) literal(quote byte) bool {
	wrapped, begun := 0, 0
	for _, row := range t.rows {
		for _, c := range row {
			switch {
			case c == "" || c[0] != quote:
			case len(c) > 1 && c[len(c)-1] == quote:
				wrapped++
			default:
				begun++
			}
		}
	}
	return begun >= 3 && begun*4 >= wrapped // one alone is a quote without its partner
}

// enclosed reports whether all cells that begin with a mark end with it too, and some do.
func (t *trial) enclosed(mark byte) bool {
	n := 0
	for _, row := range t.rows {
		for _, c := range row {
			switch {
			case c == "" || c[0] != mark:
			case len(c) < 2 || c[len(c)-1] != mark:
				return false
			default:
				n++
			}
		}
	}
	return n > 1
}

// escaped tries a backslash before the quote where doubled quotes do not add up.
func (x *excerpt) escaped(t trial, most int) trial {
	if t.sound() || t.d.quote == 0 || t.d.escape != 0 || !strings.Contains(x.text, `\`+string(t.d.quote)) {
		return t
	}
	d := t.d
	d.escape = '\\'
	if e := x.try(d, most); e.sound() && e.score() >= t.score() {
		return e
	}
	return t
}

// rare are delimiters that are not tried by themselves; a file that has one the same number of times on every line is
// not taken for a table of one column.
var rare = []string{"^", "~", "¦", "§", "；", "，", "｜", "þ", "\x14", "\x01", "\x02", "\x1c", "\x1d", "\x1e", "\x1f"}

// odd are delimiters that stand in values so often that only the route's names speak for them.
var odd = []string{"#", ":", "+", "`", " ", "*", "/", "_", "!", "$", "%", "&"}

func other(text string) string {
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimFunc(line, invisible) != "" {
			lines = append(lines, line)
		}
		if len(lines) == 50 {
			break
		}
	}
	if len(lines) < 2 {
		return ""
	}
	for _, c := range rare {
		n := strings.Count(lines[0], c)
		same := n > 0 && n*len(lines) > 2
		for _, line := range lines[1:max(1, len(lines)-1)] { // the last may be cut
			same = same && strings.Count(line, c) == n
		}
		if same && strings.Contains(lines[1], c) {
			return c
		}
	}
	return ""
}
