package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Copy copies r to w and hashes what passes. It stops when ctx ends.
func Copy(ctx context.Context, w io.Writer, r io.Reader) (Fetched, error) {
	hash := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(hash, w)}, reading{ctx, r}, make([]byte, 256<<10))
	return Fetched{Size: n, Hash: hex.EncodeToString(hash.Sum(nil))}, err
}

// reading is a reader that ends with its context.
type reading struct {
	ctx context.Context
	r   io.Reader
}

func (r reading) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
