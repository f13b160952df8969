//go:build race

package xmlfile

import "time"

// patience is how long a hostile file may take. The race detector slows everything down several times.
const patience = time.Minute
