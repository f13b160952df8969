package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// complaint is an error as a person reads it. language is that of the configuration.
func complaint(err error, language func() batch.Language) string {
	if mistakes, ok := errors.AsType[*configs.MistakesError](err); ok {
		sum := words.Of(mistakes.Language, "config.many", "count", len(mistakes.Mistakes))
		if len(mistakes.Mistakes) == 1 {
			sum = words.Of(mistakes.Language, "config.one")
		}
		return mistakes.Error() + "\n\n" + sum
	}
	if inUse, ok := errors.AsType[*ledger.InUse](err); ok && inUse.By != "" {
		return fmt.Sprintf("rowferry: %s is in use by another rowferry (%s).\nWhile it runs, drop files into its inboxes, and use status, resend, cancel, pause and resume; rowferry run would stand by.", inUse.Path, inUse.By)
	}
	if inUse, ok := errors.AsType[*ledger.InUse](err); ok {
		return "rowferry: " + words.Of(language(), "ledger.in_use", "path", inUse.Path, "process", inUse.PID)
	}
	if damaged, ok := errors.AsType[*ledger.Damaged](err); ok {
		return "rowferry: " + damaged.Say(language())
	}
	if trouble, ok := errors.AsType[*places.Trouble](err); ok {
		return "rowferry: " + strings.Replace(err.Error(), trouble.Error(), trouble.Say(language()), 1)
	}
	return "rowferry: " + err.Error()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func are(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return count(n, what) + " are"
}

// answered is whether a JSON value was printed: nothing may follow it.
var answered bool

// complainJSON says an error to a machine: on standard output, or beside it where the answer is out already.
func complainJSON(said string, err error) {
	w := stdout
	if answered {
		w = stderr
	}
	told := errorAnswer{Error: said}
	if wrong, ok := errors.AsType[*configs.MistakesError](err); ok {
		told.Mistakes = wrong.Mistakes
	}
	_ = printJSON(w, told) // there is nobody left to tell
}

func printJSON(w io.Writer, v any) error {
	answered = true
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// filesTable prints what became of files.
func filesTable(w io.Writer, files []desk.File) error {
	head, rows := filesCells(files)
	return table(w, head, rows)
}

// statusTable prints the same, and of which route each is and when it was taken.
func statusTable(w io.Writer, files []desk.File) error {
	head, rows := filesCells(files)
	for i, f := range files {
		rows[i] = append(rows[i], f.Route, f.TakenAt.Local().Format(time.DateTime))
	}
	return table(w, append(head, "ROUTE", "TAKEN"), rows)
}

func filesCells(files []desk.File) (head []string, rows [][]string) {
	head = []string{"FILE", "ID", "STATE", "ROWS"}
	for _, s := range batch.Statuses() {
		head = append(head, strings.ToUpper(string(s)))
	}
	for _, f := range files {
		r := []string{shortName(f.Name), f.ID, string(f.State), fmt.Sprint(f.Counts.Read)}
		for _, s := range batch.Statuses() {
			r = append(r, fmt.Sprint(f.Counts.Of(s)))
		}
		rows = append(rows, append(r, fmt.Sprint(f.Counts.Pending())))
	}
	return append(head, "WAITING"), rows
}

// remarks prints what a person should know about files beyond the numbers, and what to do next.
func remarks(w io.Writer, files []desk.File) {
	onTheWay := 0
	say := func(f desk.File, key string, args ...any) {
		fmt.Fprintf(w, "\n%s\n", words.Of(f.Language, key, append(args, "name", f.Name)...))
	}
	for _, f := range files {
		switch f.Standing {
		case desk.NotTaken:
			say(f, "stand.not_taken", "since", old(f.Language, f.TakenAt), "why", f.Why)
		case desk.Duplicate:
			key := "stand.duplicate"
			if f.SentAs != "" {
				key = "stand.after_all"
			}
			say(f, key, "earlier", f.Why, "sent", f.SentAs)
		case desk.Misfitting, desk.Stalled:
			fmt.Fprintf(w, "\n%s\n", hindered(f))
		case desk.Paused:
			say(f, "stand.paused", "why", f.Why)
		case desk.Stopped:
			say(f, "stand.stopped", "awaited", awaited(f), "why", f.Why)
		case desk.Waiting:
			say(f, "stand.waiting", "awaited", awaited(f))
		case desk.UnderWay:
			onTheWay++
		}
		for _, n := range f.Reading.Notes {
			if n.Unread {
				fmt.Fprintf(w, "\n%s: %s\n", f.Name, words.Say(f.Language, n.Message))
			}
		}
	}
	if onTheWay > 0 {
		fmt.Fprintf(w, "\n%s\n", words.Of(files[0].Language, "stand.under_way", "files", onTheWay))
	}
}

// awaited is how many rows of a file have no outcome: they are to be sent, or may have been, as after a kill or when a backup was put back.
func awaited(f desk.File) string {
	return words.Of(f.Language, "stand.awaited", "rows", f.Counts.Pending())
}

// hindered says what keeps a file from going on, and how much of it.
func hindered(f desk.File) string {
	key, args := "stand.untaken", []any{"name", f.Name, "why", f.Why}
	switch {
	case f.Standing == desk.Stalled:
		key, args = "stand.stalled", []any{"name", f.Name, "why", strings.TrimRight(f.Why, ".。")}
	case f.State == ledger.Settled:
		key = "stand.unreported"
	case f.State == ledger.Sending:
		key, args = "stand.hindered", append(args, "awaited", awaited(f))
	}
	return words.Of(f.Language, key, args...)
}

// allDelivered reports whether every row of every file was delivered.
func allDelivered(files []ledger.File) bool {
	for _, f := range files {
		if f.State != ledger.Reported || f.Counts.Delivered != f.Counts.Read {
			return false
		}
	}
	return len(files) > 0
}

// progress shows how far files are: a bar on a terminal, else a line when something has changed for good.
type progress struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	said map[string]string
}

func newProgress(out *os.File) *progress {
	p := &progress{w: out, said: map[string]string{}}
	if term.IsTerminal(int(out.Fd())) {
		p.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionClearOnFinish())
	}
	return p
}

// show is called with the present state of the files.
func (p *progress) show(files []ledger.File) {
	if p.bar == nil {
		p.lines(files)
		return
	}
	read, settled := 0, 0
	for _, f := range files {
		read += f.Counts.Read
		settled += f.Counts.Settled()
	}
	if read > 0 {
		p.bar.ChangeMax(read)
		p.bar.Describe(fmt.Sprintf("%s, %s", count(len(files), "file"), count(read, "row")))
		_ = p.bar.Set(settled)
	}
}

// lines says each new tenth of a file, and its end.
func (p *progress) lines(files []ledger.File) {
	for _, f := range files {
		if f.Counts.Read == 0 {
			continue
		}
		tenth := fmt.Sprintf("%d%%", f.Counts.Settled()*10/f.Counts.Read*10)
		if p.said[f.ID] == tenth {
			continue
		}
		p.said[f.ID] = tenth
		fmt.Fprintf(p.w, "%s  %s  %d of %d rows\n", f.Name, tenth, f.Counts.Settled(), f.Counts.Read)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
