//go:build !linux

package local

import (
	"io/fs"
	"time"
)

// networked cannot tell on this system; polling finds what events miss.
// Networked names the kind of network file system that holds a folder; "" where that is not known.
func Networked(string) string { return "" }

func networked(string) string { return "" }

// steady: not known here.
func steady(string) bool { return false }

// changed: not asked here.
func changed(fs.FileInfo) (time.Time, bool) { return time.Time{}, false }
