package redrop_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowferry/rowferry/batch"
)

var spoilt = map[string]batch.Status{"A1": batch.Delivered, "B2": batch.Invalid, "A3": batch.Delivered}

// spoiltFiles are files whose row B2 is invalid for how it stands there, which a result cannot show.
func spoiltFiles(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/spoilt/*")
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	files := map[string][]byte{"rounded.xlsx": rounded(t, false), "rounded-protected.xlsx": rounded(t, true)}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// rounded is a workbook in which a number has lost its last digits. Where the sheet is protected, the result is a new workbook.
func rounded(t *testing.T, protected bool) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range [][]any{{"accountNumber", "lesBookingId", "failReason"}, {"3000372", "A1", "not ready"}, {123456789012345680, "B2", "closed"}, {"3000372", "A3", "broke"}} {
		if err := f.SetSheetRow("Sheet1", "A"+string(rune('1'+i)), &row); err != nil {
			t.Fatal(err)
		}
	}
	if protected {
		if err := f.ProtectSheet("Sheet1", &excelize.SheetProtectionOptions{Password: "secret"}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is wrong with a row as it stands in its file is wrong when the result comes back as it is, however little it shows of that: a line
// that was longer than its heading was sent with half its text.
func TestSpoiltRowsComeBack(t *testing.T) {
	for name, content := range spoiltFiles(t) {
		for _, format := range []string{"csv", "xlsx"} {
			t.Run(name+" as "+format, func(t *testing.T) {
				h := open(t, batch.English, "")
				one := h.drop("failures", name, content)
				one.want(spoilt)
				why := one.of("B2")["message"]
				two := h.drop("failures", one.name(format), one.content(format))
				two.want(spoilt)
				two.says("B2", "not changed since file "+one.ID)
				if name != "decimals.csv" && (name != "rounded.xlsx" || format != "xlsx") { // which show it themselves
					two.says("B2", why)
				}
				if name != "too-many-fields.csv" {
					return
				}
				three := h.drop("failures", two.name(format), two.content(format))
				three.want(spoilt)
				if three.of("B2")["code"] != one.of("B2")["code"] {
					t.Errorf("the code was %q and is %q", one.of("B2")["code"], three.of("B2")["code"])
				}
			})
		}
	}
}

// People leave in a result what is to be mended, or have a row in it twice.
func TestSpoiltRowsWithoutTheOthers(t *testing.T) {
	for name, content := range spoiltFiles(t) {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", name, content)
			one.want(spoilt)
			lines := strings.SplitAfter(string(one.content("csv")), "\n")
			two := h.drop("failures", one.name("csv"), []byte(lines[0]+lines[2]+lines[2]))
			for _, l := range two.lines {
				if l["status"] != string(batch.Invalid) {
					t.Errorf("%s: %s", l["status"], l["message"])
				}
			}
			if n := h.provider.executed("B2"); n != 0 || len(two.lines) != 2 {
				t.Errorf("B2 was executed %d times; %d lines", n, len(two.lines))
			}
		})
	}
}

// A person mends the row, or says that it is right as it stands.
func TestSpoiltRowsMended(t *testing.T) {
	mended := map[string]batch.Status{"A1": batch.Delivered, "B2": batch.Delivered, "A3": batch.Delivered}
	for name, content := range spoiltFiles(t) {
		t.Run(name, func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", name, content)
			text := string(one.content("csv"))
			if strings.HasPrefix(name, "rounded") {
				text = strings.Replace(text, ",123456789012345680,", ",3000399,", 1)
			} else {
				at := strings.Index(text, "B2")
				text = text[:at] + strings.Replace(text[at:], "\r\n", " and said so\r\n", 1)
			}
			h.drop("failures", one.name("csv"), []byte(text)).want(mended)
		})
		if name != "too-few-fields.csv" {
			continue
		}
		t.Run(name+", sent as it is", func(t *testing.T) {
			h := open(t, batch.English, "")
			one := h.drop("failures", name, content)
			text := strings.Replace(string(one.content("csv")), "invalid", "resend", 1)
			h.drop("failures", one.name("csv"), []byte(text)).want(mended)
		})
	}
}

// Of two cells that cannot be sent, a person mends one in the CSV. The other, which looks whole there, is no better than it was.
func TestSpoiltCellsBesideMendedOnes(t *testing.T) {
	for name, content := range map[string][]byte{"rounded.xlsx": rounded(t, false), "rounded-protected.xlsx": rounded(t, true)} {
		for _, format := range []string{"csv", "xlsx"} {
			t.Run(name+" as "+format, func(t *testing.T) {
				h := open(t, batch.English, "")
				one := h.drop("failures", name, content)
				one.want(spoilt)
				back := bytes.Replace(one.content("csv"), []byte("closed"), []byte("closed, he said"), 1)
				if format == "xlsx" {
					s := openSheet(t, one.content("xlsx"))
					s.set(3, "failReason", "closed, he said")
					back = s.bytes()
				} else {
					back = bytes.Replace(back, []byte("closed, he said"), []byte(`"closed, he said"`), 1)
				}
				two := h.drop("failures", one.name(format), back)
				two.want(spoilt)
				two.says("B2", "123456789012345680")
			})
		}
	}
}
