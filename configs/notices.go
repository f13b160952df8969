package configs

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/words"
)

// Notices is how people hear of what needs them. Each notice goes to every way that is given.
type Notices struct {
	// An address of your own that is called with each notice.
	Webhook *Webhook `yaml:"webhook"`
	// E-mail.
	Mail *Mail `yaml:"mail"`
	// How long notices wait for others, so that many come as one.
	Group time.Duration `yaml:"group" default:"30s"`
	// After how long what goes on is told again.
	Repeat time.Duration `yaml:"repeat" default:"24h" above:"0"`
	// When the sum of the last day is told, such as "18:00"; without it never.
	Digest string `yaml:"digest" example:"\"18:00\""`
	// Time zone of digest; without it that of the machine.
	Zone string `yaml:"zone" example:"Asia/Shanghai"`
}

// Webhook is an address that is called, signed as Standard Webhooks say (standardwebhooks.com).
type Webhook struct {
	// Where to POST to.
	URL string `yaml:"url" required:"true" example:"https://example.com/rowferry"`
	// The secret that the signature is made with: whsec_ and base64.
	Secret Secret `yaml:"secret" required:"true" example:"\"${NOTICE_SECRET}\""`
	// PEM file with further certificate authorities to trust.
	CA string `yaml:"ca" example:"/etc/rowferry/company-ca.pem"`
}

// Mail is a mail server and whom to write to.
type Mail struct {
	// Name of the mail server.
	Host string `yaml:"host" required:"true" example:"smtp.example.com"`
	// Port of the mail server.
	Port int `yaml:"port" default:"587" range:"1 65535"`
	// How the line is made secret: starttls, tls from the first byte, or none.
	TLS string `yaml:"tls" enum:"starttls,tls,none" default:"starttls"`
	// User to log in as; without it nobody.
	User string `yaml:"user" example:"rowferry"`
	// Password of the user.
	Password Secret `yaml:"password" example:"\"${MAIL_PASSWORD}\""`
	// Sender.
	From string `yaml:"from" required:"true" example:"rowferry@example.com"`
	// Whom to write to.
	To []string `yaml:"to" required:"true" example:"[dispatch@example.com]"`
	// PEM file with further certificate authorities to trust.
	CA string `yaml:"ca" example:"/etc/rowferry/company-ca.pem"`
}

// Expect is when a file should have come.
type Expect struct {
	// Time of the day until which one should have come.
	By string `yaml:"by" required:"true" example:"\"09:00\""`
	// Days on which one should come: MON-FRI, or a list such as MON,THU.
	Days string `yaml:"days" default:"MON-SUN" example:"MON-FRI"`
	// Time zone; without it that of the machine.
	Zone string `yaml:"zone" example:"Asia/Shanghai"`
}

var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// On reports whether a day is one of those.
func (e *Expect) On(day time.Weekday) bool {
	set, ok := daysOf(e.Days)
	return ok && set[day]
}

// daysOf reads MON-FRI,SUN.
func daysOf(text string) (set [7]bool, ok bool) {
	for part := range strings.SplitSeq(strings.ToUpper(text), ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, first)
		if ranged {
			to = slices.Index(weekdays, last)
		}
		if from < 0 || to < 0 {
			return set, false
		}
		for d := from; ; d = (d + 1) % 7 {
			set[d] = true
			if d == to {
				break
			}
		}
	}
	return set, true
}

// Clock gives the moment of a day's time such as "09:00" on the day of now, in a zone; false where they are none.
func Clock(at, zone string, now time.Time) (time.Time, bool) {
	place := time.Local
	if zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil {
			return time.Time{}, false
		}
		place = z
	}
	t, err := time.Parse("15:04", at)
	y, m, d := now.In(place).Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, place), err == nil
}

// checkClock wants a time of the day, where there is any.
func (l *loader) checkClock(key, at, example string) {
	if _, ok := Clock(at, "", time.Now()); !ok && at != "" {
		l.bad(key, words.Message("config.clock"), words.Example(fmt.Sprintf("%s: %q", spot{key: key}.name(), example)))
	}
}

// checkZone wants a time zone, where there is any.
func (l *loader) checkZone(key, zone string) {
	if _, err := time.LoadLocation(zone); err != nil {
		l.bad(key, words.Message("config.zone", "value", words.Short(zone)), words.Example(spot{key: key}.name()+": Asia/Shanghai"))
	}
	if hours, behind := strings.CutPrefix(zone, "Etc/GMT+"); behind {
		l.warn(finding{at: l.place(key), key: key, what: words.Message("config.zone.behind", "value", zone, "hours", hours), write: words.Message("config.zone.behind.write", "hours", hours)})
	}
}

// checkWeb wants an address of the web, where there is any.
func (l *loader) checkWeb(key, address, example string) {
	if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		l.bad(key, words.Message("config.url"), words.Example(spot{key: key}.name()+": "+example))
	}
}

func (l *loader) finishNotices(n *Notices) {
	if n.Webhook != nil {
		l.anchor(&n.Webhook.CA)
	}
	if n.Mail != nil {
		l.anchor(&n.Mail.CA)
	}
}

func (l *loader) checkNotices(c *Config) {
	n := c.Notices
	if n.Webhook != nil {
		l.checkWeb("notices.webhook.url", n.Webhook.URL, "https://example.com/rowferry")
	}
	l.checkClock("notices.digest", n.Digest, "18:00")
	l.checkZone("notices.zone", n.Zone)
	for _, name := range sortedKeys(c.Routes) {
		e := c.Routes[name].Expect
		if e == nil {
			continue
		}
		l.checkClock("routes."+name+".expect.by", e.By, "09:00")
		l.checkZone("routes."+name+".expect.zone", e.Zone)
		if _, ok := daysOf(e.Days); !ok {
			l.bad("routes."+name+".expect.days", words.Message("config.days"), words.Example("days: MON-FRI"))
		}
	}
}
