package inbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"time"

	"github.com/rowferry/rowferry/places"
)

// Lying is a file that lies in the inbox or in one of the folders of ours.
type Lying struct {
	places.Entry
	Path string // below the inbox
	in   places.Folder
}

// Copy writes its content to w from the beginning; ErrGone when it is not there any more, or has changed.
func (l Lying) Copy(ctx context.Context, w io.Writer) error {
	err := l.in.Fetch(ctx, l.Path, l.Entry, 0, w)
	if errors.Is(err, places.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
		return ErrGone
	}
	return err
}

// Originals implements Place.
func (b *Inbox) Originals(ctx context.Context, size int64, taken time.Time) iter.Seq2[Lying, error] {
	return func(yield func(Lying, error) bool) {
		likely := day(taken)
		more := b.lying(ctx, likely, "", size, yield)
		for _, folder := range []string{".", Processing, Duplicates, Quarantine, Archived} {
			more = more && b.lying(ctx, folder, likely, size, yield)
		}
	}
}

// lying gives the files of a size in a folder and, in one of ours, below it, but for one folder. It is false when no more are wanted.
func (b *Inbox) lying(ctx context.Context, folder, but string, size int64, yield func(Lying, error) bool) bool {
	found, err := b.folder.List(ctx, folder)
	if err != nil && folder != "." && !places.MayPass(err) && ctx.Err() == nil {
		return true // what cannot be looked at is not it
	}
	if err != nil {
		yield(Lying{}, err)
		return false
	}
	for _, e := range found {
		at := path.Join(folder, e.Name)
		switch {
		case e.Mode.IsDir() && folder != "." && at != but:
			if !b.lying(ctx, at, but, size, yield) {
				return false
			}
		case e.Mode.IsRegular() && e.Size == size:
			if !yield(Lying{e, at, b.folder}, nil) {
				return false
			}
		}
	}
	return true
}
