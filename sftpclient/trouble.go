package sftpclient

import (
	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Trouble says that a partner's server cannot be used now: where, what, and what next, for a person. It may pass by itself.
type Trouble struct {
	Step    string // resolve, connect, key, login, session: how far it got
	Message batch.Message
	Err     error // the technical cause
}

// Error is for logs; people read words.Say(lang, t.Message).
func (t *Trouble) Error() string { return words.Say(batch.English, t.Message) }

func (t *Trouble) Unwrap() error { return t.Err }

func (c *Client) trouble(step string, m batch.Message, err error) error {
	return &Trouble{Step: step, Message: m, Err: err}
}
