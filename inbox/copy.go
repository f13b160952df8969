package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rowferry/rowferry/places"
)

func arrival(e places.Entry) Arrival { return Arrival{Name: e.Name, Size: e.Size, ModTime: e.ModTime} }

// whole checks the structure of a settled file; the copy of one that does not lie on this machine serves Fetch later.
func (b *Inbox) whole(ctx context.Context, a Arrival) error {
	if b.Whole == nil {
		return nil
	}
	path, err := b.path(ctx, a)
	if err != nil {
		return err
	}
	verdict := b.Whole(ctx, path)
	if b.root == "" {
		if verdict != nil {
			b.discard(a) // most likely it will be another file when it is asked for
		}
		return verdict
	}
	if err := b.unchanged(ctx, a.Name, a); err != nil {
		return ErrGone
	}
	return verdict
}

// Path is where on this machine the content of an arrival can be read: see Place.
func (b *Inbox) Path(ctx context.Context, a Arrival) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.path(ctx, a)
}

func (b *Inbox) path(ctx context.Context, a Arrival) (string, error) {
	if b.root != "" {
		return filepath.Join(b.root, a.Name), nil
	}
	return b.download(ctx, a.Name, places.Entry{Name: a.Name, Size: a.Size, ModTime: a.ModTime})
}

// copyOf is where the copy of this state of a file lies on this machine.
// Whoever downloads the same state of a file again, after a cut or a restart, goes on where it stopped.
func (b *Inbox) copyOf(a Arrival) string {
	return filepath.Join(b.copies, short(a.Identity()+"\n"+boot), a.Name)
}

func (b *Inbox) discard(a Arrival) { _ = os.RemoveAll(filepath.Dir(b.copyOf(a))) }

// download brings the file to this machine, in the state that was seen: ErrGone when it is not, or not any more, in that state.
func (b *Inbox) download(ctx context.Context, from string, e places.Entry) (string, error) {
	copied := b.copyOf(arrival(e))
	if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(copied, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	err = b.folder.Fetch(ctx, from, e, at, f)
	if errors.Is(err, places.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
		b.discard(arrival(e))
		return "", ErrGone
	}
	return copied, err
}

// sweep removes copies of files that are not there any more in that state.
func (b *Inbox) sweep(found []places.Entry) {
	if b.root != "" {
		return
	}
	kept, err := os.ReadDir(b.copies)
	if err != nil || len(kept) == 0 {
		return
	}
	wanted := map[string]bool{}
	for _, e := range found {
		wanted[filepath.Base(filepath.Dir(b.copyOf(arrival(e))))] = true
	}
	for _, k := range kept {
		if !wanted[k.Name()] && !b.pending[k.Name()] {
			_ = os.RemoveAll(filepath.Join(b.copies, k.Name()))
		}
	}
}

// Fetch copies the claimed file, or the copy of it that was checked, to w. One that changes meanwhile goes back to the inbox: ErrGone.
func (b *Inbox) Fetch(ctx context.Context, id, name string, w io.Writer) (Fetched, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := trusted(id, name); err != nil {
		return Fetched{}, err
	}
	from, e, err := b.find(ctx, id, name)
	if err != nil {
		return Fetched{}, err
	}
	fetch := b.fetchHere
	if b.root == "" {
		fetch = b.fetchThere
	}
	fetched, err := fetch(ctx, from, e, w)
	if errors.Is(err, places.ErrChanged) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrGone) {
		return Fetched{}, b.changed(ctx, id, name, from)
	}
	if err != nil {
		return Fetched{}, fmt.Errorf("copy %s: %w", name, err)
	}
	return fetched, nil
}

func (b *Inbox) fetchHere(ctx context.Context, from string, e places.Entry, w io.Writer) (Fetched, error) {
	hash := sha256.New()
	err := b.folder.Fetch(ctx, from, e, 0, io.MultiWriter(hash, w))
	return Fetched{Size: e.Size, Hash: hex.EncodeToString(hash.Sum(nil))}, err
}

func (b *Inbox) fetchThere(ctx context.Context, from string, e places.Entry, w io.Writer) (Fetched, error) {
	a := arrival(e)
	copied, key := b.copyOf(a), filepath.Base(filepath.Dir(b.copyOf(a)))
	b.pending[key] = true
	if info, err := os.Stat(copied); err != nil || info.Size() != a.Size {
		if _, err := b.download(ctx, from, e); err != nil {
			if errors.Is(err, ErrGone) {
				delete(b.pending, key)
			}
			return Fetched{}, err
		}
	}
	f, err := os.Open(copied)
	if err != nil {
		return Fetched{}, err
	}
	defer f.Close()
	fetched, err := Copy(ctx, w, f)
	if err != nil {
		return Fetched{}, err
	}
	delete(b.pending, key)
	now, err := b.folder.Stat(ctx, from)
	if err == nil && arrival(now).Identity() != a.Identity() {
		err = places.ErrChanged
	}
	if err == nil || errors.Is(err, places.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
		b.discard(a)
	}
	return fetched, err
}

// find says where the claimed file lies, and in which state.
func (b *Inbox) find(ctx context.Context, id, name string) (at string, e places.Entry, err error) {
	at = held(id, name)
	e, err = b.folder.Stat(ctx, at)
	if err == nil && e.Mode.IsRegular() {
		return at, e, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", e, err
	}
	if !b.remembers {
		if err := b.emptied(ctx); err != nil {
			return "", e, err
		}
		return "", e, ErrGone
	}
	e, err = b.folder.Stat(ctx, name)
	if err == nil && e.Mode.IsRegular() {
		owner, err := b.Remembering.Seen(ctx, arrival(e).Identity())
		if err != nil || owner == id {
			return name, e, err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", e, err
	}
	return "", e, b.gone(ctx, places.Missing)
}

// changed gives a file back that was still being written when it was taken.
func (b *Inbox) changed(ctx context.Context, id, name, from string) error {
	b.Logger.Warn("a file was still being written when it was taken; it waits again", "inbox", b.where, "file", name)
	if from == name {
		return ErrGone
	}
	return b.putBack(ctx, id, name)
}

// Copy copies r to w and hashes what passes. It stops when ctx ends.
func Copy(ctx context.Context, w io.Writer, r io.Reader) (Fetched, error) {
	hash := sha256.New()
	n, err := io.CopyBuffer(hashing{hash, w}, places.Until{Context: ctx, Reader: r}, make([]byte, 256<<10))
	return Fetched{Size: n, Hash: hex.EncodeToString(hash.Sum(nil))}, err
}

// hashing is a writer that hashes a piece while it is written.
type hashing struct{ hash, to io.Writer }

func (h hashing) Write(b []byte) (int, error) {
	var beside sync.WaitGroup
	beside.Go(func() { _, _ = h.hash.Write(b) }) // it never fails
	n, err := h.to.Write(b)
	beside.Wait()
	return n, err
}

// boot tells one run of this machine from the next: what was downloaded before a power cut may have holes.
var boot = func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}()
