package opening_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/providers"
)

// nobody must not be asked.
type nobody struct{ t *testing.T }

func (n nobody) Recognise(_ context.Context, f *opening.File, s *opening.Signs) (*opening.Table, opening.Plan, error) {
	n.t.Errorf("%s was taken for a result: %+v", f.Name, s)
	return nil, nil, nil
}

// An ordinary file is opened once, and nobody is asked whose result it is.
func TestOrdinaryFiles(t *testing.T) {
	r := &route.Route{Operation: &providers.Operation{ID: "any"}}
	for name, content := range map[string]string{
		"orders.csv": "id,name,status\n1,a,new\n2,b,old\n",
		"orders.xml": "<orders><order row='1'><status>delivered</status><code>0</code><message/></order><order row='2'/></orders>",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		ordinary(t, r, path, name)
	}
	ordinary(t, r, "../../cmd/rowferry/demo/files/us-manifest.xlsx", "us-manifest.xlsx")
}

func ordinary(t *testing.T, r *route.Route, path, name string) {
	t.Helper()
	f, err := opening.At(t.Context(), r, path, name)
	if err != nil {
		t.Fatal(err)
	}
	table, plan, err := opening.Open(t.Context(), f, nobody{t})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows := 0
	for _, err := range table.Rows() {
		if rows++; err != nil {
			t.Error(err)
		}
	}
	if _, is := plan.(opening.Ordinary); !is || rows < 2 || f.Opened() != 1 || len(table.Notes()) > 3 {
		t.Errorf("%s: %T, %d rows, opened %d times, %v", name, plan, rows, f.Opened(), table.Notes())
	}
}
