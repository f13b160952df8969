package csvfile

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/outbox"
	"github.com/rowferry/rowferry/resultmark"
)

func report(columns []string, lines ...outbox.Line) outbox.Report {
	r := outbox.Report{File: batch.File{ID: "20261122-101502-7f3a"}, Lines: func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for i := range lines {
				if !yield(&lines[i], nil) {
					return
				}
			}
		}
	}}
	for _, c := range columns {
		r.Columns = append(r.Columns, batch.Column{Name: c})
	}
	return r
}

func row(number int, cells ...string) *batch.Row {
	r := &batch.Row{Number: number}
	for _, c := range cells {
		r.Cells = append(r.Cells, batch.Cell{Text: c})
	}
	return r
}

func write(t testing.TB, r outbox.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := New().Write(t.Context(), &out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every outcome, every rule of quoting and neutralising, in one file that can be read without Go.
func TestResultFile(t *testing.T) {
	at := time.Date(2026, 11, 22, 18, 15, 2, 999, time.FixedZone("CST", 8*3600))
	got := write(t, report([]string{"单号", "Номер, заказа", "", "=note", "status"},
		outbox.Line{Row: row(2, "007", "A-1", "x", "=1+1", "ok"), Outcome: batch.Outcome{Status: batch.Delivered, Code: "1", Message: "Accepted.", Reference: "REF-9", Attempts: 1, SentAt: at}},
		outbox.Line{Row: row(3, "-5", "+7 900", "@home", "a\nb", "say \"hi\""), Outcome: batch.Outcome{Status: batch.Rejected, Code: "=cmd|' /C calc'!A0", Message: "+1", Reference: "@x", Attempts: 2, SentAt: at}},
		outbox.Line{Row: row(4, "", " lead", "trail ", "a\r\nb", "c\rd"), Outcome: batch.Outcome{Status: batch.Invalid, Code: "required"},
			Problems: []batch.Problem{{Text: "A4: 单号 is empty. Write the number."}, {Text: "B4: too long."}}},
		outbox.Line{Row: row(5, "a;b", "a\tb", "\t=1", "1,5", "''"), Outcome: batch.Outcome{Status: batch.Failed, Message: "No answer for 24h."},
			Problems: []batch.Problem{{Text: "No answer for 24h."}, {Text: "E5: unusual.", Warning: true}}},
		outbox.Line{Row: row(6, "1", "2", "3", "4", "5"), Outcome: batch.Outcome{Status: batch.Unknown, Message: "\tbroken off", Attempts: 1}},
		outbox.Line{Row: row(7, "1", "2", "3", "4", "5"), Outcome: batch.Outcome{Status: batch.Skipped, Message: "＝1+1"}},
	))
	golden := filepath.Join("testdata", "result.csv")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Fatalf("testdata/result.csv differs (-want +got):\n%s", diff)
	}
}

// What a standard reader gets back is what was there, and nothing of ours runs.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\"',;\t =+-@я单\n|0")), 0, 8, -1)
		columns := rapid.SliceOfN(text, 0, 4).Draw(t, "columns")
		var lines []outbox.Line
		var want [][]string
		for i := range rapid.IntRange(0, 5).Draw(t, "rows") {
			cells := rapid.SliceOfN(text, len(columns), len(columns)).Draw(t, "cells")
			o := batch.Outcome{Status: batch.Rejected, Code: text.Draw(t, "code"), Message: text.Draw(t, "message"), Reference: text.Draw(t, "reference")}
			lines = append(lines, outbox.Line{Row: row(i+2, cells...), Outcome: o})
			want = append(want, append([]string{fmt.Sprint(i + 2), "rejected", safe(o.Code), safe(o.Message), safe(o.Reference), "0", ""}, cells...))
		}
		var out bytes.Buffer
		if err := New().Write(context.Background(), &out, report(columns, lines...)); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff")))
		got, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%v in %q", err, out.String())
		}
		if head := append([]string{"row", "status", "code", "message", "reference", "attempts", "sent_at"}, columns...); !slices.Equal(got[0], head) {
			t.Fatalf("heading %q, want %q", got[0], head)
		}
		if diff := cmp.Diff(want, append([][]string(nil), got[1:]...)); diff != "" {
			t.Fatalf("read back (-want +got):\n%s", diff)
		}
	})
}

var number = regexp.MustCompile(`^[+-][0-9]+([.][0-9]+)?$`)

func safe(s string) string {
	if s != "" && !number.MatchString(s) && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// A result is divided as the sender's file is, and what it says in the route's language and zone is known when it comes back.
func TestTheSendersManner(t *testing.T) {
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	line := outbox.Line{Row: row(2, "a;b", "c|d", "1,5"), Outcome: batch.Outcome{Status: batch.Unknown, Code: "lost", Attempts: 1, SentAt: time.Date(2026, 11, 22, 21, 15, 2, 0, time.UTC)}}
	for _, c := range []struct {
		delimiter string
		local     bool
		zone      *time.Location
		language  batch.Language
		want      string
	}{
		{"", false, nil, batch.Chinese, "\ufeffrow,status,code,message,reference,attempts,sent_at,x,y,z\r\n2,unknown,lost,,,1,2026-11-22T21:15:02Z,\"a;b\",c|d,\"1,5\"\r\n"},
		{";", false, moscow, batch.Russian, "\ufeffrow;status;code;message;reference;attempts;sent_at;x;y;z\r\n2;unknown;lost;;;1;2026-11-23T00:15:02+03:00;\"a;b\";c|d;\"1,5\"\r\n"},
		{"|", true, moscow, batch.Russian, "\ufeffРезультат: строка|Результат: статус|Результат: код|Результат: сообщение|Результат: номер у провайдера|Результат: попыток|Результат: отправлено (Europe/Moscow)|x|y|z\r\n" +
			"2|неизвестно|lost|||1|2026-11-23T00:15:02+03:00|\"a;b\"|\"c|d\"|\"1,5\"\r\n"},
		{"\t", true, nil, batch.Chinese, "\ufeff结果：行号\t结果：状态\t结果：代码\t结果：说明\t结果：参考号\t结果：尝试次数\t结果：发送时间 (UTC)\tx\ty\tz\r\n2\t结果不明\tlost\t\t\t1\t2026-11-22T21:15:02Z\t\"a;b\"\tc|d\t\"1,5\"\r\n"},
	} {
		r := report([]string{"x", "y", "z"}, line)
		r.Source.Delimiter, r.Local, r.Zone, r.Language = c.delimiter, c.local, c.zone, c.language
		got := write(t, r)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.delimiter, diff)
		}
		lines := csv.NewReader(strings.NewReader(strings.TrimPrefix(got, "\ufeff")))
		if c.delimiter != "" {
			lines.Comma = rune(c.delimiter[0])
		}
		all, err := lines.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		found := resultmark.Find(all[0])
		if status, known := resultmark.StatusOf(all[1][found.At[resultmark.Status]]); !found.Sure || len(found.Columns) != 7 || !known || status != batch.Unknown {
			t.Errorf("%q is not known again: %+v, %s", c.delimiter, found, status)
		}
	}
}

// A lone carriage return and a line feed of the sender's stay what they are.
func TestSendersLineBreaksStay(t *testing.T) {
	got := write(t, report([]string{"a"}, outbox.Line{Row: row(2, "x\ry\nz\r\n"), Outcome: batch.Outcome{Status: batch.Delivered}}))
	if !strings.HasSuffix(got, "\"x\ry\nz\r\n\"\r\n") {
		t.Fatalf("%q", got)
	}
}

func TestPreviewSaysWhatWouldHappen(t *testing.T) {
	r := report(nil, outbox.Line{Row: row(2)}, outbox.Line{Row: row(3), Outcome: batch.Outcome{Status: batch.Invalid}})
	r.Preview = true
	if got := write(t, r); !strings.Contains(got, "2,would be sent,") || !strings.Contains(got, "3,invalid,") {
		t.Fatalf("%q", got)
	}
}

func TestARowWithoutAnOutcomeIsAnError(t *testing.T) {
	err := New().Write(t.Context(), io.Discard, report(nil, outbox.Line{Row: row(2)}))
	if err == nil || !strings.Contains(err.Error(), "row 2") {
		t.Fatalf("got %v", err)
	}
}

func TestFaultsEndTheWriting(t *testing.T) {
	boom := errors.New("boom")
	r := report(nil)
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) { yield(nil, boom) }
	}
	if err := New().Write(t.Context(), io.Discard, r); !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New().Write(ctx, io.Discard, many(5000)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// many is a report of n rows with 20 columns.
func many(n int) outbox.Report {
	cells := []string{}
	for i := range 20 {
		cells = append(cells, fmt.Sprintf("value %d", i))
	}
	line := outbox.Line{Row: row(2, cells...), Outcome: batch.Outcome{Status: batch.Delivered, Code: "1", Message: "Accepted.", Reference: "REF-1", Attempts: 1, SentAt: time.Now()}}
	r := report(cells)
	r.Lines = func() iter.Seq2[*outbox.Line, error] {
		return func(yield func(*outbox.Line, error) bool) {
			for i := range n {
				line.Row.Number = i + 2
				if !yield(&line, nil) {
					return
				}
			}
		}
	}
	return r
}

func BenchmarkWrite(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := New().Write(b.Context(), io.Discard, many(100_000)); err != nil {
			b.Fatal(err)
		}
	}
}

// A sheet that was not read is told at the first row: a CSV has no other place for it, and no line that is not a row.
func TestSheetsThatWereNotRead(t *testing.T) {
	r := report([]string{"a"}, outbox.Line{Row: row(2, "x"), Outcome: batch.Outcome{Status: batch.Delivered, Message: "OK"}},
		outbox.Line{Row: row(3, "y"), Outcome: batch.Outcome{Status: batch.Delivered, Message: "OK"}})
	r.Notes = []batch.Note{{Message: batch.Message{Key: "workbook.note_hidden_sheet", Args: []any{"sheet", "H"}}},
		{Message: batch.Message{Key: "workbook.note_other_sheet", Args: []any{"sheet", "December", "read", "November"}}, Unread: true}}
	got, err := csv.NewReader(strings.NewReader(write(t, r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if m := got[1][3]; len(got) != 3 || !strings.HasPrefix(m, `OK | The sheet "December" has data too and was not read`) || strings.Contains(m, "hidden") || got[2][3] != "OK" {
		t.Errorf("%q", got)
	}
}
