package desk

import (
	"strings"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// Reason is why something that was asked for cannot be done. The word is stable: machines decide on it.
type Reason string

const (
	EmptyID      Reason = "empty-id"     // no file was named
	NoFile       Reason = "no-file"      // no file has this id
	Ambiguous    Reason = "ambiguous"    // Rows files begin with it
	NotAccepted  Reason = "not-accepted" // the file is quarantined or a duplicate: no row of it is or was to be sent
	WasAccepted  Reason = "was-accepted" // the file is neither quarantined nor a duplicate: there is nothing to release
	WentAfterAll Reason = "after-all"    // the duplicate was sent after all already, as Newest
	NotEnded     Reason = "not-ended"    // it is still being sent
	HasEnded     Reason = "ended"        // every row has its outcome
	NothingFit   Reason = "nothing-fit"  // no row has one of the outcomes, or none of those was fit to be sent
	Superseded   Reason = "superseded"   // its result was dropped again since, as Newest
	NoOutcomes   Reason = "no-outcomes"  // a resend that does not say which rows
	NotAgain     Reason = "not-again"    // rows with the outcome Status are never sent again
	NoOutcome    Reason = "no-outcome"   // Status is no outcome
	NoVerb       Reason = "no-verb"      // there is no such order
)

// Refusal is why something that was asked for cannot be done.
type Refusal struct {
	Reason   Reason
	File     string // the id that was asked for
	State    string // of the file
	Newest   string // the file that speaks for all rows now
	Status   string // the outcome in question, or the order
	Statuses []batch.Status
	Rows     int // how many rows have them, though none was fit to be sent; how many files fit
}

// Error is the refusal in English, for a terminal.
func (r *Refusal) Error() string { return r.Say(batch.English) }

// Say is the refusal in the language of whoever asked.
func (r *Refusal) Say(l batch.Language) string {
	key := "desk." + string(r.Reason)
	switch {
	case r.Reason == NotAgain:
		key += "." + r.Status
	case r.Reason == NothingFit && r.Rows > 0:
		key += ".unfit"
	}
	var named []string
	for _, s := range r.Statuses {
		named = append(named, string(s))
	}
	return words.Of(l, key, "file", r.File, "state", r.State, "newest", r.Newest, "status", r.Status,
		"statuses", strings.Join(named, ", "), "list", strings.Join(named, ","), "count", r.Rows)
}
