package send

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

// step is what is to be done about a request after an attempt.
type step string

const (
	settle  step = "settle"      // every item has its verdict
	again   step = "again"       // the items without a verdict are tried again after the pause
	halve   step = "halve"       // too many in one request: two smaller ones, at once
	refused step = "refused"     // the account or its requests are refused: the lane stops and probes
	putBack step = "put back"    // we, the file or the lane were stopped before it left: as if it had not been picked
	broken  step = "ledger fail" // the ledger could not take the intent: nothing left, nothing may
)

// decision is the answer to "what now", with its reason for the log.
type decision struct {
	step     step
	reason   string
	verdicts []*ledger.Verdict // one per item; nil: no verdict yet
	lost     bool              // the attempt may have been executed
	pause    time.Duration     // again: at least this long
	laneWide bool              // the pause is the provider's wish for the account as a whole
	message  string            // refused: what to tell people; verdicts are there where it may be of these items alone
	cause    string            // again, lost: what kept the request from getting through, for people
	attempt  bool              // it counts as an attempt
	untried  bool              // nothing was tried: it says nothing of the way to the provider
}

// attempt is what decide needs to know of a request that was tried.
type attempt struct {
	op       *providers.Operation
	items    []batch.Item
	language batch.Language
	account  string
	file     string
	retry    configs.Retry
	later    *configs.Later
	tried    int       // attempts of this round before it
	lost     bool      // an earlier attempt may have been executed
	again    bool      // another file's items with the same requests were executed, or may have been
	first    time.Time // when the first attempt of this round began
	now      time.Time
}

// decide reads the result of one attempt. It is the only place that knows when a request is tried again.
func (a attempt) decide(r senders.Result) decision {
	switch r.Fate {
	case senders.NotSent:
		if f, ok := errors.AsType[*senders.Failure](r.Err); ok && f.Final {
			return a.hopeless(f)
		}
		return a.tryAgain("not sent", false, r.RetryAfter, a.cause(r.Err))
	case senders.Lost:
		return a.gone("answer lost", r)
	}
	d := a.byClass(r)
	d.attempt = true
	return d
}

// hopeless: one item can never be sent as it is. It is invalid; the others go without it, at once.
func (a attempt) hopeless(f *senders.Failure) decision {
	d := decision{step: again, reason: "an item cannot be written", untried: true, verdicts: make([]*ledger.Verdict, len(a.items))}
	at := min(max(f.Item, 0), len(a.items)-1)
	d.verdicts[at] = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Invalid, Code: "unsendable", Message: words.Say(a.language, f.Message)}}
	return d
}

// cause is why a request did not get through, for people.
func (a attempt) cause(err error) string {
	if f, ok := errors.AsType[*senders.Failure](err); ok {
		return words.Say(a.language, f.Message)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// byClass follows what the answer as a whole means.
func (a attempt) byClass(r senders.Result) decision {
	switch r.Reading.Class {
	case providers.Auth, providers.Renew:
		return decision{step: refused, reason: "account refused", message: a.say("lane.auth", "account", a.account, "message", within(a.words(r)))}
	case providers.Config:
		d := a.all("request refused as such", batch.Rejected, r) // unless it is the account's
		d.step, d.message = refused, a.say("lane.config", "account", a.account, "message", within(a.words(r)))
		return d
	case providers.Split:
		if len(a.items) > 1 {
			return decision{step: halve, reason: "too many in one request"}
		}
		return a.all("one item is too many", batch.Rejected, r)
	case providers.Retry:
		d := a.tryAgain("provider busy", false, r.RetryAfter, a.words(r))
		d.laneWide = r.Status == 429
		return d
	case providers.Unknown:
		if r.Reading.Items == nil {
			return a.gone("answer not understood", r)
		}
	}
	return a.byItem(r)
}

// gone is an attempt that may have been executed: a repeat for repeatable operations, unknown for others.
func (a attempt) gone(reason string, r senders.Result) decision {
	if a.op.Repeatable {
		d := a.tryAgain(reason, true, r.RetryAfter, a.cause(r.Err))
		d.attempt = true
		if d.step == settle {
			for i := range d.verdicts {
				d.verdicts[i] = a.unknown(r)
			}
		}
		return d
	}
	d := decision{step: settle, reason: reason, lost: true, attempt: true, cause: cmp.Or(a.cause(r.Err), a.words(r))}
	for range a.items {
		d.verdicts = append(d.verdicts, a.unknown(r))
	}
	return d
}

func (a attempt) unknown(r senders.Result) *ledger.Verdict {
	if r.Fate == senders.Answered {
		return a.unclear(r, r.Reading.Verdict)
	}
	return a.unanswered(a.cause(r.Err))
}

// unanswered is a request that may have been executed, and nobody said so.
func (a attempt) unanswered(cause string) *ledger.Verdict {
	message := a.say("send.lost", "id", a.file)
	if cause != "" {
		message = a.say("send.unanswered", "cause", within(cause), "id", a.file)
	}
	return &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: "lost", Message: message}}
}

// unclear is an answer that does not tell what happened.
func (a attempt) unclear(r senders.Result, v providers.Verdict) *ledger.Verdict {
	answer, code := fmt.Sprint("HTTP ", r.Status), cmp.Or(v.Code, fmt.Sprint(r.Status))
	if t := a.text(v); t != "" {
		answer += ": " + within(t)
	}
	message := a.say("send.unclear", "answer", answer, "id", a.file)
	return &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Code: code, Message: message, Reference: v.Reference}}
}

// within is a sentence as it stands in brackets inside another.
func within(sentence string) string { return strings.TrimRight(sentence, ".。") }

// tryAgain pauses with full jitter, or gives up when the budget does not reach.
func (a attempt) tryAgain(reason string, lost bool, after time.Duration, cause string) decision {
	pause := max(after, a.jitter())
	d := decision{step: again, reason: reason, lost: lost, pause: pause, cause: cause, verdicts: make([]*ledger.Verdict, len(a.items))}
	if a.now.Add(pause).Sub(a.first) <= a.retry.For {
		return d
	}
	d.step, d.reason = settle, reason+", budget spent"
	for i := range d.verdicts {
		d.verdicts[i] = a.spent(lost || a.lost, after, cause)
	}
	return d
}

// spent is the verdict when there is no time left: failed when it certainly was not processed, else unknown. The provider
// may ask for a pause that is longer than what is left.
func (a attempt) spent(lost bool, after time.Duration, cause string) *ledger.Verdict {
	if lost {
		return a.unanswered(cause)
	}
	cause = within(cause)
	message := a.say("send.failed", "for", a.retry.For, "cause", cause, "id", a.file)
	if a.now.Sub(a.first) < a.retry.For && after > a.retry.Most {
		message = a.say("send.too_long", "after", after, "for", a.retry.For, "cause", cause, "id", a.file)
	}
	return &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Failed, Code: "gave-up", Message: message}}
}

// jitter is a random pause of at most first × 2ⁿ, n being the attempts before, and at most `most`.
func (a attempt) jitter() time.Duration {
	ceiling := patience.Pause(a.retry.First, a.retry.Most, a.tried+1)
	return rand.N(max(ceiling, time.Millisecond))
}

// byItem gives each item its verdict.
func (a attempt) byItem(r senders.Result) decision {
	d := decision{step: settle, reason: string(r.Reading.Class), verdicts: make([]*ledger.Verdict, len(a.items))}
	for i := range a.items {
		v := r.Reading.Verdict
		if r.Reading.Items != nil {
			v = r.Reading.Items[i]
		}
		a.item(&d, i, v, r)
	}
	return d
}

// all gives every item the same verdict.
func (a attempt) all(reason string, s batch.Status, r senders.Result) decision {
	d := decision{step: settle, reason: reason}
	for i := range a.items {
		d.verdicts = append(d.verdicts, a.verdict(a.items[i], s, r.Reading.Verdict))
	}
	return d
}

func (a attempt) item(d *decision, i int, v providers.Verdict, r senders.Result) {
	switch v.Class {
	case providers.OK:
		d.verdicts[i] = a.verdict(a.items[i], batch.Delivered, v)
	case providers.Absent:
		d.verdicts[i] = a.absent(a.items[i], v)
	case providers.Later:
		a.wait(d, i, v)
	case providers.Retry:
		d.merge(i, a.tryAgain("provider busy with an item", false, r.RetryAfter, a.text(v)))
	case providers.Unknown:
		if !a.op.Repeatable || v.Code != "" { // an entry with a code is an answer, only not a clear one: a person decides
			d.verdicts[i] = a.unclear(r, v)
			return
		}
		d.merge(i, a.tryAgain("no answer for an item", true, 0, a.text(v)))
	default: // rejected; and what cannot be said of a single item counts as a refusal of it
		d.verdicts[i] = a.verdict(a.items[i], batch.Rejected, v)
	}
}

// merge takes over what was decided for one item.
func (d *decision) merge(i int, one decision) {
	d.verdicts[i] = one.verdicts[i]
	if one.step != again {
		return
	}
	d.step, d.reason = again, one.reason
	d.pause, d.lost = max(d.pause, one.pause), d.lost || one.lost
}

// absent: gone already. When an earlier request may have been executed, of this file or another, it was that one.
func (a attempt) absent(item batch.Item, v providers.Verdict) *ledger.Verdict {
	if !a.lost && !a.again {
		return a.verdict(item, batch.Rejected, v)
	}
	out := a.verdict(item, batch.Delivered, v)
	out.Message = a.say("send.absent", "message", a.text(v))
	return out
}

// wait: the state does not allow it now. The route says whether to come back.
func (a attempt) wait(d *decision, i int, v providers.Verdict) {
	if a.later == nil || a.now.Add(a.later.Every).Sub(a.first) > a.later.For {
		d.verdicts[i] = a.verdict(a.items[i], batch.Rejected, v)
		return
	}
	d.step, d.reason, d.pause = again, "not now", max(d.pause, a.later.Every)
}

// verdict builds the last word from the provider's. Where the answer names rows, they are the cause and the others suffer.
func (a attempt) verdict(item batch.Item, s batch.Status, v providers.Verdict) *ledger.Verdict {
	text := a.text(v)
	switch {
	case s == batch.Delivered && text == "":
		text = a.op.Done.In(a.language)
	case text == "":
		text = a.say("send.silent", "code", v.Code)
	}
	out := &ledger.Verdict{Outcome: batch.Outcome{Status: s, Code: v.Code, Message: text, Reference: v.Reference}}
	if s == batch.Rejected {
		out.Problems = a.pointed(item, v)
		if i := slices.IndexFunc(v.Faults, func(f providers.Fault) bool { return cmp.Or(f.Text, text) == text }); i >= 0 {
			out.Message = out.Problems[i].Text // the same, and where
		}
	}
	if s == batch.Delivered || len(v.Blamed) == 0 || len(v.Blamed) >= len(item.Rows) {
		return out
	}
	cause := out.Outcome
	out.Rows = map[int]batch.Outcome{}
	var rows []string
	for _, at := range v.Blamed {
		if at >= 0 && at < len(item.Rows) {
			out.Rows[item.Rows[at]] = cause
			rows = append(rows, fmt.Sprint(item.Rows[at]))
		}
	}
	out.Message = a.say("send.blamed", "rows", strings.Join(rows, ", "), "message", text)
	return out
}

// pointed are the cells that the provider's answer names as the cause.
func (a attempt) pointed(item batch.Item, v providers.Verdict) (out []batch.Problem) {
	for _, f := range v.Faults {
		p := batch.Problem{Row: item.Rows[0], Field: f.Field, Column: f.Field, Cell: item.Where[f.Field], Code: v.Code, Text: cmp.Or(f.Text, a.text(v))}
		if field, known := a.op.Field(f.Field); known {
			p.Column = cmp.Or(field.Label.In(a.language), field.Path)
		}
		if f.Row >= 0 && f.Row < len(item.Rows) {
			p.Row = item.Rows[f.Row]
			p.Cell = cmp.Or(item.Where[strings.Replace(f.Field, a.op.Rows.Path, fmt.Sprintf("%s[%d]", a.op.Rows.Path, f.Row), 1)], p.Cell)
		}
		if p.Cell != "" {
			p.Text = a.say("send.pointed", "cell", p.Cell, "field", p.Column, "text", p.Text)
		}
		out = append(out, p)
	}
	return out
}

func (a attempt) say(key string, args ...any) string { return words.Of(a.language, key, args...) }

// words are the provider's, or the status of an answer without any.
func (a attempt) words(r senders.Result) string {
	return cmp.Or(a.text(r.Reading.Verdict), fmt.Sprint("HTTP ", r.Status))
}

func (a attempt) text(v providers.Verdict) string { return strings.TrimSpace(v.Message.In(a.language)) }
