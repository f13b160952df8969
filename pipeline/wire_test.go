package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// The requests of the built-in providers, to the byte: testdata/wire has the rows (field → text) and, for each operation,
// encoding and scheme, what went over the wire for all of their fields, and for some of the optional ones.
// Written anew, after a change that is meant, with WIRE=write.
func TestBuiltinRequests(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			for _, encoding := range op.Encodings {
				for _, scheme := range op.Schemes {
					t.Run(strings.Join([]string{op.ID, encoding, scheme}, "-"), func(t *testing.T) { sameRequests(t, op, encoding, scheme) })
				}
			}
		}
	}
}

func sameRequests(t *testing.T, op *providers.Operation, encoding, scheme string) {
	got := ""
	for _, variant := range []struct {
		name string
		drop func(n int, f *providers.Field) bool
	}{
		{"all fields", func(int, *providers.Field) bool { return false }},
		{"half of the optional fields", func(n int, f *providers.Field) bool { return !f.Required && n%2 == 0 }},
		{"without every fifth optional field", func(n int, f *providers.Field) bool { return !f.Required && n%5 == 4 }},
		{"without every ninth optional field", func(n int, f *providers.Field) bool { return !f.Required && n%9 == 8 }},
		{"required fields", func(_ int, f *providers.Field) bool { return !f.Required }},
	} {
		got += "### " + variant.name + "\n" + requests(t, op, encoding, scheme, variant.drop)
	}
	path := filepath.Join("testdata", "wire", strings.Join([]string{op.ID, encoding, scheme}, "-")+".http")
	if os.Getenv("WIRE") == "write" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the request is not what it was (-was +is):\n%s", diff)
	}
}

// requests are what the operation's rows become on the wire, one after the other.
func requests(t *testing.T, op *providers.Operation, encoding, scheme string, drop func(int, *providers.Field) bool) string {
	raw, err := os.ReadFile(filepath.Join("testdata", "wire", op.ID+".rows.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var items []batch.Item
	for it, err := range bound(t, op, drop).Items(cells(op, rows)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range it.Problems {
			fmt.Fprintf(&out, "# %s: %s\n", p.Field, p.Code)
		}
		if it.Sendable() {
			items = append(items, *it)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "login") {
			fmt.Fprint(w, `{"sessionID":"s-0123456789","data":{"sessionID":"s-0123456789"}}`)
			return
		}
		out.WriteString(onTheWire(r))
	}))
	defer server.Close()
	sender := open(t, op, server.URL, encoding, scheme)
	defer sender.Close()
	size := 1
	if op.Rows.Kind == providers.Batch {
		size = op.Rows.Max
	}
	for some := range slices.Chunk(items, size) {
		if r := sender.Send(t.Context(), senders.Attempt{Operation: op, Items: some}); r.Fate != senders.Answered {
			t.Fatal(r.Err)
		}
	}
	return out.String()
}

func bound(t *testing.T, op *providers.Operation, drop func(int, *providers.Field) bool) *mappers.Bound {
	t.Helper()
	set := mappers.Settings{Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }, Map: map[string]configs.Mapping{}}
	var columns []batch.Column
	for i, f := range op.Fields {
		columns = append(columns, batch.Column{Name: f.Path, Ref: fmt.Sprint("C", i)})
		set.Map[f.Path] = configs.Mapping{From: []string{f.Path}}
		if drop(i, f) {
			none := ""
			set.Map[f.Path] = configs.Mapping{Value: &none}
		}
	}
	if op.Rows.Kind == providers.Group && len(op.Rows.Key) == 0 {
		set.Group = "Group"
		columns = append(columns, batch.Column{Name: "Group", Ref: "G"})
	}
	m, err := mappers.Compile(op, set)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(columns)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// cells are the rows as a file of these fields would bring them, all of one group where a column groups.
func cells(op *providers.Operation, rows []map[string]string) func(func(*batch.Row, error) bool) {
	return func(yield func(*batch.Row, error) bool) {
		for i, values := range rows {
			row := &batch.Row{Number: i + 2}
			for _, f := range op.Fields {
				row.Cells = append(row.Cells, batch.Cell{Text: values[f.Path], Kind: batch.String})
			}
			row.Cells = append(row.Cells, batch.Cell{Text: "one", Kind: batch.String})
			if !yield(row, nil) {
				return
			}
		}
	}
}

func open(t *testing.T, op *providers.Operation, url, encoding, scheme string) senders.Sender {
	t.Helper()
	account := configs.Account{Name: "a", Provider: op.Provider.Name, Server: url, Auth: scheme, Encoding: encoding, Credentials: map[string]configs.Secret{}}
	for _, c := range op.Provider.Credentials {
		if c.Name != "sessionID" {
			account.Credentials[c.Name] = configs.NewSecret(c.Name + "-given")
		}
	}
	if scheme == "signed" {
		account.Credentials["secret"] = configs.NewSecret("secret-given")
		account.Sign = &configs.Sign{Digest: "md5", Over: "{token}{timestamp}{nonce}{secret}"}
	}
	s, err := senders.Open(account, op.Provider, senders.Options{Operations: []string{op.ID}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// perRequest are headers that differ from one request to the next.
var perRequest = regexp.MustCompile(`(?i)^(timestamp|nonce|sign)$`)

func onTheWire(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, r.RequestURI)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := strings.Join(r.Header[name], ", ")
		if perRequest.MatchString(name) {
			value = "…"
		}
		fmt.Fprintf(&out, "%s: %s\n", name, value)
	}
	fmt.Fprintf(&out, "\n%s\n\n", body)
	return out.String()
}
