//go:build unix

// Command octokit measures what one operation of a very large description costs: GitHub's, of 13 MB, as npm has it (make octokit).
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rowferry/rowferry/providers"
)

// What it may cost.
const (
	maxTime   = time.Second
	maxMemory = 150 << 10 // KB
)

func main() {
	if err := measure(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure loads one operation of the description at a path and fails when that costs too much.
func measure(path, operation string) error {
	dir, err := os.MkdirTemp("", "octokit")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	ours := filepath.Join(dir, "ours.yaml")
	if err := os.WriteFile(ours, fmt.Appendf(nil, "extends: %q\nx-rowferry: {name: github}\noperations: {%s: {}}\n", path, operation), 0o600); err != nil {
		return err
	}
	started := time.Now()
	p, err := providers.Load(ours)
	took := time.Since(started)
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	fmt.Printf("%s: %d fields in %d ms (processor: %d ms), %d MB at most\n", operation, len(p.Operations[0].Fields), took.Milliseconds(),
		time.Duration(used.Utime.Nano()+used.Stime.Nano()).Milliseconds(), used.Maxrss>>10)
	if took > maxTime || used.Maxrss > maxMemory {
		return fmt.Errorf("more than %v or %d MB", maxTime, maxMemory>>10)
	}
	return nil
}
