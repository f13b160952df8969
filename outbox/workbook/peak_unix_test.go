//go:build unix

package workbook_test

import (
	"os"
	"runtime"
	"syscall"
)

// peak is the most memory a process had, in MiB.
func peak(p *os.ProcessState) float64 {
	most := float64(p.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return most / (1 << 20)
	}
	return most / (1 << 10)
}
