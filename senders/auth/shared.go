package auth

import (
	"context"
	"sync"
	"time"
)

// Shared is a session, or a token, that all requests of an account share. It is safe for concurrent use.
type Shared struct {
	turn chan struct{} // held by the one caller that asks

	mu     sync.Mutex
	value  string
	until  time.Time // zero: for ever
	asked  int       // times that came to an end
	failed error     // of the last one
}

// NewShared begins with a value that is there already; "" with none.
func NewShared(value string) *Shared {
	return &Shared{turn: make(chan struct{}, 1), value: value}
}

// Get gives the value while it is good. Of callers that find none, one asks for it and the others wait for what it gets. ask also says
// until when it is to be used; the zero time is for ever.
func (s *Shared) Get(ctx context.Context, ask func(context.Context) (value string, until time.Time, err error)) (string, error) {
	value, asked, _ := s.good()
	if value != "" {
		return value, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	value, since, failed := s.good()
	if value != "" {
		return value, nil
	}
	if since != asked && failed != nil {
		return "", failed
	}
	value, until, err := ask(ctx)
	if err != nil && ctx.Err() != nil {
		return "", err // only this caller gave up: the next one tries
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.until, s.failed = value, until, err
	s.asked++
	return value, err
}

// good is the value, "" where there is none that is good; how often it was asked for, and how that failed the last time.
func (s *Shared) good() (value string, asked int, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.until.IsZero() && time.Now().After(s.until) {
		return "", s.asked, s.failed
	}
	return s.value, s.asked, s.failed
}

// Forget lets go of a value that the provider refused, unless there is another one by now.
func (s *Shared) Forget(old string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == old {
		s.value = ""
	}
}
