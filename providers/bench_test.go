package providers

import (
	"os"
	"testing"
	"time"
)

// A request of the largest documents is checked in well under a millisecond.
func BenchmarkCheck(b *testing.B) {
	all, err := Builtin()
	if err != nil {
		b.Fatal(err)
	}
	for id, file := range map[string]string{"aciUpdate": "hgj-aci-request.json", "amsUpdate": "hgj-ams-request.json"} {
		body, err := os.ReadFile("testdata/examples/" + file)
		if err != nil {
			b.Fatal(err)
		}
		op := operation(b, all["hgj"], id)
		b.Run(id, func(b *testing.B) {
			for b.Loop() {
				op.Check(body, CheckContext{Now: time.Now()})
			}
		})
	}
}
