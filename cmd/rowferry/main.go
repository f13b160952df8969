// Command rowferry turns spreadsheets that are dropped into folders into calls to logistics providers, and says what
// became of every row.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	_ "github.com/rowferry/rowferry/cmd/rowferry/collecting" // how often memory is collected
	"github.com/rowferry/rowferry/configs"
)

// Exit codes, the same for every command.
const (
	exitGood  = 0 // all was delivered, or would be
	exitSome  = 1 // something was not
	exitUsage = 2 // wrong usage or configuration, or rowferry itself could not work
)

// outcome is an error that only sets the exit code: all there is to say has been said.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	log.SetOutput(io.Discard) // what libraries print past our logger may quote what a provider sent, and with it secrets
	ctx, stop := interruptible()
	defer stop()
	root := rootCommand()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitGood
	}
	if code, ok := errors.AsType[outcome](err); ok {
		return int(code)
	}
	said := complaint(err, func() batch.Language {
		config, _ := root.PersistentFlags().GetString("config")
		return configs.Load(config).Language
	})
	if asJSON, _ := root.PersistentFlags().GetBool("json"); asJSON {
		complainJSON(said, err)
		return exitUsage
	}
	fmt.Fprintln(stderr, said)
	return exitUsage
}

// interruptible ends with the first Ctrl-C, SIGTERM or hang-up: what is in flight may end. The second kills. Under nohup, which
// has hang-ups ignored, they stay so.
func interruptible() (context.Context, context.CancelFunc) {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// flags that every command has.
type flags struct {
	config string
	json   bool
	level  string
	format string
}

func rootCommand() *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:   "rowferry",
		Short: "Spreadsheets in, provider calls out, and a result that says what became of every row",
		Long: `rowferry takes the spreadsheets that people and partners drop into folders, turns their rows into calls to a
logistics provider's API, makes those calls at the pace the provider allows, and gives back a result file that says
what became of every row.

Start with "rowferry demo", then write a rowferry.yaml (docs/configuration.md) and try a file with
"rowferry check ROUTE FILE" before "rowferry run".

Exit codes: 0 all delivered (or would be), 1 some rows or files not, 2 wrong usage or configuration.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	p := root.PersistentFlags()
	p.StringVarP(&f.config, "config", "c", envOr("ROWFERRY_CONFIG", "rowferry.yaml"), "configuration file; without it the one that ROWFERRY_CONFIG names")
	p.BoolVar(&f.json, "json", false, "print JSON for machines")
	p.StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	p.StringVar(&f.format, "log-format", "text", "text or json")
	root.AddCommand(runCommand(f), sendCommand(f), checkCommand(f), statusCommand(f), resendCommand(f), cancelCommand(f),
		pauseCommand(f), resumeCommand(f), providersCommand(f), simulateCommand(f), demoCommand(f), doctorCommand(f), configCommand(f), initCommand(f), versionCommand(f), userCommand(f), tokenCommand(f),
		serviceCommand(f), healthCommand(f), reloadCommand(f), backupCommand(f), restoreCommand(f), ledgerCommand(f), pruneCommand(f), notifyCommand(f))
	root.AddCommand(manualCommands()...)
	root.SetFlagErrorFunc(flagMistake)
	for _, c := range root.Commands() {
		families(c)
	}
	f.complete(root)
	return root
}

func envOr(name, other string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return other
}

// logger writes to standard error. least keeps a command that talks to people itself from chattering.
func (f *flags) logger(least slog.Level) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: write debug, info, warn or error", f.level)
	}
	o := &slog.HandlerOptions{Level: max(level, least)}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(stderr, o)), nil
	}
	return nil, fmt.Errorf("--log-format %q: write text or json", f.format)
}
