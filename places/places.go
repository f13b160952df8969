// Package places holds where files lie: a folder of this machine (places/local), one on an SFTP server (places/sftp). A place is a set
// of primitives; what the life of a file in it is, inbox and outbox say once for all of them.
package places

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// A Folder is one folder of a place. Paths are relative to it, with slashes; "." is the folder itself. Links are not followed, but for
// the folder's own. It is safe for concurrent use.
//
// Any call may be cut off and made again. So what Move and Take answer may be about an earlier call that came to its end although nobody
// heard of it: fs.ErrExist and fs.ErrNotExist mean look.
//
// What a person should know of the whole folder is a *Trouble.
type Folder interface {
	// List gives what lies in a folder, in no order. Of the folder itself its error is a *Trouble; of one below fs.ErrNotExist when it is missing.
	List(ctx context.Context, path string) ([]Entry, error)

	// Stat gives one thing; fs.ErrNotExist when there is none.
	Stat(ctx context.Context, path string) (Entry, error)

	// Fetch writes a regular file from an offset to its end to w, once each byte. The file is in the given state before and after: else
	// ErrChanged (or fs.ErrNotExist), and what was written is worth nothing. No more than the state's size is written.
	Fetch(ctx context.Context, path string, as Entry, at int64, w io.Writer) error

	// Busy reports whether a program has a file open for writing, or so that it cannot be moved; known is false where the place cannot tell.
	Busy(ctx context.Context, path string) (busy, known bool)

	// Write makes a file with this content, or replaces the content of one that is ours. It is not whole before Write returns nil; then it
	// outlasts a power cut. arrived is how much of the content is there from an earlier call, and is kept up to date; nil: it is written
	// once, from its beginning to its end.
	Write(ctx context.Context, path string, content io.ReaderAt, size int64, arrived *int64) error

	// Move gives a file another name, which must be free: fs.ErrExist when it is not, fs.ErrNotExist when the file is not there. ErrRefused
	// where the place permits no move.
	Move(ctx context.Context, from, to string) error

	// Take moves a file, as Move does, into a folder that is ours alone. Of several who take the same file one wins; the others get fs.ErrNotExist.
	Take(ctx context.Context, from, to string) error

	// Make makes a folder and says whether it is new, as far as the place tells: one that is there is as good, any other thing there is ErrNotAFolder. The folder above must be
	// there (else fs.ErrNotExist), but for ".", which is made with all above it. Whoever may write to the place may write to the new folder, unless it is to be our own.
	Make(ctx context.Context, path string, own bool) (fresh bool, err error)

	// Remove removes a file or, where the path ends with a slash, a folder that is empty. fs.ErrNotExist when there is none.
	Remove(ctx context.Context, path string) error

	// Sync makes what was made in, moved into or removed from these folders outlast a power cut, where we can see to that.
	Sync(ctx context.Context, folders ...string) error

	// Wait waits so long, or less: true when something wanted came to the folder, was written there, as far as the place tells, or went. The error is
	// the context's.
	Wait(ctx context.Context, long time.Duration, wanted func(name string, came bool) bool) (hint bool, err error)

	// Tell makes a *Trouble about the folder or something below it, in the words of the place.
	Tell(p Problem, path string, cause error) error

	Traits() Traits
	Close() error
}

// Traits are how a place differs from others.
type Traits struct {
	Where string        // for the log: a folder's path, partner:/path
	Root  string        // the folder on this machine, if it is one: then what is below is opened directly
	Moves bool          // files can always be moved; else a server may refuse, and files stay where they are
	Every time.Duration // the pause between looks that stands for a missing one
	Least time.Duration // the least pause between looks that nobody scheduled
}

// Entry is what a place tells of one thing.
type Entry struct {
	Name    string // without folders
	Size    int64
	ModTime time.Time // as precise as the place tells
	Node    uint64    // inode; 0 where there is none
	Mode    fs.FileMode
}

// ErrChanged says that a file is not, or no longer, in the state that was expected.
var ErrChanged = errors.New("the file has changed")

// ErrNotAFolder says that something else has the name of a folder that is needed.
var ErrNotAFolder = errors.New("this is not a folder")

// ErrNotOurs says that a folder that we need for ourselves belongs to somebody else.
var ErrNotOurs = errors.New("this folder is not ours")

// ErrTakenAway says that a file is gone although all of it was written and confirmed: somebody takes away what is uploaded.
var ErrTakenAway = errors.New("what was written was taken away")

// ErrRefused says that the place has not the right, or not the ability, to do what was asked.
var ErrRefused = errors.New("the server refuses it")

// Problem is what a person is told of a folder.
type Problem string

// The problems that every place has words for.
const (
	Missing    Problem = "missing"      // the folder is not there
	NotAFolder Problem = "not_a_folder" // something else is
	Unlisted   Problem = "unlisted"     // it cannot be listed
	Unwritable Problem = "unwritable"   // nothing can be written there
	Emptied    Problem = "emptied"      // what was taken from it is not there any more
	OwnFolder  Problem = "own_folder"   // where a folder of ours should be, something else is
	Foreign    Problem = "foreign"      // where a folder of ours should be, is one of somebody else's
	Unrenamed  Problem = "unrenamed"    // files cannot be renamed in it
	TakenAway  Problem = "taken_away"   // what is written there is gone before it has its name
)

// Trouble says that a place cannot be used now: where, what, and what next, for a person. It may pass by itself.
type Trouble struct {
	Step    string // of a server, how far it got: resolve, connect, key, login, session, …
	Message batch.Message
	Passes  bool  // the line broke, or the server is away: what was begun can be gone on with
	Err     error // the technical cause
}

// Error is for logs; people read Say.
func (t *Trouble) Error() string { return t.Say(batch.English) }

// Say is what is wrong, and what to do, with the technical cause where the sentence does not have it.
func (t *Trouble) Say(l batch.Language) string {
	said := words.Say(l, t.Message)
	if t.Err == nil || strings.Contains(said, Cause(t.Err)) {
		return said
	}
	return said + " (" + t.Err.Error() + ")"
}

func (t *Trouble) Unwrap() error { return t.Err }

// Cause is an error as a sentence says it that names the path itself; nothing for nil.
func Cause(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err.Error()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// MayPass tells a server that is away, or a line that broke, from a place that refuses what was asked.
func MayPass(err error) bool {
	t, ok := errors.AsType[*Trouble](err)
	return ok && t.Passes
}

// Until is a reader that ends with its context.
type Until struct {
	Context context.Context
	io.Reader
}

func (u Until) Read(b []byte) (int, error) {
	if err := u.Context.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}
