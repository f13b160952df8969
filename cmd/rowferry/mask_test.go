package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const maskConfig = `
accounts:
  les: {provider: les, server: "URL", rate: none, retry: {for: 1ns}}
  otms: {provider: otms, server: "URL", rate: none, credentials: {login: acme, password: pw-of-acme}, retry: {for: 1ns}}
routes:
  failures: {account: les, operation: shipmentFailed, mask: [lesBookingId], repeats: skip, inbox: {dir: in/les, settle: 1ms, every: 20ms}, outbox: {dir: out/les, formats: [csv, xlsx, summary]}}
  points: {account: otms, operation: shipPointRemove, mask: [clientReferenceNumber], inbox: {dir: in/otms, settle: 1ms, every: 20ms}, outbox: {dir: out/otms, formats: [csv, summary]}}
`

// A private field is whole for the provider and in the sender's own columns, and nowhere else, whatever the provider says back; it can be sent
// again, is known as a repeat, and goes with the copy of its file.
func TestPrivateFieldsAreMasked(t *testing.T) {
	faulty, good := &parrot{came: map[string]int{}}, atomic.Bool{}
	var mu sync.Mutex
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !good.Load() {
			faulty.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, string(body))
		_, _ = io.WriteString(w, `{"code":1,"message":"sucess"}`)
	}))
	defer server.Close()
	requests := func() string {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(sent, "\n")
		sent = nil
		return all
	}
	dir := t.TempDir()
	put := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(args ...string) string {
		t.Helper()
		cmd := rowferry(t, dir, append(args, "--log-level", "debug")...)
		var out, log strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if said := out.String() + log.String(); strings.Contains(said, "r0wmark") {
			t.Errorf("%v shows what is private: %s", args, said)
		}
		return out.String()
	}
	put("rowferry.yaml", strings.ReplaceAll(maskConfig, "URL", server.URL))
	for fault := range parrotFaults {
		put(fmt.Sprintf("in/les/%d.csv", fault), fmt.Sprintf("accountNumber,lesBookingId,failReason\n1,r0wmark-%d,x\n%d,r0wmark-b-%d,r\n1,,r\n", fault, fault+2, fault))
		if fault%3 > 0 {
			continue
		}
		put(fmt.Sprintf("in/otms/%d.csv", fault), fmt.Sprintf("clientReferenceNumber,type\nr0wmark-%d,0\nr0wmark-b-%d,9\n", fault, fault))
	}
	for range 3 {
		ask("run", "--once")
	}
	put("look.csv", "accountNumber,lesBookingId,failReason\n1,r0wmark-0,x\n")
	if said := ask("check", "--bodies", "failures", "look.csv"); !strings.Contains(said, `"lesBookingId":"***"`) {
		t.Error(said)
	}
	hidden(t, dir)

	good.Store(true)
	put("in/les/good.csv", "accountNumber,lesBookingId,failReason\n1,r0wmark-good,x\n")
	ask("run", "--once")
	if all := requests(); strings.Count(all, `"lesBookingId":"r0wmark-good"`) != 1 || strings.Contains(all, "sealed") {
		t.Errorf("sent: %s", all)
	}
	files := listed(t, ask("status", "--json", "--last", "100"))
	if said := ask("status", files["good.csv"], "--row", "2"); !strings.Contains(said, "***") {
		t.Errorf("the row is not shown masked: %s", said)
	}
	put("in/les/again.csv", "accountNumber,lesBookingId,failReason\n1,r0wmark-good,x\n7,r0wmark-new,x\n") // one of them was sent
	ask("run", "--once")
	if all := requests(); strings.Contains(all, "r0wmark-good") || !strings.Contains(all, "r0wmark-new") {
		t.Errorf("a repeat was sent, or what is new was not: %s", all)
	}
	ask("resend", files["0.csv"], "--status", "rejected,failed,unknown")
	ask("run", "--once")
	if all := requests(); !strings.Contains(all, `"lesBookingId":"r0wmark-0"`) || strings.Contains(all, "sealed") {
		t.Errorf("sent again: %s", all)
	}
	said, names := "", []string{} // which fault a row meets depends on whose turn it is: in all files together is one that was not lost
	for fault := 1; fault < len(parrotFaults); fault++ {
		names = append(names, fmt.Sprintf("%d.csv", fault))
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, "data", "spool", files[name])); err != nil { // as prune does
			t.Fatal(err)
		}
		ask("resend", files[name], "--status", "rejected,failed,unknown")
	}
	ask("run", "--once")
	if all := requests(); all != "" {
		t.Errorf("sent without the copy of its file: %s", all)
	}
	for _, name := range names {
		said += ask("status", files[name])
	}
	if !strings.Contains(said, "private fields were sealed") {
		t.Errorf("nobody says why: %s", said)
	}
	hidden(t, dir)
}

// hidden fails where a private value stands in what the program keeps, or in a column of its own.
func hidden(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if strings.HasPrefix(rel, "in/") || strings.HasPrefix(rel, "data/spool/") || rel == "look.csv" { // the senders' own files
			return nil
		}
		content, err := os.ReadFile(path)
		if !strings.HasPrefix(rel, "out/") || strings.HasSuffix(rel, ".json") {
			if at := strings.Index(string(content), "r0wmark"); at >= 0 {
				t.Errorf("%s: …%q…", rel, content[max(0, at-100):min(len(content), at+100)])
			}
			return err
		}
		for line := range strings.Lines(string(content)) {
			if strings.Count(line, "r0wmark") > 1 { // the sender's own column has it
				t.Errorf("%s: %s", rel, line)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// listed are the ids of files by their names.
func listed(t *testing.T, text string) map[string]string {
	t.Helper()
	var all struct {
		Files []struct{ ID, Name, Route string }
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, f := range all.Files {
		if f.Route == "failures" {
			ids[f.Name] = f.ID
		}
	}
	return ids
}
