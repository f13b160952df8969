//go:build !linux

package local

import (
	"io/fs"
	"time"
)

// Networked names the kind of network file system that holds a folder; here never known: polling finds what events miss.
func Networked(string) string { return "" }

// steady: not known here.
func steady(string) bool { return false }

// changed: not asked here.
func changed(fs.FileInfo) (time.Time, bool) { return time.Time{}, false }

type staying struct{}

// numbersStay: taken for granted here.
func (f *folder) numbersStay(fs.FileInfo) bool { return true }
