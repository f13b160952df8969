#!/usr/bin/python3
"""Says what python3-xlrd reads in workbooks: for each path of the arguments a line of JSON, {"B3": value, …} of its first
sheet; null where it fails on a character of two units (an emoji) that lies in two records: it decodes each by itself."""
import json, sys
import xlrd

for path in sys.argv[1:]:
    try:
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
    except UnicodeDecodeError:
        print("null")
        continue
    cells = {}
    for r in range(sheet.nrows):
        for c in range(sheet.ncols):
            if sheet.cell_type(r, c) not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                cells[xlrd.colname(c) + str(r + 1)] = sheet.cell_value(r, c)
    print(json.dumps(cells))
