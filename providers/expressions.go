package providers

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
	"golang.org/x/text/unicode/norm"

	"github.com/rowferry/rowferry/patterns"
)

// expression is a compiled expression. The nil expression gives nothing.
type expression struct {
	text    string
	program *vm.Program
	names   []string // variables and functions it names
}

var machines = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: 100_000} }}

// mentions reports whether it looks at a variable; nil does not.
func (e *expression) mentions(name string) bool { return e != nil && slices.Contains(e.names, name) }

// run computes the expression; a panic inside it is an error.
func (e *expression) run(env any) (any, error) {
	m := machines.Get().(*vm.VM)
	switch v := env.(type) { // each evaluation has all of its meter
	case answerEnv:
		v.Meter = &meter{}
		env = v
	case sentEnv:
		v.Meter = &meter{}
		env = v
	case map[string]any:
		if left, is := v["meter_"].(*meter); is {
			*left = meter{}
		}
	}
	out, err := m.Run(e.program, env)
	if err == nil {
		machines.Put(m)
	}
	return out, err
}

func compileExpression(text string, more ...expr.Option) (*expression, error) {
	seen := &sightings{}
	options := append([]expr.Option{
		expr.Patch(seen), expr.DisableBuiltin("repeat"), expr.DisableBuiltin("now"),
		expr.Function("isSet", func(p ...any) (any, error) { return isSet(p[0]), nil }, new(func(any) bool)),
		expr.Function("text", func(p ...any) (any, error) { return plainText(p[0]), nil }, new(func(any) string)),
		expr.Function("list", func(p ...any) (any, error) { return asList(p[0]), nil }, new(func(any) []any)),
		expr.Function("code", func(p ...any) (any, error) { return codeOf(plainText(p[0])), nil }, new(func(any) string)),
	}, slices.Concat(metered(), more)...)
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, err
	}
	if seen.reduce {
		return nil, errors.New("reduce is not available")
	}
	slices.Sort(seen.names)
	return &expression{text, program, slices.Compact(seen.names)}, nil
}

// sightings are what a walk over an expression has met: the names in it, and whether it uses reduce, which can build
// texts of any size; DisableBuiltin does not reach what takes a predicate.
type sightings struct {
	names  []string
	reduce bool
}

// Visit is called for each node, perhaps more than once.
func (s *sightings) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		s.reduce = s.reduce || n.Name == "reduce"
	case *ast.IdentifierNode:
		s.names = append(s.names, n.Value)
	}
}

// answerEnv is what the expressions over an answer see.
type answerEnv struct {
	Status   int               `expr:"status"`
	Headers  map[string]string `expr:"headers"`
	Body     any               `expr:"body"`
	Root     string            `expr:"root"`
	Sent     int               `expr:"sent"`
	Encoding string            `expr:"encoding"`
	Item     any               `expr:"item"`
	Meter    *meter            `expr:"meter_"`
}

func compileAnswer(text string, as ...expr.Option) (*expression, error) {
	return compileExpression(text, append([]expr.Option{
		expr.Env(answerEnv{}),
		expr.Function("texts", func(p ...any) (any, error) { return anyList(textsIn(p[0], 0)), nil }, new(func(any) []any)),
		expr.Function("numbers", func(p ...any) (any, error) {
			return anyList(digits.FindAllString(plainText(p[0]), -1)), nil
		}, new(func(any) []any)),
		expr.Function("after", func(p ...any) (any, error) {
			_, rest, _ := strings.Cut(plainText(p[0]), plainText(p[1]))
			return rest, nil
		}, new(func(any, any) string)),
		expr.Function("fold", func(p ...any) (any, error) { return foldText(plainText(p[0])), nil }, new(func(any) string)),
	}, as...)...)
}

// compileSent compiles an expression over what was sent and the provider's reference.
func compileSent(text string) (*expression, error) {
	return compileExpression(text, expr.Env(sentEnv{}))
}

// compileRule compiles a rule over the variables of an object and the objects around it.
func compileRule(text string, variables types.Map) (*expression, error) {
	env := types.Map{
		"meter_": types.TypeOf(&meter{}),
		"today":  types.TypeOf(func(string) (string, error) { return "", nil }),
		"listed": types.TypeOf(func(string, any) bool { return false }),
		"coded":  types.TypeOf(func(string, any) string { return "" }),
		"unique": types.TypeOf(func(any) bool { return false }),
	}
	for name, t := range variables {
		env[name] = t
	}
	return compileExpression(text, expr.Env(env), expr.AsBool())
}

// ruleFunctions are the functions of rules that depend on the context of a check.
func ruleFunctions(c CheckContext) map[string]any {
	return map[string]any{
		"meter_": &meter{},
		"today":  func(zone string) (string, error) { return today(c.Now, zone) },
		"listed": func(list string, x any) bool { return c.Lists.Has(list, plainText(x)) },
		"coded":  func(list string, x any) string { return c.Lists.Code(list, plainText(x)) },
		"unique": unique,
	}
}

var zones sync.Map // name → *time.Location

func today(now time.Time, zone string) (string, error) {
	loc, known := zones.Load(zone)
	if !known {
		l, err := time.LoadLocation(zone)
		if err != nil {
			return "", err
		}
		loc, _ = zones.LoadOrStore(zone, l)
	}
	return now.In(loc.(*time.Location)).Format(time.DateOnly), nil
}

func unique(x any) bool {
	seen := map[string]bool{}
	for _, v := range asList(x) {
		b, _ := json.Marshal(v)
		if seen[string(b)] {
			return false
		}
		seen[string(b)] = true
	}
	return true
}

var digits = patterns.New(`[0-9]+`)

func isSet(x any) bool {
	switch v := x.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	if v := reflect.ValueOf(x); v.Kind() == reflect.Slice {
		return v.Len() > 0
	}
	return true
}

// plainText writes a plain value; objects and lists give "".
func plainText(x any) string {
	switch v := x.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return string(v)
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	if v := reflect.ValueOf(x); v.CanInt() {
		return fmt.Sprint(x)
	}
	return ""
}

func asList(x any) []any {
	switch v := x.(type) {
	case nil:
		return []any{}
	case string:
		if v == "" {
			return []any{}
		}
	case []any:
		return v
	}
	return []any{x}
}

func anyList(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// codeOf is the part of a label before the first - or |.
func codeOf(s string) string {
	if i := strings.IndexAny(s, "-|"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// textsIn lists every text inside x.
func textsIn(x any, depth int) []string {
	if depth > 20 {
		return nil
	}
	var out []string
	switch v := x.(type) {
	case []any:
		for _, one := range v {
			out = append(out, textsIn(one, depth+1)...)
		}
	case map[string]any:
		var said []string
		for _, key := range []string{"title", "message", "detail"} {
			if t := plainText(v[key]); t != "" {
				said = append(said, t)
			}
		}
		if said != nil {
			return []string{strings.Join(said, ": ")}
		}
		for _, key := range sorted(v) {
			out = append(out, textsIn(v[key], depth+1)...)
		}
	default:
		if t := plainText(x); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// lookalikes are the Cyrillic letters that a reader takes for Latin ones, in lower case; capitals that look alike count as well.
var lookalikes = strings.NewReplacer(
	"а", "a", "в", "b", "е", "e", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "т", "t", "у", "y", "х", "x", "і", "i", "ј", "j", "ѕ", "s",
	"А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "У", "Y", "Х", "X", "І", "I", "Ј", "J", "Ѕ", "S",
	"ё", "e", "Ё", "E",
)

// foldText makes texts comparable: width, case, look-alike letters, blanks.
func foldText(s string) string {
	s = lookalikes.Replace(strings.ToLower(norm.NFKC.String(s)))
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// foldKey makes words that people type comparable: width, case; blanks are removed.
func foldKey(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, s)
}
