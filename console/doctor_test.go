package console_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each step of the doctor is there when it has been tried, not when all have: here a partner's server that can be reached and then says
// nothing until its connection step was seen.
func TestTheDoctorTellsStepByStep(t *testing.T) {
	partner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := partner.Accept()
			if err != nil {
				return
			}
			<-seen
			conn.Close()
		}
	}()
	defer func() { partner.Close(); <-ended }()
	_, port, _ := net.SplitHostPort(partner.Addr().String())
	o := open(t, `  theirs: {account: les, operation: shipmentFailed, inbox: {dir: inbox/theirs}, outbox: {sftp: partner, dir: incoming, formats: [csv]}}
sftp:
  partner: {host: 127.0.0.1, port: `+port+`, user: u, password: p, timeout: 1h, host_key: "SHA256:`+strings.Repeat("A", 43)+`"}
`)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+o.address+"/api/v1/doctor?partner=partner", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.tokens["olga"])
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var steps []string
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if steps = append(steps, lines.Text()); len(steps) == 2 {
			close(seen)
		}
	}
	if len(steps) != 3 || !strings.Contains(steps[1], `"sftp partner: connect","good":true`) || !strings.Contains(steps[2], `"good":false`) {
		t.Fatalf("%d: %q", answer.StatusCode, steps)
	}
	if status, page := o.ask("ann", "GET", "/partners", ""); status != 200 || strings.Count(page, `action="/doctor"`) != 2 {
		t.Errorf("%d %s", status, page)
	}
	for _, c := range []struct {
		who, partner string
		want         int
		says         string
	}{{"ann", "partner", 200, "Steps that failed: 1"}, {"ann", "", 200, "All steps went well"}, {"ann", "nobody", 404, ""}, {"sam", "partner", 403, ""}, {"vera", "", 403, ""}} {
		if status, page := o.ask(c.who, "POST", "/doctor?partner="+c.partner, ""); status != c.want || !strings.Contains(page, c.says) {
			t.Errorf("%+v: %d %s", c, status, page)
		}
	}
	if _, list := o.ask("olga", "GET", "/api/v1/audit?verb=doctor", ""); strings.Count(list, `"about":"partner"`) != 2 || !strings.Contains(list, `"about":"localhost"`) {
		t.Errorf("audit: %s", list)
	}
}
