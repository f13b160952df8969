package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/spelling"
)

func providersCommand(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "providers",
		Short: "What is built in: providers and their operations",
		Example: `  rowferry providers
  rowferry providers show otms
  rowferry providers show ./my-provider.yaml --lang zh`,
		RunE: func(*cobra.Command, []string) error { return f.listProviders(stdout) },
	}
	c.AddCommand(showCommand(f), templateCommand(f), addCommand(f))
	return c
}

func (f *flags) listProviders(w io.Writer) error {
	all, err := providers.Builtin()
	if err != nil {
		return err
	}
	if f.json {
		var list []operation
		for _, name := range slices.Sorted(maps.Keys(all)) {
			list = append(list, operations(all[name])...)
		}
		return printJSON(w, list)
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, op := range all[name].Operations {
			rows = append(rows, []string{name, op.ID, op.Title.EN, string(op.Rows.Kind), strings.Join(op.Encodings, ", ")})
		}
	}
	if err := table(w, []string{"PROVIDER", "OPERATION", "WHAT", "ROWS", "ENCODING"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nFields, rules and codes of one: rowferry providers show PROVIDER")
	return nil
}

// operation is one in JSON.
type operation struct {
	Provider   string `json:"provider"`
	Operation  string `json:"operation"`
	Title      string `json:"title"`
	Rows       string `json:"rows"`
	Repeatable bool   `json:"repeatable"`
}

func operations(p *providers.Provider) (list []operation) {
	for _, op := range p.Operations {
		list = append(list, operation{p.Name, op.ID, op.Title.EN, string(op.Rows.Kind), op.Repeatable})
	}
	return list
}

func showCommand(f *flags) *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use:   "show PROVIDER",
		Short: "Fields, rules, codes and credentials of a provider",
		Example: `  rowferry providers show hgj
  rowferry providers show dellin --lang ru`,
		Args: takes(1, 1, "a built-in provider or the path of a document"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := provider(args[0])
			if err != nil {
				return err
			}
			l, err := language(lang)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(stdout, operations(p))
			}
			return p.Markdown(stdout, l)
		},
	}
	c.Flags().StringVar(&lang, "lang", "en", "en, zh or ru")
	return c
}

// provider finds a built-in provider, or compiles a document.
func provider(name string) (*providers.Provider, error) {
	if p, err := providers.Named(name); p != nil || err != nil {
		return p, err
	}
	if strings.ContainsAny(name, "./\\") {
		return providers.Load(name)
	}
	names := providers.Names()
	if near := spelling.Nearest(name, names); near != "" {
		return nil, fmt.Errorf("there is no provider %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("there is no provider %q; built in are: %s. A document of your own is named by its path, ./%s.yaml", name, strings.Join(names, ", "), name)
}
