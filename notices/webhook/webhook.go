// Package webhook tells notices to an address, signed as Standard Webhooks say.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/trust"
	"github.com/rowferry/rowferry/words"
)

// leastKey and mostKey are the bytes that a secret has, as Standard Webhooks ask.
const leastKey, mostKey = 24, 64

// Channel is a notices.Channel.
type Channel struct {
	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
}

// Check lists everything that is wrong with the settings besides the form of the address.
func Check(c configs.Webhook) []batch.Mistake {
	wrong := trust.CheckAuthorities(c.CA)
	if key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(c.Secret.Reveal(), "whsec_")); err != nil || len(key) < leastKey || len(key) > mostKey {
		wrong = append(wrong, batch.Mistake{Key: "secret", What: words.Message("config.notices.secret"), Write: words.Message("config.notices.secret.write")})
	}
	return wrong
}

// Open makes the channel; nothing is sent.
func Open(c configs.Webhook) (*Channel, error) {
	signer, err := standardwebhooks.NewWebhook(c.Secret.Reveal())
	if err != nil {
		return nil, fmt.Errorf("notices.webhook.secret: %w", err)
	}
	pool, err := trust.Authorities(c.CA)
	if err != nil {
		return nil, fmt.Errorf("notices.webhook.ca: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Channel{c.URL, signer, &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: stay}}, nil
}

// Name is the channel's.
func (*Channel) Name() string { return "webhook" }

// Tell implements notices.Channel: 2xx means that it arrived. Told again it has the same webhook-id and body, and the time of the attempt.
func (c *Channel) Tell(ctx context.Context, m notices.Message) error {
	sent := make([]notices.Notice, len(m.Notices))
	for i, n := range m.Notices {
		n.Attach = ""
		sent[i] = n
	}
	body, err := json.Marshal(map[string]any{"type": "rowferry.notices", "timestamp": m.At.Format(time.RFC3339), "data": map[string]any{"notices": sent}})
	if err != nil {
		return err
	}
	now := time.Now()
	signature, err := c.signer.Sign(m.ID, now, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "rowferry")
	r.Header.Set("webhook-id", m.ID)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	answer, err := c.client.Do(r)
	if err != nil {
		return unanswered(err)
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	_ = answer.Body.Close()
	return judged(answer.StatusCode, answer.Header, refusal(answer.StatusCode, said))
}

// judged tells what was refused for itself, what is to come later, and where nothing is known of either: a busy server, or one on the way.
func judged(status int, header http.Header, err error) error {
	wait := patience.Asked(header, time.Now())
	switch {
	case err == nil:
		return nil
	case wait > 0:
		return &notices.Later{After: wait, Err: err}
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return err
	}
	return &notices.Refused{Err: err}
}

// refusal is why an answer says that the message was not taken: by its status, or under a good one as the robots of DingTalk and WeCom do.
func refusal(status int, said []byte) error {
	var robot struct {
		Code int    `json:"errcode"`
		Why  string `json:"errmsg"`
	}
	answered := fmt.Sprintf("the webhook answered %d %s", status, http.StatusText(status))
	switch {
	case status/100 == 2 && (json.Unmarshal(said, &robot) != nil || robot.Code == 0):
		return nil
	case status/100 == 2:
		return fmt.Errorf("%s, but errcode %d: %s", answered, robot.Code, robot.Why)
	case status/100 == 3:
		return fmt.Errorf("%s, and nobody is led elsewhere: write its new address as url", answered)
	}
	if why := brief(said); why != "" {
		answered += ": " + why
	}
	return errors.New(answered)
}

// brief is the beginning of what an answer says, on one line; of a page it is nothing.
func brief(said []byte) string {
	const most = 200
	why := strings.Join(strings.Fields(strings.ToValidUTF8(string(said), "")), " ")
	if strings.HasPrefix(why, "<") {
		return ""
	}
	if runes := []rune(why); len(runes) > most {
		why = string(runes[:most]) + "…"
	}
	return why
}

// unanswered is why no answer came, without the address: often whoever knows that may call it. What never connected did not arrive.
func unanswered(err error) error {
	if asked, ok := errors.AsType[*url.Error](err); ok {
		err = asked.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return err
	}
	return &notices.Unsure{Err: err}
}
