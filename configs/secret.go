package configs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
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

// Keep writes another value into the file that the secret came from: whoever gave it has replaced it. The old one is there until the new one
// is on disk, where the folder allows that.
func (s Secret) Keep(value string) error {
	if s.file == "" {
		return errors.New("it comes from no file")
	}
	path, err := filepath.EvalSymlinks(s.file)
	if err != nil {
		return err
	}
	if replace(path, value) == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	return written(f, value)
}

// replace puts a file with the value in the place of the one at path, with its rights.
func replace(path, value string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".rowferry-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(f.Chmod(info.Mode().Perm()), written(f, value)); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func written(f *os.File, value string) error {
	_, err := f.WriteString(value + "\n")
	return errors.Join(err, f.Sync(), f.Close())
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
