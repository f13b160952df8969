// Package doctor tries the folders and the partners' servers that routes depend on, step by step.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/places/sftp"
	"github.com/rowferry/rowferry/words"
)

// Finding is one thing that was tried.
type Finding struct {
	What   string `json:"what"`
	Good   bool   `json:"good"`
	Warns  bool   `json:"warning,omitempty"` // good for now, and somebody should look
	Detail string `json:"detail,omitempty"`  // what was found, or what is wrong and what to do
	Step   string `json:"-"`                 // of a partner: as sftp.Step has it; of a folder of this machine: folder
	Dir    string `json:"-"`                 // where the step is about a folder
}

// Folders tries every folder of this machine that the configuration names for some routes, and the data folder: it writes, renames and
// removes a hidden file in each.
func Folders(cfg *configs.Config, routes []string, language batch.Language) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		dirs, mounts := map[string]string{cfg.Data: "data"}, map[string][]string{}
		if cfg.Spool != configs.InLedger {
			dirs[cfg.Spool] = "spool"
		}
		add := func(dir, kind, route string) {
			dirs[dir], mounts[dir] = kind+" of "+route, append(mounts[dir], pipeline.Mount(cfg, route, kind))
		}
		for _, name := range routes {
			r := cfg.Routes[name]
			if r.Inbox.SFTP == "" && r.Inbox.Dir != "" {
				add(r.Inbox.Dir, "inbox", name)
			}
			if r.Outbox.SFTP == "" {
				add(r.Outbox.Dir, "outbox", name)
			}
			if r.Preview.Dir != "" && r.Preview.SFTP == "" {
				add(r.Preview.Dir, "preview", name)
			}
		}
		for _, dir := range slices.Sorted(maps.Keys(dirs)) {
			one := Finding{What: "folder " + dir + " (" + dirs[dir] + ")", Good: true, Detail: words.Of(language, "doctor.folder.good"), Step: "folder", Dir: dir}
			rights := fs.FileMode(0o755)
			if dir == cfg.Data {
				rights = 0o700
			}
			if dir == cfg.Spool {
				rights = 0 // where it is not, the share is not mounted
			}
			var trouble *places.Trouble
			if err := remounted(dir, mounts[dir]); err != nil { // nothing is made below a mount point whose mount is off
				one.Good, one.Detail = false, err.Error()
				if errors.As(err, &trouble) {
					one.Detail = words.Say(language, trouble.Message)
				}
			} else if err := tryFolder(dir, rights, cfg.Data); errors.As(err, &trouble) {
				one.Good, one.Detail = false, words.Say(language, trouble.Message)
			} else if err != nil {
				one.Good, one.Detail = false, words.Of(language, "doctor.folder.bad", "error", err)
			} else {
				one.lookAround(cfg, dir, dirs[dir], language)
			}
			if !yield(one) {
				return
			}
		}
	}
}

// remounted says so when a folder lies on another file system than a route that uses it remembers.
func remounted(dir string, remembered []string) error {
	var wrong []error
	for _, file := range remembered {
		_, err := local.Remounted(dir, file)
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// tryFolder makes the folder where it is missing, unless mode is 0, and writes, syncs, renames and removes hidden files: a rename must not overwrite, and what was written must outlast a power cut.
func tryFolder(dir string, mode fs.FileMode, data string) error {
	if dir == "" {
		return nil
	}
	if mode != 0 {
		if err := local.Make(dir, mode); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(dir, ".rowferry-doctor-*.tmp")
	if err != nil {
		return err
	}
	name, other := f.Name(), f.Name()+".2.tmp"
	_, err = f.WriteString("rowferry doctor\n")
	err = errors.Join(err, f.Sync(), f.Close(), local.SyncDirs(dir))
	if err == nil {
		err = spared(name, other)
	}
	if err == nil {
		name = other
		err = crossed(dir, name, data)
	}
	return errors.Join(err, os.Remove(name))
}

// spared renames a file to a name that is taken, which must not do, and then to the same name when it is free.
func spared(name, other string) error {
	if err := os.WriteFile(other, []byte("another\n"), 0o600); err != nil {
		return err
	}
	err := local.Rename(name, other)
	kept, readErr := os.ReadFile(other)
	switch {
	case err == nil || string(kept) != "another\n":
		return errors.Join(&places.Trouble{Message: words.Message("doctor.folder.overwrites")}, readErr)
	case !errors.Is(err, fs.ErrExist):
		return errors.Join(err, os.Remove(other))
	}
	if err := os.Remove(other); err != nil {
		return err
	}
	return local.Rename(name, other)
}

// little is how much room on a disk somebody should look at.
const little = 1_000_000_000

// lookAround adds to a good folder how much room it has and what it allows others.
func (one *Finding) lookAround(cfg *configs.Config, dir, what string, language batch.Language) {
	say := func(key string, args ...any) {
		one.Detail += words.Of(language, "doctor.and") + words.Of(language, key, args...)
	}
	if free, err := local.Room(dir); err == nil {
		if free < little {
			say("doctor.room.mb", "mb", strconv.FormatUint(free/1_000_000, 10))
		} else {
			say("doctor.room", "gb", fmt.Sprintf("%.1f", float64(free)/1e9))
		}
		one.Warns = free < little
		if dir == cfg.Data && free < cfg.FreeBytes() {
			one.Good = false
			say("doctor.room.little", "free", cfg.Free)
		}
	}
	if strings.HasPrefix(what, "inbox") || strings.HasPrefix(what, "preview") {
		one.hears(dir, say)
	}
	if route, ok := strings.CutPrefix(what, "inbox of "); ok {
		if fit := fitting(cfg.Routes[route].Inbox); fit > 0 {
			say("doctor.fits", "count", fit)
		}
	}
	rights, known := local.RightsOf(dir)
	if !known {
		return
	}
	kind, _, _ := strings.Cut(what, " ")
	for _, key := range allowed(rights, kind == "data" || kind == "spool") {
		say("doctor.rights."+key, "owner", rights.Owner, "group", rights.Group)
	}
	if rights.Mode&0o002 != 0 {
		one.Warns = true
		one.Detail += words.Of(language, "doctor.rights.so."+kind)
	}
}

// fitting is how many files lie in an inbox that would be taken.
func fitting(in configs.Inbox) (n int) {
	entries, _ := os.ReadDir(in.Dir) // whether it can be read was found out before
	for _, e := range entries {
		if e.Type().IsRegular() && inbox.Fits(in, e.Name()) {
			n++
		}
	}
	return n
}

// allowed names what a folder allows others. What is nobody's business but ours is not praised for being so.
func allowed(r local.Rights, private bool) (keys []string) {
	if r.Owner != "" {
		keys = append(keys, "owner")
	}
	switch {
	case r.Mode&0o020 != 0:
		keys = append(keys, "group_writes")
	case r.Mode&0o040 != 0:
		keys = append(keys, "group_reads")
	}
	switch {
	case r.Mode&0o002 != 0 && r.Sticky:
		keys = append(keys, "all_add")
	case r.Mode&0o002 != 0:
		keys = append(keys, "all_write")
	case r.Mode&0o004 != 0:
		keys = append(keys, "all_read")
	}
	if len(keys) == 0 && !private {
		keys = append(keys, "none")
	}
	return keys
}

// hears adds how files are noticed that come into a folder.
func (one *Finding) hears(dir string, say func(key string, args ...any)) {
	if kind := local.Networked(dir); kind != "" {
		say("doctor.hears.network", "kind", kind)
		return
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		err = errors.Join(w.Add(dir), w.Close())
	}
	if err != nil {
		one.Warns = true
		say("doctor.hears.nothing", "error", err)
		return
	}
	say("doctor.hears")
}

// crossed says when what lies in a folder cannot be moved to the folders below it where files are claimed and put to rest.
func crossed(dir, name, data string) error {
	for _, below := range []string{inbox.Processing, inbox.Archived, inbox.Duplicates, inbox.Quarantine} {
		if err := local.Ours(dir, below, data); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		to := filepath.Join(dir, below, filepath.Base(name))
		err := os.Rename(name, to)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.Rename(to, name)
		}
		if errors.Is(err, syscall.EXDEV) {
			return &places.Trouble{Message: words.Message("doctor.folder.crossed", "name", below), Err: err}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Partner tries one SFTP server, with the folders that some routes use on it.
func Partner(ctx context.Context, cfg *configs.Config, name string, routes []string, language batch.Language) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		var used []sftp.Use
		for _, route := range routes {
			r := cfg.Routes[route]
			if r.Inbox.SFTP == name {
				keeps := r.Inbox.After == inbox.Keep
				fits := func(name string) bool { return inbox.Fits(r.Inbox, name) }
				used = append(used, sftp.Use{Dir: r.Inbox.Dir, ReadOnly: keeps, Takes: !keeps, Fits: fits})
			}
			if r.Preview.SFTP == name {
				used = append(used, sftp.Use{Dir: r.Preview.Dir, Takes: true})
			}
			if r.Outbox.SFTP == name {
				used = append(used, sftp.Use{Dir: r.Outbox.Dir, Direct: r.Outbox.Write == "direct"})
			}
		}
		for step := range sftp.Diagnose(ctx, cfg.SFTP, name, used...) {
			what := strings.TrimSpace("sftp " + name + ": " + step.Name + " " + step.Dir)
			if !yield(Finding{What: what, Good: step.OK(), Detail: cmp.Or(step.Detail, words.Say(language, step.Message)), Step: step.Name, Dir: step.Dir}) {
				return
			}
		}
	}
}
