package take

import (
	"context"
	"errors"
	"io"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/words"
)

// Upload takes content that somebody hands over as a stream. When it returns without an error the content is whole on disk: the
// file is Taken, and GoOn reads it; or it is a Duplicate, unless a person wants the same content once more: as says then, before
// the file is Taken, under which id. A stream that breaks off leaves nothing.
func (t *Taker) Upload(ctx context.Context, name string, content io.Reader, as func(id string) error) (ledger.File, error) {
	f, err := t.begin(ctx, inbox.Arrival{Name: inbox.Tame(name), ModTime: t.Now()}, fromUpload)
	if err != nil {
		return f, err
	}
	defer t.Hands.end(f.ID)
	from := streamed{content: content}
	fetched, err := t.fetch(ctx, f, from)
	if err == nil && as != nil {
		fetched.Hash = "" // equal to nothing
		err = as(f.ID)
	}
	ctx = context.WithoutCancel(ctx) // whoever goes away now undoes nothing halfway
	if err == nil {
		err = t.take(ctx, &f, fetched)
	}
	if err != nil {
		return f, errors.Join(err, t.forgetCopy(ctx, f.ID), t.Ledger.Forget(ctx, f.ID))
	}
	if f.State == ledger.Duplicate {
		err = errors.Join(t.tell(ctx, f.ID), t.rest(ctx, f, from))
	}
	return f, err
}

// judged is the route by which a file's repeats are judged.
func (t *Taker) judged(ctx context.Context, f ledger.File) (*route.Route, error) {
	if !Uploaded(f) || f.Hash != "" {
		return t.Route, nil
	}
	of, err := t.Ledger.Kept(ctx, ledger.MeantKey+f.ID)
	if err != nil || of == "" {
		return t.Route, err
	}
	way := *t.Route
	way.Repeats.Send = true
	return &way, nil
}

// GoOn reads an uploaded file that is Taken and makes its rows the truth, or refuses it as a whole. It may be called again after
// it was cut off, also by another process, and after an error: that is our trouble and not the file's.
func (t *Taker) GoOn(ctx context.Context, f ledger.File) error {
	err := t.goOn(ctx, f, streamed{})
	if ctx.Err() == nil && errors.Is(err, inbox.ErrGone) { // its copy is gone, and who sent it has no more to give
		_, err = t.drop(ctx, f.ID, words.Message("take.interrupted"))
		return err
	}
	if ctx.Err() != nil || !isItsOwn(err) {
		return err
	}
	t.Log.Error("an uploaded file could not be read", "file", f.ID, "name", f.Name, "error", err)
	_, err = t.drop(ctx, f.ID, words.Message("take.failed", "cause", err))
	return err
}

// Uploaded reports whether a file was uploaded, and not found in a folder or named on a command line.
func Uploaded(f ledger.File) bool { return f.Source == fromUpload }

// streamed is a file that came as a stream: there is no original to put to rest.
type streamed struct {
	handed
	content io.Reader
}

// Fetch gives the stream; after a restart there is none.
func (s streamed) Fetch(ctx context.Context, _, _ string, w io.Writer) (inbox.Fetched, error) {
	if s.content == nil {
		return inbox.Fetched{}, inbox.ErrGone
	}
	return inbox.Copy(ctx, w, s.content)
}
