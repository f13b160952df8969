package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Make makes a folder and what is missing above it, with these rights less the umask. What root makes belongs to whom the folder belongs that it
// is made in, where root may give it away: a command that an administrator tries before the service was ever started must not shut the service
// out. Where mode lets others in, the rights of that folder hold too, as for one that the service makes.
func Make(dir string, mode fs.FileMode) error {
	above := filepath.Dir(dir)
	if _, err := os.Stat(dir); os.Geteuid() != 0 || above == dir || !errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, mode)
	}
	if err := Make(above, mode); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return inherit(dir, mode)
}

// inherit gives a folder that root made to whom the folder above belongs: see Make.
func inherit(dir string, mode fs.FileMode) error {
	info, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return err
	}
	user, group, known := owners(info)
	if known && user != 0 && os.Lchown(dir, user, group) == nil && mode&0o077 != 0 {
		return os.Chmod(dir, info.Mode()&(fs.ModePerm|fs.ModeSetgid)|0o700)
	}
	return nil
}

// service is the user for whom root works: who owns the data folder; 0 when that is root, or this is not.
func (f *folder) service() int {
	if os.Geteuid() != 0 || f.Data == "" {
		return 0
	}
	info, err := os.Stat(f.Data)
	if err != nil {
		return 0
	}
	user, _, _ := owners(info)
	return user
}

// give hands a folder that root made below this one to the service, where root may: else the service could move nothing there.
func (f *folder) give(in *os.Root) {
	user := f.service()
	here, err := os.Stat(f.Dir)
	if user == 0 || err != nil {
		return
	}
	if made, err := in.Open("."); err == nil {
		_, group, _ := owners(here)
		_ = made.Chown(user, group)
		_ = made.Close()
	}
}

// HandOver gives what root made in a folder of ours to whom the folder belongs, where root may. Links are given, not what they lead to; a file that
// has another name besides is left as it is.
func HandOver(dir string) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	user, group, known := owners(info)
	if !known || user == 0 {
		return
	}
	in, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer in.Close()
	_ = fs.WalkDir(in.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // another command's, and gone again
		}
		if info, err := e.Info(); err == nil {
			if owner, _, _ := owners(info); owner == 0 && (e.IsDir() || alone(info)) {
				_ = in.Lchown(name, user, group)
			}
		}
		return nil
	})
}
