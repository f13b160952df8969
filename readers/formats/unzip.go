package formats

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/charset"
)

// An Unpacked is the table that was found in a zip archive, copied to a temporary file that Close removes.
type Unpacked struct {
	readers.File
	Member string       // its name in the archive
	Notes  []batch.Note // what was left out
	io.Closer
}

// mostMembers is how many files an archive of tables may hold.
const mostMembers = 100

// Unzip gives the table that lies in a zip archive, where the settings ask for it; nil for any other file, which is read as it is.
// Of several tables it is the one whose names the route knows; two that fit are named in the error, unless the settings say which. A
// *batch.Unreadable speaks of the archive or of its only file.
func Unzip(ctx context.Context, f readers.File, s readers.Settings) (*Unpacked, error) {
	if !s.Unzip {
		return nil, nil
	}
	if c, err := readers.Examine(f); err != nil || c.Kind != readers.Zip {
		return nil, err
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil {
		return nil, broken("", err)
	}
	a := archive{ctx: ctx, settings: s, left: s.Limits.Filled().Bytes, ratio: int64(s.Limits.Filled().Ratio)}
	for _, e := range z.File {
		if name := nameOf(e); !aside(name) {
			a.members = append(a.members, member{e, name})
		}
	}
	if err := a.narrow(); err != nil {
		return nil, err
	}
	if len(a.members) > mostMembers {
		return nil, readers.Refuse("archive.members", "count", len(a.members), "limit", mostMembers)
	}
	return a.choose()
}

// archive is a zip while the table in it is looked for.
type archive struct {
	ctx      context.Context
	settings readers.Settings
	members  []member
	first    bool  // the first of several that fit is meant
	left     int64 // bytes that may still be unpacked
	ratio    int64
}

type member struct {
	*zip.File
	name string
}

// first is the setting that takes the first of the tables that fit.
const first = "first"

// narrow leaves the files that the settings name.
func (a *archive) narrow() error {
	want := a.settings.Member
	named := func(matches func(name string) bool) []member {
		return slices.DeleteFunc(slices.Clone(a.members), func(m member) bool { return !matches(m.name) })
	}
	if exact := named(func(name string) bool { return name == want }); len(exact) > 0 {
		a.members, a.first = exact, true // an archive may have a name twice: the first is that file
		return nil
	}
	if a.first = want == first; a.first || want == "" {
		return nil
	}
	found := named(func(name string) bool {
		low, like := strings.ToLower(name), strings.ToLower(want)
		whole, _ := path.Match(like, low)
		base, _ := path.Match(like, path.Base(low))
		return whole || base
	})
	if len(found) == 0 {
		var names []string
		for _, m := range a.members[:min(len(a.members), 20)] {
			names = append(names, m.name)
		}
		return readers.Refuse("archive.no_member", "member", want, "names", strings.Join(names, ", "))
	}
	a.members = found
	return nil
}

// aside reports whether a file of an archive is none of its sender's: folders, and what systems put beside files.
func aside(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "~$") ||
		base == "thumbs.db" || base == "desktop.ini"
}

// nameOf is the name as people wrote it, and nothing but a name: what would lead out of a folder, or steer what shows it, is taken out. The end of a
// folder's name stays.
func nameOf(e *zip.File) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return '_'
		}
		return r
	}, written(e))
	name = drive.ReplaceAllString(name, "")
	plain := strings.TrimPrefix(path.Clean("/"+name), "/")
	if strings.HasSuffix(name, "/") {
		plain += "/"
	}
	return plain
}

// drive is how an absolute path begins on Windows.
var drive = patterns.New(`^([a-zA-Z]:)+`)

// written is the name in the archive: without a flag it is in whatever encoding the sender's system has.
func written(e *zip.File) string {
	name := strings.ReplaceAll(e.Name, `\`, "/")
	if utf8.ValidString(name) {
		return name
	}
	if v := charset.Guess([]byte(name)); v.Name != "" { // however unsure: a name is only shown
		if of, err := charset.ByName(v.Name); err == nil {
			if decoded, err := of.NewDecoder().String(name); err == nil {
				return decoded
			}
		}
	}
	return strings.ToValidUTF8(name, "_")
}

// choose unpacks one member after the other, and keeps the one that is meant.
func (a *archive) choose() (chosen *Unpacked, err error) {
	var tables []candidate
	defer func() {
		for _, t := range tables {
			if t.Unpacked != chosen {
				err = errors.Join(err, t.Close())
			}
		}
	}()
	var refused error
	for _, m := range a.members {
		u, err := a.unpack(m)
		if err != nil {
			return nil, err
		}
		c, err := a.judge(u)
		if err == nil {
			tables = append(tables, c)
			continue
		}
		if refused = errors.Join(err, u.Close()); a.ctx.Err() != nil {
			return nil, refused
		}
	}
	if len(tables) == 0 && len(a.members) == 1 {
		if why, ok := errors.AsType[*batch.Unreadable](refused); ok && why.Message.Key == "kind.zip" {
			return nil, readers.Refuse("archive.nested", "name", a.members[0].name)
		}
		return nil, refused
	}
	if len(tables) == 0 {
		return nil, readers.Refuse("archive.no_table", "count", len(a.members))
	}
	slices.SortStableFunc(tables, candidate.before)
	if len(tables) > 1 && !a.first && tables[0].before(tables[1]) == 0 {
		return nil, readers.Refuse("archive.several", "first", tables[0].Member, "second", tables[1].Member)
	}
	if others := len(a.members) - 1; others > 0 {
		tables[0].Notes = []batch.Note{{Message: batch.Message{Key: "archive.note_others", Args: []any{"read", tables[0].Member, "count", others}}, Count: others}}
	}
	return tables[0].Unpacked, nil
}

// candidate is a table of the archive, and how well it fits the route.
type candidate struct {
	*Unpacked
	enough bool
	known  int
}

// before compares: what fits comes first, else what has more names that the route knows.
func (c candidate) before(o candidate) int {
	switch {
	case c.enough && o.enough:
		return 0
	case c.enough:
		return -1
	case o.enough:
		return 1
	}
	return cmp.Compare(o.known, c.known)
}

// judge looks at a member's columns, unless it is the only one. Its error says why nobody reads it.
func (a *archive) judge(u *Unpacked) (candidate, error) {
	c := candidate{Unpacked: u}
	reader, err := Of(u.File)
	if err != nil || len(a.members) == 1 {
		return c, err
	}
	t, err := reader.Open(a.ctx, u.File, a.settings)
	if err != nil {
		return c, a.ctx.Err() // a damaged one may be the one that is meant, if no other fits
	}
	if c.known = len(t.Columns()); a.settings.Wants != nil {
		fit := a.settings.Wants.Fit(t.Columns())
		c.known, c.enough = fit.Known(), fit.Enough && fit.Known() > 0
	}
	return c, t.Close()
}

// unpack copies a member into a temporary file, whole and with the right checksum.
func (a *archive) unpack(m member) (u *Unpacked, err error) {
	if m.Flags&1 != 0 {
		return nil, readers.Refuse("archive.locked", "name", m.name)
	}
	in, err := m.Open()
	if err != nil {
		return nil, broken(m.name, err)
	}
	defer in.Close()
	out, err := readers.NewScratch()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	n, err := a.copy(out, in, m)
	if err != nil {
		return nil, err
	}
	return &Unpacked{File: readers.File{Name: path.Base(m.name), Size: n, ReaderAt: out}, Member: m.name, Closer: out}, nil
}

// copy stops where the limits do.
func (a *archive) copy(out io.Writer, in io.Reader, m member) (n int64, err error) {
	const harmless = 10 << 20
	buf := make([]byte, 64<<10)
	for {
		if err := a.ctx.Err(); err != nil {
			return n, err
		}
		k, err := in.Read(buf)
		n, a.left = n+int64(k), a.left-int64(k)
		if a.left < 0 || n > harmless && n > a.ratio*int64(m.CompressedSize64) {
			return n, readers.Refuse("archive.too_big", "name", m.name)
		}
		if _, err := out.Write(buf[:k]); err != nil {
			return n, err
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, broken(m.name, err)
		}
	}
}

// broken says of an archive what is wrong with it.
func broken(name string, err error) error {
	key := "archive.damaged"
	if errors.Is(err, zip.ErrAlgorithm) {
		key = "archive.method"
	}
	return &batch.Unreadable{Message: batch.Message{Key: key, Args: []any{"name", name}}, Err: err}
}
