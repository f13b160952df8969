#!/bin/sh
# The user and the folders of the service. It is not started: without /etc/rowferry/rowferry.yaml there is nothing to do.
set -e
if ! getent group rowferry >/dev/null; then
	groupadd --system rowferry
fi
if ! getent passwd rowferry >/dev/null; then
	useradd --system --gid rowferry --home-dir /var/lib/rowferry --no-create-home --shell /usr/sbin/nologin rowferry
fi
install -d -o rowferry -g rowferry -m 0700 /var/lib/rowferry
# Who drops files and fetches results is put into the group: usermod -aG rowferry NAME
install -d -o rowferry -g rowferry -m 2770 /srv/rowferry
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	systemctl try-restart rowferry.service || true # an upgrade: the new program goes on where the old one was
fi
if [ ! -e /etc/rowferry/rowferry.yaml ]; then
	echo "rowferry: write /etc/rowferry/rowferry.yaml (an example lies in /usr/share/doc/rowferry/examples), try it with"
	echo "rowferry: \"rowferry config check -c /etc/rowferry/rowferry.yaml\", then: systemctl enable --now rowferry"
fi
