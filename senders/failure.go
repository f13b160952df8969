package senders

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/words"
)

// Failure is why a request was not sent or not answered. Error is for logs; people read words.Say(lang, f.Message).
// Neither holds credentials or values of rows.
type Failure struct {
	Message batch.Message

	// Final: no later attempt with these values can do better; the item at position Item of the attempt is at fault.
	Final bool
	Item  int

	cause error // safe to show
}

func (f *Failure) Error() string { return words.Say(batch.English, f.Message) }

// Unwrap gives the cause where it is safe to show.
func (f *Failure) Unwrap() error { return f.cause }

func failure(key string, args ...any) *Failure { return &Failure{Message: words.Message(key, args...)} }

// explain turns an error of the connection into a failure. The texts of net/http may quote what the provider sent and are
// never passed on.
func explain(err error, host string) *Failure {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var timeout net.Error
	var refused *Failure // by the proxy
	with := func(f *Failure, cause error) *Failure { f.cause = cause; return f }
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, exchange.ErrLogin):
		return failure("sender.proxy.login", "status", http.StatusProxyAuthRequired)
	case errors.Is(err, exchange.ErrBeyond):
		return failure("sender.proxy.beyond")
	case errors.Is(err, exchange.ErrTooBig):
		return with(failure("sender.too_big", "limit", exchange.MaxAnswer>>20), exchange.ErrTooBig)
	case errors.Is(err, exchange.ErrPacked):
		return failure("sender.packed", "host", host)
	case errors.Is(err, exchange.ErrTime):
		return with(failure("sender.timeout", "host", host), context.DeadlineExceeded)
	case err == context.Canceled, err == context.DeadlineExceeded: // the caller's end itself: a connection's time-out is like it
		return with(failure("sender.cancelled"), context.Canceled)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return failure("sender.proxy.away", "reason", system(op.Err))
	case errors.As(err, &dns):
		return with(failure("sender.dns", "host", dns.Name), nil)
	case errors.As(err, &verify):
		return certificate(host, verify)
	case errors.As(err, &record):
		return failure("sender.tls.none", "host", host)
	case strings.Contains(err.Error(), "protocol version"):
		return failure("sender.tls.version", "host", host)
	case errors.Is(err, exchange.ErrNewer), strings.Contains(err.Error(), "no application protocol"):
		return failure("sender.newer", "host", host)
	case errors.As(err, &alert):
		return failure("sender.tls", "host", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return with(failure("sender.refused", "host", host), syscall.ECONNREFUSED)
	case errors.As(err, &op) && op.Op == "dial" && op.Timeout():
		return with(failure("sender.connect_timeout", "host", host), os.ErrDeadlineExceeded)
	case errors.As(err, &op) && op.Op == "dial":
		return failure("sender.unreachable", "host", host, "reason", system(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		return with(failure("sender.timeout", "host", host), os.ErrDeadlineExceeded)
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "TLS handshake"):
		return failure("sender.tls", "host", host)
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "invalid"), strings.Contains(err.Error(), "bad "):
		return failure("sender.garbage", "host", host)
	}
	return failure("sender.cut", "host", host)
}

// unknownToServer reports whether a server wants a certificate of its clients and got none, or one that it does not take. It says
// so while it still shakes hands (older servers by a word that means something only where they asked, wanted), though with
// TLS 1.3 the client is through by then and may have written: it has read nothing.
func unknownToServer(err error, wanted bool) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	switch op.Err.Error() {
	case "tls: handshake failure":
		return wanted
	case "tls: certificate required", "tls: bad certificate", "tls: unsupported certificate", "tls: revoked certificate", "tls: expired certificate",
		"tls: unknown certificate", "tls: unknown certificate authority", "tls: access denied":
		return true
	}
	return false
}

// certificate says why a certificate was not accepted, and who can do something about it; the names in it are the provider's own.
func certificate(host string, found *tls.CertificateVerificationError) *Failure {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	const day = "2006-01-02"
	switch err := found.Err; {
	case errors.As(err, &authority) && len(found.UnverifiedCertificates) > 0:
		last := found.UnverifiedCertificates[len(found.UnverifiedCertificates)-1]
		return failure("sender.certificate.authority", "host", host, "issuer", shown(cmp.Or(last.Issuer.CommonName, last.Issuer.String())))
	case errors.As(err, &name) && name.Certificate != nil:
		c := name.Certificate
		names := slices.Clone(c.DNSNames)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) == 0 {
			names = append(names, c.Subject.CommonName)
		}
		return failure("sender.certificate.name", "host", host, "names", shown(strings.Join(names[:min(3, len(names))], ", ")))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return failure("sender.certificate.time", "host", host, "from", invalid.Cert.NotBefore.UTC().Format(day), "to", invalid.Cert.NotAfter.UTC().Format(day),
			"today", time.Now().UTC().Format(day))
	}
	return failure("sender.certificate", "host", host)
}

// shown is a name of a certificate as it may stand in a sentence.
func shown(name string) string { return beginning(tidy(name), 120) }

// system is the operating system's word for what went wrong.
func system(err error) string {
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	return "no connection"
}
