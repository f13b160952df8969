// Package trust reads the certificate authorities that a company adds to those of the system.
package trust

import (
	"crypto/x509"
	"errors"
	"os"
)

// Pool is the system's authorities and those of a PEM file; nil, the system's alone, for no file.
func Pool(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in " + path)
	}
	return pool, nil
}
