package ledger_test

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// Requests that differ in the zeros behind their decimals are the same; what is text, or another value, is not.
func TestPrintsCountNumbersByValue(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"w":1.50,"n":"x"}`, `{"w":1.5,"n":"x"}`, true},
		{`{"w":[1.0,20.00]}`, `{"w":[1,20]}`, true},
		{`{"n":"a\\\"1.50"}`, `{"n":"a\\\"1.5"}`, false},
		{`{"n":"1.50"}`, `{"n":"1.5"}`, false},
		{`{"w":10}`, `{"w":1}`, false},
		{`{"w":1.05}`, `{"w":1.5}`, false},
		{`{"w":0.0}`, `{"w":0}`, true},
		{`1.10`, `1.1`, true},
	} {
		if same := ledger.PrintOf("p", "o", []byte(c.a)) == ledger.PrintOf("p", "o", []byte(c.b)); same != c.same {
			t.Errorf("%s and %s: same %v", c.a, c.b, same)
		}
	}
}

// A request whose numbers a program left as it leaves them has the bared print of the one it was, and others have not.
func TestBaredPrints(t *testing.T) {
	for _, c := range []struct {
		was, is string
		same    bool
	}{
		{`{"id":"0030","n":"x"}`, `{"id":"30","n":"x"}`, true},
		{`{"id":"+49170"}`, `{"id":"49170"}`, true},
		{`{"w":["1.50","007,0"]}`, `{"w":["1.5","7"]}`, true},
		{`{"w":"000"}`, `{"w":"0"}`, true},
		{`{"id":"0x30"}`, `{"id":"x30"}`, false},
		{`{"id":"0030-1"}`, `{"id":"30-1"}`, false},
		{`{"id":"300"}`, `{"id":"3"}`, false},
		{`{"id":"a\\\"030"}`, `{"id":"a\\\"30"}`, false},
		{`{"id":"1.0.0"}`, `{"id":"1.0"}`, false},
	} {
		was, is := ledger.Staged{Item: batch.Item{Rows: []int{2}, Body: []byte(c.was)}}, ledger.Staged{Item: batch.Item{Rows: []int{2}, Body: []byte(c.is)}}
		a, less, _ := was.BaredFor("p", "o", true)
		b, _, _ := is.BaredFor("p", "o", true)
		if same := a == b; same != c.same || same && !less {
			t.Errorf("%s and %s: same %v, less %v", c.was, c.is, same, less)
		}
		if a == was.PrintFor("p", "o") || b == is.PrintFor("p", "o") {
			t.Errorf("%s, %s: a bared print is a request's own", c.was, c.is)
		}
	}
}

// What is quick about it is no other rule: of any request, numbers within texts count as texts, and all others by value.
func TestPrintsOfAnyRequest(t *testing.T) {
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		number := func() (long, short string) {
			whole := strings.Repeat("-", r.IntN(2)) + strconv.Itoa(r.IntN(300))
			zeros := strings.Repeat("0", r.IntN(3))
			if digits := strings.TrimRight(strconv.Itoa(r.IntN(100)), "0"); digits != "" {
				return whole + "." + digits + zeros, whole + "." + digits
			}
			return whole + ".0" + zeros, whole
		}
		long, short, text := "{", "{", "{"
		for i := range 1 + r.IntN(4) {
			a, b := number()
			mark := []string{"", `\"`, `\\`, ":", ",", "mail."}
			in := mark[r.IntN(len(mark))] + a + mark[r.IntN(len(mark))]
			key := `"k` + strconv.Itoa(i) + `":`
			value, other := key+a, key+b
			switch r.IntN(3) {
			case 0:
				value, other = key+"["+a+","+a+"]", key+"["+b+","+b+"]"
			case 1:
				value, other = key+`"`+in+`"`, key+`"`+in+`"`
			}
			long, short, text = long+value+",", short+other+",", text+key+`"`+a+`",`
		}
		long, short, text = long+`"end":"."}`, short+`"end":"."}`, text+`"end":"."}`
		if !json.Valid([]byte(long)) {
			t.Fatalf("seed %d: %s", seed, long)
		}
		if ledger.PrintOf("p", "o", []byte(long)) != ledger.PrintOf("p", "o", []byte(short)) {
			t.Fatalf("seed %d: %s and %s are the same", seed, long, short)
		}
		if other := strings.ReplaceAll(text, `0",`, `",`); other != text && ledger.PrintOf("p", "o", []byte(text)) == ledger.PrintOf("p", "o", []byte(other)) {
			t.Fatalf("seed %d: %s and %s are texts, and others", seed, text, other)
		}
	}
}

// Prints stay what they are: those that lie in ledgers are looked for with those that are made now.
func TestPrintsStay(t *testing.T) {
	for body, want := range map[string]string{
		`{"w":1.50,"n":"a.10 \"1.50\" \\","l":[1.0,20.00,-0.500,1.20e5,1.0E3],"e":{}}`: "074a0eccceb193a79985de2d7e70a1a5",
		`{"n":"plain"}`:             "9c986288d246538944203711fc71cfb0",
		`{"a":"1.50\\\\","b":2.50}`: "956df4f2be2f60b329d22cb2b15371c9",
		`{"n":"` + strings.Repeat("long ", 400) + `","w":2.50}`: "e20e48966ea8b796f0c0731e665b7207",
	} {
		p := ledger.PrintOf("otms", "orders", []byte(body))
		if got := hex.EncodeToString(p[:]); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// A document whose rows somebody sorted is the same document; a list that one row makes is what it says.
func TestTheOrderOfADocumentsRows(t *testing.T) {
	const one, other = `{"bill":"B1","cargos":[{"no":"C1","kg":1.50,"un":["7","3"]},{"no":"C2","kg":12}]}`, `{"bill":"B1","cargos":[{"no":"C2","kg":12.0},{"no":"C1","kg":1.5,"un":["7","3"]}]}`
	for _, c := range []struct {
		a, b string
		rows []int
		same bool
	}{
		{one, other, []int{2, 3}, true},
		{one, one, []int{2, 3}, true},
		{one, other, []int{2}, false},
		{one, `{"bill":"B1","cargos":[{"no":"C2","kg":1.5,"un":["7","3"]},{"no":"C1","kg":12}]}`, []int{2, 3}, false},
		{one, `{"bill":"B1","cargos":[{"no":"C1","kg":1.5,"un":["7","3"]},{"no":"C2","kg":12},{"no":"C2","kg":12}]}`, []int{2, 3, 4}, false},
		{`{"ids":["2","1"]}`, `{"ids":["1","2"]}`, []int{2, 3}, true},
	} {
		print := func(body string) ledger.Print {
			s := ledger.Staged{Item: batch.Item{Rows: c.rows, Body: []byte(body)}}
			return s.PrintFor("p", "o")
		}
		if same := print(c.a) == print(c.b); same != c.same {
			t.Errorf("%s and %s: same %v", c.a, c.b, same)
		}
	}
}
