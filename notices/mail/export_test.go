package mail

import "time"

// At sets the channel's clock.
func (c *Channel) At(now time.Time) { c.now = func() time.Time { return now } }

// Patient is how long a recipient may be refused for now.
const Patient = patient
