package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rowferry/rowferry/spelling"
)

// many is no upper bound of arguments.
const many = 1 << 30

// takes checks that there are from least to most arguments and says what they are.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s needs %s\nUsage: %s", c.CommandPath(), what, c.UseLine())
		case len(args) > most && most == 0:
			return fmt.Errorf("%s takes no arguments, but was given: %s\nUsage: %s", c.CommandPath(), strings.Join(args, " "), c.UseLine())
		case len(args) > most:
			return fmt.Errorf("%s takes only %s, but was given: %s\nUsage: %s", c.CommandPath(), what, strings.Join(args, " "), c.UseLine())
		}
		return nil
	}
}

// subcommands is the check of a command whose arguments can only be the names of those below it.
func subcommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, one := range c.Commands() {
		names = append(names, one.Name())
	}
	if near := spelling.Nearest(args[0], names); near != "" {
		return fmt.Errorf("%s has no command %q; did you mean %q?", c.CommandPath(), args[0], near)
	}
	return fmt.Errorf("%s has no command %q; it has: %s", c.CommandPath(), args[0], strings.Join(names, ", "))
}

// families has a command that has others below it refuse all that is none of them. One that does nothing itself shows its help, and no more: an
// order of a name that there is not must not look as if it had been carried out.
func families(c *cobra.Command) {
	if !c.HasSubCommands() {
		return
	}
	c.Args = subcommands
	if !c.Runnable() {
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

// flagMistake says what is wrong with a flag, and which one was probably meant.
func flagMistake(c *cobra.Command, err error) error {
	see := "See: " + c.CommandPath() + " --help"
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return fmt.Errorf("%w\n%s", err, see)
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := spelling.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("%w; did you mean --%s?\n%s", err, near, see)
	}
	return fmt.Errorf("%w\n%s", err, see)
}

// regular checks that every path is a file, and says all that are not.
func regular(paths []string) error {
	var wrong []error
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, fmt.Errorf("there is no file %s", p))
		case err != nil:
			wrong = append(wrong, err)
		case !info.Mode().IsRegular():
			wrong = append(wrong, fmt.Errorf("%s is not a file", p))
		}
	}
	return errors.Join(wrong...)
}

// needs checks that there are at least n arguments and says what they are.
func needs(n int, what string) cobra.PositionalArgs { return takes(n, many, what) }
