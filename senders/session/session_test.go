package session_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders/senderstest"
)

func way(login string) senderstest.Way {
	return senderstest.Way{
		Account: configs.Account{Auth: "session", Login: login, Credentials: map[string]configs.Secret{
			"appkey": configs.NewSecret("app-key-9"), "login": configs.NewSecret("user"), "password": configs.NewSecret("p4ss&wörd"),
		}},
		Check: func(r *http.Request, body map[string]string) error {
			if body["appkey"] != "app-key-9" || body["sessionID"] == "" || body["login"] != "" {
				return fmt.Errorf("%v", body)
			}
			return nil
		},
		Secrets: []string{"app-key-9", "p4ss&wörd"},
	}
}

func TestConformance(t *testing.T) { senderstest.Run(t, way("")) }

func TestConformanceOfXMLLogin(t *testing.T) { senderstest.Run(t, way("x1")) }

func TestSessions(t *testing.T) { senderstest.RunSessions(t, way("")) }
