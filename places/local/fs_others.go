//go:build !linux

package local

// networked cannot tell on this system; polling finds what events miss.
// Networked names the kind of network file system that holds a folder; "" where that is not known.
func Networked(string) string { return "" }

func networked(string) string { return "" }
