#!/usr/bin/env bash
# tinyproxy 1.11.1 (Debian 12): what it answers itself to a POST (407, 500) ends with a reset of the connection and not with its end.
#
# These answers have no length: they are HTTP/1.0, whole when the connection is closed. But the proxy closes it without having read the body of
# the request, and the system then resets it. So a client sees status and headers, and an error where the body should end: whether all of it came
# nobody can tell, and who takes a reset for "perhaps it was passed on" holds a refused log-in for that. A GET is answered in order.
#
# Seen (tinyproxy 1.11.1, Linux, Go 1.26), without the log-in that the proxy wants:
#   GET 407, <nil> · POST 407, connection reset by peer
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir deb; (cd deb; apt-get download -q tinyproxy-bin=1.11.1-2.1+deb12u1 > said 2>&1 || { cat said; exit 1; }; for p in *.deb; do dpkg -x "$p" .; done)
export PATH="$dir/deb/usr/bin:$PATH"
cat > go.mod <<'M'
module finding
go 1.26
M
cat > main.go <<'M'
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	free := must(net.Listen("tcp", "127.0.0.1:0"))
	front := free.Addr().String()
	free.Close()
	_, port, _ := strings.Cut(front, ":")
	settings := "Port " + port + "\nListen 127.0.0.1\nTimeout 10\nMaxClients 10\nLogFile \"" + must(os.Getwd()) + "/log\"\nBasicAuth somebody secret\n"
	if err := os.WriteFile("settings", []byte(settings), 0o644); err != nil {
		panic(err)
	}
	proxy := exec.Command("tinyproxy", "-d", "-c", "settings")
	if err := proxy.Start(); err != nil {
		panic(err)
	}
	defer func() { proxy.Process.Kill(); proxy.Wait() }()
	for range 600 {
		if c, err := net.Dial("tcp", front); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(must(url.Parse("http://" + front)))}}
	for _, method := range []string{"GET", "POST"} {
		var body io.Reader
		if method == "POST" {
			body = strings.NewReader(`{"order": 1}`)
		}
		answer := must(client.Do(must(http.NewRequest(method, "http://provider.example/orders", body))))
		_, err := io.ReadAll(answer.Body)
		fmt.Println(method, answer.StatusCode, "reset:", errors.Is(err, syscall.ECONNRESET), "whole:", err == nil)
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
GET 407 reset: false whole: true
POST 407 reset: true whole: false
M
