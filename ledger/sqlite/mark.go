package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/places/local"
	"github.com/rowferry/rowferry/words"
)

// Beside the database lies its high-water mark: after every commit, and before anybody is told of it, the greatest Change of a
// file is written there. A database that is behind it has lost what it had: its journal was deleted or cut, or an older copy
// was put in its place. It may be ahead: a kill between commit and mark.

const markName = "ledger.mark"

// slot is the length of one mark. There are two, written in turn: one that was torn leaves the other.
const slot = 64

// markFile is the open mark. It is the writing goroutine's.
type markFile struct {
	file  *os.File
	id    string
	value int64
	turn  int64
}

// line is a mark as it is stored: a word, the ledger's id, the number, a checksum.
func line(id string, value int64) string {
	text := fmt.Sprintf("mark %s %016x ", id, value)
	return fmt.Sprintf("%s%08x\n", text, crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli)))
}

// readMark reads the mark beside a database: fs.ErrNotExist when there is none, ledger.ErrAltered when it is none.
func readMark(dir string) (id string, value int64, err error) {
	text, err := os.ReadFile(filepath.Join(dir, markName))
	if err != nil {
		return "", 0, err
	}
	for part := range slices.Chunk(text, slot) {
		fields := strings.Fields(string(part))
		if len(fields) != 4 {
			continue
		}
		var n int64
		if _, err := fmt.Sscanf(fields[2], "%x", &n); err != nil || line(fields[1], n) != string(part) {
			continue
		}
		if id == "" || n > value {
			id, value = fields[1], n
		}
	}
	if id == "" {
		return "", 0, fmt.Errorf("%s: %w", markName, ledger.ErrAltered)
	}
	return id, value, nil
}

// makeMark writes a new mark, on disk before it returns.
func makeMark(dir, id string, value int64) (*markFile, error) {
	path := filepath.Join(dir, markName)
	if err := os.WriteFile(path+".new", []byte(line(id, value)+line(id, value)), 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &markFile{file: f, id: id, value: value}, errors.Join(f.Sync(), local.SyncDirs(dir))
}

// raise writes a greater value.
func (m *markFile) raise(value int64) error {
	if m == nil || value <= m.value {
		return nil
	}
	m.value, m.turn = value, 1-m.turn
	_, err := m.file.WriteAt([]byte(line(m.id, value)), m.turn*slot)
	return err
}

func (m *markFile) close() error {
	if m == nil {
		return nil
	}
	return errors.Join(m.file.Sync(), m.file.Close())
}

// idKey is where the ledger keeps its id, from when on it has a mark.
const idKey = ledger.Own + "id"

// lost says what a person can do about a ledger that is not the one it was.
func (b books) lost(what string, args ...any) error {
	return &ledger.Damaged{Path: b.path, Lost: true, What: words.Message("ledger.what."+what, args...)}
}

// reached is the greatest Change that the database has.
func reached(ctx context.Context, q querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT "+greatest).Scan(&n)
	return n, err
}

// whole is *ledger.Damaged when the ledger is not the one that its mark and its spool know. It is called with the mark read
// before the database: an owner may go on meanwhile.
func (b books) whole(ctx context.Context, id string, value int64, markErr error) error {
	mine, err := b.Kept(ctx, idKey)
	if err != nil {
		return err
	}
	if mine == "" { // of an older rowferry, or new
		return nil
	}
	switch has, err := reached(ctx, b.reader); {
	case err != nil:
		return b.explained(err)
	case errors.Is(markErr, fs.ErrNotExist):
		return b.lost("mark_gone", "mark", markName)
	case errors.Is(markErr, ledger.ErrAltered):
		return b.lost("mark_damaged", "mark", markName)
	case markErr != nil:
		return markErr
	case id != mine:
		return b.lost("mark_other", "mark", markName)
	case has < value:
		return b.lost("older", "count", value-has)
	}
	if err := b.stays(ctx); err != nil {
		return err
	}
	return b.knowsSpool(ctx)
}

// knowsSpool is *ledger.Damaged when a copy lies in the spool of a file that the ledger does not know.
func (b books) knowsSpool(ctx context.Context) error {
	strangers, err := b.strangers(ctx)
	if err != nil || len(strangers) == 0 {
		return err
	}
	return b.lost("strangers", "ids", shortened(strangers))
}

func shortened(ids []string) string {
	const most = 3
	text := strings.Join(ids[:min(most, len(ids))], ", ")
	if more := len(ids) - most; more > 0 {
		text += fmt.Sprintf(", … (+%d)", more)
	}
	return text
}

// strangers lists the copies in the spool of files that the ledger does not know.
func (b books) strangers(ctx context.Context) ([]string, error) {
	var strangers []string
	for id, err := range b.folder().IDs(ctx) {
		if err != nil {
			return nil, err
		}
		var known bool
		if err := b.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM files WHERE id = ?)", id).Scan(&known); err != nil {
			return nil, b.explained(err)
		}
		if !known {
			strangers = append(strangers, id)
		}
	}
	return strangers, nil
}

// marked opens the mark of a ledger that is whole, and makes one for a new ledger or one of an older rowferry.
func (l *Ledger) marked(ctx context.Context, dir, id string, value int64, markErr error, how trust) error {
	mine, err := l.Kept(ctx, idKey)
	if err != nil {
		return err
	}
	anew := mine == "" || how == adopting
	if anew {
		mine, err = newID()
	} else {
		err = l.whole(ctx, id, value, markErr)
	}
	if err != nil {
		return err
	}
	has, err := reached(ctx, l.reader)
	if err == nil {
		err = l.consistent(ctx)
	}
	if err != nil {
		return l.explained(err)
	}
	m, err := makeMark(dir, mine, has)
	if err != nil {
		return unwritable(dir, err)
	}
	err = l.do(ctx, func(w *writing) error {
		if anew { // only now: a mark without its id is made anew
			return errors.Join(w.exec("DELETE FROM facts WHERE key = ?", movedKey), w.keep(idKey, mine))
		}
		return nil
	})
	if err != nil {
		return errors.Join(err, m.close())
	}
	return l.do(ctx, func(*writing) error { l.mark = m; return nil })
}

func newID() (string, error) {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	return hex.EncodeToString(b), err
}

// Adopt is ledger.Driver's.
func (d Driver) Adopt(ctx context.Context) (said []batch.Message, err error) {
	if err := os.Remove(filepath.Join(d.Dir, markName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unwritable(d.Dir, err)
	}
	l, err := d.own(ctx, adopting)
	if err != nil {
		return nil, err
	}
	said, err = l.adopt(ctx, d.Dir)
	return said, errors.Join(err, l.Close())
}

// adopt makes the ledger's open ends such that nothing is sent again on a guess.
func (l *Ledger) adopt(ctx context.Context, dir string) (said []batch.Message, err error) {
	if said, err = ledger.Doubt(ctx, l); err != nil {
		return said, err
	}
	strangers, err := l.strangers(ctx)
	if err != nil || len(strangers) == 0 {
		return said, err
	}
	aside := filepath.Join(dir, "unknown")
	for _, id := range strangers {
		if err := l.folder().Aside(id, aside); err != nil {
			return said, err
		}
	}
	return append(said, words.Message("ledger.adopt.strangers", "folder", aside, "ids", shortened(strangers))), nil
}

// Sound reads every page of the database and every print.
func (b books) Sound(ctx context.Context) error {
	var found string
	if err := b.reader.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return b.explained(err)
	}
	if found != "ok" {
		return b.damaged(errors.New(found))
	}
	if err := b.small(ctx); err != nil {
		return b.explained(err)
	}
	x := &printIndex{}
	if err := x.fill(ctx, b.reader, 0); err != nil {
		return b.explained(err)
	}
	for _, s := range x.segments {
		for n := s.first(); n < s.first()+1<<s.bits; n++ {
			if _, err := x.body(ctx, b.reader, n); err != nil {
				return b.explained(err)
			}
		}
	}
	return nil
}

// consistent is ledger.ErrAltered when the table of files and its indexes are not as they were written: a file that no index
// leads to would be neither sent nor known as a duplicate.
func (b books) consistent(ctx context.Context) error {
	var found string
	if err := b.reader.QueryRowContext(ctx, "PRAGMA integrity_check(files)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%s: %w", found, ledger.ErrAltered)
	}
	return b.small(ctx)
}
