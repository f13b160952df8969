package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/postgres/postgrestest"
	"github.com/rowferry/rowferry/pipeline"
)

// shared compares a ledger in PostgreSQL on this machine, which writes as durably, with the one in SQLite: pairs of runs, in turn,
// each time the other one first, each on a ledger that is there and empty. Of every pair the ratio counts.
func (b *bench) shared(in string, rows, runs int) (err error) {
	database, err := postgrestest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	run := func(what string, one func(config string) (figure, error)) error {
		var ratios, speeds []float64
		for n := range runs {
			took := map[bool]float64{}
			for k := range 2 {
				postgres := (n+k)%2 == 1
				config, err := b.workplace()
				if err != nil {
					return err
				}
				if postgres {
					err = appended(config, "ledger: "+database.Address()+"\n")
				}
				if err == nil {
					err = made(config)
				}
				if err != nil {
					return err
				}
				f, err := one(config)
				if err := errors.Join(err, os.RemoveAll(filepath.Dir(config))); err != nil {
					return err
				}
				took[postgres] = f.wall
			}
			ratios, speeds = append(ratios, took[false]/took[true]), append(speeds, float64(rows)/took[true])
		}
		fmt.Printf("%-46s %9.0f rows/s  ratio %.2f of SQLite, median of %d pairs\n", what+" on PostgreSQL", median(speeds), median(ratios), runs)
		return nil
	}
	err = run("rowferry send", func(config string) (figure, error) {
		before := b.taken.Load()
		f, err := timed(b.binary, "send", "-c", config, "pay", in)
		if got := b.taken.Load() - before; err == nil && got != int64(rows) {
			err = fmt.Errorf("the sink got %d requests for %d rows", got, rows)
		}
		return f, err
	})
	if err != nil {
		return err
	}
	return run("taking alone", func(config string) (figure, error) { return timed(b.self, "take", config, in) })
}

// made has the ledger of a configuration made, which is done once in its life.
func made(config string) error {
	cfg, err := pipeline.Load(config)
	if err != nil {
		return err
	}
	l, err := drivers.Open(context.Background(), drivers.Of(cfg))
	if err != nil {
		return err
	}
	return l.Close()
}

func appended(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}
