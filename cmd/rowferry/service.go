package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/packaging"
)

func serviceCommand(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Make rowferry a service of this system (Windows, macOS, systemd), or remove it",
		Long: `Registers "rowferry run" with the system's service manager, so that it starts with the machine. Where the Debian or RPM
package is installed, the service is there already: use systemctl.

The service runs with the configuration that -c names, in that file's folder. It needs an administrator's rights.`,
		Example: `  rowferry service install -c C:\rowferry\rowferry.yaml
  rowferry service status
  rowferry service uninstall`,
	}
	var name string
	c.PersistentFlags().StringVar(&name, "name", "rowferry", "the service's name; another one for each configuration")
	add := func(use, short string, do func(s service.Service) error) {
		c.AddCommand(&cobra.Command{Use: use, Short: short, Args: takes(0, 0, ""), Example: "  rowferry service " + use,
			RunE: func(*cobra.Command, []string) error {
				s, err := f.service(name, nil)
				if err != nil {
					return err
				}
				return do(s)
			}})
	}
	add("install", "Register the service and start it", f.installService)
	add("uninstall", "End the service and remove it; data and files stay", uninstallService)
	add("status", "Say whether the service is installed and runs; exit code 0 when it runs", serviceStatus)
	return c
}

// service describes "rowferry run" to the system's service manager; p is what runs, nil where it is only spoken about.
func (f *flags) service(name string, p service.Interface) (service.Service, error) {
	path, err := filepath.Abs(f.config)
	if err != nil {
		return nil, err
	}
	arguments := []string{"run", "-c", path, "--log-format", "json"}
	return service.New(p, &service.Config{Name: name, DisplayName: name, // Windows wants that to be unique too
		Description: "Spreadsheets in, provider calls out, and a result for every row",
		Arguments:   arguments, WorkingDirectory: filepath.Dir(path), Dependencies: dependencies(),
		Option: service.KeyValue{"SystemdScript": unit(arguments, filepath.Dir(path)), "OnFailure": "restart", "DelayedAutoStart": true},
	})
}

func dependencies() []string {
	if runtime.GOOS == "linux" {
		return []string{"After=network-online.target", "Wants=network-online.target"}
	}
	return nil
}

// unit is the packages' systemd unit for a configuration that lies elsewhere: the folder of the configuration is what it
// may write, and it runs as the user who owns that.
func unit(arguments []string, dir string) string {
	var lines []string
	for line := range strings.Lines(packaging.Unit) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "User", "Group", "StateDirectory", "StateDirectoryMode", "ConditionPathExists", "EnvironmentFile", "LoadCredential":
			continue
		case "ProtectHome":
			line = "ProtectHome=no\n"
		case "WorkingDirectory":
			line = fmt.Sprintf("WorkingDirectory=%s\nEnvironmentFile=-%s\n", plain.Replace(dir), plain.Replace(filepath.Join(dir, "secrets.env")))
		case "ReadWritePaths":
			line = fmt.Sprintf("ReadWritePaths=%q\n", plain.Replace(dir))
		case "ExecStart":
			line = "ExecStart={{.Path|cmdEscape}}" + quoted(arguments) + "\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// plain is a value in which nothing stands for anything else to systemd.
var plain = strings.NewReplacer("%", "%%")

func quoted(arguments []string) string {
	var b strings.Builder
	for _, a := range arguments {
		fmt.Fprintf(&b, " %q", plain.Replace(strings.ReplaceAll(a, "$", "$$")))
	}
	return b.String()
}

// installService refuses what the service could not start with, and would tell nobody: a configuration with mistakes, and data that another
// process has.
func (f *flags) installService(s service.Service) error {
	cfg, err := f.loadSecretless() // the service has its secrets from elsewhere
	if err != nil {
		return err
	}
	if drivers.Owned(drivers.Of(cfg)) {
		return fmt.Errorf("a rowferry runs already with the data in %s: stop it first, else the service could not start", cfg.Data)
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if err := s.Start(); err != nil {
		return fmt.Errorf("it is installed, but does not start: %w", err)
	}
	fmt.Fprintf(stdout, "The service %s is installed and runs.\n", s)
	return nil
}

func uninstallService(s service.Service) error {
	if err := s.Stop(); err != nil {
		fmt.Fprintln(stderr, "it did not run, or could not be ended:", err)
	}
	if err := s.Uninstall(); err != nil {
		return fmt.Errorf("uninstall: %w", err)
	}
	fmt.Fprintf(stdout, "The service %s is removed. Data and files are where they were.\n", s)
	return nil
}

func serviceStatus(s service.Service) error {
	state, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled), err != nil && scriptless(s):
		fmt.Fprintf(stdout, "The service %s is not installed.\n", s)
		return outcome(exitSome)
	case err != nil:
		return fmt.Errorf("%s does not say: %w", s.Platform(), err)
	case state == service.StatusRunning:
		fmt.Fprintf(stdout, "The service %s runs.\n", s)
		return nil
	}
	fmt.Fprintf(stdout, "The service %s is installed and does not run.\n", s)
	return outcome(exitSome)
}

// scriptless reports whether a service of SysV is not installed: service(8), which its status asks, says of that no more than that it failed.
func scriptless(s service.Service) bool {
	_, err := os.Stat("/etc/init.d/" + s.String())
	return s.Platform() == "unix-systemv" && errors.Is(err, fs.ErrNotExist)
}

// underManager runs work as the system's service manager wants it: Windows demands a handshake and tells by it when to end.
// Elsewhere, and on a terminal, work simply runs.
func (f *flags) underManager(ctx context.Context, work func(context.Context) error) error {
	if runtime.GOOS != "windows" || service.Interactive() {
		return work(ctx)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	m := &managed{end: end, done: make(chan struct{})}
	m.work = func() { defer close(m.done); m.err = work(ctx); end() }
	s, err := f.service("rowferry", m)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = s.Stop() }) // it ended by itself: the manager is told
	return errors.Join(s.Run(), m.err)
}

// managed is what a service manager starts and stops.
type managed struct {
	work func()
	end  context.CancelFunc
	done chan struct{}
	err  error
}

// Start must return at once.
func (m *managed) Start(service.Service) error { go m.work(); return nil }

// Stop lets what is in flight end.
func (m *managed) Stop(service.Service) error { m.end(); <-m.done; return nil }
