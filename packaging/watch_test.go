package packaging_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	_ "github.com/grafana/grafana-foundation-sdk/go/prometheus" // its queries are known to the reader of dashboards
)

// Prometheus takes the rules of the alerts, and they say what testdata/alerts.yaml has them say.
func TestAlertRules(t *testing.T) {
	promtool(t, "check", "alerts.yaml")
	promtool(t, "test", "testdata/alerts.yaml")
}

// Grafana takes the dashboard as it is, without a key that it does not know; every panel asks something, in words that Prometheus understands, and
// none lies over another.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if wrong := misread(text); wrong != "" {
		t.Error(wrong)
	}
	if misread([]byte(strings.Replace(string(text), `"gridPos"`, `"gridpos"`, 1))) == "" {
		t.Error("an unknown key is not noticed")
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Name string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	rules, at, ids := "groups:\n- name: panels\n  rules:\n", map[[2]int]string{}, map[int]bool{}
	for _, p := range board.Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := at[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				at[[2]int{x, y}] = p.Title
			}
		}
		if ids[p.ID] || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			rules += fmt.Sprintf("  - record: panel%d\n    expr: %q\n", p.ID, strings.NewReplacer("$__rate_interval", "5m", "$account", ".*", "$route", ".*").Replace(target.Expr))
		}
	}
	if len(board.Panels) < 15 || strings.Count(rules, "expr:") < 20 {
		t.Errorf("%d panels", len(board.Panels))
	}
	path := filepath.Join(t.TempDir(), "panels.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(rules, "$", "unknown variable")), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", path)
}

// misread is what Grafana's types do not know of a dashboard; "" for nothing.
func misread(text []byte) string {
	//lint:ignore SA1019 The newer form is not what Grafana imports everywhere yet.
	var strict dashboard.Dashboard
	err := strict.UnmarshalJSONStrict(text)
	if list, ok := errors.AsType[cog.BuildErrors](err); err == nil || ok && len(list) == 0 { // the library's way to say that all is well
		return ""
	}
	return fmt.Sprint(err)
}

func promtool(t *testing.T, verb, rules string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "promtool", verb, "rules", rules).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
