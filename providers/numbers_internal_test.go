package providers

import "testing"

// What is measured is told by its name, wherever in the document; what may be below zero, too.
func TestMeasures(t *testing.T) {
	for path, want := range map[string]bool{"weight": true, "cargos.grossWeight": true, "details.weight.value": true, "GROSS-WEIGHT": true, "volume_m3": true, "houseBills.containers.volume": true,
		"weightDifference": false, "temperature": false, "amount": false, "shipments.weight.unit.price": false, "volumetric": false, "lengthwise": false} {
		if measures(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
