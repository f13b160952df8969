package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/mend"
)

// draft is what somebody changed in whole columns of a file and has not sent yet. It lies in the ledger, so that a reload, another
// browser and a restart find it. What is typed into single cells stays in the browser.
type draft struct {
	File    string        `json:"file"`
	By      string        `json:"by"`
	At      time.Time     `json:"at"`
	Last    int           `json:"last"` // the greatest number of a change so far
	Columns []savedColumn `json:"columns"`
}

// savedColumn is one change of a column, with what it did when it was saved.
type savedColumn struct {
	N     int `json:"n"`
	Cells int `json:"cells"`
	mend.Column
}

// keepDrafts is how long a draft is kept that nobody sent.
const keepDrafts = 30 * 24 * time.Hour

const draftKey = "draft/"

func keyOfDraft(by, file string) string {
	sum := sha256.Sum256([]byte(by + "\x00" + file))
	return draftKey + hex.EncodeToString(sum[:])
}

// draftOf is a person's draft of a file; an empty one where there is none.
func (c *Console) draftOf(ctx context.Context, p *people.Person, file string) (*draft, error) {
	d := &draft{File: file, By: p.Name}
	text, err := c.books.Entry(ctx, keyOfDraft(p.Name, file))
	if err != nil || text == "" {
		return d, err
	}
	return d, json.Unmarshal([]byte(text), d)
}

// keepDraft writes a draft down; one without changes is taken out.
func (c *Console) keepDraft(ctx context.Context, d *draft) error {
	if len(d.Columns) == 0 {
		return c.books.Enter(ctx, keyOfDraft(d.By, d.File), "")
	}
	d.At = time.Now().UTC()
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return c.books.Enter(ctx, keyOfDraft(d.By, d.File), string(text))
}

// sweepDrafts takes out what nobody sent.
func (c *Console) sweepDrafts(ctx context.Context) error {
	found, err := c.books.Entries(ctx, draftKey)
	for key, text := range found {
		var d draft
		if json.Unmarshal([]byte(text), &d) != nil || time.Since(d.At) > keepDrafts {
			err = errors.Join(err, c.books.Enter(ctx, key, ""))
		}
	}
	return err
}

// changes are the draft's changes of columns, in their order.
func (d *draft) changes() []mend.Column {
	var all []mend.Column
	for _, s := range d.Columns {
		all = append(all, s.Column)
	}
	return all
}

// drafted shows cells as a draft leaves them, and remembers how they were.
func (d *draft) drafted(columns []batch.Column, rows []shownRow) {
	changes := d.changes()
	if len(changes) == 0 {
		return
	}
	changed := mend.Changed(columns, changes)
	for i := range rows {
		if rows[i].Cells != nil {
			rows[i].Before = rows[i].Cells
			rows[i].Cells = changed(rows[i].Number, rows[i].Cells)
		}
	}
}

// apiDraft is a draft as the API tells of it: how many values a change fills in, not which.
type apiDraft struct {
	Columns []apiSavedColumn `json:"columns"`
}

type apiSavedColumn struct {
	N       int    `json:"n"`
	Column  string `json:"column"`
	Find    string `json:"find,omitempty"`
	Replace string `json:"replace,omitempty"`
	Values  int    `json:"values,omitempty"`
	Cells   int    `json:"cells"`
}

func tellDraft(d *draft) apiDraft {
	out := apiDraft{Columns: []apiSavedColumn{}}
	for _, s := range d.Columns {
		out.Columns = append(out.Columns, apiSavedColumn{s.N, s.Column.Column, s.Find, s.Replace, len(s.Values), s.Cells})
	}
	return out
}

func (c *Console) apiDraft(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	d, err := c.draftOf(r.Context(), p, f.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, tellDraft(d))
}

// apiColumns says what changes of columns would do, and saves them unless it is only asked.
func (c *Console) apiColumns(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	var body struct {
		Columns []mend.Column             `json:"columns"`
		Rows    map[int]map[string]string `json:"rows"` // what was typed into single cells
		Check   bool                      `json:"check"`
	}
	if err := readLong(w, r, &body); err != nil {
		return err
	}
	if !body.Check { // two changes at the same time would each miss the other
		c.drafting.Lock()
		defer c.drafting.Unlock()
	}
	d, err := c.draftOf(r.Context(), p, f.ID)
	if err != nil {
		return err
	}
	left, err := c.left.of(r.Context(), c.desk, f.File)
	if err != nil {
		return err
	}
	edits := mend.Edits{Rows: body.Rows, Columns: d.changes(), Only: left.Rows}
	change, err := c.engine.Preview(r.Context(), f.File, edits, body.Columns)
	if err != nil {
		return err
	}
	if !body.Check {
		for _, one := range body.Columns {
			d.Last++
			d.Columns = append(d.Columns, savedColumn{d.Last, change.Of[one.Column], one})
		}
		if err := c.keepDraft(r.Context(), d); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, struct {
		mend.Change
		Message string                    `json:"message"`
		Typed   map[int]map[string]string `json:"typed"`
	}{change, c.sayChange(r, change), edits.After(body.Columns)})
}

// sayChange says what a change would do.
func (c *Console) sayChange(r *http.Request, change mend.Change) string {
	v := c.view(r, "", nil)
	text := v.T("console.mend.change", "cells", v.Number(change.Cells), "rows", v.Number(change.Rows))
	if change.Left > 0 {
		text += " " + v.T("console.mend.left", "left", v.Number(change.Left))
	}
	return text
}

// apiForget takes a change of a draft back, or with n all of them.
func (c *Console) apiForget(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	n, one := 0, r.PathValue("n")
	if one != "" {
		var err error
		if n, err = strconv.Atoi(one); err != nil {
			return ledger.ErrNotFound
		}
	}
	c.drafting.Lock()
	defer c.drafting.Unlock()
	d, err := c.draftOf(r.Context(), p, f.ID)
	if err == nil {
		before := len(d.Columns)
		d.Columns = slices.DeleteFunc(d.Columns, func(s savedColumn) bool { return one == "" || s.N == n })
		if one != "" && len(d.Columns) == before {
			err = ledger.ErrNotFound
		} else {
			err = c.keepDraft(r.Context(), d)
		}
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mended are a person's edits, with what their draft holds where they ask for it.
func (c *Console) mended(ctx context.Context, p *people.Person, f desk.File, edits mend.Edits, drafted bool) (mend.Edits, error) {
	for i := range edits.Columns {
		if one := &edits.Columns[i]; one.Fills() {
			if _, err := c.engine.Preview(ctx, f.File, mend.Edits{Only: edits.Only}, edits.Columns[i:i+1]); err != nil {
				return edits, err
			}
		}
	}
	if !drafted {
		return edits, nil
	}
	d, err := c.draftOf(ctx, p, f.ID)
	edits.Columns = slices.Concat(d.changes(), edits.Columns)
	return edits, err
}
