package postgres

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rowferry/rowferry/ledger"
)

// printed is a print and where it was left.
type printed struct {
	print ledger.Print
	ledger.Sighting
}

// printsOf are the prints that a chunk leaves; whose file they are of is not known yet.
func printsOf(c *ledger.Chunk) (all []printed) {
	for i := range c.Items {
		if it := &c.Items[i]; it.Print != (ledger.Print{}) && it.Preset == nil {
			all = append(all, printed{it.Print, ledger.Sighting{Seq: int32(c.Seq), Item: int32(i), Free: it.Free}})
			if it.Bared != (ledger.Print{}) { // free: it races with none
				all = append(all, printed{it.Bared, ledger.Sighting{Seq: int32(c.Seq), Item: int32(i), Free: true}})
			}
		}
	}
	return all
}

const printColumns = "print, file, seq, item, free"

// copyPrints leaves prints, in the order in which their index has them: that costs the database a quarter less. The sieve has them first: it may
// have more than the database, and never less.
func (w *writing) copyPrints(table string, all []printed) error {
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b printed) int { return bytes.Compare(a.print[:], b.print[:]) })
	to := tuplesOf(printColumns)
	for i := range all {
		p := &all[i]
		w.l.sieve.Add(p.print)
		to.row(5).bytes(p.print[:]).int8(p.File).int4(int(p.Seq)).int4(int(p.Item)).bool(p.Free)
	}
	return w.copy(table, to)
}

// sightings finds where prints of accepted files were left, the newest first.
func sightings(ctx context.Context, q querier, prints []ledger.Print) (map[ledger.Print][]ledger.Sighting, error) {
	ids := make([][16]byte, len(prints))
	for i, p := range prints {
		ids[i] = p
	}
	rows, err := q.Query(ctx, `SELECT p.print, p.file, p.seq, p.item, p.free FROM prints p JOIN files f ON f.n = p.file
		WHERE p.print = ANY($1::uuid[]) AND f.state NOT IN ('claiming', 'taken') ORDER BY p.file DESC, p.seq DESC, p.item DESC`, ids)
	if err != nil {
		return nil, err
	}
	found := map[ledger.Print][]ledger.Sighting{}
	var print [16]byte
	var s ledger.Sighting
	_, err = pgx.ForEachRow(rows, []any{&print, &s.File, &s.Seq, &s.Item, &s.Free}, func() error {
		found[print] = append(found[print], s)
		return nil
	})
	return found, err
}

// lookout judges sightings by what the ledger says now.
func lookout(ctx context.Context, q querier, family string, since time.Time) *ledger.Lookout {
	return ledger.NewLookout(family, since, func(n int64) (*ledger.File, error) {
		f, _, err := scanFile(q.QueryRow(ctx, "SELECT "+fileColumns+" FROM files WHERE n = $1", n))
		return &f, err
	}, func(id string, seq int) (*ledger.Content, error) { return chunk(ctx, q, id, seq) })
}

func earlier(ctx context.Context, q querier, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	places, err := sightings(ctx, q, prints)
	if err != nil {
		return nil, err
	}
	look := lookout(ctx, q, family, since)
	found := make([]*ledger.Earlier, len(prints))
	for i, p := range prints {
		if found[i], err = look.Earlier(places[p]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Earlier finds the items that had the same requests.
func (b books) Earlier(ctx context.Context, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	return asked(ctx, b, func(q querier) ([]*ledger.Earlier, error) { return earlier(ctx, q, family, prints, since) })
}

// fillSieve reads all prints into the owner's sieve, once: whatever is left later goes through its hands, as long as it is alone.
func (l *Ledger) fillSieve(ctx context.Context) error {
	l.filling.Lock()
	defer l.filling.Unlock()
	if l.filled {
		return nil
	}
	err := l.reading(ctx, func(q querier) error {
		l.sieve.Clear()
		rows, err := q.Query(ctx, "SELECT print FROM prints")
		if err != nil {
			return err
		}
		var print [16]byte
		_, err = pgx.ForEachRow(rows, []any{&print}, func() error { l.sieve.Add(print); return nil })
		return err
	})
	l.filled = err == nil
	return err
}

// Earlier finds the items that had the same requests. The database is asked about those only that may have been left; beside other owners, which
// leave some too, about all.
func (l *Ledger) Earlier(ctx context.Context, family string, prints []ledger.Print, since time.Time) ([]*ledger.Earlier, error) {
	since = l.lease.slower(since)
	if l.among != nil {
		return l.books.Earlier(ctx, family, prints, since)
	}
	if err := l.fillSieve(ctx); err != nil {
		return nil, err
	}
	found := make([]*ledger.Earlier, len(prints))
	at := l.sieve.May(prints)
	if len(at) == 0 {
		return found, nil
	}
	some := make([]ledger.Print, len(at))
	for i, n := range at {
		some[i] = prints[n]
	}
	known, err := l.books.Earlier(ctx, family, some, since)
	if err != nil {
		return nil, err
	}
	for i, n := range at {
		found[n] = known[i]
	}
	return found, nil
}

// Alone is ledger.Pen's: of owners beside each other each sees what the one before wrote.
func (w *writing) Alone() error {
	if w.l.among == nil {
		return nil
	}
	return w.exec(lockOf("rows"))
}

// Raced is ledger.Pen's. Only files of the same account can have the same prints; all of one day are asked about at once.
func (w *writing) Raced(f ledger.File, n int64) error {
	rows, err := w.tx.Query(w.ctx, "SELECT n FROM files WHERE accepted > (SELECT began FROM files WHERE n = $1) AND account = $2", n, f.Account)
	if err != nil {
		return err
	}
	since, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(since) == 0 {
		return err
	}
	days := map[string][]int64{} // by partition
	for _, other := range since {
		days[in("prints", other)] = append(days[in("prints", other)], other)
	}
	look := lookout(w.ctx, w.tx, f.Root(), time.Time{})
	for partition, others := range days {
		rows, err := w.tx.Query(w.ctx, "SELECT o.file, o.seq, o.item, o.free FROM "+in("prints", n)+" p JOIN "+partition+" o ON o.print = p.print WHERE p.file = $1 AND NOT p.free AND o.file = ANY($2)", n, others)
		if err != nil {
			return err
		}
		same := map[int64][]ledger.Sighting{}
		var s ledger.Sighting
		if _, err := pgx.ForEachRow(rows, []any{&s.File, &s.Seq, &s.Item, &s.Free}, func() error { same[s.File] = append(same[s.File], s); return nil }); err != nil {
			return err
		}
		for _, of := range same {
			if e, err := look.Earlier(of); err != nil {
				return err
			} else if e != nil {
				return ledger.ErrRaced
			}
		}
	}
	return nil
}

// Unrepeated is ledger.Pen's.
func (w *writing) Unrepeated(f ledger.File, n int64, c *ledger.Content, events []ledger.Event) (open []ledger.Event, other *ledger.Earlier, err error) {
	prints := make([]ledger.Print, len(events))
	for i, e := range events {
		prints[i] = c.Items[e.Item].PrintFor(f.Account, f.Operation)
	}
	places, err := sightings(w.ctx, w.tx, prints)
	if err != nil {
		return nil, nil, err
	}
	look := lookout(w.ctx, w.tx, f.Root(), time.Time{})
	var late []printed
	for i, e := range events {
		own := left(places[prints[i]], n, c.Seq, e.Item)
		found, err := look.Earlier(places[prints[i]])
		if err != nil {
			return nil, nil, err
		}
		if found != nil && !e.Before.Held() && own != nil && !own.Free {
			other = found
			continue
		}
		open = append(open, e)
		if own == nil {
			late = append(late, printed{prints[i], ledger.Sighting{File: n, Seq: int32(c.Seq), Item: int32(e.Item), Free: e.Before.Held()}})
		}
	}
	return open, other, w.copyPrints(in("prints", n), late)
}

// Reprint is ledger.Pen's.
func (w *writing) Reprint(f ledger.File, n int64, c *ledger.Content) error {
	items := c.Left(&f)
	prints := make([]ledger.Print, 0, 4*len(items))
	for _, l := range items {
		prints = append(prints, l.Print, l.Old[0], l.Old[1], l.Bared)
	}
	places, err := sightings(w.ctx, w.tx, prints)
	if err != nil {
		return err
	}
	var late []printed
	for _, l := range items {
		if l.Bared != (ledger.Print{}) && left(places[l.Bared], n, c.Seq, l.Item) == nil {
			late = append(late, printed{l.Bared, ledger.Sighting{File: n, Seq: int32(c.Seq), Item: int32(l.Item), Free: true}})
		}
		if left(places[l.Print], n, c.Seq, l.Item) != nil {
			continue
		}
		free := slices.ContainsFunc(l.Old[:], func(old ledger.Print) bool {
			own := left(places[old], n, c.Seq, l.Item)
			return own != nil && own.Free
		})
		late = append(late, printed{l.Print, ledger.Sighting{File: n, Seq: int32(c.Seq), Item: int32(l.Item), Free: free}})
	}
	return w.copyPrints(in("prints", n), late)
}

// left is an item's own print.
func left(all []ledger.Sighting, n int64, seq, item int) *ledger.Sighting {
	for i, s := range all {
		if s.File == n && int(s.Seq) == seq && int(s.Item) == item {
			return &all[i]
		}
	}
	return nil
}
