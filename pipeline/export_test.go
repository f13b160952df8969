package pipeline

import (
	"context"

	"github.com/rowferry/rowferry/ledger"
)

// Obey carries out one order, as the engine does with those in the ledger.
func (e *Engine) Obey(ctx context.Context, o ledger.Order) error { return e.clerk().Obey(ctx, o) }

// Since is what is written down of the files that stay in an inbox, given what another process wrote.
var Since = since
