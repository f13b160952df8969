package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/sftpclient"
	"github.com/rowferry/rowferry/words"
)

type place struct {
	Settings
	spool   string // of this place
	marker  inbox.Marker
	rhythm  inbox.Rhythm
	lookout inbox.Lookout
	made    map[string]bool // folders on the server that we know of
	pending map[string]bool // downloads of claimed files that were cut off
	stays   bool            // told that the server permits no move
}

// Look lists the folder once.
func (p *place) Look(ctx context.Context) iter.Seq2[inbox.Complete, error] {
	return p.lookout.Look(ctx, func() (inbox.Listing, error) { return p.list(ctx) })
}

// Waiting is how many files were still settling at the last look.
func (p *place) Waiting() int { return p.lookout.Waiting() }

// Unready gives the files that have settled and are not whole, and why.
func (p *place) Unready() iter.Seq2[string, string] { return p.lookout.Unready() }

func (p *place) list(ctx context.Context) (inbox.Listing, error) {
	clear(p.made)
	states := map[string]inbox.State{}
	var names []string
	err := p.Client.Do(ctx, func(s *sftp.Client) error {
		entries, err := s.ReadDirContext(ctx, p.Dir)
		if err != nil {
			return err
		}
		names = names[:0]
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, e.Name())
				states[e.Name()] = inbox.State{Size: e.Size(), ModTime: e.ModTime(), Mode: e.Mode()}
			}
		}
		return nil
	})
	if err != nil {
		return inbox.Listing{}, p.say(ctx, err, "sftp.unlisted")
	}
	p.sweep(states)
	return inbox.Listing{Names: names, State: func(name string) (inbox.State, bool) { s, ok := states[name]; return s, ok }}, nil
}

// say makes a *inbox.Trouble of what the connection or the folder is about; key is for a folder that is there and refuses.
func (p *place) say(ctx context.Context, err error, key string) error {
	var line *sftpclient.Trouble
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.As(err, &line):
		return &inbox.Trouble{Message: line.Message, Err: line.Err}
	case errors.Is(err, fs.ErrNotExist):
		return p.trouble("sftp.missing", p.Dir, err)
	case errors.Is(err, sftpclient.ErrNotAFolder):
		return p.trouble("sftp.not_a_folder", p.Dir, err)
	}
	return p.trouble(key, p.Dir, err)
}

func (p *place) trouble(key, dir string, cause error) error {
	said := ""
	if cause != nil {
		said = cause.Error()
	}
	return &inbox.Trouble{Message: words.Message(key, "partner", p.Client.Name, "dir", dir, "cause", said), Err: cause}
}

// whole downloads a settled file and checks its structure; the copy serves Fetch later.
func (p *place) whole(ctx context.Context, a inbox.Arrival) error {
	if p.Whole == nil {
		return nil
	}
	copied, err := p.download(ctx, p.at(a.Name), a)
	if err != nil {
		return err
	}
	verdict := p.Whole(ctx, copied)
	if verdict != nil {
		p.discard(a) // most likely it will be another file when it is asked for
	}
	return verdict
}

// copyOf is where the copy of this state of a file lies on this machine.
// Whoever downloads the same state of a file again, after a cut or a restart, goes on where it stopped.
func (p *place) copyOf(a inbox.Arrival) string {
	return filepath.Join(p.spool, short(a.Identity()+"\n"+boot), a.Name)
}

func (p *place) discard(a inbox.Arrival) { _ = os.RemoveAll(filepath.Dir(p.copyOf(a))) }

// download brings the file to this machine, in the state that was seen: ErrGone when it is not, or not any more, in that state.
func (p *place) download(ctx context.Context, from string, a inbox.Arrival) (string, error) {
	copied := p.copyOf(a)
	if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(copied, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	err = p.Client.Download(ctx, from, sftpclient.State{Size: a.Size, ModTime: a.ModTime}, f)
	if errors.Is(err, sftpclient.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
		p.discard(a)
		return "", inbox.ErrGone
	}
	var line *sftpclient.Trouble
	if errors.As(err, &line) {
		return "", &inbox.Trouble{Message: line.Message, Err: line.Err}
	}
	return copied, err
}

// sweep removes copies of files that are not there any more in that state.
func (p *place) sweep(states map[string]inbox.State) {
	kept, err := os.ReadDir(p.spool)
	if err != nil || len(kept) == 0 {
		return
	}
	wanted := map[string]bool{}
	for name, s := range states {
		a := inbox.Arrival{Name: name, Size: s.Size, ModTime: s.ModTime}
		wanted[filepath.Base(filepath.Dir(p.copyOf(a)))] = true
	}
	for _, k := range kept {
		if !wanted[k.Name()] && !p.pending[k.Name()] {
			_ = os.RemoveAll(filepath.Join(p.spool, k.Name()))
		}
	}
}

// Fetch downloads the claimed file, or uses the copy that was checked, and copies it to w. One that changes meanwhile goes
// back to the inbox: ErrGone.
func (p *place) Fetch(ctx context.Context, id, name string, w io.Writer) (inbox.Fetched, error) {
	if err := trusted(id, name); err != nil {
		return inbox.Fetched{}, err
	}
	from, a, err := p.find(ctx, id, name)
	if err != nil {
		return inbox.Fetched{}, err
	}
	copied, key := p.copyOf(a), filepath.Base(filepath.Dir(p.copyOf(a)))
	p.pending[key] = true
	if info, there := os.Stat(copied); there != nil || info.Size() != a.Size {
		copied, err = p.download(ctx, from, a)
	}
	if errors.Is(err, inbox.ErrGone) {
		delete(p.pending, key)
		return inbox.Fetched{}, p.changed(ctx, id, name)
	}
	if err != nil {
		return inbox.Fetched{}, fmt.Errorf("download %s: %w", name, err)
	}
	f, err := os.Open(copied)
	if err != nil {
		return inbox.Fetched{}, err
	}
	defer f.Close()
	fetched, err := inbox.Copy(ctx, w, f)
	if err != nil {
		return inbox.Fetched{}, fmt.Errorf("copy %s: %w", name, err)
	}
	delete(p.pending, key)
	now, err := p.arrival(ctx, from, name)
	if errors.Is(err, inbox.ErrGone) || err == nil && now.Identity() != a.Identity() {
		p.discard(a)
		return inbox.Fetched{}, p.changed(ctx, id, name)
	} else if err != nil {
		return inbox.Fetched{}, err
	}
	p.discard(a)
	return fetched, nil
}

// find says where the claimed file lies, and in which state.
func (p *place) find(ctx context.Context, id, name string) (at string, a inbox.Arrival, err error) {
	for _, at := range []string{p.at(inbox.Processing, id, name), p.at(name)} {
		a, err := p.arrival(ctx, at, name)
		if errors.Is(err, inbox.ErrGone) {
			continue
		} else if err != nil {
			return "", a, err
		}
		if at != p.at(name) {
			return at, a, nil
		}
		owner, err := p.Remembering.Seen(ctx, a.Identity())
		if err != nil || owner == id {
			return at, a, err
		}
	}
	return "", a, p.do(ctx, p.missing)
}

// arrival is the regular file of that name on the server, or ErrGone.
func (p *place) arrival(ctx context.Context, at, name string) (inbox.Arrival, error) {
	var a inbox.Arrival
	err := p.do(ctx, func(s *sftp.Client) error {
		state, mode, err := sftpclient.Of(s, at)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !mode.IsRegular() {
			return inbox.ErrGone
		}
		a = inbox.Arrival{Name: name, Size: state.Size, ModTime: state.ModTime}
		return err
	})
	return a, err
}

// changed gives a file back that was still being written when it was taken.
func (p *place) changed(ctx context.Context, id, name string) error {
	p.Logger.Warn("a file was still being written when it was taken; it waits again", "inbox", p.lookout.Where, "file", name)
	return p.do(ctx, func(s *sftp.Client) error { return p.putBack(s, id, name) })
}

// do runs f, which looks before it acts, and tells trouble in words.
func (p *place) do(ctx context.Context, f func(*sftp.Client) error) error {
	var verdict error
	err := p.Client.Do(ctx, func(s *sftp.Client) error {
		var told *inbox.Trouble
		if verdict = f(s); errors.Is(verdict, inbox.ErrGone) || errors.As(verdict, &told) {
			return nil // this says nothing about the connection
		}
		return verdict
	})
	if err == nil {
		return verdict
	}
	var line *sftpclient.Trouble
	if errors.As(err, &line) && ctx.Err() == nil {
		return &inbox.Trouble{Message: line.Message, Err: line.Err}
	}
	return err
}

func (p *place) at(steps ...string) string { return path.Join(append([]string{p.Dir}, steps...)...) }

// trusted keeps ids and names from climbing out of the inbox.
func trusted(id, name string) error {
	for _, s := range []string{id, name} {
		if why := inbox.Untrusted(s); why != "" {
			return fmt.Errorf("%q: %s", s, why)
		}
	}
	return nil
}

// Wait returns when the timetable says so, or when a settling file may have settled.
func (p *place) Wait(ctx context.Context) error { return p.rhythm.Wait(ctx) }

// Close leaves the connection to the others that use it.
func (p *place) Close() error { return nil }
