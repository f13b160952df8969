package senders_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

func builtin(t testing.TB, name string) *providers.Provider {
	t.Helper()
	all, err := providers.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

func secrets(pairs ...string) map[string]configs.Secret {
	out := map[string]configs.Secret{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = configs.NewSecret(pairs[i+1])
	}
	return out
}

// Every mistake of an account is reported, at once, in three languages, without the values of credentials.
func TestMistakes(t *testing.T) {
	sign := &configs.Sign{Digest: "md5", Over: "{token}{timestamp}{nonce}{secret}"}
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name    string
		account configs.Account
		want    []string
	}{
		{"good", configs.Account{Provider: "otms", Server: "sandbox", Credentials: secrets("login", "u", "password", "p-secret")}, nil},
		{"good signed", configs.Account{Provider: "hgj", Server: "https://x.example", Credentials: secrets("token", "t-secret", "staff", "1", "secret", "k-secret"), Sign: sign}, nil},
		{"no server", configs.Account{Provider: "les"}, []string{"server"}},
		{"which server", configs.Account{Provider: "otms", Credentials: secrets("login", "u", "password", "p-secret")}, []string{"server"}},
		{"no test system by default", configs.Account{Provider: "hgj", Credentials: secrets("token", "t-secret", "staff", "1", "secret", "k-secret"), Sign: sign}, []string{"server"}},
		{"unknown server", configs.Account{Provider: "otms", Server: "testing", Credentials: secrets("login", "u", "password", "p-secret")}, []string{"server"}},
		{"password in the address", configs.Account{Provider: "les", Server: "https://u:p-secret@x.example"}, []string{"server"}},
		{"no address", configs.Account{Provider: "les", Server: "ftp://x.example"}, []string{"server"}},
		{"no recipe", configs.Account{Provider: "hgj", Server: "https://x.example", Credentials: secrets("token", "t-secret", "staff", "1", "secret", "k-secret")}, []string{"sign"}},
		{"everything", configs.Account{Provider: "hgj", Server: "nowhere", Auth: "basic", Encoding: "yaml", Rate: "fast", CA: empty, Proxy: configs.NewSecret("proxy-secret.example:3128"),
			Credentials: secrets("token", "t-secret\n", "colour", "red"), Headers: secrets("Content-Length", "3", "X Y", "z")},
			[]string{"server", "credentials.token", "credentials.colour", "credentials.staff", "headers.Content-Length", "headers.X Y", "rate", "sign", "auth", "encoding", "ca", "proxy"}},
		{"no way to log in", configs.Account{Provider: "dellin", Credentials: secrets("appkey", "a-secret", "login", "u")}, []string{"credentials.password"}},
		{"token login", configs.Account{Provider: "dellin", Login: "v4", Credentials: secrets("appkey", "a-secret", "login", "u")}, []string{"credentials.pat"}},
		{"unknown login", configs.Account{Provider: "dellin", Login: "v9", Credentials: secrets("appkey", "a-secret")}, []string{"login"}},
		{"given session", configs.Account{Provider: "dellin", Credentials: secrets("appkey", "a-secret", "sessionID", "s-secret")}, nil},
		{"colon", configs.Account{Provider: "otms", Server: "sandbox", Credentials: secrets("login", "a:b", "password", "p-secret")}, []string{"credentials.login"}},
	}
	for _, c := range cases {
		c.account.Name = "mine"
		s, err := senders.Open(c.account, builtin(t, c.account.Provider), senders.Options{})
		var got []string
		if wrong, ok := errors.AsType[*senders.MistakesError](err); ok {
			for _, m := range wrong.List {
				got = append(got, m.Key)
			}
			for _, m := range wrong.List {
				for _, l := range batch.Languages() {
					text := words.Say(l, m.What) + words.Say(l, m.Write)
					if strings.Contains(text, "-secret") || strings.Contains(text, "sender.") || strings.Contains(text, "config.") {
						t.Errorf("%s: %s", c.name, text)
					}
				}
			}
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else {
			s.Close()
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v\n%v", c.name, got, c.want, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for server, want := range map[string]bool{"http://x.example/api": true, "http://127.0.0.1:9": false, "http://localhost:9": false, "https://x.example": false, "http://[::1]:9": false} {
		found := senders.Check(configs.Account{Name: "mine", Server: server}, builtin(t, "les"), nil)
		if got := len(found) == 1 && found[0].Key == "server" && found[0].Warning; got != want || len(found) > 1 {
			t.Errorf("%s: %v, want a warning %v", server, found, want)
		}
	}
}
