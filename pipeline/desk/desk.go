// Package desk is what people may see of the books and ask for: files with why each does not go on, rows, and orders that
// are refused with a reason. It knows neither terminal nor browser; whoever talks to people puts it into their words.
package desk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/words"
)

// Desk answers for one configuration and its ledger. Its methods are safe for concurrent use.
type Desk struct {
	Books  ledger.Books
	Orders ledger.Orders // nil: only to look
	Config *configs.Config
	Live   Live // what the process that sends knows besides; nil when somebody looks from outside
}

// Steady answers several questions at once: what it has read of a file's numbers, it does not read again. It is used by one goroutine.
func (d *Desk) Steady() *Desk {
	s := *d
	s.Books = ledger.Steady(d.Books)
	return &s
}

// Live is what only the process that sends and reports knows.
type Live interface {
	// Stuck says why an account's rows do not go; "" when they do. here is false where another process knows.
	Stuck(account string) (why string, here bool)
	// Reports reports whether it is this process that reports; else Stalled knows of nothing.
	Reports() bool
	// Stalled says of which files, by id, the result cannot be put into the outbox for now, and why.
	Stalled() map[string]error
}

// Standing is why nothing more happens to a file, or what it waits for.
type Standing string

const (
	Ended      Standing = ""          // every row has its outcome and the result is out
	NotTaken   Standing = "not taken" // Why is the reason of its quarantine
	Duplicate  Standing = "duplicate" // Why is the id of the earlier file
	Misfitting Standing = "misfit"    // the configuration does not fit it any more: Why says in what
	Stalled    Standing = "stalled"   // its result cannot be put into the outbox: Why says what for
	Paused     Standing = "paused"    // Why says by whom or what
	Stopped    Standing = "stopped"   // its account is stopped or refused: Why
	Waiting    Standing = "waiting"   // rows of it are to be sent; it goes on while rowferry runs
	UnderWay   Standing = "under way" // it is being taken, or its result is being put into the outbox
)

// File is a file and where it stands.
type File struct {
	ledger.File
	Standing Standing `json:"standing,omitempty"`
	Why      string   `json:"why,omitempty"`
	SentAs   string   `json:"sent_as,omitempty"` // of a duplicate: the id of the file as which it was sent after all
}

// Turn says which machine works and which stand by; nil where one machine has the ledger for itself.
func (d *Desk) Turn(ctx context.Context) (*ledger.Turn, error) {
	return d.Books.Turn(ctx)
}

// Files lists files, oldest first, with why each does not go on.
func (d *Desk) Files(ctx context.Context, q ledger.Query) ([]File, error) {
	found, err := d.Books.Files(ctx, q)
	if err != nil {
		return nil, err
	}
	stops, err := d.Stops(ctx)
	if err != nil {
		return nil, err
	}
	stalled, err := d.Stalled(ctx)
	if err != nil {
		return nil, err
	}
	out := d.Standings(found, stops, stalled)
	for i := range out {
		if out[i].SentAs, err = ledger.AfterAll(ctx, d.Books, out[i].File); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Standings says where each file stands; stops are those of Stops, stalled those of Stalled.
func (d *Desk) Standings(files []ledger.File, stops, stalled map[string]string) []File {
	out := make([]File, len(files))
	for i, f := range files {
		out[i] = File{File: f}
		out[i].Standing, out[i].Why = d.standing(f, stops, stalled)
	}
	return out
}

func (d *Desk) standing(f ledger.File, stops, stalled map[string]string) (Standing, string) {
	unfit := misfit(d.Config, f, f.Language)
	switch {
	case f.State == ledger.Quarantined:
		return NotTaken, f.Reason
	case f.State == ledger.Duplicate:
		return Duplicate, f.Reason
	case f.State == ledger.Reported:
		return Ended, ""
	case unfit != "":
		return Misfitting, unfit
	case stalled[f.ID] != "":
		return Stalled, stalled[f.ID]
	case f.State == ledger.Sending && f.Paused != "":
		return Paused, f.Paused
	case f.Counts.Pending() > 0 && stops[f.Account] != "":
		return Stopped, stops[f.Account]
	case f.Counts.Pending() > 0:
		return Waiting, ""
	}
	return UnderWay, ""
}

// File finds a file by its id or the beginning of it. A *Refusal when none or several fit.
func (d *Desk) File(ctx context.Context, id string) (File, error) {
	if id == "" { // of a script's variable that was not set; it would fit every file
		return File{}, &Refusal{Reason: EmptyID}
	}
	files, err := d.Files(ctx, ledger.Query{ID: id})
	switch {
	case err != nil:
		return File{}, err
	case len(files) == 0:
		return File{}, &Refusal{Reason: NoFile, File: id}
	case len(files) > 1 && files[0].ID != id:
		return File{}, &Refusal{Reason: Ambiguous, File: id, Rows: len(files)}
	}
	return files[0], nil
}

// Strays are the newest receipts that speak of nothing that was sent, or that nobody can understand, oldest first.
func (d *Desk) Strays(ctx context.Context, last int) ([]ledger.Received, error) {
	return d.Books.Received(ctx, ledger.ReceivedQuery{Unknown: true, Last: last})
}

// Receipts counts a file's rows by the class of what the provider said later, batch.Awaited among them; nil where it says nothing.
func (d *Desk) Receipts(ctx context.Context, file string) (map[batch.ReceiptClass]int, error) {
	_, later, err := d.later(ctx, file)
	if later == nil || err != nil {
		return nil, err
	}
	counts := map[batch.ReceiptClass]int{}
	for r, err := range d.Rows(ctx, file, Rows{}) {
		if err != nil {
			return nil, err
		}
		if r.Outcome != nil && r.Outcome.Receipt != nil {
			counts[r.Outcome.Receipt.Class]++
		}
	}
	return counts, nil
}

// Account reports whether there is an account of this name: in the configuration or, where that cannot be read, in the books.
func (d *Desk) Account(ctx context.Context, name string) (bool, error) {
	if _, known := d.Config.Accounts[name]; known || name == "" {
		return known, nil
	}
	files, err := d.Books.Files(ctx, ledger.Query{Account: name, Last: 1})
	return len(files) > 0, err
}

// Stops says why accounts do not send, by name: stopped by a person, refused by the provider, or nothing gets through.
func (d *Desk) Stops(ctx context.Context) (map[string]string, error) {
	stops, err := d.Books.Lanes(ctx)
	if err != nil {
		return nil, err
	}
	for account := range d.Config.Accounts {
		if stops[account] != "" {
			continue
		}
		why, err := d.refused(ctx, account)
		if err != nil {
			return nil, err
		}
		if why != "" {
			stops[account] = why
		}
	}
	return stops, nil
}

// refused is why a provider refuses an account, as the process that sends knows it, or as it last wrote it down.
func (d *Desk) refused(ctx context.Context, account string) (string, error) {
	if d.Live != nil {
		if why, here := d.Live.Stuck(account); here {
			return why, nil
		}
	}
	return d.Books.Kept(ctx, RefusedKey(account))
}

// Stalled says of which files, by id, the result cannot be put into the outbox for now, and why: as the process that reports knows
// it, or as it last wrote it down.
func (d *Desk) Stalled(ctx context.Context) (map[string]string, error) {
	why := map[string]string{}
	if d.Live != nil && d.Live.Reports() {
		for id, err := range d.Live.Stalled() {
			why[id] = err.Error()
		}
		return why, nil
	}
	return d.told(ctx, StalledKey)
}

// Closed says which inboxes cannot be looked into, by route, and why, as the process that looks last wrote it down.
func (d *Desk) Closed(ctx context.Context) (map[string]string, error) {
	return d.told(ctx, ClosedKey)
}

// Unready is why a file stays in an inbox: it waits for something or is not whole.
type Unready struct {
	Why   string    `json:"why"`
	Since time.Time `json:"since"` // when that was seen first
}

// Unready says which files stay in inboxes, by route and name, as the process that looked last wrote it down.
func (d *Desk) Unready(ctx context.Context) (map[string]map[string]Unready, error) {
	files := map[string]map[string]Unready{}
	text, err := d.Books.Kept(ctx, UnreadyKey)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &files)
	}
	return files, err
}

func (d *Desk) told(ctx context.Context, key string) (map[string]string, error) {
	why := map[string]string{}
	text, err := d.Books.Kept(ctx, key)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &why)
	}
	return why, err
}

// Untold says by which ways (webhook, mail) nobody has been told of anything for a while, and why, as the process that tells last wrote it down.
func (d *Desk) Untold(ctx context.Context) (map[string]string, error) {
	why, err := d.told(ctx, UntoldKey)
	if d.Config.Notices.Webhook == nil {
		delete(why, "webhook")
	}
	if d.Config.Notices.Mail == nil {
		delete(why, "mail")
	}
	return why, err
}

// Where the ledger keeps what Stalled, Closed, Unready and Untold say.
const (
	StalledKey = "stalled"
	ClosedKey  = "closed"
	UnreadyKey = "unready"
	UntoldKey  = "untold"
)

// RefusedKey is where the ledger keeps why a provider refuses an account, or nothing gets through to it, for those who look from outside.
func RefusedKey(account string) string { return "refused/" + account }

// Misfit says why nothing of a file can be sent, or no result of it be put, under a configuration; nil when both can. Its rows
// were mapped for one operation of one account, and are sent by that or not at all.
func Misfit(cfg *configs.Config, f ledger.File) error {
	if why := misfit(cfg, f, batch.English); why != "" {
		return errors.New(why)
	}
	return nil
}

// misfit is the same in a language; "" when nothing is amiss.
func misfit(cfg *configs.Config, f ledger.File, l batch.Language) string {
	r, known := cfg.Routes[f.Route]
	say := func(key string) string {
		return words.Of(l, key, "route", f.Route, "id", f.ID, "operation", f.Operation, "now", r.Operation, "account", f.Account)
	}
	switch {
	case !known && f.State != ledger.Sending:
		return say("stand.misfit.result")
	case !known:
		return say("stand.misfit.route")
	case f.State != ledger.Sending:
		return ""
	case r.Operation != f.Operation:
		return say("stand.misfit.operation")
	case r.Account == f.Account:
		return ""
	}
	for _, other := range cfg.Routes {
		if other.Account == f.Account {
			return ""
		}
	}
	return say("stand.misfit.account")
}
