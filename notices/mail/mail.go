// Package mail tells notices by e-mail.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

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
}

// largest is the size of a result that is attached.
const largest = 1 << 20

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
	return &Channel{c, client}, nil
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
	server, err := c.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	cut := func() { _ = server.Text.Close() }
	defer context.AfterFunc(ctx, cut)()
	deliver := func(to ...string) error {
		letter, err := c.write(m, to)
		if err != nil {
			return err
		}
		if err := c.client.SendWithSMTPClient(server, letter); !letter.IsDelivered() {
			return err
		}
		return nil // what went wrong after it was taken does not matter
	}
	if err = deliver(c.settings.To...); len(c.settings.To) > 1 && strange(err) {
		err = c.each(deliver)
	}
	if failed, ok := errors.AsType[*gomail.SendError](err); ok && failed.Reason != gomail.ErrSMTPRcptTo {
		cut() // a farewell would end the half of a message as if it were whole
		return doubt(failed)
	}
	_ = c.client.CloseWithSMTPClient(server) // whether the server took it, it has said before
	return err
}

// doubt tells where the whole message had left and nothing came back.
func doubt(failed *gomail.SendError) error {
	if failed.Reason == gomail.ErrSMTPDataClose && failed.ErrorCode() == 0 {
		return &notices.Unsure{Err: failed}
	}
	return failed
}

// each has the message delivered to one after the other, where the server will not have one of them.
func (c *Channel) each(deliver func(to ...string) error) error {
	var failed []error
	for _, to := range c.settings.To {
		err := deliver(to)
		if err != nil && !strange(err) {
			return err
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	if n := len(failed); n > 0 && n < len(c.settings.To) {
		return &notices.Partly{Err: errors.Join(failed...)}
	}
	return errors.Join(failed...)
}

// strange reports whether the server will not have a recipient, now and later.
func strange(err error) bool {
	failed, ok := errors.AsType[*gomail.SendError](err)
	return ok && failed.Reason == gomail.ErrSMTPRcptTo && !failed.IsTemp()
}

func (c *Channel) write(m notices.Message, to []string) (*gomail.Msg, error) {
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
	for _, n := range m.Notices {
		fmt.Fprintf(&b, "%s\n%s\n\n", n.Title, n.Text)
		if info, err := os.Stat(n.Attach); n.Attach != "" && err == nil && info.Size() <= largest {
			letter.AttachFile(n.Attach)
		}
	}
	letter.SetBodyString(gomail.TypeTextPlain, b.String())
	return letter, nil
}
