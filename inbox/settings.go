package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
)

// What becomes of a file that was taken.
const (
	Archive = "archive" // archive/2026/11/22/NAME
	Delete  = "delete"
	Keep    = "keep" // it stays where it is and is remembered
)

// Settings of one inbox. Zero fields take the value in brackets.
type Settings struct {
	configs.Inbox // of it Settle [2s], Match [every name], Every [as often as the place bears], Patience [10m], After [archive]

	Language batch.Language // [en]

	// Whole says whether the structure of a file that lies on this machine is closed: nil, a *batch.Unreadable, or why it cannot be read now.
	// Incomplete means not yet; any other Unreadable is complete, and found out when it is read. It is asked once
	// for each state of a file. [no check]
	Whole func(ctx context.Context, path string) error

	// Downloads is a folder on this machine for copies of files that do not lie on it; they are gone on with after a cut and after a restart.
	Downloads string

	Remembering Remembering      // what was taken without moving it: After keep, or a server that permits no move [Forgetful]
	Note        Note             // since when files are not whole, over restarts [forgotten]
	Logger      *slog.Logger     // [slog.Default()]
	Clock       func() time.Time // for tests; monotonic [time.Now]
}

func (s *Settings) fillIn(t places.Traits) {
	orElse(&s.Settle, 2*time.Second)
	orElse(&s.Patience, 10*time.Minute)
	orElse(&s.After, Archive)
	orElse(&s.Language, batch.English)
	if s.Schedule == "" {
		orElse(&s.Every, t.Every)
	}
	if s.Remembering == nil {
		s.Remembering = &Forgetful{}
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

// Open makes an inbox of a folder. A folder of this machine is made if it is not there; one that cannot be used now is told by Look.
func Open(f places.Folder, s Settings) (*Inbox, error) {
	traits := f.Traits()
	s.fillIn(traits)
	timetable, err := TimetableOf(s.Inbox)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	b := &Inbox{
		Settings: s, folder: f, where: traits.Where, root: traits.Root, least: traits.Least, marker: Marker(s.Done),
		remembers: s.After == Keep || !traits.Moves, rhythm: Rhythm{Timetable: timetable, Clock: s.Clock},
		made: map[string]bool{}, pending: map[string]bool{},
	}
	if b.root != "" {
		if _, err := f.Make(context.Background(), ".", false); err != nil {
			s.Logger.Warn("inbox folder cannot be made", "inbox", b.where, "error", err)
		}
		return b, nil
	}
	b.copies = filepath.Join(s.Downloads, "copies-"+short(b.where))
	if err := os.MkdirAll(b.copies, 0o700); err != nil {
		return nil, fmt.Errorf("inbox: downloads: %w", err)
	}
	return b, nil
}

// short is a name for anything, good for a folder on this machine.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
