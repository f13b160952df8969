#!/usr/bin/python3
"""Writes the files of this folder: the same three rows as every kind of file that people call Excel.

Needs python3-xlwt and LibreOffice. The second row has no reason, which is required.
"""
import base64, email.message, email.mime.multipart, html, quopri, struct, subprocess, zipfile
import xlwt

HEAD = ["账号", "订舱号", "失败原因"]
ROWS = [[3000372, "LB0001", "客户取消了这票货物"], [3000373, "LB0002", ""], [3000374, "00123", "Машина сломалась в пути"]]


def xls(path):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("订单")
    for r, row in enumerate([HEAD] + ROWS):
        for c, value in enumerate(row):
            if value != "":
                sheet.write(r, c, value)
    book.save(path)


def office(source, kind):
    subprocess.run(["soffice", "--headless", "--convert-to", kind, "--outdir", ".", source], check=True, stdout=subprocess.DEVNULL)


def page(path):
    with open(path, "w", encoding="gb18030", errors="strict") as f:
        f.write('<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>\n<table border="1">\n')
        for row in [HEAD] + ROWS:
            f.write("<tr>" + "".join("<td style='mso-number-format:\"\\@\"'>%s</td>" % html.escape(str(v)) for v in row) + "</tr>\n")
        f.write("</table></body></html>\n")


def single(path):
    """As Excel saves "Single File Web Page": frames, a drawing of the tabs, a page for each sheet."""
    def part(kind, location, text, charset, coding):
        p = email.message.Message()
        p["Content-Location"] = "file:///C:/3A1B/" + location
        p["Content-Transfer-Encoding"] = coding
        p["Content-Type"] = kind + ('; charset="%s"' % charset if charset else "")
        raw = text.encode(charset or "ascii")
        p.set_payload((base64.encodebytes(raw) if coding == "base64" else quopri.encodestring(raw)).decode("ascii"))
        return p

    rows = "".join("<tr>" + "".join("<td>%s</td>" % html.escape(str(v)) for v in row) + "</tr>\n" for row in [HEAD] + ROWS)
    m = email.mime.multipart.MIMEMultipart("related", boundary="----=_NextPart_01DC0000.A0000000")
    for p in [
        part("text/html", "orders.htm", '<html><head></head><frameset rows="*,39"><frame src="orders.files/sheet001.htm"></frameset></html>', "gb2312", "quoted-printable"),
        part("text/css", "orders.files/stylesheet.css", "td {padding:0px}", None, "quoted-printable"),
        part("text/html", "orders.files/tabstrip.htm", "<html><body><table><tr><td>订单</td></tr></table></body></html>", "gb2312", "quoted-printable"),
        part("text/html", "orders.files/sheet001.htm", "<html><body>\n<table>\n" + rows + "</table></body></html>\n", "gb2312", "base64"),
    ]:
        m.attach(p)
    with open(path, "w", encoding="ascii", newline="\r\n") as f:
        f.write(m.as_string())


def xml2003(path):
    def cell(v):
        if v == "":
            return "<Cell/>"
        return '<Cell><Data ss:Type="%s">%s</Data></Cell>' % ("Number" if isinstance(v, int) else "String", html.escape(str(v)))

    with open(path, "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
                '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">\n'
                '<Worksheet ss:Name="订单"><Table>\n')
        for row in [HEAD] + ROWS:
            f.write("<Row>" + "".join(cell(v) for v in row) + "</Row>\n")
        f.write("</Table></Worksheet></Workbook>\n")


def text(path):
    with open(path, "w", encoding="gb18030") as f:
        for row in [HEAD] + [[r[0], r[1], r[2]] for r in ROWS]:
            f.write("\t".join(str(v) for v in row) + "\r\n")


def xlsb(path):
    def record(number, data=b""):
        head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
        size, n = b"", len(data)
        while True:
            size += bytes([n & 0x7F | (0x80 if n > 0x7F else 0)])
            n >>= 7
            if not n:
                return head + size + data

    def wide(s):
        raw = s.encode("utf-16-le")
        return struct.pack("<I", len(raw) // 2) + raw

    texts, cells = [], b""
    for r, row in enumerate([HEAD] + ROWS):
        cells += record(0, struct.pack("<IIHBBB", r, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
        for c, value in enumerate(row):
            head = struct.pack("<II", c, 0)
            if isinstance(value, int):
                cells += record(5, head + struct.pack("<d", value))
            elif value:
                cells += record(7, head + struct.pack("<I", len(texts)))
                texts.append(value)
    office_rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", '<Types xmlns="%scontent-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>' % package)
        z.writestr("_rels/.rels", '<Relationships xmlns="%srelationships"><Relationship Id="rId1" Type="%s/officeDocument" Target="xl/workbook.bin"/></Relationships>' % (package, office_rel))
        z.writestr("xl/_rels/workbook.bin.rels", '<Relationships xmlns="%srelationships"><Relationship Id="rId1" Type="%s/worksheet" Target="worksheets/sheet1.bin"/>'
                   '<Relationship Id="rId2" Type="%s/sharedStrings" Target="sharedStrings.bin"/></Relationships>' % (package, office_rel, office_rel))
        z.writestr("xl/workbook.bin", record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("订单")) + record(144) + record(132))
        z.writestr("xl/sharedStrings.bin", record(159, struct.pack("<II", len(texts), len(texts))) + b"".join(record(19, b"\0" + wide(t)) for t in texts) + record(160))
        z.writestr("xl/worksheets/sheet1.bin", record(129) + record(145) + cells + record(146) + record(130))


def archive(path, table):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("to you/readme.txt", "Dear colleagues,\nthe failures of today.\n")
        z.write(table, "to you/" + table)


if __name__ == "__main__":
    xls("orders.xls")
    office("orders.xls", "ods")
    office("orders.xls", "fods")
    page("orders-html.xls")
    single("orders-mht.xls")
    xml2003("orders-xml.xls")
    text("orders-text.xls")
    xlsb("orders.xlsb")
    archive("orders.zip", "orders-html.xls")
