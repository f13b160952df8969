package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"path"
	"slices"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// Use is a folder that a route uses on a partner's server.
type Use struct {
	Dir      string
	ReadOnly bool // files are only read: an inbox with after: keep
	Takes    bool // files are taken from it: moved into folders that are made below it
	Direct   bool // files get their final names at once: nothing is renamed, and somebody may take them away

	Fits func(name string) bool // of an inbox: whether a file of this name would be taken; may be nil
}

// Step is one thing that was tried.
type Step struct {
	Name    string        // settings, resolve, connect, key, login, session, list, write, rename, remove
	Dir     string        // from list on: the folder
	Detail  string        // what was found when it went well: addresses, the host key's fingerprint
	Err     error         // nil: it went well
	Message batch.Message // when it did not: what is wrong and what to do; else how much was found
}

// OK reports whether the step went well.
func (s Step) OK() bool { return s.Err == nil }

// Diagnose tries a partner's server step by step. Each connection step stands on the one before, so the first that fails is the
// last; each folder is tried on its own, up to its first failure. A hidden file of a few bytes is written, renamed and
// removed in every folder that is not read only, in one that files are taken from by way of a hidden folder; nothing else on the server
// is changed.
func Diagnose(ctx context.Context, known map[string]configs.SFTP, name string, folders ...Use) iter.Seq[Step] {
	return func(yield func(Step) bool) {
		way, err := plan(known, name)
		if err != nil {
			yield(failed("settings", "", err))
			return
		}
		stopped := false
		l, err := way.connect(ctx, func(step, detail string) {
			if !stopped && step != StepSession {
				stopped = !yield(Step{Name: step, Detail: detail})
			}
		})
		if err != nil {
			if !stopped {
				yield(failed("", "", err))
			}
			return
		}
		defer l.close()
		for _, f := range folders {
			if stopped {
				return
			}
			stopped = !try(ctx, l, name, f, yield)
		}
	}
}

// failed makes a step of an error; a *places.Trouble knows its own step.
func failed(step, dir string, err error) Step {
	if t, ok := errors.AsType[*places.Trouble](err); ok {
		if step == "" {
			step = t.Step
		}
		return Step{Name: step, Dir: dir, Err: err, Message: t.Message}
	}
	return Step{Name: step, Dir: dir, Err: err, Message: batch.Message{Text: batch.Text{EN: err.Error()}}}
}

// probe is what the steps of one folder share.
type probe struct {
	Use
	first, second string // the hidden file before and after the rename
	below         string // the hidden folder that the second is in; "" = none
}

func newProbe(f Use) *probe {
	token := fmt.Sprintf(".rowferry-check-%016x", rand.Uint64())
	p := &probe{Use: f, first: path.Join(f.Dir, token+".tmp"), second: path.Join(f.Dir, token+"-renamed.tmp")}
	if f.Takes {
		p.below = path.Join(f.Dir, token)
		p.second = path.Join(p.below, "taken.tmp")
	}
	return p
}

func (p *probe) rename(s *sftp.Client) error {
	if p.below == "" {
		return rename(s, p.first, p.second)
	}
	if _, err := makeFolder(s, p.below); err != nil {
		return err
	}
	return moveAlone(s, p.first, p.second)
}

func (p *probe) remove(s *sftp.Client) error {
	err := s.Remove(p.second)
	if p.Direct && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || p.below == "" {
		return err
	}
	return s.RemoveDirectory(p.below)
}

// tidy removes what is left, whatever it is.
func (p *probe) tidy(ctx context.Context, l *link) {
	_ = l.run(ctx, func(s *sftp.Client) error {
		_, _ = s.Remove(p.first), s.Remove(p.second)
		if p.below != "" {
			_ = s.RemoveDirectory(p.below)
		}
		return nil
	})
}

// said is the key of what is said when a step fails.
func (p *probe) said(step string, err error) string {
	switch {
	case step == StepList && errors.Is(err, fs.ErrNotExist):
		return "sftp.missing"
	case step == StepList:
		return "sftp.unlisted"
	case step == StepWrite && failure(err):
		return "sftp.failing"
	case step == StepWrite && p.Takes:
		return "sftp.read_only"
	case step == StepWrite:
		return "sftp.unwritable"
	case step == StepRename && errors.Is(err, fs.ErrNotExist) && !p.Takes:
		return "sftp.taken_away"
	case step == StepRename && p.Takes:
		return "sftp.unmoved"
	case step == StepRename:
		return "sftp.unrenamed"
	}
	return "sftp.unremoved"
}

// try goes through one folder; false when nobody listens any more.
func try(ctx context.Context, l *link, partner string, f Use, yield func(Step) bool) bool {
	p, found := newProbe(f), batch.Message{}
	steps := []struct {
		name string
		do   func(*sftp.Client) error
	}{
		{StepList, func(s *sftp.Client) error {
			entries, err := s.ReadDirContext(ctx, f.Dir)
			found = f.listed(entries)
			return err
		}},
		{StepWrite, func(s *sftp.Client) error { found = batch.Message{}; return writeProbe(s, p.first) }},
		{StepRename, p.rename},
		{StepRemove, p.remove},
	}
	switch {
	case f.ReadOnly:
		steps = steps[:1]
	case f.Direct:
		steps, p.second = slices.Delete(steps, 2, 3), p.first
	}
	for _, step := range steps {
		err := l.run(ctx, step.do)
		if err == nil {
			if !yield(Step{Name: step.name, Dir: f.Dir, Message: found}) {
				p.tidy(ctx, l)
				return false
			}
			continue
		}
		if step.name == StepRename {
			p.tidy(ctx, l)
		}
		m := words.Message(p.said(step.name, err), "partner", partner, "dir", f.Dir, "cause", err.Error(), "file", p.second)
		return yield(Step{Name: step.name, Dir: f.Dir, Err: trouble(step.name, m, err), Message: m})
	}
	return true
}

// listed is how much lies in the folder; of an inbox also how much of it would be taken.
func (f Use) listed(entries []fs.FileInfo) batch.Message {
	if f.Fits == nil {
		return words.Message("sftp.entries", "count", len(entries))
	}
	fit := 0
	for _, e := range entries {
		if e.Mode().IsRegular() && f.Fits(e.Name()) {
			fit++
		}
	}
	return words.Message("sftp.entries_fit", "count", len(entries), "fit", fit)
}

func writeProbe(s *sftp.Client, name string) error {
	f, err := s.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte("rowferry tries whether it may write here\n"))
	if err = errors.Join(err, f.Close()); err != nil {
		_ = s.Remove(name)
	}
	return err
}
