package console

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/providers"
)

// shownAccount is an account with what its lane did and has before it.
type shownAccount struct {
	apiAccount
	Allowed providers.Rate
	Hour    []pipeline.Minute
	Ages    []age
	Person  bool              // a person stopped it
	Away    bool              // another machine sends for it, and knows what is in flight and what was sent
	Strays  []ledger.Received // the newest receipts that speak of nothing that was sent
}

// age is rows that wait, by when their file came.
type age struct {
	Key  string
	Rows int
}

var ages = []struct {
	key  string
	upTo time.Duration
}{{"console.age.minutes", 10 * time.Minute}, {"console.age.hour", time.Hour}, {"console.age.day", 24 * time.Hour}, {"console.age.older", 1 << 62}}

// accounts tells of the accounts whose routes a person sees.
func (c *Console) accounts(ctx context.Context, p *people.Person) ([]shownAccount, error) {
	stops, err := c.desk.Stops(ctx)
	if err != nil {
		return nil, err
	}
	persons, err := c.books.Lanes(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := c.books.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return nil, err
	}
	strays, err := c.desk.Strays(ctx, 50)
	if err != nil {
		return nil, err
	}
	var all []shownAccount
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Accounts)) {
		if !c.seesAccount(p, name) {
			continue
		}
		a := shownAccount{apiAccount: apiAccount{Name: name, Provider: c.cfg.Accounts[name].Provider, Stopped: stops[name]}, Person: persons[name] != "", Allowed: c.rate(name)}
		a.Rate = rateText(a.Allowed)
		for _, r := range strays {
			if r.Account == name {
				a.Strays = append(a.Strays, r)
			}
		}
		if lane := c.engine.Lanes[name]; lane != nil {
			s := lane.State()
			a.InFlight, a.Waiting, a.HeldUntil, a.Away = s.InFlight, s.Waiting, s.HeldUntil, lane.Away()
		}
		if g := c.engine.Gauge(name); g != nil {
			a.Hour = g.Hour(now)
		}
		for _, bound := range ages {
			a.Ages = append(a.Ages, age{Key: bound.key})
		}
		for _, f := range waiting {
			if f.Account != name {
				continue
			}
			a.Backlog += f.Counts.Pending()
			for i, bound := range ages {
				if now.Sub(f.TakenAt) <= bound.upTo {
					a.Ages[i].Rows += f.Counts.Pending()
					break
				}
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// seesAccount reports whether one of the routes that a person sees uses an account.
func (c *Console) seesAccount(p *people.Person, account string) bool {
	if len(p.Routes) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Routes, func(name string) bool { return c.cfg.Routes[name].Account == account })
}

// rate is the pace that an account keeps.
func (c *Console) rate(account string) providers.Rate {
	if r, err := providers.ParseRate(c.cfg.Accounts[account].Rate); err == nil && c.cfg.Accounts[account].Rate != "" {
		return r
	}
	if p := c.cfg.ProviderOf(account); p != nil {
		return p.Limits.Rate
	}
	return providers.Rate{}
}

// ends says when a file will have ended if all goes on as it did in the last minutes, or else as fast as the account may; zero
// when nobody can tell. Files of one account take turns, so that short ones end before long ones.
func (c *Console) ends(f ledger.File, under []ledger.File, now time.Time) time.Time {
	speed, begins := 0.0, now
	if g := c.engine.Gauge(f.Account); g != nil {
		speed = g.Speed(now)
	}
	if speed == 0 {
		speed = c.allowed(f)
	}
	if lane := c.engine.Lanes[f.Account]; lane != nil {
		s := lane.State()
		if s.Outage != "" {
			return time.Time{} // nothing gets through
		}
		if s.HeldUntil.After(now) {
			begins = s.HeldUntil
		}
	}
	return estimate(begins, speed, before(f, under))
}

// allowed is how many items a second the account's pace lets through at most; 0 where it has no limit.
func (c *Console) allowed(f ledger.File) float64 {
	rate := c.rate(f.Account)
	if rate.N == 0 {
		return 0
	}
	speed := float64(rate.N) / rate.Per.Seconds()
	if way := c.engine.Routes[f.Route]; way != nil && way.Operation.Rows.Kind == providers.Batch {
		speed *= float64(max(way.Operation.Rows.Max, 1))
	}
	return speed
}

// before is how many items go before a file's last one: files of one account take turns, those that rest do not.
func before(f ledger.File, under []ledger.File) (items int) {
	for _, other := range under {
		if other.Account == f.Account && (other.Paused == "" || other.ID == f.ID) {
			items += min(other.Open, f.Open)
		}
	}
	return items
}

// estimate is when so many items are done that begin then, at so many a second; zero when nobody can tell.
func estimate(begins time.Time, speed float64, items int) time.Time {
	if speed <= 0 || items == 0 {
		return time.Time{}
	}
	return begins.Add(time.Duration(float64(items) / speed * float64(time.Second)))
}

// rateText writes a pace as a configuration does: 10/s, 3/30s; "" where there is no limit.
func rateText(r providers.Rate) string {
	if r.N == 0 {
		return ""
	}
	for _, unit := range []struct {
		d    time.Duration
		text string
	}{{time.Second, "s"}, {time.Minute, "m"}, {time.Hour, "h"}, {24 * time.Hour, "d"}} {
		if r.Per == unit.d {
			return fmt.Sprintf("%d/%s", r.N, unit.text)
		}
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}
