package take

import (
	"context"
	"iter"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/words"
)

// Whoever sent a file looks for results in the outbox, and hears there too that there will be none.

// tellRefused puts the reason for which a file was refused into the outbox, and a summary where the route has them.
func (t *Taker) tellRefused(ctx context.Context, f ledger.File) error {
	if f.Source != fromInbox || t.Route.Outbox == nil {
		return nil
	}
	name := route.ResultName(f.Name, f.ID, 1, "refused.txt")
	if err := t.Route.Outbox.Put(ctx, name, strings.NewReader(t.reason(f))); err != nil {
		return err
	}
	for _, format := range t.Route.Formats {
		if format.Extension() == "summary.json" {
			return t.putSummary(ctx, f, format)
		}
	}
	return nil
}

func (t *Taker) putSummary(ctx context.Context, f ledger.File, format outbox.Format) error {
	work, err := os.CreateTemp("", "rowferry-refused-*")
	if err != nil {
		return err
	}
	defer os.Remove(work.Name())
	defer work.Close()
	none := func() iter.Seq2[*outbox.Line, error] { return func(func(*outbox.Line, error) bool) {} }
	report := outbox.Report{File: f.File, Revision: 1, Account: f.Account, Operation: f.Operation, Language: f.Language, Refused: f.Reason, Lines: none}
	if err := format.Write(ctx, work, report); err != nil {
		return err
	}
	return t.Route.Outbox.Put(ctx, route.ResultName(f.Name, f.ID, 1, format.Extension()), work)
}

// many is how many things that are not taken are told of one by one; more of them, as of a folder full of other people's files, in one text.
const many = 10

// tellUntaken says once of each thing that has lain in the inbox for longer than the patience that it is not taken, or not yet.
func (t *Taker) tellUntaken(ctx context.Context) error {
	if t.Route.Outbox == nil {
		return nil
	}
	news, err := t.untold(ctx)
	if err != nil {
		return err
	}
	if len(news) > many {
		return t.tellTogether(ctx, news)
	}
	for _, a := range news {
		if err := t.tellOf(ctx, inbox.Tame(strings.TrimSuffix(a.Name, "/")), a.Said, []inbox.Aside{a}); err != nil {
			return err
		}
	}
	return nil
}

// untold gives what was not told of before. The ledger is asked once about each thing.
func (t *Taker) untold(ctx context.Context) ([]inbox.Aside, error) {
	var news []inbox.Aside
	still := map[string]bool{}
	for _, a := range t.Route.Inbox.Untaken(ctx) {
		key := t.toldAs(a)
		if !t.toldOf[key] {
			before, err := t.Ledger.Kept(ctx, key)
			if err != nil {
				return nil, err
			}
			if before == "" {
				news = append(news, a)
				continue
			}
		}
		still[key] = true
	}
	t.toldOf = still
	return news, nil
}

func (t *Taker) toldAs(a inbox.Aside) string {
	what := "misfit/"
	if a.Waits {
		what = "waits/"
	}
	return what + t.Route.Name + "/" + a.Identity()
}

// listed is how many of them a text names.
const listed = 200

func (t *Taker) tellTogether(ctx context.Context, news []inbox.Aside) error {
	var text strings.Builder
	for _, a := range news[:min(listed, len(news))] {
		text.WriteString(a.Said + "\n")
	}
	if more := len(news) - listed; more > 0 {
		text.WriteString(words.Of(t.Route.Language, "inbox.more", "count", more))
	}
	return t.tellOf(ctx, "not-taken", strings.TrimRight(text.String(), "\n"), news)
}

// tellOf puts a text into the outbox and writes down what it is about.
func (t *Taker) tellOf(ctx context.Context, name, text string, about []inbox.Aside) error {
	id, extension := NewID(t.Now(), 0), "waits.txt"
	if slices.ContainsFunc(about, func(a inbox.Aside) bool { return !a.Waits }) {
		extension = "refused.txt"
	}
	if err := t.Route.Outbox.Put(ctx, route.ResultName(name, id, 1, extension), strings.NewReader(text+"\n")); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx) // beside each other they share commits
	group.SetLimit(256)
	for _, a := range about {
		group.Go(func() error { return t.Ledger.Keep(ctx, t.toldAs(a), id) })
	}
	return group.Wait()
}
