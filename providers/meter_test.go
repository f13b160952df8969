package providers

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// What an answer holds, an expression may not multiply without end: neither texts nor lists nor time. What people write stays as it was.
func TestExpressionsAreBounded(t *testing.T) {
	body := map[string]any{"text": strings.Repeat("x", 1<<20), "list": make([]any, 10_000), "words": []any{"a", "b"}, "n": 2}
	for i := range body["list"].([]any) {
		body["list"].([]any)[i] = "word"
	}
	for _, text := range []string{
		`len(join(map(1..5000, body.text)))`,
		`join(map(1..50000, "a"), body.text)`,
		`len(map(1..5000, body.text + body.text))`,
		`len(map(1..5000, upper(body.text)))`,
		`let a = body.text + body.text; let b = a + a; let c = b + b; let d = c + c; let e = d + d; len(e + e)`,
		`replace(body.text, "x", body.text)`,
		`len(flatten(map(1..5000, body.list)))`,
		`len(map(1..5000, concat(body.list, body.list)))`,
		`len(map(1..5000, split(body.text, "")))`,
		`len(map(1..5000, toJSON(body)))`,
		`count(body.list, count(body.list, # == "nothing") == 7)`,
	} {
		e, err := compileAnswer(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		done := make(chan error, 1)
		go func() { _, err := e.run(answerEnv{Body: body}); done <- err }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s was computed", text)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("%s does not end", text)
		}
		if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 300<<20 {
			t.Errorf("%s took %d MB", text, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
	}
	for _, text := range []string{`repeat("x", 1000000)`, `reduce(1..100, #acc + #acc, "x")`} {
		if _, err := compileAnswer(text); err == nil {
			t.Errorf("%s was compiled", text)
		}
	}
	for text, want := range map[string]any{
		`"a" + body.words[0] + "!"`:                           "aa!",
		`body.n + 1`:                                          3,
		`1 + 2.5`:                                             3.5,
		`join(map(body.words, upper(#)), ", ")`:               "A, B",
		`join(concat(body.words, ["c"]))`:                     "abc",
		`replace("a-b", "-", "+")`:                            "a+b",
		`len(filter(body.words, # != "a"))`:                   1,
		`all(body.words, len(#) == 1) ? "short" : "long"`:     "short",
		`sum(map(body.words, len(#)))`:                        2,
		`find(body.words, # == "b")`:                          "b",
		`join(map(body.words, let w = #; w + "/" + w), "; ")`: "a/a; b/b",
	} {
		e, err := compileAnswer(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := e.run(answerEnv{Body: body}); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
}
