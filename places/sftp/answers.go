package sftp

import (
	"encoding/binary"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pkg/sftp"

	"github.com/rowferry/rowferry/places"
)

// answers are what a server sends, packet by packet. What an answer leaves out is no negative fact: pkg/sftp would make an absent size 0
// and an absent type a regular file. Here a listing's long names tell them, and what nobody tells is marked. A listing without end
// is ended at mostEntries.
type answers struct {
	r       io.Reader
	head    [5]byte // length and type
	out     []byte  // what is to be read first
	passing int     // bytes of the packet that are handed on as they come
	entries int     // of the listing that is under way
}

// mostEntries is how long a listing may be, which is far more than a folder for exchange has.
const mostEntries = 200_000

// Of version 3 of the protocol.
const (
	packetStatus = 101
	packetName   = 104
	packetAttrs  = 105

	statusEOF = 1

	flagSize     = 1
	flagOwner    = 2
	flagMode     = 4
	flagTimes    = 8
	flagExtended = 1 << 31

	modeFolder, modeFile, modeLink = 0o040000, 0o100000, 0o120000

	longestPacket = 1 << 20
)

// absent marks attributes: its value says what the server left out.
const absent = "absent@rowferry"

// Read gives the packets with what was left out.
func (a *answers) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(a.out) == 0 && a.passing == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	if len(a.out) > 0 {
		n := copy(p, a.out)
		a.out = a.out[n:]
		return n, nil
	}
	n, err := a.r.Read(p[:min(len(p), a.passing)])
	a.passing -= n
	return n, err
}

// next begins a packet.
func (a *answers) next() error {
	if _, err := io.ReadFull(a.r, a.head[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint32(a.head[:])) - 1
	if kind := a.head[4]; kind != packetName && kind != packetAttrs && kind != packetStatus || size > longestPacket || size < 4 {
		a.out, a.passing = a.head[:], max(size, 0)
		return nil
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(a.r, body); err != nil {
		return err
	}
	kind, body := a.filled(a.head[4], body)
	a.out = append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+1)), kind)
	a.out = append(a.out, body...)
	return nil
}

// filled is a packet with what was left out; one that is not what it should be stays as it is, for pkg/sftp to judge.
func (a *answers) filled(kind byte, body []byte) (byte, []byte) {
	switch {
	case kind == packetAttrs:
		if attrs, rest, ok := fill(body[4:], ""); ok && len(rest) == 0 {
			return kind, append(body[:4:4], attrs...)
		}
	case kind == packetStatus && len(body) >= 8 && binary.BigEndian.Uint32(body[4:]) == statusEOF:
		a.entries = 0
	case kind == packetName && len(body) >= 8:
		count := int(binary.BigEndian.Uint32(body[4:]))
		if count > 1 {
			a.entries += count
		}
		if a.entries >= mostEntries+count {
			a.entries = 0
			return packetStatus, append(binary.BigEndian.AppendUint32(body[:4:4], statusEOF), make([]byte, 8)...)
		}
		out, rest := body[:8:8], body[8:]
		for range count {
			names, long, behind, ok := twoNames(rest)
			if !ok {
				return kind, body
			}
			attrs, left, ok := fill(behind, long)
			if !ok {
				return kind, body
			}
			out, rest = append(append(out, names...), attrs...), left
		}
		return kind, append(out, rest...)
	}
	return kind, body
}

// twoNames cuts a name and its long form off, as they are and the long one alone.
func twoNames(b []byte) (both []byte, long string, rest []byte, ok bool) {
	rest = b
	for range 2 {
		if len(rest) < 4 {
			return nil, "", nil, false
		}
		n := int(binary.BigEndian.Uint32(rest))
		if len(rest)-4 < n {
			return nil, "", nil, false
		}
		long, rest = string(rest[4:4+n]), rest[4+n:]
	}
	return b[:len(b)-len(rest)], long, rest, true
}

// fill takes attributes off b and adds what is absent: from the long name ("-rw-r--r-- 1 acme staff 1234 Nov 29 10:15 a.csv") or as a mark.
func fill(b []byte, long string) (attrs, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	flags := binary.BigEndian.Uint32(b)
	rest = b[4:]
	var size, owner, mode, times, count, extended []byte
	for _, f := range []struct {
		flag uint32
		n    int
		to   *[]byte
	}{{flagSize, 8, &size}, {flagOwner, 8, &owner}, {flagMode, 4, &mode}, {flagTimes, 8, &times}, {flagExtended, 4, &count}} {
		if flags&f.flag == 0 {
			continue
		}
		if len(rest) < f.n {
			return nil, nil, false
		}
		*f.to, rest = rest[:f.n], rest[f.n:]
	}
	more := uint32(0)
	if count != nil {
		more = binary.BigEndian.Uint32(count)
	}
	from := rest
	for range more {
		if _, _, rest, ok = twoNames(rest); !ok {
			return nil, nil, false
		}
	}
	extended = from[:len(from)-len(rest)]
	mark := ""
	if size == nil {
		n, told := longSize(long)
		if flags |= flagSize; !told {
			mark += "size"
		}
		size = binary.BigEndian.AppendUint64(nil, n)
	}
	if mode == nil {
		m, told := longMode(long)
		if flags |= flagMode; !told {
			mark += "type"
		}
		mode = binary.BigEndian.AppendUint32(nil, m)
	}
	if mark != "" {
		flags |= flagExtended
		more++
		for _, s := range []string{absent, mark} {
			extended = append(binary.BigEndian.AppendUint32(extended[:len(extended):len(extended)], uint32(len(s))), s...)
		}
	}
	attrs = binary.BigEndian.AppendUint32(nil, flags)
	for _, part := range [][]byte{size, owner, mode, times} {
		attrs = append(attrs, part...)
	}
	if flags&flagExtended != 0 {
		attrs = append(binary.BigEndian.AppendUint32(attrs, more), extended...)
	}
	return attrs, rest, true
}

// longMode is the type that a long name begins with.
func longMode(long string) (mode uint32, told bool) {
	if len(long) < 10 || strings.Trim(long[1:10], "rwxsStTlL-") != "" {
		return 0, false
	}
	switch long[0] {
	case 'd':
		return modeFolder | 0o755, true
	case '-':
		return modeFile | 0o644, true
	case 'l':
		return modeLink | 0o777, true
	}
	return 0, false
}

// longSize is the fifth column of a long name.
func longSize(long string) (size uint64, told bool) {
	if _, is := longMode(long); !is {
		return 0, false
	}
	columns := strings.Fields(long)
	if len(columns) < 6 {
		return 0, false
	}
	size, err := strconv.ParseUint(columns[4], 10, 62)
	return size, err == nil
}

// entry is what the server tells of one thing: of a size that it leaves out -1, of a type fs.ModeIrregular.
func entry(info fs.FileInfo) places.Entry {
	e := places.Entry{Name: info.Name(), Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}
	stat, is := info.Sys().(*sftp.FileStat)
	if !is {
		return e
	}
	for _, x := range stat.Extended {
		if x.ExtType != absent {
			continue
		}
		if strings.Contains(x.ExtData, "size") {
			e.Size = -1
		}
		if strings.Contains(x.ExtData, "type") {
			e.Mode |= fs.ModeIrregular
		}
	}
	return e
}

// completed is the entry of a name, with what its answer leaves out looked for: in the listing of its folder, and a type by trying.
func completed(s *sftp.Client, name string, info fs.FileInfo) places.Entry {
	e := entry(info)
	if e.Size >= 0 && e.Mode&fs.ModeIrregular == 0 {
		return e
	}
	if all, err := s.ReadDir(path.Dir(name)); err == nil {
		for _, info := range all {
			if info.Name() != path.Base(name) {
				continue
			}
			listed := entry(info)
			if e.Size < 0 {
				e.Size = listed.Size
			}
			if e.Mode&fs.ModeIrregular != 0 {
				e.Mode = listed.Mode
			}
		}
	}
	if e.Mode&fs.ModeIrregular != 0 {
		e.Mode &^= fs.ModeType
		if _, err := s.ReadDir(name); err == nil {
			e.Mode |= fs.ModeDir
		}
	}
	return e
}

// lstat is completed for a name, links not followed.
func lstat(s *sftp.Client, name string) (places.Entry, error) {
	info, err := s.Lstat(name)
	if err != nil {
		return places.Entry{}, err
	}
	return completed(s, name, info), nil
}
