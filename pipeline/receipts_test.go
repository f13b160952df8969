//go:build unix

package pipeline_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox/summary"
	"github.com/rowferry/rowferry/providers"
)

const receiptsConfig = `
data: data
listen: 127.0.0.1:9100
accounts:
  hgj:
    provider: hgj
    server: %s
    credentials: {token: a-token-of-ours, staff: "18036094790", secret: a-secret-of-ours}
    sign: {digest: md5, over: "{token}{timestamp}{nonce}{secret}"}
    receipts: {secret: shown-with-each-receipt%s}
    rate: 1000/s
routes:
  aci:
    account: hgj
    operation: aciUpdate
    inbox: {dir: in, settle: 0s}
    outbox: {dir: out, formats: [csv, summary]}
`

// customs is HGJ over real HTTP, which knows what customs will say.
type customs struct {
	t     *testing.T
	hook  *providers.Webhook
	early map[string]batch.ReceiptClass // receipts that are posted before the answer
	to    atomic.Value                  // where receipts are posted
}

func (c *customs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var bill struct{ HouseBillScac, HouseBillNo string }
	if err := json.NewDecoder(r.Body).Decode(&bill); err != nil {
		c.t.Error(err)
	}
	if class, now := c.early[bill.HouseBillNo]; now {
		c.post(bill.HouseBillScac+bill.HouseBillNo, class, time.Now(), http.StatusOK)
	}
}

// post posts a receipt and wants that answer.
func (c *customs) post(key string, class batch.ReceiptClass, said time.Time, want int) {
	c.t.Helper()
	c.raw("/shown-with-each-receipt", c.hook.Example(class, key, said), want)
}

func (c *customs) raw(proof, body string, want int) {
	c.t.Helper()
	r, err := http.Post(c.to.Load().(string)+proof, "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return
	}
	defer r.Body.Close()
	answer, _ := io.ReadAll(r.Body)
	if r.StatusCode != want || want == http.StatusOK && string(answer) != `{"code":200}` {
		c.t.Errorf("%s was answered %d %s, want %d", body, r.StatusCode, answer, want)
	}
}

// houseBills is a file of house bills, made of the document's own example.
func houseBills(t *testing.T, op *providers.Operation, numbers ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := op.Example()[0]
	var heading []string
	for _, f := range op.Fields {
		heading = append(heading, f.Path)
	}
	_ = w.Write(heading)
	for _, number := range numbers {
		var line []string
		for _, path := range heading {
			if path == "houseBillNo" {
				line = append(line, number)
			} else {
				line = append(line, row[path])
			}
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.Bytes()
}

// awaited waits for a result file and gives its text.
func awaited(t *testing.T, dir, pattern string) string {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(dir, "out", pattern)); len(found) == 1 {
			if b, err := os.ReadFile(found[0]); err == nil && len(b) > 0 {
				return string(b)
			}
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "out", "*"))
	t.Fatalf("no %s; there are %q", pattern, left)
	return ""
}

func rowWith(t *testing.T, result, bill string) string {
	t.Helper()
	for line := range strings.Lines(result) {
		if strings.Contains(line, bill) {
			return line
		}
	}
	t.Fatalf("no row of %s in %s", bill, result)
	return ""
}

// What customs say later is received, finds its row whenever it comes, and the result is written again with it.
func TestReceipts(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	hgj := all["hgj"]
	op, _ := hgj.Operation("aciUpdate")
	hook, _ := hgj.Webhook("aciReceipt")
	scac := op.Example()[0]["houseBillScac"]
	c := &customs{t: t, hook: hook, early: map[string]batch.ReceiptClass{"EARLY1": batch.Accepted}}
	server := httptest.NewServer(c)
	defer server.Close()
	dir := t.TempDir()
	e, stop := serve(t, dir, fmt.Sprintf(receiptsConfig, server.URL, ""))
	defer stop()
	receiver := httptest.NewServer(e.Receiver())
	defer receiver.Close()
	c.to.Store(receiver.URL + "/receipts/hgj/aciReceipt")
	if err := os.WriteFile(filepath.Join(dir, "in", "bills.csv"), houseBills(t, op, "EARLY1", "HBL2", "HBL3"), 0o644); err != nil {
		t.Fatal(err)
	}
	first := awaited(t, dir, "bills.2*[0-9a-f].result.csv")
	if row := rowWith(t, first, "EARLY1"); !strings.Contains(row, "later: accepted") {
		t.Errorf("a receipt that came before the answer: %s", row)
	}
	if row := rowWith(t, first, "HBL2"); !strings.Contains(row, "delivered") || !strings.Contains(row, "receipt is awaited") {
		t.Errorf("a row that awaits its receipt: %s", row)
	}

	now := time.Now()
	c.raw("/guessed-by-someone-else", hook.Example(batch.Accepted, scac+"HBL2", now), http.StatusUnauthorized) // forged
	c.raw("", hook.Example(batch.Accepted, scac+"HBL2", now), http.StatusUnauthorized)
	c.raw("/shown-with-each-receipt", `{"fullHouseBillNo": "HBL2", "receiveDate": "2021-04-25 19:27:38" "messageStatus": "ACCEPTED"}`, http.StatusBadRequest) // as the provider's page prints it
	c.raw("/shown-with-each-receipt", `{"fullHouseBillNo": "HBL2", "messageStatus": "PERHAPS"}`, http.StatusBadRequest)
	c.raw("/shown-with-each-receipt", ``, http.StatusBadRequest)
	c.post("NOBODY1", batch.Accepted, now, http.StatusOK) // of a bill that was never sent
	c.post(scac+"HBL2", batch.Told, now, http.StatusOK)
	c.post(strings.ToLower(scac)+"hbl2", batch.Refused, now, http.StatusOK)
	c.post(strings.ToLower(scac)+"hbl2", batch.Refused, now, http.StatusOK) // twice
	c.post(scac+"HBL2", batch.Accepted, now.Add(-time.Hour), http.StatusOK) // late: said before
	c.post("HBL3", batch.Accepted, now, http.StatusOK)                      // without its SCAC

	second := awaited(t, dir, "bills.*.r2.result.csv")
	for bill, want := range map[string]string{"EARLY1": "later: accepted", "HBL2": "later: REFUSED", "HBL3": "later: accepted"} {
		if row := rowWith(t, second, bill); !strings.Contains(row, want) || !strings.Contains(row, "delivered") {
			t.Errorf("%s: %s", bill, row)
		}
	}
	if row := rowWith(t, second, "HBL2"); !strings.Contains(row, "Warehouse office is not associated with Port of Destination; Warehouse Office = 3891") {
		t.Errorf("the words of the refusal: %s", row)
	}
	var sum summary.Summary
	if err := json.Unmarshal([]byte(awaited(t, dir, "bills.*.r2.summary.json")), &sum); err != nil || sum.Receipts == nil || *sum.Receipts != (summary.Receipts{Accepted: 2, Refused: 1}) || sum.Counts.Delivered != 3 {
		t.Errorf("%v %+v %+v", err, sum.Receipts, sum.Counts)
	}
	kept, err := e.Ledger.Received(t.Context(), ledger.ReceivedQuery{Unknown: true})
	if err != nil {
		t.Fatal(err)
	}
	var classes []string
	for _, r := range kept {
		classes = append(classes, string(r.Class))
	}
	if got := strings.Join(classes, " "); got != "garbled garbled garbled accepted" || kept[3].Key != "NOBODY1" {
		t.Errorf("receipts that speak of nothing: %s %+v", got, kept)
	}
	for path, want := range map[string]int{"/receipts/hgj/other/shown-with-each-receipt": 404, "/receipts/nobody/aciReceipt/shown-with-each-receipt": 404, "/receipts/": 404, "/receipts/hgj/aciReceipt/shown-with-each-receipt": 405} {
		r, err := http.Get(receiver.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if r.Body.Close(); r.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, r.StatusCode, want)
		}
	}
}

// A receipt with a signature is taken by the account's recipe alone.
func TestSignedReceipts(t *testing.T) {
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	hook, _ := all["hgj"].Webhook("aciReceipt")
	config := strings.Replace(fmt.Sprintf(receiptsConfig, "http://127.0.0.1:1", ""), "{secret: shown-with-each-receipt}", `{sign: {digest: sha256, over: "{timestamp}{nonce}{secret}{body}"}}`, 1)
	e, stop := serve(t, t.TempDir(), config)
	defer stop()
	body := hook.Example(batch.Accepted, "HBL1", time.Now())
	for name, c := range map[string]struct {
		over, sign string
		want       int
	}{
		"genuine":      {"1592534449848" + "1267005109107130370" + "a-secret-of-ours" + body, "", 200},
		"other secret": {"1592534449848" + "1267005109107130370" + "another" + body, "", 401},
		"other body":   {"1592534449848" + "1267005109107130370" + "a-secret-of-ours" + body + " ", "", 401},
		"no signature": {"", "none", 401},
	} {
		r := httptest.NewRequest(http.MethodPost, "/receipts/hgj/aciReceipt", strings.NewReader(body))
		r.Header.Set("Timestamp", "1592534449848")
		r.Header.Set("Nonce", "1267005109107130370")
		if c.sign == "" {
			r.Header.Set("Sign", digest(c.over))
		}
		w := httptest.NewRecorder()
		e.Receiver().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func digest(over string) string {
	sum := sha256.Sum256([]byte(over))
	return hex.EncodeToString(sum[:])
}
