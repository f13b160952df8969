package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// beRowferry makes the test binary behave as rowferry, so that tests run the real program as a process of its own.
const beRowferry = "ROWFERRY_TEST_IS_ROWFERRY"

func TestMain(m *testing.M) {
	if os.Getenv(beRowferry) != "" {
		os.Exit(Main())
	}
	testscript.Main(all{m}, map[string]func(){"rowferry": main})
}

// afterAll ends what tests share, when all have run.
var afterAll []func() error

type all struct{ *testing.M }

func (a all) Run() int {
	code := a.M.Run()
	for _, end := range afterAll {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

// rowferry is a command of the program under test, in a folder, with no configuration of the person who runs the tests.
func rowferry(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), beRowferry+"=1", "ROWFERRY_CONFIG=")
	return cmd
}
