// Package local holds the inbox that is a folder of this machine, or one mounted on it.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
)

// What becomes of a file that was taken.
const (
	Archive = "archive" // archive/2026/11/22/NAME
	Delete  = "delete"
	Keep    = "keep" // it stays where it is and is remembered
)

// Settings of one local inbox. Zero fields take the value in brackets.
type Settings struct {
	Dir      string
	Settle   time.Duration // unchanged for so long, and over two looks [2s]
	Match    []string      // globs, letter case aside [every name]
	Every    time.Duration // pause between looks [2s]
	Schedule string        // five cron fields, instead of Every
	TimeZone string        // of Schedule
	Done     string        // a file waits for its marker: "{name}.done"
	Patience time.Duration // how long a file that does not change may stay incomplete [10m]
	After    string        // archive, delete, keep [archive]
	Language batch.Language

	// Whole says whether the file's structure is closed: nil, a *batch.Unreadable, or why it cannot be read now.
	// Incomplete means not yet; any other Unreadable is complete, and found out when it is read. It is asked once
	// for each state of a file. [no check]
	Whole func(ctx context.Context, path string) error

	Remembering inbox.Remembering // for After keep [inbox.Forgetful]
	Note        inbox.Note        // since when files are not whole, over restarts [forgotten]
	Logger      *slog.Logger      // [slog.Default()]
	Clock       func() time.Time  // for tests; monotonic [time.Now]

	// PollOnly does without file events.
	PollOnly bool
}

func (s *Settings) fillIn() {
	orElse(&s.Settle, 2*time.Second)
	orElse(&s.Patience, 10*time.Minute)
	orElse(&s.After, Archive)
	orElse(&s.Language, batch.English)
	if s.Schedule == "" {
		orElse(&s.Every, 2*time.Second)
	}
	if s.Whole == nil {
		s.Whole = func(context.Context, string) error { return nil }
	}
	if s.Remembering == nil {
		s.Remembering = &inbox.Forgetful{}
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
}

func orElse[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate shows every mistake at once.
func (s Settings) Validate() error {
	var wrong []error
	if s.Dir == "" {
		wrong = append(wrong, errors.New("dir is empty: name the folder that files are dropped into"))
	}
	rules := inbox.Rules{Timing: s.timing(), Settle: s.Settle, Patience: s.Patience, Match: s.Match, Done: s.Done, After: s.After}
	wrong = append(wrong, rules.Mistakes(2*time.Second)...)
	return errors.Join(wrong...)
}

func (s Settings) timing() inbox.Timing {
	return inbox.Timing{Every: s.Every, Schedule: s.Schedule, TimeZone: s.TimeZone}
}

// Open makes the folder if it is not there, and watches it. A folder that cannot be used now is told by Look.
func Open(s Settings) (inbox.Place, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	s.fillIn()
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	s.Dir = dir
	timetable, err := s.timing().Timetable()
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		s.Logger.Warn("inbox folder cannot be made", "dir", s.Dir, "error", err)
	}
	p := &place{
		Settings: s,
		marker:   inbox.Marker(s.Done),
		rhythm:   inbox.Rhythm{Timetable: timetable, Clock: s.Clock},
	}
	p.lookout = inbox.Lookout{
		Where: s.Dir, Settle: s.Settle, Patience: s.Patience, LeastPause: leastPause, Match: s.Match, Marker: p.marker,
		Scheduled: s.Schedule != "", Language: s.Language, Note: s.Note, Logger: s.Logger, Rhythm: &p.rhythm, Whole: p.whole,
	}
	if s.After == Keep {
		p.lookout.Remembering = s.Remembering
	}
	p.watch.open(s)
	return p, nil
}
