package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
)

// listing chooses the files that status shows.
type listing struct {
	last     int
	route    string
	states   []string
	since    string
	problems bool
}

func (l listing) all() bool {
	return l.route == "" && l.since == "" && len(l.states) == 0 && !l.problems
}

func stateNames() (out []string) {
	for _, s := range ledger.States() {
		out = append(out, string(s))
	}
	return out
}

// query is what the ledger is asked.
func (l listing) query(now time.Time) (q ledger.Query, err error) {
	if l.last < 1 {
		return q, fmt.Errorf("--last %d: write how many files to list, 1 or more", l.last)
	}
	q = ledger.Query{Route: l.route, Last: l.last}
	for _, s := range l.states {
		if !slices.Contains(stateNames(), s) {
			return q, fmt.Errorf("--state %s: write one of %s", s, strings.Join(stateNames(), ", "))
		}
		q.States = append(q.States, ledger.State(s))
	}
	if l.since != "" {
		var known bool
		if q.Since, known = desk.Since(l.since, now); !known {
			return q, fmt.Errorf("--since %s: write 30m, 24h, 7d, or a day as %s", l.since, now.Format(time.DateOnly))
		}
	}
	return q, nil
}

// files lists the newest that are chosen, oldest first.
func (l listing) files(ctx context.Context, d *desk.Desk) ([]desk.File, error) {
	if _, known := d.Config.Routes[l.route]; l.route != "" && !known {
		if was, err := d.Files(ctx, ledger.Query{Route: l.route, Last: 1}); err != nil || len(was) == 0 {
			return nil, fmt.Errorf("--route %s: there is no such route, and no file was taken on one; there are: %s", l.route, strings.Join(routeNames(d.Config), ", "))
		}
	}
	q, err := l.query(time.Now())
	if err != nil {
		return nil, err
	}
	if !l.problems {
		return d.Files(ctx, q)
	}
	var out []desk.File
	for {
		q.Last = 200 // at a time: problems are few
		files, err := d.Files(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, f := range slices.Backward(files) {
			if problem(f) {
				out = append(out, f)
			}
			if l.last > 0 && len(out) == l.last {
				break
			}
		}
		if len(files) < q.Last || l.last > 0 && len(out) == l.last {
			slices.Reverse(out)
			return out, nil
		}
		q.Before = files[0].ID
	}
}

// problem reports whether a file needs a person.
func problem(f desk.File) bool {
	switch f.Standing {
	case desk.NotTaken, desk.Misfitting, desk.Stalled, desk.Paused, desk.Stopped:
		return true
	}
	for _, s := range []batch.Status{batch.Rejected, batch.Invalid, batch.Failed, batch.Unknown} {
		if f.Counts.Of(s) > 0 {
			return true
		}
	}
	return false
}

// old is how long ago something was, in brackets, where that is worth a word.
func old(l batch.Language, at time.Time) string {
	if d := time.Since(at); d < time.Hour {
		return ""
	}
	if l != "" && l != batch.English {
		return " (" + at.Local().Format("2006-01-02 15:04") + ")"
	}
	return " (" + ago(at, time.Now()) + ")"
}
