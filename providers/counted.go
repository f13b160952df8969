package providers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rowferry/rowferry/patterns"
)

// Answers that count what came of a request, and say of nothing whose it was: {"received": 3, "imported": 2}.

var (
	countingWords = namesOf("count counts counter cnt num number no nb of qty records record rec rows row items item entries entry lines line orders order documents docs objects total totals size")
	askedWords    = namesOf("received submitted requested sent all")
	goodCounts    = namesOf("success successes successful succeeded succ ok")
	doneCounts    = namesOf("imported inserted created added accepted saved stored registered booked updated modified upserted delivered unchanged")
	someCounts    = namesOf("processed handled completed") // a job may still be at it
	badCounts     = namesOf("failed fail failure failures error errors rejected invalid unsuccessful refused")
	goingStates   = namesOf("queued pending processing running inprogress progress scheduled started waiting created new accepted received submitted enqueued")
)

var sumsUp = patterns.New(`^(data|response|body|meta|return|output)$|(summary|stats|statistics|counts|report|results?)$`)

// counted is what a key counts, "" where it is none of a count: "imported" of numRecordsImported, "all" of totalRows.
func counted(key string) string {
	said := ""
	for word := range strings.FieldsFuncSeq(strings.ToLower(humps.ReplaceAllString(key, "$1 $2")), func(c rune) bool { return strings.ContainsRune("_-. ", c) }) {
		switch {
		case slices.Contains(countingWords, word):
			if said == "" && strings.HasPrefix(word, "total") {
				said = "all"
			}
		case said != "" && said != "all":
			return ""
		default:
			said = word
		}
	}
	return said
}

// fallsShort reports whether an answer counts what it was sent, and that less came of it. A job that is still at it counts, too.
func fallsShort(body any, s Sent, status int) bool {
	rows := 0
	for i := range s.Items {
		rows += len(s.Items[i].Rows)
	}
	m, ok := wrapped(body)
	return ok && status != http.StatusAccepted && !goesOn(m) && shortOf(m, []int{len(s.Items), rows}, 0)
}

// goesOn reports whether an answer tells the state of a job that has not ended.
func goesOn(m map[string]any) bool {
	return member(m, stateNames, func(v any) bool { return slices.Contains(goingStates, plainKey(plainText(v))) }) != nil
}

func shortOf(m map[string]any, sent []int, depth int) bool {
	good, done, some, asked := -1, -1, -1, false
	add := func(to *int, n int) { *to = max(*to, 0) + n }
	for key, v := range m {
		if inside, ok := v.(map[string]any); ok && depth < 3 && sumsUp.MatchString(plainKey(key)) && !goesOn(inside) && shortOf(inside, sent, depth+1) {
			return true
		}
		n, err := strconv.Atoi(plainText(v))
		if err != nil || n < 0 {
			continue
		}
		switch word := counted(key); {
		case slices.Contains(askedWords, word):
			asked = asked || slices.Contains(sent, n)
		case slices.Contains(goodCounts, word):
			add(&good, n)
		case slices.Contains(doneCounts, word):
			add(&done, n)
		case slices.Contains(someCounts, word) && n > 0:
			add(&some, n)
		}
	}
	for _, n := range []int{good, done, some} {
		if n >= 0 {
			return asked && n < slices.Min(sent)
		}
	}
	return false
}
