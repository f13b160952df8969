package header_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders/senderstest"
)

func TestConformance(t *testing.T) {
	senderstest.Run(t, senderstest.Way{
		Account: configs.Account{Auth: "header",
			Credentials: map[string]configs.Secret{"token": configs.NewSecret("tok-123456")},
			Headers:     map[string]configs.Secret{"X-Tenant": configs.NewSecret("tenant-77")},
		},
		Check: func(r *http.Request, body map[string]string) error {
			if r.Header.Get("X-Token") != "Bearer tok-123456" || r.Header.Get("X-Tenant") != "tenant-77" {
				return fmt.Errorf("%v", r.Header)
			}
			return nil
		},
		Secrets: []string{"tok-123456", "tenant-77"},
	})
}

// Credentials in the body are properties of the document; there is nothing else to do.
func TestConformanceOfBody(t *testing.T) {
	senderstest.Run(t, senderstest.Way{
		Account: configs.Account{Auth: "body", Credentials: map[string]configs.Secret{
			"login": configs.NewSecret("user"), "password": configs.NewSecret("p4ss&wörd"),
		}},
		Check: func(r *http.Request, body map[string]string) error {
			if body["login"] != "user" || body["password"] != "p4ss&wörd" || r.Header.Get("Authorization") != "" {
				return fmt.Errorf("%v", body)
			}
			return nil
		},
		Secrets: []string{"p4ss&wörd"},
	})
}
