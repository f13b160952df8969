package local

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rowferry/rowferry/places"
)

// A spot is one name in a folder that is held open: what is done there is done in that very folder, whatever its name leads to meanwhile.
// Without a folder the name is a path.
type spot struct {
	in   *os.Root
	name string
}

// path is for errors, and for systems without folders that are held.
func (s spot) path() string {
	if s.in == nil {
		return s.name
	}
	return filepath.Join(s.in.Name(), s.name)
}

func (s spot) lstat() (fs.FileInfo, error) {
	if s.in == nil {
		return os.Lstat(s.name)
	}
	return s.in.Lstat(s.name)
}

func (s spot) unlink() error {
	if s.in == nil {
		return os.Remove(s.name)
	}
	return s.in.Remove(s.name)
}

// open opens a regular file that has this name itself: a link is none.
func (s spot) open(flag int, mode fs.FileMode) (*os.File, error) {
	f, err := s.in.OpenFile(s.name, flag|noFollow, mode)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil {
		var named fs.FileInfo
		if named, err = s.lstat(); err == nil && (!named.Mode().IsRegular() || !os.SameFile(opened, named)) {
			err = fmt.Errorf("%s is not a regular file", s.path())
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// release lets the folder go.
func (s spot) release() {
	if s.in != nil {
		_ = s.in.Close()
	}
}

// spot holds the folder that the last step of a path lies in. On the way no link is followed, and no folder of somebody else's is entered: a
// *places.Trouble. fs.ErrNotExist when a folder is missing.
func (f *folder) spot(name string) (spot, error) {
	in, err := os.OpenRoot(f.Dir)
	if err != nil {
		return spot{}, err
	}
	steps := strings.Split(path.Clean(name), "/")
	last := len(steps) - 1
	for i, step := range steps[:last] {
		next, err := f.descend(in, step)
		_ = in.Close()
		if err != nil {
			return spot{}, f.foreign(path.Join(steps[:i+1]...), err)
		}
		in = next
	}
	return spot{in, steps[last]}, nil
}

// hold holds a folder itself.
func (f *folder) hold(name string) (*os.Root, error) {
	if path.Clean(name) == "." {
		return os.OpenRoot(f.Dir)
	}
	at, err := f.spot(name)
	if err != nil {
		return nil, err
	}
	defer at.release()
	in, err := f.descend(at.in, at.name)
	return in, f.foreign(name, err)
}

// foreign tells of what is not a folder of ours.
func (f *folder) foreign(name string, err error) error {
	if errors.Is(err, places.ErrNotAFolder) {
		return f.Tell(places.OwnFolder, name, err)
	}
	if errors.Is(err, places.ErrNotOurs) {
		return f.Tell(places.Foreign, name, err)
	}
	return err
}

// descend holds a folder in a folder: ErrNotAFolder, ErrNotOurs.
func (f *folder) descend(in *os.Root, name string) (*os.Root, error) {
	there, err := in.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !there.IsDir() {
		return nil, places.ErrNotAFolder
	}
	below, err := in.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := below.Stat(".")
	if err == nil && !os.SameFile(there, opened) {
		err = places.ErrNotAFolder // a link to one, by now
	}
	if err == nil {
		err = f.ours(opened)
	}
	if err != nil {
		return nil, errors.Join(err, below.Close())
	}
	return below, nil
}

// ours is nil for a folder that this user or the administrator owns, or for whom the administrator works: nobody else can exchange what lies in it.
func (f *folder) ours(info fs.FileInfo) error {
	owner, _, known := owners(info)
	if !known || owner == 0 || owner == os.Geteuid() || owner == f.service() {
		return nil
	}
	if we, err := f.ourNumber(); err == nil && owner == we {
		return nil
	}
	return places.ErrNotOurs
}

// ourNumber is the owner of what we make in the folder: another one than ourselves where the file system keeps none (SMB, FAT), or where the
// server of it makes the administrator nobody.
func (f *folder) ourNumber() (int, error) {
	in, err := os.OpenRoot(f.Dir)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	here, err := in.Stat(".")
	if err != nil {
		return 0, err
	}
	if known := f.numbered.Load(); known != nil && os.SameFile(known.in, here) {
		return known.owner, nil
	}
	number, err := f.tryNumber(in)
	if err == nil {
		f.numbered.Store(&ownNumber{here, number})
	}
	return number, err
}

// ownNumber is the owner of what we make in a folder, as it was found out once.
type ownNumber struct {
	in    fs.FileInfo
	owner int
}

// tryNumber makes a file and looks whose it is.
func (f *folder) tryNumber(in *os.Root) (int, error) {
	name := fmt.Sprintf(".rowferry-%016x.tmp", rand.Uint64())
	file, err := in.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer in.Remove(name)
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	number, _, _ := owners(info)
	return number, nil
}
