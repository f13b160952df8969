// Package receipts receives what providers say later about requests that they took over, and has results written again with it.
package receipts

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/signed"
)

// Prefix is where receipts come to: Prefix + account/webhook, and /secret where the provider sends no other proof.
const Prefix = "/receipts/"

// largest is how long the body of a receipt may be.
const largest = 1 << 20

// Receiver takes the receipts of all accounts that want them. It is an http.Handler for all below Prefix; safe for concurrent use.
//
// A receipt is answered with 200 when it is on disk, and only then: the provider repeats what was not. One that is kept already
// is answered the same way, one that cannot be understood with 400 (it is kept too), one without the account's proof with 401
// and an address that is none of ours with 404.
type Receiver struct {
	Ledger ledger.Listening
	Config *configs.Config
	Log    *slog.Logger
	Now    func() time.Time
}

// refusal is an answer that takes nothing.
type refusal struct {
	status int
	why    string
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, Prefix), "/", 3)
	account, hook := r.Config.Accounts[parts[0]], (*providers.Webhook)(nil)
	if p := r.Config.ProviderOf(parts[0]); p != nil && account.Receipts != nil && len(parts) > 1 {
		hook, _ = p.Webhook(parts[1])
	}
	if hook == nil {
		http.NotFound(w, req)
		return
	}
	if no := r.receive(req, account, hook, strings.Join(parts[2:], "")); no != nil {
		r.Log.Warn("a receipt was refused", "account", account.Name, "webhook", hook.Name, "from", req.RemoteAddr, "status", no.status, "why", no.why)
		http.Error(w, no.why, no.status)
		return
	}
	answer := account.Receipts.Answer
	if answer == "" {
		answer = hook.Answer
	}
	if json.Valid([]byte(answer)) {
		w.Header().Set("Content-Type", "application/json")
	}
	_, _ = io.WriteString(w, answer) // it is kept; who went away sends it again
}

// receive keeps what one request brings.
func (r *Receiver) receive(req *http.Request, account configs.Account, hook *providers.Webhook, secret string) *refusal {
	if req.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "receipts are posted"}
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, largest+1))
	if err != nil {
		return &refusal{http.StatusBadRequest, "the body was cut off"}
	}
	if !genuine(account, hook, req, body, secret) {
		return &refusal{http.StatusUnauthorized, "the proof that it is genuine is missing or wrong"}
	}
	if len(body) > largest {
		return &refusal{http.StatusRequestEntityTooLarge, "too long"}
	}
	garbled := false
	for _, one := range hook.Read(body, req.Header) {
		one.Account, one.Kind, one.Came = account.Name, hook.Name, r.Now().UTC()
		garbled = garbled || one.Class == batch.Garbled
		mark := ledger.MarkOf(one.Account, one.Kind, providers.FoldKey(one.Key))
		if one.Class == batch.Garbled {
			mark = ledger.Print{} // whatever it names: a person must look
		}
		own := identity(&one)
		discreet(r.Config, &one)
		fresh, err := r.Ledger.Receive(req.Context(), own, mark, one)
		if err != nil {
			r.Log.Error("a receipt could not be kept; the provider is asked to send it again", "account", account.Name, "error", err)
			return &refusal{http.StatusServiceUnavailable, "it could not be kept: send it again"}
		}
		if fresh {
			r.Log.Info("receipt", "account", account.Name, "webhook", hook.Name, "class", one.Class)
		}
	}
	if garbled {
		return &refusal{http.StatusBadRequest, "it cannot be understood; it is kept for a person to see"}
	}
	return nil
}

// discreet hides what a receipt says under the names of its account's private fields.
func discreet(c *configs.Config, r *batch.Receipt) {
	var private masks.Fields
	for _, route := range c.Routes {
		if route.Account == r.Account {
			private = append(private, route.Mask...)
		}
	}
	hide := private.InText()
	r.Message, r.Raw = hide(r.Message), hide(r.Raw)
}

// identity is the same for a receipt that comes again. One that does not say when it was may be said of several requests, and
// is another one each time.
func identity(r *batch.Receipt) ledger.Print {
	if r.Said.IsZero() && r.Class != batch.Garbled {
		var own ledger.Print
		_, _ = rand.Read(own[:]) // never fails
		return own
	}
	sum := sha256.Sum256([]byte(r.Raw))
	return ledger.PrintOf(r.Account, "receipt of "+r.Kind+" "+r.Key, sum[:])
}

// genuine reports whether a request carries all the proof that the account asks for.
func genuine(a configs.Account, hook *providers.Webhook, req *http.Request, body []byte, given string) bool {
	wanted := a.Receipts
	if secret := wanted.Secret.Reveal(); secret != "" && !presents(req, given, secret) {
		return false
	}
	if wanted.Sign == nil {
		return !wanted.Secret.Empty()
	}
	said := req.Header.Get(hook.Signs.Sign)
	sum := signed.Sum(*wanted.Sign, func(dst []byte, name string) []byte {
		switch name {
		case "timestamp":
			return append(dst, req.Header.Get(hook.Signs.Timestamp)...)
		case "nonce":
			return append(dst, req.Header.Get(hook.Signs.Nonce)...)
		case "method":
			return append(dst, req.Method...)
		case "path":
			return append(dst, req.URL.Path...)
		case "body":
			return append(dst, body...)
		}
		return append(dst, a.Credentials[name].Reveal()...)
	})
	return said != "" && same(strings.ToLower(said), strings.ToLower(sum))
}

// presents reports whether the secret is in the address, or the bearer token or password of the request.
func presents(req *http.Request, given, secret string) bool {
	_, password, _ := req.BasicAuth()
	bearer, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	return same(given, secret) || same(password, secret) || same(bearer, secret)
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// Wanted reports whether the receipts of an operation are received or asked for.
func Wanted(cfg *configs.Config, account, operation string) bool {
	p := cfg.ProviderOf(account)
	if p == nil {
		return false
	}
	op, known := p.Operation(operation)
	return known && op.Receipts != nil && (op.Receipts.Poll != nil || cfg.Accounts[account].Receipts != nil)
}
