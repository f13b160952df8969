package providers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rowferry/rowferry/patterns"
)

// Answers that say themselves that nothing came of a request, although their HTTP status is a good one: {"success": false},
// {"code": 500, "msg": …}, {"errors": […]}. Where it is not certain that nothing came of it, it is unknown.

var (
	successNames = namesOf("isok resultflag success ok successful issuccess succeeded succ successflag")
	failureNames = namesOf("error err erro haserror haserrors iserror errors failed isfailed")
	errorNames   = namesOf("errors error err erro exception exceptiontype errorlist violations validationmessages validationerrors fielderrors fault faults errorresponse errorcodes modelstate invalidparams errormessage errormsg errmsg errortext errordescription failerror failmessage failreason failedreason failurereason failuremessage")
	errorNumbers = namesOf("errcode errorcode errno errorno errornum errornumber error err erro")
	stateNames   = namesOf("status state result resultstatus returnstatus responsestatus requeststatus highestseverity ack flag outcome estado resultado statut")
	yesNames     = namesOf("result accepted valid isvalid")
	doneFlags    = namesOf("created updated saved imported inserted processed accepted added")
	noteNames    = namesOf("messages message notifications notification alerts return returns bapiret2")
	headNames    = namesOf("meta head header status responsestatus returnstatus")
	resultNames  = namesOf("ret rc code resultcode returncode retcode rescode respcode responsecode rtncode apiresultcode statuscode")
	messageNames = namesOf("message msg submsg errmsg errormsg errormessage resultmsg resultmessage retmsg returnmsg responsemessage apierrormsg statustext statusmessage mensaje detail reason error")
	payloadNames = namesOf("data result results content payload items rows apiresultdata")

	levelNames = namesOf("severity severitycode severitylevel level type validationstate alerttype messagetype errorlevel")
	badLevels  = namesOf("error err fatal failure critical severe hard e a")

	badStates = namesOf("error err fail failed failure fault ko nok notok rejected refused denied invalid exception badrequest unauthorized unauthenticated permissiondenied invalidargument resourceexhausted erro erreur fehler errore 失败 错误 ошибка")
	goodCodes = namesOf("1 200 201 202 204 10000 20000 ok success succeed succeeded successful succ s created accepted done complete completed received queued processed submitted 成功 false none null no noerror n/a")
	goodWords = namesOf("success successful successfully ok accepted created done received queued processed submitted complete completed успешно принят создан выполнен 成功 完成 已受理 已接收")
	badWords  = namesOf("error err fail failed failure exception invalid denied unauthorized forbidden cannot illegal missing incomplete expired unsupported unable not ошибка неверный неверно 错误 失败 异常")
)

// isErrorName reports whether errors stand under a key: also userErrors, orderErrors and what else ends so.
func isErrorName(name string) bool {
	return slices.Contains(errorNames, name) || strings.HasSuffix(name, "errors")
}

// isErrorNumber reports whether the number of an error stands under a key: also itemErrCode, but not what once was one's.
func isErrorNumber(name string) bool {
	return slices.Contains(errorNumbers, name) || (strings.HasSuffix(name, "errcode") || strings.HasSuffix(name, "errorcode")) && !strings.HasPrefix(name, "last")
}

// isRefusedName reports whether what was not taken stands under a key: failed, failed_parcels, rejectedOrders, failureList.
func isRefusedName(name string) bool {
	return slices.Contains(refusedNames, name) || slices.ContainsFunc(refusedStarts, func(start string) bool { return strings.HasPrefix(name, start) })
}

type denial int

const (
	silent  denial = iota
	perhaps        // something went wrong, or nobody knows what it says
	refusal        // it was not executed
)

// denies reads a body that came with a good status. status is the HTTP status that it names for itself, 0 for none.
func denies(m map[string]any) (d denial, status int) {
	yes, no := flags(m)
	trouble := troubled(m, 0)
	_, call := m["jsonrpc"]
	made, said := referenceIn(outside(m)) != "" && !call && !(trouble && undid(m)), hasWords(m)
	for _, head := range heads(m) {
		if n, _ := statusIn(head); n >= 400 && hasWords(head) && !made {
			status = n
		}
	}
	switch {
	case yes && trouble:
		return perhaps, 0
	case yes:
		return silent, 0
	case status > 0:
		return refusal, status
	case no, (trouble || off(m)) && !made:
		return refusal, 0
	case !made && (refusesInWords(m) || below(m)):
		return perhaps, 0
	case trouble, off(m) && said, !made && slices.ContainsFunc(heads(m), func(h map[string]any) bool { return hasWords(h) && unheard(h, m) }), said && !made && nameless(m):
		return perhaps, 0
	}
	return silent, 0
}

// heads are an answer and the parts of it that tell how the call went.
func heads(m map[string]any) []map[string]any {
	out := []map[string]any{m}
	for _, key := range sorted(m) {
		if head, ok := m[key].(map[string]any); ok && slices.Contains(headNames, plainKey(key)) {
			out = append(out, head)
		}
	}
	return out
}

func hasWords(m map[string]any) bool {
	return member(m, messageNames, func(v any) bool { return spokenText(v) != "" }) != nil
}

// off reports whether {"status": false} and its like stand in an object. Of a thing that was made it may also be a property.
func off(m map[string]any) bool {
	for key, v := range m {
		if name := plainKey(key); v == false && (slices.Contains(stateNames, name) || slices.Contains(yesNames, name)) {
			return true
		}
	}
	return false
}

// below reports whether a code or a state is below zero, as no good one is.
func below(m map[string]any) bool {
	for key, v := range m {
		if name := plainKey(key); (slices.Contains(resultNames, name) || slices.Contains(stateNames, name)) && negative.MatchString(signed(v)) {
			return true
		}
	}
	return false
}

// signed is a value as it is compared; a number below zero keeps its sign: -1 is no 1.
func signed(v any) string {
	if text := strings.TrimSpace(plainText(v)); negative.MatchString(text) {
		return text
	}
	return plainKey(plainText(v))
}

// undid reports whether an answer, or the one thing in it, says that it was not done: {"product_id": 7, "updated": false}.
func undid(m map[string]any) bool {
	for range 3 {
		done, undone := false, false
		var things []map[string]any
		for key, v := range m {
			if slices.Contains(doneFlags, plainKey(key)) {
				done, undone = done || v == true, undone || v == false
			}
			if one, ok := wrapped(v); ok && !isErrorName(plainKey(key)) {
				things = append(things, one)
			}
		}
		if done || undone || len(things) != 1 {
			return undone && !done
		}
		m = things[0]
	}
	return false
}

// nameless reports whether an answer has a place for the id of what was made, nothing in it, and no good word.
func nameless(m map[string]any) bool {
	for key, v := range m {
		if _, plain := v.(string); (v == nil || plain || v == 0) && isReference(key) && referenceText(v) == "" {
			return !sounds(wordsIn(m), goodWords) && !saysGood(m)
		}
	}
	return false
}

// flags are what {"success": true} and its like say; neither where nothing of the kind stands there.
func flags(m map[string]any) (yes, no bool) {
	for key, v := range m {
		name, text := plainKey(key), signed(v)
		_, whether := v.(bool)
		switch {
		case slices.Contains(successNames, name), name == "result" && (whether || text == "n" || text == "e"):
			yes = yes || slices.Contains([]string{"true", "1", "yes", "y"}, text)
			no = no || slices.Contains([]string{"false", "0", "no", "n"}, text) || name == "result" && text == "e" || negative.MatchString(text)
		case slices.Contains(failureNames, name) && text == "true", slices.Contains(stateNames, name) && slices.Contains(badStates, text):
			no = true
		}
	}
	return yes && !no, no
}

// saysGood reports whether an answer has a code or a state of success, or denies that it failed.
func saysGood(m map[string]any) bool {
	for key, v := range m {
		name, text := plainKey(key), signed(v)
		zero := text != "" && strings.Trim(text, "0") == ""
		switch {
		case slices.Contains(resultNames, name), slices.Contains(stateNames, name):
			if zero || slices.Contains(goodCodes, text) {
				return true
			}
		case slices.Contains(failureNames, name), slices.Contains(errorNumbers, name):
			if zero || text == "false" {
				return true
			}
		}
	}
	return false
}

// troubled reports whether errors stand in an answer, or in what is wrapped in it.
func troubled(m map[string]any, depth int) bool {
	further := depth + 1
	if alone(m) {
		further = depth
	}
	for key, v := range m {
		name := plainKey(key)
		n, _ := v.(int)
		switch {
		case (slices.Contains(errorNames, name) || depth <= 1 && isErrorName(name)) && isTrouble(v),
			isErrorNumber(name) && plainSize(v) < 0 && isErrorCode(v),
			n > 0 && slices.Contains(badCounts, counted(key)) && !isErrorNumber(name),
			depth <= 2 && isRefusedName(name) && isList(v) && plainSize(v) > 0 && nothingElse(m),
			slices.Contains(noteNames, name) && isSevere(v):
			return true
		}
		if inside, ok := wrapped(v); ok && further < 5 {
			if _, no := flags(inside); no && further <= 1 || further <= 1 && off(inside) && referenceIn(outside(inside)) == "" || troubled(inside, further) {
				return true
			}
		}
	}
	return false
}

// alone reports whether an object only wraps another: as SOAP's envelopes do.
func alone(m map[string]any) bool {
	n := 0
	for key, v := range m {
		if plainSize(v) > 0 && plainKey(key) != "header" {
			n++
		}
	}
	return n == 1 && len(m) <= 3
}

// isSevere reports whether one of some messages is called an error.
func isSevere(v any) bool {
	switch x := v.(type) {
	case []any:
		return slices.ContainsFunc(x, isSevere)
	case map[string]any:
		level := plainKey(plainText(member(x, levelNames, isText)))
		if slices.Contains(badLevels, level) && wordsIn(x) != "" {
			return true
		}
		return isSevere(only(x))
	}
	return false
}

// wrapped is an object inside another: as it is, alone in a list, or written as JSON into a text.
func wrapped(v any) (map[string]any, bool) {
	switch x := v.(type) {
	case map[string]any:
		return x, true
	case []any:
		if len(x) == 1 {
			return wrapped(x[0])
		}
	case string:
		if strings.HasPrefix(x, "{") {
			if inside, err := parseJSON([]byte(x)); err == nil {
				return wrapped(inside)
			}
		}
	}
	return nil, false
}

// isTrouble reports whether the value of `errors` and its like says that there are some. Warnings are none.
func isTrouble(v any) bool {
	switch x := v.(type) {
	case []any:
		return slices.ContainsFunc(x, isTrouble)
	case map[string]any:
		if code := member(x, codeNames, func(v any) bool { return plainText(v) != "" }); code != nil && !isErrorCode(code) {
			return false
		}
		for _, one := range x {
			if !isWarning(x) && plainSize(one) != 0 && plainText(one) != "false" && (plainSize(one) > 0 || plainText(one) != "") {
				return true
			}
		}
		return false
	case string:
		return isErrorCode(x) && !sounds(x, goodWords)
	}
	return false // a bool or a number, judged elsewhere
}

// hasLevel reports whether what stands there are messages that say how grave they are.
func hasLevel(v any) bool {
	switch x := v.(type) {
	case []any:
		return slices.ContainsFunc(x, hasLevel)
	case map[string]any:
		return member(x, levelNames, isText) != nil || hasLevel(only(x))
	}
	return false
}

// nothingElse reports whether there is nothing in an object but what was refused.
func nothingElse(m map[string]any) bool {
	for key, v := range m {
		if name := plainKey(key); plainSize(v) > 0 && !isRefusedName(name) && !isErrorName(name) {
			return false
		}
	}
	return true
}

func isList(v any) bool {
	_, ok := v.([]any)
	return ok
}

// isErrorCode reports whether a code of an error stands for one: 0 and "none" do not.
func isErrorCode(v any) bool {
	code := signed(v)
	return strings.Trim(code, "0") != "" && code != "true" && !slices.Contains(goodCodes, code)
}

func isWarning(m map[string]any) bool {
	level := strings.ToLower(plainText(member(m, levelNames, isText)))
	return strings.HasPrefix(level, "warn") || strings.HasPrefix(level, "info") || level == "note" || level == "notice"
}

// outside is an answer without its errors and what was refused: an id in them is none of what was made.
func outside(m map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range m {
		if name := plainKey(key); !isErrorName(name) && !isRefusedName(name) {
			out[key] = v
		}
	}
	return out
}

// unheard reports whether an answer is a number and words that nobody here knows to mean success. A code that is none of the numbers
// by which errors are told counts where it or the words complain: a good status is believed otherwise. whole is what it stands in.
func unheard(m, whole map[string]any) bool {
	text := plainText(member(m, resultNames, func(v any) bool { return plainText(v) != "" }))
	code := plainKey(text)
	below := strings.HasPrefix(text, "-") // -1 is no 1
	if strings.Trim(code, "0") == "" || slices.Contains(goodCodes, code) && !below {
		return false
	}
	if strings.Trim(code, "0123456789") != "" && !errorLike.MatchString(code) && !sounds(humps.ReplaceAllString(text, "$1 $2"), badWords) && !sounds(wordsIn(m), badWords) {
		return false
	}
	full := func(v any) bool { return plainSize(v) > 0 || plainSize(v) < 0 && plainText(v) != "" }
	return member(whole, payloadNames, full) == nil && !sounds(wordsIn(m), goodWords)
}

var (
	errorLike = patterns.New(`^(e|err|error|f|fail)[0-9]{2,}$|^[abc]0[0-9]{3}$`) // E12, and what Alibaba's rules number: A0501
	humps     = patterns.New(`(\p{Ll})(\p{Lu})`)                                 // IncompleteSignature
)

// plainSize is how many parts a value has, -1 for a plain one.
func plainSize(v any) int {
	switch x := v.(type) {
	case []any:
		return len(x)
	case map[string]any:
		return len(x)
	}
	return -1
}

// sounds reports whether a text holds one of some words, and none of them denied.
func sounds(text string, words []string) bool {
	text = " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) }), " ") + " "
	heard := false
	for _, w := range words {
		for _, no := range []string{" not ", " un", " не ", "不", "未", "没有"} {
			if strings.Contains(text, no+w) {
				return false
			}
		}
		if c := []rune(w)[0]; unicode.Is(unicode.Han, c) {
			heard = heard || strings.Contains(text, w)
		} else if unicode.Is(unicode.Cyrillic, c) {
			heard = heard || strings.Contains(text, " "+w)
		} else {
			heard = heard || strings.Contains(text, " "+w+" ")
		}
	}
	return heard
}

// denied is the verdict over an answer that denies its own good status; ok is false where it does not.
func (op *Operation) denied(body any, status int) (v Verdict, ok bool) {
	if list, is := body.([]any); is && len(list) == 1 {
		body = list[0]
	}
	m, is := body.(map[string]any)
	n, _ := body.(int)
	if text, plain := body.(string); body == false || n < 0 || plain && complains(text) {
		return Verdict{Class: Unknown, Code: strconv.Itoa(status)}, true
	}
	if !is {
		return v, false
	}
	d, own := denies(m)
	switch {
	case d == silent:
		return v, false
	case own > 0:
		v = op.byStatus(own)
	case d == refusal:
		v = Verdict{Class: Rejected, Code: strconv.Itoa(status)}
	default:
		v = Verdict{Class: Unknown, Code: strconv.Itoa(status)}
	}
	return v, true
}

// refusesInWords reports whether an answer is nothing but words of a refusal, beside codes, states and numbers: {"message": "Order not found"}.
func refusesInWords(m map[string]any) bool {
	said := ""
	for key, v := range m {
		name, text := plainKey(key), spokenText(v)
		switch {
		case slices.Contains(plainWords, name):
			said = cmp.Or(said, text)
		case slices.Contains(stateNames, name), slices.Contains(resultNames, name):
			if code := plainKey(text); slices.Contains(goodCodes, code) && strings.Trim(code, "0123456789") != "" {
				return false
			}
		case slices.Contains(callNames, name), slices.Contains(besideWords, name):
		case plainSize(v) > 0, text != "":
			return false
		}
	}
	return said != "" && complains(said)
}

var (
	plainWords  = namesOf("message msg errmsg errormsg errormessage resultmsg resultmessage retmsg returnmsg responsemessage statusmessage mensaje mensagem meldung")
	besideWords = namesOf("timestamp time date datetime servertime path version lang locale")
)

// complains reports whether a text begins as errors do, or says that something was not done or may not be.
func complains(text string) bool {
	if negative.MatchString(strings.TrimSpace(text)) {
		return true
	}
	first := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) })
	if len(first) > 0 && (slices.Contains(badWords, first[0]) || slices.Contains(badStates, first[0])) {
		return true
	}
	return undone.MatchString(text) && !sounds(text, doneWords)
}

var (
	negative = patterns.New(`^-[0-9]+$`)
	undone   = patterns.New(`(?i)\b(can ?not|can't|could not|couldn't|unable to|failed to|not (found|valid|allowed|authori[sz]ed|permitted|supported|accepted|created|processed|saved|registered|enough|active|available)|(does not|doesn't|do not|don't) exist|denied|rejected|unauthori[sz]ed|forbidden|insufficient|(is|are) (required|invalid|missing|incorrect|mandatory)|(limit|quota) (is |was |has been )?exceeded|too many requests)\b` +
		`|不能|不存在|不足|失败|错误|有误|无效|非法|异常|缺少|为空|超限|过于频繁|未授权|无权|拒绝|已过期|请稍后` +
		`|(^|\PL)не (найден|указан|принят|создан|удалось|существует|может|верн|хватает|поддерж)|неверн|ошибк|недостаточно|отказано|запрещ|превышен|отсутству|некорректн|невозможно` +
		`|introuvable|invalide|n'existe pas|ungültig|nicht gefunden|fehlgeschlagen|no existe|no encontrad|não (existe|encontrad|autorizad)|(é|es) (inválid|obligatori|obrigatóri)`)
	doneWords = namesOf("成功 успешно successfully")
)
