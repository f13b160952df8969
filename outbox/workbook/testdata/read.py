# What openpyxl sees in workbooks: sheets with their cells, fills, number formats and notes. A line that comes in is a JSON list of paths, the line
# that goes out is of them, until there is no more to ask: a start takes as long as dozens of small workbooks.
import json, sys, warnings
import openpyxl

warnings.simplefilter("ignore")

def names(book):
    defined = book.defined_names  # a dict as of openpyxl 3.1
    return defined.values() if isinstance(defined, dict) else defined.definedName

for line in sys.stdin:
    out = {}
    for path in json.loads(line):
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
    print(json.dumps(out), flush=True)
