package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func simulateCommand(f *flags) *cobra.Command {
	return &cobra.Command{Use: "simulate", RunE: func(*cobra.Command, []string) error { return errors.New("not built yet") }}
}

func demoCommand(f *flags) *cobra.Command {
	return &cobra.Command{Use: "demo", RunE: func(*cobra.Command, []string) error { return errors.New("not built yet") }}
}
