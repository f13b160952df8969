package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A terminal that is closed ends the service softly: there a hang-up is no reload.
func TestClosedTerminalEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := `accounts: {les: {provider: les, server: "http://127.0.0.1:9/les"}}
routes: {a: {account: les, operation: shipmentFailed, inbox: {dir: in}, outbox: {dir: out}}}
`
	if err := os.WriteFile(filepath.Join(dir, "rowferry.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ours, theirs := terminalPair(t)
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := rowferry(t, dir, "run")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	limit := time.After(2 * time.Minute)
	for closed := false; ; {
		text, err := os.ReadFile(said.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !closed && strings.Contains(string(text), "rowferry is running") {
			closed = true
			_ = theirs.Close()
			if err := ours.Close(); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-done:
			text, _ := os.ReadFile(said.Name())
			if err != nil || !closed || !strings.Contains(string(text), "msg=stopped") {
				t.Fatalf("%v\n%s", err, text)
			}
			return
		case <-limit:
			_ = cmd.Process.Kill()
			<-done
			t.Fatalf("it goes on:\n%s", text)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// terminalPair is a pseudo-terminal: the side that is closed, and the one that a program has.
func terminalPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
