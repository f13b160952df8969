package redrop_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/resultmark"
)

var head = []string{"accountNumber", "lesBookingId", "failReason"}

// reasons are texts that only the right encoding shows.
var reasons = map[batch.Language]string{batch.English: "driver, late", batch.Chinese: "司机迟到, 未提货", batch.Russian: "водитель опоздал; не забрал"}

// sample is a file with every outcome; its rows are 2 to 9.
func sample(l batch.Language) [][]string {
	all := [][]string{head}
	for i, id := range []string{"A2", "REFUSE3", "A4", "A5", "LOST6", "DOWN7", "A8", "A9"} {
		account := "3000372"
		if id == "A4" {
			account = ""
		}
		all = append(all, []string{account, id, fmt.Sprintf("%s %d", reasons[l], i)})
	}
	return all
}

func asWorkbook(t *testing.T, all [][]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, rec := range all {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &rec); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// first sends the sample and heals the provider.
func first(t *testing.T, h *house, l batch.Language, format string) *result {
	t.Helper()
	content := append([]byte("\ufeff"), encode(t, ',', sample(l))...)
	if format == "xlsx" {
		content = asWorkbook(t, sample(l))
	}
	r := h.drop("failures", "orders."+format, content)
	r.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Invalid, "A5": batch.Delivered,
		"LOST6": batch.Unknown, "DOWN7": batch.Failed, "A8": batch.Delivered, "A9": batch.Delivered})
	h.provider.heal()
	return r
}

// afterUntouched is what a result gives that was dropped as it was.
var afterUntouched = map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Invalid, "A5": batch.Delivered,
	"LOST6": batch.Unknown, "DOWN7": batch.Delivered, "A8": batch.Delivered, "A9": batch.Delivered}

func TestUntouched(t *testing.T) {
	for _, from := range []string{"csv", "xlsx"} {
		for _, format := range []string{"csv", "xlsx"} {
			t.Run(from+" gives "+format, func(t *testing.T) {
				h := open(t, batch.English, "")
				one := first(t, h, batch.English, from)
				two := h.drop("failures", one.name(format), one.content(format))
				two.want(afterUntouched)
				two.says("A2", "delivered before (file "+one.ID+"), not sent again")
				two.says("REFUSE3", "not changed since it was refused")
				two.says("A4", "not changed since file "+one.ID)
				two.says("LOST6", `write "resend"`)
				if a, b := one.of("A2"), two.of("A2"); a["attempts"] != b["attempts"] || a["sent_at"] != b["sent_at"] || a["reference"] != b["reference"] || a["code"] != b["code"] {
					t.Errorf("what was delivered before is told otherwise now: %v, %v", a, b)
				}
				three := h.drop("failures", two.name(format), two.content(format))
				three.want(afterUntouched)
				three.says("A2", "(file "+one.ID+")")
				three.says("DOWN7", "(file "+two.ID+")")
				if n := strings.Count(three.of("A2")["message"], "not sent again"); n != 1 {
					t.Errorf("the message grows: %q", three.of("A2")["message"])
				}
				if !strings.HasPrefix(three.name("csv"), "orders.20") || strings.Count(three.name("csv"), "result") != 1 {
					t.Errorf("the name grows: %s", three.name("csv"))
				}
			})
		}
	}
}

// ways are what programs do to a result that a person has mended in a workbook or in a CSV.
var ways = map[string]struct {
	language batch.Language
	read     string
	file     func(t *testing.T, mended func(format string) []byte, r *result) (string, []byte)
}{
	"the CSV": {batch.English, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("csv"), m("csv")
	}},
	"the workbook": {batch.English, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("xlsx"), m("xlsx")
	}},
	"the workbook, Chinese": {batch.Chinese, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("xlsx"), m("xlsx")
	}},
	"renamed by a mail program": {batch.English, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "orders (1).xlsx", m("xlsx")
	}},
	"the CSV under a name of its own": {batch.Russian, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "исправлено.csv", m("csv")
	}},
	"saved by LibreOffice": {batch.Russian, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("xlsx"), office(t, m("xlsx"), "xlsx")
	}},
	"saved by LibreOffice and renamed": {batch.Chinese, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "新建.xlsx", office(t, m("xlsx"), "xlsx")
	}},
	"saved as CSV by LibreOffice": {batch.English, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "Result.csv", office(t, m("xlsx"), "csv")
	}},
	"saved as CSV, semicolons, windows-1251": {batch.Russian, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return strings.Replace(r.name("xlsx"), ".xlsx", ".csv", 1), recode(t, charmap.Windows1251, ';', openSheet(t, m("xlsx")).rows())
	}},
	"saved as CSV, semicolons, GBK": {batch.Chinese, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "结果.csv", recode(t, simplifiedchinese.GBK, ';', openSheet(t, m("xlsx")).rows())
	}},
	"saved as Unicode text": {batch.Chinese, "", func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "结果 utf16.csv", recode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), '\t', openSheet(t, m("xlsx")).rows())
	}},
	"a route whose files are written otherwise": {batch.English, `, read: {delimiter: "|", encoding: windows-1252, header: "2"}`, func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("csv"), m("csv")
	}},
	"a route whose files are written otherwise, the workbook": {batch.English, `, read: {delimiter: "|", sheet: Orders, header: "2"}`, func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return r.name("xlsx"), m("xlsx")
	}},
	"a route whose files are in another encoding": {batch.Chinese, `, read: {encoding: windows-1251}`, func(t *testing.T, m func(string) []byte, r *result) (string, []byte) {
		return "再次.csv", []byte(strings.TrimPrefix(string(m("csv")), "\ufeff"))
	}},
}

func recode(t *testing.T, e encoding.Encoding, delimiter rune, rows [][]string) []byte {
	t.Helper()
	width := len(rows[0])
	for i := range rows {
		rows[i] = append(rows[i], make([]string, max(0, width-len(rows[i])))...)
	}
	b, err := e.NewEncoder().Bytes(encode(t, delimiter, rows))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever a program does to the file, mended rows go, the others stay, and nothing is sent twice.
func TestMendedInEveryWay(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			h := open(t, way.language, way.read)
			var one *result
			if way.read == "" || strings.Contains(name, "encoding") {
				one = first(t, h, way.language, "csv")
			} else {
				all := append([][]string{{"orders of today", "", ""}}, sample(way.language)...)
				one = h.drop("failures", "orders.csv", []byte(strings.ReplaceAll(string(encode(t, '|', all)), "driver, late", "driver late")))
				h.provider.heal()
			}
			mended := func(format string) []byte {
				if format == "csv" {
					all := records(t, one.content("csv"))
					for i := range all {
						switch at := slices.Index(all[0], "lesBookingId"); all[i][at] {
						case "A4":
							all[i][at-1] = "3000372"
						case "REFUSE3":
							all[i][at] = "A3"
						case "A8":
							all[i][at+1] += " (edited)"
						}
					}
					return append([]byte("\ufeff"), encode(t, ',', all)...)
				}
				s := openSheet(t, one.content("xlsx"))
				s.set(s.row("A4"), "accountNumber", "3000372")
				s.set(s.row("A8"), "failReason", "edited")
				s.set(s.row("REFUSE3"), "lesBookingId", "A3")
				return s.bytes()
			}
			file, content := way.file(t, mended, one)
			two := h.drop("failures", file, content)
			two.want(map[string]batch.Status{"A2": batch.Delivered, "A3": batch.Delivered, "A4": batch.Delivered, "A5": batch.Delivered,
				"LOST6": batch.Unknown, "DOWN7": batch.Delivered, "A8": batch.Delivered, "A9": batch.Delivered})
			if again := two.Reading.Again; again == nil || again.Base != one.ID {
				t.Fatalf("it was not recognised: %+v", two.Reading)
			}
			edits := 0
			for _, id := range []string{"A2", "A5", "A8", "A9"} {
				if body := h.provider.bodies[id]; strings.Contains(body, "edited") {
					t.Errorf("%s: an edit in a delivered row was sent", id)
				}
				if !strings.HasSuffix(two.of(id)["message"], map[batch.Language]string{batch.English: "not sent again", batch.Chinese: "不再重复发送", batch.Russian: "повторно не отправлено"}[way.language]) {
					edits++
					if id != "A8" {
						t.Errorf("%s says %q", id, two.of(id)["message"])
					}
				}
			}
			if edits != 1 {
				t.Errorf("%d rows tell of an edit, want 1", edits)
			}
		})
	}
}

// A person sorts, deletes, inserts.
func TestMovedRows(t *testing.T) {
	for name, change := range map[string]func(all [][]string, at int) [][]string{
		"whole lines": func(all [][]string, at int) [][]string {
			slices.Reverse(all[1:])
			return all
		},
		"only the sender's columns": func(all [][]string, at int) [][]string {
			var own [][]string
			for _, rec := range all[1:] {
				own = append(own, slices.Clone(rec[at-1:]))
			}
			slices.SortFunc(own, func(a, b []string) int { return strings.Compare(b[1], a[1]) })
			for i := range own {
				copy(all[i+1][at-1:], own[i])
			}
			return all
		},
		"only ours are gone": func(all [][]string, at int) [][]string {
			for i := 1; i < len(all); i++ {
				all[i][0] = ""
			}
			return all
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := first(t, h, batch.English, "csv")
			all := records(t, one.content("csv"))
			at := slices.Index(all[0], "lesBookingId")
			for i := range all {
				if all[i][at] == "A4" {
					all[i][at-1] = "3000372"
				}
			}
			two := h.drop("failures", "sorted "+one.name("csv"), encode(t, ',', change(all, at)))
			want := map[string]batch.Status{"A4": batch.Delivered}
			for id, s := range afterUntouched {
				if id != "A4" {
					want[id] = s
				}
			}
			two.want(want)
		})
	}
}

// A program that opens a CSV takes the leading zeros from all rows, so that none is as it was; then only the sender's columns are sorted.
// Rows that were delivered stood beside the numbers of others, and were sent again.
func TestMovedRowsWithoutLeadingZeros(t *testing.T) {
	for name, change := range map[string]func(rec []string){
		"zeros":             func([]string) {},
		"zeros and a value": func(rec []string) { rec[2] = strings.ReplaceAll(rec[2], "pier 3", "pier 4") },
		"zeros and changed": func(rec []string) { rec[2] += ", as he said" },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			all := [][]string{head}
			for i, id := range []string{"A2", "REFUSE3", "A4", "LOST5", "A6", "REFUSE7", "A8", "A9"} {
				all = append(all, []string{fmt.Sprintf("00300%d", 37*(i+3)), id, fmt.Sprintf("at pier %d", i%4)})
			}
			one := h.drop("failures", "orders.csv", encode(t, ',', all))
			h.provider.heal()
			lost := h.provider.executed("LOST5") // it may be sent again as long as the first file is under way
			back := records(t, one.content("csv"))
			at := slices.Index(back[0], head[0])
			var own [][]string
			for _, rec := range back[1:] {
				rec = slices.Clone(rec[at:])
				rec[0] = strings.TrimLeft(rec[0], "0")
				change(rec)
				own = append(own, rec)
			}
			slices.SortFunc(own, func(a, b []string) int { return strings.Compare(b[1], a[1]) })
			for i := range own {
				copy(back[i+1][at:], own[i])
			}
			two := h.drop("failures", one.name("csv"), encode(t, ',', back))
			for _, l := range two.lines {
				want := 1
				if l[head[1]] == "LOST5" {
					want = lost
				}
				if n := h.provider.executed(l[head[1]]); n > want {
					t.Errorf("%s was executed %d times: %v", l[head[1]], n, l)
				}
			}
			if name == "zeros" {
				two.want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Delivered, "A9": batch.Delivered, "LOST5": batch.Unknown, "REFUSE3": batch.Rejected})
			}
		})
	}
}

// A program that opens a CSV takes the leading zeros off in every column: also in one where no row that was sent has any. A row was sent with
// 1067 for 01067. Who takes a zero off that was found wrong mends it.
func TestLeadingZerosOfOtherColumns(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("failures", "orders.csv", []byte("accountNumber,lesBookingId,failReason\n003000,A1,7\n003001,REFUSE2,01067\n003002,REFUSE3,late\n"))
	one.want(map[string]batch.Status{"A1": batch.Delivered, "REFUSE2": batch.Rejected, "REFUSE3": batch.Rejected})
	back := records(t, one.content("csv"))
	for _, rec := range back[1:] {
		for i := range rec[7:] {
			rec[7+i] = strings.TrimLeft(rec[7+i], "0")
		}
	}
	two := h.drop("failures", one.name("csv"), encode(t, ',', back))
	two.want(map[string]batch.Status{"A1": batch.Delivered, "REFUSE2": batch.Rejected, "REFUSE3": batch.Rejected})
	two.says("REFUSE2", "not changed since it was refused")

	all := [][]string{billHead, bill("GOOD", "ZENU0000001"), bill("BAD", "ZENU0000002")}
	all[1][2], all[2][2], all[2][12] = "0123", "0456", "01000"
	one = h.drop("bills", "bills.csv", encode(t, ',', all))
	one.want(map[string]batch.Status{"GOOD": batch.Delivered, "BAD": batch.Invalid})
	back = records(t, one.content("csv"))
	for _, rec := range back[1:] {
		for i := range rec[7:] {
			rec[7+i] = strings.TrimLeft(rec[7+i], "0")
		}
	}
	two = h.drop("bills", one.name("csv"), encode(t, ',', back))
	two.want(map[string]batch.Status{"GOOD": batch.Delivered, "BAD": batch.Delivered})
	if got := h.provider.bodies["BAD"]; !strings.Contains(got, `"0456"`) || !strings.Contains(got, `:1000,`) && !strings.Contains(got, `:1000}`) {
		t.Errorf("sent: %s", got)
	}
}

// The result of a result in which a program took the zeros off shows none; a row that is mended there has them all the same.
func TestLeadingZerosOfAnEarlierResult(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("failures", "orders.csv", []byte("accountNumber,lesBookingId,failReason\n003000,A1,7\n003001,REFUSE2,01067\n003002,A3,late\n"))
	opened := func(r *result, change func(rec []string)) []byte {
		back := records(t, r.content("csv"))
		for _, rec := range back[1:] {
			for i := range rec[7:] {
				rec[7+i] = strings.TrimLeft(rec[7+i], "0")
			}
			change(rec)
		}
		return encode(t, ',', back)
	}
	two := h.drop("failures", one.name("csv"), opened(one, func([]string) {}))
	two.want(map[string]batch.Status{"A1": batch.Delivered, "REFUSE2": batch.Rejected, "A3": batch.Delivered})
	three := h.drop("failures", two.name("csv"), opened(two, func(rec []string) { rec[8] = strings.TrimPrefix(rec[8], "REFUSE") }))
	three.want(map[string]batch.Status{"A1": batch.Delivered, "2": batch.Delivered, "A3": batch.Delivered})
	if got := h.provider.bodies["2"]; !strings.Contains(got, `"01067"`) || !strings.Contains(got, `"003001"`) {
		t.Errorf("sent: %s", got)
	}
}

// A row that equals another one of its file is sent once, also when the result is dropped as it is: it was sent a second time.
func TestEqualRowsComeBack(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		h := open(t, batch.English, "")
		one := h.drop("failures", "orders.csv", []byte("accountNumber,lesBookingId,failReason\n1,A1,late\n1,A1,late\n1,A2,late\n"))
		two := h.drop("failures", one.name(format), one.content(format))
		if n := h.provider.executed("A1"); n != 1 || two.lines[1]["status"] != "skipped" || two.lines[1]["code"] != "delivered-before" {
			t.Errorf("A1 was executed %d times; %v", n, two.lines[1])
		}
		back := bytes.Replace(two.content("csv"), []byte("skipped"), []byte("resend"), 1)
		three := h.drop("failures", two.name("csv"), back)
		if n := h.provider.executed("A1"); n != 2 || three.lines[1]["status"] != "delivered" {
			t.Errorf("asked for, A1 was executed %d times; %v", n, three.lines[1])
		}
	}
}

// Rows of another file's result stand below those that were not delivered. One has the number of a row that was: it was called delivered, and
// never was sent. What was mended of them goes, for they share with their own file what they do not share with this one.
func TestRowsOfAnotherResultWithoutTheDelivered(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("failures", "orders.csv", []byte("accountNumber,lesBookingId,failReason\n1,A1,late\n1,REFUSE2,late\n1,A3,late\n"))
	other := h.drop("failures", "others.csv", []byte("accountNumber,lesBookingId,failReason\n2,REFUSE9,broken\n,B2,closed\n"))
	mine, theirs := records(t, one.content("csv")), records(t, other.content("csv"))
	theirs[1][8], theirs[2][7] = "B9", "2"
	two := h.drop("failures", one.name("csv"), encode(t, ',', [][]string{mine[0], mine[2], theirs[1], theirs[2]}))
	two.want(map[string]batch.Status{"B9": batch.Delivered, "B2": batch.Delivered})

	// Row 3, which was refused, is left out of what the other's row 3 is put below, and mended later.
	h.drop("failures", "both.csv", encode(t, ',', [][]string{mine[0], mine[1], mine[3], theirs[1], theirs[2]}))
	mine[2][8] = "A2"
	h.drop("failures", one.name("csv"), encode(t, ',', [][]string{mine[0], mine[2]})).want(map[string]batch.Status{"A2": batch.Delivered})
}

// A result under another name, with few of our columns left, is known by its rows: also where a program wrote all of them in its own way, or
// a person wrote remarks beside them. It was taken for a new file, all of whose rows were sent again.
func TestFewOfOurColumnsAndOtherRows(t *testing.T) {
	for name, change := range map[string]func(back [][]string, at int){
		"zeros": func(back [][]string, at int) {
			for _, rec := range back[1:] {
				rec[at] = strings.TrimLeft(rec[at], "0")
			}
		},
		"remarks": func(back [][]string, at int) {
			back[0] = append(back[0], "What we did")
			for i := range back[1:] {
				back[i+1] = append(back[i+1], "called", "")[:len(back[0])]
			}
		},
	} {
		for _, columns := range [][]int{{0, 1}, {0, 1, 2, 3, 4, 5, 6}} {
			t.Run(fmt.Sprint(name, len(columns)), func(t *testing.T) {
				h := open(t, batch.English, "")
				all := [][]string{head}
				for i, id := range []string{"A2", "REFUSE3", "A4", "A5", "A6"} {
					all = append(all, []string{fmt.Sprintf("00300%d", 37*(i+3)), id, fmt.Sprintf("at pier %d", i%4)})
				}
				one := h.drop("failures", "orders.csv", encode(t, ',', all))
				back := records(t, one.content("csv"))
				for i, rec := range back {
					var few []string
					for _, c := range columns {
						few = append(few, rec[c])
					}
					back[i] = append(few, rec[7:]...)
				}
				change(back, len(columns))
				two := h.drop("failures", "tuesday.csv", encode(t, ',', back))
				if two.Reading.Again == nil {
					t.Error("the result was taken for a new file")
				}
				two.want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Delivered, "A5": batch.Delivered, "A6": batch.Delivered})
			})
		}
	}
}

// Where numbers did not move with their rows and a delivered row was changed, nobody can tell which it is.
func TestHeldRows(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	all := records(t, one.content("csv"))
	at := slices.Index(all[0], "lesBookingId")
	var own [][]string
	for _, rec := range all[1:] {
		rec = slices.Clone(rec[at-1:])
		switch rec[1] {
		case "A4":
			rec[0] = "3000372"
		case "A9":
			rec[2] = "changed"
		}
		own = append(own, rec)
	}
	slices.Reverse(own)
	for i := range own {
		copy(all[i+1][at-1:], own[i])
	}
	two := h.drop("failures", one.name("csv"), encode(t, ',', all))
	for _, id := range []string{"A4", "A9"} {
		if l := two.of(id); l["status"] != "skipped" || l["code"] != "held" || !strings.Contains(l["message"], "row 9") {
			t.Errorf("%s: %v", id, l)
		}
	}
	three := h.drop("failures", two.name("csv"), two.content("csv"))
	for _, id := range []string{"A4", "A9"} {
		if l := three.of(id); l["code"] != "held" {
			t.Errorf("dropped again as it is, %s goes: %v", id, l)
		}
	}
	all = records(t, three.content("csv"))
	for i := range all {
		if all[i][at] == "A4" {
			all[i][0] = "" // it is another one
		}
	}
	four := h.drop("failures", three.name("csv"), encode(t, ',', all))
	four.want(map[string]batch.Status{"A4": batch.Delivered, "A9": batch.Skipped})
	if h.provider.executed("A9") != 1 {
		t.Error("a delivered row was sent again")
	}
}

func TestDeletedAndInserted(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		t.Run(format, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := first(t, h, batch.English, "xlsx")
			var content []byte
			if format == "csv" {
				all := records(t, one.content("csv"))
				all = slices.DeleteFunc(all, func(rec []string) bool { return rec[1] == "delivered" })
				blank := make([]string, 7)
				all = slices.Insert(all, 2, append(blank, "3000372", "NEW", "put in"))
				all = append(all, append(slices.Clone(one.record("A5")[:7]), "3000372", "COPY", "a whole line copied as a pattern"))
				content = encode(t, ',', all)
			} else {
				s := openSheet(t, one.content("xlsx"))
				for _, id := range []string{"A2", "A8", "A9"} {
					if err := s.book.RemoveRow(s.name, s.row(id)); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.book.InsertRows(s.name, 3, 1); err != nil {
					t.Fatal(err)
				}
				for heading, value := range map[string]string{"accountNumber": "3000372", "lesBookingId": "NEW", "failReason": "put in"} {
					s.set(3, heading, value)
				}
				content = s.bytes()
			}
			two := h.drop("failures", one.name(format), content)
			two.want(map[string]batch.Status{"REFUSE3": batch.Rejected, "A4": batch.Invalid, "LOST6": batch.Unknown, "DOWN7": batch.Delivered, "NEW": batch.Delivered})
			if format == "csv" {
				if l := two.of("COPY"); l["status"] != "delivered" || !strings.Contains(l["message"], "NOT sent") || h.provider.executed("COPY") != 0 {
					// its number says that it is row 5, which was delivered and is not there otherwise
					t.Errorf("%v", l)
				}
			}
			noted := slices.ContainsFunc(two.Reading.Notes, func(n batch.Note) bool { return n.Message.Key == "redrop.note.deleted" && n.Count == 3 })
			if !noted {
				t.Errorf("no note about the rows that are gone: %v", two.Reading.Notes)
			}
			three := h.drop("failures", two.name(format), two.content(format))
			if three.of("NEW")["status"] != "delivered" || h.provider.executed("NEW") != 1 {
				t.Error("a row that was put in is not known afterwards", three.of("NEW"))
			}
		})
	}
}

func (r *result) record(id string) []string {
	for _, rec := range records(r.h.t, r.content("csv")) {
		if slices.Contains(rec, id) {
			return rec
		}
	}
	return nil
}

func TestResend(t *testing.T) {
	for _, l := range batch.Languages() {
		t.Run(string(l), func(t *testing.T) {
			h := open(t, l, "")
			one := first(t, h, l, "csv")
			s := openSheet(t, one.content("xlsx"))
			status := resultmark.Status.Heading(l)
			s.set(s.row("LOST6"), status, " "+strings.ToUpper(resultmark.Word(l, resultmark.Resend)))
			s.set(s.row("A2"), status, resultmark.Word(l, resultmark.Resend))
			s.set(s.row("REFUSE3"), status, resultmark.Word(batch.English, resultmark.Resend))
			before := h.provider.executed("LOST6")
			two := h.drop("failures", one.name("xlsx"), s.bytes())
			two.want(map[string]batch.Status{"LOST6": batch.Delivered, "A2": batch.Delivered, "REFUSE3": batch.Rejected})
			if n := h.provider.executed("LOST6"); n != before+1 {
				t.Errorf("executed %d times, %d before and once as asked", n, before)
			}
			if l := two.of("REFUSE3"); strings.Contains(l["message"], one.ID) || l["attempts"] != "2" || l["code"] != one.of("REFUSE3")["code"] {
				t.Errorf("a refused row with the word was not sent: %v", l)
			}
			// an older copy with the same word sends nothing: what was unknown there is delivered now
			three := h.drop("failures", "copy of "+one.name("xlsx"), func() []byte { s.set(s.row("A9"), "failReason", "so that it differs"); return s.bytes() }())
			three.want(map[string]batch.Status{"LOST6": batch.Delivered})
			if n := h.provider.executed("LOST6"); n != before+1 {
				t.Errorf("an older copy sent it again: %d", n)
			}
		})
	}
}

// An older result, mended in its own way, is dropped after a newer one.
func TestOldResultAfterNewer(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	s := openSheet(t, one.content("xlsx"))
	s.set(s.row("A4"), "accountNumber", "3000372")
	s.set(10, "accountNumber", "3000372")
	s.set(10, "lesBookingId", "NEW")
	s.set(10, "failReason", "put in")
	two := h.drop("failures", one.name("xlsx"), s.bytes())
	two.want(map[string]batch.Status{"A4": batch.Delivered, "NEW": batch.Delivered, "DOWN7": batch.Delivered})
	s.set(11, "accountNumber", "3000372")
	s.set(11, "lesBookingId", "NEW2")
	s.set(11, "failReason", "put in later")
	three := h.drop("failures", one.name("xlsx"), s.bytes())
	three.want(map[string]batch.Status{"A4": batch.Delivered, "NEW": batch.Delivered, "NEW2": batch.Delivered, "DOWN7": batch.Delivered, "LOST6": batch.Unknown})
	four := h.drop("failures", "once more.csv", one.content("csv"))
	four.want(map[string]batch.Status{"DOWN7": batch.Delivered, "LOST6": batch.Unknown, "REFUSE3": batch.Rejected})
	if l := four.of("A4"); l["status"] != "delivered" || !strings.Contains(l["message"], two.ID) {
		t.Errorf("%v", l)
	}
}

// Rows of another result were put under this one's. What they call delivered or unknown is no row of this family, and is not sent; what
// was mended in them goes.
func TestTwoResultsInOne(t *testing.T) {
	for name, deleted := range map[string]string{"all rows of both": "none", "a row deleted whose number another has": "REFUSE3", "sorted without our columns": "none"} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := first(t, h, batch.English, "csv")
			other := h.drop("failures", "tuesday.csv", encode(t, ',', [][]string{head, {"3000372", "B2", "late"}, {"3000372", "B3", "late"}, {"", "B4", "late"}, {"3000372", "REFUSE5", "late"}, {"3000372", "LOST66", "late"}}))
			all := slices.DeleteFunc(records(t, one.content("csv")), func(rec []string) bool { return rec[8] == deleted })
			for _, rec := range records(t, other.content("csv"))[1:] {
				if rec[8] == "B4" {
					rec[7] = "3000372"
				}
				if rec[8] == "LOST66" {
					rec[1] = "unknown"
				}
				all = append(all, rec)
			}
			if strings.HasPrefix(name, "sorted") {
				for i := 1; i < len(all)/2; i++ {
					a, b := slices.Clone(all[i]), all[len(all)-i]
					copy(all[i][7:], b[7:])
					copy(b[7:], a[7:])
				}
			}
			lost := h.provider.executed("LOST66")
			two := h.drop("failures", one.name("csv"), encode(t, ',', all))
			two.want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Invalid, "B4": batch.Delivered, "REFUSE5": batch.Rejected, "LOST6": batch.Unknown})
			for _, id := range []string{"B2", "B3", "LOST66"} {
				if l := two.of(id); l["status"] != "skipped" || l["code"] != "held" {
					t.Errorf("%s: %v", id, l)
				}
				if l := two.of(id)["message"]; !strings.Contains(l, "of tuesday.csv") && !strings.Contains(l, "has no such row") {
					t.Errorf("%s: %s", id, l)
				}
			}
			three := h.drop("failures", two.name("csv"), two.content("csv"))
			if h.provider.executed("B2") != 1 || h.provider.executed("B3") != 1 || h.provider.executed("LOST66") != lost || three.of("B2")["code"] != "held" {
				t.Errorf("sent again: B2 %d times, B3 %d times, LOST66 %d, was %d", h.provider.executed("B2"), h.provider.executed("B3"), h.provider.executed("LOST66"), lost)
			}
			all = records(t, three.content("csv"))
			for _, rec := range all {
				if rec[8] == "B3" {
					rec[0] = "" // as the message says: it is a new one
				}
			}
			four := h.drop("failures", three.name("csv"), encode(t, ',', all))
			if l := four.of("B3"); h.provider.executed("B3") != 1 || l["code"] != ledger.CodeDelivered {
				t.Errorf("B3 was delivered with the other file: %v", l)
			}
			four.says("B3", "tuesday.csv")
			all = records(t, four.content("csv"))
			for _, rec := range all {
				if rec[8] == "B3" {
					rec[1] = "resend"
				}
			}
			h.drop("failures", four.name("csv"), encode(t, ',', all))
			if h.provider.executed("B2") != 1 || h.provider.executed("B3") != 2 {
				t.Error("the person's word did not count")
			}
		})
	}
}

// The rows of the original were put under its result: those that were sent are not sent again, unless a person insists.
func TestOriginalUnderItsResult(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	lost := h.provider.executed("LOST6")
	all := records(t, one.content("csv"))
	for _, rec := range all[1:9] {
		if rec[8] != "DOWN7" { // it was not sent
			all = append(all, append(make([]string, 7), rec[7:]...))
		}
	}
	two := h.drop("failures", one.name("csv"), encode(t, ',', all))
	two.want(afterUntouched)
	held := 0
	for _, l := range two.lines[8:] {
		if l["code"] == "held" {
			held++
		}
	}
	if held != 5 || h.provider.executed("A2") != 1 || h.provider.executed("LOST6") != lost {
		t.Errorf("%d rows are held; A2 was executed %d times, LOST6 %d times, before %d", held, h.provider.executed("A2"), h.provider.executed("LOST6"), lost)
	}
	all = records(t, two.content("csv"))
	all[9][0] = "" // the second A2
	h.drop("failures", two.name("csv"), encode(t, ',', all))
	if h.provider.executed("A2") != 2 || h.provider.executed("A5") != 1 {
		t.Error("the person's word did not count")
	}
}

// Files with other content have the names of a result: it is put beside them, and is known again under its further name.
func TestTheNamesOfAResultAreTaken(t *testing.T) {
	h := open(t, batch.English, "")
	h.provider.mu.Lock()
	h.provider.gate = make(chan struct{})
	h.provider.mu.Unlock()
	id := h.put("failures", "orders.csv", encode(t, ',', sample(batch.English)))
	h.file(id, ledger.Sending)
	for _, name := range []string{"orders." + id + ".result.csv", "orders." + id + ".result (2).csv", "orders." + id + ".result.xlsx"} {
		if err := os.MkdirAll(filepath.Join(h.dir, "out"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(h.dir, "out", name), []byte("in the way"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	close(h.provider.gate)
	f := h.file(id, ledger.Reported)
	if want := []string{"orders." + id + ".result (3).csv", "orders." + id + ".result (2).xlsx"}; !slices.Equal(f.Results, want) {
		t.Fatalf("results %q, want %q", f.Results, want)
	}
	h.provider.heal()
	for _, name := range f.Results {
		content, err := os.ReadFile(filepath.Join(h.dir, "out", name))
		if err != nil {
			t.Fatal(err)
		}
		again := h.drop("failures", name, content)
		again.want(afterUntouched)
		if !strings.HasPrefix(again.name("csv"), "orders.20") || strings.Count(again.name("csv"), "result") != 1 {
			t.Errorf("the name grows: %s", again.name("csv"))
		}
	}
	if b, err := os.ReadFile(filepath.Join(h.dir, "out", "orders."+id+".result.csv")); err != nil || string(b) != "in the way" {
		t.Errorf("what was in the way is %q now (%v)", b, err)
	}
}

// A result is dropped while files of its family are being sent, as where two people mend rows of it in the same minute. What is being sent is left
// to those, whatever was changed in it; all else goes. The whole file was refused, and what the second one had mended went nowhere.
func TestWhileTheFamilyIsBeingSent(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	opened := h.shut()
	two := h.put("failures", one.name("csv"), one.content("csv")) // DOWN7 goes again
	h.file(two, "sending")
	all := records(t, one.content("csv"))
	mended := line(all, "A4")
	mended[column(all, "accountNumber")] = "3000372"
	part := h.put("failures", one.name("csv"), encode(t, ',', all))
	h.file(part, "sending")
	line(all, "DOWN7")[column(all, "failReason")] += ", as he said"
	again := h.drop("failures", "again.csv", encode(t, ',', all))
	want := maps.Clone(afterUntouched)
	want["A4"], want["DOWN7"] = batch.Skipped, batch.Skipped
	again.want(want)
	again.says("A4", "file "+part)
	again.says("DOWN7", "file "+two+") is sending")
	opened()
	h.file(two, "reported")
	h.file(part, "reported")
	want["A4"], want["DOWN7"] = batch.Delivered, batch.Delivered
	h.drop("failures", again.name("csv"), again.content("csv")).want(want)
	h.drop("failures", one.name("xlsx"), one.content("xlsx")).want(want)
	if h.provider.executed("A4") != 1 || h.provider.executed("A2") != 1 || h.provider.executed("DOWN7") != 1 {
		t.Error(h.provider.did)
	}
}

// What another file was sending and did not bring to an end goes with the next result, as it stands there.
func TestWhatWasBeingSentIsRefused(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	opened := h.shut()
	all := records(t, one.content("csv"))
	mended := line(all, "REFUSE3")
	mended[column(all, "failReason")] += ", as he said"
	two := h.put("failures", one.name("csv"), encode(t, ',', all))
	h.file(two, "sending")
	mended[column(all, "lesBookingId")] = "A3"
	three := h.drop("failures", one.name("csv"), encode(t, ',', all))
	three.says("A3", "file "+two+") is sending")
	opened()
	h.file(two, "reported")
	h.drop("failures", three.name("csv"), three.content("csv")).says("A3", "")
	if h.provider.executed("A3") != 1 || h.provider.asked["REFUSE3"] != 2 {
		t.Error(h.provider.did, h.provider.asked)
	}
}

// A route was renamed: its results were sent on to the inbox of one that is not there.
func TestTheRouteOfAResultIsGone(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	h.stop()
	delete(h.cfg.Routes, "failures")
	h.start()
	two := h.drop("other", one.name("csv"), one.content("csv"))
	two.want(afterUntouched)
	two.says("A2", "delivered before (file "+one.ID+"), not sent again")
	h.drop("other", two.name("xlsx"), two.content("xlsx")).want(afterUntouched)
}

func TestRefused(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	if why := h.refused("other", one.name("xlsx"), one.content("xlsx")); !strings.Contains(why, "failures") {
		t.Error(why)
	}
	elsewhere := open(t, batch.English, "")
	if why := elsewhere.refused("failures", one.name("csv"), one.content("csv")); !strings.Contains(why, "remove the result columns") {
		t.Error(why)
	}
	if why := elsewhere.refused("failures", "x.xlsx", one.content("xlsx")); !strings.Contains(why, one.ID) {
		t.Error(why)
	}
	// as it says: without our columns it is a new file
	s := openSheet(t, one.content("xlsx"))
	for range resultmark.Columns() {
		if err := s.book.RemoveCol(s.name, "D"); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere.provider.heal()
	elsewhere.drop("failures", "new.xlsx", s.bytes()).want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Invalid})
	// at home it is the result still
	two := h.drop("failures", "new.xlsx", s.bytes())
	two.want(afterUntouched)
}

// People take our columns out because they think they must. While the file has the name of a result, it is one.
func TestOurColumnsTakenOutOfACSV(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	all := records(t, one.content("csv"))
	for i := range all {
		if all[i] = slices.Clone(all[i][len(resultmark.Columns()):]); all[i][1] == "A4" {
			all[i][0] = "3000372"
		}
	}
	two := h.drop("failures", one.name("csv"), encode(t, ',', all))
	two.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Delivered, "LOST6": batch.Unknown, "DOWN7": batch.Delivered, "A9": batch.Delivered})
	if two.Reading.Again == nil || h.provider.executed("A2") != 1 {
		t.Errorf("A2 was executed %d times", h.provider.executed("A2"))
	}
}

// Rows are known beside columns that nobody knows: our own under headings that a person translated, or remarks where our columns were taken out or
// did not move. All rows were held, those too that were mended.
func TestBesideUnknownColumns(t *testing.T) {
	ours := len(resultmark.Columns())
	for name, change := range map[string]func(all [][]string){
		"ours translated": func(all [][]string) {
			copy(all[0], []string{"Zeile", "Stand", "Schlüssel", "Meldung", "Zeichen", "Versuche", "Gesendet"})
		},
		"ours taken out, remarks": func(all [][]string) {
			for i := range all {
				all[i] = append(slices.Clone(all[i][ours:]), "seen")
			}
		},
		"sorted with remarks": func(all [][]string) {
			var own [][]string
			for _, rec := range all[1:] {
				own = append(own, append(slices.Clone(rec[ours:]), "seen"))
			}
			slices.Reverse(own)
			all[0] = append(all[0], "Remark")
			for i, rec := range own {
				all[i+1] = append(all[i+1][:ours:ours], rec...)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"42", "A2", "late"}, {"43", "REFUSE3", "lost"}, {"44", "A4", "storm"}, {"45", "LOST5", "fog"}}))
			all := records(t, one.content("csv"))
			line(all, "REFUSE3")[column(all, "lesBookingId")] = "M3"
			change(all)
			lost := h.provider.executed("LOST5")
			two := h.drop("failures", one.name("csv"), encode(t, ',', all))
			for id, times := range map[string]int{"A2": 1, "M3": 1, "A4": 1, "LOST5": lost} {
				if n := h.provider.executed(id); n != times {
					t.Errorf("%s was executed %d times; %s", id, n, two.lines)
				}
			}
			for status, n := range map[string]int{"delivered": 3, "unknown": 1} {
				if got := strings.Count(fmt.Sprint(two.lines), "status:"+status); got != n {
					t.Errorf("%d rows are %s: %s", got, status, two.lines)
				}
			}
		})
	}
}

// A column that the route has no use for is no change: every delivered row was told that its changes had NOT been sent, and what had been refused
// went again.
func TestColumnsBesideThatNobodyUses(t *testing.T) {
	for name, change := range map[string]func(all [][]string){
		"the index of a data frame": func(all [][]string) {
			for i := range all {
				all[i] = append([]string{fmt.Sprint(i - 1)}, all[i]...)
			}
			all[0][0] = ""
		},
		"remarks amid ours": func(all [][]string) {
			for i := range all {
				all[i] = slices.Insert(all[i], 4, "called them")
			}
			all[0][4] = "Remark"
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"42", "A2", "late"}, {"43", "REFUSE3", "lost"}, {"44", "REFUSE4", "storm"}, {"45", "LOST5", "fog"}}))
			lost := h.provider.executed("LOST5")
			all := records(t, one.content("csv"))
			line(all, "REFUSE3")[column(all, "lesBookingId")] = "M3"
			change(all)
			two := h.drop("failures", one.name("csv"), encode(t, ',', all))
			two.want(map[string]batch.Status{"A2": batch.Delivered, "M3": batch.Delivered, "REFUSE4": batch.Rejected, "LOST5": batch.Unknown})
			two.says("REFUSE4", "not changed")
			if n := h.provider.executed("LOST5"); n != lost {
				t.Errorf("LOST5 was sent again: %d times", n)
			}
			for _, id := range []string{"A2", "LOST5"} {
				if m := two.of(id)["message"]; strings.Contains(m, "changed") {
					t.Errorf("%s counts as changed: %s", id, m)
				}
			}
			all = records(t, two.content("csv"))
			line(all, "REFUSE4")[column(all, "status")] = "resend"
			n := h.provider.asked["REFUSE4"]
			h.drop("failures", two.name("csv"), encode(t, ',', all))
			if h.provider.asked["REFUSE4"] != n+1 {
				t.Error("REFUSE4 was not sent again, although a person asks for it")
			}
		})
	}
}

// People send around what they find interesting: what is left of our columns tells whose result it is, under any name.
func TestFewOfOurColumns(t *testing.T) {
	for name, keep := range map[string][]resultmark.Column{
		"a CSV without the row":          resultmark.Columns()[1:],
		"a workbook's status only":       {resultmark.Status},
		"a workbook's row only":          {resultmark.Row},
		"a workbook's reason only":       {resultmark.Message},
		"a CSV's row, status and reason": {resultmark.Row, resultmark.Status, resultmark.Message},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := first(t, h, batch.English, "csv")
			all := records(t, one.content("csv"))
			if strings.Contains(name, "workbook") {
				all = records(t, office(t, one.content("xlsx"), "csv"))
			}
			var kept [][]string
			for _, rec := range all {
				var cells []string
				for i, cell := range rec {
					c, ours := resultmark.ColumnOf(all[0][i])
					if at := slices.Index(resultmark.Columns(), resultmark.Column(all[0][i])); at >= 0 {
						c, ours = resultmark.Columns()[at], true
					}
					if !ours || slices.Contains(keep, c) {
						cells = append(cells, cell)
					}
				}
				kept = append(kept, cells)
			}
			two := h.drop("failures", "for the office.csv", encode(t, ';', kept))
			two.want(afterUntouched)
			if two.Reading.Again == nil || h.provider.executed("A2") != 1 {
				t.Errorf("A2 was executed %d times", h.provider.executed("A2"))
			}
		})
	}
}

// A heading of two rows is read as such again, though the result's marks name its last row.
func TestHeadingOfTwoRows(t *testing.T) {
	h := open(t, batch.English, `, map: {accountNumber: Shipper Account, lesBookingId: Shipper Booking, failReason: Why}`)
	all := append([][]string{{"Shipper", "", "Why"}, {"Account", "Booking", ""}}, sample(batch.English)[1:]...)
	f, err := excelize.OpenReader(bytes.NewReader(asWorkbook(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, merged := range [][2]string{{"A1", "B1"}, {"C1", "C2"}} {
		if err := f.MergeCell("Sheet1", merged[0], merged[1]); err != nil {
			t.Fatal(err)
		}
	}
	content, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	one := h.file(h.put("failures", "two.xlsx", content.Bytes()), ledger.Reported)
	r := &result{File: one, h: h}
	h.provider.heal()
	s := openSheet(t, r.content("xlsx"))
	if err := s.book.SetCellStr(s.name, fmt.Sprint("A", s.row("A4")), "3000372"); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{r.name("xlsx"): office(t, s.bytes(), "xlsx"), "as it is.xlsx": r.content("xlsx")} {
		two := h.file(h.put("failures", name, content), ledger.Reported)
		if two.Reading.Again == nil || two.Reading.Columns[0].Name != "Shipper Account" {
			t.Fatalf("%+v", two.Reading)
		}
	}
	if h.provider.executed("A2") != 1 || h.provider.executed("A4") != 1 || h.provider.requests("REFUSE3") != 1 {
		t.Errorf("A2 was executed %d times, A4 %d; REFUSE3 was sent %d times", h.provider.executed("A2"), h.provider.executed("A4"), h.provider.requests("REFUSE3"))
	}
}

// A sender's own columns may be called like ours.
func TestSendersColumnsLikeOurs(t *testing.T) {
	h := open(t, batch.English, "")
	all := sample(batch.English)
	all[0] = append(all[0], "status", "code", "note")
	for i := range all[1:] {
		all[i+1] = append(all[i+1], "open", fmt.Sprint(i), "")
	}
	h.provider.heal()
	one := h.file(h.put("failures", "orders.csv", encode(t, ',', all)), "reported")
	if len(one.Reading.Columns) != 6 || one.Reading.Ours != nil {
		t.Fatalf("%+v", one.Reading)
	}
	r := &result{File: one, h: h}
	two := h.file(h.put("failures", r.name("csv"), r.content("csv")), "reported")
	if two.Reading.Again == nil || len(two.Reading.Columns) != 6 || len(two.Reading.Ours) != 7 || two.Reading.Columns[3].Name != "status" {
		t.Fatalf("%+v", two.Reading)
	}
	if n := h.provider.executed("A2"); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

// Columns like ours, with words like ours, do not make a result of a file whose rows nobody knows.
func TestSendersRowsAndStatuses(t *testing.T) {
	h := open(t, batch.English, "")
	h.provider.heal()
	for _, day := range []string{"monday", "tuesday"} {
		r := h.file(h.put("failures", day+".csv", encode(t, ',', [][]string{append([]string{"row", "status"}, head...), {"1", "delivered", "3000372", day + "1", "late"}, {"2", "open", "3000372", day + "2", "late"}})), ledger.Reported)
		if r.Counts != (batch.Counts{Read: 2, Delivered: 2}) || r.Reading.Again != nil || len(r.Reading.Columns) != 5 {
			t.Errorf("%+v, %+v", r.Counts, r.Reading)
		}
	}
}

// A preview of what would happen is no result: nothing of it was sent.
func TestPreviewIsAnOrdinaryFile(t *testing.T) {
	h := open(t, batch.English, "")
	h.provider.heal()
	all := sample(batch.English)
	for i := range all {
		ours := []string{fmt.Sprint(i + 1), "would be sent", "", "", "", "", ""}
		if i == 0 {
			ours = []string{"row", "status", "code", "message", "reference", "attempts", "sent_at"}
		} else if all[i][0] == "" {
			ours[1], all[i][0] = "invalid", "3000372"
		}
		all[i] = append(ours, all[i]...)
	}
	r := h.drop("failures", "orders.csv", encode(t, ',', all))
	r.want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Delivered, "REFUSE3": batch.Rejected})
	r.says("A2", "")
}
