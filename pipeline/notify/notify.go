// Package notify turns what changes in the books, and what goes on, into notices, and has them told: each at least once, with
// the same ID whenever it is told again, over any restart.
package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/notices/mail"
	"github.com/rowferry/rowferry/notices/webhook"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/words"
)

// Books is what the loop needs of a ledger.
type Books interface {
	Files(ctx context.Context, q ledger.Query) ([]ledger.File, error)
	Kept(ctx context.Context, key string) (string, error)
	Keep(ctx context.Context, key, value string) error
}

// Condition is what goes on for a while: an account is stopped, a partner cannot be reached.
type Condition struct {
	Key    string // names it: "account/otms"
	Kind   notices.Kind
	Who    string // the account or the route
	Reason string
}

// Teller is the loop. Its methods are called by one goroutine.
type Teller struct {
	Books    Books
	Config   *configs.Config
	Going    func(ctx context.Context) ([]Condition, error)
	Channels []notices.Channel
	Log      *slog.Logger
	Now      func() time.Time

	state    state
	seen     []mark // of the last looks, oldest first
	patience map[string]*patience.Patience
}

// Channels opens the ways that a configuration names.
func Channels(c configs.Notices) (all []notices.Channel, err error) {
	if c.Webhook != nil {
		w, err := webhook.Open(*c.Webhook)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	if c.Mail != nil {
		m, err := mail.Open(*c.Mail)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// state is what the loop knows over a restart. It is written before anything is told, and after.
type state struct {
	Cursor int64                       `json:"cursor"` // the last Change of a file that was looked at
	Told   map[string]string           `json:"told"`   // by file: the last thing that was said of it
	Firing map[string]firing           `json:"firing"` // by key: what goes on
	Queue  map[string][]notices.Notice `json:"queue"`  // by channel: what it has not told yet
	Digest string                      `json:"digest"` // the day that was summed up last
}

// firing is a condition that was told and is not over.
type firing struct {
	Notice notices.Notice `json:"notice"`
	Told   time.Time      `json:"told"`
	Times  int            `json:"times"`
}

const stateKey = "notices"

// late is how long a change may take to be seen after one that was made later: several machines write at the same time.
const late = 30 * time.Second

// mark is up to which change files were looked at, and when.
type mark struct {
	cursor int64
	at     time.Time
}

// beat is how often the loop looks.
const beat = time.Second

// mostTold is of how many files it is remembered what was said.
const mostTold = 2000

// Name is for the log.
func (*Teller) Name() string { return "notices" }

// Run tells until ctx ends. Trouble is logged and tried again.
func (t *Teller) Run(ctx context.Context) error {
	if len(t.Channels) == 0 {
		<-ctx.Done()
		return nil
	}
	ready := false
	for ctx.Err() == nil {
		var err error
		if !ready {
			err = t.Open(ctx)
			ready = err == nil
		}
		if err == nil {
			err = t.Turn(ctx)
		}
		if err != nil && ctx.Err() == nil {
			t.Log.Error("notices cannot be made now; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(beat):
		}
	}
	return nil
}

// Open reads what an earlier process left to be told. At the first start nothing of what was before is told.
func (t *Teller) Open(ctx context.Context) error {
	t.patience = map[string]*patience.Patience{}
	for _, c := range t.Channels {
		t.patience[c.Name()] = &patience.Patience{First: time.Second, Longest: 5 * time.Minute}
	}
	t.state = state{Told: map[string]string{}, Firing: map[string]firing{}, Queue: map[string][]notices.Notice{}}
	text, err := t.Books.Kept(ctx, stateKey)
	if err != nil {
		return err
	}
	if text != "" {
		return json.Unmarshal([]byte(text), &t.state)
	}
	files, err := t.Books.Files(ctx, ledger.Query{})
	if err != nil {
		return err
	}
	for _, f := range files {
		t.state.Cursor = max(t.state.Cursor, f.Change)
	}
	return t.keep(ctx)
}

func (t *Teller) keep(ctx context.Context) error {
	text, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	return t.Books.Keep(context.WithoutCancel(ctx), stateKey, string(text))
}

// Turn looks once and tells what is due. Open comes before it.
func (t *Teller) Turn(ctx context.Context) error {
	fresh, err := t.look(ctx)
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		for _, c := range t.Channels {
			t.state.Queue[c.Name()] = append(t.state.Queue[c.Name()], fresh...)
		}
		if err := t.keep(ctx); err != nil {
			return err
		}
	}
	for _, c := range t.Channels {
		if err := t.tell(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// look gives what is to be told since the last look.
func (t *Teller) look(ctx context.Context) ([]notices.Notice, error) {
	fresh, err := t.files(ctx)
	if err != nil {
		return nil, err
	}
	going, err := t.Going(ctx)
	if err != nil {
		return nil, err
	}
	missing, err := t.missing(ctx)
	if err != nil {
		return nil, err
	}
	fresh = append(fresh, t.conditions(append(going, missing...))...)
	day, err := t.digest(ctx)
	return append(fresh, day...), err
}

// files tells of files that changed since the last look: those that ended and have rows to mend, and those that were not taken.
func (t *Teller) files(ctx context.Context) (fresh []notices.Notice, err error) {
	files, err := t.Books.Files(ctx, ledger.Query{Changed: t.state.Cursor})
	if err != nil {
		return nil, err
	}
	now := mark{t.state.Cursor, t.Now()}
	for _, f := range files {
		now.cursor = max(now.cursor, f.Change)
	}
	t.seen = append(t.seen, now)
	for len(t.seen) > 0 && now.at.Sub(t.seen[0].at) >= late {
		t.state.Cursor, t.seen = t.seen[0].cursor, t.seen[1:]
	}
	for _, f := range files {
		key := fmt.Sprintf("%s/%d", f.State, f.Revision)
		if t.state.Told[f.ID] == key || len(f.Dropped) > 0 {
			continue
		}
		n, wanted := t.file(f)
		if !wanted {
			continue
		}
		n.ID = f.ID + "/" + key
		t.state.Told[f.ID] = key
		fresh = append(fresh, n)
	}
	for _, id := range slices.Sorted(maps.Keys(t.state.Told)) {
		if len(t.state.Told) <= mostTold {
			break
		}
		delete(t.state.Told, id)
	}
	return fresh, nil
}

func (t *Teller) file(f ledger.File) (n notices.Notice, wanted bool) {
	n = notices.Notice{Language: f.Language, Route: f.Route, Account: f.Account, File: f.ID, Name: f.Name, At: t.Now().UTC()}
	mend := f.Counts.Rejected + f.Counts.Invalid + f.Counts.Failed + f.Counts.Unknown
	switch {
	case f.State == ledger.Quarantined:
		n.Kind, n.Text = notices.Quarantined, f.Reason
		n.Title = words.Of(f.Language, "notice.quarantined", "name", f.Name, "route", f.Route)
	case f.State == ledger.Reported && mend > 0:
		n.Kind = notices.Finished
		n.Title = words.Of(f.Language, "notice.finished", "name", f.Name, "rows", mend, "of", f.Counts.Read)
		n.Text = words.Of(f.Language, "notice.counts", "route", f.Route, "delivered", f.Counts.Delivered, "rejected", f.Counts.Rejected, "invalid", f.Counts.Invalid,
			"failed", f.Counts.Failed, "unknown", f.Counts.Unknown, "skipped", f.Counts.Skipped, "results", strings.Join(f.Results, ", "))
		n.Attach = t.attached(f)
	default:
		return n, false
	}
	return n, true
}

// attached is the path of a result on this machine that can go with a notice.
func (t *Teller) attached(f ledger.File) string {
	o := t.Config.Routes[f.Route].Outbox
	if o.SFTP != "" || o.Dir == "" || len(t.Config.Routes[f.Route].Mask) > 0 { // it shows the private columns
		return ""
	}
	for _, name := range f.Results {
		if !strings.HasSuffix(name, ".json") {
			return filepath.Join(o.Dir, name)
		}
	}
	return ""
}

// conditions tells of what goes on: when it begins, now and then while it does, and when it is over.
func (t *Teller) conditions(going []Condition) (fresh []notices.Notice) {
	now := t.Now().UTC()
	there := map[string]bool{}
	for _, c := range going {
		there[c.Key] = true
		f, known := t.state.Firing[c.Key]
		if known && now.Sub(f.Told) < t.Config.Notices.Repeat {
			continue
		}
		if !known {
			f.Notice = notices.Notice{Kind: c.Kind, Language: t.Config.Language, At: now, Title: words.Of(t.Config.Language, "notice."+string(c.Kind), "who", c.Who), Text: c.Reason}
			if c.Kind == notices.Account {
				f.Notice.Account = c.Who
			} else {
				f.Notice.Route = c.Who
			}
		}
		f.Times, f.Told = f.Times+1, now
		f.Notice.ID = fmt.Sprintf("%s/%d/%d", c.Key, f.Notice.At.UnixMilli(), f.Times)
		t.state.Firing[c.Key] = f
		fresh = append(fresh, f.Notice)
	}
	for _, key := range slices.Sorted(maps.Keys(t.state.Firing)) {
		if there[key] {
			continue
		}
		n := t.state.Firing[key].Notice
		delete(t.state.Firing, key)
		n.Resolved, n.ID = true, fmt.Sprintf("%s/%d/over", key, n.At.UnixMilli())
		n.Title, n.At = words.Of(n.Language, "notice.over", "title", n.Title), now
		fresh = append(fresh, n)
	}
	return fresh
}

// missing finds the routes of which a file was expected and has not come. A day that is over is over.
func (t *Teller) missing(ctx context.Context) (going []Condition, err error) {
	for _, name := range slices.Sorted(maps.Keys(t.Config.Routes)) {
		e := t.Config.Routes[name].Expect
		if e == nil {
			continue
		}
		by, ok := configs.Clock(e.By, e.Zone, t.Now())
		if !ok || t.Now().Before(by) || !e.On(by.Weekday()) {
			continue
		}
		y, m, d := by.Date()
		came, err := t.Books.Files(ctx, ledger.Query{Route: name, Since: time.Date(y, m, d, 0, 0, 0, 0, by.Location()), Last: 1})
		if err != nil {
			return nil, err
		}
		if len(came) == 0 {
			going = append(going, Condition{Key: "expected/" + name + "/" + by.Format(time.DateOnly), Kind: notices.Expected, Who: name,
				Reason: words.Of(t.Config.Routes[name].Language, "notice.expected.why", "by", e.By, "day", by.Format(time.DateOnly))})
		}
	}
	return going, nil
}

// digest sums the last day up, once a day.
func (t *Teller) digest(ctx context.Context) ([]notices.Notice, error) {
	n := t.Config.Notices
	at, ok := configs.Clock(n.Digest, n.Zone, t.Now())
	day := at.Format(time.DateOnly)
	if n.Digest == "" || !ok || t.Now().Before(at) || t.state.Digest == day {
		return nil, nil
	}
	files, err := t.Books.Files(ctx, ledger.Query{Since: at.Add(-24 * time.Hour)})
	if err != nil {
		return nil, err
	}
	t.state.Digest = day
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(t.Config.Routes)) {
		sum, taken := ledger.File{}, 0
		for _, f := range files {
			if f.Route == name {
				taken++
				sum.Counts.Read += f.Counts.Read
				sum.Counts.Delivered += f.Counts.Delivered
			}
		}
		lines = append(lines, words.Of(t.Config.Language, "notice.digest.line", "route", name, "files", taken, "rows", sum.Counts.Read, "delivered", sum.Counts.Delivered))
	}
	return []notices.Notice{{ID: "digest/" + day, Kind: notices.Digest, Language: t.Config.Language, At: t.Now().UTC(),
		Title: words.Of(t.Config.Language, "notice.digest", "day", day), Text: strings.Join(lines, "\n")}}, nil
}

// tell has a channel tell what waits for it, once the oldest has waited for company long enough.
func (t *Teller) tell(ctx context.Context, c notices.Channel) error {
	queue, p := t.state.Queue[c.Name()], t.patience[c.Name()]
	if len(queue) == 0 || t.Now().Sub(queue[0].At) < t.Config.Notices.Group || !p.Due(time.Now()) {
		return nil
	}
	if err := c.Tell(ctx, queue); err != nil {
		if ctx.Err() == nil {
			t.Log.Error("notices cannot be told; trying again", "channel", c.Name(), "notices", len(queue), "in", p.Failed(time.Now()), "error", err)
		}
		return nil
	}
	p.Settled()
	delete(t.state.Queue, c.Name())
	t.Log.Info("told", "channel", c.Name(), "notices", len(queue))
	return t.keep(ctx)
}
