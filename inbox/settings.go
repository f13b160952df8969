package inbox

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Rules are the settings that every kind of inbox has.
type Rules struct {
	Timing
	Settle, Patience time.Duration
	Match            []string
	Done, After      string
}

// Mistakes lists all that is wrong with them. every is the pause between looks that stands for a missing one.
func (r Rules) Mistakes(every time.Duration) (wrong []error) {
	if r.Settle < 0 || r.Patience < 0 || r.Every < 0 {
		wrong = append(wrong, errors.New("settle, patience and every must not be negative"))
	}
	for _, glob := range r.Match {
		if _, err := path.Match(glob, ""); err != nil {
			wrong = append(wrong, fmt.Errorf("match %q is not a pattern: write one such as \"*.csv\"", glob))
		}
	}
	if !Marker(r.Done).Valid() {
		wrong = append(wrong, fmt.Errorf("done %q must contain {name} once and no folder: write \"{name}.done\"", r.Done))
	}
	if !slices.Contains([]string{"", "archive", "delete", "keep"}, r.After) {
		wrong = append(wrong, fmt.Errorf("after %q is not known: write archive, delete or keep", r.After))
	}
	if r.Schedule != "" && r.Every != 0 {
		wrong = append(wrong, errors.New("every and schedule exclude each other: remove one"))
	}
	timing := r.Timing
	if timing.Schedule == "" && timing.Every == 0 {
		timing.Every = every
	}
	if _, err := timing.Timetable(); err != nil && r.Every >= 0 {
		wrong = append(wrong, err)
	}
	return wrong
}
