package senders

import "github.com/rowferry/rowferry/senders/pace"

// Pace shows how a sender's pace stands.
func Pace(s Sender) pace.Stats { return s.(*sender).pacer.Stats() }

// Mask shows how a sender hides secrets.
func Mask(secrets ...string) func(string) string {
	m := &mask{}
	m.add(secrets...)
	return m.hide
}
