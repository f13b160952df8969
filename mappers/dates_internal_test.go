package mappers

import (
	"fmt"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// What is read without time.Parse is what that would have read, and the rest is left to it.
func TestPlainDates(t *testing.T) {
	texts := []string{"", "2006-01-02x", "3/4/2026", "13.12.2026", "12.13.2026", "29.02.2024", "00.01.2026", "01.00.2026", "1a.01.2026", "01/02.2026", "01.02.2o26", "２０26.1"}
	for year := range 40 {
		for _, form := range []string{"%[3]02d.%[2]02d.%04[1]d", "%04[1]d-%02[2]d-%02[3]d", "%[2]02d/%[3]02d/%04[1]d"} {
			texts = append(texts, fmt.Sprintf(form, year*97, year%14, year*7%33))
		}
	}
	read := 0
	for _, text := range []string{"02.01.2006", "2006-01-02", "01/02/2006", "02/01/2006", "2006/01/02", "2006.01.02", "02-01-2006"} {
		l, ok := newLayout(text)
		if !ok || l.kind != batch.Date {
			t.Fatalf("%s: %+v", text, l)
		}
		for _, s := range texts {
			iso, ok := l.plain(s)
			if !ok {
				continue
			}
			read++
			if want, err := time.Parse(text, s); err != nil || want.Format("2006-01-02") != iso {
				t.Errorf("%q by %s: %s, and time says %v, %v", s, text, iso, want, err)
			}
		}
	}
	for _, text := range []string{"2.1.2006", "Jan 2 2006", "02.01.2006 15:04", "02 01 2006", "20060102", "15:04:05.0"} {
		for _, s := range texts {
			if iso, ok := (&layout{text: text}).plain(s); ok {
				t.Errorf("%q by %s: %s", s, text, iso)
			}
		}
	}
	if read < 20 {
		t.Errorf("only %d were read", read)
	}
}
