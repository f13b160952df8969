// Package collecting sets how often memory is collected, before other packages are made ready. What imports nothing is ready first, so that
// what the libraries make at their start is not collected in its midst: 3 ms of 23.
package collecting

import (
	"os"
	"runtime"
	"runtime/debug"
)

// Where nobody set GOGC, memory is collected when 10 MB were made since and half of what lives: the ballast counts as living, and takes no
// memory, for nobody touches it. 4 to 5 MB live mostly, and are let grow to more than three times that, as collecting so seldom saves a
// twentieth of the processor's time; but not so the 25 MB of a large workbook.
const (
	percent = 50
	weight  = 20 << 20
)

var ballast []byte

func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
		ballast = make([]byte, weight)
		runtime.KeepAlive(ballast)
	}
}
