package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/words"
)

// shownBacklog is what waits for an account, as --json has it.
type shownBacklog struct {
	Account string         `json:"account"`
	Rows    int            `json:"rows"`
	Files   int            `json:"files"`
	Oldest  time.Time      `json:"oldest"`
	Ages    map[string]int `json:"ages"` // rows by how long ago their file was taken
	Stopped string         `json:"stopped,omitempty"`
}

// statusBacklog shows what waits, by account and age, in the form of Postfix's qshape.
func (f *flags) statusBacklog(ctx context.Context, d *desk.Desk, now time.Time) error {
	all, err := d.Backlogs(ctx, now)
	if err != nil {
		return err
	}
	stops, err := d.Stops(ctx)
	if err != nil {
		return err
	}
	shown := []shownBacklog{}
	for _, account := range slices.Sorted(maps.Keys(all)) {
		b := all[account]
		ages := map[string]int{}
		for i, age := range desk.Ages() {
			ages[age.Name] = b.Rows[i]
		}
		shown = append(shown, shownBacklog{account, b.Total(), b.Files, b.Oldest, ages, stops[account]})
	}
	if f.json {
		return printJSON(stdout, backlogAnswer{shown})
	}
	if len(shown) == 0 {
		fmt.Fprintln(stdout, "No row waits.")
		return nil
	}
	return backlogTable(d.Config.Language, shown)
}

// backlogTable prints the sum of all accounts first, as qshape does, and why those wait that are stopped.
func backlogTable(l batch.Language, shown []shownBacklog) error {
	head, sum := []string{"ACCOUNT", "T"}, shownBacklog{Account: "TOTAL", Ages: map[string]int{}}
	for _, b := range shown {
		sum.Rows, sum.Files = sum.Rows+b.Rows, sum.Files+b.Files
		for age, rows := range b.Ages {
			sum.Ages[age] += rows
		}
	}
	for _, age := range desk.Ages() {
		head = append(head, age.Name)
	}
	var rows [][]string
	for _, b := range append([]shownBacklog{sum}, shown...) {
		row := []string{b.Account, fmt.Sprint(b.Rows)}
		for _, age := range desk.Ages() {
			row = append(row, fmt.Sprint(b.Ages[age.Name]))
		}
		rows = append(rows, append(row, fmt.Sprint(b.Files)))
	}
	if err := table(stdout, append(head, "FILES"), rows); err != nil {
		return err
	}
	for _, b := range shown {
		if b.Stopped != "" {
			fmt.Fprintf(stdout, "\n%s\n", words.Of(l, "stand.account", "name", b.Account, "why", b.Stopped))
		}
	}
	return nil
}
