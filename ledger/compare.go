package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Differs is the error of two ledgers that do not keep the same.
type Differs struct{ What string }

func (e *Differs) Error() string { return "the two ledgers differ in " + e.What }

// Compared is how much was found to be the same.
type Compared struct {
	Files  int `json:"files"`
	Rows   int `json:"rows"`
	Copies int `json:"copies"`
	Rest   int `json:"rest"` // facts, orders, receipts, and what is kept about people
}

// Compare reads two ledgers whole and gives the first thing in which b is another than a, *Differs. b may know more prints: those
// that a let go of.
func Compare(ctx context.Context, a, b Contents) (Compared, error) {
	p := &pair{a: a, b: b}
	for _, step := range []func(context.Context) error{p.files, p.facts, p.people, p.hearsay, p.copies} {
		if err := step(ctx); err != nil {
			return p.seen, err
		}
	}
	return p.seen, nil
}

type pair struct {
	a, b Contents
	seen Compared
}

func differ(format string, args ...any) error { return &Differs{fmt.Sprintf(format, args...)} }

// both asks both ledgers the same.
func both[T any](p *pair, ask func(Contents) (T, error)) (a, b T, err error) {
	a, errA := ask(p.a)
	b, errB := ask(p.b)
	return a, b, errors.Join(errA, errB)
}

func (p *pair) files(ctx context.Context) error {
	for after := ""; ; {
		a, b, err := both(p, func(c Contents) ([]File, error) { return c.Files(ctx, Query{After: after, First: filesAtOnce}) })
		if err != nil {
			return err
		}
		if len(a) != len(b) {
			return differ("how many files follow %q: %d and %d", after, len(a), len(b))
		}
		for i := range a {
			if a[i].Change != b[i].Change || !bytes.Equal(EncodeFacts(a[i]), EncodeFacts(b[i])) {
				return differ("the books of file %s", a[i].ID)
			}
			if err := p.rows(ctx, &a[i]); err != nil {
				return err
			}
			p.seen.Files++
		}
		if len(a) < filesAtOnce {
			return nil
		}
		after = a[len(a)-1].ID
	}
}

// rows compares a file's chunks with their states, and what is found of their prints. One that is not accepted is read anew.
func (p *pair) rows(ctx context.Context, f *File) error {
	if !slices.Contains(FamilyStates(), f.State) || f.Lost(PartRows) {
		return nil
	}
	if err := p.tallies(ctx, f); err != nil {
		return err
	}
	for seq := 0; ; seq++ {
		a, errA := p.a.Chunk(ctx, f.ID, seq)
		b, errB := p.b.Chunk(ctx, f.ID, seq)
		if errors.Is(errA, ErrNotFound) && errors.Is(errB, ErrNotFound) {
			return nil
		}
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if !reflect.DeepEqual(a, b) {
			return differ("chunk %d of file %s", seq, f.ID)
		}
		if err := p.prints(ctx, f, a); err != nil {
			return err
		}
		for i := range a.Items {
			p.seen.Rows += len(a.Items[i].Rows)
		}
	}
}

func (p *pair) tallies(ctx context.Context, f *File) error {
	a, b, err := both(p, func(c Contents) ([]*Tally, error) { return c.Tallies(ctx, f.ID) })
	if err != nil {
		return err
	}
	if len(a) != len(b) {
		return differ("how many chunks file %s has: %d and %d", f.ID, len(a), len(b))
	}
	for i := range a {
		if a[i] != nil && (b[i] == nil || !maps.Equal(a[i].Rows, b[i].Rows)) { // an older ledger kept none
			return differ("the tally of chunk %d of file %s", i, f.ID)
		}
	}
	return nil
}

func (p *pair) prints(ctx context.Context, f *File, c *Content) error {
	var prints []Print
	for _, left := range c.Left(f) {
		prints = append(prints, left.Print)
	}
	a, b, err := both(p, func(c Contents) ([]*Earlier, error) { return c.Earlier(ctx, "", prints, time.Time{}) })
	if err != nil {
		return err
	}
	for i, e := range a {
		if e != nil && (b[i] == nil || e.File.ID != b[i].File.ID || e.How != b[i].How || !e.At.Equal(b[i].At) || !slices.Equal(e.Rows, b[i].Rows)) {
			return differ("what is known of requests of chunk %d of file %s", c.Seq, f.ID)
		}
	}
	return nil
}

func (p *pair) facts(ctx context.Context) error {
	for name, ask := range map[string]func(Contents) (map[string]string, error){
		"the facts":              func(c Contents) (map[string]string, error) { return c.Facts(ctx) },
		"the stopped accounts":   func(c Contents) (map[string]string, error) { return c.Lanes(ctx) },
		"the register of people": func(c Contents) (map[string]string, error) { return c.Entries(ctx, "") },
	} {
		a, b, err := both(p, ask)
		if err != nil {
			return err
		}
		if !maps.Equal(a, b) {
			return differ("%s", name)
		}
		p.seen.Rest += len(a)
	}
	return nil
}

func (p *pair) people(ctx context.Context) error {
	orders, theirOrders, err := both(p, func(c Contents) ([]Order, error) { return c.Ordered(ctx) })
	if err != nil {
		return err
	}
	if !bytes.Equal(EncodeFacts(numbered(orders)), EncodeFacts(numbered(theirOrders))) {
		return differ("the orders that wait")
	}
	acts, theirActs, err := both(p, func(c Contents) ([]Act, error) { return c.Acts(ctx, ActQuery{}) })
	if err != nil {
		return err
	}
	if !slices.EqualFunc(acts, theirActs, func(a, b Act) bool { return a.Order == b.Order && bytes.Equal(EncodeFacts(a), EncodeFacts(b)) }) {
		return differ("the list of who did what")
	}
	p.seen.Rest += len(orders) + len(acts)
	return nil
}

// numbered are orders with their numbers, which their own form leaves out.
func numbered(orders []Order) map[int64]Order {
	all := map[int64]Order{}
	for _, o := range orders {
		all[o.N] = o
	}
	return all
}

func (p *pair) hearsay(ctx context.Context) error {
	receipts, theirReceipts, err := both(p, func(c Contents) ([][]byte, error) {
		return gathered(c.Receipts(ctx), func(r KeptReceipt) []byte { return EncodeFacts(r) })
	})
	if err != nil {
		return err
	}
	if !slices.EqualFunc(receipts, theirReceipts, bytes.Equal) {
		return differ("what providers said later")
	}
	marks, theirMarks, err := both(p, func(c Contents) ([]Mark, error) {
		all, err := gathered(c.Marks(ctx), func(m Mark) Mark { return m })
		slices.SortFunc(all, func(a, b Mark) int {
			return cmp.Or(bytes.Compare(a.Mark[:], b.Mark[:]), cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.File, b.File), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Item, b.Item))
		})
		return all, err
	})
	if err != nil {
		return err
	}
	if !slices.Equal(marks, theirMarks) {
		return differ("the marks by which receipts find their rows")
	}
	p.seen.Rest += len(receipts) + len(marks)
	return nil
}

func gathered[T, R any](from func(yield func(T, error) bool), as func(T) R) (all []R, err error) {
	for one, err := range from {
		if err != nil {
			return nil, err
		}
		all = append(all, as(one))
	}
	return all, nil
}

// copies compares the private copies of files byte for byte, by their hashes.
func (p *pair) copies(ctx context.Context) error {
	a, b, err := both(p, func(c Contents) (map[string][sha256.Size]byte, error) { return hashes(ctx, c.Copies()) })
	if err != nil {
		return err
	}
	for id, hash := range a {
		if other, there := b[id]; !there || hash != other {
			return differ("the copy of file %s", id)
		}
	}
	for id := range b {
		if _, there := a[id]; !there {
			return differ("the copy of file %s", id)
		}
	}
	p.seen.Copies = len(a)
	return nil
}

func hashes(ctx context.Context, copies Copies) (map[string][sha256.Size]byte, error) {
	all := map[string][sha256.Size]byte{}
	for id, err := range copies.IDs(ctx) {
		if err != nil {
			return nil, err
		}
		o, err := copies.Open(ctx, id)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		_, err = io.Copy(h, io.NewSectionReader(o, 0, o.Size()))
		if err := errors.Join(err, o.Close()); err != nil {
			return nil, err
		}
		all[id] = [sha256.Size]byte(h.Sum(nil))
	}
	return all, nil
}
