//go:build linux

package sftp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
	"github.com/rowferry/rowferry/words"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// client opens a client of one partner, closed with the test.
func client(t testing.TB, c configs.SFTP) *Client {
	t.Helper()
	opened, err := Open(map[string]configs.SFTP{"partner": c}, "partner", Options{Logger: quiet, First: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func pwd(ctx context.Context, c *Client) error {
	return c.Do(ctx, func(s *sftp.Client) error { _, err := s.Getwd(); return err })
}

// wants checks that err is a *places.Trouble of this step and key, said in three languages.
func wants(t *testing.T, err error, step, key string, parts ...string) {
	t.Helper()
	var trouble *places.Trouble
	if !errors.As(err, &trouble) || trouble.Step != step || trouble.Message.Key != key {
		t.Fatalf("got %v (%T), want %s at step %s", err, err, key, step)
	}
	for _, l := range batch.Languages() {
		said := words.Say(l, trouble.Message)
		for _, part := range append(parts, "partner") {
			if !strings.Contains(said, part) {
				t.Errorf("%q is missing in %s: %s", part, l, said)
			}
		}
		if strings.ContainsAny(strings.ReplaceAll(said, "${KEY_PASSPHRASE}", ""), "{}") {
			t.Errorf("a place is not filled in: %s", said)
		}
	}
}

func TestOneConnectionIsReused(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port = proxy.Port
	partners := NewPartners(map[string]configs.SFTP{"partner": config}, Options{Logger: quiet})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			c, err := partners.Partner("partner")
			if err != nil {
				t.Error(err)
				return
			}
			for range 10 {
				if err := pwd(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if proxy.Opened() != 1 {
		t.Errorf("%d connections for one partner", proxy.Opened())
	}
	if err := partners.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection to end", func() bool { return proxy.Open() == 0 })
	c, _ := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{})
	_ = c.Close()
	if err := pwd(t.Context(), c); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// eventually waits for what comes soon, and on a busy machine a good while later.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	const limit = 2 * time.Minute
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

func TestHostKeysAreVerified(t *testing.T) {
	all := sshdtest.Options{HostKeys: []string{"ed25519", "ecdsa", "rsa"}}
	server := sshdtest.Start(t, all)
	address := fmt.Sprintf("[127.0.0.1]:%d", server.Port)
	other := sshdtest.Start(t, all) // its keys stand for a stranger's
	fingerprint := func(line string) string {
		key, err := parseKeyLine(line)
		if err != nil {
			t.Fatal(err)
		}
		return ssh.FingerprintSHA256(key)
	}
	for name, c := range map[string]struct {
		known, pinned string // the content of known_hosts, or host_key
		trouble       string
	}{
		"only the RSA key is known":           {known: address + " " + server.HostKeys["rsa"]},
		"only the ECDSA key is known":         {known: address + " " + server.HostKeys["ecdsa"]},
		"only the Ed25519 key is known":       {known: address + " " + server.HostKeys["ed25519"]},
		"hashed, among others":                {known: "# comment\n\nexample.org " + other.HostKeys["rsa"] + "\n" + knownhosts.HashHostname(address) + " " + server.HostKeys["ecdsa"]},
		"several hosts and a pattern":         {known: "[127.0.0.*]:" + fmt.Sprint(server.Port) + ",other " + server.HostKeys["rsa"]},
		"two kinds, one is a stranger's":      {known: address + " " + other.HostKeys["rsa"] + "\n" + address + " " + server.HostKeys["ed25519"]},
		"pinned line":                         {pinned: server.HostKeys["ecdsa"]},
		"pinned line with the host before it": {pinned: address + " " + server.HostKeys["rsa"]},
		"pinned fingerprint of Ed25519":       {pinned: fingerprint(server.HostKeys["ed25519"])},
		"pinned fingerprint of ECDSA":         {pinned: fingerprint(server.HostKeys["ecdsa"])},
		"pinned fingerprint of RSA":           {pinned: fingerprint(server.HostKeys["rsa"]) + "="},

		"nothing known":                    {known: "", trouble: "sftp.unknown_key"},
		"known on the usual port only":     {known: "127.0.0.1 " + server.HostKeys["rsa"], trouble: "sftp.unknown_key"},
		"changed":                          {known: "# first line\n" + address + " " + other.HostKeys["ed25519"], trouble: "sftp.changed_key"},
		"revoked":                          {known: "@revoked * " + server.HostKeys["ed25519"] + "\n" + address + " " + server.HostKeys["ed25519"], trouble: "sftp.revoked"},
		"pinned to a stranger":             {pinned: other.HostKeys["ed25519"], trouble: "sftp.pinned"},
		"fingerprint of a stranger":        {pinned: fingerprint(other.HostKeys["rsa"]), trouble: "sftp.pinned"},
		"nothing configured":               {known: "none", trouble: "sftp.unpinned"},
		"beside lines that cannot be read": {known: "host 1024 35 1234567890\nhost ssh-ed25519 no-base64!\nhalf\n@cert-authority * ssh-rsa AAAA\n" + address + " " + server.HostKeys["rsa"] + " a b c"},
		"nothing but what cannot be read":  {known: "# keys\n" + address + " ssh-ed25519 no-base64!", trouble: "sftp.unknown_left_out"},
		"changed, beside such a line":      {known: "half\n" + address + " " + other.HostKeys["ed25519"], trouble: "sftp.changed_key"},
		"revoked, beside such a line":      {known: "half\n" + address + " " + server.HostKeys["ed25519"] + "\n@revoked * " + server.HostKeys["ed25519"], trouble: "sftp.revoked"},
		"cannot be read and revokes":       {known: address + " " + server.HostKeys["ed25519"] + "\n@revoked * " + server.HostKeys["ed25519"][:60], trouble: "sftp.known_hosts"},
		"means to revoke":                  {known: address + " " + server.HostKeys["ed25519"] + "\n@Revokd * " + server.HostKeys["ed25519"], trouble: "sftp.known_hosts"},
		"revokes in two bytes a letter":    {known: address + " " + server.HostKeys["ed25519"] + "\n\x00@\x00r\x00e\x00v\x00o\x00k\x00e\x00d\x00", trouble: "sftp.known_hosts"},
		"known_hosts is not one":           {known: address + " ssh-ed25519 " + strings.Fields(server.HostKeys["ed25519"])[1] + "\n[x ssh-ed25519 " + strings.Fields(server.HostKeys["ed25519"])[1], trouble: "sftp.known_hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			config := server.Config()
			config.HostKey = c.pinned
			if c.pinned == "" && c.known != "none" {
				config.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
				if err := os.WriteFile(config.KnownHosts, []byte(c.known+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := pwd(t.Context(), client(t, config))
			if c.trouble == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var parts []string
			if c.trouble != "sftp.known_hosts" {
				parts = append(parts, fingerprint(server.HostKeys["ed25519"]), server.HostKeys["ed25519"])
			}
			if c.trouble == "sftp.changed_key" {
				parts = append(parts, config.KnownHosts, "2")
			}
			wants(t, err, StepKey, c.trouble, parts...)
		})
	}
}

// A server may show a certificate for its host key; @cert-authority lines say whose certificates count, as ssh reads them.
func TestCertificatesOfAuthorities(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{HostKeys: []string{"rsa", "ed25519"}})
	address := fmt.Sprintf("[127.0.0.1]:%d", server.Port)
	public := func(path string) string {
		line, err := os.ReadFile(path + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(line))
	}
	authority, stranger, old := server.NewAuthority("authority", "ed25519"), server.NewAuthority("stranger", "ed25519"), server.NewAuthority("old", "rsa")
	ours, theirs := public(authority), public(stranger)
	valid := []string{"-s", authority, "-n", "127.0.0.1,localhost"}
	var shown []string // how what the server shows was certified
	for _, c := range []struct {
		name    string
		certify []string // of the Ed25519 key; nil: there is no certificate yet
		known   string
		trouble string
		says    []string
	}{
		{"there is no certificate", nil, "@cert-authority " + address + " " + ours, "sftp.unknown_key", []string{server.HostKeys["ed25519"]}},
		{"there is none, and the key is known", nil, "@cert-authority * " + ours + "\n" + address + " " + server.HostKeys["rsa"], "", nil},
		{"this host and port", valid, "@cert-authority " + address + " " + ours, "", nil},
		{"a pattern for every host", valid, "@cert-authority * " + ours, "", nil},
		{"a pattern without port", valid, "@cert-authority 127.0.*,*.example.com " + ours, "", nil},
		{"hashed", valid, "@cert-authority " + knownhosts.HashHostname(address) + " " + ours, "", nil},
		{"among other authorities and keys", valid, "@cert-authority * " + theirs + "\nexample.org " + theirs + "\n@cert-authority * " + ours, "", nil},
		{"only the key is known", valid, address + " " + server.HostKeys["ed25519"], "", nil},
		{"the other kind of key is known", valid, address + " " + server.HostKeys["rsa"], "", nil},
		{"another authority, and the key is known", valid, "@cert-authority * " + theirs + "\n" + address + " " + server.HostKeys["ed25519"], "", nil},
		{"another authority", valid, "@cert-authority * " + theirs, "sftp.authority", []string{server.HostKeys["ed25519"], ours}},
		{"the authority of other hosts", valid, "@cert-authority *.example.com " + ours, "sftp.unknown_key", []string{server.HostKeys["ed25519"]}},
		{"the key of the authority is revoked", valid, "@cert-authority * " + ours + "\n@revoked * " + ours, "sftp.revoked", []string{"2"}},
		{"the host's key is revoked", valid, "@cert-authority * " + ours + "\n\n@revoked * " + server.HostKeys["ed25519"], "sftp.revoked", []string{"3"}},
		{"for another host", []string{"-s", authority, "-n", "sftp.example.com"}, "@cert-authority * " + ours, "sftp.certificate", []string{"sftp.example.com", server.HostKeys["ed25519"]}},
		{"expired", []string{"-s", authority, "-n", "127.0.0.1", "-V", "20200101:20210101"}, "@cert-authority * " + ours, "sftp.certificate", []string{"expired"}},
		{"an RSA authority", []string{"-s", old}, "@cert-authority * " + public(old), "", nil},
		{"signed with SHA-1", []string{"-s", old, "-t", "ssh-rsa"}, "@cert-authority * " + public(old), "sftp.certificate", []string{"SHA-1"}},
		{"expired, and the key is known", []string{"-s", authority, "-n", "127.0.0.1", "-V", "20200101:20210101"}, "@cert-authority * " + ours + "\n" + address + " " + server.HostKeys["ed25519"], "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.certify != nil && !slices.Equal(c.certify, shown) {
				server.Certify("ed25519", c.certify...)
				shown = c.certify
			}
			config := server.Config()
			config.HostKey = ""
			config.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(config.KnownHosts, []byte(c.known+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := pwd(t.Context(), client(t, config))
			if c.trouble != "" {
				wants(t, err, StepKey, c.trouble, append(c.says, config.KnownHosts)...)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Names in known_hosts are in small letters; the configuration may write the host as people do.
func TestLetterCaseOfTheHostDoesNotMatter(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	config := server.Config()
	config.Host, config.HostKey = "LocalHost", ""
	config.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	line := fmt.Sprintf("[localhost]:%d %s\n", server.Port, server.HostKeys["ed25519"])
	if err := os.WriteFile(config.KnownHosts, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pwd(t.Context(), client(t, config)); err != nil {
		t.Fatal(err)
	}
}

// The line that a refusal names is the one that lets the server in, without a restart.
func TestTheLineToAddWorks(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	config := server.Config()
	config.HostKey = ""
	config.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(config.KnownHosts, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := client(t, config)
	err := pwd(t.Context(), c)
	wants(t, err, StepKey, "sftp.unknown_key")
	_, line, _ := strings.Cut(err.Error(), "add this line to the file: ")
	if err := os.WriteFile(config.KnownHosts, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestLogins(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	locked := server.NewKey("locked", "open sesame")
	text, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(t.TempDir(), "stranger")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rsa := filepath.Join(t.TempDir(), "rsa")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", rsa).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(rsa + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	server.Allow(string(public))
	sealed := filepath.Join(t.TempDir(), "sealed") // as openssl locks a key
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ecdsa", "-m", "PKCS8", "-N", "open sesame", "-f", sealed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	base := server.Config()
	try := func(change func(*configs.SFTP)) error {
		config := base
		change(&config)
		c, err := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{Logger: quiet})
		if err != nil {
			return err
		}
		defer c.Close()
		return pwd(t.Context(), c)
	}
	for name, change := range map[string]func(*configs.SFTP){
		"key file":   func(c *configs.SFTP) {},
		"locked key": func(c *configs.SFTP) { c.Key, c.Passphrase = "file:"+locked, configs.NewSecret("open sesame") },
		"key text": func(c *configs.SFTP) {
			c.Key, c.KeyText, c.Passphrase = "${KEY}", configs.NewSecret(string(text)), configs.NewSecret("open sesame")
		},
		"as Notepad saves it": func(c *configs.SFTP) {
			c.KeyText, c.Passphrase = configs.NewSecret("\ufeff"+strings.ReplaceAll(string(text), "\n", "\r\n")), configs.NewSecret("open sesame")
			c.Key = "${KEY}"
		},
		"RSA key":                  func(c *configs.SFTP) { c.Key = "file:" + rsa },
		"a wrong password besides": func(c *configs.SFTP) { c.Password = configs.NewSecret("wrong") },
	} {
		if err := try(change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err = try(func(c *configs.SFTP) { c.Key = "file:" + locked })
	wants(t, err, StepLogin, "sftp.key_locked", locked)
	err = try(func(c *configs.SFTP) { c.Key, c.Passphrase = "file:"+locked, configs.NewSecret("sesame") })
	wants(t, err, StepLogin, "sftp.key_passphrase", locked)
	err = try(func(c *configs.SFTP) { c.Key, c.Passphrase = "file:"+sealed, configs.NewSecret("open sesame") })
	wants(t, err, StepLogin, "sftp.key_sealed", "ssh-keygen -p -f "+sealed)
	err = try(func(c *configs.SFTP) { c.Key = "file:/no/such/key" })
	wants(t, err, StepLogin, "sftp.key_file", "/no/such/key")
	err = try(func(c *configs.SFTP) { c.Key = "file:" + rsa + ".pub" })
	wants(t, err, StepLogin, "sftp.key_form")
	err = try(func(c *configs.SFTP) { c.Key, c.Password = "file:"+stranger, configs.NewSecret("hunter2") })
	wants(t, err, StepLogin, "sftp.login", "SHA256:", base.User)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
	if err := try(func(c *configs.SFTP) { c.Key = "" }); err == nil || !strings.Contains(err.Error(), "no way to log in") {
		t.Errorf("nothing to log in with: %v", err)
	}
}

func TestAgent(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	dir, err := os.MkdirTemp("/tmp", "agent") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	eventually(t, "the agent", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	t.Setenv("SSH_AUTH_SOCK", socket)
	config := server.Config()
	config.Key, config.Agent = "", true
	wants(t, pwd(t.Context(), client(t, config)), StepLogin, "sftp.login", "agent")
	if out, err := exec.Command("ssh-add", server.KeyFile).CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v: %s", err, out)
	}
	if err := pwd(t.Context(), client(t, config)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_AUTH_SOCK", socket+".none")
	wants(t, pwd(t.Context(), client(t, config)), StepLogin, "sftp.agent")
}

// A real sshd checks the password where the test may give it one; a small server checks password and keyboard-interactive
// everywhere.
func TestPassword(t *testing.T) {
	if sshdtest.CanSetPassword() {
		server := sshdtest.Start(t, sshdtest.Options{Password: "s3cret word"})
		config := server.Config()
		config.Key, config.Password = "", configs.NewSecret("s3cret word")
		if err := pwd(t.Context(), client(t, config)); err != nil {
			t.Fatal(err)
		}
		config.Password = configs.NewSecret("wrong")
		wants(t, pwd(t.Context(), client(t, config)), StepLogin, "sftp.login", "password")
	} else {
		t.Log("sshd gets no password here: that takes root and mount namespaces")
	}
	for name, change := range map[string]func(*ssh.ServerConfig){
		"password": func(c *ssh.ServerConfig) {
			c.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
				return nil, unless(string(password) == "s3cret word")
			}
		},
		"keyboard-interactive": func(c *ssh.ServerConfig) {
			c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := ask("", "", []string{"Password: "}, []bool{false})
				return nil, errors.Join(err, unless(err == nil && len(answers) == 1 && answers[0] == "s3cret word"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			port, hostKey := smallServer(t, change)
			config := configs.SFTP{Host: "127.0.0.1", Port: port, User: "acme", HostKey: hostKey, Password: configs.NewSecret("s3cret word")}
			if err := pwd(t.Context(), client(t, config)); err != nil {
				t.Fatal(err)
			}
			config.Password = configs.NewSecret("wrong")
			wants(t, pwd(t.Context(), client(t, config)), StepLogin, "sftp.login")
		})
	}
}

func unless(ok bool) error {
	if ok {
		return nil
	}
	return errors.New("no")
}

// smallServer is an SFTP server in this process, for logins that sshd cannot be given as an ordinary user.
func smallServer(t *testing.T, change func(*ssh.ServerConfig)) (port int, hostKey string) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{}
	config.AddHostKey(signer)
	change(config)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(conn, config) })
		}
	})
	return l.Addr().(*net.TCPAddr).Port, string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

func serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel)
		if err != nil {
			return
		}
		go func() { _ = server.Serve(); _ = server.Close() }()
	}
}

func TestJumpHost(t *testing.T) {
	target := sshdtest.Start(t, sshdtest.Options{})
	jump := sshdtest.Start(t, sshdtest.Options{})
	first := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, first.Address())
	known := map[string]configs.SFTP{"partner": target.Config(), "jump": jump.Config(), "first": first.Config()}
	set := func(name string, change func(*configs.SFTP)) {
		c := known[name]
		change(&c)
		known[name] = c
	}
	set("partner", func(c *configs.SFTP) { c.Jump = "jump" })
	set("jump", func(c *configs.SFTP) { c.Jump = "first" })
	set("first", func(c *configs.SFTP) { c.Port = proxy.Port })
	open := func() *Client {
		c, err := Open(known, "partner", Options{Logger: quiet, First: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	c := open()
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	if err := pwd(t.Context(), c); err != nil {
		t.Fatalf("after a cut: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sessions to end", func() bool { return target.Sessions()+jump.Sessions()+first.Sessions() == 0 })

	target.Kill()
	wants(t, pwd(t.Context(), open()), StepConnect, "sftp.through_jump", "jump", target.Address())
	jump.Kill()
	err := pwd(t.Context(), open())
	var trouble *places.Trouble
	if !errors.As(err, &trouble) || trouble.Step != StepConnect || !strings.Contains(err.Error(), "jump") {
		t.Fatalf("a jump host that is down: %v", err)
	}
	set("first", func(c *configs.SFTP) { c.Jump = "partner" })
	if _, err := Open(known, "partner", Options{}); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Fatalf("a circle of jump hosts: %v", err)
	}
	set("partner", func(c *configs.SFTP) { c.Jump = "nowhere" })
	if _, err := Open(known, "partner", Options{}); err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Fatalf("an unknown jump host: %v", err)
	}
}

func TestWeakAlgorithmsAreRefused(t *testing.T) {
	for name, lines := range map[string][]string{
		"key exchange": {"KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1"},
		"cipher":       {"Ciphers aes128-cbc,3des-cbc"},
		"MAC":          {"Ciphers aes128-ctr", "MACs hmac-sha1,hmac-md5"},
		"host key":     {"HostKeyAlgorithms ssh-rsa"},
	} {
		t.Run(name, func(t *testing.T) {
			kinds := []string{"ed25519"}
			if name == "host key" {
				kinds = []string{"rsa"}
			}
			server := sshdtest.Start(t, sshdtest.Options{Lines: lines, HostKeys: kinds})
			wants(t, pwd(t.Context(), client(t, server.Config())), StepKey, "sftp.algorithms")
		})
	}
}

func TestTroubleOnTheWay(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{Subsystem: "/bin/false"})
	wants(t, pwd(t.Context(), client(t, server.Config())), StepSession, "sftp.session")
	config := server.Config()
	config.Host = "no-such-host..invalid" // no resolver asks anybody for such a name
	wants(t, pwd(t.Context(), client(t, config)), StepResolve, "sftp.resolve", config.Host)
	config = server.Config()
	config.Port = sshdtest.FreePort(t)
	wants(t, pwd(t.Context(), client(t, config)), StepConnect, "sftp.connect", fmt.Sprint(config.Port))

	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config.Port, config.Timeout = l.Addr().(*net.TCPAddr).Port, 300*time.Millisecond
	eventually(t, "the silence to be told", func() bool {
		err := pwd(t.Context(), client(t, config))
		if trouble, ok := errors.AsType[*places.Trouble](err); ok && trouble.Message.Key == "sftp.connect" {
			return false // so busy a machine that not even the connection was there in time
		}
		wants(t, err, StepConnect, "sftp.silent")
		return true
	})
}

// A server that hangs is noticed within the timeout, with a request under way and without.
func TestAServerThatHangsIsNoticed(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port, config.Timeout, config.KeepAlive = proxy.Port, 2*time.Second, time.Hour
	c := client(t, config)
	eventually(t, "a connection", func() bool { return pwd(t.Context(), c) == nil })
	server.Pause() // the process stands still; the connection does not break
	if err := pwd(t.Context(), c); err == nil {
		t.Fatal("a paused server answered")
	}
	server.Resume()
	eventually(t, "the server to be used again", func() bool { return pwd(t.Context(), c) == nil })

	config.KeepAlive = 100 * time.Millisecond
	c = client(t, config)
	var l *link
	eventually(t, "a connection", func() bool {
		err := pwd(t.Context(), c)
		l, _ = c.current()
		return err == nil && l != nil
	})
	proxy.Hang(true)
	eventually(t, "the silence to be noticed", func() bool { return !l.alive() })
	proxy.Hang(false)
	eventually(t, "the server to be used again", func() bool { return pwd(t.Context(), c) == nil })
}

// A quiet connection is asked for a sign of life, and kept as long as the server gives one.
func TestAQuietConnectionIsKept(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port, config.Timeout, config.KeepAlive = proxy.Port, time.Hour, 50*time.Millisecond
	c := client(t, config)
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	before := proxy.Bytes()
	eventually(t, "signs of life", func() bool { return proxy.Bytes() > before+500 })
	if err := pwd(t.Context(), c); err != nil || proxy.Opened() != 1 {
		t.Fatalf("%v, %d connections", err, proxy.Opened())
	}
}

func TestACutLineIsMended(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port = proxy.Port
	c := client(t, config)
	for round := range 5 {
		calls := 0
		err := c.Do(t.Context(), func(s *sftp.Client) error {
			if calls++; calls == 1 {
				proxy.Cut()
			}
			_, err := s.Getwd()
			return err
		})
		if err != nil || calls != 2 {
			t.Fatalf("round %d: %v after %d calls", round, err, calls)
		}
		proxy.Cut() // between calls
		if err := pwd(t.Context(), c); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	// What f says about files is handed on, and is no reason to connect again.
	before := proxy.Opened()
	want := errors.New("mine")
	for _, err := range []error{want, os.ErrNotExist, os.ErrPermission} {
		calls := 0
		if got := c.Do(t.Context(), func(*sftp.Client) error { calls++; return err }); !errors.Is(got, err) || calls != 1 {
			t.Errorf("%v came back as %v after %d calls", err, got, calls)
		}
	}
	if proxy.Opened() != before {
		t.Error("a new connection for an error about a file")
	}
	// A line that breaks is told from an error about a file also where the error does not say so, and the break shows only later.
	calls, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		time.Sleep(300 * time.Millisecond)
		proxy.Cut()
		proxy.Hang(false)
	}()
	proxy.Hang(true)
	err := c.Do(t.Context(), func(*sftp.Client) error {
		if calls++; calls == 1 {
			return io.EOF
		}
		return nil
	})
	if <-ended; err != nil || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
	// A line that is cut every time is given up after some tries, and said so.
	talk := proxy.Bytes()
	if err := pwd(t.Context(), client(t, config)); err != nil {
		t.Fatal(err)
	}
	talk = proxy.Bytes() - talk
	proxy.CutAfter(talk + 2000)
	proxy.Cut()
	calls = 0
	err = c.Do(t.Context(), func(s *sftp.Client) error {
		calls++
		for {
			if _, err := s.Getwd(); err != nil {
				return err
			}
		}
	})
	wants(t, err, StepSession, "sftp.lost")
	if calls != tries {
		t.Errorf("%d calls, want %d", calls, tries)
	}
}

// While the server is away, attempts are made ever more seldom; when it is back, it is used again.
func TestAServerThatIsAway(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	c, err := Open(map[string]configs.SFTP{"partner": server.Config()}, "partner", Options{Logger: quiet, First: 30 * time.Millisecond, Most: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	began := time.Now()
	for n := range 6 {
		if err := pwd(t.Context(), c); err == nil {
			t.Fatalf("call %d went well without a server", n)
		}
	}
	// The pauses that were waited out; a slow machine makes it longer, never shorter.
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("six attempts in %s: no pause between them", took)
	}
	server.Restart()
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestALongPauseIsNotWaitedOut(t *testing.T) {
	config := configs.SFTP{Host: "127.0.0.1", Port: sshdtest.FreePort(t), User: "x", Password: configs.NewSecret("x"), HostKey: "SHA256:" + strings.Repeat("A", 43)}
	c, err := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{Logger: quiet, First: time.Hour, Most: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // the pause is half an hour and more
	defer cancel()
	for range 3 {
		wants(t, pwd(ctx, c), StepConnect, "sftp.connect")
	}
}

// A refused login is not tried again and again: servers lock out whoever does that.
func TestARefusedLoginIsTriedSeldom(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port, config.User = proxy.Port, "nobody-we-know"
	c, err := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{Logger: quiet, First: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		wants(t, pwd(t.Context(), c), StepLogin, "sftp.login")
	}
	if proxy.Opened() != 1 {
		t.Errorf("%d logins in a row", proxy.Opened())
	}
	c.failures = 30
	c.backOff(c.last)
	if wait, _ := c.pause(); wait > 10*time.Minute || wait < 4*time.Minute {
		t.Errorf("at last it waits %s", wait)
	}
}

// A line that breaks while SFTP is being opened is no server that gives none.
func TestALineThatBreaksDuringLogin(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port = proxy.Port
	told := map[string]int{}
	for at := int64(1); at < 8000; at += 97 {
		proxy.CutAfter(at)
		err := pwd(t.Context(), client(t, config))
		if err == nil {
			break
		}
		trouble, ok := errors.AsType[*places.Trouble](err)
		if !ok || !places.MayPass(err) {
			t.Fatalf("cut after %d bytes: %v", at, err)
		}
		told[trouble.Message.Key]++
	}
	if t.Log(told); told["sftp.session"] > 0 || told["sftp.login_broken"] < 5 {
		t.Errorf("what was told: %v", told)
	}
}

func TestContextEndsEverything(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port, config.Timeout, config.KeepAlive = proxy.Port, time.Hour, time.Hour // nothing but the context ends a call
	c := client(t, config)
	if err := pwd(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	proxy.Hang(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := pwd(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("during a request: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := pwd(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while connecting: %v", err)
	}
	proxy.Hang(false)
}

// Many users of one connection that is cut again and again: each call comes to its end, and nothing stays open.
func TestManyUsersOfABadLine(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port = proxy.Port
	c := client(t, config)
	var good, bad atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := pwd(ctx, c); err == nil {
					good.Add(1)
				} else if ctx.Err() == nil {
					bad.Add(1)
				}
			}
		})
	}
	for n := range int32(4) {
		eventually(t, "calls that go well", func() bool { return good.Load() >= 100*(n+1) })
		proxy.Cut()
	}
	eventually(t, "calls that go well", func() bool { return good.Load() >= 500 })
	cancel()
	wg.Wait()
	if bad.Load() > good.Load()/10 {
		t.Errorf("%d calls went well, %d did not", good.Load(), bad.Load())
	}
	_ = c.Close()
	eventually(t, "every line to end", func() bool { return proxy.Open() == 0 && server.Sessions() == 0 })
}

func TestSecretsStayOutOfLogsAndErrors(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	var log bytes.Buffer
	config := server.Config()
	config.Password = configs.NewSecret("hunter2")
	config.Passphrase = configs.NewSecret("opensesame")
	config.User = "nobody-we-know"
	c, err := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = pwd(t.Context(), c)
	for _, secret := range []string{"hunter2", "opensesame", "PRIVATE KEY"} {
		if strings.Contains(log.String()+fmt.Sprint(err), secret) {
			t.Errorf("%q is shown: %s %v", secret, log.String(), err)
		}
	}
}
