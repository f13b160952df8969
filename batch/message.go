package batch

import (
	"fmt"
	"reflect"
)

// Language is one of the three that people read.
type Language string

const (
	English Language = "en"
	Chinese Language = "zh"
	Russian Language = "ru"
)

// Languages lists them.
func Languages() []Language { return []Language{English, Chinese, Russian} }

// Text is one sentence or label in the three languages. An empty one falls back to English.
type Text struct {
	EN string `yaml:"en,omitempty" json:"en,omitempty"`
	ZH string `yaml:"zh,omitempty" json:"zh,omitempty"`
	RU string `yaml:"ru,omitempty" json:"ru,omitempty"`
}

// InEach is a text that is made in each language.
func InEach(say func(Language) string) Text { return Text{say(English), say(Chinese), say(Russian)} }

// In returns the text in l, or what there is.
func (t Text) In(l Language) string {
	s := t.EN
	switch l {
	case Chinese:
		s = t.ZH
	case Russian:
		s = t.RU
	}
	for _, other := range []string{t.EN, t.ZH, t.RU} {
		if s != "" {
			break
		}
		s = other
	}
	return s
}

// Message is something to tell a person: a key of the catalogue in package words with the values
// to fill in, or (Key == "") the text itself. words.Say turns it into a sentence.
type Message struct {
	Key  string `json:"key,omitempty"`
	Args []any  `json:"args,omitempty"` // name, value, name, value, …
	Text Text   `json:"text,omitzero"`
}

// Map gives the message with f applied to every text that it fills in.
func (m Message) Map(f func(string) string) Message {
	m.Text = Text{f(m.Text.EN), f(m.Text.ZH), f(m.Text.RU)}
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		args[i] = a
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			args[i] = reflect.ValueOf(f(v.String())).Convert(v.Type()).Interface()
		} else if err, is := a.(error); is {
			args[i] = f(err.Error())
		}
	}
	m.Args = args
	return m
}

// Unreadable is the error of a file that cannot be taken as a whole: it goes to quarantine and
// the message is what the sender is told. Incomplete marks a file that may still be growing.
type Unreadable struct {
	Message    Message
	Incomplete bool
	Err        error    // the technical cause, for the log; may be nil
	Encodings  []string // in which the text may be written, the likeliest first, where that alone is not clear
}

// Error is for logs; people read words.Say(lang, e.Message).
func (e *Unreadable) Error() string {
	what, why := "unreadable", e.Message.Text.EN
	if e.Message.Key != "" {
		what, why = "unreadable ("+e.Message.Key+")", fmt.Sprint(e.Message.Args)
	}
	if e.Err != nil {
		why = e.Err.Error()
	}
	return what + ": " + why
}

func (e *Unreadable) Unwrap() error { return e.Err }
