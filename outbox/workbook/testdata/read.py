# What openpyxl sees in a workbook, as JSON: sheets with their cells, fills, number formats and notes; custom properties.
import json, sys, warnings
import openpyxl

warnings.simplefilter("ignore")

def names(book):
    defined = book.defined_names  # a dict as of openpyxl 3.1
    return defined.values() if isinstance(defined, dict) else defined.definedName

out = {}
for path in sys.argv[1:]:
    try:
        book = openpyxl.load_workbook(path)
    except Exception as e:
        out[path] = {"error": "%s: %s" % (type(e).__name__, e)}
        continue
    sheets = {}
    for s in book.worksheets:
        cells = {}
        for row in s.iter_rows():
            for c in row:
                if c.value is None and c.comment is None and not c.has_style:
                    continue
                cells[c.coordinate] = {
                    "value": None if c.value is None else str(c.value),
                    "kind": c.data_type,
                    "fill": c.fill.fgColor.rgb if c.fill is not None and c.fill.fill_type == "solid" and isinstance(c.fill.fgColor.rgb, str) else "",
                    "format": c.number_format,
                    "bold": bool(c.font and c.font.b),
                    "note": c.comment.text if c.comment else "",
                }
        sheets[s.title] = {
            "state": s.sheet_state, "cells": cells, "frozen": s.freeze_panes, "filter": s.auto_filter.ref,
            "widths": {k: d.width for k, d in s.column_dimensions.items()},
            "merged": sorted(str(m) for m in s.merged_cells.ranges),
            "tables": sorted(s.tables), "images": len(s._images), "validations": len(s.data_validations.dataValidation),
        }
    out[path] = {"sheets": sheets, "order": book.sheetnames, "active": book.active.title if book.active else "",
                 "names": sorted(n.name for n in names(book))}
json.dump(out, sys.stdout)
