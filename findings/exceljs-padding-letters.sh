#!/usr/bin/env bash
# exceljs 4.4.0 (npm): a number is read as a date where its format has a letter that stands for its width, or for itself.
#
# In a number format "_D" leaves as much room as a D takes, and "\h" shows an h; neither is a part of a date. exceljs leaves out what is in quotes
# and in brackets before it looks for d, m, y, h and s, but not these. So the thousands style of Excel in German before the euro
# (_-* #,##0.00\ _D_M_-), in Finnish (_m_k) and whatever was made from such templates since gives dates of 1903 in place of prices and
# weights; so does 0.0\ \h. openpyxl 3.0.9 of Debian 12 takes "_D" for a day too, "\h" not; SheetJS, LibreOffice and Gnumeric take neither.
#
# Seen (Node 20, Linux), 1250.5 written by exceljs with each format and read by it again:
#   #,##0.00\ _D_M_   Date 1903-06-03T12:00:00.000Z      #,##0.00\ \h   Date 1903-06-03T12:00:00.000Z
#   #,##0.00\ _€_-    1250.5                             #,##0.00\ "h"  1250.5
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{"private": true, "dependencies": {"exceljs": "4.4.0"}}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts > said 2>&1 || { cat said; exit 1; }
cat > main.js <<'M'
const {Workbook} = require('exceljs');
(async () => {
  const formats = ['_-* #,##0.00\\ _D_M_-', '_-* #,##0.00\\ _€_-', '#,##0.00\\ \\h', '#,##0.00\\ "h"'];
  const written = new Workbook(), sheet = written.addWorksheet('Prices');
  for (const f of formats) sheet.addRow([1250.5]).getCell(1).numFmt = f;
  const read = new Workbook();
  await read.xlsx.load(await written.xlsx.writeBuffer());
  formats.forEach((f, i) => {
    const v = read.worksheets[0].getCell(i + 1, 1).value;
    console.log(f, '|', v instanceof Date ? 'Date ' + v.toISOString() : v);
  });
})();
M
node main.js > seen
cat seen
diff - seen <<'M'
_-* #,##0.00\ _D_M_- | Date 1903-06-03T12:00:00.000Z
_-* #,##0.00\ _€_- | 1250.5
#,##0.00\ \h | Date 1903-06-03T12:00:00.000Z
#,##0.00\ "h" | 1250.5
M
