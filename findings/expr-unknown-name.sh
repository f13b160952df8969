#!/usr/bin/env bash
# github.com/expr-lang/expr v1.17.8: a name that the environment does not have is an error of the compiler; but once a patch or an overloaded
# operator is given (expr.Patch, expr.Operator), not any more where it stands in an argument of a function of the environment.
#
# Such an expression compiles, and fails whenever it runs. A patch that changes nothing is enough.
#
# Seen (Go 1.26, Linux), environment {row map[string]string, up func(string) string}:
#   up(rw) "unknown name rw" · with a patch that does nothing: compiles · len(rw), rw["a"]: "unknown name rw" either way
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
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

type env struct {
	Row map[string]string   `expr:"row"`
	Up  func(string) string `expr:"up"`
}

type nothing struct{}

func (nothing) Visit(*ast.Node) {}

func main() {
	for _, text := range []string{`len(rw)`, `rw["a"]`, `up(rw)`} {
		_, plain := expr.Compile(text, expr.Env(env{}))
		_, patched := expr.Compile(text, expr.Env(env{}), expr.Patch(nothing{}))
		first := func(err error) string { line, _, _ := strings.Cut(fmt.Sprint(err), " ("); return line }
		fmt.Printf("%s: %s · with a patch: %s\n", text, first(plain), first(patched))
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
len(rw): unknown name rw · with a patch: unknown name rw
rw["a"]: unknown name rw · with a patch: unknown name rw
up(rw): unknown name rw · with a patch: <nil>
M
