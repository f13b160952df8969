// Package mail tells notices by e-mail.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// Channel is a notices.Channel.
type Channel struct {
	settings configs.Mail
	client   *gomail.Client
	now      func() time.Time
	since    map[string]time.Time // by recipient: since when the server refuses it for now
	bare     string               // the message that it would not have with what is attached
}

// largest is the size of a result that is attached, and mostly that of all of a letter: servers take 10 MB and seldom less.
const largest, mostly = 1 << 20, 6 << 20

// Check lists everything that is wrong with the settings; no server is asked.
func Check(c configs.Mail) []batch.Mistake {
	wrong := trust.CheckAuthorities(c.CA)
	bad := func(key string, what, write batch.Message) {
		wrong = append(wrong, batch.Mistake{Key: key, What: what, Write: write})
	}
	if c.Host != "" && !configs.IsHost(c.Host) {
		bad("host", words.Message("config.host"), words.Example("host: smtp.example.com"))
	}
	if c.User != "" && c.Password.Empty() {
		bad("password", words.Message("config.missing"), words.Example(`password: "${MAIL_PASSWORD}"`))
	}
	if c.From != "" && !addressed(c.From) {
		bad("from", words.Message("config.mailbox", "value", words.Short(c.From)), words.Example("from: rowferry@example.com"))
	}
	for i, to := range c.To {
		if !addressed(to) {
			bad(fmt.Sprintf("to[%d]", i), words.Message("config.mailbox", "value", words.Short(to)), words.Example("to: [dispatch@example.com]"))
		}
	}
	return wrong
}

// addressed reports whether a letter can be addressed so.
func addressed(to string) bool {
	_, err := netmail.ParseAddress(to)
	return err == nil
}

// Open makes the channel; nothing is sent.
func Open(c configs.Mail) (*Channel, error) {
	pool, err := trust.Authorities(c.CA)
	if err != nil {
		return nil, fmt.Errorf("notices.mail.ca: %w", err)
	}
	options := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(30 * time.Second),
		gomail.WithTLSConfig(&tls.Config{RootCAs: pool, ServerName: c.Host, MinVersion: tls.VersionTLS12})}
	switch c.TLS {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(c.Password.Reveal()))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("notices.mail: %w", err)
	}
	return &Channel{settings: c, client: client, now: time.Now, since: map[string]time.Time{}}, nil
}

// Reach connects to the server, logs in where there is a user, and ends.
func (c *Channel) Reach(ctx context.Context) error {
	if err := c.client.DialWithContext(ctx); err != nil {
		return err
	}
	return c.client.Close()
}

// Name is the channel's.
func (*Channel) Name() string { return "mail" }

// Tell implements notices.Channel. Told again it has the same Message-ID and Date, and says so to who reads it.
func (c *Channel) Tell(ctx context.Context, m notices.Message) error {
	to := slices.DeleteFunc(slices.Clone(c.settings.To), func(one string) bool { return slices.Contains(m.Told, one) })
	if len(to) == 0 {
		return nil // whoever was still to get it is written to no more
	}
	server, err := c.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	cut := func() { _ = server.Text.Close() }
	defer context.AfterFunc(ctx, cut)()
	now, err := c.deliver(server, m, to)
	told := slices.Concat(m.Told, now)
	if failed, ok := errors.AsType[*gomail.SendError](err); ok && failed.Reason != gomail.ErrSMTPRcptTo {
		cut() // a farewell would end the half of a message as if it were whole
		return begun(told, doubt(failed))
	}
	_ = c.client.CloseWithSMTPClient(server) // whether the server took it, it has said before
	return begun(told, err)
}

// begun is the error of a message that some have: others are to get it yet, unless the server will not have them.
func begun(told []string, err error) error {
	if err == nil || isPartly(err) || len(told) == 0 {
		return err
	}
	return &notices.Begun{Told: told, Err: err}
}

func isPartly(err error) bool {
	_, partly := errors.AsType[*notices.Partly](err)
	return partly
}

// doubt tells where the whole message had left and nothing came back, and where the server will not have it for what it is.
func doubt(failed *gomail.SendError) error {
	switch {
	case failed.Reason == gomail.ErrSMTPDataClose && failed.ErrorCode() == 0:
		return &notices.Unsure{Err: failed}
	case failed.ErrorCode()/100 == 5:
		return &notices.Refused{Err: failed}
	}
	return failed
}

// deliver has one letter go to all, or where the server will not have one of them, one to each.
func (c *Channel) deliver(server *smtp.Client, m notices.Message, to []string) (told []string, err error) {
	if err = c.send(server, m, to...); err == nil {
		c.took(to...)
		return to, nil
	}
	if !refused(err) {
		return nil, err
	}
	var never, later []error
	for _, one := range to {
		if len(to) > 1 {
			err = c.send(server, m, one)
		}
		switch {
		case err == nil:
			c.took(one)
			told = append(told, one)
		case !refused(err):
			return told, err
		case c.waits(one, err):
			later = append(later, err)
		default:
			never = append(never, err)
		}
	}
	if err := errors.Join(append(later, never...)...); len(later) > 0 || err == nil || len(told)+len(m.Told) == 0 {
		return told, err
	}
	return told, &notices.Partly{Err: errors.Join(never...)}
}

// send writes one letter; one that the server will not have as it is goes without what is attached.
func (c *Channel) send(server *smtp.Client, m notices.Message, to ...string) error {
	letter, err := c.write(m, to, m.ID != c.bare)
	if err != nil {
		return err
	}
	err = c.client.SendWithSMTPClient(server, letter)
	failed, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case letter.IsDelivered():
		return nil // what went wrong after it was taken does not matter
	case ok && failed.Reason == gomail.ErrSMTPDataClose && failed.ErrorCode()/100 == 5 && len(letter.GetAttachments()) > 0:
		c.bare = m.ID
		return c.send(server, m, to...)
	}
	return err
}

// refused reports whether the server will not have a recipient, now or ever.
func refused(err error) bool {
	failed, ok := errors.AsType[*gomail.SendError](err)
	return ok && failed.Reason == gomail.ErrSMTPRcptTo
}

// patient is how long one recipient may be refused for now, as while a mailbox is full, before others are kept waiting no more.
const patient = 30 * time.Minute

// waits reports whether a recipient who was refused is to get the message yet.
func (c *Channel) waits(one string, err error) bool {
	if failed, ok := errors.AsType[*gomail.SendError](err); !ok || !failed.IsTemp() {
		return false
	}
	if c.since[one].IsZero() {
		c.since[one] = c.now()
	}
	return c.now().Sub(c.since[one]) <= patient
}

// took notes that the server takes what is for these.
func (c *Channel) took(to ...string) {
	for _, one := range to {
		delete(c.since, one)
	}
}

func (c *Channel) write(m notices.Message, to []string, attach bool) (*gomail.Msg, error) {
	letter := gomail.NewMsg()
	if err := letter.From(c.settings.From); err != nil {
		return nil, fmt.Errorf("notices.mail.from: %w", err)
	}
	if err := letter.To(to...); err != nil {
		return nil, fmt.Errorf("notices.mail.to: %w", err)
	}
	letter.SetMessageIDWithValue(m.ID + "@" + c.settings.Host)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetDateWithValue(m.At)
	first := m.Notices[0]
	subject := "rowferry: " + first.Title
	if more := len(m.Notices) - 1; more > 0 {
		subject += fmt.Sprintf(" (+%d)", more)
	}
	letter.Subject(subject)
	var b strings.Builder
	if m.Again {
		fmt.Fprintf(&b, "%s\n\n", words.Of(first.Language, "notice.again"))
	}
	room := int64(mostly)
	for _, n := range m.Notices {
		fmt.Fprintf(&b, "%s\n%s\n\n", n.Title, n.Text)
		if info, err := os.Stat(n.Attach); attach && n.Attach != "" && err == nil && info.Size() <= min(largest, room) {
			letter.AttachFile(n.Attach)
			room -= info.Size()
		}
	}
	letter.SetBodyString(gomail.TypeTextPlain, b.String())
	return letter, nil
}
