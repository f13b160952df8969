package console

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// squeezed are the files that the binary brings, compressed once, when a browser first asks: most commands serve none.
var squeezed = sync.OnceValue(func() map[string][]byte {
	all := map[string][]byte{}
	_ = fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := static.ReadFile(name)
			all["/"+name] = gzipped(b, gzip.BestCompression)
		}
		return nil
	})
	return all
})

func gzipped(b []byte, level int) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, level) // the levels are known
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// unpacks reports whether whoever asks reads gzip.
func unpacks(r *http.Request) bool {
	for _, one := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(one), ";")
		if name == "gzip" && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}

// cached serves what the binary brings, and lets a browser keep it as long as the address carries its version.
func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		w.Header().Set("Vary", "Accept-Encoding")
		small, there := squeezed()[r.URL.Path]
		if !there || !unpacks(r) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(small)
		}
	})
}
