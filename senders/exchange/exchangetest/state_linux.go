package exchangetest

import (
	"net"

	"golang.org/x/sys/unix"
)

// took reports whether the other side's system has all that was written on a connection, its end too where that was written.
func took(c net.Conn, ended bool) bool {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	there := true
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		there = err != nil || info.Unacked == 0 && info.Notsent_bytes == 0 && (!ended || info.State != finWait1)
	})
	return there
}

const finWait1 = 4 // Linux: our end is on its way
