// Package notify turns what changes in the books, and what goes on, into notices, and has them told.
//
// None is lost, and none is made twice: what is to be told is written down before it is told, message by message, and that it was
// told after. Where the program was killed between the two, or the answer did not come, nobody can know whether the message arrived;
// it is told again then, the same message with the same ID, by which whoever has it can tell. Not to tell it again would lose
// it where it did not arrive.
package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
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
	"github.com/rowferry/rowferry/senders"
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
	Unsure bool // it may be over or not, or have been for too short a while: what was told of it stands, and nothing new is told
}

// Teller is the loop. Its methods are called by one goroutine.
type Teller struct {
	Books    Books
	Config   *configs.Config
	Going    func(ctx context.Context) ([]Condition, error)
	Channels []notices.Channel
	Log      *slog.Logger
	Now      func() time.Time

	// Untold is told by which channels nobody has been told of anything for a while, and why; again when that changes. May be nil.
	Untold func(ctx context.Context, why map[string]string) error

	state    state
	untold   map[string]string // as Untold has it; nil: it may have what an earlier process told
	seen     []mark            // of the last looks, oldest first
	changed  bool              // state is not as it is in the ledger
	patience map[string]*patience.Patience
	took     map[string]time.Time // by channel: when something arrived last
}

// Channels opens the ways that a configuration names. No error of theirs shows a secret that the other side repeats.
func Channels(c configs.Notices) (all []notices.Channel, err error) {
	if c.Webhook != nil {
		w, err := webhook.Open(*c.Webhook)
		if err != nil {
			return nil, err
		}
		all = append(all, discreet{w, senders.Hider(secretParts(c.Webhook.URL)...)})
	}
	if c.Mail != nil {
		m, err := mail.Open(*c.Mail)
		if err != nil {
			return nil, err
		}
		all = append(all, discreet{m, senders.Hider(c.Mail.Password.Reveal())})
	}
	return all, nil
}

// secretParts are the parts of an address by which whoever knows them may call it. A plain word of its path is none.
func secretParts(address string) (parts []string) {
	u, err := url.Parse(address)
	if err != nil {
		return []string{address}
	}
	parts = slices.DeleteFunc(strings.Split(u.Path, "/"), func(part string) bool {
		return len(part) < 8 || len(part) < 20 && !strings.ContainsAny(part, "0123456789")
	})
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	password, _ := u.User.Password()
	return append(parts, password)
}

// discreet hides secrets in what a channel's errors say.
type discreet struct {
	notices.Channel
	hide func(text string) string
}

// Tell implements notices.Channel.
func (d discreet) Tell(ctx context.Context, m notices.Message) error {
	err := d.Channel.Tell(ctx, m)
	if err == nil {
		return nil
	}
	return d.hidden(err)
}

func (d discreet) hidden(err error) error {
	if begun, ok := errors.AsType[*notices.Begun](err); ok {
		return &notices.Begun{Told: begun.Told, Err: d.hidden(begun.Err)}
	}
	if unsure, ok := errors.AsType[*notices.Unsure](err); ok {
		return &notices.Unsure{Err: d.hidden(unsure.Err)}
	}
	if refused, ok := errors.AsType[*notices.Refused](err); ok {
		return &notices.Refused{Err: d.hidden(refused.Err)}
	}
	if later, ok := errors.AsType[*notices.Later](err); ok {
		return &notices.Later{After: later.After, Err: d.hidden(later.Err)}
	}
	if partly, ok := errors.AsType[*notices.Partly](err); ok {
		return &notices.Partly{Err: d.hidden(partly.Err)}
	}
	return errors.New(d.hide(err.Error()))
}

// state is what the loop knows over a restart. It is written before anything is told, and after.
type state struct {
	Cursor  int64                       `json:"cursor"`  // the last Change of a file that was looked at
	Told    map[string]string           `json:"told"`    // by file: the last thing that was said of it
	Firing  map[string]firing           `json:"firing"`  // by key: what goes on
	Queue   map[string][]notices.Notice `json:"queue"`   // by channel: what waits for company
	Leaving map[string]message          `json:"leaving"` // by channel: the message that it tells, until it is known that it arrived
	Aside   map[string][]message        `json:"aside"`   // by channel: what it refused again and again, so that others go
	Digest  string                      `json:"digest"`  // the day that was summed up last
}

// firing is a condition that was told and is not over.
type firing struct {
	Notice notices.Notice `json:"notice"`
	Told   time.Time      `json:"told"`
	Times  int            `json:"times"`
}

const stateKey = "notices"

// straggling is how long a change may take to be seen after one that was made later: several machines write at the same time.
const straggling = 30 * time.Second

// mark is up to which change files were looked at, and when.
type mark struct {
	cursor int64
	at     time.Time
}

// beat is how often the loop looks.
const beat = time.Second

// mostTold is of how many files, which did not change lately, it is remembered what was said.
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
	t.patience, t.took = map[string]*patience.Patience{}, map[string]time.Time{}
	for _, c := range t.Channels {
		t.patience[c.Name()] = &patience.Patience{First: time.Second, Longest: 5 * time.Minute}
	}
	t.state = state{Told: map[string]string{}, Firing: map[string]firing{}, Queue: map[string][]notices.Notice{}, Leaving: map[string]message{}, Aside: map[string][]message{}}
	text, err := t.Books.Kept(ctx, stateKey)
	if err != nil {
		return err
	}
	if text != "" {
		err := json.Unmarshal([]byte(text), &t.state)
		for channel, m := range t.state.Leaving { // nobody knows how far it came
			m.Again = true
			t.state.Leaving[channel] = m
		}
		return err
	}
	files, err := t.Books.Files(ctx, ledger.Query{})
	if err != nil {
		return err
	}
	for _, f := range files {
		t.state.Cursor = max(t.state.Cursor, f.Change)
	}
	t.changed = true
	return t.keep(ctx)
}

// keep writes the state down where it has changed.
func (t *Teller) keep(ctx context.Context) error {
	if !t.changed {
		return nil
	}
	text, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	if err := t.Books.Keep(context.WithoutCancel(ctx), stateKey, string(text)); err != nil {
		return err
	}
	t.changed = false
	return nil
}

// Turn looks once and tells what is due. Open comes before it.
func (t *Teller) Turn(ctx context.Context) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	for _, c := range t.Channels {
		t.gather(c)
		if err := t.keep(ctx); err != nil {
			return err
		}
		if err := t.tell(ctx, c); err != nil {
			return err
		}
	}
	return t.keep(ctx)
}

// look puts what is to be told since the last look into the queues; what it saw before it failed is there too.
func (t *Teller) look(ctx context.Context) error {
	if err := t.files(ctx); err != nil {
		return err
	}
	going, err := t.Going(ctx)
	if err != nil {
		return err
	}
	missing, err := t.missing(ctx)
	if err != nil {
		return err
	}
	t.conditions(append(going, missing...))
	return t.digest(ctx)
}

// add has every channel tell of something.
func (t *Teller) add(n notices.Notice) {
	for _, c := range t.Channels {
		t.state.Queue[c.Name()] = append(t.state.Queue[c.Name()], n)
	}
	t.changed = true
}

// files tells of files that changed since the last look: those that ended and have rows to mend, and those that were not taken.
func (t *Teller) files(ctx context.Context) error {
	files, err := t.Books.Files(ctx, ledger.Query{Changed: t.state.Cursor})
	if err != nil {
		return err
	}
	now := mark{t.state.Cursor, t.Now()}
	for _, f := range files {
		now.cursor = max(now.cursor, f.Change)
	}
	t.seen = append(t.seen, now)
	for len(t.seen) > 0 && now.at.Sub(t.seen[0].at) >= straggling {
		t.state.Cursor, t.seen = t.seen[0].cursor, t.seen[1:]
	}
	for _, f := range files {
		key := fmt.Sprintf("%s/%d", f.State, f.Finished.UnixMilli()) // a result that is only written again is nothing new
		if t.state.Told[f.ID] == key || len(f.Dropped) > 0 {
			continue
		}
		n, wanted := t.file(f)
		if !wanted {
			continue
		}
		n.ID = f.ID + "/" + key
		t.state.Told[f.ID] = key
		t.add(n)
	}
	t.forget(files)
	return nil
}

// forget drops what was said of files long ago. Of those that the next look may give again it is kept, however many they are.
func (t *Teller) forget(looked []ledger.File) {
	if len(t.state.Told) <= mostTold {
		return
	}
	again := make(map[string]bool, len(looked))
	for _, f := range looked {
		again[f.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(t.state.Told)) {
		if len(t.state.Told) <= mostTold {
			return
		}
		if !again[id] {
			delete(t.state.Told, id)
		}
	}
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
	for _, name := range slices.Backward(f.Results) { // the newest
		if !strings.HasSuffix(name, ".json") {
			return filepath.Join(o.Dir, name)
		}
	}
	return ""
}

// conditions tells of what goes on: when it begins, now and then while it does, and when it is over.
func (t *Teller) conditions(going []Condition) {
	now := t.Now().UTC()
	there := map[string]bool{}
	slices.SortFunc(going, func(a, b Condition) int { return strings.Compare(a.Key, b.Key) })
	for _, c := range going {
		there[c.Key] = true
		f, known := t.state.Firing[c.Key]
		if c.Unsure || known && now.Sub(f.Told) < t.Config.Notices.Repeat {
			continue
		}
		if !known {
			f.Notice = t.condition(c)
		}
		f.Times, f.Told = f.Times+1, now
		f.Notice.ID = fmt.Sprintf("%s/%d/%d", c.Key, f.Notice.At.UnixMilli(), f.Times)
		t.state.Firing[c.Key] = f
		t.add(f.Notice)
	}
	for _, key := range slices.Sorted(maps.Keys(t.state.Firing)) {
		if there[key] {
			continue
		}
		n := t.state.Firing[key].Notice
		delete(t.state.Firing, key)
		t.changed = true
		if n.Kind == notices.Expected && t.passed(n.Route, key) {
			continue
		}
		n.Resolved, n.ID = true, fmt.Sprintf("%s/%d/over", key, n.At.UnixMilli())
		n.Title, n.At = words.Of(n.Language, "notice.over", "title", n.Title), now
		t.add(n)
	}
}

// condition is the notice of what begins to go on: of a route in its language.
func (t *Teller) condition(c Condition) notices.Notice {
	n := notices.Notice{Kind: c.Kind, Language: t.Config.Language, At: t.Now().UTC(), Text: c.Reason}
	if c.Kind == notices.Account {
		n.Account = c.Who
	} else {
		n.Route, n.Language = c.Who, cmp.Or(t.Config.Routes[c.Who].Language, t.Config.Language)
	}
	n.Title = words.Of(n.Language, "notice."+string(c.Kind), "who", c.Who)
	return n
}

// passed reports whether the day is over on which a file was expected: it did not come, and nobody is told that all is well.
func (t *Teller) passed(route, key string) bool {
	e := t.Config.Routes[route].Expect
	if e == nil {
		return true
	}
	by, ok := configs.Clock(e.By, e.Zone, t.Now())
	return !ok || key != expectedKey(route, by)
}

func expectedKey(route string, day time.Time) string {
	return "expected/" + route + "/" + day.Format(time.DateOnly)
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
			going = append(going, Condition{Key: expectedKey(name, by), Kind: notices.Expected, Who: name,
				Reason: words.Of(t.Config.Routes[name].Language, "notice.expected.why", "by", e.By, "day", by.Format(time.DateOnly))})
		}
	}
	return going, nil
}

// digest sums the last day up, once a day.
func (t *Teller) digest(ctx context.Context) error {
	n := t.Config.Notices
	at, ok := configs.Clock(n.Digest, n.Zone, t.Now())
	day := at.Format(time.DateOnly)
	if n.Digest == "" || !ok || t.Now().Before(at) || t.state.Digest == day {
		return nil
	}
	files, err := t.Books.Files(ctx, ledger.Query{Since: at.Add(-24 * time.Hour)})
	if err != nil {
		return err
	}
	t.state.Digest = day
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(t.Config.Routes)) {
		taken, rows, delivered := 0, 0, 0
		for _, f := range files {
			if f.Route == name {
				taken, rows, delivered = taken+1, rows+f.Counts.Read, delivered+f.Counts.Delivered
			}
		}
		lines = append(lines, words.Of(t.Config.Language, "notice.digest.line", "route", name, "files", taken, "rows", rows, "delivered", delivered))
	}
	t.add(notices.Notice{ID: "digest/" + day, Kind: notices.Digest, Language: t.Config.Language, At: t.Now().UTC(),
		Title: words.Of(t.Config.Language, "notice.digest", "day", day), Text: strings.Join(lines, "\n")})
	return nil
}
