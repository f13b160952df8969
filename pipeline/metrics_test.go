//go:build unix

package pipeline_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/exposition"
)

// described are all metrics of ours, as lines of the table in docs/metrics.md.
func described(t *testing.T) (names, lines []string) {
	t.Helper()
	var r exposition.Registry
	pipeline.NewMetrics(&r)
	for _, m := range r.Metrics() {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		names, lines = append(names, m.Name), append(lines, fmt.Sprintf("| `%s` | %s | %s |", m.Name, labels, m.Help))
	}
	slices.Sort(lines)
	return names, lines
}

// docs/metrics.md has every metric as the code describes it, and no other; alerts and pages speak of such as there are.
func TestMetricsAreDocumented(t *testing.T) {
	names, want := described(t)
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile("(?m)^\\| `rowferry_.*$").FindAllString(string(text), -1)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("docs/metrics.md should have:\n%s", strings.Join(want, "\n"))
	}
	for _, path := range []string{"../docs/metrics.md", "../packaging/alerts.yaml", "../packaging/grafana.json"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\browferry_\w+`).FindAllString(string(text), -1) {
			if !slices.Contains(names, strings.TrimSuffix(name, "_bucket")) {
				t.Errorf("%s speaks of %s, which nothing measures", path, name)
			}
		}
	}
}

// What a running service tells is what became of its files, and what Prometheus advises as to names is kept to.
func TestMetrics(t *testing.T) {
	provider, address := newNotices(t)
	provider.answer = func(id string) bool { return !strings.HasPrefix(id, "late") }
	dir, registry := t.TempDir(), &exposition.Registry{Log: slog.New(slog.DiscardHandler)}
	config := filepath.Join(dir, "rowferry.yaml")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "in"), 0o755), os.WriteFile(config, []byte(`
free: 1MB
accounts: {les: {provider: les, server: "`+address+`", rate: 1000/s}}
routes: {notes: {account: les, operation: shipmentFailed, inbox: {dir: in, settle: 0s, every: 50ms}, outbox: {dir: out}}}
`), 0o600)); err != nil {
		t.Fatal(err)
	}
	cfg, err := pipeline.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Open(t.Context(), drivers.SQLite(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	e, err := pipeline.Build(t.Context(), cfg, l, pipeline.Options{Inboxes: true, Log: slog.New(slog.DiscardHandler), Metrics: pipeline.NewMetrics(registry)})
	if err != nil {
		t.Fatal(err)
	}
	defer attend(t, e, l)()
	page := httptest.NewServer(registry)
	defer page.Close()
	drop(t, filepath.Join(dir, "in"), "good.csv", "a", "b", "")
	drop(t, filepath.Join(dir, "in"), "late.csv", "late1", "late2", "c")
	want := []string{
		`rowferry_rows_total{outcome="delivered",route="notes"} 3`,
		`rowferry_rows_total{outcome="invalid",route="notes"} 1`,
		`rowferry_rows_total{outcome="unknown",route="notes"} 0`, // of what was never there no increase is seen
		`rowferry_files_total{route="notes",state="quarantined"} 0`,
		`rowferry_requests_total{account="les",fate="lost"} 0`,
		`rowferry_rows_read_total{route="notes"} 6`,
		`rowferry_files_total{route="notes",state="accepted"} 2`,
		`rowferry_backlog_rows{account="les",age="10m"} 2`,
		`rowferry_backlog_rows{account="les",age="older"} 0`,
		`rowferry_results_stalled{route="notes"} 0`,
		`rowferry_pace_allowed_per_second{account="les"} 1000`,
		`rowferry_disk_least_bytes 1e+06`,
		`rowferry_inbox_last_success_timestamp_seconds{route="notes"} `,
		`rowferry_outbox_last_success_timestamp_seconds{route="notes"} `,
		`rowferry_ledger_bytes `,
		`rowferry_disk_free_bytes `,
		`rowferry_pace_used_ratio{account="les"} `,
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text := scraped(t, page.URL)
		missing := slices.DeleteFunc(slices.Clone(want), func(line string) bool { return strings.Contains(text, "\n"+line) })
		if len(missing) == 0 && !strings.Contains(text, `rowferry_oldest_waiting_seconds{route="notes"} 0`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("missing: %q in\n%s", missing, text)
		}
	}
	problems, err := promlint.New(strings.NewReader(scraped(t, page.URL))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

func scraped(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s", answer.Status, err, text)
	}
	return string(text)
}
