#!/usr/bin/env bash
# Apache 2.4 (Debian 12, apache2-bin), mod_proxy_fcgi, as PHP-FPM is run: a script that dies while it works is told as 503, like one that is not there.
#
# The page says "temporarily unable to service your request due to maintenance downtime or capacity problems. Please try again later", byte by
# byte the one of a pool that is down. So it looks as if nothing had been done; but a worker that is killed by a reload of the pool, by its time
# limit or for its memory may have entered the order first, and who tries again later enters it twice. mod_proxy_http and nginx's fastcgi_pass
# have 502 for a request that was passed on and not answered, and Apache itself 504 where the answer only takes too long.
#
# Seen (Apache/2.4, Linux), a FastCGI server that reads the whole request, notes it and closes the connection; then none at all:
#   died: 503 Service Unavailable, carried out: 1 · down: 503 Service Unavailable, carried out: 0 · the same headers but Date, the same body: true
set -euo pipefail
dir=$(mktemp -d); chmod 755 "$dir"; trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir deb; (cd deb; apt-get download -q apache2-bin libapr1 libaprutil1 libpcre2-8-0 libexpat1 > said 2>&1 || { cat said; exit 1; }; for p in *.deb; do dpkg -x "$p" .; done)
export PATH="$dir/deb/usr/sbin:$PATH" LD_LIBRARY_PATH="$dir/deb/usr/lib/x86_64-linux-gnu:$dir/deb/lib/x86_64-linux-gnu"
cat > go.mod <<'M'
module finding
go 1.26
M
cat > main.go <<'M'
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// dies takes one request whole (its standard input ends with an empty record) and closes the connection.
func dies(l net.Listener, orders chan<- bool) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		var head [8]byte
		for {
			if _, err := io.ReadFull(c, head[:]); err != nil {
				break
			}
			length := int64(binary.BigEndian.Uint16(head[4:])) + int64(head[6])
			io.CopyN(io.Discard, c, length)
			if head[1] == 5 && length == 0 {
				orders <- true
				break
			}
		}
		c.Close()
	}
}

func main() {
	behind := must(net.Listen("tcp", "127.0.0.1:0"))
	free := must(net.Listen("tcp", "127.0.0.1:0"))
	front := free.Addr().String()
	free.Close()
	orders := make(chan bool, 9)
	go dies(behind, orders)
	here := must(os.Getwd())
	settings := "ServerRoot " + here + "\nServerName here\nPidFile " + here + "/pid\nErrorLog " + here + "/log\nListen " + front + "\nUser nobody\nGroup nogroup\n"
	for _, m := range []string{"mpm_event", "authz_core", "proxy", "proxy_fcgi"} {
		settings += "LoadModule " + m + "_module deb/usr/lib/apache2/modules/mod_" + m + ".so\n"
	}
	settings += "ProxyPass / fcgi://" + behind.Addr().String() + "/srv/ retry=0\n"
	if err := os.WriteFile("settings", []byte(settings), 0o644); err != nil {
		panic(err)
	}
	apache := exec.Command("apache2", "-X", "-f", here+"/settings")
	if err := apache.Start(); err != nil {
		panic(err)
	}
	defer func() { apache.Process.Kill(); apache.Wait() }()
	for range 600 {
		if c, err := net.Dial("tcp", front); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	type answer struct {
		header http.Header
		body   string
	}
	var answers []answer
	for _, how := range []string{"died", "down"} {
		if how == "down" {
			behind.Close()
		}
		r := must(http.Post("http://"+front+"/orders.php", "application/json", strings.NewReader(`{"order": 1}`)))
		a := answer{r.Header, string(must(io.ReadAll(r.Body)))}
		a.header.Del("Date")
		answers = append(answers, a)
		fmt.Printf("%s: %s, carried out: %d\n", how, r.Status, len(orders))
		for len(orders) > 0 {
			<-orders
		}
	}
	fmt.Println("the same but for the date:", reflect.DeepEqual(answers[0], answers[1]))
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
died: 503 Service Unavailable, carried out: 1
down: 503 Service Unavailable, carried out: 0
the same but for the date: true
M
