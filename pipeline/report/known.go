package report

import (
	"fmt"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/receipts"
)

// known are the outcomes of rows whose turn has not come. Of groups that lie apart these are most rows of a file.
type known struct {
	rows   map[int]kept
	briefs batch.Briefs
}

type kept struct {
	batch.Brief
	*more
}

// more is what few rows have.
type more struct {
	problems []batch.Problem
	receipt  *batch.Receipt
}

func newKnown() *known { return &known{rows: map[int]kept{}} }

func (k *known) put(row int, o batch.Outcome, problems []batch.Problem) {
	l := kept{Brief: k.briefs.Of(&o)}
	if len(problems) > 0 || o.Receipt != nil {
		l.more = &more{problems, o.Receipt}
	}
	k.rows[row] = l
}

// pop gives a row's line, without the row, and forgets it.
func (k *known) pop(row int) (line outbox.Line, there bool) {
	l, there := k.rows[row]
	if !there {
		return line, false
	}
	delete(k.rows, row)
	line.Outcome = l.Outcome()
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
			k.put(row, later.With(v.Of(row), c.Seq, i), about(row, item.Problems, v.Problems))
		}
	}
	return nil
}
