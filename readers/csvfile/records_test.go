package csvfile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// Most records are cut in place, eight bytes at once. What that gives is what is cut byte by byte: of any text, in any dialect, however the
// text comes in.
func TestCutInPlace(t *testing.T) {
	plain := 0
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := someDialect(r)
		text := someRecords(r, d)
		cell, columns := 1+r.IntN(200), 1+r.IntN(40)
		quick := newSplitter(dripping(r, text), d, cell, columns, room(int64(r.IntN(100))))
		careful := newSplitter(strings.NewReader(text), d, cell, columns, room(int64(len(text))))
		for n := 1; ; n++ {
			more, err := quick.next()
			want, wantErr := carefulNext(careful)
			if more != want || (err == nil) != (wantErr == nil) || err != nil && !errors.Is(err, wantErr) {
				t.Fatalf("seed %d, record %d of %q as %+v: %v, %v; want %v, %v", seed, n, text, d, more, err, want, wantErr)
			}
			if !more {
				break
			}
			if got, want := cut(quick), cut(careful); got != want {
				t.Fatalf("seed %d, record %d of %q as %+v:\n%s, want\n%s", seed, n, text, d, got, want)
			}
			if cap(quick.scratch) == 0 {
				plain++ // carefully was never needed
			}
		}
	}
	if plain < 3_000 {
		t.Errorf("%d records were cut in place", plain)
	}
}

// carefulNext is next without cutting in place.
func carefulNext(s *splitter) (bool, error) {
	for {
		if s.r == s.w {
			if s.eof {
				return false, s.err
			}
			s.fill()
			continue
		}
		s.r += len(bom) * strings.Count(string(s.buf[s.r:min(s.w, s.r+len(bom))]), string(bom))
		done, err := s.carefully()
		if done || err != nil {
			s.number++
			return done, err
		}
		if s.eof && s.err != nil {
			return false, s.err
		}
		s.fill()
	}
}

// cut shows all that is known of a record.
func cut(s *splitter) string {
	return fmt.Sprintf("%q quotes %d %v stray %v unclosed %v ended %v", s.strings(), s.quotes, s.quoted, s.stray, s.unclosed, s.ended)
}

func someDialect(r *rand.Rand) dialect {
	of := func(all ...string) string { return all[r.IntN(len(all))] }
	d := dialect{delimiter: of(",", ",", ";", "\t", "|", "¦", " ", "、"), quote: of("\"", "\"", "'", "\x00")[0]}
	d.blanks = d.delimiter != " "
	if r.IntN(5) == 0 {
		d.escape = of("\\", "\"", "^")[0]
	}
	if r.IntN(6) == 0 && d.quote == '"' {
		d.also = '\''
	}
	return d
}

// someRecords are rows, mostly as programs write them, or any bytes that matter.
func someRecords(r *rand.Rand, d dialect) string {
	var b strings.Builder
	end := []string{"\n", "\r\n", "\r"}[r.IntN(3)]
	odd := []string{"", "", `"`, "'", "\\", "\n", "\r", ",", d.delimiter, " ", "\t", "é", "\xc2", "\x01", "\ufeff", `""`, strings.Repeat("long ", r.IntN(40))}
	wild := r.IntN(12)
	for range r.IntN(12) {
		for i := range 1 + r.IntN(8) {
			if i > 0 {
				b.WriteString(d.delimiter)
			}
			value := strings.Repeat("abcdefghijklm"[:r.IntN(13)], r.IntN(3))
			if r.IntN(12) < wild {
				value += odd[r.IntN(len(odd))] + strings.Repeat("x", r.IntN(3))
			}
			if r.IntN(3) == 0 && d.quote != 0 {
				q := string(rune(d.quote))
				value = strings.Repeat(" ", r.IntN(2)) + q + strings.ReplaceAll(value+[]string{"", q, d.delimiter, end}[r.IntN(4)], q, q+q) + q
			}
			b.WriteString(value)
		}
		b.WriteString(end)
	}
	if r.IntN(3) == 0 {
		b.WriteString("last")
	}
	return b.String()
}

// dripping gives a text in pieces.
func dripping(r *rand.Rand, text string) io.Reader {
	switch r.IntN(4) {
	case 0:
		return iotest.OneByteReader(strings.NewReader(text))
	case 1:
		return iotest.HalfReader(strings.NewReader(text))
	case 2:
		return iotest.DataErrReader(strings.NewReader(text))
	}
	return strings.NewReader(text)
}
