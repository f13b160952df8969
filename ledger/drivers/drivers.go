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

// kind is one way to keep a ledger: how it is made of an address and the configuration's data folder, and what else can be done with it.
// What is nil is not there.
type kind struct {
	open     func(address, data string) ledger.Driver
	check    func(address string) []batch.Mistake // what is wrong with an address
	copier   func(data string) ledger.Copier
	source   func(ctx context.Context, data string) (ledger.Source, error)
	importer func(address, data string) ledger.Importer
}

// drivers are the ledgers there are, by the name or the scheme of the address that a configuration gives.
var drivers = map[string]kind{
	"sqlite": {
		open:   func(_, data string) ledger.Driver { return sqlite.Driver{Dir: data} },
		copier: func(data string) ledger.Copier { return sqlite.Driver{Dir: data} },
		source: func(ctx context.Context, data string) (ledger.Source, error) {
			return sqlite.Driver{Dir: data}.Source(ctx)
		},
	},
	"postgres":   inPostgres,
	"postgresql": inPostgres,
}

var inPostgres = kind{
	open:     func(address, data string) ledger.Driver { return postgres.Driver{Address: address, Data: data} },
	check:    postgres.Check,
	importer: func(address, data string) ledger.Importer { return postgres.Driver{Address: address, Data: data} },
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

// Join opens the ledger of a configuration as an owner beside which others may work, as ledger.Driver does.
func Join(ctx context.Context, address, data, machine string) (ledger.Owner, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	return d.Join(ctx, machine)
}

// Visit opens the ledger of a configuration beside its owner, as ledger.Driver does.
func Visit(ctx context.Context, address, data string) (ledger.Visitor, error) {
	d, err := of(address, data)
	if err != nil {
		return nil, err
	}
	return d.Visit(ctx)
}

// StandBy has it written down that this process waits for the ledger of a configuration, as ledger.Driver does.
func StandBy(ctx context.Context, address, data, machine string) error {
	d, err := of(address, data)
	if err != nil {
		return err
	}
	return d.StandBy(ctx, machine)
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
	k, name, err := named(address)
	if err != nil {
		return nil, err
	}
	if k.copier != nil {
		return k.copier(data), nil
	}
	return nil, fmt.Errorf("the ledger lies in %s: back it up with that database's own tools", name)
}

// Owned reports whether a process of this machine owns the ledger of a configuration; false where that cannot be told from outside.
func Owned(address, data string) bool {
	d, err := of(address, data)
	return err == nil && d.Owned()
}

func of(address, data string) (ledger.Driver, error) {
	k, _, err := named(address)
	if err != nil {
		return nil, err
	}
	return k.open(address, data), nil
}

func named(address string) (k kind, name string, err error) {
	name, _, _ = strings.Cut(address, "://")
	k, known := drivers[name]
	if !known {
		return k, name, fmt.Errorf("there is no ledger %q", name) // an address may hold a password
	}
	return k, name, nil
}
