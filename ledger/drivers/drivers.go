// Package drivers is the one list of ledgers, by what a configuration's `ledger` says.
package drivers

import (
	"context"
	"fmt"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/postgres"
	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/words"
)

// Home is where a ledger lies, as a configuration says.
type Home struct {
	Ledger string // sqlite, or an address
	Data   string // a folder of this machine alone
	Spool  string // a folder that all machines share, for the private copies; "": beside the ledger
}

// Of is the home of a configuration's ledger.
func Of(cfg *configs.Config) Home {
	h := Home{Ledger: cfg.Ledger, Data: cfg.Data, Spool: cfg.Spool}
	if h.Spool == configs.InLedger {
		h.Spool = ""
	}
	return h
}

// SQLite is the home of a ledger in a folder.
func SQLite(data string) Home { return Home{Ledger: "sqlite", Data: data} }

// kind is one way to keep a ledger: how it is made of its home, and what else can be done with it. What is nil is not there.
type kind struct {
	open     func(Home) ledger.Driver
	check    func(address string) []batch.Mistake // what is wrong with an address
	spools   bool                                 // its copies may lie in a folder that machines share
	copier   func(data string) ledger.Copier
	source   func(ctx context.Context, data string) (ledger.Source, error)
	importer func(address, data string) ledger.Importer
}

// drivers are the ledgers there are, by the name or the scheme of the address that a configuration gives.
var drivers = map[string]kind{
	"sqlite": {
		open:   func(h Home) ledger.Driver { return sqlite.Driver{Dir: h.Data} },
		copier: func(data string) ledger.Copier { return sqlite.Driver{Dir: data} },
		source: func(ctx context.Context, data string) (ledger.Source, error) {
			return sqlite.Driver{Dir: data}.Source(ctx)
		},
	},
	"postgres":   inPostgres,
	"postgresql": inPostgres,
}

var inPostgres = kind{
	open:     func(h Home) ledger.Driver { return postgres.Driver{Address: h.Ledger, Data: h.Data, Spool: h.Spool} },
	check:    postgres.Check,
	spools:   true,
	importer: func(address, data string) ledger.Importer { return postgres.Driver{Address: address, Data: data} },
}

// Check says what is wrong with where a configuration has its ledger. It opens nothing.
func (h Home) Check() []batch.Mistake {
	if h.Ledger == "" {
		return nil // it could not be read, which the configuration has said
	}
	name, _, isAddress := strings.Cut(h.Ledger, "://")
	k, known := drivers[name]
	if !known || isAddress != (k.check != nil) {
		return []batch.Mistake{{Key: "ledger", What: words.Message("config.not_one", "value", words.Short(name)), Write: words.Meant(name, []string{"sqlite", "postgres://…"})}}
	}
	var wrong []batch.Mistake
	if h.Spool != "" && !k.spools {
		wrong = append(wrong, batch.Mistake{Key: "spool", What: words.Message("config.spool.alone"), Write: words.Example("spool: " + configs.InLedger)})
	}
	if k.check != nil {
		wrong = append(wrong, k.check(h.Ledger)...)
	}
	return wrong
}

// Open opens the ledger of a configuration as its owner, as ledger.Driver does.
func Open(ctx context.Context, h Home) (ledger.Owner, error) {
	d, err := h.driver()
	if err != nil {
		return nil, err
	}
	return d.Open(ctx)
}

// Join opens the ledger of a configuration as an owner beside which others may work, as ledger.Driver does.
func Join(ctx context.Context, h Home, machine string) (ledger.Owner, error) {
	d, err := h.driver()
	if err != nil {
		return nil, err
	}
	return d.Join(ctx, machine)
}

// Visit opens the ledger of a configuration beside its owner, as ledger.Driver does.
func Visit(ctx context.Context, h Home) (ledger.Visitor, error) {
	d, err := h.driver()
	if err != nil {
		return nil, err
	}
	return d.Visit(ctx)
}

// StandBy has it written down that this process waits for the ledger of a configuration, as ledger.Driver does.
func StandBy(ctx context.Context, h Home, machine string) error {
	d, err := h.driver()
	if err != nil {
		return err
	}
	return d.StandBy(ctx, machine)
}

// Adopt goes on with a ledger that lost what it had, as ledger.Driver does.
func Adopt(ctx context.Context, h Home) ([]batch.Message, error) {
	d, err := h.driver()
	if err != nil {
		return nil, err
	}
	return d.Adopt(ctx)
}

// Copier gives the way to copy the ledger of a configuration; an error where its database has better ones of its own.
func Copier(h Home) (ledger.Copier, error) {
	k, name, err := named(h.Ledger)
	if err != nil {
		return nil, err
	}
	if k.copier != nil {
		return k.copier(h.Data), nil
	}
	return nil, fmt.Errorf("the ledger lies in %s: back it up with that database's own tools", name)
}

// Owned reports whether a process of this machine owns the ledger of a configuration; false where that cannot be told from outside.
func Owned(h Home) bool {
	d, err := h.driver()
	return err == nil && d.Owned()
}

func (h Home) driver() (ledger.Driver, error) {
	k, _, err := named(h.Ledger)
	if err != nil {
		return nil, err
	}
	return k.open(h), nil
}

func named(address string) (k kind, name string, err error) {
	name, _, _ = strings.Cut(address, "://")
	k, known := drivers[name]
	if !known {
		return k, name, fmt.Errorf("there is no ledger %q", name) // an address may hold a password
	}
	return k, name, nil
}
