package inbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/rowferry/rowferry/places"
)

// Archive puts the file to rest as After says. The day is that of taken, in its own time zone.
func (b *Inbox) Archive(ctx context.Context, id, name string, taken time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := trusted(id, name); err != nil {
		return err
	}
	if stays, err := b.stayed(ctx, id); err != nil || stays {
		return errors.Join(err, b.endInPlace(ctx, id, name))
	}
	if b.After == Delete {
		return named("delete", name, b.remove(ctx, id, name))
	}
	return named("archive", name, b.rest(ctx, id, name, day(taken)))
}

// day is the folder of what was taken then.
func day(taken time.Time) string {
	return path.Join(Archived, taken.Format("2006"), taken.Format("01"), taken.Format("02"))
}

// endInPlace is the end of a file that was not moved: with After delete it is removed where that is permitted.
func (b *Inbox) endInPlace(ctx context.Context, id, name string) error {
	if b.After != Delete {
		return nil
	}
	_, e, err := b.find(ctx, id, name)
	if err == nil {
		err = b.unchanged(ctx, name, arrival(e))
	}
	if err == nil {
		err = b.folder.Remove(ctx, name)
	}
	if errors.Is(err, ErrGone) || errors.Is(err, places.ErrRefused) {
		return nil
	}
	return named("delete", name, err)
}

func (b *Inbox) remove(ctx context.Context, id, name string) error {
	if err := b.folder.Remove(ctx, held(id, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := b.emptied(ctx); err != nil {
		return err
	}
	if err := b.clearProcessing(ctx, id, name); err != nil {
		return err
	}
	return b.folder.Sync(ctx, Processing)
}

// Duplicate moves the file to duplicates/ID with a note.
func (b *Inbox) Duplicate(ctx context.Context, id, name, note string) error {
	return b.setAside(ctx, Duplicates, id, name, DuplicateNote, note)
}

// Quarantine moves the file to quarantine/ID with the reason.
func (b *Inbox) Quarantine(ctx context.Context, id, name, reason string) error {
	return b.setAside(ctx, Quarantine, id, name, QuarantineNote, reason)
}

// setAside writes the note first: no file lies there unexplained. Where a file stays in the inbox, a note that cannot be written is told in the log.
func (b *Inbox) setAside(ctx context.Context, folder, id, name, note, text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := trusted(id, name); err != nil {
		return err
	}
	stays, err := b.stayed(ctx, id)
	if err != nil {
		return err
	}
	err = b.writeNote(ctx, path.Join(folder, id), NoteName(note, name), text)
	if stays && err != nil && ctx.Err() == nil && !places.MayPass(err) {
		b.Logger.Warn("no note can be written beside a file that stays in the inbox", "inbox", b.where, "file", name, "id", id, "note", text, "error", err)
		return nil
	}
	if err == nil && !stays {
		err = b.rest(ctx, id, name, path.Join(folder, id))
	}
	return named("put aside", name, err)
}

// rest moves the claimed file into a folder below the inbox: under its name, else with the id before the extension.
func (b *Inbox) rest(ctx context.Context, id, name, folder string) error {
	names := []string{name, NumberedName(name, id)}
	if there, err := b.exists(ctx, held(id, name)); err != nil {
		return err
	} else if !there {
		return b.rested(ctx, id, name, folder, names)
	}
	if err := b.makeFolder(ctx, strings.Split(folder, "/")...); err != nil {
		return err
	}
	var err error
	for _, n := range names {
		err = b.folder.Move(ctx, held(id, name), path.Join(folder, n))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return b.rested(ctx, id, name, folder, names) // an earlier request came to its end just now
	}
	if err != nil {
		return fmt.Errorf("into %s: %w", folder, err)
	}
	return b.tidy(ctx, id, name, folder)
}

// rested is the end of a call that was cut off after the move. A file that is in none of the places was removed by somebody.
func (b *Inbox) rested(ctx context.Context, id, name, folder string, names []string) error {
	for _, n := range names {
		if there, err := b.exists(ctx, path.Join(folder, n)); err != nil {
			return err
		} else if there {
			return b.tidy(ctx, id, name, folder)
		}
	}
	if b.After == Keep {
		return nil // it was claimed before it was kept in mind which files stay
	}
	if err := b.emptied(ctx); err != nil {
		return err
	}
	b.Logger.Warn("a taken file is not where it was put; somebody removed it", "inbox", b.where, "file", name, "id", id)
	return b.clearProcessing(ctx, id, name)
}

// tidy ends a claim whose file has come to rest.
func (b *Inbox) tidy(ctx context.Context, id, name, folder string) error {
	if err := b.clearProcessing(ctx, id, name); err != nil {
		return err
	}
	return b.folder.Sync(ctx, folder, path.Dir(folder), Processing)
}

// emptied says that it is the whole folder that is not there. On this machine processing stays from the first claim on, so a mount that came
// off is not taken for a file that went.
func (b *Inbox) emptied(ctx context.Context) error {
	sign := "."
	if b.root != "" {
		sign = Processing
	}
	there, err := b.exists(ctx, sign)
	if err == nil && !there {
		err = b.folder.Tell(places.Emptied, ".", fs.ErrNotExist)
	}
	return err
}

// clearProcessing removes what is left of the claim.
func (b *Inbox) clearProcessing(ctx context.Context, id, name string) error {
	if b.marker != "" {
		err := b.folder.Remove(ctx, held(id, b.marker.For(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	b.removeClaim(ctx, id)
	return nil
}

// writeNote writes a note; written again it is replaced.
func (b *Inbox) writeNote(ctx context.Context, folder, note, text string) error {
	if err := b.makeFolder(ctx, strings.Split(folder, "/")...); err != nil {
		return err
	}
	text = strings.TrimRight(text, "\n") + "\n"
	at := path.Join(folder, note)
	err := b.folder.Write(ctx, at, strings.NewReader(text), int64(len(text)), nil)
	if errors.Is(err, places.ErrRefused) { // some servers never let a file be written again
		if gone := b.folder.Remove(ctx, at); gone == nil {
			err = b.folder.Write(ctx, at, strings.NewReader(text), int64(len(text)), nil)
		}
	}
	if err != nil {
		return fmt.Errorf("note: %w", err)
	}
	return b.folder.Sync(ctx, folder)
}

// GiveBack looks at a file's size and moves it if that is not what was copied: see Place. Where a marker said that it was complete, it was.
func (b *Inbox) GiveBack(ctx context.Context, c Copied, folder string) (Growth, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := trusted(c.ID, c.Name); err != nil || b.marker != "" || b.root != "" && b.knows {
		return None, err
	}
	if stays, err := b.stayed(ctx, c.ID); err != nil || stays {
		return Stays, err
	}
	at := []string{path.Join(folder, c.ID, c.Name)}
	if folder == Archived {
		at = []string{path.Join(day(c.Taken), NumberedName(c.Name, c.ID)), path.Join(day(c.Taken), c.Name)}
	}
	for _, at := range at {
		e, err := b.folder.Stat(ctx, at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return None, err
		}
		if !e.Mode.IsRegular() || e.Size <= c.Size { // its time says nothing: most uploading programs end by giving it that of its source
			return None, nil
		}
		return Grew, b.moveBack(ctx, at, c.ID, c.Name)
	}
	return None, nil
}

// moveBack returns a file to the inbox, beside another one of its name.
func (b *Inbox) moveBack(ctx context.Context, from, id, name string) error {
	err := b.folder.Move(ctx, from, name)
	if errors.Is(err, fs.ErrExist) {
		err = b.folder.Move(ctx, from, NumberedName(name, id))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // else an earlier request came to its end
		return fmt.Errorf("file %s grew after it was taken and cannot go back to the inbox: %w", name, err)
	}
	b.sightings.Forget(name)
	b.removeClaim(ctx, id)
	return b.folder.Sync(ctx, ".")
}
