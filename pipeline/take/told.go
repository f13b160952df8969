package take

import (
	"context"
	"iter"
	"os"
	"strings"

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

// tellMisfits says once of each file that has lain in the inbox for longer than the patience, and whose name does not fit the route's
// match or cannot be trusted, that it is not taken.
func (t *Taker) tellMisfits(ctx context.Context) error {
	if t.Route.Outbox == nil {
		return nil
	}
	for _, a := range t.Route.Inbox.Misfits() {
		told := "misfit/" + t.Route.Name + "/" + a.Identity()
		if before, err := t.Ledger.Kept(ctx, told); err != nil || before != "" {
			if err != nil {
				return err
			}
			continue
		}
		id := NewID(t.Now(), 0)
		key, name := "inbox.misfit", inbox.Tame(a.Name)
		if inbox.Untrusted(a.Name) != "" {
			key = "inbox.misnamed"
		}
		text := words.Of(t.Route.Language, key, "name", name) + "\n"
		if err := t.Route.Outbox.Put(ctx, route.ResultName(name, id, 1, "refused.txt"), strings.NewReader(text)); err != nil {
			return err
		}
		if err := t.Ledger.Keep(ctx, told, id); err != nil {
			return err
		}
	}
	return nil
}
