package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/senderstest"
	"github.com/rowferry/rowferry/senders/session"
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

// Of callers that wait together for a login, one logs in; all hear that it was refused. Who comes later asks again.
func TestOneLoginForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := auth.Account{
			Scheme:      providers.Scheme{Logins: []providers.Login{{Name: "v3", Paths: map[string]string{"json": "/login"}, Fields: []string{"login"}}}},
			Credentials: map[string]configs.Secret{"login": configs.NewSecret("user")},
		}
		if wrong := session.Check(a); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		s := session.New(a)
		calls, answer := 0, make(chan struct{})
		ask := func() {
			_, err := s.(auth.Keeper).Session(t.Context(), func(context.Context, string, string, []byte) (providers.Response, error) {
				calls++
				<-answer
				return providers.Response{Status: http.StatusUnauthorized, Body: []byte(`{"errors":"no"}`)}, nil
			})
			if _, refused := errors.AsType[*auth.Refused](err); !refused {
				t.Errorf("%v, want a refusal", err)
			}
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(ask)
		}
		synctest.Wait()
		close(answer)
		all.Wait()
		if calls != 1 {
			t.Errorf("%d logins for 8 who waited together", calls)
		}
		if ask(); calls != 2 {
			t.Errorf("%d logins after one more has come", calls)
		}
	})
}
