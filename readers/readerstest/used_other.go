//go:build !unix

package readerstest

import "time"

var start = time.Now()

// used is the time since the process began, where its processor time is not to be had.
func used() time.Duration { return time.Since(start) }
