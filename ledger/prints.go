package ledger

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Print is the fingerprint of an item's request. Equal requests have equal prints; that others have is too rare to count.
type Print [16]byte

// PrintOf is the print of an item. body is its canonical JSON: everything its rows put into the request, and neither
// credentials nor what is filled in when it is sent.
func PrintOf(account, operation string, body []byte) Print {
	text := make([]byte, 0, len(account)+len(operation)+2+len(body))
	text = append(append(text, account...), 0)
	text = append(append(text, operation...), 0)
	sum := sha256.Sum256(append(text, body...))
	return Print(sum[:])
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
