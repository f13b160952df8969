package batch

import "time"

// ReceiptClass is what a receipt says of what it speaks of.
type ReceiptClass string

const (
	Accepted ReceiptClass = "accepted"
	Refused  ReceiptClass = "refused"
	Told     ReceiptClass = "told"    // news that decides nothing: a notice, a state on the way
	Garbled  ReceiptClass = "garbled" // kept as it came: nobody knows what it says
	Awaited  ReceiptClass = "awaited" // none has come that decides; never that of a receipt
)

// Receipt is what a provider says about a request after it was taken over, by itself or when asked.
type Receipt struct {
	Account string       `json:"account"`
	Kind    string       `json:"kind"`          // the name under `webhooks:` of the provider's document, or of what asked
	Key     string       `json:"key,omitempty"` // by which it finds what was sent
	Class   ReceiptClass `json:"class"`
	Code    string       `json:"code,omitempty"`
	Message string       `json:"message,omitempty"` // the provider's words
	Said    time.Time    `json:"said,omitzero"`     // when the provider says it was; zero: it does not
	Came    time.Time    `json:"came"`              // when it was received
	Raw     string       `json:"raw,omitempty"`     // as it came, at most 4 KiB of it
}

// Decides reports whether it is the provider's last word for now.
func (r *Receipt) Decides() bool { return r.Class == Accepted || r.Class == Refused }
