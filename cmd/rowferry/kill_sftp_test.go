//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

// overSFTP makes a kill test's routes ones from and to a partner's server, each with another rest for what was taken.
func overSFTP(s *sshdtest.Server, port int) string {
	partner := fmt.Sprintf("sftp:\n  partner:\n    {host: %s, port: %d, user: %s, key: \"file:%s\", host_key: %q, timeout: 1m}\nroutes:",
		s.Host, port, s.User, s.KeyFile, strings.TrimSpace(s.HostKeys["ed25519"]))
	return strings.NewReplacer(
		"routes:", partner,
		"inbox: {dir: in/les,", "inbox: {sftp: partner, dir: DIR/in/les,",
		"inbox: {dir: in/otms,", "inbox: {sftp: partner, dir: DIR/in/otms, after: delete,",
		"inbox: {dir: in/hgj,", "inbox: {sftp: partner, dir: DIR/in/hgj, after: keep,",
		"outbox: {dir: out, formats: [csv]}", "outbox: {sftp: partner, dir: DIR/out, formats: [csv, xlsx, summary]}",
	).Replace(killConfig)
}

// The service is killed at random bytes of its talk with a partner's server, where files come from and results go to. The
// last bytes it sent arrive when the next one is running already. Each file is taken once and rests where it should, each row has one
// outcome, no result is missing or there twice.
func TestKilledOverSFTP(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	where := map[string]string{".csv": "in/les/archive/*/*/*/", ".xlsx": "in/hgj/"} // what becomes of .xml is delete
	killing(t, scenario{
		kills: someKills(16), config: overSFTP(server, proxy.Port), results: []string{".result.csv", ".result.xlsx", ".summary.json"},
		moment: func(t *testing.T, m *moment) (wait func()) {
			return func() {
				proxy.Hang(false) // what the one before had sent goes on
				proxy.HangAfter(4_000 + m.random.Int64N(40_000))
				for end := time.Now().Add(3 * time.Minute); !proxy.Hangs(); time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("the service does not talk with the server")
					}
				}
			}
		},
		over: func() { proxy.Hang(false) },
		rests: func(t *testing.T, d dropped, dir string) {
			var found []string
			for _, below := range []string{"", "*/", "*/*/", "*/*/*/", "*/*/*/*/"} {
				at, err := filepath.Glob(filepath.Join(dir, "in", "*", below+d.name))
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, at...)
			}
			if kept, ok := where[filepath.Ext(d.name)]; ok {
				right, err := filepath.Match(filepath.Join(dir, kept+d.name), strings.Join(found, " "))
				if err != nil || !right {
					t.Errorf("%s lies in %v, want %s (%v)", d.name, found, kept, err)
				}
			} else if len(found) > 0 {
				t.Errorf("%s lies in %v, want it deleted", d.name, found)
			}
		},
	})
}
