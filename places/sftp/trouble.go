package sftp

import (
	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/places"
)

// trouble says at which step something went wrong, and what that means for a person.
func trouble(step string, m batch.Message, err error) error {
	passes := step == StepResolve || step == StepConnect || step == StepSession || m.Key == "sftp.login_broken"
	return &places.Trouble{Step: step, Message: m, Passes: passes, Err: err}
}
