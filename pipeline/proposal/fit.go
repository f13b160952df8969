package proposal

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
)

// maxTried bounds how many branches are tried for a sample: each makes the draft anew.
const maxTried = 40

// Fit makes of a draft the one for a sample: of what the description leaves open the branches whose fields the sample's headings fill,
// and those fields besides the required ones. A sample that is no table is a *batch.Unreadable.
func Fit(ctx context.Context, d *providers.Draft, sample string) (*providers.Draft, error) {
	p, err := fit(ctx, d, sample)
	if err != nil {
		return nil, err
	}
	if chosen := branched(d, p.columns); chosen != d {
		d = chosen
		if p, err = fit(ctx, d, sample); err != nil {
			return nil, err
		}
	}
	offered := []string{}
	for _, f := range p.Fields {
		if f.Column >= 0 && !f.Required {
			offered = append(offered, whole(p.Operation, f.Field))
		}
	}
	return d.Offering(offered)
}

func fit(ctx context.Context, d *providers.Draft, sample string) (*Proposal, error) {
	return Propose(ctx, Settings{Operation: d.Provider.Operations[0], Language: batch.English, Account: "a", Route: "r"}, sample, filepath.Base(sample))
}

// branched is the draft with the branches that fit the columns best; of equals the first stays.
func branched(d *providers.Draft, columns []batch.Column) *providers.Draft {
	fits, whole := fitting(d, columns)
	var settled []string
	for tried := 0; !whole; {
		open := slices.IndexFunc(d.Choices(), func(c providers.Choice) bool { return !slices.Contains(settled, c.Path) })
		if open < 0 {
			return d
		}
		c := d.Choices()[open]
		settled = append(settled, c.Path)
		for _, branch := range c.Branches {
			if branch == c.Branch {
				continue
			}
			if tried++; tried > maxTried {
				return d
			}
			other, err := d.Choosing(c.Path, branch)
			if err != nil || other.Provider == nil {
				continue
			}
			if n, all := fitting(other, columns); n > fits {
				d, fits, whole = other, n, all
			}
		}
	}
	return d
}

// fitting is how many columns a draft's fields go by, less the required fields without one; whole where it can be no better.
func fitting(d *providers.Draft, columns []batch.Column) (n int, whole bool) {
	missing := 0
	for _, g := range mappers.Match(d.Provider.Operations[0], columns) {
		switch {
		case g.Column >= 0 && g.How != mappers.Near:
			n++
		case g.Field.Required && g.Field.Default() == "":
			missing++
		}
	}
	return n - missing, n == len(columns) && missing == 0
}

// whole is a field's path from the body's root on.
func whole(op *providers.Operation, f *providers.Field) string {
	if op.Rows.Kind == providers.Batch && !f.Outside && op.Rows.Path != "." {
		return op.Rows.Path + "." + f.Path
	}
	return f.Path
}
