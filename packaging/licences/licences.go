// Package licences holds the licence texts of everything that is linked into the program.
package licences

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
)

//go:generate go run ./generate

//go:embed LICENCES.txt.gz
var packed []byte

// WriteTo writes all texts, each under the modules that it holds for.
func WriteTo(w io.Writer) error {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return err
}
