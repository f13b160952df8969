package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/masks"
)

// Open is the outcome that RowQuery asks for to get the rows that have none.
const Open batch.Status = ""

// RowQuery selects rows of a file. Zero fields select all.
type RowQuery struct {
	File     string
	Outcomes []batch.Status // any of these; Open for rows without an outcome
	Code     string         // exactly this
	Text     string         // somewhere in the request, the message, the reference, the code or a problem, whatever its case
	Also     Finder         // looks for Text in what the ledger does not keep: the sender's cells; may be nil
	Row      int            // only this row
	From     int            // only rows with this number or a greater one
	After    string         // a Row's Cursor: only rows after it
	Before   string         // a Row's Cursor, or End: the rows right before it
	Limit    int            // 0: 50
}

// Finder finds the rows from first to last that hold a text elsewhere, in ascending order. It looks no longer than until; known is false where that
// was not enough to tell.
type Finder func(ctx context.Context, first, last int, until time.Time) (rows []int, known bool, err error)

// End is the Before of a file's last page.
const End = "end"

// Row is one row of a file, with the item it travels in.
type Row struct {
	Number  int
	Outcome *batch.Outcome // nil: none yet
	Item    *Staged
	State   *ItemState
	Chunk   int
	At      int // the item's index within the chunk
	Cursor  string
}

// RowPage is a run of rows in the order of the file's items.
type RowPage struct {
	Rows []Row
	// Next and Previous are the After and the Before of the pages around this one; "" where there is none. A search that
	// takes long ends its page early, even without a row: whoever wants more asks for Next.
	Next, Previous string
	// Looked is how many rows were looked through, from the file's beginning or (backwards) its end, where the page ended early;
	// 0 where it is whole.
	Looked int
}

// longest is how long a page looks on for further rows of a rare kind: what a page costs besides fits into 100 ms with it.
const longest = 60 * time.Millisecond

// Rows gives a page of a file's rows. Chunks that hold none of them are passed over by their tallies.
func Rows(ctx context.Context, b Books, q RowQuery) (RowPage, error) {
	tallies, err := b.Tallies(ctx, q.File)
	if err != nil {
		return RowPage{}, err
	}
	p := &paging{Books: b, q: q, tallies: tallies, text: strings.ToLower(q.Text), until: time.Now().Add(longest)}
	if p.q.Limit <= 0 {
		p.q.Limit = 50
	}
	if q.Before != "" {
		return p.backwards(ctx)
	}
	return p.forwards(ctx)
}

type paging struct {
	Books
	q       RowQuery
	text    string
	tallies []*Tally
	until   time.Time
}

// cursor is a row's place: chunk, item of it, row of that.
type cursor [3]int

func (c cursor) String() string { return fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2]) }

func parseCursor(s string) (c cursor, err error) {
	if s == End {
		return cursor{math.MaxInt, 0, 0}, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != len(c) {
		return c, fmt.Errorf("%w: %q", ErrCursor, s)
	}
	for i, p := range parts {
		if c[i], err = strconv.Atoi(p); err != nil {
			return c, fmt.Errorf("%w: %q", ErrCursor, s)
		}
	}
	return c, nil
}

func (p *paging) forwards(ctx context.Context) (page RowPage, err error) {
	from := cursor{0, -1, -1}
	if p.q.After != "" {
		if from, err = parseCursor(p.q.After); err != nil {
			return page, err
		}
	}
	for seq := from[0]; seq < len(p.tallies); seq++ {
		rows, err := p.of(ctx, seq)
		if errors.Is(err, errLater) {
			if page.Next = (cursor{seq, -1, -1}).String(); seq == from[0] {
				page.Next = from.String()
			}
			page.Looked = max(1, p.count(0, seq))
			return p.led(page), nil
		}
		if err != nil {
			return page, err
		}
		for i := range rows {
			if at, _ := parseCursor(rows[i].Cursor); slices.Compare(at[:], from[:]) <= 0 {
				continue
			}
			if len(page.Rows) == p.q.Limit {
				page.Next = page.Rows[len(page.Rows)-1].Cursor
				return p.led(page), nil
			}
			page.Rows = append(page.Rows, rows[i])
		}
		if seq+1 < len(p.tallies) && time.Now().After(p.until) {
			page.Next, page.Looked = cursor{seq + 1, -1, -1}.String(), p.count(0, seq+1)
			return p.led(page), nil
		}
	}
	return p.led(page), nil
}

// led says what comes before a page that was reached forwards.
func (p *paging) led(page RowPage) RowPage {
	switch {
	case p.q.After == "" && p.q.From == 0:
	case len(page.Rows) > 0:
		page.Previous = page.Rows[0].Cursor
	case p.q.After != "":
		at, _ := parseCursor(p.q.After)
		page.Previous = cursor{at[0], at[1], at[2] + 1}.String() // right behind it
	}
	return page
}

func (p *paging) backwards(ctx context.Context) (page RowPage, err error) {
	to, err := parseCursor(p.q.Before)
	if err != nil {
		return page, err
	}
	if last := to[0] >= len(p.tallies); !last {
		page.Next = cursor{to[0], to[1], to[2] - 1}.String() // right before it
	}
	for seq := min(to[0], len(p.tallies)-1); seq >= 0; seq-- {
		rows, err := p.of(ctx, seq)
		if errors.Is(err, errLater) {
			if page.Previous = (cursor{seq + 1, -1, -1}).String(); seq == to[0] {
				page.Previous = to.String()
			}
			page.Looked = max(1, p.count(seq+1, len(p.tallies)))
			return page, nil
		}
		if err != nil {
			return page, err
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if at, _ := parseCursor(rows[i].Cursor); slices.Compare(at[:], to[:]) >= 0 {
				continue
			}
			if len(page.Rows) == p.q.Limit {
				page.Previous = page.Rows[0].Cursor
				return page, nil
			}
			page.Rows = slices.Insert(page.Rows, 0, rows[i])
		}
		if len(page.Rows) > 0 && page.Next != "" {
			page.Next = page.Rows[len(page.Rows)-1].Cursor
		}
		if seq > 0 && time.Now().After(p.until) {
			page.Previous, page.Looked = cursor{seq, -1, -1}.String(), p.count(seq, len(p.tallies))
			return page, nil
		}
	}
	return page, nil
}

// count is how many rows the chunks from one to before another have.
func (p *paging) count(from, to int) (n int) {
	for _, t := range p.tallies[from:to] {
		if t != nil {
			for _, rows := range t.Rows {
				n += rows
			}
		}
	}
	return n
}

// errLater is the error of a chunk of which it is not known yet whether the text stands in its rows' cells.
var errLater = errors.New("not looked at yet")

// of gives the rows of a chunk that are asked for.
func (p *paging) of(ctx context.Context, seq int) ([]Row, error) {
	if !p.may(p.tallies[seq]) {
		return nil, nil
	}
	also, err := p.elsewhere(ctx, p.tallies[seq])
	if err != nil {
		return nil, err
	}
	if p.text != "" && len(also) == 0 {
		if may, err := p.Mentions(ctx, p.q.File, seq, p.q.Text); err != nil || !may {
			return nil, err
		}
	}
	c, err := p.Chunk(ctx, p.q.File, seq)
	if errors.Is(err, ErrNotFound) { // gone since the tallies were read: the file is read anew, or was kept long enough
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i := range c.Items {
		for k, number := range c.Items[i].Rows {
			r := Row{Number: number, Item: &c.Items[i], State: &c.States[i], Chunk: seq, At: i, Cursor: cursor{seq, i, k}.String()}
			if v := c.States[i].Verdict; v != nil {
				o := v.Of(number)
				r.Outcome = &o
			}
			if p.wants(&r, also) {
				rows = append(rows, r)
			}
		}
	}
	return rows, nil
}

// elsewhere finds the rows of a chunk that hold the text in what the ledger does not keep. A chunk without a tally may have any rows.
func (p *paging) elsewhere(ctx context.Context, t *Tally) ([]int, error) {
	if p.text == "" || p.q.Also == nil {
		return nil, nil
	}
	first, last := 0, math.MaxInt
	if t != nil {
		first, last = t.First, t.Last
	}
	rows, known, err := p.q.Also(ctx, first, last, p.until)
	if err == nil && !known {
		err = errLater
	}
	return rows, err
}

// may reports whether a chunk can hold a row that is asked for. One without a tally can.
func (p *paging) may(t *Tally) bool {
	if t == nil {
		return true
	}
	if p.q.Row > 0 && (p.q.Row < t.First || p.q.Row > t.Last) {
		return false
	}
	if t.Last < p.q.From {
		return false
	}
	for r := range t.Rows {
		if p.fits(r) {
			return true
		}
	}
	return false
}

func (p *paging) fits(r Reason) bool {
	return (len(p.q.Outcomes) == 0 || slices.Contains(p.q.Outcomes, r.Status)) && (p.q.Code == "" || p.q.Code == r.Code)
}

func (p *paging) wants(r *Row, also []int) bool {
	reason, o := Reason{}, batch.Outcome{}
	if r.Outcome != nil {
		o = *r.Outcome
		reason = Reason{o.Status, o.Code}
	}
	if p.q.Row > 0 && p.q.Row != r.Number || r.Number < p.q.From || !p.fits(reason) {
		return false
	}
	if p.text == "" {
		return true
	}
	if _, found := slices.BinarySearch(also, r.Number); found {
		return true
	}
	texts := []string{o.Message, o.Reference, o.Code, string(masks.Show(r.Item.Body))}
	for _, problems := range [][]batch.Problem{r.Item.Problems, verdictProblems(r.State.Verdict)} {
		for _, x := range problems {
			if x.Row == r.Number {
				texts = append(texts, x.Text, x.Value)
			}
		}
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), p.text) })
}

func verdictProblems(v *Verdict) []batch.Problem {
	if v == nil {
		return nil
	}
	return v.Problems
}

// Reasons says how many rows of a file have which outcome and code.
func Reasons(ctx context.Context, b Books, id string) (map[Reason]int, error) {
	tallies, err := b.Tallies(ctx, id)
	if err != nil {
		return nil, err
	}
	all := map[Reason]int{}
	for seq, t := range tallies {
		if t == nil {
			c, err := b.Chunk(ctx, id, seq)
			if errors.Is(err, ErrNotFound) { // gone since
				continue
			}
			if err != nil {
				return nil, err
			}
			t = c.Tally()
		}
		for r, n := range t.Rows {
			all[r] += n
		}
	}
	return all, nil
}

// Steady is books whose tallies are read once for each file: for several questions that are answered together. It is used by one goroutine.
func Steady(b Books) Books { return &steady{b, map[string][]*Tally{}} }

type steady struct {
	Books
	known map[string][]*Tally
}

func (s *steady) Tallies(ctx context.Context, id string) ([]*Tally, error) {
	if t, known := s.known[id]; known {
		return t, nil
	}
	t, err := s.Books.Tallies(ctx, id)
	if err == nil {
		s.known[id] = t
	}
	return t, err
}

// Tally counts a chunk's rows anew.
func (c *Content) Tally() *Tally {
	now := slices.Clone(c.Items)
	for i := range now {
		now[i].Preset = c.States[i].Verdict
	}
	return NewTally(now)
}

// Mentioned reports whether a record may hold a text, whatever its case. It errs towards yes: a page looks closer.
func Mentioned(record []byte, text string) bool {
	return containsFold(record, []byte(Plain(text)))
}

// SealedMentions is Mentioned of a record in its seal, which is not looked at.
func SealedMentions(stored []byte, text string) bool {
	record, err := opened(stored)
	return err != nil || Mentioned(record, text)
}

// Plain is the longest part of a text that is stored as it is, but for the case of its ASCII letters; "" where there is none.
func Plain(text string) (longest string) {
	if respelt(text) {
		return ""
	}
	for _, run := range strings.FieldsFunc(text, cased) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

// Spelt is a regular expression for a text in any case, bytes or letters, where it is stored as it is; "" where it is not.
func Spelt(text string) string {
	if text == "" || respelt(text) {
		return ""
	}
	var out strings.Builder
	for _, r := range text {
		first := r
		out.WriteString("(?:" + regexp.QuoteMeta(string(first)))
		for r = unicode.SimpleFold(r); r != first; r = unicode.SimpleFold(r) {
			out.WriteString("|" + regexp.QuoteMeta(string(r)))
		}
		out.WriteString(")")
	}
	return out.String()
}

// respelt reports whether JSON stores a text in another spelling.
func respelt(text string) bool {
	return strings.ContainsAny(text, "\"\\<>&\u2028\u2029") || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text)
}

// cased reports whether a letter beyond ASCII has another case.
func cased(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.ToLower(r) != r || unicode.ToUpper(r) != r)
}

// containsFold reports whether s holds part, ASCII letters in any case.
func containsFold(s, part []byte) bool {
	if len(part) == 0 {
		return true
	}
	first := folded[part[0]]
	for i := 0; i+len(part) <= len(s); i++ {
		if folded[s[i]] != first {
			continue
		}
		k := 1
		for k < len(part) && folded[s[i+k]] == folded[part[k]] {
			k++
		}
		if k == len(part) {
			return true
		}
	}
	return false
}

var folded = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()
