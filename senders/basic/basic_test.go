package basic_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders/senderstest"
)

func TestConformance(t *testing.T) {
	senderstest.Run(t, senderstest.Way{
		Account: configs.Account{Auth: "basic", Credentials: map[string]configs.Secret{
			"login": configs.NewSecret("user"), "password": configs.NewSecret("p4ss&wörd"),
		}},
		Check: func(r *http.Request, body map[string]string) error {
			if user, password, ok := r.BasicAuth(); !ok || user != "user" || password != "p4ss&wörd" || body["login"] != "" {
				return errors.New(r.Header.Get("Authorization"))
			}
			return nil
		},
		Secrets: []string{"p4ss&wörd"},
	})
}
