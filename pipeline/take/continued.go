package take

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// earlier is the file that another one goes on from: its content is the beginning of the other's, byte for byte. What became of its rows
// is taken over, whatever it was; they are never sent from the other file.
type earlier struct {
	file ledger.File
	rows map[int]*batch.Outcome // nil: under way
	last int
	cut  bool // its last row was not written to its end
}

// continues finds the file that f goes on from; nil where there is none.
func (t *Taker) continues(ctx context.Context, f ledger.File) (*earlier, error) {
	id, err := t.Ledger.Kept(ctx, goesOnAs(f.Route, f.Name))
	if err != nil || id == "" || id == f.ID {
		return nil, err
	}
	e, err := t.Ledger.File(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if e.State == ledger.Duplicate { // of the one that has its rows
		if e, err = t.Ledger.File(ctx, e.Reason); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(ledger.FamilyStates(), e.State) || e.Reading.Again != nil || e.Size == 0 || e.Size >= f.Size {
		return nil, nil
	}
	same, cut, err := t.begins(f, e)
	if err != nil || !same {
		return nil, err
	}
	found := &earlier{file: e, cut: cut}
	return found, found.load(ctx, t.Ledger)
}

// begins reports whether the copy of f begins with the content of e, and whether that ends within a line.
func (t *Taker) begins(f, e ledger.File) (same, cut bool, err error) {
	in, err := t.Ledger.Copies().Open(context.Background(), f.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	} else if err != nil {
		return false, false, err
	}
	defer in.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(in, 0, e.Size)); err != nil {
		return false, false, err
	}
	if hex.EncodeToString(hash.Sum(nil)) != e.Hash {
		return false, false, nil
	}
	around := make([]byte, 2)
	if _, err := in.ReadAt(around, e.Size-1); err != nil {
		return false, false, err
	}
	return true, !strings.ContainsAny(string(around), "\r\n"), nil
}

func (e *earlier) load(ctx context.Context, books ledger.Books) error {
	e.rows = map[int]*batch.Outcome{}
	for c, err := range books.Chunks(ctx, e.file.ID) {
		if err != nil {
			return err
		}
		for i := range c.Items {
			for _, row := range c.Items[i].Rows {
				e.last = max(e.last, row)
				e.rows[row] = nil
				if v := c.States[i].Verdict; v != nil {
					o := v.Of(row)
					e.rows[row] = &o
				}
			}
		}
	}
	return nil
}

// speaks reports whether what became of a row there holds for this file. What was invalid there is judged again.
func (e *earlier) speaks(row int) bool {
	o, known := e.rows[row]
	return known && (o == nil || o.Status != batch.Invalid)
}

// stage takes over what became of an item's rows. A document of which a part was sent is closed.
func (e *earlier) stage(s ledger.Staged, l batch.Language) ledger.Staged {
	if e == nil {
		return s
	}
	v := &ledger.Verdict{Rows: map[int]batch.Outcome{}}
	var theirs []string
	sendable := true // again, by a person's order
	for _, row := range s.Rows {
		if !e.speaks(row) {
			continue
		}
		o := e.outcome(row, l)
		theirs = append(theirs, strconv.Itoa(row))
		v.Rows[row] = o
		sendable = sendable && (o.Status == batch.Rejected || o.Status == batch.Failed)
	}
	if len(theirs) == 0 {
		return s
	}
	for _, row := range s.Rows {
		if _, taken := v.Rows[row]; !taken {
			sendable = false
			v.Rows[row] = batch.Outcome{Status: batch.Skipped, Code: "group",
				Message: words.Of(l, "take.continued.group", "rows", strings.Join(theirs, ", "), "id", e.file.ID)}
		}
	}
	if len(s.Rows) == 1 {
		v = &ledger.Verdict{Outcome: v.Rows[s.Rows[0]]}
	} else {
		v.Status = batch.Skipped
	}
	if !sendable || s.Preset != nil {
		s.Body = nil
	}
	s.Preset, s.Problems = v, nil
	return s
}

func (e *earlier) outcome(row int, l batch.Language) batch.Outcome {
	o := e.rows[row]
	if o == nil {
		return batch.Outcome{Status: batch.Skipped, Code: "being-sent", Message: words.Of(l, "take.continued.open", "id", e.file.ID)}
	}
	key := "take.continued.carried"
	if e.cut && row == e.last {
		key = "take.continued.cut"
	}
	carried := *o
	carried.Message = words.Of(l, key, "id", e.file.ID)
	if o.Message != "" {
		carried.Message = o.Message + " | " + carried.Message
	}
	return carried
}

// note says at the result's head what stands in it.
func (e *earlier) note() batch.Note {
	return batch.Note{Message: words.Message("take.continued.note", "id", e.file.ID, "name", e.file.Name, "row", e.last), Count: len(e.rows)}
}
