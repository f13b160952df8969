#!/bin/sh
# rowferry: args IN OUT URL CONCURRENCY RPS ROWS, as every peer. REPO is the rowferry checkout, BIN holds the binary.
set -eu
place=${STATE:-$(mktemp -d)}
server=${3%/pay}
rate=none; [ "$5" != 0 ] && rate="$5/s"
sed -e s/MOST/2000000/ -e "s#SINK#$REPO/bench/testdata/sink.yaml#" -e "s#\"URL\", concurrency: 32#\"$server\", concurrency: $4, rate: $rate#" \
	"$REPO/bench/testdata/rowferry.yaml" > "$place/rowferry.yaml"
"$BIN/rowferry" send -c "$place/rowferry.yaml" pay "$1" || true
cat "$place"/outbox/*.result.csv > "$2"
