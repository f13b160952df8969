package mail_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/notices/mail"
	"github.com/rowferry/rowferry/notices/noticestest"
)

const one, two, full = "one@example.com", "two@example.com", "full@example.com"

// open gives a channel to recipients of a mailbox.
func open(t *testing.T, box *noticestest.Mailbox, to ...string) *mail.Channel {
	t.Helper()
	settings := box.Serve(t)
	settings.To = to
	c, err := mail.Open(*settings)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func message(id string, attached ...string) notices.Message {
	group := []notices.Notice{{ID: id, Title: "title", Text: "text"}}
	for i, path := range attached {
		group = append(group, notices.Notice{ID: fmt.Sprint(id, i), Title: "title", Text: "text", Attach: path})
	}
	return notices.MessageOf(group, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
}

// told lists whom letters reached, in their order.
func told(box *noticestest.Mailbox) (all []string) {
	for _, m := range box.Got() {
		all = append(all, m.To...)
	}
	return all
}

// Whom the server refuses for now, as it does while a mailbox is full, keeps nobody else from being told, and is told later; nobody is
// told twice meanwhile. Who is refused for too long is waited for no more, until there is room again.
func TestOneRefusedForNow(t *testing.T) {
	for _, to := range [][]string{{full, one, two}, {one, full, noticestest.Stranger, two}, {one, noticestest.Stranger, two, full}} {
		t.Run(strings.Join(to, " "), func(t *testing.T) {
			box := &noticestest.Mailbox{}
			box.Fill(full)
			c := open(t, box, to...)
			now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
			c.At(now)
			m := message("1")
			for range 3 {
				begun, ok := errors.AsType[*notices.Begun](c.Tell(t.Context(), m))
				if !ok || !slices.Equal(begun.Told, []string{one, two}) {
					t.Fatalf("%v", begun)
				}
				m.Told = begun.Told
			}
			if got := told(box); !slices.Equal(got, []string{one, two}) {
				t.Errorf("told: %q", got)
			}
			box.Fill("")
			_, partly := errors.AsType[*notices.Partly](c.Tell(t.Context(), m))
			if got := told(box); partly != slices.Contains(to, noticestest.Stranger) || !slices.Equal(got, []string{one, two, full}) {
				t.Errorf("told: %q", got)
			}
			box.Forget()
			box.Fill(full)
			m = message("2")
			if begun, ok := errors.AsType[*notices.Begun](c.Tell(t.Context(), m)); !ok {
				t.Fatalf("%v", begun)
			}
			c.At(now.Add(mail.Patient + time.Second))
			for _, id := range []string{"3", "4"} {
				if err := c.Tell(t.Context(), message(id)); !isPartly(err) {
					t.Errorf("%v", err)
				}
			}
			if got := told(box); !slices.Equal(got, []string{one, two, one, two, one, two}) {
				t.Errorf("told: %q", got)
			}
		})
	}
}

func isPartly(err error) bool {
	_, partly := errors.AsType[*notices.Partly](err)
	return partly
}

// A recipient who alone is still to be told is named to the server once a try.
func TestTheLastRecipientIsNamedOnce(t *testing.T) {
	box := &noticestest.Mailbox{}
	box.Fill(full)
	c := open(t, box, one, full)
	m := message("1")
	m.Told = []string{one}
	if begun, ok := errors.AsType[*notices.Begun](c.Tell(t.Context(), m)); !ok || box.Named() != 1 {
		t.Errorf("named %d times: %v", box.Named(), begun)
	}
}

// Where nobody can be told, the message waits however long that takes.
func TestAllRefusedForNow(t *testing.T) {
	box := &noticestest.Mailbox{}
	box.Fill(full)
	c := open(t, box, noticestest.Stranger, full)
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1e9, 0)} {
		c.At(at)
		err := c.Tell(t.Context(), message("1"))
		if _, begun := errors.AsType[*notices.Begun](err); err == nil || begun || isPartly(err) {
			t.Errorf("%v", err)
		}
	}
}

// A letter that is too long for the server goes without what is attached, and what is attached has a bound that most servers take.
func TestLettersThatAreTooLong(t *testing.T) {
	dir := t.TempDir()
	var results []string
	for i := range 9 {
		results = append(results, filepath.Join(dir, fmt.Sprintf("orders%d.result.csv", i)))
		if err := os.WriteFile(results[i], bytes.Repeat([]byte("row,status\n"), 90_000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, longest := range map[string]int{"usual": 10 << 20, "small": 1 << 16} {
		t.Run(name, func(t *testing.T) {
			box := &noticestest.Mailbox{Longest: longest}
			c := open(t, box, one, two)
			if err := c.Tell(t.Context(), message("1", results...)); err != nil {
				t.Fatal(err)
			}
			got := box.Got()
			if len(got) != 1 || strings.Count(got[0].Plain(), "title") != 10 {
				t.Fatalf("%d letters", len(got))
			}
			if attached := strings.Contains(got[0].Body, "Content-Disposition: attachment"); attached != (name == "usual") {
				t.Errorf("attached: %t", attached)
			}
		})
	}
}
