// Package inboxtest holds the tests that an inbox must pass on every kind of place.
package inboxtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/words"
)

const id = "20261122-101502-7f3a"

var (
	taken = time.Date(2026, 11, 22, 10, 15, 2, 0, time.UTC)
	names = []string{"orders.csv", "two words.csv", "订单 清单.xlsx", "Заказы.csv", "no-extension", "a'b\"c$(x);&.csv", "-rf.csv", "100%.csv", "[x]*?.csv"}
)

// Run runs all of them.
func Run(t *testing.T, on placestest.Ground) {
	tests := map[string]func(*bench){
		"TakesWhatSettled":                  takesWhatSettled,
		"WaitsWhileAFileChanges":            waitsWhileAFileChanges,
		"LeavesWhatIsNotMeantForUs":         leavesWhatIsNotMeantForUs,
		"LeavesWhatCannotBeTrusted":         leavesWhatCannotBeTrusted,
		"TellsWhatIsNotTaken":               tellsWhatIsNotTaken,
		"WaitsForLocksToGo":                 waitsForLocksToGo,
		"TakesTheLongestNames":              takesTheLongestNames,
		"WaitsForTheMarker":                 waitsForTheMarker,
		"AsksForTheStructureOnce":           asksForTheStructureOnce,
		"GivesUpOnWhatStaysBroken":          givesUpOnWhatStaysBroken,
		"GivesUpOverRestarts":               givesUpOverRestarts,
		"TakesWhatIsUnreadableButComplete":  takesWhatIsUnreadableButComplete,
		"CarriesAFileToTheArchive":          carriesAFileToTheArchive,
		"ArchivesBesideAnEarlierFile":       archivesBesideAnEarlierFile,
		"DeletesWhenTold":                   deletesWhenTold,
		"KeepsWhenTold":                     keepsWhenTold,
		"SetsAsideWithANote":                setsAsideWithANote,
		"ClaimsOnlyWhatItSaw":               claimsOnlyWhatItSaw,
		"FetchesAgain":                      fetchesAgain,
		"GivesBackWhatChangesWhileCopied":   givesBackWhatChangesWhileCopied,
		"PutsBackBesideANewFile":            putsBackBesideANewFile,
		"RestsWhatSomebodyRemoved":          restsWhatSomebodyRemoved,
		"StopsWhenThePlaceIsInTrouble":      stopsWhenThePlaceIsInTrouble,
		"EndsTheSameAfterACutAtAnyStep":     endsTheSameAfterACutAtAnyStep,
		"NeverOverwrites":                   neverOverwrites,
		"OneOfTwoWins":                      oneOfTwoWins,
		"OneOfTwoWinsWithItsMarker":         func(b *bench) { b.opts.Done = "{name}.done"; oneOfTwoWins(b) },
		"TakesEachOfManyOnce":               takesEachOfManyOnce,
		"TellsWhenTheFolderIsGone":          tellsWhenTheFolderIsGone,
		"RefusesIdsThatClimb":               refusesIdsThatClimb,
		"WaitsAndStopsWhenTold":             waitsAndStopsWhenTold,
		"LeavesClaimedFilesToTheirOwnersID": leavesClaimedFiles,
		"FindsOriginalsAgain":               findsOriginalsAgain,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(newBench(t, on)) })
	}
}

// bench is one world, a clock, and the inbox under test in the folder "in" of that world.
type bench struct {
	*testing.T
	placestest.World
	on    placestest.Ground
	clock *Clock
	opts  inbox.Settings
	place *inbox.Inbox
}

// Clock is moved by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass moves it.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newBench(t *testing.T, on placestest.Ground) *bench {
	b := &bench{T: t, World: on.New(t), on: on, clock: &Clock{now: time.Now()}}
	b.Make("in")
	b.opts = inbox.Settings{Inbox: configs.Inbox{Settle: 2 * time.Second, Patience: 10 * time.Minute}, Clock: b.clock.Now, Downloads: t.TempDir(), Logger: placestest.Quiet}
	return b
}

// open opens the inbox, as another process would.
func (b *bench) open(s inbox.Settings) *inbox.Inbox {
	b.Helper()
	p, err := inbox.Open(b.on.Open(b.T, b.World, "in"), s)
	b.must(err)
	return p
}

// start opens the inbox, or opens it again as after a restart.
func (b *bench) start() {
	b.Helper()
	b.stop()
	b.place = b.open(b.opts)
	b.Cleanup(b.stop)
}

func (b *bench) stop() {
	if b.place == nil {
		return
	}
	if err := b.place.Close(); err != nil {
		b.Errorf("close: %v", err)
	}
	b.place = nil
}

func (b *bench) drop(name, content string)     { b.Helper(); b.Drop("in/"+name, content) }
func (b *bench) age(name string, at time.Time) { b.Helper(); b.Age("in/"+name, at) }
func (b *bench) remove(name string)            { b.Helper(); b.Remove("in/" + name) }

// look makes one look and returns what it gave.
func (b *bench) look() []inbox.Complete {
	b.Helper()
	var out []inbox.Complete
	for c, err := range b.place.Look(b.Context()) {
		if err != nil {
			b.Fatalf("look: %v", err)
		}
		out = append(out, c)
	}
	return out
}

// settled looks twice with the settle time between, and returns what the second look gave.
func (b *bench) settled() []inbox.Complete {
	b.Helper()
	b.look()
	b.clock.Pass(b.opts.Settle)
	return b.look()
}

// one settles and expects exactly this file.
func (b *bench) one(name string) inbox.Complete {
	b.Helper()
	got := b.settled()
	if len(got) != 1 || got[0].Name != name {
		b.Fatalf("look gave %v, want only %q", got, name)
	}
	return got[0]
}

func (b *bench) expect(got []inbox.Complete, want ...string) {
	b.Helper()
	found := []string{}
	for _, c := range got {
		found = append(found, c.Name)
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		b.Fatalf("look gave %q, want %q", found, want)
	}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) gone(err error) {
	b.Helper()
	if !errors.Is(err, inbox.ErrGone) {
		b.Fatalf("got %v, want inbox.ErrGone", err)
	}
}

func (b *bench) read(name string) string {
	b.Helper()
	content, there := b.Read("in/" + name)
	if !there {
		b.Fatalf("there is no file %s", name)
	}
	return content
}

// files lists every file below the inbox.
func (b *bench) files() []string { b.Helper(); return b.Files("in") }

func (b *bench) holds(want ...string) {
	b.Helper()
	slices.Sort(want)
	if got := b.files(); !slices.Equal(got, want) {
		b.Fatalf("the folder holds %q, want %q", got, want)
	}
}

func (b *bench) fetch(id, name string) (string, inbox.Fetched, error) {
	var out bytes.Buffer
	f, err := b.place.Fetch(b.Context(), id, name, &out)
	return out.String(), f, err
}

func takesWhatSettled(b *bench) {
	b.start()
	want := b.on.Names(names...)
	for _, n := range b.on.Names(names...) {
		b.drop(n, "content of "+n)
	}
	b.expect(b.look())
	b.expect(b.look()) // two looks, but no time has passed
	b.clock.Pass(b.opts.Settle - time.Millisecond)
	b.expect(b.look())
	b.clock.Pass(time.Millisecond)
	got := b.look()
	b.expect(got, want...)
	for _, c := range got {
		if c.Stuck != "" || c.Size != int64(len("content of "+c.Name)) || c.ModTime.IsZero() {
			b.Errorf("%+v", c)
		}
	}
	b.expect(b.look(), want...) // nobody claimed them
	if n := b.place.Waiting(); n != 0 {
		b.Errorf("%d files are said to be settling", n)
	}
	b.drop("new.csv", "x")
	b.look()
	if n := b.place.Waiting(); n != 1 {
		b.Errorf("%d files are said to be settling, want 1", n)
	}
	b.remove("new.csv")
	b.start()
	b.clock.Pass(time.Hour)
	b.expect(b.look()) // a restart has seen nothing yet, however old the file
}

func waitsWhileAFileChanges(b *bench) {
	b.start()
	b.drop("slow.csv", "")
	for i := range 5 {
		b.drop("slow.csv", strings.Repeat("a,b\n", i+1))
		b.expect(b.look())
		b.clock.Pass(b.opts.Settle)
	}
	b.expect(b.look(), "slow.csv")
	// The same size, another time; also one long past, as copies that keep times set it.
	for _, at := range []time.Time{time.Now().Add(-time.Hour), time.Now().Add(time.Hour), time.Unix(1000, 0)} {
		b.age("slow.csv", at)
		b.clock.Pass(b.opts.Settle)
		b.expect(b.look())
		b.clock.Pass(b.opts.Settle)
		b.expect(b.look(), "slow.csv")
	}
}

func leavesWhatIsNotMeantForUs(b *bench) {
	b.opts.Match = []string{"*.csv", "Bericht-*.xlsx"}
	b.start()
	for _, n := range []string{
		".hidden.csv", "~$book.xlsx", ".~lock.x.csv#", "a.csv.tmp", "a.csv.part", "a.csv.PARTIAL", "a.csv.filepart", "a.csv.crdownload",
		".a.csv.swp", "a.csv~", "a.csv.lock", "Thumbs.db", "desktop.ini", "5A3B1000", "readme.txt", "bericht.xlsx",
		"sub/inside.csv", "processing/x/a.csv", "archive/2026/01/01/a.csv", "duplicates/x/a.csv", "quarantine/x/a.csv", "preview/a.csv", "folder.csv/a.csv",
	} {
		b.drop(n, "x")
	}
	b.drop("ORDERS.CSV", "x")
	b.drop("bericht-1.XLSX", "x")
	before := b.files()
	b.expect(b.settled(), "ORDERS.CSV", "bericht-1.XLSX")
	b.holds(before...)
}

// Nothing that a person may have dropped stays in silence; what programs and systems keep for themselves does.
func tellsWhatIsNotTaken(b *bench) {
	b.opts.Match, b.opts.Done, b.opts.Note = []string{"*.csv"}, "{name}.done", &note{}
	b.start()
	for _, n := range []string{
		"letter.docx", "orders.csv.filepart", "5A3B1000", "November/orders.csv", "forms/week 1/orders.csv", "marked.csv",
		".hidden.csv", ".DS_Store", "~$book.csv", "a.csv~", "a.csv.lock", "Thumbs.db", "lost.csv.done",
		"@eaDir/x", "#recycle/a.csv", "System Volume Information/x", ".git/x", "archive/2026/x.csv", "quarantine/x/a.csv",
	} {
		b.drop(n, "x")
	}
	b.Make("in/empty")
	untaken := func() map[string]string {
		all := map[string]string{}
		for _, a := range b.place.Untaken(b.Context()) {
			all[a.Name] = fmt.Sprint(a.Waits, ": ", a.Said)
		}
		return all
	}
	b.expect(b.settled())
	if got := untaken(); len(got) != 0 {
		b.Errorf("at once: %v", got)
	}
	b.clock.Pass(b.opts.Patience)
	b.start() // the patience is counted over processes
	b.look()
	b.clock.Pass(b.opts.Settle)
	b.look()
	got := untaken()
	for name, want := range map[string]string{
		"letter.docx": "false: letter.docx ", "November/": "false: November is a folder", "forms/": "false: forms is a folder", "marked.csv": "true: marked.csv ",
	} {
		if !strings.HasPrefix(got[name], want) {
			b.Errorf("of %s it is said %q", name, got[name])
		}
	}
	if len(got) != 4 {
		b.Errorf("after the patience: %v", got)
	}
	b.clock.Pass(time.Hour)
	b.look()
	if got = untaken(); len(got) != 6 || !strings.Contains(got["orders.csv.filepart"], "1h") || !strings.Contains(got["5A3B1000"], "send the file again") {
		b.Errorf("after an hour: %v", got)
	}
	b.drop("marked.csv.done", "")
	b.expect(b.look(), "marked.csv")
	b.remove("November")
	b.look()
	if got = untaken(); len(got) != 4 {
		b.Errorf("when one was taken away, and one does not wait any more: %v", got)
	}
}

func leavesWhatCannotBeTrusted(b *bench) {
	if b.on.ASCII || b.on.Alters {
		return // what cannot be trusted cannot be shown to it
	}
	b.start()
	b.drop("good.csv", "x")
	for _, n := range []string{"line\nbreak.csv", "tab\there.csv", "bell\a.csv", `back\slash.csv`, "..\\..\\up.csv", "turned\u202evsc.exe.csv"} {
		b.drop(n, "x")
	}
	if b.Dir() != "" {
		b.dropLinks(filepath.Join(b.Dir(), "in"))
	}
	before := b.files()
	b.expect(b.settled(), "good.csv")
	b.holds(before...)
	for _, n := range []string{"../x.csv", "sub/x.csv", "..", "", "line\nbreak.csv", "link.csv"} {
		if err := b.place.Claim(b.Context(), id, inbox.Arrival{Name: n, Size: 1}); err == nil {
			b.Errorf("claimed %q", n)
		}
	}
	b.holds(before...)
}

// dropLinks drops what only a folder of this machine can hold.
func (b *bench) dropLinks(dir string) {
	outside := filepath.Join(b.TempDir(), "secret.csv")
	b.must(os.WriteFile(outside, []byte("x"), 0o644))
	b.must(os.Symlink(outside, filepath.Join(dir, "link.csv")))
	b.must(os.Symlink("good.csv", filepath.Join(dir, "inner.csv")))
	b.must(os.Symlink("nowhere", filepath.Join(dir, "broken.csv")))
	fifo(b.T, filepath.Join(dir, "pipe.csv"))
	_ = os.WriteFile(filepath.Join(dir, "bad\xff\xfe.csv"), []byte("x"), 0o644) // where a file system takes such names
}

func takesTheLongestNames(b *bench) {
	b.start()
	const letters = 125
	letter := b.on.Names("я", "nn")[0]
	name := strings.Repeat(letter, letters) + ".csv" // 254 bytes, of 255
	for i, id := range []string{"20261122-101502-7f3a", "20261122-101503-7f3b"} {
		b.drop(name, fmt.Sprint(i))
		got := b.settled()
		b.expect(got, name)
		b.must(b.place.Claim(b.Context(), id, got[0].Arrival))
		content, _, err := b.fetch(id, name)
		b.must(err)
		if content != fmt.Sprint(i) {
			b.Errorf("fetched %q", content)
		}
		b.must(b.place.Archive(b.Context(), id, name, taken))
	}
	b.holds("archive/2026/11/22/"+name, "archive/2026/11/22/"+strings.Repeat(letter, 115)+".20261122-101503-7f3b.csv")
}

func waitsForLocksToGo(b *bench) {
	b.start()
	b.drop("book.xlsx", "x")
	for _, lock := range []string{"~$book.xlsx", ".~lock.book.xlsx#"} {
		b.drop(lock, "somebody")
		b.expect(b.settled())
		b.clock.Pass(time.Hour)
		b.expect(b.look()) // a lock that nobody removes is told in the log, not taken for permission
		b.remove(lock)
		b.expect(b.look(), "book.xlsx")
	}
}

func waitsForTheMarker(b *bench) {
	b.opts.Done = "{name}.done"
	b.start()
	b.drop("a.csv", "x")
	b.expect(b.settled())
	b.clock.Pass(time.Hour)
	b.expect(b.look())
	b.drop("a.csv.done", "")
	got := b.look()
	b.expect(got, "a.csv")
	b.must(b.place.Claim(b.Context(), id, got[0].Arrival))
	b.start() // killed here
	b.must(b.place.Claim(b.Context(), id, got[0].Arrival))
	b.drop("a.csv", "the next one")
	b.expect(b.settled()) // the marker went with the first
	b.must(b.place.Archive(b.Context(), id, "a.csv", taken))
	b.holds("a.csv", "archive/2026/11/22/a.csv")

	b.drop("a.csv.done", "")
	got = b.settled()
	b.expect(got, "a.csv")
	b.drop("a.csv", "changed in the last moment")
	b.gone(b.place.Claim(b.Context(), "2", got[0].Arrival))
	b.holds("a.csv", "a.csv.done", "archive/2026/11/22/a.csv")

	// Killed between marker and file, and the file changes before the next start: it has its marker again.
	b.Make("in/processing/3")
	b.Move("in/a.csv.done", "in/processing/3/a.csv.done")
	b.start()
	b.gone(b.place.Claim(b.Context(), "3", got[0].Arrival))
	b.holds("a.csv", "a.csv.done", "archive/2026/11/22/a.csv")
}

func asksForTheStructureOnce(b *bench) {
	var asked []string
	open := true
	b.opts.Whole = func(_ context.Context, path string) error {
		content, err := os.ReadFile(path)
		asked = append(asked, string(content))
		if err == nil && open {
			return &batch.Unreadable{Incomplete: true, Message: batch.Message{Text: batch.Text{EN: "The last record is open."}}}
		}
		return err
	}
	b.start()
	b.drop("a.csv", "a,b")
	b.expect(b.look())
	if len(asked) > 0 {
		b.Fatal("the structure was read before the file settled")
	}
	b.clock.Pass(b.opts.Settle)
	for range 3 {
		b.expect(b.look())
		b.clock.Pass(b.opts.Settle)
	}
	open = false
	b.expect(b.look()) // the file has not changed: it is not read again
	b.drop("a.csv", "a,b\n1,2\n")
	b.expect(b.settled(), "a.csv")
	b.expect(b.look(), "a.csv")
	if want := []string{"a,b", "a,b\n1,2\n"}; !slices.Equal(asked, want) {
		b.Fatalf("the structure was asked for %q, want %q", asked, want)
	}
}

func givesUpOnWhatStaysBroken(b *bench) {
	b.opts.Whole = func(context.Context, string) error {
		return &batch.Unreadable{Incomplete: true, Message: batch.Message{Text: batch.Text{EN: "The zip directory is missing."}}}
	}
	b.start()
	b.drop("a.xlsx", "PK")
	b.expect(b.settled())
	b.clock.Pass(b.opts.Patience - 2*b.opts.Settle)
	b.expect(b.look())
	b.clock.Pass(2 * b.opts.Settle)
	got := b.look()
	b.expect(got, "a.xlsx")
	if !strings.Contains(got[0].Stuck, "The zip directory is missing.") {
		b.Fatalf("stuck: %q", got[0].Stuck)
	}
	b.must(b.place.Claim(b.Context(), id, got[0].Arrival))
	b.must(b.place.Quarantine(b.Context(), id, "a.xlsx", got[0].Stuck))
	b.holds("quarantine/"+id+"/REASON.txt", "quarantine/"+id+"/a.xlsx")
}

// note stands for the ledger: it outlasts the place.
type note struct {
	text   string
	writes int
}

func (n *note) Read(context.Context) (string, error) { return n.text, nil }

func (n *note) Write(_ context.Context, text string) error {
	n.text = text
	n.writes++
	return nil
}

// Processes that live for some seconds, started by cron, come to the same end as one that runs on.
func givesUpOverRestarts(b *bench) {
	n := &note{}
	b.opts.Note = n
	b.opts.Whole = func(context.Context, string) error {
		return &batch.Unreadable{Incomplete: true, Message: batch.Message{Text: batch.Text{EN: "The zip directory is missing."}}}
	}
	run := func(want ...string) []inbox.Complete {
		b.Helper()
		b.start()
		got := b.settled()
		b.expect(got, want...)
		return got
	}
	b.drop("a.xlsx", "PK")
	b.drop("slow.xlsx", "P")
	for range 3 {
		run()
		b.clock.Pass(b.opts.Patience / 4)
	}
	writes := n.writes
	b.drop("slow.xlsx", "PKPK") // goes on: for it the patience begins anew
	run()
	b.clock.Pass(b.opts.Patience / 4)
	b.drop("new.xlsx", "PK")
	got := run("a.xlsx")
	if !strings.Contains(got[0].Stuck, "The zip directory is missing.") {
		b.Fatalf("stuck: %q", got[0].Stuck)
	}
	b.must(b.place.Claim(b.Context(), id, got[0].Arrival))
	b.must(b.place.Quarantine(b.Context(), id, "a.xlsx", got[0].Stuck))
	b.look()
	if writes != 1 || strings.Contains(n.text, "a.xlsx") || !strings.Contains(n.text, "slow.xlsx") {
		b.Errorf("%d writes for what did not change, then: %s", writes, n.text)
	}
	b.drop("a.xlsx", "PK") // another of the name, with all the patience before it
	later := b.clock.Now().Add(time.Minute)
	b.age("a.xlsx", later)
	run()
	b.clock.Pass(b.opts.Patience / 2)
	run()
	b.clock.Pass(b.opts.Patience / 4)
	run("slow.xlsx")
	b.clock.Pass(-2 * b.opts.Patience) // a clock that was wrong
	run()
	b.clock.Pass(b.opts.Patience / 2)
	run()
	b.clock.Pass(b.opts.Patience / 2)
	run("a.xlsx", "new.xlsx", "slow.xlsx")
}

func takesWhatIsUnreadableButComplete(b *bench) {
	b.opts.Whole = func(context.Context, string) error {
		return &batch.Unreadable{Message: batch.Message{Text: batch.Text{EN: "This is a picture."}}}
	}
	b.start()
	b.drop("a.csv", "\x89PNG")
	if got := b.one("a.csv"); got.Stuck != "" {
		b.Fatalf("stuck: %q", got.Stuck)
	}
}

// Wherever a file came to rest, its original is found again by its size, and copied as it is.
func findsOriginalsAgain(b *bench) {
	b.start()
	ctx := b.Context()
	find := func(content string) (at []string) {
		b.Helper()
		for lying, err := range b.place.Originals(ctx, int64(len(content)), taken) {
			b.must(err)
			var text bytes.Buffer
			b.must(lying.Copy(ctx, &text))
			if text.String() == content {
				at = append(at, lying.Path)
			}
		}
		slices.Sort(at)
		return at
	}
	wants := func(content string, at ...string) {
		b.Helper()
		if got := find(content); !slices.Equal(got, at) {
			b.Errorf("%q lies in %v, want %v", content, got, at)
		}
	}
	for name, content := range map[string]string{"a.csv": "one", "b.csv": "two", "c.csv": "four", "d.csv": "three", "e.csv": "seven"} {
		b.drop(name, content)
	}
	all := b.settled()
	for i, id := range []string{"20261122-101502-000a", "20261122-101502-000b", "20261122-101502-000c", "20261122-101502-000d"} {
		name := string(rune('a'+i)) + ".csv"
		k := slices.IndexFunc(all, func(c inbox.Complete) bool { return c.Name == name })
		b.must(b.place.Claim(ctx, id, all[k].Arrival))
	}
	b.must(b.place.Archive(ctx, "20261122-101502-000a", "a.csv", taken))
	b.must(b.place.Duplicate(ctx, "20261122-101502-000b", "b.csv", "note"))
	b.must(b.place.Quarantine(ctx, "20261122-101502-000c", "c.csv", "reason"))
	wants("one", "archive/2026/11/22/a.csv")
	wants("two", "duplicates/20261122-101502-000b/b.csv")
	wants("four", "quarantine/20261122-101502-000c/c.csv")
	wants("three", "processing/20261122-101502-000d/d.csv")
	wants("seven", "e.csv")
	wants("elsewhere")
	var left []string
	for lying, err := range b.place.Originals(ctx, 3, taken) { // a reader that has what it wants asks for no more
		b.must(err)
		left = append(left, lying.Path)
		break
	}
	if !slices.Equal(left, []string{"archive/2026/11/22/a.csv"}) {
		b.Errorf("the first is %v", left)
	}
}

func carriesAFileToTheArchive(b *bench) {
	for i, n := range b.on.Names(names...) {
		b.start()
		id := fmt.Sprint("id-", i)
		content := strings.Repeat("content of "+n+"\r\n", 50)
		if i == 0 { // of a size that comes in many parts
			content = strings.Repeat(content, 1000)
		}
		b.drop(n, content)
		c := b.one(n)
		b.must(b.place.Claim(b.Context(), id, c.Arrival))
		if got := b.read("processing/" + id + "/" + n); got != content {
			b.Fatalf("%q: claimed another content", n)
		}
		b.expect(b.settled())
		got, fetched, err := b.fetch(id, n)
		b.must(err)
		sum := sha256.Sum256([]byte(content))
		if got != content || fetched.Size != int64(len(content)) || fetched.Hash != hex.EncodeToString(sum[:]) {
			b.Fatalf("%q: fetched %d bytes, %+v", n, len(got), fetched)
		}
		b.must(b.place.Archive(b.Context(), id, n, taken))
		if got := b.read("archive/2026/11/22/" + n); got != content {
			b.Fatalf("%q: archived another content", n)
		}
		if b.Exists("in/processing/" + id) {
			b.Fatalf("processing/%s is left", id)
		}
	}
	if got := b.files(); len(got) != len(b.on.Names(names...)) {
		b.Fatalf("the folder holds %q", got)
	}
}

func archivesBesideAnEarlierFile(b *bench) {
	b.start()
	for i, content := range []string{"first", "second", "third"} {
		b.drop("orders.csv", content)
		id := fmt.Sprint("id-", i)
		b.must(b.place.Claim(b.Context(), id, b.one("orders.csv").Arrival))
		b.must(b.place.Archive(b.Context(), id, "orders.csv", taken))
		b.must(b.place.Archive(b.Context(), id, "orders.csv", taken))
	}
	b.holds("archive/2026/11/22/orders.csv", "archive/2026/11/22/orders.id-1.csv", "archive/2026/11/22/orders.id-2.csv")
	for name, want := range map[string]string{"orders.csv": "first", "orders.id-1.csv": "second", "orders.id-2.csv": "third"} {
		if got := b.read("archive/2026/11/22/" + name); got != want {
			b.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
}

func deletesWhenTold(b *bench) {
	b.opts.After = "delete"
	b.start()
	b.drop("a.csv", "x")
	b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
	for range 2 {
		b.must(b.place.Archive(b.Context(), id, "a.csv", taken))
		b.start()
	}
	b.holds()
	b.drop("b.csv", "x")
	b.must(b.place.Claim(b.Context(), "2", b.one("b.csv").Arrival))
	b.must(b.place.Quarantine(b.Context(), "2", "b.csv", "bad"))
	b.holds("quarantine/2/REASON.txt", "quarantine/2/b.csv") // what was not processed is never deleted
}

// memory stands for the ledger: it outlasts the place.
type memory struct{ inbox.Forgetful }

func keepsWhenTold(b *bench) {
	b.opts.After, b.opts.Remembering = "keep", &memory{}
	b.start()
	b.drop("a.csv", "x,y\n")
	c := b.one("a.csv")
	b.must(b.place.Claim(b.Context(), id, c.Arrival))
	b.expect(b.look())
	b.start() // killed here
	b.must(b.place.Claim(b.Context(), id, c.Arrival))
	b.gone(b.place.Claim(b.Context(), "another", c.Arrival))
	got, fetched, err := b.fetch(id, "a.csv")
	b.must(err)
	if got != "x,y\n" || fetched.Size != 4 {
		b.Fatalf("fetched %q, %+v", got, fetched)
	}
	_, _, err = b.fetch("another", "a.csv")
	b.gone(err)
	b.must(b.place.Archive(b.Context(), id, "a.csv", taken))
	b.holds("a.csv")
	b.start()
	b.expect(b.settled())
	b.drop("a.csv", "new content")
	b.age("a.csv", time.Now().Add(5*time.Second))
	c = b.one("a.csv")
	_, _, err = b.fetch(id, "a.csv")
	b.gone(err) // the first id does not own the new content
	b.must(b.place.Claim(b.Context(), "2", c.Arrival))
	b.must(b.place.Duplicate(b.Context(), "2", "a.csv", "the same as before"))
	if b.read("a.csv") != "new content" {
		b.Fatal("the file did not stay as it was")
	}
	b.expect(b.settled())
}

func setsAsideWithANote(b *bench) {
	b.start()
	for _, n := range append(slices.Clone(b.on.Names(names...)), "REASON.txt", "note.TXT") {
		for folder, set := range map[string]func(context.Context, string, string, string) error{"duplicates": b.place.Duplicate, "quarantine": b.place.Quarantine} {
			b.drop(n, "content")
			b.must(b.place.Claim(b.Context(), id, b.one(n).Arrival))
			b.must(set(b.Context(), id, n, "第 5 行：缺少列 «Номер»"))
			b.must(set(b.Context(), id, n, "第 5 行：缺少列 «Номер»"))
			if got := b.read(folder + "/" + id + "/" + n); got != "content" {
				b.Fatalf("%s: %q holds %q", folder, n, got)
			}
			note := inbox.NoteName(map[string]string{"duplicates": "NOTE.txt", "quarantine": "REASON.txt"}[folder], n)
			text := b.read(folder + "/" + id + "/" + note)
			if !strings.Contains(text, "第 5 行：缺少列 «Номер»") {
				b.Fatalf("%s: the note says %q", folder, text)
			}
			b.remove(folder)
		}
	}
	b.holds()
}

func claimsOnlyWhatItSaw(b *bench) {
	b.start()
	b.drop("first.csv", "x")
	b.must(b.place.Claim(b.Context(), "first", b.one("first.csv").Arrival))
	b.must(b.place.Archive(b.Context(), "first", "first.csv", taken))
	b.drop("a.csv", "12345")
	c := b.one("a.csv").Arrival
	b.drop("a.csv", "123456")
	b.gone(b.place.Claim(b.Context(), id, c))
	b.drop("a.csv", "12345")
	b.age("a.csv", c.ModTime.Add(2*time.Second))
	b.gone(b.place.Claim(b.Context(), id, c))
	b.holds("a.csv", "archive/2026/11/22/first.csv")
	b.remove("a.csv")
	b.gone(b.place.Claim(b.Context(), id, c))
	b.Make("in/a.csv")
	b.gone(b.place.Claim(b.Context(), id, c))
	_, _, err := b.fetch(id, "a.csv")
	b.gone(err)
}

func fetchesAgain(b *bench) {
	b.start()
	content := strings.Repeat("0123456789", 100_000)
	b.drop("a.csv", content)
	b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
	if _, err := b.place.Fetch(b.Context(), id, "a.csv", &fullAfter{n: 1000}); !errors.Is(err, errFull) {
		b.Fatalf("a writer that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	if _, err := b.place.Fetch(ctx, id, "a.csv", &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		b.Fatalf("cancelled: %v", err)
	}
	for range 2 {
		got, _, err := b.fetch(id, "a.csv")
		b.must(err)
		if got != content {
			b.Fatalf("fetched %d bytes, want %d", len(got), len(content))
		}
		b.start()
	}
	b.drop("empty.csv", "")
	b.must(b.place.Claim(b.Context(), "2", b.one("empty.csv").Arrival))
	got, fetched, err := b.fetch("2", "empty.csv")
	b.must(err)
	if got != "" || fetched.Hash != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		b.Fatalf("an empty file: %q, %+v", got, fetched)
	}
}

var errFull = errors.New("full")

// fullAfter takes n bytes and then fails.
type fullAfter struct{ n int }

func (w *fullAfter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A sender that kept the file open goes on writing after the move.
func givesBackWhatChangesWhileCopied(b *bench) {
	b.start()
	b.drop("a.csv", strings.Repeat("a,b\n", 500_000))
	b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
	w := &during{do: func() {
		b.Grow("in/processing/"+id+"/a.csv", "late,row\n")
		b.age("processing/"+id+"/a.csv", time.Now().Add(3*time.Second))
	}}
	_, err := b.place.Fetch(b.Context(), id, "a.csv", w)
	b.gone(err)
	b.holds("a.csv")
	b.one("a.csv")
	if !strings.HasSuffix(b.read("a.csv"), "late,row\n") {
		b.Fatal("the late row is lost")
	}
}

// A file that has to go back finds another of its name there: both are taken later.
func putsBackBesideANewFile(b *bench) {
	b.start()
	b.drop("a.csv", "first")
	b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
	b.drop("a.csv", "second")
	_, err := b.place.Fetch(b.Context(), id, "a.csv", &during{do: func() {
		b.drop("processing/"+id+"/a.csv", "first and more")
		b.age("processing/"+id+"/a.csv", time.Now().Add(3*time.Second))
	}})
	b.gone(err)
	b.holds("a.csv", "a."+id+".csv")
	if b.read("a.csv") != "second" || b.read("a."+id+".csv") != "first and more" {
		b.Fatal("the contents are mixed up")
	}
	b.expect(b.settled(), "a.csv", "a."+id+".csv")
}

// A person who tidies up in processing must not stop the work.
func restsWhatSomebodyRemoved(b *bench) {
	b.start()
	for _, end := range []func() error{
		func() error { return b.place.Archive(b.Context(), id, "a.csv", taken) },
		func() error { return b.place.Duplicate(b.Context(), id, "a.csv", "note") },
		func() error { return b.place.Quarantine(b.Context(), id, "a.csv", "reason") },
	} {
		b.drop("a.csv", "x")
		b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
		b.remove("processing/" + id)
		_, _, err := b.fetch(id, "a.csv")
		b.gone(err)
		b.must(end())
	}
}

// Trouble with the place ends the look; trouble with a file is that file's alone.
func stopsWhenThePlaceIsInTrouble(b *bench) {
	asked := 0
	var trouble error
	b.opts.Whole = func(context.Context, string) error { asked++; return trouble }
	b.start()
	for _, n := range []string{"a.csv", "b.csv", "c.csv"} {
		b.drop(n, "x")
	}
	b.expect(b.look())
	b.clock.Pass(b.opts.Settle)
	trouble = &places.Trouble{Message: words.Message("inbox.missing", "dir", "in")}
	var got error
	for _, err := range b.place.Look(b.Context()) {
		got = err
	}
	if !errors.Is(got, trouble) || asked != 1 {
		b.Fatalf("look ended with %v after asking for %d files", got, asked)
	}
	trouble = errors.New("this file cannot be read now")
	b.expect(b.look())
	if asked != 4 {
		b.Fatalf("%d files were asked for, want the three of them", asked-1)
	}
	trouble = nil
	b.expect(b.look(), "a.csv", "b.csv", "c.csv")
}

// during does something at the first write.
type during struct {
	do   func()
	done bool
}

func (w *during) Write(b []byte) (int, error) {
	if !w.done {
		w.done = true
		w.do()
	}
	return len(b), nil
}

// endsTheSameAfterACutAtAnyStep calls every step twice, with a restart before the second, and also finds the folders as a kill
// between two lines would leave them.
func endsTheSameAfterACutAtAnyStep(b *bench) {
	endings := map[string]func(id string) error{
		"archive":    func(id string) error { return b.place.Archive(b.Context(), id, "a.csv", taken) },
		"duplicates": func(id string) error { return b.place.Duplicate(b.Context(), id, "a.csv", "note") },
		"quarantine": func(id string) error { return b.place.Quarantine(b.Context(), id, "a.csv", "reason") },
	}
	final := map[string]string{"archive": "archive/2026/11/22", "duplicates": "duplicates/%s", "quarantine": "quarantine/%s"}
	for end, finish := range endings {
		id := "id-" + end
		dir := strings.ReplaceAll(final[end], "%s", id)
		b.start()
		b.drop("a.csv", "content")
		c := b.one("a.csv").Arrival
		b.Make("in/processing/" + id) // killed before the move
		b.start()
		b.must(b.place.Claim(b.Context(), id, c))
		b.start() // killed after it
		b.must(b.place.Claim(b.Context(), id, c))
		b.Make("in/" + dir) // killed before the second move
		b.drop("a.csv", "the next file of that name")
		b.start()
		b.must(finish(id))
		b.Make("in/processing/" + id) // killed before tidying up
		b.start()
		b.must(finish(id))
		b.must(finish(id))
		if got := b.read(dir + "/a.csv"); got != "content" {
			b.Fatalf("%s holds %q", dir, got)
		}
		if got := b.read("a.csv"); got != "the next file of that name" {
			b.Fatalf("the next file holds %q", got)
		}
		if b.Exists("in/processing/" + id) {
			b.Errorf("%s: processing/%s is left", end, id)
		}
		b.remove("archive")
		b.remove("a.csv")
	}
}

func neverOverwrites(b *bench) {
	b.start()
	b.drop("a.csv", "new")
	c := b.one("a.csv").Arrival
	b.drop("processing/"+id+"/a.csv", "somebody's")
	_ = b.place.Claim(b.Context(), id, c)
	if b.read("a.csv") != "new" {
		b.Fatal("the arrival is lost")
	}
	for _, f := range b.files() {
		if b.read(f) == "somebody's" {
			return
		}
	}
	b.Fatalf("the file that lay there is lost: %q", b.files())
}

func oneOfTwoWins(b *bench) {
	const files = 30
	for i := range files {
		b.drop(fmt.Sprintf("f%02d.csv", i), fmt.Sprint("content ", i))
		if b.opts.Done != "" {
			b.drop(fmt.Sprintf("f%02d.csv.done", i), "")
		}
	}
	var mu sync.Mutex
	won := map[string][]string{}
	var wg sync.WaitGroup
	for _, who := range []string{"A", "B"} {
		opts := b.opts
		clock := &Clock{now: time.Now()}
		opts.Clock = clock.Now
		p := b.open(opts)
		defer p.Close()
		wg.Go(func() {
			for range 3 {
				for c, err := range p.Look(b.Context()) {
					if err != nil {
						b.Errorf("%s looks: %v", who, err)
						return
					}
					id := who + "-" + strings.TrimSuffix(c.Name, ".csv")
					switch err := p.Claim(b.Context(), id, c.Arrival); {
					case err == nil:
						mu.Lock()
						won[c.Name] = append(won[c.Name], id)
						mu.Unlock()
					case !errors.Is(err, inbox.ErrGone):
						b.Errorf("%s claims %s: %v", who, c.Name, err)
					}
				}
				clock.Pass(opts.Settle)
			}
		})
	}
	wg.Wait()
	for _, name := range b.files() {
		if !strings.Contains(name, "/") && strings.HasSuffix(name, ".done") {
			b.Errorf("a marker without its file, which would complete the next one of the name: %s", name)
		}
	}
	b.start()
	for i := range files {
		name := fmt.Sprintf("f%02d.csv", i)
		if len(won[name]) != 1 {
			b.Fatalf("%s was claimed by %q", name, won[name])
		}
		got, _, err := b.fetch(won[name][0], name)
		b.must(err)
		if got != fmt.Sprint("content ", i) {
			b.Fatalf("%s holds %q", name, got)
		}
	}
}

func takesEachOfManyOnce(b *bench) {
	const files = 300
	for i := range files {
		b.drop(fmt.Sprintf("f%04d.csv", i), fmt.Sprint(i))
	}
	b.start()
	seen := map[string]int{}
	for range 4 {
		for i, c := range b.look() {
			if i%100 == 99 {
				break // the rest come with the next look
			}
			b.must(b.place.Claim(b.Context(), "id-"+c.Name, c.Arrival))
			b.must(b.place.Archive(b.Context(), "id-"+c.Name, c.Name, taken))
			seen[c.Name]++
		}
		b.clock.Pass(b.opts.Settle)
	}
	for len(b.look()) > 0 {
		for _, c := range b.look() {
			b.must(b.place.Claim(b.Context(), "id-"+c.Name, c.Arrival))
			b.must(b.place.Archive(b.Context(), "id-"+c.Name, c.Name, taken))
			seen[c.Name]++
		}
	}
	for name, n := range seen {
		if n != 1 {
			b.Errorf("%s was taken %d times", name, n)
		}
	}
	if len(seen) != files {
		b.Errorf("%d files were taken, want %d", len(seen), files)
	}
	if got := b.files(); len(got) != files || !strings.HasPrefix(got[0], "archive/") {
		b.Errorf("%d files are left, the first is %s", len(got), got[0])
	}
}

func tellsWhenTheFolderIsGone(b *bench) {
	b.start()
	b.drop("a.csv", "x")
	c := b.one("a.csv")
	b.must(b.place.Claim(b.Context(), id, c.Arrival))
	b.Move("in", "away")
	told := 0
	for _, err := range b.place.Look(b.Context()) {
		var trouble *places.Trouble
		if !errors.As(err, &trouble) {
			b.Fatalf("look in a folder that is gone: %v", err)
		}
		for _, l := range batch.Languages() {
			if said := words.Say(l, trouble.Message); !strings.Contains(said, filepath.Join(b.Dir(), "in")) {
				b.Errorf("%s does not name the folder: %s", l, said)
			}
		}
		told++
	}
	if told != 1 {
		b.Fatalf("it was told %d times", told)
	}
	_, _, err := b.fetch(id, "a.csv")
	if err == nil || errors.Is(err, inbox.ErrGone) {
		b.Fatalf("fetch while the folder is away: %v; the file is not gone", err)
	}
	if err := b.place.Archive(b.Context(), id, "a.csv", taken); err == nil || errors.Is(err, inbox.ErrGone) {
		b.Fatalf("archive while the folder is away: %v", err)
	}
	b.Move("away", "in")
	b.drop("b.csv", "x")
	b.one("b.csv")
	b.must(b.place.Archive(b.Context(), id, "a.csv", taken))
}

func refusesIdsThatClimb(b *bench) {
	b.start()
	b.drop("a.csv", "x")
	c := b.one("a.csv").Arrival
	for _, id := range []string{"", "..", "../..", "a/b", `a\b`, "a\nb"} {
		errs := map[string]error{
			"claim":      b.place.Claim(b.Context(), id, c),
			"archive":    b.place.Archive(b.Context(), id, "a.csv", taken),
			"duplicate":  b.place.Duplicate(b.Context(), id, "a.csv", "x"),
			"quarantine": b.place.Quarantine(b.Context(), id, "a.csv", "x"),
		}
		_, _, errs["fetch"] = b.fetch(id, "a.csv")
		for what, err := range errs {
			if err == nil {
				b.Errorf("%s under id %q was allowed", what, id)
			}
		}
	}
	b.holds("a.csv")
}

func waitsAndStopsWhenTold(b *bench) {
	b.opts.Clock = nil
	b.opts.Settle = 50 * time.Millisecond
	b.start()
	b.must(b.place.Wait(b.Context())) // the first look is due at once
	deadline := time.Now().Add(5 * time.Minute)
	for stopped := false; !stopped; {
		b.look()
		ctx, cancel := context.WithTimeout(b.Context(), 30*time.Millisecond)
		err := b.place.Wait(ctx) // or the next look is due, on a machine that stood still for seconds
		cancel()
		if stopped = errors.Is(err, context.DeadlineExceeded); !stopped && (err != nil || time.Now().After(deadline)) {
			b.Fatalf("wait ended with %v", err)
		}
	}
	b.drop("a.csv", "x")
	for len(b.look()) == 0 {
		if time.Now().After(deadline) {
			b.Fatal("the file was never given")
		}
		b.must(b.place.Wait(b.Context()))
	}
}

func leavesClaimedFiles(b *bench) {
	b.start()
	b.drop("a.csv", "x")
	b.must(b.place.Claim(b.Context(), id, b.one("a.csv").Arrival))
	b.start()
	b.expect(b.settled())
	b.holds("processing/" + id + "/a.csv")
}
