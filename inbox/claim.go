package inbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/rowferry/rowferry/places"
)

// Each step below looks at what is there before it acts, so that it may be cut off anywhere and called again.

// Claim moves the file to processing/ID/NAME and makes sure that it is the one that was seen. Where the place permits no move, the
// file stays and is remembered.
func (b *Inbox) Claim(ctx context.Context, id string, a Arrival) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := trusted(id, a.Name); err != nil {
		return err
	}
	if b.After == Keep {
		return b.claimInPlace(ctx, id, a)
	}
	if b.remembers {
		if owner, err := b.Remembering.Seen(ctx, a.Identity()); err != nil {
			return err
		} else if owner != "" {
			return b.claimInPlace(ctx, id, a)
		}
	}
	err := b.claim(ctx, id, a)
	if !errors.Is(err, places.ErrRefused) || !b.remembers {
		return named("claim", a.Name, err)
	}
	b.stays.Do(func() {
		b.Logger.Warn("the server does not permit files to be moved; they stay where they are and are remembered, so only one rowferry may use this inbox",
			"inbox", b.where, "error", err)
	})
	return b.claimInPlace(ctx, id, a)
}

// Held gives the ids under which files lie in processing.
func (b *Inbox) Held(ctx context.Context) (ids []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, err := b.folder.List(ctx, Processing)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range found {
		held, err := b.folder.List(ctx, path.Join(Processing, e.Name))
		if places.MayPass(err) {
			return ids, err
		}
		if len(held) > 0 {
			ids = append(ids, e.Name)
		}
	}
	return ids, err
}

func named(what, name string, err error) error {
	var trouble *places.Trouble
	if err == nil || errors.As(err, &trouble) {
		return err
	}
	return fmt.Errorf("%s %s: %w", what, name, err)
}

func held(id, name string) string { return path.Join(Processing, id, name) }

func (b *Inbox) claim(ctx context.Context, id string, a Arrival) error {
	held := held(id, a.Name)
	if there, err := b.exists(ctx, held); err != nil {
		return err
	} else if there {
		return b.verifyClaim(ctx, id, a)
	}
	if err := b.unchanged(ctx, a.Name, a); err != nil {
		// The last request of a killed process may arrive only now, and have moved it between the two looks.
		if late, lerr := b.exists(ctx, held); lerr != nil {
			return lerr
		} else if late {
			return b.verifyClaim(ctx, id, a)
		}
		if errors.Is(err, ErrGone) {
			b.giveBackMarker(ctx, id, a.Name) // taken before we were cut off
			b.removeClaim(ctx, id)
		}
		return err
	}
	if err := b.makeFolder(ctx, Processing, id); err != nil {
		return err
	}
	if err := b.claimMarker(ctx, id, a.Name); err != nil {
		if errors.Is(err, ErrGone) {
			b.removeClaim(ctx, id)
		}
		return err
	}
	err := b.folder.Take(ctx, a.Name, held)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return b.verifyClaim(ctx, id, a)
	case places.MayPass(err), ctx.Err() != nil:
		return err // it may have happened: look again
	}
	b.giveBackMarker(ctx, id, a.Name)
	b.removeClaim(ctx, id)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrGone
	}
	return err
}

// verifyClaim looks again at the claimed file: what changed in the last moment goes back.
func (b *Inbox) verifyClaim(ctx context.Context, id string, a Arrival) error {
	switch err := b.unchanged(ctx, held(id, a.Name), a); {
	case errors.Is(err, ErrGone):
		return b.putBack(ctx, id, a.Name)
	case err != nil:
		return err
	case b.busy(ctx, held(id, a.Name)): // a program had it open before it was moved, and goes on writing
		return b.putBack(ctx, id, a.Name)
	}
	b.sightings.Forget(a.Name)
	return b.folder.Sync(ctx, path.Join(Processing, id), Processing, ".")
}

// putBack returns a claimed file to the inbox: ErrGone, or why it had to stay where it is.
func (b *Inbox) putBack(ctx context.Context, id, name string) error {
	err := b.folder.Move(ctx, held(id, name), name)
	if errors.Is(err, fs.ErrExist) { // the sender dropped another file of that name, or it is there already
		err = b.folder.Move(ctx, held(id, name), NumberedName(name, id))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("file %s changed while it was taken and cannot go back to the inbox: %w", name, err)
	}
	b.sightings.Forget(name)
	b.giveBackMarker(ctx, id, name)
	b.removeClaim(ctx, id)
	if err := b.folder.Sync(ctx, "."); err != nil {
		return err
	}
	return ErrGone
}

// unchanged is nil when the regular file that was seen lies at path, else ErrGone or a fault.
func (b *Inbox) unchanged(ctx context.Context, path string, a Arrival) error {
	e, err := b.folder.Stat(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return b.gone(ctx, places.Missing)
	} else if err != nil {
		return err
	}
	if !e.Mode.IsRegular() || e.Size != a.Size || !e.ModTime.Equal(a.ModTime) {
		return ErrGone
	}
	if seen := b.sightings.byName[a.Name]; seen != nil && seen.Mark.ModTime == a.ModTime.UnixNano() && seen.Node != e.Node {
		return ErrGone
	}
	return nil
}

// gone is ErrGone, unless it is the whole folder that is not there.
func (b *Inbox) gone(ctx context.Context, p places.Problem) error {
	there, err := b.exists(ctx, ".")
	switch {
	case err != nil:
		return err
	case !there:
		return b.folder.Tell(p, ".", fs.ErrNotExist)
	}
	return ErrGone
}

func (b *Inbox) exists(ctx context.Context, path string) (bool, error) {
	_, err := b.folder.Stat(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// The marker goes first, and decides: of several who claim a file, the one that has its marker takes the file. Else a marker could be
// left over, and complete the next file of that name before it is whole.
func (b *Inbox) claimMarker(ctx context.Context, id, name string) error {
	if b.marker == "" {
		return nil
	}
	marker := b.marker.For(name)
	err := b.folder.Take(ctx, marker, held(id, marker))
	switch {
	case errors.Is(err, fs.ErrExist): // taken before we were cut off
		return nil
	case errors.Is(err, fs.ErrNotExist): // withdrawn, or somebody else has it
		return ErrGone
	}
	return err
}

func (b *Inbox) giveBackMarker(ctx context.Context, id, name string) {
	if b.marker == "" {
		return
	}
	marker := b.marker.For(name)
	if err := b.folder.Move(ctx, held(id, marker), marker); errors.Is(err, fs.ErrExist) {
		_ = b.folder.Remove(ctx, held(id, marker)) // the sender wrote a new one
	}
}

// claimInPlace binds the file to the id where it stays.
func (b *Inbox) claimInPlace(ctx context.Context, id string, a Arrival) error {
	if err := b.unchanged(ctx, a.Name, a); err != nil {
		return err
	}
	if err := b.Remembering.Remember(ctx, a.Identity(), id); err != nil {
		return err
	}
	if err := b.Remembering.Remember(ctx, inPlace(id), id); err != nil {
		return err
	}
	if seen := b.sightings.byName[a.Name]; seen != nil {
		seen.Taken = true
	}
	return nil
}

// inPlace is what is remembered of an id whose file was not moved.
func inPlace(id string) string { return "in place|" + id }

// stayed reports whether the file of this id was claimed where it lies.
func (b *Inbox) stayed(ctx context.Context, id string) (bool, error) {
	if !b.remembers {
		return false, nil
	}
	owner, err := b.Remembering.Seen(ctx, inPlace(id))
	return owner != "", err
}

// makeFolder makes a folder below the inbox and the ones on the way to it. The caller syncs it and the one above; what is further up
// is synced here.
func (b *Inbox) makeFolder(ctx context.Context, steps ...string) error {
	for i := range steps {
		at := path.Join(steps[:i+1]...)
		if b.made[at] {
			continue
		}
		fresh, err := b.folder.Make(ctx, at, steps[0] == Processing)
		switch {
		case errors.Is(err, places.ErrNotAFolder):
			return b.folder.Tell(places.OwnFolder, at, err)
		case errors.Is(err, fs.ErrNotExist):
			return b.folder.Tell(places.Missing, ".", err)
		case err != nil:
			return err
		}
		b.made[at] = true
		if fresh && i < len(steps)-1 {
			if err := b.folder.Sync(ctx, path.Dir(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeClaim removes the folder of a claim if it is empty.
func (b *Inbox) removeClaim(ctx context.Context, id string) {
	at := path.Join(Processing, id)
	delete(b.made, at)
	_ = b.folder.Remove(ctx, at+"/")
}
