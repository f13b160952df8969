package configs

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "***"

// Secret is a value that fmt, logs and encoders show as "***", also inside other structs. Reveal gives it.
type Secret struct {
	value   *string // a pointer: fmt prints an address where it cannot call methods (unexported fields)
	literal bool
	file    string // it was read from; "": from none
}

// NewSecret wraps a value.
func NewSecret(v string) Secret { return Secret{value: &v} }

// Reveal returns the value; only the code that puts it on the wire may call it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Again is the secret as its file has it now: secrets are rotated under a service that runs. One that came from no file, or whose
// file cannot be read now, stays what it is.
func (s Secret) Again() Secret {
	if s.file == "" {
		return s
	}
	if text, err := readSecret(s.file); err == nil && text != "" {
		s.value = &text
	}
	return s
}

// Withheld reports whether the value is not at hand: its variable or file is missing on this machine.
func (s Secret) Withheld() bool { return s.value == nil }

// Literal reports whether the value stands in the configuration itself.
func (s Secret) Literal() bool { return s.literal }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String hides the value.
func (s Secret) String() string { return hidden }

// GoString hides the value.
func (s Secret) GoString() string { return hidden }

// Format hides the value from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
