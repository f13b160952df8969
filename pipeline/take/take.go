// Package take brings files from the inbox into the ledger: claim, spool, read, map, accept; and puts the originals to rest.
package take

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/inbox"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/mappers"
	"github.com/rowferry/rowferry/masks"
	"github.com/rowferry/rowferry/patience"
	"github.com/rowferry/rowferry/pipeline/opening"
	"github.com/rowferry/rowferry/pipeline/redrop"
	"github.com/rowferry/rowferry/pipeline/repeats"
	"github.com/rowferry/rowferry/pipeline/route"
	"github.com/rowferry/rowferry/places"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/resultmark"
	"github.com/rowferry/rowferry/words"
)

// Ledger is what taking needs of it.
type Ledger interface {
	ledger.Books
	ledger.Intake
	ledger.Among
	Growing
}

// Taker takes the files of one route. Its methods are called by one goroutine.
type Taker struct {
	Route  *route.Route
	Ledger Ledger
	Log    *slog.Logger
	Now    func() time.Time
	Taken  func(ledger.File)                             // called once it is decided what becomes of a file; may be nil
	Looked func(route string, err error, next time.Time) // called by Run after each look with how it went, and when the next is due; may be nil
	Room   func() error                                  // why nothing new is to be taken for now, such as *NoRoom; may be nil

	Hands *Hands // those of this process; may be nil where nothing is handed over beside DropHanded

	// Patience is how long after it was taken a file is looked at again, for it may still grow [10m].
	Patience time.Duration

	// Earlier gives the files, of whatever routes, that were taken within the patience, where others take files of this route too; nil: nobody does.
	Earlier func(ctx context.Context) ([]ledger.File, error)

	left     leftovers
	followMu sync.Mutex
	followed []*followed
	begun    bool            // what earlier processes took is followed
	learned  time.Time       // when it was asked what was taken
	looked   time.Time       // until when it is written down that what was taken was looked at
	toldOf   map[string]bool // what lies in the inbox, is not taken, and was told of
}

// Name is for the log.
func (t *Taker) Name() string { return "take/" + t.Route.Name }

// Run takes files until ctx ends. Trouble is logged and tried again, less and less often. A file that cannot be brought on
// for a reason of its own keeps no other file waiting.
func (t *Taker) Run(ctx context.Context) error {
	t.tellStrangers(ctx)
	resume, look := patience.Patience{First: time.Second, Longest: time.Minute}, patience.Patience{First: time.Second, Longest: time.Minute}
	unfinished := true // something is left to be resumed
	for ctx.Err() == nil {
		if unfinished && resume.Due(time.Now()) {
			err := t.Resume(ctx)
			t.trouble(ctx, &resume, errors.Join(err, t.Left()))
			unfinished = resume.Tried()
		}
		_, err := t.Look(ctx)
		t.trouble(ctx, &look, err)
		if t.Looked != nil && ctx.Err() == nil {
			next := t.Route.Inbox.Due()
			if err != nil {
				next = time.Now().Add(look.Pause())
			}
			t.Looked(t.Route.Name, err, next)
		}
		if err != nil || t.Left() != nil {
			unfinished = true
		}
		if err != nil {
			_ = look.Wait(ctx)
			continue
		}
		if unfinished && resume.Due(time.Now()) {
			continue
		}
		if err := resume.WaitOr(ctx, t.Route.Inbox.Wait); err != nil && ctx.Err() == nil {
			t.trouble(ctx, &look, err)
			_ = look.Wait(ctx)
		}
	}
	return nil
}

// trouble logs err and says when to try again.
func (t *Taker) trouble(ctx context.Context, p *patience.Patience, err error) {
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		p.Worked()
		return
	}
	t.Log.Error("files cannot be taken now; trying again", "route", t.Route.Name, "in", p.Failed(time.Now()), "error", err)
}

// Resume finishes what a killed process, or an earlier look, left half done. Its error keeps all files waiting; Left has
// what keeps only some.
func (t *Taker) Resume(ctx context.Context) error {
	files, err := t.Ledger.Files(ctx, ledger.Query{Route: t.Route.Name, Unrested: true})
	if err != nil {
		return err
	}
	t.left.clear()
	for _, f := range files {
		if f.Source != fromInbox || t.Route.Inbox == nil {
			continue
		}
		t.Log.Info("going on with a file that was being taken", "file", f.ID, "name", f.Name, "state", f.State)
		if err := t.resume(ctx, f); err != nil && !t.leave(f, err) {
			return about(f, err)
		}
	}
	return ctx.Err()
}

// resume is goOn, with which it is no error that a file of the inbox is gone or has changed.
func (t *Taker) resume(ctx context.Context, f ledger.File) error {
	err := t.goOn(ctx, f, t.Route.Inbox)
	if errors.Is(err, inbox.ErrGone) {
		t.Log.Warn("a file that was being taken is gone or has changed; nothing of it was sent", "file", f.ID, "name", f.Name, "route", f.Route)
		return nil
	}
	return err
}

const (
	fromInbox = "inbox"
	fromHand  = "command line"

	fromUpload = "upload"
)

// Hand takes one file that a person named, leaving it where it is. The file it returns says what became of it.
func (t *Taker) Hand(ctx context.Context, path string) (ledger.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return ledger.File{}, err
	}
	if !info.Mode().IsRegular() {
		return ledger.File{}, fmt.Errorf("%s is not a file", path)
	}
	f, err := t.begin(ctx, inbox.Arrival{Name: inbox.Tame(filepath.Base(path)), Size: info.Size(), ModTime: info.ModTime()}, fromHand)
	if err != nil {
		return f, err
	}
	defer t.Hands.end(f.ID)
	if err := t.goOn(ctx, f, handed{path}); err != nil {
		why := words.Message("take.failed", "cause", err)
		if ctx.Err() != nil {
			why = words.Message("take.interrupted")
		}
		dropped, dropErr := t.drop(context.WithoutCancel(ctx), f.ID, why)
		return dropped, errors.Join(err, dropErr)
	}
	return t.Ledger.File(ctx, f.ID)
}

// DropHanded ends what commands that were killed had begun to take and not accepted. The files are still where the
// commands found them, nothing of them was sent, and they can be handed over again. Only the owner of the ledger may
// call it; what other machines are taking stays, and what this process is handed meanwhile.
func (t *Taker) DropHanded(ctx context.Context) error {
	files, err := t.Ledger.Files(ctx, ledger.Query{States: []ledger.State{ledger.Claiming, ledger.Taken}})
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Source != fromHand && !(f.Source == fromUpload && f.State == ledger.Claiming) { // of an upload that broke off nobody has an id
			continue
		}
		gone, err := t.Ledger.Abandoned(ctx, f.ID)
		if err != nil {
			return about(f, err)
		}
		if !gone || t.Hands.has(f.ID) { // another machine is taking it, or this one
			continue
		}
		now, err := t.Ledger.File(ctx, f.ID)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && now.State != f.State { // whoever was handed it has ended meanwhile
			continue
		}
		if err != nil {
			return about(f, err)
		}
		if _, err := t.drop(ctx, f.ID, words.Message("take.interrupted")); err != nil {
			return about(f, err)
		}
	}
	return nil
}

// drop ends what was begun to be taken by hand and is not accepted: Quarantined with the reason, or forgotten when nothing of it is here.
func (t *Taker) drop(ctx context.Context, id string, why batch.Message) (ledger.File, error) {
	f, err := t.Ledger.File(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.File{}, nil
	}
	if err != nil || f.State != ledger.Claiming && f.State != ledger.Taken {
		return f, err
	}
	if f.State == ledger.Claiming {
		return ledger.File{}, errors.Join(t.forgetCopy(ctx, id), t.Ledger.Forget(ctx, id))
	}
	if err := t.Ledger.Refuse(ctx, id, words.Say(f.Language, why)); err != nil {
		return f, err
	}
	if err := errors.Join(t.forgetCopy(ctx, id), t.Ledger.Rest(ctx, id)); err != nil {
		return f, err
	}
	return t.Ledger.File(ctx, id)
}

// begin writes the intent to take a file, under an id that nobody has. Of one that is handed over the caller ends it among Hands.
func (t *Taker) begin(ctx context.Context, a inbox.Arrival, source string) (ledger.File, error) {
	if t.Room != nil {
		if err := t.Room(); err != nil {
			return ledger.File{}, err
		}
	}
	now := t.Now()
	for tries := 0; ; tries++ {
		f := ledger.File{
			File:    batch.File{ID: NewID(now, tries), Route: t.Route.Name, Name: a.Name, TakenAt: now},
			Account: t.Route.Account, Operation: t.Route.Operation.ID, Language: t.Route.Language, Source: source, Revision: 1,
			Arrived: ledger.Arrival{Size: a.Size, ModTime: a.ModTime}, State: ledger.Claiming,
		}
		byHand := source == fromHand || source == fromUpload
		if byHand {
			t.Hands.begin(f.ID)
		}
		err := t.Ledger.Begin(ctx, f)
		if err != nil && byHand {
			t.Hands.end(f.ID)
		}
		if errors.Is(err, ledger.ErrExists) && tries < 100 {
			continue
		}
		return f, err
	}
}

// NoRoom is why nothing new is taken while the disk is nearly full.
type NoRoom struct {
	Dir   string
	Free  uint64 // bytes
	Least string // as the configuration says it
}

func (e *NoRoom) Error() string { return e.Say(batch.English) }

// Say is the same in a language.
func (e *NoRoom) Say(l batch.Language) string {
	return words.Of(l, "take.no_room", "dir", e.Dir, "free", e.Free/1_000_000, "least", e.Least)
}

// NewID is 20261122-101502-7f3a; more digits when those are taken.
func NewID(now time.Time, tries int) string {
	b := make([]byte, 2+tries/4)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand never fails on the systems we build for
	}
	return now.Format("20060102-150405-") + hex.EncodeToString(b)
}

// goOn brings a file on from whatever state it is in until the original is at rest.
func (t *Taker) goOn(ctx context.Context, f ledger.File, from source) error {
	fresh := f.State == ledger.Claiming || f.State == ledger.Taken
	if fresh && (f.Account != t.Route.Account || f.Operation != t.Route.Operation.ID) { // the configuration changed meanwhile
		if err := t.Ledger.Reroute(ctx, f.ID, t.Route.Account, t.Route.Operation.ID); err != nil {
			return err
		}
		f.Account, f.Operation = t.Route.Account, t.Route.Operation.ID
	}
	var fetched inbox.Fetched
	if f.State == ledger.Claiming {
		var err error
		if fetched, err = t.claim(ctx, &f, from); err != nil {
			return err
		}
	}
	if f.State == ledger.Taken { // it may be half staged
		if err := errors.Join(t.Ledger.Unstage(ctx, f.ID), t.copyAgain(ctx, f, from)); err != nil {
			return err
		}
	}
	if fresh {
		if err := t.decide(ctx, &f, fetched); err != nil {
			return err
		}
	}
	return t.rest(ctx, f, from)
}

// claim claims the file and copies it into the spool. What is not there any more is forgotten, with inbox.ErrGone; what may
// not be read is Quarantined.
func (t *Taker) claim(ctx context.Context, f *ledger.File, from source) (fetched inbox.Fetched, err error) {
	err = itsOwn(from.Claim(ctx, f.ID, arrival(*f)))
	if err == nil {
		fetched, err = t.fetch(ctx, *f, from)
	}
	switch {
	case errors.Is(err, inbox.ErrGone):
		return fetched, errors.Join(err, t.forgetCopy(ctx, f.ID), t.Ledger.Forget(ctx, f.ID))
	case f.Source == fromInbox && isItsOwn(err) && errors.Is(err, errUnread) && errors.Is(err, fs.ErrPermission):
		return fetched, t.refuse(ctx, f, words.Of(f.Language, "inbox.no_right_to_read", "cause", places.Cause(err)), err.Error())
	}
	return fetched, err
}

// refuse makes a file Quarantined.
func (t *Taker) refuse(ctx context.Context, f *ledger.File, reason, cause string) error {
	if err := t.Ledger.Refuse(ctx, f.ID, reason); err != nil {
		return err
	}
	f.State, f.Reason = ledger.Quarantined, reason
	t.Log.Warn("quarantined", "file", f.ID, "name", f.Name, "route", f.Route, "cause", cause)
	return nil
}

// decide makes a spooled file (Claiming) Taken or Duplicate, and a Taken one Sending or Quarantined. Once that is written it tells what
// became of the file, whatever goes wrong afterwards: rows that are to be sent wait for no archive, and nobody else tells of them.
func (t *Taker) decide(ctx context.Context, f *ledger.File, fetched inbox.Fetched) (err error) {
	if f.State == ledger.Claiming {
		err = t.take(ctx, f, fetched)
	}
	if f.State == ledger.Taken {
		err = t.accept(ctx, f)
	}
	if f.State == ledger.Claiming || f.State == ledger.Taken {
		return err
	}
	return errors.Join(err, t.tell(context.WithoutCancel(ctx), f.ID))
}

// tell tells what became of a file.
func (t *Taker) tell(ctx context.Context, id string) error {
	if t.Taken == nil {
		return nil
	}
	f, err := t.Ledger.File(ctx, id)
	if err == nil {
		t.Taken(f)
	}
	return err
}

// take makes a spooled file Taken, or Duplicate.
func (t *Taker) take(ctx context.Context, f *ledger.File, fetched inbox.Fetched) error {
	earlier, err := t.Ledger.Take(ctx, f.ID, fetched.Hash, fetched.Size)
	if err != nil {
		return err
	}
	f.Hash, f.Size, f.State = fetched.Hash, fetched.Size, ledger.Taken
	if earlier != nil {
		f.State, f.Reason = ledger.Duplicate, earlier.ID
	}
	return nil
}

// errUnread marks that a claimed file could not be read where it lies.
var errUnread = errors.New("it cannot be read")

// fetch makes the private copy.
func (t *Taker) fetch(ctx context.Context, f ledger.File, from source) (inbox.Fetched, error) {
	out, err := t.Ledger.Spool().Create(ctx, f.ID)
	if err != nil {
		return inbox.Fetched{}, err
	}
	to := &noting{w: out}
	fetched, err := from.Fetch(ctx, f.ID, f.Name, to)
	switch {
	case to.err != nil:
		err = to.err
	case err != nil && !errors.Is(err, inbox.ErrGone):
		err = itsOwn(fmt.Errorf("%w: %w", errUnread, err))
	case err == nil:
		err = out.Commit()
	}
	return fetched, errors.Join(err, out.Close())
}

// noting remembers that writing failed: that is our trouble and not the file's.
type noting struct {
	w   io.Writer
	err error
}

// Write writes through.
func (n *noting) Write(b []byte) (int, error) {
	written, err := n.w.Write(b)
	if err != nil {
		n.err = err
	}
	return written, err
}

// copyAgain makes the private copy of a Taken file again if somebody removed or changed it.
func (t *Taker) copyAgain(ctx context.Context, f ledger.File, from source) error {
	whole, err := ledger.Whole(ctx, t.Ledger.Copies(), f)
	if err == nil {
		return whole.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ledger.ErrAltered) {
		return err
	}
	fetched, err := t.fetch(ctx, f, from)
	if err != nil || fetched.Hash == f.Hash {
		return err
	}
	return itsOwn(fmt.Errorf("its private copy is gone or damaged, and the original has other content by now: %w", errUnread))
}

// forgetCopy removes the private copy, as far as there is one.
func (t *Taker) forgetCopy(ctx context.Context, id string) error {
	return t.Ledger.Spool().Remove(ctx, id)
}

// accept reads and maps the spooled copy to its end and makes its rows the truth, or refuses the file as a whole. It is read
// anew when what it was decided by changed meanwhile: the family of a result, another file brought the same rows, or what was staged
// is not there.
func (t *Taker) accept(ctx context.Context, f *ledger.File) error {
	for tries := 1; ; tries++ {
		err := t.acceptOnce(ctx, f)
		if !errors.Is(err, ledger.ErrFamily) && !errors.Is(err, ledger.ErrRaced) && !errors.Is(err, ledger.ErrMissing) {
			return err
		}
		if tries == 10 {
			return itsOwn(err)
		}
		if err := t.Ledger.Unstage(ctx, f.ID); err != nil {
			return err
		}
	}
}

func (t *Taker) acceptOnce(ctx context.Context, f *ledger.File) error {
	staging := newStaging(t.Ledger, *f, t.Route)
	defer func() {
		if staging.judge != nil {
			staging.judge.Close()
		}
	}()
	reading, err := t.read(ctx, *f, staging)
	if unreadable, ok := errors.AsType[*batch.Unreadable](err); ok {
		return t.refuse(ctx, f, words.Say(t.Route.Language, unreadable.Message), unreadable.Error())
	}
	if err != nil {
		return err
	}
	earlier, double, err := staging.judge.Double(ctx)
	switch {
	case err != nil:
		return err
	case double:
		return t.double(ctx, f, earlier)
	}
	staging.judge.Close() // accepting needs room of its own
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx = context.WithoutCancel(ctx) // from here on it may be the truth: whoever is told to stop waits until that is known
	if err := t.Ledger.Accept(ctx, f.ID, reading, staging.counts, staging.items, staging.open); err != nil {
		return err
	}
	f.State = ledger.Sending
	if staging.before != nil {
		if err := t.Ledger.Remark(ctx, staging.before.file.ID, went); err != nil {
			return err
		}
	}
	t.Log.Info("accepted", "file", f.ID, "name", f.Name, "route", f.Route, "rows", staging.counts.Read, "to_send", staging.open)
	return nil
}

// double makes a file Duplicate: every row of it is one of an earlier file.
func (t *Taker) double(ctx context.Context, f *ledger.File, earlier string) error {
	if err := t.Ledger.Double(ctx, f.ID, earlier); err != nil {
		return err
	}
	f.State, f.Reason = ledger.Duplicate, earlier
	t.Log.Info("every row was in an earlier file", "file", f.ID, "name", f.Name, "route", f.Route, "earlier", earlier)
	return nil
}

// read stages every item of the file.
func (t *Taker) read(ctx context.Context, f ledger.File, to *staging) (ledger.Reading, error) {
	table, plan, err := t.open(ctx, f)
	if err != nil {
		return ledger.Reading{}, itsOwn(err)
	}
	defer table.Close()
	bound, err := t.Route.Bind(table.Columns(), table.Layout())
	if err != nil {
		return ledger.Reading{}, itsOwn(err)
	}
	if len(t.Route.Mask) > 0 {
		if to.key, err = ledger.KeyOf(ctx, t.Ledger.Copies(), f.ID); err != nil {
			return ledger.Reading{}, itsOwn(err)
		}
	}
	way, err := t.judged(ctx, f)
	if err != nil {
		return ledger.Reading{}, err
	}
	to.judge = repeats.New(t.Ledger, way, table.Reading.Again, table.Layout().Sheets, f.ID, t.Now())
	if f.Source == fromInbox && table.Reading.Again == nil && table.Format.Text {
		if to.before, err = t.continues(ctx, f); err != nil {
			return ledger.Reading{}, err
		}
	}
	if err := to.all(ctx, bound, table, plan); err != nil {
		return ledger.Reading{}, err
	}
	if to.counts.Read == 0 && t.Route.NoEmpty {
		return ledger.Reading{}, &batch.Unreadable{Message: words.Message("take.no_rows")}
	}
	return t.told(table, bound, to)
}

// open opens the private copy for its first reading.
func (t *Taker) open(ctx context.Context, f ledger.File) (*opening.Table, opening.Plan, error) {
	copied, err := t.Ledger.Copies().Open(ctx, f.ID)
	if err != nil {
		return nil, nil, err
	}
	opened, err := opening.New(ctx, t.Route, copied, f.Name)
	if err != nil {
		return nil, nil, err
	}
	return opening.Open(ctx, opened, redrop.Books{Ledger: t.Ledger}.For(f.ID))
}

// told is what a file said of itself, and what is to be said of it, when all of it is staged.
func (t *Taker) told(table *opening.Table, bound *mappers.Bound, staged *staging) (ledger.Reading, error) {
	r := table.Told()
	var err error
	if r.Read, err = json.Marshal(t.Route.Read); err != nil {
		return ledger.Reading{}, err
	}
	r.Notes = slices.Concat(table.Notes(), bound.Notes(), staged.judge.Notes())
	if staged.before != nil {
		r.Notes = append(r.Notes, staged.before.note())
	}
	if staged.counts.Read == 0 {
		r.Notes = append(r.Notes, batch.Note{Message: words.Message("take.note.empty")})
	}
	for _, c := range bound.Unused() {
		r.Unused = append(r.Unused, c.Name)
	}
	return r, nil
}

// counted counts the rows that pass.
func counted(rows iter.Seq2[*batch.Row, error], n *int) iter.Seq2[*batch.Row, error] {
	return func(yield func(*batch.Row, error) bool) {
		for row, err := range rows {
			if err == nil {
				*n++
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// staging collects items into chunks and keeps the counts.
type staging struct {
	ledger ledger.Intake
	file   ledger.File
	judge  *repeats.Judge
	before *earlier // that it goes on from
	route  *route.Route
	key    *masks.Key // of the private fields; nil where the route has none
	size   int
	chunk  ledger.Chunk    // that is collected
	beside chan error      // what came of the chunk before, which is staged meanwhile; nil: none is
	spare  []ledger.Staged // room of that one
	behind []ledger.Receipt
	counts batch.Counts
	items  int
	open   int
}

func newStaging(l ledger.Intake, f ledger.File, r *route.Route) *staging {
	return &staging{ledger: l, file: f, route: r, size: ChunkSize(r.Operation.Rows), chunk: ledger.Chunk{File: f.ID}}
}

// ChunkSize is how many items a chunk holds: about 256, and whole batches.
func ChunkSize(r providers.Rows) int {
	const about = 256
	if r.Kind != providers.Batch || r.Max <= 1 {
		return about
	}
	return max(1, about/r.Max) * r.Max
}

// all stages what the mapping makes of every row, and waits until that is done.
func (s *staging) all(ctx context.Context, bound *mappers.Bound, table *opening.Table, plan opening.Plan) error {
	defer func() { _ = s.wait() }() // after an error
	read := 0
	for item, err := range bound.Items(counted(table.RowsFor(plan), &read)) {
		if err != nil {
			return itsOwn(err)
		}
		if err := s.add(ctx, s.before.stage(plan.Stage(item, s.file.Language), s.file.Language)); err != nil {
			return err
		}
	}
	if err := errors.Join(s.flush(ctx), s.wait()); err != nil {
		return err
	}
	if read != s.counts.Read {
		return itsOwn(fmt.Errorf("the mapping of route %s accounts for %d of %d rows", s.file.Route, s.counts.Read, read))
	}
	return nil
}

func (s *staging) add(ctx context.Context, staged ledger.Staged) error {
	staged.Seq = s.items
	s.items++
	s.chunk.Items = append(s.chunk.Items, staged)
	if len(s.chunk.Items) < s.size {
		return nil
	}
	return s.flush(ctx)
}

func (s *staging) count(it *ledger.Staged) {
	s.counts.Read += len(it.Rows)
	if it.Preset == nil {
		s.open++
		return
	}
	it.Preset.Count(&s.counts, it.Rows, 1)
}

// flush has what is collected staged while the next chunk is read; one at a time. Its error is that of the chunk before.
func (s *staging) flush(ctx context.Context) error {
	if err := s.wait(); err != nil || len(s.chunk.Items) == 0 {
		return err
	}
	full, done := s.chunk, make(chan error, 1)
	s.chunk.Seq++
	s.chunk.Items, s.spare, s.beside = s.spare[:0], full.Items, done
	go func() { done <- s.stage(ctx, full) }()
	return nil
}

// wait returns when no chunk is being staged.
func (s *staging) wait() error {
	if s.beside == nil {
		return nil
	}
	err := <-s.beside
	s.beside = nil
	return err
}

// stage decides about repeats and stages a chunk. A few chunks may be on their way to the disk; an error of one shows a little later.
func (s *staging) stage(ctx context.Context, chunk ledger.Chunk) error {
	for i := range chunk.Items {
		s.route.Mask.Problems(chunk.Items[i].Problems)
	}
	if err := s.judge.Judge(ctx, chunk.Items); err != nil {
		return err
	}
	for i := range chunk.Items {
		s.count(&chunk.Items[i])
		s.seal(&chunk.Items[i])
	}
	s.behind = append(s.behind, s.ledger.Stage(chunk))
	clear(chunk.Items)
	if len(s.behind) < 32 {
		return nil
	}
	oldest := s.behind[0]
	s.behind = s.behind[1:]
	return oldest.Wait(ctx)
}

// seal seals the private fields of an item's request; its print stays that of the request.
func (s *staging) seal(it *ledger.Staged) {
	if s.key == nil || it.Body == nil {
		return
	}
	own := it.PrintFor(s.file.Account, s.file.Operation)
	if it.Body = s.route.Mask.Seal(s.key, it.Body); masks.Sealed(it.Body) {
		it.Sealed = own
	}
}

// refuseStuck claims a file that never became whole; it is Quarantined.
func (t *Taker) refuseStuck(ctx context.Context, f *ledger.File, c inbox.Complete) error {
	if err := t.Route.Inbox.Claim(ctx, f.ID, c.Arrival); err != nil {
		if errors.Is(err, inbox.ErrGone) {
			return errors.Join(err, t.Ledger.Forget(ctx, f.ID))
		}
		return itsOwn(err)
	}
	return t.refuse(ctx, f, c.Stuck, "held by the inbox")
}

// rest moves the original where its fate says.
func (t *Taker) rest(ctx context.Context, f ledger.File, from source) error {
	grown, err := GiveBack(ctx, t.Ledger, t.Route.Inbox, f, inbox.Processing)
	switch {
	case err != nil:
		return notAtRest{err}
	case grown:
		t.Log.Warn("a file grew after it was taken; it goes on from there when it is whole", "file", f.ID, "name", f.Name, "route", f.Route)
	default:
		err = t.layDown(ctx, f, from)
	}
	if err != nil {
		return notAtRest{err}
	}
	if f.State == ledger.Quarantined && !grown {
		if err := t.tellRefused(ctx, f); err != nil {
			return notAtRest{err}
		}
	}
	if f.State == ledger.Duplicate || f.State == ledger.Quarantined && f.Hash == "" { // the earlier file's is the same; it may not be whole. A person may release others
		if err := t.forgetCopy(ctx, f.ID); err != nil {
			return err
		}
	}
	if err := t.Ledger.Rest(ctx, f.ID); err != nil {
		return err
	}
	if f.Rested = true; !grown {
		t.follow(f)
	}
	return nil
}

// layDown moves the original.
func (t *Taker) layDown(ctx context.Context, f ledger.File, from source) error {
	switch f.State {
	case ledger.Quarantined:
		return from.Quarantine(ctx, f.ID, f.Name, t.reason(f))
	case ledger.Duplicate:
		return from.Duplicate(ctx, f.ID, f.Name, t.note(ctx, f))
	}
	return from.Archive(ctx, f.ID, f.Name, f.TakenAt)
}

// reason is the text of REASON.txt.
func (t *Taker) reason(f ledger.File) string {
	return words.Of(t.Route.Language, "take.reason", "name", f.Name, "id", f.ID, "reason", f.Reason) + "\n"
}

// note is the text beside a duplicate.
func (t *Taker) note(ctx context.Context, f ledger.File) string {
	earlier, err := t.Ledger.File(ctx, f.Reason)
	if err != nil {
		earlier.ID = f.Reason
	}
	key := "take.duplicate"
	if earlier.Hash != f.Hash {
		key = "take.double"
	}
	said := words.Of(t.Route.Language, key, "name", f.Name, "earlier", earlier.Name, "id", earlier.ID, "word", resultmark.Word(t.Route.Language, resultmark.Resend),
		"when", t.Route.When(earlier.TakenAt))
	switch {
	case earlier.Counts.Pending() > 0: // nothing of it can be sent again before it has ended
		said += " " + words.Of(t.Route.Language, "take.duplicate.open", "id", earlier.ID, "rows", earlier.Counts.Pending())
	case earlier.Counts.Failed > 0:
		said += " " + words.Of(t.Route.Language, "take.duplicate.failed", "id", earlier.ID, "rows", earlier.Counts.Failed)
	}
	return said + "\n"
}

// source is where a file is taken from: an inbox, or a person's hand. What its methods promise is said at inbox.Place.
type source interface {
	Claim(ctx context.Context, id string, a inbox.Arrival) error
	Fetch(ctx context.Context, id, name string, w io.Writer) (inbox.Fetched, error)
	Archive(ctx context.Context, id, name string, taken time.Time) error
	Duplicate(ctx context.Context, id, name, note string) error
	Quarantine(ctx context.Context, id, name, reason string) error
}

// handed is a file that a person named on the command line: it stays where it is.
type handed struct{ path string }

func (h handed) Claim(context.Context, string, inbox.Arrival) error { return nil }

func (h handed) Fetch(ctx context.Context, _, _ string, w io.Writer) (inbox.Fetched, error) {
	f, err := os.Open(h.path)
	if errors.Is(err, os.ErrNotExist) {
		return inbox.Fetched{}, inbox.ErrGone
	}
	if err != nil {
		return inbox.Fetched{}, err
	}
	defer f.Close()
	return inbox.Copy(ctx, w, f)
}
func (h handed) Archive(context.Context, string, string, time.Time) error { return nil }
func (h handed) Duplicate(context.Context, string, string, string) error  { return nil }
func (h handed) Quarantine(context.Context, string, string, string) error { return nil }
