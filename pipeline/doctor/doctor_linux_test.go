package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/doctor"
)

// The doctor finds a folder whose mount is off, and makes nothing below the mount point.
func TestTheDoctorKnowsMounts(t *testing.T) {
	cfg := &configs.Config{Data: t.TempDir(), Language: batch.Russian, Routes: map[string]configs.Route{}}
	dir := filepath.Join(t.TempDir(), "share", "in")
	cfg.Routes["orders"] = configs.Route{Name: "orders", Inbox: configs.Inbox{Dir: dir}, Outbox: configs.Outbox{Dir: t.TempDir()}}
	file := pipeline.Mount(cfg, "orders", "inbox")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(dir+"\n/mnt nfs4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found := 0
	for one := range doctor.Folders(cfg, []string{"orders"}, cfg.Language) {
		if !strings.Contains(one.What, dir) {
			if !one.Good {
				t.Errorf("%+v", one)
			}
			continue
		}
		if found++; one.Good || !strings.Contains(one.Detail, "/mnt nfs4") || !strings.Contains(one.Detail, "Папка") {
			t.Errorf("%+v", one)
		}
	}
	if found != 1 {
		t.Errorf("the inbox was looked at %d times", found)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made below the mount point")
	}
}

// Who else may write into a folder, and how much room it has, is told in the reader's language.
func TestTheDoctorSpeaks(t *testing.T) {
	for language, want := range map[batch.Language][]string{batch.English: {"GB free", "everybody on this machine may write there, and so have rows sent"},
		batch.Chinese: {"剩余", "本机上的所有用户都可以在其中写入，因而可以让行被发送"}, batch.Russian: {"свободно", "любой пользователь этой машины может там писать и тем самым отправлять строки"}} {
		in := t.TempDir()
		if err := os.Chmod(in, 0o777); err != nil {
			t.Fatal(err)
		}
		cfg := &configs.Config{Data: t.TempDir(), Routes: map[string]configs.Route{"orders": {Name: "orders", Inbox: configs.Inbox{Dir: in}, Outbox: configs.Outbox{Dir: t.TempDir()}}}}
		for one := range doctor.Folders(cfg, []string{"orders"}, language) {
			if one.Dir != in {
				continue
			}
			for _, said := range want {
				if !strings.Contains(one.Detail, said) || !one.Good || !one.Warns {
					t.Errorf("%s: %+v, want %q", language, one, said)
				}
			}
		}
	}
}
