package pipeline

import (
	"errors"
	"maps"
	"slices"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/notices/mail"
	"github.com/rowferry/rowferry/notices/webhook"
	"github.com/rowferry/rowferry/places/sftp"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers/formats"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

// Load reads a configuration and checks all of it. It touches neither ledger nor folders. The error is a *configs.MistakesError
// with every mistake; what should only be looked at is in the configuration's Warnings. The configuration is given in any case.
func Load(path string) (*configs.Config, error) {
	cfg := configs.Load(path)
	return cfg, Check(cfg)
}

// Check asks every part what is wrong with its settings, and says it all at once: the error is a *configs.MistakesError. It
// looks at the configuration alone, at no ledger and no folder, and makes nothing.
func Check(cfg *configs.Config) error {
	v := cfg.Verdict()
	lists, wrong := loadLists(cfg)
	v.Add("lists", wrong...)
	v.Add("", drivers.Of(cfg).Check()...)
	for name, a := range cfg.Accounts {
		if p := cfg.ProviderOf(name); p != nil {
			v.Add("accounts."+name, senders.Check(a, p, operationsOf(cfg, name))...)
		}
		if a.Receipts != nil && cfg.Listen == "" {
			v.Add("accounts."+name, batch.Mistake{Key: "receipts", What: words.Message("receipts.listen"), Write: words.Example("listen: 127.0.0.1:9100")})
		}
	}
	for name, s := range cfg.SFTP {
		v.Add("sftp."+name, sftp.Check(s)...)
	}
	if w := cfg.Notices.Webhook; w != nil {
		v.Add("notices.webhook", webhook.Check(*w)...)
	}
	if m := cfg.Notices.Mail; m != nil {
		v.Add("notices.mail", mail.Check(*m)...)
	}
	for name, r := range cfg.Routes {
		m, wrong := mapping(cfg, r, lists)
		v.Add("routes."+name, wrong...)
		v.Add("routes."+name+".inbox", inbox.Check(r.Inbox)...)
		v.Add("routes."+name+".read", formats.Check(reading(r.Read, m))...)
	}
	return v.Err()
}

// operationsOf lists the operations that an account's routes use.
func operationsOf(cfg *configs.Config, account string) []string {
	used := []string{}
	p := cfg.ProviderOf(account)
	for _, name := range slices.Sorted(maps.Keys(cfg.Routes)) {
		r := cfg.Routes[name]
		if _, known := p.Operation(r.Operation); known && r.Account == account && !slices.Contains(used, r.Operation) {
			used = append(used, r.Operation)
		}
	}
	return used
}

func loadLists(cfg *configs.Config) (providers.Lists, []batch.Mistake) {
	lists, wrong := providers.Lists{}, []batch.Mistake{}
	for name, path := range cfg.Lists {
		list, err := providers.LoadList(path)
		if bad, ok := errors.AsType[*batch.Unreadable](err); ok {
			wrong = append(wrong, batch.Mistake{Key: name, What: bad.Message, Write: words.Message("config.lists.write"), Elsewhere: true})
			continue
		}
		lists[name] = list
	}
	return lists, wrong
}

// mapping compiles a route's mapping; nil where account or operation are not known, which the configuration has said.
func mapping(cfg *configs.Config, r configs.Route, lists providers.Lists) (*mappers.Mapping, []batch.Mistake) {
	p := cfg.ProviderOf(r.Account)
	if p == nil {
		return nil, nil
	}
	op, known := p.Operation(r.Operation)
	if !known {
		return nil, nil
	}
	m, err := mappers.Compile(op, mappers.Settings{Map: r.Map, Group: r.Group, Optional: r.Optional, Mask: r.Mask, Language: r.Language, Lists: lists, MaxRows: r.Limits.MaxRows})
	if wrong, ok := errors.AsType[*mappers.MistakesError](err); ok {
		return nil, wrong.List
	}
	return m, nil
}
