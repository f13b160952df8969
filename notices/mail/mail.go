// Package mail tells notices by e-mail.
package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/notices/trust"
)

// Channel is a notices.Channel.
type Channel struct {
	settings configs.Mail
	client   *gomail.Client
}

// largest is the size of a result that is attached.
const largest = 1 << 20

// Open makes the channel; nothing is sent.
func Open(c configs.Mail) (*Channel, error) {
	pool, err := trust.Pool(c.CA)
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

// Tell implements notices.Channel: one message, whose Message-ID is the same whenever it is told again.
func (c *Channel) Tell(ctx context.Context, group []notices.Notice) error {
	m := gomail.NewMsg()
	if err := m.From(c.settings.From); err != nil {
		return fmt.Errorf("notices.mail.from: %w", err)
	}
	if err := m.To(c.settings.To...); err != nil {
		return fmt.Errorf("notices.mail.to: %w", err)
	}
	m.SetMessageIDWithValue(notices.ID(group) + "@" + c.settings.Host)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetDate()
	subject := "rowferry: " + group[0].Title
	if len(group) > 1 {
		subject += fmt.Sprintf(" (+%d)", len(group)-1)
	}
	m.Subject(subject)
	var b strings.Builder
	for _, n := range group {
		fmt.Fprintf(&b, "%s\n%s\n\n", n.Title, n.Text)
		if info, err := os.Stat(n.Attach); n.Attach != "" && err == nil && info.Size() <= largest {
			m.AttachFile(n.Attach)
		}
	}
	m.SetBodyString(gomail.TypeTextPlain, b.String())
	return c.client.DialAndSendWithContext(ctx, m)
}
