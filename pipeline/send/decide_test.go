package send

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// tried is an attempt of n items that began just now.
func tried(repeatable bool, n int) attempt {
	a := attempt{op: &providers.Operation{ID: "op", Repeatable: repeatable}, language: batch.English, account: "acme", file: "f1",
		retry: configs.Retry{For: time.Hour, First: time.Second, Most: time.Minute}, first: noon, now: noon}
	for i := range n {
		a.items = append(a.items, batch.Item{Seq: i, Rows: []int{2 * i, 2*i + 1}})
	}
	return a
}

func answered(c providers.Class) senders.Result {
	return senders.Result{Fate: senders.Answered, Status: 200, Reading: providers.Reading{Verdict: providers.Verdict{Class: c, Code: "7", Message: batch.Text{EN: "text"}}}}
}

func entries(classes ...providers.Verdict) senders.Result {
	r := answered(providers.OK)
	r.Reading.Items = classes
	return r
}

// What each fate and answer comes to, for operations that may be repeated and others.
func TestDecisions(t *testing.T) {
	late := func(a attempt) attempt { a.first = noon.Add(-2 * time.Hour); return a }
	lost := func(a attempt) attempt { a.lost = true; return a }
	later := func(a attempt) attempt { a.later = &configs.Later{Every: time.Minute, For: time.Hour}; return a }
	gone := senders.Result{Fate: senders.Lost, Err: errors.New("reset")}
	unsent := senders.Result{Fate: senders.NotSent, Err: errors.New("refused")}
	ok, bad := providers.Verdict{Class: providers.OK}, providers.Verdict{Class: providers.Rejected, Code: "1000"}
	for _, c := range []struct {
		name string
		a    attempt
		r    senders.Result
		want string // step, then each item's status ("-" none)
	}{
		{"delivered", tried(false, 1), answered(providers.OK), "settle delivered"},
		{"rejected", tried(false, 1), answered(providers.Rejected), "settle rejected"},
		{"not sent", tried(false, 1), unsent, "again -"},
		{"not sent, no time left", late(tried(false, 1)), unsent, "settle failed"},
		{"not sent, no time left, lost before", lost(late(tried(true, 1))), unsent, "settle unknown"},
		{"answer lost, repeatable", tried(true, 1), gone, "again -"},
		{"answer lost, not repeatable", tried(false, 2), gone, "settle unknown unknown"},
		{"answer lost, no time left", late(tried(true, 1)), gone, "settle unknown"},
		{"busy", tried(false, 1), answered(providers.Retry), "again -"},
		{"busy, no time left", late(tried(false, 1)), answered(providers.Retry), "settle failed"},
		{"not understood, repeatable", tried(true, 1), answered(providers.Unknown), "again -"},
		{"not understood, not repeatable", tried(false, 1), answered(providers.Unknown), "settle unknown"},
		{"account refused", tried(true, 1), answered(providers.Auth), "refused"},
		{"session could not be renewed", tried(true, 1), answered(providers.Renew), "refused"},
		{"request refused as such", tried(true, 1), answered(providers.Config), "refused rejected"},
		{"too many", tried(true, 4), answered(providers.Split), "halve"},
		{"one is too many", tried(true, 1), answered(providers.Split), "settle rejected"},
		{"not now", tried(true, 1), answered(providers.Later), "settle rejected"},
		{"not now, the route waits", later(tried(true, 1)), answered(providers.Later), "again -"},
		{"not now, waited long enough", late(later(tried(true, 1))), answered(providers.Later), "settle rejected"},
		{"gone already", tried(true, 1), answered(providers.Absent), "settle rejected"},
		{"gone already on a repeat", lost(tried(true, 1)), answered(providers.Absent), "settle delivered"},
		{"entries", tried(true, 3), entries(ok, bad, ok), "settle delivered rejected delivered"},
		{"an entry is missing, repeatable", tried(true, 2), entries(ok, providers.Verdict{Class: providers.Unknown}), "again delivered -"},
		{"an entry is missing, not repeatable", tried(false, 2), entries(ok, providers.Verdict{Class: providers.Unknown}), "settle delivered unknown"},
		{"an entry is unclear and has a code", tried(true, 1), entries(providers.Verdict{Class: providers.Unknown, Code: "1100"}), "settle unknown"},
		{"an entry can never be written", tried(true, 2), senders.Result{Fate: senders.NotSent, Err: &senders.Failure{Final: true, Item: 1}}, "again - invalid"},
	} {
		d := c.a.decide(c.r)
		if got := strings.TrimSpace(string(d.step) + " " + shown(d.verdicts)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func shown(all []*ledger.Verdict) string {
	var out []string
	for _, v := range all {
		if v == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, string(v.Status))
	}
	return strings.Join(out, " ")
}

// Whoever is told that something went wrong is told what the provider answered last, also when it had no words.
func TestReasonsAreNeverEmpty(t *testing.T) {
	wordless := func(c providers.Class, status int) senders.Result {
		return senders.Result{Fate: senders.Answered, Status: status, Reading: providers.Reading{Verdict: providers.Verdict{Class: c, Code: fmt.Sprint(status)}}}
	}
	late := func(a attempt) attempt { a.first = noon.Add(-2 * time.Hour); return a }
	sentence := wordless(providers.Auth, 401)
	sentence.Reading.Message = batch.Text{EN: "Unknown client."}
	for name, c := range map[string]struct{ got, want string }{
		"account refused":             {tried(true, 1).decide(wordless(providers.Auth, 401)).message, "refuses the account acme: HTTP 401."},
		"account refused in words":    {tried(true, 1).decide(sentence).message, "refuses the account acme: Unknown client. Check its credentials"},
		"requests refused":            {tried(true, 1).decide(wordless(providers.Config, 403)).message, "as such: HTTP 403."},
		"busy until the end":          {late(tried(true, 1)).decide(wordless(providers.Retry, 503)).verdicts[0].Message, "(HTTP 503)"},
		"not understood to the end":   {late(tried(true, 1)).decide(wordless(providers.Unknown, 502)).verdicts[0].Message, "HTTP 502"},
		"no answer to the end":        {late(tried(true, 1)).decide(senders.Result{Fate: senders.Lost, Err: errors.New("cut off")}).verdicts[0].Message, "(cut off)"},
		"no answer, not repeatable":   {tried(false, 1).decide(senders.Result{Fate: senders.Lost, Err: errors.New("cut off")}).verdicts[0].Message, "(cut off)"},
		"asked to wait for too long":  {tried(true, 1).decide(asked(24 * time.Hour)).verdicts[0].Message, "asks to wait 24h0m0s before the next try (text)"},
		"documented, but not certain": {tried(false, 1).decide(answered(providers.Unknown)).verdicts[0].Message, "does not tell what happened (HTTP 200: text). Look it up at the provider; only if it is not there, write resend into its status cell and drop this result again, or use: rowferry resend f1"},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s: %q lacks %q", name, c.got, c.want)
		}
	}
	if v := late(tried(true, 1)).decide(wordless(providers.Unknown, 502)).verdicts[0]; v.Code != "502" {
		t.Errorf("the code is %q, want the last answer's", v.Code)
	}
}

func asked(wait time.Duration) senders.Result {
	r := answered(providers.Retry)
	r.RetryAfter = wait
	return r
}

// While the lane rests because the provider asked for it, a later answer without such a wish does not cut the rest short.
func TestTheLongerRestHolds(t *testing.T) {
	l := &Lane{Settings: Settings{Concurrency: 4, Retry: configs.Retry{For: 24 * time.Hour, First: time.Second, Most: time.Hour}}, Log: slog.New(slog.DiscardHandler)}
	before := time.Now()
	l.careful(decision{laneWide: true, pause: time.Hour})
	l.careful(decision{laneWide: true, pause: time.Second})
	if rest := l.hold.Sub(before); rest < time.Hour {
		t.Errorf("the lane rests for %v, the provider asked for an hour", rest)
	}
}

// While each request costs a row whose outcome nobody knows, the lane pauses longer and longer: an outage of a minute costs a few rows.
func TestALaneSlowsWhereRowsAreLost(t *testing.T) {
	gateway := answered(providers.Unknown)
	gateway.Status = http.StatusBadGateway
	unclear := answered(providers.Unknown)
	unclear.Status = http.StatusInternalServerError
	for name, c := range map[string]struct {
		r     senders.Result
		slows bool
	}{"cut": {senders.Result{Fate: senders.Lost}, true}, "502": {gateway, true}, "500": {unclear, false}} {
		l := &Lane{Settings: Settings{Concurrency: 4, Retry: configs.Retry{For: 24 * time.Hour, First: time.Hour, Most: 100 * time.Hour}}, Log: slog.New(slog.DiscardHandler),
			through: map[string]time.Time{}}
		a := tried(false, 1)
		j := &job{items: a.items, file: &active{route: &route.Route{Operation: a.op}}}
		for n := range 11 {
			l.fared(j, a.decide(c.r), c.r)
			want := time.Hour << max(0, n-l.tolerance()+1)
			if rest := time.Until(l.hold); c.slows && n+1 >= l.tolerance() && rest < want-time.Minute || (!c.slows || n+1 < l.tolerance()) && rest > 0 {
				t.Errorf("%s, %d times: the lane rests for %v", name, n+1, rest)
			}
		}
		if c.slows { // what is said is what keeps them back now
			since := l.since
			if l.fared(j, decision{step: again, cause: "no such name"}, senders.Result{Fate: senders.NotSent}); !strings.Contains(l.outage, "no such name") || l.since != since {
				t.Errorf("%s, and then another: %q since %s, before %s", name, l.outage, l.since, since)
			}
		}
		l.fared(j, a.decide(answered(providers.OK)), answered(providers.OK))
		if l.trouble != 0 || l.outage != "" {
			t.Errorf("%s, and then it works: %d, %q", name, l.trouble, l.outage)
		}
	}
}

// Rows that an answer names are the cause; the others of their item say whose fault it is.
func TestBlamedRows(t *testing.T) {
	r := answered(providers.Rejected)
	r.Reading.Blamed = []int{1}
	v := tried(false, 1).decide(r).verdicts[0]
	if o := v.Of(1); o.Message != "text" || o.Status != batch.Rejected {
		t.Errorf("the row that is named: %+v", o)
	}
	if o := v.Of(0); o.Status != batch.Rejected || !strings.Contains(o.Message, "row 1") {
		t.Errorf("the other row: %+v", o)
	}
}

// Pauses have full jitter, grow to their limit, and are never shorter than the provider asks.
func TestPauses(t *testing.T) {
	for n := range 40 {
		a := tried(true, 1)
		a.tried = n
		ceiling := min(time.Second<<min(n, 10), time.Minute)
		if p := a.jitter(); p < 0 || p > ceiling {
			t.Errorf("after %d attempts: %s, at most %s", n, p, ceiling)
		}
	}
	r := answered(providers.Retry)
	r.RetryAfter = 30 * time.Second
	if d := tried(true, 1).decide(r); d.pause < 30*time.Second {
		t.Errorf("Retry-After 30s: %s", d.pause)
	}
	seen := map[string]bool{}
	for range 50 {
		seen[fmt.Sprint(tried(true, 1).jitter())] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d different pauses of 50", len(seen))
	}
}
