//go:build linux

// Package servers starts SFTP servers that are not OpenSSH's, for tests: those of Debian, and pkg/sftp's own with switches for what others
// are reported to do. Each shows the whole file system of this machine.
package servers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "embed"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

//go:embed testdata/asyncssh_server.py
var asyncSSH string

//go:embed testdata/conch_server.py
var conch string

// Server is one kind of server.
type Server struct {
	Name   string
	ASCII  bool // it knows no other names
	Alters bool // it shows some names otherwise
	Loses  bool // it may lose what it confirmed
	Start  func(t testing.TB) configs.SFTP
}

// Foreign are the servers of Debian, but for OpenSSH's, and that of pkg/sftp.
func Foreign() []Server {
	return []Server{
		{Name: "ProFTPD", Start: proftpd("AllowOverwrite on")},
		{Name: "ProFTPD without AllowOverwrite", Start: proftpd("AllowOverwrite off")},
		{Name: "rclone", Alters: true, Start: rclone},
		{Name: "AsyncSSH", Start: python("python3-asyncssh", asyncSSH)},
		{Name: "Erlang", Loses: true, ASCII: true, Start: erlang},
		{Name: "pkg sftp", Start: func(t testing.TB) configs.SFTP { _, c := StartOdd(t, Habits{}); return c }},
		{Name: "Twisted Conch", ASCII: true, Start: python("python3-twisted", conch)},
	}
}

// keys are a host's and a user's, made anew.
type keys struct{ dir, host, user string }

func makeKeys(t testing.TB, kind string) keys {
	t.Helper()
	k := keys{dir: t.TempDir()}
	k.host, k.user = filepath.Join(k.dir, "ssh_host_"+kind+"_key"), filepath.Join(k.dir, "id")
	for path, kind := range map[string]string{k.host: kind, k.user: "rsa"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-m", "PEM", "-N", "", "-C", "", "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	content, err := os.ReadFile(k.user + ".pub")
	if err == nil {
		err = os.WriteFile(filepath.Join(k.dir, "authorized_keys"), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k keys) config(t testing.TB, port int) configs.SFTP {
	t.Helper()
	line, err := os.ReadFile(k.host + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return configs.SFTP{Name: "partner", Host: "127.0.0.1", Port: port, User: "root", Key: "file:" + k.user, HostKey: strings.TrimSpace(string(line)),
		Timeout: time.Minute, KeepAlive: time.Minute}
}

// run starts a program that listens on a port until the test ends.
func run(t testing.TB, packages string, port int, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s: apt-get install -y %s (%v)", name, packages, err)
	}
	cmd := exec.Command(path, args...)
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", name, out)
		}
	})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %s", name, out)
		}
	}
}

// output is what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.buf.String()
	return text[max(0, len(text)-4000):]
}

func write(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func proftpd(overwrite string) func(t testing.TB) configs.SFTP {
	return func(t testing.TB) configs.SFTP {
		k, port := makeKeys(t, "rsa"), sshdtest.FreePort(t)
		out, err := exec.Command("ssh-keygen", "-e", "-f", k.user+".pub").Output()
		if err != nil {
			t.Fatal(err)
		}
		authorized := write(t, filepath.Join(k.dir, "authorized"), string(out))
		config := write(t, filepath.Join(k.dir, "proftpd.conf"), fmt.Sprintf(`LoadModule mod_sftp.c
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port %d
User root
Group root
PidFile %s/pid
ScoreboardFile none
DelayEngine off
UseIPv6 off
UseReverseDNS off
RootLogin on
UseFtpUsers off
RequireValidShell off
WtmpLog off
TransferLog none
SystemLog %s/log
MaxInstances 100
TimeoutNoTransfer 4
TimeoutIdle 600
<Global>
%s
AllowStoreRestart on
HiddenStores off
</Global>
SFTPEngine on
SFTPLog %s/sftplog
SFTPHostKey %s
SFTPAuthMethods publickey
SFTPAuthorizedUserKeys file:%s
`, port, k.dir, k.dir, overwrite, k.dir, k.host, authorized))
		t.Cleanup(func() {
			if log, err := os.ReadFile(filepath.Join(k.dir, "sftplog")); err == nil && t.Failed() {
				t.Logf("mod_sftp: %s", log[max(0, len(log)-3000):])
			}
		})
		run(t, "proftpd-core proftpd-mod-crypto", port, "/usr/sbin/proftpd", "--nodaemon", "--quiet", "--config", config)
		return k.config(t, port)
	}
}

func rclone(t testing.TB) configs.SFTP {
	k, port := makeKeys(t, "rsa"), sshdtest.FreePort(t)
	run(t, "rclone", port, "/usr/bin/rclone", "serve", "sftp", "/", "--addr", fmt.Sprintf("127.0.0.1:%d", port), "--key", k.host, "--user", "root",
		"--authorized-keys", filepath.Join(k.dir, "authorized_keys"), "--dir-cache-time", "1ms", "--config", filepath.Join(k.dir, "none"))
	return k.config(t, port)
}

func python(packages, program string) func(t testing.TB) configs.SFTP {
	return func(t testing.TB) configs.SFTP {
		k, port := makeKeys(t, "rsa"), sshdtest.FreePort(t)
		run(t, packages, port, "/usr/bin/python3", write(t, filepath.Join(k.dir, "server.py"), program), strconv.Itoa(port), k.host, filepath.Join(k.dir, "authorized_keys"))
		return k.config(t, port)
	}
}

func erlang(t testing.TB) configs.SFTP {
	k, port := makeKeys(t, "rsa"), sshdtest.FreePort(t)
	program := fmt.Sprintf(`ok = ssh:start(), {ok, _} = ssh:daemon({127,0,0,1}, %d, [{system_dir, %q}, {user_dir, %q}, {auth_methods, "publickey"}, {subsystems, [ssh_sftpd:subsystem_spec([{cwd, "/"}])]}]).`, port, k.dir, k.dir)
	run(t, "erlang-base erlang-ssh", port, "/usr/bin/erl", "+fnu", "-noshell", "-eval", program)
	return k.config(t, port)
}
