package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// What every driver does with what it stores, whatever the database.

// ChunkID is a chunk of a file.
type ChunkID struct {
	File string
	Seq  int
}

// Sorted are events by the chunk whose journal they belong to, and what they change in the books of their files; chunks and files
// are in the order in which they came first.
type Sorted struct {
	Places  []ChunkID
	Events  map[ChunkID][]Event
	Files   []string
	Changes map[string]*Change
}

// Sort sorts events.
func Sort(events []Event) Sorted {
	s := Sorted{Events: map[ChunkID][]Event{}, Changes: map[string]*Change{}}
	for i := range events {
		e := &events[i]
		at := ChunkID{e.File, e.Chunk}
		if s.Events[at] == nil {
			s.Places, s.Events[at] = append(s.Places, at), make([]Event, 0, len(events)-i)
		}
		s.Events[at] = append(s.Events[at], *e)
		c := s.Changes[e.File]
		if c == nil {
			c = &Change{}
			s.Changes[e.File], s.Files = c, append(s.Files, e.File)
		}
		c.Add(*e)
	}
	return s
}

// OpenTally reads a stored tally; ErrAltered when it is not as it was written.
func OpenTally(at ChunkID, stored []byte) (*Tally, error) {
	body, err := Unseal(OfTally, at.File, at.Seq, stored)
	if err != nil {
		return nil, err
	}
	return DecodeTally(body)
}

// Playback plays the journal of a chunk onto its items.
type Playback struct {
	content *Content
	known   *Tally // nil, or with Records below zero: of an older ledger, which did not count
	seen    Tally
}

// Play begins with a chunk's items, out of their seal. ErrAltered.
func Play(at ChunkID, items []byte, known *Tally) (*Playback, error) {
	list, err := DecodeItems(items)
	if err != nil {
		return nil, fmt.Errorf("file %s, chunk %d: %w: %w", at.File, at.Seq, ErrAltered, err)
	}
	c := &Content{Chunk: Chunk{File: at.File, Seq: at.Seq, Items: list}, States: make([]ItemState, len(list))}
	for i := range list {
		c.States[i] = list[i].State()
	}
	return &Playback{content: c, known: known}, nil
}

// Add plays one record, given as it is stored and out of its seal. ErrAltered.
func (p *Playback) Add(stored, events []byte) error {
	if p.known != nil && p.seen.Records < p.known.Records { // the owner may have written more since the tally was read
		p.seen.Link(stored)
	}
	if err := ApplyEvents(p.content.States, events); err != nil {
		return fmt.Errorf("file %s, chunk %d: %w: %w", p.content.File, p.content.Seq, ErrAltered, err)
	}
	return nil
}

// Content is the chunk after all records; ErrAltered when the tally knows of others than were played.
func (p *Playback) Content() (*Content, error) {
	if p.known != nil && p.known.Records >= 0 && (p.seen.Records != p.known.Records || p.seen.Chain != p.known.Chain) {
		return nil, fmt.Errorf("what was written about file %s, chunk %d, is missing: %w", p.content.File, p.content.Seq, ErrAltered)
	}
	return p.content, nil
}

// Census counts what a file has staged.
type Census struct {
	File                string
	chunks, rows, items int
}

// Add counts the next chunk by its number and its tally, as they are stored. Of the last one the items are given as well.
func (c *Census) Add(seq int, tally, items []byte) error {
	t, err := OpenTally(ChunkID{c.File, seq}, tally)
	if err != nil {
		return err
	}
	if seq != c.chunks {
		return fmt.Errorf("chunk %d of %s: %w", c.chunks, c.File, ErrMissing)
	}
	c.chunks++
	for _, n := range t.Rows {
		c.rows += n
	}
	if items == nil {
		return nil
	}
	if items, err = Unseal(OfItems, c.File, seq, items); err != nil {
		return err
	}
	list, err := DecodeItems(items)
	if err == nil && len(list) > 0 {
		c.items = list[len(list)-1].Seq + 1
	}
	return err
}

// Holds is ErrMissing unless these are the rows and the items that were counted.
func (c *Census) Holds(rows, items int) error {
	if c.rows != rows || c.items != items {
		return fmt.Errorf("%d rows and %d items of %s are staged, and %d and %d were read: %w", c.rows, c.items, c.File, rows, items, ErrMissing)
	}
	return nil
}

// Each gives chunk after chunk until there is none.
func Each(read func(seq int) (*Content, error)) iter.Seq2[*Content, error] {
	return func(yield func(*Content, error) bool) {
		for seq := 0; ; seq++ {
			c, err := read(seq)
			if errors.Is(err, ErrNotFound) {
				return
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// filesAtOnce is how many files are read with one query where all are gone through.
const filesAtOnce = 1000

// EachFile gives all files, oldest first, a part of them at a time. Those that are added meanwhile may come too.
func EachFile(ctx context.Context, b Books) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for after := ""; ; {
			files, err := b.Files(ctx, Query{After: after, First: filesAtOnce})
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
			}
			if len(files) < filesAtOnce {
				return
			}
			after = files[len(files)-1].ID
		}
	}
}

// Millis is a time as it is stored: milliseconds since 1970, 0 for none.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMillis is the time that Millis stored, in UTC.
func FromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// EncodeFacts writes a type of ours, which can always be written.
func EncodeFacts(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("ledger: a type of ours cannot be encoded: " + err.Error())
	}
	return b
}
