package providers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var periods = []struct {
	unit string
	d    time.Duration
}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}}

// ParseRate reads "10/s", "1600/h", "3/30s", "100/d"; "" and "none" are no limit.
func ParseRate(s string) (Rate, error) {
	s = strings.TrimSpace(s)
	if s == "" || s == "none" {
		return Rate{}, nil
	}
	count, per, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if !ok || err != nil || n < 1 {
		return Rate{}, fmt.Errorf("rate %q: write a number and a period, as in 10/s or 1600/h", s)
	}
	d, err := period(strings.TrimSpace(per))
	if err != nil {
		return Rate{}, fmt.Errorf("rate %q: write a number and a period, as in 10/s or 1600/h", s)
	}
	return Rate{N: n, Per: d}, nil
}

func period(s string) (time.Duration, error) {
	for _, p := range periods {
		count, ok := strings.CutSuffix(s, p.unit)
		if !ok {
			continue
		}
		if count == "" {
			return p.d, nil
		}
		n, err := strconv.Atoi(count)
		if err == nil && n > 0 && n <= 1000000 {
			return time.Duration(n) * p.d, nil
		}
	}
	return 0, errors.New("not a period")
}

// String writes the rate as ParseRate reads it; "none" is no limit.
func (r Rate) String() string {
	if r.N == 0 || r.Per == 0 {
		return "none"
	}
	for i := len(periods) - 1; i >= 0; i-- {
		if p := periods[i]; r.Per%p.d == 0 {
			if r.Per == p.d {
				return fmt.Sprintf("%d/%s", r.N, p.unit)
			}
			return fmt.Sprintf("%d/%d%s", r.N, r.Per/p.d, p.unit)
		}
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}
