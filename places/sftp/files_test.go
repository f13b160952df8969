//go:build linux

package sftp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

// However often the line is cut, a transfer that gets further with each goes on at once: the lines did some good, and no pause grows between them.
func TestTransfersOutlastCuts(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	proxy := sshdtest.NewProxy(t, server.Address())
	config := server.Config()
	config.Port = proxy.Port
	c, err := Open(map[string]configs.SFTP{"partner": config}, "partner", Options{Logger: quiet, First: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	content := bytes.Repeat([]byte("0123456789abcdef"), 6<<16)
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, content, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(there)
	if err != nil {
		t.Fatal(err)
	}
	proxy.CutAfter(1 << 20)
	var got bytes.Buffer
	if err := c.download(t.Context(), there, places.Entry{Size: info.Size(), ModTime: info.ModTime().Truncate(time.Second)}, 0, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("download: %v, %d bytes of %d", err, got.Len(), len(content))
	}
	proxy.CutAfter(9 << 20) // more than what is on its way at a time
	proxy.Cut()
	content = bytes.Repeat(content, 2)
	var arrived int64
	if err := c.upload(t.Context(), filepath.Join(dir, "up"), bytes.NewReader(content), int64(len(content)), &arrived); err != nil {
		t.Errorf("upload: %v, %d bytes of %d", err, arrived, len(content))
	}
	if c.failures > 0 {
		t.Errorf("%d lines that brought content further count as failures", c.failures)
	}
}

func TestRenameSaysWhatIsInTheWay(t *testing.T) {
	for name, o := range map[string]sshdtest.Options{"POSIX rename": {}, "plain rename": {Subsystem: "internal-sftp -P posix-rename"}} {
		t.Run(name, func(t *testing.T) {
			server := sshdtest.Start(t, o)
			c := client(t, server.Config())
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			put := func(name string) {
				if err := os.WriteFile(at(name), []byte(name), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for what, move := range map[string]func(*sftp.Client, string, string) error{"rename": rename, "take": moveAlone} {
				try := func(from, to string, want error) {
					t.Helper()
					err := c.Do(t.Context(), func(s *sftp.Client) error { return move(s, at(from), at(to)) })
					if !errors.Is(err, want) || want == nil && err != nil {
						t.Errorf("%s %s → %s: %v, want %v", what, from, to, err, want)
					}
				}
				put("a")
				put("b")
				try("a", "b", fs.ErrExist)
				try("none", "c", fs.ErrNotExist)
				if err := c.Do(t.Context(), func(s *sftp.Client) error { return move(s, at("a"), at("nowhere/c")) }); err == nil || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s into a folder that is missing: %v; the file itself is not missing", what, err)
				}
				try("a", "c", nil)
				if got, err := os.ReadFile(at("b")); err != nil || string(got) != "b" {
					t.Errorf("%s overwrote: %q %v", what, got, err)
				}
				for _, f := range []string{"b", "c"} {
					if err := os.Remove(at(f)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func TestMakeFolderTakesNoLinkForOne(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	c := client(t, server.Config())
	dir := t.TempDir()
	if err := errors.Join(os.Symlink("/tmp", filepath.Join(dir, "link")), os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"new": nil, "link": places.ErrNotAFolder, "file": places.ErrNotAFolder, "no/parent": fs.ErrNotExist} {
		for range 2 {
			_, err := c.Folder(dir).Make(t.Context(), name, false)
			if !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
}

func TestDownloadRefusesAnotherState(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	c := client(t, server.Config())
	path := filepath.Join(t.TempDir(), "a")
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := errors.Join(os.WriteFile(path, bytes.Repeat([]byte("0123456789"), 10_000), 0o644), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
	folder := c.Folder(filepath.Dir(path))
	for name, want := range map[string]struct {
		size int64
		at   time.Time
		err  error
	}{
		"as it is":   {100_000, at, nil},
		"longer":     {100_001, at, places.ErrChanged},
		"shorter":    {99_999, at, places.ErrChanged},
		"other time": {100_000, at.Add(time.Second), places.ErrChanged},
	} {
		err := folder.Fetch(t.Context(), "a", places.Entry{Size: want.size, ModTime: want.at}, 0, io.Discard)
		if !errors.Is(err, want.err) || want.err == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := folder.Fetch(t.Context(), "none", places.Entry{Size: 1, ModTime: at}, 0, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// BenchmarkTransfer measures 200 MB each way beside OpenSSH's own sftp command against the same server in the same run.
// x-sftp is how many times as fast as it we are; both times include connecting.
func BenchmarkTransfer(b *testing.B) {
	const size = 200 << 20
	server := sshdtest.Start(b, sshdtest.Options{})
	dir := b.TempDir()
	remote := filepath.Join(dir, "remote")
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	if err := os.WriteFile(remote, content, 0o644); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(remote)
	if err != nil {
		b.Fatal(err)
	}
	command := func(line string) time.Duration {
		began := time.Now()
		cmd := exec.Command("sftp", "-q", "-b", "-", "-i", server.KeyFile, "-P", strings.Split(server.Address(), ":")[1],
			"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", server.User+"@127.0.0.1")
		cmd.Stdin = strings.NewReader(line + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("sftp: %v: %s", err, out)
		}
		return time.Since(began)
	}
	download := func() time.Duration {
		began := time.Now()
		c := client(b, server.Config())
		into, err := os.Create(filepath.Join(dir, "ours"))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(c.download(b.Context(), remote, places.Entry{Size: size, ModTime: info.ModTime().Truncate(time.Second)}, 0, into), into.Close(), c.Close()); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	upload := func() time.Duration {
		began := time.Now()
		c := client(b, server.Config())
		var arrived int64
		if err := errors.Join(c.upload(b.Context(), filepath.Join(dir, "uploaded"), bytes.NewReader(content), size, &arrived), c.Close()); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for name, pair := range map[string]struct {
		ours   func() time.Duration
		theirs string
	}{
		"download": {download, "get " + remote + " " + filepath.Join(dir, "theirs")},
		"upload":   {upload, "put " + remote + " " + filepath.Join(dir, "put")},
	} {
		b.Run(name, func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				for _, f := range []string{"ours", "theirs", "uploaded", "put"} {
					_ = os.Remove(filepath.Join(dir, f))
				}
				theirs += command(pair.theirs)
				ours += pair.ours()
			}
			b.ReportMetric(float64(theirs)/float64(ours), "x-sftp")
			b.ReportMetric(float64(size)*float64(b.N)/1e6/ours.Seconds(), "MB/s")
		})
	}
}
