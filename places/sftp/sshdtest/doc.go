// Package sshdtest starts OpenSSH's own sshd for tests: on a free loopback port, as the current user, with keys made for
// the run; and a proxy before it that breaks the line.
package sshdtest
