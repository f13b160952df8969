#!/usr/bin/python3
"""Writes the workbooks of a list (JSON on standard input) with python3-xlwt (.xls) and python3-odf (.ods).

Each workbook is {"name": "1", "cells": [[row, column, kind, value], …]}, from 0; kinds are text, number, code (a number
shown with five digits), date, moment and clock (serial numbers), bool.
"""
import datetime, json, os, sys
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from odf.style import Style
from odf.number import Number, NumberStyle

FORMATS = {"code": "00000", "date": "YYYY-MM-DD", "moment": "YYYY-MM-DD HH:MM:SS", "clock": "HH:MM:SS"}


def xls(cells, path):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Данные 数据")
    styles = {k: xlwt.easyxf(num_format_str=f) for k, f in FORMATS.items()}
    for row, column, kind, value in cells:
        sheet.write(row, column, value, styles.get(kind, xlwt.Style.default_style))
    book.save(path)


def ods(cells, path):
    doc = OpenDocumentSpreadsheet()
    five = NumberStyle(name="five")
    five.addElement(Number(minintegerdigits=5, decimalplaces=0))
    doc.automaticstyles.addElement(five)
    code = Style(name="code", family="table-cell", datastylename=five)
    doc.automaticstyles.addElement(code)
    table = Table(name="Данные 数据")
    at = {(r, c): (k, v) for r, c, k, v in cells}
    for r in range(max(r for r, *_ in cells) + 1):
        row = TableRow()
        for c in range(max(c for _, c, *_ in cells) + 1):
            kind, value = at.get((r, c), (None, None))
            moment = datetime.datetime(1899, 12, 30) + datetime.timedelta(seconds=round(value * 86400)) if kind in ("date", "moment", "clock") else None
            if kind is None:
                cell = TableCell()
            elif kind == "text":
                cell = TableCell(valuetype="string")
                for line in value.split("\n"):
                    cell.addElement(P(text=line))
            elif kind == "bool":
                cell = TableCell(valuetype="boolean", booleanvalue="true" if value else "false")
            elif kind == "date":
                cell = TableCell(valuetype="date", datevalue=moment.strftime("%Y-%m-%d"))
            elif kind == "moment":
                cell = TableCell(valuetype="date", datevalue=moment.strftime("%Y-%m-%dT%H:%M:%S"))
            elif kind == "clock":
                cell = TableCell(valuetype="time", timevalue=moment.strftime("PT%HH%MM%SS"))
            else:
                cell = TableCell(valuetype="float", value=repr(value), **({"stylename": code} if kind == "code" else {}))
            row.addElement(cell)
        table.addElement(row)
    doc.spreadsheet.addElement(table)
    doc.save(path)


for book in json.load(sys.stdin):
    xls(book["cells"], os.path.join(sys.argv[1], "xlwt-%s.xls" % book["name"]))
    ods(book["cells"], os.path.join(sys.argv[1], "odfpy-%s.ods" % book["name"]))
