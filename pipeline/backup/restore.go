package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// Restored is what putting a backup back changed.
type Restored struct {
	At     time.Time `json:"at"`     // of the backup
	Aside  string    `json:"aside"`  // the folder where what was there before lies now
	Said   []string  `json:"said"`   // what is to be looked into, a line each
	Paused []string  `json:"paused"` // accounts of which rows may have been sent since

	language batch.Language
}

// say adds a line to what is to be looked into.
func (r *Restored) say(key string, args ...any) {
	r.Said = append(r.Said, words.Of(r.language, key, args...))
}

// Put puts the backup in the place of the configuration's ledger, spool and results. No process may own the ledger. Nothing is touched before the
// whole backup was read and found as it was written; nothing that was there is deleted. The ledger is made ready beside the one that is there, its
// accounts paused, and then takes its place: whatever ends that, nothing goes.
func Put(ctx context.Context, cfg *configs.Config, from string) (Restored, error) {
	list, err := Verify(from)
	if err != nil {
		return Restored{}, err
	}
	copier, err := drivers.Copier(drivers.Of(cfg))
	if err != nil {
		return Restored{}, err
	}
	r := Restored{language: cfg.Language, At: list.At, Aside: filepath.Join(cfg.Data, "before-restore-"+time.Now().UTC().Format("20060102-150405.000"))}
	ready := filepath.Join(cfg.Data, "restoring")
	if drivers.Owned(drivers.SQLite(ready)) {
		return r, &ledger.InUse{Path: ready}
	}
	if err := os.RemoveAll(ready); err != nil { // one was killed
		return r, err
	}
	err = r.make(ctx, cfg, ready, from, list)
	if err == nil {
		err = copier.Replace(ctx, ready, r.Aside)
	}
	if err = errors.Join(err, os.RemoveAll(ready)); err != nil {
		return r, err
	}
	return r, results(cfg, from, list)
}

// Verify reads a backup whole and compares it with its list.
func Verify(from string) (list List, err error) {
	text, err := os.ReadFile(filepath.Join(from, listName))
	if err != nil {
		return list, fmt.Errorf("%s is no whole backup: %w", from, err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return list, fmt.Errorf("%s: %w", filepath.Join(from, listName), err)
	}
	has := map[string]bool{}
	for _, p := range list.Files {
		if !filepath.IsLocal(filepath.FromSlash(p.Path)) {
			return list, fmt.Errorf("%s: %q lies outside of it", filepath.Join(from, listName), p.Path)
		}
		found, err := look(from, p.Path)
		if err != nil {
			return list, fmt.Errorf("the backup is not whole: %w", err)
		}
		if found != p {
			return list, fmt.Errorf("the backup is damaged: %s is not as it was written", filepath.Join(from, filepath.FromSlash(p.Path)))
		}
		has[p.Path] = true
	}
	if !has["ledger.db"] || !has["ledger.mark"] {
		return list, fmt.Errorf("%s holds no ledger", from)
	}
	return list, nil
}

// make makes the ledger of the backup ready in a folder, with its spool.
func (r *Restored) make(ctx context.Context, cfg *configs.Config, ready, from string, list List) error {
	at := drivers.SQLite(ready)
	if err := local.Make(ready, 0o700); err != nil {
		return err
	}
	if err := within(from, ready); err != nil {
		return err
	}
	said, err := drivers.Adopt(ctx, at)
	for _, m := range said {
		r.Said = append(r.Said, words.Say(cfg.Language, m))
	}
	if err != nil {
		return err
	}
	owner, err := drivers.Open(ctx, at)
	if err != nil {
		return err
	}
	err = r.pause(ctx, cfg, owner)
	for _, p := range list.Files {
		if id, ok := strings.CutPrefix(p.Path, "spool/"); ok && err == nil {
			err = respool(ctx, owner.Spool(), id, filepath.Join(from, filepath.FromSlash(p.Path)))
		}
	}
	return errors.Join(err, owner.Close())
}

// within copies the backup's ledger and its mark into a folder. Whether they are on disk the ledger sees to.
func within(from, to string) error {
	for _, name := range []string{"ledger.db", "ledger.mark"} {
		if err := put(filepath.Join(from, name), filepath.Join(to, name), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// results brings the results back.
func results(cfg *configs.Config, from string, list List) error {
	for _, p := range list.Files {
		at, ok := strings.CutPrefix(p.Path, "results/")
		if !ok {
			continue
		}
		if err := putResult(cfg, at, filepath.Join(from, filepath.FromSlash(p.Path))); err != nil {
			return err
		}
	}
	return nil
}

// pause pauses the accounts of which something may have been sent since the backup.
func (r *Restored) pause(ctx context.Context, cfg *configs.Config, l ledger.Owner) error {
	accounts, err := r.open(ctx, l)
	if err != nil {
		return err
	}
	for _, account := range r.since(ctx, cfg, l) {
		accounts[account] = true
	}
	r.Paused = slices.Sorted(maps.Keys(accounts))
	for _, account := range r.Paused {
		if err := l.PauseLane(ctx, account, words.Of(cfg.Language, "lane.restored", "account", account, "at", r.At.Format(time.RFC3339))); err != nil {
			return err
		}
	}
	return nil
}

// open finds the accounts that have rows without an outcome, and names the rows.
func (r *Restored) open(ctx context.Context, l ledger.Owner) (map[string]bool, error) {
	accounts := map[string]bool{}
	files, err := l.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		var rows []int
		for c, err := range l.Chunks(ctx, f.ID) {
			if err != nil {
				return nil, err
			}
			for i, s := range c.States {
				if s.Verdict == nil {
					rows = append(rows, c.Items[i].Rows...)
				}
			}
		}
		accounts[f.Account] = true
		r.say("restore.rows", "name", f.Name, "id", f.ID, "rows", ranges(rows), "account", f.Account)
	}
	return accounts, nil
}

// since names what the ledger that is there still knows and this one does not, as far as it can be read.
func (r *Restored) since(ctx context.Context, cfg *configs.Config, l ledger.Owner) (accounts []string) {
	before, err := drivers.Visit(ctx, drivers.Of(cfg))
	if err != nil {
		r.say("restore.later", "at", r.At.Format(time.RFC3339))
		return nil
	}
	defer before.Close()
	files, err := before.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken, ledger.Sending, ledger.Settled, ledger.Reported}})
	if err != nil {
		r.say("restore.broken", "cause", err)
	}
	for _, f := range files {
		now, err := l.File(ctx, f.ID)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			r.say("restore.taken", "name", f.Name, "id", f.ID, "delivered", f.Counts.Delivered, "rows", f.Counts.Read)
			accounts = append(accounts, f.Account)
		case err == nil && now.State != ledger.Sending && f.Revision > now.Revision:
			r.say("restore.resent", "name", f.Name, "id", f.ID)
			accounts = append(accounts, f.Account)
		}
	}
	return accounts
}

func respool(ctx context.Context, s ledger.Spool, id, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := s.Create(ctx, id)
	if err != nil {
		return err
	}
	if _, err := io.Copy(c, in); err != nil {
		return errors.Join(err, c.Close())
	}
	return c.Commit()
}

// putResult puts a result back where it was, if nothing has its name there; at is ROUTE/NAME.
func putResult(cfg *configs.Config, at, path string) error {
	route, name, _ := strings.Cut(at, "/")
	o := cfg.Routes[route].Outbox
	if o.Dir == "" || o.SFTP != "" {
		return nil
	}
	if err := local.Make(o.Dir, 0o750); err != nil {
		return err
	}
	err := put(path, filepath.Join(o.Dir, name), 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// put copies a file to where there is none: fs.ErrExist.
func put(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// ranges writes numbers as people do: 2-500, 502.
func ranges(rows []int) string {
	slices.Sort(rows)
	var parts []string
	for i := 0; i < len(rows); {
		j := i
		for j+1 < len(rows) && rows[j+1] <= rows[j]+1 {
			j++
		}
		part := strconv.Itoa(rows[i])
		if rows[j] > rows[i] {
			part += "-" + strconv.Itoa(rows[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
