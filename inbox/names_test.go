package inbox

import (
	"context"
	"errors"
	"testing"
	"time"
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

func TestNumberedName(t *testing.T) {
	for name, want := range map[string]string{
		"orders.csv": "orders.ID.csv", "a.b.xlsx": "a.b.ID.xlsx", "no-extension": "no-extension.ID", "dot.": "dot.ID.", "заказы.csv": "заказы.ID.csv",
	} {
		if got := NumberedName(name, "ID"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
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
