package inbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMarker(t *testing.T) {
	for marker, valid := range map[Marker]bool{"": true, "{name}.done": true, "ok_{name}": true, "{name}": false, "done": false, "../{name}": false, "{name}{name}": false} {
		if marker.Valid() != valid {
			t.Errorf("%q: valid %v", marker, !valid)
		}
	}
	m := Marker("{name}.done")
	for name, fits := range map[string]bool{"a.csv.done": true, ".done": false, "a.csv": false} {
		if m.Fits(name) != fits {
			t.Errorf("%q: fits %v", name, !fits)
		}
	}
	if Marker("").Fits("a.csv") {
		t.Error("no marker fits nothing")
	}
}

// The names that Excel makes up have eight hexadecimal digits; a day has eight digits too.
func TestTemporary(t *testing.T) {
	for name, temporary := range map[string]bool{
		"5A3B1000": true, "40131200": true, "20261130": false, "20261330": true, "20261130.csv": false, "a.csv.filepart": true, "a.csv~": true, "parts.csv": false,
	} {
		if Temporary(name) != temporary {
			t.Errorf("%s: temporary %v", name, !temporary)
		}
	}
}

func TestNumberedName(t *testing.T) {
	for name, want := range map[string]string{
		"orders.csv": "orders.ID.csv", "a.b.xlsx": "a.b.ID.xlsx", "no-extension": "no-extension.ID", "dot.": "dot.ID.", "заказы.csv": "заказы.ID.csv",
	} {
		if got := NumberedName(name, "ID"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestNamesStayWithinWhatFileSystemsHold(t *testing.T) {
	for _, name := range []string{strings.Repeat("l", 251) + ".csv", strings.Repeat("文", 83) + ".csv", "a." + strings.Repeat("e", 253), "." + strings.Repeat("h", 254)} {
		got := NumberedName(name, "20261122-101502-7f3a")
		if len(got) > LongestName || !utf8.ValidString(got) || !strings.Contains(got, ".20261122-101502-7f3a") {
			t.Errorf("%q: %q has %d bytes", name, got, len(got))
		}
	}
	for _, c := range []struct {
		name  string
		bytes int
		want  string
	}{{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"文文", 5, "文"}, {"文文", 2, ""}, {"abc", -1, ""}} {
		if got := Cut(c.name, c.bytes); got != c.want {
			t.Errorf("%q in %d bytes: %q, want %q", c.name, c.bytes, got, c.want)
		}
	}
	if got := Tame("a\nb\xff\u202egpj.csv"); got != "a_b__gpj.csv" {
		t.Errorf("tamed: %q", got)
	}
	if why := Untrusted(strings.Repeat("文", 84) + ".csv"); why == "" {
		t.Error("256 bytes are trusted")
	}
}

func TestForgetfulGivesAnIdentityToOneID(t *testing.T) {
	var f Forgetful
	ctx := context.Background()
	a := Arrival{Name: "a", Size: 1, ModTime: time.Unix(5, 0)}
	later := a
	later.ModTime = time.Unix(6, 0)
	if a.Identity() == later.Identity() {
		t.Fatal("another time is another identity")
	}
	local := a
	local.ModTime = a.ModTime.In(time.FixedZone("x", 3600))
	if a.Identity() != local.Identity() {
		t.Fatal("the same moment in another zone is the same identity")
	}
	for _, want := range []error{nil, nil} {
		if err := f.Remember(ctx, a.Identity(), "1"); !errors.Is(err, want) {
			t.Fatal(err)
		}
	}
	if err := f.Remember(ctx, a.Identity(), "2"); !errors.Is(err, ErrGone) {
		t.Fatal(err)
	}
	if id, _ := f.Seen(ctx, a.Identity()); id != "1" {
		t.Fatal(id)
	}
	if id, _ := f.Seen(ctx, later.Identity()); id != "" {
		t.Fatal(id)
	}
}

func TestConflictCopies(t *testing.T) {
	for name, want := range map[string]bool{
		"orders (conflicted copy 2026-11-28 101010).csv":             true,
		"orders (Jane's conflicted copy 2026-11-28).csv":             true,
		"orders (Jane's conflicted copy 2026-11-28 (1)).csv":         true,
		"orders.sync-conflict-20261128-101010-ABCDEFG.csv":           true,
		"orders_conflict-20261128-101010.csv":                        true,
		"orders (SFConflict jane@example.com 2026-11-28-10-10).xlsx": true,
		"orders.Conflict.csv":                                        true,
		"orders_PC_Nov-28-101010-2026_Conflict.csv":                  true,
		"orders (Case Conflict).csv":                                 true,
		"订单 (某某的冲突副本 2026-11-28).csv":                                true,
		"订单（冲突文件）.xlsx":                                              true,
		"заказы (конфликтующая копия, Иван 2026-11-28).csv":          true,
		"Bestellungen (In Konflikt stehende Kopie von PC).csv":       true,
		"commandes (Copie en conflit de PC 2026-11-28).csv":          true,

		"orders.csv": false, "orders (1).csv": false, "orders - Copy.csv": false, "conflicts-2026.csv": false, "conflict minerals.xlsx": false,
		"orders (no conflict minerals).csv": false, "冲突.csv": false, "orders.20261122-101502-7f3a.result.xlsx": false,
	} {
		if ConflictCopy(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
