package inbox

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
)

// The folders that a place keeps below its own. Nothing in them is looked at.
const (
	Processing = "processing"
	Archived   = "archive"
	Duplicates = "duplicates"
	Quarantine = "quarantine"
)

// The notes that lie beside a duplicate and a quarantined file.
const (
	DuplicateNote  = "NOTE.txt"
	QuarantineNote = "REASON.txt"
)

// LongestName is in bytes of UTF-8: where file systems stop.
const LongestName = 255

// unfinishedEndings are those of what programs bring here, or save, under another name first.
var unfinishedEndings = []string{".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".opdownload", ".download", ".uploading", ".inprogress"}

var temporaryEndings = append([]string{"~", "#", ".aria2", ".swp", ".swx", ".lock", ".lftp-pget-status"}, unfinishedEndings...)

// Unfinished reports whether programs give such names to files that they will rename when they are whole, and which are whole files of somebody
// when they stay.
func Unfinished(name string) bool {
	low := strings.ToLower(name)
	if strings.HasPrefix(low, ".") || strings.HasPrefix(low, "~") {
		return false
	}
	return savedByExcel(name) || slices.ContainsFunc(unfinishedEndings, func(end string) bool { return strings.HasSuffix(low, end) })
}

// Temporary reports whether programs give such names to files that are not meant for us (yet): hidden ones,
// locks, uploads under way, editors' copies, what folders keep for themselves.
func Temporary(name string) bool {
	low := strings.ToLower(name)
	if strings.HasPrefix(low, ".") || strings.HasPrefix(low, "~$") || low == "thumbs.db" || low == "desktop.ini" {
		return true
	}
	for _, end := range temporaryEndings {
		if strings.HasSuffix(low, end) {
			return true
		}
	}
	return savedByExcel(name)
}

// savedByExcel knows the name under which Excel writes before it renames: eight hexadecimal digits, no extension.
func savedByExcel(name string) bool {
	if len(name) != 8 || strings.Trim(name, "0123456789ABCDEF") != "" {
		return false
	}
	day, err := time.Parse("20060102", name) // so people call the file of a day
	return err != nil || day.Year() < 1990 || day.Year() > 2099
}

// besides are the endings of what programs lay beside a file while they write it: the rest of a download, or what is known of it.
var besides = []string{".aria2", ".lftp-pget-status", ".part", ".partial", ".filepart", ".crdownload", ".opdownload", ".download", ".uploading", ".inprogress", ".lock"}

// Locks are the names of what lies beside a file while an office program has it open, or another one is writing it.
func Locks(name string) []string {
	locks := []string{"~$" + name, ".~lock." + name + "#"}
	for _, end := range besides {
		locks = append(locks, name+end)
	}
	return locks
}

// conflicts are the marks that sync programs leave in the names of the copies they make of a file which was changed in two places: Dropbox,
// Nextcloud, Seafile and others in brackets, in the language of whoever made the copy; Syncthing; ownCloud; Resilio; Synology.
var conflicts = patterns.New(`(?i)[(（\[][^()（）\[\]]*(conflicted|case conflict|sfconflict|conflict copy|conflict( on)?[ _-]*[0-9]|conflict[)\]]|` +
	`冲突|衝突|競合コピー|конфликт|konflikt|copie en conflit|en conflicto|em conflito)|` +
	`\.sync-conflict-[0-9]|[_-]conflict-[0-9]|[_.]conflict(\.|$)`)

// ConflictCopy reports whether a name is one that a sync program gives to a second copy of a file.
func ConflictCopy(name string) bool { return conflicts.MatchString(name) }

// Untrusted says why a file of this name is left alone, for the log; "" when there is nothing against it.
func Untrusted(name string) string {
	switch {
	case name == "" || name == "." || name == "..":
		return "the name is not a file's name"
	case strings.ContainsAny(name, `/\`):
		return "the name contains a path separator"
	case !utf8.ValidString(name):
		return "the name is not valid UTF-8"
	case strings.ContainsFunc(name, deceptive):
		return "the name contains control characters"
	case len(name) > LongestName:
		return "the name is too long"
	}
	return ""
}

// deceptive characters break lines or reorder what a person sees.
func deceptive(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// Match reports whether a name fits one of the globs, letter case aside; no globs: every name does.
func Match(globs []string, name string) bool {
	if len(globs) == 0 {
		return true
	}
	low := strings.ToLower(name)
	for _, glob := range globs {
		if ok, _ := path.Match(strings.ToLower(glob), low); ok {
			return true
		}
	}
	return false
}

// Marker is how a sender names the file that says another one is finished: "{name}.done". The zero value: no marker.
type Marker string

// For is the marker's name for a file.
func (m Marker) For(name string) string { return strings.ReplaceAll(string(m), "{name}", name) }

// Fits reports whether a name is one of a marker, which is never taken as a file.
func (m Marker) Fits(name string) bool {
	before, after, found := strings.Cut(string(m), "{name}")
	return found && len(name) > len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
}

// Valid reports whether the marker has one {name}, is not the file itself, and lies beside it.
func (m Marker) Valid() bool {
	return m == "" || m != "{name}" && strings.Count(string(m), "{name}") == 1 && !strings.ContainsAny(string(m), `/\`)
}

// NumberedName puts the file's id before the extension: orders.csv → orders.20261122-101502-7f3a.csv. A name that would become
// too long is cut before the id.
func NumberedName(name, id string) string {
	ext := path.Ext(name)
	if ext == name || len(ext) > 32 {
		ext = ""
	}
	added := "." + id + ext
	return Cut(strings.TrimSuffix(name, ext), LongestName-len(added)) + added
}

// Cut is the beginning of a name in at most so many bytes, without half a character at its end.
func Cut(name string, bytes int) string {
	if len(name) <= bytes {
		return name
	}
	for bytes = max(bytes, 0); bytes > 0 && !utf8.RuneStart(name[bytes]); bytes-- {
	}
	return name[:bytes]
}

// Tame is a name without what cannot be shown in a line of text: such characters become _.
func Tame(name string) string {
	return strings.Map(func(r rune) rune {
		if deceptive(r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
}

// NoteName is the note's name, another one if the file itself is called so.
func NoteName(note, file string) string {
	if strings.EqualFold(note, file) {
		return NumberedName(note, "rowferry")
	}
	return note
}

// trusted keeps ids and names from climbing out of the inbox.
func trusted(id, name string) error {
	for _, s := range []string{id, name} {
		if why := Untrusted(s); why != "" {
			return fmt.Errorf("%q: %s", s, why)
		}
	}
	return nil
}
