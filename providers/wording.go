package providers

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/patterns"
)

// The words, codes and pointers of a refusal, at the places where providers usually put them.

// namesOf are keys as they are compared: `error_code`, `ErrorCode` and `error-code` are one.
func namesOf(keys string) []string { return strings.Fields(keys) }

var (
	complaintNames = namesOf("errors error violations validationmessages invalidparams details detail faults notifications notification alerts fielderrors validationerrors fieldviolations additionaldetails errordetails errordetail issues modelstate errorcodes problems errorlist errorresponse messages errormessages")
	sentenceNames  = namesOf("title message defaultmessage submsg msg errmsg errormsg errormessage detail details description errordescription errordesc errortext errorinfo errorcodemessage validationmessage faultstring reason reasondesc text statustext statusmessage messagecontent longmessage errcodedes err descricao mensagem mensaje usermessage resultmsg resultmessage retmsg returnmsg responsemessage explanationtext failmessage failreason failedreason failurereason failuremessage")
	codeNames      = namesOf("code errorcode errcode subcode errorcodetext faultcode errorno failerror itemerrcode")
	pointerNames   = namesOf("pointer instancepath datapath jsonpath path field fieldname property propertyname propertypath location parameter param name loc target propertyref fields")
	wrapperNames   = namesOf("response result data body fault status header head meta output return errorresponse envelope innererror exception embedded")
)

// plainKey is a key without what its writer's manner puts into it.
func plainKey(key string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("_-. @#", c) {
			return -1
		}
		return c
	}, strings.ToLower(key))
}

// member is the value of the first of some names, in any manner of writing.
func member(m map[string]any, names []string, fits func(any) bool) any {
	plain := make(map[string]string, len(m))
	for _, key := range slices.Backward(sorted(m)) {
		plain[plainKey(key)] = key
	}
	for _, name := range names {
		if key, there := plain[name]; there && fits(m[key]) {
			return m[key]
		}
	}
	return nil
}

// spokenText is a text, also where it stands beside its language: {"lang": "en", "value": "…"}, or in SOAP's <Reason><Text>.
func spokenText(v any) string {
	for range 2 {
		if m, ok := v.(map[string]any); ok && len(m) <= 3 {
			v = member(m, []string{"value", "text", "#text", "message"}, func(any) bool { return true })
		}
	}
	text, _ := v.(string)
	return strings.TrimSpace(text)
}

func isText(v any) bool {
	text, ok := v.(string)
	return ok && strings.TrimSpace(text) != ""
}

// complaints are the entries of `errors` and its like. Where fields stand with what is wrong with them, each is an entry.
func complaints(body any) []any {
	if list, ok := body.([]any); ok {
		if sparse(list) { // Django's: an object for each element, empty where it is good
			return byField(map[string]any{"": list})
		}
		return list
	}
	m, _ := body.(map[string]any)
	var found []any
	member(m, complaintNames, func(v any) bool {
		switch x := v.(type) {
		case []any:
			found = x
		case map[string]any:
			if found = complaints(x); found == nil && sentence(x) == "" {
				found = byField(x)
			}
			if one, ok := only(x).(map[string]any); ok && found == nil && sentence(one) != "" {
				found = []any{one}
			}
		}
		return len(found) > 0
	})
	for _, key := range sorted(m) {
		name := plainKey(key)
		if list, ok := m[key].([]any); ok && found == nil && (name == "message" || strings.HasSuffix(name, "errors")) { // Nest's, and userErrors
			found = list
		}
	}
	if found == nil && sentence(m) == "" {
		found = listedByField(m)
	}
	if within := violations(m); within != nil {
		found = slices.DeleteFunc(slices.Clone(found), holdsViolations)
		return append(found, within...)
	}
	return found
}

func holdsViolations(one any) bool {
	m, _ := one.(map[string]any)
	return m["fieldViolations"] != nil
}

// violations are the fields in Google's details, which may stand beside errors that name none.
func violations(m map[string]any) (out []any) {
	details, _ := m["details"].([]any)
	for _, one := range details {
		if d, ok := one.(map[string]any); ok {
			list, _ := d["fieldViolations"].([]any)
			out = append(out, list...)
		}
	}
	return out
}

// only is the one thing in an object; nil where there are more.
func only(m map[string]any) (v any) {
	for _, v = range m {
		if len(m) > 1 {
			return nil
		}
	}
	return v
}

// byField makes entries of {"city": ["is bad"], "zip": "is missing"}.
func byField(m map[string]any) (out []any) {
	for _, field := range sorted(m) {
		list, many := m[field].([]any)
		if !many {
			list = []any{m[field]}
		}
		for i, one := range list {
			inside, object := one.(map[string]any)
			if object && len(inside) == 0 && sparse(list) {
				continue
			}
			if sentence(inside) != "" {
				return nil
			}
			field := field
			if sparse(list) {
				field = strings.TrimPrefix(field+"."+strconv.Itoa(i), ".")
			}
			below := byField(inside)
			if below == nil && !isText(one) {
				return nil
			}
			if below == nil {
				out = append(out, map[string]any{"field": field, "message": one})
			}
			for _, entry := range below { // {"receiver": [{"email": ["required"]}]}
				e := entry.(map[string]any)
				out = append(out, map[string]any{"field": field + "." + e["field"].(string), "message": e["message"]})
			}
		}
	}
	return out
}

// sparse reports whether a list has an object for each of several things, and empty ones for those that nothing is wrong with.
func sparse(list []any) bool {
	empty := 0
	for _, one := range list {
		m, ok := one.(map[string]any)
		if !ok {
			return false
		}
		if len(m) == 0 {
			empty++
		}
	}
	return empty > 0 && empty < len(list)
}

// listedByField is byField of what has nothing but lists: the whole of an answer may be that.
func listedByField(m map[string]any) []any {
	for _, v := range m {
		if list, ok := v.([]any); !ok || len(list) == 0 {
			return nil
		}
	}
	return byField(m)
}

// inner are the things in an answer that may speak for it: what wraps it, and the elements of lists.
func inner(m map[string]any) (out []any) {
	for _, key := range sorted(m) {
		switch x := m[key].(type) {
		case map[string]any:
			if slices.Contains(wrapperNames, plainKey(key)) || alone(m) {
				out = append(out, x)
			}
		case string:
			if inside, ok := wrapped(x); ok {
				out = append(out, inside)
			}
		case []any:
			for _, one := range x[:min(len(x), 10)] {
				if _, ok := one.(map[string]any); ok {
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// mostTold is how many complaints of one answer are told.
const mostTold = 10

// wordsIn are the provider's words: of problem+json, errors[], error.message or message; else those of what is wrapped in it.
func wordsIn(body any) string { return strings.Join(allWords(body, 0), "; ") }

func allWords(body any, depth int) (said []string) {
	add := func(texts ...string) {
		for _, t := range texts {
			if t != "" && !slices.Contains(said, t) {
				said = append(said, t)
			}
		}
	}
	m, _ := body.(map[string]any)
	if text, ok := body.(string); ok {
		add(strings.TrimSpace(text))
	}
	if m != nil {
		add(sentence(m))
		switch e := member(m, []string{"error", "errors", "errorresponse"}, func(v any) bool { return v != nil }).(type) {
		case string:
			add(strings.TrimSpace(e))
		case map[string]any:
			add(sentence(e))
		}
	}
	for _, e := range complaints(body) {
		if len(said) > mostTold {
			break
		}
		add(complaint(e))
	}
	if depth > 5 || slices.ContainsFunc(said, func(text string) bool { return !empty.MatchString(text) }) {
		return said
	}
	for _, one := range inner(m) {
		if add(allWords(one, depth+1)...); len(said) > mostTold {
			break
		}
	}
	return said
}

// empty are words that only say what the status says: the reason stands elsewhere, if anywhere.
var empty = patterns.New(`(?i)^(an? )?((http )?[45][0-9][0-9] )?(error|failed|failure|bad request|invalid request|unprocessable (entity|content)|conflict|validation (errors?|exception|failed|failure)|internal server error)( (has )?occurr?ed)?[.!]?$`)

// complaint is what one entry says, and of what.
func complaint(e any) string {
	m, ok := e.(map[string]any)
	if !ok {
		return plainText(e)
	}
	text := sentence(m)
	if text == "" {
		text = strings.Join(allWords(e, 5), "; ")
	}
	if where := pointerIn(m); where != "" && text != "" && !strings.Contains(text, where) {
		text = where + ": " + text
	}
	return text
}

// sentence is what one object says.
func sentence(m map[string]any) string {
	plain := make(map[string]string, len(m))
	for key, v := range m {
		if text := spokenText(v); text != "" {
			plain[plainKey(key)] = text
		}
	}
	var said []string
	for _, name := range sentenceNames {
		if t := plain[name]; t != "" && !slices.Contains(said, t) {
			said = append(said, t)
		}
	}
	return filled(strings.Join(said, ": "), m["parameters"])
}

// filled puts parameters into a text that has places for them: %1, %2 or %name.
func filled(text string, parameters any) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var pairs []string
	switch x := parameters.(type) {
	case []any:
		for i, one := range slices.Backward(x) { // %10 before %1
			pairs = append(pairs, "%"+strconv.Itoa(i+1), plainText(one))
		}
	case map[string]any:
		for _, name := range slices.Backward(sorted(x)) {
			pairs = append(pairs, "%"+name, plainText(x[name]))
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Complaint is the code and the words of an answer that refuses, where they are usually put.
func Complaint(r Response) (code, text string) {
	body, _, err := parseBody(r.Body, r.Header.Get("Content-Type"), "")
	if err != nil || body == nil || isPage(r) {
		return "", loose(string(r.Body))
	}
	return codeIn(body), short(wordsIn(body))
}

// codeIn is the provider's code for what went wrong.
func codeIn(body any) string { return strings.Join(codesIn(body, 0), ", ") }

func codesIn(body any, depth int) (codes []string) {
	m, _ := body.(map[string]any)
	candidates := []map[string]any{m}
	if e, ok := member(m, []string{"error", "errorresponse"}, func(v any) bool { return v != nil }).(map[string]any); ok {
		candidates = append(candidates, e)
	}
	for _, e := range complaints(body) {
		if x, ok := e.(map[string]any); ok {
			candidates = append(candidates, x)
		}
	}
	for _, c := range candidates {
		member(c, codeNames, func(v any) bool {
			if code := plainText(v); code != "" && !slices.Contains(codes, code) && len(codes) < 5 {
				codes = append(codes, code)
			}
			return false
		})
	}
	if len(codes) > 0 || depth > 5 {
		return codes
	}
	nested := inner(m)
	if list, ok := body.([]any); ok {
		nested = list
	}
	for _, one := range nested {
		if codes = codesIn(one, depth+1); len(codes) > 0 {
			break
		}
	}
	return codes
}

// pointerIn is where an entry of errors says the fault lies.
func pointerIn(m map[string]any) string {
	if source, ok := m["source"].(map[string]any); ok {
		if p := member(source, []string{"pointer", "parameter"}, isText); p != nil {
			return plainText(p)
		}
	}
	switch v := member(m, pointerNames, func(v any) bool { list, _ := v.([]any); return len(list) > 0 || plainText(v) != "" }).(type) {
	case []any:
		var parts []string
		for _, p := range v {
			parts = append(parts, plainText(p))
		}
		return strings.Join(parts, "/")
	default:
		return plainText(v)
	}
}

var (
	pageTitle    = patterns.New(`(?is)<title[^>]*>(.*?)</title>`)
	pagePassword = patterns.New(`(?i)<input[^>]*type\s*=\s*["']?password`)
)

// isPage reports whether an answer is a page for people, whatever its status: no word of an interface.
func isPage(r Response) bool {
	if jsonAtEnd(r.Body) != nil {
		return false
	}
	start := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(r.Body[:min(len(r.Body), 2000)], []byte("\ufeff"))))
	if bytes.HasPrefix(start, []byte("<")) && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "text/html") && !bytes.HasPrefix(start, []byte("<?xml")) {
		return true
	}
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html"))
}

// asksLogin reports whether an answer is a page where people log in: nobody looked at the request.
func asksLogin(r Response) bool { return isPage(r) && pagePassword.Match(r.Body) }

// longestText is how much of a text without form is taken for a provider's words.
const longestText = 300

// loose are the words of an answer that is neither JSON nor XML: the title of a page, or a short text.
func loose(text string) string {
	text = strings.TrimSpace(text)
	if title := pageTitle.FindStringSubmatch(text); title != nil {
		return strings.Join(strings.Fields(html.UnescapeString(title[1])), " ")
	}
	if strings.IndexAny(text, "{[<") == 0 {
		return ""
	}
	return short(text)
}

// short is a text in one line; nothing where it is too long for that, or none.
func short(text string) string {
	odd := func(c rune) bool { return c == utf8.RuneError || unicode.IsControl(c) && !unicode.IsSpace(c) }
	if len(text) > longestText || strings.ContainsFunc(text, odd) {
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}
