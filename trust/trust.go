// Package trust reads certificates: the authorities that a company adds to those of the system, and pairs of our own.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Authorities are the system's and those of a PEM file; nil, the system's alone, for no file. The error is a *batch.Unreadable.
func Authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		cause := err
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			cause = p.Err
		}
		return nil, &batch.Unreadable{Message: words.Message("config.file", "path", path, "cause", cause), Err: err}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, &batch.Unreadable{Message: words.Message("trust.ca.none", "path", path)}
	}
	return pool, nil
}

// CheckAuthorities says what is wrong with a file of authorities, under the key ca.
func CheckAuthorities(path string) []batch.Mistake {
	_, err := Authorities(path)
	if bad, ok := errors.AsType[*batch.Unreadable](err); ok {
		return []batch.Mistake{{Key: "ca", What: bad.Message, Write: words.Message("trust.ca.write"), Elsewhere: true}}
	}
	return nil
}

// Pair is a certificate with its key, from PEM files; none where neither is named.
func Pair(cert, key string) ([]tls.Certificate, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{pair}, nil
}

// CheckPair says what is wrong with a certificate and its key, under the keys cert and key. Both are named, or neither is.
func CheckPair(cert, key string) []batch.Mistake {
	missing := func(key, example string) []batch.Mistake {
		return []batch.Mistake{{Key: key, What: words.Message("config.missing"), Write: words.Example(key + ": " + example)}}
	}
	_, err := Pair(cert, key)
	switch {
	case cert == "" && key != "":
		return missing("cert", "/etc/rowferry/client.pem")
	case cert != "" && key == "":
		return missing("key", "/etc/rowferry/client.key")
	case err != nil:
		return []batch.Mistake{{Key: "cert", What: words.Message("trust.pair", "cert", cert, "key", key), Elsewhere: true}}
	}
	return nil
}
