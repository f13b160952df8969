//go:build !windows

package systems

const answer = 42
