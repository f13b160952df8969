package signed_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/senders/senderstest"
	"github.com/rowferry/rowferry/senders/signed"
	"github.com/rowferry/rowferry/words"
)

var credentials = map[string]configs.Secret{
	"token": configs.NewSecret("tok-123456"), "staff": configs.NewSecret("18036094790"), "secret": configs.NewSecret("s3cr3t-key"),
}

func TestConformance(t *testing.T) {
	var mu sync.Mutex
	nonces := map[string]bool{}
	senderstest.Run(t, senderstest.Way{
		Account: configs.Account{Auth: "signed", Credentials: credentials,
			Sign: &configs.Sign{Digest: "md5", Over: "{token}{timestamp}{nonce}{secret}"}},
		Check: func(r *http.Request, body map[string]string) error {
			mu.Lock()
			defer mu.Unlock()
			get := r.Header.Get
			if nonces[get("Nonce")] {
				return fmt.Errorf("nonce %s came before", get("Nonce"))
			}
			nonces[get("Nonce")] = true
			var ms int64
			if _, err := fmt.Sscan(get("Timestamp"), &ms); err != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Hour {
				return fmt.Errorf("timestamp %s is not of now", get("Timestamp"))
			}
			sum := md5.Sum([]byte("tok-123456" + get("Timestamp") + get("Nonce") + "s3cr3t-key"))
			if get("Sign") != hex.EncodeToString(sum[:]) || get("Access-Token") != "tok-123456" || get("Staff") != "18036094790" {
				return fmt.Errorf("%v", r.Header)
			}
			return nil
		},
		Secrets: []string{"tok-123456", "s3cr3t-key"},
	})
}

var templates = map[string]string{"Access-Token": "{token}", "Timestamp": "{timestamp}", "Nonce": "{nonce}", "Sign": "{sign}", "Staff": "{staff}"}

func made(t *testing.T, sign *configs.Sign) (auth.Scheme, []batch.Mistake) {
	t.Helper()
	a := auth.Account{Scheme: providers.Scheme{Name: "signed", Headers: templates, Needs: []string{"token"}}, Credentials: credentials, Sign: sign}
	wrong := signed.Check(a)
	if sign == nil {
		return nil, wrong
	}
	s := signed.New(a)
	signed.At(s, func() time.Time { return time.UnixMilli(1592364092493) })
	return s, wrong
}

// Every part of a recipe, computed here by other means.
func TestRecipes(t *testing.T) {
	body := `{"b":"2","a10":[1, 2],"a":"x&y","empty":"","none":null,"c":3.50}`
	sha := func(s string) []byte { sum := sha256.Sum256([]byte(s)); return sum[:] }
	keyed := func(key, s string) []byte {
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(s))
		return h.Sum(nil)
	}
	cases := []struct {
		sign configs.Sign
		want func(nonce string) string
	}{
		{configs.Sign{Digest: "sha256", Over: "{method}\n{path}\n{body}"}, func(string) string { return hex.EncodeToString(sha("POST\n/x/y\n" + body)) }},
		{configs.Sign{Digest: "sha256", Over: "{params}&key={secret}", Case: "upper"}, func(string) string {
			return strings.ToUpper(hex.EncodeToString(sha("a=x&y&a10=[1, 2]&b=2&c=3.50&key=s3cr3t-key")))
		}},
		{configs.Sign{Digest: "sha256", Over: "{headers}", Encoding: "base64"}, func(nonce string) string {
			return base64.StdEncoding.EncodeToString(sha("Access-Token=tok-123456&Nonce=" + nonce + "&Staff=18036094790&Timestamp=1592364092493"))
		}},
		{configs.Sign{Digest: "hmac-sha256", Over: "{timestamp}{nonce}"}, func(nonce string) string { return hex.EncodeToString(keyed("s3cr3t-key", "1592364092493"+nonce)) }},
		{configs.Sign{Digest: "hmac-sha256", Over: "{staff}", Key: "{token}:{timestamp}"}, func(string) string {
			return hex.EncodeToString(keyed("tok-123456:1592364092493", "18036094790"))
		}},
		{configs.Sign{Digest: "sha256", Over: `{"t":"{token}"}`}, func(string) string { return hex.EncodeToString(sha(`{"t":"tok-123456"}`)) }},
	}
	for _, c := range cases {
		s, wrong := made(t, &c.sign)
		if len(wrong) > 0 {
			t.Errorf("%+v: %v", c.sign, wrong)
			continue
		}
		r := auth.Request{Method: "POST", Path: "/x/y", Encoding: "json", Body: []byte(body), Header: http.Header{}}
		s.Authorize(&r)
		if got, want := r.Header.Get("Sign"), c.want(r.Header.Get("Nonce")); got != want {
			t.Errorf("%+v: %s, want %s", c.sign, got, want)
		}
	}
}

func TestLengths(t *testing.T) {
	for digest, n := range map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "hmac-md5": 32, "hmac-sha1": 40, "hmac-sha256": 64} {
		s, wrong := made(t, &configs.Sign{Digest: digest, Over: "{token}{secret}"})
		r := auth.Request{Header: http.Header{}}
		s.Authorize(&r)
		if got := r.Header.Get("Sign"); len(got) != n || len(wrong) > 0 {
			t.Errorf("%s: %s, %v", digest, got, wrong)
		}
	}
}

// The timestamp is that of the attempt.
func TestTimestampIsFresh(t *testing.T) {
	s, _ := made(t, &configs.Sign{Digest: "md5", Over: "{timestamp}"})
	for _, at := range []int64{1592364092493, 1592364092494, 1592367692493} {
		signed.At(s, func() time.Time { return time.UnixMilli(at) })
		r := auth.Request{Header: http.Header{}}
		s.Authorize(&r)
		if got := r.Header.Get("Timestamp"); got != fmt.Sprint(at) {
			t.Errorf("at %d: %s", at, got)
		}
	}
}

// Within one millisecond, and when the clock goes back, no nonce comes twice.
func TestNonces(t *testing.T) {
	s, _ := made(t, &configs.Sign{Digest: "md5", Over: "{nonce}"})
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				r := auth.Request{Header: http.Header{}}
				s.Authorize(&r)
				mu.Lock()
				if seen[r.Header.Get("Nonce")] {
					t.Error("twice", r.Header.Get("Nonce"))
				}
				seen[r.Header.Get("Nonce")] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestMistakes(t *testing.T) {
	cases := []struct {
		sign *configs.Sign
		want []string
	}{
		{nil, []string{"sign"}},
		{&configs.Sign{}, []string{"sign.digest", "sign.over"}},
		{&configs.Sign{Digest: "md5"}, []string{"sign.over"}},
		{&configs.Sign{Over: "{token}"}, []string{"sign.digest"}},
		{&configs.Sign{Digest: "crc32", Over: "{nobody}", Key: "x", Encoding: "base64", Case: "upper"}, []string{"sign.digest", "sign.key", "sign.case", "sign.over"}},
		{&configs.Sign{Digest: "md5", Over: "{token}", Encoding: "base64", Case: "upper"}, []string{"sign.case"}},
	}
	for _, c := range cases {
		_, wrong := made(t, c.sign)
		var got []string
		for _, w := range wrong {
			got = append(got, w.Key)
			for _, l := range batch.Languages() {
				if said := words.Say(l, w.What); strings.Contains(said, "sender.") {
					t.Errorf("no words: %s", said)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v, want %v", c.sign, got, c.want)
		}
	}
}
