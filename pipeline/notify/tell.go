package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/words"
)

// message is one that is to be told, and what came of that so far.
type message struct {
	notices.Message
	Refusals int       `json:"refusals,omitempty"` // how often the channel would not have it
	Why      string    `json:"why,omitempty"`      // what it said then
	Since    time.Time `json:"since,omitzero"`     // when it was set aside
	Due      time.Time `json:"due,omitzero"`       // when it is tried again then
}

const (
	refusals = 10                 // this often a message is refused before others go first: nine minutes, as long as the other side is being mended
	retried  = time.Hour          // what is set aside is tried again that often
	kept     = 3 * 24 * time.Hour // and that long, where others arrive
)

// gather puts what waits for a channel into a message, once the oldest has waited for company long enough and the one before has arrived.
// Where nothing waits, what was set aside is tried again.
func (t *Teller) gather(c notices.Channel) {
	name := c.Name()
	if _, busy := t.state.Leaving[name]; busy {
		return
	}
	if queue := t.state.Queue[name]; len(queue) > 0 && t.Now().Sub(queue[0].At) >= t.Config.Notices.Group {
		t.state.Leaving[name] = message{Message: notices.MessageOf(queue, t.Now())}
		delete(t.state.Queue, name)
		t.changed = true
		return
	}
	aside := t.state.Aside[name]
	if i := slices.IndexFunc(aside, func(m message) bool { return !t.Now().Before(m.Due) }); i >= 0 {
		t.state.Leaving[name] = aside[i]
		t.state.Aside[name] = slices.Delete(aside, i, i+1)
		t.changed = true
	}
}

// grace is how long a message that is under way may take when the loop ends.
const grace = 5 * time.Second

// tell has a channel tell its message, which was written down before. Its error is that of Untold.
func (t *Teller) tell(ctx context.Context, c notices.Channel) error {
	name := c.Name()
	m, there := t.state.Leaving[name]
	p := t.patience[name]
	if !there || !p.Due(t.Now()) || ctx.Err() != nil {
		return nil
	}
	patient, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, end) })()
	err := c.Tell(patient, m.Message)
	partly, arrived := errors.AsType[*notices.Partly](err)
	if err != nil && !arrived {
		t.stays(name, m, p, err)
		return t.remark(ctx, name, t.trouble(name, err))
	}
	if arrived {
		t.Log.Error("a notice did not reach everybody", "channel", name, "error", partly.Err)
	}
	p.Worked()
	delete(t.state.Leaving, name)
	t.changed, t.took[name] = true, t.Now()
	t.Log.Info("told", "channel", name, "notices", len(m.Notices))
	return t.remark(ctx, name, t.trouble(name, nil))
}

// stays notes that a message has not arrived: it is tried again, or set aside where it alone seems to be what the other side will not have.
func (t *Teller) stays(name string, m message, p *patience.Patience, err error) {
	if begun, ok := errors.AsType[*notices.Begun](err); ok {
		m.Told, t.changed = begun.Told, true
	}
	_, unsure := errors.AsType[*notices.Unsure](err)
	m.Again = m.Again || unsure
	if _, refused := errors.AsType[*notices.Refused](err); refused {
		m.Refusals, m.Why, t.changed = m.Refusals+1, err.Error(), true
		if !m.Since.IsZero() || m.Refusals >= refusals && len(t.state.Queue[name]) > 0 {
			p.Worked()
			t.setAside(name, m)
			return
		}
	}
	t.state.Leaving[name] = m
	pause := time.Duration(0)
	if later, ok := errors.AsType[*notices.Later](err); ok {
		pause = later.After
	}
	t.Log.Error("notices cannot be told; trying again", "channel", name, "notices", len(m.Notices), "in", p.Asked(t.Now(), pause), "error", err)
}

// setAside has a message that is refused keep no others waiting. Where others arrived since it was set aside, what is refused is in it: its
// halves are tried, and one notice is given up in the end.
func (t *Teller) setAside(name string, m message) {
	delete(t.state.Leaving, name)
	now := t.Now()
	itself := !m.Since.IsZero() && t.took[name].After(m.Since)
	switch {
	case itself && len(m.Notices) > 1:
		half := len(m.Notices) / 2
		for _, part := range [][]notices.Notice{m.Notices[:half], m.Notices[half:]} {
			one := m
			one.Message = notices.MessageOf(part, m.At)
			one.Again, one.Told, one.Due = m.Again, m.Told, now
			t.state.Aside[name] = append(t.state.Aside[name], one)
		}
		return
	case itself && now.Sub(m.Since) >= kept:
		t.Log.Error("a notice is given up: it is refused while others arrive", "channel", name, "notice", m.Notices[0].ID, "file", m.Notices[0].File, "error", m.Why)
		return
	}
	m.Due = now.Add(retried)
	if m.Since.IsZero() {
		m.Since, m.Due = now, now.Add(brief)
		t.Log.Error("notices are refused again and again; others go first", "channel", name, "notices", len(m.Notices), "error", m.Why)
	}
	t.state.Aside[name] = append(t.state.Aside[name], m)
}

// brief is how long a message may be on its way before people who look are told that nobody is told.
const brief = time.Minute

// trouble is what people who look are told of a channel: of the message that does not arrive and why, unless it has not been on its way for
// long, or of what is set aside; "" where all is well.
func (t *Teller) trouble(name string, err error) string {
	if m, there := t.state.Leaving[name]; there && err != nil && t.Now().Sub(m.At) >= brief {
		return words.Of(t.Config.Language, "notice.untold", "since", moment(m.At), "why", err.Error())
	}
	aside := t.state.Aside[name]
	if len(aside) == 0 {
		return ""
	}
	first := slices.MinFunc(aside, func(a, b message) int { return cmp.Compare(a.Since.UnixNano(), b.Since.UnixNano()) })
	var titles []string
	for _, m := range aside {
		for _, n := range m.Notices {
			titles = append(titles, n.Title)
		}
	}
	if more := len(titles) - mostTitles; more > 0 {
		titles = append(titles[:mostTitles], fmt.Sprintf("(+%d)", more))
	}
	return words.Of(t.Config.Language, "notice.aside", "since", moment(first.Since), "why", first.Why, "titles", strings.Join(titles, "; "))
}

// mostTitles is how many notices that are set aside are named.
const mostTitles = 3

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }

// remark tells Untold why a channel tells nobody, or that it does, "", where that is not what was said last.
func (t *Teller) remark(ctx context.Context, channel, why string) error {
	if t.Untold == nil || t.untold != nil && t.untold[channel] == why {
		return nil
	}
	now := map[string]string{}
	maps.Copy(now, t.untold)
	if now[channel] = why; why == "" {
		delete(now, channel)
	}
	if err := t.Untold(context.WithoutCancel(ctx), now); err != nil {
		return err
	}
	t.untold = now
	return nil
}
