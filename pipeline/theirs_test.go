package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/simulator"
	"github.com/rowferry/rowferry/templates"
)

// Every provider's own document makes, by `providers add` alone, a provider whose example rows arrive at a simulator of it
// and are taken. Ours lie in testdata, of each construct one; real ones beside the repository, where they are there, but for -short.
//
// Each request is also looked at by other people's validators (testdata/validator) against the document as it was published.
func TestTheirDocuments(t *testing.T) {
	w := &witness{}
	for _, c := range []struct{ file, operation string }{
		{"testdata/theirs/depot.json", "storeParcel"},
		{"testdata/theirs/old.yaml", "updateStock"},
		{"testdata/theirs/yard.yaml", "storeBox"},
		{"testdata/theirs/quay.yaml", "bookSlot"},
		{"testdata/theirs/quay.yaml", "printLabel"},
		{"testdata/theirs/quay.yaml", "charge"},
		{"testdata/theirs/quay.yaml", "move"},
		{"testdata/theirs/branches.yaml", "book"},
		{"testdata/theirs/branches.yaml", "DELETE /bookings/{id}"},
		{"../../shared/openapi/shipengine.yaml", "create_shipments"},
		{"../../shared/openapi/dhl-parcel-de.yaml", "createOrders"},
		{"../../shared/openapi/usps-pickup.yaml", "post-carrier-pickup"},
		{"../../shared/openapi/gls-shipit.yaml", "createParcels"},
		{"../../shared/openapi/dcsa-bkg.yaml", "create-bookings"},
		{"../../shared/openapi/fedex-ship.json", "Create Shipment"},
		{"../../shared/openapi/amazon-inventory.json", "submitInventoryUpdate"},
		{"../../shared/openapi/smartkargo.yaml", "addBooking"},
		{"../../shared/openapi/wildberries.yaml", "PUT /api/v3/stocks/{warehouseId}"},
		{"../../shared/openapi/wildberries.yaml", "POST /content/v2/cards/upload"},
		{"../../shared/openapi/dpd-meta2.yaml", "POST /shipping/v1/shipment"},
	} {
		if _, err := os.Stat(c.file); strings.HasPrefix(c.file, "../") && (err != nil || testing.Short()) {
			continue // real documents are not ours to hand on; they are long, and one is read after the other
		}
		t.Run(filepath.Base(c.file)+"/"+c.operation, func(t *testing.T) { arrives(t, w, c.file, c.operation) })
	}
	w.judge(t)
}

// witness keeps the requests that were made.
type witness struct {
	mu   sync.Mutex
	seen []seenRequest
}

// seenRequest is what testdata/validator reads.
type seenRequest struct {
	Document string              `json:"document"`
	Method   string              `json:"method"`
	Path     string              `json:"path"`
	Query    map[string][]string `json:"query"`
	Headers  map[string]string   `json:"headers"`
	Keys     []string            `json:"keys"` // parameters of the query that authenticate
	Body     string              `json:"body"`
}

// watch notes each request before the handler has it.
func (w *witness) watch(document string, keys []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		one := seenRequest{document, r.Method, r.URL.EscapedPath(), r.URL.Query(), map[string]string{}, keys, string(body)}
		for name := range r.Header {
			one.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		if !strings.HasSuffix(r.URL.Path, "/token") {
			w.mu.Lock()
			w.seen = append(w.seen, one)
			w.mu.Unlock()
		}
		next.ServeHTTP(rw, r)
	})
}

// judge asks the validators, once for all.
func (w *witness) judge(t *testing.T) {
	t.Helper()
	spoilt := w.seen[0]
	spoilt.Body = `{"surely": "nothing that is documented"}`
	in, err := json.Marshal(append(w.seen, spoilt))
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", filepath.Join("testdata", "validator", "validate.js"))
	node.Stdin, node.Stderr = bytes.NewReader(in), os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%v; make packages installs node", err)
	}
	var wrong [][]string
	if err := json.Unmarshal(out, &wrong); err != nil || len(wrong) != len(w.seen)+1 {
		t.Fatalf("%v: %d of %d judged: %s", err, len(wrong), len(w.seen), out)
	}
	if len(wrong[len(w.seen)]) == 0 {
		t.Error("the validators take anything")
	}
	for i, complaints := range wrong[:len(w.seen)] {
		for _, c := range complaints {
			t.Errorf("%s %s %s: %s\n%s", w.seen[i].Document, w.seen[i].Method, w.seen[i].Path, c, w.seen[i].Body)
		}
	}
}

func arrives(t *testing.T, w *witness, file, operation string) {
	d, err := providers.Draw(file, operation, filepath.Join(t.TempDir(), "ours.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Provider == nil {
		t.Fatalf("%v\n%s", d.Missing, d.Text)
	}
	op := d.Provider.Operations[0]
	if len(op.Fields) < 50 {
		fills(t, d.Provider)
	}
	sim := simulator.New(d.Provider, simulator.Options{})
	var keys []string
	for _, scheme := range d.Provider.Schemes {
		for _, part := range append(scheme.Parts, scheme) {
			keys = slices.AppendSeq(keys, maps.Keys(part.Query))
		}
	}
	server := httptest.NewServer(w.watch(file, keys, sim))
	defer server.Close()
	account := configs.Account{Name: "a", Server: server.URL, Credentials: map[string]configs.Secret{}}
	for _, c := range d.Provider.Credentials {
		if !c.Optional {
			account.Credentials[c.Name] = configs.NewSecret(c.Name + "-given")
		}
	}
	s, err := senders.Open(account, d.Provider, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for it, err := range exampleItems(t, op) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range it.Problems {
			t.Errorf("%s: %s", p.Field, p.Text)
		}
		if !it.Sendable() {
			t.Fatal("the example is not sendable")
		}
		r := s.Send(t.Context(), senders.Attempt{Operation: op, Items: []batch.Item{*it}, ID: "f"})
		if r.Fate != senders.Answered || r.Reading.Class != providers.OK {
			t.Errorf("%s %v %+v", r.Fate, r.Err, r.Reading)
		}
	}
	if st := sim.Stats(); st.Invalid+st.Strange+st.Unauthenticated > 0 || st.Executed == 0 {
		t.Errorf("%+v", st)
	}
}

// exampleItems are what the document's own examples become, under headings that are the fields' paths.
func exampleItems(t *testing.T, op *providers.Operation) func(func(*batch.Item, error) bool) {
	t.Helper()
	var columns []batch.Column
	for i, f := range op.Fields {
		columns = append(columns, batch.Column{Name: f.Path, Ref: fmt.Sprint("C", i)})
	}
	m, err := mappers.Compile(op, mappers.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(columns)
	if err != nil {
		t.Fatal(err)
	}
	if left := b.Unused(); len(left) > 0 {
		t.Errorf("fields that are offered and fill nothing: %v", left)
	}
	return b.Items(cells(op, op.Example()))
}

// fills is what a person does next: the template, filled in as its example is, becomes a configuration with all fields found.
func fills(t *testing.T, p *providers.Provider) {
	t.Helper()
	var page bytes.Buffer
	if err := p.Markdown(&page, batch.English); err != nil || page.Len() == 0 {
		t.Errorf("the provider's page: %v", err)
	}
	op, path := *p.Operations[0], filepath.Join(t.TempDir(), "t.xlsx")
	op.Help.EN = strings.Repeat(op.Help.EN+"as long as some providers write. ", 200)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := templates.Write(f, &op, templates.Settings{Language: batch.English}); err != nil {
		t.Fatal(err)
	}
	found, err := proposal.Propose(t.Context(), proposal.Settings{Operation: &op, Language: batch.English, Account: "a", Route: "r"}, path, "t.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Fields {
		if f.Column < 0 {
			t.Errorf("the template has no column that fills %s", f.Path)
		}
	}
	if len(found.Config()) == 0 {
		t.Error("no configuration")
	}
}
