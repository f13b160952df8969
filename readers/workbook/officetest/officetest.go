// Package officetest has LibreOffice open and save spreadsheets for tests: it is started once for all tests of a package, since a
// start takes it longer than a thousand small files.
package officetest

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

//go:embed office.py
var script string

// Plain is the CSV that LibreOffice saves unless told otherwise; Shown is one with each cell as it is shown, in quotes.
const (
	Plain = "csv"
	Shown = "csv:Text - txt - csv (StarCalc):44,34,76,1"
)

// filters are LibreOffice's names for the formats that it saves without being told a filter.
var filters = map[string]string{
	"xlsx": "Calc MS Excel 2007 XML", "xls": "MS Excel 97", "ods": "calc8", "fods": "OpenDocument Spreadsheet Flat XML", "csv": "Text - txt - csv (StarCalc)",
}

// office is LibreOffice and the program that talks to it.
type office struct {
	folder string
	run    *exec.Cmd
	ask    io.WriteCloser
	told   *bufio.Reader
	said   bytes.Buffer
}

var (
	mine    sync.Mutex // one file at a time
	running *office
)

// Main runs the tests of a package and ends the LibreOffice that they used, if they did. It is what TestMain calls.
func Main(m *testing.M) int {
	code := m.Run()
	mine.Lock()
	defer mine.Unlock()
	if running == nil {
		return code
	}
	if err := running.end(); err != nil {
		fmt.Fprintln(os.Stderr, "LibreOffice:", err)
		return max(code, 1)
	}
	return code
}

// Save opens a file and saves it as another: as "xlsx" or another extension, or as extension:filter:options, as soffice --convert-to
// has it. An error is of a file that LibreOffice does not open; without LibreOffice the test has failed.
func Save(t testing.TB, from, to, as string) error {
	t.Helper()
	mine.Lock()
	defer mine.Unlock()
	if running == nil {
		started, err := start()
		if err != nil {
			t.Fatalf("LibreOffice (the Debian packages libreoffice-calc-nogui and python3-uno, see make packages): %v", err)
		}
		running = started
	}
	parts := append(strings.SplitN(as, ":", 3), "", "")
	name, options := parts[1], parts[2]
	if name == "" {
		name = filters[parts[0]]
	}
	said, err := running.save(from, to, name, options)
	if err != nil {
		t.Fatalf("LibreOffice: %v: %s", err, running.said.String())
	}
	if said != "" {
		return errors.New(said)
	}
	return nil
}

// thrifty has the C library keep memory that LibreOffice gives back and asks for again at once, in large pages: the system made 300,000 pages ready
// for one small file, which was most of what a start took.
const thrifty = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=33554432:glibc.malloc.mmap_threshold=1073741824"

func start() (*office, error) {
	folder, err := os.MkdirTemp("", "rowferry-office-")
	if err != nil {
		return nil, err
	}
	o := &office{folder: folder, run: exec.Command("/usr/bin/python3", "-c", script, folder)}
	o.run.Stderr, o.run.Env = &o.said, append(os.Environ(), thrifty)
	out, err := o.run.StdoutPipe()
	if err == nil {
		o.ask, err = o.run.StdinPipe()
	}
	if err == nil {
		err = o.run.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	o.told = bufio.NewReader(out)
	return o, nil
}

// save asks for one file. What it says is why there is none; an error means that LibreOffice is gone.
func (o *office) save(from, to, name, options string) (said string, err error) {
	if from, err = filepath.Abs(from); err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	if err := json.NewEncoder(o.ask).Encode([]string{from, to, name, options}); err != nil {
		return "", err
	}
	answer, err := o.told.ReadBytes('\n')
	if err != nil {
		return "", err
	}
	return said, json.Unmarshal(answer, &said)
}

func (o *office) end() error {
	err := o.ask.Close()
	if ended := o.run.Wait(); ended != nil {
		err = fmt.Errorf("%w: %s", ended, o.said.String())
	}
	return errors.Join(err, os.RemoveAll(o.folder))
}
