package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Print is the fingerprint of an item's request. Equal requests have equal prints; that others have is too rare to count.
type Print [16]byte

// PrintOf is the print of an item. body is its canonical JSON: everything its rows put into the request, and neither
// credentials nor what is filled in when it is sent. Numbers count by value.
func PrintOf(account, operation string, body []byte) Print {
	return printOf(account, operation, byValue(body))
}

func printOf(account, kind string, content []byte) Print {
	var room [1024]byte // most requests fit: nothing is asked of the heap for them
	text := append(append(room[:0], account...), 0)
	text = append(append(text, kind...), 0)
	sum := sha256.Sum256(append(text, content...))
	return Print(sum[:])
}

// PrintsKey is where a ledger keeps how its prints were made.
const PrintsKey = Own + "prints"

// printsNow is how they are made now. Whoever changes that changes this word too.
const printsNow = "numbers by value, rows in any order, bared ones beside"

// Reprinted reports whether a ledger's prints are those that are looked for.
func Reprinted(ctx context.Context, b Books) (bool, error) {
	made, err := b.Kept(ctx, PrintsKey)
	return made == printsNow, err
}

// Reprint has the items of every file that is kept leave the prints that are looked for now, once in a ledger's life: an older rowferry
// left others, or none, and what it sent would be sent again. file does that for one file, and may be called again for it.
func Reprint(ctx context.Context, l interface {
	Books
	Keep(ctx context.Context, key, value string) error
}, file func(ctx context.Context, id string) error) error {
	if done, err := Reprinted(ctx, l); err != nil || done {
		return err
	}
	files, err := l.Files(ctx, Query{States: FamilyStates()})
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := file(ctx, f.ID); err != nil && !errors.Is(err, ErrAltered) { // which is told when it is looked at
			return err
		}
	}
	return l.Keep(ctx, PrintsKey, printsNow)
}

// Left is an item that was sent, or may be, with the print that is looked for now and those that older rowferries left.
type Left struct {
	Item  int
	Print Print
	Old   [2]Print
	Bared Print // zero: none
}

// Left lists the items of a chunk that leave prints.
func (c *Content) Left(f *File) (all []Left) {
	for i := range c.Items {
		it := &c.Items[i]
		if it.Body == nil || it.Preset != nil && c.States[i].Verdict == it.Preset { // it was never opened
			continue
		}
		left := Left{Item: i, Print: it.PrintFor(f.Account, f.Operation), Old: [2]Print{PrintOf(f.Account, f.Operation, it.Body), printOf(f.Account, f.Operation, it.Body)}}
		if bared, less, _ := it.BaredFor(f.Account, f.Operation, false); less {
			left.Bared = bared
		}
		all = append(all, left)
	}
	return all
}

// bared takes from numbers that are texts what programs take from them.
func bared(body []byte) (out []byte, less, zeroed bool) {
	from := 0
	for i := 0; i < len(body); i++ {
		if body[i] != '"' {
			continue
		}
		end := endOfText(body, i)
		if start, stop := number(body[i+1 : end]); start > 0 || stop < end-i-1 {
			if out == nil {
				out = make([]byte, 0, len(body))
			}
			out, from = append(append(out, body[from:i+1]...), body[i+1+start:i+1+stop]...), end
			zeroed = zeroed || start > 0
		}
		i = end
	}
	if from == 0 {
		return body, false, false
	}
	return append(out, body[from:]...), true, zeroed
}

// number says which part of a text a program keeps that takes it for a number; all of another text.
func number(text []byte) (start, stop int) {
	stop = len(text)
	if bytes.HasPrefix(text, []byte("+")) {
		start++
	}
	whole := start
	for whole < stop && text[whole] >= '0' && text[whole] <= '9' {
		whole++
	}
	end := whole
	if whole < stop && (text[whole] == '.' || text[whole] == ',') {
		for end++; end < stop && text[end] >= '0' && text[end] <= '9'; {
			end++
		}
	}
	if whole == start || end < stop || end == whole+1 {
		return 0, stop
	}
	for start < whole-1 && text[start] == '0' {
		start++
	}
	if end > whole {
		for text[stop-1] == '0' {
			stop--
		}
		if stop == whole+1 {
			stop = whole
		}
	}
	return start, stop
}

// byValue leaves out the zeros at the end of decimals: a workbook that was saved as CSV writes 1.50 for the 1.5 that was sent.
func byValue(body []byte) []byte {
	if !zeros(body) {
		return body
	}
	var out []byte
	from := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = endOfText(body, i)
		case '.':
			keep, end := decimals(body, i)
			if keep < end {
				out, from = append(out, body[from:keep]...), end
			}
			i = end - 1
		}
	}
	if from == 0 {
		return body
	}
	return append(out, body[from:]...)
}

// zeros reports whether decimals end in a zero somewhere, be it within a text. It is quick, and hardly any request has any.
func zeros(body []byte) bool {
	for from := 0; ; {
		n := bytes.IndexByte(body[from:], '.')
		if n < 0 {
			return false
		}
		point := from + n
		keep, end := decimals(body, point)
		if keep < end && end > point+1 && !quoted(body, point) {
			return true
		}
		from = end
	}
}

// quoted reports whether the number that a point is in begins behind a quotation mark, as within texts alone.
func quoted(body []byte, point int) bool {
	start := point
	for start > 0 && (body[start-1] >= '0' && body[start-1] <= '9' || body[start-1] == '-') {
		start--
	}
	return start > 0 && body[start-1] == '"'
}

// endOfText is where the text ends that begins at a quotation mark.
func endOfText(body []byte, start int) int {
	for i := start + 1; ; i++ {
		n := bytes.IndexByte(body[i:], '"')
		if n < 0 {
			return len(body)
		}
		i += n
		escapes := i
		for body[escapes-1] == '\\' {
			escapes--
		}
		if (i-escapes)%2 == 0 {
			return i
		}
	}
}

// decimals says of the decimals behind a point what is kept of them, and where they end. Of those with an exponent all is.
func decimals(body []byte, point int) (keep, end int) {
	end = point + 1
	for end < len(body) && body[end] >= '0' && body[end] <= '9' {
		end++
	}
	if end < len(body) && body[end]|0x20 == 'e' {
		return end, end
	}
	keep = end
	for body[keep-1] == '0' {
		keep--
	}
	if keep == point+1 {
		keep = point
	}
	return keep, end
}

// inAnyOrder sorts the elements of every list.
func inAnyOrder(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return body // it is ours, and can be read
	}
	return sorted(v)
}

func sorted(v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = json.RawMessage(sorted(value))
		}
	case []any:
		list := make([]json.RawMessage, len(v))
		for i := range v {
			list[i] = byValue(sorted(v[i]))
		}
		slices.SortFunc(list, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
		return EncodeFacts(list)
	}
	return EncodeFacts(v)
}

// Sent is how far an earlier item has come that had the same request.
type Sent string

const (
	WasDelivered Sent = "delivered" // the provider took it
	UnderWay     Sent = "under way" // it waits or is being sent
	Unclear      Sent = "unclear"   // it may have been executed, and nobody knows
)

// Earlier is an item of an accepted file with the same request.
type Earlier struct {
	File File
	Rows []int
	Body []byte // its request
	How  Sent
	At   time.Time // when it was sent last; under way and never sent: when its file was taken
}

// Sent says whether an item counts as sent when another one with the same request comes. What ended otherwise was certainly
// not executed.
func (s *ItemState) Sent(rows []int) (how Sent, at time.Time, counts bool) {
	if s.Verdict == nil {
		return UnderWay, s.First, true
	}
	for _, row := range rows {
		switch o := s.Verdict.Of(row); o.Status {
		case batch.Delivered:
			return WasDelivered, o.SentAt, true
		case batch.Unknown:
			how, at, counts = Unclear, o.SentAt, true
		}
	}
	return how, at, counts
}

// ErrRaced is the error of accepting a file while another one was accepted that has the same requests.
var ErrRaced = errors.New("a file with the same rows was accepted meanwhile")

// Repeated is the error of sending rows again that another file has brought, and that were sent or are under way, since.
type Repeated struct{ Earlier *Earlier }

func (e *Repeated) Error() string {
	return "the same was sent since with " + e.Earlier.File.ID + " (" + e.Earlier.File.Name + ")"
}

// Sighting is where a print was left: in an item of a file, which a driver names by a key of its own.
type Sighting struct {
	File int64
	Seq  int32
	Item int32
	Free bool
}

// Lookout finds out what became of sighted items, reading each file and chunk once. It is one goroutine's, and as old as
// what it has read.
type Lookout struct {
	family string
	since  time.Time
	file   func(key int64) (*File, error)
	chunk  func(id string, seq int) (*Content, error)
	files  map[int64]*File
	chunks map[sighted]*Content
}

// sighted is the chunk of a sighting.
type sighted struct {
	file int64
	seq  int32
}

// mostContents is how many chunks are kept while one looks.
const mostContents = 64

// NewLookout judges sightings as Books.Earlier does. file and chunk read the driver's books and give ErrNotFound for what is not kept.
func NewLookout(family string, since time.Time, file func(key int64) (*File, error), chunk func(id string, seq int) (*Content, error)) *Lookout {
	return &Lookout{family, since, file, chunk, map[int64]*File{}, map[sighted]*Content{}}
}

// Earlier gives the item that speaks for a print: one that was delivered, or else the first of the sightings that counts. nil
// when none does.
func (l *Lookout) Earlier(sightings []Sighting) (found *Earlier, err error) {
	for _, s := range sightings {
		e, err := l.at(s)
		if err != nil {
			return nil, err
		}
		if e != nil && e.How == WasDelivered {
			return e, nil
		}
		if found == nil {
			found = e
		}
	}
	return found, nil
}

// at is the item at a place, if it counts.
func (l *Lookout) at(s Sighting) (*Earlier, error) {
	f, known := l.files[s.File]
	if !known {
		read, err := l.file(s.File)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err == nil {
			f = read
		}
		l.files[s.File] = f
	}
	if f == nil || f.Root() == l.family {
		return nil, nil
	}
	at := sighted{s.File, s.Seq}
	c, known := l.chunks[at]
	if !known {
		read, err := l.chunk(f.ID, int(s.Seq))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if len(l.chunks) >= mostContents {
			clear(l.chunks)
		}
		c, l.chunks[at] = read, read
	}
	if c == nil || int(s.Item) >= len(c.Items) {
		return nil, nil // not kept any more
	}
	how, when, counts := c.States[s.Item].Sent(c.Items[s.Item].Rows)
	if !counts || how != UnderWay && when.Before(l.since) {
		return nil, nil
	}
	if when.IsZero() {
		when = f.TakenAt
	}
	return &Earlier{File: *f, Rows: c.Items[s.Item].Rows, Body: c.Items[s.Item].Body, How: how, At: when}, nil
}
