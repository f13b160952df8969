//go:build !manual

package main

import "github.com/spf13/cobra"

// manualCommands: man pages are made when packages are, and what makes them is not part of the program.
func manualCommands() []*cobra.Command { return nil }
