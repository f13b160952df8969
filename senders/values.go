package senders

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// An item's body is JSON that our own mapper wrote. It is cut into members and elements here without decoding what is
// only passed on, so that digits, zeros and order stay as they are.

type member struct {
	name  string
	raw   []byte
	taken bool
}

type members []member

// pull returns the value of a member and marks it as written; nil when it is not there.
func (ms members) pull(name string) []byte {
	for i := range ms {
		if ms[i].name == name {
			ms[i].taken = true
			return ms[i].raw
		}
	}
	return nil
}

var errBody = errors.New("the item's body is not the JSON it should be")

// membersOf cuts an object; nil gives none.
func membersOf(raw []byte) (members, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, errBody
	}
	out := make(members, 0, 16)
	i := blank(raw, 1)
	if i < len(raw) && raw[i] == '}' {
		return out, nil
	}
	for i < len(raw) {
		end := value(raw, i)
		if end < 0 || raw[i] != '"' {
			return nil, errBody
		}
		name, err := scalar(raw[i:end])
		if err != nil {
			return nil, err
		}
		i = blank(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return nil, errBody
		}
		i = blank(raw, i+1)
		if end = value(raw, i); end < 0 {
			return nil, errBody
		}
		out = append(out, member{name: name, raw: raw[i:end]})
		i = blank(raw, end)
		if i < len(raw) && raw[i] == '}' {
			return out, nil
		}
		if i >= len(raw) || raw[i] != ',' {
			return nil, errBody
		}
		i = blank(raw, i+1)
	}
	return nil, errBody
}

// arrayOf calls each for the elements of an array; nil and null have none.
func arrayOf(raw []byte, each func([]byte) error) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if raw[0] != '[' {
		return errBody
	}
	i := blank(raw, 1)
	if i < len(raw) && raw[i] == ']' {
		return nil
	}
	for i < len(raw) {
		end := value(raw, i)
		if end < 0 {
			return errBody
		}
		if err := each(raw[i:end]); err != nil {
			return err
		}
		i = blank(raw, end)
		if i < len(raw) && raw[i] == ']' {
			return nil
		}
		if i >= len(raw) || raw[i] != ',' {
			return errBody
		}
		i = blank(raw, i+1)
	}
	return errBody
}

// scalar is the text of a plain value; a nested one is its JSON.
func scalar(raw []byte) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	if raw[0] != '"' {
		return string(raw), nil
	}
	if len(raw) >= 2 && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%w: a text that does not end", errBody)
	}
	return s, nil
}

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value returns where the value that begins at i ends, -1 when it does not.
func value(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		for i++; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return -1
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				if i = value(b, i); i < 0 {
					return -1
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return -1
	}
	start := i
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' && b[i] != ':' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}
