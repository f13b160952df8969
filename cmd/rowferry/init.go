package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/readers"
)

// initFlags are those of `init`.
type initFlags struct {
	*flags
	from, operation, route, out, lang, into, account string
	read                                             map[string]string
}

func initCommand(f *flags) *cobra.Command {
	i := &initFlags{flags: f}
	c := &cobra.Command{
		Use:   "init --from SAMPLE --operation PROVIDER/OPERATION",
		Short: "A first configuration, made from a sample file",
		Long: `Reads a sample, matches its headings with the operation's fields (by the provider's names in English, Chinese and
Russian, by names in use, by what their words mean: "Ship-To Zip" is consignee.address.postalCode; by near spelling), and
writes a configuration with one account and one route. It says how sure each match is, what is unmatched on both sides, and what
a check of the sample finds. Nothing is sent, and no secret is needed yet: the configuration takes them from environment
variables, which are listed.

A file that is there already is never overwritten: -o names another, and -o - prints the configuration. With --into the route is
added to a configuration that is there, whose comments and order stay; so is the account, unless one of the same provider is there.

Exit code 0 when every row of the sample would be sent, 1 when some would not (the configuration is written all the same).`,
		Example: `  rowferry init --from sample.xlsx --operation otms/shipPointRemove
  rowferry init --from заявки.csv --operation dellin/multiRequest --lang ru -o dellin.yaml
  rowferry init --from orders.csv --operation ./my-provider.yaml/createOrder --route orders -o -
  rowferry init --from canada.xlsx --operation hgj/aciUpdate --into rowferry.yaml
  rowferry init --from old.csv --operation les/shipmentFailed --read encoding=gb18030 --read "delimiter=;"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return i.run(cmd.Context()) },
	}
	fl := c.Flags()
	fl.StringVar(&i.from, "from", "", "the sample: a CSV, Excel or XML file as the sender writes it")
	fl.StringVar(&i.operation, "operation", "", "PROVIDER/OPERATION; the provider is a built-in one or the path of a document")
	fl.StringVar(&i.route, "route", "", "name of the route (made from the operation's without it)")
	fl.StringVarP(&i.out, "output", "o", "rowferry.yaml", "the configuration to write; - prints it")
	fl.StringVar(&i.into, "into", "", "a configuration that is there, to which the route is added")
	fl.StringVar(&i.account, "account", "", "with --into: the account of that configuration to use, or a name for a new one")
	fl.StringVar(&i.lang, "lang", "en", "language of messages and results: en, zh or ru")
	fl.StringToStringVar(&i.read, "read", nil, "how to read the sample, KEY=VALUE: sheet, header, encoding, delimiter, quote, escape, record")
	return c
}

func (i *initFlags) run(ctx context.Context) error {
	s, err := i.settings()
	if err != nil {
		return err
	}
	var grown *growth
	if i.into != "" {
		if grown, err = i.grow(&s); err != nil {
			return err
		}
	}
	// The configuration may go to standard output; then what is said about it goes to standard error.
	talk := stdout
	if i.out == "-" {
		talk = stderr
	} else if _, err := os.Lstat(i.out); err == nil && grown == nil {
		return thereAlready(i.out)
	}
	p, err := proposal.Propose(ctx, s, followed(i.from), filepath.Base(i.from))
	if text, ok := proposal.Complaint(s.Language, err); ok {
		return fmt.Errorf("%s cannot be read as a table: %s\nHow it is to be read can be said with --read KEY=VALUE", i.from, text)
	}
	if err != nil {
		return err
	}
	r, err := p.Wired()
	if err != nil {
		return err
	}
	finding, err := check.File(ctx, r, i.from, filepath.Base(i.from), nil)
	if err != nil {
		return err
	}
	if grown != nil {
		err = grown.write(p)
	} else {
		err = i.write(p)
	}
	if err != nil {
		return err
	}
	if i.json {
		err = i.tellMachine(talk, p, finding)
	} else {
		err = i.tell(talk, p, finding)
	}
	if err == nil && !finding.Good() {
		return outcome(exitSome)
	}
	return err
}

// parted is where PROVIDER ends in PROVIDER/OPERATION: behind the first part that is a file, for an operation's name may
// have slashes of its own, else at the last slash.
func parted(operation string) int {
	for at, c := range operation {
		if info, err := os.Stat(operation[:at]); c == '/' && err == nil && info.Mode().IsRegular() {
			return at
		}
	}
	return strings.LastIndexByte(operation, '/')
}

// settings reads the flags.
func (i *initFlags) settings() (s proposal.Settings, err error) {
	if i.from == "" || i.operation == "" {
		return s, errors.New("rowferry init needs --from SAMPLE and --operation PROVIDER/OPERATION (rowferry providers lists them)\nFor example: rowferry init --from sample.xlsx --operation otms/shipPointRemove")
	}
	if s.Language, err = language(i.lang); err != nil {
		return s, err
	}
	if i.account != "" && i.into == "" {
		return s, errors.New("--account goes with --into; a new configuration has one account")
	}
	if i.into != "" {
		i.out = i.into
	}
	info, err := os.Stat(i.from)
	if err != nil {
		return s, fmt.Errorf("--from: %w", err)
	}
	if !info.Mode().IsRegular() {
		return s, fmt.Errorf("--from: %s is not a file", i.from)
	}
	at := parted(i.operation)
	if at <= 0 {
		return s, fmt.Errorf("--operation %s: write PROVIDER/OPERATION, for example otms/shipPointRemove (rowferry providers lists them)", i.operation)
	}
	name := i.operation[:at]
	if s.Operation, err = operationOf(name, i.operation[at+1:]); err != nil {
		return s, err
	}
	s.Account = accountName(s.Operation.Provider.Name)
	s.Route = cmp.Or(i.route, kebab(s.Operation.ID))
	if !configs.ProperName(s.Route) {
		return s, fmt.Errorf("--route %q: write letters, digits, - and _ only, at most 64", s.Route)
	}
	if s.Provider, err = i.providerPath(name, s.Operation.Provider); err != nil {
		return s, err
	}
	s.Read, err = i.reading()
	return s, err
}

var unusual = patterns.New(`[^\p{L}\p{N}_-]+`)

// accountName is the provider's name as an account can have it.
func accountName(provider string) string {
	s := strings.Trim(unusual.ReplaceAllString(provider, "-"), "-_")
	if r := []rune(s); len(r) > 64 {
		s = string(r[:64])
	}
	return cmp.Or(s, "provider")
}

// kebab turns shipPointRemove into ship-point-remove, and POST /orders into post-orders.
func kebab(s string) string {
	var out []rune
	small := false
	for _, r := range s {
		if unicode.IsUpper(r) && small {
			out = append(out, '-')
		}
		small = unicode.IsLower(r) || unicode.IsDigit(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' {
			r = '-'
		}
		if r != '-' || len(out) > 0 && out[len(out)-1] != '-' {
			out = append(out, unicode.ToLower(r))
		}
	}
	return accountName(string(out))
}

// providerPath is how the configuration names the provider: a document's path starts at the configuration's folder.
func (i *initFlags) providerPath(name string, p *providers.Provider) (string, error) {
	if ours, err := providers.Named(name); err != nil || ours == p {
		return name, err
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	dir := "."
	if i.out != "-" {
		dir = filepath.Dir(i.out)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	path, err := filepath.Rel(dir, full)
	if err != nil {
		return full, nil // another drive
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, ".") {
		path = "./" + path
	}
	return path, nil
}

func (i *initFlags) reading() (r readers.Settings, err error) {
	places := map[string]*string{"sheet": &r.Sheet, "header": &r.Header, "encoding": &r.Encoding, "delimiter": &r.Delimiter,
		"quote": &r.Quote, "escape": &r.Escape, "record": &r.Record}
	for key, value := range i.read {
		to := places[key]
		if to == nil {
			return r, fmt.Errorf("--read %s: write one of sheet, header, encoding, delimiter, quote, escape, record", key)
		}
		*to = value
	}
	return r, nil
}

func (i *initFlags) write(p *proposal.Proposal) error {
	if i.out == "-" {
		_, err := os.Stdout.Write(p.Config())
		return err
	}
	err := create(i.out, p.Config(), false)
	if errors.Is(err, fs.ErrExist) {
		return thereAlready(i.out)
	}
	return err
}

func thereAlready(path string) error {
	return fmt.Errorf("%s is there already and stays as it is; write the new configuration to another file with -o FILE, print it with -o - and take over what you need, or have the route added to it with --into %s", path, path)
}

// tell prints what was found, what the sample's check says, and what to do next.
func (i *initFlags) tell(w io.Writer, p *proposal.Proposal, finding *check.Finding) error {
	op := p.Operation
	fmt.Fprintf(w, "%s: %s, %s. The operation is %s of %s: %s.\n\n", i.from, strings.ToUpper(p.Format.Name), count(len(p.Columns()), "column"),
		op.ID, op.Provider.Title.In(batch.English), op.Title.In(batch.English))
	var rows [][]string
	for _, f := range p.Fields {
		from := "-"
		if f.Column >= 0 {
			from = shownColumn(p.Columns()[f.Column])
			for _, more := range f.More {
				from += ", " + shownColumn(p.Columns()[more])
			}
		} else if f.Map != nil && f.Map.Value != nil {
			from = strconv.Quote(*f.Map.Value)
		} else if !f.Required {
			continue
		}
		required := ""
		if f.Required {
			required = "required"
		}
		rows = append(rows, []string{f.Path, required, f.Sureness(), "<- " + from})
	}
	if err := table(w, []string{"FIELD", "", "HOW SURE", "COLUMN"}, rows); err != nil {
		return err
	}
	for _, f := range p.Fields {
		if len(f.Guessed) > 0 {
			var pairs []string
			for _, g := range f.Guessed {
				pairs = append(pairs, g+" becomes "+f.Map.Lookup[g])
			}
			fmt.Fprintf(w, "\n%s: please check the lookup: %s\n", f.Path, strings.Join(pairs, ", "))
		}
		if f.Map != nil && len(f.Map.Date) > 0 {
			fmt.Fprintf(w, "\n%s: its dates are read as %s\n", f.Path, strings.Join(f.Map.Date, ", "))
		}
		for _, r := range f.Remarks {
			fmt.Fprintf(w, "\n%s: %s\n", f.Path, r)
		}
	}
	i.leftovers(w, p)
	switch {
	case i.into != "":
		fmt.Fprintf(w, "\nAdded the route %s to %s; its account is %s.\n", p.Route, i.into, p.Account)
	case i.out != "-":
		fmt.Fprintf(w, "\nWrote %s with the route %s.\n", i.out, p.Route)
	}
	fmt.Fprintln(w, "\nA check with it, nothing is sent:")
	printFinding(w, finding)
	i.next(w, p)
	return nil
}

func (i *initFlags) leftovers(w io.Writer, p *proposal.Proposal) {
	if p.Group != "" {
		switch p.Grouped {
		case proposal.Sure:
			fmt.Fprintf(w, "\nRows are grouped by the column %s.\n", p.Group)
		case proposal.Check:
			fmt.Fprintf(w, "\nRows are grouped by the column %s: please check. It is the only free one whose values repeat.\n", p.Group)
		default:
			fmt.Fprintf(w, "\nNo column says which rows belong together. Add one (the configuration calls it %s), or write another's heading as `group`.\n", p.Group)
		}
	}
	if len(p.Unused) > 0 {
		var names []string
		for _, c := range p.Unused {
			names = append(names, shownColumn(c))
		}
		fmt.Fprintf(w, "\nColumns that no field uses: %s\n", strings.Join(names, ", "))
	}
	if len(p.Unfilled) > 0 {
		fmt.Fprintln(w, "\nRequired fields that nothing fills (write a heading, or {value: a constant}, into the map):")
		for _, f := range p.Unfilled {
			fmt.Fprintf(w, "  %s: %s\n", f.Path, f.Label.In(p.Language))
		}
	}
}

// next says what is left to do.
func (i *initFlags) next(w io.Writer, p *proposal.Proposal) {
	var unset []proposal.Variable
	for _, v := range p.Environment() {
		if os.Getenv(v.Name) == "" {
			unset = append(unset, v)
		}
	}
	fmt.Fprintln(w, "\nNext:")
	if len(unset) > 0 {
		fmt.Fprintln(w, "  set these environment variables:")
		for _, v := range unset {
			fmt.Fprintf(w, "    %s  (%s)\n", v.Name, v.What)
		}
	}
	if p.Doubtful() {
		fmt.Fprintln(w, "  look through the configuration where it says \"please check\" or \"perhaps\"")
	}
	config := ""
	if i.out != "rowferry.yaml" && i.out != "-" {
		config = " -c " + i.out
	}
	fmt.Fprintf(w, "  rowferry check %s %s%s\n  rowferry run%s\n", p.Route, i.from, config, config)
}

func shownColumn(c batch.Column) string {
	name := strings.Join(strings.Fields(c.Name), " ")
	if name == "" || name == c.Ref {
		return c.Ref
	}
	return c.Ref + " " + name
}

// tellMachine prints the same as JSON.
func (i *initFlags) tellMachine(w io.Writer, p *proposal.Proposal, finding *check.Finding) error {
	out := initAnswer{Config: i.out, Route: p.Route, Operation: p.Operation.ID, Fields: []initField{}, Group: p.Group, Environment: orEmpty(p.Environment()),
		Check: finding, Unused: []string{}, Unfilled: []string{}}
	for _, f := range p.Fields {
		g := initField{Field: f.Path, Required: f.Required, Surety: f.Surety, Score: f.Score, Remarks: f.Remarks}
		if f.Column >= 0 {
			g.Column, g.Heading = p.Columns()[f.Column].Ref, p.Columns()[f.Column].Name
		}
		out.Fields = append(out.Fields, g)
	}
	for _, c := range p.Unused {
		out.Unused = append(out.Unused, cmp.Or(c.Name, c.Ref))
	}
	for _, f := range p.Unfilled {
		out.Unfilled = append(out.Unfilled, f.Path)
	}
	return printJSON(w, out)
}
