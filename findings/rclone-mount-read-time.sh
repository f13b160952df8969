#!/usr/bin/env bash
# rclone 1.60.1 (Debian 12), mount --vfs-cache-mode writes: opening a file to read it changes its time of modification, for a while.
#
# Whoever compares size and time before and after a copy, to know that the file stayed the same, finds a later one while it is open, by its
# handle and by its name, as long as it waits for its upload (--vfs-write-back, 5 s unless set). When it is closed the time goes back to when
# it was written; the kernel may show the other one for a second more (--attr-timeout). So a file that nobody touches seems to be written
# whenever somebody reads it. (That times of mounts lag behind and get lost is known in several of rclone's issues; that reading moves
# them is not among those found.)
#
# Seen (Linux, as root, with /dev/fuse), a file that was written and closed two seconds ago:
#   opened to be read: later than before true, by its name too true · closed again: as before true · opened after the upload: as before true
set -euo pipefail
dir=$(mktemp -d); cd "$dir"; mkdir there here cache deb
(cd deb; apt-get download -q rclone=1.60.1+dfsg-2+b5 fuse3=3.14.0-4 libfuse3-3=3.14.0-4 > said 2>&1 || { cat said; exit 1; }; for p in *.deb; do dpkg -x "$p" .; done)
export PATH="$dir/deb/usr/bin:$dir/deb/bin:$PATH" LD_LIBRARY_PATH="$dir/deb/lib/x86_64-linux-gnu:$dir/deb/usr/lib/x86_64-linux-gnu"
trap 'fusermount -u "$dir/here" || true; wait; cd /; rm -rf "$dir"' EXIT
RCLONE_CONFIG="$dir/none" rclone mount "$dir/there" "$dir/here" --vfs-cache-mode writes --vfs-write-back 8s --attr-timeout 10ms --cache-dir "$dir/cache" 2> said &
for _ in $(seq 200); do ! mountpoint -q here || break; sleep 0.1; done
mountpoint -q here || { cat said; exit 1; }
when() { stat -L -c %Y%y "$1"; }
echo 'order,city' > here/orders.csv
sleep 2
before=$(when here/orders.csv)
later() { [[ $(stat -L -c %Y "$1") -gt ${before:0:10} ]] && echo true || echo false; }
as_before() { [[ $(when "$1") == "$before" ]] && echo true || echo false; }
exec 3< here/orders.csv
cat <&3 > /dev/null
sleep 0.2
echo "opened to be read: later than before $(later /dev/fd/3), by its name too $(later here/orders.csv)" > seen
exec 3<&-
sleep 0.2
echo "closed again: as before $(as_before here/orders.csv)" >> seen
for _ in $(seq 300); do [ ! -s there/orders.csv ] || break; sleep 0.1; done
sleep 2
exec 3< here/orders.csv
echo "opened after the upload: as before $(as_before /dev/fd/3)" >> seen
exec 3<&-
cat seen
diff - seen <<'M'
opened to be read: later than before true, by its name too true
closed again: as before true
opened after the upload: as before true
M
