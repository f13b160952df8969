package inbox

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/words"
)

// Check lists everything that is wrong with the settings of an inbox, wherever it lies.
func Check(in configs.Inbox) []batch.Mistake {
	var wrong []batch.Mistake
	bad := func(key string, what, write batch.Message) {
		wrong = append(wrong, batch.Mistake{Key: key, What: what, Write: write})
	}
	for i, glob := range in.Match {
		if what, write, ok := pattern(glob); !ok {
			bad(fmt.Sprintf("match[%d]", i), what, write)
		}
	}
	if in.Schedule != "" && in.Every != 0 {
		bad("schedule", words.Message("config.schedule.every"), words.Message("config.schedule.every.write"))
	}
	if _, err := parseSchedule(in.Schedule); in.Schedule != "" && err != nil {
		bad("schedule", words.Message("config.schedule", "value", words.Short(in.Schedule), "cause", err), words.Message("config.schedule.write"))
	}
	if _, err := time.LoadLocation(in.TimeZone); err != nil {
		bad("time_zone", words.Message("config.zone", "value", words.Short(in.TimeZone)), words.Example("time_zone: Europe/Moscow"))
	} else if in.TimeZone != "" && in.Schedule == "" {
		bad("time_zone", words.Message("config.zone.alone"), words.Message("config.remove"))
	} else if in.TimeZone != "" && strings.Contains(in.Schedule, "TZ=") {
		bad("time_zone", words.Message("config.zone.twice"), words.Message("config.remove"))
	}
	if !Marker(in.Done).Valid() {
		bad("done", words.Message("config.done"), words.Example(`done: "{name}.done"`))
	}
	return wrong
}

// pattern says what is wrong with a pattern of names.
func pattern(glob string) (what, write batch.Message, ok bool) {
	switch _, err := path.Match(glob, "x"); {
	case glob == "":
		return words.Message("config.blank"), words.Example(`match: ["*.csv", "*.xlsx", "*.xml"]`), false
	case strings.Contains(glob, "/"):
		return words.Message("config.glob.folder", "value", words.Short(glob)), words.Message("config.glob.folder.write"), false
	case strings.ContainsAny(glob, "{}"):
		return words.Message("config.glob.braces", "value", words.Short(glob)), words.Message("config.glob.braces.write"), false
	case err != nil:
		return words.Message("config.glob", "value", words.Short(glob)), words.Message("config.glob.write"), false
	}
	return batch.Message{}, batch.Message{}, true
}
