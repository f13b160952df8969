package packaging_test

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A release is made twice, in two folders, to the same bytes; its package is installed, used, upgraded and removed on this
// machine, and the service started as its unit says. Needs root, as dpkg does.
func TestRelease(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("packages are installed by root only: run this test as root (make test does in CI)")
	}
	if _, err := os.Stat(mark); err == nil {
		remove() // what a run left that was killed
	}
	if _, err := os.Stat("/etc/rowferry"); err == nil {
		t.Fatal("/etc/rowferry is there already: this test would install over a rowferry that somebody uses")
	}
	older, newer := release(t, "..", "0.1.0"), release(t, "..", "0.2.0")
	t.Run("the same bytes from another folder", func(t *testing.T) {
		again := release(t, copied(t), "0.1.0")
		if a, b := read(t, filepath.Join(older, "SHA256SUMS")), read(t, filepath.Join(again, "SHA256SUMS")); a != b {
			t.Errorf("two builds of one commit differ:\n%s\n%s", a, b)
		}
	})
	t.Run("what it consists of", func(t *testing.T) { parts(t, older) })
	t.Run("the unit", func(t *testing.T) { unit(t) })
	t.Run("installed, used, upgraded, removed", func(t *testing.T) { life(t, older, newer) })
}

// release makes a release of the project in a folder, for this machine only.
func release(t *testing.T, project, version string) string {
	t.Helper()
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), "packaging/release.sh", filepath.Join(dir, "dist"), version, "linux/amd64")
	c.Dir = project
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "dist")
}

// copied is the project in another folder.
func copied(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "elsewhere")
	run(t, "git", "clone", "-q", "--no-hardlinks", "..", to)
	// What is not committed yet belongs to it too.
	changed := run(t, "git", "-C", "..", "ls-files", "-m", "-o", "--exclude-standard")
	for name := range strings.Lines(changed) {
		name = strings.TrimSpace(name)
		content, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			_ = os.Remove(filepath.Join(to, name))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, name), string(content), info.Mode().Perm())
	}
	return to
}

// parts looks into what a release consists of.
func parts(t *testing.T, dir string) {
	program := filepath.Join(dir, "rowferry-0.1.0-linux-amd64")
	e, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Error("the program needs libraries of the system")
		}
	}
	const most = 40_000_000 // docs/performance.md says what weighs
	if info, err := os.Stat(program); err != nil || info.Size() > most {
		t.Errorf("the program has %d bytes, more than %d: %v", info.Size(), most, err)
	}
	commit := strings.TrimSpace(run(t, "git", "-C", "..", "rev-parse", "--short=12", "HEAD"))
	if said := run(t, program, "version"); !strings.HasPrefix(said, "rowferry 0.1.0 ("+commit+", go") {
		t.Errorf("version says %q", said)
	}
	if texts := run(t, program, "version", "--licences"); !strings.Contains(texts, "modernc.org/sqlite v") || !strings.Contains(texts, "Apache License") {
		t.Error("the licences of what is linked are not all there")
	}
	var list struct {
		Components []struct{ Name, Version, Purl string }
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "rowferry-0.1.0.cdx.json"))), &list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/pkg/sftp", "modernc.org/sqlite", "std"} {
		found := false
		for _, c := range list.Components {
			found = found || c.Name == want && c.Version != ""
		}
		if !found {
			t.Errorf("the list of parts does not name %s", want)
		}
	}
	rpm := run(t, "rpm", "-qp", "--nosignature", "--qf", "%{NAME} %{VERSION} %{ARCH}\n[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}\n]", filepath.Join(dir, "rowferry-0.1.0-1.x86_64.rpm"))
	for _, want := range []string{"rowferry 0.1.0 x86_64", "/usr/bin/rowferry -rwxr-xr-x root", "/usr/lib/systemd/system/rowferry.service -rw-r--r-- root",
		"/usr/share/man/man1/rowferry-send.1.gz -rw-r--r-- root", "/usr/share/doc/rowferry/docs/configuration.md -rw-r--r-- root", "/etc/rowferry/credentials drwx------ root"} {
		if !strings.Contains(rpm, want+"\n") {
			t.Errorf("the RPM package has no line %q:\n%s", want, rpm)
		}
	}
	checked := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	checked.Dir = dir
	if out, err := checked.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// unit asks systemd itself; that the program is not yet installed is no mistake of the unit.
func unit(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "rowferry.service").CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "rowferry") && !strings.Contains(line, "/usr/bin/rowferry is not executable") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	if err != nil && !strings.Contains(string(out), "is not executable") {
		t.Errorf("%v: %s", err, out)
	}
}

// life is what a package goes through on a machine.
func life(t *testing.T, older, newer string) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"code":1,"message":"success"}`) }))
	defer provider.Close()
	t.Cleanup(remove)
	write(t, mark, "installed by a test\n", 0o644)
	run(t, "dpkg", "--install", filepath.Join(older, "rowferry_0.1.0_amd64.deb"))
	write(t, "/etc/rowferry/rowferry.yaml", strings.ReplaceAll(configuration, "ADDRESS", provider.URL), 0o644)
	write(t, "/etc/rowferry/secrets.env", "LES_TOKEN=a-secret-of-the-unit\n", 0o600)

	end := start(t)
	drop(t, "first.csv", "LB1")
	if got := result(t, "first"); !strings.Contains(got, "delivered") {
		t.Errorf("the first file's result: %s", got)
	}
	kept(t)
	run(t, "dpkg", "--install", filepath.Join(newer, "rowferry_0.2.0_amd64.deb"))
	end() // as a restart after the upgrade does
	if said := run(t, "/usr/bin/rowferry", "version"); !strings.HasPrefix(said, "rowferry 0.2.0 ") {
		t.Errorf("after the upgrade, version says %q", said)
	}
	end = start(t)
	drop(t, "second.csv", "LB2")
	if got := result(t, "second"); !strings.Contains(got, "delivered") {
		t.Errorf("the second file's result: %s", got)
	}
	end()
	run(t, "dpkg", "--remove", "rowferry")
	if _, err := os.Stat("/usr/bin/rowferry"); err == nil {
		t.Error("the program is there after its removal")
	}
	run(t, "dpkg", "--purge", "rowferry")
	for _, path := range []string{"/etc/rowferry/rowferry.yaml", "/var/lib/rowferry/data/ledger.db"} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("purged, and a person's data with it: %v", err)
		}
	}
}

// mark is there from before the package is installed until after it is removed.
const mark = "/etc/rowferry/of-a-test"

// remove takes everything away that life leaves.
func remove() {
	_ = exec.Command("pkill", "-u", "rowferry").Run()
	_ = exec.Command("dpkg", "--purge", "rowferry").Run()
	_ = exec.Command("userdel", "rowferry").Run()
	for _, d := range []string{"/var/lib/rowferry", "/srv/rowferry", "/etc/rowferry"} {
		_ = os.RemoveAll(d)
	}
}

const configuration = `data: /var/lib/rowferry/data
accounts:
  les: {provider: les, server: "ADDRESS"}
routes:
  failures:
    account: les
    operation: shipmentFailed
    inbox: {dir: /srv/rowferry/inbox, settle: 100ms, every: 200ms}
    outbox: {dir: /srv/rowferry/outbox}
`

func drop(t *testing.T, name, booking string) {
	t.Helper()
	path := filepath.Join("/srv/rowferry/inbox", name)
	write(t, path, "3PL account number,LES booking ID,Fail reason\n3000372,"+booking+",The goods were not ready\n", 0o660)
	who, err := user.Lookup("rowferry")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	if err := os.Chown(path, uid, -1); err != nil {
		t.Fatal(err)
	}
}

// result waits for a file's result.
func result(t *testing.T, name string) string {
	t.Helper()
	for t.Context().Err() == nil {
		found, err := filepath.Glob("/srv/rowferry/outbox/" + name + ".*.result.csv")
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			return read(t, found[0])
		}
		if refused, _ := filepath.Glob("/srv/rowferry/inbox/quarantine/*/REASON.txt"); len(refused) > 0 {
			t.Fatal(read(t, refused[0]))
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("no result of " + name)
	return ""
}

// kept wants what the service keeps to be its own: others cannot read it.
func kept(t *testing.T) {
	err := filepath.WalkDir("/var/lib/rowferry", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, so others can read it", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// start starts the service as the installed unit says: its user, folder, umask and command, a supervisor that is told when it
// is up and that it is alive. The function ends it as systemd does.
func start(t *testing.T) func() {
	t.Helper()
	says := installed(t)
	address := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	for d := address; d != "/"; d = filepath.Dir(d) { // the service's user must reach it
		_ = os.Chmod(d, 0o777)
		if d == os.TempDir() {
			break
		}
	}
	who, err := user.Lookup(says["User"])
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "/bin/sh", "-c", "umask "+says["UMask"]+"; exec "+says["ExecStart"])
	c.Dir = says["WorkingDirectory"]
	c.Env = []string{"PATH=/usr/bin:/bin", "NOTIFY_SOCKET=" + address, "WATCHDOG_USEC=300000"}
	for line := range strings.Lines(read(t, "/etc/rowferry/secrets.env")) {
		c.Env = append(c.Env, strings.TrimSpace(line))
	}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	var log bytes.Buffer
	c.Stderr = &log
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	words := &told{}
	go words.listen(socket)
	words.await(t, "READY=1")
	words.await(t, "WATCHDOG=1")
	return func() {
		t.Helper()
		stop()
		if err := c.Wait(); err != nil && ctx.Err() == nil || c.ProcessState.ExitCode() != 0 {
			t.Errorf("ended with %v (%v):\n%s", c.ProcessState, err, log.String())
		}
		words.await(t, "STOPPING=1")
		_ = socket.Close()
	}
}

// told is what the service has told its supervisor.
type told struct {
	mu    sync.Mutex
	words strings.Builder
	over  bool
}

func (w *told) listen(socket *net.UnixConn) {
	for buffer := make([]byte, 1024); ; {
		n, err := socket.Read(buffer)
		w.mu.Lock()
		w.words.Write(buffer[:n])
		w.words.WriteByte('\n')
		w.over = err != nil
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await waits until the supervisor hears a word.
func (w *told) await(t *testing.T, word string) {
	t.Helper()
	for t.Context().Err() == nil {
		w.mu.Lock()
		heard, over := strings.Contains(w.words.String(), word), w.over
		w.mu.Unlock()
		if heard {
			return
		}
		if over {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("never said %s", word)
}

// installed is what the installed unit says, by key; the last line of a key counts.
func installed(t *testing.T) map[string]string {
	t.Helper()
	says := map[string]string{}
	for s := bufio.NewScanner(strings.NewReader(read(t, "/usr/lib/systemd/system/rowferry.service"))); s.Scan(); {
		if key, value, found := strings.Cut(s.Text(), "="); found && regexp.MustCompile(`^[A-Z]\w+$`).MatchString(key) {
			says[key] = value
		}
	}
	for _, key := range []string{"User", "WorkingDirectory", "ExecStart", "UMask"} {
		if says[key] == "" {
			t.Fatalf("the unit has no %s", key)
		}
	}
	if !slices.Contains([]string{"notify", "notify-reload"}, says["Type"]) {
		t.Fatalf("the unit is of type %s", says["Type"])
	}
	return says
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, arguments...)
	var wrong bytes.Buffer
	c.Stderr = &wrong
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v: %s%s", name, arguments, err, out, wrong.String())
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
