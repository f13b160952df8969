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
	"github.com/rowferry/rowferry/words"
)

// Restored is what putting a backup back changed.
type Restored struct {
	At     time.Time `json:"at"`     // of the backup
	Aside  string    `json:"aside"`  // the folder where what was there before lies now
	Said   []string  `json:"said"`   // what is to be looked into, a line each
	Paused []string  `json:"paused"` // accounts of which rows may have been sent since
}

// Put puts the backup in the folder from in the place of the configuration's ledger, spool and results. No process may own the
// ledger. Nothing is touched before the whole backup was read and found as it was written; nothing that was there is deleted.
func Put(ctx context.Context, cfg *configs.Config, from string) (Restored, error) {
	list, err := Verify(from)
	if err != nil {
		return Restored{}, err
	}
	copier, err := drivers.Copier(drivers.Of(cfg))
	if err != nil {
		return Restored{}, err
	}
	r := Restored{At: list.At, Aside: filepath.Join(cfg.Data, "before-restore-"+time.Now().UTC().Format("20060102-150405.000"))}
	if err := copier.Replace(ctx, from, r.Aside); err != nil {
		return r, err
	}
	said, err := drivers.Adopt(ctx, drivers.Of(cfg))
	for _, m := range said {
		r.Said = append(r.Said, words.Say(cfg.Language, m))
	}
	if err != nil {
		return r, err
	}
	owner, err := drivers.Open(ctx, drivers.Of(cfg))
	if err != nil {
		return r, err
	}
	err = r.fill(ctx, cfg, owner, from, list)
	return r, errors.Join(err, owner.Close())
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

// fill pauses what may have been sent since, and then brings copies and results back: whatever ends that, nothing goes.
func (r *Restored) fill(ctx context.Context, cfg *configs.Config, l ledger.Owner, from string, list List) error {
	if err := r.pause(ctx, cfg.Language, l); err != nil {
		return err
	}
	for _, p := range list.Files {
		var err error
		path := filepath.Join(from, filepath.FromSlash(p.Path))
		if id, ok := strings.CutPrefix(p.Path, "spool/"); ok {
			err = respool(ctx, l.Spool(), id, path)
		} else if at, ok := strings.CutPrefix(p.Path, "results/"); ok {
			err = putResult(cfg, at, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pause pauses the accounts of which something may have been sent since the backup.
func (r *Restored) pause(ctx context.Context, language batch.Language, l ledger.Owner) error {
	accounts, err := r.open(ctx, l)
	if err != nil {
		return err
	}
	for _, account := range r.since(ctx, l) {
		accounts[account] = true
	}
	r.Paused = slices.Sorted(maps.Keys(accounts))
	for _, account := range r.Paused {
		if err := l.PauseLane(ctx, account, words.Of(language, "lane.restored", "account", account, "at", r.At.Format(time.RFC3339))); err != nil {
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
		r.Said = append(r.Said, fmt.Sprintf("%s (%s): rows %s may have been sent to account %s since", f.Name, f.ID, ranges(rows), f.Account))
	}
	return accounts, nil
}

// since names what the ledger that was there before knows and this one does not, as far as it can be read.
func (r *Restored) since(ctx context.Context, l ledger.Owner) (accounts []string) {
	before, err := drivers.Visit(ctx, drivers.SQLite(r.Aside))
	if err != nil {
		r.Said = append(r.Said, fmt.Sprintf("files that were taken after %s are not known: look through archive and outbox folders before such a file is dropped again", r.At.Format(time.RFC3339)))
		return nil
	}
	defer before.Close()
	files, err := before.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken, ledger.Sending, ledger.Settled, ledger.Reported}})
	if err != nil {
		r.Said = append(r.Said, "the ledger that was there before cannot be read: "+err.Error())
	}
	for _, f := range files {
		now, err := l.File(ctx, f.ID)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			r.Said = append(r.Said, fmt.Sprintf("%s (%s) was taken after the backup, %d of its %d rows were delivered: dropped again, what was sent of it since would be sent twice", f.Name, f.ID, f.Counts.Delivered, f.Counts.Read))
			accounts = append(accounts, f.Account)
		case err == nil && now.State != ledger.Sending && f.Revision > now.Revision:
			r.Said = append(r.Said, fmt.Sprintf("%s (%s) had rows sent again after the backup", f.Name, f.ID))
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
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return err
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(o.Dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
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
