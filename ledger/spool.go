package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/masks"
)

// Copies are the private copies of the senders' files, by the files' ids. Safe for concurrent use.
type Copies interface {
	// Open opens a whole copy; fs.ErrNotExist when there is none.
	Open(ctx context.Context, id string) (batch.Original, error)
	// IDs lists the whole copies, in no order. One that is made or removed meanwhile may be among them or not.
	IDs(ctx context.Context) iter.Seq2[string, error]
}

// Spool is the copies in the hands of the ledger's owner.
type Spool interface {
	Copies
	// Create begins the copy of a file. It takes the place of an earlier one when it is committed.
	Create(ctx context.Context, id string) (Copying, error)
	// Remove removes the copy of a file and what was left half written of it. That there is none is no error.
	Remove(ctx context.Context, id string) error
}

// Copying is a copy that grows. Nobody sees it before Commit. An error of its methods is the spool's trouble and never the file's.
type Copying interface {
	io.Writer
	// Commit makes the copy whole; it is on disk when it returns nil.
	Commit() error
	// Close drops what was not committed. After Commit it does nothing.
	Close() error
}

// KeyOf makes the key with which the private fields of a file's requests are sealed. fs.ErrNotExist when its copy is not kept any more.
func KeyOf(ctx context.Context, copies Copies, id string) (*masks.Key, error) {
	o, err := copies.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := masks.KeyOf(io.NewSectionReader(o, 0, o.Size()))
	return key, errors.Join(err, o.Close())
}

// Unsealer opens the private fields of one file's requests. It reads the file's copy once, when the first is to be opened. It is used by
// one goroutine.
type Unsealer struct {
	Copies Copies
	File   string
	key    *masks.Key
}

// Open is a stored request as it is to be sent. fs.ErrNotExist when its file's copy is not kept any more, masks.ErrClosed when it is not what
// was sealed.
func (u *Unsealer) Open(ctx context.Context, body []byte) (_ []byte, err error) {
	if !masks.Sealed(body) {
		return body, nil
	}
	if u.key == nil {
		if u.key, err = KeyOf(ctx, u.Copies, u.File); err != nil {
			return nil, err
		}
	}
	return u.key.Open(body)
}

// Whole opens the copy of a file whose content is what was taken. fs.ErrNotExist when there is none, ErrAltered when it has other
// content.
func Whole(ctx context.Context, copies Copies, f File) (batch.Original, error) {
	o, err := copies.Open(ctx, f.ID)
	if err != nil || f.Hash == "" { // taken again on a person's word: its content is no identity
		return o, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(o, 0, o.Size())); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.Hash {
		return nil, errors.Join(fmt.Errorf("the copy of %s (%s): %w", f.Name, f.ID, ErrAltered), o.Close())
	}
	return o, nil
}
