package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/noclobber"
	"github.com/rowferry/rowferry/words"
)

// Claim moves the file to processing/ID/NAME and makes sure that it is the one that was seen. The marker goes first, and
// decides: of several who claim a file, the one that has its marker takes the file. Else a marker could be left over, and complete the
// next file of that name before it is whole.
func (p *place) Claim(ctx context.Context, id string, a inbox.Arrival) error {
	if err := trusted(id, a.Name); err != nil {
		return err
	}
	if p.After == Keep {
		return p.claimInPlace(ctx, id, a)
	}
	held := p.at(inbox.Processing, id, a.Name)
	if _, err := os.Lstat(held); err == nil {
		return p.verifyClaim(id, a)
	}
	if _, err := os.Stat(p.Dir); err != nil {
		return p.say("inbox.missing", err)
	}
	if err := p.unchanged(p.at(a.Name), a); err != nil {
		p.giveBackMarker(id, a.Name) // taken before we were cut off
		p.removeFolder(inbox.Processing, id)
		return err
	}
	if err := p.makeFolder(inbox.Processing, id); err != nil {
		return err
	}
	if err := p.takeMarker(id, a.Name); err != nil {
		if errors.Is(err, inbox.ErrGone) {
			p.removeFolder(inbox.Processing, id)
		}
		return err
	}
	if err := p.move(p.at(a.Name), held); err != nil {
		p.giveBackMarker(id, a.Name)
		p.removeFolder(inbox.Processing, id)
		return fmt.Errorf("claim %s: %w", a.Name, err)
	}
	return p.verifyClaim(id, a)
}

// Held gives the ids under which files lie in processing.
func (p *place) Held(context.Context) (ids []string, err error) {
	entries, err := os.ReadDir(p.at(inbox.Processing))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if held, err := os.ReadDir(p.at(inbox.Processing, e.Name())); err == nil && len(held) > 0 {
			ids = append(ids, e.Name())
		}
	}
	return ids, err
}

// verifyClaim looks again at the claimed file: what changed in the last moment goes back.
func (p *place) verifyClaim(id string, a inbox.Arrival) error {
	held := p.at(inbox.Processing, id, a.Name)
	if err := p.unchanged(held, a); err != nil {
		return p.putBack(id, a.Name)
	}
	p.lookout.Claimed(a.Name)
	return noclobber.SyncDirs(filepath.Dir(held), p.at(inbox.Processing), p.Dir)
}

// putBack returns a claimed file to the inbox: ErrGone, or why it had to stay where it is.
func (p *place) putBack(id, name string) error {
	held := p.at(inbox.Processing, id, name)
	err := noclobber.Rename(held, p.at(name))
	if errors.Is(err, fs.ErrExist) { // the sender dropped another file of that name
		err = noclobber.Rename(held, p.at(inbox.NumberedName(name, id)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file %s changed while it was taken and cannot go back to the inbox: %w", name, err)
	}
	p.lookout.Claimed(name)
	p.giveBackMarker(id, name)
	p.removeFolder(inbox.Processing, id)
	if err := noclobber.SyncDirs(p.Dir); err != nil {
		return err
	}
	return inbox.ErrGone
}

// unchanged is nil when path is the regular file that was seen, else ErrGone or a fault of the disk.
func (p *place) unchanged(path string, a inbox.Arrival) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return inbox.ErrGone
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() != a.Size || !info.ModTime().Equal(a.ModTime):
		return inbox.ErrGone
	}
	if seen := p.lookout.Seen(a.Name); seen != nil && seen.Mark.ModTime == a.ModTime.UnixNano() && seen.Node != node(info) {
		return inbox.ErrGone
	}
	return nil
}

// move never overwrites; ErrGone when the source is not there.
func (p *place) move(from, to string) error {
	err := noclobber.Exclusive(from, to)
	if errors.Is(err, errors.ErrUnsupported) {
		err = noclobber.LookThenRename(from, to) // the folder is this id's own
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, there := os.Lstat(from); there == nil {
			return err // the folder it should go to is missing
		}
		return inbox.ErrGone
	case errors.Is(err, syscall.EXDEV):
		return &inbox.Trouble{Message: words.Message("inbox.other_disk", "folder", filepath.Dir(to), "dir", p.Dir), Err: err}
	}
	return err
}

func (p *place) takeMarker(id, name string) error {
	if p.marker == "" {
		return nil
	}
	marker := p.marker.For(name)
	held := p.at(inbox.Processing, id, marker)
	err := p.move(p.at(marker), held)
	if errors.Is(err, fs.ErrExist) {
		return nil // taken before we were cut off
	}
	if errors.Is(err, inbox.ErrGone) {
		if _, ours := os.Lstat(held); ours == nil {
			return nil
		}
	}
	return err // ErrGone: withdrawn, or somebody else has it
}

func (p *place) giveBackMarker(id, name string) {
	if p.marker == "" {
		return
	}
	marker := p.marker.For(name)
	held := p.at(inbox.Processing, id, marker)
	if err := noclobber.Rename(held, p.at(marker)); errors.Is(err, fs.ErrExist) {
		os.Remove(held) // the sender wrote a new one
	}
}

// claimInPlace binds the file to the id where it stays.
func (p *place) claimInPlace(ctx context.Context, id string, a inbox.Arrival) error {
	if err := p.unchanged(p.at(a.Name), a); err != nil {
		return err
	}
	if err := p.Remembering.Remember(ctx, a.Identity(), id); err != nil {
		return err
	}
	if seen := p.lookout.Seen(a.Name); seen != nil {
		seen.Taken = true
	}
	return nil
}

// Fetch copies the claimed file. One that changes meanwhile goes back to the inbox: ErrGone.
func (p *place) Fetch(ctx context.Context, id, name string, w io.Writer) (inbox.Fetched, error) {
	if err := trusted(id, name); err != nil {
		return inbox.Fetched{}, err
	}
	path := p.at(inbox.Processing, id, name)
	if p.After == Keep {
		path = p.at(name)
	}
	f, before, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return inbox.Fetched{}, p.gone()
	} else if err != nil {
		return inbox.Fetched{}, err
	}
	defer f.Close()
	if err := p.bound(ctx, id, name, before); err != nil {
		return inbox.Fetched{}, err
	}
	fetched, err := inbox.Copy(ctx, w, f)
	if err != nil {
		return inbox.Fetched{}, fmt.Errorf("copy %s: %w", name, err)
	}
	after, err := f.Stat()
	if err != nil {
		return inbox.Fetched{}, fmt.Errorf("copy %s: %w", name, err)
	}
	if fetched.Size != after.Size() || stateOf(before).Mark() != stateOf(after).Mark() {
		return inbox.Fetched{}, p.changedWhileCopied(id, name)
	}
	return fetched, nil
}

// bound checks that a file which stays in place is still the one that the id claimed.
func (p *place) bound(ctx context.Context, id, name string, info fs.FileInfo) error {
	if p.After != Keep {
		return nil
	}
	a := inbox.Arrival{Name: name, Size: info.Size(), ModTime: info.ModTime()}
	owner, err := p.Remembering.Seen(ctx, a.Identity())
	if err != nil {
		return err
	}
	if owner != id {
		return inbox.ErrGone
	}
	return nil
}

func (p *place) changedWhileCopied(id, name string) error {
	p.Logger.Warn("a file was still being written when it was taken; it waits again", "dir", p.Dir, "file", name)
	if p.After == Keep {
		return inbox.ErrGone
	}
	return p.putBack(id, name)
}

// openRegular opens without following a link or waiting for a pipe.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %s", path, inbox.Unfit(info.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// gone is ErrGone, unless it is the whole folder that is not there: processing stays from the first claim on, so a mount
// that came off is not taken for a file that went.
func (p *place) gone() error {
	folder := p.Dir
	if p.After != Keep {
		folder = p.at(inbox.Processing)
	}
	if _, err := os.Stat(folder); err != nil {
		return p.say("inbox.emptied", err)
	}
	return inbox.ErrGone
}

// Archive puts the file to rest as After says. The day is that of taken, in its own time zone.
func (p *place) Archive(ctx context.Context, id, name string, taken time.Time) error {
	if err := trusted(id, name); err != nil {
		return err
	}
	switch p.After {
	case Keep:
		return nil
	case Delete:
		return p.remove(id, name)
	}
	day := []string{inbox.Archived, taken.Format("2006"), taken.Format("01"), taken.Format("02")}
	return p.rest(id, name, day, inbox.NumberedName(name, id))
}

func (p *place) remove(id, name string) error {
	if err := os.Remove(p.at(inbox.Processing, id, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	if _, err := os.Stat(p.at(inbox.Processing)); err != nil {
		return p.gone()
	}
	if err := p.clearProcessing(id, name); err != nil {
		return err
	}
	return noclobber.SyncDirs(p.at(inbox.Processing))
}

// Duplicate moves the file to duplicates/ID with a note.
func (p *place) Duplicate(ctx context.Context, id, name, note string) error {
	return p.setAside(inbox.Duplicates, id, name, inbox.DuplicateNote, note)
}

// Quarantine moves the file to quarantine/ID with the reason.
func (p *place) Quarantine(ctx context.Context, id, name, reason string) error {
	return p.setAside(inbox.Quarantine, id, name, inbox.QuarantineNote, reason)
}

// setAside writes the note first: no file lies there unexplained.
func (p *place) setAside(folder, id, name, note, text string) error {
	if err := trusted(id, name); err != nil {
		return err
	}
	err := p.writeNote([]string{folder, id}, inbox.NoteName(note, name), name, text)
	if p.After == Keep {
		if err != nil {
			p.Logger.Warn("no note can be written beside a file that stays in the inbox", "dir", p.Dir, "file", name, "id", id, "error", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return p.rest(id, name, []string{folder, id}, inbox.NumberedName(name, id))
}

// rest moves the claimed file into a folder below the inbox: under its name, else under the other one. It looks first at what
// an earlier call may have done.
func (p *place) rest(id, name string, folder []string, other string) error {
	held := p.at(inbox.Processing, id, name)
	if _, err := os.Lstat(held); errors.Is(err, fs.ErrNotExist) {
		return p.rested(id, name, folder, other)
	} else if err != nil {
		return err
	}
	if err := p.makeFolder(folder...); err != nil {
		return err
	}
	dir := p.at(folder...)
	err := noclobber.Rename(held, filepath.Join(dir, name))
	if errors.Is(err, fs.ErrExist) {
		err = noclobber.Rename(held, filepath.Join(dir, other))
	}
	if errors.Is(err, syscall.EXDEV) {
		return &inbox.Trouble{Message: words.Message("inbox.other_disk", "folder", dir, "dir", p.Dir), Err: err}
	}
	if err != nil {
		return fmt.Errorf("put %s into %s: %w", name, dir, err)
	}
	if err := p.clearProcessing(id, name); err != nil {
		return err
	}
	return noclobber.SyncDirs(dir, filepath.Dir(dir), p.at(inbox.Processing))
}

// rested is the end of a call that was cut off after the move. A file that is in none of the places was removed by somebody.
func (p *place) rested(id, name string, folder []string, other string) error {
	for _, n := range []string{other, name} {
		if _, err := os.Lstat(filepath.Join(p.at(folder...), n)); err == nil {
			return p.clearProcessing(id, name)
		}
	}
	if err := p.gone(); !errors.Is(err, inbox.ErrGone) {
		return err
	}
	p.Logger.Warn("a taken file is not where it was put; somebody removed it", "inbox", p.Dir, "file", name, "id", id)
	return p.clearProcessing(id, name)
}

// clearProcessing removes what is left of the claim.
func (p *place) clearProcessing(id, name string) error {
	if p.marker != "" {
		err := os.Remove(p.at(inbox.Processing, id, p.marker.For(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	p.removeFolder(inbox.Processing, id)
	return nil
}

// removeFolder removes a folder that is empty; one that is not stays.
func (p *place) removeFolder(folder ...string) {
	_ = os.Remove(p.at(folder...))
}

// makeFolder makes a folder below the inbox. The caller syncs it and the one above; what is further up is synced here.
// Whoever may write to the inbox may tidy up in it, except in processing.
func (p *place) makeFolder(steps ...string) error {
	info, err := os.Stat(p.Dir)
	if err != nil {
		return p.say("inbox.missing", err)
	}
	mode := info.Mode().Perm() | 0o700
	if steps[0] == inbox.Processing {
		mode &^= 0o022
	}
	for i := range steps {
		path := p.at(steps[:i+1]...)
		err := os.Mkdir(path, mode)
		if errors.Is(err, fs.ErrExist) {
			if err := p.ownFolder(path); err != nil {
				return err
			}
			continue
		} else if err != nil {
			return p.say("inbox.unwritable", err)
		}
		if err := allow(path, mode); err != nil {
			return err
		}
		if i == len(steps)-1 {
			break
		}
		if err := noclobber.SyncDirs(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// allow sets the permissions whatever the umask, and leaves an inherited group as it is.
func allow(folder string, mode fs.FileMode) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	return os.Chmod(folder, mode|info.Mode()&fs.ModeSetgid)
}

// ownFolder refuses a link or a file where our folder should be.
func (p *place) ownFolder(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &inbox.Trouble{Message: words.Message("inbox.own_folder", "folder", path)}
	}
	return nil
}

// writeNote writes a note as a whole; written again it is replaced.
func (p *place) writeNote(folder []string, note, name, text string) error {
	if err := p.makeFolder(folder...); err != nil {
		return err
	}
	dir := p.at(folder...)
	f, err := os.CreateTemp(dir, ".note-*.tmp")
	if err != nil {
		return fmt.Errorf("note for %s: %w", name, err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(strings.TrimRight(text, "\n") + "\n")
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, note))
	}
	if err != nil {
		return fmt.Errorf("note for %s: %w", name, err)
	}
	return noclobber.SyncDirs(dir)
}

func (p *place) at(steps ...string) string {
	return filepath.Join(append([]string{p.Dir}, steps...)...)
}

// trusted keeps ids and names from climbing out of the inbox.
func trusted(id, name string) error {
	for _, s := range []string{id, name} {
		if why := inbox.Untrusted(s); why != "" {
			return fmt.Errorf("%q: %s", s, why)
		}
	}
	return nil
}
