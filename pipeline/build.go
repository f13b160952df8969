package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/outbox/summary"
	"github.com/rowferry/rowferry/outbox/workbook"
	"github.com/rowferry/rowferry/pipeline/notify"
	"github.com/rowferry/rowferry/pipeline/receipts"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/pipeline/send"
	"github.com/rowferry/rowferry/pipeline/traces"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/places/sftp"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/senders"
)

// results is the one list of result formats, by the name a configuration uses.
var results = map[string]func() outbox.Format{
	"csv":     csvfile.New,
	"summary": summary.New,
	"xlsx":    workbook.New,
}

// Options say what of a configuration is wired.
type Options struct {
	Route   string // only this route and its account; "" = all
	Inboxes bool   // watch the inboxes
	Log     *slog.Logger
	Metrics *Metrics
	Traces  *traces.Traces    // nil: nobody wants to see any
	Reload  func(order int64) // called when an order asks for the changed configuration; it must return at once
}

// Routes wires the routes of a configuration, or only one, without places: enough to read and map. The error is that of Check.
func Routes(cfg *configs.Config, only string) (map[string]*route.Route, error) {
	if err := Check(cfg); err != nil {
		return nil, err
	}
	lists, _ := loadLists(cfg)
	routes := map[string]*route.Route{}
	for name, r := range cfg.Routes {
		if only == "" || name == only {
			routes[name] = wire(cfg, r, lists)
		}
	}
	return routes, nil
}

func wire(cfg *configs.Config, r configs.Route, lists providers.Lists) *route.Route {
	op, _ := cfg.ProviderOf(r.Account).Operation(r.Operation)
	m, _ := mapping(cfg, r, lists)
	var formats []outbox.Format
	for _, name := range r.Outbox.Formats {
		formats = append(formats, results[name]())
	}
	return &route.Route{Formats: formats, Name: r.Name, Others: slices.Collect(maps.Keys(cfg.Routes)), Account: r.Account, Operation: op, Language: r.Language, Mapping: m, Lists: lists, Optional: r.Optional, Mask: r.Mask,
		Read:  reading(r.Read, m),
		Later: r.Later, StopAfter: r.Limits.StopAfter, NoEmpty: r.Read.Empty == "refuse", Repeats: route.Repeats{Send: sendsRepeats(r, op), Within: r.Repeats.Within},
		Local: r.Outbox.Words == "local", Left: r.Outbox.Columns == "left", Zone: zone(r.TimeZone), Receipts: receipts.Wanted(cfg, r.Account, r.Operation)}
}

// sendsRepeats reports whether a request that was sent before goes once more: as the route says, else the document, else if
// the operation may be repeated, and not only while its key is the same.
func sendsRepeats(r configs.Route, op *providers.Operation) bool {
	word := cmp.Or(r.Repeats.Mode, op.Repeats)
	return word == providers.SendRepeats || word == "" && op.Repeatable && !op.Keyed()
}

// zone is a time zone that was judged when the configuration was read; nil for none.
func zone(name string) *time.Location {
	if name == "" {
		return nil
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return z
}

// reading is how a route's files are read: what its mapping wants of them decides where counts would guess.
func reading(r configs.Read, wants *mappers.Mapping) readers.Settings {
	return readers.Settings{Sheet: r.Sheet, Header: r.Header, Encoding: r.Encoding, Delimiter: r.Delimiter, Quote: r.Quote, Escape: r.Escape,
		Record: r.Record, Unzip: r.Unzip, Member: r.Member, Wants: wants}
}

// Build wires a configuration over an open ledger. The error for mistakes in it is that of Check.
func Build(ctx context.Context, cfg *configs.Config, l ledger.Owner, o Options) (*Engine, error) {
	routes, err := Routes(cfg, o.Route)
	if err != nil {
		return nil, err
	}
	e := &Engine{config: cfg, Ledger: l, Routes: routes, Lanes: map[string]*send.Lane{}, Data: cfg.Data, Log: o.Log, Metrics: o.Metrics,
		Traces: o.Traces, reload: o.Reload, Partial: o.Route != "", gauges: map[string]*Gauge{}, woken: make(chan struct{}, 1), settled: make(chan struct{}, 1), put: make(chan struct{}, 1),
		Partners: sftp.NewPartners(cfg.SFTP, sftp.Options{Logger: o.Log})}
	if e.channels, err = notify.Channels(cfg.Notices); err != nil {
		return nil, err
	}
	for name, r := range routes {
		if err := e.places(cfg, cfg.Routes[name], r, o); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	e.crew = e.hire(l.Jobs())
	for _, r := range routes {
		if e.Lanes[r.Account] != nil {
			continue
		}
		lane, err := e.lane(ctx, cfg.Accounts[r.Account], cfg.ProviderOf(r.Account))
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		e.Lanes[r.Account] = lane
	}
	return e, nil
}

// places opens a route's inbox and outbox.
func (e *Engine) places(cfg *configs.Config, c configs.Route, r *route.Route, o Options) (err error) {
	out, err := e.folder(c.Outbox.SFTP, local.Settings{Dir: c.Outbox.Dir, Whose: "outbox", Mount: Mount(cfg, r.Name, "outbox"), Data: cfg.Data, Logger: o.Log})
	if err != nil {
		return err
	}
	r.Outbox = outbox.Open(out, outbox.Settings{Direct: c.Outbox.Write == "direct"})
	o.Inboxes = o.Inboxes && cfg.Reached(r.Name)
	if o.Inboxes && c.Preview.Dir != "" {
		if err := e.preview(cfg, c, r, o); err != nil {
			return err
		}
	}
	if !o.Inboxes || c.Inbox.Dir == "" {
		return nil
	}
	r.Inbox, err = e.inbox(cfg, c.Inbox, r, o, "inbox", inbox.Settings{Remembering: memory{e.Ledger, r.Name}, Note: note{e.Ledger, "broken/" + r.Name}})
	return err
}

// Mount is the file that remembers on which file system a route's folder lies: its "inbox", "outbox" or "preview".
func Mount(cfg *configs.Config, route, kind string) string {
	return filepath.Join(cfg.Data, "mounts", route+"."+kind)
}

// folder opens a folder of this machine, or one on a partner's server.
func (e *Engine) folder(partner string, s local.Settings) (places.Folder, error) {
	if partner == "" {
		return local.Open(s)
	}
	client, err := e.Partners.Partner(partner)
	if err != nil {
		return nil, err
	}
	return client.Folder(s.Dir), nil
}

// inbox opens where a route's files come from. kind tells its folders from each other: inbox, preview.
func (e *Engine) inbox(cfg *configs.Config, c configs.Inbox, r *route.Route, o Options, kind string, s inbox.Settings) (inbox.Place, error) {
	folder, err := e.folder(c.SFTP, local.Settings{Dir: c.Dir, ReadOnly: c.After == inbox.Keep, Watch: true, Mount: Mount(cfg, r.Name, kind), Data: cfg.Data, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	s.Inbox, s.Language, s.Whole, s.Logger = c, r.Language, r.Whole, o.Log
	s.Downloads = filepath.Join(cfg.Data, "downloads", r.Name)
	return inbox.Open(folder, s)
}

// memory is what a place remembers of files it leaves where they are, kept in the ledger.
type memory struct {
	ledger ledger.Owner
	route  string
}

func (m memory) key(identity string) string { return "seen/" + m.route + "/" + identity }

// Seen gives the id under which an arrival was claimed; a claim that came to nothing is none.
func (m memory) Seen(ctx context.Context, identity string) (string, error) {
	id, err := m.ledger.Kept(ctx, m.key(identity))
	if err != nil || id == "" {
		return "", err
	}
	if _, err := m.ledger.File(ctx, id); errors.Is(err, ledger.ErrNotFound) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return id, nil
}

// Remember binds an arrival to an id.
func (m memory) Remember(ctx context.Context, identity, id string) error {
	owner, err := m.Seen(ctx, identity)
	if err != nil || owner == id {
		return err
	}
	if owner != "" {
		return inbox.ErrGone
	}
	return m.ledger.Keep(ctx, m.key(identity), id)
}

// note is one text of an inbox, kept in the ledger.
type note struct {
	ledger ledger.Owner
	key    string
}

func (n note) Read(ctx context.Context) (string, error)     { return n.ledger.Kept(ctx, n.key) }
func (n note) Write(ctx context.Context, text string) error { return n.ledger.Keep(ctx, n.key, text) }

// lane makes an account's lane.
func (e *Engine) lane(ctx context.Context, a configs.Account, p *providers.Provider) (*send.Lane, error) {
	tempo := &send.Tempo{Ledger: e.Ledger, Account: a.Name, Rate: senders.Rate(a, p)}
	past, err := tempo.Past(ctx)
	if err != nil {
		return nil, err
	}
	var operations []string
	for _, r := range e.Routes {
		if r.Account == a.Name && !slices.Contains(operations, r.Operation.ID) {
			operations = append(operations, r.Operation.ID)
		}
	}
	sender, err := senders.Open(a, p, senders.Options{Log: e.Log, Operations: operations, Past: past, Started: tempo.Note})
	if err != nil {
		return nil, err
	}
	measure := e.Metrics.observer(a.Name)
	gauge := &Gauge{}
	e.gauges[a.Name] = gauge
	lane := &send.Lane{
		Settings: send.Settings{Account: a.Name, Concurrency: a.Concurrency, Retry: a.Retry, Ahead: tempo.Rate.N <= 0, Grace: a.Timeout},
		Sender:   sender, Ledger: e.Ledger, Routes: e.Routes, Log: e.Log,
		Settled: e.Metrics.settled, Ended: func() { token(e.settled) },
		Observe: func(m send.Made) {
			gauge.note(m.Result, m.Items, time.Now())
			if measure != nil {
				measure(m.Result)
			}
			e.Traces.Request(m.File, m.Route, a.Name, m.Operation, m.Result, m.Items, m.Attempt+1)
		},
	}
	lane.Beside = e.pollers(lane)
	if !e.crew.alone() {
		lane.Past, lane.Unfinished = tempo.Handed, func(ctx context.Context) error { return e.unfinished(ctx, lane) }
	}
	return lane, nil
}
