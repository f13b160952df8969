package providers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

func TestCheck(t *testing.T) {
	op := operation(t, document(t, "orders.yaml"), "orders")
	now := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC) // the 23rd in Shanghai
	lists := Lists{"carrier": {"COSCO-中远海": true, "COSCO-中远海\tCOSU": true}}
	const two = `"houses":[{"no":"H1","boxes":[{"no":"1"},{"no":"2"}]}]`
	for name, c := range map[string]struct {
		body    string
		sending bool
		want    []string // path, code and rule
	}{
		"good":           {`{"movement":"A","departure":"2026-11-22","arrival":"2026-12-01","carrier":"COSCO-中远海",` + two + `}`, false, nil},
		"by code":        {`{"movement":"A","carrier":"COSCO",` + two + `}`, false, nil},
		"not in list":    {`{"movement":"A","carrier":"MSK",` + two + `}`, false, []string{"carrier carrier list must be in the list carrier"}},
		"too few":        {`{"movement":"A","houses":[{"no":"H1","boxes":[{"no":"1"}]}]}`, false, []string{"houses[0].boxes houses.boxes min_items must have at least 2 rows; it has 1"}},
		"too many":       {`{"movement":"A","houses":[{"no":"H1","boxes":[{"no":"1"},{"no":"2"},{"no":"3"},{"no":"4"}]}]}`, false, []string{"houses[0].boxes houses.boxes max_items must have at most 3 rows; it has 4"}},
		"dates":          {`{"movement":"A","departure":"2026-12-02","arrival":"2026-12-01",` + two + `}`, false, []string{"arrival arrival arrival-later must be after departure"}},
		"today there":    {`{"movement":"A","departure":"2026-11-20","arrival":"2026-11-23",` + two + `}`, false, []string{"arrival arrival arrival-future must be after 2026-11-23"}},
		"when sent":      {`{"movement":"A","departure":"2026-12-20","arrival":"2026-11-23",` + two + `}`, true, []string{"arrival arrival arrival-future must be after 2026-11-23"}},
		"from outside":   {`{"movement":"B","agent":"x","houses":[{"no":"H1","boxes":[{"no":"1","code":"7"},{"no":"2"}]}]}`, false, []string{"houses[0].boxes[1].code houses.boxes.code goods-code must be filled when the movement is B"}},
		"pair":           {`{"movement":"A","houses":[{"no":"H1","boxes":[{"no":"1","un":1001,"person":"P"},{"no":"2","un":1001}]}]}`, false, []string{"houses[0].boxes[1].person houses.boxes.person danger-pair both or none"}},
		"blamed above":   {`{"movement":"A","carrier":"COSCO-中远海","masterNo":"COSU1",` + two + `}`, false, []string{"masterNo masterNo carrier-prefix must not begin with the carrier's code"}},
		"warning":        {`{"movement":"A","houses":[{"no":"H1","boxes":[{"no":"1","weight":100.01},{"no":"2","weight":99}]}]}`, false, []string{"houses[0].boxes[0].weight houses.boxes.weight heavy more than usual (warning)"}},
		"object is open": {`{"movement":"A","contact":{"phone":"1"},` + two + `}`, false, []string{"contact.name contact.name required must be filled"}},
		"if then":        {`{"movement":"B","houses":[{"no":"H1","boxes":[{"no":"1","code":"7"},{"no":"2","code":"7"}]}]}`, false, []string{"agent agent required must be filled"}},
		"no object":      {`[]`, false, []string{"  type must be readable text"}},
	} {
		var got []string
		for _, v := range op.Check([]byte(c.body), CheckContext{Now: now, Lists: lists, Sending: c.sending}) {
			line := fmt.Sprintf("%s %s %s %s", v.Path, v.Field, v.Code, words.Say(batch.English, v.Rule))
			if v.Warning {
				line += " (warning)"
			}
			if words.Say(batch.English, v.Fix) == "" {
				line += " no remedy"
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !op.NeedsCheck() {
		t.Error("rules, yet no check is needed")
	}
	if got := op.RechecksWhenSent(); len(got) != 1 || got[0] != "arrival" {
		t.Errorf("rechecks %v", got)
	}
}

// Where a value is known to be wrong, what looks at it is left out and the rest is checked.
func TestSpoiledValuesAreNotLookedAt(t *testing.T) {
	op := operation(t, document(t, "orders.yaml"), "orders")
	const body = `{"movement":"B","agent":"x","departure":"2026-12-02","arrival":"2026-11-20","houses":[{"no":"H1","boxes":[{"no":"1"},{"no":"2","un":1001,"code":"7"},{"no":"3","person":"P"}]}]}`
	all := []string{"arrival arrival-later", "arrival arrival-future", "houses[0].boxes[0].code goods-code", "houses[0].boxes[1].person danger-pair", "houses[0].boxes[2].code goods-code", "houses[0].boxes[2].un danger-pair"}
	for _, c := range []struct {
		spoiled []string
		gone    []string
	}{
		{nil, nil},
		{[]string{"houses[0].boxes[2].no"}, nil},
		{[]string{"departure"}, []string{"arrival arrival-later"}},
		{[]string{"arrival"}, []string{"arrival arrival-later", "arrival arrival-future"}},
		{[]string{"movement"}, []string{"houses[0].boxes[0].code goods-code", "houses[0].boxes[2].code goods-code"}},
		{[]string{"houses[0].boxes[1].un", "houses[0].boxes[2].code"}, []string{"houses[0].boxes[1].person danger-pair", "houses[0].boxes[2].code goods-code"}},
	} {
		var got []string
		for _, v := range op.Check([]byte(body), CheckContext{Now: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC), Spoiled: c.spoiled}) {
			got = append(got, v.Path+" "+v.Code)
		}
		want := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(c.gone, s) })
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.spoiled, diff)
		}
	}
}

func TestNothingToCheck(t *testing.T) {
	op := operation(t, document(t, "values.yaml"), "values")
	if op.NeedsCheck() || op.RechecksWhenSent() != nil {
		t.Error("plain keywords alone need no check")
	}
	if got := op.Check([]byte(`{}`), CheckContext{Sending: true}); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestARuleThatCannotBeComputedIsBroken(t *testing.T) {
	text := strings.Replace(minimal, "RULE", `'text(n) matches bill'`, 1)
	p, err := Compile([]byte(text), "minimal")
	if err != nil {
		t.Fatal(err)
	}
	got := p.Operations[0].Check([]byte(`{"bill":"(","n":1}`), CheckContext{})
	if len(got) != 1 || got[0].Code != "r" || !strings.Contains(words.Say(batch.English, got[0].Rule), "could not be computed") {
		t.Errorf("got %+v", got)
	}
}

const minimal = `openapi: 3.1.0
info: {title: Minimal, version: "1"}
x-rowferry: {name: minimal}
paths:
  /x:
    post:
      operationId: x
      requestBody:
        content:
          application/json:
            schema:
              type: object
              x-rules: [{name: r, rule: RULE, fields: [bill], must: must hold}]
              properties: {bill: {type: string}, n: {type: integer}}
      x-rowferry: {rows: one, answer: {ok: "false"}}
`

func TestRulesAreTypedAndBounded(t *testing.T) {
	for rule, want := range map[string]string{
		`'bill + 1 > 2'`: "mismatched types string and int", `'bil == ""'`: "unknown name bil", `'bill'`: "expected bool", `'reduce([1], #acc) == 1'`: "reduce",
		`'repeat("x", 9) == ""'`: "repeat", `'bill matches "(["'`: "error parsing regexp",
	} {
		_, err := Compile([]byte(strings.Replace(minimal, "RULE", rule, 1)), "minimal")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", rule, err, want)
		}
	}
	p, err := Compile([]byte(strings.Replace(minimal, "RULE", `'len(map(1..100000000, #)) > 0'`, 1)), "minimal")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Operations[0].Check([]byte(`{}`), CheckContext{}); len(got) != 1 {
		t.Errorf("got %v, want the budget to end it", got)
	}
}
