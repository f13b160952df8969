//go:build linux

package pipeline_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/places/placestest/servers"
)

// heard keeps what is logged.
type heard struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.String()
}

// Servers with the habits that others are reported to have: each file goes in once, each result comes out once; where a server cannot do
// what is needed, one sentence says which setting helps. Nothing heaps up at the partner.
func TestServersWithHabits(t *testing.T) {
	const direct, keep = "write: direct", "after: keep"
	for name, c := range map[string]struct {
		habits  servers.Habits
		in, out string // further settings
		says    string // instead of results
		odd     string // the name of the second file
	}{
		"no habits":                         {},
		"nothing may be renamed":            {habits: servers.Habits{NoRename: true}, says: direct},
		"the same and written directly":     {habits: servers.Habits{NoRename: true}, out: direct},
		"renaming fails":                    {habits: servers.Habits{NoRename: true, Failure: true}, says: direct},
		"the same and told so":              {habits: servers.Habits{NoRename: true, Failure: true}, in: keep, out: direct},
		"renaming across folders":           {habits: servers.Habits{NotAcross: true}},
		"renaming across folders fails":     {habits: servers.Habits{NotAcross: true, Failure: true}},
		"a plain rename replaces":           {habits: servers.Habits{Replaces: true}},
		"no room and no word of it":         {habits: servers.Habits{NoRoom: true}, says: "quota is full"},
		"uploads are taken away":            {habits: servers.Habits{TakesAway: true}, says: direct},
		"the same and directly":             {habits: servers.Habits{TakesAway: true}, out: direct},
		"uploads are there when closed":     {habits: servers.Habits{Late: true}},
		"the same and written directly too": {habits: servers.Habits{Late: true}, out: direct},
		"no size until closed":              {habits: servers.Habits{Zero: true}},
		"no sizes":                          {habits: servers.Habits{NoSizes: true}},
		"no types":                          {habits: servers.Habits{NoTypes: true}},
		"neither":                           {habits: servers.Habits{NoTypes: true, NoSizes: true}},
		"downloads are longer than listed":  {habits: servers.Habits{Longer: 1000}},
		"downloads never end":               {habits: servers.Habits{Longer: 1 << 60}},
		"no extensions":                     {habits: servers.Habits{Bare: true}},
		"names in another encoding":         {odd: "\xb6\xa9\xb5\xa5.csv", says: "the name is not valid UTF-8"},
		"a listing without end":             {habits: servers.Habits{Endless: true}, says: "folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, url := newNotices(t)
			root := partnerFolder(t)
			server, partner := servers.StartOdd(t, c.habits)
			var log heard
			config := fmt.Sprintf(`
data: data
accounts:
  les: {provider: les, server: %q, rate: none}
sftp:
  partner: {host: 127.0.0.1, port: %d, user: %s, password: %s, host_key: %q}
routes:
  failures:
    account: les
    operation: shipmentFailed
    inbox: {sftp: partner, dir: "%s/outgoing", settle: 50ms, every: 100ms, %s}
    outbox: {sftp: partner, dir: "%s/incoming", formats: [csv], %s}
`, url, partner.Port, partner.User, partner.Password.Reveal(), partner.HostKey, root, c.in, root, c.out)
			drop(t, filepath.Join(root, "outgoing"), "orders.csv", ids("A", 3)...)
			drop(t, filepath.Join(root, "outgoing"), cmp.Or(c.odd, "more orders.csv"), ids("B", 3)...)
			files, calls := 2, 6
			switch {
			case c.habits.Endless:
				files, calls = 0, 0
			case c.odd != "":
				files, calls = 1, 3
			}
			_, stop := serveTo(t, t.TempDir(), config, &log)
			defer stop()
			results := func() (whole int) {
				found, err := filepath.Glob(filepath.Join(root, "incoming", "*.result.csv"))
				if err != nil {
					t.Fatal(err)
				}
				var contents []string
				for _, path := range found {
					content, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					contents = append(contents, string(content))
				}
				for n, name := range server.Taken() {
					content, err := server.TakenContent(n)
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasSuffix(name, ".result.csv") {
						contents = append(contents, string(content))
					}
				}
				for _, content := range contents {
					if strings.Count(content, ",delivered,") == 3 {
						whole++
					}
				}
				return whole
			}
			for end := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
				said := strings.Contains(log.String(), c.says)
				if provider.count() >= calls && said && (c.says != "" || results() >= files) {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%d results, %d calls; said: %s", results(), provider.count(), log.String())
				}
			}
			time.Sleep(200 * time.Millisecond) // nothing more may come
			stop()
			if n := provider.count(); n != calls {
				t.Errorf("%d calls, want %d: %s", n, calls, log.String())
			}
			if n := results(); n > files || c.says == "" && n != files {
				t.Errorf("%d results: %s", n, log.String())
			}
			parts, err := filepath.Glob(filepath.Join(root, "incoming", ".*.part"))
			heap := len(parts) + len(server.Taken()) - results()
			if err != nil || c.says == "" && len(parts) > 0 || len(server.Taken()) > 0 && heap > 2*files {
				t.Errorf("left at the partner: %q, taken away %q, %v", parts, server.Taken(), err)
			}
		})
	}
}
