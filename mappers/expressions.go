package mappers

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

const (
	exprLength   = 4096      // bytes of an expression
	exprInput    = 64 << 10  // bytes of one value that goes in
	exprBudget   = 256 << 10 // bytes of text that one evaluation may make
	exprElements = 100_000   // elements of lists that one evaluation may make
)

// env is what expressions see. Every function that makes text draws on one budget, so that no expression can eat the memory.
type env struct {
	Row   map[string]string `expr:"row"`
	Value string            `expr:"value"`

	Upper   func(string) (string, error)                 `expr:"upper"`
	Lower   func(string) (string, error)                 `expr:"lower"`
	Trim    func(string) string                          `expr:"trim"`
	Replace func(string, string, string) (string, error) `expr:"replace"`
	Left    func(string, int) string                     `expr:"left"`
	Right   func(string, int) string                     `expr:"right"`
	Mid     func(string, int, int) string                `expr:"mid"`
	IndexOf func(string, string) int                     `expr:"indexOf"`
	LastOf  func(string, string) int                     `expr:"lastIndexOf"`
	Join    func(any, ...string) (string, error)         `expr:"join"`
	Date    func(string, ...string) (string, error)      `expr:"date"`
	Number  func(string) (float64, error)                `expr:"number"`
	Now     func() time.Time                             `expr:"now"`
	Text    func(any) (string, error)                    `expr:"string"`
	Plus    func(string, string) string                  `expr:"plus"` // what + is between texts

	budget int
	vm     vm.VM
}

var errTooLong = errors.New("the text grows too long")

func newEnv(now func() time.Time) *env {
	e := &env{Row: map[string]string{}, Now: now}
	e.vm.MemoryBudget = exprElements
	e.Upper = func(s string) (string, error) { return strings.ToUpper(s), e.spend(len(s)) }
	e.Lower = func(s string) (string, error) { return strings.ToLower(s), e.spend(len(s)) }
	e.Trim = trim
	e.Replace = func(s, old, new string) (string, error) {
		grown := len(s) + strings.Count(s, old)*max(0, len(new)-len(old))
		if err := e.spend(grown); err != nil {
			return "", err
		}
		return strings.ReplaceAll(s, old, new), nil
	}
	e.Left = left
	e.Right = right
	e.Mid = func(s string, from, n int) string { return left(right(s, utf8.RuneCountInString(s)-max(0, from-1)), n) }
	e.IndexOf = func(s, part string) int { return lettersBefore(s, strings.Index(s, part)) }
	e.LastOf = func(s, part string) int { return lettersBefore(s, strings.LastIndex(s, part)) }
	e.Plus = func(a, b string) string {
		if err := e.spend(len(a) + len(b)); err != nil {
			panic(err) // an operator cannot return an error; the machine turns this into one
		}
		return a + b
	}
	e.Join = func(list any, sep ...string) (string, error) { return joinList(e, list, sep) }
	e.Date = func(s string, layouts ...string) (string, error) { return exprDate(s, layouts) }
	e.Number = exprNumber
	e.Text = func(v any) (string, error) {
		s, _, err := written(v)
		return s, errors.Join(err, e.spend(len(s)))
	}
	return e
}

func (e *env) spend(n int) error {
	if e.budget -= n; e.budget < 0 {
		return errTooLong
	}
	return nil
}

func left(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func right(s string, n int) string { return s[len(left(s, utf8.RuneCountInString(s)-n)):] }

// lettersBefore is how many stand before the byte at; -1 stays what it is.
func lettersBefore(s string, at int) int {
	if at < 0 {
		return at
	}
	return utf8.RuneCountInString(s[:at])
}

func joinList(e *env, list any, sep []string) (string, error) {
	var texts []string
	switch l := list.(type) {
	case []string:
		texts = l
	case []any:
		for _, x := range l {
			s, ok := x.(string)
			if !ok {
				return "", fmt.Errorf("join takes texts, not %T", x)
			}
			texts = append(texts, s)
		}
	default:
		return "", fmt.Errorf("join takes a list, not %T", list)
	}
	between := ""
	if len(sep) > 0 {
		between = sep[0]
	}
	n := len(texts) * len(between)
	for _, s := range texts {
		n += len(s)
	}
	if err := e.spend(n); err != nil {
		return "", err
	}
	return strings.Join(texts, between), nil
}

func exprDate(s string, texts []string) (string, error) {
	s = trim(s)
	if s == "" {
		return "", nil
	}
	if len(texts) == 0 {
		texts = []string{"2006-01-02"}
	}
	var layouts []layout
	for _, t := range texts {
		l, ok := newLayout(t)
		if !ok {
			return "", fmt.Errorf("%q is not a date layout: write it like %q", t, suggestLayout(t))
		}
		layouts = append(layouts, l)
	}
	if out, _, ok := parseDate(s, layouts); ok {
		return out, nil
	}
	if _, _, ok := parseDate(s, []layout{{isoLayouts[batch.Date], batch.Date}, {isoLayouts[batch.Moment], batch.Moment}}); ok {
		return s, nil // a date cell of a workbook
	}
	return "", fmt.Errorf("%q is not a date written like %s", short(s), examples(layouts))
}

// exprNumber takes what cannot be misread, no more digits than a float holds exactly.
func exprNumber(s string) (float64, error) {
	s = providers.PlainNumber(trim(s))
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '.' && strings.IndexByte(s, '.') == i, r == '-' && i == 0:
		default:
			return 0, fmt.Errorf("%q is not a plain number", short(s))
		}
	}
	if digits == 0 {
		return 0, fmt.Errorf("%q is not a plain number", short(s))
	}
	if digits > 15 {
		return 0, fmt.Errorf("%q has more digits than can be computed with", short(s))
	}
	return strconv.ParseFloat(s, 64)
}

// reference is a heading that an expression reads.
type reference struct {
	heading  string
	optional bool // it may be missing: row?.X, row["X"] ?? …, "X" in row
}

// program is a compiled expression.
type program struct {
	code   *vm.Program
	source string
	refs   []reference
	value  bool // it reads value
	whole  bool // it reads row by computed headings: all columns are handed in
}

// compileExpression compiles and type-checks. A nil program comes with what is wrong and what to write.
func compileExpression(source string) (*program, batch.Message, string) {
	if len(source) > exprLength {
		return nil, words.Message("mapper.expr.long", "max", exprLength), ""
	}
	tree, err := parser.Parse(source)
	if err == nil {
		off := &offVisitor{}
		ast.Walk(&tree.Node, off)
		if off.name != "" {
			return nil, words.Message("mapper.expr.off", "name", off.name), ""
		}
	}
	var code *vm.Program
	if err == nil {
		code, err = expr.Compile(source, exprOptions()...)
	}
	if err == nil {
		err = unknownName(tree.Node, source)
	}
	if err != nil {
		cause, suggest := exprCause(err, source)
		return nil, words.Message("mapper.expr.bad", "cause", cause), suggest
	}
	root := code.Node()
	cut := &cutVisitor{}
	ast.Walk(&root, cut)
	if cut.found {
		return nil, words.Message("mapper.expr.cut"), "left(value, 3), right(value, 3), mid(value, 4, 2)"
	}
	if t := root.Type(); !writable(t) {
		return nil, words.Message("mapper.expr.type", "type", t.String()), ""
	}
	p := &program{code: code, source: source}
	v := &refVisitor{p: p}
	ast.Walk(&tree.Node, v)
	p.whole = v.rows > v.literal
	return p, batch.Message{}, ""
}

func exprOptions() []expr.Option {
	return []expr.Option{expr.Env(&env{}), expr.Operator("+", "plus"), expr.Patch(elseVisitor{}), expr.MaxNodes(1000)}
}

// nameVisitor lists the names of an expression: those it declares, and those it uses.
type nameVisitor struct {
	declared []string
	used     []*ast.IdentifierNode
}

func (v *nameVisitor) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.VariableDeclaratorNode:
		v.declared = append(v.declared, x.Name)
	case *ast.IdentifierNode:
		v.used = append(v.used, x)
	}
}

// unknownName is an error where an expression uses a name that nothing has. The compiler says that too, but not of what is given to a
// function of ours (findings/expr-unknown-name.sh).
func unknownName(root ast.Node, source string) error {
	v := &nameVisitor{}
	ast.Walk(&root, v)
	for _, n := range v.used {
		if slices.Contains(v.declared, n.Value) {
			continue
		}
		if _, err := expr.Compile(n.Value, exprOptions()...); err != nil {
			return (&file.Error{Location: n.Location(), Message: "unknown name " + n.Value}).Bind(file.NewSource(source))
		}
	}
	return nil
}

// elseVisitor lets ?? give what stands behind it also for an empty text: a cell is never nil.
type elseVisitor struct{}

func (elseVisitor) Visit(n *ast.Node) {
	b, ok := (*n).(*ast.BinaryNode)
	if !ok || b.Operator != "??" || !isCell(b.Left) {
		return
	}
	filled := &ast.BinaryNode{Operator: "!=", Left: b.Left, Right: &ast.StringNode{}}
	ast.Patch(n, &ast.ConditionalNode{Cond: filled, Exp1: b.Left, Exp2: b.Right})
}

func isCell(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.ChainNode:
		return isCell(x.Node)
	case *ast.IdentifierNode:
		return x.Value == "value"
	case *ast.MemberNode:
		id, ok := x.Node.(*ast.IdentifierNode)
		return ok && id.Value == "row"
	}
	return false
}

// off are the functions that can make more text than anybody wants, past the budget.
var off = []string{"reduce", "repeat", "toJSON", "fromJSON", "toBase64", "fromBase64"}

type offVisitor struct{ name string }

func (v *offVisitor) Visit(n *ast.Node) {
	if b, ok := (*n).(*ast.BuiltinNode); ok && slices.Contains(off, b.Name) {
		v.name = b.Name
	}
}

// cutVisitor finds the slice operator on what is not surely a list: of a text it gives bytes, half letters among them.
type cutVisitor struct{ found bool }

func (v *cutVisitor) Visit(n *ast.Node) {
	s, ok := (*n).(*ast.SliceNode)
	if !ok {
		return
	}
	if t := s.Node.Type(); t == nil || t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		v.found = true
	}
}

func writable(t reflect.Type) bool {
	if t == nil {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float64, reflect.Float32, reflect.Interface,
		reflect.Int, reflect.Int64, reflect.Int32:
		return t.PkgPath() == ""
	}
	return false
}

// exprCause is the compiler's message without the drawing, and the name that may have been meant.
func exprCause(err error, source string) (cause, suggest string) {
	var at *file.Error
	if !errors.As(err, &at) {
		return err.Error(), ""
	}
	cause = fmt.Sprintf("%s (%d:%d)", at.Message, at.Line, at.Column+1)
	if heading := bareHeading.FindStringSubmatch(source); heading != nil {
		return cause, "row[" + strconv.Quote(heading[1]) + "]"
	}
	if strings.Contains(at.Message, "type string[int]") {
		return cause, "mid(value, 1, 1)"
	}
	if mixed.MatchString(at.Message) {
		if strings.Contains(at.Message, "operation: + ") {
			return cause, "number(…), string(…)"
		}
		return cause, "number(…)"
	}
	name, unknown := strings.CutPrefix(at.Message, "unknown name ")
	if !unknown {
		return cause, ""
	}
	known := []string{"row", "value", "upper", "lower", "trim", "replace", "left", "right", "mid", "join", "date", "number", "now", "split", "len", "int", "float", "string"}
	if s := closest(name, known); s != "" {
		return cause, s
	}
	return cause, "row[" + strconv.Quote(name) + "]"
}

// mixed is a text and a number with one operator between them.
var mixed = patterns.New(`mismatched types (string and (int|float64)|(int|float64) and string)`)

// bareHeading is a heading that somebody forgot to quote: row[Net weight].
var bareHeading = patterns.New(`\brow\[\s*([^\]"'\x60\[(]*[^\]"'\x60\[(\s])\s*\]`)

// refVisitor collects what an expression reads of row.
type refVisitor struct {
	p             *program
	rows, literal int
}

func (v *refVisitor) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.IdentifierNode:
		switch x.Value {
		case "row":
			v.rows++
		case "value":
			v.p.value = true
		}
	case *ast.MemberNode:
		if name, ok := rowMember(x.Node, x.Property); ok {
			v.literal++
			v.add(name, x.Optional)
		}
	case *ast.BinaryNode:
		if name, ok := rowMember(x.Right, x.Left); ok && x.Operator == "in" {
			v.literal++
			v.add(name, true)
		}
		if m, ok := x.Left.(*ast.MemberNode); ok && x.Operator == "??" {
			if name, ok := rowMember(m.Node, m.Property); ok {
				v.add(name, true)
			}
		}
	}
}

func rowMember(node, property ast.Node) (string, bool) {
	id, ok := node.(*ast.IdentifierNode)
	if !ok || id.Value != "row" {
		return "", false
	}
	s, ok := property.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func (v *refVisitor) add(heading string, optional bool) {
	i := slices.IndexFunc(v.p.refs, func(r reference) bool { return r.heading == heading })
	if i < 0 {
		v.p.refs = append(v.p.refs, reference{heading, optional})
		return
	}
	v.p.refs[i].optional = v.p.refs[i].optional || optional
}

// run evaluates. The environment must hold row and value.
func (p *program) run(e *env) (string, batch.Kind, error) {
	e.budget = exprBudget
	out, err := e.vm.Run(p.code, e)
	if err != nil {
		if at, ok := errors.AsType[*file.Error](err); ok {
			if at.Prev != nil {
				return "", 0, at.Prev
			}
			return "", 0, errors.New(at.Message)
		}
		return "", 0, err
	}
	if x, ok := out.(string); ok && len(x) > exprInput {
		return "", 0, errTooLong
	}
	return written(out)
}

// written is a value as a person writes it: numbers without exponents, and without what computing them left behind.
func written(value any) (string, batch.Kind, error) {
	switch x := value.(type) {
	case nil:
		return "", batch.Blank, nil
	case string:
		return x, kindOf(x), nil
	case time.Time:
		return x.Format("2006-01-02T15:04:05"), batch.Moment, nil
	case bool:
		if x {
			return "TRUE", batch.Bool, nil
		}
		return "FALSE", batch.Bool, nil
	case int:
		return strconv.Itoa(x), batch.Number, nil
	case int64:
		return strconv.FormatInt(x, 10), batch.Number, nil
	case int32:
		return strconv.FormatInt(int64(x), 10), batch.Number, nil
	case float64:
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			return "", 0, errors.New("the result is not a number")
		case math.Abs(x) >= 1e15:
			return "", 0, errors.New("the result has more digits than can be computed with")
		}
		// 15 digits are what a spreadsheet shows: 0.1 + 0.2 is 0.3
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
		return strconv.FormatFloat(rounded, 'f', -1, 64), batch.Number, nil
	}
	return "", 0, fmt.Errorf("a %T is no text and no number", value)
}
