package local

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rowferry/rowferry/places"
)

// A file on a mount of rclone, as of a cloud's folder, has another inode as soon as it is moved: it is the same file. Taken for another one it
// would go back into the inbox each time that it was claimed. Where nothing can be mounted, the temporary folder is said to be such a one, and
// another file is put in the moved one's place.
func TestAFileThatIsRenumberedIsTheSame(t *testing.T) {
	real, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(real, "orders.csv"), []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mounted := mountRclone(t, real, dir)
	if mounted != nil {
		t.Log("nothing can be mounted here: ", mounted)
		dir = real
	}
	f, err := Open(Settings{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if mounted != nil {
		var s syscall.Stat_t
		if err := syscall.Stat(dir, &s); err != nil {
			t.Fatal(err)
		}
		f.(*folder).staying.Store(&staying{device: uint64(s.Dev)})
	}
	stat := func(name string) places.Entry {
		t.Helper()
		e, err := f.Stat(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	before := stat("orders.csv")
	if _, err := f.Make(t.Context(), "processing", true); err != nil {
		t.Fatal(err)
	}
	if err := f.Take(t.Context(), "orders.csv", "processing/orders.csv"); err != nil {
		t.Fatal(err)
	}
	if mounted != nil {
		renumber(t, filepath.Join(dir, "processing", "orders.csv"), before.ModTime)
	}
	time.Sleep(20 * time.Millisecond) // what the kernel remembers of it is over
	if after := stat("processing/orders.csv"); after.Node != before.Node {
		t.Errorf("its inode was %d and is %d", before.Node, after.Node)
	}
	var content strings.Builder
	if err := f.Fetch(t.Context(), "processing/orders.csv", before, 0, &content); err != nil || content.String() != "a,b\n1,2\n" {
		t.Errorf("it holds %q: %v", content.String(), err)
	}
}

// mountRclone has rclone mount one folder on another one until the test ends.
func mountRclone(t *testing.T, real, dir string) error {
	mount := exec.Command("rclone", "mount", real, dir, "--attr-timeout", "1ms", "--dir-cache-time", "1s", "--vfs-cache-mode", "writes", "--cache-dir", t.TempDir())
	mount.Env = append(os.Environ(), "RCLONE_CONFIG="+filepath.Join(t.TempDir(), "none"))
	if err := mount.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(errors.New("rclone has ended"), mount.Wait()) }()
	t.Cleanup(func() {
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		_ = mount.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	for mountOf(dir) != "fuse.rclone "+dir {
		select {
		case err := <-ended:
			ended <- err
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// renumber gives a file another inode, with the same content and time.
func renumber(t *testing.T, file string, at time.Time) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file+".new", content, 0o600)
	}
	if err == nil {
		err = os.Chtimes(file+".new", at, at)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		t.Fatal(err)
	}
}
