package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"rate", "retry", "time_zone", "clientReferenceNumber", "提货点"}
	for word, want := range map[string]string{
		"ratte": "rate", "tiem-zone": "time_zone", "timezone": "time_zone", "Client reference number": "clientReferenceNumber",
		"提货": "提货点", "rtery": "retry", "password": "", "": "", strings.Repeat("rate", 1<<20): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.30s: %q, want %q", word, got, want)
		}
	}
}
