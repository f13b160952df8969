#!/bin/sh
# Data, configuration and files of senders stay, also on purge: only a person may throw them away.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
case "$1" in
purge)
	for d in /var/lib/rowferry /srv/rowferry /etc/rowferry; do
		if [ -d "$d" ] && ! rmdir "$d" 2>/dev/null; then
			echo "rowferry: $d is kept, for it is not empty"
		fi
	done
	;;
esac
