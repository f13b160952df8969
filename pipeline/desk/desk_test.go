package desk_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/words"
)

// office is a desk over a ledger on disk with a file that ended ("f1": rows 2 and 3 delivered, 4 rejected, 5 invalid as it was
// read) and one that is being sent ("f2").
func office(t *testing.T) (*desk.Desk, ledger.Owner) {
	t.Helper()
	l, err := drivers.Open(t.Context(), drivers.SQLite(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	ledgertest.Accepted(t, l, "f1", 4)
	for i, s := range []batch.Status{batch.Delivered, batch.Delivered, batch.Rejected, batch.Unknown} {
		if err := l.Record(ledgertest.Settled("f1", i, s)).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ledgertest.Accepted(t, l, "f2", 3)
	cfg := &configs.Config{Accounts: map[string]configs.Account{"otms": {}},
		Routes: map[string]configs.Route{"orders": {Account: "otms", Operation: "remove"}}}
	return &desk.Desk{Books: l, Orders: l, Config: cfg}, l
}

// What makes no sense is refused with a reason that machines know, before anything is written.
func TestRefusals(t *testing.T) {
	d, l := office(t)
	for name, c := range map[string]struct {
		order ledger.Order
		want  desk.Reason
	}{
		"no file":                   {ledger.Order{Verb: ledger.Cancel, File: "2020"}, desk.NoFile},
		"an empty id":               {ledger.Order{Verb: ledger.Cancel}, desk.EmptyID},
		"several files":             {ledger.Order{Verb: ledger.Cancel, File: "f"}, desk.Ambiguous},
		"cancel what ended":         {ledger.Order{Verb: ledger.Cancel, File: "f1"}, desk.HasEnded},
		"resend what is sent":       {ledger.Order{Verb: ledger.Resend, File: "f2", Statuses: []batch.Status{batch.Failed}}, desk.NotEnded},
		"resend nothing":            {ledger.Order{Verb: ledger.Resend, File: "f1", Statuses: []batch.Status{batch.Failed}}, desk.NothingFit},
		"resend what was delivered": {ledger.Order{Verb: ledger.Resend, File: "f1", Statuses: []batch.Status{batch.Delivered}}, desk.NotAgain},
		"resend no outcome":         {ledger.Order{Verb: ledger.Resend, File: "f1", Statuses: []batch.Status{"lost"}}, desk.NoOutcome},
		"resend without a word":     {ledger.Order{Verb: ledger.Resend, File: "f1"}, desk.NoOutcomes},
		"no such order":             {ledger.Order{Verb: "burn", File: "f2"}, desk.NoVerb},
	} {
		_, err := d.Weigh(t.Context(), c.order)
		no, ok := errors.AsType[*desk.Refusal](err)
		if !ok || no.Reason != c.want {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, lang := range batch.Languages() {
			if said := no.Say(lang); said == "" || said == "desk."+string(no.Reason) {
				t.Errorf("%s: in %s it says %q", name, lang, said)
			}
		}
	}
	if waiting, err := l.Ordered(t.Context()); err != nil || len(waiting) > 0 {
		t.Fatalf("refused orders were left in the ledger: %v, %v", waiting, err)
	}
}

// From when on files are asked for is read in one way, on the command line and in the console.
func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.FixedZone("", 8*3600))
	for text, want := range map[string]time.Time{
		"30m": now.Add(-30 * time.Minute), "7d": now.AddDate(0, 0, -7), "2026-11-22": time.Date(2026, 11, 22, 0, 0, 0, 0, now.Location()),
		"2026-11-22 10:00:00": time.Date(2026, 11, 22, 10, 0, 0, 0, now.Location()), "2026-11-29T10:00:00Z": time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
	} {
		if got, ok := desk.Since(text, now); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, wrong := range []string{"", "x", "-1d", "-2h", "d", "30", "2026-13-01"} {
		if got, ok := desk.Since(wrong, now); ok {
			t.Errorf("%q: %v", wrong, got)
		}
	}
}

// What is said of a row names our columns as they are called in the result that is out: a workbook's headings, or a CSV's names.
func TestColumnsAreCalledAsInTheResult(t *testing.T) {
	d, l := office(t)
	verdict := ledgertest.Settled("f2", 0, batch.Skipped)
	verdict.Verdict.Message = `write "resend" in the column "Result: status"`
	for _, e := range []ledger.Event{verdict, ledgertest.Settled("f2", 1, batch.Delivered), ledgertest.Settled("f2", 2, batch.Delivered)} {
		if err := l.Record(e).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	said := func() string {
		rows, _, err := d.Page(t.Context(), ledger.RowQuery{File: "f2", Limit: 1})
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		return rows[0].Outcome.Message
	}
	for _, c := range []struct {
		results []string
		want    string
	}{
		{nil, `write "resend" in the column "Result: status"`},
		{[]string{"f2.result.csv", "f2.summary.json"}, `write "resend" in the column "status"`},
	} {
		if c.results != nil {
			if err := l.Report(t.Context(), "f2", c.results); err != nil {
				t.Fatal(err)
			}
		}
		if got := said(); got != c.want {
			t.Errorf("%v: %s", c.results, got)
		}
		for r, err := range d.Rows(t.Context(), "f2", desk.Rows{Statuses: []batch.Status{batch.Skipped}}) {
			if err != nil || r.Outcome.Message != c.want {
				t.Errorf("%v: %s, %v", c.results, r.Outcome.Message, err)
			}
		}
	}
}

// An order is left for the owner, and the receipt says in numbers what it does; nobody but the clerk changes the books.
func TestAnOrder(t *testing.T) {
	d, l := office(t)
	ctx, stop := context.WithCancel(t.Context())
	obeyed := make(chan error, 1)
	go func() {
		clerk := &desk.Clerk{Ledger: l, Log: slog.New(slog.DiscardHandler)}
		for ctx.Err() == nil {
			if err := clerk.Work(ctx); err != nil {
				obeyed <- err
				return
			}
		}
		obeyed <- nil
	}()
	got, err := d.Ask(t.Context(), ledger.Order{Verb: ledger.Resend, File: "f1", Statuses: []batch.Status{batch.Rejected, batch.Unknown}})
	stop()
	if err := errors.Join(err, <-obeyed); err != nil {
		t.Fatal(err)
	}
	if !got.Taken || got.Rows != 2 || got.Of != 4 || got.File != "f1" {
		t.Errorf("%+v", got)
	}
	if f, err := d.File(t.Context(), "f1"); err != nil || f.Standing != desk.Waiting || f.Counts.Pending() != 2 || f.Revision != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

// Why a file does not go on has a reason, and the first thing that hinders it is told.
func TestStandings(t *testing.T) {
	d, l := office(t)
	stand := func(id string, want desk.Standing) {
		t.Helper()
		if f, err := d.File(t.Context(), id); err != nil || f.Standing != want {
			t.Errorf("%s is %q (%s), want %q; %v", id, f.Standing, f.Why, want, err)
		}
	}
	stand("f1", desk.UnderWay)
	stand("f2", desk.Waiting)
	if err := l.Keep(t.Context(), desk.StalledKey, `{"f1": "set write: direct"}`); err != nil {
		t.Fatal(err)
	}
	stand("f1", desk.Stalled)
	if err := l.Keep(t.Context(), desk.StalledKey, "{}"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.PauseLane(t.Context(), "otms", "refused"), l.Report(t.Context(), "f1", nil)); err != nil {
		t.Fatal(err)
	}
	stand("f1", desk.Ended)
	stand("f2", desk.Stopped)
	if err := l.Pause(t.Context(), "f2", "by a person"); err != nil {
		t.Fatal(err)
	}
	stand("f2", desk.Paused)
	d.Config.Routes["orders"] = configs.Route{Account: "otms", Operation: "create"}
	stand("f2", desk.Misfitting)
	stand("f1", desk.Ended)
	f, err := d.File(t.Context(), "f2")
	if err != nil {
		t.Fatal(err)
	}
	routes := d.Config.Routes
	for want, under := range map[string]map[string]configs.Route{
		"в конфигурации больше нет маршрута": {}, "строки подготовлены для операции": routes, "учётную запись": {f.Route: {Account: "another", Operation: f.Operation}},
	} {
		d.Config.Routes, f.Language = under, batch.Russian
		if stands := d.Standings([]ledger.File{f.File}, nil, nil); !strings.Contains(stands[0].Why, want) || !strings.Contains(stands[0].Why, "rowferry cancel f2") {
			t.Errorf("a file says why it waits in another language than its own: %q, want %q", stands[0].Why, want)
		}
	}
}

// Rows are selected by outcome, by what is said of them, and by whether they were delivered.
func TestRows(t *testing.T) {
	d, _ := office(t)
	for name, c := range map[string]struct {
		which desk.Rows
		want  []int
	}{
		"all":         {desk.Rows{}, []int{2, 3, 4, 5}},
		"undelivered": {desk.Rows{Undelivered: true}, []int{4, 5}},
		"an outcome":  {desk.Rows{Statuses: []batch.Status{batch.Rejected}}, []int{4}},
		"no text":     {desk.Rows{Text: "weight"}, nil},
	} {
		var got []int
		for r, err := range d.Rows(t.Context(), "f1", c.which) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Number)
		}
		if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Why an account is stopped is said in the configuration's language, as everything that is told of accounts.
func TestAPausedAccountSaysSoInTheLanguage(t *testing.T) {
	_, l := office(t)
	clerk := &desk.Clerk{Ledger: l, Log: slog.New(slog.DiscardHandler), Language: batch.Chinese}
	if err := clerk.Obey(t.Context(), ledger.Order{Verb: ledger.Pause, Account: "les"}); err != nil {
		t.Fatal(err)
	}
	lanes, err := l.Lanes(t.Context())
	if want := words.Of(batch.Chinese, "lane.person", "account", "les"); err != nil || lanes["les"] != want {
		t.Errorf("%q, %v, want %q", lanes["les"], err, want)
	}
}

// An order that was given in time and does not fit any more is the mistake of whoever gave it: a warning, where an error would wake somebody.
func TestARefusedOrderIsNoError(t *testing.T) {
	_, l := office(t)
	for _, o := range []ledger.Order{{Verb: ledger.Cancel, File: "f3"}, {Verb: ledger.Resend, File: "f2", Statuses: []batch.Status{batch.Failed}}} {
		if _, err := l.Order(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	var said strings.Builder
	if err := (&desk.Clerk{Ledger: l, Log: slog.New(slog.NewTextHandler(&said, nil))}).Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := said.String(); strings.Count(text, "level=WARN") != 2 || strings.Contains(text, "level=ERROR") {
		t.Error(text)
	}
}
