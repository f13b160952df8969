package drivers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/rowferry/rowferry/ledger"
)

// Copied is what a copy of a ledger came to.
type Copied struct {
	ledger.Compared
	To    string `json:"to"`    // without its password
	Tried bool   `json:"tried"` // nothing was kept of it
}

// Copy takes the ledger of a configuration, which no process owns, into another one that nobody has used, and compares the two row
// for row. From then on the first one is not opened any more. Where it was only to be tried, both are as they were before. say
// tells what is being done.
func Copy(ctx context.Context, h Home, to string, try bool, say func(string)) (c Copied, err error) {
	k, name, err := named(to)
	if err != nil {
		return c, err
	}
	if k.importer == nil {
		return c, fmt.Errorf("--to %s: a ledger is copied to postgres://…", name)
	}
	from, _, err := named(h.Ledger)
	if err != nil {
		return c, err
	}
	there, err := Visit(ctx, h) // nothing is made where no ledger is
	if err != nil {
		return c, err
	}
	if err := there.Close(); err != nil {
		return c, err
	}
	if from.source == nil {
		return c, errors.New("the ledger lies in a database already: move it with that database's own tools")
	}
	source, err := from.source(ctx, h.Data)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	say("reading the whole ledger against its checksums")
	if _, _, err := ledger.Examine(ctx, source); err != nil {
		return c, err
	}
	say("copying")
	target, err := k.importer(to, filepath.Join(h.Data, "copying")).Import(ctx, source, h.Data) // beside the lock of the one that is copied
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	c.To, c.Tried = target.Where(), try
	say("comparing every row")
	if c.Compared, err = ledger.Compare(ctx, source, target); err != nil {
		return c, err
	}
	if try {
		return c, target.Discard(ctx)
	}
	if err := target.Finish(ctx); err != nil {
		return c, err
	}
	if err := source.Leave(ctx, c.To); err != nil {
		return c, fmt.Errorf("%s is whole, but this could not be written into the ledger in %s, which must not be used any more: move it aside (%w)", c.To, h.Data, err)
	}
	return c, nil
}
