package pipeline

import (
	"context"

	"github.com/rowferry/rowferry/ledger"
)

// Obey carries out one order, as the engine does with those in the ledger.
func (e *Engine) Obey(ctx context.Context, o ledger.Order) error { return e.clerk().Obey(ctx, o) }
