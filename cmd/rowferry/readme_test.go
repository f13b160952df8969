//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// block is a fenced block of a Markdown page: ```sh, ```text, ```csv NAME.
type block struct{ language, name, text string }

func blocks(t *testing.T, page, section string) (out []block) {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "\n## "+section+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var open *block
	for lines := bufio.NewScanner(strings.NewReader(rest)); lines.Scan(); {
		line := lines.Text()
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			language, name, _ := strings.Cut(info, " ")
			open = &block{language: language, name: name}
		case fence:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return out
}

// usual is where `rowferry simulate` listens unless told otherwise, and what the README says.
const usual = "127.0.0.1:8427"

// What the README tells newcomers to do works as it stands, and prints what it says; only the simulator takes a port that is free.
func TestFirstRouteOfTheReadme(t *testing.T) {
	simulate, _, err := rootCommand().Find([]string{"simulate"})
	if err != nil || simulate.Flag("listen").DefValue != usual {
		t.Fatalf("the README's address is not that of the simulator: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("export %s=1 ROWFERRY_CONFIG=\nrowferry() { '%s' \"$@\"; }\n", beRowferry, self)
	listens := ""
	var want []string // what each step prints; "" where the README does not say
	all := blocks(t, filepath.Join("..", "..", "README.md"), "A first route of your own, in five minutes")
	steps := 0
	for i, b := range all {
		switch {
		case b.language == "csv":
			if err := os.WriteFile(filepath.Join(dir, b.name), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case b.language == "sh" && strings.HasPrefix(b.text, "rowferry simulate"):
			listens = background(t, dir, append(strings.Fields(b.text)[1:], "--listen", "127.0.0.1:0")...)
		case b.language == "sh":
			steps++
			script += fmt.Sprintf("%s\necho '<<step>>'\n", strings.ReplaceAll(b.text, usual, listens))
			said := ""
			if i+1 < len(all) && all[i+1].language == "text" {
				said = all[i+1].text
			}
			want = append(want, said)
		}
	}
	if steps < 5 {
		t.Fatalf("only %d steps were found", steps)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
	got := strings.Split(string(out), "<<step>>\n")
	for i, said := range want {
		if said == "" {
			continue
		}
		if d := cmp.Diff(settled(said), settled(got[i])); d != "" && !strings.HasPrefix(settled(got[i]), settled(said)) {
			t.Errorf("step %d prints something else than the README says (-README +program):\n%s", i+1, d)
		}
	}
	if problem := regexp.MustCompile(`(?m)^rowferry: .*`).FindString(stderr.String()); problem != "" {
		t.Errorf("%s", problem)
	}
}

// settled is text without what differs from run to run.
func settled(text string) string {
	text = strings.NewReplacer("\ufeff", "", "\r", "").Replace(text)
	text = anID.ReplaceAllString(text, "ID")
	text = aTime.ReplaceAllString(text, "TIME")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

// background runs rowferry until the test ends, and returns the address that it says it listens at.
func background(t *testing.T, dir string, args ...string) (address string) {
	t.Helper()
	cmd := rowferry(t, dir, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if address = aPort.FindString(line); err != nil || address == "" {
		t.Fatalf("it does not say where it listens: %q, %v", line, err)
	}
	return address
}
