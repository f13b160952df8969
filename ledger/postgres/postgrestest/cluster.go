//go:build unix

// Package postgrestest starts a PostgreSQL of its own for tests: Debian's, in a temporary folder, reached by a socket in it.
package postgrestest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Cluster is a running PostgreSQL.
type Cluster struct {
	Dir     string // of its socket
	as      *syscall.Credential
	server  *exec.Cmd
	set     []string // settings of the server beside ours, as name=value
	ledgers atomic.Int64
}

// Hasty are settings of a server that waits for no disk, which a crash of the machine alone would tell from one that does, and that
// compiles no queries.
var Hasty = []string{"fsync=off", "full_page_writes=off", "jit=off"}

// Start makes a cluster with settings and starts it. Whoever starts it calls Stop. Without settings writes are as durable as on a server.
func Start(set ...string) (c *Cluster, err error) {
	c = &Cluster{set: set}
	if c.Dir, err = os.MkdirTemp("", "rowferry-postgres-"); err != nil {
		return nil, err
	}
	if c.as, err = somebody(); err == nil && c.as != nil {
		err = os.Chown(c.Dir, int(c.as.Uid), int(c.as.Gid))
	}
	if err == nil {
		err = c.run("initdb", "--auth=trust", "--username=rowferry", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--data-checksums", "-D", c.data())
	}
	if err == nil {
		err = c.Begin()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.Dir))
	}
	return c, nil
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }

// somebody is whom a server may run as: not root. nil: who we are.
func somebody() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

// command is one of PostgreSQL's programs, of the newest version that is installed.
func (c *Cluster) command(name string, args ...string) (*exec.Cmd, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("there is no %s of PostgreSQL: make packages", name)
	}
	slices.Sort(found)
	cmd := exec.Command(found[len(found)-1], args...)
	cmd.Dir = c.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	return cmd, nil
}

func (c *Cluster) run(name string, args ...string) error {
	cmd, err := c.command(name, args...)
	if err != nil {
		return err
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, said)
	}
	return nil
}

// Begin starts the server, be it again, and waits until it answers.
func (c *Cluster) Begin() (err error) {
	args := []string{"-D", c.data(), "-k", c.Dir}
	for _, set := range append([]string{"listen_addresses=", "shared_buffers=32MB", "max_connections=60"}, c.set...) {
		args = append(args, "-c", set)
	}
	c.server, err = c.command("postgres", args...)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c.server.Stdout, c.server.Stderr = log, log
	if err := c.server.Start(); err != nil {
		return err
	}
	for range 1200 {
		if err = c.run("pg_isready", "-q", "-h", c.Dir); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, said)
}

// End stops the server as a crash of it does: what is not on disk is lost, and every connection breaks.
func (c *Cluster) End() error { return c.end(syscall.SIGQUIT) }

// Halt stops the server as its service does: every connection is told and closed, everything is on disk.
func (c *Cluster) Halt() error { return c.end(syscall.SIGINT) }

func (c *Cluster) end(by syscall.Signal) error {
	if err := c.server.Process.Signal(by); err != nil {
		return err
	}
	_ = c.server.Wait() // it says that it was killed
	return nil
}

// Stop stops the server and removes everything.
func (c *Cluster) Stop() error { return errors.Join(c.End(), os.RemoveAll(c.Dir)) }

// Saved dumps the ledger at an address. What is returned puts it back as it was then.
func (c *Cluster) Saved(address string) (putBack func() error, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	name := u.Query().Get("search_path")
	dump := filepath.Join(c.Dir, fmt.Sprintf("%s-%d.dump", name, time.Now().UnixNano()))
	at := []string{"-h", c.Dir, "-U", "rowferry"}
	if err := c.run("pg_dump", append(at, "-n", name, "-Fc", "-f", dump, "postgres")...); err != nil {
		return nil, err
	}
	return func() error {
		drop := append(at, "-q", "-c", "DROP SCHEMA "+name+" CASCADE", "postgres")
		return errors.Join(c.run("psql", drop...), c.run("pg_restore", append(at, "-d", "postgres", dump)...))
	}, nil
}

// Address is that of a ledger which nobody has used.
func (c *Cluster) Address() string {
	q := url.Values{"host": {c.Dir}, "search_path": {fmt.Sprintf("ledger_%d", c.ledgers.Add(1))}}
	return "postgres://rowferry:hidden@/postgres?" + q.Encode()
}

// Apart is the address of a ledger that nobody has used, in a database of its own whose now() is off by so much.
func (c *Cluster) Apart(by time.Duration) (string, error) {
	name := fmt.Sprintf("clock_%d", c.ledgers.Add(1))
	now := fmt.Sprintf("CREATE OR REPLACE FUNCTION pg_catalog.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$SELECT transaction_timestamp() + %d * interval '1 s'$$", int(by.Seconds()))
	err := c.run("psql", "-h", c.Dir, "-U", "rowferry", "-q", "-c", "CREATE DATABASE "+name, "postgres")
	if err == nil {
		err = c.run("psql", "-h", c.Dir, "-U", "rowferry", "-q", "-c", now, name)
	}
	return "postgres://rowferry:hidden@/" + name + "?" + url.Values{"host": {c.Dir}}.Encode(), err
}

// On is the address of a ledger that nobody has used, in a database of its own whose files lie in a folder.
func (c *Cluster) On(dir string) (string, error) {
	if c.as != nil {
		if err := os.Chown(dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return "", err
		}
	}
	name := fmt.Sprintf("apart_%d", c.ledgers.Add(1))
	for _, statement := range []string{fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", name, dir), fmt.Sprintf("CREATE DATABASE %s TABLESPACE %s", name, name)} {
		if err := c.run("psql", "-h", c.Dir, "-U", "rowferry", "-q", "-c", statement, "postgres"); err != nil {
			return "", err
		}
	}
	return "postgres://rowferry:hidden@/" + name + "?" + url.Values{"host": {c.Dir}}.Encode(), nil
}
