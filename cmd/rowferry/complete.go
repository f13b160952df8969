package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/providers"
)

// candidates are what a shell may offer for one argument, each with a description behind a tab. What cannot be found out is not offered:
// a configuration may have mistakes, and there may be no ledger.
type candidates func(f *flags, args []string) []cobra.Completion

// completions say what the arguments of each command can be, in their order; the last goes for all that follow.
var completions = map[string][]candidates{
	"send": {routes, files}, "check": {routes, files},
	"status": {fileIDs}, "resend": {fileIDs}, "cancel": {fileIDs}, "pause": {fileIDsAndAccounts}, "resume": {fileIDsAndAccounts},
	"providers show": {providerNames}, "providers template": {providerNames, operationsOf}, "providers add": {files},
	"simulate": {providerNames}, "doctor": {partners}, "backup": {files}, "restore": {files},
}

// flagCompletions say the same of flags, whichever command has them.
var flagCompletions = map[string]candidates{
	"route": routes, "routes": routes, "operation": providerOperations, "state": fixed(stateNames()...), "status": fixed("failed", "unknown", "rejected", "skipped"),
	"role": fixed(configs.Roles()...), "lang": fixed("en", "zh", "ru"), "log-level": fixed("debug", "info", "warn", "error"), "log-format": fixed("text", "json"),
}

// complete teaches a command, and all below it, what a shell may offer.
func (f *flags) complete(c *cobra.Command) {
	path := strings.TrimPrefix(c.CommandPath(), "rowferry ")
	if of := completions[path]; of != nil {
		c.ValidArgsFunction = func(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return f.offer(of[min(len(args), len(of)-1)], args, begun)
		}
	} else if c.ValidArgsFunction == nil && !c.HasSubCommands() {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for name, of := range flagCompletions {
		flag := c.Flags().Lookup(name)
		if flag == nil {
			flag = c.PersistentFlags().Lookup(name)
		}
		if flag == nil {
			continue
		}
		list := strings.HasSuffix(flag.Value.Type(), "Slice")
		_ = c.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) { // it fails where it was registered already
			if !list {
				return f.offer(of, args, begun)
			}
			return f.offerInList(of, args, begun)
		})
	}
	for _, below := range c.Commands() {
		f.complete(below)
	}
}

// files is the shell's own business.
func files(*flags, []string) []cobra.Completion { return nil }

// offer gives the candidates that go on as was begun; where there are none, the shell offers files.
func (f *flags) offer(of candidates, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, c := range of(f, args) {
		if word, _, _ := strings.Cut(c, "\t"); strings.HasPrefix(word, begun) && !slices.Contains(args, word) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// offerInList goes on behind the last comma.
func (f *flags) offerInList(of candidates, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	at := strings.LastIndexByte(begun, ',') + 1
	out, _ := f.offer(of, append(slices.Clone(args), strings.Split(begun[:at], ",")...), begun[at:])
	for i := range out {
		out[i] = begun[:at] + out[i]
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func fixed(words ...string) candidates {
	return func(*flags, []string) []cobra.Completion { return words }
}

// routes are those of the configuration, and those that files were taken on.
func routes(f *flags, _ []string) []cobra.Completion {
	cfg := configs.Load(f.config)
	var out []cobra.Completion
	for _, name := range routeNames(cfg) {
		out = append(out, cobra.CompletionWithDesc(name, cfg.Routes[name].Operation))
	}
	for _, file := range newest(cfg) {
		if !slices.ContainsFunc(out, func(c cobra.Completion) bool { return c == file.Route || strings.HasPrefix(c, file.Route+"\t") }) {
			out = append(out, file.Route)
		}
	}
	return out
}

func accounts(cfg *configs.Config) (out []cobra.Completion) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		out = append(out, cobra.CompletionWithDesc(name, "account"))
	}
	return out
}

func partners(f *flags, _ []string) []cobra.Completion {
	return slices.Sorted(maps.Keys(configs.Load(f.config).SFTP))
}

// fileIDs are the newest files, the newest first.
func fileIDs(f *flags, _ []string) []cobra.Completion {
	return described(newest(configs.Load(f.config)))
}

func fileIDsAndAccounts(f *flags, _ []string) []cobra.Completion {
	cfg := configs.Load(f.config)
	return append(accounts(cfg), described(newest(cfg))...)
}

func described(found []ledger.File) (out []cobra.Completion) {
	for _, file := range slices.Backward(found) {
		out = append(out, cobra.CompletionWithDesc(file.ID, shortName(file.Name)+", "+string(file.State)))
	}
	return out
}

// offered is how many files a shell is told of, and patient how long it waits for a ledger that lies elsewhere.
const (
	offered = 50
	patient = 3 * time.Second
)

// newest are the files that were taken last.
func newest(cfg *configs.Config) []ledger.File {
	ctx, end := context.WithTimeout(context.Background(), patient)
	defer end()
	books, err := drivers.Visit(ctx, drivers.Of(cfg))
	if err != nil {
		return nil
	}
	defer books.Close()
	found, err := books.Files(ctx, ledger.Query{Last: offered})
	if err != nil {
		return nil
	}
	return found
}

func providerNames(*flags, []string) (out []cobra.Completion) {
	all, _ := providers.Builtin() // what is built in compiles: a test has it
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, cobra.CompletionWithDesc(name, all[name].Title.In(batch.English)))
	}
	return out
}

// operationsOf are those of the provider that was named before.
func operationsOf(_ *flags, args []string) (out []cobra.Completion) {
	p, err := provider(args[0])
	if err != nil {
		return nil
	}
	for _, op := range p.Operations {
		out = append(out, cobra.CompletionWithDesc(op.ID, op.Title.In(batch.English)))
	}
	return out
}

// providerOperations are those that init can be told: PROVIDER/OPERATION; for a description of somebody's own, its operations.
func providerOperations(_ *flags, args []string) (out []cobra.Completion) {
	if len(args) > 0 {
		offers, _ := providers.Survey(args[0])
		for _, o := range offers {
			out = append(out, cobra.CompletionWithDesc(o.Name, o.Method+" "+o.Path))
		}
		return out
	}
	all, _ := providers.Builtin()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			out = append(out, cobra.CompletionWithDesc(name+"/"+op.ID, op.Title.In(batch.English)))
		}
	}
	return out
}
