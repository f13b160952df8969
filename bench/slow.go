package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// slow compares sending what may not be repeated with the bare loop where each sync of SQLite's takes 5 ms longer: a disk that is no fast one.
// The program is built with a copy of the C library that SQLite stands on, in which the system calls wait.
func slow(runs int) error {
	return withBench(6400, func(b *bench, in string) error {
		binary := filepath.Join(b.dir, "slow")
		if err := b.buildSlow(binary); err != nil {
			return err
		}
		fmt.Printf("each sync takes 5 ms longer; rows per second : control's, CPU : control's; medians of %d rounds in turn\n\n", runs)
		for _, wait := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond} {
			if err := b.delayed(in, 6400, runs, wait, false, []version{{binary, b.self}}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) buildSlow(binary string) error {
	lib := filepath.Join(b.dir, "libc")
	at, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "modernc.org/libc").Output()
	if err != nil {
		return err
	}
	if err := os.CopyFS(lib, os.DirFS(strings.TrimSpace(string(at)))); err != nil {
		return err
	}
	calls := filepath.Join(lib, "syscall_musl.go")
	text, err := os.ReadFile(calls)
	if err != nil {
		return err
	}
	const before = "	switch n {\n	case SYS_nanosleep:"
	if strings.Count(string(text), before) != 1 {
		return errors.New("modernc.org/libc makes its system calls otherwise by now")
	}
	waits := strings.Replace(string(text), before, "	if n == SYS_fsync || n == SYS_fdatasync {\n		time.Sleep(5 * time.Millisecond)\n	}\n"+before, 1)
	waits = strings.Replace(waits, "import (\n", "import (\n	\"time\"\n", 1)
	module, err := os.ReadFile("go.mod")
	sums, err2 := os.ReadFile("go.sum")
	mod := filepath.Join(b.dir, "slow.mod")
	err = errors.Join(err, err2, os.Chmod(calls, 0o644), os.WriteFile(calls, []byte(waits), 0o644),
		os.WriteFile(mod, append(module, "\nreplace modernc.org/libc => "+lib+"\n"...), 0o644), os.WriteFile(filepath.Join(b.dir, "slow.sum"), sums, 0o644))
	if err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-modfile", mod, "-o", binary, "./cmd/rowferry").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}
