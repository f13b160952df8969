package configs

import (
	"errors"
	"time"

	"github.com/netresearch/go-cron"
)

// Schedule tells when something is due.
type Schedule interface {
	// Next is the first time after t.
	Next(t time.Time) time.Time
}

var cronFields = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor)

// ParseSchedule reads five cron fields (minute hour day month weekday), with CRON_TZ=Asia/Shanghai before them where the
// times are those of another zone. As with every cron, where both days are given, either will do.
func ParseSchedule(line string) (Schedule, error) {
	s, err := cronFields.Parse(line)
	if err != nil {
		return nil, err
	}
	if s.Next(time.Now()).IsZero() {
		return nil, errors.New("there is no such day")
	}
	return s, nil
}
