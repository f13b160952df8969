package batch

import "time"

// Brief is an outcome in few bytes, for whoever holds those of a whole file: what is said of many rows is held once. It is made by Briefs. A receipt is
// not in it.
type Brief struct {
	*said
	reference string
	sentAt    int64 // Unix nanoseconds; 0: never
	attempts  int32
}

type said struct {
	Status        Status
	Code, Message string
}

// Briefs makes outcomes brief. The zero value is ready; it is one goroutine's.
type Briefs struct{ known map[said]*said }

// mostSaid is from how many different things on that were said it is forgotten which: then rows have little in common.
const mostSaid = 4096

// Of makes an outcome brief.
func (b *Briefs) Of(o *Outcome) Brief {
	s := said{o.Status, o.Code, o.Message}
	same := b.known[s]
	if same == nil {
		if b.known == nil || len(b.known) == mostSaid {
			b.known = map[said]*said{}
		}
		same = &s
		b.known[s] = same
	}
	brief := Brief{said: same, reference: o.Reference, attempts: int32(o.Attempts)}
	if !o.SentAt.IsZero() {
		brief.sentAt = o.SentAt.UnixNano()
	}
	return brief
}

// Outcome is what was made brief.
func (b *Brief) Outcome() Outcome {
	o := Outcome{Status: b.Status, Code: b.Code, Message: b.Message, Reference: b.reference, Attempts: int(b.attempts)}
	if b.sentAt != 0 {
		o.SentAt = time.Unix(0, b.sentAt).UTC()
	}
	return o
}
