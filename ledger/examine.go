package ledger

import (
	"context"
	"fmt"

	"github.com/rowferry/rowferry/batch"
)

// Examine reads everything that the books hold and compares it: every chunk and event against its checksum, every file's
// counts against its rows. It says how much it has read, and gives the first thing that is not as it was written.
func Examine(ctx context.Context, b Books) (files, rows int, err error) {
	if err := b.Sound(ctx); err != nil {
		return 0, 0, err
	}
	all, err := b.Files(ctx, Query{})
	if err != nil {
		return 0, 0, err
	}
	for _, f := range all {
		n, err := examine(ctx, b, &f)
		if err != nil {
			return files, rows, err
		}
		files, rows = files+1, rows+n
	}
	return files, rows, nil
}

// examine compares one file's line with its rows. A file that is being taken, or whose rows are not kept any more, has nothing
// to compare; one that is being sent may have changed meanwhile, and is read again.
func examine(ctx context.Context, b Books, f *File) (rows int, err error) {
	for {
		counts, items := batch.Counts{}, 0
		for c, err := range b.Chunks(ctx, f.ID) {
			if err != nil {
				return 0, err
			}
			items += len(c.Items)
			for i := range c.Items {
				counts.Read += len(c.Items[i].Rows)
				if v := c.States[i].Verdict; v != nil {
					v.Count(&counts, c.Items[i].Rows, 1)
				}
			}
		}
		if f.State == Claiming || f.State == Taken || items == 0 || counts == f.Counts && items == f.Items {
			return counts.Read, nil
		}
		now, err := b.File(ctx, f.ID)
		if err != nil {
			return 0, err
		}
		if now.Change == f.Change {
			return 0, fmt.Errorf("file %s has the counts %+v and %d items, and its rows say %+v and %d: %w", f.ID, f.Counts, f.Items, counts, items, ErrAltered)
		}
		*f = now
	}
}
