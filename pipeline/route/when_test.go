package route_test

import (
	"testing"
	"time"

	"github.com/rowferry/rowferry/pipeline/route"
)

// A sentence of a result names a time as the column beside it does: in UTC or the route's zone, and says which, wherever the machine is.
func TestWhen(t *testing.T) {
	local := time.Local
	time.Local = time.FixedZone("MSK", 3*3600)
	defer func() { time.Local = local }()
	at := time.Date(2026, 11, 30, 7, 47, 9, 5, time.UTC).Local()
	if got := (&route.Route{}).When(at); got != "2026-11-30 07:47:09Z" {
		t.Errorf("%s", got)
	}
	if got := (&route.Route{Zone: time.FixedZone("", 8*3600)}).When(at); got != "2026-11-30 15:47:09+08:00" {
		t.Errorf("%s", got)
	}
}
