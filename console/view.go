package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/words"
)

//go:embed templates/*.html
var layouts embed.FS

// pages are the templates, one for each page, parsed once.
var pages = sync.OnceValue(func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(template.FuncMap{"dict": dict, "join": func(all []string) string { return strings.Join(all, ", ") }}).ParseFS(layouts, "templates/layout.html", "templates/parts.html"))
	all := map[string]*template.Template{}
	names, _ := fs.Glob(layouts, "templates/*.html")
	for _, name := range names {
		if base := strings.TrimSuffix(path.Base(name), ".html"); base != "layout" && base != "parts" {
			all[base] = template.Must(template.Must(shared.Clone()).ParseFS(layouts, name))
		}
	}
	return all
})

// dict makes a map of names and values, for templates that take several.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// edition of what the binary brings: its addresses carry it, so that browsers may keep it for good.
var edition = sync.OnceValue(func() string {
	h := sha256.New()
	_ = fs.WalkDir(static, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := static.ReadFile(name)
			h.Write(b)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:10]
})

// view is what every page knows.
type view struct {
	Lang    batch.Language
	Who     *people.Person
	Title   string
	Path    string // of the request, with its query
	Section string // the first part of the path
	Now     time.Time
	Edition string
	Data    any
}

func (c *Console) view(r *http.Request, title string, data any) *view {
	section, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	v := &view{Lang: c.language(r), Who: who(r), Path: r.URL.RequestURI(), Section: section, Now: time.Now(), Edition: edition(), Data: data}
	v.Title = v.T(title)
	return v
}

// render writes a page, whole or not at all.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, page string, v *view) error {
	var out bytes.Buffer
	if err := pages()[page].ExecuteTemplate(&out, "layout", v); err != nil {
		c.log.Error("console: page", "page", page, "error", err)
		http.Error(w, "rowferry: this page could not be made; the log says why", http.StatusInternalServerError)
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(v.Lang))
	w.Header().Set("Vary", "Accept-Encoding")
	content := out.Bytes()
	if unpacks(r) {
		w.Header().Set("Content-Encoding", "gzip")
		content = gzipped(content, gzip.DefaultCompression)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
	return nil
}

// T is a sentence in the reader's language.
func (v *view) T(key string, args ...any) string { return words.Of(v.Lang, key, args...) }

// Rows is so many rows, in words.
func (v *view) Rows(n int) string { return v.Count("console.rows", n) }

// Count is a sentence with a number.
func (v *view) Count(key string, n int) string { return v.T(key, "count", v.Number(n)) }

// Number is a number with its thousands apart.
func (v *view) Number(n int) string {
	digits := strconv.Itoa(n)
	between := ","
	if v.Lang == batch.Russian {
		between = "\u00a0"
	}
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + between + digits[i:]
	}
	return digits
}

// Status is the word of an outcome, or of "waiting".
func (v *view) Status(s any) string {
	if text := fmt.Sprint(s); text != "" && text != "waiting" {
		return v.T("status." + text)
	}
	return v.T("console.waiting")
}

// State is the word of a file's state.
func (v *view) State(f desk.File) string {
	switch f.Standing {
	case desk.Paused, desk.Stopped, desk.Stalled, desk.Misfitting:
		return v.T("console.standing." + string(f.Standing))
	}
	return v.T("console.state." + string(f.State))
}

// Time is a moment, short where it is today.
func (v *view) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.Local()
	if t.Format(time.DateOnly) == v.Now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// Moment is a moment to the second, short where it is today.
func (v *view) Moment(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == v.Now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return v.Exact(t)
}

// Exact is a moment to the second, with how far this machine's clock is from UTC: results are in UTC or in the route's time zone.
func (v *view) Exact(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 -07:00") }

// Until is how long it is until a moment, in words.
func (v *view) Until(t time.Time) string {
	switch d := t.Sub(v.Now); {
	case t.IsZero():
		return ""
	case d < 90*time.Second:
		return v.T("console.until.minute")
	case d < 90*time.Minute:
		return v.T("console.until.minutes", "count", int(d.Round(time.Minute).Minutes()))
	case d < 36*time.Hour:
		return v.T("console.until.hours", "count", int(d.Round(time.Hour).Hours()))
	default:
		return v.T("console.until.days", "count", int(d.Hours()/24+0.5))
	}
}

// May reports whether the reader's role includes another.
func (v *view) May(role string) bool { return v.Who != nil && v.Who.Role.May(people.Role(role)) }

// Languages are those that a reader may choose.
func (v *view) Languages() []batch.Language { return spoken }

// With is the present address with a parameter set, or (with "") without it; from the first page on.
func (v *view) With(key, value string) string {
	u, err := url.Parse(v.Path)
	if err != nil {
		return "?"
	}
	q := u.Query()
	q.Del("cursor")
	q.Del("before")
	q.Del("from")
	if q.Set(key, value); value == "" {
		q.Del(key)
	}
	return u.Path + "?" + q.Encode()
}

// Bytes is a size for people.
func (v *view) Bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.0f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// share is one outcome's part of a bar, in thousandths of its width.
type share struct {
	Status string
	Rows   int
	X, W   float64
}

// Bar divides a file's rows by outcome, those that wait last. What is there can be seen, however little it is.
func (v *view) Bar(c batch.Counts) []share {
	var all []share
	add := func(status string, n int) {
		if n > 0 {
			all = append(all, share{Status: status, Rows: n})
		}
	}
	for _, s := range batch.Statuses() {
		add(string(s), c.Of(s))
	}
	add("waiting", c.Pending())
	const least, whole = 8.0, 1000.0
	total := 0.0
	for i := range all {
		all[i].W = max(least, whole*float64(all[i].Rows)/float64(max(c.Read, 1)))
		total += all[i].W
	}
	x := 0.0
	for i := range all {
		all[i].W *= whole / total
		all[i].X = x
		x += all[i].W
	}
	return all
}
