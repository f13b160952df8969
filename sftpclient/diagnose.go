package sftpclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"math/rand/v2"
	"path"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/words"
)

// Folder is one that a route uses on a partner's server.
type Folder struct {
	Dir      string
	ReadOnly bool // files are only read: an inbox with after: keep
}

// Step is one thing that was tried.
type Step struct {
	Name    string        // settings, resolve, connect, key, login, session, list, write, rename, remove
	Dir     string        // from list on: the folder
	Detail  string        // what was found when it went well: addresses, the host key's fingerprint, the number of files
	Err     error         // nil: it went well
	Message batch.Message // when it did not: what is wrong and what to do
}

// OK reports whether the step went well.
func (s Step) OK() bool { return s.Err == nil }

// Diagnose tries a partner's server step by step. Each connection step stands on the one before, so the first that fails is the
// last; each folder is tried on its own, up to its first failure. A hidden file of a few bytes is written, renamed and
// removed in every folder that is not read only; nothing else on the server is changed.
func Diagnose(ctx context.Context, known map[string]configs.SFTP, name string, folders ...Folder) iter.Seq[Step] {
	return func(yield func(Step) bool) {
		way, err := plan(known, name)
		if err != nil {
			yield(failed("settings", "", err))
			return
		}
		stopped := false
		l, err := way.connect(ctx, slog.New(slog.DiscardHandler), func(step, detail string) {
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

// failed makes a step of an error; a *Trouble knows its own step.
func failed(step, dir string, err error) Step {
	var t *Trouble
	if errors.As(err, &t) {
		if step == "" {
			step = t.Step
		}
		return Step{Name: step, Dir: dir, Err: err, Message: t.Message}
	}
	return Step{Name: step, Dir: dir, Err: err, Message: batch.Message{Text: batch.Text{EN: err.Error()}}}
}

// try goes through one folder; false when nobody listens any more.
func try(ctx context.Context, l *link, partner string, f Folder, yield func(Step) bool) bool {
	token := fmt.Sprintf(".rowferry-check-%016x", rand.Uint64())
	first, second := path.Join(f.Dir, token+".tmp"), path.Join(f.Dir, token+"-renamed.tmp")
	detail := ""
	steps := []struct {
		name, key string
		do        func(*sftp.Client) error
	}{
		{StepList, "sftp.unlisted", func(s *sftp.Client) error {
			entries, err := s.ReadDirContext(ctx, f.Dir)
			detail = fmt.Sprint(len(entries))
			return err
		}},
		{StepWrite, "sftp.unwritable", func(s *sftp.Client) error { detail = ""; return writeProbe(s, first) }},
		{StepRename, "sftp.unrenamed", func(s *sftp.Client) error { return Rename(s, first, second) }},
		{StepRemove, "sftp.unremoved", func(s *sftp.Client) error { return s.Remove(second) }},
	}
	if f.ReadOnly {
		steps = steps[:1]
	}
	for _, step := range steps {
		err := l.run(ctx, step.do)
		if err == nil {
			if !yield(Step{Name: step.name, Dir: f.Dir, Detail: detail}) {
				tidy(ctx, l, first, second)
				return false
			}
			continue
		}
		if step.name == StepRename {
			tidy(ctx, l, first)
		}
		key := step.key
		if step.name == StepList && errors.Is(err, fs.ErrNotExist) {
			key = "sftp.missing"
		}
		m := words.Message(key, "partner", partner, "dir", f.Dir, "cause", err.Error(), "file", second)
		return yield(Step{Name: step.name, Dir: f.Dir, Err: &Trouble{step.name, m, err}, Message: m})
	}
	return true
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

func tidy(ctx context.Context, l *link, names ...string) {
	_ = l.run(ctx, func(s *sftp.Client) error {
		for _, n := range names {
			_ = s.Remove(n)
		}
		return nil
	})
}
