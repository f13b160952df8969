package console

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/patterns"
)

// parameters are what may stand behind the ? of each operation ("GET /api/v1/files"), as openapi.json has it.
var parameters = sync.OnceValue(func() map[string][]string {
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		panic(err) // it is part of the program
	}
	all := map[string][]string{}
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			pattern := strings.ToUpper(method) + " " + path
			for _, p := range operation.Parameters {
				if p.In == "query" {
					all[pattern] = append(all[pattern], p.Name)
				}
			}
		}
	}
	return all
})

// asked refuses a request with a parameter that its operation does not have: whoever misspells a filter would get what it leaves out,
// and whoever misspells check would send.
func asked(pattern string, next handler) handler {
	known := parameters()[pattern]
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		get, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return refused(http.StatusUnprocessableEntity, "query", "console.api.query", "cause", err)
		}
		for _, name := range slices.Sorted(maps.Keys(get)) {
			switch {
			case slices.Contains(known, name):
			case len(known) == 0:
				return refused(http.StatusUnprocessableEntity, name, "console.api.no_parameters", "name", name)
			default:
				return refused(http.StatusUnprocessableEntity, name, "console.api.parameter", "name", name, "known", strings.Join(known, ", "))
			}
		}
		return next(w, r, p)
	}
}

// isID reports whether a text has the form of a file's id; the file itself may be gone.
var isID = patterns.New(`^\d{8}-\d{6}-[0-9a-z.-]+$`).MatchString

// numberOf is the number that a parameter has, at least 1; 0 where it is not there, or an empty field of a form.
func numberOf(get url.Values, name string) (int, error) {
	if get.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(get.Get(name))
	if err != nil || n < 1 {
		return 0, unfit(name, get.Get(name))
	}
	return n, nil
}
