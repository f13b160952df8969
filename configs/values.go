package configs

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/patterns"
	"github.com/rowferry/rowferry/words"
)

var (
	plainNumber = patterns.New(`^[0-9]+(\.[0-9]+)?$`)
	days        = patterns.New(`^([0-9]{1,5}) ?(d|days?)$`)
	worded      = patterns.New(`^([0-9]{1,9}) *(s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?)$`)
)

// IsHost reports whether a text is a host's name or address, and nothing else: no port, no user, no scheme.
func IsHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return text != "" && !strings.HasPrefix(text, "-") && !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	})
}

// parseDuration reads 2s, 1h30m, 24h, 90d. What is wrong comes with what to write where that is known.
func parseDuration(text string) (d time.Duration, what, write batch.Message) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		d, err = time.Duration(n)*24*time.Hour, nil
	}
	switch {
	case plainNumber.MatchString(text) && strings.Contains(text, "."): // days are whole
		return 0, words.Message("config.duration.unit", "value", text), words.Example(text + "h")
	case plainNumber.MatchString(text):
		return 0, words.Message("config.duration.unit", "value", text), words.Message("config.duration.unit.write", "value", text)
	case err == nil && d < 0:
		return 0, words.Message("config.duration.negative", "value", text), batch.Message{}
	case err == nil:
		return d, batch.Message{}, batch.Message{}
	}
	what = words.Message("config.duration", "value", words.Short(text))
	if m := worded.FindStringSubmatch(text); m != nil {
		return 0, what, words.Example(m[1] + m[2][:1])
	}
	return 0, what, batch.Message{}
}

// Duration reads a duration as a configuration has it: 90s, 1h30m, 7d.
func Duration(text string) (d time.Duration, ok bool) {
	d, what, _ := parseDuration(text)
	return d, what.Key == ""
}

// Brief writes a duration the way people do: 90d and 24h, not 2160h0m0s and 24h0m0s.
func Brief(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 && d > day {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var sizes = patterns.New(`^([0-9]{1,12}) ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$`)

// parseSize reads 500MB, 2GB, 2GiB; "" is none.
func parseSize(text string) (n uint64, ok bool) {
	if text == "" {
		return 0, true
	}
	m := sizes.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	power := strings.Index("BKMGT", strings.ToUpper(m[2][:1]))
	for range power {
		if strings.Contains(m[2], "i") {
			n *= 1024
		} else {
			n *= 1000
		}
	}
	return n, err == nil
}
