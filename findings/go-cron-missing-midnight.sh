#!/usr/bin/env bash
# github.com/netresearch/go-cron v0.9.1: a day whose midnight is left out has no run.
#
# Its README says of a midnight that does not exist: "Automatically normalized to valid time", and a time that is left out in the middle of a
# night is run right after the change. Where clocks go forward AT midnight, as in Chile, Egypt or Lebanon, "0 0 * * *" has no run on that day
# at all: the next one is a day later.
#
# Seen (Go 1.26, Linux):
#   Europe/Berlin    30 2 * * *  after 2024-03-30 12:00: 2024-03-31 03:30, 2024-04-01 02:30   (2:30 is left out: run at 3:30)
#   America/Santiago 0 0 * * *   after 2024-09-07 12:00: 2024-09-09 00:00, 2024-09-10 00:00   (0:00 is left out: no run on the 8th)
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require github.com/netresearch/go-cron v0.9.1
M
cat > main.go <<'M'
package main

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/netresearch/go-cron"
)

func main() {
	for _, c := range []struct{ zone, fields, after string }{
		{"Europe/Berlin", "30 2 * * *", "2024-03-30 12:00"},
		{"America/Santiago", "0 0 * * *", "2024-09-07 12:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			panic(err)
		}
		schedule, err := cron.ParseStandard("CRON_TZ=" + c.zone + " " + c.fields)
		if err != nil {
			panic(err)
		}
		after, _ := time.ParseInLocation("2006-01-02 15:04", c.after, zone)
		first := schedule.Next(after)
		fmt.Println(c.zone, first.Format("2006-01-02 15:04"), schedule.Next(first).Format("2006-01-02 15:04"))
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
Europe/Berlin 2024-03-31 03:30 2024-04-01 02:30
America/Santiago 2024-09-09 00:00 2024-09-10 00:00
M
