package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/templates"
)

// templateFlags are those of `providers template`.
type templateFlags struct {
	out   string
	lang  string
	group string
	force bool
}

func templateCommand(f *flags) *cobra.Command {
	t := &templateFlags{}
	c := &cobra.Command{
		Use:   "template PROVIDER OPERATION",
		Short: "A workbook to fill in, with notes, drop-downs and an example",
		Long: `Writes a workbook for one operation: the provider's labels as headings, required ones marked, on each a note with its
rules, drop-downs and checks where a spreadsheet program can check, an example, and a guide. Filled in and dropped into
the inbox of a route with this operation it needs no map.

Overwrite or delete the example rows. Beside rows of yours they are not sent as long as nothing in them is changed; saved as
CSV, or without other rows, they are data like any other.`,
		Example: `  rowferry providers template hgj amsUpdate -o ams.xlsx
  rowferry providers template otms shipPointRemove -o 提送货点.xlsx --lang zh
  rowferry providers template ./my-provider.yaml createOrder -o orders.xlsx --force`,
		Args: takes(2, 2, "a provider (a built-in one, or the path of a document) and an operation"),
		RunE: func(_ *cobra.Command, args []string) error { return t.write(stdout, args[0], args[1], f.json) },
	}
	c.Flags().StringVarP(&t.out, "output", "o", "", "the workbook to write (OPERATION.xlsx without it)")
	c.Flags().StringVar(&t.lang, "lang", "en", "language of headings, notes and guide: en, zh or ru")
	c.Flags().StringVar(&t.group, "group", "", "heading of the column that makes groups, where the operation has none of its own")
	c.Flags().BoolVar(&t.force, "force", false, "overwrite a file that is there already")
	return c
}

func (t *templateFlags) write(w io.Writer, name, operation string, machine bool) error {
	l, err := language(t.lang)
	if err != nil {
		return err
	}
	op, err := operationOf(name, operation)
	if err != nil {
		return err
	}
	if t.group != "" && !templates.NeedsGroup(op) {
		return fmt.Errorf("--group: %s has its own way to make groups, so it takes none", op.ID)
	}
	if open := op.Open(); len(op.Fields) == 0 && len(open) > 0 {
		return fmt.Errorf("%s has no columns of its own to write down: a column %s.NAME fills the member NAME", op.ID, open[0])
	}
	path := cmp.Or(t.out, op.ID+".xlsx")
	if !strings.EqualFold(filepath.Ext(path), ".xlsx") {
		return fmt.Errorf("-o %s: a template is an Excel workbook; write a name that ends in .xlsx", path)
	}
	var content bytes.Buffer
	s := templates.Settings{Language: l, Group: t.group}
	if err := templates.Write(&content, op, s); err != nil {
		return err
	}
	err = create(path, content.Bytes(), t.force)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and stays as it is; write to another file with -o FILE, or overwrite it with --force", path)
	}
	if err != nil {
		return err
	}
	return t.tell(w, path, op, l, machine)
}

// tell says what was written and what to do with it.
func (t *templateFlags) tell(w io.Writer, path string, op *providers.Operation, l batch.Language, machine bool) error {
	columns, group := len(op.Fields), ""
	if templates.NeedsGroup(op) {
		columns++
		group = cmp.Or(t.group, templates.GroupHeading(l))
	}
	if machine {
		return printJSON(w, templateAnswer{path, op.ID, columns, group})
	}
	fmt.Fprintf(w, "Wrote %s: %s to fill in for %s (%s).\n", path, count(columns, "column"), op.ID, op.Title.In(batch.English))
	fmt.Fprintf(w, "Fill it in, delete the grey example, and drop it into the inbox of a route with `operation: %s`; it needs no map.\n", op.ID)
	if group != "" {
		fmt.Fprintf(w, "The route must say which column makes groups: `group: %s`\n", proposal.Scalar(group))
	}
	fmt.Fprintf(w, "To see first what would be sent: rowferry check ROUTE %s\n", path)
	return nil
}

// language reads a --lang.
func language(text string) (batch.Language, error) {
	l := batch.Language(text)
	if !slices.Contains(batch.Languages(), l) {
		return "", fmt.Errorf("--lang %q: write en, zh or ru", text)
	}
	return l, nil
}

// operationOf finds an operation of a built-in provider or of a document.
func operationOf(name, operation string) (*providers.Operation, error) {
	p, err := provider(name)
	if err != nil {
		return nil, err
	}
	if op, known := p.Operation(operation); known {
		return op, nil
	}
	var ids []string
	for _, op := range p.Operations {
		ids = append(ids, op.ID)
	}
	return nil, fmt.Errorf("%s has no operation %q; it has: %s", name, operation, strings.Join(ids, ", "))
}

// create writes a file as a whole or not at all. An existing one stays (fs.ErrExist) unless force.
func create(path string, content []byte, force bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".rowferry-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if force {
		return os.Rename(f.Name(), path)
	}
	return local.Rename(f.Name(), path)
}
