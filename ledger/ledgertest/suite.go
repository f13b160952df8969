// Package ledgertest holds the suite that every ledger passes.
package ledgertest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Opener opens the same ledger each time it is called: what was written before is there again.
type Opener func(t *testing.T) (ledger.Owner, error)

// open opens a ledger that must open.
func (o Opener) open(t *testing.T) ledger.Owner {
	t.Helper()
	l, err := o(t)
	must(t, err)
	return l
}

// Run runs the suite. fresh returns the opener of an empty ledger. While an owner has it open, another Open is the ledger of
// a second owner, or *ledger.InUse where a ledger has one at a time. Parts named in but are left to another run.
func Run(t *testing.T, fresh func(t *testing.T) Opener, but ...string) {
	parts := map[string]func(*testing.T, Opener){
		"a file's whole life":           life,
		"the same content comes again":  duplicate,
		"a claim comes to nothing":      forget,
		"a broken-off reading":          unstage,
		"a chunk that is not on disk":   hole,
		"two readers of one file":       readers,
		"a route that changed":          reroute,
		"a refused file":                refuse,
		"states forbid":                 states,
		"crash while sending":           crash,
		"many writers":                  many,
		"resend":                        requeue,
		"what was answered":             answers,
		"a family":                      kin,
		"pause, cancel, lanes, orders":  controls,
		"counts always balance":         balance,
		"queries":                       queries,
		"a repeat is known":             repeats,
		"prints of an older rowferry":   reprints,
		"two files race":                races,
		"a resend of what came again":   resends,
		"many prints":                   prints,
		"two owners":                    owners,
		"pages of rows":                 pages,
		"people and what they did":      people,
		"what providers say later":      receipts,
		"what is found out later":       remarks,
		"chunks keep items to the byte": fidelity,
		"what was kept long enough":     retention,
	}
	for _, name := range but {
		if parts[name] == nil {
			t.Fatalf("the suite has no part %q", name)
		}
		delete(parts, name)
	}
	for name, test := range parts {
		t.Run(name, func(t *testing.T) {
			opened, open := 0, fresh(t)
			test(t, func(t *testing.T) (ledger.Owner, error) { opened++; return open(t) })
			if once := slices.Contains(Once, name); once != (opened == 1) {
				t.Errorf("opened %d times; of those that open once: %t", opened, once)
			}
		})
	}
}

// Once are the parts that open their ledger once: they tell nothing of what opening it again finds.
var Once = []string{"the same content comes again", "a claim comes to nothing", "a chunk that is not on disk", "two readers of one file", "a refused file", "states forbid", "many writers", "a family",
	"pause, cancel, lanes, orders", "counts always balance", "queries", "two files race", "a resend of what came again", "pages of rows", "people and what they did", "chunks keep items to the byte"}

var day = time.Date(2026, 11, 22, 10, 15, 2, 0, time.UTC)

// File is a file in its first state.
func File(id string) ledger.File {
	return ledger.File{File: batch.File{ID: id, Route: "orders", Name: "orders.csv", TakenAt: day}, Account: "otms",
		Operation: "remove", Language: batch.English, Source: "inbox", Revision: 1, Arrived: ledger.Arrival{Size: 10, ModTime: day}}
}

// Items makes n items of one row each, from row first on.
func Items(first, n int) []ledger.Staged {
	out := make([]ledger.Staged, n)
	for i := range out {
		out[i] = ledger.Staged{Item: batch.Item{Seq: first + i, Rows: []int{first + i + 2}, Body: fmt.Appendf(nil, `{"no":"%05d"}`, first+i)}}
	}
	return out
}

// Accepted begins, takes, stages and accepts a file whose n items are all to be sent, in chunks of ten.
func Accepted(t *testing.T, l ledger.Owner, id string, n int) {
	t.Helper()
	ctx := t.Context()
	must(t, l.Begin(ctx, File(id)))
	if _, err := l.Take(ctx, id, "hash of "+id, 10); err != nil {
		t.Fatal(err)
	}
	for seq := 0; seq*10 < n; seq++ {
		l.Stage(ledger.Chunk{File: id, Seq: seq, Items: Items(seq*10, min(10, n-seq*10))})
	}
	must(t, l.Accept(ctx, id, ledger.Reading{Format: "csv", Columns: []batch.Column{{Name: "no", Ref: "A"}}}, batch.Counts{Read: n}, n, n))
}

// Settled is the event of an outcome for item i (of the whole file, ten a chunk).
func Settled(id string, i int, s batch.Status) ledger.Event {
	return ledger.Event{File: id, Chunk: i / 10, Item: i % 10, Kind: ledger.EventSettled, At: day.Add(time.Minute), Rows: []int{i + 2},
		Verdict: &ledger.Verdict{Outcome: batch.Outcome{Status: s, Code: "1", Attempts: 1, SentAt: day}}}
}

func life(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	Accepted(t, l, "f1", 25)
	f := file(t, l, "f1")
	if f.State != ledger.Sending || f.Open != 25 || f.Counts.Read != 25 || f.Hash != "hash of f1" || f.Reading.Format != "csv" {
		t.Fatalf("accepted file: %+v", f)
	}
	must(t, l.Rest(ctx, "f1"))
	for i := range 25 {
		l.Record(Settled("f1", i, batch.Delivered))
	}
	must(t, l.Record(ledger.Event{File: "f1", Kind: ledger.EventSending, At: day}).Wait(ctx))
	f = file(t, l, "f1")
	if f.State != ledger.Settled || f.Open != 0 || f.Counts.Delivered != 25 || !f.Rested || f.Finished.IsZero() {
		t.Fatalf("settled file: %+v", f)
	}
	must(t, l.Report(ctx, "f1", []string{"orders.f1.result.csv"}))
	must(t, l.Close())
	l = open.open(t)
	f = file(t, l, "f1")
	if f.State != ledger.Reported || !slices.Equal(f.Results, []string{"orders.f1.result.csv"}) {
		t.Fatalf("after opening again: %+v", f)
	}
	must(t, l.Close())
}

func duplicate(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 1)
	must(t, l.Begin(ctx, File("f2")))
	earlier, err := l.Take(ctx, "f2", "hash of f1", 10)
	if err != nil || earlier == nil || earlier.ID != "f1" {
		t.Fatalf("earlier %v, %v", earlier, err)
	}
	if f := file(t, l, "f2"); f.State != ledger.Duplicate || f.Reason != "f1" {
		t.Fatalf("%+v", f)
	}
	other := File("f3")
	other.Route = "another"
	must(t, l.Begin(ctx, other))
	if earlier, err := l.Take(ctx, "f3", "hash of f1", 10); err != nil || earlier != nil {
		t.Fatalf("on another route: %v, %v", earlier, err)
	}
}

func forget(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, l.Begin(ctx, File("f1")))
	if err := l.Begin(ctx, File("f1")); !errors.Is(err, ledger.ErrExists) {
		t.Fatalf("the same id twice: %v", err)
	}
	must(t, l.Forget(ctx, "f1"))
	if _, err := l.File(ctx, "f1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("forgotten file: %v", err)
	}
	Accepted(t, l, "f2", 1)
	must(t, l.Forget(ctx, "f2"))
	file(t, l, "f2") // an accepted file is not forgotten
}

func unstage(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	must(t, l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 10)}).Wait(ctx))
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	must(t, l.Unstage(ctx, "f1"))
	l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 3)})
	must(t, l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 3}, 3, 3))
	c, err := l.Chunk(ctx, "f1", 0)
	if err != nil || len(c.Items) != 3 {
		t.Fatalf("%v, %v", c, err)
	}
	if err := l.Unstage(ctx, "f1"); !errors.Is(err, ledger.ErrState) {
		t.Fatalf("unstaging an accepted file: %v", err)
	}
}

// hole: what could not be staged is never missed in silence, and reading the file again mends it.
func hole(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	must(t, l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 10)}).Wait(ctx))
	if err := l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 10)}).Wait(ctx); err == nil {
		t.Fatal("a chunk was staged twice")
	}
	if err := l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 10}, 10, 10); err == nil {
		t.Fatal("a file was accepted of which a chunk could not be staged")
	}
	if f := file(t, l, "f1"); f.State != ledger.Taken {
		t.Fatalf("%+v", f)
	}
	must(t, l.Unstage(ctx, "f1"))
	l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 3)})
	must(t, l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 3}, 3, 3))
}

// readers: of a file that two read at once, each undoing what the other staged, nothing is accepted that is not whole; and what one
// stages too late is refused without harm to others.
func readers(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	begun := func(id string) {
		must(t, l.Begin(ctx, File(id)))
		_, err := l.Take(ctx, id, "hash of "+id, 1)
		must(t, err)
	}
	stage := func(id string, seq int) ledger.Receipt {
		return l.Stage(ledger.Chunk{File: id, Seq: seq, Items: Items(seq*10, 10)})
	}
	accept := func(id string, rows, items int) error {
		return l.Accept(ctx, id, ledger.Reading{}, batch.Counts{Read: rows}, items, items)
	}
	for name, between := range map[string]func(id string){
		"all gone":         func(id string) { must(t, l.Unstage(ctx, id)) },
		"the first gone":   func(id string) { must(t, l.Unstage(ctx, id)); stage(id, 2) },
		"the last gone":    func(id string) { must(t, l.Unstage(ctx, id)); stage(id, 0); stage(id, 1) },
		"the middle gone":  func(id string) { must(t, l.Unstage(ctx, id)); stage(id, 0); stage(id, 2) },
		"one more":         func(id string) { stage(id, 3) },
		"others than read": func(id string) { must(t, l.Unstage(ctx, id)); l.Stage(ledger.Chunk{File: id, Items: Items(0, 29)}) },
	} {
		begun(name)
		for seq := range 3 {
			stage(name, seq)
		}
		between(name)
		if err := accept(name, 30, 30); !errors.Is(err, ledger.ErrMissing) {
			t.Errorf("%s: %v", name, err)
		}
		if f := file(t, l, name); f.State != ledger.Taken || f.Items != 0 {
			t.Errorf("%s: %+v", name, f)
		}
		must(t, l.Unstage(ctx, name))
		stage(name, 0)
		if err := accept(name, 10, 9); !errors.Is(err, ledger.ErrMissing) {
			t.Errorf("%s, an item too many: %v", name, err)
		}
		must(t, accept(name, 10, 10))
	}
	begun("f1")
	before := l.Record(Settled("all gone", 0, batch.Delivered))
	good, late, lost, twice := stage("f1", 0), stage("all gone", 1), stage("nothing", 0), stage("f1", 0)
	must(t, before.Wait(ctx))
	must(t, good.Wait(ctx))
	if err := late.Wait(ctx); !errors.Is(err, ledger.ErrState) {
		t.Errorf("rows for an accepted file: %v", err)
	}
	if err := lost.Wait(ctx); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("rows for no file: %v", err)
	}
	if err := twice.Wait(ctx); err == nil {
		t.Error("a chunk was staged twice")
	}
	if f := file(t, l, "all gone"); f.Counts.Delivered != 1 {
		t.Errorf("%+v", f)
	}
}

func reroute(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	must(t, l.Begin(ctx, File("f1")))
	must(t, l.Reroute(ctx, "f1", "other", "add"))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	must(t, l.Reroute(ctx, "f1", "third", "change"))
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	f := file(t, l, "f1")
	if f.State != ledger.Taken || f.Account != "third" || f.Operation != "change" || f.Hash != "h" {
		t.Fatalf("%+v", f)
	}
	for account, want := range map[string]int{"third": 1, "other": 0, "otms": 0} {
		if found, err := l.Files(ctx, ledger.Query{Account: account}); err != nil || len(found) != want {
			t.Errorf("files of %s: %v, %v; want %d", account, found, err, want)
		}
	}
	Accepted(t, l, "f2", 1)
	if err := l.Reroute(ctx, "f2", "other", "add"); !errors.Is(err, ledger.ErrState) {
		t.Errorf("an accepted file: %v", err)
	}
	if err := l.Reroute(ctx, "nothing", "other", "add"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an unknown file: %v", err)
	}
}

func refuse(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	l.Stage(ledger.Chunk{File: "f1", Items: Items(0, 10)})
	must(t, l.Refuse(ctx, "f1", "cut off"))
	if f := file(t, l, "f1"); f.State != ledger.Quarantined || f.Reason != "cut off" {
		t.Fatalf("%+v", f)
	}
	if _, err := l.Chunk(ctx, "f1", 0); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("staged rows of a refused file: %v", err)
	}
	must(t, l.Begin(ctx, File("f2")))
	if earlier, err := l.Take(ctx, "f2", "h", 1); err != nil || earlier != nil {
		t.Fatalf("the same content after a quarantine is no duplicate: %v, %v", earlier, err)
	}
}

func states(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 1)
	for name, err := range map[string]error{
		"accept twice": l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{}, 0, 0),
		"refuse":       l.Refuse(ctx, "f1", "x"),
		"report":       l.Report(ctx, "f1", nil),
	} {
		if !errors.Is(err, ledger.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.Requeue(ctx, "f1", batch.Statuses(), 0); !errors.Is(err, ledger.ErrState) {
		t.Errorf("resend while sending: %v", err)
	}
	if err := l.Pause(ctx, "nothing", "x"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("pause of an unknown file: %v", err)
	}
	if err := l.Record(Settled("nothing", 0, batch.Delivered)).Wait(ctx); err == nil {
		t.Error("an event of an unknown file was recorded")
	}
}

func crash(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	Accepted(t, l, "f1", 12)
	must(t, l.Record(
		ledger.Event{File: "f1", Chunk: 0, Item: 0, Kind: ledger.EventSending, At: day, Attempt: 1},
		ledger.Event{File: "f1", Chunk: 0, Item: 1, Kind: ledger.EventSending, At: day, Attempt: 1},
		ledger.Event{File: "f1", Chunk: 0, Item: 1, Kind: ledger.EventWaiting, At: day, Attempt: 1, Until: day.Add(time.Hour), Lost: true},
		ledger.Event{File: "f1", Chunk: 1, Item: 1, Kind: ledger.EventSending, At: day, Attempt: 3},
	).Wait(ctx))
	must(t, l.Record(Settled("f1", 11, batch.Unknown)).Wait(ctx))
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	var got []string
	for c, err := range l.Chunks(ctx, "f1") {
		must(t, err)
		for i, s := range c.States {
			if s.Attempts > 0 || s.Verdict != nil {
				got = append(got, fmt.Sprintf("%d flying=%t lost=%t attempts=%d waits=%t settled=%t", c.Items[i].Seq, s.InFlight, s.Lost, s.Attempts, !s.Until.IsZero(), s.Verdict != nil))
			}
		}
	}
	want := []string{"0 flying=true lost=false attempts=1 waits=false settled=false",
		"1 flying=false lost=true attempts=1 waits=true settled=false", "11 flying=false lost=false attempts=3 waits=false settled=true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func many(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 400)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < 400; i += 8 {
				if err := l.Record(Settled("f1", i, batch.Statuses()[i%6])).Wait(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f := file(t, l, "f1")
	if f.State != ledger.Settled || f.Counts.Settled() != 400 || f.Counts.Delivered != 67 {
		t.Fatalf("%+v", f)
	}
}

func requeue(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	Accepted(t, l, "f1", 12)
	for i := range 12 {
		l.Record(Settled("f1", i, batch.Statuses()[i%6]))
	}
	must(t, l.Record(ledger.Event{File: "f1", Kind: ledger.EventSending}).Wait(ctx))
	must(t, l.Report(ctx, "f1", nil))
	n, err := l.Requeue(ctx, "f1", []batch.Status{batch.Failed, batch.Unknown}, 0)
	if err != nil || n != 4 {
		t.Fatalf("%d rows, %v", n, err)
	}
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	f := file(t, l, "f1")
	if f.State != ledger.Sending || f.Revision != 2 || f.Open != 4 || f.Counts.Failed != 0 || f.Counts.Delivered != 2 || f.Counts.Pending() != 4 {
		t.Fatalf("%+v", f)
	}
	c, err := l.Chunk(ctx, "f1", 0)
	must(t, err)
	if s := c.States[4]; s.Verdict != nil || !s.Lost {
		t.Fatalf("an unknown item sent again may have been executed before: %+v", s)
	}
	if n, err := l.Requeue(ctx, "f1", []batch.Status{batch.Failed}, 0); !errors.Is(err, ledger.ErrState) {
		t.Fatalf("again while it is sending: %d, %v", n, err)
	}
}

// again accepts a file that is the result of others.
func again(t *testing.T, l ledger.Owner, id string, a ledger.Again) error {
	t.Helper()
	ctx := t.Context()
	must(t, l.Begin(ctx, File(id)))
	if _, err := l.Take(ctx, id, "hash of "+id, 10); err != nil {
		t.Fatal(err)
	}
	items := Items(0, 2)
	items[0].Kin, items[0].Before = []ledger.Kin{{Origin: "2"}}, ledger.Before{Attempts: 3, Lost: true}
	items[1].Kin = []ledger.Kin{{Origin: "3", Carried: true}}
	items[1].Preset = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Unknown, Attempts: 1}}
	l.Stage(ledger.Chunk{File: id, Items: items})
	return l.Accept(ctx, id, ledger.Reading{Format: "csv", Again: &a}, batch.Counts{Read: 2, Unknown: 1}, 2, 1)
}

func kin(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 2)
	Accepted(t, l, "other", 1)
	if err := again(t, l, "f2", ledger.Again{Root: "f1", Base: "f1", Known: map[string]int{"f1": 1}}); !errors.Is(err, ledger.ErrFamily) {
		t.Fatalf("accepted while its family is being sent: %v", err)
	}
	must(t, l.Refuse(ctx, "f2", "still being sent"))
	known := ledger.Again{Root: "f1", Base: "f1", Known: map[string]int{"f1": 1}, Sending: []string{"f1"}}
	if known.Unchanged("f2", []ledger.File{file(t, l, "f1")}) != nil {
		t.Fatal("what is known as being sent keeps no other part back")
	}
	settle := func(id string, at ...int) {
		for _, i := range at {
			must(t, l.Record(Settled(id, i, batch.Failed)).Wait(ctx))
		}
	}
	settle("f1", 0, 1)
	if err := again(t, l, "f3", ledger.Again{Root: "f1", Base: "f1", Known: map[string]int{"f1": 2}}); !errors.Is(err, ledger.ErrFamily) {
		t.Fatalf("accepted although a member has another revision: %v", err)
	}
	must(t, l.Refuse(ctx, "f3", "changed"))
	must(t, again(t, l, "f4", ledger.Again{Root: "f1", Base: "f1", Known: map[string]int{"f1": 1}}))
	if f := file(t, l, "f4"); f.Root() != "f1" || f.Generation() != 1 || f.Open != 1 || f.Counts.Unknown != 1 {
		t.Fatalf("%+v", f)
	}
	c, err := l.Chunk(ctx, "f4", 0)
	must(t, err)
	if d := cmp.Diff(ledger.ItemState{Attempts: 3, Lost: true}, c.States[0]); d != "" {
		t.Error("what earlier files did with an item is forgotten", d)
	}
	if d := cmp.Diff([]ledger.Kin{{Origin: "3", Carried: true}}, c.Items[1].Kin); d != "" || c.States[1].Verdict == nil {
		t.Error(d, c.States[1])
	}
	settle("f4", 0)
	if err := again(t, l, "f5", ledger.Again{Root: "f1", Base: "f1", Known: map[string]int{"f1": 1}}); !errors.Is(err, ledger.ErrFamily) {
		t.Fatalf("accepted without knowing of f4: %v", err)
	}
	family, err := l.Files(ctx, ledger.Query{Family: "f1", States: []ledger.State{ledger.Settled}})
	if err != nil || len(family) != 2 || family[0].ID != "f1" || family[1].ID != "f4" {
		t.Fatalf("%v, %v", family, err)
	}
	_, err = l.Requeue(ctx, "f1", []batch.Status{batch.Failed}, 0)
	if newer, ok := errors.AsType[*ledger.Superseded](err); !ok || newer.Newest != "f4" {
		t.Fatalf("rows of a file whose result was dropped since are sent again: %v", err)
	}
	if n, err := l.Requeue(ctx, "f4", []batch.Status{batch.Unknown}, 0); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := l.Requeue(ctx, "other", nil, 0); n != 0 || !errors.Is(err, ledger.ErrState) {
		t.Fatalf("%d, %v", n, err)
	}
}

func controls(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 1)
	must(t, l.Pause(ctx, "f1", "50 refusals in a row"))
	if f := file(t, l, "f1"); f.Paused != "50 refusals in a row" {
		t.Fatalf("%+v", f)
	}
	must(t, l.Cancel(ctx, "f1"))
	if f := file(t, l, "f1"); !f.Cancelled || f.Paused != "" {
		t.Fatalf("%+v", f)
	}
	must(t, l.PauseLane(ctx, "otms", "refused"))
	lanes, err := l.Lanes(ctx)
	if err != nil || lanes["otms"] != "refused" {
		t.Fatalf("%v, %v", lanes, err)
	}
	must(t, l.PauseLane(ctx, "otms", ""))
	if lanes, _ := l.Lanes(ctx); len(lanes) != 0 {
		t.Fatal(lanes)
	}
	want := []ledger.Order{{Verb: "cancel", File: "f1"}, {Verb: "resend", File: "f1", Statuses: []batch.Status{batch.Failed}}}
	var numbers []int64
	for _, o := range want {
		n, err := l.Order(ctx, o)
		must(t, err)
		numbers = append(numbers, n)
	}
	got, err := l.Ordered(ctx)
	must(t, err)
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(ledger.Order{}, "N")); d != "" {
		t.Fatal(d)
	}
	must(t, l.Done(ctx, got[0].N))
	for i, want := range []bool{true, false} {
		if taken, err := l.Taken(ctx, numbers[i]); err != nil || taken != want {
			t.Fatalf("order %d of %v taken: %t, %v", i, numbers, taken, err)
		}
	}
	if left, err := l.Ordered(ctx); err != nil || len(left) != 1 || left[0].N != got[1].N {
		t.Fatalf("after one is done: %v, %v", left, err)
	}
	Accepted(t, l, "f9", 1)
	if _, err := l.Requeue(ctx, "f9", []batch.Status{batch.Failed}, got[1].N); !errors.Is(err, ledger.ErrState) {
		t.Fatal(err)
	}
	if left, _ := l.Ordered(ctx); len(left) != 1 {
		t.Fatalf("an order that could not be carried out is gone: %v", left)
	}
	must(t, l.Record(Settled("f9", 0, batch.Failed)).Wait(ctx))
	if n, err := l.Requeue(ctx, "f9", []batch.Status{batch.Failed}, got[1].N); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if left, _ := l.Ordered(ctx); len(left) != 0 {
		t.Fatalf("a resend is carried out, and its order waits: %v", left)
	}
	must(t, l.Keep(ctx, "size", "25"))
	must(t, l.Keep(ctx, "size", "12"))
	if v, err := l.Kept(ctx, "size"); err != nil || v != "12" {
		t.Fatalf("%q, %v", v, err)
	}
	if v, err := l.Kept(ctx, "nothing"); err != nil || v != "" {
		t.Fatalf("%q, %v", v, err)
	}
}

func balance(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	group := ledger.Staged{Item: batch.Item{Seq: 0, Rows: []int{2, 3, 9}, Body: []byte(`{}`)}}
	bad := ledger.Staged{Item: batch.Item{Seq: 1, Rows: []int{4, 5}, Problems: []batch.Problem{{Row: 5, Text: "no"}}},
		Preset: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped}, Rows: map[int]batch.Outcome{5: {Status: batch.Invalid}}}}
	l.Stage(ledger.Chunk{File: "f1", Items: []ledger.Staged{group, bad}})
	c := batch.Counts{Read: 5}
	bad.Preset.Count(&c, bad.Rows, 1)
	must(t, l.Accept(ctx, "f1", ledger.Reading{}, c, 2, 1))
	verdict := &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Rejected}, Rows: map[int]batch.Outcome{9: {Status: batch.Unknown}}}
	must(t, l.Record(ledger.Event{File: "f1", Kind: ledger.EventSettled, At: day, Verdict: verdict, Rows: group.Rows}).Wait(ctx))
	f := file(t, l, "f1")
	want := batch.Counts{Read: 5, Rejected: 2, Unknown: 1, Skipped: 1, Invalid: 1}
	if d := cmp.Diff(want, f.Counts); d != "" || f.Counts.Pending() != 0 || f.State != ledger.Settled {
		t.Fatalf("%s %+v", d, f)
	}
	content, err := l.Chunk(ctx, "f1", 0)
	must(t, err)
	if o := content.States[0].Verdict.Of(9); o.Status != batch.Unknown {
		t.Fatalf("row 9: %+v", o)
	}
	if o := content.States[1].Verdict.Of(5); o.Status != batch.Invalid {
		t.Fatalf("row 5: %+v", o)
	}
}

func queries(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "20261122-a1", 1)
	Accepted(t, l, "20261122-b2", 1)
	named := File("20261123-c3")
	named.Name = `orders.csv Накладная №5 (1) "Q"`
	must(t, l.Begin(ctx, named))
	must(t, l.Rest(ctx, "20261122-a1"))
	must(t, l.Record(Settled("20261122-b2", 0, batch.Rejected)).Wait(ctx))
	for name, c := range map[string]struct {
		q    ledger.Query
		want []string
	}{
		"all":      {ledger.Query{}, []string{"20261122-a1", "20261122-b2", "20261123-c3"}},
		"states":   {ledger.Query{States: []ledger.State{ledger.Claiming, ledger.Taken}}, []string{"20261123-c3"}},
		"prefix":   {ledger.Query{ID: "20261122"}, []string{"20261122-a1", "20261122-b2"}},
		"unrested": {ledger.Query{Unrested: true, Route: "orders"}, []string{"20261122-b2", "20261123-c3"}},
		"account":  {ledger.Query{Account: "nobody"}, nil},
		"last":     {ledger.Query{Last: 2}, []string{"20261122-b2", "20261123-c3"}},
		"before":   {ledger.Query{Before: "20261123-c3", Last: 1}, []string{"20261122-b2"}},
		"after":    {ledger.Query{After: "20261122-a1", First: 1}, []string{"20261122-b2"}},
		"text":     {ledger.Query{Text: "B2"}, []string{"20261122-b2"}},
		"name":     {ledger.Query{Text: "ORDERS.", Last: 1}, []string{"20261123-c3"}},
		"no name":  {ledger.Query{Text: "ORDERS_CSV%"}, nil},
		"letters":  {ledger.Query{Text: "нАКЛАДНАЯ №5 (1)"}, []string{"20261123-c3"}},
		"no regex": {ledger.Query{Text: "orders?csv|."}, nil},
		"quotes":   {ledger.Query{Text: `"q"`}, []string{"20261123-c3"}},
		"a key":    {ledger.Query{Text: "route"}, nil},
		"aside":    {ledger.Query{States: []ledger.State{ledger.Quarantined, ledger.Duplicate}}, nil},
		"family":   {ledger.Query{Family: "20261122-b2"}, []string{"20261122-b2"}},
		"since":    {ledger.Query{Since: time.Date(2026, 11, 23, 0, 0, 0, 0, time.Local)}, []string{"20261123-c3"}},
		"outcomes": {ledger.Query{Outcomes: []batch.Status{batch.Failed, batch.Rejected}}, []string{"20261122-b2"}},
		"ended":    {ledger.Query{Ended: day.Add(time.Minute)}, []string{"20261122-b2"}},
		"since it": {ledger.Query{Ended: day.Add(2 * time.Minute)}, nil},
		"changed":  {ledger.Query{Changed: file(t, l, "20261123-c3").Change}, []string{"20261122-a1", "20261122-b2"}},
	} {
		files, err := l.Files(ctx, c.q)
		must(t, err)
		var got []string
		for _, f := range files {
			got = append(got, f.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// printed begins, takes and stages a file whose items have the requests named, and accepts it.
func printed(t *testing.T, l ledger.Owner, id string, requests ...string) error {
	t.Helper()
	staged(t, l, id, requests...)
	return l.Accept(t.Context(), id, ledger.Reading{}, batch.Counts{Read: len(requests)}, len(requests), len(requests))
}

func staged(t *testing.T, l ledger.Owner, id string, requests ...string) {
	t.Helper()
	must(t, l.Begin(t.Context(), File(id)))
	_, err := l.Take(t.Context(), id, "hash of "+id, 10)
	must(t, err)
	stage(t, l, id, requests...)
}

func stage(t *testing.T, l ledger.Owner, id string, requests ...string) {
	t.Helper()
	for seq := 0; seq*10 < len(requests); seq++ {
		c := ledger.Chunk{File: id, Seq: seq}
		for i := seq * 10; i < min(len(requests), seq*10+10); i++ {
			c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(requests[i])}, Print: printOf(requests[i])})
		}
		must(t, l.Stage(c).Wait(t.Context()))
	}
}

func printOf(request string) ledger.Print { return ledger.PrintOf("otms", "remove", []byte(request)) }

// earlier says what the ledger knows of requests: file, first row and how, "" for nothing.
func earlier(t *testing.T, l ledger.Books, family string, since time.Time, requests ...string) (said []string) {
	t.Helper()
	var list []ledger.Print
	for _, r := range requests {
		list = append(list, printOf(r))
	}
	found, err := l.Earlier(t.Context(), family, list, since)
	must(t, err)
	for _, e := range found {
		if e == nil {
			said = append(said, "")
			continue
		}
		said = append(said, fmt.Sprintf("%s %d %s", e.File.ID, e.Rows[0], e.How))
	}
	return said
}

func repeats(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	must(t, printed(t, l, "f1", "a", "b", "c", "d", "e", "f"))
	for i, s := range []batch.Status{batch.Delivered, batch.Rejected, batch.Failed, batch.Unknown, batch.Skipped} {
		must(t, l.Record(Settled("f1", i, s)).Wait(ctx))
	}
	staged(t, l, "f2", "x", "y")
	all := []string{"a", "b", "c", "d", "e", "f", "x", "new"}
	want := []string{"f1 2 delivered", "", "", "f1 5 unclear", "", "f1 7 under way", "", ""}
	for _, again := range []bool{false, true} {
		if again {
			must(t, l.Close())
			l = open.open(t)
		}
		if d := cmp.Diff(want, earlier(t, l, "", day, all...)); d != "" {
			t.Fatalf("opened again: %t: %s", again, d)
		}
	}
	defer closed(t, l)
	if d := cmp.Diff([]string{"", "", "", "", "", "f1 7 under way"}, earlier(t, l, "", day.Add(time.Hour), all[:6]...)); d != "" {
		t.Error("what was sent before the time asked for", d)
	}
	if d := cmp.Diff(make([]string, 8), earlier(t, l, "f1", day, all...)); d != "" {
		t.Error("its own family", d)
	}
	must(t, l.Double(ctx, "f2", "f1"))
	if f := file(t, l, "f2"); f.State != ledger.Duplicate || f.Reason != "f1" {
		t.Errorf("%+v", f)
	}
	must(t, printed(t, l, "f3", "a", "b"))
	must(t, l.Record(Settled("f3", 0, batch.Rejected), Settled("f3", 1, batch.Delivered)).Wait(ctx))
	if d := cmp.Diff([]string{"f1 2 delivered", "f3 3 delivered"}, earlier(t, l, "", day, "a", "b")); d != "" {
		t.Error("an older one was delivered, a newer one refused", d)
	}
	must(t, l.ForgetPrints(ctx, day))
	if d := cmp.Diff([]string{"f1 2 delivered"}, earlier(t, l, "", day, "a")); d != "" {
		t.Error("nothing is that old", d)
	}
}

// reprints: what an older rowferry left prints of by the spelling of their numbers, or none, is known by their value from the next opening on.
func reprints(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	older := func(request string) ledger.Print {
		sum := sha256.Sum256([]byte("otms\x00remove\x00" + request))
		return ledger.Print(sum[:])
	}
	bodies := []string{`{"w":1.50}`, `{"w":2.0}`, `{"w":3}`, `{"w":4.00}`, `{"w":5.10}`, `{"w":"006"}`}
	c := ledger.Chunk{File: "f1"}
	for i, body := range bodies {
		c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(body)}, Print: older(body)})
	}
	c.Items[1].Print = ledger.Print{} // of the time before there were any
	c.Items[4].Preset, c.Items[4].Print = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: ledger.CodeDelivered}}, ledger.Print{}
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h1", 1)
	must(t, err)
	l.Stage(c)
	must(t, l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 6, Skipped: 1}, 6, 5))
	must(t, l.Record(Settled("f1", 0, batch.Delivered), Settled("f1", 1, batch.Unknown), Settled("f1", 3, batch.Rejected)).Wait(ctx))
	must(t, l.Keep(ctx, ledger.PrintsKey, ""))
	asked := []string{`{"w":1.5}`, `{"w":2}`, `{"w":3}`, `{"w":4}`, `{"w":5.1}`}
	if d := cmp.Diff([]string{"", "", "f1 4 under way", "", ""}, earlier(t, l, "", day, asked...)); d != "" {
		t.Error("the prints were to be an older one's", d)
	}
	for range 2 {
		must(t, l.Close())
		l = open.open(t)
		if d := cmp.Diff([]string{"f1 2 delivered", "f1 3 unclear", "f1 4 under way", "", ""}, earlier(t, l, "", day, asked...)); d != "" {
			t.Error(d)
		}
		bare := &ledger.Staged{Item: batch.Item{Rows: []int{1}, Body: []byte(`{"w":"6"}`)}}
		print, _, _ := bare.BaredFor("otms", "remove", true)
		if found, err := l.Earlier(ctx, "", []ledger.Print{print}, day); err != nil || found[0] == nil || found[0].Rows[0] != 7 {
			t.Errorf("a number without its zeros: %+v, %v", found, err)
		}
		must(t, l.Keep(ctx, ledger.PrintsKey, "")) // cut off before that was written down
	}
	must(t, l.Close())
}

// races: of two files with the same request that are staged at the same time, the second is not accepted before it was read again.
func races(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	accept := func(id string, n int) error {
		return l.Accept(ctx, id, ledger.Reading{}, batch.Counts{Read: n}, n, n)
	}
	staged(t, l, "f1", "a", "b")
	staged(t, l, "f2", "b", "c")
	staged(t, l, "f3", "d")
	staged(t, l, "f4", "a")
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, id := range []string{"f1", "f2"} {
		both.Go(func() { errs[i] = accept(id, 2) })
	}
	both.Wait()
	first, second := "f1", "f2"
	if errs[0] != nil {
		first, second = second, first
		slices.Reverse(errs)
	}
	if errs[0] != nil || !errors.Is(errs[1], ledger.ErrRaced) {
		t.Fatalf("%v", errs)
	}
	must(t, accept("f3", 1))
	if f := file(t, l, second); f.State != ledger.Taken {
		t.Errorf("%+v", f)
	}
	must(t, l.Unstage(ctx, second))
	stage(t, l, second, "z")
	must(t, accept(second, 1))
	if err := accept("f4", 1); (first == "f1") != errors.Is(err, ledger.ErrRaced) {
		t.Errorf("%s came first: %v", first, err)
	}
	must(t, l.Begin(ctx, File("f5")))
	_, err := l.Take(ctx, "f5", "h5", 1)
	must(t, err)
	must(t, l.Stage(ledger.Chunk{File: "f5", Items: []ledger.Staged{{Item: batch.Item{Rows: []int{2}, Body: []byte("q")}, Print: printOf("q"), Free: true}}}).Wait(ctx))
	must(t, printed(t, l, "f6", "q"))
	must(t, accept("f5", 1)) // it goes whatever others bring
	must(t, l.Begin(ctx, File("f7")))
	_, err = l.Take(ctx, "f7", "h7", 1)
	must(t, err)
	must(t, printed(t, l, "f8", "r")) // after f7 was judged, and before its first chunk was staged
	stage(t, l, "f7", "r")
	if err := accept("f7", 1); !errors.Is(err, ledger.ErrRaced) {
		t.Errorf("a file that was accepted while another was read: %v", err)
	}
}

// resends: what was refused, and was brought again by another file since, is not sent again; what was held as a repeat is, on
// somebody's word, which is of others where there are others.
func resends(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, printed(t, l, "f1", "a", "b"))
	must(t, l.Record(Settled("f1", 0, batch.Rejected), Settled("f1", 1, batch.Rejected)).Wait(ctx))
	must(t, printed(t, l, "f2", "a"))
	n, err := l.Requeue(ctx, "f1", []batch.Status{batch.Rejected}, 0)
	if err != nil || n != 1 {
		t.Fatalf("one is under way in f2: %d rows, %v", n, err)
	}
	must(t, l.Record(Settled("f1", 1, batch.Delivered), Settled("f2", 0, batch.Delivered)).Wait(ctx))
	_, err = l.Requeue(ctx, "f1", []batch.Status{batch.Rejected}, 0)
	if again, ok := errors.AsType[*ledger.Repeated](err); !ok || again.Earlier.File.ID != "f2" {
		t.Fatalf("delivered with f2: %v", err)
	}
	must(t, l.Begin(ctx, File("f3")))
	_, err = l.Take(ctx, "f3", "h3", 1)
	must(t, err)
	held := ledger.Staged{Item: batch.Item{Rows: []int{2}, Body: []byte("a")}, Print: printOf("a"),
		Preset: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: ledger.CodeDelivered}}}
	zeros := ledger.Staged{Item: batch.Item{Seq: 1, Rows: []int{3}, Body: []byte("c")}, Print: printOf("c"),
		Preset: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: ledger.CodeZeros}}}
	cancelled := ledger.Staged{Item: batch.Item{Seq: 2, Rows: []int{4}, Body: []byte("d")}, Print: printOf("d"),
		Preset: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Skipped, Code: "cancelled"}}}
	must(t, l.Stage(ledger.Chunk{File: "f3", Items: []ledger.Staged{held, zeros, cancelled}}).Wait(ctx))
	must(t, l.Accept(ctx, "f3", ledger.Reading{}, batch.Counts{Read: 3, Skipped: 3}, 3, 0))
	if n, err := l.Requeue(ctx, "f3", []batch.Status{batch.Skipped}, 0); err != nil || n != 1 {
		t.Fatalf("the cancelled one alone: %d rows, %v", n, err)
	}
	must(t, l.Record(Settled("f3", 2, batch.Delivered)).Wait(ctx))
	if n, err := l.Requeue(ctx, "f3", []batch.Status{batch.Skipped}, 0); err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	c, err := l.Chunk(ctx, "f3", 0)
	must(t, err)
	if !c.States[0].Repeat {
		t.Error("it is a repeat")
	}
	must(t, l.Record(Settled("f2", 0, batch.Rejected)).Wait(ctx))
	if d := cmp.Diff([]string{"f3 2 under way"}, earlier(t, l, "", day, "a")); d != "" {
		t.Error("what was held and goes now leaves its print", d)
	}
}

// prints: so many that a driver orders them, unless -short has some; each is found, and none that was not left.
func prints(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	const files = 8
	rows := 40_000
	if testing.Short() {
		rows = 400
	}
	for f := range files {
		id := fmt.Sprintf("f%d", f)
		must(t, l.Begin(ctx, File(id)))
		_, err := l.Take(ctx, id, "hash of "+id, 10)
		must(t, err)
		for first := 0; first < rows; first += 400 {
			c := ledger.Chunk{File: id, Seq: first / 400}
			for i := first; i < first+400; i++ {
				body := fmt.Sprintf("%d/%d", f, i)
				c.Items = append(c.Items, ledger.Staged{Item: batch.Item{Seq: i, Rows: []int{i + 2}, Body: []byte(body)}, Print: printOf(body)})
			}
			l.Stage(c)
		}
		must(t, l.Accept(ctx, id, ledger.Reading{}, batch.Counts{Read: rows}, rows, rows))
	}
	for _, again := range []bool{false, true} {
		if again {
			must(t, l.Close())
			l = open.open(t)
		}
		for f := range files {
			for i := 17; i < rows; i += rows/10 - 1 {
				known := fmt.Sprintf("%d/%d", f, i)
				want := []string{fmt.Sprintf("f%d %d under way", f, i+2), ""}
				if d := cmp.Diff(want, earlier(t, l, "", day, known, known+"x")); d != "" {
					t.Fatal(d)
				}
			}
		}
	}
	must(t, l.ForgetPrints(ctx, time.Now().Add(72*time.Hour)))
	defer closed(t, l)
	gone := 0
	for f := range files {
		if earlier(t, l, "", day, fmt.Sprintf("%d/7", f))[0] == "" {
			gone++
		}
	}
	if gone == 0 {
		t.Errorf("of %d files no prints are forgotten", files)
	}
}

// owners: what one owner has leased, no other has; what both do at the same time is done once.
func owners(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	first, err := l.Lease(ctx, "lane/otms")
	must(t, err)
	defer func() {
		must(t, first.Release(ctx))
		must(t, first.Release(ctx))
		if <-first.Lost(); first.Held() {
			t.Error("held after it was given back")
		}
	}()
	select {
	case <-first.Lost():
		t.Error("lost while its owner lives")
	default:
	}
	if !first.Held() {
		t.Error("not held while its owner lives")
	}
	other, err := open(t)
	if _, alone := errors.AsType[*ledger.InUse](err); alone {
		return
	}
	must(t, err)
	defer closed(t, other)
	soon, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	if _, err := other.Lease(soon, "lane/otms"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("leased to both: %v", err)
	}
	second, err := other.Lease(ctx, "lane/les")
	must(t, err)
	must(t, second.Release(ctx))
	must(t, l.Begin(ctx, File("f1")))
	if err := other.Begin(ctx, File("f1")); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("begun by both: %v", err)
	}
	must(t, first.Release(ctx))
	passed, err := other.Lease(ctx, "lane/otms")
	must(t, err)
	must(t, passed.Release(ctx))
}

// pages: every way through a file's rows meets each row that is asked for once, in order, forwards and backwards.
func pages(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	Accepted(t, l, "f1", 100)
	for i := range 90 {
		e := Settled("f1", i, batch.Delivered)
		if i%20 == 7 {
			e.Verdict = &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Rejected, Code: "1045", Message: fmt.Sprint("Груз NO", i, " unbekannt"), Reference: "R7"}}
		}
		l.Record(e)
	}
	must(t, l.Record(ledger.Event{File: "f1", Chunk: 9, Kind: ledger.EventSending, At: day, Attempt: 1}).Wait(ctx))
	every := func(step, from, to int) (rows []int) {
		for i := from; i < to; i += step {
			rows = append(rows, i+2)
		}
		return rows
	}
	for name, c := range map[string]struct {
		q    ledger.RowQuery
		want []int
	}{
		"all":                  {ledger.RowQuery{}, every(1, 0, 100)},
		"rejected":             {ledger.RowQuery{Outcomes: []batch.Status{batch.Rejected}}, every(20, 7, 90)},
		"open":                 {ledger.RowQuery{Outcomes: []batch.Status{ledger.Open}}, every(1, 90, 100)},
		"open or rejected":     {ledger.RowQuery{Outcomes: []batch.Status{ledger.Open, batch.Rejected}}, slices.Concat(every(20, 7, 90), every(1, 90, 100))},
		"a code":               {ledger.RowQuery{Code: "1045"}, every(20, 7, 90)},
		"no such code":         {ledger.RowQuery{Code: "9"}, nil},
		"text of a message":    {ledger.RowQuery{Text: "ГРУЗ no27"}, []int{29}},
		"text of a request":    {ledger.RowQuery{Text: "\"NO\":\"00042"}, []int{44}},
		"text of an item":      {ledger.RowQuery{Text: "00042"}, []int{44}},
		"text of a reference":  {ledger.RowQuery{Text: "r7", Outcomes: []batch.Status{batch.Rejected}}, every(20, 7, 90)},
		"one row":              {ledger.RowQuery{Row: 50}, []int{50}},
		"a row there is not":   {ledger.RowQuery{Row: 500}, nil},
		"text that is nowhere": {ledger.RowQuery{Text: "nowhere"}, nil},
	} {
		for _, limit := range []int{1, 3, 10, 1000} {
			q := c.q
			q.File, q.Limit = "f1", limit
			there, last := walk(t, l, q, false)
			if !slices.Equal(there, c.want) {
				t.Errorf("%s, %d a page: %v, want %v", name, limit, there, c.want)
			}
			if last == "" {
				continue
			}
			q.Before = last
			back, _ := walk(t, l, q, true)
			if !slices.Equal(back, c.want[:max(0, len(c.want)-1)]) {
				t.Errorf("%s, %d a page, backwards from %s: %v", name, limit, last, back)
			}
		}
	}
	reasons, err := ledger.Reasons(ctx, l, "f1")
	must(t, err)
	want := map[ledger.Reason]int{{}: 10, {Status: batch.Delivered, Code: "1"}: 85, {Status: batch.Rejected, Code: "1045"}: 5}
	if d := cmp.Diff(want, reasons); d != "" {
		t.Error(d)
	}
	for c, err := range l.Chunks(ctx, "f1") {
		must(t, err)
		kept, err := l.Tallies(ctx, "f1")
		must(t, err)
		if d := cmp.Diff(c.Tally(), kept[c.Seq], cmpopts.IgnoreFields(ledger.Tally{}, "Records", "Chain")); d != "" {
			t.Errorf("tally of chunk %d: %s", c.Seq, d)
		}
	}
	if _, err := ledger.Rows(ctx, l, ledger.RowQuery{File: "f1", After: "x"}); err == nil {
		t.Error("a cursor that is none")
	}
}

// walk follows pages to the end, forwards or backwards, and gives the rows in order and the last row's cursor.
func walk(t *testing.T, l ledger.Owner, q ledger.RowQuery, back bool) (rows []int, last string) {
	t.Helper()
	for range 2000 {
		p, err := ledger.Rows(t.Context(), l, q)
		must(t, err)
		var page []int
		for _, r := range p.Rows {
			page, last = append(page, r.Number), r.Cursor
		}
		on := p.Next
		if back {
			rows, on, q.Before = append(page, rows...), p.Previous, p.Previous
		} else {
			rows, q.After = append(rows, page...), p.Next
		}
		if on == "" {
			return rows, last
		}
	}
	t.Fatal("pages without end")
	return nil, ""
}

func fidelity(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	defer closed(t, l)
	must(t, l.Begin(ctx, File("f1")))
	_, err := l.Take(ctx, "f1", "h", 1)
	must(t, err)
	want := []ledger.Staged{
		{Item: batch.Item{Seq: 0, Rows: []int{2, 7, 1048576}, Body: []byte("{\"a\":\"Ж中\\u0000\"}"), Where: map[string]string{"arrivalDate": "N5"}}},
		{Item: batch.Item{Seq: 1, Rows: []int{3}, Problems: []batch.Problem{{Row: 3, Column: "HBL", Cell: "A3", Value: "x", Text: "t"}}},
			Preset: &ledger.Verdict{Outcome: batch.Outcome{Status: batch.Invalid, Message: "t"}}},
	}
	l.Stage(ledger.Chunk{File: "f1", Items: want})
	must(t, l.Accept(ctx, "f1", ledger.Reading{}, batch.Counts{Read: 4, Invalid: 1}, 2, 1))
	c, err := l.Chunk(ctx, "f1", 0)
	must(t, err)
	if d := cmp.Diff(want, c.Items); d != "" {
		t.Fatal(d)
	}
	if _, err := l.Chunk(ctx, "f1", 1); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("past the last chunk: %v", err)
	}
}

func file(t *testing.T, l ledger.Owner, id string) ledger.File {
	t.Helper()
	f, err := l.File(context.WithoutCancel(t.Context()), id)
	must(t, err)
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, l ledger.Owner) {
	t.Helper()
	must(t, l.Close())
}

func people(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	must(t, l.Enter(ctx, "user/ann", "1"))
	must(t, l.Enter(ctx, "user/bob", "2"))
	must(t, l.Enter(ctx, "user%", "no pattern"))
	must(t, l.Enter(ctx, "user/bob", "3"))
	if v, err := l.Entry(ctx, "user/bob"); err != nil || v != "3" {
		t.Fatal(v, err)
	}
	if all, err := l.Entries(ctx, "user/"); err != nil || len(all) != 2 || all["user/ann"] != "1" {
		t.Fatal(all, err)
	}
	must(t, l.Enter(ctx, "user/bob", ""))
	if v, err := l.Entry(ctx, "user/bob"); err != nil || v != "" {
		t.Fatal(v, err)
	}
	must(t, l.Act(ctx, ledger.Act{At: day, By: "ann", Verb: "pause", File: "f1", Order: 7}))
	must(t, l.Act(ctx, ledger.Act{At: day, By: "ann", Verb: "pause", File: "f1", Order: 7})) // told again after a kill
	must(t, l.Act(ctx, ledger.Act{At: day, By: "ann", Verb: "drop", File: "f2", Rows: 3}))
	must(t, l.Act(ctx, ledger.Act{At: day, By: "bob", Verb: "drop", File: "f1"}))
	acts, err := l.Acts(ctx, ledger.ActQuery{})
	if err != nil || len(acts) != 3 || acts[0].By != "bob" || acts[1].Rows != 3 || !acts[1].At.Equal(day) {
		t.Fatal(acts, err)
	}
	for name, c := range map[string]struct {
		q    ledger.ActQuery
		want int
	}{
		"who": {ledger.ActQuery{By: "ann"}, 2}, "what": {ledger.ActQuery{Verb: "drop"}, 2}, "of a file": {ledger.ActQuery{File: "f1"}, 2},
		"before": {ledger.ActQuery{Before: acts[0].N}, 2}, "so many": {ledger.ActQuery{Limit: 1}, 1}, "all at once": {ledger.ActQuery{By: "bob", File: "f1", Verb: "drop", Limit: 9}, 1},
	} {
		if got, err := l.Acts(ctx, c.q); err != nil || len(got) != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	must(t, l.Close())
}

// An answer is kept for all items of a request that it concerns, and goes when one of them is opened again.
func answers(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	Accepted(t, l, "f1", 3)
	said := &batch.Answer{Status: 503, Headers: "Retry-After: 1\n", Body: "{\"m\":\"没有\"}", Cut: true}
	events := []ledger.Event{Settled("f1", 0, batch.Rejected), Settled("f1", 1, batch.Delivered), Settled("f1", 2, batch.Failed),
		{File: "f1", Item: 0, With: []int{2}, Kind: ledger.EventAnswered, At: day, Answer: said}}
	must(t, l.Record(events...).Wait(ctx))
	if err := l.Record(ledger.Event{File: "f1", Item: 0, Kind: ledger.EventAnswered, At: day}).Wait(ctx); err == nil {
		t.Error("an answer that is none was written")
	}
	for range 2 { // also when it is opened again
		c, err := l.Chunk(ctx, "f1", 0)
		must(t, err)
		for i, want := range []*batch.Answer{said, nil, said} {
			if d := cmp.Diff(want, c.States[i].Answer); d != "" {
				t.Errorf("item %d: %s", i, d)
			}
		}
		closed(t, l)
		l = open.open(t)
	}
	defer closed(t, l)
	_, err := l.Requeue(ctx, "f1", []batch.Status{batch.Failed}, 0)
	must(t, err)
	c, err := l.Chunk(ctx, "f1", 0)
	must(t, err)
	if c.States[0].Answer == nil || c.States[2].Answer != nil {
		t.Errorf("%+v", c.States)
	}
}

func receipts(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	mark := func(key string) ledger.Print { return ledger.MarkOf("hgj", "aci", key) }
	receive := func(id, key string, c batch.ReceiptClass, came time.Time) bool {
		t.Helper()
		fresh, err := l.Receive(ctx, ledger.MarkOf("hgj", "id", id), mark(key), batch.Receipt{Account: "hgj", Kind: "aci", Key: key, Class: c, Came: came, Raw: id})
		must(t, err)
		return fresh
	}
	settled := func(file string, i int, at time.Time, keys ...string) {
		t.Helper()
		e := Settled(file, i, batch.Delivered)
		e.Verdict.SentAt = at
		for _, key := range keys {
			e.Marks = append(e.Marks, mark(key))
		}
		must(t, l.Record(e).Wait(ctx))
	}
	told := func(q ledger.ReceivedQuery) (out []string) {
		t.Helper()
		found, err := l.Received(ctx, q)
		must(t, err)
		for _, r := range found {
			out = append(out, fmt.Sprintf("%s %s %s.%d.%d", r.Class, r.Key, r.File, r.Chunk, r.Item))
		}
		return out
	}
	wants := func(q ledger.ReceivedQuery, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, told(q)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", q, diff)
		}
	}
	Accepted(t, l, "f1", 12)
	if !receive("a", "B1", batch.Accepted, day.Add(time.Second)) || receive("a", "B1", batch.Accepted, day.Add(time.Hour)) {
		t.Error("a receipt counts once")
	}
	wants(ledger.ReceivedQuery{Unknown: true}, "accepted B1 .0.0") // before our answer
	settled("f1", 11, day, "B1", "REF-1")
	settled("f1", 2, day, "B2")
	wants(ledger.ReceivedQuery{File: "f1"}, "accepted B1 f1.1.1")
	wants(ledger.ReceivedQuery{Unknown: true})
	Accepted(t, l, "f2", 3)
	settled("f2", 0, day.Add(time.Minute), "B1") // the same bill once more
	receive("b", "B1", batch.Refused, day.Add(2*time.Minute))
	receive("c", "B9", batch.Told, day.Add(2*time.Minute))
	receive("d", "REF-1", batch.Told, day.Add(3*time.Minute))
	wants(ledger.ReceivedQuery{File: "f1"}, "accepted B1 f1.1.1", "told REF-1 f1.1.1")
	wants(ledger.ReceivedQuery{File: "f2"}, "refused B1 f2.0.0")
	all, err := l.Received(ctx, ledger.ReceivedQuery{})
	must(t, err)
	wants(ledger.ReceivedQuery{After: all[0].N, Last: 2}, "told B9 .0.0", "told REF-1 f1.1.1")
	wants(ledger.ReceivedQuery{Unknown: true}, "told B9 .0.0")
	if err := l.Revise(ctx, "f2"); !errors.Is(err, ledger.ErrState) {
		t.Errorf("the result of a file that is not reported was revised: %v", err)
	}
	settled("f2", 1, day, "B3")
	settled("f2", 2, day, "B4")
	must(t, l.Report(ctx, "f2", []string{"f2.result.csv"}))
	must(t, l.Revise(ctx, "f2"))
	if f := file(t, l, "f2"); f.State != ledger.Settled || f.Revision != 2 || f.Counts.Delivered != 3 {
		t.Errorf("revised: %+v", f)
	}
	must(t, l.Close())
	l = open.open(t)
	defer func() { must(t, l.Close()) }()
	wants(ledger.ReceivedQuery{File: "f2"}, "refused B1 f2.0.0")

	forget := func(before time.Time) {
		t.Helper()
		more, err := l.ForgetReceipts(ctx, before)
		if must(t, err); more {
			t.Error("there is more")
		}
	}
	forget(day.Add(30 * time.Second)) // B1's first receipt, and what was sent at the beginning of the day
	wants(ledger.ReceivedQuery{}, "refused B1 f2.0.0", "told B9 .0.0", "told REF-1 .0.0")
	if !receive("a", "B1", batch.Accepted, day.Add(time.Second)) {
		t.Error("what was forgotten is known")
	}
	forget(day.Add(time.Hour))
	wants(ledger.ReceivedQuery{})
	var receiving sync.WaitGroup
	for part := range 50 { // beside each other, so that they are written in groups
		receiving.Go(func() {
			for i := range 42 {
				id := fmt.Sprint("many ", part, " ", i)
				if _, err := l.Receive(ctx, ledger.MarkOf("hgj", "id", id), mark("B1"), batch.Receipt{Account: "hgj", Kind: "aci", Key: "B1", Class: batch.Told, Came: day, Raw: id}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	receiving.Wait()
	steps := 1
	for more := true; more; steps++ {
		more, err = l.ForgetReceipts(ctx, day.Add(time.Hour))
		must(t, err)
	}
	if wants(ledger.ReceivedQuery{}); steps < 3 {
		t.Errorf("all at once, in %d steps", steps)
	}
}

// remarks: what is found out about a file later is told with it, once; a result that is out is written again.
func remarks(t *testing.T, open Opener) {
	l, ctx := open.open(t), t.Context()
	note := batch.Note{Message: batch.Message{Key: "grew"}, Unread: true}
	Accepted(t, l, "f1", 1)
	Accepted(t, l, "f2", 1)
	must(t, l.Record(Settled("f2", 0, batch.Delivered)).Wait(ctx))
	must(t, l.Report(ctx, "f2", []string{"f2.result.csv"}))
	for range 2 {
		for _, id := range []string{"f1", "f2"} {
			must(t, l.Remark(ctx, id, note))
		}
	}
	if err := l.Remark(ctx, "nothing", note); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an unknown file: %v", err)
	}
	must(t, l.Close())
	l = open.open(t)
	defer closed(t, l)
	for id, want := range map[string]ledger.File{"f1": {State: ledger.Sending, Revision: 1, Open: 1}, "f2": {State: ledger.Settled, Revision: 2}} {
		f := file(t, l, id)
		if f.State != want.State || f.Revision != want.Revision || f.Open != want.Open || len(f.Reading.Notes) != 1 || !f.Reading.Notes[0].Unread {
			t.Errorf("%+v", f)
		}
	}
}
