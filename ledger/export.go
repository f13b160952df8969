package ledger

import (
	"context"
	"iter"

	"github.com/rowferry/rowferry/batch"
)

// Contents are everything that a ledger keeps: what Books show, and what they do not. They are the owner's, and nothing else
// writes meanwhile.
type Contents interface {
	Books
	Entries(ctx context.Context, prefix string) (map[string]string, error)
	Acts(ctx context.Context, q ActQuery) ([]Act, error)
	Ordered(ctx context.Context) ([]Order, error)
	// Facts gives all small facts by key, without the ledger's Own.
	Facts(ctx context.Context) (map[string]string, error)
	// Receipts gives what providers said later in the order in which it came; Marks by what it finds its items, in no order.
	Receipts(ctx context.Context) iter.Seq2[KeptReceipt, error]
	Marks(ctx context.Context) iter.Seq2[Mark, error]
}

// Own is how the keys of those small facts begin that ledgers keep for themselves.
const Own = "ledger/"

// CopiedKey is where a ledger that found out that it is a copy keeps where it lay before, until that is told.
const CopiedKey = Own + "copied"

// KeptReceipt is a receipt as it was given to Receive.
type KeptReceipt struct {
	N        int64 // as Received has it
	ID, Mark Print
	batch.Receipt
}

// Mark is one of Event.Marks, and the item that left it.
type Mark struct {
	Mark Print
	Sent int64 // when the item was sent, in Unix milliseconds
	ChunkID
	Item int
}

// Source is an owner whose ledger another one can take in.
type Source interface {
	Contents
	// Sealed gives an accepted file's records as they are stored, chunk after chunk.
	Sealed(ctx context.Context, id string) iter.Seq2[*Sealed, error]
	// Reached is the greatest Change that a file has, or had.
	Reached(ctx context.Context) (int64, error)
	// Leave has it written down that the ledger goes on elsewhere. From here on it is *Damaged and Lost, until somebody Adopts it.
	Leave(ctx context.Context, to string) error
	Close() error
}

// Sealed is a chunk as it is stored: sealed records (Seal), the events in the order in which they were written.
type Sealed struct {
	ChunkID
	Items  []byte
	Events [][]byte
}

// LeftPrint is a print that an item of a chunk leaves. A bared one is free: it races with none.
type LeftPrint struct {
	Print Print
	Item  int
	Free  bool
}

// Played is what follows from a chunk's records: its tally, and the prints that its items left. An item leaves one unless it was
// never to be sent. Of one that goes whatever other files bring (Free) it is not known any more when it was the first to come:
// it then counts as one that another file may repeat.
func (s *Sealed) Played(f *File) (*Tally, []LeftPrint, error) {
	items, err := Unseal(OfItems, s.File, s.Seq, s.Items)
	if err != nil {
		return nil, nil, err
	}
	p, err := Play(s.ChunkID, items, nil)
	if err != nil {
		return nil, nil, err
	}
	var counted Tally
	for _, record := range s.Events {
		events, err := Unseal(OfEvents, s.File, s.Seq, record)
		if err != nil {
			return nil, nil, err
		}
		if err := p.Add(record, events); err != nil {
			return nil, nil, err
		}
		counted.Link(record)
	}
	c, err := p.Content()
	if err != nil {
		return nil, nil, err
	}
	t := c.Tally()
	t.Records, t.Chain = counted.Records, counted.Chain
	return t, c.prints(f), nil
}

// prints are those that the items left.
func (c *Content) prints(f *File) (prints []LeftPrint) {
	for _, left := range c.Left(f) {
		it := &c.Items[left.Item]
		prints = append(prints, LeftPrint{left.Print, left.Item, it.Before.Repeat || it.Preset.Held()}) // what was held, and opened, is free
		if left.Bared != (Print{}) {
			prints = append(prints, LeftPrint{left.Bared, left.Item, true})
		}
	}
	return prints
}

// Importer is a driver that can take in what another ledger keeps, as docs/cluster.md tells people.
type Importer interface {
	// Import takes in everything at once. ErrExists where something is kept already, *InUse. Until Finish the ledger is nobody's
	// to open, be it that the process is killed, and says that it is to hold what is in the one called of; another Import begins anew.
	Import(ctx context.Context, from Source, of string) (Imported, error)
}

// Imported is a ledger that was taken in, in the hands of who compares it.
type Imported interface {
	Contents
	// Where is its address as people may see it.
	Where() string
	// Finish makes it a ledger like any other, Discard an empty one.
	Finish(ctx context.Context) error
	Discard(ctx context.Context) error
	Close() error
}
