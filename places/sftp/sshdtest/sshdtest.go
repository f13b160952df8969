//go:build linux

package sshdtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/configs"
)

// Server is one running sshd.
type Server struct {
	Home     string // where its files lie, keys among them
	Host     string
	Port     int
	User     string
	HostKeys map[string]string // kind (ed25519, ecdsa, rsa) → public key line
	KeyFile  string            // a private key that it lets in

	t       testing.TB
	options Options
	mu      sync.Mutex
	cmd     *exec.Cmd
	log     *bytes.Buffer
}

// Options change the server. The zero value: login by key only, everything permitted.
type Options struct {
	Subsystem string   // of sftp [internal-sftp]; "internal-sftp -R" is read-only, "-P rename,posix-rename" forbids some requests
	HostKeys  []string // kinds to offer [ed25519]
	Lines     []string // further lines of sshd_config
	FileLimit int      // bytes that one file may have, 0 = no limit; a write beyond fails like one on a full disk
	Password  string   // of the user, who then may log in with it; needs root, see CanSetPassword
}

const binary = "/usr/sbin/sshd"

// Start starts a server that is stopped when the test ends. Without sshd the test fails and says what to install.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("these tests need OpenSSH's server: apt-get install -y openssh-server (%v)", err)
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		// sshd run by root insists on its empty folder.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if o.Subsystem == "" {
		o.Subsystem = "internal-sftp"
	}
	if len(o.HostKeys) == 0 {
		o.HostKeys = []string{"ed25519"}
	}
	s := &Server{Home: t.TempDir(), Host: "127.0.0.1", User: who.Username, HostKeys: map[string]string{}, t: t, options: o}
	s.makeKeys()
	s.Port = FreePort(t)
	s.Restart()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("sshd's log:\n%s", s.Log())
		}
	})
	return s
}

// FreePort is a loopback port that nobody uses now, and nobody but who is told of it will use until the test ends: it stays bound, though
// nothing listens on it, so that no other process is given it between here and the server that starts there later, or again.
func FreePort(t testing.TB) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	// From now on a listener that asks for the same, as servers do, may have the port beside us.
	err = errors.Join(err, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	address, nerr := syscall.Getsockname(fd)
	if err := errors.Join(err, nerr); err != nil {
		_ = syscall.Close(fd)
		t.Fatal(err)
	}
	port := address.(*syscall.SockaddrInet4).Port
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil { // not on this kind of system; then without
		_ = syscall.Close(fd)
		return port
	}
	_ = l.Close()
	t.Cleanup(func() { _ = syscall.Close(fd) })
	return port
}

func (s *Server) makeKeys() {
	s.t.Helper()
	for _, kind := range s.options.HostKeys {
		s.HostKeys[kind] = s.keyPair("host_"+kind, kind, "")
	}
	s.KeyFile = s.NewKey("id", "")
}

// keyPair makes a private key, locked if there is a passphrase, and beside it with .pub the public one, whose line it returns.
func (s *Server) keyPair(name, kind, passphrase string) string {
	s.t.Helper()
	path := filepath.Join(s.Home, name)
	// One round of hashing the passphrase is enough: the race detector makes the usual ones take seconds.
	args := []string{"-q", "-t", kind, "-a", "1", "-N", passphrase, "-C", "", "-f", path}
	if kind == "rsa" { // a shorter one than usual is found sooner
		args = append(args, "-b", "2048")
	}
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	line, err := os.ReadFile(path + ".pub")
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(line))
}

// NewKey makes a private key that the server lets in, locked if there is a passphrase, and returns its path.
func (s *Server) NewKey(name, passphrase string) string {
	s.t.Helper()
	s.Allow(s.keyPair(name, "ed25519", passphrase))
	return filepath.Join(s.Home, name)
}

// NewAuthority makes the key pair, of a kind, of an authority that signs host keys, and returns the path of its private
// half; the public line lies beside it with .pub.
func (s *Server) NewAuthority(name, kind string) string {
	s.t.Helper()
	s.keyPair(name, kind, "")
	return filepath.Join(s.Home, name)
}

// Certify has the server's host key of a kind signed, and starts the server again with the certificate. ssh-keygen is told
// how: "-s AUTHORITY", "-n NAMES", "-V FROM:TO".
func (s *Server) Certify(kind string, how ...string) {
	s.t.Helper()
	key := filepath.Join(s.Home, "host_"+kind)
	args := append([]string{"-q", "-h", "-I", "host"}, append(slices.Clone(how), key+".pub")...)
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	line := "HostCertificate " + key + "-cert.pub"
	if !slices.Contains(s.options.Lines, line) {
		s.options.Lines = append(slices.Clone(s.options.Lines), line)
	}
	s.Restart()
}

// Allow lets a public key in.
func (s *Server) Allow(line string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.Home, "authorized_keys"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, strings.TrimSpace(line))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) config() string {
	lines := []string{
		"ListenAddress 127.0.0.1", "Port " + strconv.Itoa(s.Port), "PidFile none", "StrictModes no", "UseDNS no",
		// Without root sshd cannot see in /etc/shadow that the account is not locked; PAM can.
		"UsePAM " + yes(os.Getuid() != 0),
		"LogLevel VERBOSE", "AuthorizedKeysFile " + filepath.Join(s.Home, "authorized_keys"), "PermitRootLogin yes",
		"PasswordAuthentication " + yes(s.options.Password != ""), "KbdInteractiveAuthentication no", "MaxStartups 200:30:400", "MaxSessions 100",
		"LoginGraceTime 600", "PrintMotd no", "Subsystem sftp " + s.options.Subsystem,
	}
	for _, kind := range s.options.HostKeys {
		lines = append(lines, "HostKey "+filepath.Join(s.Home, "host_"+kind))
	}
	// sshd takes the first value of a key.
	return strings.Join(append(slices.Clone(s.options.Lines), lines...), "\n") + "\n"
}

// Restart starts the server again on the same port with the same keys.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	path := filepath.Join(s.Home, "sshd_config")
	if err := os.WriteFile(path, []byte(s.config()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.withoutPenalties(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = &bytes.Buffer{}
	limit := ""
	if s.options.FileLimit > 0 {
		limit = fmt.Sprintf("trap '' XFSZ; ulimit -f %d; ", s.options.FileLimit/512)
	}
	s.cmd = exec.Command("sh", "-c", limit+s.ownShadow()+`exec "$0" -D -e -f "$1"`, binary, path)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	s.cmd.WaitDelay = 5 * time.Second
	out := &guarded{s: s}
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := net.Dial("tcp", s.Address())
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("sshd does not listen on %s: %s", s.Address(), s.log.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// CanSetPassword reports whether a server may have a password here: its own /etc/shadow is laid over the machine's in a mount
// namespace of its own, which takes root.
func CanSetPassword() bool {
	return os.Getuid() == 0 && exec.Command("unshare", "-m", "mount", "--bind", "/etc/passwd", "/etc/shadow").Run() == nil
}

// ownShadow is the shell command that lays a shadow file with the password over the machine's, for this server alone.
func (s *Server) ownShadow() string {
	if s.options.Password == "" {
		return ""
	}
	hash, err := exec.Command("openssl", "passwd", "-6", s.options.Password).Output()
	if err != nil {
		s.t.Fatalf("openssl passwd: %v; apt-get install -y openssl", err)
	}
	path := filepath.Join(s.Home, "shadow")
	line := fmt.Sprintf("%s:%s:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n", s.User, strings.TrimSpace(string(hash)))
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("exec unshare -m sh -c 'mount --bind %s /etc/shadow && exec %s -D -e -f %s'; ",
		path, binary, filepath.Join(s.Home, "sshd_config"))
}

// withoutPenalties keeps newer servers from locking out a test that fails to log in on purpose.
func (s *Server) withoutPenalties(path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(content, "PerSourcePenalties no\n"...), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if exec.Command(binary, "-t", "-f", path).Run() == nil {
		return
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// guarded writes to the server's log.
type guarded struct{ s *Server }

func (g *guarded) Write(b []byte) (int, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.s.log.Write(b)
}

// Log is what the server wrote.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Kill kills the server and every session of it, as a power cut of the machine does to its processes.
func (s *Server) Kill() {
	s.mu.Lock()
	cmd := s.cmd
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	for _, pid := range freeze(cmd.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = cmd.Wait()
}

// freeze stops a process and everything below it, until nothing is left that could start another, and lists them.
func freeze(pid int) []int {
	frozen := []int{pid}
	for next := frozen; len(next) > 0; {
		for _, p := range next {
			_ = syscall.Kill(p, syscall.SIGSTOP)
		}
		for _, p := range next {
			awaitStop(p)
		}
		next = slices.DeleteFunc(Descendants(pid), func(p int) bool { return slices.Contains(frozen, p) })
		frozen = append(frozen, next...)
	}
	return frozen
}

// awaitStop waits until a process that was sent a stop has stopped, or is no more.
func awaitStop(pid int) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, state, ok := status(pid); !ok || strings.ContainsAny(state, "TtZX") {
			return
		}
	}
}

// Pause stops the server and every session of it from running, so that it hangs; Resume lets them go on.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		freeze(s.cmd.Process.Pid)
	}
}

// Resume ends a Pause.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	for _, pid := range append(Descendants(s.cmd.Process.Pid), s.cmd.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// Sessions is how many processes the server has started and not ended.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return len(Descendants(s.cmd.Process.Pid))
}

// Descendants lists the processes below pid.
func Descendants(pid int) []int {
	parents := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if parent, state, ok := status(child); ok && state != "Z" {
			parents[parent] = append(parents[parent], child)
		}
	}
	var out []int
	for next := parents[pid]; len(next) > 0; {
		out = append(out, next...)
		var below []int
		for _, child := range next {
			below = append(below, parents[child]...)
		}
		next = below
	}
	return out
}

// status gives the parent of a process and its state, a letter; false when there is no such process.
func status(pid int) (parent int, state string, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", false
	}
	// pid (name) state ppid …; the name may contain anything, so from its last bracket on
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, "", false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, fields[0], err == nil
}

// Config is how to reach it: with its key, pinned by its first host key.
func (s *Server) Config() configs.SFTP {
	return configs.SFTP{
		Name: "partner", Host: s.Host, Port: s.Port, User: s.User, Key: "file:" + s.KeyFile, HostKey: s.HostKeys[s.options.HostKeys[0]],
		Timeout: time.Minute, KeepAlive: time.Minute,
	}
}
