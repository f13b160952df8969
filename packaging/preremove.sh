#!/bin/sh
# Removed, not upgraded: the service ends softly.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now rowferry.service || true
	fi
	;;
esac
