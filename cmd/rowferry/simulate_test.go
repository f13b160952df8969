package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/simulator"
)

// The help names every fault that there is.
func TestHelpNamesEveryFault(t *testing.T) {
	help := simulateCommand(&flags{}).Long
	for f := range reflect.TypeFor[simulator.Faults]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(help, name) {
			t.Errorf("%s is not explained", name)
		}
	}
}
