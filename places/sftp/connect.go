package sftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/words"
)

// The steps of a connection and its use, in their order.
const (
	StepResolve = "resolve"
	StepConnect = "connect"
	StepKey     = "key"
	StepLogin   = "login"
	StepSession = "session"
	StepList    = "list"
	StepWrite   = "write"
	StepRename  = "rename"
	StepRemove  = "remove"
	StepDisk    = "disk" // of the server: full
)

// route is the partner and the jump hosts on the way, the first to dial first.
type route []hop

// hop is one server on the way.
type hop struct {
	configs.SFTP
	name string
	host hostKeys
	login
}

// plan follows the jump hosts and checks every setting that can be checked without a connection.
func plan(known map[string]configs.SFTP, name string) (route, error) {
	var way route
	for at, from := name, ""; at != ""; {
		s, there := known[at]
		if !there {
			return nil, fmt.Errorf("there is no sftp entry %q%s", at, from)
		}
		if slices.ContainsFunc(way, func(h hop) bool { return h.name == at }) {
			return nil, fmt.Errorf("the jump hosts go round in a circle at %q", at)
		}
		h, err := newHop(at, s)
		if err != nil {
			return nil, err
		}
		way = append(way, h)
		from = fmt.Sprintf(", which %q names as its jump host", at)
		at = s.Jump
	}
	slices.Reverse(way)
	return way, nil
}

func newHop(name string, s configs.SFTP) (hop, error) {
	s.Port = cmp.Or(s.Port, 22)
	s.Timeout = cmp.Or(s.Timeout, 30*time.Second)
	s.KeepAlive = cmp.Or(s.KeepAlive, 30*time.Second)
	var wrong []error
	if s.Host == "" || s.User == "" {
		wrong = append(wrong, errors.New("host and user are needed"))
	}
	host, err := newHostKeys(name, s)
	wrong = append(wrong, err)
	login, err := newLogin(name, s)
	wrong = append(wrong, err)
	return hop{SFTP: s, name: name, host: host, login: login}, errors.Join(wrong...)
}

// address is in small letters, as known_hosts has it.
func (h *hop) address() string {
	return net.JoinHostPort(strings.ToLower(h.Host), strconv.Itoa(h.Port))
}

// passed is told of each step that a partner's own connection passed.
type passed func(step, detail string)

func nothing(string, string) {}

// connect dials along the way and opens the SFTP session at its end. Its error is a *places.Trouble.
func (r route) connect(ctx context.Context, tell passed) (*link, error) {
	var below []io.Closer
	closeAll := func() {
		for _, b := range slices.Backward(below) {
			_ = b.Close()
		}
	}
	var via *ssh.Client
	for i := range r {
		h := &r[i]
		last := i == len(r)-1
		told := tell
		if !last {
			told = nothing
		}
		conn, err := h.dial(ctx, via, told)
		if err != nil {
			closeAll()
			return nil, err
		}
		if !last {
			via = conn.shell
			below = append(below, conn.wire, conn.shell)
			continue
		}
		l, err := h.session(ctx, conn, below)
		if err != nil {
			_ = conn.shell.Close()
			closeAll()
			return nil, err
		}
		tell(StepSession, "")
		return l, nil
	}
	return nil, errors.New("no server")
}

type connection struct {
	shell *ssh.Client
	wire  *wire
}

// dial connects and logs in, each within the timeout. A server that is pinned by fingerprint alone is asked for each type of host key
// in turn until it shows the pinned one; one that may have a certificate is asked for it, then for its key.
func (h *hop) dial(ctx context.Context, via *ssh.Client, tell passed) (*connection, error) {
	types, err := h.host.types(h.address())
	if err != nil {
		return nil, err
	}
	if via == nil {
		if err := h.resolve(ctx, tell); err != nil {
			return nil, err
		}
	}
	var told error // the first refusal that says more than that there is no such key
	for i, algorithms := range types {
		if i > 0 {
			tell = quietly(tell, StepConnect)
		}
		c, err := h.dialFor(ctx, via, algorithms, tell)
		if err == nil {
			return c, nil
		}
		t, refused := errors.AsType[*places.Trouble](err)
		if told == nil || isNegotiation(told) {
			told = err
		}
		if !refused || t.Step != StepKey || t.Message.Key == "sftp.revoked" {
			return nil, err
		}
	}
	return nil, told
}

// quietly leaves out a step that was told before.
func quietly(tell passed, known string) passed {
	return func(step, detail string) {
		if step != known {
			tell(step, detail)
		}
	}
}

func isNegotiation(err error) bool {
	_, is := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	return is
}

func (h *hop) resolve(ctx context.Context, tell passed) error {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, h.Host)
	if err != nil {
		return trouble(StepResolve, words.Message("sftp.resolve", "partner", h.name, "host", h.Host, "cause", reason(err)), err)
	}
	tell(StepResolve, strings.Join(found, ", "))
	return nil
}

func (h *hop) dialFor(ctx context.Context, via *ssh.Client, algorithms []string, tell passed) (*connection, error) {
	raw, err := h.tcp(ctx, via)
	if err != nil {
		return nil, err
	}
	tell(StepConnect, h.address())
	w := newWire(raw)
	auth, release, err := h.login.methods(ctx)
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	defer release()
	var shown ssh.PublicKey
	var refused error
	config := &ssh.ClientConfig{
		User: h.User, Auth: auth, HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-rowferry",
		Config: ssh.Config{Ciphers: ciphers(), MACs: macs(), KeyExchanges: exchanges()},
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			shown, refused = key, h.host.check(address, remote, key)
			if refused == nil {
				tell(StepKey, shownAs(key))
			}
			return refused
		},
	}
	stop := h.deadline(ctx, w)
	conn, channels, requests, err := ssh.NewClientConn(w, h.address(), config)
	if late := stop(); err != nil || late != nil {
		if err == nil {
			_ = conn.Close()
		}
		_ = w.Close()
		if refused != nil {
			return nil, refused
		}
		return nil, h.handshakeTrouble(cmp.Or(late, err), shown != nil)
	}
	tell(StepLogin, h.User)
	return &connection{ssh.NewClient(conn, channels, requests), w}, nil
}

// shownAs names a host key by its fingerprint; a certificate by that of its key and of who signed it.
func shownAs(key ssh.PublicKey) string {
	if c, ok := key.(*ssh.Certificate); ok {
		return c.Type() + " " + ssh.FingerprintSHA256(c.Key) + ", @cert-authority " + ssh.FingerprintSHA256(c.SignatureKey)
	}
	return key.Type() + " " + ssh.FingerprintSHA256(key)
}

// deadline closes the wire when the handshake takes longer than the timeout, or ctx ends. Calling what it returns ends the
// watching and says whether that happened.
func (h *hop) deadline(ctx context.Context, w *wire) func() error {
	timed, cancel := context.WithTimeoutCause(ctx, h.Timeout, errHung)
	stop := context.AfterFunc(timed, func() { _ = w.Close() })
	return func() error {
		defer cancel()
		if !stop() {
			return context.Cause(timed)
		}
		return nil
	}
}

// tcp opens the connection below SSH: direct, or through the jump host.
func (h *hop) tcp(ctx context.Context, via *ssh.Client) (net.Conn, error) {
	timed, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	if via != nil {
		conn, err := via.DialContext(timed, "tcp", h.address())
		if err != nil {
			return nil, trouble(StepConnect, words.Message("sftp.through_jump", "partner", h.name, "jump", h.Jump, "address", h.address(), "cause", reason(err)), err)
		}
		return conn, nil
	}
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	conn, err := dialer.DialContext(timed, "tcp", h.address())
	if err != nil {
		return nil, trouble(StepConnect, words.Message("sftp.connect", "partner", h.name, "address", h.address(), "cause", reason(err)), err)
	}
	return conn, nil
}

// handshakeTrouble tells a refused login from a server that does not speak with us.
func (h *hop) handshakeTrouble(err error, keyShown bool) error {
	if algorithms, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		return trouble(StepKey, words.Message("sftp.algorithms", "partner", h.name, "host", h.Host, "cause", reason(algorithms)), err)
	}
	if !keyShown {
		return trouble(StepConnect, words.Message("sftp.silent", "partner", h.name, "address", h.address(), "cause", reason(err)), err)
	}
	if strings.Contains(err.Error(), "unable to authenticate") {
		return trouble(StepLogin, words.Message("sftp.login", "partner", h.name, "host", h.Host, "user", h.User, "tried", h.login.tried()), err)
	}
	return trouble(StepLogin, words.Message("sftp.login_broken", "partner", h.name, "host", h.Host, "user", h.User, "cause", reason(err)), err)
}

// session opens SFTP over a logged-in connection.
func (h *hop) session(ctx context.Context, c *connection, below []io.Closer) (*link, error) {
	stop := h.deadline(ctx, c.wire)
	client, complaints, err := subsystem(c.shell)
	var gone error
	if err != nil { // was it the server that said no, or did the line break?
		_, _, gone = c.shell.SendRequest("keepalive@openssh.com", true, nil)
	}
	late := stop()
	switch err = cmp.Or(late, err); {
	case gone != nil && late == nil:
		return nil, trouble(StepSession, words.Message("sftp.login_broken", "partner", h.name, "host", h.Host, "user", h.User, "cause", reason(err)), err)
	case err != nil:
		return nil, trouble(StepSession, words.Message("sftp.session", "partner", h.name, "host", h.Host, "cause", reason(err)), err)
	}
	l := &link{Client: client, shell: c.shell, below: below, wire: c.wire, timeout: h.Timeout, every: h.KeepAlive, born: time.Now()}
	l.watch()
	l.wg.Go(func() { _, _ = io.Copy(io.Discard, complaints) }) // unread, they would stop the channel
	return l, nil
}

// subsystem begins SFTP; what the server says reaches the client through answers. complaints are what else it says.
func subsystem(shell *ssh.Client) (client *sftp.Client, complaints io.Reader, err error) {
	s, err := shell.NewSession()
	if err != nil {
		return nil, nil, err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if complaints, err = s.StderrPipe(); err != nil {
		return nil, nil, err
	}
	if err := s.RequestSubsystem("sftp"); err != nil {
		return nil, nil, err
	}
	client, err = sftp.NewClientPipe(&answers{r: out}, in, sftp.UseConcurrentWrites(true), sftp.UseFstat(true))
	return client, complaints, err
}

// reason is the end of a chain of errors in which each repeats the one below.
func reason(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "), "ssh: ")
}

// ciphers, macs and exchanges are what is sound today, the fastest first. No CBC, no SHA-1, no group of 1024 bits.
func ciphers() []string {
	return []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherChaCha20Poly1305, ssh.CipherAES128CTR, ssh.CipherAES192CTR, ssh.CipherAES256CTR}
}

func macs() []string {
	return []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM, ssh.HMACSHA256, ssh.HMACSHA512}
}

func exchanges() []string {
	return []string{ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519, ssh.KeyExchangeECDHP256, ssh.KeyExchangeECDHP384,
		ssh.KeyExchangeECDHP521, ssh.KeyExchangeDH16SHA512, ssh.KeyExchangeDH14SHA256, ssh.KeyExchangeDHGEXSHA256}
}
