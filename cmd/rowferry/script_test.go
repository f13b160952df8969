package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/simulator"
)

// The scripts in testdata/script are the program as a person meets it: files in, commands, what is printed, files out.
// Besides testscript's own commands they have those of scriptCommands. UPDATE_SCRIPTS=1 writes what was seen into them.
func TestScripts(t *testing.T) {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)     // where the tests run under nohup, the programs they start do not: what is caught here is not ignored there
	t.Cleanup(func() { signal.Stop(heard) }) // after the scripts, which are parallel
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Cmds: scriptCommands, Setup: prepare,
		RequireUniqueNames: true, RequireExplicitExec: true, UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// scriptCommands are what our scripts can do beyond testscript's own commands.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"code": code, "hangup": hangup, "json": printsJSON, "provider": startProvider, "faults": faults, "executed": executed,
	"normal": normal, "fileid": fileID, "await": await, "gbk": gbk, "broken": broken, "binary": binary, "workbook": workbook, "mend": mend, "sheet": sheet, "sorted": sorted,
	"many": manyRows, "untilexecuted": untilExecuted, "steady": steady, "eventually": eventually, "seen": seen, "examples": examples, "database": startDatabase,
	"grown": grown, "crlf": crlf, "hints": followHints, "recipe": recipe,
}

// prepare gives a script the repository's folder and nothing of the person who runs the tests.
func prepare(env *testscript.Env) error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	env.Setenv("REPO", filepath.Join(here, "..", ".."))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("TZ", "UTC")
	return nil
}

// code N COMMAND… runs a command and wants exactly that exit code.
func code(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// provider NAME|DOCUMENT… plays providers on this machine. $URL/NAME is the server of an account there.
func startProvider(ts *testscript.TestScript, _ bool, args []string) {
	var all []*simulator.Simulator
	for _, name := range args {
		if strings.ContainsAny(name, "./") {
			name = ts.MkAbs(name)
		}
		p, err := provider(name)
		ts.Check(err)
		all = append(all, simulator.New(p, simulator.Options{Seed: 1}))
	}
	server, err := simulator.Start("127.0.0.1:0", all...)
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv("URL", "http://"+server.Addr())
}

// faults PROVIDER JSON says what goes wrong there from now on; {} is nothing.
func faults(ts *testscript.TestScript, _ bool, args []string) {
	r, err := http.Post(ts.Getenv("URL")+"/"+args[0]+"/__faults", "application/json", strings.NewReader(args[1]))
	ts.Check(err)
	answer, err := io.ReadAll(r.Body)
	ts.Check(errors.Join(err, r.Body.Close()))
	if r.StatusCode != http.StatusOK {
		ts.Fatalf("faults: %s", answer)
	}
}

// executed PROVIDER prints what it executed, one identity a line with its count.
func executed(ts *testscript.TestScript, _ bool, args []string) {
	out := ts.Stdout() // clears what was there
	for _, e := range executions(ts, args[0]) {
		fmt.Fprintf(out, "%s %d\n", e.Key, e.Count)
	}
}

// seen PROVIDER prints its counters: requests that break its rules, that lack authentication, that came too fast.
func seen(ts *testscript.TestScript, _ bool, args []string) {
	r, err := http.Get(ts.Getenv("URL") + "/" + args[0] + "/__stats")
	ts.Check(err)
	var stats simulator.Stats
	ts.Check(errors.Join(json.NewDecoder(r.Body).Decode(&stats), r.Body.Close()))
	ts.Check(printJSON(ts.Stdout(), stats))
}

func executions(ts *testscript.TestScript, provider string) (all []simulator.Executed) {
	r, err := http.Get(ts.Getenv("URL") + "/" + provider + "/__executed")
	ts.Check(err)
	ts.Check(errors.Join(json.NewDecoder(r.Body).Decode(&all), r.Body.Close()))
	return all
}

// untilexecuted PROVIDER N waits until it has executed at least N, or with +N so many more than now.
func untilExecuted(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if strings.HasPrefix(args[1], "+") {
		n += len(executions(ts, args[0]))
	}
	until(ts, "not so many were executed: "+args[1], func() bool { return len(executions(ts, args[0])) >= n })
}

// steady PROVIDER DURATION waits until it has executed nothing for so long.
func steady(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	before := -1
	until(ts, "it executes more and more", func() bool {
		now := len(executions(ts, args[0]))
		same := now == before
		before = now
		if !same {
			time.Sleep(d)
		}
		return same
	})
}

// eventually PATTERN COMMAND… runs a command again and again until it succeeds and a line of its output fits.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[0])
	until(ts, "never printed: "+args[0], func() bool {
		if ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return true
		}
		time.Sleep(150 * time.Millisecond) // a start costs what it costs
		return false
	})
}

// many N PATTERN TARGET makes a file of the pattern's heading and its second line N times, # being the line's number.
func manyRows(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	heading, line, _ := strings.Cut(ts.ReadFile(args[1]), "\n")
	var b strings.Builder
	b.WriteString(heading + "\n")
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "#", strconv.Itoa(i+1)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(b.String()), 0o644))
}

// What differs from run to run.
var (
	anID     = regexp.MustCompile(`\b\d{8}-\d{6}-[0-9a-f]{4,}\b`)
	aTime    = regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?`)
	aDay     = regexp.MustCompile(`\b\d{4}/\d\d/\d\d\b`)
	aPort    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	aProcess = regexp.MustCompile(`\(process \d+\)`)
	seconds  = regexp.MustCompile(`,\n *"seconds": [0-9.e-]+`) // left out when there are none
	blanks   = regexp.MustCompile(`(?m)[ ]+$`)
)

// normal SOURCE TARGET copies one file (a pattern that one file matches, or stdout, stderr) so that it can be compared:
// file ids, times, ports and the script's folder by name, lines with LF, the byte order mark written out.
func normal(ts *testscript.TestScript, _ bool, args []string) {
	text := ""
	if args[0] == "stdout" || args[0] == "stderr" {
		text = ts.ReadFile(args[0])
	} else {
		text = ts.ReadFile(match(ts, args[0]))
	}
	for from, to := range map[string]string{"\ufeff": "<BOM>", "\r\n": "\n", ts.Getenv("WORK"): "$WORK"} {
		text = strings.ReplaceAll(text, from, to)
	}
	for pattern, to := range map[*regexp.Regexp]string{anID: "<ID>", aTime: "<TIME>", aPort: "<ADDRESS>", aDay: "<DAY>", aProcess: "(process N)", seconds: ""} {
		text = pattern.ReplaceAllString(text, to)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(blanks.ReplaceAllString(text, "")), 0o644))
}

// match finds the one file of a pattern.
func match(ts *testscript.TestScript, pattern string) string {
	found, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s: %d files: %v", pattern, len(found), found)
	}
	return found[0]
}

// fileid VARIABLE NAME [DATA] puts the id of the newest file of that name into a variable, as soon as the ledger has it.
func fileID(ts *testscript.TestScript, _ bool, args []string) {
	data := "data"
	if len(args) > 2 {
		data = args[2]
	}
	until(ts, "the ledger has no file "+args[1], func() bool {
		l, err := drivers.Visit(context.Background(), drivers.SQLite(ts.MkAbs(data)))
		if err != nil {
			return false
		}
		files, err := l.Files(context.Background(), ledger.Query{})
		ts.Check(errors.Join(err, l.Close()))
		for _, f := range slices.Backward(files) {
			if f.Name == args[1] {
				ts.Setenv(args[0], f.ID)
				return true
			}
		}
		return false
	})
}

// await PATTERN [TEXT] waits until a file matches and holds the text; ! await PATTERN until none matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	until(ts, strings.Join(args, " ")+": waited in vain", func() bool {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if neg || len(args) == 1 {
			return (len(found) == 0) == neg
		}
		for _, name := range found {
			content, err := os.ReadFile(name)
			if err == nil && strings.Contains(string(content), args[1]) {
				return true
			}
		}
		return false
	})
}

// until waits for something, for as long as the slowest machine may need.
func until(ts *testscript.TestScript, complaint string, done func() bool) {
	for end := time.Now().Add(3 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s", complaint)
		}
	}
}

// gbk FILE turns a file into GB18030, as Chinese spreadsheet programs write CSV.
func gbk(ts *testscript.TestScript, _ bool, args []string) {
	text, err := simplifiedchinese.GB18030.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// broken SOURCE TARGET copies the first half of a file, as a copy that was broken off.
func broken(ts *testscript.TestScript, _ bool, args []string) {
	whole := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(whole[:len(whole)/2]), 0o644))
}

// binary FILE turns a file of base64 into what it stands for.
func binary(ts *testscript.TestScript, _ bool, args []string) {
	content, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields([]byte(ts.ReadFile(args[0]))), nil)))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o644))
}

// hangup tells the program that was started last in the background that its terminal is gone.
func hangup(ts *testscript.TestScript, _ bool, _ []string) {
	all := ts.BackgroundCmds()
	if len(all) == 0 {
		ts.Fatalf("nothing runs in the background")
	}
	ts.Check(all[len(all)-1].Process.Signal(syscall.SIGHUP))
}

// examples wants a help text with an example of every command of the program: as --help prints it, which for one command the program itself does.
func examples(ts *testscript.TestScript, _ bool, _ []string) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		name := c.CommandPath()
		if !strings.Contains(name, " help") && !strings.Contains(name, " completion") && c.Runnable() {
			var help bytes.Buffer
			c.SetOut(&help)
			c.InitDefaultHelpFlag()
			ts.Check(c.Help())
			if !strings.Contains(help.String(), "Examples:\n  "+name) {
				ts.Fatalf("%s --help has no example of its own:\n%s", name, &help)
			}
			if strings.TrimSpace(c.Short) == "" {
				ts.Fatalf("%s: the list of commands says nothing of it", name)
			}
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(rootCommand())
	var help bytes.Buffer
	c, _, err := rootCommand().Find([]string{"providers", "show"})
	ts.Check(err)
	c.SetOut(&help)
	c.InitDefaultHelpFlag()
	ts.Check(errors.Join(c.Help(), ts.Exec("rowferry", "providers", "show", "--help")))
	if printed := ts.ReadFile("stdout"); printed != help.String() {
		ts.Fatalf("--help prints\n%s\nand not\n%s", printed, &help)
	}
}

// workbook CSV… TARGET makes a workbook of them, each on a sheet called like its file.
func workbook(ts *testscript.TestScript, _ bool, args []string) {
	book := excelize.NewFile()
	for n, name := range args[:len(args)-1] {
		table := csv.NewReader(strings.NewReader(ts.ReadFile(name)))
		table.FieldsPerRecord = -1
		records, err := table.ReadAll()
		ts.Check(err)
		sheet := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if n == 0 {
			ts.Check(book.SetSheetName("Sheet1", sheet))
		}
		_, err = book.NewSheet(sheet)
		ts.Check(err)
		for i, record := range records {
			ts.Check(book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &record))
		}
	}
	ts.Check(errors.Join(book.SaveAs(ts.MkAbs(args[len(args)-1])), book.Close()))
}

// mend PATTERN TARGET CELL VALUE (or SHEET!CELL VALUE) writes a value into the workbook of a pattern, as the person who mends a result does, and saves
// it as TARGET.
func mend(ts *testscript.TestScript, _ bool, args []string) {
	book, err := excelize.OpenFile(match(ts, args[0]))
	ts.Check(err)
	on, cell, named := strings.Cut(args[2], "!")
	if !named {
		on, cell = book.GetSheetName(book.GetActiveSheetIndex()), args[2]
	}
	ts.Check(book.SetCellStr(on, cell, args[3]))
	ts.Check(errors.Join(book.SaveAs(ts.MkAbs(args[1])), book.Close()))
}

// sheet PATTERN [NAME] prints a sheet of a workbook as CSV, the one that shows without a name.
func sheet(ts *testscript.TestScript, _ bool, args []string) {
	book, err := excelize.OpenFile(match(ts, args[0]))
	ts.Check(err)
	name := book.GetSheetName(book.GetActiveSheetIndex())
	if len(args) > 1 {
		name = args[1]
	}
	rows, err := book.GetRows(name)
	ts.Check(errors.Join(err, book.Close(), csv.NewWriter(ts.Stdout()).WriteAll(rows)))
}

// sorted FILE puts the lines of a file in order.
func sorted(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "")), 0o644))
}

// grown BEFORE AFTER wants every line of a file in a later one, in the same order, as it was.
func grown(ts *testscript.TestScript, _ bool, args []string) {
	rest := ts.ReadFile(args[1])
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		_, after, there := strings.Cut("\n"+rest, "\n"+line)
		if !there {
			ts.Fatalf("%s has not, or not in its place: %s", args[1], line)
		}
		rest = after
	}
}

// crlf FILE gives a file the line ends of Windows.
func crlf(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

var (
	hiddenLine = regexp.MustCompile(`(?m)^( *)#(\S+: .*take the # at the beginning away.*)$`)
	wholeEntry = regexp.MustCompile(`write (\S+: \{from: .*?\}+) into the map for|or (\S+: \{from: .*?\}+) for month|write (\S+: \{from: .*?\}+) into the map,`)
	mapBegins  = regexp.MustCompile(`(?m)^    #?map:.*$`)
)

// hints SAMPLE OPERATION makes a configuration of a sample and follows each hint in it as it is written, one at a time: a # is taken away, an
// entry that a remark says is written into the map. The configuration must stay sound each time.
func followHints(ts *testscript.TestScript, _ bool, args []string) {
	name := strings.TrimSuffix(args[0], ".csv") + ".yaml"
	_ = ts.Exec("rowferry", "init", "--from", args[0], "--operation", args[1], "-o", name, "--route", "r")
	said, text := ts.ReadFile("stdout"), ts.ReadFile(name)
	sound := func(what, text string) {
		followed := ts.MkAbs("followed.yaml")
		ts.Check(os.WriteFile(followed, []byte(text), 0o644))
		cfg := configs.Load(followed)
		cfg.WithoutSecrets()
		if err := pipeline.Check(cfg); err != nil { // what config check says
			ts.Fatalf("followed: %s\n%v\n%s", what, err, text)
		}
	}
	sound("nothing", text)
	n := 0
	begun := strings.Replace(text, "    #map:", "    map:", 1)
	for _, at := range hiddenLine.FindAllStringSubmatchIndex(begun, -1) {
		n++
		sound(begun[at[0]:at[1]], begun[:at[3]]+begun[at[4]:]) // without the #
	}
	for _, entry := range wholeEntry.FindAllStringSubmatch(text+said, -1) {
		n++
		hint := strings.Join(entry[1:], "")
		field, _, _ := strings.Cut(hint, ":")
		followed := regexp.MustCompile(`(?m)^      `+regexp.QuoteMeta(field)+`:.*\n(        .*\n)*`).ReplaceAllString(text, "") // instead of what is there
		if !mapBegins.MatchString(followed) {
			ts.Fatalf("there is no map to write it into: %s", text)
		}
		sound(hint, mapBegins.ReplaceAllString(followed, "    map:\n      "+strings.ReplaceAll(hint, "$", "$$")))
	}
	fmt.Fprintf(ts.Stdout(), "%d hints\n", n)
}

// recipe NAME does what a block of docs/operations.md says, as it stands there.
func recipe(ts *testscript.TestScript, _ bool, args []string) {
	page, err := os.ReadFile(filepath.Join(ts.Getenv("REPO"), "docs", "operations.md"))
	ts.Check(err)
	_, rest, found := strings.Cut(string(page), "\n```sh "+args[0]+"\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		ts.Fatalf("docs/operations.md has no block %s", args[0])
	}
	ts.Check(ts.Exec("sh", "-ec", text))
}
