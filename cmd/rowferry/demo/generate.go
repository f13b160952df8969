//go:build ignore

// This program writes the demo's sample files anew: go run ./cmd/rowferry/demo/generate.go
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

const dir = "cmd/rowferry/demo/files"

func main() {
	log.SetFlags(0)
	all, err := providers.Builtin()
	check(err)
	check(os.MkdirAll(dir, 0o755))

	write("shipment-failures.csv", []byte("accountNumber,lesBookingId,failReason\n"+
		"3000372,LB20260001,Cargo Ready Date Is Not Null\n"+
		"3000372,LB20260002,\"Carrier rolled the booking, next vessel in a week\"\n"+
		"0300037,LB20260003-SECOND,Container not released\n"+
		"3000372,LB20260004-REFUSE,Customs hold\n"+
		",LB20260005,No account number in this row\n"+
		"3000372,LB20260006,客户取消订舱\n"))

	points := "客户查询号,类型,外部识别码\n" +
		"sh00105001,提货点,00112233\nsh00105002,送货点,00112233\nsh00105003,集散中心,00112234\n" +
		"sh00105004-REFUSE,提货点,00112235\nsh00105005,仓库,00112236\nsh00105006-SECOND,送货点,00112237\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(points)
	check(err)
	write("ship-points.csv", []byte(gb))

	aci, _ := all["hgj"].Operation("aciUpdate")
	workbook("canada-manifest.xlsx", aci, batch.English, [][]string{
		{"houseBillNo=HBL2026000001", "cargos.containerNo=ZENU2041703"},
		{"houseBillNo=HBL2026000001", "cargos.containerNo=ZENU2041719", "cargos.cargoDescription=SCREWS"},
		{"houseBillNo=HBL2026000002-SECOND"},
		{"houseBillNo=HBL2026000003-REFUSE"},
		{"houseBillNo=HBL2026000004"},
		{"houseBillNo=HBL2026000004", "cargos.cargoWeight=12.5"},
	})
	ams, _ := all["hgj"].Operation("amsUpdate")
	dates := []string{"departureDate=2036-01-14", "arrivalDate=2036-02-06"}
	workbook("us-manifest.xlsx", ams, batch.Chinese, [][]string{
		append([]string{"houseBills.houseBillNo=API17515"}, dates...),
		append([]string{"houseBills.houseBillNo=API17516SEC"}, dates...),
		append([]string{"houseBills.houseBillNo=SECOND17517"}, dates...),
		append([]string{"houseBills.houseBillNo=REFUSE17518"}, dates...),
		append([]string{"houseBills.houseBillNo=API17519", "houseBills.shipperAddress=TOO SHORT"}, dates...),
	})

	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<заявки>\n")
	for _, r := range [][3]string{{"Казань", "11110001", "Собрать до обеда"}, {"Казань", "11110002", ""}, {"Казань", "11110003", ""},
		{"Пермь", "22225035031", ""}, {"Пермь", "22220002", ""}, {"Тула", "33330001", ""}, {"Омск", "44404404", ""}, {"Омск", "44440002", ""}} {
		fmt.Fprintf(&b, "  <заявка><маршрут>%s</маршрут><requestids>%s</requestids><comment>%s</comment></заявка>\n", r[0], r[1], r[2])
	}
	b.WriteString("</заявки>\n")
	write("multi-requests.xml", b.Bytes())
}

// workbook writes rows made of the operation's example, each changed as its list says, under the labels of a language.
func workbook(name string, op *providers.Operation, l batch.Language, rows [][]string) {
	example := op.Example()[0]
	f := excelize.NewFile()
	defer f.Close()
	var head []any
	for _, field := range op.Fields {
		head = append(head, field.Label.In(l))
	}
	check(f.SetSheetRow("Sheet1", "A1", &head))
	for i, changes := range rows {
		values := map[string]string{}
		for k, v := range example {
			values[k] = v
		}
		for _, c := range changes {
			key, value, _ := bytes.Cut([]byte(c), []byte("="))
			values[string(key)] = string(value)
		}
		var line []any
		for _, field := range op.Fields {
			line = append(line, values[field.Path])
		}
		check(f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+2), &line))
	}
	check(f.SetColWidth("Sheet1", "A", "AZ", 18))
	var b bytes.Buffer
	check(f.Write(&b))
	write(name, b.Bytes())
}

func write(name string, content []byte) {
	check(os.WriteFile(filepath.Join(dir, name), content, 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
