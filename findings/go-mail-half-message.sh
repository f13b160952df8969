#!/usr/bin/env bash
# github.com/wneessen/go-mail v0.8.1: a message whose body fails while it is written is taken by the server as a whole one.
#
# A body writer (an attachment that is read from a disk that goes away is the same) returns an error after its first line. DialAndSend returns that
# error, so the caller sends again later. But the connection is ended with QUIT, and the protocol's writer first ends what is open: the
# server sees the end of the message, answers that it has it, and the receiver reads half a report that nothing calls half.
# Who must not have that cuts the connection instead.
#
# Seen (Go 1.26, Linux; the server is github.com/emersion/go-smtp v0.25.1):
#   sender's error names the disk: true
#   messages that the server took: 1, with the first rows
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module finding
go 1.26
require (
	github.com/emersion/go-smtp v0.25.1
	github.com/wneessen/go-mail v0.8.1
)
M
cat > main.go <<'M'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/emersion/go-smtp"
	"github.com/wneessen/go-mail"
)

// inbox keeps what an SMTP server was given.
type inbox struct{ messages []string }

func (i *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return i, nil }
func (i *inbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (i *inbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (i *inbox) Reset()                                      {}
func (i *inbox) Logout() error                               { return nil }
func (i *inbox) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err == nil {
		i.messages = append(i.messages, string(message))
	}
	return err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	taken := &inbox{}
	server := smtp.NewServer(taken)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(listener) }()

	message := mail.NewMsg()
	if err := errors.Join(message.From("a@example.com"), message.To("b@example.com")); err != nil {
		panic(err)
	}
	message.Subject("report")
	message.SetBodyWriter(mail.TypeTextPlain, func(w io.Writer) (int64, error) {
		n, _ := io.WriteString(w, "rows 1 to 1000 were delivered\r\n")
		return int64(n), errors.New("the disk with the rest is gone")
	})
	client := must(mail.NewClient("127.0.0.1", mail.WithPort(listener.Addr().(*net.TCPAddr).Port), mail.WithTLSPolicy(mail.NoTLS)))
	err := client.DialAndSendWithContext(context.Background(), message)
	server.Close()
	<-done
	fmt.Println("sender's error names the disk:", err != nil && strings.Contains(err.Error(), "disk"))
	fmt.Println("messages that the server took:", len(taken.messages))
	for _, m := range taken.messages {
		fmt.Println("with the first rows:", strings.Contains(m, "rows 1 to 1000"))
	}
}
M
GOFLAGS=-mod=mod go run . > seen
cat seen
diff - seen <<'M'
sender's error names the disk: true
messages that the server took: 1
with the first rows: true
M
