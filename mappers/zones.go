package mappers

import (
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/words"
)

// placed gives a date with a time that names no zone as RFC 3339 has it, with the offset that the zone's clocks had then. What names one, or
// is no date with a time, stays as it is: the field judges it. bad is the word for a time that the zone's clocks did not show, or showed twice.
func placed(value string, kind batch.Kind, zone *time.Location) (out string, of batch.Kind, bad string) {
	local, is := providers.LocalMoment(value, kind)
	read, err := time.Parse(isoLayouts[batch.Moment], local)
	if !is || err != nil {
		return value, kind, ""
	}
	var shown []time.Time
	for _, near := range [...]time.Duration{-day, day} {
		_, offset := read.Add(near).In(zone).Zone()
		at := read.Add(-time.Duration(offset) * time.Second).In(zone)
		if at.Format(isoLayouts[batch.Moment]) == local && (shown == nil || !at.Equal(shown[0])) {
			shown = append(shown, at)
		}
	}
	switch len(shown) {
	case 0:
		return value, kind, "mapper.zone.never"
	case 1:
		return shown[0].Format(time.RFC3339), batch.String, ""
	}
	return value, kind, "mapper.zone.twice"
}

// zoned reports whether a text is a date with a time and its offset.
func zoned(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

const day = 24 * time.Hour

// misplaced is a time that the zone of its field does not have, or has twice.
func (st *state) misplaced(s *slot, value, bad string) {
	p := st.b.place(st.row.Number, s, s.spot)
	st.add(p, "date", value, words.Of(st.lang(), bad, "where", p.where, "value", line(value), "zone", s.zone.String()),
		words.Of(st.lang(), "mapper.zone.fix"))
}
