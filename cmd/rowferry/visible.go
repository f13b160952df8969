package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// What commands print, without what would steer a terminal: names of files and what providers say are others' texts.
var (
	stdout io.Writer = visible{os.Stdout}
	stderr io.Writer = visible{os.Stderr}
)

// visible writes a text without control characters, those for directions too. A write must end where a character does.
type visible struct{ w io.Writer }

// Write writes p, as io.Writer wants it.
func (v visible) Write(p []byte) (int, error) {
	text := strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)) {
			return -1
		}
		return c
	}, string(p))
	if _, err := io.WriteString(v.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// table prints rows in columns; a Chinese character takes two places. Line breaks and tabs in a cell are blanks.
func table(w io.Writer, head []string, rows [][]string) error {
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range all {
		for i := range row {
			row[i] = strings.Map(oneLine, row[i])
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	var out strings.Builder
	for _, row := range all {
		for i, cell := range row {
			out.WriteString(cell)
			if i+1 < len(row) {
				out.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
			}
		}
		out.WriteByte('\n')
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// oneLine keeps a cell on its line, and lets nothing count that visible drops.
func oneLine(c rune) rune {
	switch {
	case c == '\n' || c == '\t' || c == '\r':
		return ' '
	case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):
		return -1
	}
	return c
}

// widestName is how many places a name takes in a table at most.
const widestName = 40

// shortName cuts a long name in its middle: its beginning and its end tell more than what is between.
func shortName(name string) string {
	name = strings.Map(oneLine, name)
	if uniseg.StringWidth(name) <= widestName {
		return name
	}
	var graphemes []string
	for g := uniseg.NewGraphemes(name); g.Next(); {
		graphemes = append(graphemes, g.Str())
	}
	front, back := "", ""
	for i, j := 0, len(graphemes)-1; i < j; {
		if uniseg.StringWidth(front) <= 2*uniseg.StringWidth(back) {
			if uniseg.StringWidth(front+graphemes[i]+back) >= widestName {
				break
			}
			front, i = front+graphemes[i], i+1
			continue
		}
		if uniseg.StringWidth(front+graphemes[j]+back) >= widestName {
			break
		}
		back, j = graphemes[j]+back, j-1
	}
	return front + "…" + back
}

// ago says how long something is past, in the largest unit that is whole.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour") + " ago"
	}
	return fmt.Sprintf("%d days ago", int(d/(24*time.Hour)))
}
