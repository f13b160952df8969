package signed

import (
	"time"

	"github.com/rowferry/rowferry/senders/auth"
)

// At sets the clock.
func At(s auth.Scheme, now func() time.Time) { s.(*scheme).now = now }
