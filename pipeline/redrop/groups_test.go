package redrop_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/route"
)

var billHead = []string{"houseBillScac", "houseBillNo", "masterBillNo", "placeOfDelivery", "placeOfDeliveryCountry", "carrierScac", "movementType",
	"cargoDescription", "cargoPackage", "cargoPackageUnit", "containerNo", "nonContainerized", "cargoWeight",
	"shipperPartyName", "shipperPartyAddr", "shipperPartyCity", "shipperPartyCountry", "consigneePartyName", "consigneePartyAddr", "consigneePartyCity", "consigneePartyCountry"}

func bill(no, container string) []string {
	return []string{"8FN0", no, "MBL123456789", "VANCOUVER", "CN", "9476", "FROB", "NAILS", "1536", "CTN", container, "false", "1000",
		"SHIPPER CO", "900 ROAD", "SHANGHAI", "CN", "CONSIGNEE CO", "120 ROAD", "SUZHOU", "CN"}
}

// bills is a file of documents of two rows each; the first row of BAD lacks its weight.
func bills() [][]string {
	all := [][]string{billHead}
	for i, no := range []string{"GOOD", "REFUSE", "BAD", "LOST", "DOWN"} {
		for k := range 2 {
			all = append(all, bill(no, fmt.Sprintf("ZENU%07d", 10*i+k)))
		}
	}
	all[5][12] = ""
	return all
}

// by is the rows of a document.
func (r *result) by(no string) (lines []map[string]string) {
	for _, l := range r.lines {
		if l["houseBillNo"] == no {
			lines = append(lines, l)
		}
	}
	return lines
}

func (r *result) all(no string, s batch.Status) {
	r.h.t.Helper()
	for _, l := range r.by(no) {
		if l["status"] != string(s) {
			r.h.t.Errorf("%s row %s is %s (%s), want %s", no, l["row"], l["status"], l["message"], s)
		}
	}
}

func TestDocuments(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		t.Run(format, func(t *testing.T) {
			h := open(t, batch.English, "")
			content := encode(t, ',', bills())
			if format == "xlsx" {
				content = asWorkbook(t, bills())
			}
			one := h.drop("bills", "bills."+format, content)
			one.all("GOOD", batch.Delivered)
			one.all("REFUSE", batch.Rejected)
			one.all("LOST", batch.Unknown)
			one.all("DOWN", batch.Failed)
			if l := one.by("BAD"); l[0]["status"] != "invalid" || l[1]["status"] != "skipped" {
				t.Fatal(l)
			}
			h.provider.heal()

			asked := h.provider.asked["REFUSE"]
			two := h.drop("bills", one.name("csv"), one.content("csv"))
			two.all("GOOD", batch.Delivered)
			two.all("REFUSE", batch.Rejected)
			two.all("LOST", batch.Unknown)
			two.all("DOWN", batch.Delivered)
			if l := two.by("BAD"); l[0]["status"] != "invalid" || l[1]["status"] != "skipped" {
				t.Error(l)
			}
			if h.provider.asked["REFUSE"] != asked || h.provider.did["GOOD"] != 1 || h.provider.did["LOST"] != 1 {
				t.Error("documents that stay were sent", h.provider.asked)
			}

			all := records(t, two.content("csv"))
			no, weight := slices.Index(all[0], "houseBillNo"), slices.Index(all[0], "cargoWeight")
			seen := map[string]bool{}
			for i, rec := range all[1:] {
				first := !seen[rec[no]]
				seen[rec[no]] = true
				switch {
				case rec[no] == "GOOD" && first:
					all[i+1][weight] = "2222"
				case rec[no] == "BAD":
					all[i+1][weight] = "1000"
				case rec[no] == "LOST" && first:
					all[i+1][1] = "resend"
				}
			}
			all = slices.DeleteFunc(all, func(rec []string) bool { return rec[no] == "REFUSE" && strings.HasSuffix(rec[weight-2], "11") })
			blank := make([]string, 7)
			all = append(all, append(blank, bill("GOOD", "ZENU0000099")...), append(slices.Clone(blank), bill("NEW", "ZENU0000100")...))
			three := h.drop("bills", two.name("csv"), encode(t, ',', all))
			if l := three.by("GOOD"); len(l) != 3 || !strings.Contains(l[0]["message"], "NOT sent") || l[1]["status"] != "delivered" ||
				l[2]["status"] != "skipped" || !strings.Contains(l[2]["message"], "delivered before") {
				t.Error(l)
			}
			three.all("LOST", batch.Unknown)
			three.all("BAD", batch.Delivered)
			three.all("NEW", batch.Delivered)
			three.all("REFUSE", batch.Rejected)
			if h.provider.did["GOOD"] != 1 || h.provider.did["LOST"] != 1 || h.provider.did["DOWN"] != 1 {
				t.Error("a document was executed twice", h.provider.did)
			}
			if h.provider.asked["REFUSE"] != asked+1 {
				t.Error("a refused document that lost a row was not sent again", h.provider.asked)
			}

			all = records(t, three.content("csv"))
			for i, rec := range all {
				if rec[no] == "LOST" {
					all[i][1] = "RESEND"
				}
			}
			four := h.drop("bills", three.name("csv"), encode(t, ',', all))
			four.all("LOST", batch.Delivered)
			if h.provider.did["LOST"] != 2 || h.provider.did["GOOD"] != 1 || h.provider.did["NEW"] != 1 || h.provider.did["BAD"] != 1 {
				t.Error(h.provider.did)
			}
			if l := four.by("GOOD"); l[2]["status"] != "skipped" {
				t.Error("a row of a delivered document went", l[2])
			}
		})
	}
}

// A result is filtered to what is invalid, and mended: the row that was skipped because of it is not there, and the document went without one of
// its containers. By itself, that row was sent as the same document once more.
func TestRowsOfADocumentInFilesOfTheirOwn(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("bills", "bills.csv", encode(t, ',', bills()))
	h.provider.heal()
	back := records(t, one.content("csv"))
	const refused, late, bad, skipped, unknown = 3, 4, 5, 6, 7 // lines of the result
	back[bad][column(back, "cargoWeight")] = "1000"
	part := func(name string, lines ...int) *result {
		all := [][]string{back[0]}
		for _, i := range lines {
			all = append(all, back[i])
		}
		return h.drop("bills", name, encode(t, ',', all))
	}
	two := part("invalid.csv", bad)
	if l := two.lines[0]; l["code"] != "apart" || !strings.Contains(l["message"], "row 7 of bills.csv") || h.provider.did["BAD"] != 0 {
		t.Errorf("the document went without its other container: %v", l)
	}
	if l := h.drop("bills", two.name("csv"), two.content("csv")).lines[0]; l["code"] != "apart" || !strings.Contains(l["message"], "row 7 of bills.csv") {
		t.Errorf("dropped again as it is, it goes: %v", l)
	}
	if l := part("skipped.csv", skipped).lines[0]; l["code"] != "apart" || !strings.Contains(l["message"], "row 6 of bills.csv") {
		t.Errorf("the other half, whose document waits for it, went by itself: %v", l)
	}
	part("whole.csv", bad, skipped).all("BAD", batch.Delivered)
	if n := h.provider.containers(); n["ZENU0000020"] != 1 || n["ZENU0000021"] != 1 {
		t.Errorf("sent: %v", n)
	}

	// A row of a refused document is taken out, and the rest of it goes; the row itself is sent only if a person insists.
	back[refused][column(back, "houseBillNo")], back[late][column(back, "houseBillNo")] = "SOUND", "SOUND"
	part("refused.csv", refused).all("SOUND", batch.Delivered)
	three := part("late.csv", late, unknown)
	if l := three.lines[0]; l["code"] != "apart" || !strings.Contains(l["message"], "row 4 of bills.csv") || h.provider.did["SOUND"] != 1 {
		t.Errorf("a row of a document that was delivered went by itself: %v", l)
	}
	again := records(t, three.content("csv"))
	again[1][1] = "resend"
	h.drop("bills", three.name("csv"), encode(t, ',', again)).all("SOUND", batch.Delivered)
	if h.provider.did["SOUND"] != 2 {
		t.Error("the person's word did not count")
	}
}

// A row of an unknown document that is not valid any more stays unknown, whatever is written.
func TestUnknownAndNotValid(t *testing.T) {
	h := open(t, batch.English, "")
	one := h.drop("bills", "bills.csv", encode(t, ',', bills()))
	h.provider.heal()
	all := records(t, one.content("csv"))
	no, weight := slices.Index(all[0], "houseBillNo"), slices.Index(all[0], "cargoWeight")
	for i, rec := range all {
		if rec[no] == "LOST" {
			all[i][1], all[i][weight] = "resend", "heavy"
		}
	}
	two := h.drop("bills", one.name("csv"), encode(t, ',', all))
	two.all("LOST", batch.Unknown)
	if h.provider.did["LOST"] != 1 {
		t.Error("it was sent")
	}
}

// Rows of a file are sent again by command only as long as no result of it was dropped.
func TestResendByCommandAfterADrop(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	two := h.drop("failures", one.name("csv"), one.content("csv"))
	_, err := h.ledger.Requeue(t.Context(), one.ID, []batch.Status{batch.Unknown}, 0)
	if s, ok := errors.AsType[*ledger.Superseded](err); !ok || s.Newest != two.ID {
		t.Fatalf("%v", err)
	}
	before := h.provider.executed("LOST6")
	if _, err := h.ledger.Order(t.Context(), ledger.Order{Verb: ledger.Resend, File: two.ID, Statuses: []batch.Status{batch.Unknown}}); err != nil {
		t.Fatal(err)
	}
	h.wait("resent", func() bool {
		f, _ := h.ledger.File(t.Context(), two.ID)
		return f.Revision == 2 && f.State == ledger.Reported
	})
	f := h.file(two.ID, ledger.Reported)
	if f.Counts.Unknown != 0 || h.provider.executed("LOST6") != before+1 || h.provider.executed("A2") != 1 {
		t.Errorf("%+v, %d", f.Counts, h.provider.executed("LOST6"))
	}
	three := h.drop("failures", "later.csv", append(one.content("csv"), "\r\n"...))
	three.want(map[string]batch.Status{"LOST6": batch.Delivered})
}

// The process ends after the file was decided about and before anything of it was sent; the next one needs nothing new.
func TestGoingOnAfterAStop(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "csv")
	if err := h.ledger.PauseLane(t.Context(), "les", "closed"); err != nil {
		t.Fatal(err)
	}
	h.stop()
	h.start()
	s := openSheet(t, one.content("xlsx"))
	s.set(s.row("A4"), "accountNumber", "3000372")
	id := h.put("failures", one.name("xlsx"), s.bytes())
	if f := h.file(id, ledger.Sending); f.Open != 2 || f.Counts.Delivered != 4 {
		t.Fatalf("%+v", f)
	}
	h.stop()
	h.start()
	if _, err := h.ledger.Order(t.Context(), ledger.Order{Verb: "resume", Account: "les"}); err != nil {
		t.Fatal(err)
	}
	f := h.file(id, ledger.Reported)
	if f.Counts.Delivered != 6 || f.Counts.Pending() != 0 || h.provider.executed("A2") != 1 || h.provider.executed("A4") != 1 {
		t.Errorf("%+v", f.Counts)
	}
}

// However a result was saved, mended and dropped, a reader opens it three times at most.
func TestAResultIsOpenedThreeTimes(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "xlsx")
	routes, err := pipeline.Routes(h.cfg, "failures")
	if err != nil {
		t.Fatal(err)
	}
	s := openSheet(t, one.content("xlsx"))
	s.set(s.row("A4"), "accountNumber", "3000372")
	rows := records(t, one.content("csv"))
	slices.Reverse(rows[1:])
	configured := *routes["failures"]
	configured.Read.Encoding, configured.Read.Delimiter = "gb18030", ";"
	for name, c := range map[string]struct {
		route   *route.Route
		file    string
		content []byte
	}{
		"csv":             {routes["failures"], one.name("csv"), one.content("csv")},
		"renamed, sorted": {routes["failures"], "sorted.csv", encode(t, ';', rows)},
		"other settings":  {&configured, one.name("csv"), one.content("csv")},
		"workbook":        {routes["failures"], one.name("xlsx"), s.bytes()},
		"workbook, other": {&configured, "x.xlsx", s.bytes()},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		if err := os.WriteFile(path, c.content, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := opening.At(t.Context(), c.route, path, c.file)
		if err != nil {
			t.Fatal(err)
		}
		table, plan, err := opening.Open(t.Context(), file, redrop.Books{Ledger: h.ledger}.For(""))
		if err != nil {
			t.Fatal(name, err)
		}
		read := 0
		for _, err := range table.Rows() {
			if read++; err != nil {
				t.Error(name, err)
			}
		}
		if _, result := plan.(*redrop.Plan); !result || read != 8 || file.Opened() > 3 {
			t.Errorf("%s: %T, %d rows, opened %d times", name, plan, read, file.Opened())
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What would happen can be asked without taking the file, beside the service; the real run agrees.
func TestCheckAgrees(t *testing.T) {
	h := open(t, batch.English, "")
	one := first(t, h, batch.English, "xlsx")
	s := openSheet(t, one.content("xlsx"))
	s.set(s.row("A4"), "accountNumber", "3000372")
	s.set(s.row("A8"), "failReason", "edited")
	path := filepath.Join(t.TempDir(), one.name("xlsx"))
	if err := os.WriteFile(path, s.bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := drivers.Visit(t.Context(), drivers.SQLite(h.cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	routes, err := pipeline.Routes(h.cfg, "failures")
	if err != nil {
		t.Fatal(err)
	}
	r := routes["failures"]
	checker := check.Checker{Books: redrop.Books{Ledger: l}}
	f, report, err := checker.Report(t.Context(), r, path, one.name("xlsx"), "20260101-000000-beef")
	if err != nil || report == nil {
		t.Fatal(f, err)
	}
	if f.Sendable != 2 || f.Delivered != 4 || f.Rejected != 1 || f.Unknown != 1 || f.Rows != 8 || f.Good() {
		t.Errorf("%+v", f)
	}
	if !slices.ContainsFunc(report.Notes, func(n batch.Note) bool { return n.Message.Key == "redrop.note.result" }) {
		t.Errorf("the preview does not say whose result it is: %v", report.Notes)
	}
	var preview bytes.Buffer
	if err := csvfile.New().Write(t.Context(), &preview, *report); err != nil {
		t.Fatal(err)
	}
	would := records(t, preview.Bytes())
	two := h.drop("failures", one.name("xlsx"), s.bytes())
	for i, rec := range records(t, two.content("csv"))[1:] {
		foreseen, became := would[i+1], rec[1]
		switch {
		case foreseen[1] == "would be sent" && became == "delivered" && rec[5] != "0":
		case foreseen[1] == "skipped" && became == "delivered" && foreseen[3] == rec[3]:
		case foreseen[1] == became:
		default:
			t.Errorf("foreseen %q, became %q", foreseen[:7], rec[:7])
		}
	}
	three := h.drop("failures", "preview.csv", preview.Bytes())
	three.want(map[string]batch.Status{"A4": batch.Delivered, "LOST6": batch.Unknown})
	if three.Reading.Again == nil || h.provider.executed("A2") != 1 {
		t.Error("the preview of a result was taken for a new file")
	}
	if f, err = check.File(t.Context(), r, one.path("csv"), one.name("csv"), nil); err != nil || f.Quarantine == "" {
		t.Error("a result whose file nobody knows would be taken", err)
	}
}
