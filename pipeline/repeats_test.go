package pipeline_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/redrop"
)

// sender is a house that drops files, and the truth about what its provider executed.
type sender struct {
	*testing.T
	dir, server, config string

	mu       sync.Mutex
	executed map[string]int // by what tells a thing apart
}

const twoRoutes = `
data: data
accounts:
  les: {provider: les, server: "URL", rate: none, timeout: 5m, retry: {for: 1ns}}
  parcel: {provider: "DIR/parcel.yaml", server: "URL", rate: none, timeout: 5m, retry: {for: 1ns}}
routes:
  failures: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 1ms, every: 5ms}, outbox: {dir: out, formats: [csv, summary]}}
  more: {account: les, operation: shipmentFailed, language: zh, inbox: {dir: in2, settle: 1ms, every: 5ms}, outbox: {dir: out, formats: [csv]}}
  parcels: {account: parcel, operation: parcelCreate, language: ru, inbox: {dir: in3, settle: 1ms, every: 5ms}, outbox: {dir: out, formats: [csv]}}
`

// newSender opens a house over a provider that refuses what is called REFUSE and never answers about what is called LOST.
func newSender(t *testing.T, config string) *sender {
	s := &sender{T: t, dir: t.TempDir(), executed: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ LesBookingID, Order string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		name, parcel := body.LesBookingID, body.Order != ""
		if parcel {
			name = body.Order
		}
		if strings.HasPrefix(name, "REFUSE") {
			_, _ = io.WriteString(w, `{"code": -1, "ok": false, "message": "no"}`)
			return
		}
		s.mu.Lock()
		s.executed[name]++
		s.mu.Unlock()
		if strings.HasPrefix(name, "LOST") {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"code": 1, "ok": true, "id": "P-1", "message": "success"}`)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	s.server = server.URL
	for _, dir := range []string{"in", "in2", "in3"} {
		s.must(os.MkdirAll(filepath.Join(s.dir, dir), 0o755))
	}
	document, err := os.ReadFile("testdata/parcel.yaml")
	s.must(err)
	s.must(os.WriteFile(filepath.Join(s.dir, "parcel.yaml"), document, 0o644))
	s.config = strings.NewReplacer("URL", server.URL, "DIR", s.dir).Replace(config)
	return s
}

func (s *sender) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// drop puts files into inboxes ("in/a.csv", content, …) and runs once, as a process of its own; it returns what became of them.
func (s *sender) drop(filesAndContents ...string) []ledger.File {
	s.Helper()
	for i := 0; i < len(filesAndContents); i += 2 {
		s.must(os.WriteFile(filepath.Join(s.dir, filesAndContents[i]), []byte(filesAndContents[i+1]), 0o644))
	}
	var files []ledger.File
	s.open(func(ctx context.Context, e *pipeline.Engine) {
		var err error
		if files, err = e.Once(ctx, nil); err != nil {
			s.Fatal(err)
		}
	})
	return files
}

func (s *sender) open(do func(context.Context, *pipeline.Engine)) {
	s.Helper()
	path := filepath.Join(s.dir, "rowferry.yaml")
	s.must(os.WriteFile(path, []byte(s.config), 0o644))
	cfg, err := pipeline.Load(path)
	s.must(err)
	l, err := drivers.Open(s.Context(), drivers.SQLite(cfg.Data))
	s.must(err)
	e, err := pipeline.Build(s.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.NewTextHandler(testLog{s.T}, nil))})
	s.must(err)
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Minute)
	defer cancel()
	do(ctx, e)
	s.must(errors.Join(e.Close(), l.Close()))
}

// result reads a file's result: by the row's number, its columns by heading.
func (s *sender) result(f ledger.File) map[string]map[string]string {
	s.Helper()
	i := slices.IndexFunc(f.Results, func(name string) bool { return strings.HasSuffix(name, ".csv") })
	if i < 0 {
		s.Fatalf("%s has no result: %+v", f.Name, f)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "out", f.Results[i]))
	s.must(err)
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	s.must(err)
	rows := map[string]map[string]string{}
	for _, rec := range all[1:] {
		row := map[string]string{}
		for k, heading := range all[0] {
			row[heading] = rec[k]
		}
		rows[rec[0]] = row
	}
	return rows
}

// sent checks how often things were executed: "A 1 B 2".
func (s *sender) sent(want string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	fields := strings.Fields(want)
	for i := 0; i < len(fields); i += 2 {
		if got := s.executed[fields[i]]; got != int(fields[i+1][0]-'0') {
			s.Errorf("%s was executed %d times, want %s", fields[i], got, fields[i+1])
		}
	}
}

const noticed = "accountNumber,lesBookingId,failReason\n"

// A sender mends a cell in their own file and drops it again: what was mended goes, and what was delivered does not.
func TestTheSendersOwnFileMendedAndDroppedAgain(t *testing.T) {
	s := newSender(t, twoRoutes)
	one := s.drop("in/a.csv", noticed+"1,A1,late\n1,REFUSE2,late\n,A3,late\n1,LOST4,late\n")[0]
	if one.Counts != (batch.Counts{Read: 4, Delivered: 1, Rejected: 1, Invalid: 1, Unknown: 1}) {
		t.Fatalf("%+v", one.Counts)
	}
	two := s.drop("in/a.csv", noticed+"1,A1,late\n1,REFUSE2,late\n1,A3,late\n1,LOST4,late\n")[0]
	if two.Counts != (batch.Counts{Read: 4, Delivered: 1, Rejected: 1, Skipped: 2}) {
		t.Fatalf("%+v", two.Counts)
	}
	s.sent("A1 1 A3 1 LOST4 1")
	rows := s.result(two)
	if r := rows["2"]; r["code"] != "delivered-before" || !strings.Contains(r["message"], "row 2 of a.csv (file "+one.ID) || !strings.Contains(r["message"], `write "resend" into its cell in the column "status" of the result`) {
		t.Errorf("%v", r)
	}
	if r := rows["5"]; r["code"] != "unknown-before" || !strings.Contains(r["message"], "row 5 of a.csv") {
		t.Errorf("%v", r)
	}
	summary, err := os.ReadFile(filepath.Join(s.dir, "out", two.Results[1]))
	if err != nil || !strings.Contains(string(summary), "delivered-before") {
		t.Errorf("%s, %v", summary, err)
	}

	text, err := os.ReadFile(filepath.Join(s.dir, "out", two.Results[0]))
	s.must(err)
	wanted := strings.NewReplacer("2,skipped,", "2,resend,").Replace(string(text))
	three := s.drop("in/"+two.Results[0], wanted)[0]
	s.sent("A1 2 A3 1 LOST4 1")
	if three.Counts.Delivered != 2 || three.Counts.Skipped != 1 {
		t.Errorf("with the word: %+v", three.Counts)
	}
	s.open(func(ctx context.Context, e *pipeline.Engine) {
		if rows, err := e.Ledger.Requeue(ctx, three.ID, []batch.Status{batch.Skipped}, 0); err != nil || rows != 1 {
			t.Errorf("%d, %v", rows, err)
		}
	})
	s.drop()
	s.sent("A1 2 A3 1 LOST4 2")
}

// Rows are the same whatever file brings them: saved again with other bytes, a copy of a sync program, another route of the
// account, all at once.
func TestTheSameRowsInOtherFiles(t *testing.T) {
	s := newSender(t, twoRoutes)
	one := s.drop("in/a.csv", noticed+"1,A1,late\n1,A2,late\n")[0]
	two := s.drop("in/b.csv", "failReason;lesBookingId;accountNumber\r\nlate;A1;1\r\nlate;A2;1\r\n")[0]
	if two.State != ledger.Duplicate || two.Reason != one.ID {
		t.Fatalf("%+v", two)
	}
	note, _ := filepath.Glob(filepath.Join(s.dir, "in", "duplicates", "*", "*.txt"))
	if len(note) == 0 {
		note, _ = filepath.Glob(filepath.Join(s.dir, "in", "duplicates", "*.txt"))
	}
	if len(note) != 1 {
		t.Fatalf("notes %v", note)
	}
	if text, err := os.ReadFile(note[0]); err != nil || !strings.Contains(string(text), "Every row of b.csv was in a.csv") || !strings.Contains(string(text), one.ID) {
		t.Errorf("%s, %v", text, err)
	}
	s.drop("in/c.csv", noticed+"1,A1,late\n1,B1,late\n1,B2,late\n", "in2/d.csv", noticed+"1,B2,late\n1,A2,late\n1,C1,late\n", "in/e.csv", noticed+"1,C1,late\n1,B1,late\n")
	s.sent("A1 1 A2 1 B1 1 B2 1 C1 1")
	zh := s.drop("in2/f.csv", noticed+"1,A1,late\n1,D1,late\n")[0]
	if r := s.result(zh)["2"]; !strings.Contains(r["message"], "a.csv 的第 2 行") || !strings.Contains(r["message"], "“status”") {
		t.Errorf("%v", r)
	}
	s.sent("A1 1 D1 1")
}

// Rows are the same however a program or a person has written them down: each file of testdata/spelt says what the first one said.
func TestTheSameRowsSpeltOtherwise(t *testing.T) {
	s := newSender(t, twoRoutes)
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		s.must(err)
		return string(text)
	}
	first := s.drop("in3/orders.csv", read("testdata/spelt/first/orders.csv"))[0]
	if first.Counts.Delivered != 3 {
		t.Fatalf("%+v", first)
	}
	others, err := filepath.Glob("testdata/spelt/*.csv")
	if err != nil || len(others) < 10 {
		t.Fatal(others, err)
	}
	for _, path := range others {
		name := filepath.Base(path)
		if f := s.drop("in3/"+name, read(path))[0]; f.State != ledger.Duplicate || f.Reason != first.ID {
			t.Errorf("%s is %s of %q: %+v", name, f.State, f.Reason, f.Counts)
		}
	}
	s.sent("A-1 1 A-2 1 A-3 1")
}

// A sender's file that a program saved again lost the zeros of its numbers, and the sender's changes beside them are few: its rows are held, for
// as long as nobody wants them so, also where the sender put the zeros of some back.
func TestTheSameRowsWithoutTheirZeros(t *testing.T) {
	s := newSender(t, twoRoutes)
	one := s.drop("in/a.csv", noticed+"003001,0700,late\n003002,A2,+49170\n003003,A3,1.50\n77,A4,late\n")[0]
	if one.Counts.Delivered != 4 {
		t.Fatalf("%+v", one.Counts)
	}
	two := s.drop("in/a.csv", noticed+"3001,700,late\n3002,A2,49170\n3003,A3,1.5\n77,A4,late\n78,A5,late\n")[0]
	if two.Counts != (batch.Counts{Read: 5, Delivered: 1, Skipped: 4}) {
		t.Fatalf("%+v", two.Counts)
	}
	s.sent("0700 1 700 0 A2 1 A3 1 A4 1 A5 1")
	rows := s.result(two)
	for number, row := range map[string]string{"2": "2", "3": "3", "4": "4"} {
		if r := rows[number]; r["code"] != "delivered-before" || !strings.Contains(r["message"], "zeros or a plus") || !strings.Contains(r["message"], "row "+row+" of a.csv (file "+one.ID) {
			t.Errorf("%v", r)
		}
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "out", two.Results[0]))
	s.must(err)
	three := s.drop("in/"+two.Results[0], strings.Replace(string(text), "2,skipped,", "2,resend,", 1))[0]
	if three.Counts != (batch.Counts{Read: 5, Delivered: 2, Skipped: 3}) {
		t.Errorf("%+v", three.Counts)
	}
	s.sent("0700 1 700 1 A2 1 A3 1 A4 1 A5 1")
	if four := s.drop("in/b.csv", noticed+"3002,A2,49170\n00,A6,late\n")[0]; four.Counts != (batch.Counts{Read: 2, Delivered: 1, Skipped: 1}) {
		t.Errorf("%+v", four.Counts)
	}
	s.sent("0700 1 700 1 A2 1 A3 1 A4 1 A5 1 A6 1")
}

// Where a program took the zeros of a file's numbers off, the rows that were not sent lost theirs, too. They are held beside those that were, and go
// when the sender puts the zeros back in the result, which sends nothing else of it.
func TestMendedRowsWithoutTheirZeros(t *testing.T) {
	s := newSender(t, twoRoutes)
	s.drop("in/a.csv", noticed+"003001,A1,+49170\n003002,REFUSE2,late\n003003,,late\n41,A4,late\n")
	two := s.drop("in/a.csv", noticed+"3002,A2,late\n3001,A1,49170\n3003,A3,late\n41,A4,late\n42,A5,49171\n3004567,A6,late\n")[0]
	if two.Counts != (batch.Counts{Read: 6, Delivered: 1, Skipped: 5}) {
		t.Errorf("%+v", two.Counts)
	}
	s.sent("A1 1 A2 0 A3 0 A4 1 A5 0 A6 1")
	rows := s.result(two)
	for number, value := range map[string]string{"2": "3002", "4": "3003", "6": "49171"} {
		if r := rows[number]; r["code"] != "zeros-lost" || !strings.Contains(r["message"], "Row 3 is row 2 of a.csv") || !strings.Contains(r["message"], value) {
			t.Errorf("%v", r)
		}
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "out", two.Results[0]))
	s.must(err)
	mended := strings.NewReplacer(",3002,A2", ",003002,A2", "4,skipped,", "4,resend,").Replace(string(text))
	three := s.drop("in/"+two.Results[0], mended)[0]
	if three.Counts != (batch.Counts{Read: 6, Delivered: 3, Skipped: 3}) {
		t.Errorf("%+v", three.Counts)
	}
	s.sent("A1 1 A2 1 A3 1 A4 1 A5 0 A6 1")
}

// A file that brings nothing new is a duplicate of the one that has all its rows, be they sent, held or unfit there too.
func TestAFileThatOnlyRepeats(t *testing.T) {
	s := newSender(t, twoRoutes)
	double := func(f, of ledger.File) {
		t.Helper()
		if f.State != ledger.Duplicate || f.Reason != of.ID {
			t.Errorf("%s is %s of %q, and not a duplicate of %s", f.Name, f.State, f.Reason, of.Name)
		}
	}
	one := s.drop("in/a.csv", noticed+"1,A1,late\n,A2,late\n1,A3,late\n")[0]
	double(s.drop("in/b.csv", "failReason;lesBookingId;accountNumber\r\nlate;A1;1\r\nlate;A2;\r\nlate;A3;1\r\n")[0], one)
	double(s.drop("in2/b.csv", noticed+"1,A3,late\n\n1,A1,late\n,A2,late\n")[0], one)
	mended := s.drop("in/a.csv", noticed+"1,A1,late\n1,A2,late\n1,A3,late\n")[0]
	if mended.Counts != (batch.Counts{Read: 3, Delivered: 1, Skipped: 2}) {
		t.Errorf("%+v", mended.Counts)
	}
	double(s.drop("in/c.csv", noticed+"1,A3,late\n1,A2,late\n1,A1,late\n")[0], mended)
	otherwise := s.drop("in/d.csv", noticed+"1,A1,late\n1,,late\n1,A3,late\n")[0] // unfit in another way
	if otherwise.State != ledger.Reported || otherwise.Counts != (batch.Counts{Read: 3, Invalid: 1, Skipped: 2}) {
		t.Errorf("%+v", otherwise)
	}
	unfit := s.drop("in/e.csv", noticed+",A2,late\n")[0] // nothing of it was ever sent: its sender hears what is wrong
	if unfit.State != ledger.Reported {
		t.Errorf("%+v", unfit)
	}
	s.sent("A1 1 A2 1 A3 1")
}

// Two equal rows of one file are the same thing twice where something tells things apart; where nothing does, both go, with a note.
func TestEqualRowsOfOneFile(t *testing.T) {
	s := newSender(t, twoRoutes)
	one := s.drop("in/a.csv", noticed+"1,A1,late\n1,A2,late\n1,A1,late\n")[0]
	if r := s.result(one)["4"]; r["code"] != "being-sent" || !strings.Contains(r["message"], "row 2 above") {
		t.Errorf("%v", r)
	}
	s.sent("A1 1 A2 1")
	two := s.drop("in3/p.csv", "order,name\nP1,Ann\nP1,Ann\n")[0]
	if two.Counts.Delivered != 2 || len(two.Reading.Notes) != 1 || two.Reading.Notes[0].Row != 3 {
		t.Errorf("%+v", two)
	}
	s.sent("P1 2")
	three := s.drop("in3/p.csv", "order,name\nP1,Ann\nP2,Bob\nP1,Ann\n")[0]
	if r := s.result(three)["2"]; r["code"] != "delivered-before" || !strings.Contains(r["message"], "файла p.csv") {
		t.Errorf("%v", r)
	}
	s.sent("P1 2 P2 1")
}

// What the route says counts; what is older than it remembers does not.
func TestRepeatsOfARoute(t *testing.T) {
	s := newSender(t, strings.Replace(twoRoutes, "failures: {", "failures: {repeats: send, ", 1))
	s.drop("in/a.csv", noticed+"1,A1,late\n1,A2,late\n")
	two := s.drop("in/b.csv", noticed+"1,A1,late\n1,A2,late\n1,A3,late\n")[0]
	s.sent("A1 2 A2 2 A3 1")
	if two.Counts.Delivered != 3 || len(two.Reading.Notes) != 1 || two.Reading.Notes[0].Count != 2 {
		t.Errorf("%+v", two)
	}
	s.config = strings.Replace(s.config, "repeats: send", "repeats: {within: 1ms}", 1)
	s.drop("in/c.csv", noticed+"1,A1,late\n1,A4,late\n")
	s.sent("A1 3 A4 1")
	s.config = strings.Replace(s.config, "repeats: {within: 1ms}", "repeats: skip", 1)
	s.drop("in/d.csv", noticed+"1,A1,late\n1,A5,late\n")
	s.sent("A1 3 A5 1")
}

// A check foretells it.
func TestACheckForetellsRepeats(t *testing.T) {
	s := newSender(t, twoRoutes)
	one := s.drop("in/a.csv", noticed+"1,A1,late\n1,A2,late\n")[0]
	path := filepath.Join(s.dir, "later.csv")
	find := func(rows string) *check.Finding {
		s.must(os.WriteFile(path, []byte(noticed+rows), 0o644))
		cfg, err := pipeline.Load(filepath.Join(s.dir, "rowferry.yaml"))
		s.must(err)
		routes, err := pipeline.Routes(cfg, "failures")
		s.must(err)
		l, err := drivers.Visit(t.Context(), drivers.Of(cfg))
		s.must(err)
		defer l.Close()
		f, err := check.Checker{Books: redrop.Books{Ledger: l}}.File(t.Context(), routes["failures"], path, "later.csv", nil)
		s.must(err)
		return f
	}
	f := find("1,A2,late\n1,A3,late\n")
	if f.Sendable != 1 || f.Skipped != 1 || f.Repeats != 1 || f.Duplicate != "" || len(f.Held) != 1 || !strings.Contains(f.Held[0].Text, "row 3 of a.csv") {
		t.Errorf("%+v", f)
	}
	if f := find("1,A1,late\n1,A2,late\n"); f.Duplicate != one.ID || f.Sendable != 0 {
		t.Errorf("%+v", f)
	}
}

// The copies in the spool are deleted, or changed, while rows are sent: the result comes all the same, with the sender's columns where the
// original is found, else with the rows' numbers and outcomes, and says so.
func TestTheSpoolIsDeleted(t *testing.T) {
	remove := func(s *sender) { s.must(os.RemoveAll(filepath.Join(s.dir, "data", "spool"))) }
	flip := func(s *sender) {
		copies, _ := filepath.Glob(filepath.Join(s.dir, "data", "spool", "*"))
		content, err := os.ReadFile(copies[0])
		s.must(err)
		content[len(noticed)+2] ^= 1 // @1 instead of A1
		s.must(os.WriteFile(copies[0], content, 0o600))
	}
	for name, c := range map[string]struct {
		lose     func(*sender)
		archived bool
	}{
		"the original is in the archive": {remove, true}, "the original is gone too": {remove, false},
		"a bit flipped and the original is in the archive": {flip, true}, "a bit flipped and the original is gone": {flip, false},
	} {
		archived := c.archived
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t, twoRoutes)
			s.loses(archived, func() {
				c.lose(s)
				if !archived {
					s.must(os.RemoveAll(filepath.Join(s.dir, "in", "archive")))
				}
			})
		})
	}
}

// loses drops a file, loses something before it is sent, and wants a result all the same, with the sender's columns where the original
// is found.
func (s *sender) loses(found bool, lose func()) {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(s.dir, "in", "a.csv"), []byte(noticed+"1,A1,late\n,A2,late\n"), 0o644))
	once := func(verb ledger.Verb) (files []ledger.File) {
		s.open(func(ctx context.Context, e *pipeline.Engine) {
			err := e.Obey(ctx, ledger.Order{Verb: verb, Account: "les"})
			if err == nil {
				files, err = e.Once(ctx, nil)
			}
			s.must(err)
		})
		return files
	}
	once(ledger.Pause)
	lose()
	files := once(ledger.Resume)
	if len(files) != 1 || files[0].State != ledger.Reported {
		s.Fatalf("%+v", files)
	}
	rows := s.result(files[0])
	if rows["2"]["status"] != "delivered" || rows["3"]["status"] != "invalid" || (rows["2"]["lesBookingId"] == "A1") != found {
		s.Errorf("%v", rows)
	}
	summary, err := os.ReadFile(filepath.Join(s.dir, "out", files[0].Results[1]))
	if err != nil || strings.Contains(string(summary), "private copy") == found {
		s.Errorf("%s, %v", summary, err)
	}
	s.sent("A1 1")
}
