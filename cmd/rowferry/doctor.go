package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline/doctor"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/words"
)

func doctorCommand(f *flags) *cobra.Command {
	var accept bool
	c := &cobra.Command{
		Use:   "doctor [PARTNER…]",
		Short: "Test folders, SFTP servers, providers' addresses, clocks and the ledger before anything depends on them",
		Long: `Tries, step by step, what the configuration needs: every folder (write and sync, rename without overwriting, the same file
system for claims, remove; how changes are noticed, room, who else may write), every SFTP server (resolve, connect, key, login,
list, write, rename, remove), every provider's address (resolve, connect, TLS), how long certificates are valid, the clock
against the provider's, a log-in where that has no effect (a token of OAuth2; a session while no service runs), the mail server
(its login, too) and the webhook of notices, the addresses of listen and the console, the console's certificate; and reads the
whole ledger against its checksums, its mark and the copies in the spool, and says its size and that of its journal.
No row and no notice is sent. With names of the sftp section, only these servers. Exit
code 0 when all is well, 1 when something is not; what somebody should look at ("warn") is well for now.

A ledger that lost what it had (its journal was deleted, or an older copy was put in its place) is not used, because what
was sent might be sent again. Put the newest one back; where that is lost, look up at the providers what was sent lately
and go on with --accept-ledger: whatever was under way then counts as sent without an answer.`,
		Example: `  rowferry doctor
  rowferry doctor partner`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if accept {
				return f.acceptLedger(cmd.Context(), stdout)
			}
			return f.doctor(cmd.Context(), stdout, args)
		},
	}
	c.Flags().BoolVar(&accept, "accept-ledger", false, "go on with a ledger that lost what it had")
	return c
}

func (f *flags) acceptLedger(ctx context.Context, w io.Writer) error {
	cfg := configs.Load(f.config) // sound or not: nothing is sent
	said, err := drivers.Adopt(ctx, drivers.Of(cfg))
	for _, line := range said {
		fmt.Fprintln(w, words.Say(cfg.Language, line))
	}
	if err == nil {
		fmt.Fprintln(w, words.Of(cfg.Language, "ledger.adopted"))
	}
	return err
}

// examineLedger reads the whole ledger and the copies beside it.
func examineLedger(ctx context.Context, cfg *configs.Config) finding {
	l, err := drivers.Visit(ctx, drivers.Of(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return finding{What: "ledger", Good: true, Detail: "nothing has been taken yet"}
	}
	if err != nil {
		return finding{What: "ledger", Good: false, Detail: inWords(cfg.Language, err)}
	}
	defer l.Close()
	files, rows, err := ledger.Examine(ctx, l)
	if err == nil {
		err = copies(ctx, l, cfg.Language)
	}
	for _, wrong := range l.Copies().IDs(ctx) { // the folder of the copies is the one that the other machines have
		err = cmp.Or(err, wrong)
		break
	}
	if err != nil {
		return finding{What: "ledger", Good: false, Detail: inWords(cfg.Language, err)}
	}
	one := finding{What: "ledger", Good: true, Detail: count(files, "file") + ", " + count(rows, "row") + ", as they were written"}
	sized(&one, cfg)
	timed(ctx, &one, l)
	return one
}

// timed compares this machine's clock with that of the database which machines share.
func timed(ctx context.Context, one *finding, l ledger.Books) {
	turn, err := l.Turn(ctx)
	if err != nil || turn == nil {
		return
	}
	apart := turn.Ahead.Round(time.Second)
	one.Detail += fmt.Sprintf("; this machine's clock and the database's differ by %s", apart.Abs())
	if apart.Abs() > mostSkew {
		one.Warns = true
		one.Detail += ": set both (NTP); what was sent before, paces of hours and what was kept long enough go by the machines' clocks"
	}
}

// longJournal is how many bytes of SQLite's journal (WAL) say that something keeps it from being written back.
const longJournal = 256_000_000

// sized adds the size of the ledger and of its journal, where it is a file.
func sized(one *finding, cfg *configs.Config) {
	file, err := os.Stat(filepath.Join(cfg.Data, "ledger.db"))
	if err != nil || cfg.Ledger != "sqlite" {
		return
	}
	one.Detail += fmt.Sprintf("; %.1f MB", float64(file.Size())/1e6)
	if wal, err := os.Stat(filepath.Join(cfg.Data, "ledger.db-wal")); err == nil {
		one.Detail += fmt.Sprintf(", its journal (WAL) %.1f MB", float64(wal.Size())/1e6)
		if wal.Size() > longJournal {
			one.Warns = true
			one.Detail += ": a program that has ledger.db open, such as a copy or a viewer, keeps it from being written back: end that"
		}
	}
}

// inWords is an error in a language, where it has words for that.
func inWords(l batch.Language, err error) string {
	if damaged, ok := errors.AsType[*ledger.Damaged](err); ok {
		return damaged.Say(l)
	}
	if trouble, ok := errors.AsType[*places.Trouble](err); ok {
		return words.Say(l, trouble.Message)
	}
	return err.Error()
}

// copies compares the copies of files whose results are not out with what was taken.
func copies(ctx context.Context, l ledger.Books, language batch.Language) error {
	files, err := l.Files(ctx, ledger.Query{States: []ledger.State{ledger.Taken, ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	for _, f := range files {
		copied, err := ledger.Whole(ctx, l.Copies(), f)
		switch {
		case errors.Is(err, ledger.ErrAltered):
			return errors.New(words.Of(language, "doctor.copy.altered", "name", f.Name, "id", f.ID))
		case err != nil:
			return errors.New(words.Of(language, "doctor.copy.unreadable", "name", f.Name, "id", f.ID, "cause", err))
		}
		if err := copied.Close(); err != nil {
			return err
		}
	}
	return nil
}

// finding is one thing the doctor tried.
type finding = doctor.Finding

func (f *flags) doctor(ctx context.Context, w io.Writer, partners []string) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	for _, p := range partners {
		if _, known := cfg.SFTP[p]; !known {
			return fmt.Errorf("%s has no sftp entry %q; it has: %v", f.config, p, slices.Sorted(maps.Keys(cfg.SFTP)))
		}
	}
	var all []finding
	for one := range examine(ctx, cfg, partners) {
		all = append(all, one)
		if !f.json {
			mark := "ok  "
			switch {
			case !one.Good:
				mark = "FAIL"
			case one.Warns:
				mark = "warn"
			}
			fmt.Fprintln(w, strings.TrimSpace(mark+"  "+one.What+"  "+strings.Join(strings.Fields(one.Detail), " "))) // SQLite says what is damaged in several lines
		}
	}
	if f.json {
		if err := printJSON(w, all); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(all, func(one finding) bool { return !one.Good }) {
		return outcome(exitSome)
	}
	return nil
}

// examine tries everything, or only some SFTP partners.
func examine(ctx context.Context, cfg *configs.Config, partners []string) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		told := func(some iter.Seq[finding]) bool {
			for one := range some {
				if !yield(one) {
					return false
				}
			}
			return true
		}
		if len(partners) == 0 {
			all := yield(finding{What: "configuration", Good: true, Detail: count(len(cfg.Accounts), "account") + ", " + count(len(cfg.Routes), "route")}) &&
				yield(examineLedger(ctx, cfg)) && told(doctor.Folders(cfg, routeNames(cfg), cfg.Language))
			for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
				all = all && told(slices.Values(account(ctx, cfg, name)))
			}
			if !all || !told(slices.Values(company(ctx, cfg))) {
				return
			}
			partners = slices.Sorted(maps.Keys(cfg.SFTP))
		}
		for _, name := range partners {
			if !told(doctor.Partner(ctx, cfg, name, routeNames(cfg), cfg.Language)) {
				return
			}
		}
	}
}

// account tries to reach an account's provider, and compares clocks by its Date header. Nothing is sent but HEAD /, and what logs in.
func account(ctx context.Context, cfg *configs.Config, name string) []finding {
	a := cfg.Accounts[name]
	found := reach(ctx, a, "account "+name, serverOf(a, cfg.ProviderOf(name)))
	if found[0].Good {
		found = append(found, knock(ctx, cfg, name)...)
	}
	return found
}

// knock logs in where an account's operations do and that has no effect: for a token of OAuth2, and for a session while no service has one.
func knock(ctx context.Context, cfg *configs.Config, account string) []finding {
	p := cfg.ProviderOf(account)
	if p == nil {
		return nil
	}
	var used []string
	for _, r := range cfg.Routes {
		if r.Account == account {
			used = append(used, r.Operation)
		}
	}
	s, err := senders.Open(cfg.Accounts[account], p, senders.Options{Operations: used})
	if err != nil {
		return nil // the configuration has told
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	logged, err := s.(senders.Knocker).Knock(ctx, !drivers.Owned(drivers.Of(cfg)))
	switch {
	case !logged:
		return nil
	case err != nil:
		return []finding{{What: "log-in of account " + account, Detail: err.Error() + "; check credentials of the account"}}
	}
	return []finding{{What: "log-in of account " + account, Good: true, Detail: "taken"}}
}

// serverOf is the address of an account: its own, or the document's for the environment it names.
func serverOf(a configs.Account, p *providers.Provider) string {
	if p != nil {
		if s := p.Server(a.Server); s != "" {
			return s
		}
	}
	return a.Server
}

// mostSkew is how far clocks may differ before signatures and tokens are refused for it.
const mostSkew = 30 * time.Second

// reach connects to an address as the requests of an account do.
func reach(ctx context.Context, a configs.Account, who, address string) []finding {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return []finding{{What: who, Detail: "no server: write server: production, sandbox or a URL"}}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.Scheme+"://"+u.Host+"/", nil)
	if err != nil {
		return []finding{{What: who, Detail: err.Error()}}
	}
	client := &http.Client{Transport: senders.Transport(a, 1), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	before := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return []finding{{What: who + " at " + u.Host, Detail: whyUnreachable(err)}}
	}
	resp.Body.Close()
	out := []finding{{What: who + " at " + u.Host, Good: true, Detail: "reached; the server answers HTTP " + resp.Status}}
	if resp.TLS != nil {
		out = append(out, valid("certificate of "+u.Host, resp.TLS.PeerCertificates[0], before))
	}
	if a.Cert != "" {
		out = append(out, ownPair("certificate of "+who, a.Cert, a.Key, before))
	}
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return out
	}
	skew := theirs.Sub(before).Round(time.Second)
	one := finding{What: "clock beside " + u.Host, Good: skew.Abs() <= mostSkew, Detail: fmt.Sprintf("they differ by %s", skew.Abs())}
	if !one.Good {
		one.Detail += "; set this machine's clock (NTP): requests signed with a wrong time are refused"
	}
	return append(out, one)
}

// whyUnreachable names the step that failed and what to do.
func whyUnreachable(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("resolve: %v; check the name in `server` and this machine's DNS", dns)
	}
	if ended, ok := errors.AsType[x509.CertificateInvalidError](err); ok && ended.Reason == x509.Expired {
		return fmt.Sprintf("TLS: the server's certificate is valid from %s to %s: whoever keeps the server has to renew it, unless this machine's clock is wrong",
			ended.Cert.NotBefore.UTC().Format(time.DateOnly), ended.Cert.NotAfter.UTC().Format(time.DateOnly))
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("TLS: %v; check the name in `server`", other)
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("TLS: %v; where a company proxy signs, name its certificate with `ca: FILE`", cert.Err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return fmt.Sprintf("proxy: %v; check `proxy` and HTTPS_PROXY", op.Err)
	}
	if refused, ok := errors.AsType[*senders.Failure](err); ok {
		return fmt.Sprintf("proxy: %v; check `proxy`, and its name and password there", refused)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Sprintf("connect: %v; check host, port and firewall", op)
	}
	return err.Error() + "; check `server`, the network and proxies"
}
