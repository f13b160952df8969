package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// addFlags are those of `providers add`.
type addFlags struct {
	*flags
	operation, sample, out string
}

func addCommand(f *flags) *cobra.Command {
	a := &addFlags{flags: f}
	c := &cobra.Command{
		Use:   "add THEIRS [--operation ID] [--sample FILE] [-o OURS.yaml]",
		Short: "A provider from its own OpenAPI document",
		Long: `Reads the OpenAPI 3.1, 3.0 or Swagger 2.0 document that a provider publishes, and lists its operations that change
something. With --operation it writes a document of a few lines that extends it: what the provider's document leaves open is
decided where one choice is as good as another, and said; what only a person can say is listed. Nothing is sent.

With --sample the fields that people are offered are those that the sample's headings fill, and the required ones; so is of
several branches the one whose fields they fill.

A file that is there already is never overwritten; without -o the document is printed. Exit code 1 when something is missing.`,
		Example: `  rowferry providers add acme-openapi.json
  rowferry providers add acme-openapi.json --operation createShipment -o acme.yaml
  rowferry providers add acme-openapi.json --operation "POST /shipments" --sample orders.xlsx -o acme.yaml`,
		Args: takes(1, 1, "the provider's own OpenAPI document"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), args[0]) },
	}
	c.Flags().StringVar(&a.operation, "operation", "", "operationId, or METHOD /path")
	c.Flags().StringVar(&a.sample, "sample", "", "a CSV, Excel or XML file as senders write it")
	c.Flags().StringVarP(&a.out, "output", "o", "", "the document to write (printed without it)")
	return c
}

func (a *addFlags) run(ctx context.Context, theirs string) error {
	offers, err := providers.Survey(theirs)
	if err != nil {
		return err
	}
	if a.operation == "" && len(offers) != 1 {
		return a.list(stdout, theirs, offers)
	}
	if a.operation == "" {
		a.operation = offers[0].Name
	}
	if !slices.ContainsFunc(offers, func(o providers.Offer) bool {
		return o.Name == a.operation || o.Method+" "+o.Path == a.operation
	}) {
		return fmt.Errorf("there is no operation %q in %s that changes something; without --operation they are listed", a.operation, theirs)
	}
	out := a.out
	if out == "" {
		out = filepath.Join(filepath.Dir(theirs), "provider.yaml")
	}
	d, err := providers.Draw(theirs, a.operation, out)
	if err == nil && a.sample != "" && d.Provider != nil {
		d, err = a.fitted(ctx, d)
	}
	if err != nil {
		return err
	}
	return a.write(d)
}

func (a *addFlags) list(w io.Writer, theirs string, offers []providers.Offer) error {
	if a.json {
		return printJSON(w, orEmpty(offers))
	}
	var rows [][]string
	for _, o := range offers {
		rows = append(rows, []string{o.Name, o.Method + " " + o.Path, firstLine(o.Summary)})
	}
	if err := table(w, []string{"OPERATION", "CALL", "WHAT"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA document for one of them: rowferry providers add %s --operation ID -o OURS.yaml\n", theirs)
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// fitted is the draft with the branches and the fields that the sample's headings fill.
func (a *addFlags) fitted(ctx context.Context, d *providers.Draft) (*providers.Draft, error) {
	fitted, err := proposal.Fit(ctx, d, a.sample)
	if text, ok := proposal.Complaint(batch.English, err); ok {
		return nil, fmt.Errorf("%s cannot be read as a table: %s", a.sample, text)
	}
	return fitted, err
}

func (a *addFlags) write(d *providers.Draft) error {
	talk := stderr
	if a.out == "" && !a.json {
		fmt.Fprint(stdout, d.Text)
	}
	if a.out != "" {
		err := d.Write(a.out)
		if errors.Is(err, fs.ErrExist) {
			return thereAlready(a.out)
		}
		if err != nil {
			return err
		}
		talk = stdout
	}
	if a.json {
		return a.tellMachine(d)
	}
	if a.out != "" {
		fmt.Fprintf(talk, "%s was written.\n", a.out)
	}
	if d.Provider == nil {
		fmt.Fprintln(talk, "Still to be said, before it can be used:")
		for _, m := range d.Missing {
			fmt.Fprintf(talk, "- %s: %s\n", m.Place, words.Say(batch.English, m.Message))
		}
		return outcome(exitSome)
	}
	p := d.Provider
	op := p.Operations[0]
	required := 0
	for _, f := range op.Fields {
		if f.Required {
			required++
		}
	}
	fmt.Fprintf(talk, "%s has %d fields, %d of them required", op.ID, len(op.Fields), required)
	if n := len(p.Warnings); n > 0 {
		fmt.Fprintf(talk, "; %s left out of what the provider's document has (see the end of the file)", are(n, "thing"))
	}
	fmt.Fprintln(talk, ".")
	if needs := credentials(op); len(needs) > 0 {
		fmt.Fprintf(talk, "The account needs credentials: %s.\n", strings.Join(needs, ", or "))
	} else {
		fmt.Fprintln(talk, "The document asks for no credentials, and requests carry none. Where the provider wants some, say which: components.securitySchemes and security.")
	}
	if len(p.Servers) == 0 {
		fmt.Fprintln(talk, "The document names no server: the account's `server` is the address.")
	}
	if a.out != "" {
		fmt.Fprintf(talk, "Next: rowferry providers show %s; rowferry init --from SAMPLE --operation '%s/%s'; rowferry simulate %s\n", asPath(a.out), asPath(a.out), op.ID, asPath(a.out))
	}
	return nil
}

// credentials are those that an account needs, one text for each way to log in.
func credentials(op *providers.Operation) []string {
	var ways []string
	for _, name := range op.Schemes {
		if s, known := op.Provider.Scheme(name); known && len(s.Needs) > 0 {
			ways = append(ways, strings.Join(s.Needs, ", "))
		}
	}
	return ways
}

// tellMachine prints the document where it was not written to a file, and what only a person can say.
func (a *addFlags) tellMachine(d *providers.Draft) error {
	said := draftAnswer{File: a.out, Missing: []missingAnswer{}}
	if a.out == "" {
		said.Document = d.Text
	}
	for _, m := range d.Missing {
		said.Missing = append(said.Missing, missingAnswer{m.Place, words.Say(batch.English, m.Message)})
	}
	if err := printJSON(stdout, said); err != nil {
		return err
	}
	if d.Provider == nil {
		return outcome(exitSome)
	}
	return nil
}

// asPath is a path as the other commands take it for one.
func asPath(path string) string {
	if strings.ContainsAny(path, "/\\") {
		return path
	}
	return "./" + path
}
