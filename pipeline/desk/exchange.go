package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/masks"
)

// Exchange is what went to the provider with a row, and what came back.
type Exchange struct {
	Row
	Together []int           `json:"rows"`               // that travel in one request's item
	Sent     json.RawMessage `json:"sent,omitempty"`     // without credentials, private fields masked; what is to be sent, where there was no attempt
	Answered *batch.Answer   `json:"answered,omitempty"` // the last answer of a request that did not end delivered; kept as long as the rows are
}

// Exchange gives one row. ledger.ErrNotFound when the file has no such row.
func (d *Desk) Exchange(ctx context.Context, f ledger.File, row int) (Exchange, error) {
	page, err := ledger.Rows(ctx, d.Books, ledger.RowQuery{File: f.ID, Row: row, Limit: 1})
	if err == nil && (row <= 0 || len(page.Rows) == 0) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return Exchange{}, err
	}
	r := &page.Rows[0]
	e := Exchange{Row: rowOf(r), Together: r.Item.Rows, Sent: masks.Show(r.Item.Body), Answered: r.State.Answer}
	e.Place = placeIn(f, row)
	d.columns(f).name(&e.Row)
	at := slices.Index(r.Item.Rows, row)
	if at >= len(r.Item.Kin) || !r.Item.Kin[at].Carried || r.Outcome == nil {
		return e, nil
	}
	first, err := d.first(ctx, f, r.Item.Kin[at].Origin)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (first.Outcome == nil || !first.Outcome.SentAt.Equal(r.Outcome.SentAt)) {
		return e, nil // it was sent with another of the family
	}
	e.Sent, e.Answered = first.Sent, first.Answered
	return e, err
}

// first is the row of the family that a carried row was first.
func (d *Desk) first(ctx context.Context, f ledger.File, origin string) (Exchange, error) {
	id, number, found := strings.Cut(origin, ":")
	if !found {
		id, number = f.Root(), origin
	}
	row, err := strconv.Atoi(number)
	if err != nil || id == f.ID {
		return Exchange{}, ledger.ErrNotFound
	}
	where, err := d.Books.File(ctx, id)
	if err != nil {
		return Exchange{}, err
	}
	return d.Exchange(ctx, where, row)
}

// Indented is an answer's body as a person reads it.
func Indented(a *batch.Answer) string {
	if a == nil {
		return ""
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(a.Body), "", "  ") != nil {
		return a.Body
	}
	return out.String()
}
