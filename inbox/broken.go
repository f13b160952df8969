package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"
	"unicode/utf8"
)

// A file that has settled and is not whole is given up after the patience, one that does not fit is told of. A process that ends before that, such as run --once from cron,
// notes since when which file is so, and the next one goes on counting from there. Between processes it is the wall clock that counts;
// each process sees a file settle by its own before it judges.

// Note is a small text that outlasts the process. The ledger holds it, one for each route.
type Note interface {
	// Read gives the text, "" when there is none.
	Read(ctx context.Context) (string, error)
	Write(ctx context.Context, text string) error
}

// noted is a file that was not whole, as the note has it.
type noted struct {
	Mark
	Since int64 // nanoseconds since 1970
}

// recall reads what earlier processes noted, once. A note that cannot be read holds nothing up.
func (b *Inbox) recall(ctx context.Context) {
	if b.Note == nil || b.noted != nil {
		return
	}
	text, err := b.Note.Read(ctx)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &b.noted)
	}
	if err != nil {
		b.Logger.Warn("it is not known since when files in the inbox are not whole", "inbox", b.where, "error", err)
	}
	if b.noted == nil {
		b.noted = map[string]noted{}
	}
}

// waited is how long a file has been seen as it is, by this process and earlier ones.
func (b *Inbox) waited(c Candidate) time.Duration { return b.lain(c.Name, c.Sighting, b.rhythm.Now()) }

// lain is how long a file has lain there as it is.
func (b *Inbox) lain(name string, s *Sighting, now time.Time) time.Duration {
	lain := now.Sub(s.First)
	if n := b.noted[noteKey(name)]; n.Mark == s.Mark {
		lain = max(lain, now.Sub(time.Unix(0, n.Since)))
	}
	return lain
}

// noteKey is a name as a note can hold it, whatever it consists of.
func noteKey(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// note writes down which files are not whole or do not fit, when these are others than before.
func (b *Inbox) note(ctx context.Context) {
	if b.Note == nil {
		return
	}
	broken, now := map[string]noted{}, b.rhythm.Now().UnixNano()
	for name, s := range b.sightings.byName {
		before, known := b.noted[noteKey(name)]
		known = known && before.Mark == s.Mark && before.Since <= now // or the clock was wrong then
		switch {
		case s.Taken:
		case known && (b.broken(s) != "" || s.Waits != "" || s.Verdict == nil && !s.Checked):
			broken[noteKey(name)] = before
		case b.broken(s) != "" || s.Waits != "":
			broken[noteKey(name)] = noted{s.Mark, s.First.UnixNano()}
		}
	}
	for name, s := range b.aside.byName {
		if before, known := b.noted[noteKey(name)]; known && before.Mark == s.Mark && before.Since <= now {
			broken[noteKey(name)] = before
			continue
		}
		broken[noteKey(name)] = noted{s.Mark, s.First.UnixNano()}
	}
	if maps.Equal(broken, b.noted) {
		return
	}
	text, err := json.Marshal(broken)
	if err == nil {
		err = b.Note.Write(ctx, string(text))
	}
	if err != nil && ctx.Err() == nil {
		b.Logger.Warn("it cannot be noted since when files in the inbox are not whole", "inbox", b.where, "error", fmt.Errorf("note: %w", err))
	}
	if err == nil {
		b.noted = broken
	}
}
