package local

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Rights are what a folder allows others than the user that runs this and the administrator.
type Rights struct {
	Owner  string // another user, who owns the folder and may do anything with it; ""
	Group  string // whose members have the group's rights
	Mode   fs.FileMode
	Sticky bool // whoever may write takes away only what is his own
}

// RightsOf looks at a folder of this machine; known is false where the system has no such rights.
func RightsOf(dir string) (r Rights, known bool) {
	info, err := os.Stat(dir)
	if err != nil {
		return r, false
	}
	uid, gid, known := owners(info)
	r = Rights{Group: strconv.Itoa(gid), Mode: info.Mode().Perm(), Sticky: info.Mode()&fs.ModeSticky != 0}
	if group, err := user.LookupGroupId(r.Group); err == nil {
		r.Group = group.Name
	}
	if uid != 0 && uid != os.Geteuid() {
		r.Owner = strconv.Itoa(uid)
		if one, err := user.LookupId(r.Owner); err == nil {
			r.Owner = one.Username
		}
	}
	return r, known
}

// Ours is a *places.Trouble when a folder below an inbox is there and is none, or not one of ours. Root looks for whom the data folder belongs to.
func Ours(inbox, name, data string) error {
	f := &folder{Settings: Settings{Dir: filepath.Clean(inbox), Whose: "inbox", Data: data}}
	in, err := f.hold(name)
	if err != nil {
		return err
	}
	return in.Close()
}
