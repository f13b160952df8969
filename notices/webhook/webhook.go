// Package webhook tells notices to an address, signed as Standard Webhooks say.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/notices"
	"github.com/rowferry/rowferry/notices/trust"
)

// Channel is a notices.Channel.
type Channel struct {
	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
}

// Sound reports whether a secret is one of Standard Webhooks.
func Sound(secret configs.Secret) bool {
	_, err := standardwebhooks.NewWebhook(secret.Reveal())
	return err == nil
}

// Open makes the channel; nothing is sent.
func Open(c configs.Webhook) (*Channel, error) {
	signer, err := standardwebhooks.NewWebhook(c.Secret.Reveal())
	if err != nil {
		return nil, fmt.Errorf("notices.webhook.secret is no secret of Standard Webhooks (whsec_ and base64)")
	}
	pool, err := trust.Pool(c.CA)
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

// Tell implements notices.Channel: 2xx means that they arrived.
func (c *Channel) Tell(ctx context.Context, group []notices.Notice) error {
	sent := make([]notices.Notice, len(group))
	for i, n := range group {
		n.Attach = ""
		sent[i] = n
	}
	now := time.Now()
	body, err := json.Marshal(map[string]any{"type": "rowferry.notices", "timestamp": now.UTC().Format(time.RFC3339), "data": map[string]any{"notices": sent}})
	if err != nil {
		return err
	}
	id := notices.ID(group)
	signature, err := c.signer.Sign(id, now, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "rowferry")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	answer, err := c.client.Do(r)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %s", answer.Status)
	}
	return nil
}
