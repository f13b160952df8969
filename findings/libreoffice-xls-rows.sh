#!/usr/bin/env bash
# LibreOffice 7.4 (Debian 12, libreoffice-calc): soffice --convert-to xls leaves out what stands behind row 65,536, and ends as if all were well.
#
# A sheet of an .xls has no more rows. In its window LibreOffice says so when such a file is saved; its converter, which programs and scripts
# call, prints the same line as ever and ends with 0. What is lost are the last orders of a long export, and the file that comes out is whole
# and sound, so that only its being full to the last row gives it away. Gnumeric's converter (ssconvert) at least writes a warning.
#
# Seen (soffice 7.4.7.2), a CSV of 70,000 rows to .xls, and that back to CSV:
#   exit 0, no word of rows; 65536 rows, the last one is order 65536
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
seq -f 'order %.0f,Bonn' 70000 > orders.csv
convert() { soffice -env:UserInstallation="file://$dir/profile" --headless --convert-to "$1" --outdir "$2" "$3" > said 2>&1; }
code=0; convert xls . orders.csv || code=$?
echo "exit $code" > seen
grep -ciE 'row|lost|cut|too (many|long|large)' said >> seen || true
convert csv back orders.xls
wc -l < back/orders.csv >> seen
tail -n 1 back/orders.csv >> seen
cat seen
diff - seen <<'M'
exit 0
0
65536
order 65536,Bonn
M
