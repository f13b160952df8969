//go:build unix

package slab

import "syscall"

// mapping is n bytes from the system, nil where it gives none.
func mapping(n int) []byte {
	all, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return all
}

// unmap gives them back. It cannot fail: they are a mapping, and whole.
func unmap(all []byte) { _ = syscall.Munmap(all) }
