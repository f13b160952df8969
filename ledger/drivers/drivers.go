// Package drivers is the one list of ledgers, by what a configuration's `ledger` says.
package drivers

import (
	"context"
	"fmt"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres"
	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/words"
)

// kind is one way to keep a ledger: how it is made of an address and the configuration's data folder, and what is wrong with
// an address (nil: it has none).
type kind struct {
	open  func(address, data string) ledger.Driver
	check func(address string) []batch.Mistake
}

// drivers are the ledgers there are, by the name or the scheme of the address that a configuration gives.
var drivers = map[string]kind{
	"sqlite":     {open: func(_, data string) ledger.Driver { return sqlite.Driver{Dir: data} }},
	"postgres":   {open: inPostgres, check: postgres.Check},
	"postgresql": {open: inPostgres, check: postgres.Check},
}

func inPostgres(address, data string) ledger.Driver {
	return postgres.Driver{Address: address, Data: data}
}

// Check says what is wrong with what a configuration calls its ledger. It opens nothing.
func Check(address string) []batch.Mistake {
	if address == "" {
		return nil // it could not be read, which the configuration has said
	}
	name, _, isAddress := strings.Cut(address, "://")
	k, known := drivers[name]
	if !known || isAddress != (k.check != nil) {
		return []batch.Mistake{{Key: "ledger", What: words.Message("config.not_one", "value", words.Short(name)), Write: words.Meant(name, []string{"sqlite", "postgres://…"})}}
	}
	if k.check == nil {
		return nil
	}
	return k.check(address)
}

// Open opens the ledger of a configuration as its owner, as ledger.Driver does.
func Open(ctx context.Context, address, data string) (ledger.Owner, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	return d.Open(ctx)
}

// Visit opens the ledger of a configuration beside its owner, as ledger.Driver does.
func Visit(ctx context.Context, address, data string) (ledger.Visitor, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	return d.Visit(ctx)
}

// StandBy has it written down, for people who look, that this process waits for the ledger of a configuration. It is said again every
// few seconds, and means nothing where machines do not share ledgers.
func StandBy(ctx context.Context, address, data string) error {
	d, err := of(address, data)
	if err != nil {
		return err
	}
	if s, able := d.(interface{ StandBy(context.Context) error }); able {
		return s.StandBy(ctx)
	}
	return nil
}

// Adopt goes on with a ledger that lost what it had, as ledger.Driver does.
func Adopt(ctx context.Context, address, data string) ([]batch.Message, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	return d.Adopt(ctx)
}

// Copier gives the way to copy the ledger of a configuration; an error where its database has better ones of its own.
func Copier(address, data string) (ledger.Copier, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	if c, ok := d.(ledger.Copier); ok {
		return c, nil
	}
	name, _, _ := strings.Cut(address, "://")
	return nil, fmt.Errorf("the ledger lies in %s: back it up with that database's own tools", name)
}

// Owned reports whether a process of this machine owns the ledger of a configuration; false where that cannot be told from outside.
func Owned(address, data string) bool {
	d, err := of(address, data)
	if err != nil {
		return false
	}
	o, able := d.(interface{ Owned() bool })
	return able && o.Owned()
}

func of(address, data string) (ledger.Driver, error) {
	name, _, _ := strings.Cut(address, "://")
	driver, known := drivers[name]
	if !known {
		return nil, fmt.Errorf("there is no ledger %q", name) // an address may hold a password
	}
	return driver.open(address, data), nil
}
