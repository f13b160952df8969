package providers

import (
	"errors"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// What one evaluation of an expression of a document may take. Answers are other people's: what they hold, an expression may multiply.
const (
	maxMade  = 16 << 20  // bytes of texts and lists
	maxTurns = 1_000_000 // of the predicates of map, filter and their like, one in another
)

var (
	errGrows = errors.New("the text or list grows too long")
	errTurns = errors.New("it does not come to an end")
)

// meter is what an evaluation has left. Every variable set of expressions has one as `meter_`.
type meter struct{ made, turns int }

func (m *meter) spend(n int) error {
	if m == nil || n > maxMade || m.made > maxMade-n {
		return errGrows
	}
	m.made += n
	return nil
}

// weight is how much copying a value takes.
func weight(v any, depth int) (n int) {
	switch x := v.(type) {
	case string:
		return len(x)
	case []any:
		for _, one := range x {
			if n += 16; depth < 20 && n <= maxMade {
				n += weight(one, depth+1)
			}
		}
	case map[string]any:
		for key, one := range x {
			if n += 16 + len(key); depth < 20 && n <= maxMade {
				n += weight(one, depth+1)
			}
		}
	}
	return n
}

// heavy are the built-in functions that copy what they are given.
var heavy = map[string]bool{"concat": true, "flatten": true, "split": true, "splitAfter": true, "toJSON": true, "fromJSON": true, "toBase64": true, "fromBase64": true,
	"upper": true, "lower": true, "uniq": true, "reverse": true, "sort": true, "values": true, "keys": true, "toPairs": true, "fromPairs": true, "string": true}

// metering has what grows draw on the meter: + between texts, join and replace before they make anything, the heavy functions by
// what they are given, each turn of a predicate.
type metering struct{}

// Visit is called for each node, perhaps more than once.
func (metering) Visit(node *ast.Node) {
	call := func(name string, args ...ast.Node) ast.Node {
		return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: append([]ast.Node{&ast.IdentifierNode{Value: "meter_"}}, args...)}
	}
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == "+" && mayBeText(n.Left) && mayBeText(n.Right) {
			ast.Patch(node, call("plus_", n.Left, n.Right))
		}
	case *ast.BuiltinNode:
		switch {
		case n.Name == "join" || n.Name == "replace":
			ast.Patch(node, call(n.Name+"_", n.Arguments...))
		case heavy[n.Name]:
			for i, arg := range n.Arguments {
				charge := "charged_"
				if n.Name == "split" || n.Name == "splitAfter" {
					charge = "cut_" // a text for each letter, at worst
				}
				if _, constant := arg.(*ast.StringNode); !constant && !calls(arg, charge) {
					n.Arguments[i] = call(charge, arg)
				}
			}
		}
	case *ast.PredicateNode:
		if c, done := n.Node.(*ast.ConditionalNode); !done || !calls(c.Cond, "turn_") {
			n.Node = &ast.ConditionalNode{Cond: call("turn_"), Exp1: n.Node, Exp2: &ast.NilNode{}}
		}
	}
}

// mayBeText reports whether a node's value is a text, or nobody knows what.
func mayBeText(n ast.Node) bool {
	t := n.Type()
	return t == nil || t.Kind() == reflect.String || t.Kind() == reflect.Interface
}

// calls reports whether a node is a call of ours of this name.
func calls(n ast.Node, name string) bool {
	c, is := n.(*ast.CallNode)
	if !is {
		return false
	}
	id, is := c.Callee.(*ast.IdentifierNode)
	return is && id.Value == name
}

// metered are the functions that metering calls.
func metered() []expr.Option {
	own := func(p []any) *meter { m, _ := p[0].(*meter); return m }
	return []expr.Option{
		expr.Patch(metering{}),
		expr.Function("turn_", func(p ...any) (any, error) {
			m := own(p)
			if m == nil || m.turns >= maxTurns {
				return false, errTurns
			}
			m.turns++
			return true, nil
		}, new(func(any) bool)),
		expr.Function("charged_", func(p ...any) (any, error) { return p[1], own(p).spend(weight(p[1], 0)) }, new(func(any, any) any)),
		expr.Function("cut_", func(p ...any) (any, error) { return p[1], own(p).spend(16 * weight(p[1], 0)) }, new(func(any, any) any)),
		expr.Function("plus_", func(p ...any) (any, error) {
			if err := own(p).spend(weight(p[1], 20) + weight(p[2], 20)); err != nil {
				return nil, err
			}
			return runtime.Add(p[1], p[2]), nil
		}, new(func(any, any, any) any)),
		expr.Function("join_", func(p ...any) (any, error) { return joined(own(p), p[1:]) }, new(func(any, any) string), new(func(any, any, string) string)),
		expr.Function("replace_", func(p ...any) (any, error) {
			text, old, with := plainTextKept(p[1]), plainTextKept(p[2]), plainTextKept(p[3])
			grown := len(text) + strings.Count(text, old)*max(0, len(with)-len(old))
			if err := own(p).spend(grown); err != nil {
				return "", err
			}
			return strings.ReplaceAll(text, old, with), nil
		}, new(func(any, any, any, any) string)),
	}
}

// joined is join(list, separator).
func joined(m *meter, p []any) (string, error) {
	list, is := p[0].([]any)
	if !is {
		if texts, are := p[0].([]string); are {
			list = anyList(texts)
		} else {
			return "", errors.New("join takes a list")
		}
	}
	between := ""
	if len(p) > 1 {
		between = plainTextKept(p[1])
	}
	texts, n := make([]string, len(list)), len(list)*(len(between)+16)
	for i, one := range list {
		if texts[i], is = one.(string); !is {
			return "", errors.New("join takes a list of texts")
		}
		n += len(texts[i])
	}
	if err := m.spend(n); err != nil {
		return "", err
	}
	return strings.Join(texts, between), nil
}
