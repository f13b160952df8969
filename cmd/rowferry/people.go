package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
)

func userCommand(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Who may sign in to the console",
		Long: `Users of the console (console.listen in the configuration). Roles, each with what the one before may: viewer looks; sender
drops, mends and resends; operator also pauses, cancels and releases; admin may all. With --routes somebody sees these
routes' files only.`,
		Example: `  rowferry user add ann --role admin
  rowferry user add bob --role sender --routes orders,returns
  rowferry user list
  rowferry user password ann
  rowferry user remove bob`,
	}
	add, p := grant("user", "add NAME", "Add a user; the password is asked for, or read from standard input")
	add.RunE = func(cmd *cobra.Command, args []string) error {
		person, err := p.person(args[0])
		if err != nil {
			return err
		}
		password, err := askPassword()
		if err != nil {
			return err
		}
		return f.register(cmd.Context(), func(ctx context.Context, cfg *configs.Config, b people.Book) error {
			if err := p.known(cfg); err != nil {
				return err
			}
			if err := b.AddUser(ctx, person, password, whoami()); err != nil {
				return err
			}
			return f.noteAct(ctx, b, "user", person.Name, "Added %s.\n")
		})
	}
	password := &cobra.Command{Use: "password NAME", Short: "Give a user another password; their sessions end", Args: takes(1, 1, "a user's name"), Example: "  rowferry user password ann",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := askPassword()
			if err != nil {
				return err
			}
			return f.register(cmd.Context(), func(ctx context.Context, _ *configs.Config, b people.Book) error {
				if err := b.SetPassword(ctx, args[0], text); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return f.noteAct(ctx, b, "user", args[0], "Changed the password of %s.\n")
			})
		}}
	remove := f.removeCommand("Take a user out; their sessions end", "a user's name", "  rowferry user remove bob", people.Book.RemoveUser)
	c.AddCommand(add, password, remove, listCommand(f, "List the users", "  rowferry user list", people.Book.Users, func(u people.User) people.Person { return u.Person }))
	return c
}

func tokenCommand(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "What programs say to the console's API",
		Long:  `Tokens for /api/v1, said as "Authorization: Bearer TOKEN". A token is printed once and not kept; roles and routes are those of users.`,
		Example: `  rowferry token add nightly --role sender --routes orders
  rowferry token list
  rowferry token remove nightly`,
	}
	add, p := grant("token", "add NAME", "Make a token and print it, this once")
	add.RunE = func(cmd *cobra.Command, args []string) error {
		person, err := p.person(args[0])
		if err != nil {
			return err
		}
		return f.register(cmd.Context(), func(ctx context.Context, cfg *configs.Config, b people.Book) error {
			if err := p.known(cfg); err != nil {
				return err
			}
			secret, err := b.AddToken(ctx, person, whoami())
			if err != nil {
				return err
			}
			if f.json {
				if err := printJSON(stdout, tokenAnswer{person, secret}); err != nil {
					return err
				}
			} else {
				fmt.Fprintln(stdout, secret)
			}
			return f.noteAct(ctx, b, "token", person.Name, "")
		})
	}
	remove := f.removeCommand("Take a token back", "a token's name or id", "  rowferry token remove nightly", people.Book.RemoveToken)
	c.AddCommand(add, remove, listCommand(f, "List the tokens' names", "  rowferry token list", people.Book.Tokens, func(t people.Token) people.Person { return t.Person }))
	return c
}

// grants are the flags that say what somebody may do.
type grants struct {
	role   string
	routes []string
}

func grant(whose, use, short string) (*cobra.Command, *grants) {
	g := &grants{}
	c := &cobra.Command{Use: use, Short: short, Args: takes(1, 1, "a name"), Example: "  rowferry " + whose + " add ann --role operator"}
	c.Flags().StringVar(&g.role, "role", "", "viewer, sender, operator or admin")
	c.Flags().StringSliceVar(&g.routes, "routes", nil, "only these routes; without it all")
	return c, g
}

func (g *grants) person(name string) (people.Person, error) {
	role, err := people.ParseRole(g.role)
	return people.Person{Name: name, Role: role, Routes: g.routes}, err
}

// known refuses routes that the configuration does not have.
func (g *grants) known(cfg *configs.Config) error {
	for _, r := range g.routes {
		if _, there := cfg.Routes[r]; !there {
			return fmt.Errorf("--routes: there is no route %q; there are: %s", r, strings.Join(routeNames(cfg), ", "))
		}
	}
	return nil
}

// register opens the register of people, beside a running service or without one.
func (f *flags) register(ctx context.Context, do func(context.Context, *configs.Config, people.Book) error) error {
	cfg := configs.Load(f.config)
	v, err := drivers.Visit(ctx, drivers.Of(cfg))
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet: the ledger is made now
		if err := misplaced(cfg); err != nil {
			return err
		}
		owner, err := drivers.Open(ctx, drivers.Of(cfg))
		if err != nil {
			return err
		}
		return errors.Join(do(ctx, cfg, people.Book{Register: owner}), owner.Close())
	}
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, cfg, people.Book{Register: v}), v.Close())
}

// noteAct writes down what was done, and says it.
func (f *flags) noteAct(ctx context.Context, b people.Book, verb, name, said string) error {
	if said != "" && !f.json {
		fmt.Fprintf(stdout, said, name)
	}
	if f.json && !answered {
		if err := printJSON(stdout, actAnswer{verb, name}); err != nil {
			return err
		}
	}
	return b.Register.Act(ctx, ledger.Act{At: time.Now().UTC(), By: whoami(), From: "command line", Verb: verb, About: name})
}

func (f *flags) removeCommand(short, takesWhat, example string, remove func(people.Book, context.Context, string) error) *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: short, Args: takes(1, 1, takesWhat), Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.register(cmd.Context(), func(ctx context.Context, _ *configs.Config, b people.Book) error {
				if err := remove(b, ctx, args[0]); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return f.noteAct(ctx, b, "remove", args[0], "Removed %s.\n")
			})
		}}
}

// listCommand lists who is entered in a register.
func listCommand[T any](f *flags, short, example string, entered func(people.Book, context.Context) ([]T, error), person func(T) people.Person) *cobra.Command {
	return &cobra.Command{Use: "list", Short: short, Args: takes(0, 0, ""), Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.register(cmd.Context(), func(ctx context.Context, _ *configs.Config, b people.Book) error {
				found, err := entered(b, ctx)
				if err != nil {
					return err
				}
				var all []people.Person
				for _, one := range found {
					all = append(all, person(one))
				}
				return f.listPeople(all)
			})
		}}
}

func (f *flags) listPeople(all []people.Person) error {
	if f.json {
		return printJSON(stdout, orEmpty(all))
	}
	var rows [][]string
	for _, p := range all {
		routes := strings.Join(p.Routes, ", ")
		if routes == "" {
			routes = "all"
		}
		rows = append(rows, []string{p.Name, string(p.Role), routes})
	}
	return table(stdout, []string{"NAME", "ROLE", "ROUTES"}, rows)
}

// askPassword asks for a new password, twice on a terminal; else it is the first line of standard input.
func askPassword() (string, error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if line == "" && err != nil {
			return "", errors.New("give the password on standard input, or run this on a terminal")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(what string) (string, error) {
		fmt.Fprint(stderr, what)
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(stderr)
		return string(b), err
	}
	first, err := ask("Password (at least 10 characters): ")
	if err != nil {
		return first, err
	}
	second, err := ask("Once more: ")
	if err == nil && first != second {
		err = errors.New("the two are not the same")
	}
	return first, err
}
