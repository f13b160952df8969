package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/sftpclient"
)

// Each step below is one function that looks at what is there before it acts. When the reply to its last request is lost, the
// connection calls it again, and it comes to the same end.

// Claim moves the file to processing/ID/NAME and makes sure that it is the one that was seen. Where the server permits no move, the
// file stays and is remembered.
func (p *place) Claim(ctx context.Context, id string, a inbox.Arrival) error {
	if err := trusted(id, a.Name); err != nil {
		return err
	}
	if p.After == Keep {
		return p.claimInPlace(ctx, id, a)
	}
	if owner, err := p.Remembering.Seen(ctx, a.Identity()); err != nil {
		return err
	} else if owner != "" {
		return p.claimInPlace(ctx, id, a)
	}
	err := p.do(ctx, func(s *sftp.Client) error { return p.claim(s, id, a) })
	if !sftpclient.Refused(err) {
		return p.named("claim", a.Name, err)
	}
	if !p.stays {
		p.stays = true
		p.Logger.Warn("the server does not permit files to be moved; they stay where they are and are remembered, so only one rowferry may use this inbox",
			"inbox", p.lookout.Where, "error", err)
	}
	return p.claimInPlace(ctx, id, a)
}

// Held gives the ids under which files lie in processing.
func (p *place) Held(ctx context.Context) (ids []string, err error) {
	err = p.do(ctx, func(s *sftp.Client) error {
		ids = nil
		entries, err := s.ReadDirContext(ctx, p.at(inbox.Processing))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, e := range entries {
			held, herr := s.ReadDirContext(ctx, p.at(inbox.Processing, e.Name()))
			if sftpclient.Lost(herr) {
				return herr
			}
			if len(held) > 0 {
				ids = append(ids, e.Name())
			}
		}
		return err
	})
	return ids, err
}

func (p *place) named(what, name string, err error) error {
	var trouble *inbox.Trouble
	if err == nil || errors.As(err, &trouble) {
		return err
	}
	return fmt.Errorf("%s %s: %w", what, name, err)
}

func (p *place) claim(s *sftp.Client, id string, a inbox.Arrival) error {
	held := p.at(inbox.Processing, id, a.Name)
	if there, err := sftpclient.Exists(s, held); err != nil {
		return err
	} else if there {
		return p.verifyClaim(s, id, a)
	}
	if err := p.unchanged(s, p.at(a.Name), a); err != nil {
		// The last request of a killed process may arrive only now, and have moved it between the two looks.
		if late, lerr := sftpclient.Exists(s, held); lerr != nil {
			return lerr
		} else if late {
			return p.verifyClaim(s, id, a)
		}
		if errors.Is(err, inbox.ErrGone) {
			p.giveBackMarker(s, id, a.Name) // taken before we were cut off
			p.removeFolder(s, inbox.Processing, id)
		}
		return err
	}
	if err := p.makeFolder(s, inbox.Processing, id); err != nil {
		return err
	}
	if err := p.takeMarker(s, id, a.Name); err != nil {
		if errors.Is(err, inbox.ErrGone) {
			p.removeFolder(s, inbox.Processing, id)
		}
		return err
	}
	err := sftpclient.Take(s, p.at(a.Name), held)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return p.verifyClaim(s, id, a)
	case sftpclient.Lost(err):
		return err // it may have happened: look again
	}
	p.giveBackMarker(s, id, a.Name)
	p.removeFolder(s, inbox.Processing, id)
	if errors.Is(err, fs.ErrNotExist) {
		return inbox.ErrGone
	}
	return err
}

// verifyClaim looks again at the claimed file: what changed in the last moment goes back.
func (p *place) verifyClaim(s *sftp.Client, id string, a inbox.Arrival) error {
	switch err := p.unchanged(s, p.at(inbox.Processing, id, a.Name), a); {
	case errors.Is(err, inbox.ErrGone):
		return p.putBack(s, id, a.Name)
	case err != nil:
		return err
	}
	p.lookout.Claimed(a.Name)
	return nil
}

// putBack returns a claimed file to the inbox: ErrGone, or why it had to stay where it is.
func (p *place) putBack(s *sftp.Client, id, name string) error {
	held := p.at(inbox.Processing, id, name)
	there, err := sftpclient.Exists(s, held)
	if err == nil && there {
		err = sftpclient.Rename(s, held, p.at(name))
	}
	if errors.Is(err, fs.ErrExist) { // the sender dropped another file of that name
		err = sftpclient.Rename(s, held, p.at(inbox.NumberedName(name, id)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("file %s changed while it was taken and cannot go back to the inbox: %w", name, err)
	}
	p.lookout.Claimed(name)
	p.giveBackMarker(s, id, name)
	p.removeFolder(s, inbox.Processing, id)
	return inbox.ErrGone
}

// unchanged is nil when the server has the regular file that was seen, else ErrGone or a fault.
func (p *place) unchanged(s *sftp.Client, at string, a inbox.Arrival) error {
	state, mode, err := sftpclient.Of(s, at)
	if errors.Is(err, fs.ErrNotExist) {
		return p.missing(s)
	} else if err != nil {
		return err
	}
	if !mode.IsRegular() || state.Size != a.Size || !state.ModTime.Equal(a.ModTime) {
		return inbox.ErrGone
	}
	return nil
}

// missing is ErrGone, unless it is the whole folder that is not there.
func (p *place) missing(s *sftp.Client) error {
	there, err := sftpclient.Exists(s, p.Dir)
	switch {
	case err != nil:
		return err
	case !there:
		return p.trouble("sftp.missing", p.Dir, fs.ErrNotExist)
	}
	return inbox.ErrGone
}

// The marker goes first, and decides: of several who claim a file, the one that has its marker takes the file. Else a marker could be
// left over, and complete the next file of that name before it is whole.
func (p *place) takeMarker(s *sftp.Client, id, name string) error {
	if p.marker == "" {
		return nil
	}
	marker := p.marker.For(name)
	err := sftpclient.Take(s, p.at(marker), p.at(inbox.Processing, id, marker))
	switch {
	case errors.Is(err, fs.ErrExist): // taken before we were cut off
		return nil
	case errors.Is(err, fs.ErrNotExist): // withdrawn, or somebody else has it
		return inbox.ErrGone
	}
	return err
}

func (p *place) giveBackMarker(s *sftp.Client, id, name string) {
	if p.marker == "" {
		return
	}
	marker := p.marker.For(name)
	held := p.at(inbox.Processing, id, marker)
	if err := sftpclient.Rename(s, held, p.at(marker)); errors.Is(err, fs.ErrExist) {
		_ = s.Remove(held) // the sender wrote a new one
	}
}

// claimInPlace binds the file to the id where it stays.
func (p *place) claimInPlace(ctx context.Context, id string, a inbox.Arrival) error {
	if err := p.do(ctx, func(s *sftp.Client) error { return p.unchanged(s, p.at(a.Name), a) }); err != nil {
		return err
	}
	if err := p.Remembering.Remember(ctx, a.Identity(), id); err != nil {
		return err
	}
	if err := p.Remembering.Remember(ctx, inPlace(id), id); err != nil {
		return err
	}
	if seen := p.lookout.Seen(a.Name); seen != nil {
		seen.Taken = true
	}
	return nil
}

// inPlace is what is remembered of an id whose file was not moved.
func inPlace(id string) string { return "in place|" + id }

// stayed reports whether the file of this id was claimed where it lies.
func (p *place) stayed(ctx context.Context, id string) (bool, error) {
	owner, err := p.Remembering.Seen(ctx, inPlace(id))
	return owner != "", err
}

// Archive puts the file to rest as After says. The day is that of taken, in its own time zone.
func (p *place) Archive(ctx context.Context, id, name string, taken time.Time) error {
	if err := trusted(id, name); err != nil {
		return err
	}
	if stays, err := p.stayed(ctx, id); err != nil || stays {
		return errors.Join(err, p.leave(ctx, id, name))
	}
	if p.After == Delete {
		return p.named("delete", name, p.do(ctx, func(s *sftp.Client) error { return p.remove(s, id, name) }))
	}
	day := []string{inbox.Archived, taken.Format("2006"), taken.Format("01"), taken.Format("02")}
	return p.named("archive", name, p.do(ctx, func(s *sftp.Client) error { return p.rest(s, id, name, day) }))
}

// leave is the end of a file that was not moved: with After delete it is removed where that is permitted.
func (p *place) leave(ctx context.Context, id, name string) error {
	if p.After != Delete {
		return nil
	}
	_, a, err := p.find(ctx, id, name)
	if errors.Is(err, inbox.ErrGone) {
		return nil
	} else if err != nil {
		return err
	}
	err = p.do(ctx, func(s *sftp.Client) error {
		if err := p.unchanged(s, p.at(name), a); err != nil {
			return err
		}
		return s.Remove(p.at(name))
	})
	if errors.Is(err, inbox.ErrGone) || sftpclient.Refused(err) {
		return nil
	}
	return p.named("delete", name, err)
}

func (p *place) remove(s *sftp.Client, id, name string) error {
	if err := s.Remove(p.at(inbox.Processing, id, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.missing(s); !errors.Is(err, inbox.ErrGone) {
		return err
	}
	return p.clearProcessing(s, id, name)
}

// Duplicate moves the file to duplicates/ID with a note.
func (p *place) Duplicate(ctx context.Context, id, name, note string) error {
	return p.setAside(ctx, inbox.Duplicates, id, name, inbox.DuplicateNote, note)
}

// Quarantine moves the file to quarantine/ID with the reason.
func (p *place) Quarantine(ctx context.Context, id, name, reason string) error {
	return p.setAside(ctx, inbox.Quarantine, id, name, inbox.QuarantineNote, reason)
}

// setAside writes the note first: no file lies there unexplained.
func (p *place) setAside(ctx context.Context, folder, id, name, note, text string) error {
	if err := trusted(id, name); err != nil {
		return err
	}
	stays, err := p.stayed(ctx, id)
	if err != nil {
		return err
	}
	err = p.do(ctx, func(s *sftp.Client) error {
		if err := p.writeNote(s, []string{folder, id}, inbox.NoteName(note, name), text); err != nil || stays {
			return err
		}
		return p.rest(s, id, name, []string{folder, id})
	})
	var trouble *inbox.Trouble
	if stays && err != nil && ctx.Err() == nil && !errors.As(err, &trouble) {
		p.Logger.Warn("no note can be written beside a file that stays in the inbox", "inbox", p.lookout.Where, "file", name, "id", id, "note", text, "error", err)
		return nil
	}
	return p.named("put aside", name, err)
}

// rest moves the claimed file into a folder below the inbox: under its name, else with the id before the extension.
func (p *place) rest(s *sftp.Client, id, name string, folder []string) error {
	held := p.at(inbox.Processing, id, name)
	names := []string{name, inbox.NumberedName(name, id)}
	if there, err := sftpclient.Exists(s, held); err != nil {
		return err
	} else if !there {
		return p.rested(s, id, name, folder, names)
	}
	if err := p.makeFolder(s, folder...); err != nil {
		return err
	}
	var err error
	for _, n := range names {
		err = sftpclient.Rename(s, held, path.Join(p.at(folder...), n))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return p.rested(s, id, name, folder, names) // an earlier request came to its end just now
	}
	if err != nil {
		return fmt.Errorf("into %s: %w", p.at(folder...), err)
	}
	return p.clearProcessing(s, id, name)
}

// rested is the end of a call that was cut off after the move. A file that is in none of the places was removed by somebody.
func (p *place) rested(s *sftp.Client, id, name string, folder, names []string) error {
	for _, n := range names {
		if there, err := sftpclient.Exists(s, path.Join(p.at(folder...), n)); err != nil {
			return err
		} else if there {
			return p.clearProcessing(s, id, name)
		}
	}
	if err := p.missing(s); !errors.Is(err, inbox.ErrGone) {
		return err
	}
	p.Logger.Warn("a taken file is not where it was put; somebody removed it", "inbox", p.lookout.Where, "file", name, "id", id)
	return p.clearProcessing(s, id, name)
}

// clearProcessing removes what is left of the claim.
func (p *place) clearProcessing(s *sftp.Client, id, name string) error {
	if p.marker != "" {
		err := s.Remove(p.at(inbox.Processing, id, p.marker.For(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return p.removeFolder(s, inbox.Processing, id)
}

// removeFolder removes a folder that is empty; one that is not stays.
func (p *place) removeFolder(s *sftp.Client, folder ...string) error {
	delete(p.made, p.at(folder...))
	if err := s.RemoveDirectory(p.at(folder...)); sftpclient.Lost(err) {
		return err
	}
	return nil
}

// makeFolder makes a folder below the inbox and the ones on the way to it.
func (p *place) makeFolder(s *sftp.Client, steps ...string) error {
	for i := range steps {
		at := p.at(steps[:i+1]...)
		if p.made[at] {
			continue
		}
		err := sftpclient.MakeFolder(s, at)
		if errors.Is(err, sftpclient.ErrNotAFolder) {
			return p.trouble("sftp.own_folder", at, err)
		} else if errors.Is(err, fs.ErrNotExist) {
			return p.trouble("sftp.missing", p.Dir, err)
		} else if err != nil {
			return err
		}
		p.made[at] = true
	}
	return nil
}

// writeNote writes a note; written again it is replaced.
func (p *place) writeNote(s *sftp.Client, folder []string, note, text string) error {
	if err := p.makeFolder(s, folder...); err != nil {
		return err
	}
	f, err := s.Create(path.Join(p.at(folder...), note))
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(strings.TrimRight(text, "\n") + "\n"))
	return errors.Join(err, f.Close())
}
