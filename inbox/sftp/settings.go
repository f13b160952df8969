// Package sftp holds the inbox that is a folder on a partner's SFTP server.
package sftp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/sftpclient"
)

// What becomes of a file that was taken.
const (
	Archive = "archive" // archive/2026/11/22/NAME on the server
	Delete  = "delete"
	Keep    = "keep" // it stays where it is and is remembered
)

// Settings of one SFTP inbox. Zero fields take the value in brackets.
type Settings struct {
	Client   *sftpclient.Client // the partner's connection; closed by whoever opened it
	Dir      string             // on the server; relative to where the login lands
	Settle   time.Duration      // unchanged for so long, and over two looks [2s]
	Match    []string           // globs, letter case aside [every name]
	Every    time.Duration      // pause between looks [1m]
	Schedule string             // five cron fields, instead of Every
	TimeZone string             // of Schedule
	Done     string             // a file waits for its marker: "{name}.done"
	Patience time.Duration      // how long a file that does not change may stay incomplete [10m]
	After    string             // archive, delete, keep [archive]
	Language batch.Language

	// Spool is a folder on this machine for downloads under way; they are resumed from it after a cut and after a restart.
	Spool string

	// Whole says whether the structure of a downloaded file is closed, as for the local inbox. path is on this machine. [no check]
	Whole func(ctx context.Context, path string) error

	// Remembering keeps what was taken without moving it: After keep, or a server that permits no rename. [inbox.Forgetful]
	Remembering inbox.Remembering
	Note        inbox.Note       // since when files are not whole, over restarts [forgotten]
	Logger      *slog.Logger     // [slog.Default()]
	Clock       func() time.Time // for tests; monotonic [time.Now]
}

func (s *Settings) fillIn() {
	orElse(&s.Settle, 2*time.Second)
	orElse(&s.Patience, 10*time.Minute)
	orElse(&s.After, Archive)
	orElse(&s.Language, batch.English)
	if s.Schedule == "" {
		orElse(&s.Every, time.Minute)
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
	if s.Client == nil {
		wrong = append(wrong, errors.New("the partner is missing"))
	}
	if s.Dir == "" {
		wrong = append(wrong, errors.New("dir is empty: name the folder on the server"))
	}
	if s.Spool == "" {
		wrong = append(wrong, errors.New("there is no folder for downloads"))
	}
	rules := inbox.Rules{Timing: s.timing(), Settle: s.Settle, Patience: s.Patience, Match: s.Match, Done: s.Done, After: s.After}
	wrong = append(wrong, rules.Mistakes(time.Minute)...)
	return errors.Join(wrong...)
}

func (s Settings) timing() inbox.Timing {
	return inbox.Timing{Every: s.Every, Schedule: s.Schedule, TimeZone: s.TimeZone}
}

// Open does not connect; a server or folder that cannot be used now is told by Look.
func Open(s Settings) (inbox.Place, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	s.fillIn()
	s.Dir = path.Clean(s.Dir)
	timetable, err := s.timing().Timetable()
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	spool := filepath.Join(s.Spool, "sftp-"+short(s.Client.Name+"\n"+s.Dir))
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, fmt.Errorf("inbox: downloads: %w", err)
	}
	p := &place{
		Settings: s, spool: spool, marker: inbox.Marker(s.Done),
		rhythm: inbox.Rhythm{Timetable: timetable, Clock: s.Clock},
		made:   map[string]bool{}, pending: map[string]bool{},
	}
	p.lookout = inbox.Lookout{
		Where: s.Client.Name + ":" + s.Dir, Settle: s.Settle, Patience: s.Patience, LeastPause: time.Second, Match: s.Match, Marker: p.marker,
		Scheduled: s.Schedule != "", Language: s.Language, Remembering: s.Remembering, Note: s.Note, Logger: s.Logger, Rhythm: &p.rhythm, Whole: p.whole,
	}
	return p, nil
}

// short is a name for anything, good for a folder on this machine.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// boot tells one run of this machine from the next: what was downloaded before a power cut may have holes.
var boot = func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}()
