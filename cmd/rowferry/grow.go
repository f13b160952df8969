package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/places/local"
)

// growth is a configuration that a route is added to.
type growth struct {
	path       string // where its text lies, links followed
	text       []byte
	newAccount bool
}

// grow says which account and language the route has in a configuration that is there, or why nothing can be added to it.
func (i *initFlags) grow(s *proposal.Settings) (*growth, error) {
	cfg := configs.Load(i.into)
	cfg.WithoutSecrets()
	if err := pipeline.Check(cfg); err != nil {
		return nil, err
	}
	if _, there := cfg.Routes[s.Route]; there {
		return nil, fmt.Errorf("%s has a route %s already: name the new one with --route", i.into, s.Route)
	}
	s.Language = cfg.Language
	g := &growth{path: followed(i.into)}
	var err error
	if s.Account, g.newAccount, err = i.accountIn(cfg, s); err != nil {
		return nil, err
	}
	g.text, err = os.ReadFile(g.path)
	return g, err
}

// accountIn is the one that was named, else the one account of the provider, else a new one.
func (i *initFlags) accountIn(cfg *configs.Config, s *proposal.Settings) (name string, fresh bool, err error) {
	wanted := s.Operation.Provider.Name
	of := func(account string) bool {
		p := cfg.ProviderOf(account)
		return p != nil && p.Name == wanted
	}
	var known []string
	for _, account := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		if of(account) {
			known = append(known, account)
		}
	}
	_, there := cfg.Accounts[i.account]
	switch {
	case i.account != "" && !there && configs.ProperName(i.account):
		return i.account, true, nil
	case i.account != "" && !there:
		return "", false, fmt.Errorf("--account %q: write letters, digits, - and _ only, at most 64", i.account)
	case i.account != "" && !of(i.account):
		return "", false, fmt.Errorf("--account %s: it is one of another provider than %s", i.account, wanted)
	case i.account != "":
		return i.account, false, nil
	case len(known) == 1:
		return known[0], false, nil
	case len(known) > 1:
		return "", false, fmt.Errorf("%s has several accounts of %s: say which one with --account: %s", i.into, wanted, strings.Join(known, ", "))
	}
	name = s.Account
	for n := 2; cfg.Accounts[name].Provider != ""; n++ {
		name = fmt.Sprintf("%s-%d", s.Account, n)
	}
	return name, true, nil
}

// write adds the route and puts the configuration in the place of the one that was read, if it is sound and that one is still there.
func (g *growth) write(p *proposal.Proposal) (err error) {
	text, err := p.Into(g.text, g.newAccount)
	if errors.Is(err, proposal.ErrForm) {
		return fmt.Errorf("%s: %w", g.path, err)
	} else if err != nil {
		return err
	}
	info, err := os.Stat(g.path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(g.path), ".rowferry-*.tmp.yaml") // beside it: paths in it start there
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	cfg := configs.Load(f.Name())
	cfg.WithoutSecrets()
	if err := pipeline.Check(cfg); err != nil {
		return fmt.Errorf("%s stays as it is: with the route it would not be sound. Print the route with -o - and add it by hand\n%w", g.path, err)
	}
	if now, err := os.ReadFile(g.path); err != nil || string(now) != string(g.text) {
		return errors.Join(fmt.Errorf("%s was changed meanwhile, and stays as it is: once more, please", g.path), err)
	}
	return errors.Join(os.Rename(f.Name(), g.path), local.SyncDirs(filepath.Dir(g.path)))
}
