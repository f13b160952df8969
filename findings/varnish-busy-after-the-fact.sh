#!/usr/bin/env bash
# Varnish 7.1 (Debian 12): of a request that the server behind it took and never answered it says 503 and Retry-After.
#
# 503 with Retry-After is what a server says that is busy and did nothing, and clients send such a request again; so do many for a POST. Varnish
# has it for whatever keeps it from an answer: nothing listens there, the server closed the connection, the first byte took too long. The
# body is the same too. HAProxy, nginx, Apache and Squid have 502 and 504 for a request that was passed on. Each repeat is one more order.
# (The page "Backend fetch failed" is known; that it says so of a request that has been carried out is what people do not expect.)
#
# Seen (varnishd 7.1.1), a server that reads a POST, notes it, and closes the connection or takes longer than first_byte_timeout:
#   closed: 503 Backend fetch failed, Retry-After: 5, 1 order carried out
#   slow:   503 Backend fetch failed, Retry-After: 5, 1 order carried out
#   down:   503 Backend fetch failed, Retry-After: 5, 0 orders carried out
set -euo pipefail
dir=$(mktemp -d); chmod 755 "$dir"; cd "$dir"
mkdir deb; (cd deb; apt-get download -q varnish=7.1.1-2+deb12u1 libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2 libpcre2-8-0 > said 2>&1 || { cat said; exit 1; }; for p in *.deb; do dpkg -x "$p" .; done)
export PATH="$dir/deb/usr/sbin:$PATH" LD_LIBRARY_PATH="$dir/deb/usr/lib/x86_64-linux-gnu"
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
		if r.URL.Path == "/slow" {
			time.Sleep(3 * time.Second)
		}
		panic(http.ErrAbortHandler) // the connection is closed without an answer
	}))
	server.Config.ErrorLog = nil
	behind, front := server.Listener.Addr().String(), free()
	host, port, _ := strings.Cut(behind, ":")
	rules := fmt.Sprintf("vcl 4.0; backend b { .host = %q; .port = %q; .first_byte_timeout = 1s; }", host, port)
	if err := os.WriteFile("rules.vcl", []byte(rules), 0o644); err != nil {
		panic(err)
	}
	varnish := exec.Command("varnishd", "-F", "-f", must(os.Getwd())+"/rules.vcl", "-a", front, "-n", must(os.Getwd())+"/work", "-s", "malloc,20m")
	if err := varnish.Start(); err != nil {
		panic(err)
	}
	defer func() { varnish.Process.Signal(os.Interrupt); varnish.Wait() }()
	for range 600 {
		if c, err := net.Dial("tcp", front); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, how := range []string{"closed", "slow", "down"} {
		if how == "down" {
			server.Listener.Close()
		}
		answer := must(http.Post("http://"+front+"/"+how, "application/json", strings.NewReader(`{"order": 1}`)))
		answer.Body.Close()
		time.Sleep(200 * time.Millisecond)
		fmt.Printf("%s: %s, Retry-After: %s, carried out: %d\n", how, answer.Status, answer.Header.Get("Retry-After"), len(orders))
		for len(orders) > 0 {
			<-orders
		}
	}
}
M
trap 'rm -rf "$dir"' EXIT
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
closed: 503 Backend fetch failed, Retry-After: 5, carried out: 1
slow: 503 Backend fetch failed, Retry-After: 5, carried out: 1
down: 503 Backend fetch failed, Retry-After: 5, carried out: 0
M
