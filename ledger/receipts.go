package ledger

import (
	"context"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Hearsay is what providers said later, as anybody may look at it.
//
// A receipt and an item find each other by marks: prints of what both name, such as a bill's number or the provider's
// reference. The item leaves its marks when it is settled (Event.Marks), the receipt has one. Of several items with a mark the
// receipt speaks of the one that was sent last before it came. Neither has to be there first.
type Hearsay interface {
	// Received gives receipts in the order in which they came.
	Received(ctx context.Context, q ReceivedQuery) ([]Received, error)
}

// Listening is what receiving writes.
type Listening interface {
	// Receive keeps a receipt; fresh is false when one with that id was kept before, and then nothing changes.
	Receive(ctx context.Context, id Print, mark Print, r batch.Receipt) (fresh bool, err error)
	// ForgetReceipts lets go of a bounded number of receipts that came, and of marks of items that were sent, before a moment; more tells that
	// there are more.
	ForgetReceipts(ctx context.Context, before time.Time) (more bool, err error)
	// Revise has the result of a Reported file (ErrState) written again, as a new revision.
	Revise(ctx context.Context, id string) error
	// Remark adds a note to what is told of a file, unless one with its key is there. Where the result is out already, it is
	// written again, as a new revision.
	Remark(ctx context.Context, id string, note batch.Note) error
}

// Received is a receipt and the item that it speaks of.
type Received struct {
	batch.Receipt
	N     int64  `json:"n"`              // later ones have greater numbers
	File  string `json:"file,omitempty"` // "": nothing that was sent is known under its key
	Chunk int    `json:"-"`
	Item  int    `json:"-"` // index within the chunk
}

// ReceivedQuery selects receipts. Zero fields select all.
type ReceivedQuery struct {
	File    string // only those that speak of its items
	Unknown bool   // only those that speak of nothing that is known
	After   int64  // only those with a greater N
	Last    int    // only the newest so many; 0: all
}

// MarkOf is the mark of what a receipt names: key, as receipts of that kind write it.
func MarkOf(account, kind, key string) Print {
	return printOf(account, "receipt "+kind, []byte(key))
}

// ReceiptsKey is where it is kept which receipts a file's result has told of.
func ReceiptsKey(id string) string { return "receipts/" + id }
