// Package sftp holds the outbox that is a folder on a partner's SFTP server.
package sftp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/sftpclient"
	"github.com/rowferry/rowferry/words"
)

// Settings of one SFTP outbox.
type Settings struct {
	Client *sftpclient.Client // the partner's connection; closed by whoever opened it
	Dir    string             // on the server; made when it is not there; relative to where the login lands
	Logger *slog.Logger       // [slog.Default()]
}

// Validate shows every mistake at once.
func (s Settings) Validate() error {
	var wrong []error
	if s.Client == nil {
		wrong = append(wrong, errors.New("the partner is missing"))
	}
	if s.Dir == "" {
		wrong = append(wrong, errors.New("dir is empty: name the folder on the server"))
	}
	return errors.Join(wrong...)
}

// Open does not connect; a server that is away is told by Put.
func Open(s Settings) (outbox.Place, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	s.Dir = path.Clean(s.Dir)
	return &place{Settings: s, uploads: map[string]*upload{}}, nil
}

type place struct {
	Settings
	mu      sync.Mutex
	uploads map[string]*upload // by name
	swept   sync.Once
}

// upload is one name on its way. Calls for one name wait for each other; one that was cut off is gone on with.
type upload struct {
	turn  chan struct{}
	users int // guarded by the place's mutex

	// of the one whose turn it is, or of nobody:
	hash    string // of the content that is on its way
	part    string // its temporary name
	arrived int64  // how much of it is there
}

// Files under way begin and end so: hidden, and a name that nobody takes for a result.
const (
	partBegin = ".rowferry-"
	partEnd   = ".part"
)

// Put uploads under a temporary name, checks the size and renames without overwriting. What is there is compared first,
// so a call after a cut does no work twice.
func (p *place) Put(ctx context.Context, name string, content outbox.Content) error {
	if err := outbox.CheckName(name); err != nil {
		return err
	}
	p.swept.Do(func() { p.sweep(ctx) })
	size, hash, err := digest(ctx, content)
	if err != nil {
		return fmt.Errorf("outbox %s: %w", p.where(), err)
	}
	u, release, err := p.reserve(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if u.hash != hash {
		u.hash, u.part, u.arrived = hash, fmt.Sprintf("%s%016x%s", partBegin, rand.Uint64(), partEnd), 0
	}
	if err := p.put(ctx, name, content, size, u); err != nil {
		return fmt.Errorf("outbox %s: %w", p.where(), p.explain(ctx, err))
	}
	return nil
}

func (p *place) where() string { return p.Client.Name + ":" + p.Dir }

func digest(ctx context.Context, content outbox.Content) (int64, string, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	h := sha256.New()
	size, err := io.CopyBuffer(struct{ io.Writer }{h}, outbox.Until(ctx, content), make([]byte, 256<<10))
	return size, hex.EncodeToString(h.Sum(nil)), err
}

// reserve gives the upload of a name to one caller at a time. What was cut off is kept for the next call; what is done is forgotten.
func (p *place) reserve(ctx context.Context, name string) (*upload, func(), error) {
	p.mu.Lock()
	u := p.uploads[name]
	if u == nil {
		u = &upload{turn: make(chan struct{}, 1)}
		p.uploads[name] = u
	}
	u.users++
	p.mu.Unlock()
	leave := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if u.users--; u.users == 0 && u.part == "" {
			delete(p.uploads, name)
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

func (p *place) put(ctx context.Context, name string, content outbox.Content, size int64, u *upload) error {
	final, part := path.Join(p.Dir, name), path.Join(p.Dir, u.part)
	done, begun := false, u.arrived > 0
	err := p.Client.Do(ctx, func(s *sftp.Client) (err error) {
		if err := p.makeFolder(s); err != nil {
			return err
		}
		done, err = finished(s, final, size, content)
		return err
	})
	if (done || errors.Is(err, outbox.ErrExists)) && !begun {
		u.forget()
		return err
	}
	if done || err != nil {
		return p.settle(ctx, u, part, err)
	}
	if err := p.Client.Upload(ctx, part, content, size, &u.arrived); err != nil {
		return p.keepOrDrop(ctx, u, part, err)
	}
	renamed := false
	err = p.Client.Do(ctx, func(s *sftp.Client) (err error) {
		renamed, err = p.appear(s, part, final, size, content)
		return err
	})
	if sftpclient.Refused(err) {
		err = p.trouble("sftp.unrenamed", err)
	}
	if renamed {
		u.forget()
		return nil
	}
	return p.settle(ctx, u, part, err)
}

// appear gives the uploaded file its name, or finds that it has it and the temporary one is left over.
func (p *place) appear(s *sftp.Client, part, final string, size int64, content outbox.Content) (renamed bool, err error) {
	err = sftpclient.Rename(s, part, final)
	if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	done, ferr := finished(s, final, size, content) // somebody was quicker, perhaps we
	if ferr != nil || done {
		return false, ferr
	}
	return false, err
}

// finished reports that the file is there with this content: ErrExists when it is another one.
func finished(s *sftp.Client, final string, size int64, content outbox.Content) (bool, error) {
	state, mode, err := sftpclient.Of(s, final)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if !mode.IsRegular() || state.Size != size {
		return false, fmt.Errorf("%s: %w", path.Base(final), outbox.ErrExists)
	}
	f, err := s.Open(final)
	if err != nil {
		return false, err
	}
	defer f.Close()
	match := &comparing{content: content}
	if _, err := f.WriteTo(match); err != nil && !errors.Is(err, errDiffers) {
		return false, err
	}
	if match.differs || match.at != size {
		return false, fmt.Errorf("%s: %w", path.Base(final), outbox.ErrExists)
	}
	return true, nil
}

var errDiffers = errors.New("the content differs")

// comparing is a writer that compares what it is given with the content.
type comparing struct {
	content io.ReaderAt
	at      int64
	differs bool
	buf     []byte
}

func (c *comparing) Write(b []byte) (int, error) {
	if cap(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	n, err := c.content.ReadAt(c.buf[:len(b)], c.at)
	if err != nil && err != io.EOF {
		return 0, err
	}
	if string(c.buf[:n]) != string(b) {
		c.differs = true
		return 0, errDiffers
	}
	c.at += int64(len(b))
	return len(b), nil
}

// settle forgets an upload that came to its end, and removes what is left of it.
func (p *place) settle(ctx context.Context, u *upload, part string, err error) error {
	if err != nil && !errors.Is(err, outbox.ErrExists) {
		return p.keepOrDrop(ctx, u, part, err)
	}
	p.drop(ctx, u, part)
	return err
}

// keepOrDrop keeps what has arrived for the next call when it was the line that broke; else the next call begins anew.
func (p *place) keepOrDrop(ctx context.Context, u *upload, part string, err error) error {
	if ctx.Err() == nil && !sftpclient.MayPass(err) {
		p.drop(ctx, u, part)
	}
	return err
}

func (u *upload) forget() { u.hash, u.part, u.arrived = "", "", 0 }

func (p *place) drop(ctx context.Context, u *upload, part string) {
	u.forget()
	_ = p.Client.Do(ctx, func(s *sftp.Client) error {
		if err := s.Remove(part); sftpclient.Lost(err) {
			return err
		}
		return nil
	})
}

// makeFolder makes the outbox and what is missing above it.
func (p *place) makeFolder(s *sftp.Client) error {
	info, err := s.Stat(p.Dir)
	if err == nil && info.IsDir() {
		return nil
	} else if err == nil {
		return sftpclient.ErrNotAFolder
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	steps := strings.Split(strings.TrimPrefix(p.Dir, "/"), "/")
	at := ""
	if strings.HasPrefix(p.Dir, "/") {
		at = "/"
	}
	for _, step := range steps {
		at = path.Join(at, step)
		if info, err := s.Stat(at); err == nil && info.IsDir() {
			continue
		}
		if err := sftpclient.MakeFolder(s, at); err != nil {
			return err
		}
	}
	return nil
}

// explain says what a refusal of the server means for a person; the error of the protocol stays inside.
func (p *place) explain(ctx context.Context, err error) error {
	var line *sftpclient.Trouble
	if err == nil || ctx.Err() != nil || errors.As(err, &line) || errors.Is(err, outbox.ErrExists) {
		return err
	}
	key := ""
	switch {
	case errors.Is(err, sftpclient.ErrNotAFolder):
		key = "sftp.not_a_folder"
	case sftpclient.Refused(err), errors.Is(err, fs.ErrNotExist):
		key = "sftp.unwritable"
	default:
		return err
	}
	return p.trouble(key, err)
}

func (p *place) trouble(key string, err error) error {
	return &sftpclient.Trouble{Step: sftpclient.StepWrite, Message: words.Message(key, "partner", p.Client.Name, "dir", p.Dir, "cause", err.Error()), Err: err}
}

// sweep removes what killed processes left half uploaded more than a day ago, by the server's own times.
func (p *place) sweep(ctx context.Context) {
	_ = p.Client.Do(ctx, func(s *sftp.Client) error {
		entries, err := s.ReadDirContext(ctx, p.Dir)
		if err != nil {
			if sftpclient.Lost(err) {
				return err
			}
			return nil
		}
		for _, e := range entries {
			ours := e.Mode().IsRegular() && strings.HasPrefix(e.Name(), partBegin) && strings.HasSuffix(e.Name(), partEnd)
			if ours && time.Since(e.ModTime()) > 24*time.Hour {
				_ = s.Remove(path.Join(p.Dir, e.Name()))
			}
		}
		return nil
	})
}

// Close leaves the connection to the others that use it.
func (p *place) Close() error { return nil }
