package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/ledgertest"
	"github.com/rowferry/rowferry/ledger/sqlite"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/notices/noticestest"
	"github.com/rowferry/rowferry/pipeline/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What changes in the books, and what goes on, is told by both ways: grouped, once, over a restart and a server that is down.
func TestNotices(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	h, box := &noticestest.Hook{}, &noticestest.Mailbox{}
	server := httptest.NewServer(h)
	defer server.Close()
	cfg := &configs.Config{Language: batch.Chinese, Routes: map[string]configs.Route{"r": {Name: "r", Language: batch.English, Expect: &configs.Expect{By: "09:00", Days: "MON-FRI", Zone: "Asia/Shanghai"}}},
		Notices: configs.Notices{Repeat: time.Hour, Digest: "18:00", Zone: "Asia/Shanghai", Webhook: &configs.Webhook{URL: server.URL, Secret: configs.NewSecret(noticestest.Secret)}, Mail: box.Serve(t)}}
	now := time.Date(2026, 11, 23, 0, 30, 0, 0, time.UTC) // Monday, 08:30 in Shanghai
	var going []notify.Condition
	var untold map[string]string
	start := func() (turn func(), stop func()) {
		channels, err := notify.Channels(cfg.Notices)
		must(t, err)
		teller := &notify.Teller{Books: l, Config: cfg, Channels: channels, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
			Going:  func(context.Context) ([]notify.Condition, error) { return going, nil },
			Untold: func(_ context.Context, why map[string]string) error { untold = why; return nil }}
		must(t, teller.Open(t.Context()))
		return func() { t.Helper(); must(t, teller.Turn(t.Context())) }, func() { http.DefaultTransport.(*http.Transport).CloseIdleConnections() }
	}
	seen := 0
	want := func(titles ...string) {
		t.Helper()
		var got []string
		for _, m := range h.Got()[seen:] {
			seen++
			for _, n := range m.Notices {
				got = append(got, n.Title)
			}
		}
		if strings.Join(got, "\n") != strings.Join(titles, "\n") {
			t.Errorf("told:\n%q\nwant:\n%q", got, titles)
		}
	}
	turn, _ := start()
	turn()
	want()

	// Two files end, one of them well; the notice comes once.
	end(t, l, "f1", batch.Rejected)
	end(t, l, "f2", batch.Delivered)
	turn()
	turn()
	f1, err := l.File(t.Context(), "f1")
	must(t, err)
	want(f1.Name + ": 1 of 2 rows needs you")
	if got := box.Got(); len(got) != 1 || !strings.Contains(got[0].Body, "Auto-Submitted: auto-generated") || !strings.Contains(got[0].Body, "delivered 1, rejected 1") {
		t.Errorf("mail: %v", got)
	}

	// An account stops while nobody can be told; after a restart it is told, later again, and that it is over.
	h.Down(true)
	box.Down(true)
	going = []notify.Condition{{Key: "account/otms", Kind: notices.Account, Who: "otms", Reason: "refused"}}
	turn()
	want()
	if len(untold) != 0 {
		t.Errorf("told at once that nobody is told: %q", untold)
	}
	now = now.Add(time.Minute)
	turn, _ = start()
	turn()
	if len(untold) != 2 || !strings.Contains(untold["webhook"], "2026-11-23 00:30 UTC") || !strings.Contains(untold["webhook"], "403 Forbidden: no") {
		t.Errorf("nobody is told, and this is said of it: %q", untold)
	}
	h.Down(false)
	box.Down(false)
	turn, _ = start()
	turn()
	want("账户 otms 已停止发送")
	if len(untold) != 0 {
		t.Errorf("somebody is told, and this is said: %q", untold)
	}
	turn()
	want()
	now = now.Add(time.Hour) // and it is 09:30: no file has come to the route today
	turn()
	want("账户 otms 已停止发送", "No file came for route r")
	going = nil
	turn()
	want("已解除：账户 otms 已停止发送")

	// The day's sum, once.
	now = now.Add(9 * time.Hour)
	turn()
	want("No file came for route r", "截至 2026-11-23 的一天")
	turn()
	want()
	told := map[string]bool{}
	for _, m := range append(h.Got(), box.Got()...) {
		if told[m.ID] {
			t.Errorf("%s was told twice", m.ID)
		}
		told[m.ID] = true
	}
}

// What nothing is known of since the start is neither told anew nor told to be over, and a day on which nothing came is never told to be well.
func TestWhatIsOver(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	told := &memory{}
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) // Monday, 10:00 in Shanghai
	var going []notify.Condition
	teller := &notify.Teller{Books: l, Channels: []notices.Channel{told}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Config: &configs.Config{Language: batch.English, Notices: configs.Notices{Repeat: 24 * time.Hour},
			Routes: map[string]configs.Route{"r": {Name: "r", Language: batch.Russian, Expect: &configs.Expect{By: "09:00", Days: "MON-SUN", Zone: "Asia/Shanghai"}}}},
		Going: func(context.Context) ([]notify.Condition, error) { return going, nil }}
	must(t, teller.Open(t.Context()))
	partner := notify.Condition{Key: "partner/r", Kind: notices.Partner, Who: "r", Reason: "refused"}
	unsure := partner
	unsure.Unsure = true
	for _, step := range []struct {
		going []notify.Condition
		later time.Duration
		want  string
	}{
		{[]notify.Condition{unsure}, 0, "Для маршрута r не пришёл файл"},
		{[]notify.Condition{partner}, 0, "Входящая папка маршрута r недоступна"},
		{[]notify.Condition{unsure}, time.Minute, ""}, // a restart
		{[]notify.Condition{partner}, time.Minute, ""},
		{nil, time.Minute, "Прошло: Входящая папка маршрута r недоступна"},
		{nil, 20 * time.Hour, ""}, // Tuesday, before nine
		{nil, 4 * time.Hour, "Для маршрута r не пришёл файл"},
	} {
		going, now = step.going, now.Add(step.later)
		must(t, teller.Turn(t.Context()))
		if got := strings.Join(told.take(), ", "); got != step.want {
			t.Errorf("at %s: %q, want %q", now, got, step.want)
		}
	}
}

// memory is a channel that remembers titles.
type memory struct{ titles []string }

func (*memory) Name() string { return "memory" }
func (c *memory) Tell(_ context.Context, m notices.Message) error {
	for _, n := range m.Notices {
		c.titles = append(c.titles, n.Title)
	}
	return nil
}

func (c *memory) take() []string {
	defer func() { c.titles = nil }()
	return c.titles
}

// One look that fails loses nothing of what it saw before it failed.
func TestALookThatFails(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	told := &memory{}
	var trouble error
	teller := &notify.Teller{Books: l, Channels: []notices.Channel{told}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Config: &configs.Config{},
		Going: func(context.Context) ([]notify.Condition, error) { return nil, trouble }}
	must(t, teller.Open(t.Context()))
	end(t, l, "f1", batch.Rejected)
	trouble = errors.New("the disk is full")
	if err := teller.Turn(t.Context()); !errors.Is(err, trouble) {
		t.Fatal(err)
	}
	trouble = nil
	must(t, teller.Turn(t.Context()))
	if got := told.take(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

// A result that is written again because receipts came is no news; rows that were sent again are.
func TestResultsWrittenAgain(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	told := &memory{}
	teller := &notify.Teller{Books: l, Channels: []notices.Channel{told}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Config: &configs.Config{},
		Going: func(context.Context) ([]notify.Condition, error) { return nil, nil }}
	must(t, teller.Open(t.Context()))
	end(t, l, "f1", batch.Rejected)
	must(t, teller.Turn(t.Context()))
	must(t, l.Revise(t.Context(), "f1"))
	must(t, l.Report(t.Context(), "f1", []string{"f1.r2.result.csv"}))
	must(t, teller.Turn(t.Context()))
	if got := told.take(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

// A message that a webhook refuses for ever keeps no later one waiting, over a restart, nor what went with it: people who look are told of
// the one notice that is refused until it is given up. One that refuses everything for a while loses nothing.
func TestAMessageThatIsRefusedForEver(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	h := &noticestest.Hook{Never: "f2.result.csv"}
	server := httptest.NewServer(h)
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	now, untold := time.Now(), map[string]string{}
	start := func() *notify.Teller {
		channels, err := notify.Channels(configs.Notices{Webhook: &configs.Webhook{URL: server.URL, Secret: configs.NewSecret(noticestest.Secret)}})
		must(t, err)
		teller := &notify.Teller{Books: l, Channels: channels, Log: slog.New(slog.DiscardHandler), Config: &configs.Config{}, Now: func() time.Time { return now },
			Going:  func(context.Context) ([]notify.Condition, error) { return nil, nil },
			Untold: func(_ context.Context, why map[string]string) error { untold = why; return nil }}
		must(t, teller.Open(t.Context()))
		return teller
	}
	teller := start()
	after := func(d time.Duration, told ...string) {
		t.Helper()
		for end := now.Add(d); now.Before(end); now = now.Add(max(30*time.Second, d/60)) {
			must(t, teller.Turn(t.Context()))
		}
		var got []string
		for _, m := range h.Got() {
			for _, n := range m.Notices {
				got = append(got, n.File)
			}
		}
		if !slices.Equal(got, told) {
			t.Errorf("told of %q, want %q", got, told)
		}
		h.Forget()
	}
	for _, id := range []string{"f1", "f2", "f3"} {
		end(t, l, id, batch.Rejected)
	}
	after(time.Minute)
	end(t, l, "f4", batch.Rejected)
	after(15*time.Minute, "f4", "f1", "f3")
	teller = start()
	end(t, l, "f5", batch.Rejected)
	after(2*time.Hour, "f5")
	if why := untold["webhook"]; strings.Count(why, "1 of 2 rows") != 1 || !strings.Contains(why, "400 Bad Request: not this one") {
		t.Errorf("of the notice that is refused this is said: %q", why)
	}
	h.Down(true)
	end(t, l, "f6", batch.Rejected)
	after(time.Minute)
	end(t, l, "f7", batch.Rejected)
	after(4 * 24 * time.Hour)
	h.Down(false)
	after(time.Hour+time.Minute, "f7", "f6")
	after(4 * 24 * time.Hour)
	if len(untold) != 0 {
		t.Errorf("everybody is told, and this is said: %q", untold)
	}
}

// A webhook that asks for a pause is left alone as long, whatever its answer.
func TestAWebhookThatAsksForAPause(t *testing.T) {
	asked, pause := 0, "120"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; pause != "" {
			w.Header().Set("Retry-After", pause)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	channels, err := notify.Channels(configs.Notices{Webhook: &configs.Webhook{URL: server.URL, Secret: configs.NewSecret(noticestest.Secret)}})
	must(t, err)
	start := time.Now()
	now := start
	teller := &notify.Teller{Books: l, Channels: channels, Log: slog.New(slog.DiscardHandler), Config: &configs.Config{}, Now: func() time.Time { return now },
		Going: func(context.Context) ([]notify.Condition, error) { return nil, nil }}
	must(t, teller.Open(t.Context()))
	end(t, l, "f1", batch.Rejected)
	for _, step := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {119 * time.Second, 1}, {120 * time.Second, 2}, {10 * time.Minute, 2}, {time.Hour + 2*time.Minute, 3}} {
		now = start.Add(step.after)
		if step.asked == 2 {
			pause = start.Add(time.Hour).UTC().Format(http.TimeFormat)
		}
		must(t, teller.Turn(t.Context()))
		if asked != step.asked {
			t.Errorf("after %s it was asked %d times, want %d", step.after, asked, step.asked)
		}
	}
}

// A recipient whom the mail server does not know keeps nobody else from being told.
func TestAStrangerAmongRecipients(t *testing.T) {
	box := &noticestest.Mailbox{}
	to := box.Serve(t)
	to.To = []string{"one@example.com", noticestest.Stranger, "two@example.com"}
	channels, err := notify.Channels(configs.Notices{Mail: to})
	must(t, err)
	m := notices.MessageOf([]notices.Notice{{ID: "1", Title: "title", Text: "text"}}, time.Now())
	err = channels[0].Tell(t.Context(), m)
	if _, partly := errors.AsType[*notices.Partly](err); !partly {
		t.Errorf("%v", err)
	}
	wrote(t, box, "one@example.com two@example.com")
}

// Where a mail server takes only so many recipients at a time, each gets a letter of their own, and everybody is told.
func TestTooManyRecipients(t *testing.T) {
	box := &noticestest.Mailbox{Most: 1}
	to := box.Serve(t)
	to.To = []string{"one@example.com", "two@example.com"}
	channels, err := notify.Channels(configs.Notices{Mail: to})
	must(t, err)
	must(t, channels[0].Tell(t.Context(), notices.MessageOf([]notices.Notice{{ID: "1", Title: "title", Text: "text"}}, time.Now())))
	wrote(t, box, "one@example.com two@example.com")
}

// Who has a message is written down: after a restart it goes to those alone who have it not.
func TestAMessageThatSomeHave(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	box := &noticestest.Mailbox{}
	to := box.Serve(t)
	to.To = []string{"full@example.com", "one@example.com"}
	start := func() *notify.Teller {
		channels, err := notify.Channels(configs.Notices{Mail: to})
		must(t, err)
		teller := &notify.Teller{Books: l, Channels: channels, Log: slog.New(slog.DiscardHandler), Now: time.Now, Config: &configs.Config{},
			Going: func(context.Context) ([]notify.Condition, error) { return nil, nil }}
		must(t, teller.Open(t.Context()))
		return teller
	}
	box.Fill("full@example.com")
	teller := start()
	end(t, l, "f1", batch.Rejected)
	must(t, teller.Turn(t.Context()))
	wrote(t, box, "one@example.com")
	teller = start()
	must(t, teller.Turn(t.Context()))
	wrote(t, box, "one@example.com")
	box.Fill("")
	teller = start()
	must(t, teller.Turn(t.Context()))
	must(t, teller.Turn(t.Context()))
	wrote(t, box, "one@example.com full@example.com")
}

// What a webhook answers is told as it is, without the parts of its address that are secret; a good status that brings an error code of
// DingTalk or WeCom is none.
func TestWhatAWebhookAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		says   string // "": it was taken
	}{
		"taken":                {200, "ok", ""},
		"nothing said":         {204, "", ""},
		"a robot takes it":     {200, `{"errcode":0,"errmsg":"ok"}`, ""},
		"codes of one's own":   {200, `{"code":200,"msg":"ok"}`, ""},
		"a robot refuses":      {200, `{"errcode":40035,"errmsg":"missing parameter: msgtype"}`, "errcode 40035: missing parameter: msgtype"},
		"a reason":             {400, "invalid_payload\n", "400 Bad Request: invalid_payload"},
		"a page":               {502, "<html>nginx</html>", "502 Bad Gateway"},
		"the address repeated": {404, "Cannot POST /services/T0SECRETS/very1secret", "404 Not Found: Cannot POST /"},
		"it moved":             {308, "", "write its new address as url"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			channels, err := notify.Channels(configs.Notices{Webhook: &configs.Webhook{URL: server.URL + "/services/T0SECRETS/very1secret", Secret: configs.NewSecret(noticestest.Secret)}})
			must(t, err)
			err = channels[0].Tell(t.Context(), notices.MessageOf([]notices.Notice{{ID: "1", Title: "title", Text: "text"}}, time.Now()))
			said := fmt.Sprint(err)
			if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(said, c.says) || strings.Contains(strings.ToLower(said), "secret")) {
				t.Errorf("%v", err)
			}
		})
	}
}

func wrote(t *testing.T, box *noticestest.Mailbox, want string) {
	t.Helper()
	var told []string
	for _, m := range box.Got() {
		told = append(told, m.To...)
	}
	if strings.Join(told, " ") != want {
		t.Errorf("told: %q", told)
	}
}

// errKilled is the error of everything after the program was killed.
var errKilled = errors.New("killed")

// fate lets a program live for so many steps. Each write and each message is two steps: before the other side has it, and after.
type fate struct{ steps int }

func (f *fate) step(do func() error) error {
	if f.steps--; f.steps < 0 {
		return errKilled
	}
	if err := do(); err != nil {
		return err
	}
	if f.steps--; f.steps < 0 {
		return errKilled
	}
	return nil
}

type mortalBooks struct {
	notify.Books
	*fate
}

func (b mortalBooks) Keep(ctx context.Context, key, value string) error {
	return b.step(func() error { return b.Books.Keep(ctx, key, value) })
}

type mortalChannel struct {
	notices.Channel
	*fate
}

func (c mortalChannel) Tell(ctx context.Context, m notices.Message) error {
	return c.step(func() error { return c.Channel.Tell(ctx, m) })
}

// Wherever the program is killed, before or after any write and any message, by webhook and by mail nothing is lost; and what comes
// twice has the same ID, is the same message, and, as a mail, says so.
func TestKilledAtEveryStep(t *testing.T) {
	h, box := &noticestest.Hook{}, &noticestest.Mailbox{}
	server := httptest.NewServer(h)
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	ways := configs.Notices{Repeat: time.Hour, Webhook: &configs.Webhook{URL: server.URL, Secret: configs.NewSecret(noticestest.Secret)}, Mail: box.Serve(t)}
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	twice := 0
	for steps, lived := 0, false; !lived; steps++ {
		lived = killedAfter(t, l, ways, steps)
		whole(t, steps, "webhook", h.Got(), &twice)
		whole(t, steps, "mail", box.Got(), &twice)
		h.Forget()
		box.Forget()
	}
	if twice < 2 {
		t.Errorf("%d messages came twice: the test did not reach what it should", twice)
	}
}

// killedAfter has a program tell of what happens, killed after so many steps and started again; lived: it ended before that.
func killedAfter(t *testing.T, l ledger.Owner, ways configs.Notices, steps int) (lived bool) {
	t.Helper()
	must(t, l.Keep(t.Context(), "notices", "")) // as if it were the first start
	channels, err := notify.Channels(ways)
	must(t, err)
	var going []notify.Condition
	life := &fate{steps}
	start := func() *notify.Teller {
		teller := &notify.Teller{Books: mortalBooks{l, life}, Config: &configs.Config{Language: batch.English, Notices: ways}, Log: slog.New(slog.DiscardHandler),
			Now: time.Now, Going: func(context.Context) ([]notify.Condition, error) { return going, nil }}
		for _, c := range channels {
			teller.Channels = append(teller.Channels, mortalChannel{c, life})
		}
		return teller
	}
	teller := start()
	turn := func() {
		if err := teller.Turn(t.Context()); err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if life.steps >= 0 {
			return
		}
		*life = fate{1 << 30}
		teller = start()
		must(t, teller.Open(t.Context()))
		must(t, teller.Turn(t.Context()))
	}
	if err := teller.Open(t.Context()); err != nil { // killed at the very first start
		*life = fate{1 << 30}
		teller = start()
		must(t, teller.Open(t.Context()))
	}
	end(t, l, fmt.Sprintf("a%d", steps), batch.Rejected)
	turn()
	going = []notify.Condition{{Key: "account/les", Kind: notices.Account, Who: "les", Reason: "refused"}}
	end(t, l, fmt.Sprintf("b%d", steps), batch.Rejected)
	turn()
	going = nil
	turn()
	turn()
	return life.steps < 1<<29
}

// whole fails where something is lost, or what came twice is not the same.
func whole(t *testing.T, steps int, way string, got []noticestest.Message, twice *int) {
	t.Helper()
	first, all := map[string]string{}, ""
	for _, m := range got {
		body, again := strings.CutPrefix(m.Plain(), "This message may have come before: it could not be seen whether it arrived.\n\n")
		before, known := first[m.ID]
		switch {
		case known && before != body:
			t.Errorf("killed after %d steps: %s %s came again as\n%s\nand was\n%s", steps, way, m.ID, body, before)
		case known && way == "mail" && !again:
			t.Errorf("killed after %d steps: mail %s came again and does not say so", steps, m.ID)
		case known:
			*twice++
		default:
			first[m.ID] = body
			all += body + "\n"
		}
	}
	for _, title := range []string{fmt.Sprintf("Results: a%d.result.csv", steps), fmt.Sprintf("Results: b%d.result.csv", steps), "Account les does not send", "Over: Account les does not send"} {
		if n := strings.Count(all, title) - strings.Count(all, "Over: "+title); n != 1 {
			t.Errorf("killed after %d steps: %q was told %d times by %s", steps, title, n, way)
		}
	}
}

// end has a file end, one of its two rows with a status and the other delivered.
func end(t *testing.T, l ledger.Owner, id string, s batch.Status) {
	t.Helper()
	ledgertest.Accepted(t, l, id, 2)
	must(t, l.Record(ledgertest.Settled(id, 0, s), ledgertest.Settled(id, 1, batch.Delivered)).Wait(t.Context()))
	must(t, l.Report(t.Context(), id, []string{id + ".result.csv"}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// crowded is a ledger in which very many files were refused within seconds.
type crowded struct{ ledger.Owner }

func (crowded) Files(context.Context, ledger.Query) (all []ledger.File, err error) {
	for i := range 3000 {
		f := ledgertest.File(fmt.Sprintf("f%04d", i))
		f.State, f.Reason, f.Change = ledger.Quarantined, "no table", int64(i+1)
		all = append(all, f)
	}
	return all, nil
}

// However many files change at the same time, each is told of once: a look gives again what changed within half a minute, also right after
// a restart.
func TestVeryManyAtOnce(t *testing.T) {
	l, err := sqlite.Driver{Dir: t.TempDir()}.Open(t.Context())
	must(t, err)
	defer func() { must(t, l.Close()) }()
	told := &memory{}
	for range 2 {
		teller := &notify.Teller{Books: crowded{l}, Channels: []notices.Channel{told}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Config: &configs.Config{},
			Going: func(context.Context) ([]notify.Condition, error) { return nil, nil }}
		must(t, teller.Open(t.Context()))
		for range 3 {
			must(t, teller.Turn(t.Context()))
		}
	}
	if n := len(told.take()); n != 3000 {
		t.Errorf("told %d times of 3000 files", n)
	}
}
