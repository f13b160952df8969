package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

// last is when the last attempt began, as far as is known; zero when there was none.
func (j *job) last() time.Time {
	switch {
	case j.total == 0:
		return time.Time{}
	case j.sent.IsZero():
		return j.first.UTC()
	}
	return j.sent.UTC()
}

func (j *job) event(i int, k ledger.EventKind, at time.Time, v *ledger.Verdict) ledger.Event {
	return ledger.Event{File: j.file.id, Chunk: j.chunk, Item: j.at[i], Kind: k, At: at.UTC(), Attempt: j.total, Verdict: v, Rows: j.items[i].Rows}
}

func (l *Lane) decide(quit context.Context, j *job, r senders.Result, broke error) decision {
	if broke != nil {
		return decision{step: broken, reason: broke.Error()}
	}
	if r.Fate == senders.NotSent && (quit.Err() != nil || errors.Is(r.Err, errHalted)) {
		return decision{step: putBack, reason: "stopped"}
	}
	a := attempt{op: j.file.route.Operation, items: j.items, language: j.file.route.Language, account: l.Account, file: j.file.id,
		retry: l.Retry, later: j.file.route.Later, tried: j.tried, lost: j.lost, again: j.again, first: j.began, now: time.Now()}
	return a.decide(r)
}

// act carries a decision out.
func (l *Lane) act(j *job, d decision, r senders.Result) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.signal()
	l.inFlight--
	if d.attempt {
		j.total++
	}
	j.tried++
	if r.Said != nil {
		j.said = r.Said
	}
	if r.Rest > 0 {
		l.keepOff(r.Rest)
	}
	switch d.step {
	case broken: // attempt says so
		return nil
	case putBack:
		j.tried--
		j.due = time.Now()
		l.waits(j, false)
		return nil
	case refused:
		if !l.ofRow(j, d) {
			return nil
		}
		d.step, d.reason = settle, "refused as such, while others get through"
	case halve:
		l.halve(j)
		return nil
	}
	if !d.untried {
		l.refusal = ""
		l.fared(j, d, r)
	}
	l.settle(j, d)
	return nil
}

// fared notes whether a request got through.
func (l *Lane) fared(j *job, d decision, r senders.Result) {
	if r.Fate == senders.Answered && r.Reading.Class != providers.Retry && !halfway(r) {
		l.reached()
		if r.Reading.Class == providers.OK {
			l.grow(j.file.route.Operation, len(j.items))
		}
		if r.Reading.Class != providers.Config { // one that left after a refusal shows that this was not the account's
			l.through[j.file.route.Operation.ID], l.barred = r.Started, 0
		}
		return
	}
	l.trouble++
	l.careful(d)
	l.unreached(j, d)
}

// halfway reports an answer of what stands before a provider that is away: whatever it says, nothing got through.
func halfway(r senders.Result) bool {
	return r.Reading.Class == providers.Unknown && r.Reading.Items == nil && r.Status > http.StatusNotImplemented
}

// careful slows the whole lane down while nothing gets through, so that an outage costs one request at a time. Where each costs a row whose
// outcome nobody knows, the pause doubles.
func (l *Lane) careful(d decision) {
	beyond := l.trouble - l.tolerance()
	if !d.laneWide && beyond < 0 {
		return
	}
	pause := max(d.pause, 50*time.Millisecond)
	if d.lost && d.step == settle {
		pause = max(pause, patience.Pause(l.Retry.First, l.Retry.Most, beyond+1))
	}
	l.keepOff(pause)
}

// keepOff holds the lane as the provider asks, and tells of a long one.
func (l *Lane) keepOff(d time.Duration) {
	if more := l.holdFor(d); more > l.Retry.Most {
		l.Log.Warn("the provider asks to wait; to try sooner: rowferry resume "+l.Account, "account", l.Account, "until", l.hold.Format(time.RFC3339))
	}
}

// unreached says that nothing gets through and why, and tells it once in an outage: rows that only wait look like a program that hangs.
func (l *Lane) unreached(j *job, d decision) {
	if d.cause == "" || l.trouble < l.tolerance() {
		return
	}
	known := l.outage != ""
	l.outage = words.Of(j.file.route.Language, "lane.outage", "account", l.Account, "cause", within(d.cause))
	if !known {
		l.since = time.Now()
		l.Log.Warn(senders.Hide(l.outage, j.values()...), "account", l.Account)
	}
}

// reached ends an outage.
func (l *Lane) reached() {
	if l.outage != "" {
		l.Log.Info("requests get through again", "account", l.Account)
	}
	l.trouble, l.outage, l.got = 0, "", true
}

// holdFor lets nothing leave for so long, unless a longer rest was begun before, and says by how much the rest is longer now.
func (l *Lane) holdFor(d time.Duration) (more time.Duration) {
	now := time.Now()
	if more = d - max(0, l.hold.Sub(now)); more <= 0 {
		return 0
	}
	l.hold = now.Add(d)
	return more
}

// ofRow reports whether a refusal of the account is one of this job: it came three times while others of the operation get through. Else the
// job waits, and the lane for a moment or for the account.
func (l *Lane) ofRow(j *job, d decision) bool {
	if d.verdicts == nil {
		l.refuse(j, d)
		return false
	}
	if j.barred++; j.barred == 1 {
		j.since = time.Now()
	}
	l.barred++
	before := j.since.Sub(l.through[j.file.route.Operation.ID])
	others := slices.ContainsFunc(l.backlog, func(o *job) bool { return o != j && o.barred > 0 })
	switch {
	case before > shortly, before > 0 && l.barred > l.tolerance()+l.Concurrency:
		l.refuse(j, d)
	case j.barred > doubts && (before <= 0 || !others):
		return true
	default: // one request probes
		l.trouble = max(l.trouble, l.tolerance())
		l.holdFor(max(l.Retry.First, 50*time.Millisecond))
		j.due = l.hold
		l.waits(j, false)
		l.show(j)
	}
	return false
}

// A refusal is doubted so often, where others got through so shortly before it.
const (
	doubts  = 2
	shortly = time.Minute
)

// refuse keeps the job and probes with one request at a time.
func (l *Lane) refuse(j *job, d decision) {
	if l.refusal == "" {
		l.Log.Error("the lane is stopped: "+senders.Hide(d.message, j.values()...), "account", l.Account)
	}
	l.refusal = d.message
	l.trouble++
	pause := patience.Pause(max(l.Retry.First, time.Second), 5*time.Minute, l.trouble)
	l.holdFor(pause)
	j.due = l.hold
	l.waits(j, false)
	l.show(j)
}

// show keeps the answer for which a job waits, so that people see it meanwhile; the same one once.
func (l *Lane) show(j *job) {
	if j.said == nil || j.shown != nil && j.shown.Status == j.said.Status && j.shown.Body == j.said.Body {
		return
	}
	j.shown = j.said
	l.write(j.answered(j.at)...)
}

// values are what the rows of a job brought: it is in the results, and no log repeats it.
func (j *job) values() (out []string) {
	var look func(v any)
	look = func(v any) {
		switch x := v.(type) {
		case string:
			out = append(out, x)
		case json.Number:
			out = append(out, x.String())
		case []any:
			for _, one := range x {
				look(one)
			}
		case map[string]any:
			for _, one := range x {
				look(one)
			}
		}
	}
	for _, item := range j.items {
		var body any
		d := json.NewDecoder(bytes.NewReader(item.Body))
		d.UseNumber()
		if d.Decode(&body) == nil {
			look(body)
		}
	}
	return out
}

// halve makes two requests of one and remembers the size.
func (l *Lane) halve(j *job) {
	half := (len(j.items) + 1) / 2
	op := j.file.route.Operation
	if half < l.size(op) {
		l.sizes[l.sizeKey(op)] = half
		l.keepSize(op, half)
		l.growth(op).refused()
		l.Log.Info("the provider takes fewer items in one request", "account", l.Account, "operation", op.ID, "items", half)
	}
	for _, part := range [][2]int{{0, half}, {half, len(j.items)}} {
		one := *j
		one.at, one.items, one.due = j.at[part[0]:part[1]], j.items[part[0]:part[1]], time.Now()
		l.waits(&one, false)
	}
}

// growth is when a size that was halved is doubled again: one item may have been what was too much, and not their number.
type growth struct {
	taken, enough int
	tried         bool // the present size was doubled, and no request of it was taken yet
}

// How many full requests are taken in a row before a larger one is tried: more each time that it is refused.
const (
	fewestTaken = 16
	mostTaken   = 1024
)

func (g *growth) refused() {
	if g.tried {
		g.enough = min(2*g.enough, mostTaken)
	}
	g.taken, g.tried = 0, false
}

func (l *Lane) growth(op *providers.Operation) *growth {
	key := l.sizeKey(op)
	if l.growths[key] == nil {
		l.growths[key] = &growth{enough: fewestTaken}
	}
	return l.growths[key]
}

// grow counts a request that was taken.
func (l *Lane) grow(op *providers.Operation, items int) {
	if op.Rows.Kind != providers.Batch {
		return
	}
	size := l.size(op)
	if items < size {
		return
	}
	g := l.growth(op)
	if g.tried {
		g.tried = false
		l.keepSize(op, size)
	}
	if size >= op.Rows.Max {
		return
	}
	if g.taken++; g.taken >= g.enough {
		g.taken, g.tried = 0, true
		l.sizes[l.sizeKey(op)] = min(2*size, op.Rows.Max)
	}
}

// keepSize remembers how many items went into one request, also after a restart.
func (l *Lane) keepSize(op *providers.Operation, n int) {
	key := l.sizeKey(op)
	l.settling.Go(func() { _ = l.Ledger.Keep(context.Background(), key, strconv.Itoa(n)) })
}

// waits puts a job into the backlog, and writes that its items wait. What an earlier attempt left open, also one of a process that was killed,
// stays so; lost: this one left it open.
func (l *Lane) waits(j *job, lost bool) {
	events := make([]ledger.Event, len(j.items))
	for i := range j.items {
		events[i] = j.event(i, ledger.EventWaiting, time.Now(), nil)
		events[i].Until, events[i].Lost = j.due.UTC(), lost || j.lost
	}
	l.write(events...)
	l.wait(j)
}

// answered keeps the last answer for those of a job's items that did not end delivered: none where there are none, or no answer.
func (j *job) answered(at []int) []ledger.Event {
	if j.said == nil || len(at) == 0 {
		return nil
	}
	return []ledger.Event{{File: j.file.id, Chunk: j.chunk, Item: at[0], With: at[1:], Kind: ledger.EventAnswered, At: time.Now().UTC(), Answer: j.said}}
}

// settle writes the verdicts and puts the rest back into the backlog.
func (l *Lane) settle(j *job, d decision) {
	var at, missed []int
	var items []batch.Item
	events := make([]ledger.Event, 0, len(j.items))
	for i, v := range d.verdicts {
		if v == nil {
			at, items = append(at, j.at[i]), append(items, j.items[i])
			continue
		}
		v.Attempts, v.SentAt = j.total, j.last()
		for row, o := range v.Rows {
			o.Attempts, o.SentAt = v.Attempts, v.SentAt
			v.Rows[row] = o
		}
		e := j.event(i, ledger.EventSettled, time.Now(), v)
		e.Marks = l.marks(j.file.route.Operation, &j.items[i], v)
		events = append(events, e)
		if v.Status != batch.Delivered {
			missed = append(missed, j.at[i])
		}
		j.file.out--
		l.refusals(j.file, v)
	}
	if len(events) > 0 {
		j.kept = l.write(append(events, j.answered(missed)...)...)
	}
	if len(items) > 0 {
		rest := *j
		rest.at, rest.items, rest.lost = at, items, j.lost || d.lost
		rest.due = time.Now().Add(d.pause)
		l.waits(&rest, d.lost)
		l.show(&rest)
	}
	l.drop(j.file)
}

// refusals counts equal refusals in a row, and rows whose outcome is unknown, and pauses the file when the route says so.
func (l *Lane) refusals(a *active, v *ledger.Verdict) {
	code, key := v.Code, "pause.refusals"
	switch v.Status {
	case batch.Rejected:
	case batch.Unknown: // of whatever cause: somebody must look each one up
		code, key = "unknown", "pause.unknown"
	default:
		a.equal, a.code = 0, ""
		return
	}
	if code != a.code {
		a.equal, a.code = 0, code
	}
	a.equal++
	if a.route.StopAfter <= 0 || a.equal < a.route.StopAfter || a.paused || a.done && a.out == 0 {
		return
	}
	a.paused = true
	l.recall()
	reason := words.Of(a.route.Language, key, "count", a.equal, "code", v.Code, "message", v.Message, "id", a.id)
	l.Log.Warn("file paused after equal outcomes in a row", "file", a.id, "status", v.Status, "code", v.Code, "count", a.equal)
	l.settling.Go(func() { _ = l.Ledger.Pause(context.Background(), a.id, reason) })
}

// recheck looks once more at the rules that depend on the clock. What has become invalid is settled and leaves the job.
func (l *Lane) recheck(j *job) {
	r := j.file.route
	if len(r.Operation.RechecksWhenSent()) == 0 {
		return
	}
	var at []int
	var good []batch.Item
	var events []ledger.Event
	for i, item := range j.items {
		problems := mappers.Recheck(r.Operation, item, mappers.RecheckSettings{Language: r.Language, Lists: r.Lists, Optional: r.Optional, Sheets: j.file.sheets, Now: time.Now()})
		if !slices.ContainsFunc(problems, func(p batch.Problem) bool { return !p.Warning }) {
			at, good = append(at, j.at[i]), append(good, item)
			continue
		}
		r.Mask.Problems(problems)
		v := expired(item, problems, r.Language, j.file.sheets)
		if j.lost { // an earlier attempt may have been executed: that it would not be sent now does not undo it
			v = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: "lost", Message: words.Of(r.Language, "send.lost", "id", j.file.id)}, Problems: problems}
		}
		v.Attempts, v.SentAt = j.total, j.last()
		events = append(events, j.event(i, ledger.EventSettled, time.Now(), v))
	}
	if len(events) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(events...)
	j.file.out -= len(events)
	j.at, j.items = at, good
	if len(j.items) == 0 {
		l.inFlight--
		l.drop(j.file)
		l.signal()
	}
}

// expired is the verdict on an item that was valid when it was taken and is not any more.
func expired(item batch.Item, problems []batch.Problem, lang batch.Language, sheets batch.Sheets) *ledger.Verdict {
	v := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Invalid, Code: problems[0].Code}, Problems: problems}
	for i := range v.Problems {
		if !slices.Contains(item.Rows, v.Problems[i].Row) {
			v.Problems[i].Row = item.Rows[0]
		}
	}
	var bad, others []int
	for _, row := range item.Rows {
		if slices.ContainsFunc(v.Problems, func(p batch.Problem) bool { return p.Row == row }) {
			bad = append(bad, row)
		} else {
			others = append(others, row)
		}
	}
	if len(others) == 0 {
		return v
	}
	v.Rows = map[int]batch.Outcome{}
	for _, row := range others {
		v.Rows[row] = batch.Outcome{Status: batch.Skipped, Code: "group", Message: words.Of(lang, "skip.group", "rows", sheets.Rows(bad))}
	}
	return v
}

// marks are by which receipts will find an item that the provider has, or may have.
func (l *Lane) marks(op *providers.Operation, item *batch.Item, v *ledger.Verdict) (marks []ledger.Print) {
	if op.Receipts == nil || v.SentAt.IsZero() || v.Status != batch.Delivered && v.Status != batch.Unknown {
		return nil
	}
	for _, key := range op.Receipts.Keys(*item, op, v.Reference) {
		marks = append(marks, ledger.MarkOf(l.Account, op.Receipts.Kind, providers.FoldKey(key)))
	}
	return marks
}
