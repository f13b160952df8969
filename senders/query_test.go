package senders_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
)

// Objects and lists stand in the query as the document's styles say; what nothing fills is not there, what is always the same is.
func TestStylesOfTheQuery(t *testing.T) {
	written(t, "testdata/query-ours.yaml", 1, map[string]string{ // without an object in a header
		`{"?query":{"filter":{"country":"D&E","ids":["1","2"]},"place":{"lat":1.5,"lon":-2},"size":{"w":3,"h":4},"tags":["a","b"],"codes":["x","y"],"options":{"days":7}},"?body":{"ref":"1"}}`: "/moves?filter%5Bcountry%5D=D%26E&filter%5Bkind%5D=sea&filter%5Bids%5D%5B0%5D=1&filter%5Bids%5D%5B1%5D=2&lat=1.5&lon=-2&size=w%2C3%2Ch%2C4&tags=a%7Cb&codes=x+y&options=%7B%22days%22%3A7%7D",
		`{"?query":{"filter":{"country":"DE"}},"?body":{"ref":"1"}}`: "/moves?filter%5Bcountry%5D=DE&filter%5Bkind%5D=sea",
		`{"?body":{"ref":"1"}}`: "/moves?filter%5Bkind%5D=sea",
	})
}

// A value in the path may have its sign, or its name, before it.
func TestStylesOfThePath(t *testing.T) {
	written(t, "testdata/paths.yaml", 0, map[string]string{`{"?path":{"dock":"a b","berth":7}}`: "/docks/.a%20b/berths/;berth=7"})
}

// Swagger 2.0 says so in words of its own.
func TestListsOfSwagger(t *testing.T) {
	written(t, "testdata/old-ours.yaml", 1, map[string]string{ // without a list that is parted by tabs
		`{"?path":{"ids":["1","2"]},"?query":{"a":["1","2"],"b":["1","2"],"c":["1","2"]},"?body":{"e":["1","2"],"f":["1","2"]}}`: "/moves/1%7C2?a=1%2C2&b=1&b=2&c=1+2 e=1%7C2&f=1&f=2",
	})
}

// written sends items by the first operation of a document, of which so many things are not offered, and wants the address and the form that each makes.
func written(t *testing.T, document string, warnings int, items map[string]string) {
	t.Helper()
	p, err := providers.Load(document)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != warnings {
		t.Errorf("%v", p.Warnings)
	}
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.URL.RequestURI()
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			body, _ := io.ReadAll(r.Body)
			got += " " + string(body)
		}
	}))
	defer server.Close()
	s, err := senders.Open(configs.Account{Name: "a", Server: server.URL}, p, senders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for item, want := range items {
		r := s.Send(t.Context(), senders.Attempt{Operation: p.Operations[0], ID: "f", Items: []batch.Item{{Rows: []int{1}, Body: []byte(item)}}})
		if r.Fate != senders.Answered || got != want {
			t.Errorf("%s: %s %v\n%s\n%s", item, r.Fate, r.Err, got, want)
		}
	}
}
