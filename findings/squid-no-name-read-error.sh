#!/usr/bin/env bash
# squid 5.7 (Debian 12): of a host whose name it cannot resolve it says 502 ERR_READ_ERROR, as of a server that took a request and hung up.
#
# Squid tells in X-Squid-Error why it has no answer, and ERR_DNS_FAIL (503) is what its manual has for a name that is not found. But where no
# name server answers, a client gets the status and the page of a line that broke while the answer was read: for a request that never
# left and for one that was carried out. Only the number behind the word differs: that of the system's error, which is 0 for the first. Who
# goes by status or word must take each order to a name that is gone for one that may have been carried out, or each of the others for one
# that may be sent again. A server where nobody listens has a word and a status of its own.
#
# Seen (squid 5.7), a POST to a name that nobody resolves, to a server that reads the order and resets the connection, and to a free port:
#   name:  502 ERR_READ_ERROR 0, carried out: 0
#   reset: 502 ERR_READ_ERROR 104, carried out: 1
#   free:  503 ERR_CONNECT_FAIL 111, carried out: 0
set -euo pipefail
dir=$(mktemp -d); chmod 777 "$dir"; trap 'rm -rf "$dir" /dev/shm/f$$-*' EXIT; cd "$dir"
mkdir deb; (cd deb; apt-get download -q squid=5.7-2+deb12u6 squid-common=5.7-2+deb12u6 squid-langpack libecap3 libltdl7 libnetfilter-conntrack3 libnfnetlink0 libtdb1 > said 2>&1 || { cat said; exit 1; }; for p in *.deb; do dpkg -x "$p" .; done)
export PATH="$dir/deb/usr/sbin:$PATH" LD_LIBRARY_PATH="$dir/deb/usr/lib/x86_64-linux-gnu" SERVICE="f$$"
cat > go.mod <<'M'
module finding
go 1.26
M
cat > main.go <<'M'
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// free is an address where nothing listens.
func free() string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	return l.Addr().String()
}

func main() {
	orders := make(chan string, 99)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		orders <- r.URL.Path
		c, _ := must2(w.(http.Hijacker).Hijack())
		c.(*net.TCPConn).SetLinger(0) // closing resets it
		c.Close()
	}))
	front, dir := free(), must(os.Getwd())
	settings := "http_port " + front + "\nhttp_access allow all\ncache deny all\ndns_nameservers 127.9.9.9\ndns_timeout 2 seconds\ndns_retransmit_interval 1 seconds\n" +
		"hosts_file none\npinger_enable off\npid_filename none\naccess_log none\ncache_log " + dir + "/log\ncoredump_dir none\n" +
		"mime_table " + dir + "/deb/usr/share/squid/mime.conf\nicon_directory " + dir + "/deb/usr/share/squid/icons\nerror_directory " + dir + "/deb/usr/share/squid-langpack/en\n"
	if err := os.WriteFile("settings", []byte(settings), 0o644); err != nil {
		panic(err)
	}
	proxy := exec.Command("squid", "-N", "-n", os.Getenv("SERVICE"), "-f", dir+"/settings")
	if err := proxy.Start(); err != nil {
		panic(err)
	}
	defer func() { proxy.Process.Kill(); proxy.Wait() }()
	for range 1200 {
		if c, err := net.Dial("tcp", front); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	client := http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://" + front) }}}
	for _, to := range []string{"name: http://provider.example/orders", "reset: " + server.URL, "free: http://" + free()} {
		how, address, _ := strings.Cut(to, ": ")
		answer := must(client.Post(address, "application/json", strings.NewReader(`{"order": 1}`)))
		answer.Body.Close()
		fmt.Printf("%s: %d %s, carried out: %d\n", how, answer.StatusCode, answer.Header.Get("X-Squid-Error"), len(orders))
		for len(orders) > 0 {
			<-orders
		}
	}
}

func must2[T, U any](v T, w U, err error) (T, U) {
	if err != nil {
		panic(err)
	}
	return v, w
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
name: 502 ERR_READ_ERROR 0, carried out: 0
reset: 502 ERR_READ_ERROR 104, carried out: 1
free: 503 ERR_CONNECT_FAIL 111, carried out: 0
M
