package console

import (
	"bytes"
	"encoding/json"
)

// plot is the pace of an account over the last hour, drawn by the server: a bar for each minute, and a line where the allowed
// pace is. Its box is 720 by 96.
type plot struct {
	Bars    []plotBar
	Line    float64 // height of the allowed pace, from above; 0: no limit, or far above what was used
	Most    int     // requests of the busiest minute
	Allowed int     // requests a minute
}

type plotBar struct {
	X, Y, H, Refused float64
}

const plotWidth, plotHeight = 720.0, 96.0

func drawPace(a shownAccount) plot {
	var p plot
	if a.Allowed.N > 0 {
		p.Allowed = int(float64(a.Allowed.N) / a.Allowed.Per.Minutes())
	}
	refused := 0
	for _, m := range a.Hour {
		p.Most = max(p.Most, m.Requests)
		refused += m.Refusals
	}
	top := float64(max(p.Most, 1)) * 1.1
	if p.Allowed > 0 && float64(p.Allowed) < 6*top {
		top = max(top, float64(p.Allowed)*1.1)
		p.Line = plotHeight * (1 - float64(p.Allowed)/top)
	}
	step := plotWidth / 60
	for i, m := range a.Hour {
		if m.Requests == 0 {
			continue
		}
		h := max(2, plotHeight*float64(m.Requests)/top)
		p.Bars = append(p.Bars, plotBar{X: float64(i) * step, Y: plotHeight - h, H: h, Refused: h * float64(m.Refusals) / float64(m.Requests)})
	}
	return p
}

// JSON is a body as a person reads it.
func (v *view) JSON(raw json.RawMessage) string { return indented(raw) }

// indented is JSON as people read it.
func indented(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}
