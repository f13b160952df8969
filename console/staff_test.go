package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// What an administrator does about people on their page, programs do too: users, passwords, tokens, sessions; each is in the audit list.
func TestPeopleForPrograms(t *testing.T) {
	o := open(t)
	do := func(who, method, path, body string, want int) string {
		t.Helper()
		status, text := o.ask(who, method, "/api/v1/people"+path, body)
		if status != want {
			t.Fatalf("%s: %s %s: %d, want %d: %s", who, method, path, status, want, text)
		}
		return text
	}
	type everybody struct {
		Users, Tokens []struct {
			Name, Role, ID, By string
			Routes             []string
		}
		Sessions []struct{ ID, Name, From string }
	}
	look := func() (all everybody) {
		t.Helper()
		text := do("ann", "GET", "", "", 200)
		if strings.Contains(text, "argon2") || strings.Contains(text, "rft_") {
			t.Errorf("secrets are told: %s", text)
		}
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, who := range []string{"vera", "sam", "olga"} {
		do(who, "GET", "", "", 403)
		do(who, "POST", "/users", `{"name": "eve", "role": "admin", "password": "long enough for all"}`, 403)
		do(who, "POST", "/tokens", `{"name": "eve", "role": "admin"}`, 403)
		do(who, "DELETE", "/users/ann", "", 403)
	}
	do("ann", "POST", "/users", `{"name": "zoe", "role": "sender", "routes": ["other"], "password": "correct horse zoe"}`, 201)
	do("ann", "POST", "/users", `{"name": "zoe", "role": "sender", "password": "correct horse zoe"}`, 409)
	for _, wrong := range []string{`{"name": "yan", "role": "sender", "password": "short"}`, `{"name": "yan", "role": "king", "password": "long enough for all"}`, `{"name": "yan", "role": "sender", "routes": ["none"], "password": "long enough for all"}`,
		`{"name": "/", "role": "sender", "password": "long enough for all"}`, `{"name": "yan", "rank": "sender"}`} {
		do("ann", "POST", "/users", wrong, 422)
	}
	zoe := o.visitor("zoe")
	all := look()
	at := -1
	for i, s := range all.Sessions {
		if s.Name == "zoe" && s.From == "127.0.0.1" {
			at = i
		}
	}
	if len(all.Users) != 5 || len(all.Tokens) != 4 || at < 0 {
		t.Fatalf("%+v", all)
	}
	do("ann", "DELETE", "/sessions/"+all.Sessions[at].ID, "", 204)
	do("ann", "DELETE", "/sessions/none", "", 404)
	if answer, _ := zoe.do("GET", "/files", nil); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("zoe's session goes on: %d", answer.StatusCode)
	}
	zoe = o.visitor("zoe")
	do("ann", "PUT", "/users/zoe/password", `{"password": "short"}`, 422)
	do("ann", "PUT", "/users/nobody/password", `{"password": "another horse zoe"}`, 404)
	do("ann", "PUT", "/users/zoe/password", `{"password": "another horse zoe"}`, 204)
	if answer, _ := zoe.do("GET", "/files", nil); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("zoe's session goes on under the old password: %d", answer.StatusCode)
	}
	var made struct{ Name, Role, Token string }
	if err := json.Unmarshal([]byte(do("ann", "POST", "/tokens", `{"name": "nightly", "role": "sender", "routes": ["other"]}`, 201)), &made); err != nil || made.Role != "sender" {
		t.Fatalf("%+v %v", made, err)
	}
	o.tokens["nightly"] = made.Token
	if status, text := o.ask("nightly", "GET", "/api/v1/me", ""); status != 200 || !strings.Contains(text, `"nightly"`) {
		t.Errorf("%d %s", status, text)
	}
	do("ann", "POST", "/tokens", `{"name": "nightly", "role": "sender"}`, 409)
	do("ann", "DELETE", "/tokens/nightly", "", 204)
	do("ann", "DELETE", "/tokens/nightly", "", 404)
	if status, _ := o.ask("nightly", "GET", "/api/v1/me", ""); status != 401 {
		t.Errorf("a token that was taken back is good: %d", status)
	}
	do("ann", "DELETE", "/users/ann", "", 409)
	do("ann", "DELETE", "/users/zoe", "", 204)
	do("ann", "DELETE", "/users/zoe", "", 404)
	if all := look(); len(all.Users) != 4 || len(all.Tokens) != 4 {
		t.Errorf("%+v", all)
	}
	var list struct {
		Acts []struct{ By, Verb, About string }
	}
	o.get("olga", "/api/v1/audit?by=ann", &list)
	var did []string
	for _, a := range list.Acts {
		did = append(did, a.Verb+" "+a.About)
	}
	if got, want := strings.Join(did, ", "), "remove zoe, remove nightly, token nightly, user zoe, end-session zoe, user zoe"; got != want {
		t.Errorf("audit: %s, want %s", got, want)
	}
}
