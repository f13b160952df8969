package postgres

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// parameters are what may stand behind the ? of an address.
var parameters = []string{"connect_timeout", "host", "passfile", "password", "port", "search_path", "sslcert", "sslkey", "sslmode", "sslpassword", "sslrootcert", "sslsni",
	"target_session_attrs", "user"}

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// oneSchema is a name that means the same written as it is and in quotes. Of several the tables would lie in one, or in one called like all.
var oneSchema = patterns.New(`^[a-z_][a-z0-9_]*$`)

// Check says what is wrong with an address. It connects to nothing, and shows no password.
func Check(address string) (wrong []batch.Mistake) {
	bad := func(what, write batch.Message) {
		wrong = append(wrong, batch.Mistake{Key: "ledger", What: what, Write: write})
	}
	example := words.Example("ledger: postgres://rowferry@db.example.com/rowferry?sslmode=verify-full")
	u, err := url.Parse(address)
	if err != nil {
		bad(words.Message("ledger.address"), example)
		return wrong
	}
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		bad(words.Message("ledger.address"), example)
		return wrong
	}
	if u.Host == "" && !given.Has("host") {
		bad(words.Message("ledger.host"), example)
	}
	if strings.Trim(u.Path, "/") == "" {
		bad(words.Message("ledger.database"), example)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(parameters, name) {
			bad(words.Message("ledger.parameter", "name", words.Short(name)), words.Meant(name, parameters))
		}
	}
	if mode := given.Get("sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
		bad(words.Message("ledger.sslmode", "value", words.Short(mode)), words.Meant(mode, sslModes))
	}
	if path := given.Get("search_path"); path != "" && !oneSchema.MatchString(path) {
		bad(words.Message("ledger.search_path", "value", words.Short(path)), words.Example("ledger: postgres://rowferry@db.example.com/rowferry?search_path="+schema))
	}
	return wrong
}
