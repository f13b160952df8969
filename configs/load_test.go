package configs

import (
	"testing"
	"time"
)

// The configuration that the design shows loads as it stands: only the account that a route uses needs its secrets.
func TestLoadsTheDesignsExample(t *testing.T) {
	t.Setenv("OTMS_LOGIN", "acme")
	t.Setenv("OTMS_PASSWORD", "s3cret")
	c, err := Load("testdata/good/design.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Routes["ship-points"]
	if r.Name != "ship-points" || r.Inbox.Settle != 2*time.Second || r.Inbox.Every != 2*time.Second || r.Inbox.After != "archive" {
		t.Errorf("route: %+v", r)
	}
	for _, w := range c.Warnings {
		t.Log(w)
	}
}
