//go:build linux

package servers

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/rowferry/rowferry/configs"
)

// Habits are what the servers of others are reported to do. All of them announce statvfs and refuse it.
type Habits struct {
	NoRename  bool  // files may not be renamed
	Failure   bool  // of a rename it says only that it failed
	NotAcross bool  // files are renamed within their folder alone
	Replaces  bool  // a plain rename replaces what is there
	NoRoom    bool  // more than noRoom bytes of a file are not written, and it says only that it failed
	TakesAway bool  // an upload is gone as soon as it is closed
	Late      bool  // an upload is not there before it is closed
	Zero      bool  // an upload has no size before it is closed
	NoSizes   bool  // answers leave sizes out
	NoTypes   bool  // answers leave types and permissions out
	Endless   bool  // a listing has no end
	Longer    int64 // a file has so much more to read than its size
	Bare      bool  // no extension is announced
	Appends   bool  // what is written goes behind what is there, wherever it belongs
	WriteOnly bool  // uploads may not be read
}

// Odd is a server with habits, on pkg/sftp's request server.
type Odd struct {
	Habits
	t         testing.TB
	dir       string // where uploads are that are not there yet, or not any more
	mu        sync.Mutex
	open      map[string]int // uploads under way, by path
	taken     []string       // what was taken away: base names
	announced map[string]bool
}

// StartOdd starts one; it ends with the test, which fails when an extension is asked for that was not announced.
func StartOdd(t testing.TB, h Habits) (*Odd, configs.SFTP) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != "secret" {
			return nil, errors.New("another password")
		}
		return nil, nil
	}}
	config.AddHostKey(key)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &Odd{Habits: h, t: t, dir: t.TempDir(), open: map[string]int{}, announced: map[string]bool{}}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			serving.Go(func() { o.serve(conn, config) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return o, configs.SFTP{Name: "partner", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, User: "acme", Password: configs.NewSecret("secret"),
		HostKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), Timeout: time.Minute, KeepAlive: time.Minute}
}

// Taken are the names of what was taken away.
func (o *Odd) Taken() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.taken)
}

func (o *Odd) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	shell, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	defer shell.Close()
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() { ssh.DiscardRequests(requests) })
	for fresh := range channels {
		channel, requests, err := fresh.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		})
		serving.Go(func() {
			server := sftp.NewRequestServer(&packets{Channel: channel, odd: o}, sftp.Handlers{FileGet: o, FilePut: o, FileCmd: o, FileList: o})
			_ = server.Serve()
			_ = channel.Close()
		})
	}
}

// Fileread opens a file for reading.
func (o *Odd) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if o.WriteOnly {
		return nil, sftp.ErrSSHFxPermissionDenied
	}
	f, err := os.Open(r.Filepath)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || o.Longer == 0 {
		return f, err
	}
	return more{f, info.Size(), info.Size() + o.Longer}, nil
}

// more is a file that goes on behind its end.
type more struct {
	*os.File
	size, end int64
}

func (m more) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < m.size {
		var err error
		if n, err = m.File.ReadAt(b[:min(int64(len(b)), m.size-at)], at); err != nil {
			return n, err
		}
	}
	for n < len(b) && at+int64(n) < m.end {
		b[n] = 'x'
		n++
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Filewrite opens a file for writing.
func (o *Odd) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	flags, how := r.Pflags(), os.O_WRONLY
	if flags.Creat {
		how |= os.O_CREATE
	}
	if flags.Trunc {
		how |= os.O_TRUNC
	}
	if flags.Excl {
		how |= os.O_EXCL
	}
	if o.Appends {
		how |= os.O_APPEND
	}
	path := r.Filepath
	if o.Late {
		path, how = filepath.Join(o.dir, filepath.Base(r.Filepath)), os.O_WRONLY|os.O_CREATE|os.O_TRUNC
	}
	f, err := os.OpenFile(path, how, 0o644)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open[r.Filepath]++
	return &upload{File: f, odd: o, path: r.Filepath}, nil
}

type upload struct {
	*os.File
	odd  *Odd
	path string
}

// noRoom is what can be written where there is no room.
const noRoom = 100

// WriteAt writes where there is room.
func (u *upload) WriteAt(b []byte, at int64) (int, error) {
	if u.odd.NoRoom && at+int64(len(b)) > noRoom {
		return 0, sftp.ErrSSHFxFailure
	}
	if u.odd.Appends {
		return u.Write(b)
	}
	return u.File.WriteAt(b, at)
}

// Close makes an upload what the habits make of it.
func (u *upload) Close() error {
	err := u.File.Close()
	o := u.odd
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open[u.path]--
	switch {
	case o.Late:
		err = errors.Join(err, os.Rename(u.Name(), u.path))
	case o.TakesAway:
		o.taken = append(o.taken, filepath.Base(u.path))
		err = errors.Join(err, os.Rename(u.path, filepath.Join(o.dir, fmt.Sprintf("%d-%s", len(o.taken), filepath.Base(u.path)))))
	}
	return err
}

// TakenContent is what the nth upload that was taken away held.
func (o *Odd) TakenContent(n int) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return os.ReadFile(filepath.Join(o.dir, fmt.Sprintf("%d-%s", n+1, o.taken[n])))
}

// Filecmd does what changes names and attributes.
func (o *Odd) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Rename":
		return o.rename(r, o.Replaces)
	case "Setstat":
		if r.AttrFlags().Size {
			return os.Truncate(r.Filepath, int64(r.Attributes().Size))
		}
		return nil
	case "Mkdir":
		return os.Mkdir(r.Filepath, 0o755)
	case "Rmdir", "Remove":
		return os.Remove(r.Filepath)
	}
	return sftp.ErrSSHFxOpUnsupported
}

// PosixRename replaces what is there.
func (o *Odd) PosixRename(r *sftp.Request) error { return o.rename(r, true) }

func (o *Odd) rename(r *sftp.Request, replaces bool) error {
	across := filepath.Dir(r.Filepath) != filepath.Dir(r.Target)
	switch {
	case o.NoRename, o.NotAcross && across:
		if o.Failure {
			return sftp.ErrSSHFxFailure
		}
		return sftp.ErrSSHFxPermissionDenied
	case o.Failure && !o.NotAcross:
		return sftp.ErrSSHFxFailure
	case !replaces:
		if _, err := os.Lstat(r.Target); err == nil {
			return sftp.ErrSSHFxFailure
		}
	}
	return os.Rename(r.Filepath, r.Target)
}

// Filelist lists a folder or one thing.
func (o *Odd) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	switch r.Method {
	case "List":
		entries, err := os.ReadDir(r.Filepath)
		if err != nil {
			return nil, err
		}
		var found infos
		for _, e := range entries {
			info, err := e.Info()
			if err == nil {
				found = append(found, o.seen(filepath.Join(r.Filepath, e.Name()), info))
			}
		}
		if o.Endless {
			return endless{found}, nil
		}
		return found, nil
	case "Stat":
		info, err := os.Stat(r.Filepath)
		if err != nil {
			return nil, err
		}
		return infos{o.seen(r.Filepath, info)}, nil
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

// Lstat does not follow links.
func (o *Odd) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	info, err := os.Lstat(r.Filepath)
	if err != nil {
		return nil, err
	}
	return infos{o.seen(r.Filepath, info)}, nil
}

// seen is a file as the server shows it.
func (o *Odd) seen(path string, info fs.FileInfo) fs.FileInfo {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Zero && o.open[path] > 0 {
		return empty{info}
	}
	return info
}

type empty struct{ fs.FileInfo }

func (empty) Size() int64 { return 0 }

type infos []fs.FileInfo

// ListAt gives a part of the list.
func (l infos) ListAt(to []fs.FileInfo, at int64) (int, error) {
	if at >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[at:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// endless repeats its list for ever.
type endless struct{ infos }

// ListAt gives as much as is asked for.
func (l endless) ListAt(to []fs.FileInfo, at int64) (int, error) {
	if len(l.infos) == 0 {
		return 0, io.EOF
	}
	for i := range to {
		to[i] = l.infos[(at+int64(i))%int64(len(l.infos))]
	}
	return len(to), nil
}

// packets is a channel that changes what the server says, and looks at what it is asked.
type packets struct {
	ssh.Channel
	odd *Odd
	in  []byte
	mu  sync.Mutex
	out []byte
}

// Types of packets.
const (
	packetVersion  = 2
	packetName     = 104
	packetAttrs    = 105
	packetExtended = 200
)

// whole cuts the first packet off, without its length; nil when there is none yet.
func whole(b []byte) (packet, rest []byte) {
	if len(b) < 4 {
		return nil, b
	}
	n := int(binary.BigEndian.Uint32(b))
	if len(b) < 4+n {
		return nil, b
	}
	return b[4 : 4+n], b[4+n:]
}

func text(b []byte) (s, rest []byte) {
	n := binary.BigEndian.Uint32(b)
	return b[4 : 4+n], b[4+n:]
}

// Read looks for requests for extensions that were not announced.
func (p *packets) Read(b []byte) (int, error) {
	n, err := p.Channel.Read(b)
	p.in = append(p.in, b[:n]...)
	for {
		packet, rest := whole(p.in)
		if packet == nil {
			return n, err
		}
		if packet[0] == packetExtended {
			name, _ := text(packet[5:])
			p.odd.mu.Lock()
			if !p.odd.announced[string(name)] {
				p.odd.t.Errorf("the extension %s was asked for and not announced", name)
			}
			p.odd.mu.Unlock()
		}
		p.in = rest
	}
}

// Write changes whole packets.
func (p *packets) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, b...)
	for {
		packet, rest := whole(p.out)
		if packet == nil {
			return len(b), nil
		}
		changed := p.odd.says(slices.Clone(packet))
		if _, err := p.Channel.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(changed))), changed...)); err != nil {
			return 0, err
		}
		p.out = rest
	}
}

// says is a packet as the habits have it.
func (o *Odd) says(packet []byte) []byte {
	switch {
	case packet[0] == packetVersion && o.Bare:
		return packet[:5]
	case packet[0] == packetVersion:
		o.mu.Lock()
		defer o.mu.Unlock()
		for rest := packet[5:]; len(rest) > 0; {
			var name []byte
			name, rest = text(rest)
			o.announced[string(name)] = true
			_, rest = text(rest)
		}
	case packet[0] == packetAttrs && (o.NoSizes || o.NoTypes):
		attrs, _ := o.less(packet[5:])
		return append(packet[:5:5], attrs...)
	case packet[0] == packetName && (o.NoSizes || o.NoTypes):
		out := packet[:9:9]
		for rest := packet[9:]; len(rest) > 0; {
			name, behind := text(rest)
			long, behind := text(behind)
			out = append(out, rest[:8+len(name)+len(long)]...)
			var attrs []byte
			attrs, rest = o.less(behind)
			out = append(out, attrs...)
		}
		return out
	}
	return packet
}

// less leaves out of attributes what the server does not tell.
func (o *Odd) less(b []byte) (attrs, rest []byte) {
	flags := binary.BigEndian.Uint32(b)
	rest, kept := b[4:], uint32(0)
	take := func(flag uint32, size int, leave bool) {
		if flags&flag == 0 {
			return
		}
		if !leave {
			attrs, kept = append(attrs, rest[:size]...), kept|flag
		}
		rest = rest[size:]
	}
	take(1, 8, o.NoSizes)
	take(2, 8, false)
	take(4, 4, o.NoTypes)
	take(8, 8, false)
	return append(binary.BigEndian.AppendUint32(nil, kept), attrs...), rest
}
