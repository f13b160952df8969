package pipeline_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
)

// Who sent a file that is refused, or one that nobody takes, hears of it in the outbox, once.
func TestRefusedFilesAreToldInTheOutbox(t *testing.T) {
	_, url := newNotices(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	config := fmt.Sprintf("data: data\naccounts:\n  les: {provider: les, server: %q, rate: none}\nroutes:\n  failures:\n    account: les\n    operation: shipmentFailed\n"+
		"    inbox: {dir: in, settle: 50ms, every: 100ms, patience: 1s}\n    outbox: {dir: out, formats: [csv, summary]}\n", url)
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"scan.csv": "\x89PNG\r\n\x1a\n\x00\x00", "letter.docx": "PK"} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	find := func(pattern string) (content string, found int) {
		paths, err := filepath.Glob(filepath.Join(out, pattern))
		for _, path := range paths {
			text, rerr := os.ReadFile(path)
			content, err = content+string(text), errors.Join(err, rerr)
		}
		if err != nil {
			t.Fatal(err)
		}
		return content, len(paths)
	}
	for range 2 { // also after a restart
		stop := start(t, dir, config)
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			_, scan := find("scan.*.refused.txt")
			_, summary := find("scan.*.summary.json")
			_, letter := find("letter.*.refused.txt")
			if scan == 1 && summary == 1 && letter == 1 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("told of: %d scan, %d summary, %d letter", scan, summary, letter)
			}
		}
		time.Sleep(1500 * time.Millisecond) // past the patience once more
		stop()
	}
	reason, n := find("scan.*.refused.txt")
	quarantined, err := filepath.Glob(filepath.Join(in, "quarantine", "*", "REASON.txt"))
	if err != nil || n != 1 || len(quarantined) != 1 {
		t.Fatalf("%d notes, %v %v", n, quarantined, err)
	}
	if there, err := os.ReadFile(quarantined[0]); err != nil || strings.TrimSpace(string(there)) != strings.TrimSpace(reason) {
		t.Errorf("%q in quarantine (%v), %q in the outbox", there, err, reason)
	}
	if summary, _ := find("scan.*.summary.json"); !strings.Contains(summary, `"refused": "`) {
		t.Errorf("the summary: %s", summary)
	}
	if letter, n := find("letter.*.refused.txt"); n != 1 || !strings.Contains(letter, "letter.docx") {
		t.Errorf("%d times: %s", n, letter)
	}
}

// onlyCSV is a configuration whose inbox takes nothing but CSV and bears for so long what it does not take.
func onlyCSV(t *testing.T, patience string) (in, out, config string) {
	t.Helper()
	_, url := newNotices(t)
	dir := t.TempDir()
	in, out = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	config = filepath.Join(dir, "rowferry.yaml")
	text := fmt.Sprintf("data: data\naccounts:\n  les: {provider: les, server: %q, rate: none}\nroutes:\n  failures:\n    account: les\n    operation: shipmentFailed\n"+
		"    inbox: {dir: in, settle: 1ms, every: 10ms, patience: %s, match: [\"*.csv\"]}\n    outbox: {dir: out, formats: [csv]}\n", url, patience)
	if err := errors.Join(os.MkdirAll(in, 0o755), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return in, out, config
}

// Under run --once, as from cron, the patience is counted over the runs: what nobody takes is told of in the outbox, once, and so is a file whose name is no
// text.
func TestMisfitsAreToldByRunsThatEnd(t *testing.T) {
	in, out, config := onlyCSV(t, "1s")
	names := []string{"orders.zip", "orders.et", "orders.wps", "\xd0\xc5orders.csv", "orders.lnk", "orders.folder", "orders.csv"}
	if err := errors.Join(os.Symlink("orders.zip", filepath.Join(in, "orders.csv")), os.Mkdir(filepath.Join(in, "orders.folder"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names[:5], "orders.folder/orders.csv") {
		if err := os.WriteFile(filepath.Join(in, name), []byte("PK"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	told := func() []string {
		found, err := filepath.Glob(filepath.Join(out, "*.refused.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for end := time.Now().Add(3 * time.Minute); len(told()) < len(names); {
		once(t, config)
		if time.Now().After(end) {
			t.Fatalf("told of %v", told())
		}
	}
	once(t, config)
	once(t, config)
	if found := told(); len(found) != len(names) {
		t.Errorf("told of more than there are: %v", found)
	}
	for _, path := range told() {
		content, err := os.ReadFile(path)
		if lnk := strings.Contains(string(content), "orders.lnk"); lnk != strings.Contains(string(content), "shortcut") {
			t.Errorf("%s", content)
		}
		if err != nil || !utf8.Valid(content) || !utf8.ValidString(path) || !strings.Contains(string(content), "orders.") {
			t.Errorf("%s says %q, %v", path, content, err)
		}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(in, name)); err != nil {
			t.Errorf("it does not lie there any more: %v", err)
		}
	}
}

// A file that waits is told of as such. Of many things at once, as of a folder that other programs use too, one text tells.
func TestManyThatAreNotTakenAreToldOfTogether(t *testing.T) {
	in, out, config := onlyCSV(t, "1ms")
	put := func(name string) {
		if err := os.WriteFile(filepath.Join(in, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("orders.csv")
	put("~$orders.csv")
	for i := range 1000 {
		put(fmt.Sprintf("invoice %03d.pdf", i))
	}
	for range 3 {
		once(t, config)
	}
	told, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(told) != 1 {
		t.Fatalf("%v, %v", told, err)
	}
	content, err := os.ReadFile(told[0])
	if err != nil || !strings.HasPrefix(filepath.Base(told[0]), "not-taken.") || strings.Count(string(content), "invoice") != 200 || !strings.Contains(string(content), "801 more") {
		t.Errorf("%s: %s, %v", told[0], content, err)
	}
	put("one more.pdf")
	if err := os.WriteFile(filepath.Join(in, "orders.csv"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		once(t, config)
	}
	waits, err := filepath.Glob(filepath.Join(out, "orders.*.waits.txt"))
	if err != nil || len(waits) != 1 {
		t.Fatalf("%v, %v", waits, err)
	}
	if content, err = os.ReadFile(waits[0]); err != nil || !strings.Contains(string(content), "~$orders.csv lies beside it") {
		t.Errorf("%s, %v", content, err)
	}
	if one, err := filepath.Glob(filepath.Join(out, "one more.*.refused.txt")); err != nil || len(one) != 1 {
		t.Errorf("%v, %v", one, err)
	}
}

// once is run --once.
func once(t *testing.T, config string) {
	t.Helper()
	cfg, err := pipeline.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.Of(cfg))
	if err != nil {
		t.Fatal(err)
	}
	e, err := pipeline.Build(t.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = e.Once(t.Context(), nil)
		err = errors.Join(err, e.Close())
	}
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
}
