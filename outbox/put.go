package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowferry/rowferry/places"
)

// Settings of one outbox.
type Settings struct {
	Direct bool // results are written under their final names, for places that permit no renaming
}

// Open makes an outbox of a folder, which is made when it is needed. A folder that cannot be used is told by Put.
func Open(f places.Folder, s Settings) *Outbox {
	return &Outbox{Settings: s, folder: f, uploads: map[string]*upload{}}
}

// Outbox is one outbox. It is safe for concurrent use.
type Outbox struct {
	Settings
	folder  places.Folder
	mu      sync.Mutex
	uploads map[string]*upload // by name
	swept   sync.Once
	robbed  atomic.Int32 // parts in a row that were taken away
}

// upload is one name on its way. Calls for one name wait for each other; one that was cut off is gone on with.
type upload struct {
	turn  chan struct{}
	users int // guarded by the outbox's mutex

	// of the one whose turn it is, or of nobody:
	hash    string // of the content that was on its way when it was cut off
	part    string // its temporary name
	arrived int64  // how much of it is there
}

// Files under way begin and end so: hidden, and a name that nobody takes for a result.
const (
	partBegin = ".rowferry-"
	partEnd   = ".part"
)

// Put makes content appear under name: written under a temporary name, renamed without overwriting. What is there is compared first,
// so a call after a cut does no work twice.
func (o *Outbox) Put(ctx context.Context, name string, content Content) error {
	if err := CheckName(name); err != nil {
		return err
	}
	o.swept.Do(func() { o.sweep(ctx) })
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return o.about(err)
	}
	u, release, err := o.reserve(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if err := u.prepare(ctx, content); err != nil {
		return o.about(err)
	}
	err = o.put(ctx, name, content, size, u)
	if err == nil {
		return nil
	}
	if u.part != "" && u.hash == "" {
		u.hash, _ = digest(context.WithoutCancel(ctx), content) // without it the next call begins anew
	}
	return o.about(o.explain(ctx, err))
}

// prepare goes on with what was cut off if it was of this content, and begins anew otherwise.
func (u *upload) prepare(ctx context.Context, content Content) error {
	if u.hash != "" {
		hash, err := digest(ctx, content)
		if err != nil || hash == u.hash {
			return err
		}
	}
	u.hash, u.part, u.arrived = "", fmt.Sprintf("%s%016x%s", partBegin, rand.Uint64(), partEnd), 0
	return nil
}

func (o *Outbox) about(err error) error {
	return fmt.Errorf("outbox %s: %w", o.folder.Traits().Where, err)
}

func digest(ctx context.Context, content Content) (string, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	_, err := io.CopyBuffer(struct{ io.Writer }{h}, places.Until{Context: ctx, Reader: content}, make([]byte, 256<<10))
	return hex.EncodeToString(h.Sum(nil)), err
}

// reserve gives the upload of a name to one caller at a time. What was cut off is kept for the next call; what is done is forgotten.
func (o *Outbox) reserve(ctx context.Context, name string) (*upload, func(), error) {
	o.mu.Lock()
	u := o.uploads[name]
	if u == nil {
		u = &upload{turn: make(chan struct{}, 1)}
		o.uploads[name] = u
	}
	u.users++
	o.mu.Unlock()
	leave := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if u.users--; u.users == 0 && u.part == "" {
			delete(o.uploads, name)
		}
	}
	select {
	case u.turn <- struct{}{}:
		return u, func() { <-u.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
}

func (o *Outbox) put(ctx context.Context, name string, content Content, size int64, u *upload) error {
	if _, err := o.folder.Make(ctx, ".", false); err != nil {
		return err
	}
	begun := u.arrived > 0
	done, err := o.finished(ctx, name, size, content)
	if (done || errors.Is(err, ErrExists)) && !begun {
		u.forget()
		return err
	}
	if done || err != nil {
		return o.finish(ctx, u, err)
	}
	if o.Direct {
		return o.direct(ctx, name, content, size, u)
	}
	if o.robbed.Load() >= mostRobbed {
		return o.folder.Tell(places.TakenAway, ".", places.ErrTakenAway)
	}
	if err := o.folder.Write(ctx, u.part, content, size, &u.arrived); err != nil {
		return o.finish(ctx, u, o.takenAway(err))
	}
	renamed, err := o.appear(ctx, u.part, name, size, content)
	if renamed {
		o.robbed.Store(0)
		u.forget()
		return o.folder.Sync(ctx, ".")
	}
	return o.finish(ctx, u, err)
}

// direct writes a result under its final name, once, from its beginning to its end. Whoever looks meanwhile sees a part of it.
func (o *Outbox) direct(ctx context.Context, name string, content Content, size int64, u *upload) error {
	u.forget()
	if err := o.folder.Write(ctx, name, content, size, nil); err != nil {
		return err
	}
	return o.folder.Sync(ctx, ".")
}

// mostRobbed is how many parts in a row may be taken away, before no more are written: else they would heap up wherever they are taken to.
const mostRobbed = 2

// takenAway tells that somebody takes away what is written, and keeps count.
func (o *Outbox) takenAway(err error) error {
	if !errors.Is(err, places.ErrTakenAway) {
		return err
	}
	o.robbed.Add(1)
	return o.folder.Tell(places.TakenAway, ".", err)
}

// appear gives the written file its name, or finds that it has it and the temporary one is left over.
func (o *Outbox) appear(ctx context.Context, part, name string, size int64, content Content) (renamed bool, err error) {
	err = o.folder.Move(ctx, part, name)
	if errors.Is(err, places.ErrRefused) {
		return false, o.folder.Tell(places.Unrenamed, ".", err)
	}
	if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	done, ferr := o.finished(ctx, name, size, content) // somebody was quicker, perhaps we
	if ferr != nil || done {
		return false, ferr
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, o.takenAway(places.ErrTakenAway)
	}
	return false, err
}

// finished reports that the file is there with this content: ErrExists when it is another one.
func (o *Outbox) finished(ctx context.Context, name string, size int64, content Content) (bool, error) {
	there, err := o.folder.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if there.Size < 0 { // the place tells none: the content decides
		there.Size = size
	}
	ours := there.Size == size || o.Direct && there.Size < size // else what is there of it may be what we wrote before we were cut off
	if !there.Mode.IsRegular() || !ours {
		return false, fmt.Errorf("%s: %w", name, ErrExists)
	}
	err = o.folder.Fetch(ctx, name, there, 0, &comparing{content: content})
	if errors.Is(err, errDiffers) {
		return false, fmt.Errorf("%s: %w", name, ErrExists)
	} else if err != nil || there.Size < size {
		return false, err
	}
	return true, o.folder.Sync(ctx, ".")
}

// finish forgets an upload that came to its end and removes what is left of it; one that the line broke under is kept for the next call.
func (o *Outbox) finish(ctx context.Context, u *upload, err error) error {
	if o.folder.Traits().Root == "" && err != nil && !errors.Is(err, ErrExists) && (ctx.Err() != nil || places.MayPass(err)) {
		return err
	}
	gone := o.folder.Remove(context.WithoutCancel(ctx), u.part)
	if u.arrived > 0 && errors.Is(gone, places.ErrRefused) {
		return err // it stays for the next try: no heap of parts grows where nothing may be removed
	}
	u.forget()
	return err
}

func (u *upload) forget() { u.hash, u.part, u.arrived = "", "", 0 }

// explain says what a refusal means for a person; the error of the place stays inside.
func (o *Outbox) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil, errors.Is(err, ErrExists):
		return err
	case errors.Is(err, places.ErrNotAFolder):
		return o.folder.Tell(places.NotAFolder, ".", err)
	case errors.Is(err, places.ErrRefused), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return o.folder.Tell(places.Unwritable, ".", err)
	}
	return err
}

// sweep removes what killed processes left half written more than a day ago, by the times of the place.
func (o *Outbox) sweep(ctx context.Context) {
	found, err := o.folder.List(ctx, ".")
	if err != nil {
		return // Put says what is wrong
	}
	for _, e := range found {
		ours := e.Mode.IsRegular() && strings.HasPrefix(e.Name, partBegin) && strings.HasSuffix(e.Name, partEnd)
		if ours && time.Since(e.ModTime) > 24*time.Hour {
			_ = o.folder.Remove(ctx, e.Name)
		}
	}
}

// Close closes the folder.
func (o *Outbox) Close() error { return o.folder.Close() }
