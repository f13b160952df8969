//go:build unix

package pipeline_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// yard is the provider of testdata/theirs/yard.yaml over real HTTP: it keeps what it was asked, and answers as it is told.
type yard struct {
	mu     sync.Mutex
	asked  []string // method, path, the header that the test looks at, body
	header string
	answer func(n int, body string, w http.ResponseWriter) // n: how many times this very body has come
	times  map[string]int
}

func (y *yard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	y.mu.Lock()
	y.asked = append(y.asked, strings.Join([]string{r.Method, r.URL.Path, r.Header.Get(y.header), string(body)}, " "))
	y.times[string(body)]++
	n := y.times[string(body)]
	y.mu.Unlock()
	if y.answer != nil {
		y.answer(n, string(body), w)
	}
}

// send drops rows and gives the result, and what the provider was asked, sorted.
func (y *yard) send(t *testing.T, operation, route, rows string) (result string, asked []string) {
	t.Helper()
	y.times = map[string]int{}
	server := httptest.NewServer(y)
	defer server.Close()
	document, err := filepath.Abs("testdata/theirs/yard-ours.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	stop := start(t, dir, fmt.Sprintf(`
data: data
accounts:
  yard: {provider: %s, server: %s, retry: {first: 1ms, most: 10ms}}
routes:
  yard: {account: yard, operation: %s, inbox: {dir: in, settle: 0s}, outbox: {dir: out, formats: [csv]}%s}
`, document, server.URL, operation, route))
	defer stop()
	if err := os.WriteFile(filepath.Join(dir, "in", "rows.csv"), []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	result = awaited(t, dir, "rows.*.result.csv")
	y.mu.Lock()
	defer y.mu.Unlock()
	slices.Sort(y.asked)
	return result, y.asked
}

// A key of ours, in a header and in the body, is of the request and not of the row: the same in all attempts of a batch, and another
// one for the next batch. What the overlay mends and what was picked shows in the body.
func TestBatchesCarryAKey(t *testing.T) {
	y := &yard{header: "Request-Id", answer: func(n int, _ string, w http.ResponseWriter) {
		if n == 1 { // executed, and the answer is lost
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		}
	}}
	result, asked := y.send(t, "storeBoxes", "", "path.yard,ref,weight,city\nnorth,A,1.5,Kyiv\nnorth,B,2,\nsouth,C,3,\n")
	if strings.Count(result, "delivered") != 3 || len(asked) != 4 || asked[0] != asked[1] || asked[2] != asked[3] {
		t.Fatalf("%q\n%s", asked, result)
	}
	keys := map[string]bool{}
	for i, want := range map[int]string{
		0: `PUT /yards/north/boxes KEY {"requestId":"KEY","boxes":[{"ref":"A","weight":1.5,"to":{"city":"Kyiv"}},{"ref":"B","weight":2}]}`,
		2: `PUT /yards/south/boxes KEY {"requestId":"KEY","boxes":[{"ref":"C","weight":3}]}`,
	} {
		for _, key := range uuid.FindAllString(asked[i], -1) {
			keys[key] = true
		}
		if got := uuid.ReplaceAllString(asked[i], "KEY"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if len(keys) != 4 { // each place has its own
		t.Errorf("got %v", keys)
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// Lists of plain values, inside an object and as the whole body.
func TestBatchesOfPlainValues(t *testing.T) {
	result, asked := (&yard{}).send(t, "dropNamed", ", map: {refs: Ref}", "Ref\nA\nB\nC\n")
	if want := []string{`POST /drops  {"refs":["A","B"]}`, `POST /drops  {"refs":["C"]}`}; !slices.Equal(asked, want) || strings.Count(result, "delivered") != 3 {
		t.Errorf("got %q\n%s", asked, result)
	}
	result, asked = (&yard{}).send(t, "dropAll", ", map: {value: No}", "No\n7\nx\n8\n")
	if want := []string{`DELETE /drops  [7,8]`}; !slices.Equal(asked, want) || strings.Count(result, "delivered") != 2 || strings.Count(result, "invalid") != 1 {
		t.Errorf("got %q\n%s", asked, result)
	}
}

// A parameter in a cookie is a field.
func TestCookieParameters(t *testing.T) {
	result, asked := (&yard{header: "Cookie"}).send(t, "storeBox", "", "cookie.desk,ref,weight\nd 1,A,1\n")
	if want := []string{`POST /boxes desk=d%201 {"ref":"A","weight":1}`}; !slices.Equal(asked, want) || strings.Count(result, "delivered") != 1 {
		t.Errorf("got %q\n%s", asked, result)
	}
}

// Columns name the members of a free map, by their headings or in the route's map; the map's own rule holds for each.
func TestColumnsNameMembers(t *testing.T) {
	result, asked := (&yard{}).send(t, "storeBox", ", map: {metadata.shop: Shop}", "cookie.desk,ref,metadata.channel,metadata.a.b,Shop\nd,A,web,x,7\nd,B,,,\nd,C,far too long,,\n")
	if want := []string{`POST /boxes  {"ref":"A","metadata":{"channel":"web","a.b":"x","shop":"7"}}`, `POST /boxes  {"ref":"B"}`}; !slices.Equal(asked, want) {
		t.Errorf("got %q", asked)
	}
	if row := rowWith(t, result, "far too long"); !strings.Contains(row, "invalid") || !strings.Contains(row, "C4") {
		t.Error(row)
	}
	if strings.Contains(result, "fill nothing") || strings.Count(result, "delivered") != 2 {
		t.Error(result)
	}
}

// What the provider points at is the cell of the row, in the result.
func TestPointersReachTheCell(t *testing.T) {
	y := &yard{answer: func(n int, body string, w http.ResponseWriter) {
		if !strings.Contains(body, "Atlantis") {
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		at := strings.Count(body[:strings.Index(body, "Atlantis")], `"ref"`) - 1
		fmt.Fprintf(w, `{"title": "Bad order", "errors": [{"detail": "no such city", "pointer": "#/boxes/%d/to/city"}]}`, at)
	}}
	result, _ := y.send(t, "storeBoxes", ", map: {to.city: Town}", "path.yard,ref,weight,Town\nnorth,A,1,Kyiv\nnorth,B,2,Atlantis\n")
	if row := rowWith(t, result, "Atlantis"); !strings.Contains(row, "rejected") || !strings.Contains(row, "Cell D3 (to.city): no such city,") {
		t.Error(row)
	}
	if row := rowWith(t, result, "Kyiv"); !strings.Contains(row, "delivered") {
		t.Error(row)
	}
}

// A pointer into a map leads to the column that named the member.
func TestPointersReachMembers(t *testing.T) {
	pointers := map[string]string{"R1": "/metadata/channel", "R2": "#/metadata/a.b", "R3": "body.metadata.a.b", "R4": "/metadata/Net~1 weight", "R5": "/cookie/desk"}
	y := &yard{answer: func(_ int, body string, w http.ResponseWriter) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, ref, _ := strings.Cut(body, `"ref":"`)
		fmt.Fprintf(w, `{"errors": [{"detail": "not so", "pointer": %q}]}`, pointers[ref[:2]])
	}}
	result, _ := y.send(t, "storeBox", "", "cookie.desk,ref,metadata.channel,metadata.a.b,metadata.Net/ weight\nd,R1,web,x,7\nd,R2,web,x,7\nd,R3,web,x,7\nd,R4,web,x,7\nd,R5,web,x,7\n")
	for ref, cell := range map[string]string{"R1": "C2", "R2": "D3", "R3": "D4", "R4": "E5", "R5": "A6"} {
		if row := rowWith(t, result, ","+ref+","); !strings.Contains(row, "rejected") || !strings.Contains(row, "Cell "+cell+" ") || !strings.Contains(row, "not so") {
			t.Errorf("%s: %s", pointers[ref], row)
		}
	}
}
