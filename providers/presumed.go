package providers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

// What an answer means where the document does not say: 2xx is taken over, the rest as its status says, with the words,
// codes, references and pointers at the places where providers usually put them.

// Points reports whether answers may name the fields that are wrong, so that the cells are worth knowing.
func (op *Operation) Points() bool { return op.answer == nil }

// presumed reads an answer without a word of the document.
func (op *Operation) presumed(r Response, s Sent) Reading {
	body, root, err := parseBody(r.Body, r.Header.Get("Content-Type"), op.Provider.Charset)
	if err != nil || body == nil || isPage(r) {
		return Reading{Verdict: op.byText(r)}
	}
	if isErrorName(plainKey(root)) {
		body = map[string]any{root: body}
	}
	if r.Status < 200 || r.Status > 299 {
		v := op.byAnswer(r)
		if r.Status == http.StatusInternalServerError && isSendersFault(body, root) {
			v.Class = Rejected
		}
		out := op.refusing(v, body, r, s)
		if r.Status == http.StatusForbidden && op.logsIn() && tokenEnded.MatchString(out.Message.EN) {
			out.Class = Renew
		}
		return out
	}
	v, denied := op.denied(body, r.Status)
	items := op.itemised(body, s, r.Status, r.Status == http.StatusMultiStatus || denied)
	switch {
	case items != nil:
		return Reading{Verdict: op.taken(r, body), Items: items}
	case !denied && (len(s.Items) > 1 && refusesSome(body) || fallsShort(body, s, r.Status)): // and nothing says whose
		v = Verdict{Class: Unknown, Code: strconv.Itoa(r.Status)}
	case !denied:
		return Reading{Verdict: op.taken(r, body)}
	}
	return op.denying(v, body, r, s)
}

// refusesSome reports whether a list in an answer has entries that were refused.
func refusesSome(body any) bool {
	return slices.ContainsFunc(lists(body), func(l entryList) bool {
		return slices.ContainsFunc(l.entries, func(e any) bool { return l.verdict(e, Verdict{}, false).Class == Rejected })
	})
}

// taken is the verdict of a good status.
func (op *Operation) taken(r Response, body any) Verdict {
	v := Verdict{Class: OK, Reference: cmp.Or(located(r.Header), referenceIn(body))}
	m, _ := body.(map[string]any)
	if said := sentence(m); said != "" && wasThere.MatchString(said) {
		v.Message = batch.Text{EN: said}
	}
	if r.Status == http.StatusAccepted {
		v.Code, v.Message = "accepted", words.Every("answer.accepted")
	}
	return v
}

// byText is the verdict over an answer that has no body, or none that is JSON or XML: by its status, with what can be read of it.
func (op *Operation) byText(r Response) Verdict {
	good := r.Status >= 200 && r.Status < 300
	v := op.byAnswer(r)
	v.Message = batch.Text{EN: loose(op.Text(r))}
	if !good && misread(r.Body) {
		v.Message.EN = short(op.Text(r)) // a reason that is no JSON is one all the same
	}
	switch {
	case r.Status >= 300 && r.Status < 400:
		return elsewhere(v, r.Header)
	case r.Header.Get("Server") == "cloudflare" && slices.Contains(unreached, r.Status):
		v.Class = Retry
	case good && asksLogin(r):
		v.Class = Auth
	case good && op.answer == nil && !isPage(r) && !misread(r.Body) && !complains(v.Message.EN):
		return op.taken(r, nil)
	}
	return v
}

// unreached are the statuses by which Cloudflare says that it did not get through to the provider: down, unreachable, no handshake, no
// certificate.
var unreached = []int{521, 523, 525, 526}

// elsewhere is the verdict over an answer that leads to another address, which people must see to know what is wrong. One that leads to a
// login was given before anybody looked at the request.
func elsewhere(v Verdict, h http.Header) Verdict {
	to, err := url.Parse(h.Get("Location"))
	if err != nil || to.String() == "" {
		return v
	}
	if v.Class == Unknown && loginPath.MatchString(to.Path) {
		v.Class = Auth
	}
	to.User, to.RawQuery, to.Fragment = nil, "", ""
	v.Message = words.Every("answer.elsewhere", "to", to)
	return v
}

var loginPath = patterns.New(`(?i)(^|[/_.-])(login|log-in|signin|sign-in|sso|passport)([/_.-]|$)`)

// refusing is a reading of an answer that refuses, with its words, codes and pointers. One without words speaks for itself.
func (op *Operation) refusing(v Verdict, body any, r Response, s Sent) Reading {
	out := Reading{Verdict: v}
	out.Message = batch.Text{EN: cmp.Or(wordsIn(body), short(op.Text(r)))}
	out.Code = cmp.Or(codeIn(body), out.Code)
	out.Class = ofAccount(out.Verdict, r)
	op.pointed(&out, body, s)
	if out.Class == Rejected && out.Items == nil && len(s.Items) == 1 && wasThere.MatchString(out.Message.EN) {
		out.Class = Absent
	}
	return out
}

// ofAccount is the class of a refusal that speaks of the account and not of what was sent, whatever its status: requests that come too fast are
// made again, and what no request of the account gets past stops it.
func ofAccount(v Verdict, r Response) Class {
	if v.Class != Rejected && v.Class != Config && (v.Class != Unknown || r.Status >= 300) {
		return v.Class
	}
	said := v.Message.EN
	switch {
	case r.Status == http.StatusPaymentRequired && ofCard.MatchString(said):
		return Rejected
	case v.Class == Config && r.Header.Get("Retry-After") != "", tooFast.MatchString(said), tooFastCode.MatchString(v.Code):
		return Retry
	case lockedOut.MatchString(said) && !ofStock.MatchString(said):
		return Config
	}
	return v.Class
}

var (
	tooFast = patterns.New(`(?i)\btoo many (requests|calls)\b|\b(rate|request|call|api) ?limit (is |was |has been )?(exceeded|reached|hit)\b|\brate exceeded\b|\bapp call limited\b|\brequest (was |is |has been )?throttled\b` +
		`|\b(api|monthly|daily|hourly|request|your|account) quota (is |was |has been )?(exceeded|reached|used up)\b|(请求|访问|调用|操作)(过于|太)频繁|调用(次数|频率)(超限|超过)|限流|слишком много запросов|превышен лимит запросов`)
	tooFastCode = patterns.New(`(?i)^(too.?many.?requests|(user.?)?rate.?limit|throttl|request.?limit|quota.?exceeded)`)
	lockedOut   = patterns.New(`(?i)\b(insufficient|not enough) (available |account |wallet |api )?(funds|balance|credits)\b|\b(invalid|missing|unknown|expired|no|wrong|incorrect) (api|access|subscription|app|licen[sc]e)[ -]?(key|token)\b` +
		`|\b(api|access|subscription|licen[sc]e)[ -]?(key|token) (is |was |has )?(been )?(not valid|invalid|missing|expired|revoked|disabled|suspended)\b|\b(your|api|user|merchant|client|seller) account (is|was|has been) (suspended|disabled|blocked|locked|deactivated|frozen|closed)\b` +
		`|\bip( address)?\b.{0,40}\bnot (allowed|whitelisted|authori[sz]ed|permitted|in (the )?(white|allow) ?list)|(账户|账号)?余额不足|欠费|IP.{0,20}白名单|недостаточно средств`)
	ofCard  = patterns.New(`(?i)\b(card|cvc|cvv|declined)\b`) // which one row brought
	ofStock = patterns.New(`(?i)stock|inventory|warehouse|库存|остат|склад`)
)

// tokenEnded are words by which some refuse under 403 what others refuse under 401: a token whose time is over.
var tokenEnded = patterns.New(`(?i)(token|session)\b.*\b(expired|invalid|revoked)|\b(expired|invalid|revoked)\b.*\b(token|session)`)

// wasThere are words for what exists already: at a repeat, because the first request made it.
var wasThere = patterns.New(`(?i)\balready (exists?|(been )?(created|registered|submitted|received|imported|processed|taken|used))|\bduplicated? (order|shipment|parcel|request|reference|ref\b|entry|key|record|document|number|id\b)|已存在|重复(下单|提交|订单|单号|请求)|(订单|单号)重复|уже (существует|создан|зарегистрирован|есть)`)

// isSendersFault reports SOAP's fault of who asked: SOAP has every fault under 500, and this one says that the request was not executed.
func isSendersFault(body any, root string) bool {
	envelope, _ := body.(map[string]any)
	inside, _ := envelope["Body"].(map[string]any)
	fault, _ := inside["Fault"].(map[string]any)
	code := plainText(fault["faultcode"])
	if c, ok := fault["Code"].(map[string]any); ok {
		code = plainText(c["Value"])
	}
	code = code[strings.LastIndexByte(code, ':')+1:]
	return root == "Envelope" && (strings.HasPrefix(code, "Client") || strings.HasPrefix(code, "Sender"))
}

// denying is refusing under a good status: it is an answer and not sent again, and of the items of a batch those that nothing points at
// may have been taken.
func (op *Operation) denying(v Verdict, body any, r Response, s Sent) Reading {
	out := op.refusing(v, body, r, s)
	if m, ok := wrapped(body); ok && len(s.Items) > 1 && out.Items == nil && out.Class == Rejected && troubled(m, 0) {
		out.Class = Unknown
	}
	if out.Items == nil && out.Class == Unknown {
		out.Items = slices.Repeat([]Verdict{out.Verdict}, len(s.Items))
	}
	for i := range out.Items {
		if out.Items[i].Class == Retry {
			out.Items[i].Class, out.Items[i].Message = Unknown, out.Message
		}
	}
	return out
}

// misread reports whether a body that cannot be read should have been JSON: it was cut.
func misread(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// located is what Location leads to: the last part of its path.
func located(h http.Header) string {
	u, err := url.Parse(h.Get("Location"))
	if err != nil {
		return ""
	}
	path := strings.TrimRight(u.Path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// callNames are ids of the call itself: of nothing that it made.
var callNames = namesOf("requestid requestidentifier requestuuid traceid correlationid transactionid logid spanid sessionid responseid apiresponseid messageid errorid errorno")

// referenceIn is the id that an answer gives: its own, or that of the one thing in it.
func referenceIn(body any) string {
	m, ok := body.(map[string]any)
	if !ok {
		if list, ok := body.([]any); ok && len(list) == 1 {
			return referenceIn(list[0])
		}
		return ""
	}
	for _, key := range referenceNames {
		if v := referenceText(m[key]); v != "" {
			return v
		}
	}
	for _, key := range sorted(m) {
		if v := referenceText(m[key]); v != "" && isReference(key) {
			return v
		}
	}
	for _, key := range sorted(m) {
		if slices.Contains(noteNames, plainKey(key)) && hasLevel(m[key]) {
			continue // what is said has an id too
		}
		switch v := m[key].(type) {
		case map[string]any:
			if id := referenceIn(v); id != "" {
				return id
			}
		case []any:
			if len(v) == 1 {
				if id := referenceIn(v[0]); id != "" {
					return id
				}
			}
		}
	}
	return ""
}

var (
	referenceNames   = []string{"id", "Id", "ID", "uuid", "reference", "referenceId", "referenceNumber"}
	referenceEndings = []string{"Id", "_id", "ID", "Identifier", "_identifier", "Number", "_number", "No", "_no", "Reference"}
)

// isReference reports whether a key names an id of what was made.
func isReference(key string) bool {
	ends := func(ending string) bool { return strings.HasSuffix(key, ending) }
	return slices.Contains(referenceNames, key) || slices.ContainsFunc(referenceEndings, ends) && !slices.Contains(callNames, plainKey(key))
}

// referenceText is the text of an id; 0, an UUID of zeros and -1 are none.
func referenceText(v any) string {
	if text := plainText(v); strings.Trim(text, "0-") != "" && text != "-1" {
		return text
	}
	return ""
}

// Fault is a field that an answer names as the cause.
type Fault struct {
	Field string // path of the field
	Row   int    // position in Item.Rows of the row it is in, where rows fill an array; else -1
	Text  string // the provider's words for it
}

// pointed finds the fields, items and rows that the entries of errors point at. Items of a batch that nothing points at
// were not executed either: they may be sent again without the others.
func (op *Operation) pointed(out *Reading, body any, s Sent) {
	type found struct {
		item  int
		fault Fault
	}
	var all []found
	astray := false
	for _, e := range complaints(body) {
		m, _ := e.(map[string]any)
		item, fault, ok := op.locate(pointerIn(m))
		if ok && item < len(s.Items) {
			fault.Text = cmp.Or(sentence(m), codeIn(m))
			all = append(all, found{item, fault})
		}
		astray = astray || !ok || item < 0 && op.Rows.Kind == Batch
	}
	if op.Rows.Kind != Batch || out.Class != Rejected {
		for _, f := range all {
			out.Faults = append(out.Faults, f.fault)
			if f.fault.Row >= 0 && !slices.Contains(out.Blamed, f.fault.Row) && !astray {
				out.Blamed = append(out.Blamed, f.fault.Row)
			}
		}
		return
	}
	if len(all) == 0 || astray {
		return
	}
	out.Items = make([]Verdict, len(s.Items))
	for i := range out.Items {
		out.Items[i] = Verdict{Class: Retry, Code: out.Code}
	}
	for _, f := range all {
		v := &out.Items[f.item]
		if v.Class == Retry {
			*v = Verdict{Class: Rejected, Code: out.Code, Message: batch.Text{EN: f.fault.Text}}
		} else if f.fault.Text != "" {
			v.Message.EN += "; " + f.fault.Text
		}
		v.Faults = append(v.Faults, f.fault)
	}
}

// locate finds the field that a pointer names: a JSON pointer, or names with dots and indexes. item is -1 outside the
// elements of a batch.
func (op *Operation) locate(pointer string) (item int, fault Fault, ok bool) {
	var parts []string
	for _, p := range strings.FieldsFunc(pointer, func(c rune) bool { return strings.ContainsRune("/.[]#$'\" ", c) }) {
		parts = append(parts, strings.NewReplacer("~1", "/", "~0", "~").Replace(p))
	}
	ways := [][]string{parts}
	if strict := strings.TrimPrefix(pointer, "#"); strings.HasPrefix(strict, "/") { // names may have dots and blanks
		ways = [][]string{pointerParts(strict), parts}
	}
	for _, way := range ways {
		for range 2 {
			item, fault = -1, Fault{Row: -1}
			if op.Rows.Kind != Batch {
				item = 0
			}
			if op.follow(way, &item, &fault) {
				return item, fault, true
			}
			if len(way) == 0 || !slices.Contains(Places, way[0]) && !slices.Contains([]string{"body", "request", "requestBody", "data", "input"}, way[0]) {
				break
			}
			way = way[1:]
		}
	}
	item, fault = -1, Fault{Row: -1}
	if op.Rows.Kind != Batch {
		item = 0
	}
	if len(parts) == 1 { // a name alone, where only one field has it
		var named []*Field
		for _, f := range op.Fields {
			if strings.EqualFold(f.Path[strings.LastIndexByte(f.Path, '.')+1:], parts[0]) {
				named = append(named, f)
			}
		}
		if len(named) == 1 && (op.Rows.Kind != Batch || named[0].Outside) {
			fault.Field = named[0].Path
			return item, fault, true
		}
	}
	return 0, fault, false
}

// follow walks from the body along the parts of a pointer.
func (op *Operation) follow(parts []string, item *int, fault *Fault) bool {
	at, field := op.Body, ""
	for _, p := range op.Parameters {
		if len(parts) == 2 && strings.EqualFold(parts[0], p.In) && strings.EqualFold(parts[1], p.Name) {
			fault.Field = p.In + "." + p.Name
			return true
		}
	}
	for k, part := range parts {
		if at == nil {
			return false
		}
		if at.Type == "object" && op.Opened(field) && !slices.ContainsFunc(at.Props, func(p *Schema) bool { return strings.EqualFold(p.Name, part) }) {
			fault.Field = dotted(field, strings.Join(parts[k:], ".")) // a member of a map that a column named
			return true
		}
		if at.Type == "array" {
			n, err := strconv.Atoi(part)
			if at == op.compiled.array {
				if err != nil {
					return false
				}
				if op.Rows.Kind == Batch {
					*item, field = n, ""
				} else {
					fault.Row = n
				}
			}
			at = at.Items
			if err == nil {
				continue
			}
		}
		i := slices.IndexFunc(at.Props, func(p *Schema) bool { return strings.EqualFold(p.Name, part) })
		if i < 0 {
			return false
		}
		at, field = at.Props[i], dotted(field, at.Props[i].Name)
	}
	if len(parts) == 0 {
		return false
	}
	fault.Field = field
	return true
}

// itemised reads an answer that speaks of each item sent; nil when it does not. doubtful: what it does not say of an item is not
// known. It is never nil at 207.
func (op *Operation) itemised(body any, s Sent, status int, doubtful bool) []Verdict {
	if op.Rows.Kind != Batch {
		if status != http.StatusMultiStatus {
			return nil
		}
		for _, l := range lists(body) { // one row, one request, and its one entry
			if len(l.entries) == 1 && !l.refused {
				return []Verdict{entryVerdict(l.entries[0], doubtful)}
			}
		}
		return []Verdict{entryVerdict(body, doubtful)}
	}
	var out []Verdict
	told := false // by a list of entries that may be good ones
	for _, l := range lists(body) {
		if told && !l.refused {
			continue
		}
		found := op.byValues(l.entries, s, !l.refused && !l.plain)
		if found == nil {
			continue
		}
		told = told || !l.refused
		if out == nil {
			out = slices.Repeat([]Verdict{{Class: Unknown}}, len(s.Items))
		}
		for entry, item := range found {
			if item >= 0 {
				out[item] = l.verdict(l.entries[entry], out[item], doubtful)
			}
		}
	}
	if out == nil && status == http.StatusMultiStatus {
		out = slices.Repeat([]Verdict{{Class: Unknown, Code: "207"}}, len(s.Items))
	}
	return out
}

// entryList are objects in a list of an answer.
type entryList struct {
	entries []any
	refused bool // it is a list of errors, or of what was refused
	plain   bool // its entries are texts, each of them the value of an object here
	name    string
}

// verdict is what an entry says of its item, of which another list said something before.
func (l entryList) verdict(entry any, before Verdict, doubtful bool) Verdict {
	v := entryVerdict(entry, doubtful)
	if l.refused && v.Class == OK || l.refused && v.Class == Unknown && v.Code == "" {
		v = Verdict{Class: Rejected, Code: codeIn(entry), Message: batch.Text{EN: complaint(entry)}}
		if l.plain {
			v.Code = l.name
		}
	}
	if before.Class == OK && v.Class != OK { // taken, says one; refused, says the other
		v.Class = Unknown
	}
	return v
}

// refusedNames are lists of what was not taken, beside those of errors.
var (
	refusedNames  = namesOf("rejected failed failures invalid refused unsuccessful notcreated")
	refusedStarts = namesOf("failed failure rejected refused unsuccessful")
)

// lists are the lists of objects in an answer, the outer ones first.
func lists(v any) (out []entryList) {
	type place struct {
		value   any
		refused bool
		name    string
	}
	level := []place{{value: v}}
	for depth := 0; depth < 5 && len(level) > 0; depth++ {
		var next []place
		for _, one := range level {
			switch x := one.value.(type) {
			case []any:
				if len(x) > 0 {
					switch x[0].(type) {
					case map[string]any:
						out = append(out, entryList{entries: x, refused: one.refused})
					case string:
						out = append(out, entryList{asObjects(x), one.refused, true, one.name})
					}
				}
			case map[string]any:
				for _, key := range sorted(x) {
					name := plainKey(key)
					next = append(next, place{x[key], one.refused || isErrorName(name) || isRefusedName(name), key})
				}
			}
		}
		level = next
	}
	return out
}

// asObjects makes an object of each entry, with it as its value.
func asObjects(list []any) (out []any) {
	for _, one := range list {
		out = append(out, map[string]any{"value": one})
	}
	return out
}

// byValues finds the item of each entry: by values that one item alone has, else by position when there are as many
// entries as items and no value says otherwise, and positions count. nil: the list does not speak of the items.
func (op *Operation) byValues(list []any, s Sent, positions bool) []int {
	owner := map[string]int{}
	for i := range s.Items {
		var body any
		if json.Unmarshal(op.Part(s.Items[i].Body, "body"), &body) != nil {
			continue
		}
		for text := range textSet(body) {
			if _, twice := owner[text]; twice {
				owner[text] = -1
			} else {
				owner[text] = i
			}
		}
	}
	found := make([]int, len(list))
	any := false
	for e, entry := range list {
		found[e] = -1
		for text := range textSet(entry) {
			if i, known := owner[text]; known && i >= 0 {
				if found[e] >= 0 && found[e] != i {
					found[e] = -2 // of two: it speaks of neither
					break
				}
				found[e] = i
			}
		}
		any = any || found[e] >= 0
	}
	if positions && len(list) == len(s.Items) {
		contradicted := false
		for e := range found {
			contradicted = contradicted || found[e] >= 0 && found[e] != e
		}
		if !contradicted {
			for e := range found {
				found[e] = e
			}
			return found
		}
	}
	if !any {
		return nil
	}
	return unambiguous(found, len(s.Items))
}

// textSet are the texts inside a value that are long enough to be somebody's.
func textSet(v any) map[string]bool {
	out := map[string]bool{}
	var look func(v any, depth int)
	look = func(v any, depth int) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				look(e, depth+1)
			}
		case map[string]any:
			for _, e := range x {
				look(e, depth+1)
			}
		case string:
			if len(strings.TrimSpace(x)) >= 3 {
				out[strings.TrimSpace(x)] = true
			}
		}
	}
	look(v, 0)
	return out
}

// entryVerdict is what one entry says of its item; one that says nothing is as good as the answer, unless that is doubtful.
func entryVerdict(entry any, doubtful bool) Verdict {
	m, _ := entry.(map[string]any)
	v := Verdict{Class: OK, Reference: referenceIn(entry)}
	code, said := statusIn(m)
	yes, no := flags(m)
	said = said || yes || slices.Contains(goodCodes, plainKey(plainText(member(m, stateNames, isText))))
	failed := no || troubled(m, 0) || off(m) && hasWords(m)
	switch {
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests:
		v.Class = Rejected
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		v.Class = Retry
	case code >= 500 || code == http.StatusRequestTimeout:
		v.Class = Unknown
	case code >= 200 && code < 300:
		return v
	case failed:
		v.Class = Rejected
	case !said && doubtful, off(m):
		v.Class = Unknown
	}
	if v.Class == OK {
		return v
	}
	v.Reference = ""
	v.Code = codeIn(entry)
	if v.Code == "" && code > 0 {
		v.Code = strconv.Itoa(code)
	}
	v.Message = batch.Text{EN: wordsIn(entry)}
	for _, e := range m {
		if inner, ok := e.(map[string]any); ok && v.Message.EN == "" {
			v.Message.EN = wordsIn(inner)
		}
	}
	return v
}

// statusIn is the HTTP status that an entry has for itself.
func statusIn(m map[string]any) (int, bool) {
	for _, key := range []string{"status", "statusCode", "status_code", "httpStatus", "httpStatusCode", "code"} {
		if n, err := strconv.Atoi(plainText(m[key])); err == nil && n >= 100 && n < 600 {
			return n, true
		}
	}
	for _, key := range sorted(m) {
		if inner, ok := m[key].(map[string]any); ok && strings.Contains(strings.ToLower(key), "status") {
			if n, said := statusIn(inner); said {
				return n, said
			}
		}
	}
	return 0, false
}
