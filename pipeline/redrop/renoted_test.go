package redrop_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
)

// typed is a workbook with numbers and dates as Excel keeps them.
func typed(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	style := func(s string) int {
		n, err := f.NewStyle(&excelize.Style{CustomNumFmt: &s})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	day, money, many := style("dd/mm/yyyy"), style("#,##0.00"), style("#,##0")
	for i, h := range []string{"accountNumber", "lesBookingId", "failReason", "ETD", "Price"} {
		cell, _ := excelize.CoordinatesToCellName(i+1, 1)
		_ = f.SetCellValue("Sheet1", cell, h)
	}
	for i, id := range []string{"A2", "REFUSE3", "A4", "REFUSE5", "DOWN6", "A7"} {
		row := i + 2
		for c, v := range map[string]any{"A": 3000372, "B": id, "C": "late", "D": time.Date(2026, 3, 3+i, 0, 0, 0, 0, time.UTC), "E": 1234.5 + float64(i)} {
			if err := f.SetCellValue("Sheet1", fmt.Sprint(c, row), v); err != nil {
				t.Fatal(err)
			}
		}
		for c, s := range map[string]int{"A": many, "D": day, "E": money} {
			if err := f.SetCellStyle("Sheet1", fmt.Sprint(c, row), fmt.Sprint(c, row), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.SetCellStr("Sheet1", "C4", ""); err != nil { // A4 is not valid
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shown is the sheet as Excel saves it as CSV: what the cells show.
func shown(t *testing.T, content []byte) [][]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i] = append(rows[i], make([]string, len(rows[0])-len(rows[i]))...)
	}
	return rows
}

func column(all [][]string, heading string) int { return slices.Index(all[0], heading) }

func line(all [][]string, id string) []string {
	return all[slices.IndexFunc(all, func(rec []string) bool { return slices.Contains(rec, id) })]
}

// A program that saves a workbook as CSV writes dates and numbers in its own way. Nobody changed them: what was refused is not
// sent again, and what is sent has the values that the workbook had.
func TestSavedAsCSVWithDatesAndNumbers(t *testing.T) {
	for name, save := range map[string]func(t *testing.T, content []byte) [][]string{
		"as Excel shows it": shown,
		"as Excel shows it, sorted": func(t *testing.T, content []byte) [][]string {
			all := shown(t, content)
			slices.Reverse(all[1:])
			return all
		},
		"by LibreOffice": func(t *testing.T, content []byte) [][]string { return records(t, office(t, content, "csv")) },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", "typed.xlsx", typed(t))
			one.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Invalid, "REFUSE5": batch.Rejected, "DOWN6": batch.Failed, "A7": batch.Delivered})
			h.provider.heal()
			all := save(t, one.content("xlsx"))
			line(all, "A4")[column(all, "failReason")] = "late"
			two := h.drop("failures", strings.Replace(one.name("xlsx"), ".xlsx", ".csv", 1), encode(t, ';', all))
			two.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Delivered, "REFUSE5": batch.Rejected, "DOWN6": batch.Delivered, "A7": batch.Delivered})
			two.says("A2", "not sent again")
			for _, id := range []string{"REFUSE3", "REFUSE5"} {
				two.says(id, "not changed since it was refused")
				if n := h.provider.requests(id); n != 1 {
					t.Errorf("%s was sent %d times although nobody changed it", id, n)
				}
			}
			for _, id := range []string{"A4", "DOWN6"} {
				if body := h.provider.body(id); !strings.Contains(body, `"3000372"`) {
					t.Errorf("%s was sent as %s", id, body)
				}
			}
			if strings.Contains(two.of("A2")["message"], "changed") {
				t.Errorf("A2: %s", two.of("A2")["message"])
			}
			noted := slices.ContainsFunc(two.Reading.Notes, func(n batch.Note) bool { return n.Message.Key == "redrop.note.renoted" })
			if !noted {
				t.Errorf("it is not told: %v", two.Reading.Notes)
			}

			// The same once more with the result of that.
			all = records(t, two.content("csv"))
			line(all, "REFUSE5")[column(all, "lesBookingId")] = "B5"
			three := h.drop("failures", two.name("csv"), encode(t, '\t', all))
			three.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Delivered, "B5": batch.Delivered})
			if body := h.provider.body("B5"); !strings.Contains(body, `"3000372"`) || h.provider.requests("REFUSE3") != 1 {
				t.Errorf("B5 was sent as %s, REFUSE3 %d times", body, h.provider.requests("REFUSE3"))
			}
		})
	}
}

// What a person writes anew in the rows that are to be mended is a change, whatever it looks like.
func TestWrittenAnewByAPerson(t *testing.T) {
	h := open(t, batch.English, "")
	all := [][]string{head, {"0042", "A2", "late"}, {"0042", "REFUSE3", "late"}, {"0042", "REFUSE4", "late"}}
	one := h.drop("failures", "orders.csv", encode(t, ',', all))
	all = records(t, one.content("csv"))
	line(all, "REFUSE3")[column(all, "accountNumber")] = "42"
	two := h.drop("failures", one.name("csv"), encode(t, ',', all))
	if n := h.provider.requests("REFUSE3"); n != 2 {
		t.Errorf("REFUSE3 was sent %d times, want once more: a person changed it. %s", n, two.of("REFUSE3")["message"])
	}

	// Excel takes the zeros of all rows when it opens a CSV: what is sent has them.
	for _, rec := range all[1:] {
		rec[column(all, "accountNumber")] = "42"
	}
	line(all, "REFUSE4")[column(all, "lesBookingId")] = "A4"
	line(all, "REFUSE3")[column(all, "failReason")] = "lost"
	three := h.drop("failures", "from excel "+one.name("csv"), encode(t, ';', all))
	three.want(map[string]batch.Status{"A2": batch.Delivered, "A4": batch.Delivered})
	three.says("A2", "not sent again")
	if body := h.provider.body("A4"); !strings.Contains(body, `"0042"`) {
		t.Errorf("A4 was sent as %s", body)
	}
}

// Who opens a result in CSV, mends it and saves it as a workbook has numbers, dates and truth where the sender wrote texts. Nobody
// changed them: what was refused is not sent again, and what is sent has its zeros.
func TestSavedAsWorkbook(t *testing.T) {
	for name, save := range map[string]func(t *testing.T, all [][]string) []byte{
		"by LibreOffice": func(t *testing.T, all [][]string) []byte { return office(t, encode(t, ',', all), "xlsx") },
		"by Excel":       func(t *testing.T, all [][]string) []byte { return asTyped(t, all) },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			all := [][]string{{"accountNumber", "lesBookingId", "failReason", "Day", "Phone", "Code", "Paid", "House"}}
			for _, id := range []string{"A2", "REFUSE3", "REFUSE4"} {
				all = append(all, []string{"0042", id, "late", "31.01.2030", "+4930123456", "12E5", "true", "12/3"})
			}
			one := h.drop("failures", "orders.csv", encode(t, ',', all))
			all = records(t, one.content("csv"))
			line(all, "REFUSE4")[column(all, "lesBookingId")] = "A4"
			two := h.drop("failures", strings.Replace(one.name("csv"), ".csv", ".xlsx", 1), save(t, all))
			two.want(map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Delivered})
			if body := h.provider.body("A4"); !strings.Contains(body, `"0042"`) {
				t.Errorf("A4 was sent as %s", body)
			}
			if n := h.provider.requests("REFUSE3"); n != 1 {
				t.Errorf("REFUSE3 was sent %d times although nobody changed it", n)
			}
			two.says("A2", "not sent again")
			if m := two.of("A2")["message"]; strings.Contains(m, "changed") {
				t.Errorf("A2: %s", m)
			}
		})
	}
}

// asTyped is a workbook that has what Excel makes of the texts of a CSV where dates have points.
func asTyped(t *testing.T, all [][]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, rec := range all {
		cells := make([]any, len(rec))
		for c, text := range rec {
			cells[c] = text
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				cells[c] = n
			} else if day, err := time.Parse("02.01.2006", text); err == nil {
				cells[c] = day
			} else if day, err := time.Parse("1/2", text); err == nil {
				cells[c] = day.AddDate(2026, 0, 0)
			} else if text == "true" {
				cells[c] = true
			}
		}
		if err := f.SetSheetRow("Sheet1", fmt.Sprint("A", i+1), &cells); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// LibreOffice keeps 15 digits of a number that it finds in a CSV. What is sent afterwards, and what is known as delivered, is the number
// that the sender wrote, whatever was saved.
func TestLongNumbers(t *testing.T) {
	for _, as := range []string{"csv", "xlsx"} {
		t.Run(as, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"123456789012345678", "REFUSE1", "late"}, {"1234567890123456", "REFUSE2", "late"}, {"123456789012345678", "A3", "late"}}))
			h.provider.heal()
			all := records(t, one.content("csv"))
			for i, id := range []string{"REFUSE1", "REFUSE2"} {
				line(all, id)[column(all, "lesBookingId")] = fmt.Sprint("B", i+1)
			}
			saved := bytes.ReplaceAll(encode(t, ',', all), []byte("123456789012345678"), []byte("1.23456789012346E+017"))
			if as == "xlsx" {
				saved = office(t, encode(t, ',', all), as)
			}
			two := h.drop("failures", strings.Replace(one.name("csv"), ".csv", "."+as, 1), saved)
			two.want(map[string]batch.Status{"B1": batch.Delivered, "B2": batch.Delivered, "A3": batch.Delivered})
			for id, number := range map[string]string{"B1": `"123456789012345678"`, "B2": `"1234567890123456"`} {
				if body := h.provider.body(id); !strings.Contains(body, number) {
					t.Errorf("%s was sent as %s", id, body)
				}
			}
			if n := h.provider.requests("A3"); n != 1 {
				t.Errorf("A3 was sent %d times", n)
			}
		})
	}
}

func (p *provider) requests(id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[id]
}

func (p *provider) body(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bodies[id]
}

// A result tells of rows in any sheet of a workbook.
func TestAnySheet(t *testing.T) {
	for name, read := range map[string]string{"by its number": `, read: {sheet: "2"}`, "by its name": `, read: {sheet: Orders}`, "the first that has data": ""} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, read)
			f := excelize.NewFile()
			defer f.Close()
			if _, err := f.NewSheet("Orders"); err != nil {
				t.Fatal(err)
			}
			sheet := "Orders" // the first one is blank
			if read == "" {
				sheet = "Sheet1"
			}
			for i, rec := range sample(batch.English) {
				if err := f.SetSheetRow(sheet, fmt.Sprint("A", i+1), &rec); err != nil {
					t.Fatal(err)
				}
			}
			b, err := f.WriteToBuffer()
			if err != nil {
				t.Fatal(err)
			}
			one := h.drop("failures", "week.xlsx", b.Bytes())
			h.provider.heal()
			s := openSheet(t, one.content("xlsx"))
			s.name = sheet
			s.set(s.row("A4"), "accountNumber", "3000372")
			want := map[string]batch.Status{"A2": batch.Delivered, "REFUSE3": batch.Rejected, "A4": batch.Delivered, "LOST6": batch.Unknown, "DOWN7": batch.Delivered}
			two := h.drop("failures", one.name("xlsx"), office(t, s.bytes(), "xlsx"))
			two.want(want)
			three := h.drop("failures", "another name.csv", encode(t, ';', records(t, two.content("csv"))))
			three.want(want)
			if three.Reading.Again == nil || h.file(three.ID, ledger.Reported).Reading.Again.Base != two.ID {
				t.Errorf("%+v", three.Reading.Again)
			}
		})
	}
}

// A program took the zeros off all rows, and a person cleared the numbers of some: they are known all the same, and what is sent has its zeros.
func TestZerosLostBesideNoNumber(t *testing.T) {
	for name, cleared := range map[string][]string{"one": {"A2"}, "some": {"A2", "REFUSE3"}} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			all := [][]string{head, {"0042", "A2", "late"}, {"0043", "A3", "lost"}, {"0044", "REFUSE3", "late"}}
			one := h.drop("failures", "orders.csv", encode(t, ',', all))
			all = records(t, one.content("csv"))
			account := column(all, "accountNumber")
			for _, rec := range all[1:] {
				rec[account] = strings.TrimLeft(rec[account], "0")
			}
			copied := slices.Clone(line(all, "A2"))
			copied[0], copied[column(all, "lesBookingId")] = "", "A9"
			all = append(all, copied)
			for _, id := range cleared {
				line(all, id)[0] = ""
			}
			two := h.drop("failures", one.name("csv"), encode(t, ',', all))
			two.want(map[string]batch.Status{"A2": batch.Delivered, "A3": batch.Delivered, "A9": batch.Delivered, "REFUSE3": batch.Rejected})
			if n := h.provider.executed("A2"); n != 1 {
				t.Errorf("A2 was sent %d times; %s", n, two.of("A2")["message"])
			}
			if n := h.provider.requests("REFUSE3"); n != 1 {
				t.Errorf("REFUSE3 was sent %d times; %s", n, two.of("REFUSE3")["message"])
			}
			if body := h.provider.body("A9"); !strings.Contains(body, `"0042"`) {
				t.Errorf("A9 was sent as %s", body)
			}
		})
	}
}

// People leave in a result only what is to be mended, and a program takes the zeros off what is left: no row that was sent shows it.
func TestZerosLostWithoutRowsThatWereSent(t *testing.T) {
	drop := func(t *testing.T, change func(refused [][]string, account int)) (*house, *result) {
		h := open(t, batch.English, "")
		one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"0042", "A2", "late"}, {"0043", "REFUSE3", "late"}, {"0044", "REFUSE4", "lost"}}))
		all := records(t, one.content("csv"))
		account := column(all, "accountNumber")
		left := append(all[:1:1], all[2:]...)
		for _, rec := range left[1:] {
			rec[account] = strings.TrimLeft(rec[account], "0")
		}
		change(left, account)
		return h, h.drop("failures", one.name("csv"), encode(t, ',', left))
	}
	t.Run("as they were", func(t *testing.T) {
		h, two := drop(t, func([][]string, int) {})
		two.want(map[string]batch.Status{"REFUSE3": batch.Rejected, "REFUSE4": batch.Rejected})
		if n := h.provider.requests("REFUSE3"); n != 1 {
			t.Errorf("REFUSE3 was sent %d times; %s", n, two.of("REFUSE3")["message"])
		}
	})
	t.Run("mended", func(t *testing.T) {
		h, _ := drop(t, func(left [][]string, _ int) { line(left, "REFUSE3")[column(left, "lesBookingId")] = "B3" })
		if body := h.provider.body("B3"); !strings.Contains(body, `"0043"`) {
			t.Errorf("B3 was sent as %s", body)
		}
	})
	t.Run("a person's doing", func(t *testing.T) {
		h, two := drop(t, func(left [][]string, account int) { line(left, "REFUSE4")[account] = "0044" })
		if n := h.provider.requests("REFUSE3"); n != 2 {
			t.Errorf("REFUSE3 was sent %d times; %s", n, two.of("REFUSE3")["message"])
		}
	})
}

// Zeros are known to be lost also where our columns were taken out and only rows that were not sent had any.
func TestZerosLostWithoutOurColumns(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"42", "A2", "late"}, {"0043", "REFUSE3", "lost"}, {"44", "A4", "storm"}}))
	all := records(t, one.content("csv"))
	line(all, "REFUSE3")[column(all, "lesBookingId")] = "M3"
	bare(all)
	for i := range all {
		all[i] = all[i][7:]
	}
	h.drop("failures", one.name("csv"), encode(t, ',', all))
	for id, account := range map[string]string{"A2": "42", "M3": "0043", "A4": "44"} {
		if n := h.provider.executed(id); n != 1 || !strings.Contains(h.provider.body(id), `"`+account+`"`) {
			t.Errorf("%s was sent %d times, as %s", id, n, h.provider.body(id))
		}
	}
}

// A row that a person put in has the zeros that its column has: a program took them off it too, and it shares no other value with any row.
func TestZerosLostOfNewRows(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"0042", "A2", "late"}, {"0042", "A3", "late"}, {"51", "A4", "late"}, {"0051", "A5", "late"}}))
	all := records(t, one.content("csv"))
	for id, account := range map[string]string{"B1": "42", "B2": "51", "B3": "63"} {
		rec := make([]string, len(all[0]))
		copy(rec[column(all, "accountNumber"):], []string{account, id, "late"})
		all = append(all, rec)
	}
	for _, rec := range all[1:] {
		rec[column(all, "accountNumber")] = strings.TrimLeft(rec[column(all, "accountNumber")], "0")
	}
	two := h.drop("failures", one.name("csv"), encode(t, ';', all))
	two.want(map[string]batch.Status{"A2": batch.Delivered, "A5": batch.Delivered, "B1": batch.Delivered, "B2": batch.Delivered, "B3": batch.Delivered})
	for id, account := range map[string]string{"B1": "0042", "B2": "51", "B3": "63"} {
		if body := h.provider.body(id); !strings.Contains(body, `"`+account+`"`) {
			t.Errorf("%s was sent as %s", id, body)
		}
	}
}

// A row that a result brought has its zeros also in the results of that result: a copy whose number a person clears, one that was refused and is
// mended, and one that could not be delivered. Nothing of them stands in the family's first file.
func TestZerosLostOfRowsThatAResultBrought(t *testing.T) {
	for name, order := range map[string]func(rec []string){
		"columns as they were":     func([]string) {},
		"columns in another order": func(rec []string) { rec[7], rec[9] = rec[9], rec[7] },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			r := h.drop("failures", "orders.csv", encode(t, ',', [][]string{head, {"003000", "A1", "late"}, {"003001", "A2", "storm"}, {"003002", "A3", "strike"}}))
			all := records(t, r.content("csv"))
			copied, refused, down := slices.Clone(line(all, "A1")), slices.Clone(line(all, "A2")), slices.Clone(line(all, "A3"))
			for id, rec := range map[string][]string{"REFUSE4": refused, "DOWN5": down} {
				copy(rec, []string{"", "", "", "", "", "", ""})
				rec[column(all, "lesBookingId")] = id
			}
			all = append(all, copied, refused, down)
			bare(all)
			for _, rec := range all {
				order(rec)
			}
			r = h.drop("failures", r.name("csv"), encode(t, ',', all))
			r.want(map[string]batch.Status{"REFUSE4": batch.Rejected, "DOWN5": batch.Failed})
			h.provider.heal()
			all = records(t, r.content("csv"))
			all[4][0] = "" // the copy
			line(all, "REFUSE4")[column(all, "lesBookingId")] = "M4"
			bare(all)
			h.drop("failures", r.name("csv"), encode(t, ',', all))
			for id, want := range map[string]int{"A1": 2, "A2": 1, "A3": 1, "M4": 1, "DOWN5": 1} {
				account := map[string]string{"A1": "003000", "A2": "003001", "A3": "003002", "M4": "003001", "DOWN5": "003002"}[id]
				if n := h.provider.executed(id); n != want || !strings.Contains(h.provider.body(id), `"`+account+`"`) {
					t.Errorf("%s was sent %d times, as %s; want %d times, with %s", id, n, h.provider.body(id), want, account)
				}
			}
		})
	}
}

// What a program made of texts when it saved a result as CSV is no change, and what goes again goes as its sender wrote it: letters that the
// encoding has not, house numbers that became days, days by the names of their months, numbers with a point that
// became thousands or days, truths in the program's language.
func TestTextsThatAProgramSpoilt(t *testing.T) {
	for name, of := range map[string]map[string][2]string{
		"letters": {"A1": {"张伟", "??"}, "REFUSE2": {"Łódź", "?ód?"}, "DOWN3": {"Иван", "????"}, "REFUSE4": {"München, ul. Żabia", "München, ul. ?abia"}, "A5": {"naïve 😀", "naïve ??"}},
		"houses":  {"A1": {"12/3", "3-Dec"}, "REFUSE2": {"5/6", "6-May"}, "DOWN3": {"7-8", "8-Jul"}, "REFUSE4": {"12/45", "Dec-45"}, "A5": {"1/2", "2-Jan"}},
		"months":  {"A1": {"31 Jan 2026", "31-Jan-26"}, "REFUSE2": {"28 Feb 2026", "28-Feb-26"}, "DOWN3": {"1 Mar 2026", "1-Mar-26"}, "REFUSE4": {"4 Apr 2026", "4-Apr-26"}, "A5": {"5 May 2026", "5-May-26"}},
		"points":  {"A1": {"1.234", "1234"}, "REFUSE2": {"12.345", "12345"}, "DOWN3": {"1.5", "01. Mai"}, "REFUSE4": {"2.25", "Feb 25"}, "A5": {"3.75", "Mrz 75"}},
		"truths":  {"A1": {"true", "WAHR"}, "REFUSE2": {"false", "FALSCH"}, "DOWN3": {"true", "WAHR"}, "REFUSE4": {"false", "FALSCH"}, "A5": {"True", "WAHR"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			all := [][]string{head}
			for _, id := range []string{"A1", "REFUSE2", "DOWN3", "REFUSE4", "A5"} {
				all = append(all, []string{"300037", id, of[id][0]})
			}
			r := h.drop("failures", "orders.csv", encode(t, ',', all))
			h.provider.heal()
			all = records(t, r.content("csv"))
			for id, texts := range of {
				line(all, id)[column(all, "failReason")] = texts[1]
			}
			line(all, "REFUSE2")[column(all, "lesBookingId")] = "M2"
			r = h.drop("failures", r.name("csv"), encode(t, ',', all))
			r.want(map[string]batch.Status{"A1": batch.Delivered, "M2": batch.Delivered, "DOWN3": batch.Delivered, "REFUSE4": batch.Rejected, "A5": batch.Delivered})
			for id, was := range map[string]string{"M2": "REFUSE2", "DOWN3": "DOWN3"} {
				if body := h.provider.body(id); !strings.Contains(body, `"`+of[was][0]+`"`) {
					t.Errorf("%s was sent as %s, want %s", id, body, of[was][0])
				}
			}
			r.says("REFUSE4", "not changed")
			if l := r.of("A1"); strings.Contains(l["message"], "NOT sent") {
				t.Errorf("A1 counts as changed: %s", l["message"])
			}
		})
	}
}
