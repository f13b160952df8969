package report

import (
	"fmt"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/receipts"
)

// known are the outcomes of rows whose turn has not come. Of groups that lie apart these are most rows of a file, so what is said of many
// rows is held once.
type known struct {
	rows map[int]kept
	said map[said]*said
}

type said struct {
	status        batch.Status
	code, message string
}

type kept struct {
	*said
	reference      string
	sentAt         int64 // Unix nanoseconds; 0: never
	attempts, item int32
	*more
}

// more is what few rows have.
type more struct {
	problems []batch.Problem
	receipt  *batch.Receipt
}

// mostSaid is from how many different things on that were said it is forgotten which: then rows have little in common.
const mostSaid = 4096

func newKnown() *known { return &known{map[int]kept{}, map[said]*said{}} }

func (k *known) put(row int, o batch.Outcome, problems []batch.Problem, item int) {
	s := said{o.Status, o.Code, o.Message}
	same := k.said[s]
	if same == nil {
		if len(k.said) == mostSaid {
			clear(k.said)
		}
		same = &s
		k.said[s] = same
	}
	l := kept{said: same, reference: o.Reference, attempts: int32(o.Attempts), item: int32(item)}
	if !o.SentAt.IsZero() {
		l.sentAt = o.SentAt.UnixNano()
	}
	if len(problems) > 0 || o.Receipt != nil {
		l.more = &more{problems, o.Receipt}
	}
	k.rows[row] = l
}

// take gives a row's line, without the row, and forgets it.
func (k *known) take(row int) (line outbox.Line, there bool) {
	l, there := k.rows[row]
	if !there {
		return line, false
	}
	delete(k.rows, row)
	line.Outcome = batch.Outcome{Status: l.status, Code: l.code, Message: l.message, Reference: l.reference, Attempts: int(l.attempts)}
	line.Item = int(l.item)
	if l.sentAt != 0 {
		line.Outcome.SentAt = time.Unix(0, l.sentAt).UTC()
	}
	if l.more != nil {
		line.Problems, line.Outcome.Receipt = l.problems, l.receipt
	}
	return line, true
}

// learn adds the outcomes of a chunk's rows.
func (k *known) learn(c *ledger.Content, later *receipts.Join) error {
	for i := range c.Items {
		item, v := &c.Items[i], c.States[i].Verdict
		if v == nil {
			return fmt.Errorf("item %d: %w", item.Seq, errOpen)
		}
		for _, row := range item.Rows {
			k.put(row, later.With(v.Of(row), c.Seq, i), about(row, item.Problems, v.Problems), item.Seq)
		}
	}
	return nil
}
