#!/usr/bin/env bash
# github.com/expr-lang/expr v1.17.8: len() of a text counts letters, [a:b] and indexOf() count bytes.
#
# A rule such as `len(s) > 2 ? s[:2] : s`, which is right for one's own letters, cuts a Chinese or Russian text within a letter; the result is
# no UTF-8. indexOf() fits the slice and not len().
#
# Seen (Go 1.26, Linux), s = "你好world":
#   len(s) 7 · indexOf(s, "w") 6 · s[:2] "\xe4\xbd" · s[len(s)-5:] "\xa0好world"
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require github.com/expr-lang/expr v1.17.8
M
cat > main.go <<'M'
package main

import (
	"fmt"

	"github.com/expr-lang/expr"
)

func main() {
	for _, text := range []string{`len(s)`, `indexOf(s, "w")`, `s[:2]`, `s[len(s)-5:]`} {
		v, err := expr.Eval(text, map[string]any{"s": "你好world"})
		fmt.Printf("%s = %q %v\n", text, fmt.Sprint(v), err)
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
len(s) = "7" <nil>
indexOf(s, "w") = "6" <nil>
s[:2] = "\xe4\xbd" <nil>
s[len(s)-5:] = "\xa0好world" <nil>
M
