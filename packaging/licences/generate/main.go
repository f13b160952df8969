// Command generate writes LICENCES.txt.gz: the licence texts of the modules that the program is linked from, on every
// system that it is released for, and Go's own.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systems are what the program is released for; others may link other modules.
var systems = []string{"linux/amd64", "linux/arm64", "windows/amd64", "darwin/arm64"}

func main() {
	if err := generate("LICENCES.txt.gz"); err != nil {
		log.Fatal(err)
	}
}

func generate(path string) error {
	text, err := texts()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if _, err := z.Write([]byte(text)); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// texts gives every licence text once, under the names of its modules.
func texts() (string, error) {
	modules, err := linked()
	if err != nil {
		return "", err
	}
	holders := map[string][]string{} // by text
	for name, dir := range modules {
		found, err := textsIn(dir)
		if err != nil {
			return "", err
		}
		if len(found) == 0 {
			return "", fmt.Errorf("%s: no licence text in %s", name, dir)
		}
		for _, text := range found {
			holders[text] = append(holders[text], name)
		}
	}
	var blocks []string
	for text, names := range holders {
		slices.Sort(names)
		blocks = append(blocks, strings.Join(names, "\n")+"\n\n"+strings.TrimSpace(text)+"\n")
	}
	slices.Sort(blocks)
	return strings.Join(blocks, "\n"+strings.Repeat("-", 100)+"\n\n"), nil
}

// linked gives the folders of all modules, and Go's, by "path version".
func linked() (map[string]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	all := map[string]string{"Go": strings.TrimSpace(string(root))}
	for _, system := range systems {
		goos, arch, _ := strings.Cut(system, "/")
		list := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}|{{.Dir}}{{end}}{{end}}`, "github.com/rowferry/rowferry/cmd/rowferry")
		list.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(out)) {
			if name, dir, found := strings.Cut(strings.TrimSpace(line), "|"); found {
				all[name] = dir
			}
		}
	}
	return all, nil
}

var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-.].*)?$`)

func textsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, e := range entries {
		if e.IsDir() || !licence.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		found[string(text)] = true
	}
	return slices.Sorted(maps.Keys(found)), nil
}
