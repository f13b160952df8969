package local

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/words"
)

type place struct {
	Settings
	marker  inbox.Marker
	rhythm  inbox.Rhythm
	lookout inbox.Lookout
	watch   watch
}

// Look lists the folder once, and asks each name of interest for its state once.
func (p *place) Look(ctx context.Context) iter.Seq2[inbox.Complete, error] {
	return p.lookout.Look(ctx, p.list)
}

// Waiting is how many files were still settling at the last look.
func (p *place) Waiting() int { return p.lookout.Waiting() }

// Unready gives the files that have settled and are not whole, and why.
func (p *place) Unready() iter.Seq2[string, string] { return p.lookout.Unready() }

// list gives the names in the folder, or a *inbox.Trouble.
func (p *place) list() (inbox.Listing, error) {
	info, err := os.Stat(p.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return inbox.Listing{}, p.say("inbox.missing", err)
	case err != nil:
		return inbox.Listing{}, p.say("inbox.unlisted", err)
	case !info.IsDir():
		return inbox.Listing{}, p.say("inbox.not_a_folder", nil)
	}
	if p.After != Keep {
		if err := writable(p.Dir); err != nil {
			return inbox.Listing{}, p.say("inbox.unwritable", err)
		}
	}
	p.watch.follow(info)
	folder, err := os.Open(p.Dir)
	if err != nil {
		return inbox.Listing{}, p.say("inbox.unlisted", err)
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return inbox.Listing{}, p.say("inbox.unlisted", err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return inbox.Listing{Names: names, State: p.state}, nil
}

func (p *place) say(key string, cause error) error {
	return &inbox.Trouble{Message: words.Message(key, "dir", p.Dir, "cause", inbox.Cause(cause)), Err: cause}
}

// state looks at one file of the inbox.
func (p *place) state(name string) (inbox.State, bool) {
	info, err := os.Lstat(p.at(name))
	if err != nil {
		return inbox.State{}, false
	}
	return stateOf(info), true
}

func stateOf(info fs.FileInfo) inbox.State {
	return inbox.State{Size: info.Size(), ModTime: info.ModTime(), Node: node(info), Mode: info.Mode()}
}

// whole checks the structure, and that the file did not change meanwhile.
func (p *place) whole(ctx context.Context, a inbox.Arrival) error {
	verdict := p.Whole(ctx, p.at(a.Name))
	if err := p.unchanged(p.at(a.Name), a); err != nil {
		return inbox.ErrGone
	}
	return verdict
}
